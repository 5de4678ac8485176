/*
 * Asking: the entries that a filter lets through, in order of seq or against it.
 *
 * What a filter asks for that the index knows becomes a source: something that can say, of any seq, which run of
 * entries at or behind it (or before it) may be meant. Where all sources agree, the entries are read and the
 * filter has the last word: an index that says too much costs time, and nothing else. What the index has not seen
 * yet, and everything when it is of no use, is read entry by entry.
 */
#include "ledger/index_state.h"

#include "ledger/wire.h"

#include <inttypes.h>
#include <stdlib.h>

#define SOURCES_MAX 7u /* kind or family, actor, symbol, order, cause, when; and one to spare */

struct source {
    struct index_list *lists; /* any of them; NULL: when it happened */
    unsigned count;
};

struct index_walk {
    struct index *index; /* NULL: none was handed in */
    struct journal_reader *reader;
    struct filter filter;
    bool is_backward;
    struct index_txn *txn; /* NULL: the index is not used (any more) */
    uint64_t indexed;
    struct source sources[SOURCES_MAX];
    unsigned source_count;
    uint64_t low; /* what is left to be looked at: low .. high */
    uint64_t high;
    struct postings_run run; /* entries to be read now, part of low .. high */
    bool has_run;
    uint64_t looked;
    struct entry entry;
    struct err why; /* the index is not used: code and words */
};

/* -- sources -------------------------------------------------------------------------------------------- */

static enum err_code add_source(struct index_walk *w, const struct index_key *keys, unsigned count,
                                struct err *err)
{
    struct source *const s = &w->sources[w->source_count];

    REQUIRE(w->source_count < SOURCES_MAX);
    s->lists = calloc(count ? count : 1, sizeof *s->lists);
    if (!s->lists)
        return err_set(err, ERR_MEMORY, "out of memory for %u lists of an index", count);
    for (unsigned i = 0; i < count; i++)
        index_list_init(&s->lists[i], w->txn, &keys[i]);
    s->count = count;
    w->source_count++;
    return ERR_OK;
}

static enum err_code add_kinds(struct index_walk *w, struct err *err)
{
    struct index_key keys[64];
    size_t count = 0;
    unsigned n = 0;
    const struct entry_kind_info *const kinds = entry_kinds(&count);

    for (size_t i = 0; i < count; i++) {
        const bool is_meant =
            (!w->filter.kind || w->filter.kind->kind == kinds[i].kind) &&
            (!w->filter.family || w->filter.family == (unsigned)entry_family(kinds[i].kind));
        if (is_meant) {
            REQUIRE(n < sizeof keys / sizeof keys[0]);
            keys[n++] = index_key_number(INDEX_OF_KIND, (uint64_t)kinds[i].kind);
        }
    }
    return add_source(w, keys, n, err);
}

static enum err_code add_sources(struct index_walk *w, struct err *err)
{
    const struct filter *const f = &w->filter;
    struct index_key key;
    enum err_code rc = ERR_OK;

    if (f->order) { /* no id is as long as some texts are, so none is meant */
        const size_t length = strlen(f->order);
        if (length <= ID_MAX)
            key = index_key_text(INDEX_OF_ORDER, f->order, length);
        rc = add_source(w, &key, length <= ID_MAX, err);
    }
    if (!rc && f->cause) {
        key = index_key_number(INDEX_OF_CAUSE, f->cause);
        rc = add_source(w, &key, 1, err);
    }
    if (!rc && f->symbol.length) {
        key = index_key_text(INDEX_OF_SYMBOL, f->symbol.text, f->symbol.length);
        rc = add_source(w, &key, 1, err);
    }
    if (!rc && (f->kind || f->family))
        rc = add_kinds(w, err);
    if (!rc && f->has_actor) {
        key = index_key_number(INDEX_OF_ACTOR, f->actor);
        rc = add_source(w, &key, 1, err);
    }
    if (!rc && filter_has_when(f))
        w->sources[w->source_count++] = (struct source){.lists = NULL};
    return rc;
}

static void drop_index(struct index_walk *w)
{
    for (unsigned i = 0; i < w->source_count; i++)
        free(w->sources[i].lists);
    w->source_count = 0;
    index_txn_end(w->txn);
    w->txn = NULL;
    w->has_run = false;
}

/* The span of this row may hold an entry of the time that is asked for. */
static enum err_code span_is_meant(const struct index_walk *w, const struct index_row *row, bool *is_meant,
                                   struct err *err)
{
    if (row->size != 16)
        return err_set(err, ERR_FORMAT,
                       INDEX_FILE_NAME
                       " is damaged, delete it, or run ledger doctor --reindex: time of entry %" PRIu64,
                       row->first);
    const int64_t earliest = (int64_t)wire_load_u64(row->value);
    const int64_t latest = (int64_t)wire_load_u64(row->value + 8);
    *is_meant = earliest <= w->filter.to_ns && latest >= w->filter.from_ns;
    return ERR_OK;
}

static enum err_code when_after(struct index_walk *w, uint64_t seq, struct postings_run *run, bool *found,
                                struct err *err)
{
    const struct index_key key = {.number = INDEX_OF_WHEN};
    uint64_t at = index_span_first(seq) - 1;
    struct index_row row;
    bool any = true;
    bool is_meant = false;
    enum err_code rc = ERR_OK;

    while (!rc && any && !is_meant) {
        rc = index_find_after(w->txn, &key, at, &row, &any, err);
        if (!rc && any) {
            rc = span_is_meant(w, &row, &is_meant, err);
            at = row.first;
        }
    }
    *found = !rc && any;
    if (*found)
        *run = (struct postings_run){row.first > seq ? row.first : seq, row.first + INDEX_SPAN - 1};
    return rc;
}

static enum err_code when_before(struct index_walk *w, uint64_t seq, struct postings_run *run, bool *found,
                                 struct err *err)
{
    const struct index_key key = {.number = INDEX_OF_WHEN};
    uint64_t at = seq;
    struct index_row row;
    bool any = true;
    bool is_meant = false;
    enum err_code rc = ERR_OK;

    while (!rc && any && !is_meant) {
        rc = index_find_before(w->txn, &key, at, &row, &any, err);
        if (!rc && any) {
            rc = span_is_meant(w, &row, &is_meant, err);
            at = row.first - 1;
        }
    }
    *found = !rc && any;
    if (*found)
        *run = (struct postings_run){row.first,
                                     row.first + INDEX_SPAN - 1 < seq ? row.first + INDEX_SPAN - 1 : seq};
    return rc;
}

/* The nearest run of any of the source's lists. */
static enum err_code source_find(struct index_walk *w, struct source *s, uint64_t seq,
                                 struct postings_run *run, bool *found, struct err *err)
{
    enum err_code rc = ERR_OK;

    *found = false;
    if (!s->lists)
        return w->is_backward ? when_before(w, seq, run, found, err) : when_after(w, seq, run, found, err);
    for (unsigned i = 0; !rc && i < s->count; i++) {
        struct postings_run one;
        bool any = false;
        rc = w->is_backward ? index_list_before(&s->lists[i], seq, &one, &any, err)
                            : index_list_after(&s->lists[i], seq, &one, &any, err);
        if (rc || !any)
            continue;
        if (!*found || (w->is_backward ? one.last > run->last : one.first < run->first))
            *run = one;
        *found = true;
    }
    return rc;
}

/*
 * The nearest run, from w->low or w->high on and within the index, that is in every source: each in turn is asked
 * at the place that the one before it has moved to, until none moves.
 */
static enum err_code agree(struct index_walk *w, struct postings_run *run, bool *found, struct err *err)
{
    uint64_t at = w->is_backward ? w->high : w->low;
    const uint64_t bound = w->is_backward ? w->low : (w->high < w->indexed ? w->high : w->indexed);
    unsigned agreed = 0;

    *found = false;
    *run = (struct postings_run){w->is_backward ? bound : at, w->is_backward ? at : bound};
    for (unsigned i = 0; agreed < w->source_count; i = (i + 1) % w->source_count) {
        struct postings_run one = {.first = 0};
        bool any = false;
        const enum err_code rc = source_find(w, &w->sources[i], at, &one, &any, err);
        if (rc || !any)
            return rc;
        const uint64_t next = w->is_backward ? one.last : one.first;
        if (w->is_backward ? next < bound : next > bound)
            return ERR_OK;
        if (next != at || agreed == 0) {
            agreed = 0;
            at = next;
            *run = (struct postings_run){w->is_backward ? bound : at, w->is_backward ? at : bound};
        }
        if (one.first > run->first)
            run->first = one.first;
        if (one.last < run->last)
            run->last = one.last;
        agreed++;
    }
    *found = true;
    return ERR_OK;
}

/* -- the walk ------------------------------------------------------------------------------------------- */

static uint64_t left(const struct index_walk *w)
{
    return w->low <= w->high ? w->high - w->low + 1 : 0;
}

/* What is to be read next: by the index where it has been, else as far as it has not. */
static void next_run(struct index_walk *w)
{
    const uint64_t at = w->is_backward ? w->high : w->low;
    struct err why = {.code = ERR_OK};
    struct postings_run run = {w->low, w->high};
    bool any = left(w) > 0;

    if (any && w->txn && at <= w->indexed) {
        if (agree(w, &run, &any, &why)) {
            w->why = why;
            drop_index(w); /* the rest is read as if there had been none */
            run = (struct postings_run){w->low, w->high};
            any = true;
        } else if (!any && !w->is_backward && w->high > w->indexed) {
            run = (struct postings_run){w->indexed + 1, w->high};
            any = true;
        }
    } else if (any && w->txn && w->is_backward && w->low <= w->indexed) {
        run.first = w->indexed + 1;
    }
    w->run = run;
    w->has_run = any;
}

/* The next seq to read of the run at hand. */
static uint64_t take_seq(struct index_walk *w)
{
    const uint64_t seq = w->is_backward ? w->run.last : w->run.first;

    w->has_run = w->run.first < w->run.last;
    if (w->is_backward) {
        w->run.last--;
        w->high = seq - 1;
    } else {
        w->run.first++;
        w->low = seq + 1;
    }
    return seq;
}

static enum err_code read_one(struct index_walk *w, uint64_t seq, bool *holds, struct err *err)
{
    struct journal_record record;
    enum err_code rc = journal_reader_get(w->reader, seq, &record, err);

    w->looked++;
    if (rc)
        return rc;
    rc = entry_decode_header(record.bytes, record.size, &w->entry, err);
    *holds = !rc && filter_holds_header(&w->filter, &w->entry);
    if (*holds)
        rc = entry_decode(record.bytes, record.size, &w->entry, err);
    if (!rc && *holds)
        *holds = filter_holds(&w->filter, &w->entry);
    return rc ? err_wrap(err, "entry %" PRIu64 " (see: ledger verify)", seq) : ERR_OK;
}

enum err_code index_walk_next(struct index_walk *w, const struct entry **e, bool *found, struct err *err)
{
    bool holds = false;

    while (!holds) {
        if (!w->has_run)
            next_run(w);
        if (!w->has_run)
            break;
        const enum err_code rc = read_one(w, take_seq(w), &holds, err);
        if (rc)
            return rc;
    }
    *found = holds;
    if (holds)
        *e = &w->entry;
    return ERR_OK;
}

/* -- since and until ------------------------------------------------------------------------------------ */

/* How many entries were recorded before `at_ns`: a search by halves, because recorded_at never goes back. */
static enum err_code count_before(struct journal_reader *r, int64_t at_ns, uint64_t *count)
{
    uint64_t low = 0;
    uint64_t high = journal_reader_size(r);

    while (low < high) {
        const uint64_t middle = low + (high - low) / 2; /* of the entry with seq middle + 1 */
        struct journal_record record;
        struct entry e;
        enum err_code rc = journal_reader_get(r, middle + 1, &record, NULL);
        if (!rc)
            rc = entry_decode_header(record.bytes, record.size, &e, NULL);
        if (rc)
            return rc;
        if (e.recorded_at_ns < at_ns)
            low = middle + 1;
        else
            high = middle;
    }
    *count = low;
    return ERR_OK;
}

/* An entry that cannot be read shortens nothing: the walk will come upon it, and say so. */
static void shorten(struct index_walk *w)
{
    const struct filter *const f = &w->filter;
    uint64_t count;

    if (w->low < f->first)
        w->low = f->first;
    if (w->high > f->last)
        w->high = f->last;
    if (f->since_ns != INT64_MIN && count_before(w->reader, f->since_ns, &count) == ERR_OK && w->low <= count)
        w->low = count + 1;
    if (f->until_ns != INT64_MAX && count_before(w->reader, f->until_ns + 1, &count) == ERR_OK &&
        w->high > count)
        w->high = count;
    if (f->cause && w->low <= f->cause) /* a cause is earlier than what it causes */
        w->low = f->cause < POSTINGS_SEQ_MAX ? f->cause + 1 : POSTINGS_SEQ_MAX;
}

/* -- beginning ------------------------------------------------------------------------------------------ */

bool index_helps(const struct filter *f)
{
    return f->kind || f->family || f->symbol.length || f->order || f->cause || f->has_actor ||
           filter_has_when(f);
}

/* Takes a snapshot of the index, if it is this journal's. */
static enum err_code use_index(struct index_walk *w, struct err *err)
{
    struct index_meta meta = {.indexed = 0};
    bool belongs = false;
    enum err_code rc = index_read_begin(w->index->file, &w->txn, err);

    if (!rc)
        rc = index_get_meta(w->txn, &meta, err);
    if (!rc)
        rc = index_belongs(w->index, &meta, &belongs, err);
    if (!rc && !belongs)
        rc = err_set(err, ERR_WRONG,
                     "%s: " INDEX_FILE_NAME " is of another journal, or of another past of this one",
                     journal_dir(w->index->journal));
    w->indexed = meta.indexed;
    return rc ? rc : add_sources(w, err);
}

enum err_code index_walk_begin(struct index *x, struct journal_reader *r, const struct filter *filter,
                               enum index_way way, bool reads_all, struct index_walk **w, struct err *err)
{
    struct index_walk *const made = calloc(1, sizeof *made);

    if (!made)
        return err_set(err, ERR_MEMORY, "out of memory for a search");
    made->index = x;
    made->reader = r;
    made->filter = *filter;
    made->is_backward = way == INDEX_BACKWARD;
    made->low = 1;
    made->high = journal_reader_size(r);
    if (x)
        x->walks++;
    if (!reads_all)
        shorten(made);
    if (x && !reads_all && index_helps(filter) && use_index(made, &made->why))
        drop_index(made);
    *w = made;
    return ERR_OK;
}

void index_walk_end(struct index_walk *w)
{
    if (!w)
        return;
    drop_index(w);
    if (w->index)
        w->index->walks--;
    free(w);
}

const char *index_walk_remark(const struct index_walk *w)
{
    return w->why.code ? w->why.text : NULL;
}

uint64_t index_walk_indexed(const struct index_walk *w)
{
    return w->txn ? w->indexed : 0;
}

uint64_t index_walk_looked(const struct index_walk *w)
{
    return w->looked;
}
