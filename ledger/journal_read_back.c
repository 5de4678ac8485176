/*
 * Sign only what was read back. One bit that flips in memory between hash and disk, once it is signed, ends a
 * journal: no proof of it holds any more. So a group is read twice again, by other ways than it was written:
 *
 * 1. Before the seal, with cursors of its own, through LMDB's trees: the leaf hashes from the bytes that are found
 *    there, the root from these and from an edge of the tree that the writer has no part in, and the tiles.
 * 2. After the commit and before anybody is told, from the file's own pages, as every later reader gets them: entries,
 *    lengths and checks byte for byte, the tiles, the seal, the index of control entries.
 *
 * What differs halts the journal: ledger/journal_halt.c.
 */
#include "ledger/journal_state.h"

#include <inttypes.h>

#define TILES_AT_ONCE (JOURNAL_SPANS / TILER_WIDTH)

_Static_assert(JOURNAL_SPANS % TILER_WIDTH == 0, "whole tiles are read at once");

/* What is missing or does not decode differs as well; that it could not be read is no verdict. */
static bool is_verdict(enum err_code rc)
{
    return rc == ERR_FORMAT || rc == ERR_WRONG || rc == ERR_NOT_FOUND;
}

/* -- before the seal ------------------------------------------------------------------------------------- */

struct again {
    struct journal_group *g;
    const struct journal_hashes *h; /* of the first time */
    struct store_txn *look;
    struct block block;
    struct merkle_frontier *edge; /* grows as entries are read */
};

/* Borrowed from the look. */
static enum err_code read_spans(struct again *a, uint32_t from, uint32_t count, struct err *err)
{
    struct hash_span *const spans = a->g->journal->spans;
    struct journal_record record;

    for (uint32_t i = 0; i < count; i++) {
        const enum err_code rc =
            journal_stored(a->look, &a->block, a->g->before + 1 + from + i, &record, err);
        if (rc)
            return rc;
        spans[i] = (struct hash_span){record.bytes, record.size};
    }
    return ERR_OK;
}

static enum err_code differs(const struct again *a, uint32_t i, struct err *err)
{
    return err_set(err, ERR_WRONG, "entry %" PRIu64 " is not what was to be signed", a->g->before + 1 + i);
}

/* Entries that are no whole tile of the tree. */
static enum err_code hash_some(struct again *a, uint32_t from, uint32_t to, struct err *err)
{
    struct hash leaves[TILER_WIDTH];

    while (from < to) {
        const uint32_t count = to - from < TILER_WIDTH ? to - from : TILER_WIDTH;
        const enum err_code rc = read_spans(a, from, count, err);
        if (rc)
            return rc;
        hash_leaves(a->g->journal->spans, count, leaves);
        for (uint32_t i = 0; i < count; i++) {
            if (!hash_equal(&leaves[i], &a->h->leaves[from + i]))
                return differs(a, from + i, err);
            merkle_frontier_append(a->edge, &leaves[i]);
        }
        from += count;
    }
    return ERR_OK;
}

/* On both cores. */
static enum err_code hash_tiles(struct again *a, struct err *err)
{
    struct journal *const j = a->g->journal;
    struct hash roots[TILES_AT_ONCE];

    for (uint32_t first = 0; first < a->h->root_count;) {
        const uint32_t left = a->h->root_count - first;
        const uint32_t count = left < TILES_AT_ONCE ? left : TILES_AT_ONCE;
        const enum err_code rc = read_spans(a, a->h->head + TILER_WIDTH * first, TILER_WIDTH * count, err);
        if (rc)
            return rc;
        const uint32_t wrong = tiler_again(j->tiler, j->spans, first, count, roots);
        if (wrong != UINT32_MAX)
            return differs(a, wrong, err);
        for (uint32_t i = 0; i < count; i++)
            merkle_edge_append_tile(a->edge, &roots[i]);
        first += count;
    }
    return ERR_OK;
}

static enum err_code check_root(const struct again *a, struct err *err)
{
    const struct hash mine = merkle_frontier_root(a->edge);
    const struct hash writers = merkle_writer_root(&a->g->journal->edge);

    if (a->edge->size == merkle_writer_size(&a->g->journal->edge) && hash_equal(&mine, &writers))
        return ERR_OK;
    return err_set(err, ERR_WRONG, "the root over entries 1..%" PRIu64 " comes out in two ways",
                   a->edge->size);
}

static enum err_code read_look(struct again *a, struct err *err)
{
    const struct merkle_tiles tiles = {journal_read_tile, a->look};

    enum err_code rc = hash_some(a, 0, a->h->head, err);
    if (!rc)
        rc = hash_tiles(a, err);
    if (!rc)
        rc = hash_some(a, a->h->head + TILER_WIDTH * a->h->root_count, a->g->count, err);
    if (!rc)
        rc = check_root(a, err);
    return rc ? rc : merkle_edge_check(a->edge, &tiles, a->g->before, err);
}

enum err_code journal_read_back(struct journal_group *g, const struct journal_hashes *h, struct err *err)
{
    struct journal *const j = g->journal;
    struct again a = {.g = g, .h = h, .edge = &j->read_edge};
    struct err why = {.code = ERR_OK};

    if (j->skip_read_back)
        return ERR_OK;
    block_init(&a.block);
    enum err_code rc = store_look_begin(g->txn, &a.look, err);
    if (rc)
        return rc;
    rc = read_look(&a, &why);
    store_txn_end(a.look);
    if (is_verdict(rc))
        return journal_halt(g, "read back before it was signed", "nothing of it was written", &why, err);
    return rc ? err_set(err, rc, "%s", why.text) : ERR_OK;
}

/* -- after the commit ------------------------------------------------------------------------------------ */

enum err_code journal_read_back_prepare(struct journal *j, struct err *err)
{
    return j->skip_read_back || j->file ? ERR_OK : store_read_prepare(j->store, &j->file, err);
}

static enum err_code compare_block(const struct journal_group *g, const struct journal_hashes *h,
                                   const struct block *b, uint64_t seq, struct err *err)
{
    const uint32_t from = (uint32_t)(seq - g->before - 1);
    const uint32_t start = from == 0 ? 0 : g->ends[from - 1];

    if (b->first != seq || b->last > g->before + g->count)
        return err_set(err, ERR_WRONG, "the block of entry %" PRIu64 " holds %" PRIu64 "..%" PRIu64, seq,
                       b->first, b->last);
    const uint32_t count = (uint32_t)(b->last - seq + 1);
    const uint32_t wrong = block_differs(b, g->ends + from, count, start, g->bytes + start, h->leaves + from);
    return wrong == count ? ERR_OK
                          : err_set(err, ERR_WRONG, "entry %" PRIu64 " is not what was signed", seq + wrong);
}

static enum err_code compare_entries(const struct journal_group *g, const struct journal_hashes *h,
                                     struct err *err)
{
    struct block b;

    for (uint64_t seq = g->before + 1; seq <= g->before + g->count; seq = b.last + 1) {
        enum err_code rc = store_get_block(g->journal->file, seq, &b, err);
        if (!rc)
            rc = compare_block(g, h, &b, seq, err);
        if (rc)
            return rc;
    }
    return ERR_OK;
}

static enum err_code compare_seal(const struct journal_group *g, const struct seal *seal, struct err *err)
{
    size_t note_size = 0;
    const char *note = NULL;
    bool found = false;

    const enum err_code rc = store_get_seal(g->journal->file, seal->size, &note, &note_size, &found, err);
    if (rc)
        return rc;
    if (found && note_size == seal->note_size && memcmp(note, seal->note, note_size) == 0)
        return ERR_OK;
    return err_set(err, ERR_WRONG, "the seal of size %" PRIu64 " is not the one that was made", seal->size);
}

static enum err_code compare_controls(const struct journal_group *g, struct err *err)
{
    for (size_t i = 0; i < g->control_count; i++) {
        bool found = false;
        const enum err_code rc = store_has_control(g->journal->file, g->controls[i], &found, err);
        if (rc)
            return rc;
        if (!found)
            return err_set(err, ERR_WRONG, "entry %" PRIu64 " is not in the index of control entries",
                           g->controls[i]);
    }
    return ERR_OK;
}

enum err_code journal_read_back_file(struct journal_group *g, const struct journal_hashes *h,
                                     const struct seal *seal, struct err *err)
{
    struct journal *const j = g->journal;
    const struct merkle_tiles tiles = {journal_read_tile, j->file};
    struct err why = {.code = ERR_OK};

    if (j->skip_read_back)
        return ERR_OK;
    enum err_code rc = store_read_renew(j->file, &why);
    if (!rc)
        rc = compare_entries(g, h, &why);
    if (!rc)
        rc = merkle_edge_check(&j->read_edge, &tiles, g->before, &why);
    if (!rc)
        rc = compare_seal(g, seal, &why);
    if (!rc)
        rc = compare_controls(g, &why);
    store_read_rest(j->file);
    if (is_verdict(rc))
        return journal_halt(g, "read back from the file after it was written",
                            "it is in the file, and nobody was told of it", &why, err);
    if (rc)
        return err_set(
            err, rc, "%s: entries %" PRIu64 "..%" PRIu64 " were written, but could not be read back: %.500s",
            j->dir, g->before + 1, g->before + g->count, why.text);
    return ERR_OK;
}
