/* docs/FORMAT.md says what the program does: its table of kinds and its example are read and compared. */
#include "audit/canonical.h"
#include "ledger/hash.h"
#include "ledger/hex.h"
#include "ledger/roles.h"

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

/* Whether a word stands in the cell that begins here: words, spaces, a bar. */
static bool has_word(const char *cell, const char *word)
{
    const size_t length = strlen(word);
    const char *const end = strchr(cell, '|');

    for (const char *p = cell; (p = strstr(p, word)) && p < end; p += length) {
        if (p[-1] == ' ' && p[length] == ' ')
            return true;
    }
    return false;
}

/* "0101–01ff" or "0703, 0708" or both: is the kind in the cell? */
static bool has_kind(const char *cell, unsigned kind)
{
    for (const char *p = cell; *p != '|'; p++) {
        unsigned first = 0;
        unsigned last = 0;
        if (p[-1] != ' ' || sscanf(p, "%4x", &first) != 1)
            continue;
        if (sscanf(p + 4, "\xe2\x80\x93%4x", &last) != 1)
            last = first;
        if (kind >= first && kind <= last)
            return true;
    }
    return false;
}

static void test_the_page_says_who_may_write_what(void **state)
{
    const char *const table = strstr(page, "| kinds | may be written by |\n");
    size_t count = 0;
    const struct entry_kind_info *const kinds = entry_kinds(&count);

    (void)state;
    assert_non_null(table);
    for (size_t i = 0; i < count; i++) {
        unsigned found = 0;
        for (const char *line = strstr(table, "\n| 0"); line && line[1] == '|';
             line = strchr(line + 1, '\n')) {
            const char *const writers = strchr(line + 2, '|') + 1;
            if (!has_kind(line + 3, (unsigned)kinds[i].kind))
                continue;
            found++;
            for (unsigned role = ROLE_JOURNAL; role <= ROLE_WITNESS; role++) {
                const char *const name = role_name((enum role)role);
                if (has_word(writers, name) != role_may_write((enum role)role, kinds[i].kind))
                    fail_msg("%s: %s", kinds[i].text, name);
            }
        }
        if (found != 1)
            fail_msg("%s stands in %u lines", kinds[i].text, found);
    }
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
        cmocka_unit_test(test_the_page_says_who_may_write_what),
        cmocka_unit_test(test_the_example_is_true),
    };

    return cmocka_run_group_tests(tests, read_page, NULL);
}
