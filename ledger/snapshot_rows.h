/*
 * Stored snapshots: the canonical bytes of a whole state after an entry, so that a replay can begin there.
 * They are derived from the entries and nothing vouches for them here: what does is the entry
 * control.snapshot that is appended with them, right behind the entry that they cover (book/snapshot.h).
 */
#ifndef LEDGER_SNAPSHOT_ROWS_H
#define LEDGER_SNAPSHOT_ROWS_H

#include "ledger/journal.h"
#include "ledger/replay.h"

/*
 * Which are kept: the newest four, and of the older ones the last in each million entries; the others are dropped
 * when one is written. So no state is further than some seconds of folding away, at a small part of the entries' room.
 */
#define SNAPSHOT_ROWS_KEPT 4
#define SNAPSHOT_ROWS_SPAN UINT64_C(1000000)

/* Who writes the bytes, the same at each call: a group that needs a larger map is written a second time. */
struct snapshot_source {
    void (*write)(void *context, const struct digest_out *out);
    void *context;
    uint64_t covered; /* the entry after which the state is so */
    uint64_t size;    /* of the bytes, for making room */
};

/*
 * Stores a snapshot with the group, in the same commit; at most one a group (REQUIRE). The source is borrowed
 * until commit or abort, and called by commit.
 */
void snapshot_rows_put(struct journal_group *g, const struct snapshot_source *source);

/* The newest stored one of an entry up to `most`; *found false when there is none. */
MUST_USE enum err_code snapshot_rows_find(struct journal_reader *r, uint64_t most, uint64_t *covered,
                                          bool *found, struct err *err);

/* The bytes of one, borrowed from the reader. */
struct snapshot_bytes {
    struct journal_reader *reader;
    uint64_t covered;
};
/* Begins to read `size` bytes; *bytes lives as long as *in is used. */
void snapshot_rows_read(struct snapshot_bytes *bytes, struct journal_reader *r, uint64_t covered,
                        uint64_t size, struct restore_in *in);
/* SHA-256 over all bytes that are stored, and how many there are. */
struct hash snapshot_rows_digest(struct journal_reader *r, uint64_t covered, uint64_t *size);

#endif
