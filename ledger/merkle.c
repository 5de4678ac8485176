/*
 * Words used here. Height k: the level of the binary tree, leaves are height 0. Level l: a level of tiles,
 * whose hashes are at height 8*l. Perfect node (k, j): the root over leaves [j*2^k, (j+1)*2^k), all of them
 * present.
 *
 * The right edge of a tree of n leaves is one perfect node for each bit set in n; the root is those nodes
 * hashed together from the right. Everything below is that sentence, RFC 6962 section 2.1 and RFC 9162
 * section 2.1.
 */
#include "ledger/merkle.h"

#include <inttypes.h>

#define TILE_HEIGHT 8u

static unsigned bit_length(uint64_t v)
{
    return v == 0 ? 0 : 64u - (unsigned)__builtin_clzll(v);
}

static unsigned bit_count(uint64_t v)
{
    return (unsigned)__builtin_popcountll(v);
}

static unsigned trailing_zeros(uint64_t v)
{
    return (unsigned)__builtin_ctzll(v);
}

/* --- Frontier ----------------------------------------------------------------------------------------- */

void merkle_frontier_init(struct merkle_frontier *f)
{
    memset(f, 0, sizeof *f);
}

void merkle_frontier_append(struct merkle_frontier *f, const struct hash *leaf)
{
    struct hash carry = *leaf;
    unsigned k = 0;

    REQUIRE(f->size < MERKLE_SIZE_MAX);
    for (; f->size >> k & 1; k++)
        carry = hash_node(&f->nodes[k], &carry);
    f->nodes[k] = carry;
    f->size++;
}

struct hash merkle_frontier_root(const struct merkle_frontier *f)
{
    if (f->size == 0)
        return hash_empty();
    unsigned k = trailing_zeros(f->size);
    struct hash root = f->nodes[k];
    for (k++; k < 64; k++) {
        if (f->size >> k & 1)
            root = hash_node(&f->nodes[k], &root);
    }
    return root;
}

/* --- Reading ------------------------------------------------------------------------------------------ */

/* A tree of `size` leaves, and the tiles of it that are at hand: at least one. */
struct tree {
    const struct merkle_tiles *tiles;
    uint64_t size;
    struct merkle_slot *slots;
    unsigned slot_count;
    uint64_t *uses;
};

/* Where row r of a slot begins: 0, 256, 384 ... */
static unsigned row_start(unsigned r)
{
    return 2 * MERKLE_TILE_WIDTH - (2 * MERKLE_TILE_WIDTH >> r);
}

/* How many hashes the tree has in a tile that it has. */
static unsigned tile_width(uint64_t size, unsigned level, uint64_t index)
{
    const uint64_t left = (size >> (TILE_HEIGHT * level)) - MERKLE_TILE_WIDTH * index;

    return left < MERKLE_TILE_WIDTH ? (unsigned)left : MERKLE_TILE_WIDTH;
}

/* The slot that holds the tile, or else the one that was not used for longest. */
static struct merkle_slot *find_slot(const struct tree *t, unsigned level, uint64_t index)
{
    struct merkle_slot *oldest = &t->slots[0];

    for (unsigned i = 0; i < t->slot_count; i++) {
        struct merkle_slot *const s = &t->slots[i];
        if (s->count > 0 && s->level == level && s->index == index)
            return s;
        if (s->used < oldest->used)
            oldest = s;
    }
    oldest->count = 0;
    return oldest;
}

static enum err_code tile_need(struct tree *t, unsigned level, uint64_t index, struct merkle_slot **slot,
                               struct err *err)
{
    const unsigned width = tile_width(t->size, level, index);
    struct merkle_slot *const s = find_slot(t, level, index);
    unsigned count = width;

    *slot = s;
    s->used = ++*t->uses;
    if (s->count >= width)
        return ERR_OK;
    s->count = 0;
    const enum err_code rc = t->tiles->read(t->tiles->ctx, level, index, s->nodes[0].bytes, &count, err);
    if (rc)
        return rc;
    if (count < width || count > MERKLE_TILE_WIDTH)
        return err_set(err, ERR_WRONG, "tile %u/%" PRIu64 " holds %u hashes where %u are needed", level,
                       index, count, width);
    s->level = level;
    s->index = index;
    s->count = width;
    s->rows = 0;
    return ERR_OK;
}

/* Hashes 1, 2, 4 .. 256 neighbouring hashes into the one above them. */
static struct hash fold(const uint8_t *hashes, unsigned count)
{
    struct hash row[MERKLE_TILE_WIDTH];

    memcpy(row, hashes, (size_t)count * HASH_SIZE);
    for (; count > 1; count /= 2)
        hash_nodes(row, count / 2, row);
    return row[0];
}

/* The perfect node (height, index): in a tile, or up to seven heights above hashes that are. */
static enum err_code read_node(struct tree *t, unsigned height, uint64_t index, struct hash *node,
                               struct err *err)
{
    const unsigned level = height / TILE_HEIGHT;
    const unsigned row = height % TILE_HEIGHT;
    const unsigned width = 1u << row;
    const uint64_t first = index * width; /* no overflow: index < 2^(63 - height) */
    const unsigned slot = (unsigned)(first % MERKLE_TILE_WIDTH);
    struct merkle_slot *s;

    const enum err_code rc = tile_need(t, level, first / MERKLE_TILE_WIDTH, &s, err);
    if (rc)
        return rc;
    REQUIRE(slot + width <= s->count);
    for (; s->rows < row; s->rows++)
        hash_nodes(s->nodes + row_start(s->rows), s->count >> (s->rows + 1),
                   s->nodes + row_start(s->rows + 1));
    *node = s->nodes[row_start(row) + slot / width];
    return ERR_OK;
}

/* The root over leaves [start, end): start is a multiple of a power of two that is at least end - start > 0.
 */
static enum err_code read_range(struct tree *t, uint64_t start, uint64_t end, struct hash *root,
                                struct err *err)
{
    const uint64_t size = end - start;
    struct hash acc = {{0}};
    bool any = false;

    for (unsigned k = 0; k < 63; k++) { /* from the right: the smallest perfect node comes first */
        struct hash node;
        if (!(size >> k & 1))
            continue;
        const uint64_t above = size >> k >> 1 << 1; /* perfect nodes of this height that lie to the left */
        const enum err_code rc = read_node(t, k, (start >> k) + above, &node, err);
        if (rc)
            return rc;
        acc = any ? hash_node(&node, &acc) : node;
        any = true;
    }
    REQUIRE(any);
    *root = acc;
    return ERR_OK;
}

enum err_code merkle_root(const struct merkle_tiles *tiles, uint64_t size, struct hash *root, struct err *err)
{
    struct merkle_slot slot = {.count = 0};
    uint64_t uses = 0;
    struct tree tree = {tiles, size, &slot, 1, &uses};

    if (size > MERKLE_SIZE_MAX)
        return err_set(err, ERR_INPUT, "a tree has no %" PRIu64 " leaves", size);
    if (size == 0) {
        *root = hash_empty();
        return ERR_OK;
    }
    return read_range(&tree, 0, size, root, err);
}

/*
 * The siblings on the way from node (height, index >> height) to the root.
 * 1. Up to the height where the ways of `index` and of the last leaf part, each sibling is there, left or
 * right.
 * 2. At that height the sibling is all that lies to the right: the one node that may be imperfect.
 * 3. Above it, only left siblings exist.
 */
static enum err_code read_path(struct tree *t, uint64_t index, unsigned height, struct merkle_path *path,
                               struct err *err)
{
    const unsigned inner = bit_length(index ^ (t->size - 1));
    struct merkle_path built;
    enum err_code rc = ERR_OK;

    built.count = 0;
    for (unsigned k = height; k < 63 && !rc; k++) {
        const uint64_t sibling = index >> k ^ 1;
        if (k >= inner && !(index >> k & 1))
            continue;
        struct hash *const node = &built.nodes[built.count++];
        if (k + 1 == inner && sibling > index >> k)
            rc = read_range(t, sibling << k, t->size, node, err);
        else
            rc = read_node(t, k, sibling, node, err);
    }
    if (rc)
        return rc;
    path->count = built.count;
    memcpy(path->nodes, built.nodes, built.count * sizeof built.nodes[0]);
    return ERR_OK;
}

static enum err_code read_inclusion(struct tree *t, uint64_t index, struct merkle_path *path, struct err *err)
{
    if (t->size > MERKLE_SIZE_MAX || index >= t->size)
        return err_set(err, ERR_INPUT, "a tree of %" PRIu64 " leaves has no leaf %" PRIu64, t->size, index);
    return read_path(t, index, 0, path, err);
}

enum err_code merkle_inclusion(const struct merkle_tiles *tiles, uint64_t index, uint64_t size,
                               struct merkle_path *path, struct err *err)
{
    struct merkle_slot slot = {.count = 0};
    uint64_t uses = 0;
    struct tree tree = {tiles, size, &slot, 1, &uses};

    return read_inclusion(&tree, index, path, err);
}

void merkle_cache_init(struct merkle_cache *c)
{
    for (unsigned i = 0; i < MERKLE_CACHE_SLOTS; i++) {
        c->slots[i].count = 0;
        c->slots[i].used = 0;
    }
    c->uses = 0;
}

enum err_code merkle_cache_inclusion(struct merkle_cache *c, const struct merkle_tiles *tiles, uint64_t index,
                                     uint64_t size, struct merkle_path *path, struct err *err)
{
    struct tree tree = {tiles, size, c->slots, MERKLE_CACHE_SLOTS, &c->uses};

    return read_inclusion(&tree, index, path, err);
}

enum err_code merkle_cache_range(struct merkle_cache *c, const struct merkle_tiles *tiles, uint64_t start,
                                 uint64_t end, uint64_t size, struct hash *root, struct err *err)
{
    struct tree tree = {tiles, size, c->slots, MERKLE_CACHE_SLOTS, &c->uses};

    REQUIRE(start < end && end <= size);
    const unsigned height = bit_length(end - start - 1);
    REQUIRE(height < 64 && (start >> height) << height == start);
    if (size > MERKLE_SIZE_MAX)
        return err_set(err, ERR_INPUT, "a tree has no %" PRIu64 " leaves", size);
    return read_range(&tree, start, end, root, err);
}

enum err_code merkle_consistency(const struct merkle_tiles *tiles, uint64_t from, uint64_t to,
                                 struct merkle_path *path, struct err *err)
{
    struct merkle_slot slot = {.count = 0};
    uint64_t uses = 0;
    struct tree tree = {tiles, to, &slot, 1, &uses};
    struct merkle_path built = {.count = 0};
    struct merkle_path rest;
    unsigned seeds = 0;

    if (to > MERKLE_SIZE_MAX || from > to)
        return err_set(err, ERR_INPUT, "no tree of %" PRIu64 " leaves grows into one of %" PRIu64, from, to);
    if (from == 0 || from == to) {
        path->count = 0;
        return ERR_OK;
    }
    const unsigned height = trailing_zeros(from);
    if (bit_count(from) > 1) { /* a power of two starts from the old root, which the reader has */
        const enum err_code rc = read_node(&tree, height, (from - 1) >> height, &built.nodes[0], err);
        if (rc)
            return rc;
        seeds = 1;
    }
    const enum err_code rc = read_path(&tree, from - 1, height, &rest, err);
    if (rc)
        return rc;
    REQUIRE(seeds + rest.count <= MERKLE_PATH_MAX);
    memcpy(built.nodes + seeds, rest.nodes, rest.count * sizeof rest.nodes[0]);
    path->count = seeds + rest.count;
    memcpy(path->nodes, built.nodes, path->count * sizeof built.nodes[0]);
    return ERR_OK;
}

/* --- Checking ----------------------------------------------------------------------------------------- */

/* Climbs `inner` heights, on the side that each bit of `mask` tells, then hashes the rest in from the left.
 */
static struct hash climb(struct hash acc, uint64_t mask, unsigned inner, const struct hash *nodes,
                         unsigned count)
{
    for (unsigned k = 0; k < count; k++) {
        const bool from_left = k >= inner || (mask >> k & 1);
        acc = from_left ? hash_node(&nodes[k], &acc) : hash_node(&acc, &nodes[k]);
    }
    return acc;
}

enum err_code merkle_check_inclusion(const struct hash *leaf, uint64_t index, uint64_t size,
                                     const struct merkle_path *path, const struct hash *root, struct err *err)
{
    if (size > MERKLE_SIZE_MAX || index >= size)
        return err_set(err, ERR_WRONG, "a tree of %" PRIu64 " leaves has no leaf %" PRIu64, size, index);
    const unsigned inner = bit_length(index ^ (size - 1));
    const unsigned want = inner + bit_count(index >> inner);
    if (path->count != want)
        return err_set(err, ERR_WRONG,
                       "the inclusion path has %u hashes where leaf %" PRIu64 " of %" PRIu64 " has %u",
                       path->count, index, size, want);
    const struct hash found = climb(*leaf, index, inner, path->nodes, path->count);
    if (!hash_equal(&found, root))
        return err_set(err, ERR_WRONG,
                       "the inclusion path of leaf %" PRIu64 " leads to another root than that of "
                       "size %" PRIu64,
                       index, size);
    return ERR_OK;
}

/* from = to, and from = 0: there is nothing to climb, so the path is empty and the roots speak for
 * themselves. */
static enum err_code check_trivial(uint64_t from, const struct merkle_path *path,
                                   const struct hash *from_root, const struct hash *want, struct err *err)
{
    if (path->count != 0)
        return err_set(err, ERR_WRONG, "the consistency path has %u hashes where none are needed",
                       path->count);
    if (!hash_equal(from_root, want))
        return err_set(err, ERR_WRONG, "the root of size %" PRIu64 " is not what it must be", from);
    return ERR_OK;
}

enum err_code merkle_check_consistency(uint64_t from, uint64_t to, const struct merkle_path *path,
                                       const struct hash *from_root, const struct hash *to_root,
                                       struct err *err)
{
    if (to > MERKLE_SIZE_MAX || from > to)
        return err_set(err, ERR_WRONG, "no tree of %" PRIu64 " leaves grows into one of %" PRIu64, from, to);
    if (from == to)
        return check_trivial(from, path, from_root, to_root, err);
    if (from == 0) {
        const struct hash empty = hash_empty();
        return check_trivial(from, path, from_root, &empty, err);
    }
    const unsigned height = trailing_zeros(from);
    const unsigned inner = bit_length((from - 1) ^ (to - 1)) - height;
    const uint64_t mask = (from - 1) >> height;
    const unsigned seeds = bit_count(from) > 1 ? 1 : 0;
    const unsigned want = seeds + inner + bit_count(mask >> inner);
    if (path->count != want)
        return err_set(err, ERR_WRONG,
                       "the consistency path has %u hashes where %" PRIu64 " to %" PRIu64 " has %u",
                       path->count, from, to, want);

    const struct hash seed = seeds ? path->nodes[0] : *from_root;
    const struct hash *const nodes = path->nodes + seeds;
    const unsigned count = path->count - seeds;
    struct hash old = seed;
    for (unsigned k = 0; k < count; k++) { /* the old tree lacks what lies to its right */
        if (k >= inner || (mask >> k & 1))
            old = hash_node(&nodes[k], &old);
    }
    if (!hash_equal(&old, from_root))
        return err_set(err, ERR_WRONG, "the consistency path leads to another root of size %" PRIu64, from);
    const struct hash new = climb(seed, mask, inner, nodes, count);
    if (!hash_equal(&new, to_root))
        return err_set(err, ERR_WRONG, "the consistency path leads to another root of size %" PRIu64, to);
    return ERR_OK;
}

/* --- Writing ------------------------------------------------------------------------------------------ */

static unsigned partial_width(uint64_t size, unsigned level)
{
    return (unsigned)(size >> (TILE_HEIGHT * level)) % MERKLE_TILE_WIDTH;
}

/* Index of the newest tile of a level: how many full ones are before it. */
static uint64_t newest_index(uint64_t size, unsigned level)
{
    const unsigned shift = TILE_HEIGHT * (level + 1);
    return shift < 64 ? size >> shift : 0;
}

void merkle_writer_init(struct merkle_writer *w)
{
    memset(w, 0, sizeof *w);
}

enum err_code merkle_writer_load(struct merkle_writer *w, const struct merkle_tiles *tiles, uint64_t size,
                                 struct err *err)
{
    REQUIRE(size <= MERKLE_SIZE_MAX);
    merkle_writer_init(w);
    for (unsigned level = 0; level < MERKLE_LEVELS; level++) {
        const unsigned width = partial_width(size, level);
        const uint64_t index = newest_index(size, level);
        unsigned count = width;
        if (width == 0)
            continue;
        const enum err_code rc = tiles->read(tiles->ctx, level, index, w->edge[level], &count, err);
        if (rc)
            return rc;
        if (count < width || count > MERKLE_TILE_WIDTH)
            return err_set(err, ERR_WRONG,
                           "tile %u/%" PRIu64 " holds %u hashes where size %" PRIu64 " needs %u", level,
                           index, count, size, width);
        /* The frontier's nodes of these eight heights are folds of the tile's hashes, widest first. */
        for (unsigned bit = TILE_HEIGHT, slot = 0; bit-- > 0;) {
            if (!(width >> bit & 1))
                continue;
            w->frontier.nodes[TILE_HEIGHT * level + bit] =
                fold(w->edge[level] + (size_t)slot * HASH_SIZE, 1u << bit);
            slot += 1u << bit;
        }
    }
    w->frontier.size = size;
    return ERR_OK;
}

/* Puts a hash into the newest tile of a level; hands the tile out when that has filled it. */
static enum err_code edge_put(struct merkle_writer *w, unsigned level, const struct hash *hash,
                              const struct merkle_sink *sink, struct err *err)
{
    const unsigned slot = partial_width(w->frontier.size, level);

    memcpy(w->edge[level] + (size_t)slot * HASH_SIZE, hash->bytes, HASH_SIZE);
    if (slot + 1 < MERKLE_TILE_WIDTH) {
        w->changed |= 1u << level;
        return ERR_OK;
    }
    w->changed &= ~(1u << level);
    return sink->write(sink->ctx, level, newest_index(w->frontier.size, level), w->edge[level],
                       MERKLE_TILE_WIDTH, err);
}

/* Appends a perfect node of height k, a multiple of TILE_HEIGHT, where the tree has a place for one. */
static enum err_code append_node(struct merkle_writer *w, unsigned k, const struct hash *node,
                                 const struct merkle_sink *sink, struct err *err)
{
    struct merkle_frontier *const f = &w->frontier;
    const uint64_t leaves = UINT64_C(1) << k;
    struct hash carry = *node;

    REQUIRE(f->size % leaves == 0 && f->size <= MERKLE_SIZE_MAX - leaves);
    enum err_code rc = edge_put(w, k / TILE_HEIGHT, node, sink, err);
    for (; !rc && (f->size >> k & 1); k++) {
        carry = hash_node(&f->nodes[k], &carry);
        if ((k + 1) % TILE_HEIGHT == 0) /* a tile below is full: its root is a hash of the level above */
            rc = edge_put(w, (k + 1) / TILE_HEIGHT, &carry, sink, err);
    }
    if (rc)
        return rc;
    f->nodes[k] = carry;
    f->size += leaves;
    return ERR_OK;
}

enum err_code merkle_writer_append(struct merkle_writer *w, const struct hash *leaf,
                                   const struct merkle_sink *sink, struct err *err)
{
    return append_node(w, 0, leaf, sink, err);
}

struct hash merkle_tile_root(const struct hash leaves[MERKLE_TILE_WIDTH])
{
    return fold(leaves[0].bytes, MERKLE_TILE_WIDTH);
}

enum err_code merkle_writer_append_tile(struct merkle_writer *w, const struct hash *root,
                                        const struct merkle_sink *sink, struct err *err)
{
    return append_node(w, TILE_HEIGHT, root, sink, err);
}

enum err_code merkle_writer_flush(struct merkle_writer *w, const struct merkle_sink *sink, struct err *err)
{
    const uint64_t size = w->frontier.size;

    for (unsigned level = 0; level < MERKLE_LEVELS; level++) {
        if (!(w->changed >> level & 1))
            continue;
        const enum err_code rc = sink->write(sink->ctx, level, newest_index(size, level), w->edge[level],
                                             partial_width(size, level), err);
        if (rc)
            return rc;
        w->changed &= ~(1u << level);
    }
    return ERR_OK;
}
