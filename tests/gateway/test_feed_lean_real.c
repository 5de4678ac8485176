/* The feed `lean` over real market days: every row accounted for, and the traps that the data's README names. */
#include "support/feeds.h"

#define DATA "data/lean"

static void test_every_row_of_the_goog_chain_is_an_entry_or_a_finding(void **state)
{
    const char *const spec = "lean:%s,underlying=GOOG,date=2015-12-24,resolution=minute,history=120";
    const char *const dir = feeds_real(DATA);
    struct feed *f = feeds_open(dir, spec, NULL);
    const struct feeds_sum sum = feeds_play(f);
    const struct feed_counts *const c = feed_counts(f);

    (void)state;
    assert_int_equal(sum.quotes, 275552 - 985 + 260); /* the chain's, and the underlying's */
    assert_int_equal(sum.bars, 958 + 227 + 120); /* of contracts, of the underlying, of the sessions before */
    assert_int_equal(sum.open_interest, 2058);
    assert_int_equal(c->instead[FINDING_EMPTY], 985);
    assert_int_equal(c->instead[FINDING_CROSSED] + c->instead[FINDING_MALFORMED] + c->instead[FINDING_LATE],
                     0);
    assert_int_equal(c->rows, 275552 + 260 + 958 + 227 + 120 + 2058);
    assert_int_equal(c->rows, c->entries + 985);
    assert_int_equal(sum.findings[FINDING_EMPTY], 985);
    assert_int_equal(sum.findings[FINDING_ZERO_BID], 2189);
    assert_int_equal(sum.findings[FINDING_JUMP], 16);
    assert_int_equal(sum.findings[FINDING_STALE], 155);
    assert_int_equal(sum.findings[FINDING_LATE], 129); /* stamped 13:00 on a day that ended at 13:00 */
    assert_int_equal(sum.clocks, 211);
    assert_int_equal(sum.sources, 8); /* five of the day, the daily bars, the map and the factors */
    feed_close(f);
    f = feeds_open(dir, spec, NULL);
    assert_int_equal(feeds_play(f).digest, sum.digest); /* twice the same */
    feed_close(f);
}

static void test_other_days_and_resolutions(void **state)
{
    static const struct {
        const char *spec;
        int64_t rows, quotes, bars, open_interest, empty, crossed;
        const char *remark; /* NULL: none is expected */
    } days[] = {
        {"lean:%s,underlying=GOOG,date=2015-12-23,history=0", 28932 + 581 + 432 + 118, 28688, 1013, 118, 244,
         0, "20151223_quote.zip is not there"},
        {"lean:%s,underlying=GOOG,date=2015-12-24,resolution=daily", 3955, 2192, 327 + 121, 1315, 0, 0, NULL},
        {"lean:%s,underlying=TWX,date=2014-06-05,history=0", 30468 + 79 + 398 + 476 + 184, 30933, 477, 184,
         11, 0, NULL},
        {"lean:%s,underlying=AAPL,date=2014-06-09,missing=skip,history=1", 21617 + 834 + 847 + 2337 + 1, 847,
         22452, 2337, 0, 0, "20140609_quote_american.zip is not there"},
        {"lean:%s,underlying=SPX,date=2021-01-04,history=0", 2428 + 348 + 6 + 4565 + 1918 + 12 + 411, 6993,
         2677, 18, 0, 0, NULL},
        {"lean:%s,underlying=SPX,date=2021-01-08,history=0,missing=skip", 6307 + 1974, 6259, 1974, 0, 0, 48,
         "20210108_trade.zip is not there"},
        {"lean:%s,underlying=SPY,resolution=daily,from=2019-01-02,to=2019-07-08", 129, 0, 129, 0, 0, 0, NULL},
    };
    const char *const dir = feeds_real(DATA);

    (void)state;
    for (size_t i = 0; i < sizeof days / sizeof days[0]; i++) {
        struct feed *const f = feeds_open(dir, days[i].spec, NULL);
        const struct feeds_sum sum = feeds_play(f);
        const struct feed_counts *const c = feed_counts(f);
        int64_t instead = 0;
        for (size_t k = 0; k < FEED_FINDINGS; k++)
            instead += c->instead[k];
        assert_int_equal(c->rows, days[i].rows);
        assert_int_equal(sum.quotes, days[i].quotes);
        assert_int_equal(sum.bars, days[i].bars);
        assert_int_equal(sum.open_interest, days[i].open_interest);
        assert_int_equal(c->instead[FINDING_EMPTY], days[i].empty);
        assert_int_equal(c->instead[FINDING_CROSSED], days[i].crossed);
        assert_int_equal(c->rows, c->entries + instead);
        assert_true(days[i].remark ? feeds_remarked(f, days[i].remark) : !feed_remark(f, 0));
        feed_close(f);
    }
}

static void test_saturday_expiries_stay_in_the_symbol(void **state)
{
    struct feed *const f =
        feeds_open(feeds_real(DATA), "lean:%s,underlying=TWX,date=2014-06-05,history=0", NULL);
    static struct entry e;
    struct err err;
    bool found = true;
    unsigned saturdays = 0;

    (void)state;
    while (found) {
        struct contract contract;
        assert_int_equal(feed_next(f, &e, &found, &err), ERR_OK);
        if (!found || e.kind != ENTRY_PERCEPTION_OPEN_INTEREST)
            continue;
        symbol_contract(&e.as.perception_open_interest.symbol, &contract);
        saturdays += civil_weekday(contract.expiry) == 6;
    }
    assert_int_equal(saturdays, 142); /* of 184: all that expire before 2015-02 */
    feed_close(f);
}

static void test_the_split_of_aapl_and_the_names_of_goog(void **state)
{
    const char *const dir = feeds_real(DATA);
    struct feed *f =
        feeds_open(dir, "lean:%s,underlying=AAPL,resolution=daily,from=2014-06-02,to=2014-06-12", NULL);

    (void)state;
    assert_int_equal(feeds_play(f).findings[FINDING_JUMP], 1);
    feed_close(f);
    f = feeds_open(dir, "lean:%s,underlying=GOOG,resolution=daily,from=2014-03-27,to=2014-04-10", NULL);
    assert_int_equal(feeds_play(f).bars, 11); /* five as GOOCV, six as GOOG */
    assert_null(feed_remark(f, 0));
    feed_close(f);
    feeds_refused(dir, "lean:%s,underlying=GOOG,date=2014-04-01", NULL, ERR_INPUT,
                  "traded as GOOCV on 2014-04-01");
    feeds_refused(dir, "lean:%s,underlying=AAPL,date=2014-06-09", NULL, ERR_NOT_FOUND,
                  "20140609_quote_american.zip is not there");
    feeds_refused(dir, "lean:%s,underlying=TWX,date=2014-06-09", NULL, ERR_NOT_FOUND,
                  "the nearest day is 2014-06-06");
    feeds_refused(dir, "lean:%s,underlying=GOOG,date=2015-12-26", NULL, ERR_INPUT, "no session (Saturday)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_row_of_the_goog_chain_is_an_entry_or_a_finding),
        cmocka_unit_test(test_other_days_and_resolutions),
        cmocka_unit_test(test_saturday_expiries_stay_in_the_symbol),
        cmocka_unit_test(test_the_split_of_aapl_and_the_names_of_goog),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
