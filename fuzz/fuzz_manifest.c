/*
 * Any bytes as a pack's manifest.json: what parses is, written again, the same bytes; and the text that is signed has
 * one line a fact, so that no field can pass for another.
 */
#include "reports/manifest.h"

#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#define FACTS 7 /* lines before those of the files: program, day, entries, covers, recorded_at, seal, state */

static size_t count_lines(const struct words *text)
{
    size_t lines = 0;

    for (size_t i = 0; i < text->size; i++)
        lines += text->bytes[i] == '\n';
    return lines;
}

static void check(const struct manifest *m, const uint8_t *data, size_t size)
{
    struct words text;
    struct err err = {0};

    words_init(&text);
    REQUIRE(manifest_format(m, &text, &err) == ERR_OK);
    REQUIRE(text.size == size && memcmp(text.bytes, data, size) == 0);
    REQUIRE(manifest_text(m, &text, &err) == ERR_OK);
    REQUIRE(count_lines(&text) == FACTS + m->file_count);
    for (size_t i = 0; i < m->file_count; i++)
        REQUIRE(manifest_find(m, m->files[i].name) == &m->files[i]);
    words_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct manifest m;
    struct err err = {0};

    char *const bytes = malloc(size + 1); /* its own, so that a byte too far is seen */
    REQUIRE(bytes);
    memcpy(bytes, data, size);
    const enum err_code rc = manifest_parse(&m, bytes, size, &err);
    if (rc)
        REQUIRE(rc == ERR_FORMAT && err.code == rc && err.text[0] != '\0');
    else
        check(&m, data, size);
    free(bytes);
    return 0;
}
