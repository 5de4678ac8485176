/* A statement is answered in its own group, whoever gives it; the same breaks are decided again; people clear them. */
#include "agent/intake.h"
#include "agent/reconciliation.h"
#include "support/session.h"

#define DAY "2026-01-05"

/* The loop over the whole day, then a statement of the paper broker: all agrees. */
static void start_traded(struct session *s, const char *until)
{
    session_start(s);
    session_run(s, until);
    assert_true(s->desk->book.orders->by_id.count > 0);
}

static uint32_t open_breaks(const struct session *s)
{
    return s->desk->book.reconcile->breaks.count;
}

static const struct reconcile_break *break_at(const struct session *s, uint32_t index)
{
    return table_at(&s->desk->book.reconcile->breaks, index);
}

static void enter(struct session *s, const char *actor, struct entry e)
{
    SCRATCH_OK(desk_begin(s->desk, err));
    SCRATCH_OK(desk_add(s->desk, actor, &e, err));
    SCRATCH_OK(desk_commit(s->desk, err));
}

static void test_the_paper_brokers_statement_agrees_until_somebody_else_enters_a_fill(void **state)
{
    struct session s;

    (void)state;
    start_traded(&s, "2026-01-05T15:00:30Z");
    const uint64_t orders = s.desk->orders;
    SCRATCH_OK(reconciliation_ask(s.desk, err));
    assert_int_equal(open_breaks(&s), 0);
    assert_true(s.desk->book.reconcile->is_complete);
    assert_true(s.desk->book.reconcile->stated.count > 0);
    enter(&s, "operator", entries_execution("by-hand", "f-1", "ACME", SIDE_BUY, 10, "50", "0"));
    SCRATCH_OK(reconciliation_ask(s.desk, err));
    assert_int_equal(open_breaks(&s), 3); /* the cash, the shares, the fill */
    session_run(&s, NULL);
    assert_int_equal(open_breaks(&s), 3);
    assert_true(s.desk->orders >= orders);
    session_decides_the_same(&s);
    session_close(&s);
    session_open(&s); /* by a snapshot, if there is one */
    assert_int_equal(open_breaks(&s), 3);
    session_end(&s);
}

/* The clock's answer waits: a statement in between is answered, and the clock's still comes, and is the same. */
static void test_a_statement_between_a_clock_entry_and_its_answer(void **state)
{
    struct session s;

    (void)state;
    start_traded(&s, "2026-01-05T14:45:30Z");
    enter(&s, "operator", entries_execution("by-hand", "f-1", "ACME", SIDE_BUY, 10, "50", "0"));
    SCRATCH_OK(desk_begin(s.desk, err));
    struct entry e = entries_clock(PHASE_TICK, DAY);
    e.at_ns = entries_instant("2026-01-05T14:46:00Z");
    e.cause = s.desk->book.run->run_seq;
    SCRATCH_OK(desk_add(s.desk, "feed:synthetic", &e, err));
    SCRATCH_OK(desk_commit(s.desk, err));
    SCRATCH_OK(reconciliation_ask(s.desk, err));
    assert_int_equal(open_breaks(&s), 3);
    assert_int_equal(s.desk->book.run->pending_seq, e.seq); /* still to be answered */
    SCRATCH_OK(desk_begin(s.desk, err));
    SCRATCH_OK(desk_answer(s.desk, &e, err));
    SCRATCH_OK(desk_commit(s.desk, err));
    session_decides_the_same(&s);
    session_end(&s);
}

static void test_asked_at_the_close_once_a_session(void **state)
{
    static const char yaml[] =
        "strategy: {underlyings: [ACME], otm_min: 0.02, premium_min: 0.05, premium_max: 3, "
        "days_min: 1, days_max: 60, trend_required: false}\n"
        "risk: {sector_share: 1, position_loss: 100000}\n"
        "reconcile: {at_close: true}\n";
    struct session s;
    bool changed;

    (void)state;
    session_start(&s);
    SCRATCH_OK(control_configure(s.desk, "operator", "t.yaml", yaml, strlen(yaml), 3, &changed, err));
    session_run(&s, "2026-01-05T20:00:30Z");
    assert_int_equal(s.desk->book.reconcile->statement_seq, 0);
    session_run(&s, NULL);
    assert_true(s.desk->book.reconcile->statement_seq > s.desk->book.view->clock.seq);
    assert_int_equal(s.desk->book.reconcile->statement_ids.count, 1);
    assert_int_equal(open_breaks(&s), 0);
    session_decides_the_same(&s);
    session_end(&s);
}

/* -- brought in by people --------------------------------------------------------------------------------- */

static struct statement statement_of(const char *statement_id, const char *cash)
{
    struct statement s = {.session = entries_day(DAY), .cash_micro = entries_money(cash)};

    s.broker = id_from("IBKR");
    s.sha256.bytes[0] = 7;
    if (statement_id)
        s.statement_id = id_from(statement_id);
    return s;
}

static void test_a_statement_is_taken_once_and_of_a_day_that_our_books_are_at(void **state)
{
    struct session s;
    struct err err;
    struct statement st = statement_of(NULL, "0");

    (void)state;
    session_start(&s);
    SCRATCH_OK(reconciliation_take(s.desk, "operator", &st, 5, err));
    assert_true(id_is(&s.desk->book.reconcile->statement_id, "IBKR-2026-01-05-0700000000000000"));
    assert_int_equal(open_breaks(&s), 0);
    assert_int_equal(reconciliation_take(s.desk, "operator", &st, 5, &err), ERR_EXISTS);
    st = statement_of("s-2", "1");
    SCRATCH_OK(reconciliation_take(s.desk, "broker:paper", &st, 5, err));
    assert_int_equal(open_breaks(&s), 1);
    st = statement_of("s-3", "1");
    assert_int_equal(reconciliation_take(s.desk, "feed:lean", &st, 5, &err), ERR_INPUT);
    st.session = CIVIL_DAY_NONE;
    assert_int_equal(reconciliation_take(s.desk, "operator", &st, 5, &err), ERR_INPUT);
    assert_says(&err, "--session");
    struct entry e = entries_execution("o", "f-1", "ACME", SIDE_BUY, 1, "5", "0");
    e.at_ns = entries_instant("2026-01-06T15:00:00Z");
    enter(&s, "operator", e);
    st = statement_of("s-3", "1");
    assert_int_equal(reconciliation_take(s.desk, "operator", &st, 5, &err), ERR_INPUT);
    assert_says(&err, "fills of 2026-01-06");
    st.session = entries_day("2026-01-07");
    SCRATCH_OK(reconciliation_take(s.desk, "operator", &st, 5, err));
    e = entries_clock(PHASE_TICK, "2026-01-07");
    e.at_ns = entries_instant("2026-01-07T15:00:00Z");
    enter(&s, "feed:synthetic", e);
    st = statement_of("s-4", "1");
    st.session = entries_day("2026-01-08");
    assert_int_equal(reconciliation_take(s.desk, "operator", &st, 5, &err), ERR_INPUT);
    assert_says(&err, "clock has come to 2026-01-07");
    session_decides_the_same(&s);
    session_end(&s);
}

static enum err_code append(struct session *s, struct entry e)
{
    static uint8_t bytes[1024];
    struct intake in = {.journal = s->journal};
    struct queue_reply reply;
    struct wire_out out;
    size_t refused;
    struct err err;

    SCRATCH_OK(actors_id(s->desk->book.actors, "operator", 8, &e.actor, err));
    if (e.at_ns == INSTANT_NONE)
        e.at_ns = 5;
    if (e.kind == ENTRY_CONTROL_CORRECTION)
        SCRATCH_OK(journal_sign_by(s->journal, NULL, &e, err));
    wire_out_init(&out, bytes, sizeof bytes);
    SCRATCH_OK(entry_encode(&e, &out, err));
    const uint16_t size = (uint16_t)wire_out_size(&out);
    const enum err_code rc = intake_group(&in, bytes, &size, 1, &reply, &refused, &err);
    intake_release(&in);
    return rc;
}

static struct entry correction(const char *break_id, int64_t ours, int64_t theirs)
{
    struct entry e = entries_draft(ENTRY_CONTROL_CORRECTION);

    e.as.control_correction =
        (struct entry_control_correction){id_from(break_id), ours, theirs, text_from("looked into")};
    return e;
}

static void test_a_break_is_cleared_by_a_signed_word_that_names_what_there_is(void **state)
{
    struct session s;
    struct err err;
    const struct statement st = statement_of("s-1", "1");

    (void)state;
    session_start(&s);
    SCRATCH_OK(reconciliation_take(s.desk, "operator", &st, 5, err));
    const struct reconcile_break b = *break_at(&s, 0);
    const char *const id = b.break_id.text;
    const uint64_t next = book_seq(&s.desk->book) + 1;
    assert_int_equal(reconciliation_clear(s.desk, "operator", id, 0, 0, "why", 9, &err), ERR_INPUT);
    assert_int_equal(reconciliation_clear(s.desk, "operator", id, 0, next, "why", 9, &err), ERR_INPUT);
    assert_int_equal(reconciliation_clear(s.desk, "operator", id, 0, b.theirs, "", 9, &err), ERR_INPUT);
    assert_int_equal(reconciliation_clear(s.desk, "operator", "b-9", 0, b.theirs, "why", 9, &err),
                     ERR_NOT_FOUND);
    assert_int_equal(append(&s, correction(id, 0, 0)), ERR_INPUT); /* nor by the other door */
    assert_int_equal(append(&s, correction(id, 0, (int64_t)next)), ERR_INPUT);
    assert_int_equal(append(&s, correction("b-9", 0, (int64_t)b.theirs)), ERR_NOT_FOUND);
    struct entry statement = entries_draft(ENTRY_PERCEPTION_STATEMENT);
    statement.as.perception_statement.statement_id = id_from("s-2");
    statement.as.perception_statement.broker = id_from("IBKR");
    assert_int_equal(append(&s, statement), ERR_INPUT); /* nobody would answer it */
    assert_int_equal(book_seq(&s.desk->book) + 1, next);
    SCRATCH_OK(reconciliation_clear(s.desk, "operator", id, 0, b.theirs, "a wire of that day", 9, err));
    assert_int_equal(open_breaks(&s), 0);
    assert_int_equal(reconciliation_clear(s.desk, "operator", id, 0, b.theirs, "again", 9, &err),
                     ERR_NOT_FOUND);
    session_end(&s);
}

static void test_a_correction_may_be_appended_by_who_has_signed_it(void **state)
{
    struct session s;
    const struct statement st = statement_of("s-1", "1");

    (void)state;
    session_start(&s);
    SCRATCH_OK(reconciliation_take(s.desk, "operator", &st, 5, err));
    const struct reconcile_break b = *break_at(&s, 0);
    assert_int_equal(append(&s, correction(b.break_id.text, 0, (int64_t)b.theirs)), ERR_OK);
    SCRATCH_OK(desk_begin(s.desk, err));
    SCRATCH_OK(desk_commit(s.desk, err));
    assert_int_equal(open_breaks(&s), 0);
    session_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_paper_brokers_statement_agrees_until_somebody_else_enters_a_fill),
        cmocka_unit_test(test_a_statement_between_a_clock_entry_and_its_answer),
        cmocka_unit_test(test_asked_at_the_close_once_a_session),
        cmocka_unit_test(test_a_statement_is_taken_once_and_of_a_day_that_our_books_are_at),
        cmocka_unit_test(test_a_break_is_cleared_by_a_signed_word_that_names_what_there_is),
        cmocka_unit_test(test_a_correction_may_be_appended_by_who_has_signed_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
