/* The feed `lean` over small folders made here: what it yields, word for word, and what it refuses. */
#include "support/feeds.h"

/* One contract with a quote on both sides, one without a bid, one without anything; and the underlying. */
#define DAY                   "20151224" /* Thursday, Christmas Eve: 09:30 to 13:00 */
#define OPTION(kind)          "option/usa/minute/goog/" DAY "_" kind "_american.zip"
#define ENTRY(kind, contract) DAY "_goog_minute_" kind "_american_" contract ".csv"
#define PUT                   "put_7500000_20151231"
#define CALL                  "call_7500000_20151231"

#define TRADES                "equity/usa/minute/goog/" DAY "_trade.zip"

static void write_trades(const struct files *f)
{
    files_zip(f, TRADES, DAY "_goog_minute_trade.csv",
              "34140000,7500000,7500000,7500000,7500000,10\n"    /* before the session: 09:29 to 09:30 */
              "34200000,7495500,7499900,7485400,7485400,11492\n" /* 09:30 */
              "46800000,7490000,7490000,7490000,7490000,5",      /* after it; the last line has no end */
              NULL);
}

static void write_quotes(const struct files *f)
{
    files_zip(f, OPTION("quote"), /* names in no order: puts come after calls on the tape */
              ENTRY("quote", PUT),
              "34200000,51000,51000,51000,51000,5,54000,54800,53600,54800,15\n"
              "34260000,,,,,0,54000,54800,53600,54800,15\n"
              "46800000,51000,51000,51000,51000,5,54000,54000,54000,54000,1\n",
              ENTRY("quote", CALL), "34200000,,,,,0,,,,,0\n34260000,6,6,6,6,1,5,5,5,5,1\n", NULL);
}

static void write_day(const struct files *f)
{
    write_trades(f);
    write_quotes(f);
}

/* Nothing but the moments in which something happens is of interest here. */
static void skip_ticks(struct feed *f, const char *const *lines)
{
    static struct entry e;
    size_t i = 0;

    for (;;) {
        char line[600];
        bool found = false;
        struct err err;
        if (feed_next(f, &e, &found, &err))
            fail_msg("%s", err.text);
        if (!found)
            break;
        if (e.kind == ENTRY_PERCEPTION_CLOCK && e.as.perception_clock.phase == PHASE_TICK)
            continue;
        feeds_line(&e, line);
        if (!lines[i] || strcmp(lines[i], line) != 0)
            fail_msg("line %zu:\n  got   %s\n  wants %s", i + 1, line, lines[i] ? lines[i] : "the end");
        i++;
    }
    if (lines[i])
        fail_msg("the end, and not %s", lines[i]);
}

static void test_a_day_word_for_word(void **state)
{
    static const char *const lines[] = {
        "source lean option/usa/minute/goog/20151224_openinterest_american.zip: 1 rows, 1 entries, 0 "
        "findings",
        "open_interest GOOG  151231P00750000 102 at 2015-12-24 06:32:00",
        "source lean equity/usa/minute/goog/20151224_trade.zip: 3 rows, 3 entries, 0 findings",
        "bar GOOG 750 750 750 750 10 of 60 s at 2015-12-24 09:30:00",
        "clock open of 2015-12-24 at 2015-12-24 09:30:00",
        "bar GOOG 749.55 749.99 748.54 748.54 11492 of 60 s at 2015-12-24 09:31:00", /* a row is told at its end */
        "source lean option/usa/minute/goog/20151224_quote_american.zip: 5 rows, 3 entries, 2 findings",
        "empty GOOG  151231C00750000 at 2015-12-24 09:31:00",
        "quote GOOG  151231P00750000 5.1x5/5.48x15 at 2015-12-24 09:31:00",
        "crossed GOOG  151231C00750000 at 2015-12-24 09:32:00",
        "quote GOOG  151231P00750000 -x0/5.48x15 at 2015-12-24 09:32:00",
        "zero_bid GOOG  151231P00750000 at 2015-12-24 09:32:00",
        "clock close of 2015-12-24 at 2015-12-24 13:00:00", /* a half day */
        "bar GOOG 749 749 749 749 5 of 60 s at 2015-12-24 13:01:00",
        "quote GOOG  151231P00750000 5.1x5/5.4x1 at 2015-12-24 13:01:00",
        "late GOOG  151231P00750000 at 2015-12-24 13:01:00",
        NULL,
    };
    struct files f;
    char counts[600];

    (void)state;
    files_init(&f);
    write_day(&f);
    files_zip(&f, OPTION("openinterest"), ENTRY("openinterest", PUT), "23460000,102\n", NULL);
    struct feed *const feed = feeds_open(f.dir, "lean:%s,underlying=GOOG,date=2015-12-24", NULL);
    assert_string_equal(feed_name(feed), "lean GOOG 2015-12-24 minute");
    assert_string_equal(feed_actor(feed), "feed:lean");
    skip_ticks(feed, lines);
    const struct feed_counts *const c = feed_counts(feed);
    assert_int_equal(c->rows, 9);
    assert_int_equal(c->entries, 7);
    assert_int_equal(c->instead[FINDING_EMPTY], 1);
    assert_int_equal(c->instead[FINDING_CROSSED], 1);
    assert_int_equal(c->beside[FINDING_ZERO_BID], 1);
    assert_int_equal(c->beside[FINDING_LATE], 1);
    assert_int_equal(c->late_rows, 1);
    assert_int_equal(c->clocks, 211); /* open, 209 ticks, close */
    feed_counts_text(feed, counts, sizeof counts);
    assert_string_equal(
        counts, "9 rows of 3 files: 7 entries and 2 findings instead (1 crossed, 1 empty); 2 findings "
                "beside (1 zero_bid, 1 late); 1 rows from after the session's end; 211 clock entries");
    assert_true(feeds_remarked(feed, "equity/usa/minute/goog/20151224_quote.zip is not there"));
    assert_true(feeds_remarked(feed, OPTION("trade") " is not there"));
    assert_true(feeds_remarked(feed, "no daily bars of GOOG before the day"));
    feed_close(feed);
    files_release(&f);
}

static void test_the_clock_by_the_hour_and_by_the_day(void **state)
{
    static const char *const hours[] = {
        "clock open of 2015-12-24 at 2015-12-24 09:30:00",
        "source lean option/usa/hour/goog_2015_quote_american.zip#2015-12-24..2015-12-24: 1 rows, 1 entries, "
        "0 findings",
        "quote GOOG  151231P00750000 5.1x1/5.4x1 at 2015-12-24 10:00:00",
        "clock tick of 2015-12-24 at 2015-12-24 10:00:00",
        "clock tick of 2015-12-24 at 2015-12-24 11:00:00",
        "clock tick of 2015-12-24 at 2015-12-24 12:00:00",
        "clock close of 2015-12-24 at 2015-12-24 13:00:00",
        "source lean equity/usa/hour/goog.zip#2015-12-24..2015-12-24: 1 rows, 1 entries, 0 findings",
        "bar GOOG 749 749 749 749 5 of 3600 s at 2015-12-24 14:00:00",
        NULL,
    };
    static const char *const daily[] = {
        "clock open of 2015-12-24 at 2015-12-24 09:30:00",
        "source lean equity/usa/daily/goog.zip#2015-12-24..2015-12-24: 1 rows, 1 entries, 0 findings",
        "bar GOOG 748 749 747 748.4 9 of 86400 s at 2015-12-24 13:00:00",
        "source lean option/usa/daily/goog_2015_quote_american.zip#2015-12-24..2015-12-24: 1 rows, 1 "
        "entries, 0 "
        "findings",
        "quote GOOG  151231P00750000 5.1x1/5.4x1 at 2015-12-24 13:00:00",
        "clock close of 2015-12-24 at 2015-12-24 13:00:00",
        NULL,
    };
    struct files f;

    (void)state;
    files_init(&f);
    files_zip(&f, "equity/usa/hour/goog.zip", "goog.csv",
              "20151224 13:00,7490000,7490000,7490000,7490000,5\n", NULL);
    files_zip(&f, "equity/usa/daily/goog.zip", "goog.csv",
              "20151224 00:00,7480000,7490000,7470000,7484000,9\n", NULL);
    files_zip(&f, "option/usa/hour/goog_2015_quote_american.zip", "goog_quote_american_" PUT ".csv",
              "20151223 09:00,1,1,1,1,1,2,2,2,2,2\n20151224 "
              "09:00,51000,51000,51000,51000,1,54000,54000,54000,54000,1\n",
              NULL);
    files_zip(&f, "option/usa/daily/goog_2015_quote_american.zip", "goog_quote_american_" PUT ".csv",
              "20151224 00:00,51000,51000,51000,51000,1,54000,54000,54000,54000,1\n", NULL);
    struct feed *feed =
        feeds_open(f.dir, "lean:%s,underlying=GOOG,date=2015-12-24,resolution=hour,history=0", NULL);
    assert_int_equal(feed_counts(feed)->skipped, 1); /* the day before */
    feeds_told(feed, hours);
    feed = feeds_open(f.dir, "lean:%s,underlying=GOOG,date=2015-12-24,resolution=daily,history=0", NULL);
    feeds_told(feed, daily);
    files_release(&f);
}

static void test_index_options_in_new_york_and_the_index_in_chicago(void **state)
{
    static const char *const lines[] = {
        "clock open of 2021-01-04 at 2021-01-04 09:30:00",
        "source lean index/usa/minute/spx/20210104_trade.zip: 1 rows, 1 entries, 0 findings",
        "bar SPX 3764.61 3769.99 3764.61 3766.63 59 of 60 s at 2021-01-04 09:31:00",
        "source lean indexoption/usa/minute/spx/20210104_quote_european.zip: 1 rows, 1 entries, 0 findings",
        "quote SPX   210115P04200000 376.6x1/378x2 at 2021-01-04 09:31:00",
        "source lean indexoption/usa/minute/spxw/20210104_quote_european.zip.zip: 3 rows, 3 entries, 0 "
        "findings",
        "quote SPXW  210106C03700000 37.6x1/38x2 at 2021-01-04 09:31:00",
        "clock close of 2021-01-04 at 2021-01-04 16:00:00",
        "quote SPXW  210106C03700000 37.6x1/38x2 at 2021-01-04 16:15:00", /* these trade a quarter of an hour longer */
        "quote SPXW  210106C03700000 37.6x1/38x2 at 2021-01-04 16:16:00",
        "late SPXW  210106C03700000 at 2021-01-04 16:16:00",
        NULL,
    };
    struct files f;

    (void)state;
    files_init(&f);
    files_zip(&f, "index/usa/minute/spx/20210104_trade.zip", "20210104_spx_minute_trade.csv",
              "30600000,3764.61,3769.99,3764.61,3766.63,59\n", NULL);
    files_zip(&f, "indexoption/usa/minute/spx/20210104_quote_european.zip",
              "20210104_spx_minute_quote_european_put_42000000_20210115.csv",
              "34200000,3766000,3766000,3766000,3766000,1,3780000,3780000,3780000,3780000,2\n", NULL);
    files_zip(
        &f,
        "indexoption/usa/minute/spxw/20210104_quote_european.zip.zip", /* the ending that two files have */
        "20210104_spxw_minute_quote_european_call_37000000_20210106.csv",
        "34200000,376000,376000,376000,376000,1,380000,380000,380000,380000,2\n"
        "58440000,376000,376000,376000,376000,1,380000,380000,380000,380000,2\n"
        "58500000,376000,376000,376000,376000,1,380000,380000,380000,380000,2\n",
        NULL);
    struct feed *const feed = feeds_open(f.dir, "lean:%s,underlying=SPX,date=2021-01-04,history=0", NULL);
    skip_ticks(feed, lines);
    feed_close(feed);
    files_release(&f);
}

static void test_a_row_that_cannot_be_read_is_one_finding(void **state)
{
    struct files f;
    static struct entry e;
    struct err err;
    bool found = true;
    bool met = false;

    (void)state;
    files_init(&f);
    write_trades(&f);
    files_zip(&f, OPTION("quote"), ENTRY("quote", PUT),
              "34200000,51000,51000,51000,51000,5,54000,54800,53600,54800,15\n"
              "34260000,51000,51000,51000,51000,5,54000,54800,53600\n"
              "34320000,51000,51000,51000,51000,5,54000,54800,53600,54800,15\n",
              NULL);
    struct feed *const feed = feeds_open(f.dir, "lean:%s,underlying=GOOG,date=2015-12-24", NULL);
    assert_int_equal(feed_counts(feed)->instead[FINDING_MALFORMED], 1);
    assert_int_equal(feed_counts(feed)->rows, 6);
    while (found) {
        assert_int_equal(feed_next(feed, &e, &found, &err), ERR_OK);
        if (!found || e.kind != ENTRY_PERCEPTION_DATA_QUALITY)
            continue;
        const struct entry_perception_data_quality *const q = &e.as.perception_data_quality;
        assert_int_equal(q->finding, FINDING_MALFORMED);
        assert_string_equal(q->symbol.text, "GOOG  151231P00750000");
        const char wants[] =
            "line 2 of " ENTRY("quote", PUT) " in " OPTION("quote") ": 9 fields; there should be 11";
        assert_true(q->text.length > sizeof wants - 1);
        assert_memory_equal(q->text.bytes, wants, sizeof wants - 1);
        met = true;
    }
    assert_true(met);
    feed_close(feed);
    files_release(&f);
}

static void test_a_malformed_stamp_stands_at_the_row_before(void **state)
{
    static const char *const lines[] = {
        "source lean equity/usa/minute/goog/20151224_trade.zip: 3 rows, 2 entries, 1 findings",
        "bar GOOG 1 1 1 1 1 of 60 s at 2015-12-24 09:31:00",
        "malformed GOOG at 2015-12-24 09:31:00",
        "bar GOOG 1 1 1 1 1 of 60 s at 2015-12-24 09:32:00",
        NULL,
    };
    struct files f;

    (void)state;
    files_init(&f);
    files_zip(&f, TRADES, DAY "_goog_minute_trade.csv",
              "34200000,10000,10000,10000,10000,1\nnine,10000,10000,10000,10000,1\n34260000,10000,10000,"
              "10000,10000,1\n",
              NULL);
    feeds_told(feeds_open(f.dir, "lean:%s,underlying=GOOG,date=2015-12-24,options=no,clock=no", NULL), lines);
    files_release(&f);
}

static void test_a_file_of_mostly_malformed_rows_is_refused(void **state)
{
    const char *const spec = "lean:%s,underlying=GOOG,date=2015-12-24";
    struct files f;

    (void)state;
    files_init(&f);
    write_trades(&f);
    files_zip(&f, OPTION("quote"), ENTRY("quote", PUT),
              "34200000,1,1,1,1,5,2,2,2,2,2\nx\n34260000,1,1,1,1,5,2,2,2,2,2\ny\n", NULL);
    feed_close(feeds_open(f.dir, spec, NULL)); /* as many good ones */
    files_zip(&f, OPTION("quote"), ENTRY("quote", PUT),
              "34200000,1,1,1,1,5,2,2,2,2,2\nx\n34260000,1,1,1,1,5,2,2,2,2,2\ny\nz\n", NULL);
    feeds_refused(f.dir, spec, NULL, ERR_INPUT,
                  OPTION("quote") ": 3 of 5 rows cannot be read; the first: line 2 of " ENTRY("quote", PUT));
    files_release(&f);
}

static void test_damaged_zips_are_refused(void **state)
{
    const char *const spec = "lean:%s,underlying=GOOG,date=2015-12-24";
    struct files f;
    size_t size = 0;

    (void)state;
    files_init(&f);
    write_trades(&f);
    files_zip(&f, OPTION("quote"), "20151224_goog_minute_quote_american_put_7500000_20151231.txt",
              "34200000\n", NULL);
    feeds_refused(f.dir, spec, NULL, ERR_INPUT, "the entry's name");
    files_zip(&f, OPTION("quote"), DAY "_twx_minute_quote_american_" PUT ".csv", "", NULL);
    feeds_refused(f.dir, spec, NULL, ERR_INPUT, "does not belong into this file");
    files_zip(&f, OPTION("quote"), DAY "_goog_minute_trade_american_" PUT ".csv", "", NULL);
    feeds_refused(f.dir, spec, NULL, ERR_INPUT, "does not belong into this file");
    files_zip(&f, OPTION("quote"), "20151223_goog_minute_quote_american_" PUT ".csv", "", NULL);
    feeds_refused(f.dir, spec, NULL, ERR_INPUT, "is not of 2015-12-24");
    files_zip(&f, OPTION("quote"), DAY "_goog_minute_quote_american_put_7500001_20151231.csv", "", NULL);
    feeds_refused(f.dir, spec, NULL, ERR_INPUT, "strike");
    files_text(&f, OPTION("quote"), "");
    feeds_refused(f.dir, spec, NULL, ERR_INPUT, "no whole zip archive");
    write_quotes(&f);
    char *const bytes = files_read(&f, OPTION("quote"), &size);
    for (size_t cut = 1; cut < size; cut += 7) { /* wherever it ends too early */
        files_write(&f, OPTION("quote"), bytes, size - cut);
        feeds_refused(f.dir, spec, NULL, ERR_INPUT, OPTION("quote") ": ");
    }
    free(bytes);
    files_zip(&f, TRADES, "a.csv", "", "b.csv", "", NULL);
    feeds_refused(f.dir, spec, NULL, ERR_INPUT, TRADES ": 2 entries; there should be one");
    files_release(&f);
}

static void test_a_flipped_bit_is_met_or_changes_a_row(void **state)
{
    struct files f;
    struct err err;
    size_t size = 0;
    unsigned refused = 0;
    char spec[600];

    (void)state;
    files_init(&f);
    write_day(&f);
    snprintf(spec, sizeof spec, "lean:%s,underlying=GOOG,date=2015-12-24,history=0,options=no", f.dir);
    char *const bytes = files_read(&f, TRADES, &size);
    for (size_t i = 0; i < size * 8; i++) {
        struct feed *feed = NULL;
        bytes[i / 8] = (char)(bytes[i / 8] ^ 1 << i % 8);
        files_write(&f, TRADES, bytes, size);
        if (feed_open(spec, NULL, &feed, &err) == ERR_OK) {
            assert_int_equal(feed_counts(feed)->rows, 3); /* a name, a date of the archive: no data */
            assert_int_equal(feed_counts(feed)->entries, 3);
            feed_close(feed);
        } else {
            assert_true(err.text[0] != '\0');
            refused++;
        }
        bytes[i / 8] = (char)(bytes[i / 8] ^ 1 << i % 8);
    }
    assert_true(refused > size * 4);
    free(bytes);
    files_release(&f);
}

static void test_what_is_missing_is_named_with_what_is_there(void **state)
{
    struct files f;

    (void)state;
    files_init(&f);
    feeds_refused(f.dir, "lean:%s/nowhere,underlying=GOOG,date=2015-12-24", NULL, ERR_NOT_FOUND,
                  "is no folder");
    feeds_refused(f.dir, "lean:%s,underlying=GOOG,date=2015-12-24", NULL, ERR_NOT_FOUND,
                  "name LEAN's data folder");
    write_day(&f);
    feeds_refused(f.dir, "lean:%s,underlying=GOOG,date=2015-12-23", NULL, ERR_NOT_FOUND,
                  "equity/usa/minute/goog/20151223_trade.zip is not there; the nearest day is 2015-12-24");
    files_zip(&f, "equity/usa/minute/goog/20151221_trade.zip", "a.csv", "", NULL);
    feeds_refused(f.dir, "lean:%s,underlying=GOOG,date=2015-12-23", NULL, ERR_NOT_FOUND,
                  "the nearest days are 2015-12-21 and 2015-12-24; missing=skip");
    feeds_refused(f.dir, "lean:%s,underlying=XYZ,date=2015-12-24", NULL, ERR_NOT_FOUND, "nor is its folder");
    files_remove(&f, OPTION("quote"));
    feeds_refused(f.dir, "lean:%s,underlying=GOOG,date=2015-12-24", NULL, ERR_NOT_FOUND,
                  "and no such file of another day; options=no reads the underlying alone");
    struct feed *const feed = feeds_open(f.dir, "lean:%s,underlying=GOOG,date=2015-12-24,missing=skip", NULL);
    assert_true(feeds_remarked(feed, OPTION("quote") " is not there"));
    feed_close(feed);
    files_remove(&f, TRADES);
    feeds_refused(f.dir, "lean:%s,underlying=GOOG,date=2015-12-24,missing=skip", NULL, ERR_NOT_FOUND,
                  "nothing of lean GOOG 2015-12-24 minute is there");
    files_zip(&f, "option/usa/hour/goog_2015_quote_american.zip", "goog_quote_american_" PUT ".csv",
              "20151221 09:00,1,1,1,1,1,2,2,2,2,2\n20151223 09:00,1,1,1,1,1,2,2,2,2,2\n", NULL);
    write_trades(&f);
    feeds_refused(f.dir, "lean:%s,underlying=GOOG,date=2015-12-24,resolution=hour", NULL, ERR_NOT_FOUND,
                  "holds no row of 2015-12-24; its rows are of 2015-12-21 to 2015-12-23");
    files_release(&f);
}

static void test_specifications_that_are_refused(void **state)
{
    static const struct {
        const char *spec;
        const char *words;
    } rows[] = {
        {"lean:%s", "key \"underlying\" is missing; the keys are: underlying, date"},
        {"lean:%s,underlying=GOOG", "say either date=D, or from=D,to=D"},
        {"lean:%s,underlying=goog,date=2015-12-24", "underlying"},
        {"lean:%s,underlying=GOOG  151231P00750000,date=2015-12-24", "is an option"},
        {"lean:%s,underlying=SPXW,date=2021-01-04", "say underlying=SPX"},
        {"lean:%s,underlying=GOOG,date=2015-12-25", "2015-12-25 is no session (Christmas)"},
        {"lean:%s,underlying=GOOG,date=2015-12-26", "no session (Saturday)"},
        {"lean:%s,underlying=GOOG,date=2015-13-01", "date=2015-13-01"},
        {"lean:%s,underlying=GOOG,date=2015-12-24,resolution=tick", "none of: minute, hour, daily"},
        {"lean:%s,underlying=GOOG,date=2015-12-24,history=2001",
         "history=2001 is no whole number from 0 to 2000"},
        {"lean:%s,underlying=GOOG,date=2015-12-24,history=-1", "history=-1"},
        {"lean:%s,underlying=GOOG,date=2015-12-24,history=1.5", "history=1.5"},
        {"lean:%s,underlying=GOOG,date=2015-12-24,from=2015-12-24", "either date=D"},
        {"lean:%s,underlying=GOOG,from=2015-12-24,resolution=daily", "both are needed"},
        {"lean:%s,underlying=GOOG,from=2015-12-24,to=2015-12-23,resolution=daily", "in order"},
        {"lean:%s,underlying=GOOG,from=2015-12-24,to=2015-12-24", "with resolution=daily"},
        {"lean:%s,underlying=GOOG,from=2015-12-24,to=2015-12-24,resolution=daily,options=yes",
         "without history or"},
        {"lean:%s,underlying=GOOG,date=2015-12-24,when=now",
         "unknown key \"when\"; the keys are: underlying"},
        {"lean:%s,underlying=GOOG,date=2015-12-24,date=2015-12-24", "key \"date\" is given twice"},
        {"lean:%s,underlying=GOOG,date", "\"date\" is no key=value"},
        {"lean:%s,underlying=GOOG,date=", "key \"date\" has no value"},
        {"lean:underlying=GOOG,date=2015-12-24", "no folder: write lean:DIR,key=value"},
        {"lean:", "no folder"},
        {"lean", "no such feed; write NAME:..., where NAME is one of: lean, spx-eod, synthetic, journal"},
        {"", "no such feed"},
        {"csv:%s", "no such feed"},
        {"lean:%s,underlying=NDX,date=2021-03-17", "options on NDX"},
    };
    struct files f;

    (void)state;
    files_init(&f);
    write_day(&f);
    files_zip(&f, "index/usa/minute/ndx/20210317_trade.zip", "ndx.csv", "", NULL);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        feeds_refused(f.dir, rows[i].spec, NULL, ERR_INPUT, rows[i].words);
    files_release(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_day_word_for_word),
        cmocka_unit_test(test_the_clock_by_the_hour_and_by_the_day),
        cmocka_unit_test(test_index_options_in_new_york_and_the_index_in_chicago),
        cmocka_unit_test(test_a_row_that_cannot_be_read_is_one_finding),
        cmocka_unit_test(test_a_malformed_stamp_stands_at_the_row_before),
        cmocka_unit_test(test_a_file_of_mostly_malformed_rows_is_refused),
        cmocka_unit_test(test_damaged_zips_are_refused),
        cmocka_unit_test(test_a_flipped_bit_is_met_or_changes_a_row),
        cmocka_unit_test(test_what_is_missing_is_named_with_what_is_there),
        cmocka_unit_test(test_specifications_that_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
