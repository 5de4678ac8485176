/*
 * SHA-256 of sixteen messages side by side, on processors with AVX-512 (F and BW); for ledger/hash.c.
 *
 * A message alone is bound by the latency of its rounds; sixteen of them fill the vector units instead. On a
 * Xeon of 2023, 64-byte block and core: 17 ns, against 37 ns of OpenSSL's with the SHA instructions, and 30 ns
 * of two or four messages interleaved with those. What is not worth sixteen lanes is left to the caller.
 */
#ifndef LEDGER_HASH_LANES_H
#define LEDGER_HASH_LANES_H

#include "ledger/hash.h"

#define HASH_LANES             16u
#define HASH_LANES_BLOCK       64u
#define HASH_LANES_WORTH       7u /* fewer leaves than that are faster one after the other, */
#define HASH_LANES_WORTH_NODES 6u /* and fewer nodes than that */

/* A leaf whose first blocks are hashed. */
struct hash_lanes_rest {
    size_t index;      /* of the leaf */
    size_t blocks;     /* of its message (00 and then its bytes) that the words stand for */
    uint32_t words[8]; /* SHA-256's state */
};

/* Has this processor what it takes, and was it not forbidden? */
bool hash_lanes_usable(void);
/* For tests: from now on hash.c does without, or with them again where they are to be had. */
void hash_lanes_allow(bool allowed);

/* These two must only be called when they are usable. */

/*
 * Leaf hashes of `count` spans. Those that were begun when fewer than HASH_LANES_WORTH were left are in `rests`
 * instead of `out`: returns how many.
 */
size_t hash_lanes_leaves(const struct hash_span *spans, size_t count, struct hash *out,
                         struct hash_lanes_rest rests[HASH_LANES]);

/* The first of `count` parents, in order; returns how many: all but fewer than HASH_LANES_WORTH_NODES. `parents` may be
 * `children`. */
size_t hash_lanes_nodes(const struct hash *children, size_t count, struct hash *parents);

#endif
