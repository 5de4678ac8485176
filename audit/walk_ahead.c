/*
 * Checking ahead. Batches are gathered in the order of keys, checked by themselves (batch.c, on any thread), and
 * joined in order. Joining asks what a batch alone cannot tell:
 *
 *   1. its first block is the one in which the walk stands, or the one that begins where the walk stands; no key,
 *      and nobody who may write, has changed since it was gathered
 *   2. its first entry was not recorded before the entry it follows, and its signatures are new
 *   3. every perfect subtree of 256^l leaves that it completes, l > 0, is its slot of a tile of level l
 *   4. its seals' roots are the roots here
 *
 * If all is so, its entries count. If anything is not, or it could not be gathered, nothing of it counts, and
 * walk_until() goes over the same entries, one by one: there is one judge of what is wrong.
 */
#include "audit/crew.h"
#include "ledger/threads.h"

#include <stdlib.h>

#define PROGRESS_EVERY 16384
#define RELEASE_EVERY  (UINT64_C(32) << 20)

/* A row that is read ahead, of a table whose keys are numbers. */
struct ahead {
    struct evidence_cursor *cursor;
    bool found;
    bool is_odd; /* its key is no number, or it cannot be read: for who walks in order */
    uint64_t number;
    struct evidence_item item;
};

/* Where the blocks that were joined lie in memory. */
struct seen {
    const uint8_t *low;
    const uint8_t *high;
    uint64_t bytes; /* of entries, since pages were last let go */
};

struct gather {
    struct walk *walk;
    struct seen seen;
    struct ahead block;
    struct ahead seal;
    struct ahead index;
    uint64_t next;  /* the first entry of the next batch */
    unsigned tiles; /* in a batch, at most */
    bool is_over;
};

/* -- gathering ------------------------------------------------------------------------------------------- */

static void ahead_take(struct ahead *a, enum err_code rc)
{
    a->is_odd = rc || (a->found && a->item.key_size != 8);
    if (rc)
        a->found = false;
    a->number = a->found && !a->is_odd ? wire_load_u64(a->item.key) : 0;
}

static void ahead_next(struct ahead *a)
{
    ahead_take(a, evidence_next(a->cursor, &a->item, &a->found, NULL));
}

static enum err_code ahead_open(struct ahead *a, struct walk *w, enum evidence_table table, uint64_t from,
                                struct err *err)
{
    uint8_t key[8];
    const enum err_code rc = evidence_cursor_open(w->evidence, table, &a->cursor, err);

    if (rc)
        return rc;
    wire_store_u64(key, from);
    ahead_take(a, evidence_seek(a->cursor, key, sizeof key, &a->item, &a->found, NULL));
    return ERR_OK;
}

static struct batch_after after(const struct ahead *a)
{
    return (struct batch_after){a->found, a->number, a->item};
}

static uint64_t last_of(const struct gather *g, const struct batch *b)
{
    const uint64_t most = (uint64_t)g->tiles * BATCH_TILE;
    const uint64_t left = g->walk->report->total - (b->first - 1);

    return b->first - 1 + (left < most ? left : most);
}

/* Blocks up to the one that holds entry b->last, which is moved forward when the batch has bytes enough. */
static bool gather_blocks(struct gather *g, struct batch *b)
{
    struct ahead *const a = &g->block;
    size_t bytes = 0;

    for (b->block_count = 0; b->block_count < BATCH_ENTRIES;) {
        if (!a->found || a->is_odd)
            return false;
        b->blocks[b->block_count++] = (struct batch_block){a->number, a->item.bytes, a->item.size};
        bytes += a->item.size;
        const uint64_t tile_end = a->number / BATCH_TILE * BATCH_TILE;
        if (bytes >= BATCH_BYTES_WORTH && tile_end >= b->first && tile_end < b->last)
            b->last = tile_end;
        if (a->number > b->last) /* it goes on in the next batch */
            return true;
        const bool is_end = a->number == b->last;
        ahead_next(a);
        if (is_end)
            return true;
    }
    return false;
}

static bool gather_seals(struct gather *g, struct batch *b)
{
    struct ahead *const a = &g->seal;

    for (b->seal_count = 0; a->found && !a->is_odd && a->number <= b->last; ahead_next(a)) {
        if (b->seal_count == BATCH_ENTRIES || a->number < b->first)
            return false;
        b->seals[b->seal_count++] =
            (struct batch_seal){.number = a->number, .note = a->item.bytes, .size = a->item.size};
    }
    return !a->is_odd;
}

static bool gather_index(struct gather *g, struct batch *b)
{
    struct ahead *const a = &g->index;

    for (b->listed_count = 0; a->found && !a->is_odd && a->number <= b->last; ahead_next(a)) {
        if (b->listed_count == BATCH_ENTRIES || a->number < b->first || a->item.size != 0)
            return false;
        b->listed[b->listed_count++] = a->number;
    }
    return !a->is_odd;
}

/* False: this batch cannot be gathered, and none after it. */
static bool gather(struct gather *g, struct batch *b)
{
    b->first = g->next;
    b->last = last_of(g, b);
    b->persons = g->walk->persons;
    b->epochs = g->walk->epochs.count;
    b->key = g->walk->key;
    if (!gather_blocks(g, b) || !gather_seals(g, b) || !gather_index(g, b))
        return false;
    b->seal_after = after(&g->seal);
    b->index_after = after(&g->index);
    g->next = b->last + 1;
    b->persons->readers++;
    return true;
}

static enum err_code fill(struct gather *g, struct crew *crew, struct err *err)
{
    for (;;) {
        struct batch *b = NULL;
        if (g->is_over || g->next > g->walk->report->total)
            return ERR_OK;
        const enum err_code rc = crew_empty(crew, &b, err);
        if (rc || !b)
            return rc;
        if (gather(g, b))
            crew_put(crew);
        else
            g->is_over = true;
    }
}

/* -- joining --------------------------------------------------------------------------------------------- */

/* Do the blocks go on where the walk stands? */
static bool fits(const struct walk *w, const struct batch *b)
{
    const struct walk_block *const open = &w->block;
    const bool is_inside = open->next < open->count;

    if (!b->is_good || w->seq != b->first - 1 || b->first_recorded_at_ns < w->recorded_at_ns ||
        b->epochs != w->epochs.count || b->persons != w->persons)
        return false;
    if (is_inside && (b->blocks[0].bytes + 2 != open->lengths || b->head + open->next != b->first))
        return false;
    return is_inside || b->head == b->first;
}

static bool signatures_are_new(const struct walk *w, const struct batch *b)
{
    for (unsigned i = 0; i < b->signature_count; i++) {
        if (walk_signature_is_known(&w->signatures, b->signatures[i]))
            return false;
    }
    return true;
}

static bool row_is(const struct walk_row *row, const struct batch *b, bool has_first, uint64_t first)
{
    return has_first ? row->found && row->number == first : !row->found || row->number > b->last;
}

/* Compares what `size` leaves have completed with the stored tiles. */
static bool tiles_agree(struct walk *w, const struct peaks *p, const struct peaks_made *made)
{
    for (unsigned level = 1; level < made->levels; level++) {
        const uint8_t *hash = NULL;
        if (walk_slot(w, level, (p->size >> 8 * level) - 1, &hash, NULL) || !hash ||
            memcmp(hash, made->made[level].bytes, HASH_SIZE) != 0)
            return false;
    }
    return true;
}

static bool seal_agrees(const struct peaks *p, const struct batch_seal *seal)
{
    const struct hash root = peaks_root(p);

    return hash_equal(&root, &seal->root);
}

/* Does a seal agree that ends inside the tile that begins at p->size? Many leaves are hashed at once. */
static bool inner_seal_agrees(const struct peaks *p, const struct hash *leaves, const struct batch_seal *seal)
{
    struct hash nodes[BATCH_TILE / 2];
    struct peaks_made made = {.levels = 0};
    struct peaks to_seal = *p;

    for (unsigned height = 8; height-- > 0;) {
        unsigned count = 1u << height;
        if (!((seal->number - p->size) & count))
            continue;
        const struct hash *row = leaves;
        leaves += count;
        for (; count > 1; count /= 2) {
            hash_nodes(row, count / 2, nodes);
            row = nodes;
        }
        peaks_push_subtree(&to_seal, height, row, &made);
    }
    return seal_agrees(&to_seal, seal);
}

/* Counts a whole tile into the tree. At most one seal ends inside it, the next one. */
static bool grow_whole(struct walk *w, struct peaks *p, const struct batch *b, unsigned *seal)
{
    const unsigned at = (unsigned)(p->size - (b->first - 1));
    const uint64_t end = p->size + BATCH_TILE;
    struct peaks_made made;

    if (*seal < b->seal_count && b->seals[*seal].number < end &&
        !inner_seal_agrees(p, b->leaves + at, &b->seals[(*seal)++]))
        return false;
    peaks_push_tile(p, &b->roots[at / BATCH_TILE], &made);
    if (!tiles_agree(w, p, &made))
        return false;
    return *seal == b->seal_count || b->seals[*seal].number != end || seal_agrees(p, &b->seals[(*seal)++]);
}

/* Counts leaf after leaf of a tile, or of what there is of it. */
static bool grow_slowly(struct walk *w, struct peaks *p, const struct batch *b, uint64_t end, unsigned *seal)
{
    struct peaks_made made;

    while (p->size < end) {
        peaks_push(p, &b->leaves[p->size - (b->first - 1)], &made);
        if (!tiles_agree(w, p, &made))
            return false;
        if (*seal < b->seal_count && b->seals[*seal].number == p->size &&
            !seal_agrees(p, &b->seals[(*seal)++]))
            return false;
    }
    return true;
}

static bool grow(struct walk *w, struct peaks *p, const struct batch *b)
{
    unsigned seal = 0;

    while (p->size < b->last) {
        const uint64_t end = p->size + BATCH_TILE < b->last ? p->size + BATCH_TILE : b->last;
        const bool is_whole = end - p->size == BATCH_TILE;
        const bool has_many = seal + 1 < b->seal_count && b->seals[seal + 1].number < end;
        if (is_whole && !has_many ? !grow_whole(w, p, b, &seal) : !grow_slowly(w, p, b, end, &seal))
            return false;
    }
    return true;
}

static enum err_code note_signatures(struct walk *w, const struct batch *b, struct err *err)
{
    enum err_code rc = ERR_OK;

    for (unsigned i = 0; i < b->signature_count && !rc; i++)
        rc = walk_signature_note(&w->signatures, b->signatures[i], err);
    w->report->signatures += b->signature_count;
    return rc;
}

static void step(struct walk_row *row, const struct batch_after *next)
{
    row->found = next->found;
    row->number = next->number;
    row->item = next->item;
}

/* The walk stands where it would after checking the batch's entries one by one; but its cursors do not. */
static enum err_code count_in(struct walk *w, const struct batch *b, struct err *err)
{
    struct verify_report *const report = w->report;
    struct evidence_cursor *const cursor = w->block.cursor;
    const uint64_t before = w->seq;

    w->block = b->tail;
    w->block.cursor = cursor;
    step(&w->seal, &b->seal_after);
    step(&w->index, &b->index_after);
    w->seq = b->last;
    w->recorded_at_ns = b->last_recorded_at_ns;
    report->last_recorded_at_ns = b->last_recorded_at_ns;
    report->entries = w->seq;
    report->bytes += b->bytes;
    if (b->seal_count > 0)
        report->sealed = b->seals[b->seal_count - 1].number;
    report->seals += b->seal_count;
    report->cosignatures += b->cosignatures;
    if (w->options->progress && before / PROGRESS_EVERY != w->seq / PROGRESS_EVERY)
        w->options->progress(w->options->progress_arg, w->seq, report->total);
    return note_signatures(w, b, err);
}

/* *joined: all of it is good and counts now. Otherwise nothing of it does. */
static enum err_code join(struct walk *w, const struct batch *b, bool *joined, struct err *err)
{
    const struct peaks before = w->peaks;

    *joined = fits(w, b) && signatures_are_new(w, b) &&
              row_is(&w->seal, b, b->seal_count > 0, b->seals[0].number) &&
              row_is(&w->index, b, b->listed_count > 0, b->listed[0]);
    if (*joined && !grow(w, &w->peaks, b)) {
        w->peaks = before;
        *joined = false;
    }
    return *joined ? count_in(w, b, err) : ERR_OK;
}

/* -- all of it ------------------------------------------------------------------------------------------- */

/* Puts a cursor where the walk stands. */
static enum err_code move_to(struct evidence_cursor *cursor, uint64_t number, struct err *err)
{
    struct evidence_item item;
    uint8_t key[8];
    bool found = false;

    wire_store_u64(key, number);
    return evidence_seek(cursor, key, sizeof key, &item, &found, err);
}

/* Checks one by one, from where the walk stands. */
static enum err_code look_again(struct walk *w, uint64_t last, struct err *err)
{
    enum err_code rc = ERR_OK;

    if (w->block.count > 0)
        rc = move_to(w->block.cursor, w->block.key, err);
    if (!rc && w->seal.found)
        rc = move_to(w->seal.cursor, w->seal.number, err);
    if (!rc && w->index.found)
        rc = move_to(w->index.cursor, w->index.number, err);
    return rc ? rc : walk_until(w, last, err);
}

/*
 * The pages that were read would add up to the whole file. What lies between the blocks read so far goes from
 * time to time: they, the pages of keys among them, and those that came with them unasked.
 */
static void release(struct gather *g, const struct batch *b)
{
    struct seen *const seen = &g->seen;

    for (unsigned i = 0; i < b->block_count; i++) {
        const uint8_t *const from = b->blocks[i].bytes;
        const uint8_t *const to = from + b->blocks[i].size;
        seen->low = !seen->low || from < seen->low ? from : seen->low;
        seen->high = to > seen->high ? to : seen->high;
    }
    seen->bytes += b->bytes;
    if (seen->bytes < RELEASE_EVERY)
        return;
    evidence_release(g->walk->evidence, seen->low, (size_t)(seen->high - seen->low));
    seen->bytes = 0;
}

static enum err_code walk_batches(struct gather *g, struct crew *crew, struct err *err)
{
    struct walk *const w = g->walk;

    for (;;) {
        enum err_code rc = fill(g, crew, err);
        const struct batch *const b = rc ? NULL : crew_oldest(crew);
        bool joined = false;
        if (!b)
            return rc;
        rc = join(w, b, &joined, err);
        if (!rc && !joined)
            rc = look_again(w, b->last, err);
        if (rc || w->seq < b->last)
            return rc;
        release(g, b);
        b->persons->readers--;
        crew_drop(crew);
    }
}

static unsigned threads_of(const struct verify_options *options)
{
    return options->threads ? options->threads : threads_cores();
}

/* The first tile is for the walk alone: genesis and the first actors are in it. */
enum err_code walk_ahead(struct walk *w, struct err *err)
{
    const unsigned tiles = w->options->tiles;
    struct gather g = {.walk = w, .next = BATCH_TILE + 1, .tiles = tiles ? tiles : BATCH_TILES};
    struct crew *crew = NULL;

    REQUIRE(tiles <= BATCH_TILES);
    if (w->options->is_plain || w->report->total < 2 * BATCH_TILE)
        return walk_until(w, UINT64_MAX, err);
    enum err_code rc = walk_until(w, BATCH_TILE, err);
    if (rc || w->seq < BATCH_TILE)
        return rc;
    rc = crew_new(w, threads_of(w->options), &crew, err);
    if (!rc)
        rc = ahead_open(&g.block, w, EVIDENCE_ENTRIES, g.next, err);
    if (!rc)
        rc = ahead_open(&g.seal, w, EVIDENCE_SEALS, g.next, err);
    if (!rc)
        rc = ahead_open(&g.index, w, EVIDENCE_CONTROL, g.next, err);
    if (!rc)
        rc = walk_batches(&g, crew, err);
    crew_free(crew);
    if (!rc)
        rc = look_again(w, UINT64_MAX, err);
    evidence_cursor_close(g.block.cursor);
    evidence_cursor_close(g.seal.cursor);
    evidence_cursor_close(g.index.cursor);
    return rc;
}
