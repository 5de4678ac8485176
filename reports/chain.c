#include "reports/chain.h"

#include <inttypes.h>
#include <string.h>

bool chain_holds(const struct chain *c, uint64_t seq)
{
    unsigned low = 0;
    unsigned high = c->count;

    while (low < high) {
        const unsigned middle = low + (high - low) / 2;
        if (c->seqs[middle] < seq)
            low = middle + 1;
        else
            high = middle;
    }
    return low < c->count && c->seqs[low] == seq;
}

void chain_add(struct chain *c, uint64_t seq)
{
    unsigned at = c->count;

    if (seq == 0 || chain_holds(c, seq))
        return;
    if (c->count == CHAIN_MAX) {
        c->is_cut = true;
        return;
    }
    while (at > 0 && c->seqs[at - 1] > seq)
        at--;
    memmove(c->seqs + at + 1, c->seqs + at, (c->count - at) * sizeof c->seqs[0]);
    c->seqs[at] = seq;
    c->count++;
}

enum err_code chain_read(struct journal_reader *r, uint64_t seq, struct entry *e, struct err *err)
{
    struct journal_record record;
    enum err_code rc = journal_reader_get(r, seq, &record, err);

    if (!rc)
        rc = entry_decode(record.bytes, record.size, e, err);
    return rc ? err_wrap(err, "entry %" PRIu64, seq) : ERR_OK;
}

enum err_code chain_add_causes(struct chain *c, struct journal_reader *r, uint64_t seq, struct err *err)
{
    struct entry e;
    e.cause = 0;
    e.seq = 0;
    enum err_code rc = chain_read(r, seq, &e, err);

    while (!rc && e.cause && e.cause < e.seq && !c->is_cut) {
        chain_add(c, e.cause);
        rc = chain_read(r, e.cause, &e, err);
    }
    return rc;
}

/* -- consequences --------------------------------------------------------------------------------------- */

/* What follows from an entry, in the journal's order: `found` is that, `c` the chain that it is added to. */
struct following {
    struct chain *c;
    struct chain found;
    struct index *index;
    struct journal_reader *reader;
    uint64_t first;                  /* the entry itself */
    uint64_t causes[CHAIN_MAX + 1];  /* it, and what was found */
    uint64_t effects[CHAIN_MAX + 1]; /* the next of each in the index; 0: none is left */
    unsigned count;
};

static void add_found(struct following *f, uint64_t seq)
{
    chain_add(&f->found, seq);
    chain_add(f->c, seq);
    f->c->is_cut |= f->found.is_cut;
}

/* The first entry behind `after` that cause i made happen, and how far the index knows that. */
static enum err_code find_effect(struct following *f, unsigned i, uint64_t after, uint64_t to,
                                 uint64_t *indexed, struct err *err)
{
    const struct entry *e = NULL;
    struct index_walk *w = NULL;
    struct filter filter;
    bool found = false;

    filter_init(&filter);
    filter.cause = f->causes[i];
    filter.first = after + 1;
    filter.last = to;
    enum err_code rc = index_walk_begin(f->index, f->reader, &filter, INDEX_FORWARD, false, &w, err);
    if (!rc && index_walk_indexed(w))
        rc = index_walk_next(w, &e, &found, err);
    if (!rc) {
        f->effects[i] = found ? e->seq : 0;
        *indexed = index_walk_indexed(w);
    }
    index_walk_end(w);
    return rc;
}

/* As far as the index knows: *to becomes the last entry that is done. */
static enum err_code follow_index(struct following *f, uint64_t *to, struct err *err)
{
    uint64_t indexed = 0;

    f->causes[0] = f->first;
    f->count = 1;
    enum err_code rc = find_effect(f, 0, f->first, *to, &indexed, err);
    if (rc || indexed <= f->first) {
        *to = f->first;
        return rc;
    }
    if (*to > indexed)
        *to = indexed;
    while (!rc && !f->c->is_cut) {
        unsigned next = f->count;
        for (unsigned i = 0; i < f->count; i++) {
            if (f->effects[i] && f->effects[i] <= *to &&
                (next == f->count || f->effects[i] < f->effects[next]))
                next = i;
        }
        if (next == f->count)
            break;
        const uint64_t seq = f->effects[next];
        add_found(f, seq);
        rc = find_effect(f, next, seq, *to, &indexed, err);
        if (rc || f->count > CHAIN_MAX)
            continue;
        f->causes[f->count] = seq;
        rc = find_effect(f, f->count, seq, *to, &indexed, err);
        f->count++;
    }
    return rc;
}

static enum err_code follow_entries(struct following *f, uint64_t from, uint64_t to, struct err *err)
{
    struct journal_record record;
    struct entry e;
    bool any = true;
    enum err_code rc = journal_reader_seek(f->reader, from, err);

    while (!rc && !f->c->is_cut) {
        rc = journal_reader_next(f->reader, &record, &any, err);
        if (rc || !any || record.seq > to)
            break;
        rc = entry_decode_header(record.bytes, record.size, &e, err);
        if (!rc && e.cause && (e.cause == f->first || chain_holds(&f->found, e.cause)))
            add_found(f, record.seq);
    }
    return rc;
}

enum err_code chain_add_consequences(struct chain *c, struct index *index, struct journal_reader *r,
                                     uint64_t seq, uint64_t to, struct err *err)
{
    struct following f = {.c = c, .index = index, .reader = r, .first = seq};
    uint64_t done = to;
    enum err_code rc = ERR_OK;

    if (index && to > seq)
        rc = follow_index(&f, &done, err);
    else
        done = seq;
    return rc ? rc : follow_entries(&f, done + 1, to, err);
}
