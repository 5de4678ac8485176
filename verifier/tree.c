#include "verifier/tree.h"

/* The plain calls, deprecated as they are: fetching an algorithm for each hash would take longer than the hash. */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#include <openssl/sha.h>

static struct digest hash3(const void *prefix, size_t prefix_size, const void *a, size_t a_size,
                           const void *b, size_t b_size)
{
    struct digest d;
    SHA256_CTX c;

    SHA256_Init(&c);
    SHA256_Update(&c, prefix, prefix_size);
    SHA256_Update(&c, a, a_size);
    SHA256_Update(&c, b, b_size);
    SHA256_Final(d.bytes, &c);
    return d;
}

struct digest digest_of(const void *a, size_t a_size, const void *b, size_t b_size)
{
    return hash3("", 0, a, a_size, b, b_size);
}

struct digest digest_leaf(const void *entry, size_t size)
{
    return hash3("\0", 1, entry, size, "", 0);
}

struct digest digest_node(const struct digest *left, const struct digest *right)
{
    return hash3("\1", 1, left->bytes, DIGEST_SIZE, right->bytes, DIGEST_SIZE);
}

unsigned tree_add(struct tree *t, const struct digest *leaf, struct digest made[TREE_LEVELS])
{
    struct digest d = *leaf;
    unsigned height = 0;

    for (uint64_t n = t->size; n & 1; n >>= 1) {
        d = digest_node(&t->peaks[--t->count], &d);
        height++;
        if (height % 8 == 0 && height / 8 < TREE_LEVELS)
            made[height / 8] = d;
    }
    t->peaks[t->count++] = d;
    t->size++;
    return height / 8 < TREE_LEVELS ? height / 8 : TREE_LEVELS - 1;
}

struct digest tree_root(const struct tree *t)
{
    if (t->count == 0)
        return digest_of("", 0, "", 0);
    struct digest d = t->peaks[t->count - 1];
    for (unsigned i = t->count - 1; i-- > 0;)
        d = digest_node(&t->peaks[i], &d);
    return d;
}
