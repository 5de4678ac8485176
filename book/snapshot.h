/*
 * Snapshots: the book's whole state after an entry, stored so that a replay can begin there. The bytes are
 * what book_save() writes and the state digest hashes, so SHA-256 of a snapshot is the state digest.
 *
 * Who vouches for one: the entry control.snapshot, right behind the entry covered and in the same commit. It
 * says digest and size, and which reducers of which versions the state belongs to (the fingerprint), and is
 * sealed like any other. The bytes themselves may be dropped: a replay then begins earlier.
 *
 * Which one is used: the newest that covers no entry past the one asked for, has this program's fingerprint,
 * and whose bytes hash to the digest. One whose bytes do not is passed over with a remark.
 */
#ifndef BOOK_SNAPSHOT_H
#define BOOK_SNAPSHOT_H

#include "book/book.h"
#include "ledger/snapshot_rows.h"

/* Of this program's states: SHA-256 over the reducers' names and versions, and the settings' paths. */
struct hash snapshot_fingerprint(void);

struct snapshot_written {
    uint64_t seq; /* of control.snapshot */
    uint64_t covered;
    struct hash digest;
    uint64_t bytes;
    struct seal seal;
};

/*
 * Folds what the book has not seen yet, and stores its state, in a group of its own; *written may be NULL.
 * After an error nothing was written, and the book is one of stored entries still. ERR_EXISTS: this thread
 * has a group open.
 */
MUST_USE enum err_code snapshot_write(struct journal *j, struct book *b, struct snapshot_written *written,
                                      struct err *err);
/*
 * The same if snapshot_is_due(), also after others' entries are folded: of many who are due at once, one writes.
 */
MUST_USE enum err_code snapshot_keep(struct journal *j, struct book *b, struct err *err);
/*
 * journal.snapshot_every entries (0: never) have passed since the newest snapshot that fits, and so many that
 * snapshots take no more room than entries do.
 */
bool snapshot_is_due(const struct book *b);

/* How all snapshots compare with what is folded from the first entry. */
struct snapshot_report {
    uint64_t entries;   /* folded */
    uint64_t compared;  /* control.snapshot entries whose digest is the state's */
    uint64_t foreign;   /* of another program's states: only their bytes were held against them */
    uint64_t stored;    /* snapshots whose bytes are there */
    uint64_t wrong_seq; /* the first control.snapshot that is wrong; 0: none */
    char reason[ERR_TEXT_SIZE];
};
/* ERR_OK whether or not one is wrong: report->wrong_seq says. Any other error: it could not be done. */
MUST_USE enum err_code snapshot_check(struct journal_reader *r, struct snapshot_report *report,
                                      book_progress *progress, void *context, struct err *err);

/* It is of this program's states: of another's nothing can be said, and none is begun with. */
bool snapshot_is_ours(const struct entry *e);
/*
 * Before the control.snapshot is applied: whether it vouches for the state of this book, which covers the entry before
 * it. One that is not ours is not looked at. ERR_WRONG.
 */
MUST_USE enum err_code snapshot_check_entry(const struct book *b, const struct entry *e, struct err *err);

/* -- for the book itself -------------------------------------------------------------------------------- */

/*
 * An empty book begins with the newest snapshot up to entry `last` whose entries all happened by `until_ns`;
 * it stays empty when there is none. Any error is one of reading.
 */
MUST_USE enum err_code snapshot_begin(struct book *b, struct journal_reader *r, uint64_t last,
                                      int64_t until_ns, struct err *err);
/* Remembers a control.snapshot that was applied. */
void snapshot_notice(struct book *b, const struct entry *e);

#endif
