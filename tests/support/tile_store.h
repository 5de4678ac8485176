/*
 * Tiles in memory, for tests of the tree: up to STORE_TILES of level 0, with what lies above.
 */
#ifndef TESTS_SUPPORT_TILE_STORE_H
#define TESTS_SUPPORT_TILE_STORE_H

#include "ledger/merkle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define STORE_LEVELS 3u
#define STORE_TILES  300u

struct tile {
    unsigned count;  /* hashes */
    unsigned writes; /* how often it was handed out */
    uint8_t *hashes; /* MERKLE_TILE_SIZE bytes, or NULL: never written */
};

struct tile_store {
    struct tile tiles[STORE_LEVELS][STORE_TILES];
    unsigned reads;
};

static inline struct tile_store *tile_store_new(void)
{
    struct tile_store *const s = calloc(1, sizeof *s);
    assert_non_null(s);
    return s;
}

static inline void tile_store_free(struct tile_store *s)
{
    for (unsigned level = 0; level < STORE_LEVELS; level++) {
        for (unsigned i = 0; i < STORE_TILES; i++)
            free(s->tiles[level][i].hashes);
    }
    free(s);
}

static inline enum err_code tile_store_read(void *ctx, unsigned level, uint64_t index, uint8_t *hashes,
                                            unsigned *count, struct err *err)
{
    struct tile_store *const s = ctx;

    s->reads++;
    if (level >= STORE_LEVELS || index >= STORE_TILES || !s->tiles[level][index].hashes)
        return err_set(err, ERR_NOT_FOUND, "no tile %u/%u", level, (unsigned)index);
    const struct tile *const t = &s->tiles[level][index];
    memcpy(hashes, t->hashes, (size_t)t->count * HASH_SIZE);
    *count = t->count;
    return ERR_OK;
}

/* A tile may grow, and what it held before may not change. */
static inline enum err_code tile_store_write(void *ctx, unsigned level, uint64_t index, const uint8_t *hashes,
                                             unsigned count, struct err *err)
{
    struct tile_store *const s = ctx;
    (void)err;

    assert_true(level < STORE_LEVELS && index < STORE_TILES);
    assert_true(count >= 1 && count <= MERKLE_TILE_WIDTH);
    struct tile *const t = &s->tiles[level][index];
    assert_true(count > t->count);
    if (!t->hashes)
        t->hashes = malloc(MERKLE_TILE_SIZE);
    assert_non_null(t->hashes);
    assert_memory_equal(t->hashes, hashes, (size_t)t->count * HASH_SIZE);
    memcpy(t->hashes, hashes, (size_t)count * HASH_SIZE);
    t->count = count;
    t->writes++;
    return ERR_OK;
}

static inline struct merkle_tiles tile_store_tiles(struct tile_store *s)
{
    return (struct merkle_tiles){.read = tile_store_read, .ctx = s};
}

static inline struct merkle_sink tile_store_sink(struct tile_store *s)
{
    return (struct merkle_sink){.write = tile_store_write, .ctx = s};
}

/* All of `d` in one group. */
static inline struct tile_store *store_of(const struct hash *d, uint64_t n)
{
    struct tile_store *const s = tile_store_new();
    const struct merkle_sink sink = tile_store_sink(s);
    struct merkle_writer *const w = malloc(sizeof *w);

    assert_non_null(w);
    merkle_writer_init(w);
    for (uint64_t i = 0; i < n; i++)
        assert_int_equal(merkle_writer_append(w, &d[i], &sink, NULL), ERR_OK);
    assert_int_equal(merkle_writer_flush(w, &sink, NULL), ERR_OK);
    free(w);
    return s;
}

#endif
