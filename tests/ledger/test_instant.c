#include "ledger/instant.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static struct err err;

static void test_civil_days_count_every_day_from_1678_to_2261(void **state)
{
    static const int DAYS[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    civil_day expected = civil_from_ymd(CIVIL_YEAR_MIN, 1, 1);
    int weekday = civil_weekday(expected);

    (void)state;
    assert_int_equal(weekday, 6); /* 1678-01-01 was a Saturday */
    for (int year = CIVIL_YEAR_MIN; year <= CIVIL_YEAR_MAX; year++) {
        const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        for (int month = 1; month <= 12; month++) {
            const int last = DAYS[month - 1] + (month == 2 && leap ? 1 : 0);
            for (int day = 1; day <= last; day++, expected++, weekday = (weekday + 1) % 7) {
                int y = 0;
                int m = 0;
                int d = 0;
                civil_to_ymd(expected, &y, &m, &d);
                assert_true(y == year && m == month && d == day);
                assert_int_equal(civil_from_ymd(year, month, day), expected);
                assert_int_equal(civil_weekday(expected), weekday);
            }
        }
    }
    assert_int_equal(civil_from_ymd(1970, 1, 1), 0);
    assert_int_equal(civil_from_ymd(2015, 12, 24), 16793);
}

static void test_civil_parse_refuses_days_that_never_were(void **state)
{
    static const struct {
        const char *text;
        enum err_code rc;
    } ROWS[] = {
        {"2015-12-24", ERR_OK},    {"20151224", ERR_OK},      {"2016-02-29", ERR_OK},
        {"2015-02-29", ERR_INPUT}, {"2000-02-29", ERR_OK},    {"1900-02-29", ERR_INPUT},
        {"2015-04-31", ERR_INPUT}, {"2015-00-10", ERR_INPUT}, {"2015-13-01", ERR_INPUT},
        {"2015-01-00", ERR_INPUT}, {"1678-01-01", ERR_OK},    {"1677-12-31", ERR_INPUT},
        {"2261-12-31", ERR_OK},    {"2262-01-01", ERR_INPUT}, {"2015-1-24", ERR_INPUT},
        {"2015/12/24", ERR_INPUT}, {"2015-12-2x", ERR_INPUT}, {"", ERR_INPUT},
        {"2015122", ERR_INPUT},    {"201512244", ERR_INPUT},  {"2015-12-245", ERR_INPUT},
        {"-015-12-24", ERR_INPUT}, {" 0151224", ERR_INPUT},   {"none", ERR_INPUT},
    };
    char text[INSTANT_TEXT_SIZE];

    (void)state;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        civil_day d = 4711;
        const enum err_code rc = civil_parse(ROWS[i].text, strlen(ROWS[i].text), &d, &err);
        if (rc != ROWS[i].rc)
            print_error("row %zu: \"%s\"\n", i, ROWS[i].text);
        assert_int_equal(rc, ROWS[i].rc);
        if (rc) {
            assert_int_equal(d, 4711);
            continue;
        }
        assert_int_equal(civil_format(text, d), 10);
        if (strlen(ROWS[i].text) == 10)
            assert_string_equal(text, ROWS[i].text);
    }
    assert_int_equal(civil_format(text, CIVIL_DAY_NONE), 4);
    assert_string_equal(text, "none");
}

static void test_instant_parse_and_format(void **state)
{
    static const struct {
        const char *text;
        enum err_code rc;
        const char *canonical;
    } ROWS[] = {
        {"2015-12-24T14:31:00.000000001Z", ERR_OK, "2015-12-24T14:31:00.000000001Z"},
        {"1970-01-01T00:00:00Z", ERR_OK, "1970-01-01T00:00:00Z"},
        {"1969-12-31T23:59:59.999999999Z", ERR_OK, "1969-12-31T23:59:59.999999999Z"},
        {"1969-12-31T23:59:59.5Z", ERR_OK, "1969-12-31T23:59:59.5Z"},
        {"2015-12-24T14:31:00.500Z", ERR_OK, "2015-12-24T14:31:00.5Z"},
        {"2015-12-24T14:31:00.000Z", ERR_OK, "2015-12-24T14:31:00Z"},
        {"2015-12-24T09:31:00-05:00", ERR_OK, "2015-12-24T14:31:00Z"},
        {"2015-12-24T23:30:00-05:30", ERR_OK, "2015-12-25T05:00:00Z"},
        {"2015-12-24T00:15:00+14:00", ERR_OK, "2015-12-23T10:15:00Z"},
        {"1678-01-01T00:00:00+23:59", ERR_OK, "1677-12-31T00:01:00Z"},
        {"2261-12-31T23:59:59.999999999-23:59", ERR_OK, "2262-01-01T23:58:59.999999999Z"},
        {"2262-01-01T00:00:00Z", ERR_INPUT, NULL},
        {"1677-12-31T23:59:59Z", ERR_INPUT, NULL},
        {"2015-12-24T14:31:00", ERR_INPUT, NULL},
        {"2015-12-24 14:31:00Z", ERR_INPUT, NULL},
        {"2015-12-24t14:31:00Z", ERR_INPUT, NULL},
        {"2015-12-24T14:31:00z", ERR_INPUT, NULL},
        {"2015-12-24T24:00:00Z", ERR_INPUT, NULL},
        {"2015-12-24T23:60:00Z", ERR_INPUT, NULL},
        {"2015-12-24T23:59:60Z", ERR_INPUT, NULL}, /* a leap second has no number here */
        {"2015-12-24T14:31Z", ERR_INPUT, NULL},
        {"2015-12-24T14-31-00Z", ERR_INPUT, NULL},
        {"2015-12-24T14:31:00.Z", ERR_INPUT, NULL},
        {"2015-12-24T14:31:00.0000000001Z", ERR_INPUT, NULL},
        {"2015-12-24T14:31:00.1", ERR_INPUT, NULL},
        {"2015-12-24T14:31:00.123456789", ERR_INPUT, NULL},
        {"2015-12-24T14:31:00ZZ", ERR_INPUT, NULL},
        {"2015-12-24T14:31:00+24:00", ERR_INPUT, NULL},
        {"2015-12-24T14:31:00+01:60", ERR_INPUT, NULL},
        {"2015-12-24T14:31:00+0100", ERR_INPUT, NULL},
        {"2015-12-24T14:31:00+01:0", ERR_INPUT, NULL},
        {"2015-02-30T14:31:00Z", ERR_INPUT, NULL},
        {"20151224T14:31:00.0Z", ERR_INPUT, NULL},
        {"none", ERR_INPUT, NULL},
        {"", ERR_INPUT, NULL},
    };
    char text[INSTANT_TEXT_SIZE];

    (void)state;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        int64_t at_ns = 4711;
        const enum err_code rc = instant_parse(ROWS[i].text, strlen(ROWS[i].text), &at_ns, &err);
        if (rc != ROWS[i].rc)
            print_error("row %zu: \"%s\"\n", i, ROWS[i].text);
        assert_int_equal(rc, ROWS[i].rc);
        if (rc) {
            assert_int_equal(at_ns, 4711);
            continue;
        }
        assert_int_equal(instant_format(text, at_ns), strlen(ROWS[i].canonical));
        assert_string_equal(text, ROWS[i].canonical);
    }
}

static void test_known_instants(void **state)
{
    int64_t at_ns = 0;
    char text[INSTANT_TEXT_SIZE];

    (void)state;
    assert_int_equal(instant_parse("2015-12-24T14:31:00.000000001Z", 30, &at_ns, &err), ERR_OK);
    assert_int_equal(at_ns, INT64_C(1450967460000000001));
    instant_format(text, INT64_MAX);
    assert_string_equal(text, "2262-04-11T23:47:16.854775807Z");
    instant_format(text, INT64_MIN + 1);
    assert_string_equal(text, "1677-09-21T00:12:43.145224193Z");
    instant_format(text, INSTANT_NONE);
    assert_string_equal(text, "none");
    instant_format_new_york(text, INSTANT_NONE);
    assert_string_equal(text, "none");
}

static void test_random_instants_survive_their_text(void **state)
{
    uint64_t x = 7;
    char text[INSTANT_TEXT_SIZE];
    const int64_t low = civil_from_ymd(CIVIL_YEAR_MIN, 1, 1) * NS_PER_DAY;
    const int64_t high = civil_from_ymd(CIVIL_YEAR_MAX, 12, 31) * NS_PER_DAY;
    int tried = 0;

    (void)state;
    while (tried < 50000) {
        x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        const int64_t at_ns = (int64_t)(x ^ (x >> 29));
        int64_t back = 0;
        if (at_ns < low || at_ns > high)
            continue;
        tried++;
        const size_t n = instant_format(text, at_ns);
        assert_int_equal(instant_parse(text, n, &back, &err), ERR_OK);
        assert_int_equal(back, at_ns);
    }
}

static void test_new_york_changes_its_clocks_on_the_right_second(void **state)
{
    /* The last instant before each change, UTC, and New York's wall clock then and one second later. */
    static const struct {
        const char *utc;
        const char *before;
        const char *after;
    } ROWS[] = {
        {"2015-03-08T06:59:59Z", "2015-03-08 01:59:59", "2015-03-08 03:00:00"},
        {"2015-11-01T05:59:59Z", "2015-11-01 01:59:59", "2015-11-01 01:00:00"},
        {"2007-03-11T06:59:59Z", "2007-03-11 01:59:59", "2007-03-11 03:00:00"},
        {"2026-11-01T05:59:59Z", "2026-11-01 01:59:59", "2026-11-01 01:00:00"},
        {"2006-04-02T06:59:59Z", "2006-04-02 01:59:59", "2006-04-02 03:00:00"},
        {"2006-10-29T05:59:59Z", "2006-10-29 01:59:59", "2006-10-29 01:00:00"},
        {"1990-04-01T06:59:59Z", "1990-04-01 01:59:59", "1990-04-01 03:00:00"},
        {"1999-10-31T05:59:59Z", "1999-10-31 01:59:59", "1999-10-31 01:00:00"},
        {"1986-04-27T06:59:59Z", "1986-04-27 01:59:59", "1986-04-27 03:00:00"},
        {"1980-10-26T05:59:59Z", "1980-10-26 01:59:59", "1980-10-26 01:00:00"},
    };
    char text[INSTANT_TEXT_SIZE];

    (void)state;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        int64_t at_ns = 0;
        assert_int_equal(instant_parse(ROWS[i].utc, 20, &at_ns, &err), ERR_OK);
        instant_format_new_york(text, at_ns);
        assert_string_equal(text, ROWS[i].before);
        instant_format_new_york(text, at_ns + NS_PER_SECOND);
        assert_string_equal(text, ROWS[i].after);
    }
}

static void test_new_york_day_and_back(void **state)
{
    static const struct {
        int ymd[3];
        int hour;
        int minute;
        const char *utc;
    } ROWS[] = {
        {{2015, 12, 24}, 9, 31, "2015-12-24T14:31:00Z"}, {{2015, 7, 1}, 16, 0, "2015-07-01T20:00:00Z"},
        {{2015, 12, 23}, 20, 0, "2015-12-24T01:00:00Z"}, {{2015, 3, 8}, 1, 59, "2015-03-08T06:59:00Z"},
        {{2015, 3, 8}, 3, 0, "2015-03-08T07:00:00Z"},    {{2015, 11, 1}, 0, 59, "2015-11-01T04:59:00Z"},
        {{2015, 11, 1}, 1, 30, "2015-11-01T05:30:00Z"}, /* comes twice: the first */
        {{2015, 11, 1}, 2, 0, "2015-11-01T07:00:00Z"},
    };
    char text[INSTANT_TEXT_SIZE];

    (void)state;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        const civil_day d = civil_from_ymd(ROWS[i].ymd[0], ROWS[i].ymd[1], ROWS[i].ymd[2]);
        const int64_t since = ROWS[i].hour * NS_PER_HOUR + ROWS[i].minute * NS_PER_MINUTE;
        const int64_t at_ns = instant_from_new_york(d, since);
        int64_t back = 0;
        instant_format(text, at_ns);
        assert_string_equal(text, ROWS[i].utc);
        assert_int_equal(instant_new_york_day(at_ns, &back), d);
        assert_int_equal(back, since);
    }
    /* 02:30 was skipped: an hour later, 03:30 daylight time. */
    instant_format(text,
                   instant_from_new_york(civil_from_ymd(2015, 3, 8), 2 * NS_PER_HOUR + 30 * NS_PER_MINUTE));
    assert_string_equal(text, "2015-03-08T07:30:00Z");
    assert_int_equal(instant_new_york_day(-1, NULL), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_civil_days_count_every_day_from_1678_to_2261),
        cmocka_unit_test(test_civil_parse_refuses_days_that_never_were),
        cmocka_unit_test(test_instant_parse_and_format),
        cmocka_unit_test(test_known_instants),
        cmocka_unit_test(test_random_instants_survive_their_text),
        cmocka_unit_test(test_new_york_changes_its_clocks_on_the_right_second),
        cmocka_unit_test(test_new_york_day_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
