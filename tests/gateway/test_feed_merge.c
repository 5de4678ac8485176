/* Several feeds as one: order of time, the clock last and once, sources in front of their rows. */
#include "support/feeds.h"

#define MINUTE(ticker) "equity/usa/minute/" ticker "/20151224_trade.zip"

static struct feed *merge_two(struct feed *a, struct feed *b)
{
    struct feed *feeds[2] = {a, b};
    struct feed *merged = NULL;
    struct err err;

    assert_int_equal(feed_merge(feeds, 2, &merged, &err), ERR_OK);
    return merged;
}

static void write_two(const struct files *f)
{
    files_zip(f, MINUTE("twx"), "20151224_twx_minute_trade.csv",
              "34200000,20000,20000,20000,20000,1\n34260000,20000,20000,20000,20000,2\n", NULL);
    files_zip(f, MINUTE("goog"), "20151224_goog_minute_trade.csv",
              "34140000,10000,10000,10000,10000,1\n34260000,10000,10000,10000,10000,2\n", NULL);
}

static void test_rows_by_time_then_by_the_order_given(void **state)
{
    static const char *const lines[] = {
        "source lean equity/usa/minute/twx/20151224_trade.zip: 2 rows, 2 entries, 0 findings",
        "source lean equity/usa/minute/goog/20151224_trade.zip: 2 rows, 2 entries, 0 findings",
        "bar GOOG 1 1 1 1 1 of 60 s at 2015-12-24 09:30:00",
        "bar TWX 2 2 2 2 1 of 60 s at 2015-12-24 09:31:00",
        "bar TWX 2 2 2 2 2 of 60 s at 2015-12-24 09:32:00", /* at one instant: TWX was given first */
        "bar GOOG 1 1 1 1 2 of 60 s at 2015-12-24 09:32:00",
        NULL,
    };
    struct files f;

    (void)state;
    files_init(&f);
    write_two(&f);
    struct feed *const twx =
        feeds_open(f.dir, "lean:%s,underlying=TWX,date=2015-12-24,options=no,history=0,clock=no", NULL);
    struct feed *const goog =
        feeds_open(f.dir, "lean:%s,underlying=GOOG,date=2015-12-24,options=no,history=0,clock=no", NULL);
    struct feed *const merged = merge_two(twx, goog);
    assert_string_equal(feed_name(merged), "lean TWX 2015-12-24 minute + lean GOOG 2015-12-24 minute");
    assert_int_equal(feed_counts(merged)->rows, 4);
    assert_int_equal(feed_counts(merged)->sources, 2);
    assert_true(feeds_remarked(merged, "equity/usa/minute/twx/20151224_quote.zip is not there"));
    assert_true(feeds_remarked(merged, "equity/usa/minute/goog/20151224_quote.zip is not there"));
    feeds_told(merged, lines);
    files_release(&f);
}

static void test_equal_clock_entries_become_one_and_come_last(void **state)
{
    struct files f;
    static struct entry e;
    unsigned closes = 0;
    bool bar_before_close = false;
    bool found = true;
    struct err err;

    (void)state;
    files_init(&f);
    files_zip(&f, "equity/usa/daily/goog.zip", "goog.csv", "20151224 00:00,10000,10000,10000,10000,1\n",
              NULL);
    files_zip(&f, "equity/usa/hour/twx.zip", "twx.csv", "20151224 12:00,20000,20000,20000,20000,1\n", NULL);
    struct feed *const twx = feeds_open(
        f.dir, "lean:%s,underlying=TWX,date=2015-12-24,resolution=hour,options=no,history=0", NULL);
    struct feed *const goog = feeds_open(
        f.dir, "lean:%s,underlying=GOOG,date=2015-12-24,resolution=daily,options=no,history=0", NULL);
    struct feed *const merged = merge_two(twx, goog);
    while (found) {
        assert_int_equal(feed_next(merged, &e, &found, &err), ERR_OK);
        if (!found)
            break;
        bar_before_close |=
            closes == 0 && e.kind == ENTRY_PERCEPTION_BAR && e.as.perception_bar.period_s == 86400;
        closes += e.kind == ENTRY_PERCEPTION_CLOCK && e.as.perception_clock.phase == PHASE_CLOSE;
    }
    assert_int_equal(closes, 1);
    assert_true(bar_before_close); /* of the second feed, at 13:00, before the one close of both */
    assert_int_equal(feed_counts(merged)->clocks, 5); /* open, 10:00, 11:00, 12:00, close: not 7 */
    feed_close(merged);
    files_release(&f);
}

static void test_the_actor_is_that_of_the_newest_draft(void **state)
{
    static struct entry e;
    struct files f;
    struct err err;
    bool found = true;
    unsigned lean = 0;
    unsigned synthetic = 0;

    (void)state;
    files_init(&f);
    write_two(&f);
    struct feed *const merged =
        merge_two(feeds_open(f.dir, "lean:%s,underlying=TWX,date=2015-12-24,options=no,history=0", NULL),
                  feeds_open("", "synthetic:%sdate=2015-12-24,minutes=210,history=0", NULL));
    while (found) {
        assert_int_equal(feed_next(merged, &e, &found, &err), ERR_OK);
        if (!found || e.kind == ENTRY_PERCEPTION_CLOCK)
            continue;
        const bool twx = e.kind == ENTRY_CONTROL_SOURCE || strcmp(entry_symbol(&e)->text, "TWX") == 0;
        assert_string_equal(feed_actor(merged), twx ? "feed:lean" : "feed:synthetic");
        lean += twx;
        synthetic += !twx;
    }
    assert_int_equal(lean, 3);
    assert_true(synthetic > 100);
    feed_close(merged);
    files_release(&f);
}

static void test_one_feed_alone_stays_what_it_is(void **state)
{
    struct feed *feeds[1] = {feeds_open("", "synthetic:%sseed=3,minutes=30", NULL)};
    struct feed *const alone = feeds_open("", "synthetic:%sseed=3,minutes=30", NULL);
    struct feed *merged = NULL;
    struct err err;

    (void)state;
    assert_int_equal(feed_merge(feeds, 1, &merged, &err), ERR_OK);
    assert_int_equal(feeds_play(merged).digest, feeds_play(alone).digest);
    assert_memory_equal(feed_counts(merged), feed_counts(alone), sizeof(struct feed_counts));
    feed_close(merged);
    feed_close(alone);
}

static void test_texts_live_until_the_next_call(void **state)
{
    struct files f;
    static struct entry e;
    struct err err;
    bool found = true;
    unsigned texts = 0;

    (void)state;
    files_init(&f);
    write_two(&f);
    struct feed *const merged =
        merge_two(feeds_open(f.dir, "lean:%s,underlying=TWX,date=2015-12-24,options=no,history=0", NULL),
                  feeds_open(f.dir, "lean:%s,underlying=GOOG,date=2015-12-24,options=no,history=0", NULL));
    while (found) {
        assert_int_equal(feed_next(merged, &e, &found, &err), ERR_OK);
        if (!found || e.kind != ENTRY_CONTROL_SOURCE)
            continue;
        assert_non_null(
            memmem(e.as.control_source.path.bytes, e.as.control_source.path.length, "_trade.zip", 10));
        texts++;
    }
    assert_int_equal(texts, 2);
    feed_close(merged);
    files_release(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_by_time_then_by_the_order_given),
        cmocka_unit_test(test_equal_clock_entries_become_one_and_come_last),
        cmocka_unit_test(test_the_actor_is_that_of_the_newest_draft),
        cmocka_unit_test(test_one_feed_alone_stays_what_it_is),
        cmocka_unit_test(test_texts_live_until_the_next_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
