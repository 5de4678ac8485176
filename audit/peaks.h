/*
 * The growing Merkle tree as a verifier needs it: a stack of perfect subtrees (RFC 6962), left to right, each
 * smaller than the one before. Not the writer's tree (ledger/merkle.h): written again, from the page.
 */
#ifndef AUDIT_PEAKS_H
#define AUDIT_PEAKS_H

#include "ledger/hash.h"

#define PEAKS_LEVELS 8 /* of tiles: 256^8 leaves */

struct peaks {
    uint64_t size;  /* leaves */
    unsigned count; /* subtrees on the stack: the ones in `size` written in binary */
    struct hash stack[64];
};

/* What one more leaf completed: made[l] is the hash of the newest perfect subtree of 256^l leaves. */
struct peaks_made {
    unsigned levels; /* made[0 .. levels - 1] are set; made[0] is the leaf */
    struct hash made[PEAKS_LEVELS];
};

static inline void peaks_init(struct peaks *p)
{
    p->size = 0;
    p->count = 0;
}

/* A perfect subtree of 2^height leaves, where one begins; `made` goes on from what is set of it. */
static inline void peaks_push_subtree(struct peaks *p, unsigned height, const struct hash *root,
                                      struct peaks_made *made)
{
    uint64_t twins = p->size >> height;

    p->stack[p->count++] = *root;
    p->size += UINT64_C(1) << height;
    for (; twins & 1; twins >>= 1) {
        p->count--;
        p->stack[p->count - 1] = hash_node(&p->stack[p->count - 1], &p->stack[p->count]);
        height++;
        if (height % 8 == 0 && height / 8 < PEAKS_LEVELS)
            made->made[made->levels++] = p->stack[p->count - 1];
    }
}

static inline void peaks_push(struct peaks *p, const struct hash *leaf, struct peaks_made *made)
{
    made->made[0] = *leaf;
    made->levels = 1;
    peaks_push_subtree(p, 0, leaf, made);
}

/* 256 leaves, where a tile begins, by their root; made[0] is then not set. */
static inline void peaks_push_tile(struct peaks *p, const struct hash *root, struct peaks_made *made)
{
    made->made[1] = *root;
    made->levels = 2;
    peaks_push_subtree(p, 8, root, made);
}

static inline struct hash peaks_root(const struct peaks *p)
{
    if (p->count == 0)
        return hash_empty();
    struct hash root = p->stack[p->count - 1];
    for (unsigned i = p->count - 1; i-- > 0;)
        root = hash_node(&p->stack[i], &root);
    return root;
}

#endif
