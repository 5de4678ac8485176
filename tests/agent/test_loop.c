/* The loop from feed to fill on a real journal: stops, crashes, re-decision. */
#include "support/session.h"

static void test_a_day_from_feed_to_fill(void **state)
{
    struct session s;

    (void)state;
    session_start(&s);
    const struct loop_report report = session_run(&s, NULL);
    assert_int_equal(report.end, LOOP_FEED_ENDED);
    assert_int_equal(report.ticks, 391); /* the open, and 390 minutes of which the last is the close */
    assert_int_equal(report.orders, 3);
    assert_true(report.fills >= 3);
    assert_false(s.desk->book.run->is_open);
    assert_int_equal(accounts_sum_micro(s.desk->book.accounts), 0);
    session_decides_the_same(&s);
    session_end(&s);
}

static void test_cut_off_and_gone_on_is_the_same_as_uninterrupted(void **state)
{
    struct session whole;
    struct session parts;

    (void)state;
    session_start(&whole);
    session_run(&whole, NULL);
    session_start(&parts);
    assert_int_equal(session_run(&parts, "2026-01-05T14:35:30Z").end, LOOP_UNTIL);
    session_close(&parts);
    session_open(&parts);
    const struct loop_report second = session_run(&parts, "2026-01-05T17:00:00Z");
    assert_true(second.skipped > 0);
    session_close(&parts);
    session_open(&parts);
    assert_int_equal(session_run(&parts, NULL).end, LOOP_FEED_ENDED);
    assert_int_equal(parts.desk->book.accounts->cash_micro, whole.desk->book.accounts->cash_micro);
    assert_int_equal(parts.desk->book.orders->by_id.count, whole.desk->book.orders->by_id.count);
    assert_int_equal(parts.desk->book.view->clock.now_ns, whole.desk->book.view->clock.now_ns);
    session_decides_the_same(&parts);
    session_end(&whole);
    session_end(&parts);
}

static void assert_same_outcome(const struct session *a, const struct session *b)
{
    const struct book *const x = &a->desk->book;
    const struct book *const y = &b->desk->book;

    assert_int_equal(x->accounts->cash_micro, y->accounts->cash_micro);
    assert_int_equal(x->run->perceived, y->run->perceived);
    assert_int_equal(x->orders->by_id.count, y->orders->by_id.count);
    for (uint32_t i = 0; i < x->orders->by_id.count; i++) {
        const struct order *const o = table_at(&x->orders->by_id, i);
        const struct order *const p = table_at(&y->orders->by_id, i);
        assert_int_equal(o->status, p->status);
        assert_int_equal(o->filled_qty, p->filled_qty);
        assert_int_equal(o->filled_micro, p->filled_micro);
    }
}

enum died { DIED_PERCEIVED, DIED_BROKER, DIED_ANSWERED, DIED_POINTS };

/* The next moment as the loop does it, but only up to a commit. */
static void die_in_the_next_moment(struct session *s, enum died point)
{
    const struct feed_context context = feed_context_of(s->journal, loop_continues(s->desk, SESSION_FEED));
    const uint64_t recorded = s->desk->book.run->perceived;
    struct feed *feed = NULL;
    struct entry e;
    bool found = true;

    SCRATCH_OK(feed_open(SESSION_FEED, &context, &feed, err));
    for (uint64_t i = 0; i < recorded; i++)
        SCRATCH_OK(feed_next(feed, &e, &found, err));
    SCRATCH_OK(desk_begin(s->desk, err));
    do {
        SCRATCH_OK(feed_next(feed, &e, &found, err));
        assert_true(found);
        e.cause = s->desk->book.run->run_seq;
        SCRATCH_OK(desk_add(s->desk, feed_actor(feed), &e, err));
    } while (e.kind != ENTRY_PERCEPTION_CLOCK);
    SCRATCH_OK(desk_commit(s->desk, err));
    feed_close(feed);
    for (enum died done = DIED_BROKER; done <= point; done++) {
        SCRATCH_OK(desk_begin(s->desk, err));
        if (done == DIED_BROKER)
            SCRATCH_OK(desk_broker(s->desk, err));
        else
            SCRATCH_OK(desk_answer(s->desk, &e, err));
        SCRATCH_OK(desk_commit(s->desk, err));
    }
}

static void test_killed_between_any_two_commits_nothing_is_lost_or_done_twice(void **state)
{
    struct session whole;

    (void)state;
    session_start(&whole);
    session_run(&whole, "2026-01-05T14:40:30Z");
    for (enum died point = DIED_PERCEIVED; point < DIED_POINTS; point++) {
        struct session s;
        session_start(&s);
        session_run(&s, "2026-01-05T14:30:30Z");
        die_in_the_next_moment(&s, point); /* in which the first order is sent */
        assert_int_equal(s.desk->book.orders->open_count, point == DIED_ANSWERED ? 1 : 0);
        session_close(&s);
        session_open(&s);
        session_run(&s, "2026-01-05T14:40:30Z");
        assert_same_outcome(&s, &whole);
        session_decides_the_same(&s);
        session_end(&s);
    }
    session_end(&whole);
}

/* Whoever's name it carries: only what the loop itself perceived is left out when it goes on. */
static void test_what_others_append_meanwhile_is_not_the_feeds(void **state)
{
    struct session whole;
    struct session s;

    (void)state;
    session_start(&whole);
    session_run(&whole, "2026-01-05T14:40:30Z");
    session_start(&s);
    session_run(&s, "2026-01-05T14:35:30Z");
    SCRATCH_OK(desk_begin(s.desk, err));
    struct entry e = entries_quote("OTHER", "1", "2", 3, 4);
    SCRATCH_OK(desk_add(s.desk, "feed:synthetic", &e, err));
    e = entries_clock(PHASE_TICK, "2026-01-05");
    e.at_ns = entries_instant("2026-01-05T14:35:10Z");
    SCRATCH_OK(desk_add(s.desk, "feed:synthetic", &e, err));
    SCRATCH_OK(desk_commit(s.desk, err));
    session_close(&s);
    session_open(&s);
    session_run(&s, "2026-01-05T14:40:30Z");
    assert_same_outcome(&s, &whole);
    struct redecide_report *const report = session_redecide(&s);
    assert_int_equal(report->differs_seq, 0);
    assert_int_equal(report->behind,
                     1); /* but a clock in the midst of a run that nothing answered is told of */
    free(report);
    session_end(&whole);
    session_end(&s);
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

/* Another process begins a run on the same journal. */
static void take_over(void *context, uint64_t done, uint64_t total)
{
    struct session *const s = context;
    struct entry e = entries_draft(ENTRY_CONTROL_RUN);

    (void)done;
    (void)total;
    e.as.control_run.program = text_from("another");
    e.as.control_run.build = text_from("x");
    e.as.control_run.feed = text_from(SESSION_FEED);
    e.as.control_run.broker = id_from("paper");
    SCRATCH_OK(desk_begin(s->desk, err));
    SCRATCH_OK(desk_add(s->desk, "operator", &e, err));
    SCRATCH_OK(desk_commit(s->desk, err));
}

static enum err_code run_feed(struct session *s, const char *spec, book_progress *progress, struct err *err)
{
    const struct feed_context context = feed_context_of(s->journal, 0);
    struct loop_report report;
    struct feed *feed = NULL;

    SCRATCH_OK(feed_open(spec, &context, &feed, err));
    const struct loop_options options = {.feed_text = spec,
                                         .feed = feed,
                                         .broker = "paper",
                                         .until_ns = INSTANT_NONE,
                                         .progress = progress,
                                         .context = s};
    const enum err_code rc = loop_run(s->desk, &options, &report, err);
    feed_close(feed);
    return rc;
}

static void test_of_two_loops_on_one_journal_the_newer_goes_on(void **state)
{
    struct session s;
    struct err err;

    (void)state;
    session_start(&s);
    assert_int_equal(run_feed(&s, SESSION_FEED, take_over, &err), ERR_CHAIN);
    assert_non_null(strstr(err.text, "taken this journal over"));
    assert_int_equal(s.desk->book.view->clock.now_ns, entries_instant("2026-01-05T14:30:00Z"));
    session_end(&s);
}

/* Somebody who has the key ends the run beside the loop. */
static void end_it(void *context, uint64_t done, uint64_t total)
{
    struct session *const s = context;
    struct journal *other;

    (void)done;
    (void)total;
    if (!s->desk->book.run->is_open)
        return;
    other = scratch_open(&s->scratch);
    struct journal_group *g = NULL;
    struct seal seal;
    struct entry e = entries_draft(ENTRY_CONTROL_RUN_END);
    e.actor = 0;
    e.as.control_run_end.reason = text_from("not said by the loop");
    SCRATCH_OK(journal_group_begin(other, &g, err));
    SCRATCH_OK(journal_group_add(g, &e, err));
    SCRATCH_OK(journal_group_commit(g, &seal, err));
    journal_close(other);
}

static void test_a_run_that_another_has_ended_does_not_go_on_silently(void **state)
{
    struct session s;
    struct err err;
    char name[64];

    (void)state;
    session_start(&s);
    assert_int_equal(run_feed(&s, SESSION_FEED, end_it, &err), ERR_CHAIN);
    snprintf(name, sizeof name, "entry %llu ended the run of entry 3,",
             (unsigned long long)book_seq(&s.desk->book));
    assert_non_null(strstr(err.text, name));
    /* A loop that does not look: its clocks are of a run that is over, and nothing answers them. */
    struct entry e = entries_clock(PHASE_TICK, "2026-01-05");
    e.at_ns = entries_instant("2026-01-05T14:31:00Z");
    e.cause = s.desk->book.run->run_seq;
    SCRATCH_OK(desk_begin(s.desk, err));
    SCRATCH_OK(desk_add(s.desk, "feed:synthetic", &e, err));
    e.cause = 0; /* an import's asks for no answer */
    SCRATCH_OK(desk_add(s.desk, "feed:synthetic", &e, err));
    SCRATCH_OK(desk_commit(s.desk, err));
    struct redecide_report *const report = session_redecide(&s);
    assert_int_equal(report->differs_seq, 0);
    assert_int_equal(report->behind, 1);
    assert_int_equal(report->behind_seq, book_seq(&s.desk->book) - 1);
    free(report);
    session_end(&s);
}

static void test_nothing_is_decided_behind_what_was_decided(void **state)
{
    struct session s;
    struct err err;

    (void)state;
    session_start(&s);
    session_run(&s, "2026-01-05T14:31:30Z");
    assert_int_equal(run_feed(&s, "synthetic:seed=3,underlying=ACME,date=2025-01-06", NULL, &err), ERR_CHAIN);
    assert_non_null(strstr(err.text, "its clock says 2025-01-06T14:30:00Z, and this journal has decided "
                                     "up to 2026-01-05T14:31:00Z already"));
    assert_non_null(strstr(err.text, "another journal"));
    session_close(&s);
    session_open(&s);
    assert_int_equal(s.desk->book.view->clock.session, entries_day("2026-01-05"));
    assert_int_equal(count_kind(&s, ENTRY_CONTROL_RUN, 0), 1); /* and the refused run left no trace */
    session_end(&s);
}

static void test_stop_means_stop_across_a_restart_until_a_signed_resume(void **state)
{
    struct session s;
    uint64_t cancelled = 0;
    struct err err;

    (void)state;
    session_start(&s);
    session_run(&s, "2026-01-05T14:31:30Z");
    assert_int_equal(control_resume(s.desk, "operator", "nothing to resume", 3, &err), ERR_INPUT);
    SCRATCH_OK(control_stop(s.desk, "operator", "quotes look wrong", 4, &cancelled, err));
    const uint64_t stop = s.desk->book.risk->stop_seq;
    assert_true(stop > 0);
    session_close(&s);
    session_open(&s);
    session_run(&s, "2026-01-05T16:00:00Z");
    assert_int_equal(count_kind(&s, ENTRY_ORDER_NEW, stop), 0);
    assert_true(count_kind(&s, ENTRY_DECISION_NO_TRADE, stop) > 0);
    SCRATCH_OK(control_resume(s.desk, "compliance", "checked", 5, err));
    session_run(&s, NULL);
    assert_true(count_kind(&s, ENTRY_ORDER_NEW, stop) > 0);
    session_decides_the_same(&s);
    session_end(&s);
}

static void test_stop_cancels_what_is_open(void **state)
{
    static const char large[] =
        "strategy: {underlyings: [ACME], otm_min: 0.02, premium_min: 0.05, premium_max: 3, days_min: 1,\n"
        "  days_max: 60, trend_required: false, contracts: 5000}\n"
        "risk: {sector_share: 1, position_loss: 100000000, max_contracts: 5000}\n"
        "account: {deposit: 100000000}\n";
    struct session s;
    uint64_t cancelled = 0;
    bool changed = false;

    (void)state;
    session_start(&s);
    SCRATCH_OK(control_configure(s.desk, "operator", "large.yaml", large, strlen(large), 3, &changed, err));
    session_run(&s, "2026-01-05T14:31:30Z"); /* 5000 are more than anybody bids for: the order works on */
    assert_int_equal(s.desk->book.orders->open_count, 1);
    const struct order *const o = table_at(&s.desk->book.orders->by_id, 0);
    assert_int_equal(o->status, ORDER_WORKING);
    SCRATCH_OK(control_stop(s.desk, "operator", "stop it all", 4, &cancelled, err));
    assert_int_equal(cancelled, 1);
    assert_int_equal(((const struct order *)table_at(&s.desk->book.orders->by_id, 0))->status,
                     ORDER_CANCELLED);
    session_decides_the_same(&s); /* the cancellations too */
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
        session_run(&s, "2026-01-05T14:40:00Z");
        SCRATCH_OK(desk_begin(s.desk, err));
        const uint64_t seq = journal_group_next_seq(s.desk->group) + (i > 0);
        struct entry e;
        if (i > 0) { /* a tick that the engine should have answered */
            e = entries_clock(PHASE_TICK, "2026-01-05");
            e.at_ns = entries_instant("2026-01-05T14:41:00Z");
            e.cause = s.desk->book.run->run_seq;
            SCRATCH_OK(desk_add(s.desk, "feed:synthetic", &e, err));
        }
        if (i == 2) { /* only by the strategy after a note in between */
            e = entries_note("in between");
            SCRATCH_OK(desk_add(s.desk, "operator", &e, err));
        }
        e = entries_caused(entries_order("forged", "ACME", SIDE_BUY, 1, "1"), 1);
        SCRATCH_OK(desk_add(s.desk, "strategy:naked-put", &e, err));
        if (i == 2) {
            e = entries_order("forged-2", "ACME", SIDE_BUY, 1, "1");
            SCRATCH_OK(desk_add(s.desk, "operator", &e, err));
        }
        SCRATCH_OK(desk_commit(s.desk, err));
        struct redecide_report *const report = session_redecide(&s);
        assert_int_equal(report->differs_seq, i == 2 ? seq + 1 : seq);
        if (i < 2 && !strstr(report->reason, reasons[i]))
            fail_msg("%s", report->reason);
        assert_true(report->has_recorded);
        free(report);
        session_end(&s);
    }
}

/* Looked at up to any entry, in the middle of an answer as well, an honest journal shows no difference. */
static void test_redecide_up_to_any_entry(void **state)
{
    struct session s;
    struct journal_reader *r = NULL;
    struct redecide_report *const report = calloc(1, sizeof *report);

    (void)state;
    REQUIRE(report);
    session_start(&s);
    session_run(&s, "2026-01-05T14:31:30Z"); /* with an order and its fill */
    SCRATCH_OK(journal_reader_begin(s.journal, &r, err));
    for (uint64_t to = book_seq(&s.desk->book) - 12; to <= book_seq(&s.desk->book); to++) {
        SCRATCH_OK(redecide(r, 0, to, report, NULL, NULL, err));
        if (report->differs_seq)
            fail_msg("to %llu: %s", (unsigned long long)to, report->reason);
        assert_int_equal(report->entries, to);
    }
    assert_int_equal(redecide(r, 0, book_seq(&s.desk->book) + 1, report, NULL, NULL, NULL), ERR_NOT_FOUND);
    journal_reader_end(r);
    free(report);
    session_end(&s);
}

static void test_actors_are_added_with_their_keys(void **state)
{
    struct session s;
    struct err err;

    (void)state;
    session_start(&s);
    SCRATCH_OK(control_add_actor(s.desk, NULL, "feed:bloomberg", "feed", NULL, 3, err));
    assert_int_equal(control_add_actor(s.desk, NULL, "feed:bloomberg", "feed", NULL, 3, &err), ERR_EXISTS);
    assert_int_equal(control_add_actor(s.desk, NULL, "x", "king", NULL, 3, &err), ERR_INPUT);
    assert_int_equal(control_add_actor(s.desk, NULL, "two words", "feed", NULL, 3, &err), ERR_INPUT);
    assert_int_equal(control_add_actor(s.desk, NULL, "", "feed", NULL, 3, &err), ERR_INPUT);
    struct entry e = entries_quote("ACME", "1", "2", 3, 4);
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
        cmocka_unit_test(test_killed_between_any_two_commits_nothing_is_lost_or_done_twice),
        cmocka_unit_test(test_what_others_append_meanwhile_is_not_the_feeds),
        cmocka_unit_test(test_of_two_loops_on_one_journal_the_newer_goes_on),
        cmocka_unit_test(test_a_run_that_another_has_ended_does_not_go_on_silently),
        cmocka_unit_test(test_nothing_is_decided_behind_what_was_decided),
        cmocka_unit_test(test_stop_means_stop_across_a_restart_until_a_signed_resume),
        cmocka_unit_test(test_stop_cancels_what_is_open),
        cmocka_unit_test(test_redecide_names_what_nobody_decided),
        cmocka_unit_test(test_redecide_up_to_any_entry),
        cmocka_unit_test(test_actors_are_added_with_their_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
