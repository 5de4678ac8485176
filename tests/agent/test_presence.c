/* What the loop enters about itself, over whole synthetic days: sessions, heartbeats, how good the clock is. */
#include "support/session.h"

#define LEN(a) (sizeof(a) / sizeof(a)[0])

/* A clock that tests set, and how often it was asked. */
struct machine {
    struct clock_quality quality;
    unsigned asked;
    unsigned remarks;
    char remark[300];
};

static void measure(void *arg, struct clock_quality *q)
{
    struct machine *const m = arg;

    m->asked++;
    *q = m->quality;
}

static void keep_remark(void *context, const char *text)
{
    struct machine *const m = context;

    m->remarks++;
    snprintf(m->remark, sizeof m->remark, "%s", text);
}

static struct loop_report run(struct session *s, struct machine *m, const char *feed_text, const char *until)
{
    const struct feed_context context = feed_context_of(s->journal, loop_continues(s->desk, feed_text));
    struct loop_report report;
    struct feed *feed = NULL;

    SCRATCH_OK(feed_open(feed_text, &context, &feed, err));
    const struct loop_options options = {.feed_text = feed_text,
                                         .feed = feed,
                                         .broker = "paper",
                                         .until_ns = until ? entries_instant(until) : INSTANT_NONE,
                                         .context = m,
                                         .quality = measure,
                                         .quality_arg = m,
                                         .remark = keep_remark};
    SCRATCH_OK(loop_run(s->desk, &options, &report, err));
    feed_close(feed);
    return report;
}

static void configure(struct session *s, const char *more)
{
    char yaml[1200];
    bool changed = false;

    snprintf(yaml, sizeof yaml, "%s%s", session_yaml, more);
    SCRATCH_OK(control_configure(s->desk, "operator", "more.yaml", yaml, strlen(yaml), 3, &changed, err));
}

/* The loop's words of a kind, in order. */
struct words {
    struct entry rows[2000];
    size_t count;
};

static void collect(struct session *s, enum entry_kind kind, struct words *words)
{
    struct journal_reader *r = NULL;
    struct journal_record record;
    bool found = true;

    words->count = 0;
    SCRATCH_OK(journal_reader_begin(s->journal, &r, err));
    for (;;) {
        struct entry *const e = &words->rows[words->count];
        SCRATCH_OK(journal_reader_next(r, &record, &found, err));
        if (!found)
            break;
        SCRATCH_OK(entry_decode(record.bytes, record.size, e, err));
        if (e->kind == kind) {
            assert_int_equal(e->actor, 0);
            assert_true(e->cause > 0);
            words->count++;
        }
        assert_true(words->count < LEN(words->rows));
    }
    journal_reader_end(r);
}

static struct words words;

static void test_a_session_is_opened_heard_each_minute_and_closed(void **state)
{
    struct machine m = {.quality = {0, 1000000, true, "test"}};
    struct session s;

    (void)state;
    session_start(&s);
    run(&s, &m, SESSION_FEED, NULL);
    collect(&s, ENTRY_CONTROL_SESSION, &words);
    assert_int_equal(words.count, 2);
    assert_int_equal(words.rows[0].at_ns, entries_instant("2026-01-05T14:30:00Z"));
    assert_int_equal(words.rows[0].as.control_session.phase, PHASE_OPEN);
    assert_int_equal(words.rows[0].as.control_session.heartbeat_s, 60);
    assert_int_equal(words.rows[1].at_ns, entries_instant("2026-01-05T21:00:00Z"));
    assert_int_equal(words.rows[1].as.control_session.phase, PHASE_CLOSE);
    collect(&s, ENTRY_CONTROL_HEARTBEAT, &words);
    assert_int_equal(words.count, 389);
    for (size_t i = 0; i < words.count; i++) {
        assert_int_equal(words.rows[i].at_ns,
                         entries_instant("2026-01-05T14:31:00Z") + (int64_t)i * NS_PER_MINUTE);
        assert_int_equal(words.rows[i].as.control_heartbeat.session, entries_day("2026-01-05"));
        assert_int_equal(words.rows[i].as.control_heartbeat.heartbeat_s, 60);
    }
    assert_false(s.desk->book.run->session_is_open);
    session_decides_the_same(&s);
    session_end(&s);
}

/* No two words of a session lie further apart than promised, whatever is configured, however the feed's clock ticks. */
static void test_the_cadence_is_kept_at_every_step_of_the_feed(void **state)
{
    static const struct {
        const char *more;
        const char *feed;
        const char *until; /* NULL: the day's end */
        int64_t promise_s;
        size_t heartbeats;
    } ROWS[] = {
        {"heartbeat: {every_s: 90}\n", SESSION_FEED, "2026-01-05T15:00:00Z", 90, 30},
        {"heartbeat: {every_s: 120}\n", SESSION_FEED, "2026-01-05T15:00:00Z", 120, 15},
        {"heartbeat: {every_s: 1200}\n", SESSION_FEED, "2026-01-05T15:00:00Z", 1200, 1},
        {"heartbeat: {every_s: 60}\n", SESSION_FEED ",minutes=30", NULL, 1800, 12},
        {"heartbeat: {every_s: 86400}\n", SESSION_FEED ",minutes=30", NULL, 86400, 0},
        {"heartbeat: {every_s: 0}\n", SESSION_FEED ",minutes=30", NULL, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < LEN(ROWS); i++) {
        struct machine m = {.quality = {0, 0, true, "test"}};
        struct session s;
        session_start(&s);
        configure(&s, ROWS[i].more);
        run(&s, &m, ROWS[i].feed, ROWS[i].until);
        collect(&s, ENTRY_CONTROL_SESSION, &words);
        assert_int_equal(words.rows[0].as.control_session.heartbeat_s, ROWS[i].promise_s);
        int64_t last_ns = words.rows[0].at_ns;
        const int64_t end_ns = words.count == 2 ? words.rows[1].at_ns : entries_instant(ROWS[i].until);
        collect(&s, ENTRY_CONTROL_HEARTBEAT, &words);
        assert_int_equal(words.count, ROWS[i].heartbeats);
        for (size_t k = 0; k < words.count; last_ns = words.rows[k++].at_ns)
            assert_true(words.rows[k].at_ns - last_ns <= ROWS[i].promise_s * NS_PER_SECOND);
        if (ROWS[i].promise_s)
            assert_true(end_ns - last_ns <= ROWS[i].promise_s * NS_PER_SECOND);
        session_decides_the_same(&s);
        session_end(&s);
    }
}

/* Cut off between any two moments, the words are those of one run, and none is said twice. */
static void test_gone_on_it_says_nothing_twice(void **state)
{
    static const char *const UNTIL[] = {"2026-01-05T14:29:00Z", "2026-01-05T14:30:00Z",
                                        "2026-01-05T14:30:30Z", "2026-01-05T16:00:00Z",
                                        "2026-01-05T20:59:00Z", NULL};
    struct machine m = {.quality = {0, 0, true, "test"}};
    struct session s;

    (void)state;
    session_start(&s);
    for (size_t i = 0; i < LEN(UNTIL); i++) {
        run(&s, &m, SESSION_FEED, UNTIL[i]);
        session_close(&s);
        session_open(&s);
    }
    collect(&s, ENTRY_CONTROL_SESSION, &words);
    assert_int_equal(words.count, 2);
    collect(&s, ENTRY_CONTROL_HEARTBEAT, &words);
    assert_int_equal(words.count, 389);
    session_decides_the_same(&s);
    session_end(&s);
}

/* At the start of each run, before each session, and each hour of the feed's clock. */
static void test_the_clock_is_measured_at_start_before_sessions_and_each_hour(void **state)
{
    struct machine m = {.quality = {-250000, 1500000, true, "test"}};
    struct session s;

    (void)state;
    session_start(&s);
    run(&s, &m, SESSION_FEED ",days=2,minutes=30", "2026-01-05T17:00:00Z");
    assert_int_equal(m.asked, 2 + 2); /* 14:30, 15:30, 16:30 */
    run(&s, &m, SESSION_FEED ",days=2,minutes=30", NULL);
    assert_int_equal(m.asked,
                     4 + 1 + 4 + 1 + 6); /* a start; 18:00 to 21:00; the next day: its open, six hours */
    assert_int_equal(m.remarks, 0);
    collect(&s, ENTRY_PERCEPTION_CLOCK_QUALITY, &words);
    assert_int_equal(words.count, m.asked);
    for (size_t i = 0; i < words.count; i++) {
        const struct entry_perception_clock_quality *const q = &words.rows[i].as.perception_clock_quality;
        assert_int_equal(words.rows[i].at_ns, INSTANT_NONE);
        assert_int_equal(q->offset_s, -250000);
        assert_int_equal(q->error_s, 1500000);
        assert_int_equal(q->bound_s, 100000000);
        assert_true(q->synchronised && q->ok);
    }
    session_decides_the_same(&s);
    session_end(&s);
}

static void test_a_clock_is_good_when_synchronised_and_within_the_bound(void **state)
{
    static const struct {
        struct clock_quality quality;
        bool ok;
        const char *remark;
    } ROWS[] = {{{0, 100000000, true, "test"}, true, ""},
                {{0, 100000001, true, "test"},
                 false,
                 "is synchronised; its error may be 0.100000001 s, and 0.1 s is allowed"},
                {{0, 0, false, "test"}, false, "is not synchronised"},
                {{0, CLOCK_ERROR_UNKNOWN, false, "test"}, false, "is not synchronised"}};

    (void)state;
    for (size_t i = 0; i < LEN(ROWS); i++) {
        struct machine m = {.quality = ROWS[i].quality};
        struct session s;
        session_start(&s);
        run(&s, &m, SESSION_FEED, "2026-01-05T14:40:00Z");
        assert_int_equal(s.desk->book.risk->clock_ok, ROWS[i].ok);
        assert_int_equal(m.remarks, ROWS[i].ok ? 0 : 1); /* once, until it is good again */
        assert_non_null(strstr(m.remark, ROWS[i].remark));
        session_end(&s);
    }
}

/* A day on which orders are sent; with a bad clock that must be good, none is, and it can be decided again. */
static void test_with_clock_required_a_bad_clock_opens_nothing(void **state)
{
    static const struct {
        const char *more;
        bool is_good;
        bool trades;
    } ROWS[] = {{"clock: {required: true}\n", true, true},
                {"clock: {required: true}\n", false, false},
                {"clock: {required: false, bound_ms: 5}\n", false, true}};

    (void)state;
    for (size_t i = 0; i < LEN(ROWS); i++) {
        struct machine m = {.quality = {0, 1000000, ROWS[i].is_good, "test"}};
        struct session s;
        session_start(&s);
        configure(&s, ROWS[i].more);
        const struct loop_report report = run(&s, &m, SESSION_FEED, "2026-01-05T15:00:00Z");
        assert_int_equal(report.orders > 0, ROWS[i].trades);
        session_decides_the_same(&s);
        session_end(&s);
    }
}

/* Another journal's clock is another machine's. */
static void test_a_journal_that_is_replayed_brings_its_sessions_anew(void **state)
{
    struct machine m = {.quality = {0, 0, true, "test"}};
    struct machine other = {.quality = {0, 0, false, "other"}};
    struct session first;
    struct session again;
    char feed[300];

    (void)state;
    session_start(&first);
    run(&first, &other, SESSION_FEED ",minutes=30", NULL);
    session_start(&again);
    snprintf(feed, sizeof feed, "journal:%s", first.scratch.dir);
    run(&again, &m, feed, NULL);
    collect(&again, ENTRY_CONTROL_HEARTBEAT, &words);
    assert_int_equal(words.count, 12);
    collect(&again, ENTRY_PERCEPTION_CLOCK_QUALITY, &words);
    assert_int_equal(words.count, m.asked);
    for (size_t i = 0; i < words.count; i++)
        assert_true(words.rows[i].as.perception_clock_quality.ok);
    session_decides_the_same(&again);
    session_end(&again);
    session_end(&first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_session_is_opened_heard_each_minute_and_closed),
        cmocka_unit_test(test_the_cadence_is_kept_at_every_step_of_the_feed),
        cmocka_unit_test(test_gone_on_it_says_nothing_twice),
        cmocka_unit_test(test_the_clock_is_measured_at_start_before_sessions_and_each_hour),
        cmocka_unit_test(test_a_clock_is_good_when_synchronised_and_within_the_bound),
        cmocka_unit_test(test_with_clock_required_a_bad_clock_opens_nothing),
        cmocka_unit_test(test_a_journal_that_is_replayed_brings_its_sessions_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
