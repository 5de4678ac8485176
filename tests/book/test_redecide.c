/* Deciding again: a journal that grows is followed. What is not what would be decided: test_redecide_tampered.c. */
#include "support/session.h"

#define FIRST_ORDER_UNTIL "2026-01-05T14:31:30Z" /* with the first order and its fill */

static const struct redecide_report *follow(struct redecider *d, struct session *s, uint64_t to)
{
    struct journal_reader *r = NULL;

    SCRATCH_OK(
        journal_reader_begin(s->journal, &r, err)); /* a fresh one each time: it ends before the next */
    SCRATCH_OK(redecider_run(d, r, to, NULL, NULL, err));
    journal_reader_end(r);
    const struct redecide_report *const report = redecider_report(d);
    if (report->differs_seq)
        fail_msg("entry %llu: %s", (unsigned long long)report->differs_seq, report->reason);
    return report;
}

static void assert_like_the_whole(const struct redecide_report *report, struct session *s)
{
    struct redecide_report *const whole = session_redecide(s);

    assert_int_equal(report->entries, whole->entries);
    assert_int_equal(report->triggers, whole->triggers);
    assert_int_equal(report->compared, whole->compared);
    assert_int_equal(report->behind, whole->behind);
    assert_int_equal(report->awaits_seq, whole->awaits_seq);
    assert_int_equal(report->foreign, whole->foreign);
    assert_int_equal(report->foreign_seq, whole->foreign_seq);
    assert_true(report->compared > 0);
    free(whole);
}

static void append_stop(struct session *s, const char *reason)
{
    uint64_t cancelled = 0;

    SCRATCH_OK(control_stop(s->desk, "operator", reason, 4, &cancelled, err));
}

/* A clock entry of the feed's, as the loop records it, and nobody answers. */
static void append_tick(struct session *s, const char *at)
{
    struct entry e = entries_clock(PHASE_TICK, "2026-01-05");

    e.at_ns = entries_instant(at);
    e.cause = s->desk->book.run->run_seq;
    SCRATCH_OK(desk_begin(s->desk, err));
    SCRATCH_OK(desk_add(s->desk, "feed:synthetic", &e, err));
    SCRATCH_OK(desk_commit(s->desk, err));
}

static void test_entry_by_entry_is_like_all_at_once(void **state)
{
    struct session s;
    struct redecider *d = NULL;

    (void)state;
    session_start(&s);
    session_run(&s, FIRST_ORDER_UNTIL);
    append_stop(&s, "quotes look wrong");
    session_run(&s, "2026-01-05T14:33:30Z");
    SCRATCH_OK(redecider_new(&d, err));
    uint64_t before = 0;
    for (uint64_t to = 1; to <= book_seq(&s.desk->book); to++) {
        const struct redecide_report *const report = follow(d, &s, to);
        assert_true(report->entries <= to && report->entries >= before); /* an answer is looked at whole */
        assert_int_equal(report->entries, book_seq(redecider_book(d)));
        before = report->entries;
    }
    assert_like_the_whole(redecider_report(d), &s);
    redecider_free(d);
    session_end(&s);
}

static void test_a_growing_journal_is_followed_across_restarts_stops_and_missed_moments(void **state)
{
    static const char *const times[] = {"2026-01-05T14:30:30Z", FIRST_ORDER_UNTIL, "2026-01-05T14:36:30Z",
                                        "2026-01-05T14:40:30Z"};
    struct session s;
    struct redecider *d = NULL;

    (void)state;
    session_start(&s);
    SCRATCH_OK(redecider_new(&d, err));
    assert_int_equal(follow(d, &s, 0)->compared, 0); /* nothing decided yet */
    for (unsigned i = 0; i < sizeof times / sizeof times[0]; i++) {
        const uint64_t compared = redecider_report(d)->compared;
        session_run(&s, times[i]);
        assert_true(follow(d, &s, 0)->compared > compared);
        if (i == 1)
            append_stop(&s, "quotes look wrong");
        if (i == 2)
            SCRATCH_OK(control_resume(s.desk, "compliance", "checked", 5, err));
        follow(d, &s, 0);
        assert_int_equal(follow(d, &s, 0)->entries, book_seq(&s.desk->book)); /* nothing new is nothing */
        session_close(&s);
        session_open(&s);
    }
    append_tick(&s, "2026-01-05T14:41:00Z");
    assert_int_equal(follow(d, &s, 0)->behind, 0); /* it may be answered still */
    append_tick(&s, "2026-01-05T14:42:00Z");
    assert_int_equal(follow(d, &s, 0)->behind, 1);
    assert_like_the_whole(redecider_report(d), &s);
    redecider_free(d);
    session_end(&s);
}

/* Whoever leaves out the answer to a run's last moment does not hide it behind the run's end. */
static void test_a_moment_that_the_runs_end_left_behind_is_counted(void **state)
{
    struct session s;
    struct redecider *d = NULL;

    (void)state;
    session_start(&s);
    session_run(&s, FIRST_ORDER_UNTIL);
    append_tick(&s, "2026-01-05T14:32:00Z");
    const uint64_t tick = book_seq(&s.desk->book);
    SCRATCH_OK(redecider_new(&d, err));
    assert_int_equal(follow(d, &s, 0)->behind, 0);
    struct entry e = entries_draft(ENTRY_CONTROL_RUN_END);
    e.as.control_run_end.reason = text_from("the feed has ended");
    SCRATCH_OK(desk_begin(s.desk, err));
    SCRATCH_OK(desk_add(s.desk, "operator", &e, err));
    SCRATCH_OK(desk_commit(s.desk, err));
    assert_int_equal(follow(d, &s, 0)->behind, 1);
    assert_int_equal(redecider_report(d)->behind_seq, tick);
    append_tick(&s, "2026-01-05T14:33:00Z"); /* of a run that is over: nothing can answer it */
    assert_int_equal(follow(d, &s, 0)->behind, 2);
    assert_like_the_whole(redecider_report(d), &s);
    redecider_free(d);
    session_end(&s);
}

/* The loop dies before it answers: the moment is looked at when the next loop has answered it. */
static void test_what_is_answered_after_a_restart_is_compared_then(void **state)
{
    struct session s;
    struct redecider *d = NULL;

    (void)state;
    session_start(&s);
    session_run(&s, FIRST_ORDER_UNTIL);
    append_tick(&s, "2026-01-05T14:32:00Z");
    SCRATCH_OK(redecider_new(&d, err));
    const uint64_t triggers = follow(d, &s, 0)->triggers;
    assert_int_equal(redecider_report(d)->awaits_seq, book_seq(&s.desk->book));
    assert_like_the_whole(redecider_report(d), &s);
    session_close(&s);
    session_open(&s);
    struct entry e = entries_clock(PHASE_TICK, "2026-01-05");
    e.at_ns = entries_instant("2026-01-05T14:32:00Z");
    e.seq = s.desk->book.run->pending_seq;
    SCRATCH_OK(desk_begin(s.desk, err));
    SCRATCH_OK(desk_answer(s.desk, &e, err));
    SCRATCH_OK(desk_commit(s.desk, err));
    assert_int_equal(follow(d, &s, 0)->triggers, triggers + 1);
    assert_int_equal(redecider_report(d)->awaits_seq, 0);
    assert_like_the_whole(redecider_report(d), &s);
    redecider_free(d);
    session_end(&s);
}

/* Orders in a person's name are no difference, for nothing is decided in it; but they are told. */
static void test_what_deciders_write_in_another_name_is_counted(void **state)
{
    struct session s;
    struct redecider *d = NULL;
    uint64_t first = 0;

    (void)state;
    session_start(&s);
    session_run(&s, FIRST_ORDER_UNTIL);
    SCRATCH_OK(redecider_new(&d, err));
    assert_int_equal(follow(d, &s, 0)->foreign, 0);
    assert_int_equal(redecider_report(d)->foreign_seq, 0);
    for (unsigned i = 0; i < 2; i++) {
        char id[] = "own-0";
        id[4] = (char)('0' + i);
        struct entry e = entries_caused(entries_order(id, "ACME", SIDE_BUY, 1, "1"), 1);
        SCRATCH_OK(desk_begin(s.desk, err));
        SCRATCH_OK(desk_add(s.desk, "operator", &e, err));
        SCRATCH_OK(desk_commit(s.desk, err));
        first = i ? first : e.seq;
        assert_int_equal(follow(d, &s, 0)->foreign, i + 1);
        assert_int_equal(redecider_report(d)->foreign_seq, first);
    }
    session_run(&s, "2026-01-05T14:34:30Z");
    assert_int_equal(follow(d, &s, 0)->foreign, 2);
    assert_like_the_whole(redecider_report(d), &s);
    redecider_free(d);
    session_end(&s);
}

static void test_another_or_a_shorter_journal_is_refused(void **state)
{
    struct session s;
    struct session other;
    struct redecider *d = NULL;
    struct journal_reader *r = NULL;
    struct err err;

    (void)state;
    session_start(&s);
    session_start(&other);
    session_run(&s, FIRST_ORDER_UNTIL);
    SCRATCH_OK(redecider_new(&d, err));
    follow(d, &s, 0);
    SCRATCH_OK(journal_reader_begin(other.journal, &r, err));
    assert_int_equal(redecider_run(d, r, 0, NULL, NULL, &err), ERR_CHAIN);
    assert_int_equal(redecider_run(d, r, 999999, NULL, NULL, &err), ERR_NOT_FOUND);
    journal_reader_end(r);
    follow(d, &s, 0); /* neither has harmed it */
    redecider_free(d);
    session_end(&other);
    session_end(&s);
}

/* As by a simulator that goes on after the step in which it went wrong. */
static void test_after_a_difference_nothing_more_is_looked_at(void **state)
{
    struct session s;
    struct redecider *d = NULL;
    struct journal_reader *r = NULL;

    (void)state;
    session_start(&s);
    session_run(&s, FIRST_ORDER_UNTIL);
    SCRATCH_OK(redecider_new(&d, err));
    follow(d, &s, 0);
    SCRATCH_OK(desk_begin(s.desk, err));
    struct entry e = entries_caused(entries_order("forged", "ACME", SIDE_BUY, 1, "1"), 1);
    SCRATCH_OK(desk_add(s.desk, "strategy:naked-put", &e, err));
    SCRATCH_OK(desk_commit(s.desk, err));
    for (unsigned i = 0; i < 2; i++) {
        SCRATCH_OK(journal_reader_begin(s.journal, &r, err));
        SCRATCH_OK(redecider_run(d, r, 0, NULL, NULL, err));
        journal_reader_end(r);
        assert_int_equal(redecider_report(d)->differs_seq, e.seq);
        assert_true(id_is(&redecider_report(d)->recorded.as.order_new.order_id, "forged")); /* no reader's */
        assert_int_equal(book_seq(redecider_book(d)), e.seq - 1);
        append_tick(&s, i ? "2026-01-05T14:33:00Z" : "2026-01-05T14:32:00Z");
    }
    redecider_free(d);
    session_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entry_by_entry_is_like_all_at_once),
        cmocka_unit_test(test_a_growing_journal_is_followed_across_restarts_stops_and_missed_moments),
        cmocka_unit_test(test_a_moment_that_the_runs_end_left_behind_is_counted),
        cmocka_unit_test(test_what_is_answered_after_a_restart_is_compared_then),
        cmocka_unit_test(test_what_deciders_write_in_another_name_is_counted),
        cmocka_unit_test(test_another_or_a_shorter_journal_is_refused),
        cmocka_unit_test(test_after_a_difference_nothing_more_is_looked_at),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
