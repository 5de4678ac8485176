/*
 * Both calls make the same walk. It recurses once a level of the tree: at most 64 deep, whatever the input.
 */
#include "audit/multiproof.h"

#include <inttypes.h>
#include <stdlib.h>

static enum err_code check_leaves(const struct multiproof_leaves *leaves, struct err *err)
{
    if (leaves->count == 0)
        return err_set(err, ERR_INPUT, "a proof is about one entry at least");
    if (leaves->size > MERKLE_SIZE_MAX)
        return err_set(err, ERR_INPUT, "a tree has no %" PRIu64 " leaves", leaves->size);
    for (size_t i = 0; i < leaves->count; i++) {
        if (leaves->indexes[i] >= leaves->size)
            return err_set(err, ERR_INPUT, "entry %" PRIu64 " is not among the first %" PRIu64,
                           leaves->indexes[i] + 1, leaves->size);
        if (i > 0 && leaves->indexes[i] <= leaves->indexes[i - 1])
            return err_set(err, ERR_INPUT, "entry %" PRIu64 " does not come after entry %" PRIu64,
                           leaves->indexes[i] + 1, leaves->indexes[i - 1] + 1);
    }
    return ERR_OK;
}

/* Where leaves [start, end) are split: the largest power of two below their number, from the left. */
static uint64_t split(uint64_t start, uint64_t end)
{
    return start + (UINT64_C(1) << (63 - __builtin_clzll(end - start - 1)));
}

/* -- making it ------------------------------------------------------------------------------------------ */

struct making {
    const struct multiproof_leaves *leaves;
    const struct merkle_tiles *tiles;
    struct merkle_cache cache;
    size_t next; /* of the leaves: the first that the walk has not passed */
    multiproof_put_fn put;
    void *context;
};

static bool is_asked_for(const struct making *m, uint64_t end)
{
    return m->next < m->leaves->count && m->leaves->indexes[m->next] < end;
}

static enum err_code make(struct making *m, uint64_t start, uint64_t end, struct err *err)
{
    struct hash hash;

    if (!is_asked_for(m, end)) {
        const enum err_code rc =
            merkle_cache_range(&m->cache, m->tiles, start, end, m->leaves->size, &hash, err);
        return rc ? rc : m->put(m->context, &hash, err);
    }
    if (end - start == 1) {
        m->next++;
        return ERR_OK;
    }
    const uint64_t middle = split(start, end);
    const enum err_code rc = make(m, start, middle, err);
    return rc ? rc : make(m, middle, end, err);
}

enum err_code multiproof_make(const struct multiproof_leaves *leaves, const struct merkle_tiles *tiles,
                              multiproof_put_fn put, void *context, struct err *err)
{
    struct making *m = NULL;
    enum err_code rc = check_leaves(leaves, err);

    if (rc)
        return rc;
    m = malloc(sizeof *m);
    if (!m)
        return err_set(err, ERR_MEMORY, "out of memory");
    m->leaves = leaves;
    m->tiles = tiles;
    m->next = 0;
    m->put = put;
    m->context = context;
    merkle_cache_init(&m->cache);
    rc = make(m, 0, leaves->size, err);
    free(m);
    return rc;
}

/* -- checking it ---------------------------------------------------------------------------------------- */

struct checking {
    const struct multiproof_leaves *leaves;
    const struct hash *hashes;
    size_t next;
    const struct hash *proof;
    size_t proof_count;
    size_t proof_next;
};

/* False: the proof has no more hashes. */
static bool climb(struct checking *c, uint64_t start, uint64_t end, struct hash *root)
{
    struct hash left;
    struct hash right;

    if (c->next == c->leaves->count || c->leaves->indexes[c->next] >= end) {
        if (c->proof_next == c->proof_count)
            return false;
        *root = c->proof[c->proof_next++];
        return true;
    }
    if (end - start == 1) {
        *root = c->hashes[c->next++];
        return true;
    }
    const uint64_t middle = split(start, end);
    if (!climb(c, start, middle, &left) || !climb(c, middle, end, &right))
        return false;
    *root = hash_node(&left, &right);
    return true;
}

enum err_code multiproof_root(const struct multiproof_leaves *leaves, const struct hash *hashes,
                              const struct hash *proof, size_t proof_count, struct hash *root,
                              struct err *err)
{
    struct checking c = {.leaves = leaves, .hashes = hashes, .proof = proof, .proof_count = proof_count};
    struct hash made;
    const enum err_code rc = check_leaves(leaves, err);

    if (rc)
        return rc;
    if (!climb(&c, 0, leaves->size, &made))
        return err_set(err, ERR_WRONG, "the proof has %zu hashes, fewer than these entries need",
                       proof_count);
    if (c.proof_next < proof_count)
        return err_set(err, ERR_WRONG, "the proof has %zu hashes where these entries need %zu", proof_count,
                       c.proof_next);
    *root = made;
    return ERR_OK;
}
