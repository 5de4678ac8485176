/*
 * The book: one journal with its state. The table of reducers that together are everything the program knows,
 * folded by the one replay loop. Nothing else is state; whoever wants to know something folds a book.
 */
#ifndef BOOK_BOOK_H
#define BOOK_BOOK_H

#include "book/configuration.h"
#include "book/day.h"
#include "book/run_state.h"
#include "ledger/accounts.h"
#include "ledger/actors.h"
#include "ledger/hash.h"
#include "ledger/journal.h"
#include "ledger/orders.h"
#include "ledger/replay.h"
#include "market/view.h"
#include "risk/reconcile.h"
#include "risk/risk_state.h"
#include "strategy/naked_put.h"

/* What is known of stored snapshots: no state, for it does not change what any entry does. */
struct book_snapshots {
    bool are_ignored;  /* to be set after book_init(): folds from the first entry, whatever is stored */
    uint64_t begun_at; /* the entry covered by the snapshot that this book began with; 0: with none */
    uint64_t covered;  /* the same of the newest snapshot that fits this program; 0: none was met */
    uint64_t bytes;    /* its size */
    char remark[ERR_TEXT_SIZE]; /* of a damaged snapshot that was passed over; empty: there was none */
};

struct book {
    struct replay replay;
    void *states[REPLAY_ROWS_MAX];
    struct book_snapshots snapshots;
    /* The same states by name; all owned by the book, to be read by anyone and changed by book_apply() only.
     */
    struct actors *actors;
    struct configuration_state *configuration;
    struct accounts *accounts;
    struct orders *orders;
    struct view *view;
    struct risk_state *risk;
    struct reconcile *reconcile;
    struct naked_put_state *naked_put;
    struct day_state *day;
    struct run_state *run;
};

/* The table. */
const struct replay_row *const *book_rows(size_t *count);

/* ERR_MEMORY. Release with book_release(), also after a failed apply. */
MUST_USE enum err_code book_init(struct book *b, struct err *err);
void book_release(struct book *b);

/* Forgets every entry: as it was after book_init(), but for `snapshots`. */
void book_clear(struct book *b);

/* Newest entry applied; 0 for an empty book. */
static inline uint64_t book_seq(const struct book *b)
{
    return b->replay.seq;
}

/* Applies one entry. The error is wrapped with the reducer and the entry's number. */
MUST_USE enum err_code book_apply(struct book *b, const struct entry *e, struct err *err);
/* Decodes and applies one stored record. */
MUST_USE enum err_code book_apply_record(struct book *b, const struct journal_record *record,
                                         struct err *err);

/* Progress of long work; NULL is fine. `done` of `total` entries. */
typedef void book_progress(void *context, uint64_t done, uint64_t total);

/*
 * Folds the reader's entries after book_seq(b) up to and including `to` (0: all of them). An empty book begins
 * with the newest snapshot up to there that fits (book/snapshot.h); the state is the same.
 */
MUST_USE enum err_code book_load(struct book *b, struct journal_reader *r, uint64_t to,
                                 book_progress *progress, void *context, struct err *err);
/*
 * Folds up to the last entry before the market's clock passes `at_ns`: it stops in front of the first entry
 * that is later (book/market_time.h). Entries without `at`, and control entries, belong to the entries before them.
 */
MUST_USE enum err_code book_load_until(struct book *b, struct journal_reader *r, int64_t at_ns,
                                       book_progress *progress, void *context, struct err *err);

/* The last entry that book_load_until() would fold, found by the headers alone; 0: none. */
MUST_USE enum err_code book_find_time(struct journal_reader *r, int64_t at_ns, uint64_t *seq,
                                      struct err *err);

/* The whole state: every reducer's name and canonical bytes, and the seq. */
void book_save(const struct book *b, const struct digest_out *out);
/*
 * The inverse, into an empty book. ERR_FORMAT names the reducer: these are not exactly the bytes that the
 * restored book saves. ERR_MEMORY. After an error the book is empty.
 */
MUST_USE enum err_code book_restore(struct book *b, struct restore_in *in, struct err *err);
/* SHA-256 over what book_save() writes: "the state digest". */
struct hash book_digest(const struct book *b);

#endif
