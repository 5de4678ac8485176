/* docs/FORMAT.md says what the program does: its table of kinds and its example are read and compared. */
#include "audit/canonical.h"
#include "ledger/hash.h"
#include "ledger/hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static char page[1 << 17];

static int read_page(void **state)
{
    const char *const source = getenv("LEDGER_SOURCE");
    char path[4096];

    (void)state;
    snprintf(path, sizeof path, "%s/docs/FORMAT.md", source ? source : ".");
    FILE *const file = fopen(path, "r");
    if (!file)
        return -1;
    page[fread(page, 1, sizeof page - 1, file)] = '\0';
    return fclose(file);
}

static const char *type_name(enum field_type type)
{
    static const char *const NAMES[] = {
        NULL,      "SYMBOL",    "ID",   "TEXT",   "PRICE",  "PRICE_OPT",  "MONEY",      "RATE", "QTY",
        "COUNT",   "DAY",       "BOOL", "DIGEST", "KEY",    "SIDE",       "ORDER_TYPE", "MARK", "PHASE",
        "FINDING", "EXIT_RULE", "ROLE", "CHECKS", "COUNTS", "CANDIDATES", "ACTORS",     "BLOB"};
    return NAMES[type];
}

static void test_the_page_lists_every_kind(void **state)
{
    size_t count = 0;
    size_t lines = 0;
    const struct entry_kind_info *const table = entry_kinds(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        char line[400];
        int at = snprintf(line, sizeof line, "\n%04x %s %u:", (unsigned)table[i].kind, table[i].text,
                          table[i].schema);
        for (size_t field = 0; field < table[i].field_count; field++)
            at +=
                snprintf(line + at, sizeof line - (size_t)at, " %s", type_name(table[i].fields[field].type));
        snprintf(line + at, sizeof line - (size_t)at, "\n");
        if (!strstr(page, line))
            fail_msg("docs/FORMAT.md lacks the line%s", line);
    }
    for (const char *p = page; (p = strstr(p, "\n0")); p++)
        lines += p[5] == ' ';
    assert_int_equal(lines, count); /* and no kind that there is not */
}

/* Hex digits of a line that begins with `word`, spaces left out. */
static size_t example(const char *word, uint8_t *bytes, size_t room)
{
    const char *p = strstr(page, word);
    char hex[1000];
    size_t length = 0;

    assert_non_null(p);
    for (p += strlen(word); *p != '\n'; p++) {
        if (*p != ' ')
            hex[length++] = *p;
    }
    assert_true(length % 2 == 0 && length / 2 <= room);
    assert_int_equal(hex_decode(hex, length, bytes, length / 2, NULL), ERR_OK);
    return length / 2;
}

static void test_the_example_is_true(void **state)
{
    uint8_t bytes[500];
    uint8_t leaf[HASH_SIZE];
    struct canonical_kinds kinds;
    struct canonical c;
    struct entry e;

    (void)state;
    const size_t size = example("\n    entry  ", bytes, sizeof bytes);
    assert_int_equal(example("\n    leaf   ", leaf, sizeof leaf), HASH_SIZE);
    const struct hash h = hash_leaf(bytes, size);
    assert_memory_equal(h.bytes, leaf, HASH_SIZE);
    canonical_kinds_init(&kinds);
    assert_int_equal(canonical_header(bytes, size, &c, NULL), ERR_OK);
    assert_int_equal(canonical_body(&c, &kinds, NULL), ERR_OK);
    assert_int_equal(entry_decode(bytes, size, &e, NULL), ERR_OK);
    assert_int_equal(e.kind, ENTRY_CONTROL_NOTE);
    assert_int_equal(e.seq, 2);
    assert_int_equal(e.cause, 1);
    assert_int_equal(e.recorded_at_ns, INT64_C(1450967460000000000));
    assert_memory_equal(e.as.control_note.text.bytes, "hi", 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_page_lists_every_kind),
        cmocka_unit_test(test_the_example_is_true),
    };

    return cmocka_run_group_tests(tests, read_page, NULL);
}
