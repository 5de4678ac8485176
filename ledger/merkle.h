/*
 * The Merkle tree of RFC 6962 over leaf hashes, stored as tiles of height 8 (C2SP tlog-tiles).
 *
 * Tile (level, index) holds up to 256 hashes of 32 bytes: hash i is the root of the perfect subtree over the
 * leaves [(256*index + i) * 256^level, (256*index + i + 1) * 256^level). At tree size n the newest tile of a
 * level holds (n / 256^level) mod 256 hashes; one of width zero does not exist. Hashes in a tile never
 * change, a tile only grows: so the tiles of size n serve every smaller size too.
 *
 * This file knows no storage: tiles come and go through callbacks. Nothing here allocates.
 */
#ifndef LEDGER_MERKLE_H
#define LEDGER_MERKLE_H

#include "ledger/err.h"
#include "ledger/hash.h"

#define MERKLE_TILE_WIDTH 256u
#define MERKLE_TILE_SIZE  (MERKLE_TILE_WIDTH * HASH_SIZE) /* 8192 bytes */
#define MERKLE_LEVELS     8u                              /* 256^8 = 2^64 leaves */
#define MERKLE_SIZE_MAX   ((uint64_t)INT64_MAX)           /* leaves; checkpoints stay below 2^63 */
#define MERKLE_PATH_MAX   64u                             /* hashes in any proof */

/* --- Right edge only: enough to append and to know the root ------------------------------------------- */

struct merkle_frontier {
    uint64_t size; /* leaves so far */
    struct hash
        nodes[64]; /* nodes[k]: the perfect subtree of 2^k leaves, present where bit k of size is set */
};

void merkle_frontier_init(struct merkle_frontier *f);
/* f->size must be below MERKLE_SIZE_MAX (REQUIRE). One node hash on average. */
void merkle_frontier_append(struct merkle_frontier *f, const struct hash *leaf);
/* The root at f->size; of the empty tree, hash_empty(). */
struct hash merkle_frontier_root(const struct merkle_frontier *f);

/* --- Reading a stored tree ---------------------------------------------------------------------------- */

/*
 * Where tiles come from. Fills `hashes` (room for MERKLE_TILE_SIZE bytes) and *count (0 .. 256), which says before how
 * many of them are asked for: a tile may hold more, and may give more. A tile that does not exist is ERR_NOT_FOUND.
 */
typedef enum err_code (*merkle_read_fn)(void *ctx, unsigned level, uint64_t index, uint8_t *hashes,
                                        unsigned *count, struct err *err);

struct merkle_tiles {
    merkle_read_fn read;
    void *ctx;
};

/* The hashes of a proof, in the order of RFC 6962 (leaf side first). */
struct merkle_path {
    unsigned count;
    struct hash nodes[MERKLE_PATH_MAX];
};

/*
 * These three read one or two tiles a level. Errors are those of `read`, and ERR_WRONG when a tile has fewer
 * hashes than `size` needs; outputs are then untouched. They trust the tiles: compare the root with a seal.
 */
MUST_USE enum err_code merkle_root(const struct merkle_tiles *tiles, uint64_t size, struct hash *root,
                                   struct err *err);
/* ERR_INPUT: index is not below size, or size is above MERKLE_SIZE_MAX. `index` counts from 0. */
MUST_USE enum err_code merkle_inclusion(const struct merkle_tiles *tiles, uint64_t index, uint64_t size,
                                        struct merkle_path *path, struct err *err);
/*
 * Tiles at hand, and what lies above their hashes: so that proofs which share tiles hash them once. For tiles that do
 * not change but by growing, as those of one snapshot; 128 KiB, so keep it in something that is allocated once.
 */
#define MERKLE_CACHE_SLOTS 8u

struct merkle_slot {
    unsigned level;
    unsigned count; /* hashes of the tile that are here; 0: the slot is empty */
    uint64_t index;
    uint64_t used; /* when; the greatest was the last one */
    unsigned rows; /* there are, beside row 0 */
    /* Rows 0 .. 7, one behind the other: row r holds the tile's perfect nodes of height r, count >> r of them. */
    struct hash nodes[2 * MERKLE_TILE_WIDTH - 2];
};

struct merkle_cache {
    uint64_t uses;
    struct merkle_slot slots[MERKLE_CACHE_SLOTS];
};

void merkle_cache_init(struct merkle_cache *c);
/* merkle_inclusion(), reading tiles only that are not in the cache. */
MUST_USE enum err_code merkle_cache_inclusion(struct merkle_cache *c, const struct merkle_tiles *tiles,
                                              uint64_t index, uint64_t size, struct merkle_path *path,
                                              struct err *err);
/*
 * The root over leaves [start, end) of a tree of `size`: a part that RFC 6962's splitting comes to, so `start` is a
 * multiple of a power of two that is at least end - start (REQUIRE). Errors as above.
 */
MUST_USE enum err_code merkle_cache_range(struct merkle_cache *c, const struct merkle_tiles *tiles,
                                          uint64_t start, uint64_t end, uint64_t size, struct hash *root,
                                          struct err *err);
/* Path from size `from` to size `to`; empty when they are equal or `from` is 0. ERR_INPUT: from > to. */
MUST_USE enum err_code merkle_consistency(const struct merkle_tiles *tiles, uint64_t from, uint64_t to,
                                          struct merkle_path *path, struct err *err);

/* --- Checking proofs ---------------------------------------------------------------------------------- */

/* ERR_WRONG: the path does not lead from this leaf at `index` to the root of `size` leaves. */
MUST_USE enum err_code merkle_check_inclusion(const struct hash *leaf, uint64_t index, uint64_t size,
                                              const struct merkle_path *path, const struct hash *root,
                                              struct err *err);
/*
 * ERR_WRONG: the tree of `to` leaves does not begin with the tree of `from` leaves. With from = 0 there is
 * nothing to prove: the path must be empty and the old root that of the empty tree.
 */
MUST_USE enum err_code merkle_check_consistency(uint64_t from, uint64_t to, const struct merkle_path *path,
                                                const struct hash *from_root, const struct hash *to_root,
                                                struct err *err);

/* --- Writing ------------------------------------------------------------------------------------------ */

/*
 * Where tiles go; `hashes` is borrowed for the call and holds count * 32 bytes. A tile may be handed out
 * again later with more hashes: store it under (level, index), replacing what was there.
 */
typedef enum err_code (*merkle_write_fn)(void *ctx, unsigned level, uint64_t index, const uint8_t *hashes,
                                         unsigned count, struct err *err);

struct merkle_sink {
    merkle_write_fn write;
    void *ctx;
};

/* The growing edge of a stored tree; about 68 KiB, so keep it in something that is allocated once. */
struct merkle_writer {
    struct merkle_frontier frontier;
    unsigned changed; /* bit l: the newest tile of level l has hashes that were not handed out yet */
    uint8_t edge[MERKLE_LEVELS][MERKLE_TILE_SIZE]; /* the newest, partial tile of each level */
};

/* A writer at the tree of size zero. */
void merkle_writer_init(struct merkle_writer *w);

/* A writer at `size`, from stored tiles: a read a level. On error *w is undefined; load it again. */
MUST_USE enum err_code merkle_writer_load(struct merkle_writer *w, const struct merkle_tiles *tiles,
                                          uint64_t size, struct err *err);

/*
 * Appends one leaf hash. A tile that becomes full is handed to the sink at once, and once. Partial tiles wait
 * for merkle_writer_flush(). After an error, or when the caller drops the group, the writer no longer matches
 * the store: call merkle_writer_load().
 */
MUST_USE enum err_code merkle_writer_append(struct merkle_writer *w, const struct hash *leaf,
                                            const struct merkle_sink *sink, struct err *err);

/* The root over 256 leaf hashes. */
struct hash merkle_tile_root(const struct hash leaves[MERKLE_TILE_WIDTH]);
/*
 * Appends 256 leaves at once, by their root, where a tile of them begins (REQUIRE). The tile of level 0 itself is
 * not handed to the sink: for writers that do not keep leaf hashes.
 */
MUST_USE enum err_code merkle_writer_append_tile(struct merkle_writer *w, const struct hash *root,
                                                 const struct merkle_sink *sink, struct err *err);

/* End of a group: hands out every partial tile that has changed, lowest level first. */
MUST_USE enum err_code merkle_writer_flush(struct merkle_writer *w, const struct merkle_sink *sink,
                                           struct err *err);

static inline uint64_t merkle_writer_size(const struct merkle_writer *w)
{
    return w->frontier.size;
}

/* The root over everything appended, flushed or not. */
static inline struct hash merkle_writer_root(const struct merkle_writer *w)
{
    return merkle_frontier_root(&w->frontier);
}

#endif
