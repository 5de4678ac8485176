/*
 * SHA-256, and the two hashes of an RFC 6962 tree: leaf = SHA-256(00 || data), node = SHA-256(01 || l || r).
 *
 * Computed by OpenSSL, which uses the processor's SHA instructions, or for many messages at once sixteen side by
 * side where the processor has AVX-512 (ledger/hash_lanes.h). Nothing here allocates or fails.
 */
#ifndef LEDGER_HASH_H
#define LEDGER_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define HASH_SIZE 32

struct hash {
    uint8_t bytes[HASH_SIZE];
};

/* A SHA-256 under way, for state digests and files. Plain data: may be copied to fork a digest. */
struct hash_stream {
    uint64_t opaque[14];
};

/* SHA-256 of the bytes alone. `data` may be NULL when `size` is zero. */
struct hash hash_bytes(const void *data, size_t size);

/* The leaf hash of stored bytes, and the hash of an inner node. */
struct hash hash_leaf(const void *data, size_t size);
struct hash hash_node(const struct hash *left, const struct hash *right);

/* Bytes of somebody else's; NULL is fine when there are none. */
struct hash_span {
    const uint8_t *bytes;
    size_t size;
};

/*
 * out[i] = hash_leaf() of span i, and parents[i] = hash_node() of children[2 i] and children[2 i + 1], for all i
 * below `count`: the same hashes, several times faster from some ten on. `parents` may be `children`, so that a
 * row of a tree becomes the row above it; they must not overlap otherwise.
 */
void hash_leaves(const struct hash_span *spans, size_t count, struct hash *out);
void hash_nodes(const struct hash *children, size_t count, struct hash *parents);

/* The root of the tree without leaves: SHA-256 of nothing, e3b0c442..b855. */
struct hash hash_empty(void);

/* Usage: init, add any number of times, finish once; after finish the stream must be initialised again. */
void hash_stream_init(struct hash_stream *s);
void hash_stream_add(struct hash_stream *s, const void *data, size_t size);
/* Adds an integer as its eight big-endian bytes, so that digests do not depend on the machine. */
void hash_stream_add_u64(struct hash_stream *s, uint64_t value);
struct hash hash_stream_finish(struct hash_stream *s);

static inline bool hash_equal(const struct hash *a, const struct hash *b)
{
    return memcmp(a->bytes, b->bytes, HASH_SIZE) == 0;
}

#endif
