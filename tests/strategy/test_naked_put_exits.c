/*
 * Five puts sold at 0.40 on 2015-12-23, eight days before they expire: half of the profit is made when they
 * cost 0.20, the loss is twice the premium when they cost 1.20.
 */
#include "support/desk.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define DAY "2015-12-23"
#define PUT "GOOG  151231P00620000"

static int setup(void **state)
{
    struct desk *const d = desk_new(DAY);

    desk_tell(d, entries_deposit("deposit", "1000000"), "14:00:00");
    desk_tick(d, PHASE_OPEN, "14:30:00");
    desk_tell(d, desk_equity(PHASE_OPEN, DAY, "1000000"), "14:30:00");
    desk_fill(d, PUT, SIDE_SELL, 5, "0.40", "14:40:00");
    *state = d;
    return 0;
}

static int teardown(void **state)
{
    desk_free(*state);
    return 0;
}

/* One look, with GOOG traded just before it. */
static void look(struct desk *d, const char *when)
{
    struct err err;

    desk_forget(d);
    desk_trade(d, "GOOG", "750", when);
    desk_tick(d, PHASE_TICK, when);
    if (naked_put_exits(&d->ctx, &d->tick, &d->out, &err))
        fail_msg("%s", err.text);
}

static void quote(struct desk *d, const char *bid, const char *ask, const char *when)
{
    desk_tell(d, entries_quote(PUT, bid, ask, 10, 10), when);
}

static const struct entry_decision_exit *exit_by(const struct desk *d, enum exit_rule rule)
{
    assert_int_equal(d->count, 1);
    assert_int_equal(d->proposed[0].kind, ENTRY_DECISION_EXIT);
    assert_int_equal(d->proposed[0].cause, d->tick.seq);
    assert_int_equal(d->proposed[0].as.decision_exit.rule, rule);
    return &d->proposed[0].as.decision_exit;
}

static const struct entry_decision_no_trade *blocked_by(const struct desk *d, const char *gate)
{
    assert_int_equal(d->count, 1);
    assert_int_equal(d->proposed[0].kind, ENTRY_DECISION_NO_TRADE);
    assert_int_equal(d->proposed[0].cause, d->tick.seq);
    const struct entry_decision_no_trade *const n = &d->proposed[0].as.decision_no_trade;
    assert_string_equal(n->symbol.text, PUT);
    assert_false(desk_check(&n->gates, gate)->ok);
    assert_non_null(strstr(n->reason.bytes, gate));
    return n;
}

static void test_half_of_the_profit_is_taken_and_not_less(void **state)
{
    struct desk *const d = *state;

    quote(d, "0.10", "0.200000001", "14:41:00");
    look(d, "14:41:00");
    assert_int_equal(d->count, 0);
    quote(d, "0.10", "0.20", "14:42:00");
    look(d, "14:42:00");
    const struct entry_decision_exit *const e = exit_by(d, EXIT_RULE_PROFIT);
    char order_id[32];
    snprintf(order_id, sizeof order_id, "np-%llu", (unsigned long long)d->proposed[0].seq);
    assert_string_equal(e->order_id.text, order_id);
    assert_string_equal(e->symbol.text, PUT);
    assert_int_equal(e->side, SIDE_BUY);
    assert_int_equal(e->qty, 5);
    assert_int_equal(e->limit, entries_price("0.20"));
    assert_int_equal(e->confidence, NANO);
    static const char *const names[] = {"exit_loss", "position_loss", "exit_profit", "exit_time"};
    assert_int_equal(e->checks.count, 4);
    for (unsigned i = 0; i < 4; i++)
        assert_string_equal(e->checks.rows[i].name.text, names[i]);
    assert_string_equal(
        e->reason.bytes,
        "Close 5 GOOG  151231P00620000, as enough of the profit is made: opened at 0.4, closing "
        "costs 0.2; exit_profit is 0.2, must be at most 0.2.");
}

static void test_the_loss_is_taken_at_twice_the_premium(void **state)
{
    struct desk *const d = *state;

    quote(d, "0.01", "1.199999999", "14:41:00");
    look(d, "14:41:00");
    assert_int_equal(d->count, 0);
    quote(d, "0.01", "1.20", "14:42:00");
    look(d, "14:42:00");
    assert_int_equal(exit_by(d, EXIT_RULE_LOSS)->limit, entries_price("1.20"));
}

static void test_time_is_up_three_days_before_expiry(void **state)
{
    struct desk *const d = *state;

    d->day = "2015-12-27"; /* four days; a Sunday, and no exit is due, so nothing is said about the hours */
    quote(d, "0.30", "0.35", "15:00:00");
    look(d, "15:00:00");
    assert_int_equal(d->count, 0);
    d->day = "2015-12-28";
    quote(d, "0.30", "0.35", "15:00:00");
    look(d, "15:00:00");
    assert_int_equal(desk_check(&exit_by(d, EXIT_RULE_TIME)->checks, "exit_time")->value, 3);
    d->day = "2015-12-31"; /* the last day it trades */
    quote(d, "0.30", "0.35", "15:00:00");
    look(d, "15:00:00");
    assert_int_equal(desk_check(&exit_by(d, EXIT_RULE_TIME)->checks, "exit_time")->value, 0);
}

static void test_the_governor_demands_an_exit_at_five_hundred(void **state)
{
    struct desk *const d = *state;

    d->strategy_settings.stop_loss = 100 * NANO;
    quote(d, "1.39", "1.409998", "14:41:00");
    look(d, "14:41:00");
    assert_int_equal(d->count, 0);
    quote(d, "1.39", "1.41", "14:42:00"); /* a mark of 1.40: 1.00 x 500 lost */
    look(d, "14:42:00");
    assert_int_equal(desk_check(&exit_by(d, EXIT_RULE_RISK)->checks, "position_loss")->value,
                     entries_money("-500"));
}

static void test_the_first_rule_that_holds_is_named(void **state)
{
    struct desk *const d = *state;

    d->day = "2015-12-30"; /* time is up as well in each of these */
    quote(d, "1.39", "1.41", "15:00:00");
    look(d, "15:00:00");
    const struct entry_decision_exit *const e = exit_by(d, EXIT_RULE_LOSS);
    assert_true(desk_check(&e->checks, "exit_loss")->ok);
    assert_true(desk_check(&e->checks, "position_loss")->ok); /* what else held is on record, too */
    assert_true(desk_check(&e->checks, "exit_time")->ok);
    assert_false(desk_check(&e->checks, "exit_profit")->ok);
    d->strategy_settings.stop_loss = 100 * NANO;
    look(d, "15:01:00");
    exit_by(d, EXIT_RULE_RISK);
    quote(d, "0.10", "0.20", "15:02:00");
    look(d, "15:02:00");
    exit_by(d, EXIT_RULE_PROFIT);
    quote(d, "0.30", "0.35", "15:03:00");
    look(d, "15:03:00");
    exit_by(d, EXIT_RULE_TIME);
}

static void test_the_premium_is_the_average_of_what_is_open(void **state)
{
    struct desk *const d = *state;

    desk_fill(d, PUT, SIDE_SELL, 5, "0.60", "14:40:00"); /* ten at 0.50 on average */
    quote(d, "0.10", "0.25", "14:41:00");
    look(d, "14:41:00");
    assert_int_equal(exit_by(d, EXIT_RULE_PROFIT)->qty, 10);
    desk_fill(d, PUT, SIDE_BUY, 5, "0.25", "14:41:00"); /* first in, first out: five at 0.60 are left */
    quote(d, "0.10", "0.30", "14:42:00");
    look(d, "14:42:00");
    assert_int_equal(exit_by(d, EXIT_RULE_PROFIT)->qty, 5);
}

static void test_nobody_offers_so_no_exit_can_be_ordered(void **state)
{
    struct desk *const d = *state;

    look(d, "14:41:00"); /* never quoted */
    const struct entry_decision_no_trade *n = blocked_by(d, "ask_known");
    assert_int_equal(desk_check(&n->gates, "exit_profit")->value, CHECK_VALUE_NONE);
    assert_string_equal(n->reason.bytes,
                        "5 GOOG  151231P00620000: whether an exit is due cannot be judged: ask_known "
                        "is false, must be equal to true; opened at 0.4, closing costs not known.");
    quote(d, "0.10", NULL, "14:41:30");
    look(d, "14:41:30"); /* at most one a minute */
    assert_int_equal(d->count, 0);
    look(d, "14:42:00");
    blocked_by(d, "ask_known");
    d->day = "2015-12-28";
    quote(d, "0.10", NULL, "15:00:00");
    look(d, "15:00:00");
    n = blocked_by(d, "ask_known");
    assert_non_null(
        strstr(n->reason.bytes, "an exit is due, as expiry is near, and cannot be ordered now: "));
    assert_true(desk_check(&n->gates, "exit_time")->ok);
    quote(d, "0.10", "0.15", "15:01:00");
    look(d, "15:01:00");
    exit_by(d, EXIT_RULE_PROFIT);
}

static void test_yesterday_s_offer_is_nobody_s(void **state)
{
    struct desk *const d = *state;

    quote(d, "0.10", "0.20", "20:59:00");
    d->day = "2015-12-24";
    look(d, "14:31:00");
    blocked_by(d, "ask_known");
}

static void test_a_stop_blocks_exits_and_a_resume_lets_them_go(void **state)
{
    struct desk *const d = *state;

    quote(d, "0.10", "0.20", "14:41:00");
    desk_tell(d, entries_stop("fire"), "14:41:00");
    look(d, "14:41:00");
    assert_int_equal(blocked_by(d, "stopped")->gates.count, 9);
    desk_tell(d, entries_resume("out"), "14:41:30");
    look(d, "14:42:00");
    exit_by(d, EXIT_RULE_PROFIT);
}

static void test_outside_the_session_and_without_a_fresh_price_exits_wait(void **state)
{
    struct desk *const d = *state;

    quote(d, "0.10", "0.20", "20:59:00");
    look(d, "21:00:00");
    blocked_by(d, "before_close");
    d->day = "2015-12-24";
    quote(d, "0.10", "0.20", "14:31:00");
    desk_forget(d);
    desk_tick(d, PHASE_TICK, "14:31:00"); /* GOOG traded yesterday */
    assert_int_equal(naked_put_exits(&d->ctx, &d->tick, &d->out, NULL), ERR_OK);
    blocked_by(d, "underlying_age");
}

static void test_a_tripped_breaker_lets_exits_through(void **state)
{
    struct desk *const d = *state;

    d->judges = true;
    desk_tell(d, desk_trip(RISK_BREAKER_DAILY_LOSS), "14:41:00");
    quote(d, "0.10", "0.20", "14:41:00");
    look(d, "14:41:00");
    assert_int_equal(d->count, 3);
    assert_true(desk_last(d, ENTRY_RISK_VERDICT)->as.risk_verdict.allowed);
    assert_int_equal(desk_last(d, ENTRY_ORDER_NEW)->as.order_new.side, SIDE_BUY);
}

static void test_an_exit_that_is_ordered_is_not_ordered_again(void **state)
{
    struct desk *const d = *state;

    d->judges = true;
    quote(d, "0.10", "0.20", "14:41:00");
    look(d, "14:41:00");
    const struct id order_id = desk_last(d, ENTRY_ORDER_NEW)->as.order_new.order_id;
    look(d, "14:42:00");
    assert_int_equal(d->count, 0);
    desk_tell(d, entries_execution(order_id.text, "f-9", PUT, SIDE_BUY, 2, "0.20", "0"), "14:42:30");
    look(d, "14:43:00"); /* a part is filled; the rest still works */
    assert_int_equal(d->count, 0);
    desk_tell(d, entries_expired(order_id.text), "14:43:30");
    look(d, "14:44:00");
    assert_int_equal(desk_last(d, ENTRY_ORDER_NEW)->as.order_new.qty, 3);
    desk_tell(d, entries_execution("other", "f-10", PUT, SIDE_BUY, 3, "0.20", "0"), "14:44:30");
    look(d, "14:45:00"); /* flat */
    assert_int_equal(d->count, 0);
}

static void test_an_exit_order_that_the_market_left_behind_is_cancelled_and_sent_anew(void **state)
{
    struct desk *const d = *state;

    d->judges = true;
    quote(d, "0.10", "0.20", "14:41:00");
    look(d, "14:41:00");
    const struct id order_id = desk_last(d, ENTRY_ORDER_NEW)->as.order_new.order_id;
    quote(d, "0.10", "0.200000001", "14:41:30");
    look(d, "14:41:59.999999999"); /* not yet a minute old */
    assert_int_equal(d->count, 0);
    quote(d, "0.10", "0.20", "14:42:00");
    look(d, "14:42:00"); /* the market is where the order is */
    assert_int_equal(d->count, 0);
    quote(d, "0.10", NULL, "14:42:00");
    look(d, "14:42:00"); /* nobody offers: no better place for it */
    assert_int_equal(d->count, 0);
    quote(d, "0.10", "0.21", "14:42:00");
    look(d, "14:42:00");
    assert_int_equal(d->count, 1);
    assert_int_equal(d->proposed[0].kind, ENTRY_ORDER_CANCEL);
    assert_int_equal(d->proposed[0].cause, d->tick.seq);
    assert_string_equal(d->proposed[0].as.order_cancel.order_id.text, order_id.text);
    assert_string_equal(
        d->proposed[0].as.order_cancel.reason.bytes,
        "The order to close at 0.2 is left behind: the ask is 0.21 now. The next look at the market "
        "decides anew.");
    look(d, "14:43:00"); /* asked once */
    assert_int_equal(d->count, 0);
    desk_tell(d, entries_cancelled(order_id.text, "as asked"), "14:43:30");
    quote(d, "0.10", "0.19", "14:43:30");
    look(d, "14:44:00");
    assert_int_equal(desk_last(d, ENTRY_ORDER_NEW)->as.order_new.limit, entries_price("0.19"));
}

static void test_an_order_of_somebody_else_is_theirs_to_cancel(void **state)
{
    struct desk *const d = *state;

    desk_tell(d, entries_order("manual-1", PUT, SIDE_BUY, 5, "0.05"), "14:41:00");
    quote(d, "0.10", "0.20", "14:41:00");
    look(d, "15:41:00");
    assert_int_equal(d->count, 0);
}

static void test_what_waits_for_its_settlement_is_left_alone(void **state)
{
    struct desk *const d = *state;

    d->day = "2016-01-04"; /* expired on 2015-12-31 */
    look(d, "15:00:00");
    assert_int_equal(d->count, 0);
    desk_fill(d, "SPX   160115P01650000", SIDE_SELL, 1, "0.40", "15:00:00");
    d->day = "2016-01-15"; /* settles at today's opening: it traded yesterday for the last time */
    look(d, "15:00:00");
    assert_int_equal(d->count, 0);
    d->day = "2016-01-14";
    desk_tell(d, entries_mark("SPX", "2000", MARK_LAST), "15:00:00");
    desk_tell(d, entries_quote("SPX   160115P01650000", "0.05", "0.30", 1, 1), "15:00:00");
    look(d, "15:00:00");
    exit_by(d, EXIT_RULE_TIME);
}

static void test_a_stock_goes_only_when_the_governor_demands_it(void **state)
{
    struct desk *const d = *state;

    desk_tell(d, entries_assignment("f-1", PUT, 5, "615", "0"), "14:41:00"); /* 500 shares at 620 */
    desk_tell(d, entries_quote("GOOG", "619", "619.02", 100, 100), "14:42:00");
    look(d, "14:41:30"); /* marked at 619.01: 495 lost */
    assert_int_equal(d->count, 0);
    desk_tell(d, entries_quote("GOOG", "618.99", "619.01", 100, 100), "14:42:30");
    look(d, "14:42:30");
    const struct entry_decision_exit *const e = exit_by(d, EXIT_RULE_RISK);
    assert_int_equal(e->side, SIDE_SELL);
    assert_int_equal(e->qty, 500);
    assert_int_equal(e->limit, entries_price("618.99")); /* the bid */
    assert_int_equal(e->checks.count, 1);
}

static void test_a_short_call_has_only_the_governor_s_rule(void **state)
{
    struct desk *const d = *state;
    static const char call[] = "GOOG  151231C00800000";

    desk_fill(d, PUT, SIDE_BUY, 5, "0.40", "14:40:00");
    desk_fill(d, call, SIDE_SELL, 5, "0.40", "14:40:00");
    look(d, "14:41:00"); /* never quoted: nothing demands anything */
    assert_int_equal(d->count, 0);
    desk_tell(d, entries_quote(call, "0.05", "0.10", 1, 1), "14:42:00");
    look(d, "14:42:00"); /* the profit rule is the put's */
    assert_int_equal(d->count, 0);
    desk_tell(d, entries_quote(call, "1.40", "1.40", 1, 1), "14:43:00");
    look(d, "14:43:00");
    assert_int_equal(exit_by(d, EXIT_RULE_RISK)->side, SIDE_BUY);
}

static void test_every_open_position_is_looked_at_in_order(void **state)
{
    struct desk *const d = *state;
    char symbol[32];

    d->judges = true;
    for (unsigned i = 0; i < 12; i++) {
        snprintf(symbol, sizeof symbol, "GOOG  151231P%08u", (600 + i) * 1000U);
        desk_fill(d, symbol, SIDE_SELL, 5, "0.40", "14:40:00");
        desk_tell(d, entries_quote(symbol, "0.10", "0.20", 1, 1), "14:41:00");
    }
    quote(d, "0.10", "0.20", "14:41:00");
    look(d, "14:41:00");
    assert_int_equal(desk_count(d, ENTRY_DECISION_EXIT), 13);
    assert_int_equal(desk_count(d, ENTRY_ORDER_NEW), 13);
    assert_string_equal(d->proposed[0].as.decision_exit.symbol.text, PUT);
    assert_string_equal(d->proposed[3].as.decision_exit.symbol.text, "GOOG  151231P00600000");
    assert_string_equal(d->proposed[36].as.decision_exit.symbol.text, "GOOG  151231P00611000");
}

static void test_errors_come_up(void **state)
{
    struct desk *const d = *state;
    struct err err;

    quote(d, "0.10", "0.20", "14:41:00");
    desk_trade(d, "GOOG", "750", "14:41:00");
    desk_tick(d, PHASE_TICK, "14:41:00");
    d->fail_with = ERR_IO;
    assert_int_equal(naked_put_exits(&d->ctx, &d->tick, &d->out, &err), ERR_IO);
    d->strategy_settings.stop_loss = INT64_MAX;
    assert_int_equal(naked_put_exits(&d->ctx, &d->tick, &d->out, &err), ERR_RANGE);
    assert_non_null(strstr(err.text, "exits of GOOG  151231P00620000: "));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_half_of_the_profit_is_taken_and_not_less),
        TEST(test_the_loss_is_taken_at_twice_the_premium),
        TEST(test_time_is_up_three_days_before_expiry),
        TEST(test_the_governor_demands_an_exit_at_five_hundred),
        TEST(test_the_first_rule_that_holds_is_named),
        TEST(test_the_premium_is_the_average_of_what_is_open),
        TEST(test_nobody_offers_so_no_exit_can_be_ordered),
        TEST(test_yesterday_s_offer_is_nobody_s),
        TEST(test_a_stop_blocks_exits_and_a_resume_lets_them_go),
        TEST(test_outside_the_session_and_without_a_fresh_price_exits_wait),
        TEST(test_a_tripped_breaker_lets_exits_through),
        TEST(test_an_exit_that_is_ordered_is_not_ordered_again),
        TEST(test_an_exit_order_that_the_market_left_behind_is_cancelled_and_sent_anew),
        TEST(test_an_order_of_somebody_else_is_theirs_to_cancel),
        TEST(test_what_waits_for_its_settlement_is_left_alone),
        TEST(test_a_stock_goes_only_when_the_governor_demands_it),
        TEST(test_a_short_call_has_only_the_governor_s_rule),
        TEST(test_every_open_position_is_looked_at_in_order),
        TEST(test_errors_come_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
