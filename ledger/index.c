/* Opening the index of a journal, seeing whether it is that journal's, and bringing it up to its newest entry. */
#include "ledger/index_state.h"

#include <inttypes.h>
#include <stdlib.h>

/* What the journal keeps for itself: an index that fills the disk would stop the appends. */
#define SPACE_MIN      (UINT64_C(64) << 20)
#define SPACE_AN_ENTRY 16u

enum err_code index_open(struct journal *j, enum index_mode mode, struct index **x, struct err *err)
{
    struct index *const opened = calloc(1, sizeof *opened);

    if (!opened)
        return err_set(err, ERR_MEMORY, "%s: out of memory", journal_dir(j));
    opened->journal = j;
    opened->may_write = mode == INDEX_WRITE;
    const enum err_code rc = index_file_open(journal_dir(j), mode, &opened->file, err);
    if (rc) {
        free(opened);
        return rc;
    }
    *x = opened;
    return ERR_OK;
}

void index_close(struct index *x)
{
    if (!x)
        return;
    REQUIRE(x->walks == 0);
    index_file_close(x->file);
    free(x);
}

bool index_may_write(const struct index *x)
{
    return x->may_write;
}

/* -- which journal -------------------------------------------------------------------------------------- */

enum err_code index_place(struct journal_reader *r, uint64_t indexed, struct index_meta *meta,
                          struct err *err)
{
    struct journal_record first;

    enum err_code rc = journal_reader_get(r, 1, &first, err);
    if (rc)
        return rc;
    meta->indexed = indexed;
    meta->genesis = hash_leaf(first.bytes, first.size);
    return journal_reader_root(r, indexed, &meta->root, err);
}

static enum err_code belongs_to(struct journal_reader *r, const struct index_meta *meta, bool *belongs,
                                struct err *err)
{
    struct index_meta place;

    if (meta->indexed == 0 || meta->indexed > journal_reader_size(r)) {
        *belongs = meta->indexed == 0;
        return ERR_OK;
    }
    const enum err_code rc = index_place(r, meta->indexed, &place, err);
    if (!rc)
        *belongs = memcmp(&place.genesis, &meta->genesis, sizeof place.genesis) == 0 &&
                   memcmp(&place.root, &meta->root, sizeof place.root) == 0;
    return rc;
}

static bool is_known(const struct index *x, const struct index_meta *meta)
{
    return meta->indexed > 0 && x->known.indexed == meta->indexed &&
           memcmp(&x->known.genesis, &meta->genesis, sizeof meta->genesis) == 0 &&
           memcmp(&x->known.root, &meta->root, sizeof meta->root) == 0;
}

enum err_code index_belongs(struct index *x, const struct index_meta *meta, bool *belongs, struct err *err)
{
    struct journal_reader *r = NULL;

    if (is_known(x, meta)) {
        *belongs = true;
        return ERR_OK;
    }
    enum err_code rc = journal_reader_begin(x->journal, &r, err);
    if (!rc)
        rc = belongs_to(r, meta, belongs, err);
    if (!rc && *belongs)
        x->known = *meta;
    journal_reader_end(r);
    return rc;
}

static enum err_code read_meta(struct index *x, struct index_meta *meta, struct err *err)
{
    struct index_txn *t = NULL;
    enum err_code rc = index_read_begin(x->file, &t, err);

    if (!rc)
        rc = index_get_meta(t, meta, err);
    index_txn_end(t);
    return rc;
}

enum err_code index_lag(struct index *x, uint64_t *lag, bool *is_foreign, struct err *err)
{
    struct index_meta meta = {.indexed = 0};
    struct journal_reader *r = NULL;
    bool belongs = true;
    enum err_code rc = read_meta(x, &meta, err);

    if (!rc)
        rc = journal_reader_begin(x->journal, &r, err);
    if (!rc)
        rc = belongs_to(r, &meta, &belongs, err);
    if (!rc) {
        *lag = journal_reader_size(r) - (belongs ? meta.indexed : 0);
        *is_foreign = !belongs;
    }
    journal_reader_end(r);
    return rc;
}

/* -- catching up ---------------------------------------------------------------------------------------- */

struct builder {
    struct index *x;
    const struct index_options *options;
    struct index_report *report;
    struct index_batch batch;
    struct index_meta before; /* what the file should say when the batch is put */
    bool clears;              /* and is emptied then, because it is foreign */
    uint64_t size;            /* of the journal, for progress */
};

static enum err_code check_space(struct index *x, uint64_t entries, struct err *err)
{
    uint64_t space = 0;
    const enum err_code rc = index_file_space(x->file, &space, err);

    if (rc || space >= SPACE_MIN + SPACE_AN_ENTRY * entries)
        return rc;
    return err_set(err, ERR_IO,
                   "%s: " INDEX_FILE_NAME " is not written, because the disk has only %" PRIu64
                   " MiB left, and the journal needs them",
                   journal_dir(x->journal), space >> 20);
}

/* One transaction. *is_late: another process has indexed meanwhile, and nothing was done. */
static enum err_code put_batch(struct builder *u, const struct index_meta *after, bool *is_late,
                               struct index_txn **t, struct err *err)
{
    struct index_meta now = {.indexed = 0};
    enum err_code rc = index_write_begin(u->x->file, t, err);

    if (!rc)
        rc = index_get_meta(*t, &now, err);
    *is_late =
        !rc && (now.indexed != u->before.indexed || memcmp(&now.root, &u->before.root, sizeof now.root) != 0);
    if (rc || *is_late)
        return rc;
    if (u->clears)
        rc = index_clear(*t, err);
    if (!rc)
        rc = index_batch_put(&u->batch, *t, err);
    if (!rc)
        rc = index_put_meta(*t, after, err);
    return rc ? rc : index_txn_commit(*t, err);
}

/* The same, in a map that grows when it must. */
static enum err_code put_growing(struct builder *u, const struct index_meta *after, bool *is_late,
                                 struct err *err)
{
    for (;;) {
        struct index_txn *t = NULL;
        enum err_code rc = put_batch(u, after, is_late, &t, err);
        const bool is_full = rc && t && index_txn_is_full(t);
        index_txn_end(t);
        if (!is_full)
            return rc;
        rc = index_file_grow(u->x->file, err);
        if (rc)
            return rc;
    }
}

/* Reads and puts one batch; *more is whether another may follow. */
static enum err_code build_batch(struct builder *u, struct journal_reader *r, bool *more, struct err *err)
{
    const uint32_t limit = u->options->batch ? u->options->batch : INDEX_BATCH;
    const uint64_t from = u->clears ? 1 : u->before.indexed + 1;
    struct index_meta after;
    bool is_late = false;

    index_batch_start(&u->batch, from);
    u->size = journal_reader_size(r);
    enum err_code rc = check_space(u->x, u->size + 1 - from, err);
    if (!rc)
        rc = index_batch_fill(&u->batch, r, limit, &u->report->stopped, err);
    const uint64_t count = u->batch.to + 1 - from;
    *more = count > 0;
    if (rc || count == 0)
        return rc;
    rc = index_place(r, u->batch.to, &after, err);
    if (!rc)
        rc = put_growing(u, &after, &is_late, err);
    if (rc)
        return rc;
    if (is_late) /* what the other one has done is looked at anew */
        return read_meta(u->x, &u->before, err);
    u->before = after;
    u->clears = false;
    u->report->added += count;
    u->report->indexed = after.indexed;
    *more = u->report->stopped == 0 && after.indexed < u->size;
    return ERR_OK;
}

static enum err_code build(struct builder *u, struct err *err)
{
    const volatile int *const interrupted = u->options->interrupted;
    bool more = true;
    enum err_code rc = ERR_OK;

    while (!rc && more && !(interrupted && *interrupted)) {
        struct journal_reader *r = NULL; /* a new one each time, so that no old page of the journal is kept */
        bool belongs = true;
        rc = journal_reader_begin(u->x->journal, &r, err);
        if (!rc)
            rc = belongs_to(r, &u->before, &belongs, err);
        if (!rc) {
            u->clears = !belongs;
            u->report->was_foreign |= !belongs;
            rc = build_batch(u, r, &more, err);
        }
        journal_reader_end(r);
        if (!rc && u->options->progress)
            u->options->progress(u->options->context, u->report->indexed, u->size);
    }
    return rc;
}

enum err_code index_catch_up(struct index *x, const struct index_options *options,
                             struct index_report *report, struct err *err)
{
    struct builder u = {.x = x, .options = options, .report = report};

    *report = (struct index_report){.indexed = 0};
    if (!x->may_write)
        return err_set(err, ERR_IO, "%s: " INDEX_FILE_NAME " is open for reading only",
                       journal_dir(x->journal));
    enum err_code rc = read_meta(x, &u.before, err);
    if (rc)
        return rc;
    report->indexed = u.before.indexed;
    index_batch_init(&u.batch);
    rc = build(&u, err);
    index_batch_release(&u.batch);
    return rc;
}
