/*
 * Where the stored forms of an entry do not agree, one of them was changed, and the seals know which: the entries
 * are counted on to the first good seal that covers the place, and its root is theirs or not.
 */
#include "audit/walk.h"

/* The tree over the entries read so far. */
struct reading {
    struct peaks peaks;
    bool is_alive; /* false: it could not be read on */
};

static void count_in(struct reading *r, const uint8_t *bytes, size_t size)
{
    const struct hash leaf = hash_leaf(bytes, size);
    struct peaks_made made;

    peaks_push(&r->peaks, &leaf, &made);
}

/* The next entry, across blocks. Whether it says what it should is of no concern here: its bytes decide. */
static enum err_code count_in_next(struct walk *w, struct reading *r, struct err *err)
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
    if (walk_block_entry(&w->block, &bytes, &size))
        count_in(r, bytes, size);
    else
        r->is_alive = false;
    return ERR_OK;
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

/* A good seal that lies past what can be read denies: nothing there has its root. */
static enum err_code find_any_seal(struct walk *w, enum trial *trial, uint64_t *seal, struct err *err)
{
    struct hash root;

    while (w->seal.found) {
        if (walk_seal_open(w, &root, NULL) == ERR_OK) {
            *seal = w->seal.number;
            *trial = TRIAL_DENIES;
            return ERR_OK;
        }
        const enum err_code rc = walk_row_next(w, &w->seal, EVIDENCE_SEALS, err);
        if (rc && rc != ERR_WRONG)
            return rc;
    }
    return ERR_OK;
}

static enum err_code read_on(struct walk *w, struct reading *r, enum trial *trial, uint64_t *seal,
                             struct err *err)
{
    for (uint64_t covered = r->peaks.size; r->is_alive; covered++) {
        struct hash root;
        bool good = false;
        enum err_code rc = find_seal(w, covered, &root, &good, err);
        if (rc)
            return rc;
        if (good) {
            const struct hash mine = peaks_root(&r->peaks);
            *seal = covered;
            *trial = hash_equal(&mine, &root) ? TRIAL_CONFIRMS : TRIAL_DENIES;
            return ERR_OK;
        }
        if (!w->seal.found)
            return ERR_OK;
        rc = count_in_next(w, r, err);
        if (rc)
            return rc;
    }
    return find_any_seal(w, trial, seal, err);
}

enum err_code walk_trial(struct walk *w, const uint8_t *bytes, size_t size, enum trial *trial, uint64_t *seal,
                         struct err *err)
{
    struct reading r = {w->peaks, bytes != NULL};

    *trial = TRIAL_NO_SEAL;
    *seal = 0;
    if (bytes)
        count_in(&r, bytes, size);
    return read_on(w, &r, trial, seal, err);
}

enum err_code walk_trial_tile(struct walk *w, enum trial *trial, uint64_t *seal, struct err *err)
{
    struct reading r = {w->peaks, true};

    *trial = TRIAL_NO_SEAL;
    *seal = 0;
    return read_on(w, &r, trial, seal, err);
}
