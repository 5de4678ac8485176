/*
 * The chain of an entry: the entries that it follows from, by cause, and those that follow from it. Kept as a
 * list of seqs in the journal's order, each once.
 */
#ifndef REPORTS_CHAIN_H
#define REPORTS_CHAIN_H

#include "ledger/index.h"

#define CHAIN_MAX 256 /* a longer chain is cut, and says so */

struct chain {
    uint64_t seqs[CHAIN_MAX];
    unsigned count;
    bool is_cut;
};

/* Adds one; 0 and what is there already change nothing. */
void chain_add(struct chain *c, uint64_t seq);
bool chain_holds(const struct chain *c, uint64_t seq);
/* Adds the causes of entry `seq`, their causes and so on; not the entry itself. */
MUST_USE enum err_code chain_add_causes(struct chain *c, struct journal_reader *r, uint64_t seq,
                                        struct err *err);
/* Adds every entry whose cause is `seq` or one that was added for it, up to entry `to`. `index` may be NULL: then
 * every entry behind `seq` is read. */
MUST_USE enum err_code chain_add_consequences(struct chain *c, struct index *index, struct journal_reader *r,
                                              uint64_t seq, uint64_t to, struct err *err);

/* Reads one entry whole. Its texts are borrowed from the reader. */
MUST_USE enum err_code chain_read(struct journal_reader *r, uint64_t seq, struct entry *e, struct err *err);

#endif
