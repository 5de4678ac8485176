/* What would have been: over a synthetic day, as the loop recorded it. */
#include "support/session.h"

#include "book/snapshot.h"
#include "incident/course.h"
#include "support/shared.h"

static void run_with(struct session *s, const struct course_change *change, struct course **c)
{
    struct journal_reader *r = NULL;

    SCRATCH_OK(journal_reader_begin(s->journal, &r, err));
    SCRATCH_OK(course_run(r, change, c, NULL, NULL, err));
    journal_reader_end(r);
}

static size_t encoded(const struct entry *e, uint8_t *bytes)
{
    struct wire_out out;

    wire_out_init(&out, bytes, ENTRY_MAX_SIZE);
    SCRATCH_OK(entry_encode(e, &out, err));
    return wire_out_size(&out);
}

static bool is_snapshot(const struct journal_record *record)
{
    struct entry e;

    SCRATCH_OK(entry_decode_header(record->bytes, record->size, &e, err));
    return e.kind == ENTRY_CONTROL_SNAPSHOT;
}

/* Byte for byte, but for snapshots; also seq, cause and recorded_at. */
static void assert_is_the_record(struct session *s, const struct course *c)
{
    static uint8_t bytes[ENTRY_MAX_SIZE];
    struct journal_reader *r = NULL;
    struct journal_reader *other = NULL;
    struct journal_record record;
    struct course_walk w;
    struct entry e;
    bool found = true;

    SCRATCH_OK(journal_reader_begin(s->journal, &r, err));
    SCRATCH_OK(journal_reader_begin(s->journal, &other, err));
    assert_int_equal(course_size(c), journal_reader_size(r));
    course_walk_begin(&w, c, r, 1);
    for (uint64_t seq = 1;; seq++) {
        SCRATCH_OK(course_next(&w, &e, NULL, &found, err));
        if (!found)
            break;
        SCRATCH_OK(journal_reader_get(other, seq, &record, err));
        if (is_snapshot(&record)) {
            assert_int_equal(e.kind, seq < course_from(c) ? ENTRY_CONTROL_SNAPSHOT : ENTRY_CONTROL_NOTE);
            continue;
        }
        const size_t size = encoded(&e, bytes);
        if (size != record.size || memcmp(bytes, record.bytes, size) != 0)
            fail_msg("entry %llu is another", (unsigned long long)seq);
    }
    journal_reader_end(other);
    journal_reader_end(r);
}

static void assert_no_change_is_the_record(struct session *s, uint64_t from)
{
    const struct course_change change = {.from = from};
    struct course *c = NULL;

    run_with(s, &change, &c);
    assert_is_the_record(s, c);
    assert_true(course_counts(c)->derived + course_counts(c)->answered == course_counts(c)->computed);
    course_free(c);
}

static void test_without_a_change_it_is_the_record(void **state)
{
    const uint64_t from[] = {0, 2, 5, 100, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 5000};
    struct session s;

    (void)state;
    session_start(&s);
    session_run(&s, NULL);
    for (size_t i = 0; i < sizeof from / sizeof from[0]; i++)
        assert_no_change_is_the_record(&s, from[i]);
    session_end(&s);
}

static void run_feed(struct session *s, const char *feed_text, const char *until)
{
    const struct feed_context context = feed_context_of(s->journal, loop_continues(s->desk, feed_text));
    struct loop_report report;
    struct feed *feed = NULL;

    SCRATCH_OK(feed_open(feed_text, &context, &feed, err));
    const struct loop_options options = {.feed_text = feed_text,
                                         .feed = feed,
                                         .broker = "paper",
                                         .until_ns = until ? entries_instant(until) : INSTANT_NONE};
    SCRATCH_OK(loop_run(s->desk, &options, &report, err));
    feed_close(feed);
}

/* Stopped, resumed, cut off and gone on, noted and configured meanwhile; and settled, days later. */
static void make_eventful(struct session *s)
{
    const char *const feed =
        "synthetic:seed=3,underlying=ACME,date=2026-01-05,days=6,minutes=10,scenario=fall";
    uint64_t cancelled = 0;
    bool changed = false;
    struct entry e;

    session_start(s);
    run_feed(s, feed, "2026-01-05T14:40:30Z");
    SCRATCH_OK(control_stop(s->desk, "operator", "what is this", 3, &cancelled, err));
    run_feed(s, feed, "2026-01-05T15:10:30Z");
    SCRATCH_OK(desk_begin(s->desk, err));
    e = entries_note("a note in the middle");
    SCRATCH_OK(desk_add(s->desk, "operator", &e, err));
    SCRATCH_OK(desk_commit(s->desk, err));
    SCRATCH_OK(control_resume(s->desk, "operator", "nothing", 4, err));
    run_feed(s, feed, "2026-01-05T16:10:30Z");
    SCRATCH_OK(snapshot_write(s->journal, &s->desk->book, NULL, err));
    SCRATCH_OK(control_configure(s->desk, "operator", "test.yaml", session_yaml, strlen(session_yaml) - 1, 2,
                                 &changed, err));
    run_feed(s, feed, NULL);
}

static void test_an_eventful_week_without_a_change_is_the_record(void **state)
{
    struct session s;

    (void)state;
    make_eventful(&s);
    assert_true(s.desk->book.orders->by_id.count > 0);
    const uint64_t size = book_seq(&s.desk->book);
    for (uint64_t from = 2; from < size; from += 1 + size / 40)
        assert_no_change_is_the_record(&s, from);
    for (uint64_t from = s.desk->book.run->stop_seq - 4; from < s.desk->book.run->stop_seq + 12; from++)
        assert_no_change_is_the_record(&s, from);
    session_end(&s);
}

static void test_a_real_day_without_a_change_is_the_record(void **state)
{
    const char *const shared = getenv("LEDGER_SHARED");
    char feed[600];
    size_t size = 0;
    struct session s;

    (void)state;
    free(shared_read("data/lean/README.md", &size));
    snprintf(feed, sizeof feed, "lean:%s/data/lean,underlying=GOOG,date=2015-12-24", shared);
    const char yaml[] = "strategy: {underlyings: [GOOG], otm_min: 0.01, premium_min: 0.05, days_min: 1, "
                        "trend_required: false}\nrisk: {sector_share: 1}\n";
    bool changed = false;
    session_start(&s);
    SCRATCH_OK(control_configure(s.desk, "operator", "goog.yaml", yaml, strlen(yaml), 3, &changed, err));
    run_feed(&s, feed, NULL);
    assert_true(s.desk->book.orders->by_id.count > 0);
    assert_no_change_is_the_record(&s, 0);
    assert_no_change_is_the_record(&s, 30000);
    session_end(&s);
}

static void assert_same_digest(struct session *s, const struct course *a, const struct course *b)
{
    struct journal_reader *r = NULL;
    struct hash x;
    struct hash y;

    SCRATCH_OK(journal_reader_begin(s->journal, &r, err));
    SCRATCH_OK(course_digest(a, r, &x, err));
    SCRATCH_OK(course_digest(b, r, &y, err));
    journal_reader_end(r);
    assert_memory_equal(x.bytes, y.bytes, HASH_SIZE);
}

static void test_another_configuration_decides_otherwise_and_always_the_same(void **state)
{
    const char yaml[] =
        "strategy: {underlyings: [ACME], contracts: 1, otm_min: 0.04, premium_min: 0.05, days_min: 1, "
        "trend_required: false, positions_max: 1}\n";
    struct control_draft draft;
    struct course *a = NULL;
    struct course *b = NULL;
    struct session s;

    (void)state;
    session_start(&s);
    session_run(&s, NULL);
    SCRATCH_OK(control_draft_configuration(&draft, "x.yaml", yaml, strlen(yaml), err));
    draft.entry.actor = 1;
    draft.entry.at_ns = INSTANT_NONE;
    const struct course_change change = {.configuration = &draft.entry};
    run_with(&s, &change, &a);
    run_with(&s, &change, &b);
    assert_same_digest(&s, a, b);
    assert_int_equal(course_counts(a)->dropped, 1);
    assert_int_equal(course_book(a)->orders->by_id.count, 1);
    assert_int_equal(s.desk->book.orders->by_id.count, 3);
    assert_int_equal(accounts_sum_micro(course_book(a)->accounts), 0);
    size_t count = 0;
    const struct course_point *const points = course_points(a, &count);
    assert_int_equal(count, 391);
    assert_int_equal(points[390].cash_micro, course_book(a)->accounts->cash_micro);
    course_free(a);
    course_free(b);
    session_end(&s);
}

static uint64_t find_kind(struct session *s, enum entry_kind kind)
{
    struct journal_reader *r = NULL;
    struct journal_record record;
    struct entry e;
    bool found = true;

    SCRATCH_OK(journal_reader_begin(s->journal, &r, err));
    do {
        SCRATCH_OK(journal_reader_next(r, &record, &found, err));
        assert_true(found);
        SCRATCH_OK(entry_decode_header(record.bytes, record.size, &e, err));
    } while (e.kind != kind);
    journal_reader_end(r);
    return record.seq;
}

static void test_a_stop_that_never_came_and_one_that_did(void **state)
{
    struct course *without = NULL;
    struct course *with = NULL;
    struct session s;

    (void)state;
    make_eventful(&s);
    const uint64_t drop[] = {find_kind(&s, ENTRY_CONTROL_STOP)};
    const struct course_change never = {.drop = drop, .drop_count = 1};
    run_with(&s, &never, &without);
    assert_true(course_from(without) <= drop[0]);
    assert_int_equal(course_book(without)->risk->stop_seq, 0);
    assert_int_equal(course_book(without)->run->stop_seq, 0);

    struct entry stop = entries_stop("earlier");
    stop.at_ns = entries_instant("2026-01-05T14:35:30Z");
    stop.actor = 1;
    const struct course_change early = {.insert = &stop, .insert_count = 1};
    run_with(&s, &early, &with);
    assert_true(course_book(with)->orders->by_id.count <= s.desk->book.orders->by_id.count);
    assert_int_equal(course_size(with) - course_counts(with)->derived - course_counts(with)->answered,
                     course_from(with) - 1 + course_counts(with)->kept + course_counts(with)->noted + 1);
    course_free(without);
    course_free(with);
    session_end(&s);
}

static void refused(struct session *s, const struct course_change *change, enum err_code code,
                    const char *words)
{
    struct journal_reader *r = NULL;
    struct course *c = NULL;
    struct err err = {.code = ERR_OK};

    SCRATCH_OK(journal_reader_begin(s->journal, &r, err));
    assert_int_equal(course_run(r, change, &c, NULL, NULL, &err), code);
    assert_says(&err, words);
    assert_null(c);
    journal_reader_end(r);
}

static void test_what_makes_no_sense_is_refused(void **state)
{
    const uint64_t genesis[] = {1};
    const uint64_t beyond[] = {10000000};
    const uint32_t strategy[] = {2};
    const uint32_t compliance[] = {9};
    struct session s;

    (void)state;
    session_start(&s);
    refused(&s, &(struct course_change){.from = 2}, ERR_INPUT, "no loop has run");
    session_run(&s, "2026-01-05T14:40:30Z");
    const uint64_t run[] = {find_kind(&s, ENTRY_CONTROL_RUN)};
    const uint64_t derived[] = {find_kind(&s, ENTRY_RISK_EQUITY)};
    const uint64_t deposit[] = {find_kind(&s, ENTRY_FILL_DEPOSIT)};
    struct entry note = entries_note("too early");
    note.actor = 1;
    refused(&s, &(struct course_change){.from = 1}, ERR_INPUT, "genesis");
    refused(&s, &(struct course_change){.from = 10000000}, ERR_NOT_FOUND, "the newest is");
    refused(&s, &(struct course_change){.drop = genesis, .drop_count = 1}, ERR_INPUT, "genesis");
    refused(&s, &(struct course_change){.drop = beyond, .drop_count = 1}, ERR_NOT_FOUND, "10000000");
    refused(&s, &(struct course_change){.drop = run, .drop_count = 1}, ERR_INPUT, "names it as its cause");
    refused(&s, &(struct course_change){.drop = derived, .drop_count = 1}, ERR_INPUT, "computed again");
    refused(&s, &(struct course_change){.drop = deposit, .drop_count = 1}, ERR_INPUT, "broker answers again");
    refused(&s, &(struct course_change){.drop = run, .drop_count = 1, .from = run[0] + 1}, ERR_INPUT,
            "behind it");
    refused(&s, &(struct course_change){.without = strategy, .without_count = 1, .from = 4}, ERR_INPUT,
            "decides by the configuration");
    refused(&s, &(struct course_change){.without = compliance, .without_count = 1}, ERR_INPUT,
            "nothing is to be left out");
    note.at_ns = entries_instant("2026-01-05T14:31:00Z");
    refused(&s, &(struct course_change){.insert = &note, .insert_count = 1, .from = book_seq(&s.desk->book)},
            ERR_INPUT, "belongs before");
    session_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_a_change_it_is_the_record),
        cmocka_unit_test(test_an_eventful_week_without_a_change_is_the_record),
        cmocka_unit_test(test_a_real_day_without_a_change_is_the_record),
        cmocka_unit_test(test_another_configuration_decides_otherwise_and_always_the_same),
        cmocka_unit_test(test_a_stop_that_never_came_and_one_that_did),
        cmocka_unit_test(test_what_makes_no_sense_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
