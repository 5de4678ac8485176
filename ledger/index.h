/*
 * The index: which entries have a kind, an actor, a symbol, an order, a cause, or happened in a time. It is
 * derived from the entries, and lies beside the journal in a file of its own, `index.mdb`, which may be deleted
 * at any time: docs/FORMAT.md describes it, ledger/index_lmdb.c is what touches it.
 *
 * Nothing of it happens when entries are appended. index_catch_up() brings it up to the newest entry in batches,
 * each of them one transaction, so that after any crash it is the whole truth about entries 1 .. N, and says
 * which N. What is newer is read entry by entry. Whoever cannot read it, or finds that it is not of this journal,
 * reads everything: slower, with the same answer.
 *
 * An index belongs to the thread that opened it; many processes and threads may have one open.
 */
#ifndef LEDGER_INDEX_H
#define LEDGER_INDEX_H

#include "ledger/filter.h"
#include "ledger/journal.h"

#define INDEX_FILE_NAME "index.mdb"
#define INDEX_FORMAT    1u
#define INDEX_BATCH     65536u /* entries in one transaction */

struct index;
struct index_walk;

enum index_mode { INDEX_READ = 1, INDEX_WRITE };

/*
 * Opens the index of *j, which is borrowed until it is closed. INDEX_WRITE makes the file (mode 0600) where there
 * is none. ERR_NOT_FOUND: there is none to read. ERR_IO: it cannot be opened so; INDEX_WRITE also when the
 * journal belongs to another user, who could not use such a file. ERR_FORMAT: damaged, or of another program's
 * age, and what to do.
 */
MUST_USE enum err_code index_open(struct journal *j, enum index_mode mode, struct index **x, struct err *err);
void index_close(struct index *x); /* NULL is fine. No walk of it may be open (REQUIRE) */
bool index_may_write(const struct index *x);

/* Deletes the file of the journal in `dir`, so that the next index_open() begins anew, whatever was wrong with it.
 * Nothing there is fine. ERR_EXISTS: this program has it open. */
MUST_USE enum err_code index_remove(const char *dir, struct err *err);

/* -- building ------------------------------------------------------------------------------------------- */

struct index_options {
    uint32_t batch;                  /* entries in one transaction; 0: INDEX_BATCH */
    const volatile int *interrupted; /* or NULL: not 0 ends it after the current batch */
    void (*progress)(void *context, uint64_t done, uint64_t total); /* or NULL */
    void *context;
};

struct index_report {
    uint64_t indexed; /* entries 1 .. indexed are in it now */
    uint64_t added;   /* of them by this call */
    bool was_foreign; /* it was of another journal, or of another past of this one, and was begun anew */
    uint64_t stopped; /* an entry that cannot be decoded, where indexing ends; 0: none */
};

/*
 * Indexes what is missing. After an error what earlier batches have added stays. ERR_IO: disk full (also when the
 * disk would be left with next to nothing for the journal), or it is open for reading only.
 */
MUST_USE enum err_code index_catch_up(struct index *x, const struct index_options *options,
                                      struct index_report *report, struct err *err);
/* How many entries it lacks. *is_foreign: it is not of this journal, and so of no use. */
MUST_USE enum err_code index_lag(struct index *x, uint64_t *lag, bool *is_foreign, struct err *err);

/*
 * Compares it with the entries that it claims to have read; changes nothing. ERR_WRONG: the first place where they
 * differ. *indexed, when it is right, is how many entries it has.
 */
MUST_USE enum err_code index_check(struct index *x, const struct index_options *options, uint64_t *indexed,
                                   struct err *err);

/* -- asking --------------------------------------------------------------------------------------------- */

enum index_way {
    INDEX_FORWARD = 1,
    INDEX_BACKWARD, /* the newest entry first */
};

/*
 * Walks the entries of *r that *filter asks for, in order of seq. Both are borrowed, and *r and `x` must be of one
 * journal. x NULL: reads every entry. The filter's since and until shorten the way in any case, because
 * recorded_at never goes back, except with `reads_all`, which is for comparing.
 */
MUST_USE enum err_code index_walk_begin(struct index *x, struct journal_reader *r,
                                        const struct filter *filter, enum index_way way, bool reads_all,
                                        struct index_walk **w, struct err *err);
void index_walk_end(struct index_walk *w); /* NULL is fine */
/* The next one, decoded; borrowed until the reader's next. False at the end. ERR_FORMAT names the entry. */
MUST_USE enum err_code index_walk_next(struct index_walk *w, const struct entry **e, bool *found,
                                       struct err *err);
/* Why the index is not used (any more), in words; NULL when it is, or was not handed in. */
const char *index_walk_remark(const struct index_walk *w);
/* How many entries, from the first on, it takes from the index; 0: the index is not used (any more). */
uint64_t index_walk_indexed(const struct index_walk *w);
/* Entries that were looked at so far: what an index is there to keep small. */
uint64_t index_walk_looked(const struct index_walk *w);

/* Some of what *filter asks for is in the index. */
bool index_helps(const struct filter *filter);

#endif
