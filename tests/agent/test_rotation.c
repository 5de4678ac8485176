/* The journal's key by schedule: how many sessions have closed is asked of the journal, and nothing stops a desk between two. */
#include "agent/rotation.h"
#include "support/session.h"

static unsigned remarks;
static char newest_remark[ERR_TEXT_SIZE];

static void note_remark(void *context, const char *text)
{
    (void)context;
    remarks++;
    snprintf(newest_remark, sizeof newest_remark, "%s", text);
}

static void configure(struct session *s, const char *every)
{
    char yaml[2000];
    bool changed = false;

    snprintf(yaml, sizeof yaml, "%skeys: {rotate_sessions: %s}\n", session_yaml, every);
    SCRATCH_OK(control_configure(s->desk, "operator", "test.yaml", yaml, strlen(yaml), 3, &changed, err));
    assert_true(changed);
}

static void say(struct session *s, enum phase phase, const char *day)
{
    struct entry e = entries_draft(ENTRY_CONTROL_SESSION);

    e.as.control_session.phase = phase;
    e.as.control_session.session = entries_day(day);
    SCRATCH_OK(desk_begin(s->desk, err));
    SCRATCH_OK(desk_add(s->desk, "journal", &e, err));
    SCRATCH_OK(desk_commit(s->desk, err));
}

static size_t epochs_after(struct session *s)
{
    SCRATCH_OK(rotation_keep(s->desk, note_remark, NULL, err));
    return journal_epochs(s->journal)->count;
}

static void test_the_key_changes_when_so_many_sessions_have_closed(void **state)
{
    static const struct {
        enum phase phase;
        const char *day;
        size_t epochs;
    } rows[] = {
        {PHASE_OPEN, "2026-01-05", 1},  {PHASE_CLOSE, "2026-01-05", 1}, {PHASE_OPEN, "2026-01-06", 1},
        {PHASE_CLOSE, "2026-01-06", 2}, {PHASE_OPEN, "2026-01-07", 2},  {PHASE_CLOSE, "2026-01-07", 2},
        {PHASE_OPEN, "2026-01-08", 2},  {PHASE_CLOSE, "2026-01-08", 3},
    };
    struct session s;
    struct journal_record record;
    struct journal_reader *r = NULL;
    struct entry e;

    (void)state;
    session_start(&s);
    configure(&s, "2");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        say(&s, rows[i].phase, rows[i].day);
        if (i == 2) { /* a loop that starts anew counts on */
            session_close(&s);
            session_open(&s);
        }
        assert_int_equal(epochs_after(&s), rows[i].epochs);
        assert_int_equal(epochs_after(&s), rows[i].epochs); /* once */
    }
    SCRATCH_OK(journal_reader_begin(s.journal, &r, err));
    SCRATCH_OK(journal_reader_get(r, journal_reader_size(r), &record, err));
    SCRATCH_OK(entry_decode(record.bytes, record.size, &e, err));
    assert_int_equal(e.kind, ENTRY_CONTROL_KEY);
    assert_int_equal(e.cause, record.seq - 1); /* the session that closed last */
    assert_memory_equal(e.as.control_key.reason.bytes, "2 sessions have closed", 22);
    journal_reader_end(r);
    assert_int_equal(remarks, 0);
    session_end(&s);
}

static void test_unless_asked_for_it_stays(void **state)
{
    struct session s;

    (void)state;
    session_start(&s);
    say(&s, PHASE_OPEN, "2026-01-05");
    say(&s, PHASE_CLOSE, "2026-01-05");
    assert_int_equal(epochs_after(&s), 1);
    configure(&s, "1");
    say(&s, PHASE_OPEN, "2026-01-06");
    assert_int_equal(epochs_after(&s), 1); /* it is due, but a session is open */
    say(&s, PHASE_CLOSE, "2026-01-06");
    assert_int_equal(epochs_after(&s), 2);
    session_end(&s);
}

/* The desk goes on with the key that it has; whoever changed the passphrase is told to start it again. */
static void test_a_changed_passphrase_is_remarked_and_stops_nothing(void **state)
{
    struct vault *vault = NULL;
    struct secret *fresh = NULL;
    struct session s;

    (void)state;
    session_start(&s);
    configure(&s, "1");
    SCRATCH_OK(secret_new(&fresh, "another", 7, err));
    SCRATCH_OK(vault_open(&vault, s.scratch.dir, s.scratch.passphrase, err));
    SCRATCH_OK(vault_change_passphrase(vault, fresh, err));
    vault_close(vault);
    say(&s, PHASE_OPEN, "2026-01-05");
    say(&s, PHASE_CLOSE, "2026-01-05");
    assert_int_equal(epochs_after(&s), 1);
    assert_int_equal(remarks, 1);
    assert_non_null(strstr(newest_remark, "its passphrase was changed meanwhile: open it again"));
    say(&s, PHASE_OPEN, "2026-01-06"); /* and appends */
    say(&s, PHASE_CLOSE, "2026-01-06");
    struct secret *const old = s.scratch.passphrase;
    s.scratch.passphrase = fresh;
    session_close(&s);
    session_open(&s);
    assert_int_equal(epochs_after(&s), 2);
    remarks = 0;
    session_end(&s);
    secret_free(old);
}

/* In the loop: at the close, before the run ends; and the day decided again is the same. */
static void test_the_loop_changes_it_at_the_close(void **state)
{
    struct session s;

    (void)state;
    session_start(&s);
    configure(&s, "1");
    session_run(&s, "2026-01-05T20:30:00Z");
    assert_int_equal(journal_epochs(s.journal)->count, 1);
    assert_int_equal(session_run(&s, NULL).end, LOOP_FEED_ENDED);
    assert_int_equal(journal_epochs(s.journal)->count, 2);
    session_decides_the_same(&s);
    session_end(&s);
}

/* Cut off between the close and the change: the next loop comes to it first. */
static void test_a_change_that_was_missed_is_made_up_for(void **state)
{
    struct session s;

    (void)state;
    session_start(&s);
    session_run(&s, NULL); /* a day without */
    configure(&s, "1");
    assert_int_equal(journal_epochs(s.journal)->count, 1);
    const struct feed_context context = feed_context_of(s.journal, 0);
    static const char NEXT[] = "synthetic:seed=4,underlying=ACME,date=2026-01-06";
    struct loop_report report;
    struct feed *feed = NULL;
    SCRATCH_OK(feed_open(NEXT, &context, &feed, err));
    const struct loop_options options = {.feed_text = NEXT,
                                         .feed = feed,
                                         .broker = "paper",
                                         .until_ns = entries_instant("2026-01-06T20:30:00Z")};
    SCRATCH_OK(loop_run(s.desk, &options, &report, err));
    feed_close(feed);
    assert_int_equal(journal_epochs(s.journal)->count, 2); /* before the new session opened */
    session_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_key_changes_when_so_many_sessions_have_closed),
        cmocka_unit_test(test_unless_asked_for_it_stays),
        cmocka_unit_test(test_a_changed_passphrase_is_remarked_and_stops_nothing),
        cmocka_unit_test(test_the_loop_changes_it_at_the_close),
        cmocka_unit_test(test_a_change_that_was_missed_is_made_up_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
