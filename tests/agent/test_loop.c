/* The loop from feed to fill on a real journal: stops, crashes, re-decision. */
#include "agent/control.h"
#include "agent/loop.h"
#include "book/redecide.h"
#include "support/journals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define FEED "synthetic:seed=3,underlying=ACME,date=2026-01-05"

static const char yaml[] = "strategy:\n"
                           "  underlyings: [ACME]\n"
                           "  otm_min: 0.02\n"
                           "  premium_min: 0.05\n"
                           "  premium_max: 3\n"
                           "  days_min: 1\n"
                           "  days_max: 60\n"
                           "  trend_required: false\n"
                           "  positions_max: 3\n"
                           "risk: {sector_share: 1, position_loss: 100000}\n";

struct session {
    struct scratch scratch;
    struct journal *journal;
    struct desk *desk;
};

static void session_open(struct session *s)
{
    s->journal = scratch_open(&s->scratch);
    s->desk = calloc(1, sizeof *s->desk);
    REQUIRE(s->desk);
    SCRATCH_OK(desk_init(s->desk, s->journal, NULL, NULL, err));
}

static void session_close(struct session *s)
{
    desk_release(s->desk);
    free(s->desk);
    journal_close(s->journal);
}

static void session_start(struct session *s)
{
    struct actor_rows first;
    bool changed = false;

    scratch_init(&s->scratch);
    control_first_actors(&first);
    SCRATCH_OK(journal_create(&s->scratch.options, SCRATCH_ORIGIN, s->scratch.passphrase, &first, err));
    session_open(s);
    SCRATCH_OK(control_configure(s->desk, "operator", "test.yaml", yaml, strlen(yaml), 1, &changed, err));
    assert_true(changed);
    SCRATCH_OK(control_configure(s->desk, "operator", "test.yaml", yaml, strlen(yaml), 2, &changed, err));
    assert_false(changed); /* the very same is not entered twice */
}

static void session_end(struct session *s)
{
    session_close(s);
    scratch_release(&s->scratch);
}

static struct loop_report run_until(struct session *s, const char *until)
{
    const struct feed_context context = feed_context_of(s->journal, loop_continues(s->desk, FEED));
    struct loop_report report;
    struct feed *feed = NULL;

    SCRATCH_OK(feed_open(FEED, &context, &feed, err));
    const struct loop_options options = {.feed_text = FEED,
                                         .feed = feed,
                                         .broker = "paper",
                                         .until_ns = until ? entries_instant(until) : INSTANT_NONE};
    SCRATCH_OK(loop_run(s->desk, &options, &report, err));
    feed_close(feed);
    return report;
}

static struct redecide_report *decide_again(struct session *s)
{
    struct redecide_report *const report = calloc(1, sizeof *report);
    struct journal_reader *r = NULL;

    REQUIRE(report);
    SCRATCH_OK(journal_reader_begin(s->journal, &r, err));
    SCRATCH_OK(redecide(r, 0, report, NULL, NULL, err));
    journal_reader_end(r);
    return report;
}

static void assert_decides_the_same(struct session *s)
{
    struct redecide_report *const report = decide_again(s);

    if (report->differs_seq)
        fail_msg("entry %llu: %s", (unsigned long long)report->differs_seq, report->reason);
    assert_true(report->compared > 0);
    assert_int_equal(report->behind, 0);
    free(report);
}

static void test_a_day_from_feed_to_fill(void **state)
{
    struct session s;

    (void)state;
    session_start(&s);
    const struct loop_report report = run_until(&s, NULL);
    assert_int_equal(report.end, LOOP_FEED_ENDED);
    assert_int_equal(report.ticks, 391); /* the open, and 390 minutes of which the last is the close */
    assert_int_equal(report.orders, 3);
    assert_true(report.fills >= 3);
    assert_false(s.desk->book.run->is_open);
    assert_int_equal(accounts_sum_micro(s.desk->book.accounts), 0);
    assert_decides_the_same(&s);
    session_end(&s);
}

static void test_cut_off_and_gone_on_is_the_same_as_uninterrupted(void **state)
{
    struct session whole;
    struct session parts;

    (void)state;
    session_start(&whole);
    run_until(&whole, NULL);
    session_start(&parts);
    assert_int_equal(run_until(&parts, "2026-01-05T14:35:30Z").end, LOOP_UNTIL);
    session_close(&parts);
    session_open(&parts);
    const struct loop_report second = run_until(&parts, "2026-01-05T17:00:00Z");
    assert_true(second.skipped > 0);
    session_close(&parts);
    session_open(&parts);
    assert_int_equal(run_until(&parts, NULL).end, LOOP_FEED_ENDED);
    assert_int_equal(parts.desk->book.accounts->cash_micro, whole.desk->book.accounts->cash_micro);
    assert_int_equal(parts.desk->book.orders->by_id.count, whole.desk->book.orders->by_id.count);
    assert_int_equal(parts.desk->book.view->clock.now_ns, whole.desk->book.view->clock.now_ns);
    assert_decides_the_same(&parts);
    session_end(&whole);
    session_end(&parts);
}

static uint64_t count_kind(struct session *s, enum entry_kind kind, uint64_t after)
{
    struct journal_reader *r = NULL;
    struct journal_record record;
    struct entry e;
    bool found = true;
    uint64_t n = 0;

    SCRATCH_OK(journal_reader_begin(s->journal, &r, err));
    SCRATCH_OK(journal_reader_seek(r, after + 1, err));
    for (;;) {
        SCRATCH_OK(journal_reader_next(r, &record, &found, err));
        if (!found)
            break;
        SCRATCH_OK(entry_decode(record.bytes, record.size, &e, err));
        n += e.kind == kind;
    }
    journal_reader_end(r);
    return n;
}

static void test_stop_means_stop_across_a_restart_until_a_signed_resume(void **state)
{
    struct session s;
    uint64_t cancelled = 0;
    struct err err;

    (void)state;
    session_start(&s);
    run_until(&s, "2026-01-05T14:31:30Z");
    assert_int_equal(control_resume(s.desk, "operator", "nothing to resume", 3, &err), ERR_INPUT);
    SCRATCH_OK(control_stop(s.desk, "operator", "quotes look wrong", 4, &cancelled, err));
    const uint64_t stop = s.desk->book.risk->stop_seq;
    assert_true(stop > 0);
    session_close(&s);
    session_open(&s);
    run_until(&s, "2026-01-05T16:00:00Z");
    assert_int_equal(count_kind(&s, ENTRY_ORDER_NEW, stop), 0);
    assert_true(count_kind(&s, ENTRY_DECISION_NO_TRADE, stop) > 0);
    SCRATCH_OK(control_resume(s.desk, "compliance", "checked", 5, err));
    run_until(&s, NULL);
    assert_true(count_kind(&s, ENTRY_ORDER_NEW, stop) > 0);
    assert_decides_the_same(&s);
    session_end(&s);
}

static void test_stop_cancels_what_is_open(void **state)
{
    struct session s;
    uint64_t cancelled = 0;
    struct entry e;

    (void)state;
    session_start(&s);
    run_until(&s, "2026-01-05T14:31:30Z");
    SCRATCH_OK(desk_begin(s.desk, err));
    e = entries_order("by-hand", "ACME", SIDE_SELL, 1, "1000000");
    SCRATCH_OK(desk_add(s.desk, "operator", &e, err));
    SCRATCH_OK(desk_broker(s.desk, err));
    SCRATCH_OK(desk_commit(s.desk, err));
    const struct id id = id_from("by-hand");
    assert_int_equal(orders_find(s.desk->book.orders, &id)->status, ORDER_WORKING);
    SCRATCH_OK(control_stop(s.desk, "operator", "stop it all", 4, &cancelled, err));
    assert_int_equal(cancelled, 1);
    assert_int_equal(orders_find(s.desk->book.orders, &id)->status, ORDER_CANCELLED);
    assert_decides_the_same(&s); /* the cancellations too */
    session_end(&s);
}

/* Somebody with the keys writes an entry that the deciders would not have made. */
static void test_redecide_names_what_nobody_decided(void **state)
{
    static const char *const reasons[] = {"nothing called for", "is not the one", "not recorded here"};
    struct session s;

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        session_start(&s);
        run_until(&s, "2026-01-05T14:40:00Z");
        SCRATCH_OK(desk_begin(s.desk, err));
        const uint64_t seq = journal_group_next_seq(s.desk->group) + (i > 0);
        struct entry e;
        if (i > 0) { /* a tick that the engine should have answered */
            e = entries_clock(PHASE_TICK, "2026-01-05");
            e.at_ns = entries_instant("2026-01-05T14:41:00Z");
            SCRATCH_OK(desk_add(s.desk, "feed:synthetic", &e, err));
        }
        if (i == 2) { /* only by the strategy after a note in between */
            e = entries_note("in between");
            SCRATCH_OK(desk_add(s.desk, "operator", &e, err));
        }
        e = entries_order("forged", "ACME", SIDE_BUY, 1, "1");
        SCRATCH_OK(desk_add(s.desk, "strategy:naked-put", &e, err));
        if (i == 2) {
            e = entries_order("forged-2", "ACME", SIDE_BUY, 1, "1");
            SCRATCH_OK(desk_add(s.desk, "operator", &e, err));
        }
        SCRATCH_OK(desk_commit(s.desk, err));
        struct redecide_report *const report = decide_again(&s);
        assert_int_equal(report->differs_seq, i == 2 ? seq + 1 : seq);
        if (i < 2 && !strstr(report->reason, reasons[i]))
            fail_msg("%s", report->reason);
        assert_true(report->has_recorded);
        free(report);
        session_end(&s);
    }
}

static void test_actors_are_added_with_their_keys(void **state)
{
    struct session s;
    struct err err;

    (void)state;
    session_start(&s);
    SCRATCH_OK(control_add_actor(s.desk, "feed:bloomberg", "feed", err));
    assert_int_equal(control_add_actor(s.desk, "feed:bloomberg", "feed", &err), ERR_EXISTS);
    assert_int_equal(control_add_actor(s.desk, "x", "king", &err), ERR_INPUT);
    assert_int_equal(control_add_actor(s.desk, "two words", "feed", &err), ERR_INPUT);
    assert_int_equal(control_add_actor(s.desk, "", "feed", &err), ERR_INPUT);
    struct entry e = entries_note("hello");
    SCRATCH_OK(desk_begin(s.desk, err));
    SCRATCH_OK(desk_add(s.desk, "feed:bloomberg", &e, err));
    SCRATCH_OK(desk_commit(s.desk, err));
    assert_int_equal(desk_begin(s.desk, &err), ERR_OK);
    assert_int_equal(desk_add(s.desk, "nobody", &e, &err), ERR_NOT_FOUND);
    desk_abort(s.desk);
    session_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_day_from_feed_to_fill),
        cmocka_unit_test(test_cut_off_and_gone_on_is_the_same_as_uninterrupted),
        cmocka_unit_test(test_stop_means_stop_across_a_restart_until_a_signed_resume),
        cmocka_unit_test(test_stop_cancels_what_is_open),
        cmocka_unit_test(test_redecide_names_what_nobody_decided),
        cmocka_unit_test(test_actors_are_added_with_their_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
