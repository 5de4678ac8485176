/* Snapshots in a journal: from any of them the same state; what is damaged or foreign is passed over. */
#include "agent/intake.h"
#include "book/snapshot.h"
#include "ledger/entry_json.h"
#include "support/session.h"

#include <fcntl.h>

/* -- helpers -------------------------------------------------------------------------------------------- */

static struct snapshot_written write_one(struct session *s)
{
    struct snapshot_written w;

    SCRATCH_OK(snapshot_write(s->journal, &s->desk->book, &w, err));
    assert_int_equal(w.covered + 1, w.seq);
    assert_int_equal(w.seal.size, w.seq); /* sealed with its own commit */
    return w;
}

/* Folded to `to` (0: to the end), from the first entry or from a snapshot. */
static struct book *fold(struct session *s, uint64_t to, bool from_start)
{
    struct book *const b = calloc(1, sizeof *b);
    struct journal_reader *r = NULL;

    REQUIRE(b);
    SCRATCH_OK(book_init(b, err));
    b->snapshots.are_ignored = from_start;
    SCRATCH_OK(journal_reader_begin(s->journal, &r, err));
    SCRATCH_OK(book_load(b, r, to, NULL, NULL, err));
    journal_reader_end(r);
    return b;
}

static void free_book(struct book *b)
{
    book_release(b);
    free(b);
}

/* Begins with the snapshot of `begun_at`, and ends in the same state as from the first entry. */
static void assert_begins_at(struct session *s, uint64_t to, uint64_t begun_at)
{
    struct book *const from_start = fold(s, to, true);
    struct book *const b = fold(s, to, false);
    const struct hash x = book_digest(from_start);
    const struct hash y = book_digest(b);

    assert_int_equal(from_start->snapshots.begun_at, 0);
    assert_int_equal(b->snapshots.begun_at, begun_at);
    assert_memory_equal(&x, &y, sizeof x);
    free_book(from_start);
    free_book(b);
}

static struct snapshot_report check_all(struct session *s)
{
    struct journal_reader *r = NULL;
    struct snapshot_report report;

    SCRATCH_OK(journal_reader_begin(s->journal, &r, err));
    SCRATCH_OK(snapshot_check(r, &report, NULL, NULL, err));
    journal_reader_end(r);
    return report;
}

static void reopen(struct session *s)
{
    session_close(s);
    session_open(s);
}

/* The session's journal, with snapshots only when a test asks for one. */
static void start_quiet(struct session *s)
{
    char yaml[1024];
    bool changed;

    session_start(s);
    snprintf(yaml, sizeof yaml, "%sjournal: {snapshot_every: 0}\n", session_yaml);
    SCRATCH_OK(control_configure(s->desk, "operator", "test.yaml", yaml, strlen(yaml), 3, &changed, err));
}

struct bytes {
    uint8_t *at;
    size_t size;
};

static void add_bytes(void *context, const void *bytes, size_t size)
{
    struct bytes *const b = context;

    b->at = realloc(b->at, b->size + size);
    REQUIRE(b->at);
    memcpy(b->at + b->size, bytes, size);
    b->size += size;
}

/* Changes one byte in the middle of the bytes, which the closed journal's file holds in one place. */
static void damage(struct session *s, const struct bytes *wanted)
{
    char path[300];
    static uint8_t file[64 << 20];

    snprintf(path, sizeof path, "%s/journal.mdb", s->scratch.dir);
    const int fd = open(path, O_RDWR);
    REQUIRE(fd >= 0);
    const ssize_t size = read(fd, file, sizeof file);
    REQUIRE(size > 0 && (size_t)size < sizeof file);
    const uint8_t *at = memmem(file, (size_t)size, wanted->at, wanted->size);
    REQUIRE(at);
    const uint8_t byte = (uint8_t)(at[wanted->size / 2] ^ 1);
    REQUIRE(pwrite(fd, &byte, 1, at - file + (ssize_t)(wanted->size / 2)) == 1);
    close(fd);
}

static struct bytes saved(const struct book *b)
{
    struct bytes bytes = {0};
    const struct digest_out out = {add_bytes, &bytes};

    book_save(b, &out);
    return bytes;
}

/* -- what is promised ----------------------------------------------------------------------------------- */

static void test_from_any_snapshot_to_any_entry_the_state_is_the_same(void **state)
{
    static const char *const times[] = {"2026-01-05T14:30:30Z", "2026-01-05T14:31:30Z",
                                        "2026-01-05T14:33:00Z"};
    struct session s;
    uint64_t covered[4] = {0};

    (void)state;
    start_quiet(&s);
    for (unsigned i = 0; i < 3; i++) {
        session_run(&s, times[i]);
        covered[i + 1] = write_one(&s).covered;
        reopen(&s); /* the desk begins there, too */
        assert_int_equal(s.desk->book.snapshots.begun_at, covered[i + 1]);
    }
    session_run(&s, "2026-01-05T14:36:00Z");
    const uint64_t size = book_seq(&s.desk->book);
    assert_begins_at(&s, covered[1] - 1, 0); /* before the first snapshot */
    for (unsigned i = 1; i <= 3; i++) {
        assert_begins_at(&s, covered[i] - 1, covered[i - 1]);
        for (uint64_t to = covered[i]; to < covered[i] + 6 && to < size; to++)
            assert_begins_at(&s, to, covered[i]);
    }
    for (uint64_t to = 1; to <= size; to += 397)
        assert_begins_at(&s, to,
                         to >= covered[3]   ? covered[3]
                         : to >= covered[2] ? covered[2]
                         : to >= covered[1] ? covered[1]
                                            : 0);
    assert_begins_at(&s, size, covered[3]);
    session_decides_the_same(&s);
    const struct snapshot_report report = check_all(&s);
    assert_int_equal(report.wrong_seq, 0);
    assert_int_equal(report.compared, 3);
    assert_int_equal(report.stored, 3);
    assert_int_equal(report.entries, size);
    session_end(&s);
}

static void test_a_look_at_a_time_begins_with_no_snapshot_behind_it(void **state)
{
    struct session s;
    struct journal_reader *r = NULL;

    (void)state;
    start_quiet(&s);
    session_run(&s, "2026-01-05T14:31:30Z");
    const uint64_t first = write_one(&s).covered;
    session_run(&s, "2026-01-05T14:33:30Z");
    const uint64_t second = write_one(&s).covered;
    session_run(&s, "2026-01-05T14:34:30Z");
    SCRATCH_OK(journal_reader_begin(s.journal, &r, err));
    const struct {
        const char *at;
        uint64_t begun_at;
    } rows[] = {{"2026-01-05T14:30:30Z", 0},
                {"2026-01-05T14:31:29Z", first},
                {"2026-01-05T14:32:30Z", first},
                {"2026-01-05T14:34:00Z", second}};
    for (unsigned i = 0; i < 4; i++) {
        struct book b;
        struct book whole;
        SCRATCH_OK(book_init(&b, err));
        SCRATCH_OK(book_init(&whole, err));
        whole.snapshots.are_ignored = true;
        SCRATCH_OK(book_load_until(&b, r, entries_instant(rows[i].at), NULL, NULL, err));
        SCRATCH_OK(book_load_until(&whole, r, entries_instant(rows[i].at), NULL, NULL, err));
        assert_int_equal(b.snapshots.begun_at, rows[i].begun_at);
        const struct hash x = book_digest(&b);
        const struct hash y = book_digest(&whole);
        assert_memory_equal(&x, &y, sizeof x);
        book_release(&b);
        book_release(&whole);
    }
    journal_reader_end(r);
    session_end(&s);
}

static void test_the_newest_four_are_kept_and_all_entries(void **state)
{
    struct session s;
    uint64_t covered[7];

    (void)state;
    start_quiet(&s);
    for (unsigned i = 0; i < 7; i++)
        covered[i] = write_one(&s).covered; /* each covers the entry of the one before */
    const struct snapshot_report report = check_all(&s);
    assert_int_equal(report.stored, SNAPSHOT_ROWS_KEPT);
    assert_int_equal(report.compared, 7);
    assert_int_equal(report.wrong_seq, 0);
    assert_begins_at(&s, 0, covered[6]);
    assert_begins_at(&s, covered[3], covered[3]);
    assert_begins_at(&s, covered[3] - 1, 0);
    session_end(&s);
}

static void test_damaged_bytes_are_passed_over_with_a_remark(void **state)
{
    struct session s;

    (void)state;
    start_quiet(&s);
    session_run(&s, "2026-01-05T14:31:30Z");
    const uint64_t first = write_one(&s).covered;
    session_run(&s, "2026-01-05T14:32:30Z");
    struct bytes bytes = saved(&s.desk->book);
    const uint64_t second = write_one(&s).covered;
    session_close(&s);
    damage(&s, &bytes);
    free(bytes.at);
    session_open(&s);
    assert_int_equal(s.desk->book.snapshots.begun_at, first);
    assert_non_null(strstr(s.desk->book.snapshots.remark, "is passed over"));
    assert_begins_at(&s, 0, first);
    const struct snapshot_report report = check_all(&s);
    assert_int_equal(report.wrong_seq, second + 1);
    assert_non_null(strstr(report.reason, "stored bytes"));
    const uint64_t third = write_one(&s).covered; /* and the next one is good again */
    assert_begins_at(&s, 0, third);
    session_end(&s);
}

/* -- what others write ---------------------------------------------------------------------------------- */

static void write_bytes(void *context, const struct digest_out *out)
{
    const struct bytes *const b = context;

    out->add(out->context, b->at, b->size);
}

/* An entry with these fields, and with these bytes behind it, as a program with the keys could write it. */
static uint64_t forge(struct session *s, const struct bytes *bytes, bool is_ours, int64_t covered_off)
{
    struct journal_group *g = NULL;
    struct hash fingerprint = snapshot_fingerprint();
    const struct hash digest = hash_bytes(bytes->at, bytes->size);
    struct entry e = entries_draft(ENTRY_CONTROL_SNAPSHOT);

    fingerprint.bytes[0] ^= is_ours ? 0 : 1;
    SCRATCH_OK(journal_group_begin(s->journal, &g, err));
    const uint64_t covered = journal_group_next_seq(g) - 1;
    const struct snapshot_source source = {write_bytes, (void *)(uintptr_t)bytes, covered, bytes->size};
    memcpy(e.as.control_snapshot.digest.bytes, digest.bytes, sizeof digest.bytes);
    memcpy(e.as.control_snapshot.fingerprint.bytes, fingerprint.bytes, sizeof fingerprint.bytes);
    e.as.control_snapshot.covered = (int64_t)covered + covered_off;
    e.as.control_snapshot.bytes = (int64_t)bytes->size;
    e.at_ns = INSTANT_NONE;
    SCRATCH_OK(journal_group_add(g, &e, err));
    snapshot_rows_put(g, &source);
    SCRATCH_OK(journal_group_commit(g, NULL, err));
    return covered;
}

static void test_a_foreign_snapshot_is_passed_over(void **state)
{
    struct session s;
    char garbage[] = "the states of another program";
    struct bytes bytes = {(uint8_t *)garbage, sizeof garbage};

    (void)state;
    start_quiet(&s);
    const uint64_t first = write_one(&s).covered;
    forge(&s, &bytes, false, 0);
    assert_begins_at(&s, 0, first);
    struct book *const b = fold(&s, 0, false);
    assert_string_equal(b->snapshots.remark, ""); /* nothing is wrong with it */
    assert_int_equal(b->snapshots.covered, first);
    free_book(b);
    const struct snapshot_report report = check_all(&s);
    assert_int_equal(report.wrong_seq, 0);
    assert_int_equal(report.foreign, 1);
    session_end(&s);
}

static void test_bytes_that_are_no_state_are_passed_over_even_when_an_entry_vouches_for_them(void **state)
{
    struct session s;
    char garbage[] = "no state at all";
    struct bytes bytes = {(uint8_t *)garbage, sizeof garbage};

    (void)state;
    start_quiet(&s);
    const uint64_t first = write_one(&s).covered;
    const uint64_t forged = forge(&s, &bytes, true, 0);
    assert_begins_at(&s, 0, first);
    struct book *b = fold(&s, 0, false);
    assert_non_null(strstr(b->snapshots.remark, "actors"));
    free_book(b);
    struct snapshot_report report = check_all(&s);
    assert_int_equal(report.wrong_seq, forged + 1);
    assert_non_null(strstr(report.reason, "vouches for another state"));
    struct bytes older = saved(&s.desk->book); /* a state of ours, of another entry */
    forge(&s, &older, true, 0);
    forge(&s, &older, true, -1); /* and an entry that vouches for another one than it follows */
    assert_begins_at(&s, 0, first);
    b = fold(&s, 0, false);
    assert_non_null(strstr(b->snapshots.remark, "is passed over"));
    free_book(b);
    report = check_all(&s);
    assert_int_equal(report.wrong_seq, forged + 1); /* the first of them */
    free(older.at);
    session_end(&s);
}

static void test_nobody_appends_one_from_outside(void **state)
{
    struct session s;
    struct queue_reply reply;
    struct wire_out out;
    struct err err;
    size_t refused = 9;
    static uint8_t bytes[ENTRY_MAX_SIZE];
    const struct entry e = entries_draft(ENTRY_CONTROL_SNAPSHOT);

    (void)state;
    start_quiet(&s);
    struct intake in = {.journal = s.journal};
    const uint64_t before = book_seq(&s.desk->book);
    wire_out_init(&out, bytes, sizeof bytes);
    SCRATCH_OK(entry_encode(&e, &out, err));
    const uint16_t size = (uint16_t)wire_out_size(&out);
    assert_int_equal(intake_group(&in, bytes, &size, 1, &reply, &refused, &err), ERR_INPUT);
    assert_int_equal(refused, 0);
    assert_non_null(strstr(err.text, "ledger snapshot"));
    assert_int_equal(check_all(&s).entries, before); /* nothing is written */
    intake_release(&in);
    session_end(&s);
}

/* -- when one is written -------------------------------------------------------------------------------- */

static uint64_t count_kind(struct session *s, enum entry_kind kind)
{
    struct journal_reader *r = NULL;
    struct journal_record record;
    struct entry e;
    uint64_t n = 0;
    bool found = true;

    SCRATCH_OK(journal_reader_begin(s->journal, &r, err));
    SCRATCH_OK(journal_reader_seek(r, 1, err));
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

static void test_a_session_ends_with_one_and_the_next_begins_with_it(void **state)
{
    struct session s;

    (void)state;
    session_start(&s);
    session_run(&s, "2026-01-05T14:32:00Z");
    assert_int_equal(count_kind(&s, ENTRY_CONTROL_SNAPSHOT), 1);
    const uint64_t covered = s.desk->book.snapshots.covered;
    assert_int_equal(covered + 1, book_seq(&s.desk->book));
    reopen(&s);
    assert_int_equal(s.desk->book.snapshots.begun_at, covered);
    session_run(&s, NULL);
    assert_int_equal(count_kind(&s, ENTRY_CONTROL_SNAPSHOT), 2);
    session_decides_the_same(&s);
    session_end(&s);
}

/* What was decided, without what a seq is part of: ids and causes. */
static void add_decisions(struct session *s, struct hash_stream *stream)
{
    struct journal_reader *r = NULL;
    struct journal_record record;
    struct entry e;
    bool found = true;

    SCRATCH_OK(journal_reader_begin(s->journal, &r, err));
    SCRATCH_OK(journal_reader_seek(r, 1, err));
    for (;;) {
        SCRATCH_OK(journal_reader_next(r, &record, &found, err));
        if (!found)
            break;
        SCRATCH_OK(entry_decode(record.bytes, record.size, &e, err));
        if (entry_family(e.kind) == FAMILY_CONTROL)
            continue;
        hash_stream_add_u64(stream, (uint64_t)e.kind);
        hash_stream_add_u64(stream, (uint64_t)e.at_ns);
        hash_stream_add_u64(stream, e.actor);
        const struct entry_kind_info *const info = entry_kind_find((unsigned)e.kind);
        for (size_t i = 0; i < info->field_count; i++) {
            char text[4096];
            if (info->fields[i].type == FIELD_ID || info->fields[i].type == FIELD_TEXT)
                continue;
            entry_field_text(&e, &info->fields[i], text, sizeof text);
            hash_stream_add(stream, text, strlen(text));
        }
    }
    journal_reader_end(r);
}

/* Every few entries, and by somebody else in the middle of a moment: no decision is another one. */
static void test_snapshots_in_a_session_change_no_decision(void **state)
{
    struct session with;
    struct session without;
    struct hash_stream a;
    struct hash_stream b;
    char yaml[1024];
    bool changed;

    (void)state;
    hash_stream_init(&a);
    hash_stream_init(&b);
    start_quiet(&without);
    session_run(&without, NULL);
    add_decisions(&without, &a);
    session_end(&without);
    session_start(&with);
    snprintf(yaml, sizeof yaml, "%sjournal: {snapshot_every: 1}\n", session_yaml);
    SCRATCH_OK(control_configure(with.desk, "operator", "test.yaml", yaml, strlen(yaml), 3, &changed, err));
    session_run(&with, NULL);
    assert_true(count_kind(&with, ENTRY_CONTROL_SNAPSHOT) > 5);
    session_decides_the_same(&with);
    add_decisions(&with, &b);
    const struct snapshot_report report = check_all(&with);
    assert_int_equal(report.wrong_seq, 0);
    session_end(&with);
    const struct hash x = hash_stream_finish(&a);
    const struct hash y = hash_stream_finish(&b);
    assert_memory_equal(&x, &y, sizeof x);
}

/* From any snapshot on: the same entries are found equal, and one that nobody decided is still named. */
static void test_deciding_again_since_a_snapshot(void **state)
{
    static const char *const times[] = {"2026-01-05T14:31:30Z", "2026-01-05T14:33:30Z"};
    struct session s;
    struct journal_reader *r = NULL;
    struct redecide_report *const report = calloc(1, sizeof *report);
    uint64_t covered[2];

    (void)state;
    REQUIRE(report);
    start_quiet(&s);
    for (unsigned i = 0; i < 2; i++) {
        session_run(&s, times[i]);
        covered[i] = write_one(&s).covered;
    }
    session_run(&s, "2026-01-05T14:36:00Z");
    SCRATCH_OK(journal_reader_begin(s.journal, &r, err));
    const struct {
        uint64_t since;
        uint64_t begun_at;
    } rows[] = {{0, 0}, {1, 0}, {covered[0], 0}, {covered[0] + 1, covered[0]}, {covered[1] + 2, covered[1]}};
    uint64_t compared = UINT64_MAX;
    for (unsigned i = 0; i < 5; i++) {
        SCRATCH_OK(redecide(r, rows[i].since, 0, report, NULL, NULL, err));
        assert_int_equal(report->differs_seq, 0);
        assert_int_equal(report->begun_at, rows[i].begun_at);
        assert_int_equal(report->entries, book_seq(&s.desk->book));
        assert_true(report->compared > 0 && report->compared <= compared);
        compared = report->compared;
    }
    assert_int_equal(redecide(r, book_seq(&s.desk->book) + 1, 0, report, NULL, NULL, NULL), ERR_NOT_FOUND);
    SCRATCH_OK(redecide(r, covered[1] + 2, covered[0] + 5, report, NULL, NULL, err));
    assert_int_equal(report->begun_at, covered[0]); /* none behind `to` */
    journal_reader_end(r);
    SCRATCH_OK(desk_begin(s.desk, err));
    const uint64_t forged = journal_group_next_seq(s.desk->group);
    struct entry e = entries_caused(entries_order("forged", "ACME", SIDE_BUY, 1, "1"), 1);
    SCRATCH_OK(desk_add(s.desk, "strategy:naked-put", &e, err));
    SCRATCH_OK(desk_commit(s.desk, err));
    SCRATCH_OK(journal_reader_begin(s.journal, &r, err));
    SCRATCH_OK(redecide(r, covered[1] + 2, 0, report, NULL, NULL, err));
    assert_int_equal(report->differs_seq, forged);
    journal_reader_end(r);
    free(report);
    session_end(&s);
}

/* A clock entry waits for its answer; somebody asks for a snapshot; the answer still comes, and is the same. */
static void test_one_between_a_clock_entry_and_its_answer(void **state)
{
    struct session s;

    (void)state;
    start_quiet(&s);
    session_run(&s, "2026-01-05T14:31:30Z");
    SCRATCH_OK(desk_begin(s.desk, err));
    struct entry e = entries_clock(PHASE_TICK, "2026-01-05");
    e.at_ns = entries_instant("2026-01-05T14:32:00Z");
    e.cause = s.desk->book.run->run_seq;
    SCRATCH_OK(desk_add(s.desk, "feed:synthetic", &e, err));
    SCRATCH_OK(desk_commit(s.desk, err));
    write_one(&s);
    assert_int_equal(s.desk->book.run->pending_seq, e.seq); /* still to be answered */
    reopen(&s);                                             /* also by who begins with the snapshot */
    assert_int_equal(s.desk->book.run->pending_seq, e.seq);
    SCRATCH_OK(desk_begin(s.desk, err));
    SCRATCH_OK(desk_answer(s.desk, &e, err));
    SCRATCH_OK(desk_commit(s.desk, err));
    assert_int_equal(s.desk->book.run->pending_seq, 0);
    session_decides_the_same(&s);
    struct redecide_report *const report = calloc(1, sizeof *report);
    struct journal_reader *r = NULL;
    REQUIRE(report);
    SCRATCH_OK(journal_reader_begin(s.journal, &r, err));
    SCRATCH_OK(redecide(r, e.seq + 2, 0, report, NULL, NULL, err)); /* nor by who decides again from there */
    assert_int_equal(report->begun_at, e.seq);
    assert_int_equal(report->differs_seq, 0);
    assert_true(report->compared > 0);
    journal_reader_end(r);
    free(report);
    session_end(&s);
}

static void test_what_is_appended_with_a_folded_book_is_kept_when_due(void **state)
{
    static const char yaml[] = "journal: {snapshot_every: 10}\n";
    struct session s;
    struct queue_reply reply;
    size_t refused;
    bool changed;

    (void)state;
    session_start(&s);
    SCRATCH_OK(control_configure(s.desk, "operator", "test.yaml", yaml, strlen(yaml), 3, &changed, err));
    struct intake in = {.journal = s.journal};
    for (unsigned i = 0; i < 200; i++) {
        static uint8_t bytes[ENTRY_MAX_SIZE];
        struct wire_out out;
        char id[16];
        snprintf(id, sizeof id, "d-%u", i);
        struct entry e = entries_deposit(id, "1");
        e.actor = 1;
        e.at_ns = INSTANT_NONE;
        wire_out_init(&out, bytes, sizeof bytes);
        SCRATCH_OK(entry_encode(&e, &out, err));
        const uint16_t size = (uint16_t)wire_out_size(&out);
        SCRATCH_OK(intake_group(&in, bytes, &size, 1, &reply, &refused, err));
        SCRATCH_OK(intake_keep(&in, err));
    }
    intake_release(&in);
    const uint64_t snapshots = count_kind(&s, ENTRY_CONTROL_SNAPSHOT);
    assert_true(snapshots > 0 && snapshots < 20); /* they take no more room than what they cover */
    assert_int_equal(check_all(&s).wrong_seq, 0);
    session_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_from_any_snapshot_to_any_entry_the_state_is_the_same),
        cmocka_unit_test(test_a_look_at_a_time_begins_with_no_snapshot_behind_it),
        cmocka_unit_test(test_the_newest_four_are_kept_and_all_entries),
        cmocka_unit_test(test_damaged_bytes_are_passed_over_with_a_remark),
        cmocka_unit_test(test_a_foreign_snapshot_is_passed_over),
        cmocka_unit_test(test_bytes_that_are_no_state_are_passed_over_even_when_an_entry_vouches_for_them),
        cmocka_unit_test(test_nobody_appends_one_from_outside),
        cmocka_unit_test(test_a_session_ends_with_one_and_the_next_begins_with_it),
        cmocka_unit_test(test_snapshots_in_a_session_change_no_decision),
        cmocka_unit_test(test_deciding_again_since_a_snapshot),
        cmocka_unit_test(test_one_between_a_clock_entry_and_its_answer),
        cmocka_unit_test(test_what_is_appended_with_a_folded_book_is_kept_when_due),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
