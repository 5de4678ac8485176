/*
 * Files of the shared folder ($LEDGER_SHARED): published vectors. Where the folder is absent the test says so
 * and is skipped; cmocka reports it.
 */
#ifndef TESTS_SUPPORT_SHARED_H
#define TESTS_SUPPORT_SHARED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cJSON.h>
#include <cmocka.h>

/* The file's bytes, terminated, to be freed; skips the running test when it is not there. */
static inline char *shared_read(const char *relative, size_t *size)
{
    const char *const root = getenv("LEDGER_SHARED");
    char path[1024];

    snprintf(path, sizeof path, "%s/%s", root ? root : "", relative);
    FILE *const f = root ? fopen(path, "rb") : NULL;
    if (!f) {
        print_message("skipped: %s is not in $LEDGER_SHARED (%s)\n", relative, root ? root : "not set");
        skip();
        abort(); /* skip() does not return; the compiler cannot know */
    }
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    const long length = ftell(f);
    assert_true(length >= 0);
    rewind(f);
    char *const bytes = malloc((size_t)length + 1);
    assert_non_null(bytes);
    *size = fread(bytes, 1, (size_t)length, f);
    assert_int_equal(*size, length);
    bytes[*size] = '\0';
    fclose(f);
    return bytes;
}

/* A JSON file of the folder reference/tlog/vectors; cJSON_Delete() it. */
static inline cJSON *shared_vectors(const char *name)
{
    char relative[256];
    size_t size = 0;

    snprintf(relative, sizeof relative, "reference/tlog/vectors/%s", name);
    char *const text = shared_read(relative, &size);
    cJSON *const json = cJSON_ParseWithLength(text, size);
    free(text);
    assert_non_null(json);
    return json;
}

/* Members that must be there. */
static inline const cJSON *shared_member(const cJSON *object, const char *key)
{
    const cJSON *const member = cJSON_GetObjectItemCaseSensitive(object, key);
    assert_non_null(member);
    return member;
}

static inline const char *shared_text(const cJSON *object, const char *key)
{
    const char *const text = cJSON_GetStringValue(shared_member(object, key));
    assert_non_null(text);
    return text;
}

/* Numbers of the vectors are below 2^53, or are told exactly by their text elsewhere. */
static inline uint64_t shared_number(const cJSON *object, const char *key)
{
    const cJSON *const member = shared_member(object, key);
    assert_true(cJSON_IsNumber(member));
    return (uint64_t)member->valuedouble;
}

#endif
