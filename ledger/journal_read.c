/* Reading: snapshots, and the view of a group that is not committed yet. */
#include "ledger/journal_state.h"

#include "ledger/checkpoint.h"

#include <inttypes.h>
#include <stdlib.h>

enum { SPANS = 64 }; /* entries of a block that are hashed together */

static enum err_code new_reader(struct journal *j, struct store_txn *t, struct journal_reader **r,
                                struct err *err)
{
    struct journal_reader *const made = calloc(1, sizeof *made);

    if (!made)
        return err_set(err, ERR_MEMORY, "%s: out of memory", j->dir);
    made->journal = j;
    made->txn = t;
    made->next_seq = 1;
    block_init(&made->block);
    *r = made;
    return ERR_OK;
}

enum err_code journal_reader_begin(struct journal *j, struct journal_reader **r, struct err *err)
{
    struct journal_reader *made = NULL;
    struct store_txn *t = NULL;

    enum err_code rc = store_read_begin(j->store, &t, err);
    if (!rc && !j->group_is_open) /* a group has seen all there is, and its own on top */
        rc = journal_refresh(j, t, err);
    if (!rc)
        rc = new_reader(j, t, &made, err);
    if (!rc)
        rc = store_last_seq(t, &made->size, err);
    if (rc) {
        free(made);
        store_txn_end(t);
        return rc;
    }
    *r = made;
    return ERR_OK;
}

/*
 * Stored entries come from the group's own transaction, which nothing is put into before commit; the group's
 * entries come from its buffer. So a record of the group's own lives until the next journal_group_add().
 */
enum err_code journal_group_reader(struct journal_group *g, struct journal_reader **r, struct err *err)
{
    struct journal_reader *made = NULL;

    const enum err_code rc = new_reader(g->journal, g->txn, &made, err);
    if (rc)
        return rc;
    made->size = g->before;
    made->group = g;
    made->next = g->readers;
    g->readers = made;
    *r = made;
    return ERR_OK;
}

void journal_reader_end(struct journal_reader *r)
{
    if (!r)
        return;
    if (r->group) {
        struct journal_reader **link = &r->group->readers;
        while (*link != r)
            link = &(*link)->next;
        *link = r->next;
    } else {
        store_txn_end(r->txn);
    }
    free(r->cache);
    free(r);
}

uint64_t journal_reader_size(const struct journal_reader *r)
{
    return r->size + (r->group ? r->group->count : 0);
}

/* -- entries -------------------------------------------------------------------------------------------- */

/*
 * The first entry of the block whose leaf hash does not begin with its check. A whole block at once costs little: many
 * hashes side by side, where one alone would take as long as folding the entry.
 */
static uint64_t find_bad(struct block b)
{
    struct hash_span spans[SPANS];
    struct hash leaves[SPANS];
    uint64_t seq = b.first;

    while (seq <= b.last) {
        const size_t count = b.last - seq < SPANS ? (size_t)(b.last - seq + 1) : SPANS;
        for (size_t i = 0; i < count; i++)
            spans[i].bytes = block_entry(&b, seq + i, &spans[i].size);
        hash_leaves(spans, count, leaves);
        for (size_t i = 0; i < count; i++, seq++) {
            if (memcmp(block_check(&b, seq), leaves[i].bytes, BLOCK_CHECK_SIZE) != 0)
                return seq;
        }
    }
    return 0;
}

static enum err_code stored_at(struct journal_reader *r, uint64_t seq, struct journal_record *record,
                               struct err *err)
{
    const bool is_new = !block_holds(&r->block, seq);
    const enum err_code rc = journal_stored(r->txn, &r->block, seq, record, err);

    if (rc || !r->journal->checks_entries)
        return rc;
    if (is_new)
        r->bad_seq = find_bad(r->block);
    if (r->bad_seq == 0 || seq < r->bad_seq)
        return ERR_OK;
    return err_set(err, ERR_FORMAT, "entry %" PRIu64 " is not what was stored; run: ledger -C %s verify",
                   r->bad_seq, r->journal->dir);
}

/* seq is 1 .. journal_reader_size(). */
static enum err_code record_at(struct journal_reader *r, uint64_t seq, struct journal_record *record,
                               struct err *err)
{
    const struct journal_group *const g = r->group;

    if (seq <= r->size)
        return stored_at(r, seq, record, err);
    const uint64_t i = seq - r->size - 1;
    const size_t start = i == 0 ? 0 : g->ends[i - 1];
    *record = (struct journal_record){seq, g->bytes + start, g->ends[i] - start};
    return ERR_OK;
}

static enum err_code no_such(const struct journal_reader *r, uint64_t seq, struct err *err)
{
    return err_set(err, ERR_NOT_FOUND, "%s has no entry %" PRIu64 ": its entries are 1 .. %" PRIu64,
                   r->journal->dir, seq, journal_reader_size(r));
}

enum err_code journal_reader_seek(struct journal_reader *r, uint64_t seq, struct err *err)
{
    if (seq == 0)
        return no_such(r, seq, err);
    r->next_seq = seq;
    return ERR_OK;
}

enum err_code journal_reader_next(struct journal_reader *r, struct journal_record *record, bool *found,
                                  struct err *err)
{
    if (r->next_seq > journal_reader_size(r)) {
        *found = false;
        return ERR_OK;
    }
    const enum err_code rc = record_at(r, r->next_seq, record, err);
    if (rc)
        return rc;
    r->next_seq++;
    *found = true;
    return ERR_OK;
}

enum err_code journal_reader_get(struct journal_reader *r, uint64_t seq, struct journal_record *record,
                                 struct err *err)
{
    if (seq == 0 || seq > journal_reader_size(r))
        return no_such(r, seq, err);
    return record_at(r, seq, record, err);
}

static bool group_control(const struct journal_group *g, uint64_t from, uint64_t *seq)
{
    for (size_t i = 0; i < g->control_count; i++) {
        if (g->controls[i] >= from) {
            *seq = g->controls[i];
            return true;
        }
    }
    return false;
}

enum err_code journal_reader_control(struct journal_reader *r, uint64_t from, struct journal_record *record,
                                     bool *found, struct err *err)
{
    uint64_t seq;
    bool any;

    enum err_code rc = store_find_control(r->txn, from, &seq, &any, err);
    if (rc)
        return rc;
    if (!any && r->group)
        any = group_control(r->group, from, &seq);
    if (any && seq > journal_reader_size(r))
        return err_set(err, ERR_FORMAT,
                       "%s: its index of control entries names entry %" PRIu64 " of %" PRIu64,
                       r->journal->dir, seq, journal_reader_size(r));
    if (any)
        rc = record_at(r, seq, record, err);
    if (!rc)
        *found = any;
    return rc;
}

/* -- seals ---------------------------------------------------------------------------------------------- */

enum err_code journal_seal_of(const struct journal *j, uint64_t size, const char *note, size_t note_size,
                              struct seal *seal, struct err *err)
{
    struct err why = {.code = ERR_OK};
    struct checkpoint c;
    struct note parsed;

    if (note_size >= sizeof seal->note)
        return err_set(err, ERR_FORMAT, "%s: the seal of size %" PRIu64 " is damaged: %zu bytes", j->dir,
                       size, note_size);
    enum err_code rc = note_parse(&parsed, note, note_size, &why);
    if (!rc)
        rc = checkpoint_parse(&c, parsed.text, parsed.text_size, &why);
    if (!rc && c.size != size)
        rc = err_set(&why, ERR_FORMAT, "it says size %" PRIu64, c.size);
    if (rc)
        return err_set(err, ERR_FORMAT, "%s: the seal of size %" PRIu64 " is damaged: %s", j->dir, size,
                       why.text);
    seal->size = size;
    seal->root = c.root;
    memcpy(seal->note, note, note_size);
    seal->note[note_size] = '\0';
    seal->note_size = note_size;
    return ERR_OK;
}

enum err_code journal_reader_seal(struct journal_reader *r, uint64_t size, struct seal *seal, struct err *err)
{
    const char *note;
    uint64_t found_size;
    size_t note_size;
    bool found;

    const enum err_code rc = store_find_seal(r->txn, size, &found_size, &note, &note_size, &found, err);
    if (rc)
        return rc;
    if (!found)
        return err_set(err, ERR_NOT_FOUND, "%s has no seal that covers %" PRIu64 " entries", r->journal->dir,
                       size);
    return journal_seal_of(r->journal, found_size, note, note_size, seal, err);
}

/* -- the tree ------------------------------------------------------------------------------------------- */

/* Entries enter the tree at commit, so a group's own are not in it yet. */
static enum err_code check_size(const struct journal_reader *r, uint64_t size, struct err *err)
{
    if (size <= r->size)
        return ERR_OK;
    return err_set(err, ERR_NOT_FOUND, "%s has no tree of %" PRIu64 " entries: it has %" PRIu64,
                   r->journal->dir, size, r->size);
}

enum err_code journal_reader_root(struct journal_reader *r, uint64_t size, struct hash *root, struct err *err)
{
    const struct merkle_tiles tiles = {journal_read_tile, r->txn};
    const enum err_code rc = check_size(r, size, err);

    return rc ? rc : merkle_root(&tiles, size, root, err);
}

static void copy_path(const struct merkle_path *built, struct hash *path, unsigned *count)
{
    memcpy(path, built->nodes, built->count * sizeof path[0]);
    *count = built->count;
}

static enum err_code need_cache(struct journal_reader *r, struct err *err)
{
    if (r->cache)
        return ERR_OK;
    r->cache = malloc(sizeof *r->cache);
    if (!r->cache)
        return err_set(err, ERR_MEMORY, "%s: out of memory for a proof", r->journal->dir);
    merkle_cache_init(r->cache);
    return ERR_OK;
}

enum err_code journal_reader_inclusion(struct journal_reader *r, uint64_t seq, uint64_t size,
                                       struct hash *path, unsigned *count, struct err *err)
{
    const struct merkle_tiles tiles = {journal_read_tile, r->txn};
    struct merkle_path built;

    enum err_code rc = check_size(r, size, err);
    if (!rc && (seq == 0 || seq > size))
        rc = err_set(err, ERR_NOT_FOUND, "entry %" PRIu64 " is not among the first %" PRIu64, seq, size);
    if (!rc)
        rc = need_cache(r, err);
    if (!rc)
        rc = merkle_cache_inclusion(r->cache, &tiles, seq - 1, size, &built, err);
    if (!rc)
        copy_path(&built, path, count);
    return rc;
}

enum err_code journal_reader_consistency(struct journal_reader *r, uint64_t from, uint64_t to,
                                         struct hash *path, unsigned *count, struct err *err)
{
    const struct merkle_tiles tiles = {journal_read_tile, r->txn};
    struct merkle_path built;

    enum err_code rc = check_size(r, to, err);
    if (!rc)
        rc = merkle_consistency(&tiles, from, to, &built, err);
    if (!rc)
        copy_path(&built, path, count);
    return rc;
}

enum err_code journal_reader_tile(struct journal_reader *r, unsigned level, uint64_t index, uint8_t *hashes,
                                  unsigned *count, struct err *err)
{
    if (level >= MERKLE_LEVELS)
        return err_set(err, ERR_NOT_FOUND, "%s has no tiles of level %u", r->journal->dir, level);
    unsigned found = MERKLE_TILE_WIDTH;
    const enum err_code rc = journal_read_tile(r->txn, level, index, hashes, &found, err);
    if (!rc)
        *count = found;
    return rc;
}
