#include "gateway/fetch_tree.h"

#include <inttypes.h>
#include <stdlib.h>

#define TILE_BITS 8u

/* A full tile that was proven; the newest of its level. */
struct proven {
    bool is_there;
    uint64_t index;
    uint8_t hashes[MERKLE_TILE_SIZE];
};

struct fetch_tree {
    struct publication *publication;
    uint64_t size;
    struct merkle_writer edge; /* the partial tiles */
    struct proven full[MERKLE_LEVELS];
};

static uint64_t hashes_at(const struct fetch_tree *t, unsigned level)
{
    return t->size >> TILE_BITS * level;
}

/* -- having files ---------------------------------------------------------------------------------------- */

enum err_code fetch_either(struct publication *p, struct published_name *name, size_t max, uint8_t **bytes,
                           size_t *size, struct err *err)
{
    struct published_name full = *name;
    struct err why = {.code = ERR_OK};

    enum err_code rc = publication_get(p, name, max, bytes, size, err);
    if (rc != ERR_NOT_FOUND || name->width == PUBLISHED_WIDTH)
        return rc;
    full.width = PUBLISHED_WIDTH;
    rc = publication_get(p, &full, max, bytes, size, &why);
    if (rc == ERR_NOT_FOUND)
        return err_wrap(err, "neither it nor the full one is there");
    if (rc)
        return err_set(err, rc, "%s", why.text);
    *name = full;
    return ERR_OK;
}

/* The first `width` hashes of a tile, unproven. */
static enum err_code get_tile(struct fetch_tree *t, unsigned level, uint64_t index, unsigned width,
                              uint8_t *hashes, struct err *err)
{
    struct published_name name = {.kind = PUBLISHED_TILE, .level = level, .number = index, .width = width};
    char address[PUBLICATION_ADDRESS_SIZE];
    uint8_t *bytes = NULL;
    size_t size = 0;

    enum err_code rc = fetch_either(t->publication, &name, MERKLE_TILE_SIZE, &bytes, &size, err);
    if (rc)
        return rc;
    if (size == (size_t)name.width * HASH_SIZE)
        memcpy(hashes, bytes, (size_t)width * HASH_SIZE);
    else
        rc = err_set(err, ERR_WRONG, "%s: it has %zu bytes where %u hashes have %u",
                     publication_address(t->publication, &name, address), size, name.width,
                     name.width * HASH_SIZE);
    free(bytes);
    return rc;
}

/* -- the edge -------------------------------------------------------------------------------------------- */

static enum err_code read_edge(void *ctx, unsigned level, uint64_t index, uint8_t *hashes, unsigned *count,
                               struct err *err)
{
    return get_tile(ctx, level, index, *count, hashes, err);
}

/* Names what was read: one of these files is not what it should be. */
static enum err_code wrong_edge(const struct fetch_tree *t, struct err *err)
{
    char address[PUBLICATION_ADDRESS_SIZE];
    unsigned lowest = 0;
    unsigned count = 0;

    for (unsigned level = MERKLE_LEVELS; level-- > 0;) {
        if (hashes_at(t, level) % MERKLE_TILE_WIDTH != 0) {
            lowest = level;
            count++;
        }
    }
    const struct published_name name = {
        .kind = PUBLISHED_TILE,
        .level = lowest,
        .number = hashes_at(t, lowest) / MERKLE_TILE_WIDTH,
        .width = (unsigned)(hashes_at(t, lowest) % MERKLE_TILE_WIDTH),
    };
    publication_address(t->publication, &name, address);
    return err_set(err, ERR_WRONG, "%s%s: %s do not make the root that is signed for %" PRIu64 " entries",
                   address, count > 1 ? ", and the last tiles of the levels above" : "",
                   count > 1 ? "they" : "its hashes", t->size);
}

enum err_code fetch_tree_open(struct fetch_tree **t, struct publication *p, uint64_t size,
                              const struct hash *root, struct err *err)
{
    struct fetch_tree *const opened = calloc(1, sizeof *opened);

    REQUIRE(size >= 1 && size <= MERKLE_SIZE_MAX);
    if (!opened)
        return err_set(err, ERR_MEMORY, "out of memory");
    opened->publication = p;
    opened->size = size;
    const struct merkle_tiles tiles = {read_edge, opened};
    enum err_code rc = merkle_writer_load(&opened->edge, &tiles, size, err);
    if (!rc) {
        const struct hash made = merkle_writer_root(&opened->edge);
        if (!hash_equal(&made, root))
            rc = wrong_edge(opened, err);
    }
    if (rc) {
        fetch_tree_close(opened);
        return rc;
    }
    *t = opened;
    return ERR_OK;
}

void fetch_tree_close(struct fetch_tree *t)
{
    free(t);
}

/* -- tiles ----------------------------------------------------------------------------------------------- */

/* The hashes of a tile that is proven already; NULL: it is not. */
static const uint8_t *find_tile(const struct fetch_tree *t, unsigned level, uint64_t index)
{
    if (index == hashes_at(t, level) / MERKLE_TILE_WIDTH)
        return t->edge.edge[level];
    return t->full[level].is_there && t->full[level].index == index ? t->full[level].hashes : NULL;
}

/* A full tile, whose parent is proven already. */
static enum err_code prove_tile(struct fetch_tree *t, unsigned level, uint64_t index, struct err *err)
{
    const uint8_t *const above = find_tile(t, level + 1, index / MERKLE_TILE_WIDTH);
    struct hash leaves[MERKLE_TILE_WIDTH];
    char address[PUBLICATION_ADDRESS_SIZE];

    REQUIRE(above);
    enum err_code rc = get_tile(t, level, index, MERKLE_TILE_WIDTH, leaves[0].bytes, err);
    if (rc)
        return rc;
    const struct hash root = merkle_tile_root(leaves);
    if (memcmp(root.bytes, above + index % MERKLE_TILE_WIDTH * HASH_SIZE, HASH_SIZE) != 0) {
        const struct published_name name = {
            .kind = PUBLISHED_TILE, .level = level, .number = index, .width = PUBLISHED_WIDTH};
        return err_set(err, ERR_WRONG, "%s: its hashes are not those that the checkpoint stands for",
                       publication_address(t->publication, &name, address));
    }
    struct proven *const full = &t->full[level];
    full->is_there = true;
    full->index = index;
    memcpy(full->hashes, leaves, sizeof full->hashes);
    return rc;
}

/* From the lowest tile above it that is proven, down to it. At some level there is only the edge. */
static enum err_code have_tile(struct fetch_tree *t, unsigned level, uint64_t index, const uint8_t **hashes,
                               struct err *err)
{
    unsigned at = level;
    enum err_code rc = ERR_OK;

    while (!find_tile(t, at, index >> TILE_BITS * (at - level))) {
        at++;
        REQUIRE(at < MERKLE_LEVELS);
    }
    while (!rc && at > level) {
        at--;
        rc = prove_tile(t, at, index >> TILE_BITS * (at - level), err);
    }
    if (!rc)
        *hashes = find_tile(t, level, index);
    return rc;
}

enum err_code fetch_tree_hashes(struct fetch_tree *t, unsigned level, uint64_t slot, unsigned count,
                                const uint8_t **hashes, struct err *err)
{
    const uint8_t *tile = NULL;

    REQUIRE(level < MERKLE_LEVELS && count >= 1 && slot + count <= hashes_at(t, level));
    REQUIRE(slot % MERKLE_TILE_WIDTH + count <= MERKLE_TILE_WIDTH);
    const enum err_code rc = have_tile(t, level, slot / MERKLE_TILE_WIDTH, &tile, err);
    if (!rc)
        *hashes = tile + slot % MERKLE_TILE_WIDTH * HASH_SIZE;
    return rc;
}

static enum err_code read_proven(void *ctx, unsigned level, uint64_t index, uint8_t *hashes, unsigned *count,
                                 struct err *err)
{
    struct fetch_tree *const t = ctx;
    const uint64_t left = hashes_at(t, level) - index * MERKLE_TILE_WIDTH;
    const uint8_t *tile = NULL;

    const enum err_code rc = have_tile(t, level, index, &tile, err);
    if (rc)
        return rc;
    REQUIRE(tile);
    *count = left < MERKLE_TILE_WIDTH ? (unsigned)left : MERKLE_TILE_WIDTH;
    memcpy(hashes, tile, (size_t)*count * HASH_SIZE);
    return ERR_OK;
}

enum err_code fetch_tree_root(struct fetch_tree *t, uint64_t size, struct hash *root, struct err *err)
{
    const struct merkle_tiles tiles = {read_proven, t};

    REQUIRE(size <= t->size);
    return merkle_root(&tiles, size, root, err);
}
