/*
 * Screening on 2015-12-23 with GOOG at 750: 15 % below is 637.50, 20 % is 600; 7 and 14 days away are
 * 2015-12-30 and 2016-01-06.
 */
#include "strategy/screen.h"
#include "support/desk.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define DAY "2015-12-23"

static int setup(void **state)
{
    struct desk *const d = desk_new(DAY);

    desk_tick(d, PHASE_TICK, "15:00:00");
    *state = d;
    return 0;
}

static int teardown(void **state)
{
    desk_free(*state);
    return 0;
}

static struct screen screen(const struct desk *d)
{
    const struct symbol goog = entries_symbol("GOOG");
    struct screen s;
    struct err err;

    if (screen_chain(&d->ctx, &goog, entries_price("750"), &s, &err))
        fail_msg("%s", err.text);
    return s;
}

static void test_every_criterion_at_its_boundary(void **state)
{
    struct desk *const d = *state;
    static const struct {
        const char *symbol, *bid, *ask;
        enum screen_criterion failed; /* SCREEN_CRITERIA: passes */
    } rows[] = {
        {"GOOG  151231P00620000", "0.40", "0.50", SCREEN_CRITERIA},
        {"GOOG  151231C00620000", "0.40", "0.50", SCREEN_RIGHT},
        {"GOOG  151231C00880000", "0.40", "0.50", SCREEN_RIGHT},
        {"GOOG  151229P00620000", "0.40", "0.50", SCREEN_DAYS}, /* 6 days */
        {"GOOG  151230P00620000", "0.40", "0.50", SCREEN_CRITERIA},
        {"GOOG  160106P00620000", "0.40", "0.50", SCREEN_CRITERIA},
        {"GOOG  160107P00620000", "0.40", "0.50", SCREEN_DAYS},     /* 15 days */
        {"GOOG  151231P00637500", "0.40", "0.50", SCREEN_CRITERIA}, /* 15 % exactly */
        {"GOOG  151231P00637501", "0.40", "0.50", SCREEN_OTM},
        {"GOOG  151231P00600000", "0.40", "0.50", SCREEN_CRITERIA}, /* 20 % exactly */
        {"GOOG  151231P00599999", "0.40", "0.50", SCREEN_OTM},
        {"GOOG  151231P00760000", "0.40", "0.50", SCREEN_OTM}, /* in the money */
        {"GOOG  151231P00620000", NULL, "0.50", SCREEN_QUOTE},
        {"GOOG  151231P00620000", "0", "0.50", SCREEN_QUOTE},
        {"GOOG  151231P00620000", "0.40", "0.39", SCREEN_QUOTE},  /* crossed */
        {"GOOG  151231P00620000", "0.40", NULL, SCREEN_CRITERIA}, /* a seller needs no ask */
        {"GOOG  151231P00620000", "0.30", "0.50", SCREEN_CRITERIA},
        {"GOOG  151231P00620000", "0.299999999", "0.50", SCREEN_PREMIUM},
        {"GOOG  151231P00620000", "0.50", "0.50", SCREEN_CRITERIA},
        {"GOOG  151231P00620000", "0.500000001", "0.60", SCREEN_PREMIUM},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct desk *const one = desk_new(DAY);
        desk_tick(one, PHASE_TICK, "15:00:00");
        desk_tell(one, entries_quote(rows[i].symbol, rows[i].bid, rows[i].ask, 1, 1), "15:00:00");
        const struct screen s = screen(one);
        assert_int_equal(s.seen, 1);
        assert_int_equal(s.passed, rows[i].failed == SCREEN_CRITERIA ? 1 : 0);
        for (enum screen_criterion c = SCREEN_RIGHT; c < SCREEN_CRITERIA; c++)
            assert_int_equal(s.failed[c], c == rows[i].failed ? 1 : 0);
        desk_free(one);
    }
    (void)d;
}

static void test_the_first_criterion_that_fails_is_counted(void **state)
{
    struct desk *const d = *state;

    desk_tell(d, entries_quote("GOOG  151225C00700000", NULL, "9", 1, 1), "15:00:00"); /* fails all: right */
    desk_tell(d, entries_quote("GOOG  151225P00700000", NULL, "9", 1, 1), "15:00:00"); /* days */
    desk_tell(d, entries_quote("GOOG  151231P00700000", NULL, "9", 1, 1), "15:00:00"); /* otm */
    desk_tell(d, entries_quote("GOOG  151231P00620000", NULL, "9", 1, 1), "15:00:00"); /* quote */
    desk_tell(d, entries_quote("GOOG  151231P00625000", "8", "9", 1, 1), "15:00:00");  /* premium */
    desk_tell(d, entries_quote("GOOG  151222P00620000", "0.40", "9", 1, 1),
              "15:00:00"); /* expired: not seen */
    desk_tell(d, entries_quote("GOOG  151223P00620000", "0.40", "9", 1, 1), "15:00:00"); /* expires today */
    desk_tell(d, entries_quote("XOM   151231P00620000", "0.40", "9", 1, 1), "15:00:00"); /* another chain */
    const struct screen s = screen(d);
    assert_int_equal(s.seen, 6);
    assert_int_equal(s.passed, 0);
    assert_int_equal(s.failed[SCREEN_RIGHT], 1);
    assert_int_equal(s.failed[SCREEN_DAYS], 2);
    assert_int_equal(s.failed[SCREEN_OTM], 1);
    assert_int_equal(s.failed[SCREEN_QUOTE], 1);
    assert_int_equal(s.failed[SCREEN_PREMIUM], 1);
    assert_int_equal(s.failed[SCREEN_HELD], 0);
    assert_int_equal(s.best.count, 0);
}

static void test_yesterday_s_quote_is_none(void **state)
{
    struct desk *const d = *state;

    desk_tell(d, entries_quote("GOOG  151231P00620000", "0.40", "0.50", 1, 1), "2015-12-22T20:59:00Z");
    assert_int_equal(screen(d).failed[SCREEN_QUOTE], 1);
    desk_tell(d, entries_quote("GOOG  151231P00620000", "0.40", "0.50", 1, 1), "14:31:00");
    assert_int_equal(screen(d).passed, 1);
}

static void test_what_is_open_or_pending_is_held(void **state)
{
    struct desk *const d = *state;

    desk_tell(d, entries_quote("GOOG  151231P00620000", "0.40", "0.50", 1, 1), "15:00:00");
    desk_tell(d, entries_order("o-1", "GOOG  151231P00620000", SIDE_SELL, 5, "0.45"), "15:00:00");
    assert_int_equal(screen(d).failed[SCREEN_HELD], 1);
    desk_tell(d, entries_cancelled("o-1", "done"), "15:00:00");
    assert_int_equal(screen(d).passed, 1);
    desk_fill(d, "GOOG  151231P00620000", SIDE_SELL, 5, "0.40", "15:00:00");
    assert_int_equal(screen(d).failed[SCREEN_HELD], 1);
    desk_fill(d, "GOOG  151231P00620000", SIDE_BUY, 5, "0.20", "15:00:00");
    assert_int_equal(screen(d).passed, 1); /* closed: free again */
}

static void test_the_numbers_of_a_candidate(void **state)
{
    struct desk *const d = *state;

    desk_tell(d, entries_quote("GOOG  151231P00620000", "0.40", "0.50", 1, 1), "15:00:00");
    const struct screen s = screen(d);
    const struct candidate *const c = &s.best.rows[0];
    assert_int_equal(c->premium_nano, entries_price("0.4"));
    assert_int_equal(c->margin_micro, entries_money("6240")); /* (0.40 + 62) x 100 */
    assert_int_equal(c->score_nano, entries_rate("0.006410256"));
    assert_int_equal(c->otm_nano, entries_rate("0.173333333"));
    assert_int_equal(c->days, 8);
}

static void test_best_first_by_premium_per_margin_and_ties_by_symbol(void **state)
{
    struct desk *const d = *state;
    static const struct {
        const char *symbol, *bid;
    } told[] = {
        {"GOOG  160106P00620000", "0.40"}, {"GOOG  151231P00630000", "0.40"},
        {"GOOG  151231P00620000", "0.40"}, {"GOOG  151231P00610000", "0.35"},
        {"GOOG  151231P00605000", "0.45"}, {"GOOG  151230P00620000", "0.40"},
    };
    static const char *const order[] = {
        "GOOG  151231P00605000", /* 0.45 on 60.95 */
        "GOOG  151230P00620000", /* three at 0.40 on 62.40: by symbol */
        "GOOG  151231P00620000", "GOOG  160106P00620000", "GOOG  151231P00630000", /* 0.40 on 63.40 */
        "GOOG  151231P00610000",                                                   /* 0.35 on 61.35 */
    };

    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++)
        desk_tell(d, entries_quote(told[i].symbol, told[i].bid, "1", 1, 1), "15:00:00");
    const struct screen s = screen(d);
    assert_int_equal(s.best.count, 6);
    for (size_t i = 0; i < 6; i++)
        assert_string_equal(s.best.rows[i].symbol.text, order[i]);
}

static void test_only_the_best_are_kept_but_all_are_counted(void **state)
{
    struct desk *const d = *state;
    char symbol[32];
    char bid[32];

    for (unsigned i = 0; i < CANDIDATES_MAX + 4; i++) { /* the higher the strike, the dearer and better */
        snprintf(symbol, sizeof symbol, "GOOG  151231P%08u", 605000U + i * 250U);
        snprintf(bid, sizeof bid, "0.%u", 300U + i);
        desk_tell(d, entries_quote(symbol, bid, "1", 1, 1), "15:00:00");
    }
    const struct screen s = screen(d);
    assert_int_equal(s.passed, CANDIDATES_MAX + 4);
    assert_int_equal(s.best.count, CANDIDATES_MAX);
    for (unsigned i = 0; i < CANDIDATES_MAX; i++)
        assert_int_equal(s.best.rows[i].premium_nano, (303 + CANDIDATES_MAX - i) * (NANO / 1000));
}

static void test_depth_inside_a_range(void **state)
{
    static const struct {
        int64_t value, least, most;
        const char *depth;
    } rows[] = {
        {7, 7, 14, "0"},
        {14, 7, 14, "0"},
        {6, 7, 14, "0"},
        {15, 7, 14, "0"},
        {10, 6, 14, "1"},
        {8, 6, 14, "0.5"},
        {12, 6, 14, "0.5"},
        {8, 7, 14, "0.285714285"},
        {7, 7, 7, "1"},
        {6, 7, 7, "0"},
        {0, INT64_MIN, INT64_MAX, "0.999999999"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(screen_depth(rows[i].value, rows[i].least, rows[i].most),
                         entries_rate(rows[i].depth));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_every_criterion_at_its_boundary),
        TEST(test_the_first_criterion_that_fails_is_counted),
        TEST(test_yesterday_s_quote_is_none),
        TEST(test_what_is_open_or_pending_is_held),
        TEST(test_the_numbers_of_a_candidate),
        TEST(test_best_first_by_premium_per_margin_and_ties_by_symbol),
        TEST(test_only_the_best_are_kept_but_all_are_counted),
        TEST(test_depth_inside_a_range),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
