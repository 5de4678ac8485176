/*
 * A model of the tree: RFC 6962 section 2.1 as it is written, recursive and slow. Tests only.
 */
#ifndef TESTS_SUPPORT_MERKLE_MODEL_H
#define TESTS_SUPPORT_MERKLE_MODEL_H

#include "ledger/merkle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static inline uint64_t model_split(uint64_t n)
{
    uint64_t k = 1;
    while (k * 2 < n)
        k *= 2;
    return k;
}

static inline struct hash model_mth(const struct hash *d, uint64_t n)
{
    if (n == 0)
        return hash_empty();
    if (n == 1)
        return d[0];
    const uint64_t k = model_split(n);
    const struct hash left = model_mth(d, k);
    const struct hash right = model_mth(d + k, n - k);
    return hash_node(&left, &right);
}

static inline void model_push(struct merkle_path *p, struct hash h)
{
    assert_true(p->count < MERKLE_PATH_MAX);
    p->nodes[p->count++] = h;
}

static inline void model_path(uint64_t m, const struct hash *d, uint64_t n, struct merkle_path *p)
{
    if (n == 1)
        return;
    const uint64_t k = model_split(n);
    if (m < k) {
        model_path(m, d, k, p);
        model_push(p, model_mth(d + k, n - k));
    } else {
        model_path(m - k, d + k, n - k, p);
        model_push(p, model_mth(d, k));
    }
}

/* The consistency proof of a subtree [start, end); with start = 0 it is RFC 6962's SUBPROOF. */
static inline void model_subproof(uint64_t start, uint64_t end, const struct hash *d, uint64_t n, bool known,
                                  struct merkle_path *p)
{
    if (start == 0 && end == n) {
        if (!known)
            model_push(p, model_mth(d, n));
        return;
    }
    const uint64_t k = model_split(n);
    if (end <= k) {
        model_subproof(start, end, d, k, known, p);
        model_push(p, model_mth(d + k, n - k));
    } else if (k <= start) {
        model_subproof(start - k, end - k, d + k, n - k, known, p);
        model_push(p, model_mth(d, k));
    } else {
        model_subproof(0, end - k, d + k, n - k, false, p);
        model_push(p, model_mth(d, k));
    }
}

static inline void assert_hash(const struct hash *got, const struct hash *want)
{
    assert_memory_equal(got->bytes, want->bytes, HASH_SIZE);
}

static inline void assert_path(const struct merkle_path *got, const struct merkle_path *want)
{
    assert_int_equal(got->count, want->count);
    assert_memory_equal(got->nodes, want->nodes, want->count * sizeof want->nodes[0]);
}

#endif
