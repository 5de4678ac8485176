#include "book/snapshot.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* No entry is stored in fewer bytes than its header. */
#define ENTRY_BYTES ENTRY_HEADER_SIZE

static void add_text(struct hash_stream *stream, const char *text)
{
    hash_stream_add(stream, text, strlen(text) + 1);
}

struct hash snapshot_fingerprint(void)
{
    const struct setting *setting;
    struct hash_stream stream;
    size_t count;
    const struct replay_row *const *const rows = book_rows(&count);

    hash_stream_init(&stream);
    for (size_t i = 0; i < count; i++) {
        add_text(&stream, rows[i]->name);
        hash_stream_add_u64(&stream, rows[i]->version);
    }
    for (size_t i = 0; (setting = configuration_setting(i)); i++)
        add_text(&stream, setting->path);
    return hash_stream_finish(&stream);
}

static bool is_ours(const struct entry_control_snapshot *s)
{
    const struct hash ours = snapshot_fingerprint();

    return memcmp(ours.bytes, s->fingerprint.bytes, sizeof ours.bytes) == 0;
}

void snapshot_notice(struct book *b, const struct entry *e)
{
    const struct entry_control_snapshot *const s = &e->as.control_snapshot;

    if (!is_ours(s))
        return;
    b->snapshots.covered = (uint64_t)s->covered;
    b->snapshots.bytes = (uint64_t)s->bytes;
}

bool snapshot_is_due(const struct book *b)
{
    const int64_t every = b->configuration->configuration.journal.snapshot_every;
    const uint64_t since = book_seq(b) - b->snapshots.covered;

    return every > 0 && since >= (uint64_t)every && since >= b->snapshots.bytes / ENTRY_BYTES;
}

/* -- beginning with one --------------------------------------------------------------------------------- */

static void remark(struct book *b, uint64_t covered, const char *why)
{
    struct err text;

    (void)err_set(&text, ERR_FORMAT, "the snapshot of entry %" PRIu64 " is passed over: %s", covered, why);
    memcpy(b->snapshots.remark, text.text, sizeof b->snapshots.remark);
}

/* The control.snapshot that vouches for the stored one; *found false, and why, when none does. */
static enum err_code find_voucher(struct journal_reader *r, uint64_t covered, struct entry *e, bool *found,
                                  struct err *err)
{
    struct journal_record record;

    *found = false;
    if (covered == 0 || covered >= journal_reader_size(r))
        return ERR_OK;
    const enum err_code rc = journal_reader_get(r, covered + 1, &record, err);
    if (rc)
        return rc;
    *found = entry_decode(record.bytes, record.size, e, NULL) == ERR_OK &&
             e->kind == ENTRY_CONTROL_SNAPSHOT && (uint64_t)e->as.control_snapshot.covered == covered;
    return ERR_OK;
}

static bool has_bytes_of(struct journal_reader *r, const struct entry_control_snapshot *s)
{
    uint64_t size;
    const struct hash digest = snapshot_rows_digest(r, (uint64_t)s->covered, &size);

    return size == (uint64_t)s->bytes && memcmp(digest.bytes, s->digest.bytes, sizeof digest.bytes) == 0;
}

/* The book is empty again unless *taken. */
static enum err_code take(struct book *b, struct journal_reader *r, const struct entry_control_snapshot *s,
                          int64_t until_ns, bool *taken, struct err *err)
{
    const uint64_t covered = (uint64_t)s->covered;
    struct snapshot_bytes bytes;
    struct restore_in in;
    struct err why = {.code = ERR_OK};

    snapshot_rows_read(&bytes, r, covered, (uint64_t)s->bytes, &in);
    const enum err_code rc = book_restore(b, &in, &why);
    if (rc == ERR_FORMAT) {
        remark(b, covered, why.text);
        return ERR_OK;
    }
    if (rc)
        return err_set(err, rc, "%s", why.text);
    *taken = book_seq(b) == covered && b->day->latest_ns <= until_ns;
    if (*taken) {
        b->snapshots.begun_at = covered;
        b->snapshots.covered = covered;
        b->snapshots.bytes = (uint64_t)s->bytes;
    } else {
        book_clear(b);
    }
    return ERR_OK;
}

enum err_code snapshot_begin(struct book *b, struct journal_reader *r, uint64_t last, int64_t until_ns,
                             struct err *err)
{
    struct entry e;
    uint64_t covered;
    bool found = true;
    bool taken = false;
    enum err_code rc = ERR_OK;

    if (book_seq(b) != 0 || b->snapshots.are_ignored)
        return ERR_OK;
    while (!rc && !taken) {
        rc = snapshot_rows_find(r, last, &covered, &found, err);
        if (rc || !found || covered == 0)
            break;
        last = covered - 1;
        rc = find_voucher(r, covered, &e, &found, err);
        if (rc)
            break;
        if (!found)
            remark(b, covered, "no entry vouches for it");
        else if (!is_ours(&e.as.control_snapshot))
            continue;
        else if (!has_bytes_of(r, &e.as.control_snapshot))
            remark(b, covered, "its bytes are not those that its entry vouches for");
        else
            rc = take(b, r, &e.as.control_snapshot, until_ns, &taken, err);
    }
    return rc;
}

/* -- writing one ---------------------------------------------------------------------------------------- */

struct measure {
    struct hash_stream stream;
    uint64_t bytes;
};

static void add_measure(void *context, const void *bytes, size_t size)
{
    struct measure *const m = context;

    hash_stream_add(&m->stream, bytes, size);
    m->bytes += size;
}

static struct hash measure(const struct book *b, uint64_t *bytes)
{
    struct measure m = {.bytes = 0};
    const struct digest_out out = {add_measure, &m};

    hash_stream_init(&m.stream);
    book_save(b, &out);
    *bytes = m.bytes;
    return hash_stream_finish(&m.stream);
}

static void write_book(void *context, const struct digest_out *out)
{
    book_save(context, out);
}

static enum err_code catch_up(struct journal_group *g, struct book *b, struct err *err)
{
    struct journal_reader *r = NULL;

    if (book_seq(b) + 1 == journal_group_next_seq(g))
        return ERR_OK;
    enum err_code rc = journal_group_reader(g, &r, err);
    if (!rc)
        rc = book_load(b, r, 0, NULL, NULL, err);
    journal_reader_end(r);
    return rc;
}

/* The entry is applied only once it is stored: until then the state is the one that it vouches for. */
static void fill(struct entry *e, const struct book *b, struct snapshot_written *w)
{
    const struct hash fingerprint = snapshot_fingerprint();
    struct entry_control_snapshot *const s = &e->as.control_snapshot;

    memset(e, 0, sizeof *e);
    e->kind = ENTRY_CONTROL_SNAPSHOT;
    e->at_ns = INSTANT_NONE;
    w->covered = book_seq(b);
    w->digest = measure(b, &w->bytes);
    s->covered = (int64_t)w->covered;
    s->bytes = (int64_t)w->bytes;
    memcpy(s->digest.bytes, w->digest.bytes, sizeof s->digest.bytes);
    memcpy(s->fingerprint.bytes, fingerprint.bytes, sizeof s->fingerprint.bytes);
}

/* The group has seen what the book has. It ends here. */
static enum err_code write_in(struct journal_group *g, struct book *b, struct snapshot_written *w,
                              struct err *err)
{
    struct entry e;

    fill(&e, b, w);
    const struct snapshot_source source = {write_book, b, w->covered, w->bytes};
    enum err_code rc = journal_group_add(g, &e, err);
    if (rc) {
        journal_group_abort(g);
        return rc;
    }
    snapshot_rows_put(g, &source);
    rc = journal_group_commit(g, &w->seal, err);
    w->seq = e.seq;
    return rc ? rc : book_apply(b, &e, err);
}

enum err_code snapshot_write(struct journal *j, struct book *b, struct snapshot_written *written,
                             struct err *err)
{
    struct journal_group *g = NULL;
    struct snapshot_written w;

    enum err_code rc = journal_group_begin(j, &g, err);
    if (!rc)
        rc = catch_up(g, b, err);
    if (rc) {
        journal_group_abort(g);
        return rc;
    }
    rc = write_in(g, b, &w, err);
    if (!rc && written)
        *written = w;
    return rc;
}

enum err_code snapshot_keep(struct journal *j, struct book *b, struct err *err)
{
    struct journal_group *g = NULL;
    struct snapshot_written w;

    if (!snapshot_is_due(b))
        return ERR_OK;
    enum err_code rc = journal_group_begin(j, &g, err);
    if (!rc)
        rc = catch_up(g, b, err);
    if (rc || !snapshot_is_due(b)) {
        journal_group_abort(g);
        return rc;
    }
    return write_in(g, b, &w, err);
}

/* -- checking all --------------------------------------------------------------------------------------- */

bool snapshot_is_ours(const struct entry *e)
{
    return is_ours(&e->as.control_snapshot);
}

enum err_code snapshot_check_entry(const struct book *b, const struct entry *e, struct err *err)
{
    const struct entry_control_snapshot *const s = &e->as.control_snapshot;
    uint64_t bytes;

    if (!is_ours(s))
        return ERR_OK;
    if ((uint64_t)s->covered != book_seq(b))
        return err_set(err, ERR_WRONG, "it does not cover the entry before it");
    const struct hash digest = measure(b, &bytes);
    if (bytes == (uint64_t)s->bytes && memcmp(digest.bytes, s->digest.bytes, sizeof digest.bytes) == 0)
        return ERR_OK;
    return err_set(err, ERR_WRONG,
                   "it vouches for another state than the one that the entries before it make");
}

struct audit {
    struct book book; /* folded from the first entry */
    struct journal_reader *reader;
    struct snapshot_report *report;
    struct entry entry;
};

static void wrong(struct audit *c, uint64_t seq, const char *why)
{
    if (c->report->wrong_seq && c->report->wrong_seq <= seq)
        return;
    c->report->wrong_seq = seq;
    snprintf(c->report->reason, sizeof c->report->reason, "%s", why);
}

/* Before the entry is applied: the state is the one that it says. */
static void check_entry(struct audit *c)
{
    const struct entry_control_snapshot *const s = &c->entry.as.control_snapshot;
    struct err why = {.code = ERR_OK};

    if (!is_ours(s)) {
        c->report->foreign++;
        return;
    }
    if (snapshot_check_entry(&c->book, &c->entry, &why))
        wrong(c, c->entry.seq, why.text);
    if (why.code == ERR_OK || (uint64_t)s->covered == book_seq(&c->book))
        c->report->compared++;
}

static enum err_code check_entries(struct audit *c, book_progress *progress, void *context, struct err *err)
{
    const uint64_t size = journal_reader_size(c->reader);
    struct journal_record record;
    bool found = true;
    enum err_code rc = journal_reader_seek(c->reader, 1, err);

    while (!rc && book_seq(&c->book) < size) {
        rc = journal_reader_next(c->reader, &record, &found, err);
        if (rc || !found)
            break;
        rc = entry_decode(record.bytes, record.size, &c->entry, err);
        if (rc)
            return err_wrap(err, "entry %" PRIu64, record.seq);
        if (c->entry.kind == ENTRY_CONTROL_SNAPSHOT)
            check_entry(c);
        rc = book_apply(&c->book, &c->entry, err);
        if (progress && (book_seq(&c->book) & 0xfff) == 0)
            progress(context, book_seq(&c->book), size);
    }
    return rc;
}

/* Whatever is stored is what its entry vouches for; whether that is right, the entries' walk has said. */
static enum err_code check_stored(struct audit *c, struct err *err)
{
    uint64_t most = UINT64_MAX;
    uint64_t covered;
    bool found = true;
    enum err_code rc = ERR_OK;

    while (!rc && most > 0) {
        rc = snapshot_rows_find(c->reader, most, &covered, &found, err);
        if (rc || !found)
            break;
        c->report->stored++;
        most = covered > 0 ? covered - 1 : 0;
        rc = find_voucher(c->reader, covered, &c->entry, &found, err);
        if (!rc && !found)
            wrong(c, covered + 1, "a snapshot is stored that this entry does not vouch for");
        else if (!rc && !has_bytes_of(c->reader, &c->entry.as.control_snapshot))
            wrong(c, covered + 1, "the stored bytes are not those that it vouches for");
    }
    return rc;
}

enum err_code snapshot_check(struct journal_reader *r, struct snapshot_report *report,
                             book_progress *progress, void *context, struct err *err)
{
    struct audit *const c = calloc(1, sizeof *c);

    if (!c)
        return err_set(err, ERR_MEMORY, "out of memory");
    memset(report, 0, sizeof *report);
    c->reader = r;
    c->report = report;
    enum err_code rc = book_init(&c->book, err);
    if (!rc)
        rc = check_entries(c, progress, context, err);
    if (!rc)
        rc = check_stored(c, err);
    report->entries = book_seq(&c->book);
    book_release(&c->book);
    free(c);
    return rc;
}
