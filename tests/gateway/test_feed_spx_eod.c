/* The feed `spx-eod` over files made here and over the real ones. */
#include "support/feeds.h"

#define COLUMNS         "#root,expiry,right,strike,bid,ask,last,volume,open_interest,implied_vol,delta,gamma\n"
#define HEAD(day, last) "#underlying=SPX,quote_date=" day ",underlying_last=" last "\n" COLUMNS

static void test_two_sessions_and_a_holiday_word_for_word(void **state)
{
    static const char *const lines[] = {
        "clock open of 2019-05-24 at 2019-05-24 09:30:00",
        "source spx-eod 20190524.csv.gz: 4 rows, 2 entries, 2 findings",
        "mark SPX 2826.06 last at 2019-05-24 15:59:00",
        "quote SPX   190621P02600000 -x0/0.05x10 at 2019-05-24 15:59:00",
        "zero_bid SPX   190621P02600000 at 2019-05-24 15:59:00",
        "empty SPX   190621P02605000 at 2019-05-24 15:59:00",
        "crossed SPX   190621P02610000 at 2019-05-24 15:59:00",
        "quote SPXW  190531C02770000 174.5x10/178.7x10 at 2019-05-24 15:59:00",
        "clock tick of 2019-05-24 at 2019-05-24 15:59:00",
        "clock close of 2019-05-24 at 2019-05-24 16:00:00",
        "source spx-eod 20190527.csv.gz: 0 rows, 0 entries, 0 findings",
        "late SPX at 2019-05-27 15:59:00",
        "clock open of 2019-05-29 at 2019-05-29 09:30:00",
        "source spx-eod 20190529.csv.gz: 1 rows, 1 entries, 0 findings",
        "mark SPX 2780 last at 2019-05-29 15:59:00",
        "quote SPXW  190531C02770000 20x10/21x10 at 2019-05-29 15:59:00",
        "clock tick of 2019-05-29 at 2019-05-29 15:59:00",
        "clock close of 2019-05-29 at 2019-05-29 16:00:00",
        NULL,
    };
    struct files f;

    (void)state;
    files_init(&f);
    files_gzip(
        &f, "20190524.csv.gz",
        HEAD("20190524", "2826.06") "SPXW,20190531,C,2770,174.5,178.7,175.99,1,49,1.4733,0.9913,0.0003\n"
                                    "SPX,20190621,P,2600,0,0.05,0,0,12,0,0,0\n"
                                    "SPX,20190621,P,2605,0,0,0,0,12,0,0,0\n"
                                    "SPX,20190621,P,2610,1.5,1.4,0,0,12,0,0,0");
    files_gzip(
        &f, "20190527.csv.gz",
        HEAD("20190527", "2826.06") "SPXW,20190531,C,2770,174.5,178.7,175.99,1,49,1.4733,0.9913,0.0003\n");
    files_gzip(&f, "20190529.csv.gz", HEAD("20190529", "2780") "SPXW,20190531,C,2770,20,21,0,1,49,1,1,0\n");
    files_text(&f, "notes.txt", "not a chain");
    struct feed *const feed = feeds_open(f.dir, "spx-eod:%s", NULL);
    assert_string_equal(feed_actor(feed), "feed:spx-eod");
    assert_string_equal(feed_name(feed), "spx-eod SPX 2019-05-24..2019-05-29");
    assert_true(feeds_remarked(
        feed, "2019-05-27 is no session (Memorial Day): the file repeats 2019-05-24; skipped, 1 "
              "rows"));
    assert_true(feeds_remarked(feed, "1 sessions from 2019-05-24 to 2019-05-29 have no file: 2019-05-28"));
    assert_true(feeds_remarked(feed, "10 contracts are assumed on each side"));
    assert_int_equal(feed_counts(feed)->skipped, 1);
    feeds_told(feed, lines);
    files_release(&f);
}

static void test_keys(void **state)
{
    static const char *const lines[] = {
        "clock open of 2019-07-03 at 2019-07-03 09:30:00",
        "source spx-eod 20190703.csv.gz: 1 rows, 1 entries, 0 findings",
        "mark SPX 2995.82 last at 2019-07-03 12:59:00", /* a half day */
        "open_interest SPXW  190705P02900000 49 at 2019-07-03 12:59:00",
        "quote SPXW  190705P02900000 1x3/2x3 at 2019-07-03 12:59:00",
        "clock tick of 2019-07-03 at 2019-07-03 12:59:00",
        "clock close of 2019-07-03 at 2019-07-03 13:00:00",
        NULL,
    };
    struct files f;

    (void)state;
    files_init(&f);
    files_gzip(&f, "20190702.csv.gz", HEAD("20190702", "2973") "");
    files_gzip(&f, "20190703.csv.gz", HEAD("20190703", "2995.82") "SPXW,20190705,P,2900,1,2,0,1,49,1,1,0\n");
    files_gzip(&f, "20190705.csv.gz", HEAD("20190705", "2990") "");
    feeds_told(
        feeds_open(f.dir, "spx-eod:%s,from=2019-07-03,to=2019-07-04,openinterest=1,size_assumed=3", NULL),
        lines);
    feeds_refused(f.dir, "spx-eod:%s,from=2019-07-06", NULL, ERR_NOT_FOUND,
                  "has 3 files YYYYMMDD.csv.gz, of 2019-07-02 to 2019-07-05: none of the days asked for");
    feeds_refused(f.dir, "spx-eod:%s,size_assumed=0", NULL, ERR_INPUT,
                  "size_assumed=0 is no whole number from 1");
    feeds_refused(f.dir, "spx-eod:%s,openinterest=2", NULL, ERR_INPUT, "from 0 to 1");
    feeds_refused(f.dir, "spx-eod:%s,underlying=SPX", NULL, ERR_INPUT,
                  "the keys are: from, to, openinterest, size_assumed");
    feeds_refused(f.dir, "spx-eod:%s/nowhere", NULL, ERR_NOT_FOUND, "No such file");
    files_release(&f);
}

static void test_files_that_are_refused(void **state)
{
    static const struct {
        const char *text;
        const char *words;
    } rows[] = {
        {"", "20190503.csv.gz: it is empty"},
        {"root,expiry\n", "20190503.csv.gz, line 1: no \"#underlying="},
        {HEAD("20190502", "2946.52"), "line 1: quote_date is 2019-05-02"},
        {"#underlying=SPX,quote_date=20190503,underlying_last=2946.52\n",
         "line 2: the columns are not #root"},
        {"#underlying=SPX,quote_date=20190503,underlying_last=2946.52\n#root,expiry\n",
         "line 2: the columns"},
        {HEAD("20190503", "2946.52") "a\nSPXW,20190503,C,2770,1,2,0,1,49,1,1,0\nb\n",
         "20190503.csv.gz: 2 of 3 rows cannot be read; the first: line 3 of 20190503.csv.gz: 1 columns"},
    };
    struct files f;
    size_t size = 0;

    (void)state;
    files_init(&f);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        files_gzip(&f, "20190503.csv.gz", rows[i].text);
        feeds_refused(f.dir, "spx-eod:%s", NULL, ERR_INPUT, rows[i].words);
    }
    files_text(&f, "20190503.csv.gz", HEAD("20190503", "2946.52")); /* not packed */
    feeds_refused(f.dir, "spx-eod:%s", NULL, ERR_INPUT, "the file is damaged");
    files_gzip(&f, "20190503.csv.gz", HEAD("20190503", "2946.52") "SPXW,20190503,C,2770,1,2,0,1,49,1,1,0\n");
    char *const bytes = files_read(&f, "20190503.csv.gz", &size);
    for (size_t cut = 1; cut <= size; cut++) { /* wherever it ends too early */
        files_write(&f, "20190503.csv.gz", bytes, size - cut);
        feeds_refused(f.dir, "spx-eod:%s", NULL, ERR_INPUT, "the file is damaged");
    }
    bytes[size] = 'x';
    files_write(&f, "20190503.csv.gz", bytes, size + 1);
    feeds_refused(f.dir, "spx-eod:%s", NULL, ERR_INPUT, "there is more after the end");
    bytes[size - 5] ^= 1; /* the checksum */
    files_write(&f, "20190503.csv.gz", bytes, size);
    feeds_refused(f.dir, "spx-eod:%s", NULL, ERR_INPUT, "incorrect data check");
    free(bytes);
    files_release(&f);
}

static void test_a_malformed_row_is_one_finding(void **state)
{
    static const char *const lines[] = {
        "clock open of 2019-05-03 at 2019-05-03 09:30:00",
        "source spx-eod 20190503.csv.gz: 4 rows, 2 entries, 2 findings",
        "mark SPX 2946.52 last at 2019-05-03 15:59:00",
        "malformed SPX at 2019-05-03 15:59:00", /* no contract to name */
        "quote SPXW  190503C02770000 1x10/2x10 at 2019-05-03 15:59:00",
        "malformed SPXW  190503C02775000 at 2019-05-03 15:59:00",
        "quote SPXW  190503C02780000 1x10/2x10 at 2019-05-03 15:59:00",
        "clock tick of 2019-05-03 at 2019-05-03 15:59:00",
        "clock close of 2019-05-03 at 2019-05-03 16:00:00",
        NULL,
    };
    struct files f;

    (void)state;
    files_init(&f);
    files_gzip(
        &f, "20190503.csv.gz",
        HEAD("20190503",
             "2946.52") "SPXW,20190503,C,2780,1,2,0,1,49,1,1,0\nSPXW,20190503,C,2775,1,x,0,1,49,1,1,0\n"
                        "\xff\x01\nSPXW,20190503,C,2770,1,2,0,1,49,1,1,0\n");
    feeds_told(feeds_open(f.dir, "spx-eod:%s", NULL), lines);
    files_release(&f);
}

static enum err_code always_seen(void *arg, const struct digest32 *sha256, uint64_t after,
                                 struct feed_seen *seen, bool *found, struct err *err)
{
    (void)arg;
    (void)sha256;
    (void)err;
    *found = after < 4711;
    *seen = (struct feed_seen){.seq = 4711, .path = "20190503.csv.gz"};
    return ERR_OK;
}

static void test_a_file_is_not_imported_twice(void **state)
{
    const struct feed_context context = {.seen = always_seen};
    struct files f;

    (void)state;
    files_init(&f);
    files_gzip(&f, "20190503.csv.gz", HEAD("20190503", "2946.52") "");
    feeds_refused(f.dir, "spx-eod:%s", &context, ERR_EXISTS,
                  "20190503.csv.gz was imported already (entry 4711)");
    files_release(&f);
}

static void test_the_real_chains_of_2019(void **state)
{
    const char *const dir = feeds_real("data/other/spx_eod_2019");
    struct feed *f = feeds_open(dir, "spx-eod:%s,openinterest=1", NULL);
    const struct feeds_sum sum = feeds_play(f);
    const struct feed_counts *const c = feed_counts(f);

    (void)state;
    assert_int_equal(c->rows + c->skipped, 253773); /* all that the README counts */
    assert_int_equal(c->skipped, 4980 + 5186);      /* the two holidays */
    assert_int_equal(c->rows, c->entries + c->instead[FINDING_EMPTY]);
    assert_int_equal(c->instead[FINDING_CROSSED] + c->instead[FINDING_MALFORMED], 0);
    assert_int_equal(sum.quotes, c->entries);
    assert_int_equal(sum.open_interest, c->rows);
    assert_int_equal(sum.sources, 48);
    assert_int_equal(sum.marks, 46);
    assert_int_equal(sum.clocks, 46 * 3);
    assert_int_equal(sum.findings[FINDING_LATE], 2);
    assert_true(feeds_remarked(f, "2019-05-27 is no session (Memorial Day): the file repeats 2019-05-24"));
    assert_true(
        feeds_remarked(f, "2019-07-04 is no session (Independence Day): the file repeats 2019-07-03"));
    assert_true(feeds_remarked(f, "5 sessions from 2019-04-25 to 2019-07-08 have no file: 2019-05-10, "
                                  "2019-05-17, 2019-06-14, 2019-06-17, "
                                  "2019-06-18"));
    feed_close(f);
    f = feeds_open(dir, "spx-eod:%s,openinterest=1", NULL);
    assert_int_equal(feeds_play(f).digest, sum.digest); /* twice the same */
    feed_close(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_sessions_and_a_holiday_word_for_word),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_files_that_are_refused),
        cmocka_unit_test(test_a_malformed_row_is_one_finding),
        cmocka_unit_test(test_a_file_is_not_imported_twice),
        cmocka_unit_test(test_the_real_chains_of_2019),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
