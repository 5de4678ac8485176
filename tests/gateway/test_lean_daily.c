/* Daily bars: the history before a day, ranges, tickers that changed, splits, gaps, and what was imported before. */
#include "support/feeds.h"

#define DAILY(ticker) "equity/usa/daily/" ticker ".zip"
#define DAY           "equity/usa/minute/goog/20151224_trade.zip"

static void write_day(const struct files *f)
{
    files_zip(f, DAY, "20151224_goog_minute_trade.csv", "34200000,10000,10000,10000,10000,1\n", NULL);
}

/* Six sessions, with the weekend of the 19th in between. */
static void write_history(const struct files *f)
{
    files_zip(f, DAILY("goog"), "goog.csv",
              "20151217 00:00,10000,10000,10000,10000,17\n20151218 00:00,10000,10000,10000,10000,18\n"
              "20151221 00:00,10000,10000,10000,10000,21\n20151222 00:00,10000,10000,10000,10000,22\n"
              "20151223 00:00,10000,10000,10000,10000,23\n20151224 00:00,10000,10000,10000,10000,24\n",
              NULL);
}

static void test_history_is_the_sessions_before_at_their_closes(void **state)
{
    static const char *const lines[] = {
        "source lean equity/usa/daily/goog.zip#2015-12-18..2015-12-23: 4 rows, 4 entries, 0 findings",
        "bar GOOG 1 1 1 1 18 of 86400 s at 2015-12-18 16:00:00",
        "bar GOOG 1 1 1 1 21 of 86400 s at 2015-12-21 16:00:00",
        "bar GOOG 1 1 1 1 22 of 86400 s at 2015-12-22 16:00:00",
        "bar GOOG 1 1 1 1 23 of 86400 s at 2015-12-23 16:00:00",
        "source lean equity/usa/minute/goog/20151224_trade.zip: 1 rows, 1 entries, 0 findings",
        "bar GOOG 1 1 1 1 1 of 60 s at 2015-12-24 09:31:00",
        NULL,
    };
    struct files f;

    (void)state;
    files_init(&f);
    write_day(&f);
    write_history(&f);
    struct feed *const feed =
        feeds_open(f.dir, "lean:%s,underlying=GOOG,date=2015-12-24,history=4,options=no,clock=no", NULL);
    assert_int_equal(feed_counts(feed)->skipped, 2); /* the 17th, and the day itself */
    feeds_told(feed, lines);
    files_release(&f);
}

static void test_a_range_is_bars_alone_and_names_its_gaps(void **state)
{
    static const char *const lines[] = {
        "source lean equity/usa/daily/goog.zip#2015-12-21..2015-12-28: 4 rows, 4 entries, 0 findings",
        "bar GOOG 1 1 1 1 21 of 86400 s at 2015-12-21 16:00:00",
        "bar GOOG 1 1 1 1 22 of 86400 s at 2015-12-22 16:00:00",
        "bar GOOG 1 1 1 1 23 of 86400 s at 2015-12-23 16:00:00",
        "bar GOOG 1 1 1 1 24 of 86400 s at 2015-12-24 13:00:00",
        NULL,
    };
    struct files f;

    (void)state;
    files_init(&f);
    write_history(&f);
    struct feed *const feed =
        feeds_open(f.dir, "lean:%s,underlying=GOOG,resolution=daily,from=2015-12-20,to=2015-12-28", NULL);
    assert_string_equal(feed_name(feed), "lean GOOG 2015-12-20..2015-12-28 daily");
    assert_true(feeds_remarked(feed, "1 of 5 sessions have no daily bar of GOOG: 2015-12-28"));
    feeds_told(feed, lines);
    feeds_refused(f.dir, "lean:%s,underlying=GOOG,resolution=daily,from=2016-01-04,to=2016-01-08", NULL,
                  ERR_NOT_FOUND, "has none of these sessions; its rows are of 2015-12-17 to 2015-12-24");
    feeds_refused(f.dir, "lean:%s,underlying=TWX,resolution=daily,from=2015-12-20,to=2015-12-28", NULL,
                  ERR_NOT_FOUND, "equity/usa/daily/twx.zip is not there; its folder holds goog.zip");
    files_release(&f);
}

static void test_a_bar_of_a_day_without_session_is_a_finding(void **state)
{
    static const char *const lines[] = {
        "source lean equity/usa/daily/goog.zip#2015-12-24..2015-12-28: 3 rows, 2 entries, 1 findings",
        "bar GOOG 1 1 1 1 24 of 86400 s at 2015-12-24 13:00:00",
        "late GOOG at 2015-12-25 16:00:00",
        "bar GOOG 1 1 1 1 28 of 86400 s at 2015-12-28 16:00:00",
        NULL,
    };
    struct files f;

    (void)state;
    files_init(&f);
    files_zip(&f, DAILY("goog"), "goog.csv",
              "20151224 00:00,10000,10000,10000,10000,24\n20151225 00:00,10000,10000,10000,10000,25\n"
              "20151228 00:00,10000,10000,10000,10000,28\n",
              NULL);
    feeds_told(
        feeds_open(f.dir, "lean:%s,underlying=GOOG,resolution=daily,from=2015-12-24,to=2015-12-28", NULL),
        lines);
    files_release(&f);
}

static void test_history_that_is_not_there(void **state)
{
    struct files f;

    (void)state;
    files_init(&f);
    write_day(&f);
    struct feed *const feed = feeds_open(f.dir, "lean:%s,underlying=GOOG,date=2015-12-24,options=no", NULL);
    assert_true(
        feeds_remarked(feed, "no daily bars of GOOG before the day: equity/usa/daily/goog.zip is not there"));
    feed_close(feed);
    /* what was asked for by name must be there */
    feeds_refused(f.dir, "lean:%s,underlying=GOOG,date=2015-12-24,options=no,history=5", NULL, ERR_NOT_FOUND,
                  "history=0 does without");
    feed_close(feeds_open(f.dir, "lean:%s,underlying=GOOG,date=2015-12-24,options=no,history=0", NULL));
    files_release(&f);
}

/* -- tickers that changed ------------------------------------------------------------------------------- */

#define MAP "equity/usa/map_files/goog.csv"

static void write_renamed(const struct files *f)
{
    files_text(f, MAP, "20140331,goocv,Q\n20140402,goocv,Q\n20501231,goog,Q");
    /* Before the 3rd, the ticker "goog" was another listing's. */
    files_zip(f, DAILY("goog"), "goog.csv",
              "20140401 00:00,90000,90000,90000,90000,901\n20140402 00:00,90000,90000,90000,90000,902\n"
              "20140403 00:00,10000,10000,10000,10000,403\n20140404 00:00,10000,10000,10000,10000,404\n",
              NULL);
    files_zip(f, DAILY("goocv"), "goocv.csv",
              "20140401 00:00,10000,10000,10000,10000,401\n20140402 00:00,10000,10000,10000,10000,402\n",
              NULL);
}

static void test_each_day_is_read_under_its_own_ticker(void **state)
{
    static const char *const lines[] = {
        "source lean equity/usa/daily/goocv.zip#2014-03-31..2014-04-02: 2 rows, 2 entries, 0 findings",
        "bar GOOG 1 1 1 1 401 of 86400 s at 2014-04-01 16:00:00",
        "bar GOOG 1 1 1 1 402 of 86400 s at 2014-04-02 16:00:00",
        "source lean equity/usa/daily/goog.zip#2014-04-03..2014-04-04: 2 rows, 2 entries, 0 findings",
        "bar GOOG 1 1 1 1 403 of 86400 s at 2014-04-03 16:00:00",
        "bar GOOG 1 1 1 1 404 of 86400 s at 2014-04-04 16:00:00",
        "source lean equity/usa/map_files/goog.csv: 3 rows, 0 entries, 0 findings",
        NULL,
    };
    struct files f;

    (void)state;
    files_init(&f);
    write_renamed(&f);
    struct feed *const feed =
        feeds_open(f.dir, "lean:%s,underlying=GOOG,resolution=daily,from=2014-03-28,to=2014-04-04", NULL);
    assert_true(feeds_remarked(feed, "2 of 6 sessions have no daily bar of GOOG: 2014-03-28, 2014-03-31"));
    feeds_told(feed, lines);
    files_release(&f);
}

static void test_a_day_under_another_ticker_is_refused(void **state)
{
    struct files f;

    (void)state;
    files_init(&f);
    write_renamed(&f);
    feeds_refused(f.dir, "lean:%s,underlying=GOOG,date=2014-04-02", NULL, ERR_INPUT,
                  "what is GOOG today traded as GOOCV on 2014-04-02 (equity/usa/map_files/goog.csv): say "
                  "underlying=GOOCV");
    feeds_refused(f.dir, "lean:%s,underlying=GOOG,date=2014-03-28", NULL, ERR_INPUT,
                  "did not trade on 2014-03-28");
    feeds_refused(f.dir, "lean:%s,underlying=GOOG,resolution=daily,from=2014-03-24,to=2014-03-28", NULL,
                  ERR_NOT_FOUND, "the listing did not trade then");
    files_text(&f, MAP, "20140327,goocv,Q\n20140327,goog,Q\n");
    feeds_refused(f.dir, "lean:%s,underlying=GOOG,date=2014-04-03", NULL, ERR_INPUT,
                  MAP ": line 2: its date is not after the one before");
    files_text(&f, MAP, "20140327\n");
    feeds_refused(f.dir, "lean:%s,underlying=GOOG,date=2014-04-03", NULL, ERR_INPUT,
                  MAP ": line 1: no ticker");
    files_write(&f, MAP, "20140327,go\0cv\n", 15);
    feeds_refused(f.dir, "lean:%s,underlying=GOOG,date=2014-04-03", NULL, ERR_INPUT,
                  MAP ": line 1: no ticker");
    files_text(&f, MAP, "20140327,../goog\n"); /* it becomes the name of a file to read */
    feeds_refused(f.dir, "lean:%s,underlying=GOOG,date=2014-04-03", NULL, ERR_INPUT,
                  MAP ": line 1: no ticker");
    files_text(&f, MAP, "20140327,goocv\nsoon,goog\n");
    feeds_refused(f.dir, "lean:%s,underlying=GOOG,date=2014-04-03", NULL, ERR_INPUT,
                  MAP ": line 2: no YYYYMMDD");
    files_release(&f);
}

/* -- splits --------------------------------------------------------------------------------------------- */

#define FACTORS "equity/usa/factor_files/goog.csv"

static void test_a_split_inside_the_window_is_told(void **state)
{
    static const char *const inside[] = {
        "source lean equity/usa/daily/goog.zip#2015-12-21..2015-12-23: 3 rows, 3 entries, 0 findings",
        "bar GOOG 1 1 1 1 21 of 86400 s at 2015-12-21 16:00:00",
        "bar GOOG 1 1 1 1 22 of 86400 s at 2015-12-22 16:00:00",
        "source lean equity/usa/factor_files/goog.csv: 3 rows, 0 entries, 0 findings",
        "jump GOOG at 2015-12-22 16:00:00", /* beside the first bar after it */
        "bar GOOG 1 1 1 1 23 of 86400 s at 2015-12-23 16:00:00",
        NULL,
    };
    struct files f;

    (void)state;
    files_init(&f);
    write_history(&f);
    files_text(&f, FACTORS, "20151221,0.9,0.0357143,700\n20151222,0.95,0.25,100\n20501231,1,0.25,0\n");
    feeds_told(
        feeds_open(f.dir, "lean:%s,underlying=GOOG,resolution=daily,from=2015-12-21,to=2015-12-23", NULL),
        inside);
    /* its first day is the first bar: nothing is on the other side of it */
    struct feed *feed =
        feeds_open(f.dir, "lean:%s,underlying=GOOG,resolution=daily,from=2015-12-22,to=2015-12-23", NULL);
    assert_int_equal(feeds_play(feed).findings[FINDING_JUMP], 0);
    feed_close(feed);
    files_release(&f);
}

static void test_a_split_between_history_and_day_is_told_at_the_open(void **state)
{
    static struct entry e;
    struct files f;
    struct err err;
    bool found = true;
    bool met = false;

    (void)state;
    files_init(&f);
    write_day(&f);
    write_history(&f);
    files_text(&f, FACTORS, "20151223,1,0.0357143,700\n20501231,1,0.25,0\n");
    struct feed *const feed =
        feeds_open(f.dir, "lean:%s,underlying=GOOG,date=2015-12-24,options=no,history=2", NULL);
    while (found) {
        assert_int_equal(feed_next(feed, &e, &found, &err), ERR_OK);
        if (!found || e.kind != ENTRY_PERCEPTION_DATA_QUALITY)
            continue;
        const char wants[] = "split on 2015-12-24: a price before it is 7 times the same price after it";
        char at[INSTANT_TEXT_SIZE];
        instant_format_new_york(at, e.at_ns);
        assert_string_equal(at, "2015-12-24 09:30:00");
        assert_memory_equal(e.as.perception_data_quality.text.bytes, wants, sizeof wants - 1);
        met = true;
    }
    assert_true(met);
    feed_close(feed);
    files_text(&f, FACTORS, "20151223,1,0,700\n20501231,1,0.25,0\n");
    feeds_refused(f.dir, "lean:%s,underlying=GOOG,date=2015-12-24,options=no,history=2", NULL, ERR_INPUT,
                  FACTORS ": line 1: no split factor in field 3");
    files_release(&f);
}

/* -- what was imported before --------------------------------------------------------------------------- */

/* A journal of two columns: the control.source entries there are. */
struct past {
    struct {
        struct digest32 sha256;
        struct feed_seen seen;
    } rows[16];
    size_t count;
};

static enum err_code past_seen(void *arg, const struct digest32 *sha256, uint64_t after,
                               struct feed_seen *seen, bool *found, struct err *err)
{
    const struct past *const p = arg;

    (void)err;
    *found = false;
    for (size_t i = 0; i < p->count && !*found; i++) {
        if (p->rows[i].seen.seq <= after || memcmp(&p->rows[i].sha256, sha256, sizeof *sha256) != 0)
            continue;
        *seen = p->rows[i].seen;
        *found = true;
    }
    return ERR_OK;
}

/* Plays the feed into the past, every source one entry; returns its bars. */
static int64_t import(struct past *p, struct feed *f)
{
    static struct entry e;
    int64_t bars = 0;

    for (;;) {
        bool found = false;
        struct err err;
        assert_int_equal(feed_next(f, &e, &found, &err), ERR_OK);
        if (!found)
            break;
        bars += e.kind == ENTRY_PERCEPTION_BAR;
        if (e.kind != ENTRY_CONTROL_SOURCE)
            continue;
        const struct entry_control_source *const s = &e.as.control_source;
        p->rows[p->count].sha256 = s->sha256;
        p->rows[p->count].seen.seq = 17 + p->count;
        snprintf(p->rows[p->count].seen.path, sizeof p->rows[p->count].seen.path, "%.*s", s->path.length,
                 s->path.bytes);
        p->count++;
    }
    feed_close(f);
    return bars;
}

static void test_a_file_of_one_day_is_not_imported_twice(void **state)
{
    const char *const spec = "lean:%s,underlying=GOOG,date=2015-12-24,options=no,history=0";
    struct past past = {0};
    struct feed_context context = {.seen = past_seen, .arg = &past};
    struct files f;

    (void)state;
    files_init(&f);
    write_day(&f);
    assert_int_equal(import(&past, feeds_open(f.dir, spec, &context)), 1);
    feeds_refused(f.dir, spec, &context, ERR_EXISTS, DAY " was imported already (entry 17)");
    context.before = 17; /* a run that goes on after a crash reads its own files again */
    assert_int_equal(import(&past, feeds_open(f.dir, spec, &context)), 1);
    context.before = 18;
    feeds_refused(f.dir, spec, &context, ERR_EXISTS, "(entry 17)");
    files_release(&f);
}

static void test_of_a_files_history_only_new_days_are_taken(void **state)
{
    struct past past = {0};
    const struct feed_context context = {.seen = past_seen, .arg = &past};
    struct files f;

    (void)state;
    files_init(&f);
    write_history(&f);
    files_zip(&f, "equity/usa/minute/goog/20151222_trade.zip", "20151222_goog_minute_trade.csv",
              "34200000,10000,10000,10000,10000,2\n", NULL);
    write_day(&f);
    struct feed *feed =
        feeds_open(f.dir, "lean:%s,underlying=GOOG,date=2015-12-22,options=no,history=2", &context);
    assert_int_equal(import(&past, feed), 3); /* 18th, 21st; the minute */
    feed = feeds_open(f.dir, "lean:%s,underlying=GOOG,date=2015-12-24,options=no,history=4", &context);
    assert_true(feeds_remarked(feed, "2 sessions of the history are in the journal already (entry 17)"));
    assert_int_equal(import(&past, feed), 3); /* 22nd, 23rd; the minute */
    assert_string_equal(past.rows[2].seen.path, "equity/usa/daily/goog.zip#2015-12-22..2015-12-23");
    /* a day asked for by its date is not history */
    feeds_refused(f.dir, "lean:%s,underlying=GOOG,resolution=daily,from=2015-12-23,to=2015-12-24", &context,
                  ERR_EXISTS, "2015-12-23 was imported already (entry 19)");
    feed =
        feeds_open(f.dir, "lean:%s,underlying=GOOG,resolution=daily,from=2015-12-24,to=2015-12-24", &context);
    assert_int_equal(import(&past, feed), 1);
    files_release(&f);
}

static void test_an_hour_of_a_day_is_not_imported_twice(void **state)
{
    const char *const spec = "lean:%s,underlying=GOOG,date=2015-12-24,resolution=hour,options=no,history=0";
    struct past past = {0};
    const struct feed_context context = {.seen = past_seen, .arg = &past};
    struct files f;

    (void)state;
    files_init(&f);
    files_zip(&f, "equity/usa/hour/goog.zip", "goog.csv",
              "20151223 10:00,10000,10000,10000,10000,1\n20151224 10:00,10000,10000,10000,10000,1\n", NULL);
    assert_int_equal(import(&past, feeds_open(f.dir, spec, &context)), 1);
    feeds_refused(f.dir, spec, &context, ERR_EXISTS, "2015-12-24 was imported already (entry 17)");
    struct feed *const other = feeds_open(
        f.dir, "lean:%s,underlying=GOOG,date=2015-12-23,resolution=hour,options=no,history=0", &context);
    assert_int_equal(import(&past, other), 1);
    files_release(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_history_is_the_sessions_before_at_their_closes),
        cmocka_unit_test(test_a_range_is_bars_alone_and_names_its_gaps),
        cmocka_unit_test(test_a_bar_of_a_day_without_session_is_a_finding),
        cmocka_unit_test(test_history_that_is_not_there),
        cmocka_unit_test(test_each_day_is_read_under_its_own_ticker),
        cmocka_unit_test(test_a_day_under_another_ticker_is_refused),
        cmocka_unit_test(test_a_split_inside_the_window_is_told),
        cmocka_unit_test(test_a_split_between_history_and_day_is_told_at_the_open),
        cmocka_unit_test(test_a_file_of_one_day_is_not_imported_twice),
        cmocka_unit_test(test_of_a_files_history_only_new_days_are_taken),
        cmocka_unit_test(test_an_hour_of_a_day_is_not_imported_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
