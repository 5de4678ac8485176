#include "book/book.h"

#include "book/market_time.h"
#include "book/snapshot.h"

#include <stdlib.h>

static void actors_row_init(void *state)
{
    actors_init(state);
}

static enum err_code actors_row_apply(void *state, const struct entry *e, struct err *err)
{
    return actors_apply(state, e, err);
}

static void actors_row_digest(const void *state, const struct digest_out *out)
{
    const struct actors *const a = state;

    digest_u64(out, a->count);
    for (uint32_t i = 0; i < a->count; i++) {
        digest_id(out, &a->rows[i].name);
        digest_u64(out, (uint64_t)a->rows[i].role);
        digest_bytes(out, a->rows[i].key, sizeof a->rows[i].key);
        digest_u64(out, a->revoked_seq[i]);
    }
}

static void actors_row_release(void *state)
{
    (void)state;
}

static enum err_code actors_row_restore(void *state, struct restore_in *in, struct err *err)
{
    struct actors *const a = state;

    a->count = restore_count(in, 1, ACTORS_TOTAL_MAX);
    for (uint32_t i = 0; i < a->count; i++) {
        restore_id(in, &a->rows[i].name, false);
        a->rows[i].role = (enum role)restore_within(in, ROLE_OWNER, ROLE_WITNESS);
        restore_bytes(in, a->rows[i].key, sizeof a->rows[i].key);
        a->revoked_seq[i] = restore_u64(in);
        a->is_owned = a->is_owned || a->rows[i].role == ROLE_OWNER;
    }
    return restore_result(in, err);
}

static const struct replay_row actors_row = {
    .name = "actors",
    .size = sizeof(struct actors),
    .init = actors_row_init,
    .apply = actors_row_apply,
    .digest = actors_row_digest,
    .release = actors_row_release,
    .restore = actors_row_restore,
    .version = 2,
};

enum { ACTORS, CONFIGURATION, ACCOUNTS, ORDERS, VIEW, RISK, RECONCILE, NAKED_PUT, DAY, RUN, ROWS };
static const struct replay_row *const rows[ROWS] = {
    [ACTORS] = &actors_row,
    [CONFIGURATION] = &configuration_row,
    [ACCOUNTS] = &accounts_row,
    [ORDERS] = &orders_row,
    [VIEW] = &view_row,
    [RISK] = &risk_row,
    [RECONCILE] = &reconcile_row,
    [NAKED_PUT] = &naked_put_row,
    [DAY] = &day_row,
    [RUN] = &run_row,
};

const struct replay_row *const *book_rows(size_t *count)
{
    *count = ROWS;
    return rows;
}

enum err_code book_init(struct book *b, struct err *err)
{
    memset(b, 0, sizeof *b);
    for (size_t i = 0; i < ROWS; i++) {
        b->states[i] = calloc(1, rows[i]->size);
        if (!b->states[i]) {
            for (size_t k = 0; k < i; k++)
                free(b->states[k]);
            memset(b, 0, sizeof *b);
            return err_set(err, ERR_MEMORY, "out of memory for the state of %s", rows[i]->name);
        }
    }
    replay_init(&b->replay, rows, b->states, ROWS);
    b->actors = b->states[ACTORS];
    b->configuration = b->states[CONFIGURATION];
    b->accounts = b->states[ACCOUNTS];
    b->orders = b->states[ORDERS];
    b->view = b->states[VIEW];
    b->risk = b->states[RISK];
    b->reconcile = b->states[RECONCILE];
    b->naked_put = b->states[NAKED_PUT];
    b->day = b->states[DAY];
    b->run = b->states[RUN];
    return ERR_OK;
}

void book_release(struct book *b)
{
    if (!b->replay.count)
        return;
    replay_release(&b->replay);
    for (size_t i = 0; i < ROWS; i++)
        free(b->states[i]);
    memset(b, 0, sizeof *b);
}

void book_clear(struct book *b)
{
    for (size_t i = 0; i < ROWS; i++) {
        rows[i]->release(b->states[i]);
        rows[i]->init(b->states[i]);
    }
    b->replay.seq = 0;
}

enum err_code book_apply(struct book *b, const struct entry *e, struct err *err)
{
    const enum err_code rc = replay_apply(&b->replay, e, err);

    if (!rc && e->kind == ENTRY_CONTROL_SNAPSHOT)
        snapshot_notice(b, e);
    return rc;
}

enum err_code book_apply_record(struct book *b, const struct journal_record *record, struct err *err)
{
    struct entry e;
    const enum err_code rc = entry_decode(record->bytes, record->size, &e, err);

    if (rc)
        return err_wrap(err, "entry %llu", (unsigned long long)record->seq);
    return book_apply(b, &e, err);
}

/* Folds up to `to`, or until the market's clock would pass `until_ns`. */
static enum err_code load(struct book *b, struct journal_reader *r, uint64_t to, int64_t until_ns,
                          book_progress *progress, void *context, struct err *err)
{
    struct journal_record record;
    struct market_time time;
    struct entry e;
    bool found = true;
    bool is_past = false;
    const uint64_t size = journal_reader_size(r);
    const uint64_t last = to == 0 || to > size ? size : to;
    enum err_code rc = snapshot_begin(b, r, last, until_ns, err);

    market_time_init(&time, r);
    if (!rc)
        rc = journal_reader_seek(r, book_seq(b) + 1, err);
    while (!rc && book_seq(b) < last) {
        rc = journal_reader_next(r, &record, &found, err);
        if (rc || !found)
            break;
        rc = entry_decode(record.bytes, record.size, &e, err);
        if (rc)
            return err_wrap(err, "entry %llu", (unsigned long long)record.seq);
        rc = market_time_is_past(&time, &e, until_ns, &is_past, err);
        if (rc || is_past)
            break;
        rc = book_apply(b, &e, err);
        if (progress && (book_seq(b) & 0xfff) == 0)
            progress(context, book_seq(b), last);
    }
    return rc;
}

enum err_code book_load(struct book *b, struct journal_reader *r, uint64_t to, book_progress *progress,
                        void *context, struct err *err)
{
    const uint64_t size = journal_reader_size(r);

    if (to > size)
        return err_set(err, ERR_NOT_FOUND, "there is no entry %llu; the newest is %llu",
                       (unsigned long long)to, (unsigned long long)size);
    return load(b, r, to, INT64_MAX, progress, context, err);
}

enum err_code book_load_until(struct book *b, struct journal_reader *r, int64_t at_ns,
                              book_progress *progress, void *context, struct err *err)
{
    return load(b, r, 0, at_ns, progress, context, err);
}

enum err_code book_find_time(struct journal_reader *r, int64_t at_ns, uint64_t *seq, struct err *err)
{
    struct journal_record record;
    struct market_time time;
    struct entry header;
    bool found = true;
    bool is_past = false;
    uint64_t last = 0;
    enum err_code rc = journal_reader_seek(r, 1, err);

    market_time_init(&time, r);
    while (!rc && found) {
        rc = journal_reader_next(r, &record, &found, err);
        if (rc || !found)
            break;
        rc = entry_decode_header(record.bytes, record.size, &header, err);
        if (rc)
            return err_wrap(err, "entry %llu", (unsigned long long)record.seq);
        rc = market_time_is_past(&time, &header, at_ns, &is_past, err);
        if (rc || is_past)
            break;
        last = record.seq;
    }
    if (!rc)
        *seq = last;
    return rc;
}

static void add_to_hash(void *context, const void *bytes, size_t size)
{
    hash_stream_add(context, bytes, size);
}

struct hash book_digest(const struct book *b)
{
    struct hash_stream stream;
    const struct digest_out out = {add_to_hash, &stream};

    hash_stream_init(&stream);
    book_save(b, &out);
    return hash_stream_finish(&stream);
}

void book_save(const struct book *b, const struct digest_out *out)
{
    replay_digest(&b->replay, out);
}

enum err_code book_restore(struct book *b, struct restore_in *in, struct err *err)
{
    struct restore_in again = *in;
    enum err_code rc = replay_restore(&b->replay, in, err);

    if (!rc && replay_differs(&b->replay, &again))
        rc = err_set(err, ERR_FORMAT, "snapshot: its bytes have another form than this program writes");
    if (!rc)
        return ERR_OK;
    book_clear(b);
    return rc;
}
