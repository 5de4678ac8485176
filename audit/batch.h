/*
 * A batch: consecutive entries, with what is stored beside them, that are checked by themselves, on any thread.
 *
 * All that an entry must obey can be asked without the entries before the batch, but for what the batch hands
 * out: where its first block goes on, the first time in it, its hashes, its signatures. Whoever joins batches
 * asks those (walk_ahead.c). A batch only says "all is well" or "look yourself": no error comes from here.
 */
#ifndef AUDIT_BATCH_H
#define AUDIT_BATCH_H

#include "audit/walk.h"

#define BATCH_TILE        256u /* entries under one hash of a tile of level 1 */
#define BATCH_TILES       16u
#define BATCH_ENTRIES     (BATCH_TILE * BATCH_TILES)
#define BATCH_BYTES_WORTH (2u << 20) /* a batch of so many bytes ends with the tile */

struct batch_block {
    uint64_t key;
    const uint8_t *bytes; /* borrowed from the evidence, like all here */
    size_t size;
};

struct batch_seal {
    uint64_t number; /* entries that it covers, by its key */
    const uint8_t *note;
    size_t size;
    struct hash root; /* found: that it signs */
};

/* The row of a table that follows the batch's. */
struct batch_after {
    bool found;
    uint64_t number;
    struct evidence_item item;
};

struct batch {
    /* What is stored. */
    uint64_t first;               /* entries first .. last; first - 1 is a multiple of BATCH_TILE */
    uint64_t last;                /* such a multiple too, unless it is the journal's last */
    struct walk_persons *persons; /* known before it, if it is to count; it may be gathered sooner */
    size_t epochs;                /* likewise; its seals are checked with the key of the newest of them, */
    struct note_key key;          /* this one. A batch that knew fewer than there are is not joined */
    unsigned block_count;
    unsigned seal_count;
    unsigned listed_count;
    struct batch_block blocks[BATCH_ENTRIES];
    struct batch_seal seals[BATCH_ENTRIES];
    uint64_t listed[BATCH_ENTRIES]; /* in the control index */
    struct batch_after seal_after;
    struct batch_after index_after;
    /* What was found. */
    bool is_good; /* false: nothing below is to be used */
    int64_t first_recorded_at_ns;
    int64_t last_recorded_at_ns;
    uint64_t bytes;         /* of the entries */
    uint64_t head;          /* the first entry of blocks[0]: `first`, or one before it */
    struct walk_block tail; /* the last block, read on to entry `last`; its cursor is nobody's */
    struct hash leaves[BATCH_ENTRIES];
    struct hash roots[BATCH_TILES]; /* of the whole tiles */
    uint64_t cosignatures;
    unsigned signature_count;
    const uint8_t *signatures[BATCH_ENTRIES];
};

/* What a thread needs for itself. */
struct batch_room;

MUST_USE enum err_code batch_room_new(struct batch_room **room, struct err *err);
void batch_room_free(struct batch_room *room); /* NULL is fine */

/* Checks what is stored and sets what was found. Reads of *w only what does not change after the first entries:
 * kinds and roles; *b->persons does not either. */
void batch_check(struct batch *b, const struct walk *w, struct batch_room *room);

#endif
