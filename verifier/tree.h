/* Section 4: the RFC 6962 tree over the entries, as far as they were read. */
#ifndef VERIFIER_TREE_H
#define VERIFIER_TREE_H

#include <stddef.h>
#include <stdint.h>

#define DIGEST_SIZE 32
#define TREE_LEVELS 8 /* levels of tiles: 0 .. 7 */

struct digest {
    uint8_t bytes[DIGEST_SIZE];
};

/* SHA-256 over two pieces, one after the other. */
struct digest digest_of(const void *a, size_t a_size, const void *b, size_t b_size);
struct digest digest_leaf(const void *entry, size_t size);
struct digest digest_node(const struct digest *left, const struct digest *right);

/* The roots of the perfect subtrees from left to right: their sizes are those of `size` in binary. */
struct tree {
    uint64_t size; /* leaves */
    unsigned count;
    struct digest peaks[64];
};

/*
 * Adds a leaf. made[L], for L = 1 up to the number returned, is then the root over the newest 256^L leaves: the hash
 * that the leaf has completed on level L.
 */
unsigned tree_add(struct tree *t, const struct digest *leaf, struct digest made[TREE_LEVELS]);
/* The root over all leaves. */
struct digest tree_root(const struct tree *t);

#endif
