/* Each allocation of opening and playing a feed fails once: an error, nothing lost, nothing handed out half. */
#include "support/failing.h"
#include "support/feeds.h"

static void write_lean(const struct files *f)
{
    files_text(f, "equity/usa/map_files/goog.csv", "20040819,goog,Q\n20501231,goog,Q\n");
    files_text(f, "equity/usa/factor_files/goog.csv", "20151222,1,0.5,1\n20501231,1,1,0\n");
    files_zip(f, "equity/usa/daily/goog.zip", "goog.csv",
              "20151222 00:00,10000,10000,10000,10000,22\n20151223 00:00,10000,10000,10000,10000,23\n", NULL);
    files_zip(f, "equity/usa/minute/goog/20151224_trade.zip", "20151224_goog_minute_trade.csv",
              "34200000,10000,10000,10000,10000,1\nx\n", NULL);
    files_zip(f, "option/usa/minute/goog/20151224_quote_american.zip",
              "20151224_goog_minute_quote_american_put_7500000_20151231.csv",
              "34200000,1,1,1,1,1,2,2,2,2,2\n", NULL);
}

/* Opens and plays to the end; ERR_OK only when all went well. */
static enum err_code run(const char *spec, int64_t *drafts)
{
    static struct entry e;
    struct feed *f = NULL;
    struct err err = {0};
    bool found = true;
    enum err_code rc = feed_open(spec, NULL, &f, &err);

    *drafts = 0;
    while (!rc && found) {
        rc = feed_next(f, &e, &found, &err);
        *drafts += !rc && found;
    }
    assert_int_equal(rc, err.code);
    assert_true(rc == ERR_OK || err.text[0] != '\0');
    feed_close(f);
    return rc;
}

static void fail_each(const char *spec, int at_least)
{
    int64_t all = 0;
    int64_t drafts = 0;
    int n = 0;

    assert_int_equal(run(spec, &all), ERR_OK);
    for (;; n++) {
        failing_at(n);
        const enum err_code rc = run(spec, &drafts);
        if (!failing_happened())
            break;
        assert_int_equal(rc, ERR_MEMORY);
        assert_true(drafts <= all);
    }
    assert_int_equal(drafts, all);
    assert_true(n >= at_least);
}

static void test_lean(void **state)
{
    struct files f;
    char spec[600];

    (void)state;
    files_init(&f);
    write_lean(&f);
    snprintf(spec, sizeof spec, "lean:%s,underlying=GOOG,date=2015-12-24,history=2", f.dir);
    fail_each(spec, 20);
    files_release(&f);
}

static void test_spx_eod(void **state)
{
    struct files f;
    char spec[600];

    (void)state;
    files_init(&f);
    files_gzip(&f, "20190503.csv.gz",
               "#underlying=SPX,quote_date=20190503,underlying_last=2946.52\n"
               "#root,expiry,right,strike,bid,ask,last,volume,open_interest,implied_vol,delta,gamma\n"
               "SPXW,20190503,C,2770,1,2,0,1,49,1,1,0\n");
    snprintf(spec, sizeof spec, "spx-eod:%s", f.dir);
    fail_each(spec, 10);
    files_release(&f);
}

static void test_synthetic(void **state)
{
    (void)state;
    fail_each("synthetic:days=2,minutes=390,history=3", 10);
}

static void test_merge_closes_what_it_was_given(void **state)
{
    struct err err;

    (void)state;
    for (int n = 0;; n++) {
        struct feed *feeds[2] = {feeds_open("", "synthetic:%sseed=1,minutes=390", NULL),
                                 feeds_open("", "synthetic:%sseed=2,minutes=390", NULL)};
        struct feed *merged = NULL;
        failing_at(n);
        const enum err_code rc = feed_merge(feeds, 2, &merged, &err);
        const bool failed = failing_happened();
        assert_int_equal(rc, failed ? ERR_MEMORY : ERR_OK);
        feed_close(merged);
        if (!failed)
            break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lean),
        cmocka_unit_test(test_spx_eod),
        cmocka_unit_test(test_synthetic),
        cmocka_unit_test(test_merge_closes_what_it_was_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
