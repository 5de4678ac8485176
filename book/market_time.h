/*
 * Times that people ask for, in a journal: is an entry later than that? Everything that looks for a time asks here.
 *
 * The market's clock says, and no single `at` does: what is told between two clock entries happened by the second of
 * them, and an `at` that is later than that is wrong, or of things to come. So an entry is past a time when its own
 * `at` is, and the next clock entry as well. A clock entry that the one after it turns back again counts for nothing.
 * Behind the newest clock entry, and where there is none, an `at` is believed that lies no more than a day behind the
 * later of the newest clock entry and the entry's own recording.
 *
 * Control entries, and what has no `at`, belong to the entries before them: what people ask for carries the wall's
 * time, which in a backtest is years later. Later times never mean fewer entries.
 */
#ifndef BOOK_MARKET_TIME_H
#define BOOK_MARKET_TIME_H

#include "ledger/entry.h"
#include "ledger/journal.h"

struct market_time {
    struct journal_reader *reader; /* borrowed; where it reads on is left as it is */
    uint64_t from_seq;             /* what follows holds from this entry ... */
    uint64_t to_seq;  /* ... to this one: the next clock entry; UINT64_MAX: there is none; 0: not looked */
    int64_t clock_ns; /* that clock; of the newest one when there is none any more; INSTANT_NONE */
};

void market_time_init(struct market_time *m, struct journal_reader *r);

/* Whether *e, an entry of the journal (a header will do), is later than at_ns. Any error is one of reading. */
MUST_USE enum err_code market_time_is_past(struct market_time *m, const struct entry *e, int64_t at_ns,
                                           bool *is_past, struct err *err);

#endif
