/* Deciding again: what must hold beside the answers. What the loop knew, what a configuration says, what a snapshot vouches for. */
#include "support/session.h"

#include "book/snapshot.h"

#define UNTIL "2026-01-05T14:31:30Z" /* with the first order and its fill */
#define TICK  "2026-01-05T14:32:00Z"
#define LATER "2026-01-05T14:32:30Z"

static struct entry moment_of(const char *at)
{
    struct entry e = entries_clock(PHASE_TICK, "2026-01-05");

    e.at_ns = entries_instant(at);
    return e;
}

static uint64_t add(struct session *s, const char *actor, struct entry e, bool of_run)
{
    e.cause = of_run ? s->desk->book.run->run_seq : 0;
    SCRATCH_OK(desk_begin(s->desk, err));
    SCRATCH_OK(e.kind == ENTRY_CONTROL_CONFIGURATION ? desk_add_signed(s->desk, actor, &e, err)
                                                     : desk_add(s->desk, actor, &e, err));
    SCRATCH_OK(desk_commit(s->desk, err));
    return e.seq;
}

static void answer(struct session *s)
{
    struct entry tick = moment_of(TICK);

    tick.seq = s->desk->book.run->pending_seq;
    assert_true(tick.seq > 0);
    SCRATCH_OK(desk_begin(s->desk, err));
    SCRATCH_OK(desk_answer(s->desk, &tick, err));
    SCRATCH_OK(desk_commit(s->desk, err));
}

static struct entry quote(const char *at)
{
    struct entry e = entries_quote("ACME", "90", "90.02", 100, 100);

    e.at_ns = entries_instant(at);
    return e;
}

static void begin_run(struct session *s, const char *feed)
{
    struct entry e = entries_draft(ENTRY_CONTROL_RUN);

    e.as.control_run.program = text_from("ledger");
    e.as.control_run.build = text_from("a build");
    e.as.control_run.feed = text_from(feed);
    e.as.control_run.broker = id_from("paper");
    e.as.control_run.configuration = s->desk->book.configuration->sha256;
    add(s, "journal", e, false);
}

/* -- what was known ------------------------------------------------------------------------------------- */

static void test_what_the_run_perceived_after_a_moment_may_not_stand_before_its_answer(void **state)
{
    static const struct {
        const char *actor;
        bool of_run;
        bool before_the_clock;
        const char *at;
        enum redecide_difference difference;
        uint64_t between;
        const char *feed; /* of another run; NULL: the one that goes on */
    } rows[] = {
        {"feed:synthetic", true, false, LATER, REDECIDE_HINDSIGHT, 0, NULL},
        {"feed:synthetic", true, false, TICK, REDECIDE_HINDSIGHT, 0,
         NULL}, /* whatever time it gives itself */
        {"feed:synthetic", true, true, LATER, REDECIDE_HINDSIGHT, 0, NULL},
        {"feed:lean", true, false, LATER, REDECIDE_HINDSIGHT, 0, NULL},
        {"feed:synthetic", true, true, TICK, REDECIDE_SAME, 0, NULL},
        {"feed:synthetic", false, false, LATER, REDECIDE_SAME, 1, NULL}, /* another process imports */
        {"operator", true, false, LATER, REDECIDE_SAME, 1, NULL},        /* a person appends by hand */
        {"operator", false, true, LATER, REDECIDE_SAME, 0, NULL},
        /* Another journal's order is as it was: by place it is told, by time it is not. */
        {"feed:journal", true, true, LATER, REDECIDE_SAME, 0, "journal:/other"},
        {"feed:journal", true, false, LATER, REDECIDE_HINDSIGHT, 0, "journal:/other"},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct session s;
        uint64_t perceived = 0;
        session_start(&s);
        session_run(&s, UNTIL);
        if (rows[i].feed)
            begin_run(&s, rows[i].feed);
        if (rows[i].before_the_clock)
            perceived = add(&s, rows[i].actor, quote(rows[i].at), rows[i].of_run);
        const uint64_t clock = add(&s, "feed:synthetic", moment_of(TICK), true);
        if (!rows[i].before_the_clock)
            perceived = add(&s, rows[i].actor, quote(rows[i].at), rows[i].of_run);
        const uint64_t first = book_seq(&s.desk->book) + 1;
        answer(&s);
        struct redecide_report *const report = session_redecide(&s);
        if (report->difference != rows[i].difference)
            fail_msg("row %u: entry %llu: %s", i, (unsigned long long)report->differs_seq, report->reason);
        assert_int_equal(report->between, rows[i].between);
        assert_int_equal(report->between_seq, rows[i].between ? perceived : 0);
        if (report->differs_seq) {
            assert_int_equal(report->differs_seq, first);
            assert_int_equal(report->clock_seq, clock);
            assert_int_equal(report->perception_seq, perceived);
            assert_true(report->has_recorded && !report->has_proposed);
        }
        free(report);
        session_end(&s);
    }
}

/* Fills, a stop, a note, a restart of the loop: they stand between a moment and its answer every day. */
static void test_what_belongs_between_a_moment_and_its_answer_is_nothing_to_speak_of(void **state)
{
    struct session s;
    uint64_t cancelled = 0;

    (void)state;
    session_start(&s);
    session_run(&s, UNTIL);
    add(&s, "feed:synthetic", moment_of(TICK), true);
    struct entry note = entries_draft(ENTRY_CONTROL_NOTE);
    note.as.control_note.text = text_from("looks calm");
    add(&s, "operator", note, false);
    SCRATCH_OK(control_stop(s.desk, "operator", "too calm", 4, &cancelled, err));
    session_close(&s);
    session_open(&s);
    session_run(&s, "2026-01-05T14:34:30Z"); /* it goes on, and answers first */
    struct redecide_report *const report = session_redecide(&s);
    if (report->differs_seq)
        fail_msg("entry %llu: %s", (unsigned long long)report->differs_seq, report->reason);
    assert_int_equal(report->between, 0);
    assert_int_equal(report->behind, 0);
    free(report);
    session_end(&s);
}

/* The second tick of one minute is answered with nothing at all, and that is an answer. */
static void test_a_moment_whose_answer_is_empty_was_answered(void **state)
{
    struct session s;

    (void)state;
    session_start(&s);
    session_run(&s, "2026-01-05T15:00:20Z");
    add(&s, "feed:synthetic", moment_of("2026-01-05T15:00:30Z"), true);
    struct redecide_report *report = session_redecide(&s);
    const uint64_t triggers = report->triggers;
    assert_int_equal(report->awaits_seq, 0);
    free(report);
    const uint64_t clock = add(&s, "feed:synthetic", moment_of("2026-01-05T15:01:00Z"), true);
    report = session_redecide(&s);
    assert_int_equal(report->triggers, triggers + 1);
    assert_int_equal(report->behind, 0);
    assert_int_equal(report->awaits_seq, clock);
    free(report);
    add(&s, "feed:synthetic", quote(LATER),
        true); /* this one had something to answer, and it is too late now */
    add(&s, "feed:synthetic", moment_of("2026-01-05T15:02:00Z"), true);
    report = session_redecide(&s);
    assert_int_equal(report->behind, 1);
    assert_int_equal(report->behind_seq, clock);
    free(report);
    session_end(&s);
}

/* -- who sends orders ----------------------------------------------------------------------------------- */

/* A person may, by hand; it is told. A program that is no strategy of ours has no verdict that would let it. */
static void test_an_order_that_no_verdict_let_through_is_told_from_one_by_hand(void **state)
{
    static const char *const actors[] = {"operator", "agent:x"};

    (void)state;
    for (unsigned i = 0; i < sizeof actors / sizeof actors[0]; i++) {
        struct session s;
        session_start(&s);
        SCRATCH_OK(control_add_actor(s.desk, NULL, "agent:x", "agent", NULL, 3, err));
        session_run(&s, UNTIL);
        const uint64_t seq = add(&s, actors[i], entries_order("x-1", "ACME", SIDE_SELL, 500, "0.05"), false);
        session_run(&s, "2026-01-05T14:33:30Z"); /* what follows is decided again nevertheless */
        struct redecide_report *const report = session_redecide(&s);
        assert_int_equal(report->difference, REDECIDE_SAME);
        assert_int_equal(report->foreign, 1);
        assert_int_equal(report->ungoverned, i);
        assert_int_equal(report->ungoverned_seq, i ? seq : 0);
        assert_int_equal(report->entries, book_seq(&s.desk->book));
        free(report);
        session_end(&s);
    }
}

/* -- what configurations say ---------------------------------------------------------------------------- */

static enum redecide_difference judge(struct session *s, struct entry e, uint64_t *differs, char *reason)
{
    struct redecide_report *report = NULL;

    e.seq = add(s, e.kind == ENTRY_CONTROL_SNAPSHOT ? "journal" : "operator", e, false);
    report = session_redecide(s);
    const enum redecide_difference difference = report->difference;
    *differs = report->differs_seq;
    memcpy(reason, report->reason, sizeof report->reason);
    free(report);
    return difference;
}

static void test_a_configuration_that_is_not_its_source_is_a_difference(void **state)
{
    static const struct {
        const char *from; /* in the settings that this program makes of the source */
        const char *to;
        bool is_digest_wrong;
        const char *reason; /* NULL: nothing is wrong */
    } rows[] = {
        {"", "", false, NULL},
        {"strategy.contracts=5\n", "strategy.contracts=9\n", false,
         "its setting strategy.contracts is 9, and 5 by its source"},
        {"strategy.contracts=5\n", "", false, NULL}, /* as by a program that did not know it */
        {"risk.sector_share=1\n", "risk.sector_share=0.5\n", false,
         "its setting risk.sector_share is 0.5, and 1 by its source"},
        {"risk.sector_share=1\n", "", false, "its setting risk.sector_share is 0.3, and 1 by its source"},
        {"", "", true, "its SHA-256 is not that of its source"},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct control_draft draft;
        struct session s;
        char text[CONFIGURATION_TEXT_MAX];
        char reason[ERR_TEXT_SIZE];
        uint64_t differs = 0;
        session_start(&s);
        SCRATCH_OK(control_draft_configuration(&draft, "x", session_yaml, strlen(session_yaml), err));
        struct entry_control_configuration *const c = &draft.entry.as.control_configuration;
        const char *const at = strstr(draft.settings, rows[i].from);
        assert_non_null(at);
        snprintf(text, sizeof text, "%.*s%s%s", (int)(at - draft.settings), draft.settings, rows[i].to,
                 at + strlen(rows[i].from));
        c->settings = text_from(text);
        c->sha256.bytes[0] ^= rows[i].is_digest_wrong;
        const enum redecide_difference found = judge(&s, draft.entry, &differs, reason);
        assert_int_equal(found, rows[i].reason ? REDECIDE_CONFIGURATION : REDECIDE_SAME);
        assert_string_equal(reason, rows[i].reason ? rows[i].reason : "");
        assert_int_equal(differs, rows[i].reason ? book_seq(&s.desk->book) : 0);
        session_end(&s);
    }
}

/* What a what-if enters has no YAML: its source is the settings' own text. */
static void test_a_configuration_may_be_its_own_source(void **state)
{
    struct control_draft draft;
    struct session s;
    char reason[ERR_TEXT_SIZE];
    uint64_t differs = 0;

    (void)state;
    session_start(&s);
    SCRATCH_OK(control_draft_configuration(&draft, "x", session_yaml, strlen(session_yaml), err));
    struct entry_control_configuration *const c = &draft.entry.as.control_configuration;
    c->source = c->settings;
    const struct hash h = hash_bytes(c->source.bytes, c->source.length);
    memcpy(c->sha256.bytes, h.bytes, sizeof c->sha256.bytes);
    assert_int_equal(judge(&s, draft.entry, &differs, reason), REDECIDE_SAME);
    session_end(&s);
}

/* -- what snapshots vouch for --------------------------------------------------------------------------- */

static void test_a_snapshot_of_another_state_is_a_difference(void **state)
{
    static const struct {
        bool other_digest;
        bool other_size;
        bool other_place;
        bool other_program;
        const char *reason;
    } rows[] = {
        {true, false, false, false,
         "it vouches for another state than the one that the entries before it make"},
        {false, true, false, false,
         "it vouches for another state than the one that the entries before it make"},
        {false, false, true, false, "it does not cover the entry before it"},
        {true, true, true, true, NULL}, /* of another program's states: cannot be compared */
    };

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct session s;
        char reason[ERR_TEXT_SIZE];
        uint64_t differs = 0;
        session_start(&s);
        session_run(&s, UNTIL);
        SCRATCH_OK(snapshot_write(s.journal, &s.desk->book, NULL, err));
        session_decides_the_same(&s); /* a true one is none */
        struct entry e = entries_draft(ENTRY_CONTROL_SNAPSHOT);
        const struct hash fingerprint = snapshot_fingerprint();
        const struct hash digest = book_digest(&s.desk->book);
        e.as.control_snapshot.covered = (int64_t)book_seq(&s.desk->book) - rows[i].other_place;
        e.as.control_snapshot.bytes = (int64_t)s.desk->book.snapshots.bytes + rows[i].other_size;
        memcpy(e.as.control_snapshot.digest.bytes, digest.bytes, sizeof digest.bytes);
        memcpy(e.as.control_snapshot.fingerprint.bytes, fingerprint.bytes, sizeof fingerprint.bytes);
        e.as.control_snapshot.digest.bytes[0] ^= rows[i].other_digest;
        e.as.control_snapshot.fingerprint.bytes[0] ^= rows[i].other_program;
        const enum redecide_difference found = judge(&s, e, &differs, reason);
        assert_int_equal(found, rows[i].reason ? REDECIDE_SNAPSHOT : REDECIDE_SAME);
        assert_string_equal(reason, rows[i].reason ? rows[i].reason : "");
        session_end(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_the_run_perceived_after_a_moment_may_not_stand_before_its_answer),
        cmocka_unit_test(test_what_belongs_between_a_moment_and_its_answer_is_nothing_to_speak_of),
        cmocka_unit_test(test_a_moment_whose_answer_is_empty_was_answered),
        cmocka_unit_test(test_an_order_that_no_verdict_let_through_is_told_from_one_by_hand),
        cmocka_unit_test(test_a_configuration_that_is_not_its_source_is_a_difference),
        cmocka_unit_test(test_a_configuration_may_be_its_own_source),
        cmocka_unit_test(test_a_snapshot_of_another_state_is_a_difference),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
