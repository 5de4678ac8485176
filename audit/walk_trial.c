/*
 * Where an entry and its tile do not agree, one of them was changed, and the seals know which: both readings
 * are counted on to the first good seal that covers the place, and its root is one, the other, or neither.
 */
#include "audit/walk.h"

/* One reading of the journal: the tree over what it says so far. */
struct reading {
    struct peaks peaks;
    bool is_alive; /* false: it could not be read on */
};

static void count_in(struct reading *r, const uint8_t *hash)
{
    struct peaks_made made;
    struct hash leaf;

    if (!hash) {
        r->is_alive = false;
        return;
    }
    memcpy(leaf.bytes, hash, HASH_SIZE);
    peaks_push(&r->peaks, &leaf, &made);
}

/* The next entry, across blocks. Whether it says what it should is of no concern here: its bytes decide. */
static enum err_code count_in_entry(struct walk *w, struct reading *r, struct err *err)
{
    const uint8_t *bytes = NULL;
    size_t size = 0;

    while (w->block.next == w->block.count) {
        bool found = false;
        bool malformed = false;
        const enum err_code rc = walk_block_next(w, &found, &malformed, err);
        if (rc && rc != ERR_WRONG)
            return rc;
        if (rc || !found || malformed) {
            r->is_alive = false;
            return ERR_OK;
        }
    }
    if (!walk_block_entry(&w->block, &bytes, &size)) {
        r->is_alive = false;
        return ERR_OK;
    }
    const struct hash leaf = hash_leaf(bytes, size);
    count_in(r, leaf.bytes);
    return ERR_OK;
}

static bool has_root(const struct reading *r, const struct hash *root)
{
    if (!r->is_alive)
        return false;
    const struct hash mine = peaks_root(&r->peaks);
    return hash_equal(&mine, root);
}

static enum trial judge(const struct reading *entries, const struct reading *tiles, const struct hash *root)
{
    if (has_root(entries, root))
        return TRIAL_ENTRIES;
    return has_root(tiles, root) ? TRIAL_TILES : TRIAL_NEITHER;
}

/* Skips seals that are not good; true when a good one covers exactly `covered` entries. */
static enum err_code find_seal(struct walk *w, uint64_t covered, struct hash *root, bool *good,
                               struct err *err)
{
    *good = false;
    while (w->seal.found && w->seal.number <= covered) {
        *good = w->seal.number == covered && walk_seal_open(w, root, NULL) == ERR_OK;
        if (*good)
            return ERR_OK;
        const enum err_code rc = walk_row_next(w, &w->seal, EVIDENCE_SEALS, err);
        if (rc && rc != ERR_WRONG)
            return rc;
    }
    return ERR_OK;
}

static enum err_code read_on(struct walk *w, uint64_t covered, struct reading *entries, struct reading *tiles,
                             enum trial *trial, uint64_t *seal, struct err *err)
{
    for (;; covered++) {
        struct hash root;
        bool good = false;
        enum err_code rc = find_seal(w, covered, &root, &good, err);
        if (rc)
            return rc;
        if (good) {
            *seal = covered;
            *trial = judge(entries, tiles, &root);
            return ERR_OK;
        }
        if (!w->seal.found || (!entries->is_alive && !tiles->is_alive))
            return ERR_OK;
        if (entries->is_alive)
            rc = count_in_entry(w, entries, err);
        if (!rc && tiles->is_alive) {
            const uint8_t *hash = NULL;
            rc = walk_slot(w, 0, covered, &hash, err);
            count_in(tiles, hash);
        }
        if (rc)
            return rc;
    }
}

enum err_code walk_trial(struct walk *w, const uint8_t *bytes, size_t size, enum trial *trial, uint64_t *seal,
                         struct err *err)
{
    struct reading entries = {w->peaks, true};
    struct reading tiles = {w->peaks, true};
    const uint8_t *hash = NULL;

    *trial = TRIAL_NO_SEAL;
    *seal = 0;
    const enum err_code rc = walk_slot(w, 0, w->seq, &hash, err);
    if (rc)
        return rc;
    count_in(&tiles, hash);
    if (bytes) {
        const struct hash leaf = hash_leaf(bytes, size);
        count_in(&entries, leaf.bytes);
    } else {
        entries.is_alive = false;
    }
    return read_on(w, w->seq + 1, &entries, &tiles, trial, seal, err);
}

enum err_code walk_trial_upper(struct walk *w, enum trial *trial, uint64_t *seal, struct err *err)
{
    struct reading entries = {w->peaks, true};
    struct reading tiles = {w->peaks, false}; /* the lower tiles agree with the entries: no second reading */

    *trial = TRIAL_NO_SEAL;
    *seal = 0;
    return read_on(w, w->seq, &entries, &tiles, trial, seal, err);
}
