#include "ledger/symbol.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static struct err err;

static struct symbol parsed(const char *text)
{
    struct symbol s = {0};
    assert_int_equal(symbol_parse(text, strlen(text), &s, &err), ERR_OK);
    return s;
}

static void test_parse_accepts_tickers_and_occ_symbols_only(void **state)
{
    static const struct {
        const char *text;
        enum err_code rc;
    } ROWS[] = {
        {"GOOG", ERR_OK},
        {"A", ERR_OK},
        {"BRK.B", ERR_OK},
        {"ABCDEFGHIJKL", ERR_OK},
        {"ABCDEFGHIJKLM", ERR_INPUT}, /* thirteen */
        {"A1.", ERR_OK},
        {"1A", ERR_INPUT},
        {".A", ERR_INPUT},
        {"goog", ERR_INPUT},
        {"GO OG", ERR_INPUT},
        {"GOOG ", ERR_INPUT},
        {"BRK/B", ERR_INPUT},
        {"", ERR_INPUT},
        {"GOOG  151224P00750000", ERR_OK},
        {"SPXW  190503C02770000", ERR_OK},
        {"A     000101C00000001", ERR_OK},
        {"ABCDE1991231P99999999", ERR_OK},
        {"GOOG  160229P00750000", ERR_OK},
        {"GOOG  150229P00750000", ERR_INPUT}, /* no leap year */
        {"GOOG  151324P00750000", ERR_INPUT},
        {"GOOG  150024P00750000", ERR_INPUT},
        {"GOOG  150431P00750000", ERR_INPUT},
        {"GOOG  150400P00750000", ERR_INPUT},
        {"GOOG  15122 P00750000", ERR_INPUT},
        {"GOOG  151224X00750000", ERR_INPUT},
        {"GOOG  151224p00750000", ERR_INPUT},
        {"GOOG  151224P00000000", ERR_INPUT}, /* strike zero */
        {"GOOG  151224P0075000 ", ERR_INPUT},
        {"GOOG  151224P-0750000", ERR_INPUT},
        {"GO OG 151224P00750000", ERR_INPUT},
        {" GOOG 151224P00750000", ERR_INPUT},
        {"      151224P00750000", ERR_INPUT},
        {"1GOOG 151224P00750000", ERR_INPUT},
        {"BRK.B 151224P00750000", ERR_INPUT}, /* OCC roots have no point */
        {"goog  151224P00750000", ERR_INPUT},
        {"GOOG 151224P00750000", ERR_INPUT}, /* twenty: padded to five */
        {"GOOG151224P00750000", ERR_INPUT},
        {"GOOG  151224P007500000", ERR_INPUT}, /* twenty-two */
    };

    (void)state;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct symbol s = {.length = 1, .text = "Z"};
        const enum err_code rc = symbol_parse(ROWS[i].text, strlen(ROWS[i].text), &s, &err);
        if (rc != ROWS[i].rc)
            print_error("row %zu: \"%s\"\n", i, ROWS[i].text);
        assert_int_equal(rc, ROWS[i].rc);
        assert_string_equal(s.text, rc ? "Z" : ROWS[i].text);
        assert_int_equal(s.length, strlen(s.text));
    }
}

/* Every byte at every place after the root, against the rule said slowly. */
static void test_every_character_of_an_option_counts(void **state)
{
    char text[] = "GOOG  151224P00750000";

    (void)state;
    for (size_t i = 6; i < SYMBOL_OCC_LENGTH; i++) {
        const char before = text[i];
        for (int b = 0; b <= 0xff; b++) {
            struct symbol s;
            text[i] = (char)b;
            bool good = b >= '0' && b <= '9';
            if (i == 8) /* month 15 */
                good = b == '0' || b == '1';
            else if (i == 9) /* tenth to twelfth */
                good = b >= '0' && b <= '2';
            else if (i == 10) /* day 34 */
                good = b >= '0' && b <= '2';
            else if (i == 12)
                good = b == 'C' || b == 'P';
            assert_int_equal(symbol_parse(text, SYMBOL_OCC_LENGTH, &s, &err), good ? ERR_OK : ERR_INPUT);
        }
        text[i] = before;
    }
}

static void test_a_contract_has_one_symbol(void **state)
{
    static const struct {
        const char *text;
        struct contract c;
        int ymd[3];
    } ROWS[] = {
        {"GOOG  151224P00750000", {"GOOG", 0, RIGHT_PUT, INT64_C(750000000000)}, {2015, 12, 24}},
        {"AAPL7 140621C00092140", {"AAPL7", 0, RIGHT_CALL, INT64_C(92140000000)}, {2014, 6, 21}},
        {"SPXW  000229C00000001", {"SPXW", 0, RIGHT_CALL, INT64_C(1000000)}, {2000, 2, 29}},
        {"ABCDEF991231P99999999", {"ABCDEF", 0, RIGHT_PUT, INT64_C(99999999000000)}, {2099, 12, 31}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        const struct symbol s = parsed(ROWS[i].text);
        struct symbol back = {0};
        struct contract c;
        symbol_contract(&s, &c);
        assert_string_equal(c.root, ROWS[i].c.root);
        assert_int_equal(c.expiry, civil_from_ymd(ROWS[i].ymd[0], ROWS[i].ymd[1], ROWS[i].ymd[2]));
        assert_int_equal(c.right, ROWS[i].c.right);
        assert_int_equal(c.strike_nano, ROWS[i].c.strike_nano);
        assert_int_equal(symbol_from_contract(&c, &back, &err), ERR_OK);
        assert_true(symbol_equal(&s, &back));
    }
}

static void test_a_contract_without_a_symbol_is_refused(void **state)
{
    const struct contract good = {"GOOG", 16793, RIGHT_PUT, INT64_C(750000000000)};
    struct symbol s = parsed("Z");
    struct contract c;

    (void)state;
    c = good;
    c.strike_nano++; /* no whole 1/1000 dollar */
    assert_int_equal(symbol_from_contract(&c, &s, &err), ERR_RANGE);
    c = good;
    c.strike_nano = INT64_C(100000000000000); /* nine digits */
    assert_int_equal(symbol_from_contract(&c, &s, &err), ERR_RANGE);
    c.strike_nano = 0;
    assert_int_equal(symbol_from_contract(&c, &s, &err), ERR_RANGE);
    c.strike_nano = INT64_MIN;
    assert_int_equal(symbol_from_contract(&c, &s, &err), ERR_RANGE);
    c = good;
    memset(c.root, 'A', sizeof c.root); /* seven */
    assert_int_equal(symbol_from_contract(&c, &s, &err), ERR_RANGE);
    c = good;
    c.expiry = civil_from_ymd(2100, 1, 1);
    assert_int_equal(symbol_from_contract(&c, &s, &err), ERR_RANGE);
    c.expiry = civil_from_ymd(1999, 12, 31);
    assert_int_equal(symbol_from_contract(&c, &s, &err), ERR_RANGE);
    c = good;
    memcpy(c.root, "BRK.B", 6);
    assert_int_equal(symbol_from_contract(&c, &s, &err), ERR_INPUT);
    c.root[0] = '\0';
    assert_int_equal(symbol_from_contract(&c, &s, &err), ERR_INPUT);
    assert_string_equal(s.text, "Z");
}

static void test_what_a_symbol_is_about(void **state)
{
    static const struct {
        const char *text;
        const char *underlying;
        int64_t multiplier;
        bool option;
        bool index;
        bool at_open;
    } ROWS[] = {
        {"GOOG", "GOOG", 1, false, false, false},
        {"SPX", "SPX", 1, false, false, false},
        {"SPXW", "SPXW", 1, false, false, false}, /* a ticker is itself */
        {"GOOG  151224P00750000", "GOOG", 100, true, false, false},
        {"SPX   190517P02800000", "SPX", 100, true, true, true},
        {"SPXW  190503C02770000", "SPX", 100, true, true, false},
        {"SPXS  190503C00027000", "SPXS", 100, true, false, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        const struct symbol s = parsed(ROWS[i].text);
        const struct symbol expected = parsed(ROWS[i].underlying);
        struct symbol u;
        symbol_underlying(&s, &u);
        assert_true(symbol_equal(&u, &expected));
        assert_int_equal(symbol_multiplier(&s), ROWS[i].multiplier);
        assert_int_equal(symbol_is_option(&s), ROWS[i].option);
        assert_int_equal(symbol_is_index_option(&s), ROWS[i].index);
        assert_int_equal(symbol_settles_at_open(&s), ROWS[i].at_open);
    }
}

static void test_order_is_that_of_bytes(void **state)
{
    static const char *const SORTED[] = {
        "A", "AA", "AAPL  151224C00100000", "AAPL  151224P00100000", "AAPL  151224P00105000", "AAPL", "B"};

    (void)state;
    for (size_t i = 0; i < COUNT(SORTED); i++) {
        for (size_t j = 0; j < COUNT(SORTED); j++) {
            const struct symbol a = parsed(SORTED[i]);
            const struct symbol b = parsed(SORTED[j]);
            const int order = symbol_compare(&a, &b);
            assert_int_equal(symbol_equal(&a, &b), i == j);
            if (strcmp(SORTED[i], SORTED[j]) < 0)
                assert_true(order < 0);
            else
                assert_int_equal(order > 0, i != j);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_accepts_tickers_and_occ_symbols_only),
        cmocka_unit_test(test_every_character_of_an_option_counts),
        cmocka_unit_test(test_a_contract_has_one_symbol),
        cmocka_unit_test(test_a_contract_without_a_symbol_is_refused),
        cmocka_unit_test(test_what_a_symbol_is_about),
        cmocka_unit_test(test_order_is_that_of_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
