#include "ledger/decimal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static struct err err;

static void test_parse_accepts_decimals_and_nothing_else(void **state)
{
    static const struct {
        const char *text;
        int decimals;
        enum err_code rc;
        int64_t value;
    } ROWS[] = {
        {"0", 9, ERR_OK, 0},
        {"7", 9, ERR_OK, 7 * NANO},
        {"-12", 6, ERR_OK, -12 * MICRO},
        {"0.4", 9, ERR_OK, 400000000},
        {"0.40", 9, ERR_OK, 400000000}, /* trailing zeros are read */
        {"12.5", 0, ERR_INPUT, 0},
        {"12", 0, ERR_OK, 12},
        {"0.000000001", 9, ERR_OK, 1},
        {"0.0000000010", 9, ERR_INPUT, 0}, /* ten decimals, even if the last is zero */
        {"-0.000001", 6, ERR_OK, -1},
        {"9223372036.854775807", 9, ERR_OK, INT64_MAX},
        {"9223372036.854775808", 9, ERR_INPUT, 0},
        {"-9223372036.854775808", 9, ERR_OK, INT64_MIN},
        {"-9223372036.854775809", 9, ERR_INPUT, 0},
        {"9223372036854775807", 0, ERR_OK, INT64_MAX},
        {"9223372036854775808", 0, ERR_INPUT, 0},
        {"-9223372036854775808", 0, ERR_OK, INT64_MIN},
        {"9223372036854775807", 1, ERR_INPUT, 0},  /* only its scaling overflows */
        {"18446744073709551616", 0, ERR_INPUT, 0}, /* 2^64 would wrap to 0 */
        {"184467440737095516160000000", 0, ERR_INPUT, 0},
        {"1.00000000000000000000000000000000000000000000000001", 9, ERR_INPUT, 0},
        {"0.999999999999999999", 18, ERR_OK, 999999999999999999},
        {"9.223372036854775807", 18, ERR_OK, INT64_MAX},
        {"", 9, ERR_INPUT, 0},
        {"-", 9, ERR_INPUT, 0},
        {"-0", 9, ERR_INPUT, 0},
        {"-0.00", 9, ERR_INPUT, 0},
        {"+1", 9, ERR_INPUT, 0},
        {"00", 9, ERR_INPUT, 0},
        {"01", 9, ERR_INPUT, 0},
        {"-01.5", 9, ERR_INPUT, 0},
        {".5", 9, ERR_INPUT, 0},
        {"-.5", 9, ERR_INPUT, 0},
        {"5.", 9, ERR_INPUT, 0},
        {"1.2.3", 9, ERR_INPUT, 0},
        {"1,5", 9, ERR_INPUT, 0},
        {"1e3", 9, ERR_INPUT, 0},
        {" 1", 9, ERR_INPUT, 0},
        {"1 ", 9, ERR_INPUT, 0},
        {"--1", 9, ERR_INPUT, 0},
        {"0x10", 9, ERR_INPUT, 0},
        {"nan", 9, ERR_INPUT, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        int64_t value = 4711;
        const enum err_code rc =
            decimal_parse(ROWS[i].text, strlen(ROWS[i].text), ROWS[i].decimals, &value, &err);
        if (rc != ROWS[i].rc)
            print_error("row %zu: \"%s\"\n", i, ROWS[i].text);
        assert_int_equal(rc, ROWS[i].rc);
        assert_int_equal(value, rc ? 4711 : ROWS[i].value); /* a refusal leaves it alone */
    }
}

static void test_parse_stops_at_its_length(void **state)
{
    int64_t value = 0;

    (void)state;
    assert_int_equal(decimal_parse("12.59", 4, 9, &value, &err), ERR_OK);
    assert_int_equal(value, 12500000000);
}

static void test_parse_says_where_and_why(void **state)
{
    int64_t value = 0;

    (void)state;
    assert_int_equal(decimal_parse("12x", 3, 9, &value, &err), ERR_INPUT);
    assert_non_null(strstr(err.text, "character 3"));
    assert_int_equal(decimal_parse("1.1234567", 9, 6, &value, &err), ERR_INPUT);
    assert_string_equal(err.text, "7 decimals where at most 6 are allowed");
    assert_int_equal(decimal_parse("99999999999", 11, 9, &value, &err), ERR_INPUT);
    assert_non_null(strstr(err.text, "out of range"));
    assert_int_equal(decimal_parse("99999999999", 11, 9, &value, NULL), ERR_INPUT);
}

static void test_format_is_canonical(void **state)
{
    static const struct {
        int64_t value;
        int decimals;
        const char *text;
    } ROWS[] = {
        {0, 9, "0"},
        {1, 9, "0.000000001"},
        {-1, 6, "-0.000001"},
        {400000000, 9, "0.4"},
        {7 * NANO, 9, "7"},
        {-12 * MICRO, 6, "-12"},
        {10 * NANO + 10, 9, "10.00000001"},
        {INT64_MAX, 9, "9223372036.854775807"},
        {INT64_MIN, 9, "-9223372036.854775808"},
        {INT64_MIN, 18, "-9.223372036854775808"},
        {INT64_MIN, 0, "-9223372036854775808"},
        {100, 0, "100"},
    };
    char text[DECIMAL_TEXT_SIZE];

    (void)state;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        assert_int_equal(decimal_format(text, ROWS[i].value, ROWS[i].decimals), strlen(ROWS[i].text));
        assert_string_equal(text, ROWS[i].text);
    }
}

static void test_format_fixed_rounds_half_to_even(void **state)
{
    static const struct {
        int64_t value;
        int decimals;
        int shown;
        const char *text;
    } ROWS[] = {
        {1200000000, 9, 2, "1.20"},
        {1205000000, 9, 2, "1.20"}, /* a tie: 120 is even */
        {1205000001, 9, 2, "1.21"},
        {1215000000, 9, 2, "1.22"}, /* a tie: 121 is odd */
        {1214999999, 9, 2, "1.21"},
        {-1205000000, 9, 2, "-1.20"},
        {-1215000000, 9, 2, "-1.22"},
        {-5000000, 9, 2, "0.00"}, /* rounds to nothing: no sign */
        {-5000001, 9, 2, "-0.01"},
        {500000, 6, 0, "0"},
        {1500000, 6, 0, "2"},
        {2500000, 6, 0, "2"},
        {1500000, 6, 6, "1.500000"},
        {1500000, 6, 9, "1.500000000"},
        {3, 0, 2, "3.00"},
        {INT64_MIN, 0, 9, "-9223372036854775808.000000000"},
        {INT64_MAX, 9, 0, "9223372037"},
    };
    char text[DECIMAL_TEXT_SIZE];

    (void)state;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        const size_t n = decimal_format_fixed(text, ROWS[i].value, ROWS[i].decimals, ROWS[i].shown);
        assert_string_equal(text, ROWS[i].text);
        assert_int_equal(n, strlen(ROWS[i].text));
    }
}

/* splitmix64: the same values on every machine, so a failure can be repeated. */
static uint64_t next_random(uint64_t *seed)
{
    uint64_t z = (*seed += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static void test_what_is_formatted_parses_back(void **state)
{
    uint64_t seed = 1;
    char text[DECIMAL_TEXT_SIZE];

    (void)state;
    for (int i = 0; i < 200000; i++) {
        const int decimals = (int)(next_random(&seed) % 19);
        const int shift = (int)(next_random(&seed) % 64); /* all magnitudes, not only large ones */
        int64_t value = (int64_t)(next_random(&seed) >> shift);
        int64_t back = 0;
        if (next_random(&seed) & 1)
            value = value == INT64_MIN ? value : -value;
        const size_t n = decimal_format(text, value, decimals);
        assert_true(n < DECIMAL_TEXT_SIZE && n == strlen(text));
        assert_int_equal(decimal_parse(text, n, decimals, &back, &err), ERR_OK);
        assert_int_equal(back, value);
        const size_t fixed = decimal_format_fixed(text, value, decimals, decimals);
        assert_int_equal(fixed, strlen(text));
        assert_int_equal(decimal_parse(text, fixed, decimals, &back, &err), ERR_OK);
        assert_int_equal(back, value);
    }
}

static void test_mul_div_rounds_half_to_even_and_refuses_what_does_not_fit(void **state)
{
    static const struct {
        int64_t a;
        int64_t b;
        int64_t divisor;
        enum err_code rc;
        int64_t result;
    } ROWS[] = {
        {1, 1, 2, ERR_OK, 0},
        {3, 1, 2, ERR_OK, 2},
        {5, 1, 2, ERR_OK, 2},
        {-1, 1, 2, ERR_OK, 0},
        {-3, 1, 2, ERR_OK, -2},
        {5, -1, 2, ERR_OK, -2},
        {-5, -1, 2, ERR_OK, 2},
        {2, 1, 3, ERR_OK, 1},
        {1, 1, 3, ERR_OK, 0},
        {499, 1, 1000, ERR_OK, 0},
        {500, 1, 1000, ERR_OK, 0},
        {501, 1, 1000, ERR_OK, 1},
        {1500, 1, 1000, ERR_OK, 2},
        {2500, 1, 1000, ERR_OK, 2},
        {2501, 1, 1000, ERR_OK, 3},
        {0, INT64_MIN, INT64_MAX, ERR_OK, 0},
        {INT64_MAX, 1, 1, ERR_OK, INT64_MAX},
        {INT64_MIN, 1, 1, ERR_OK, INT64_MIN},
        {INT64_MIN, -1, 1, ERR_RANGE, 0}, /* 2^63 */
        {INT64_MAX, INT64_MAX, INT64_MAX, ERR_OK, INT64_MAX},
        {INT64_MIN, INT64_MAX, INT64_MAX, ERR_OK, INT64_MIN},
        {INT64_MIN, INT64_MIN, INT64_MAX, ERR_RANGE, 0},
        {INT64_MAX, 2, 1, ERR_RANGE, 0},
        {INT64_MIN, INT64_MIN, 1, ERR_RANGE, 0},
        /* (2^63 - 1) * 3 / 2 does not fit; half of an odd product above 64 bits ties to even: */
        {INT64_MAX, 3, 2, ERR_RANGE, 0},
        {INT64_C(6148914691236517205), 3, 2, ERR_RANGE, 0},
        {INT64_C(6148914691236517203), 3, 2, ERR_OK, INT64_C(9223372036854775804)}, /* ..804.5 */
        {INT64_C(6148914691236517204), 3, 2, ERR_OK, INT64_C(9223372036854775806)},
        {INT64_C(6148914691236517204), 6, 4, ERR_OK, INT64_C(9223372036854775806)}, /* by 128 bits */
    };

    (void)state;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        int64_t result = 4711;
        const enum err_code rc = decimal_mul_div(ROWS[i].a, ROWS[i].b, ROWS[i].divisor, &result, &err);
        if (rc != ROWS[i].rc)
            print_error("row %zu\n", i);
        assert_int_equal(rc, ROWS[i].rc);
        assert_int_equal(result, rc ? 4711 : ROWS[i].result);
    }
}

static void test_add_and_sub_refuse_to_wrap(void **state)
{
    int64_t v = 4711;

    (void)state;
    assert_int_equal(decimal_add(INT64_MAX, 1, &v, &err), ERR_RANGE);
    assert_int_equal(decimal_add(INT64_MIN, -1, &v, &err), ERR_RANGE);
    assert_int_equal(decimal_sub(INT64_MIN, 1, &v, &err), ERR_RANGE);
    assert_int_equal(decimal_sub(0, INT64_MIN, &v, &err), ERR_RANGE);
    assert_int_equal(v, 4711);
    assert_int_equal(decimal_add(INT64_MAX - 1, 1, &v, &err), ERR_OK);
    assert_int_equal(v, INT64_MAX);
    assert_int_equal(decimal_sub(INT64_MIN + 1, 1, &v, &err), ERR_OK);
    assert_int_equal(v, INT64_MIN);
    assert_int_equal(decimal_sub(-1, INT64_MIN, &v, &err), ERR_OK);
    assert_int_equal(v, INT64_MAX);
}

static void test_notional_is_price_times_units_in_micro_dollars(void **state)
{
    static const struct {
        int64_t price_nano;
        int64_t qty;
        int64_t multiplier;
        enum err_code rc;
        int64_t micro;
    } ROWS[] = {
        {400000000, 5, 100, ERR_OK, 200 * MICRO}, /* five puts at 0.40 */
        {400000000, -5, 100, ERR_OK, -200 * MICRO},
        {-400000000, -5, 100, ERR_OK, 200 * MICRO},
        {500, 1, 1, ERR_OK, 0}, /* half a micro-dollar: to even */
        {1500, 1, 1, ERR_OK, 2},
        {501, 1, 1, ERR_OK, 1},
        {-1500, 1, 1, ERR_OK, -2},
        {0, INT64_MIN, INT64_MIN, ERR_OK, 0},
        {INT64_MAX, 1000, 1, ERR_OK, INT64_MAX},
        {INT64_MIN, 1000, 1, ERR_OK, INT64_MIN},
        {INT64_MIN, -1000, 1, ERR_RANGE, 0},
        {INT64_MAX, 1001, 1, ERR_RANGE, 0},
        {INT64_MAX, INT64_MAX, INT64_MAX, ERR_RANGE, 0},
        {INT64_MIN, INT64_MIN, INT64_MIN, ERR_RANGE, 0},
        {1, INT64_MAX, 1000, ERR_OK, INT64_MAX},
        {1, INT64_MAX, 1001, ERR_RANGE, 0},
        {1, INT64_MIN, 1000, ERR_OK, INT64_MIN},
        {-1, INT64_MIN, 1000, ERR_RANGE, 0},
        {1, INT64_MAX, INT64_MAX, ERR_RANGE, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        int64_t micro = 4711;
        const enum err_code rc =
            decimal_notional(ROWS[i].price_nano, ROWS[i].qty, ROWS[i].multiplier, &micro, &err);
        if (rc != ROWS[i].rc)
            print_error("row %zu\n", i);
        assert_int_equal(rc, ROWS[i].rc);
        assert_int_equal(micro, rc ? 4711 : ROWS[i].micro);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_accepts_decimals_and_nothing_else),
        cmocka_unit_test(test_parse_stops_at_its_length),
        cmocka_unit_test(test_parse_says_where_and_why),
        cmocka_unit_test(test_format_is_canonical),
        cmocka_unit_test(test_format_fixed_rounds_half_to_even),
        cmocka_unit_test(test_what_is_formatted_parses_back),
        cmocka_unit_test(test_mul_div_rounds_half_to_even_and_refuses_what_does_not_fit),
        cmocka_unit_test(test_add_and_sub_refuse_to_wrap),
        cmocka_unit_test(test_notional_is_price_times_units_in_micro_dollars),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
