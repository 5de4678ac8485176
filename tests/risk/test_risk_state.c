#include "support/desk.h"
#include "support/digests.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define DAY  "2015-12-23"
#define NEXT "2015-12-24"

static struct entry verdict(uint64_t cause, bool allowed)
{
    struct entry e = entries_draft(ENTRY_RISK_VERDICT);

    e.cause = cause;
    e.as.risk_verdict.order_id = id_from("o-1");
    e.as.risk_verdict.symbol = entries_symbol("GOOG");
    e.as.risk_verdict.allowed = allowed;
    return e;
}

static void test_a_stop_lasts_until_a_resume(void **state)
{
    struct desk *const d = desk_new(DAY);

    (void)state;
    assert_false(d->risk.stopped);
    const uint64_t stop = desk_tell(d, entries_stop("fire drill"), "15:00:00");
    assert_true(d->risk.stopped);
    assert_int_equal(d->risk.stop_seq, stop);
    desk_tell(d, entries_clock(PHASE_OPEN, NEXT), "2015-12-24T14:30:00Z"); /* a new day ends no stop */
    assert_true(d->risk.stopped);
    desk_tell(d, entries_resume("over"), "2015-12-24T14:31:00Z");
    assert_false(d->risk.stopped);
    assert_int_equal(d->risk.stop_seq, 0);
    desk_free(d);
}

static void test_a_breaker_lasts_until_a_resume(void **state)
{
    struct desk *const d = desk_new(DAY);

    (void)state;
    desk_tick(d, PHASE_OPEN, "14:30:00");
    assert_null(risk_state_breaker(&d->risk, "daily_loss"));
    desk_tell(d, desk_trip("daily_loss"), "15:00:00");
    desk_tell(d, desk_trip("other"), "15:00:00");
    desk_tell(d, desk_trip("daily_loss"), "15:00:00");
    assert_int_equal(risk_state_tripped(&d->risk), 2);
    assert_int_equal(risk_state_breaker(&d->risk, "daily_loss")->session, entries_day(DAY));
    desk_tell(d, entries_clock(PHASE_OPEN, NEXT), "2015-12-24T14:30:00Z"); /* nor does a new day end it */
    assert_int_equal(risk_state_tripped(&d->risk), 2);
    desk_tell(d, entries_resume("looked into"), "2015-12-24T14:31:00Z");
    assert_int_equal(risk_state_tripped(&d->risk), 0);
    assert_int_equal(risk_state_breaker(&d->risk, "daily_loss")->session, entries_day(DAY));
    desk_free(d);
}

static void test_more_breakers_than_rows_still_count_as_tripped(void **state)
{
    struct desk *const d = desk_new(DAY);
    char name[16];

    (void)state;
    for (unsigned i = 0; i < RISK_BREAKERS_MAX + 3; i++) {
        snprintf(name, sizeof name, "breaker-%u", i);
        desk_tell(d, desk_trip(name), "15:00:00");
    }
    assert_int_equal(risk_state_tripped(&d->risk), RISK_BREAKERS_MAX);
    desk_free(d);
}

static void test_the_opening_equity_story(void **state)
{
    struct desk *const d = desk_new(DAY);

    (void)state;
    desk_tick(d, PHASE_OPEN, "14:30:00");
    assert_false(d->risk.has_opening);
    desk_tell(d, desk_equity(PHASE_TICK, DAY, "900"), "14:30:00"); /* the session's first stands in ... */
    assert_int_equal(d->risk.opening_equity_micro, entries_money("900"));
    desk_tell(d, desk_equity(PHASE_TICK, DAY, "950"), "14:31:00");
    assert_int_equal(d->risk.opening_equity_micro, entries_money("900"));
    desk_tell(d, desk_equity(PHASE_OPEN, DAY, "1000"), "14:32:00"); /* ... for the one at the open */
    assert_int_equal(d->risk.opening_equity_micro, entries_money("1000"));
    desk_tell(d, desk_equity(PHASE_OPEN, DAY, "1100"), "14:33:00");
    assert_int_equal(d->risk.opening_equity_micro, entries_money("1000"));
    desk_tick(d, PHASE_TICK, "15:00:00");
    assert_int_equal(d->risk.opening_equity_micro, entries_money("1000")); /* the same session */
    assert_int_equal(d->risk.equity_micro, entries_money("1100"));
    desk_tell(d, entries_clock(PHASE_OPEN, NEXT), "2015-12-24T14:30:00Z");
    assert_false(d->risk.has_opening);
    desk_tell(d, desk_equity(PHASE_CLOSE, DAY, "5"), "2015-12-24T14:30:00Z"); /* about another session */
    assert_false(d->risk.has_opening);
    desk_free(d);
}

static void test_deposits_of_the_session_count_once(void **state)
{
    struct desk *const d = desk_new(DAY);

    (void)state;
    desk_tick(d, PHASE_OPEN, "14:30:00");
    desk_tell(d, entries_deposit("d-1", "1000"), "14:30:00"); /* before the opening equity: in it */
    desk_tell(d, desk_equity(PHASE_OPEN, DAY, "1000"), "14:30:00");
    assert_int_equal(d->risk.deposits_micro, 0);
    desk_tell(d, entries_deposit("d-2", "500"), "14:31:00");
    desk_tell(d, entries_deposit("d-2", "500"), "14:31:00"); /* told again */
    desk_tell(d, entries_deposit("d-1", "1000"), "14:31:00");
    desk_tell(d, entries_deposit("d-3", "-200"), "14:31:00");
    assert_int_equal(d->risk.deposits_micro, entries_money("300"));
    desk_tell(d, entries_clock(PHASE_OPEN, NEXT), "2015-12-24T14:30:00Z");
    assert_int_equal(d->risk.deposits_micro, 0);
    desk_free(d);
}

static void test_only_allowed_entries_of_the_session_count(void **state)
{
    struct desk *const d = desk_new(DAY);

    (void)state;
    desk_tick(d, PHASE_OPEN, "14:30:00");
    uint64_t seq = desk_tell(d, desk_enter("o-1", "GOOG", SIDE_SELL, 1, "1"), "14:30:00");
    desk_tell(d, verdict(seq, false), "14:30:00"); /* refused */
    assert_int_equal(d->risk.opened_today, 0);
    seq = desk_tell(d, desk_enter("o-2", "GOOG", SIDE_SELL, 1, "1"), "14:31:00");
    desk_tell(d, verdict(seq - 1, true), "14:31:00"); /* about something else */
    assert_int_equal(d->risk.opened_today, 0);
    desk_tell(d, verdict(seq, true), "14:31:00");
    assert_int_equal(d->risk.opened_today, 1);
    desk_tell(d, verdict(seq, true), "14:31:00"); /* once */
    assert_int_equal(d->risk.opened_today, 1);
    seq = desk_tell(d, desk_exit("o-3", "GOOG", SIDE_BUY, 1, "1"), "14:32:00");
    desk_tell(d, verdict(seq, true), "14:32:00"); /* an exit opens nothing */
    assert_int_equal(d->risk.opened_today, 1);
    desk_tick(d, PHASE_TICK, "14:33:00");
    assert_int_equal(d->risk.opened_today, 1);
    desk_tell(d, entries_clock(PHASE_OPEN, NEXT), "2015-12-24T14:30:00Z");
    assert_int_equal(d->risk.opened_today, 0);
    desk_free(d);
}

static void test_every_fact_moves_the_digest_and_an_order_does_not(void **state)
{
    struct desk *const d = desk_new(DAY);
    const struct entry facts[] = {
        entries_clock(PHASE_OPEN, DAY), desk_equity(PHASE_OPEN, DAY, "1000"),
        entries_deposit("d-1", "5"),    desk_enter("o-1", "GOOG", SIDE_SELL, 1, "1"),
        desk_trip("daily_loss"),        entries_stop("stop"),
        entries_resume("go"),
    };
    uint64_t before = digests_of(&risk_row, &d->risk);

    (void)state;
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++) {
        desk_tell(d, facts[i], "14:30:00");
        const uint64_t after = digests_of(&risk_row, &d->risk);
        assert_int_not_equal(after, before);
        before = after;
    }
    desk_tell(d, entries_order("o-1", "GOOG", SIDE_SELL, 1, "1"), "14:31:00");
    desk_tell(d, entries_note("hello"), "14:31:00");
    assert_int_equal(digests_of(&risk_row, &d->risk), before);
    desk_free(d);
}

static void test_deposits_that_overflow_move_nothing(void **state)
{
    struct desk *const d = desk_new(DAY);
    struct entry e = entries_placed(entries_deposit("d-2", "1"), 99, "2015-12-23T15:00:00Z");

    (void)state;
    desk_tick(d, PHASE_OPEN, "14:30:00");
    desk_tell(d, desk_equity(PHASE_OPEN, DAY, "1000"), "14:30:00");
    desk_tell(d, entries_deposit("d-1", "9223372036854.775807"), "14:31:00");
    const uint64_t before = digests_of(&risk_row, &d->risk);
    e.as.fill_deposit.amount = 1;
    assert_int_equal(risk_state_apply(&d->risk, &e, NULL), ERR_RANGE);
    assert_int_equal(digests_of(&risk_row, &d->risk), before);
    desk_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_stop_lasts_until_a_resume),
        cmocka_unit_test(test_a_breaker_lasts_until_a_resume),
        cmocka_unit_test(test_more_breakers_than_rows_still_count_as_tripped),
        cmocka_unit_test(test_the_opening_equity_story),
        cmocka_unit_test(test_deposits_of_the_session_count_once),
        cmocka_unit_test(test_only_allowed_entries_of_the_session_count),
        cmocka_unit_test(test_every_fact_moves_the_digest_and_an_order_does_not),
        cmocka_unit_test(test_deposits_that_overflow_move_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
