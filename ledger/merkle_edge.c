#include "ledger/merkle_edge.h"

#include <inttypes.h>

#define TILE_HEIGHT 8u

/* Of the newest tile of a level: how many full ones are before it, and how many hashes it has at `size`. */
static uint64_t newest_index(uint64_t size, unsigned level)
{
    const unsigned shift = TILE_HEIGHT * (level + 1);

    return shift < 64 ? size >> shift : 0;
}

static unsigned newest_width(uint64_t size, unsigned level)
{
    return (unsigned)(size >> (TILE_HEIGHT * level)) % MERKLE_TILE_WIDTH;
}

static enum err_code read_tile(const struct merkle_tiles *tiles, unsigned level, uint64_t index,
                               unsigned width, struct hash hashes[MERKLE_TILE_WIDTH], struct err *err)
{
    unsigned count = width;

    const enum err_code rc = tiles->read(tiles->ctx, level, index, hashes[0].bytes, &count, err);
    if (rc)
        return rc;
    if (count < width || count > MERKLE_TILE_WIDTH)
        return err_set(err, ERR_WRONG, "tile %u/%" PRIu64 " holds %u hashes where %u are needed", level,
                       index, count, width);
    return ERR_OK;
}

/* Nodes of the eight heights of a level, from its newest tile: the widest lies first. */
static void fold_tile(struct merkle_frontier *edge, unsigned level, unsigned width, const struct hash *hashes)
{
    for (unsigned bit = TILE_HEIGHT; bit-- > 0;) {
        struct hash row[MERKLE_TILE_WIDTH];
        if (!(width >> bit & 1))
            continue;
        memcpy(row, hashes, sizeof row[0] << bit);
        for (unsigned count = 1u << bit; count > 1; count /= 2)
            hash_nodes(row, count / 2, row);
        edge->nodes[TILE_HEIGHT * level + bit] = row[0];
        hashes += (size_t)1 << bit;
    }
}

enum err_code merkle_edge_load(struct merkle_frontier *edge, const struct merkle_tiles *tiles, uint64_t size,
                               struct err *err)
{
    struct hash hashes[MERKLE_TILE_WIDTH];
    struct merkle_frontier loaded;

    REQUIRE(size <= MERKLE_SIZE_MAX);
    merkle_frontier_init(&loaded);
    for (unsigned level = 0; level < MERKLE_LEVELS; level++) {
        const unsigned width = newest_width(size, level);
        if (width == 0)
            continue;
        const enum err_code rc = read_tile(tiles, level, newest_index(size, level), width, hashes, err);
        if (rc)
            return rc;
        fold_tile(&loaded, level, width, hashes);
    }
    loaded.size = size;
    *edge = loaded;
    return ERR_OK;
}

void merkle_edge_append_tile(struct merkle_frontier *edge, const struct hash *root)
{
    struct hash carry = *root;
    unsigned k = TILE_HEIGHT;

    REQUIRE(edge->size % MERKLE_TILE_WIDTH == 0 && edge->size <= MERKLE_SIZE_MAX - MERKLE_TILE_WIDTH);
    for (; edge->size >> k & 1; k++)
        carry = hash_node(&edge->nodes[k], &carry);
    edge->nodes[k] = carry;
    edge->size += MERKLE_TILE_WIDTH;
}

/* -- stored tiles ---------------------------------------------------------------------------------------- */

static enum err_code not_the_trees(unsigned level, uint64_t index, struct err *err)
{
    return err_set(err, ERR_WRONG, "tile %u/%" PRIu64 ", as it is stored, is not that of the tree", level,
                   index);
}

/* The root of a full tile is a hash of the level above it. */
static enum err_code check_full(const struct merkle_tiles *tiles, unsigned level, uint64_t index,
                                struct err *err)
{
    const unsigned slot = (unsigned)(index % MERKLE_TILE_WIDTH);
    struct hash hashes[MERKLE_TILE_WIDTH];

    enum err_code rc = read_tile(tiles, level, index, MERKLE_TILE_WIDTH, hashes, err);
    if (rc)
        return rc;
    const struct hash root = merkle_tile_root(hashes);
    rc = read_tile(tiles, level + 1, index / MERKLE_TILE_WIDTH, slot + 1, hashes, err);
    if (rc)
        return rc;
    return hash_equal(&root, &hashes[slot]) ? ERR_OK : not_the_trees(level, index, err);
}

/* What the newest tile folds into are nodes of the edge. */
static enum err_code check_newest(const struct merkle_frontier *edge, const struct merkle_tiles *tiles,
                                  unsigned level, struct err *err)
{
    const uint64_t index = newest_index(edge->size, level);
    const unsigned width = newest_width(edge->size, level);
    struct hash hashes[MERKLE_TILE_WIDTH];
    struct merkle_frontier folded;

    if (width == 0)
        return ERR_OK;
    const enum err_code rc = read_tile(tiles, level, index, width, hashes, err);
    if (rc)
        return rc;
    fold_tile(&folded, level, width, hashes);
    for (unsigned bit = 0; bit < TILE_HEIGHT; bit++) {
        const unsigned k = TILE_HEIGHT * level + bit;
        if ((width >> bit & 1) && !hash_equal(&folded.nodes[k], &edge->nodes[k]))
            return not_the_trees(level, index, err);
    }
    return ERR_OK;
}

enum err_code merkle_edge_check(const struct merkle_frontier *edge, const struct merkle_tiles *tiles,
                                uint64_t from, struct err *err)
{
    enum err_code rc = ERR_OK;

    REQUIRE(from <= edge->size);
    for (unsigned level = 1; level < MERKLE_LEVELS && !rc; level++) {
        if (from >> (TILE_HEIGHT * level) == edge->size >> (TILE_HEIGHT * level))
            return ERR_OK; /* nor did any level above it grow */
        const uint64_t newest = newest_index(edge->size, level);
        for (uint64_t index = newest_index(from, level); index < newest && !rc; index++)
            rc = check_full(tiles, level, index, err);
        if (!rc)
            rc = check_newest(edge, tiles, level, err);
    }
    return rc;
}
