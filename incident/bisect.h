/*
 * The first entry after which a predicate holds.
 *
 * Asked of (good, bad]: at `good` it does not hold, and the answer is the first entry behind it after which it does,
 * whether or not it still holds at `bad`. A predicate may come and go (a price does), so halving the span could
 * miss the first time; the entries from good on are folded once, each asked. The fold begins with the newest
 * snapshot at or before `good`, so a good that is near costs little, however long the journal is.
 */
#ifndef INCIDENT_BISECT_H
#define INCIDENT_BISECT_H

#include "incident/predicate.h"

struct bisect {
    uint64_t good;  /* it does not hold after this entry */
    uint64_t bad;   /* the last entry that is asked about */
    uint64_t seq;   /* the first after which it holds; 0: none up to bad */
    uint64_t asked; /* how many entries were */
};

/*
 * `book`: empty, or folded to `good` at most; afterwards folded to result->seq - 1, with entry result->seq in *e
 * not yet applied, so that the caller sees the state before and, by book_apply(), after. When none was found it is
 * folded to `bad`. ERR_INPUT: it holds after `good` already; good is not before bad. ERR_NOT_FOUND: no such entry.
 * *e's texts are borrowed from the reader.
 */
MUST_USE enum err_code bisect_run(struct bisect *result, const struct predicate *p, uint64_t good,
                                  uint64_t bad, struct journal_reader *r, struct book *book, struct entry *e,
                                  book_progress *progress, void *context, struct err *err);

#endif
