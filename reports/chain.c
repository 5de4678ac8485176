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

enum err_code chain_add_consequences(struct chain *c, struct journal_reader *r, uint64_t seq, uint64_t to,
                                     struct err *err)
{
    struct chain found = {.count = 0};
    struct journal_record record;
    struct entry e;
    bool any = true;
    enum err_code rc = journal_reader_seek(r, seq + 1, err);

    while (!rc && !c->is_cut && !found.is_cut) {
        rc = journal_reader_next(r, &record, &any, err);
        if (rc || !any || record.seq > to)
            break;
        rc = entry_decode_header(record.bytes, record.size, &e, err);
        if (rc || !e.cause || (e.cause != seq && !chain_holds(&found, e.cause)))
            continue;
        chain_add(&found, record.seq);
        chain_add(c, record.seq);
    }
    c->is_cut |= found.is_cut;
    return rc;
}
