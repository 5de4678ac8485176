/* docs/ENTRIES.md says what the table says; its examples of JSON are read by the program. */
#include "entries_page.h"

#include "ledger/entry_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *page; /* as the table prints it */
static size_t page_size;

static int setup(void **state)
{
    FILE *const out = open_memstream(&page, &page_size);

    (void)state;
    if (!out)
        return 1;
    entries_page_print(out);
    return fclose(out);
}

static int teardown(void **state)
{
    (void)state;
    free(page);
    return 0;
}

static void test_the_page_is_what_the_table_prints(void **state)
{
    char path[4096];
    char line[4096];
    const char *expected = page;
    const char *const source = getenv("LEDGER_SOURCE");
    int number = 0;

    (void)state;
    assert_non_null(source);
    snprintf(path, sizeof path, "%s/docs/ENTRIES.md", source);
    FILE *const file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        const size_t length = strlen(line);
        number++;
        if (strncmp(line, expected, length) != 0)
            fail_msg("docs/ENTRIES.md:%d differs; build the target docs_entries", number);
        expected += length;
    }
    (void)fclose(file);
    if (*expected)
        fail_msg("docs/ENTRIES.md ends after line %d; build the target docs_entries", number);
}

/* An example is a whole line in a fence; "<64 hex digits>" and "<hex digits>" stand for some, and `symbol` fits every kind. */
static void read_example(const char *line, size_t length)
{
    static const char *const HOLDERS[] = {"<64 hex digits>", "<hex digits>"};
    static char text[4096];
    static char arena_bytes[4096];
    static struct actors actors;
    static struct entry e;
    struct json_arena arena = {arena_bytes, sizeof arena_bytes, 0};
    struct err err = {0};
    size_t n = 0;

    for (size_t i = 0; i < length;) {
        size_t held = 0;
        for (size_t k = 0; k < sizeof HOLDERS / sizeof HOLDERS[0]; k++)
            held = strncmp(line + i, HOLDERS[k], strlen(HOLDERS[k])) == 0 ? strlen(HOLDERS[k]) : held;
        if (held) {
            memset(text + n, 'a', 64);
            n += 64;
            i += held;
        } else {
            text[n++] = line[i++];
        }
    }
    if (entry_from_json(text, n, &actors, 0, &arena, &e, &err) &&
        !strstr(err.text, "at: a clock entry says what time it is"))
        fail_msg("%.*s\n%s", (int)n, text, err.text);
}

static void test_every_example_is_read(void **state)
{
    size_t kinds = 0;
    size_t examples = 0;

    (void)state;
    (void)entry_kinds(&kinds);
    for (const char *at = strstr(page, "\n{\"kind\""); at; at = strstr(at + 1, "\n{\"kind\"")) {
        const char *const end = strchr(at + 1, '\n');
        assert_non_null(end);
        if (!memmem(at, (size_t)(end - at), "person:ada", 10)) /* the first one, with an actor */
            read_example(at + 1, (size_t)(end - at - 1));
        examples++;
    }
    assert_int_equal(examples, kinds + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_page_is_what_the_table_prints),
        cmocka_unit_test(test_every_example_is_read),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
