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

static inline void peaks_push(struct peaks *p, const struct hash *leaf, struct peaks_made *made)
{
    unsigned height = 0;

    p->stack[p->count++] = *leaf;
    made->made[0] = *leaf;
    made->levels = 1;
    for (uint64_t twins = p->size; twins & 1; twins >>= 1) {
        p->count--;
        p->stack[p->count - 1] = hash_node(&p->stack[p->count - 1], &p->stack[p->count]);
        height++;
        if (height % 8 == 0 && height / 8 < PEAKS_LEVELS)
            made->made[made->levels++] = p->stack[p->count - 1];
    }
    p->size++;
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
