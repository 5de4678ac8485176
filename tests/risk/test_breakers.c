#include "support/desk.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define DAY "2015-12-23"
#define PUT "GOOG  151231P00600000"

static int setup(void **state)
{
    struct desk *const d = desk_new(DAY);

    desk_tell(d, entries_deposit("deposit", "1000000"), "14:00:00");
    *state = d;
    return 0;
}

static int teardown(void **state)
{
    desk_free(*state);
    return 0;
}

/* A look at the market; returns how many entries of the kind it made. */
static size_t look(struct desk *d, enum phase phase, const char *when, enum entry_kind kind)
{
    struct err err;

    desk_forget(d);
    desk_tick(d, phase, when);
    if (risk_equity(&d->ctx.risk, &d->tick, &d->out, &err) ||
        risk_breakers(&d->ctx.risk, &d->tick, &d->out, &err))
        fail_msg("%s", err.text);
    return desk_count(d, kind);
}

static void test_equity_is_recorded_at_open_close_and_every_quarter_of_an_hour(void **state)
{
    struct desk *const d = *state;
    static const struct {
        enum phase phase;
        const char *when;
        size_t records;
    } rows[] = {
        {PHASE_OPEN, "14:30:00", 1},
        {PHASE_TICK, "14:31:00", 0},
        {PHASE_TICK, "14:44:59.999999999", 0},
        {PHASE_TICK, "14:45:00", 1},
        {PHASE_TICK, "14:59:59", 0},
        {PHASE_TICK, "15:03:00", 1}, /* late: the next is a quarter of an hour after this one */
        {PHASE_TICK, "15:17:00", 0},
        {PHASE_TICK, "15:18:00", 1},
        {PHASE_CLOSE, "15:19:00", 1},
        {PHASE_TICK, "2015-12-24T14:31:00Z", 1}, /* joined late: a session's first look is recorded */
        {PHASE_TICK, "2015-12-24T14:32:00Z", 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].when[4] == '-')
            d->day = "2015-12-24";
        assert_int_equal(look(d, rows[i].phase, rows[i].when, ENTRY_RISK_EQUITY), rows[i].records);
    }
}

static void test_equity_is_cash_and_marks(void **state)
{
    struct desk *const d = *state;

    desk_trade(d, "GOOG", "748.5", "14:29:00");
    desk_fill(d, PUT, SIDE_SELL, 5, "0.40", "14:29:00");
    desk_tell(d, entries_quote(PUT, "0.50", "0.70", 1, 1), "14:29:30");
    desk_fill(d, "AAPL", SIDE_BUY, 10, "100", "14:29:30"); /* no mark: at what it cost */
    assert_int_equal(look(d, PHASE_OPEN, "14:30:00", ENTRY_RISK_EQUITY), 1);
    const struct entry *const e = desk_last(d, ENTRY_RISK_EQUITY);
    const struct entry_risk_equity *const q = &e->as.risk_equity;
    assert_int_equal(e->cause, d->tick.seq);
    assert_int_equal(q->phase, PHASE_OPEN);
    assert_int_equal(q->session, entries_day(DAY));
    assert_int_equal(q->cash, entries_money("999200")); /* + 200 of premium, - 1,000 of stock */
    assert_int_equal(q->equity, entries_money("999900"));
    assert_int_equal(q->margin, entries_money("30300"));
    assert_int_equal(q->positions, 2);
}

static void test_the_breaker_trips_past_two_percent_and_not_at_it(void **state)
{
    struct desk *const d = *state;

    assert_int_equal(look(d, PHASE_OPEN, "14:30:00", ENTRY_RISK_BREAKER_TRIP), 0);
    desk_lose(d, "20000", "14:30:30");
    assert_int_equal(look(d, PHASE_TICK, "14:31:00", ENTRY_RISK_BREAKER_TRIP), 0);
    desk_lose(d, "0.000001", "14:31:30");
    assert_int_equal(look(d, PHASE_TICK, "14:32:00", ENTRY_RISK_BREAKER_TRIP), 1);
    const struct entry *const e = desk_last(d, ENTRY_RISK_BREAKER_TRIP);
    const struct entry_risk_breaker_trip *const t = &e->as.risk_breaker_trip;
    assert_int_equal(e->cause, d->tick.seq);
    assert_true(id_is(&t->breaker, RISK_BREAKER_DAILY_LOSS));
    assert_int_equal(t->checks.count, 1);
    assert_int_equal(desk_check(&t->checks, "daily_loss")->value, entries_rate("-0.020000001"));
    assert_int_equal(desk_check(&t->checks, "daily_loss")->bound, entries_rate("-0.02"));
    assert_false(desk_check(&t->checks, "daily_loss")->ok);
    assert_string_equal(
        t->reason.bytes,
        "The account is worth 980000.00 dollars, 1000000.00 at the session's opening: a loss of "
        "2.000 %, and 2.000 % is the most that is allowed in a day. Nothing is opened until a "
        "signed resume.");
    assert_int_equal(risk_state_tripped(&d->risk), 1);
}

static void test_the_breaker_trips_once_a_day(void **state)
{
    struct desk *const d = *state;

    look(d, PHASE_OPEN, "14:30:00", ENTRY_RISK_BREAKER_TRIP);
    desk_lose(d, "30000", "14:30:30");
    assert_int_equal(look(d, PHASE_TICK, "14:31:00", ENTRY_RISK_BREAKER_TRIP), 1);
    assert_int_equal(look(d, PHASE_TICK, "14:32:00", ENTRY_RISK_BREAKER_TRIP), 0);
    desk_tell(d, entries_resume("looked into"), "14:32:30");
    desk_lose(d, "30000", "14:32:40");
    assert_int_equal(look(d, PHASE_TICK, "14:33:00", ENTRY_RISK_BREAKER_TRIP), 0);
    d->day = "2015-12-24"; /* a new day is measured from its own opening */
    assert_int_equal(look(d, PHASE_OPEN, "14:30:00", ENTRY_RISK_BREAKER_TRIP), 0);
    desk_lose(d, "18801", "14:30:30"); /* 2 % of 940,000 is 18,800 */
    assert_int_equal(look(d, PHASE_TICK, "14:31:00", ENTRY_RISK_BREAKER_TRIP), 1);
    d->day = "2015-12-28"; /* not resumed: it is tripped, and does not trip again */
    assert_int_equal(look(d, PHASE_OPEN, "14:30:00", ENTRY_RISK_BREAKER_TRIP), 0);
    desk_lose(d, "30000", "14:30:30");
    assert_int_equal(look(d, PHASE_TICK, "14:31:00", ENTRY_RISK_BREAKER_TRIP), 0);
    assert_int_equal(risk_state_tripped(&d->risk), 1);
}

static void test_money_taken_out_is_no_loss_and_paid_in_hides_none(void **state)
{
    struct desk *const d = *state;

    look(d, PHASE_OPEN, "14:30:00", ENTRY_RISK_BREAKER_TRIP);
    desk_tell(d, entries_deposit("out", "-500000"), "14:30:30");
    assert_int_equal(look(d, PHASE_TICK, "14:31:00", ENTRY_RISK_BREAKER_TRIP), 0);
    desk_tell(d, entries_deposit("in", "600000"), "14:31:30");
    desk_lose(d, "20001", "14:31:30");
    assert_int_equal(look(d, PHASE_TICK, "14:32:00", ENTRY_RISK_BREAKER_TRIP), 1);
}

static void test_without_an_opening_equity_nothing_trips(void **state)
{
    struct desk *const d = *state;

    desk_tick(d, PHASE_TICK, "14:31:00");
    assert_int_equal(risk_breakers(&d->ctx.risk, &d->tick, &d->out, NULL), ERR_OK);
    assert_int_equal(d->count, 0);
}

static void check_exit(struct desk *d, const char *profit, bool must)
{
    struct checks checks = {0};
    const struct symbol s = entries_symbol(PUT);
    bool said = !must;

    assert_int_equal(
        risk_position_exit(&d->ctx.risk, accounts_position(&d->accounts, &s), &checks, &said, NULL), ERR_OK);
    assert_int_equal(said, must);
    assert_int_equal(checks.count, 1);
    assert_int_equal(desk_check(&checks, "position_loss")->bound, entries_money("-500"));
    assert_int_equal(desk_check(&checks, "position_loss")->value,
                     profit ? entries_money(profit) : CHECK_VALUE_NONE);
}

static void test_a_position_must_go_at_a_loss_of_five_hundred(void **state)
{
    struct desk *const d = *state;

    desk_fill(d, PUT, SIDE_SELL, 5, "0.40", "14:31:00");
    check_exit(d, NULL, false); /* no mark: not known, and what is not known does not fire */
    desk_tell(d, entries_quote(PUT, "1.30", "1.49", 1, 1), "14:32:00");
    check_exit(d, "-497.5", false);
    desk_tell(d, entries_quote(PUT, "1.30", "1.499998", 1, 1), "14:32:00");
    check_exit(d, "-499.9995", false);
    desk_tell(d, entries_quote(PUT, "1.30", "1.50", 1, 1), "14:32:00");
    check_exit(d, "-500", true);
    desk_tell(d, entries_quote(PUT, "0.10", "0.20", 1, 1), "14:33:00");
    check_exit(d, "125", false);
}

static void test_errors_of_the_sink_come_up(void **state)
{
    struct desk *const d = *state;

    d->fail_with = ERR_IO;
    desk_tick(d, PHASE_OPEN, "14:30:00");
    assert_int_equal(risk_equity(&d->ctx.risk, &d->tick, &d->out, NULL), ERR_IO);
    desk_tell(d, desk_equity(PHASE_OPEN, DAY, "1000000"), "14:30:00");
    desk_lose(d, "30000", "14:30:30");
    assert_int_equal(risk_breakers(&d->ctx.risk, &d->tick, &d->out, NULL), ERR_IO);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_equity_is_recorded_at_open_close_and_every_quarter_of_an_hour),
        TEST(test_equity_is_cash_and_marks),
        TEST(test_the_breaker_trips_past_two_percent_and_not_at_it),
        TEST(test_the_breaker_trips_once_a_day),
        TEST(test_money_taken_out_is_no_loss_and_paid_in_hides_none),
        TEST(test_without_an_opening_equity_nothing_trips),
        TEST(test_a_position_must_go_at_a_loss_of_five_hundred),
        TEST(test_errors_of_the_sink_come_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
