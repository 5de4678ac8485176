/*
 * The walk. For each block, in the order of keys, and each entry in it:
 *
 *   1. the entry's rules (walk_rules.c)
 *   2. its leaf hash begins with the check that its block keeps with it
 *   3. every perfect subtree of 256^l leaves it completes, l > 0, is its slot of a tile of level l
 *   4. it is in the control index exactly if it is of the control family
 *   5. the seal of that size, if there is one, is good, and its root is the root here; where the key changes
 *      there is one
 *
 * then, of a block, that its key is its last entry. After the last block: no seal of a larger size, a seal of
 * this size, no tile or hash too many, nothing left in the control index.
 */
#include "audit/verify.h"

#include "audit/walk.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define LAYOUT         2
#define PROGRESS_EVERY 16384

/* -- places ---------------------------------------------------------------------------------------------- */

static const char *trial_words(enum trial trial, uint64_t seal, char *out, size_t size)
{
    switch (trial) {
    case TRIAL_CONFIRMS:
        snprintf(out, size, "seal %" PRIu64 " confirms these bytes: they were written so", seal);
        break;
    case TRIAL_DENIES:
        snprintf(out, size, "seal %" PRIu64 " does not confirm it: it was altered after it was sealed", seal);
        break;
    case TRIAL_NO_SEAL: snprintf(out, size, "no good seal covers it"); break;
    }
    return out;
}

/* A broken rule. Bytes of an unknown kind that a seal confirms are no fault but a limit of this program. */
static enum err_code entry_fault(struct walk *w, const uint8_t *bytes, size_t size, enum err_code broken,
                                 struct err *err)
{
    const uint64_t seq = w->seq + 1;
    enum trial trial;
    uint64_t seal = 0;
    char words[128];
    struct err what = *err;

    const enum err_code rc = walk_trial(w, bytes, size, &trial, &seal, err);
    if (rc)
        return rc;
    if (broken == ERR_FORMAT && trial == TRIAL_CONFIRMS)
        return err_set(err, ERR_FORMAT,
                       "entry %" PRIu64 ": %s, though seal %" PRIu64
                       " confirms it: verify with a newer program",
                       seq, what.text, seal);
    return walk_wrong(w, VERIFY_ENTRY, 0, seq, "%.700s; %s", what.text,
                      trial_words(trial, seal, words, sizeof words));
}

/* The entry is in order but the check beside it is not its own. */
static enum err_code check_fault(struct walk *w, const uint8_t *bytes, size_t size, struct err *err)
{
    const uint64_t seq = w->seq + 1;
    enum trial trial;
    uint64_t seal = 0;
    char words[128];

    const enum err_code rc = walk_trial(w, bytes, size, &trial, &seal, err);
    if (rc)
        return rc;
    if (trial == TRIAL_CONFIRMS)
        return walk_wrong(w, VERIFY_CHECK, 0, seq,
                          "it is not that of entry %" PRIu64 ", which seal %" PRIu64
                          " confirms: the check was altered",
                          seq, seal);
    return walk_wrong(w, VERIFY_ENTRY, 0, seq, "its hash does not begin with its check, and %s",
                      trial_words(trial, seal, words, sizeof words));
}

static enum err_code tile_fault(struct walk *w, unsigned level, uint64_t slot, bool has_slot, struct err *err)
{
    const uint64_t span = UINT64_C(1) << 8 * level;
    enum trial trial;
    uint64_t seal = 0;

    const enum err_code rc = walk_trial_tile(w, &trial, &seal, err);
    if (rc)
        return rc;
    walk_wrong(w, VERIFY_TILE, level, slot / 256,
               trial == TRIAL_CONFIRMS
                   ? "%s %" PRIu64 " does not stand for entries %" PRIu64 "..%" PRIu64
                     ", which a seal confirms: the tile was altered"
                   : "%s %" PRIu64 " does not stand for entries %" PRIu64 "..%" PRIu64
                     ", and no good seal confirms them: they were altered together with their checks",
               has_slot ? "its hash" : "its missing hash", slot % 256, slot * span + 1, (slot + 1) * span);
    w->report->wrong.first = slot * span + 1;
    w->report->wrong.last = (slot + 1) * span;
    return ERR_WRONG;
}

/* -- one entry ------------------------------------------------------------------------------------------- */

static enum err_code check_hashes(struct walk *w, const struct peaks_made *made, struct err *err)
{
    for (unsigned level = 1; level < made->levels; level++) {
        const uint64_t slot = (w->seq >> 8 * level) - 1;
        const uint8_t *hash = NULL;
        const enum err_code rc = walk_slot(w, level, slot, &hash, err);
        if (rc)
            return rc;
        if (!hash || memcmp(hash, made->made[level].bytes, HASH_SIZE) != 0)
            return tile_fault(w, level, slot, hash != NULL, err);
    }
    return ERR_OK;
}

static enum err_code check_index(struct walk *w, bool is_control, struct err *err)
{
    struct walk_row *const index = &w->index;
    const bool is_listed = index->found && index->number == w->seq;

    if (is_control != is_listed)
        return walk_wrong(w, VERIFY_INDEX, 0, w->seq, "it %s, and entry %" PRIu64 " is %s control entry",
                          is_listed ? "is listed" : "is not listed", w->seq, is_control ? "a" : "no");
    if (!is_listed)
        return ERR_OK;
    if (index->item.size != 0)
        return walk_wrong(w, VERIFY_INDEX, 0, w->seq, "its row is not empty");
    return walk_row_next(w, index, EVIDENCE_CONTROL, err);
}

static enum err_code check_found_seal(struct walk *w, struct err *err)
{
    struct verify_report *const report = w->report;
    const uint64_t before = report->sealed;
    const struct walk_known known = walk_known(w);
    struct hash root;
    struct err why = {.code = ERR_OK};

    if (walk_seal_open(w, &root, &why))
        return walk_wrong(w, VERIFY_SEAL, 0, w->seq, "%s", why.text);
    const struct hash mine = peaks_root(&w->peaks);
    if (!hash_equal(&mine, &root)) {
        walk_wrong(w, VERIFY_SEAL, 0, w->seq,
                   "its signature is good, but entries 1..%" PRIu64
                   " are not those it sealed: entries %" PRIu64 "..%" PRIu64
                   " are in doubt, and their checks were altered with them",
                   w->seq, before + 1, w->seq);
        report->wrong.first = before + 1;
        report->wrong.last = w->seq;
        return ERR_WRONG;
    }
    if (walk_witnesses_check(&known, w->seal.item.bytes, w->seal.item.size, &report->cosignatures, &why))
        return walk_wrong(w, VERIFY_SEAL, 0, w->seq, "%s", why.text);
    report->sealed = w->seq;
    report->seals++;
    return walk_row_next(w, &w->seal, EVIDENCE_SEALS, err);
}

/* Where the key changes, the old one must have said so, or what it sealed last must still be there. */
static enum err_code check_seal(struct walk *w, struct err *err)
{
    if (w->key_change == WALK_KEY_RECOVERY && w->report->sealed != w->seq - 1)
        return walk_wrong(w, VERIFY_SEAL, 0, w->seq - 1,
                          "it is missing: entry %" PRIu64
                          " puts another key in the place of a lost one, which "
                          "must have sealed all before it",
                          w->seq);
    if (w->seal.found && w->seal.number == w->seq)
        return check_found_seal(w, err);
    if (w->key_change != WALK_KEY_STAYS)
        return walk_wrong(w, VERIFY_SEAL, 0, w->seq,
                          "it is missing: entry %" PRIu64
                          " names the next key, and nothing but this seal shows "
                          "that %s",
                          w->seq,
                          w->key_change == WALK_KEY_RECOVERY ? "whoever has it goes on here"
                                                             : "the key before handed over to it");
    return ERR_OK;
}

static void note_entry(struct walk *w, const struct canonical *c, size_t size)
{
    struct verify_report *const report = w->report;
    const struct verify_options *const options = w->options;

    if (w->seq == 1)
        report->first_recorded_at_ns = c->recorded_at_ns;
    report->last_recorded_at_ns = c->recorded_at_ns;
    report->entries = w->seq;
    report->bytes += size;
    if (options->progress && w->seq % PROGRESS_EVERY == 0)
        options->progress(options->progress_arg, w->seq, report->total);
}

static enum err_code check_entry(struct walk *w, const uint8_t *bytes, size_t size, struct err *err)
{
    struct canonical c;
    struct peaks_made made;

    enum err_code rc = walk_entry_rules(w, bytes, size, &c, err);
    if (rc == ERR_MEMORY)
        return rc;
    if (rc)
        return entry_fault(w, bytes, size, rc, err);
    const struct hash leaf = hash_leaf(bytes, size);
    if (memcmp(walk_block_check(&w->block), leaf.bytes, WALK_CHECK_SIZE) != 0)
        return check_fault(w, bytes, size, err);
    peaks_push(&w->peaks, &leaf, &made);
    w->seq++;
    note_entry(w, &c, size);
    rc = check_hashes(w, &made, err);
    if (!rc)
        rc = check_index(w, c.kind >> 8 == FAMILY_CONTROL, err);
    return rc ? rc : check_seal(w, err);
}

/* -- blocks ---------------------------------------------------------------------------------------------- */

/* Where the next entry should begin, nothing can be read. */
static enum err_code block_fault(struct walk *w, const char *what, struct err *err)
{
    const uint64_t seq = w->seq + 1;
    enum trial trial;
    uint64_t seal = 0;
    char words[128];

    const enum err_code rc = walk_trial(w, NULL, 0, &trial, &seal, err);
    if (rc)
        return rc;
    return walk_wrong(w, VERIFY_ENTRY, 0, seq, "%s; %s", what, trial_words(trial, seal, words, sizeof words));
}

/* To the end of the open block, or to entry `last` in it. */
static enum err_code check_block(struct walk *w, uint64_t last, struct err *err)
{
    struct walk_block *const b = &w->block;
    const uint8_t *bytes = NULL;
    size_t size = 0;

    while (w->seq < last && walk_block_entry(b, &bytes, &size)) {
        const enum err_code rc = check_entry(w, bytes, size, err);
        if (rc)
            return rc;
    }
    if (w->seq == last && b->next < b->count)
        return ERR_OK;
    if (b->next < b->count)
        return block_fault(w, "it runs past the end of its block", err);
    if (b->at != b->end)
        return walk_wrong(w, VERIFY_ENTRY, 0, w->seq, "%zu bytes that are no entry follow it in its block",
                          (size_t)(b->end - b->at));
    if (b->key > w->seq)
        return walk_wrong(w, VERIFY_ENTRY, 0, w->seq + 1,
                          "it is missing: its block says that it goes to entry %" PRIu64, b->key);
    if (b->key < w->seq)
        return walk_wrong(w, VERIFY_ENTRY, 0, b->key + 1,
                          "it stands in a block whose key says that entry %" PRIu64 " is its last", b->key);
    return ERR_OK;
}

/* The block's first header tells a missing block from a damaged one. */
static bool is_gap(const struct walk *w, uint64_t *next)
{
    struct walk_block ahead = w->block;
    const uint8_t *bytes = NULL;
    size_t size = 0;

    if (!walk_block_entry(&ahead, &bytes, &size) || size < ENTRY_HEADER_SIZE || ahead.key < ahead.count)
        return false;
    *next = wire_load_u64(bytes + 8);
    return *next > w->seq + 1 && *next == ahead.key - ahead.count + 1;
}

/* Opens the next block, which must go on where the last one ended. */
static enum err_code open_block(struct walk *w, bool *found, struct err *err)
{
    bool malformed = false;
    uint64_t next = 0;
    const enum err_code rc = walk_block_next(w, found, &malformed, err);

    if (rc || !*found)
        return rc;
    if (malformed)
        return block_fault(w, "its block is malformed: its count and its size do not agree", err);
    if (is_gap(w, &next))
        return walk_wrong(w, VERIFY_ENTRY, 0, w->seq + 1,
                          "it is missing: the next block begins with entry %" PRIu64, next);
    return ERR_OK;
}

enum err_code walk_until(struct walk *w, uint64_t last, struct err *err)
{
    bool found = true;

    for (;;) {
        enum err_code rc = ERR_OK;
        if (w->block.next < w->block.count)
            rc = check_block(w, last, err);
        if (rc || w->block.next < w->block.count)
            return rc;
        rc = open_block(w, &found, err);
        if (rc || !found || w->seq >= last)
            return rc;
    }
}

/* -- after the last entry -------------------------------------------------------------------------------- */

static enum err_code check_newest_seal(struct walk *w, struct err *err)
{
    struct err why = {.code = ERR_OK};
    struct hash root;

    (void)err;
    if (w->seal.found) {
        if (walk_seal_open(w, &root, &why))
            return walk_wrong(w, VERIFY_SEAL, 0, w->seal.number, "%s", why.text);
        w->report->integrity_ok = true;
        return walk_wrong(w, VERIFY_ENTRY, 0, w->seq + 1,
                          "it is missing: the journal ends before it, and seal %" PRIu64 " covers it",
                          w->seal.number);
    }
    if (w->report->sealed < w->seq) {
        w->report->integrity_ok = true;
        walk_wrong(w, VERIFY_ENTRY, 0, w->report->sealed + 1,
                   "no seal covers it: the newest one covers %" PRIu64 " of %" PRIu64 " entries",
                   w->report->sealed, w->seq);
        w->report->wrong.last = w->seq;
        return ERR_WRONG;
    }
    return ERR_OK;
}

/* Every hash that must be there was compared on the way; so what is left to find is one too many. */
static enum err_code check_tile(struct walk *w, const struct evidence_item *item)
{
    if (item->key_size != 9)
        return walk_wrong(w, VERIFY_TABLE, 0, EVIDENCE_TILES, "a key has %zu bytes where all have 9",
                          item->key_size);
    const unsigned level = item->key[0];
    const uint64_t index = wire_load_u64(item->key + 1);
    const uint64_t hashes = level > 0 && level < PEAKS_LEVELS ? w->seq >> 8 * level : 0;
    const uint64_t tiles = hashes / 256 + (hashes % 256 != 0);
    if (index >= tiles)
        return walk_wrong(w, VERIFY_TILE, level, index,
                          "it does not belong to a tree of %" PRIu64
                          " entries: entries are missing, or it was added",
                          w->seq);
    const uint64_t width = index < hashes / 256 ? 256 : hashes % 256;
    if (item->size != width * HASH_SIZE)
        return walk_wrong(w, VERIFY_TILE, level, index,
                          "it has %zu bytes where %" PRIu64 " hashes have %" PRIu64
                          ": entries are missing, or it was added to",
                          item->size, width, width * HASH_SIZE);
    w->report->tiles++;
    return ERR_OK;
}

static enum err_code check_tiles(struct walk *w, struct err *err)
{
    struct evidence_cursor *cursor = NULL;
    struct evidence_item item;
    bool found = true;

    enum err_code rc = evidence_cursor_open(w->evidence, EVIDENCE_TILES, &cursor, err);
    while (!rc && found) {
        rc = evidence_next(cursor, &item, &found, err);
        if (!rc && found)
            rc = check_tile(w, &item);
    }
    evidence_cursor_close(cursor);
    return rc;
}

static enum err_code check_end(struct walk *w, struct err *err)
{
    if (w->seq == 0)
        return walk_wrong(w, VERIFY_ENTRY, 0, 1, "it is missing: the journal has no entry at all");
    enum err_code rc = check_newest_seal(w, err);
    if (!rc)
        rc = check_tiles(w, err);
    if (!rc && w->index.found)
        rc = walk_wrong(w, VERIFY_INDEX, 0, w->index.number,
                        "it is listed, and the journal has no such entry");
    return rc;
}

/* -- beginning and end ----------------------------------------------------------------------------------- */

static enum err_code check_layout(struct evidence *evidence, struct err *err)
{
    struct evidence_cursor *cursor = NULL;
    struct evidence_item item;
    bool found = false;

    enum err_code rc = evidence_cursor_open(evidence, EVIDENCE_META, &cursor, err);
    if (!rc)
        rc = evidence_seek(cursor, "layout", 6, &item, &found, err);
    evidence_cursor_close(cursor);
    if (rc)
        return rc;
    if (!found || item.key_size != 6 || memcmp(item.key, "layout", 6) != 0 || item.size != 4)
        return err_set(err, ERR_FORMAT, "this is not a journal: it does not say its layout");
    const uint32_t layout = (uint32_t)item.bytes[0] << 24 | (uint32_t)item.bytes[1] << 16 |
                            (uint32_t)item.bytes[2] << 8 | item.bytes[3];
    if (layout != LAYOUT)
        return err_set(err, ERR_FORMAT, "layout %" PRIu32 " is not known to this verifier, which reads %d",
                       layout, LAYOUT);
    return ERR_OK;
}

static enum err_code take_given_key(struct walk *w, struct err *err)
{
    struct verify_report *const report = w->report;
    const char *const vkey = w->options->vkey;

    if (!vkey)
        return ERR_OK;
    const enum err_code rc = note_key_parse(&w->key, vkey, strlen(vkey), err);
    if (rc)
        return rc;
    if (w->key.type != NOTE_KEY_ED25519)
        return err_set(err, ERR_INPUT, "the given key is a witness's, not a journal's");
    w->has_key = true;
    report->key_given = true;
    memcpy(report->origin, w->key.name, w->key.name_size + 1);
    note_key_format(report->vkey, &w->key);
    return ERR_OK;
}

static enum err_code open_cursors(struct walk *w, struct err *err)
{
    struct evidence_item item;
    bool found = false;

    enum err_code rc = evidence_cursor_open(w->evidence, EVIDENCE_ENTRIES, &w->block.cursor, err);
    if (!rc)
        rc = evidence_cursor_open(w->evidence, EVIDENCE_SEALS, &w->seal.cursor, err);
    if (!rc)
        rc = evidence_cursor_open(w->evidence, EVIDENCE_CONTROL, &w->index.cursor, err);
    if (rc)
        return rc;
    /* How far there is to go; the position is then given up again by opening the cursor anew. */
    rc = evidence_last(w->block.cursor, &item, &found, err);
    if (!rc && found && item.key_size == 8)
        w->report->total = wire_load_u64(item.key);
    evidence_cursor_close(w->block.cursor);
    w->block.cursor = NULL;
    if (!rc)
        rc = evidence_cursor_open(w->evidence, EVIDENCE_ENTRIES, &w->block.cursor, err);
    return rc;
}

/* The first rows of seals and index; a number zero stands for no entry. */
static enum err_code first_rows(struct walk *w, struct err *err)
{
    enum err_code rc = walk_row_next(w, &w->seal, EVIDENCE_SEALS, err);

    if (!rc && w->seal.found && w->seal.number == 0)
        return walk_wrong(w, VERIFY_SEAL, 0, 0, "a seal covers at least the first entry");
    if (!rc)
        rc = walk_row_next(w, &w->index, EVIDENCE_CONTROL, err);
    if (!rc && w->index.found && w->index.number == 0)
        return walk_wrong(w, VERIFY_INDEX, 0, 0, "there is no entry 0");
    return rc;
}

static enum err_code walk_all(struct walk *w, struct err *err)
{
    enum err_code rc = first_rows(w, err);

    if (!rc)
        rc = walk_ahead(w, err);
    if (!rc)
        rc = check_end(w, err);
    if (!rc)
        rc = walk_timestamps(w, err);
    return rc;
}

static void walk_free(struct walk *w)
{
    evidence_cursor_close(w->block.cursor);
    evidence_cursor_close(w->seal.cursor);
    evidence_cursor_close(w->index.cursor);
    for (unsigned level = 0; level < PEAKS_LEVELS; level++)
        evidence_cursor_close(w->tiles[level].cursor);
    free(w->signatures.slots);
    walk_keys_release(w);
    walk_persons_release(w);
    free(w);
}

/* Both verdicts. A walk that finds nothing wrong has found no gap either, and a seal over the last entry. */
static enum err_code judge(struct walk *w, struct err *err)
{
    struct verify_report *const report = w->report;
    enum err_code rc = walk_all(w, err);

    report->root = peaks_root(&w->peaks);
    if (rc == ERR_OK) {
        report->integrity_ok = true;
        walk_witnesses_tell(w);
        if (w->options->against)
            rc = walk_kept(w, err);
        report->complete_ok = rc == ERR_OK;
    }
    if (rc != ERR_WRONG)
        return rc;
    err_set(err, ERR_WRONG, "%s: %s", report->wrong.where, report->wrong.what);
    if (report->wrong.place == VERIFY_KEPT)
        return ERR_WRONG;
    const enum err_code checked = walk_completeness(w->evidence, &report->complete_ok, err);
    return checked ? checked : ERR_WRONG;
}

enum err_code verify_evidence(struct evidence *evidence, const struct verify_options *options,
                              struct verify_report *report, struct err *err)
{
    struct walk *const w = calloc(1, sizeof *w);
    struct err ignored = {.code = ERR_OK};

    if (!err)
        err = &ignored;
    memset(report, 0, sizeof *report);
    if (!w)
        return err_set(err, ERR_MEMORY, "out of memory");
    w->options = options;
    w->evidence = evidence;
    w->report = report;
    canonical_kinds_init(&w->kinds);
    peaks_init(&w->peaks);
    enum err_code rc = walk_persons_init(w, err);
    if (!rc)
        rc = check_layout(evidence, err);
    if (!rc)
        rc = take_given_key(w, err);
    if (!rc)
        rc = open_cursors(w, err);
    if (!rc)
        rc = judge(w, err);
    if (w->persons && w->persons->owned_since <= report->entries)
        report->owned_since = w->persons->owned_since;
    walk_free(w);
    return rc;
}

enum err_code verify_journal(const struct verify_options *options, struct verify_report *report,
                             struct err *err)
{
    struct evidence *evidence = NULL;

    memset(report, 0, sizeof *report);
    enum err_code rc = options->dir ? evidence_open_journal(options->dir, &evidence, err)
                                    : evidence_open_export(options->export, &evidence, err);
    if (!rc)
        rc = verify_evidence(evidence, options, report, err);
    evidence_close(evidence);
    return rc;
}
