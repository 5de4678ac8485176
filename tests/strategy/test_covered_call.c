/*
 * The covered call: a desk that got 250 shares of GOOG assigned at 750 and sees three calls over them.
 */
#include "strategy/covered_call.h"
#include "support/desk.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define DAY  "2015-12-23"
#define NEAR "GOOG  160108C00770000" /* 16 days, 2.87 % above */
#define FAR  "GOOG  160108C00800000" /* 6.88 % above */
#define LOW  "GOOG  160108C00740000" /* below the price */
#define LATE "GOOG  160318C00800000" /* 86 days */
#define PUT  "GOOG  160108P00700000"

static int setup(void **state)
{
    struct desk *const d = desk_new(DAY);
    static const struct {
        const char *symbol, *bid, *ask;
    } quotes[] = {
        {NEAR, "6.10", "6.40"}, {FAR, "1.20", "1.40"}, {LOW, "21", "22"}, {LATE, "9", "10"}, {PUT, "5", "6"}};

    d->strategy_settings.call_enabled = true;
    desk_tell(d, entries_deposit("deposit", "1000000"), "14:00:00");
    desk_tell(d, entries_execution("o", "shares", "GOOG", SIDE_BUY, 250, "750", "0"), "14:00:00");
    desk_tick(d, PHASE_OPEN, "14:30:00");
    desk_tell(d, desk_equity(PHASE_OPEN, DAY, "1000000"), "14:30:00");
    desk_trade(d, "GOOG", "748.5", "15:00:00");
    for (size_t i = 0; i < sizeof quotes / sizeof quotes[0]; i++)
        desk_tell(d, entries_quote(quotes[i].symbol, quotes[i].bid, quotes[i].ask, 10, 10), "15:00:00");
    desk_tick(d, PHASE_TICK, "15:01:00");
    d->judges = true;
    *state = d;
    return 0;
}

static int teardown(void **state)
{
    desk_free(*state);
    return 0;
}

static void look(struct desk *d)
{
    struct err err;

    desk_forget(d);
    if (covered_call_entries(&d->ctx, &d->tick, &d->out, &err))
        fail_msg("%s", err.text);
}

static void test_it_sells_the_dearest_call_that_the_shares_cover(void **state)
{
    struct desk *const d = *state;

    look(d);
    const struct entry *const e = desk_last(d, ENTRY_DECISION_ENTER);
    assert_non_null(e);
    assert_string_equal(e->as.decision_enter.symbol.text, NEAR);
    assert_int_equal(e->as.decision_enter.qty, 2); /* 250 shares cover two */
    assert_int_equal(e->as.decision_enter.limit, entries_price("6.10"));
    assert_int_equal(e->cause, d->tick.seq);
    const struct entry *const verdict = desk_last(d, ENTRY_RISK_VERDICT);
    assert_true(verdict->as.risk_verdict.allowed);
    assert_int_equal(desk_check(&verdict->as.risk_verdict.checks, "margin_use")->value, 0); /* covered */
    assert_non_null(desk_last(d, ENTRY_ORDER_NEW));
    look(d); /* the order stands on all of the shares */
    assert_int_equal(d->count, 0);
}

static void test_what_is_sold_already_leaves_nothing(void **state)
{
    struct desk *const d = *state;

    desk_fill(d, FAR, SIDE_SELL, 1, "1.20", "15:01:00");
    look(d);
    assert_int_equal(desk_last(d, ENTRY_DECISION_ENTER)->as.decision_enter.qty, 1);
    desk_fill(d, LATE, SIDE_SELL, 1, "9", "15:01:00");
    look(d);
    assert_int_equal(d->count, 0);
}

static void test_no_strike_below_the_price_or_the_cost(void **state)
{
    struct desk *const d = *state;

    desk_tell(d, entries_execution("o", "more", "GOOG", SIDE_BUY, 250, "850", "0"),
              "15:01:00"); /* 800 on average */
    look(d);
    assert_string_equal(desk_last(d, ENTRY_DECISION_ENTER)->as.decision_enter.symbol.text, FAR);
    desk_tell(d, entries_execution("o", "dear", "GOOG", SIDE_BUY, 100, "900", "0"), "15:01:00");
    desk_tell(d, entries_cancelled("o", "x"), "15:01:00");
    d->orders.by_id.count = 0; /* as if nothing were on order */
    d->orders.open_count = 0;
    look(d);
    assert_int_equal(d->count, 0);
}

static void test_nothing_without_the_setting_the_gates_or_the_shares(void **state)
{
    struct desk *const d = *state;

    d->strategy_settings.call_enabled = false;
    look(d);
    assert_int_equal(d->count, 0);
    d->strategy_settings.call_enabled = true;
    desk_tell(d, entries_status("GOOG", true), "15:01:00");
    look(d);
    assert_int_equal(d->count, 0); /* told at an open only */
    desk_tick(d, PHASE_OPEN, "15:02:00");
    look(d);
    const struct entry *const e = desk_last(d, ENTRY_DECISION_NO_TRADE);
    assert_non_null(e);
    assert_true(id_is(&e->as.decision_no_trade.strategy, COVERED_CALL_NAME));
    assert_int_equal(e->as.decision_no_trade.seen, 5);
    assert_int_equal(e->as.decision_no_trade.passed, 2);
    desk_tell(d, entries_status("GOOG", false), "15:02:00");
    desk_tell(d, entries_execution("o", "gone", "GOOG", SIDE_SELL, 151, "750", "0"), "15:02:00");
    look(d);
    assert_int_equal(d->count, 0); /* 99 shares */
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_it_sells_the_dearest_call_that_the_shares_cover),
        TEST(test_what_is_sold_already_leaves_nothing),
        TEST(test_no_strike_below_the_price_or_the_cost),
        TEST(test_nothing_without_the_setting_the_gates_or_the_shares),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
