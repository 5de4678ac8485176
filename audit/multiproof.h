/*
 * One proof for many entries: that each of some leaves, at the place it claims, is in a tree of a given size and root.
 *
 * The tree is walked from its root, left before right, splitting as RFC 6962 does (section 2.1). A part that holds none
 * of the leaves is one hash of the proof; a leaf that is asked for is hashed from its own bytes; every other part is
 * split. So the proof says nothing about other entries but hashes, no hash stands in it twice, and one for neighbours
 * is short: for all entries it is empty. Written down in docs/BUNDLE.md.
 */
#ifndef AUDIT_MULTIPROOF_H
#define AUDIT_MULTIPROOF_H

#include "ledger/err.h"
#include "ledger/merkle.h"

/* Leaves of a tree, ascending, each once, counting from 0. Borrowed. */
struct multiproof_leaves {
    const uint64_t *indexes;
    size_t count;  /* 1 or more */
    uint64_t size; /* of the tree */
};

/* Takes the proof's hashes, one after the other. */
typedef enum err_code (*multiproof_put_fn)(void *context, const struct hash *hash, struct err *err);

/*
 * Makes the proof from stored tiles. ERR_INPUT: the leaves are not ascending, or not all in the tree. Errors of the
 * tiles and of `put`.
 */
MUST_USE enum err_code multiproof_make(const struct multiproof_leaves *leaves,
                                       const struct merkle_tiles *tiles, multiproof_put_fn put, void *context,
                                       struct err *err);

/*
 * The root to which `hashes` (the leaves' own, in order) and the proof lead: the caller compares it with a sealed one.
 * ERR_WRONG: the proof is too short or too long for these leaves. ERR_INPUT as above.
 */
MUST_USE enum err_code multiproof_root(const struct multiproof_leaves *leaves, const struct hash *hashes,
                                       const struct hash *proof, size_t proof_count, struct hash *root,
                                       struct err *err);

#endif
