/* Lines of the SPX end-of-day files: what is read, and what is refused with which words. */
#include "gateway/spx_row.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_rows(void **state)
{
    static const struct {
        const char *text;
        const char *symbol;
        int64_t bid, ask, open_interest;
    } rows[] = {
        {"SPXW,20190503,C,2770,174.5,178.7,175.99,1,49,1.4733,0.9913,0.0003", "SPXW  190503C02770000",
         174500000000, 178700000000, 49},
        {"SPX,20190621,P,2000.5,0,0.05,0,0,0,0,0,0", "SPX   190621P02000500", PRICE_NONE, 50000000, 0},
        {"SPX,20190621,P,2000,0,0,x,y,7,,,", "SPX   190621P02000000", PRICE_NONE, PRICE_NONE,
         7}, /* unread columns */
        {"SPX,20190621,P,2000,2,1,0,0,7,0,0,0", "SPX   190621P02000000", 2 * NANO, 1 * NANO,
         7}, /* crossed: seen later */
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct spx_row row;
        struct err err;
        assert_int_equal(spx_row_parse(rows[i].text, strlen(rows[i].text), &row, &err), ERR_OK);
        assert_string_equal(row.symbol.text, rows[i].symbol);
        assert_int_equal(row.bid, rows[i].bid);
        assert_int_equal(row.ask, rows[i].ask);
        assert_int_equal(row.open_interest, rows[i].open_interest);
    }
}

static void test_what_is_no_row_is_refused_by_column(void **state)
{
    static const struct {
        const char *text;
        const char *words;
        bool has_symbol;
    } rows[] = {
        {"", "1 columns; there should be 12", false},
        {"SPXW,20190503,C,2770,1,2,0,0,0,0,0", "11 columns", false},
        {"SPXW,20190503,C,2770,1,2,0,0,0,0,0,0,0", "13 columns", false},
        {"SPY,20190503,C,2770,1,2,0,0,0,0,0,0", "root is \"SPY\"", false},
        {"SPXW,20190532,C,2770,1,2,0,0,0,0,0,0", "expiry is \"20190532\"", false},
        {"SPXW,20190503,X,2770,1,2,0,0,0,0,0,0", "right is \"X\"", false},
        {"SPXW,20190503,C,0,1,2,0,0,0,0,0,0", "strike is \"0\"", false},
        {"SPXW,20190503,C,2770.0001,1,2,0,0,0,0,0,0", "strike", false},
        {"SPXW,20190503,C,100000,1,2,0,0,0,0,0,0", "strike", false},
        {"SPXW,20190503,C,2770,-1,2,0,0,0,0,0,0", "bid is \"-1\"", true},
        {"SPXW,20190503,C,2770,,2,0,0,0,0,0,0", "bid is \"\"", true},
        {"SPXW,20190503,C,2770,1,2e1,0,0,0,0,0,0", "ask is \"2e1\"", true},
        {"SPXW,20190503,C,2770,1,2,0,0,-3,0,0,0", "open_interest is \"-3\"", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct spx_row row;
        struct err err = {0};
        if (spx_row_parse(rows[i].text, strlen(rows[i].text), &row, &err) != ERR_INPUT ||
            !strstr(err.text, rows[i].words))
            fail_msg("\"%s\": got \"%s\", wants \"%s\"", rows[i].text, err.text, rows[i].words);
        assert_int_equal(row.symbol.length != 0, rows[i].has_symbol);
    }
}

static void test_the_head_names_index_day_and_level(void **state)
{
    static const char *const bad[] = {
        "",
        "underlying=SPX,quote_date=20190503,underlying_last=2946.52",
        "#underlying=SPX,quote_date=20190503",
        "#underlying=SPX,quote_date=20190503,underlying_last=",
        "#underlying=SPX,quote_date=20190503,underlying_last=0",
        "#underlying=SPX,quote_date=20190503,underlying_last=-1",
        "#underlying=SPX,quote_date=2019050,underlying_last=1",
        "#underlying=NDX,quote_date=20190503,underlying_last=2946.52",
        "#underlying=SPX,quote_date=20190503,underlying_last=2946.52,",
        "#underlying=SPX,quote_date=20190503,underlying_last=2946.52,x=1",
    };
    const char *const good = "#underlying=SPX,quote_date=20190503,underlying_last=2946.52";
    struct spx_head head = {0};
    struct err err = {0};

    (void)state;
    assert_int_equal(spx_head_parse(good, strlen(good), &head, &err), ERR_OK);
    assert_int_equal(head.day, civil_from_ymd(2019, 5, 3));
    assert_int_equal(head.last_nano, 2946520000000);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct spx_head untouched = {.day = 7};
        if (spx_head_parse(bad[i], strlen(bad[i]), &untouched, &err) == ERR_OK)
            fail_msg("\"%s\" was read%s", bad[i], i == 8 ? ": nothing may follow the level" : "");
        assert_int_equal(untouched.day, 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_what_is_no_row_is_refused_by_column),
        cmocka_unit_test(test_the_head_names_index_day_and_level),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
