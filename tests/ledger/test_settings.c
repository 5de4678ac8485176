#include "ledger/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "support/entries.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* A desk with one setting of every type, in a configuration that holds something else before it. */
struct desk {
    int64_t premium_nano;
    int64_t loss_micro;
    int64_t margin_nano;
    int64_t contracts;
    bool uptrend;
    struct symbol_list symbols;
    struct symbol_map sectors;
    int64_t bare; /* without bounds */
};

struct configuration {
    uint8_t other[40];
    struct desk desk;
    uint8_t guard[8];
};

#define ROW(field) offsetof(struct desk, field)
static const struct setting ROWS[] = {
    {"desk.premium", SETTING_PRICE, ROW(premium_nano), "0.3", "0", "100", "least premium"},
    {"desk.loss", SETTING_MONEY, ROW(loss_micro), "-500", "-100000", "0", "most loss of a position"},
    {"desk.margin", SETTING_RATE, ROW(margin_nano), "0.8", "0", "1", "most margin in use"},
    {"desk.contracts", SETTING_COUNT, ROW(contracts), "5", "1", "1000", "contracts an order"},
    {"desk.uptrend", SETTING_FLAG, ROW(uptrend), "true", NULL, NULL, "only in an uptrend"},
    {"desk.symbols", SETTING_SYMBOLS, ROW(symbols), "GOOG", NULL, NULL, "what to trade"},
    {"desk.sectors", SETTING_MAP, ROW(sectors), "GOOG:Communication Services", NULL, NULL, "sectors"},
    {"desk.bare", SETTING_PRICE, ROW(bare), "0", NULL, NULL, "no bounds"},
};
static const struct setting_group GROUP = {ROWS, COUNT(ROWS), offsetof(struct configuration, desk)};

static struct err err;

static void defaults(struct configuration *c)
{
    memset(c, 0xa5, sizeof *c);
    settings_defaults(&GROUP, c);
}

static enum err_code set(struct configuration *c, const char *path, const char *value)
{
    return settings_set(&GROUP, c, path, value, strlen(value), &err);
}

static const char *get(const struct configuration *c, size_t index)
{
    static char text[8192];

    assert_int_equal(settings_get(&GROUP, c, index, text, sizeof text, &err), ERR_OK);
    return text;
}

static void test_defaults_fill_every_row_and_nothing_else(void **state)
{
    struct configuration c;

    (void)state;
    defaults(&c);
    assert_int_equal(c.desk.premium_nano, 300000000);
    assert_int_equal(c.desk.loss_micro, -500000000);
    assert_int_equal(c.desk.margin_nano, 800000000);
    assert_int_equal(c.desk.contracts, 5);
    assert_true(c.desk.uptrend);
    assert_int_equal(c.desk.symbols.count, 1);
    assert_string_equal(c.desk.symbols.rows[0].text, "GOOG");
    assert_int_equal(c.desk.sectors.count, 1);
    assert_string_equal(c.desk.sectors.rows[0].text, "Communication Services");
    for (size_t i = 0; i < sizeof c.other; i++)
        assert_int_equal(c.other[i], 0xa5);
    for (size_t i = 0; i < sizeof c.guard; i++)
        assert_int_equal(c.guard[i], 0xa5);
    for (size_t i = 0; i < COUNT(ROWS); i++)
        assert_string_equal(get(&c, i), ROWS[i].initial);
}

static void test_what_is_set_reads_back_in_canonical_form(void **state)
{
    static const struct {
        size_t index;
        const char *value;
        const char *canonical;
    } CASES[] = {
        {0, "0.50", "0.5"},
        {0, "0", "0"},       /* the least */
        {0, "100.0", "100"}, /* the most */
        {1, "-100000", "-100000"},
        {1, "0.000000", "0"},
        {2, "1", "1"},
        {2, "0.000000001", "0.000000001"},
        {3, "1000", "1000"},
        {4, "false", "false"},
        {5, "", ""},
        {5, "GOOG,AAPL,BRK.B", "GOOG,AAPL,BRK.B"}, /* in the order given */
        {5, "GOOG  151224P00750000", "GOOG  151224P00750000"},
        {6, "", ""},
        {6, "MSFT:Tech,AAPL:Tech,GOOG:A b-c", "AAPL:Tech,GOOG:A b-c,MSFT:Tech"}, /* by symbol */
        {7, "-9223372036.854775807", "-9223372036.854775807"},
    };
    struct configuration c;
    struct configuration again;

    (void)state;
    for (size_t i = 0; i < COUNT(CASES); i++) {
        const char *const path = ROWS[CASES[i].index].path;
        defaults(&c);
        if (set(&c, path, CASES[i].value))
            fail_msg("%s", err.text);
        assert_string_equal(get(&c, CASES[i].index), CASES[i].canonical);
        defaults(&again); /* the canonical text gives the same bytes */
        assert_int_equal(set(&again, path, CASES[i].canonical), ERR_OK);
        assert_memory_equal(&c, &again, sizeof c);
        for (size_t n = 0; n < COUNT(ROWS); n++) {
            if (n != CASES[i].index)
                assert_string_equal(get(&c, n), ROWS[n].initial);
        }
    }
}

static void test_refusals_name_path_and_reason_and_change_nothing(void **state)
{
    static const struct {
        const char *path;
        const char *value;
        const char *says;
    } CASES[] = {
        {"desk.premium", "100.000000001",
         "desk.premium: 100.000000001 is above the most that is allowed, 100"},
        {"desk.premium", "-0.000000001", "desk.premium: -0.000000001 is below the least that is allowed, 0"},
        {"desk.premium", "0.0000000001", "desk.premium: 10 decimals"},
        {"desk.premium", "", "desk.premium: not a decimal number"},
        {"desk.premium", "0.3 ", "desk.premium: not a decimal number"},
        {"desk.bare", "-9223372036.854775808", "desk.bare: out of range for a price"},
        {"desk.loss", "0.000001", "desk.loss: 0.000001 is above"},
        {"desk.loss", "-100000.000001", "desk.loss: -100000.000001 is below"},
        {"desk.loss", "-1.0000001", "desk.loss: 7 decimals"},
        {"desk.margin", "1.000000001", "desk.margin: 1.000000001 is above"},
        {"desk.contracts", "0", "desk.contracts: 0 is below the least that is allowed, 1"},
        {"desk.contracts", "1001", "desk.contracts: 1001 is above the most that is allowed, 1000"},
        {"desk.contracts", "5.0", "desk.contracts: 1 decimals"},
        {"desk.uptrend", "yes", "desk.uptrend: must be true or false"},
        {"desk.uptrend", "True", "desk.uptrend: must be true or false"},
        {"desk.uptrend", "", "desk.uptrend: must be true or false"},
        {"desk.symbols", "GOOG,", "desk.symbols: symbol 2: not a symbol"},
        {"desk.symbols", ",GOOG", "desk.symbols: symbol 1: not a symbol"},
        {"desk.symbols", "GOOG, AAPL", "desk.symbols: symbol 2: not a ticker"},
        {"desk.symbols", "GOOG,AAPL,GOOG", "desk.symbols: symbol 3: GOOG is there already"},
        {"desk.sectors", "GOOG", "desk.sectors: row 1: must be SYMBOL:TEXT"},
        {"desk.sectors", "GOOG:", "desk.sectors: row 1: no text after the ':'"},
        {"desk.sectors", "goog:A", "desk.sectors: row 1: not a ticker"},
        {"desk.sectors", "GOOG:A,GOOG:B", "desk.sectors: row 2: GOOG is there already"},
        {"desk.sectors", "GOOG:A,", "desk.sectors: row 2: must be SYMBOL:TEXT"},
        {"desk.sectors", "GOOG: A", "desk.sectors: row 1: character 1 of the text"},
        {"desk.sectors", "GOOG:A ", "desk.sectors: row 1: character 2 of the text"},
        {"desk.sectors", "GOOG:A  B", "desk.sectors: row 1: character 3 of the text"},
        {"desk.sectors", "GOOG:A:B", "desk.sectors: row 1: character 2 of the text"},
        {"desk.sectors", "GOOG:A=B", "desk.sectors: row 1: character 2 of the text"},
        {"desk.sectors", "GOOG:A\nB", "desk.sectors: row 1: character 2 of the text"},
        {"desk.sectors", "GOOG:A\x7f", "desk.sectors: row 1: character 2 of the text"},
        {"desk.sectors", "GOOG:\xc3\xa4", "desk.sectors: row 1: character 1 of the text"},
        {"desk.sectors", "GOOG:123456789012345678901234567890123456789012345678",
         "desk.sectors: row 1: a text of more than 47"},
    };
    struct configuration c;
    struct configuration before;

    (void)state;
    defaults(&before);
    for (size_t i = 0; i < COUNT(CASES); i++) {
        defaults(&c);
        assert_int_equal(set(&c, CASES[i].path, CASES[i].value), ERR_INPUT);
        if (strncmp(err.text, CASES[i].says, strlen(CASES[i].says)) != 0)
            fail_msg("\"%s\" does not begin with \"%s\"", err.text, CASES[i].says);
        assert_memory_equal(&c, &before, sizeof c);
        assert_int_equal(
            settings_set(&GROUP, &c, CASES[i].path, CASES[i].value, strlen(CASES[i].value), NULL), ERR_INPUT);
    }
    assert_int_equal(set(&c, "desk.premiums", "1"), ERR_NOT_FOUND);
    assert_string_equal(err.text, "desk.premiums: there is no such setting");
    assert_int_equal(set(&c, "desk", "1"), ERR_NOT_FOUND);
    assert_memory_equal(&c, &before, sizeof c);
}

static void test_the_value_ends_at_its_length(void **state)
{
    struct configuration c;

    (void)state;
    defaults(&c);
    assert_int_equal(settings_set(&GROUP, &c, "desk.contracts", "123", 2, &err), ERR_OK);
    assert_int_equal(c.desk.contracts, 12);
    assert_int_equal(settings_set(&GROUP, &c, "desk.symbols", "GOOG,AAPL", 4, &err), ERR_OK);
    assert_int_equal(c.desk.symbols.count, 1);
    assert_int_equal(settings_set(&GROUP, &c, "desk.symbols", "GOOG,AAPL", 5, &err), ERR_INPUT);
    assert_int_equal(settings_set(&GROUP, &c, "desk.sectors", "GOOG:Ax", 6, &err), ERR_OK);
    assert_string_equal(c.desk.sectors.rows[0].text, "A");
}

/* "A0,A1,..." with `suffix` after each. */
static const char *many(int count, const char *suffix)
{
    static char text[8192];
    size_t n = 0;

    text[0] = '\0';
    for (int i = 0; i < count; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%sA%d%s", i ? "," : "", i, suffix);
    return text;
}

static void test_lists_and_maps_hold_exactly_their_maximum(void **state)
{
    const char *const longest = ":12345678901234567890123456789012345678901234567"; /* 47 */
    struct configuration c;

    (void)state;
    defaults(&c);
    assert_int_equal(set(&c, "desk.symbols", many(SYMBOL_LIST_MAX, "")), ERR_OK);
    assert_int_equal(c.desk.symbols.count, SYMBOL_LIST_MAX);
    assert_string_equal(get(&c, 5), many(SYMBOL_LIST_MAX, ""));
    assert_int_equal(set(&c, "desk.symbols", many(SYMBOL_LIST_MAX + 1, "")), ERR_INPUT);
    assert_string_equal(err.text, "desk.symbols: more than 32 symbols");
    assert_int_equal(set(&c, "desk.sectors", many(SYMBOL_MAP_MAX, longest)), ERR_OK);
    assert_int_equal(c.desk.sectors.count, SYMBOL_MAP_MAX);
    assert_int_equal(set(&c, "desk.sectors", many(SYMBOL_MAP_MAX + 1, longest)), ERR_INPUT);
    assert_string_equal(err.text, "desk.sectors: more than 64 symbols");
    for (uint32_t i = 1; i < SYMBOL_MAP_MAX; i++)
        assert_true(symbol_compare(&c.desk.sectors.rows[i - 1].symbol, &c.desk.sectors.rows[i].symbol) < 0);
}

static void test_map_find(void **state)
{
    const struct symbol goog = entries_symbol("GOOG");
    const struct symbol aapl = entries_symbol("AAPL");
    struct configuration c;

    (void)state;
    defaults(&c);
    assert_string_equal(symbol_map_find(&c.desk.sectors, &goog), "Communication Services");
    assert_null(symbol_map_find(&c.desk.sectors, &aapl));
}

static void test_get_needs_room_for_text_and_terminator(void **state)
{
    struct configuration c;
    char text[64];

    (void)state;
    defaults(&c);
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        const size_t length = strlen(ROWS[i].initial);
        for (size_t capacity = 0; capacity <= length; capacity++)
            assert_int_equal(settings_get(&GROUP, &c, i, text, capacity, &err), ERR_RANGE);
        text[length + 1] = '#';
        assert_int_equal(settings_get(&GROUP, &c, i, text, length + 1, &err), ERR_OK);
        assert_string_equal(text, ROWS[i].initial);
        assert_int_equal(text[length + 1], '#');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults_fill_every_row_and_nothing_else),
        cmocka_unit_test(test_what_is_set_reads_back_in_canonical_form),
        cmocka_unit_test(test_refusals_name_path_and_reason_and_change_nothing),
        cmocka_unit_test(test_the_value_ends_at_its_length),
        cmocka_unit_test(test_lists_and_maps_hold_exactly_their_maximum),
        cmocka_unit_test(test_map_find),
        cmocka_unit_test(test_get_needs_room_for_text_and_terminator),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
