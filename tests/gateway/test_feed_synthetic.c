/* The feed over the seeded market: sessions, clock, history, and what is wrong with its rows told. */
#include "support/feeds.h"

static void test_a_day_has_its_history_clock_and_findings(void **state)
{
    struct feed *const f =
        feeds_open("", "synthetic:%sseed=7,underlying=ACME,date=2026-01-05,days=1,scenario=rise", NULL);
    const struct feeds_sum sum = feeds_play(f);
    const struct feed_counts *const c = feed_counts(f);
    int64_t done = 0;
    int64_t total = 0;

    (void)state;
    assert_string_equal(feed_name(f), "synthetic ACME 2026-01-05 seed 7 rise, days 1");
    assert_string_equal(feed_actor(f), "feed:synthetic");
    assert_int_equal(sum.clocks, 391);         /* open, 389 ticks, close */
    assert_int_equal(sum.bars, 120 + 390 + 1); /* history, minutes, the session */
    assert_int_equal(sum.sources, 0);          /* no file was read */
    assert_int_equal(c->rows, c->entries + c->instead[FINDING_CROSSED] + c->instead[FINDING_EMPTY]);
    assert_int_equal(sum.quotes + sum.bars, c->entries);
    assert_true(c->instead[FINDING_CROSSED] > 0 && c->instead[FINDING_EMPTY] > 0); /* it is no clean market */
    assert_int_equal(sum.findings[FINDING_CROSSED], c->instead[FINDING_CROSSED]);
    assert_int_equal(sum.findings[FINDING_JUMP], c->beside[FINDING_JUMP]);
    feed_progress(f, &done, &total);
    assert_int_equal(done, sum.drafts);
    assert_int_equal(total, sum.drafts);
    feed_close(f);
}

static void test_days_follow_each_other_and_twice_is_the_same(void **state)
{
    const char *const spec = "synthetic:%sseed=7,days=3,minutes=15,scenario=crash,history=5";
    struct feed *f = feeds_open("", spec, NULL);
    const struct feeds_sum sum = feeds_play(f);

    (void)state;
    assert_int_equal(sum.clocks, 3 * (1 + 25 + 1));
    assert_int_equal(sum.bars, 5 + 3 * (26 + 1));
    assert_int_equal(feed_counts(f)->clocks, sum.clocks);
    assert_int_equal(feed_counts(f)->yielded, sum.drafts);
    feed_close(f);
    f = feeds_open("", spec, NULL);
    assert_int_equal(feeds_play(f).digest, sum.digest);
    feed_close(f);
    f = feeds_open("", "synthetic:%sseed=8,days=3,minutes=15,scenario=crash,history=5", NULL);
    assert_true(feeds_play(f).digest != sum.digest);
    feed_close(f);
}

static void test_specifications_that_are_refused(void **state)
{
    (void)state;
    feeds_refused("", "synthetic:%sseed=-1", NULL, ERR_INPUT, "seed=-1 is no whole number");
    feeds_refused("", "synthetic:%sscenario=moon", NULL, ERR_INPUT, "none of: rise, fall, crash, flat");
    feeds_refused("", "synthetic:%sdate=2026-01-04", NULL, ERR_INPUT, "Sunday");
    feeds_refused("", "synthetic:%sdays=0", NULL, ERR_INPUT, "days=0 is no whole number from 1");
    feeds_refused("", "synthetic:%sdays=251", NULL, ERR_INPUT, "to 250");
    feeds_refused("", "synthetic:%sunderlying=TOOLONGNAME", NULL, ERR_INPUT, "");
    feeds_refused("", "synthetic:%sprice=3", NULL, ERR_INPUT,
                  "the keys are: seed, underlying, date, days, scenario");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_day_has_its_history_clock_and_findings),
        cmocka_unit_test(test_days_follow_each_other_and_twice_is_the_same),
        cmocka_unit_test(test_specifications_that_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
