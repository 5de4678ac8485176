/* Rows of LEAN's files and names of their entries: what is read, and what is refused with which words. */
#include "gateway/lean_row.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct lean_format QUOTE = {LEAN_QUOTE, LEAN_MILLISECONDS, LEAN_DECI_CENT};
static const struct lean_format TRADE = {LEAN_TRADE, LEAN_MILLISECONDS, LEAN_DECI_CENT};
static const struct lean_format INDEX = {LEAN_TRADE, LEAN_DATE_TIME, LEAN_DECIMAL};
static const struct lean_format INTEREST = {LEAN_OPEN_INTEREST, LEAN_MILLISECONDS, LEAN_DECI_CENT};

static enum err_code parse(const char *text, const struct lean_format *format, struct lean_row *row,
                           struct err *err)
{
    const size_t length = strlen(text);
    const enum err_code rc = lean_row_stamp(text, length, format, row, err);

    return rc ? rc : lean_row_values(text, length, format, row, err);
}

static void test_quote_rows_give_the_last_of_each_side(void **state)
{
    static const struct {
        const char *text;
        int64_t bid, bid_size, ask, ask_size; /* nano */
    } rows[] = {
        {"34200000,517000,517000,517000,517000,5,540000,548000,536000,548000,15", 51700000000, 5, 54800000000,
         15},
        {"34200000,517000,517100,516900,517001,5,540000,548000,536000,548000,15", 51700100000, 5, 54800000000,
         15},
        {"34200000,,,,,0,2500,2500,1000,2500,20", PRICE_NONE, 0, 250000000, 20},
        {"34200000,,,,,,2500,2500,1000,2500,20", PRICE_NONE, 0, 250000000, 20}, /* no size of no quote */
        {"34200000,1,1,1,1,7,,,,,0", 100000, 7, PRICE_NONE, 0},
        {"34200000,,,,,0,,,,,0", PRICE_NONE, 0, PRICE_NONE, 0},
        {"34200000,0,0,0,0,9,2500,2500,2500,2500,20", PRICE_NONE, 0, 250000000, 20}, /* nobody bids nothing */
        {"34200000,5,5,5,5,1,4,4,4,4,1", 500000, 1, 400000, 1}, /* crossed: for the caller to see */
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lean_row row;
        struct err err;
        assert_int_equal(parse(rows[i].text, &QUOTE, &row, &err), ERR_OK);
        assert_int_equal(row.since_midnight_ns, 34200 * NS_PER_SECOND);
        assert_int_equal(row.day, CIVIL_DAY_NONE);
        assert_int_equal(row.bid, rows[i].bid);
        assert_int_equal(row.bid_size, rows[i].bid_size);
        assert_int_equal(row.ask, rows[i].ask);
        assert_int_equal(row.ask_size, rows[i].ask_size);
    }
}

static void test_bars_and_open_interest(void **state)
{
    struct lean_row row;
    struct err err;

    (void)state;
    assert_int_equal(parse("34200000,7495500,7499900,7485400,7485400,11492", &TRADE, &row, &err), ERR_OK);
    assert_int_equal(row.open, 749550000000);
    assert_int_equal(row.high, 749990000000);
    assert_int_equal(row.low, 748540000000);
    assert_int_equal(row.close, 748540000000);
    assert_int_equal(row.volume, 11492);
    assert_int_equal(parse("20210104 08:00,3764.61,3769.99,3745.26,3747.9,1799", &INDEX, &row, &err), ERR_OK);
    assert_int_equal(row.day, civil_from_ymd(2021, 1, 4));
    assert_int_equal(row.since_midnight_ns, 8 * NS_PER_HOUR);
    assert_int_equal(row.close, 3747900000000);
    assert_int_equal(parse("23460000,0", &INTEREST, &row, &err), ERR_OK);
    assert_int_equal(row.contracts, 0);
    assert_int_equal(row.since_midnight_ns, 23460 * NS_PER_SECOND);
}

static void test_what_is_no_row_is_refused_by_field(void **state)
{
    static const struct {
        const char *text;
        const struct lean_format *format;
        const char *words;
    } rows[] = {
        {"", &QUOTE, "field 1"},
        {"34200000", &QUOTE, "field 1, and no other"},
        {"86400000,1,1,1,1,1,2,2,2,2,2", &QUOTE, "field 1, no milliseconds of a day: \"86400000\""},
        {"-1,1,1,1,1,1,2,2,2,2,2", &QUOTE, "field 1"},
        {"034200000,1,1,1,1,1,2,2,2,2,2", &QUOTE, "field 1"},
        {"3420000x,1,1,1,1,1,2,2,2,2,2", &QUOTE, "field 1"},
        {"34200000,1,1,1,1,1,2,2,2,2", &QUOTE, "10 fields; there should be 11"},
        {"34200000,1,1,1,1,1,2,2,2,2,2,2", &QUOTE, "12 fields"},
        {"34200000,1,1,1,1,1,2,2,2,2,2,2,2,2,2,2,2,2,2", &QUOTE, "19 fields"},
        {"34200000,1,1,,1,1,2,2,2,2,2", &QUOTE, "field 2, one side has some prices and not others"},
        {"34200000,1,1,1,1,1,2,2,2,,2", &QUOTE, "field 7, one side"},
        {"34200000,1,1,1,1,,2,2,2,2,2", &QUOTE, "field 6, a side without its size"},
        {"34200000,1,1,1,1,1.5,2,2,2,2,2", &QUOTE, "field 6, no size"},
        {"34200000,1,1,1,1,-1,2,2,2,2,2", &QUOTE, "field 6, no size"},
        {"34200000,1,1,1,1,1,2,2,2,2,x", &QUOTE, "field 11, no size"},
        {"34200000,1,1,1,1.5,1,2,2,2,2,2", &QUOTE, "field 5, no price: \"1.5\""},
        {"34200000,1,1,1,92233720368548,1,2,2,2,2,2", &QUOTE, "field 5, no price"}, /* past int64 nano */
        {"34200000,1,1,1,99999999999999999999,1,2,2,2,2,2", &QUOTE, "field 5, no price"},
        {"34200000,2,3,4,3,1", &TRADE, "field 4, the low is above the high"},
        {"34200000,4,3,2,3,1", &TRADE, "field 2, the open is outside"},
        {"34200000,3,3,2,1,1", &TRADE, "field 5, the close is outside"},
        {"34200000,3,3,2,3,", &TRADE, "field 6, no volume"},
        {"34200000,3,3,2,,1", &TRADE, "field 5, no price"},
        {"20210104 24:00,1,1,1,1,1", &INDEX, "field 1, no YYYYMMDD HH:MM: \"20210104 24:00\""},
        {"20210104 08:60,1,1,1,1,1", &INDEX, "field 1"},
        {"20210230 08:00,1,1,1,1,1", &INDEX, "field 1"},
        {"20210104T08:00,1,1,1,1,1", &INDEX, "field 1"},
        {"20210104 08:00,1,1,1,1e3,1", &INDEX, "field 5, no price"},
        {"20210104 08:00,1,1,-1,1,1", &INDEX, "field 4, no price"},
        {"23460000,", &INTEREST, "field 2, no count of contracts"},
        {"23460000,3,4", &INTEREST, "3 fields; there should be 2"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lean_row row;
        struct err err = {0};
        if (parse(rows[i].text, rows[i].format, &row, &err) != ERR_INPUT || !strstr(err.text, rows[i].words))
            fail_msg("\"%s\": got \"%s\", wants \"%s\"", rows[i].text, err.text, rows[i].words);
    }
}

static void test_the_largest_price_and_the_longest_row_are_read(void **state)
{
    char text[LEAN_ROW_MAX + 2];
    struct lean_row row;
    struct err err;

    (void)state;
    assert_int_equal(parse("0,1,1,1,92233720368547,1,,,,,", &QUOTE, &row, &err), ERR_OK);
    assert_int_equal(row.bid, 9223372036854700000);
    assert_int_equal(parse("86399999,1,1,1,1,1,,,,,", &QUOTE, &row, &err), ERR_OK);
    memset(text, '1', sizeof text);
    memcpy(text, "1,", 2);
    assert_int_equal(lean_row_stamp(text, LEAN_ROW_MAX, &INTEREST, &row, &err), ERR_OK);
    assert_int_equal(lean_row_stamp(text, LEAN_ROW_MAX + 1, &INTEREST, &row, &err), ERR_INPUT);
}

static void test_names_of_entries(void **state)
{
    static const struct {
        const char *text;
        const char *ticker; /* NULL: refused */
        enum lean_kind kind;
        enum right right;
        int64_t strike_nano;
        int expiry;
    } names[] = {
        {"20151224_goog_minute_quote_american_put_7500000_20160617.csv", "goog", LEAN_QUOTE, RIGHT_PUT,
         750 * NANO, 20160617},
        {"goog_trade_american_call_921400_20140621.csv", "goog", LEAN_TRADE, RIGHT_CALL, 92140000000,
         20140621},
        {"20210104_spxw_minute_openinterest_european_call_37000000_20210106.csv", "spxw", LEAN_OPEN_INTEREST,
         RIGHT_CALL, 3700 * NANO, 20210106},
        {"goog.csv", NULL, 0, 0, 0, 0},
        {"20151224_goog_minute_trade.csv", NULL, 0, 0, 0, 0},
        {"goog_trade_american_call_921400_20140621.txt", NULL, 0, 0, 0, 0},
        {"goog_trade_american_call_921400_20140631.csv", NULL, 0, 0, 0, 0},
        {"goog_trade_asian_call_921400_20140621.csv", NULL, 0, 0, 0, 0},
        {"goog_volume_american_call_921400_20140621.csv", NULL, 0, 0, 0, 0},
        {"goog_trade_american_straddle_921400_20140621.csv", NULL, 0, 0, 0, 0},
        {"goog_trade_american_call_92.14_20140621.csv", NULL, 0, 0, 0, 0},
        {"googgoog_trade_american_call_921400_20140621.csv", NULL, 0, 0, 0, 0}, /* no root is that long */
        {"_trade_american_call_921400_20140621.csv", NULL, 0, 0, 0, 0},
        {"20151224_goog_hour_quote_american_put_7500000_20160617.csv", NULL, 0, 0, 0, 0},
        {"20151224_goog_minute_quote_american_put_7500000_20160617_x_y_z.csv", NULL, 0, 0, 0, 0},
        {".csv", NULL, 0, 0, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct lean_name name;
        struct err err = {0};
        int y = 0, m = 0, d = 0;
        const enum err_code rc = lean_name_parse(names[i].text, strlen(names[i].text), &name, &err);
        if (!names[i].ticker) {
            assert_int_equal(rc, ERR_INPUT);
            assert_non_null(strstr(err.text, names[i].text));
            continue;
        }
        assert_int_equal(rc, ERR_OK);
        civil_to_ymd(name.expiry, &y, &m, &d);
        assert_string_equal(name.ticker, names[i].ticker);
        assert_int_equal(name.kind, names[i].kind);
        assert_int_equal(name.right, names[i].right);
        assert_int_equal(name.strike_nano, names[i].strike_nano);
        assert_int_equal(y * 10000 + m * 100 + d, names[i].expiry);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quote_rows_give_the_last_of_each_side),
        cmocka_unit_test(test_bars_and_open_interest),
        cmocka_unit_test(test_what_is_no_row_is_refused_by_field),
        cmocka_unit_test(test_the_largest_price_and_the_longest_row_are_read),
        cmocka_unit_test(test_names_of_entries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
