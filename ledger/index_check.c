/*
 * Comparing the index with the entries. Twice: what the entries say must be in the index, place by place; then the
 * index must hold no more than that, which a count shows. Only when the count is off are the rows looked at one by
 * one, to name what does not belong.
 */
#include "ledger/index_state.h"

#include "ledger/wire.h"

#include <inttypes.h>
#include <stdlib.h>

struct comparison {
    struct index *x;
    const struct index_options *options;
    struct index_txn *txn;
    struct journal_reader *reader;
    struct index_meta meta;
    struct index_batch batch;
    struct index_list list;
    uint64_t postings; /* that the entries have */
};

static enum err_code differs(const struct comparison *c, const struct index_key *key, const char *what,
                             uint64_t seq, struct err *err)
{
    char text[INDEX_KEY_TEXT_SIZE];

    return err_set(err, ERR_WRONG,
                   "%s: " INDEX_FILE_NAME " is wrong about %s: entry %" PRIu64
                   " %s. Delete it, or run ledger doctor --reindex",
                   journal_dir(c->x->journal), index_key_format(text, key), seq, what);
}

/* The runs of one key that lie in the batch: the index's must be the entries'. */
static enum err_code check_row(struct comparison *c, const struct index_batch_row *row, struct err *err)
{
    size_t count = 0;
    uint64_t at = c->batch.from;
    enum err_code rc = index_batch_list(&c->batch, row, 0, &count, err);

    index_list_init(&c->list, c->txn, &row->key);
    for (size_t i = 0; !rc && i <= count; i++) {
        struct postings_run run = {0, 0};
        bool any = false;
        const struct postings_run wanted =
            i < count ? c->batch.list[i] : (struct postings_run){UINT64_MAX, UINT64_MAX};
        rc = index_list_after(&c->list, at, &run, &any, err);
        if (rc)
            return rc;
        if (!any || run.first > c->batch.to)
            run = (struct postings_run){UINT64_MAX, UINT64_MAX};
        if (run.last > c->batch.to && run.first <= c->batch.to)
            run.last = c->batch.to;
        if (wanted.first < run.first)
            return differs(c, &row->key, "is missing", wanted.first, err);
        if (run.first < wanted.first)
            return differs(c, &row->key, "does not belong there", run.first, err);
        if (run.last != wanted.last)
            return differs(c, &row->key, run.last < wanted.last ? "is missing" : "does not belong there",
                           (run.last < wanted.last ? run.last : wanted.last) + 1, err);
        at = wanted.last + 1; /* not used after the end */
    }
    return rc;
}

/* Spans are known once their last entry is: so each batch begins with a span. */
static enum err_code check_spans(struct comparison *c, struct err *err)
{
    const struct index_key key = {.number = INDEX_OF_WHEN};
    enum err_code rc = ERR_OK;

    for (uint32_t i = 0; !rc && i < c->batch.span_count; i++) {
        const uint64_t first = c->batch.from + (uint64_t)i * INDEX_SPAN;
        const struct index_span *const span = &c->batch.spans[i];
        struct index_row row;
        bool any = false;
        rc = index_find_before(c->txn, &key, first, &row, &any, err);
        if (rc)
            return rc;
        if (!any || row.first != first || row.size != 16 ||
            (int64_t)wire_load_u64(row.value) != span->earliest_ns ||
            (int64_t)wire_load_u64(row.value + 8) != span->latest_ns)
            rc = differs(c, &key, "and those after it happened at other times", first, err);
    }
    return rc;
}

static enum err_code check_batch(struct comparison *c, struct err *err)
{
    const uint64_t from = c->batch.to + 1;
    const uint64_t left = c->meta.indexed - c->batch.to;
    uint64_t stopped = 0;

    index_batch_start(&c->batch, from);
    enum err_code rc = index_batch_fill(&c->batch, c->reader,
                                        left < INDEX_BATCH ? (uint32_t)left : INDEX_BATCH, &stopped, err);
    if (!rc && stopped)
        rc = err_set(err, ERR_FORMAT,
                     "entry %" PRIu64 " cannot be read, so " INDEX_FILE_NAME
                     " cannot be compared with it (see: ledger verify)",
                     stopped);
    for (uint32_t i = 0; !rc && i < c->batch.rows.count; i++)
        rc = check_row(c, table_at(&c->batch.rows, i), err);
    if (!rc)
        rc = check_spans(c, err);
    c->postings += c->batch.postings;
    return rc;
}

/* -- nothing more --------------------------------------------------------------------------------------- */

/* Names the first posting of this chunk whose entry is not about the key. */
static enum err_code find_stranger(struct comparison *c, const struct index_row *row, size_t runs,
                                   struct err *err)
{
    enum err_code rc = ERR_OK;

    for (size_t i = 0; !rc && i < runs; i++) {
        for (uint64_t seq = c->list.runs[i].first; !rc && seq <= c->list.runs[i].last; seq++) {
            struct index_key keys[INDEX_KEYS_MAX];
            struct journal_record record;
            struct entry e;
            bool is_about = false;
            if (seq > c->meta.indexed)
                return differs(c, &row->key, "is behind what was indexed", seq, err);
            rc = journal_reader_get(c->reader, seq, &record, err);
            if (!rc)
                rc = entry_decode(record.bytes, record.size, &e, err);
            const unsigned count = rc ? 0 : index_keys_of(&e, keys);
            for (unsigned k = 0; k < count; k++)
                is_about |= memcmp(&keys[k], &row->key, sizeof keys[k]) == 0;
            if (!rc && !is_about)
                rc = differs(c, &row->key, "does not belong there", seq, err);
        }
    }
    return rc;
}

/* Reads every row. Counts what it holds, or with `names` looks each posting up. */
static enum err_code read_rows(struct comparison *c, bool names, uint64_t *postings, uint64_t *spans,
                               struct err *err)
{
    struct index_key before = {.number = 0};
    uint64_t last = 0;
    bool any = true;
    enum err_code rc = ERR_OK;

    for (bool is_first = true; !rc; is_first = false) {
        struct index_row row;
        size_t n = 0;
        rc = index_next_row(c->txn, is_first, &row, &any, err);
        if (rc || !any)
            break;
        if (row.key.number == INDEX_OF_WHEN) {
            ++*spans;
            continue;
        }
        rc = postings_decode(row.first, row.value, row.size, c->list.runs, &n, err);
        if (!rc && memcmp(&before, &row.key, sizeof before) == 0 && row.first <= last)
            rc = differs(c, &row.key, "stands there twice", row.first, err);
        before = row.key;
        last = rc ? 0 : c->list.runs[n - 1].last;
        for (size_t i = 0; i < n; i++)
            *postings += c->list.runs[i].last - c->list.runs[i].first + 1;
        if (!rc && names)
            rc = find_stranger(c, &row, n, err);
    }
    return rc;
}

static enum err_code check_no_more(struct comparison *c, struct err *err)
{
    const uint64_t spans_wanted = (c->meta.indexed + INDEX_SPAN - 1) / INDEX_SPAN;
    uint64_t postings = 0;
    uint64_t spans = 0;
    enum err_code rc = read_rows(c, false, &postings, &spans, err);

    if (!rc && postings != c->postings)
        rc = read_rows(c, true, &postings, &spans, err);
    else if (!rc && spans != spans_wanted)
        rc = err_set(err, ERR_WRONG,
                     "%s: " INDEX_FILE_NAME " is wrong about time: %" PRIu64 " spans where there are %" PRIu64
                     ". Delete it, or run ledger doctor --reindex",
                     journal_dir(c->x->journal), spans, spans_wanted);
    return rc;
}

static enum err_code check(struct comparison *c, struct err *err)
{
    bool belongs = false;
    enum err_code rc = index_read_begin(c->x->file, &c->txn, err);

    if (!rc)
        rc = index_get_meta(c->txn, &c->meta, err);
    if (!rc)
        rc = journal_reader_begin(c->x->journal, &c->reader, err);
    if (!rc)
        rc = index_belongs(c->x, &c->meta, &belongs, err);
    if (!rc && !belongs)
        rc = err_set(err, ERR_WRONG,
                     "%s: " INDEX_FILE_NAME " is of another journal, or of another past of this "
                     "one: delete it, or run ledger doctor --reindex",
                     journal_dir(c->x->journal));
    while (!rc && c->batch.to < c->meta.indexed) {
        rc = check_batch(c, err);
        if (c->options->progress)
            c->options->progress(c->options->context, c->batch.to, c->meta.indexed);
    }
    return rc ? rc : check_no_more(c, err);
}

enum err_code index_check(struct index *x, const struct index_options *options, uint64_t *indexed,
                          struct err *err)
{
    struct comparison *const c = calloc(1, sizeof *c);

    if (!c)
        return err_set(err, ERR_MEMORY, "out of memory to compare an index");
    c->x = x;
    c->options = options;
    index_batch_init(&c->batch);
    const enum err_code rc = check(c, err);
    if (!rc)
        *indexed = c->meta.indexed;
    index_batch_release(&c->batch);
    journal_reader_end(c->reader);
    index_txn_end(c->txn);
    free(c);
    return rc;
}
