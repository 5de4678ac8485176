/*
 * Looks at the market on 2015-12-23, GOOG at 750: 50 daily closes (30 at 700, then 20 at 740) make an average
 * of 740 over 20 and 716 over 50 sessions; one put meets every criterion.
 */
#include "support/desk.h"
#include "support/digests.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define DAY "2015-12-23"
#define PUT "GOOG  151231P00620000"

static void tell_closes(struct desk *d, const char *ticker, int sessions, const char *early, const char *late)
{
    for (int i = sessions; i > 0; i--) {
        char day[INSTANT_TEXT_SIZE];
        char at[64];
        const char *const price = i > 20 ? early : late;
        civil_format(day, entries_day(DAY) - i);
        snprintf(at, sizeof at, "%sT21:00:00Z", day);
        desk_tell(d, entries_bar(ticker, price, price, price, price, 1, VIEW_SESSION_PERIOD_S), at);
    }
}

static int setup(void **state)
{
    struct desk *const d = desk_new(DAY);

    desk_tell(d, entries_deposit("deposit", "1000000"), "14:00:00");
    tell_closes(d, "GOOG", 50, "700", "740");
    desk_tick(d, PHASE_OPEN, "14:30:00");
    desk_tell(d, desk_equity(PHASE_OPEN, DAY, "1000000"), "14:30:00");
    desk_trade(d, "GOOG", "750", "15:00:00");
    desk_tell(d, entries_quote(PUT, "0.40", "0.50", 10, 10), "15:00:00");
    *state = d;
    return 0;
}

static int teardown(void **state)
{
    desk_free(*state);
    return 0;
}

/* One look; what it proposed is what the desk holds after it. */
static void look(struct desk *d, const char *when)
{
    struct err err;

    desk_forget(d);
    desk_tick(d, PHASE_TICK, when);
    if (naked_put_entries(&d->ctx, &d->tick, &d->out, &err))
        fail_msg("%s", err.text);
}

static const struct entry_decision_no_trade *no_trade(const struct desk *d)
{
    assert_int_equal(d->count, 1);
    assert_int_equal(d->proposed[0].kind, ENTRY_DECISION_NO_TRADE);
    assert_int_equal(d->proposed[0].cause, d->tick.seq);
    return &d->proposed[0].as.decision_no_trade;
}

static const struct entry_decision_enter *enter(const struct desk *d)
{
    assert_int_equal(d->count, 2);
    assert_int_equal(d->proposed[0].kind, ENTRY_DECISION_CANDIDATES);
    assert_int_equal(d->proposed[1].kind, ENTRY_DECISION_ENTER);
    return &d->proposed[1].as.decision_enter;
}

/* No trade, and only this gate is in the way. */
static void blocked_by(const struct desk *d, const char *gate)
{
    const struct entry_decision_no_trade *const n = no_trade(d);

    assert_false(desk_check(&n->gates, gate)->ok);
    for (unsigned i = 0; i < n->gates.count; i++) {
        if (!n->gates.rows[i].ok && !id_is(&n->gates.rows[i].name, gate))
            fail_msg("blocked by %s as well", n->gates.rows[i].name.text);
    }
    assert_non_null(strstr(n->reason.bytes, gate));
}

static void test_a_good_look_gives_candidates_and_the_best_is_entered(void **state)
{
    struct desk *const d = *state;

    look(d, "15:01:00");
    const struct entry_decision_enter *const e = enter(d);
    const struct entry_decision_candidates *const c = &d->proposed[0].as.decision_candidates;
    assert_int_equal(d->proposed[0].cause, d->tick.seq);
    assert_int_equal(c->price, entries_price("750"));
    assert_int_equal(c->seen, 1);
    assert_int_equal(c->passed, 1);
    assert_int_equal(c->rows.count, 1);
    assert_int_equal(d->proposed[1].cause, d->proposed[0].seq);
    char order_id[32];
    snprintf(order_id, sizeof order_id, "np-%llu", (unsigned long long)d->proposed[1].seq);
    assert_string_equal(e->order_id.text, order_id);
    assert_true(id_is(&e->strategy, NAKED_PUT_NAME));
    assert_string_equal(e->symbol.text, PUT);
    assert_int_equal(e->side, SIDE_SELL);
    assert_int_equal(e->qty, 5);
    assert_int_equal(e->limit, entries_price("0.40"));
    /* days 8 of 7..14: 2/7; otm 17.33 % of 15..20: 0.93; premium 0.40 of 0.30..0.50: 1 */
    assert_int_equal(e->confidence, entries_rate("0.285714285"));
    assert_string_equal(e->reason.bytes, "Sell 5 GOOG puts at the bid, 0.4: the strike 620 is 17.33 % below "
                                         "the price 750, expiry 2015-12-31 is 8 "
                                         "days away. A contract needs 6240.00 of margin for 0.64 % of it in "
                                         "premium: the best of 1 that met every "
                                         "criterion, of 1 seen.");
    static const char *const names[] = {
        "stopped",           "breakers_tripped",  "after_open",     "before_close",         "underlying_age",
        "price_above_sma20", "sma20_above_sma50", "open_positions", "underlying_positions", "days_least",
        "days_most",         "otm_least",         "otm_most",       "premium_least",        "premium_most"};
    assert_int_equal(e->checks.count, sizeof names / sizeof names[0]);
    for (unsigned i = 0; i < e->checks.count; i++) {
        assert_string_equal(e->checks.rows[i].name.text, names[i]);
        assert_true(e->checks.rows[i].ok);
    }
}

static void test_nothing_in_range_is_a_no_trade_with_counts(void **state)
{
    struct desk *const d = *state;

    desk_tell(d, entries_quote(PUT, "0.20", "0.25", 10, 10), "15:00:30");
    desk_tell(d, entries_quote("GOOG  151231C00620000", "130", "131", 10, 10), "15:00:30");
    look(d, "15:01:00");
    const struct entry_decision_no_trade *const n = no_trade(d);
    assert_string_equal(n->symbol.text, "GOOG");
    assert_int_equal(n->seen, 2);
    assert_int_equal(n->passed, 0);
    static const struct {
        const char *name;
        int64_t count;
    } failed[] = {{"right", 1}, {"days", 0}, {"otm", 0}, {"quote", 0}, {"premium", 1}, {"held", 0}};
    assert_int_equal(n->failed.count, 6);
    for (unsigned i = 0; i < 6; i++) {
        assert_string_equal(n->failed.rows[i].name.text, failed[i].name);
        assert_int_equal(n->failed.rows[i].count, failed[i].count);
    }
    assert_int_equal(n->gates.count, 9);
    assert_string_equal(n->reason.bytes,
                        "No entry in GOOG at 750: no contract met every criterion. 0 of 2 contracts "
                        "met every criterion; failed first: right 1, premium 1.");
}

static void test_a_stop_and_a_breaker_are_gates(void **state)
{
    struct desk *const d = *state;

    desk_tell(d, entries_stop("fire"), "15:00:30");
    look(d, "15:01:00");
    blocked_by(d, "stopped");
    assert_string_equal(
        d->proposed[0].as.decision_no_trade.reason.bytes,
        "No entry in GOOG: stopped is true, must be equal to false. 1 of 1 contracts met every "
        "criterion.");
    desk_tell(d, entries_resume("out"), "15:01:30");
    desk_tell(d, desk_trip(RISK_BREAKER_DAILY_LOSS), "15:01:30");
    look(d, "15:02:00");
    blocked_by(d, "breakers_tripped");
    desk_tell(d, entries_resume("looked into"), "15:02:30");
    look(d, "15:03:00");
    enter(d);
}

static void test_market_hours_are_a_gate(void **state)
{
    struct desk *const d = *state;

    desk_trade(d, "GOOG", "750", "20:59:59");
    look(d, "20:59:59.999999999");
    enter(d);
    look(d, "21:00:00");
    blocked_by(d, "before_close");
}

static void test_a_stale_underlying_is_a_gate(void **state)
{
    struct desk *const d = *state;

    look(d, "15:05:00.000000001");
    blocked_by(d, "underlying_age");
    desk_trade(d, "GOOG", "750", "15:05:30");
    look(d, "15:06:00");
    enter(d);
}

static void test_without_a_price_nothing_is_screened(void **state)
{
    struct desk *const d = *state;

    d->strategy_settings.underlyings.rows[0] = entries_symbol("IBM");
    tell_closes(d, "IBM", 50, "100", "110");
    look(d, "15:01:00");
    const struct entry_decision_no_trade *const n = no_trade(d);
    assert_int_equal(n->seen, 0);
    assert_int_equal(desk_check(&n->gates, "underlying_age")->value, CHECK_VALUE_NONE);
    assert_int_equal(desk_check(&n->gates, "price_above_sma20")->value, CHECK_VALUE_NONE);
    assert_string_equal(n->reason.bytes,
                        "No entry in IBM: underlying_age is not known; price_above_sma20 is not known. "
                        "Its price is not known, so the chain was not screened.");
}

static void test_the_price_must_be_above_the_fast_average(void **state)
{
    struct desk *const d = *state;

    desk_trade(d, "GOOG", "740", "15:00:30");
    look(d, "15:01:00");
    blocked_by(d, "price_above_sma20");
    desk_trade(d, "GOOG", "740.000000001", "15:01:30");
    look(d, "15:02:00");
    enter(d);
}

static void test_the_fast_average_must_be_above_the_slow_one(void **state)
{
    struct desk *const d = *state;

    tell_closes(d, "GOOG", 50, "740", "740"); /* told again: both averages are 740 */
    look(d, "15:01:00");
    blocked_by(d, "sma20_above_sma50");
    desk_tell(d, entries_bar("GOOG", "740", "741", "740", "740.00000005", 1, VIEW_SESSION_PERIOD_S),
              "2015-12-22T21:00:00Z");
    look(d, "15:02:00"); /* 740.0000000025 rounds to 740.000000002, and 740.000000001 */
    enter(d);
}

static void test_an_average_needs_all_its_sessions_and_not_today_s(void **state)
{
    struct desk *const d = desk_new(DAY);

    (void)state;
    tell_closes(d, "GOOG", 49, "700", "740");
    desk_trade(d, "GOOG", "750", "15:00:00");
    desk_tell(d, entries_quote(PUT, "0.40", "0.50", 10, 10), "15:00:00");
    desk_tell(d, entries_bar("GOOG", "1", "1", "1", "1", 1, VIEW_SESSION_PERIOD_S), "15:00:00"); /* today's */
    look(d, "15:01:00");
    blocked_by(d, "sma20_above_sma50");
    assert_int_equal(desk_check(&no_trade(d)->gates, "sma20_above_sma50")->value, CHECK_VALUE_NONE);
    desk_tell(d, entries_bar("GOOG", "700", "700", "700", "700", 1, VIEW_SESSION_PERIOD_S),
              "2015-11-03T21:00:00Z"); /* the fiftieth */
    look(d, "15:02:00");
    enter(d);
    desk_free(d);
}

static void test_the_trend_can_be_left_out(void **state)
{
    struct desk *const d = *state;

    desk_trade(d, "GOOG", "739", "15:00:30");
    d->strategy_settings.trend_required = false;
    look(d, "15:01:00");
    assert_int_equal(enter(d)->checks.count, 13);
}

static void test_another_ticker_can_carry_the_trend(void **state)
{
    struct desk *const d = *state;
    static const char spx_put[] = "SPXW  160104P01650000";

    d->strategy_settings.underlyings.rows[0] = entries_symbol("SPX");
    desk_tell(d, entries_mark("SPX", "2000", MARK_LAST),
              "15:00:30"); /* far above SPY: not compared with it */
    desk_tell(d, entries_quote(spx_put, "0.40", "0.50", 10, 10), "15:00:30");
    look(d, "15:01:00");
    assert_false(desk_check(&no_trade(d)->gates, "price_above_sma20")->ok); /* nothing is known of SPY */
    tell_closes(d, "SPY", 50, "195", "200");
    desk_trade(d, "SPY", "999", "15:01:30"); /* its last close counts, not its price now */
    look(d, "15:02:00");
    blocked_by(d, "price_above_sma20"); /* 200 is not above 200 */
    desk_tell(d, entries_bar("SPY", "200", "204", "200", "202", 1, VIEW_SESSION_PERIOD_S),
              "2015-12-22T21:00:00Z");
    look(d, "15:03:00");
    assert_string_equal(enter(d)->symbol.text, spx_put);
    assert_int_equal(desk_check(&enter(d)->checks, "price_above_sma20")->value, entries_price("202"));
}

static void test_open_and_pending_positions_are_below_their_most(void **state)
{
    struct desk *const d = *state;

    d->strategy_settings.positions_max = 3;
    desk_fill(d, "XOM   151231P00050000", SIDE_SELL, 1, "0.50", "15:00:00");
    desk_fill(d, "XOM   151231P00055000", SIDE_SELL, 1, "0.50", "15:00:00");
    look(d, "15:01:00");
    assert_int_equal(desk_check(&enter(d)->checks, "open_positions")->value, 2);
    desk_tell(d, entries_order("o-1", "XOM   151231P00060000", SIDE_SELL, 1, "0.50"), "15:01:30");
    look(d, "15:02:00");
    blocked_by(d, "open_positions");
    desk_tell(d, entries_expired("o-1"), "15:02:30");
    look(d, "15:03:00");
    enter(d);
}

static void test_positions_of_one_underlying_are_below_their_most(void **state)
{
    struct desk *const d = *state;

    d->strategy_settings.underlying_positions_max = 2;
    desk_fill(d, "GOOG  151231P00500000", SIDE_SELL, 1, "0.50", "15:00:00");
    desk_fill(d, "XOM   151231P00055000", SIDE_SELL, 1, "0.50", "15:00:00"); /* another underlying */
    look(d, "15:01:00");
    assert_int_equal(desk_check(&enter(d)->checks, "underlying_positions")->value, 1);
    desk_tell(d, entries_order("o-1", "GOOG  151231P00510000", SIDE_SELL, 1, "0.50"), "15:01:30");
    look(d, "15:02:00");
    blocked_by(d, "underlying_positions");
}

static void test_one_no_trade_a_minute_and_symbol(void **state)
{
    struct desk *const d = *state;
    static const struct {
        const char *when;
        size_t no_trades;
    } rows[] = {
        {"15:01:00", 2}, {"15:01:00.000000001", 0}, {"15:01:59.999999999", 0},
        {"15:02:00", 2}, {"15:02:30", 0},           {"15:04:10", 2},
    };

    desk_tell(d, entries_stop("fire"), "15:00:30");
    d->strategy_settings.underlyings.rows[1] = entries_symbol("IBM");
    d->strategy_settings.underlyings.count = 2;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        look(d, rows[i].when);
        assert_int_equal(desk_count(d, ENTRY_DECISION_NO_TRADE), rows[i].no_trades);
    }
}

static void test_another_strategy_s_no_trade_is_not_ours(void **state)
{
    struct desk *const d = *state;
    struct entry e = entries_draft(ENTRY_DECISION_NO_TRADE);

    e.as.decision_no_trade.strategy = id_from("wheel");
    e.as.decision_no_trade.symbol = entries_symbol("GOOG");
    desk_tell(d, entries_stop("fire"), "15:00:30");
    desk_tick(d, PHASE_TICK, "15:01:00");
    desk_tell(d, e, "15:01:00");
    look(d, "15:01:10");
    no_trade(d);
}

static void test_an_order_that_is_open_is_not_entered_again(void **state)
{
    struct desk *const d = *state;

    d->judges = true;
    desk_tell(d, entries_quote("GOOG  151231P00625000", "0.35", "0.50", 10, 10), "15:00:00");
    look(d, "15:01:00");
    assert_int_equal(desk_count(d, ENTRY_ORDER_NEW), 1);
    assert_string_equal(desk_last(d, ENTRY_ORDER_NEW)->as.order_new.symbol.text, PUT);
    look(d, "15:02:00"); /* the second best, while the first is pending */
    assert_string_equal(desk_last(d, ENTRY_ORDER_NEW)->as.order_new.symbol.text, "GOOG  151231P00625000");
    look(d, "15:03:00");
    assert_int_equal(no_trade(d)->failed.rows[5].count, 2);
}

static void test_each_underlying_gets_its_own_answer(void **state)
{
    struct desk *const d = *state;

    d->judges = true;
    d->strategy_settings.underlyings.rows[1] = entries_symbol("IBM");
    d->strategy_settings.underlyings.rows[2] = entries_symbol("GOOG");
    d->strategy_settings.underlyings.count = 3;
    look(d, "15:01:00"); /* GOOG: enters; IBM: has no price; GOOG again: its only put is pending now */
    static const enum entry_kind kinds[] = {ENTRY_DECISION_CANDIDATES, ENTRY_DECISION_ENTER,
                                            ENTRY_RISK_VERDICT,        ENTRY_ORDER_NEW,
                                            ENTRY_DECISION_NO_TRADE,   ENTRY_DECISION_NO_TRADE};
    assert_int_equal(d->count, 6);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(d->proposed[i].kind, kinds[i]);
    assert_string_equal(d->proposed[4].as.decision_no_trade.symbol.text, "IBM");
    assert_string_equal(d->proposed[5].as.decision_no_trade.symbol.text, "GOOG");
}

static void test_errors_come_up(void **state)
{
    struct desk *const d = *state;
    struct err err;

    d->fail_with = ERR_IO;
    desk_tick(d, PHASE_TICK, "15:01:00");
    assert_int_equal(naked_put_entries(&d->ctx, &d->tick, &d->out, &err), ERR_IO);
    d->fail_with = ERR_OK;
    d->risk_settings.margin_floor = INT64_MAX; /* a margin that does not fit */
    assert_int_equal(naked_put_entries(&d->ctx, &d->tick, &d->out, &err), ERR_RANGE);
    assert_non_null(strstr(err.text, "screening GOOG: "));
    assert_int_equal(d->count, 0);
}

static void test_the_same_story_gives_the_same_state(void **state)
{
    struct desk *const d = *state;
    void *again = NULL;

    setup(&again);
    struct desk *const other = again;
    const uint64_t before = digests_of(&naked_put_row, &d->naked_put);
    desk_tell(d, entries_stop("fire"), "15:00:30");
    desk_tell(other, entries_stop("fire"), "15:00:30");
    look(d, "15:01:00");
    look(other, "15:01:00");
    assert_int_equal(digests_of_replay(&d->replay), digests_of_replay(&other->replay));
    assert_int_not_equal(digests_of(&naked_put_row, &d->naked_put), before);
    desk_free(other);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_a_good_look_gives_candidates_and_the_best_is_entered),
        TEST(test_nothing_in_range_is_a_no_trade_with_counts),
        TEST(test_a_stop_and_a_breaker_are_gates),
        TEST(test_market_hours_are_a_gate),
        TEST(test_a_stale_underlying_is_a_gate),
        TEST(test_without_a_price_nothing_is_screened),
        TEST(test_the_price_must_be_above_the_fast_average),
        TEST(test_the_fast_average_must_be_above_the_slow_one),
        TEST(test_an_average_needs_all_its_sessions_and_not_today_s),
        TEST(test_the_trend_can_be_left_out),
        TEST(test_another_ticker_can_carry_the_trend),
        TEST(test_open_and_pending_positions_are_below_their_most),
        TEST(test_positions_of_one_underlying_are_below_their_most),
        TEST(test_one_no_trade_a_minute_and_symbol),
        TEST(test_another_strategy_s_no_trade_is_not_ours),
        TEST(test_an_order_that_is_open_is_not_entered_again),
        TEST(test_each_underlying_gets_its_own_answer),
        TEST(test_errors_come_up),
        TEST(test_the_same_story_gives_the_same_state),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
