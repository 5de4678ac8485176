#include "market/calendar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <zip.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static struct err err;

static civil_day day(const char *text)
{
    civil_day d = 0;
    assert_int_equal(civil_parse(text, strlen(text), &d, &err), ERR_OK);
    return d;
}

/* "09:30-16:00" in New York, or why there is no session. */
static const char *hours(civil_day d, char *out, size_t size)
{
    struct session s;
    int64_t open = 0;
    int64_t close = 0;

    if (!calendar_session(d, &s)) {
        snprintf(out, size, "%s", calendar_closed_reason(d));
        return out;
    }
    assert_null(calendar_closed_reason(d));
    assert_int_equal(s.day, d);
    assert_int_equal(instant_new_york_day(s.open_ns, &open), d);
    assert_int_equal(instant_new_york_day(s.close_ns, &close), d);
    snprintf(out, size, "%02d:%02d-%02d:%02d", (int)(open / NS_PER_HOUR), (int)(open / NS_PER_MINUTE % 60),
             (int)(close / NS_PER_HOUR), (int)(close / NS_PER_MINUTE % 60));
    return out;
}

static void test_days_and_hours(void **state)
{
    static const struct {
        const char *day;
        const char *hours;
    } ROWS[] = {
        {"2015-12-23", "09:30-16:00"},
        {"2015-12-24", "09:30-13:00"}, /* a half day */
        {"2015-12-25", "Christmas"},
        {"2015-12-26", "Saturday"},
        {"2015-12-27", "Sunday"},
        {"2015-12-28", "09:30-16:00"},
        {"2019-05-27", "Memorial Day"},
        {"2019-07-03", "09:30-13:00"},
        {"2019-07-04", "Independence Day"},
        {"2019-04-19", "Good Friday"},
        {"2019-11-28", "Thanksgiving"},
        {"2019-11-29", "09:30-13:00"},
        {"1992-11-27", "09:30-14:00"},
        {"1991-11-29", "09:30-16:00"}, /* not yet a half day */
        {"2021-06-18", "09:30-16:00"}, /* Juneteenth was not kept */
        {"2022-06-20", "Juneteenth"},  /* a Sunday, kept on Monday */
        {"2027-06-18", "Juneteenth"},  /* a Saturday, kept on Friday */
        {"2021-12-31", "09:30-16:00"}, /* New Year's Day on Saturday is lost */
        {"2023-01-02", "New Year's Day"},
        {"1999-12-31", "09:30-13:00"},
        {"1997-01-20", "09:30-16:00"}, /* a year before Dr. King's day was kept */
        {"1998-01-19", "Martin Luther King Jr. Day"},
        {"2020-07-03", "Independence Day"},
        {"2020-07-02", "09:30-16:00"},
        {"2002-07-03", "09:30-16:00"}, /* Wednesday: the Friday after was the half day */
        {"2002-07-05", "09:30-13:00"},
        {"2013-07-03", "09:30-13:00"},
        {"2013-07-05", "09:30-16:00"},
        {"2021-12-24", "Christmas"},
        {"2026-12-24", "09:30-13:00"},
        {"1994-04-27", "mourning of President Nixon"},
        {"1996-01-08", "11:00-14:00"},
        {"2001-09-10", "09:30-16:00"},
        {"2001-09-11", "attack of September 11"},
        {"2001-09-14", "attack of September 11"},
        {"2001-09-17", "09:33-16:00"},
        {"2004-06-11", "mourning of President Reagan"},
        {"2007-01-02", "mourning of President Ford"},
        {"2012-10-29", "Hurricane Sandy"},
        {"2012-10-30", "Hurricane Sandy"},
        {"2012-10-31", "09:30-16:00"},
        {"2018-12-05", "mourning of President Bush"},
        {"2025-01-09", "mourning of President Carter"},
        {"1990-01-01", "New Year's Day"},
        {"1990-01-02", "09:30-16:00"},
        {"1989-12-29", "outside the calendar's years"},
        {"2035-12-31", "09:30-16:00"},
        {"2036-01-02", "outside the calendar's years"},
    };
    char text[64];

    (void)state;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        const civil_day d = day(ROWS[i].day);
        hours(d, text, sizeof text);
        if (strcmp(text, ROWS[i].hours) != 0)
            print_error("%s: %s, not %s\n", ROWS[i].day, text, ROWS[i].hours);
        assert_string_equal(text, ROWS[i].hours);
        assert_int_equal(calendar_is_session(d), strchr(ROWS[i].hours, ':') != NULL);
    }
    assert_false(calendar_is_session(CIVIL_DAY_NONE));
}

static void test_unusual_hours_say_why(void **state)
{
    struct session s;

    (void)state;
    assert_true(calendar_session(day("2015-12-24"), &s));
    assert_string_equal(s.reason, "Christmas Eve");
    assert_true(calendar_session(day("2019-07-03"), &s));
    assert_string_equal(s.reason, "the day before Independence Day");
    assert_true(calendar_session(day("2015-12-23"), &s));
    assert_null(s.reason);
}

static void test_open_is_from_the_opening_until_before_the_close(void **state)
{
    static const struct {
        const char *utc;
        bool open;
    } ROWS[] = {
        {"2015-12-24T14:29:59.999999999Z", false},
        {"2015-12-24T14:30:00Z", true},
        {"2015-12-24T17:59:59.999999999Z", true},
        {"2015-12-24T18:00:00Z", false}, /* half day */
        {"2015-07-01T13:29:59Z", false},
        {"2015-07-01T13:30:00Z", true}, /* daylight time */
        {"2015-07-01T19:59:59Z", true},
        {"2015-07-01T20:00:00Z", false},
        {"2015-12-25T15:00:00Z", false},
        {"2015-12-26T15:00:00Z", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        int64_t at_ns = 0;
        assert_int_equal(instant_parse(ROWS[i].utc, strlen(ROWS[i].utc), &at_ns, &err), ERR_OK);
        assert_int_equal(calendar_is_open(at_ns), ROWS[i].open);
    }
}

static void test_neighbours(void **state)
{
    (void)state;
    assert_int_equal(calendar_next_session(day("2015-12-24")), day("2015-12-28"));
    assert_int_equal(calendar_previous_session(day("2015-12-28")), day("2015-12-24"));
    assert_int_equal(calendar_next_session(day("2001-09-10")), day("2001-09-17"));
    assert_int_equal(calendar_previous_session(day("2015-12-26")), day("2015-12-24"));
    assert_int_equal(calendar_next_session(day("2035-12-31")), CIVIL_DAY_NONE);
    assert_int_equal(calendar_previous_session(day("1990-01-02")), CIVIL_DAY_NONE);
    assert_int_equal(calendar_next_session(day("1900-01-01")), day("1990-01-02"));
    assert_int_equal(calendar_previous_session(day("2100-01-01")), day("2035-12-31"));
    assert_int_equal(calendar_next_session(CIVIL_DAY_NONE), CIVIL_DAY_NONE);
    assert_int_equal(calendar_previous_session(CIVIL_DAY_NONE), CIVIL_DAY_NONE);
    assert_int_equal(calendar_count_sessions(day("2018-12-31"), day("2019-12-31")), 252);
    assert_int_equal(calendar_count_sessions(day("2019-12-31"), day("2020-12-31")), 253);
    assert_int_equal(calendar_count_sessions(day("2015-12-24"), day("2015-12-24")), 0);
    assert_int_equal(calendar_count_sessions(day("2015-12-24"), day("2015-12-28")), 1);
    assert_int_equal(calendar_days_to_expiry(day("2015-12-24"), day("2016-01-15")), 22);
    assert_int_equal(calendar_days_to_expiry(day("2016-01-16"), day("2016-01-15")), -1);
}

static void test_expiries(void **state)
{
    (void)state;
    assert_int_equal(calendar_monthly_expiry(2016, 1), day("2016-01-15"));
    assert_int_equal(calendar_monthly_expiry(2019, 4), day("2019-04-18")); /* Good Friday */
    assert_int_equal(calendar_monthly_expiry(2014, 4), day("2014-04-17"));
    assert_int_equal(calendar_monthly_expiry(2026, 6), day("2026-06-18")); /* Juneteenth */
    assert_int_equal(calendar_monthly_expiry(2036, 1), CIVIL_DAY_NONE);
    assert_int_equal(calendar_monthly_expiry(2020, 13), CIVIL_DAY_NONE);
    assert_int_equal(calendar_weekly_expiry(day("2015-12-21")), day("2015-12-24")); /* Friday is Christmas */
    assert_int_equal(calendar_weekly_expiry(day("2015-12-27")), day("2015-12-24")); /* its Sunday */
    assert_int_equal(calendar_weekly_expiry(day("2015-12-28")), day("2015-12-31"));
    assert_int_equal(calendar_weekly_expiry(day("2019-05-03")), day("2019-05-03"));
    assert_int_equal(calendar_next_weekly_expiry(day("2015-12-24")), day("2015-12-24"));
    assert_int_equal(calendar_next_weekly_expiry(day("2015-12-25")), day("2015-12-31"));
    assert_int_equal(calendar_next_weekly_expiry(day("2019-05-04")), day("2019-05-10"));
    assert_int_equal(calendar_weekly_expiry(CIVIL_DAY_NONE), CIVIL_DAY_NONE);
}

static void test_the_last_trading_day(void **state)
{
    static const struct {
        const char *root;
        const char *expiry;
        const char *last;
        const char *settled;
    } ROWS[] = {
        {"GOOG", "2015-12-24", "2015-12-24", "2015-12-24T18:00:00Z"}, /* at the half day's close */
        {"AAPL", "2014-06-21", "2014-06-20", "2014-06-20T20:00:00Z"}, /* a Saturday before 2015 */
        {"NWSA", "2013-07-20", "2013-07-19", "2013-07-19T20:00:00Z"},
        {"IBM", "2014-04-19", "2014-04-17", "2014-04-17T20:00:00Z"},  /* Saturday after Good Friday */
        {"GOOG", "2016-03-25", "2016-03-24", "2016-03-24T20:00:00Z"}, /* Good Friday itself */
        {"SPXW", "2019-05-03", "2019-05-03", "2019-05-03T20:00:00Z"},
        {"SPX", "2019-05-17", "2019-05-16", "2019-05-17T13:30:00Z"}, /* settled at Friday's open */
        {"SPX", "2014-06-21", "2014-06-19", "2014-06-20T13:30:00Z"},
        {"SPX", "2014-04-19", "2014-04-16", "2014-04-17T13:30:00Z"},
        {"SPX", "2021-01-15", "2021-01-14", "2021-01-15T14:30:00Z"},
    };
    char text[INSTANT_TEXT_SIZE];

    (void)state;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct contract c = {.expiry = day(ROWS[i].expiry), .right = RIGHT_PUT, .strike_nano = 1};
        memcpy(c.root, ROWS[i].root, strlen(ROWS[i].root));
        civil_format(text, calendar_last_trading_day(&c));
        assert_string_equal(text, ROWS[i].last);
        instant_format(text, calendar_settlement_at(&c));
        assert_string_equal(text, ROWS[i].settled);
    }
    const struct contract late = {.root = "SPX", .expiry = day("2040-01-20")};
    assert_int_equal(calendar_last_trading_day(&late), CIVIL_DAY_NONE);
    assert_int_equal(calendar_settlement_at(&late), INSTANT_NONE);
}

/* Path of a file of real data, or NULL after saying why this test is skipped. */
static const char *shared(const char *file, char *path, size_t size)
{
    const char *const root = getenv("LEDGER_SHARED");
    FILE *f;

    snprintf(path, size, "%s/%s", root ? root : "", file);
    f = root ? fopen(path, "rb") : NULL;
    if (!f) {
        print_message("skipped: %s is not in $LEDGER_SHARED\n", file);
        return NULL;
    }
    fclose(f);
    return path;
}

static cJSON *read_json(const char *path)
{
    FILE *const f = fopen(path, "rb");
    assert_non_null(f);
    fseek(f, 0, SEEK_END);
    const long size = ftell(f);
    rewind(f);
    char *const text = malloc((size_t)size + 1);
    assert_non_null(text);
    assert_int_equal(fread(text, 1, (size_t)size, f), size);
    text[size] = '\0';
    fclose(f);
    cJSON *const json = cJSON_Parse(text);
    free(text);
    assert_non_null(json);
    return json;
}

static civil_day us_date(const char *text)
{
    int month = 0;
    int dom = 0;
    int year = 0;
    assert_int_equal(sscanf(text, "%d/%d/%d", &month, &dom, &year), 3);
    return civil_from_ymd(year, month, dom);
}

static bool listed(const cJSON *list, civil_day d)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, list) /* keys of an object, values of an array */
    {
        if (us_date(item->string ? item->string : item->valuestring) == d)
            return true;
    }
    return false;
}

/* The database begins its early closes in late 1999, and does not know these. */
static bool missing_in_database(civil_day d)
{
    return d == day("1999-12-31") || d == day("2005-06-01");
}

static void compare_entry(const cJSON *entry)
{
    const cJSON *const holidays = cJSON_GetObjectItemCaseSensitive(entry, "holidays");
    const cJSON *const early = cJSON_GetObjectItemCaseSensitive(entry, "earlyCloses");
    const cJSON *item;
    char text[64];

    assert_true(cJSON_GetArraySize(holidays) > 200 && cJSON_GetArraySize(early) > 50);
    cJSON_ArrayForEach(item, holidays) assert_false(calendar_is_session(us_date(item->valuestring)));
    cJSON_ArrayForEach(item, early)
    {
        const civil_day d = us_date(item->string);
        if (civil_weekday(d) == 0) /* 2017-12-24: the database closes a Sunday early */
            continue;
        assert_string_equal(item->valuestring, "13:00:00");
        assert_string_equal(hours(d, text, sizeof text), "09:30-13:00");
    }
    for (civil_day d = day("1998-01-01"); d <= day("2027-12-31"); d++) {
        struct session s;
        const bool weekend = civil_weekday(d) == 0 || civil_weekday(d) == 6;
        assert_int_equal(calendar_is_session(d), !weekend && !listed(holidays, d));
        if (!calendar_session(d, &s) || d < day("1999-11-01") || missing_in_database(d))
            continue;
        assert_int_equal(s.close_ns < instant_from_new_york(d, 16 * NS_PER_HOUR), listed(early, d));
    }
}

static void test_agrees_with_a_published_database(void **state)
{
    char path[1024];

    (void)state;
    if (!shared("data/lean/market-hours/market-hours-database.json", path, sizeof path))
        skip();
    cJSON *const json = read_json(path);
    const cJSON *const entries = cJSON_GetObjectItemCaseSensitive(json, "entries");
    compare_entry(cJSON_GetObjectItemCaseSensitive(entries, "Equity-usa-[*]"));
    cJSON_Delete(json);
}

/* The days of the bars in a daily file, in order; returns how many. */
static size_t bar_days(const char *path, civil_day *days, size_t capacity)
{
    int code = 0;
    zip_t *const archive = zip_open(path, ZIP_RDONLY, &code);
    zip_stat_t stat;
    size_t count = 0;

    assert_non_null(archive);
    assert_int_equal(zip_stat_index(archive, 0, 0, &stat), 0);
    char *const text = malloc(stat.size + 1);
    assert_non_null(text);
    zip_file_t *const file = zip_fopen_index(archive, 0, 0);
    assert_non_null(file);
    assert_int_equal(zip_fread(file, text, stat.size), (zip_int64_t)stat.size);
    text[stat.size] = '\0';
    zip_fclose(file);
    zip_discard(archive);
    for (const char *line = text; *line; count++) {
        assert_true(count < capacity);
        assert_int_equal(civil_parse(line, 8, &days[count], &err), ERR_OK);
        line += strcspn(line, "\n");
        line += *line == '\n';
    }
    free(text);
    return count;
}

/* No bar without a session and no session without a bar, over the file's own range. */
static void compare_bars(const char *path)
{
    static civil_day days[8000];
    const size_t count = bar_days(path, days, COUNT(days));
    civil_day expected = days[0];

    assert_true(count > 1000);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(days[i], expected);
        expected = calendar_next_session(expected);
    }
}

static void test_real_bars_fall_on_sessions_and_leave_none_out(void **state)
{
    static const char *const FILES[] = {
        "data/lean/equity/usa/daily/spy.zip",
        "data/lean/equity/usa/daily/aapl.zip",
    };
    char path[1024];

    (void)state;
    for (size_t i = 0; i < COUNT(FILES); i++) {
        if (!shared(FILES[i], path, sizeof path))
            skip();
        compare_bars(path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_days_and_hours),
        cmocka_unit_test(test_unusual_hours_say_why),
        cmocka_unit_test(test_open_is_from_the_opening_until_before_the_close),
        cmocka_unit_test(test_neighbours),
        cmocka_unit_test(test_expiries),
        cmocka_unit_test(test_the_last_trading_day),
        cmocka_unit_test(test_agrees_with_a_published_database),
        cmocka_unit_test(test_real_bars_fall_on_sessions_and_leave_none_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
