#include "audit/salvage_state.h"

#include "audit/evidence_pages.h"
#include "audit/timestamp.h"
#include "audit/verify.h"
#include "ledger/block.h"
#include "ledger/checkpoint.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#define PROGRESS_EVERY 16384
#define HELD_MAX       (16 << 20)
#define STATEMENT_MAX                                                                                        \
    (ENTRY_MAX_SIZE + NOTE_NAME_MAX + 32) /* with its label of 20 bytes and two line feeds */

static enum err_code push(struct list *l, const void *element, size_t size, struct err *err)
{
    if (l->count == l->room) {
        const size_t room = l->room ? 2 * l->room : 256;
        uint8_t *const grown = realloc(l->bytes, room * size);
        if (!grown)
            return err_set(err, ERR_MEMORY, "out of memory");
        l->bytes = grown;
        l->room = room;
    }
    memcpy(l->bytes + l->count++ * size, element, size);
    return ERR_OK;
}

void salvage_let_go(struct salvage *s, const struct evidence_item *item)
{
    if (s->held && (item->bytes < s->held || item->bytes - s->held > HELD_MAX)) {
        evidence_release(s->evidence, s->held, (size_t)(s->held_end - s->held));
        s->held = NULL;
    }
    if (!s->held) {
        s->held = item->bytes;
        s->held_end = item->bytes;
    }
    if (item->bytes + item->size > s->held_end)
        s->held_end = item->bytes + item->size;
}

/* -- reading ----------------------------------------------------------------------------------------------- */

/* The key that signs: the given one, which must be that of genesis, or that of genesis. */
static enum err_code take_genesis(struct salvage *s, const uint8_t *bytes, size_t size, struct err *err)
{
    struct entry *const e = &s->entry;
    struct note_key key;
    struct err why = {.code = ERR_OK};

    enum err_code rc = entry_decode(bytes, size, e, &why);
    if (!rc && e->kind != ENTRY_CONTROL_GENESIS)
        rc = err_set(&why, ERR_FORMAT, "it is no genesis");
    if (!rc)
        rc = note_key_init(&key, e->as.control_genesis.origin.bytes, e->as.control_genesis.origin.length,
                           NOTE_KEY_ED25519, e->as.control_genesis.key.bytes, &why);
    if (!rc && s->has_key && !note_key_equal(&key, &s->key))
        rc = err_set(&why, ERR_FORMAT, "it is the genesis of another journal than the given key's");
    if (!rc)
        rc = epochs_apply(&s->epochs, e, 1, e->recorded_at_ns, &why);
    if (!rc)
        rc = actors_apply(&s->actors, e, &why);
    if (rc)
        return err_set(err, ERR_FORMAT, "entry 1: %s", why.text);
    s->key = key;
    s->has_key = true;
    memcpy(s->found.origin, key.name, key.name_size + 1);
    note_key_format(s->found.vkey, &key);
    return ERR_OK;
}

static enum err_code next_seal(struct salvage *s, struct err *err)
{
    return evidence_next(s->seal_cursor, &s->seal, &s->has_seal, err);
}

/* The key in force at a size, of which many seals are asked. NULL: it is none. */
static const struct note_key *key_at(struct salvage *s, uint64_t size)
{
    const size_t epoch = epochs_at(&s->epochs, size);
    const uint8_t *const bytes = s->epochs.rows[epoch].key;

    if (memcmp(s->seal_key.public_key, bytes, sizeof s->seal_key.public_key) != 0 &&
        note_key_init(&s->seal_key, s->key.name, s->key.name_size, NOTE_KEY_ED25519, bytes, NULL))
        return NULL;
    return &s->seal_key;
}

/* Is it the journal's, by the key in force there, and of its size? Then its root. */
static bool open_seal(struct salvage *s, const struct evidence_item *seal, struct hash *root)
{
    struct checkpoint *const c = malloc(sizeof *c);
    const struct note_key *const key = key_at(s, salvage_seal_size(seal));
    const bool good = c && key && checkpoint_open(c, seal->bytes, seal->size, key, 1, NULL) == ERR_OK &&
                      c->size == salvage_seal_size(seal) && c->extension_size == 0 &&
                      strcmp(c->origin, s->key.name) == 0;

    if (good)
        *root = c->root;
    free(c);
    return good;
}

/* After entry `size` was read: what does the seal of that size say, if there is one? */
static enum err_code ask_seal(struct salvage *s, uint64_t size, struct err *err)
{
    struct survey *const found = &s->found;
    struct hash root;
    enum err_code rc = ERR_OK;

    for (; !rc && s->has_seal && salvage_seal_size(&s->seal) < size; rc = next_seal(s, err))
        s->bad_seals++;
    if (rc || !s->has_seal || salvage_seal_size(&s->seal) != size)
        return rc;
    const struct hash mine = peaks_root(&s->peaks);
    if (open_seal(s, &s->seal, &root) && hash_equal(&root, &mine)) {
        found->good = size;
        found->root = root;
        found->good_at_ns = s->recorded_at_ns;
        found->bad_checks = s->bad_checks;
        found->bad_seals = s->bad_seals;
        rc = push(&s->seals, &size, sizeof size, err);
        if (!rc)
            rc = push(&s->sealed_at, &s->recorded_at_ns, sizeof s->recorded_at_ns, err);
    } else {
        s->bad_seals++;
    }
    return rc ? rc : next_seal(s, err);
}

/* Has an owner signed the newest control entry? */
static bool is_by_an_owner(const struct salvage *s, const uint8_t *bytes, size_t size)
{
    const struct actor_row *const actor = actors_find(&s->actors, s->entry.actor);

    return actor && actor->role == ROLE_OWNER &&
           note_verify_bytes(actor->key, s->statement,
                             entry_statement(bytes, size, s->key.name, s->statement), s->entry.signature,
                             NULL) == ERR_OK;
}

/*
 * What a control entry says about actors and keys. Damaged ones say nothing: the seals will tell. A key that is put in
 * the place of a lost one stands behind a seal of that one.
 */
static enum err_code take_control(struct salvage *s, uint64_t seq, const uint8_t *bytes, size_t size,
                                  struct err *err)
{
    struct entry *const e = &s->entry;

    if (entry_decode(bytes, size, e, NULL))
        return ERR_OK;
    if (e->kind == ENTRY_CONTROL_KEY && e->is_signed &&
        (s->found.good != seq - 1 || !is_by_an_owner(s, bytes, size)))
        return ERR_OK;
    enum err_code rc = epochs_apply(&s->epochs, e, seq, e->recorded_at_ns, err);
    if (!rc)
        rc = actors_apply(&s->actors, e, err);
    return rc == ERR_MEMORY ? rc : ERR_OK;
}

static enum err_code read_entry(struct salvage *s, const uint8_t *bytes, size_t size, const uint8_t *check,
                                struct err *err)
{
    const uint64_t seq = s->peaks.size + 1;
    const struct hash leaf = hash_leaf(bytes, size);
    const size_t epochs = s->epochs.count;
    struct peaks_made made;
    enum err_code rc = ERR_OK;

    if (seq == 1)
        rc = take_genesis(s, bytes, size, err);
    else if (bytes[2] == FAMILY_CONTROL)
        rc = take_control(s, seq, bytes, size, err);
    if (rc)
        return rc;
    s->recorded_at_ns = (int64_t)wire_load_u64(bytes + 16);
    if (seq == 1)
        s->found.first_at_ns = s->recorded_at_ns;
    s->bad_checks += memcmp(leaf.bytes, check, BLOCK_CHECK_SIZE) != 0;
    peaks_push(&s->peaks, &leaf, &made);
    for (unsigned level = 1; level < made.levels && !rc; level++)
        rc = push(&s->hashes[level], &made.made[level], sizeof made.made[level], err);
    if (!rc && bytes[2] == FAMILY_CONTROL)
        rc = push(&s->controls, &seq, sizeof seq, err);
    s->found.readable = seq;
    if (s->progress && seq % PROGRESS_EVERY == 0)
        s->progress(s->progress_arg, seq < s->total ? seq : s->total, s->total);
    if (!rc)
        rc = ask_seal(s, seq, err);
    if (seq > 1 && s->found.good != seq) /* a key that its seal does not confirm seals nothing */
        epochs_cut(&s->epochs, epochs);
    return rc;
}

/* *goes_on false: reading ends here, and found->stopped says why. */
static enum err_code read_block(struct salvage *s, const struct evidence_item *item, bool *goes_on,
                                struct err *err)
{
    struct survey *const found = &s->found;
    struct err why = {.code = ERR_OK};
    struct block b;

    *goes_on = false;
    if (item->key_size != 8 || block_open(&b, wire_load_u64(item->key), item->bytes, item->size, &why)) {
        snprintf(found->stopped, sizeof found->stopped, "%.120s",
                 why.text[0] ? why.text : "a key is damaged");
        return ERR_OK;
    }
    if (b.last <= s->peaks.size) { /* an older version of what was read already */
        *goes_on = true;
        return ERR_OK;
    }
    if (b.first != s->peaks.size + 1) {
        snprintf(found->stopped, sizeof found->stopped, "entry %" PRIu64 " is missing", s->peaks.size + 1);
        return ERR_OK;
    }
    const uint8_t *const checks = b.lengths + 2 * (b.last - b.first + 1);
    for (uint64_t seq = b.first; seq <= b.last; seq++) {
        size_t size;
        const uint8_t *const bytes = block_entry(&b, seq, &size);
        if (size < ENTRY_HEADER_SIZE || wire_load_u64(bytes + 8) != seq) {
            snprintf(found->stopped, sizeof found->stopped, "entry %" PRIu64 " is damaged", seq);
            return ERR_OK;
        }
        const enum err_code rc = read_entry(s, bytes, size, checks + BLOCK_CHECK_SIZE * (seq - b.first), err);
        if (rc)
            return rc;
    }
    *goes_on = true;
    return ERR_OK;
}

static enum err_code read_blocks(struct salvage *s, struct err *err)
{
    struct evidence_cursor *cursor = NULL;
    struct evidence_item item;
    bool found = false;
    bool goes_on = true;

    enum err_code rc = evidence_cursor_open(s->evidence, EVIDENCE_ENTRIES, &cursor, err);
    if (!rc)
        rc = evidence_last(cursor, &item, &found, err);
    if (!rc && found && item.key_size == 8)
        s->total = wire_load_u64(item.key);
    evidence_cursor_close(cursor);
    cursor = NULL;
    if (!rc)
        rc = evidence_cursor_open(s->evidence, EVIDENCE_ENTRIES, &cursor, err);
    while (!rc && goes_on) {
        rc = evidence_next(cursor, &item, &found, err);
        if (rc || !found)
            break;
        salvage_let_go(s, &item);
        rc = read_block(s, &item, &goes_on, err);
    }
    evidence_cursor_close(cursor);
    if (!rc && s->peaks.size == 0)
        rc = err_set(err, ERR_FORMAT, "not even entry 1 can be read: %s",
                     s->found.stopped[0] ? s->found.stopped : "there are no entries");
    return rc;
}

/* The seals that are left speak of entries that are not there, or not as they were. */
static enum err_code read_seals_on(struct salvage *s, struct err *err)
{
    enum err_code rc = ERR_OK;

    s->found.newest_seal = s->found.good;
    for (; !rc && s->has_seal; rc = next_seal(s, err)) {
        struct hash root;
        const uint64_t size = salvage_seal_size(&s->seal);
        if (size > s->found.newest_seal && open_seal(s, &s->seal, &root))
            s->found.newest_seal = size;
    }
    return rc;
}

enum err_code salvage_survey(struct evidence *evidence, const char *vkey, salvage_progress progress,
                             void *arg, struct salvage **s, struct err *err)
{
    struct salvage *const made = calloc(1, sizeof *made);
    enum err_code rc = ERR_OK;

    if (!made)
        return err_set(err, ERR_MEMORY, "out of memory");
    made->evidence = evidence;
    made->progress = progress;
    made->progress_arg = arg;
    peaks_init(&made->peaks);
    epochs_init(&made->epochs);
    actors_init(&made->actors);
    made->statement = malloc(STATEMENT_MAX);
    if (!made->statement)
        rc = err_set(err, ERR_MEMORY, "out of memory");
    if (!rc && vkey) {
        rc = note_key_parse(&made->key, vkey, strlen(vkey), err);
        made->has_key = !rc;
    }
    if (!rc)
        rc = evidence_cursor_open(evidence, EVIDENCE_SEALS, &made->seal_cursor, err);
    if (!rc)
        rc = next_seal(made, err);
    if (!rc)
        rc = read_blocks(made, err);
    if (!rc)
        rc = read_seals_on(made, err);
    if (rc)
        salvage_free(made);
    else
        *s = made;
    return rc;
}

const struct survey *salvage_found(const struct salvage *s)
{
    return &s->found;
}

void salvage_free(struct salvage *s)
{
    if (!s)
        return;
    evidence_cursor_close(s->seal_cursor);
    epochs_release(&s->epochs);
    free(s->statement);
    free(s->seals.bytes);
    free(s->sealed_at.bytes);
    free(s->controls.bytes);
    for (unsigned level = 0; level < PEAKS_LEVELS; level++)
        free(s->hashes[level].bytes);
    free(s);
}

/* -- where from -------------------------------------------------------------------------------------------- */

/* The pages are walked once more than needed when they are sound; salvaging is not done in a hurry. */
enum err_code salvage_evidence(const char *dir, salvage_progress progress, void *arg,
                               struct evidence **evidence, struct err *err)
{
    struct evidence_pages_report *const report = malloc(sizeof *report);
    struct evidence *paged = NULL;
    struct evidence *opened = NULL;
    char path[PATH_MAX];

    if (!report)
        return err_set(err, ERR_MEMORY, "out of memory");
    enum err_code rc = ERR_OK;
    if (snprintf(path, sizeof path, "%s/journal.mdb", dir) >= (int)sizeof path)
        rc = err_set(err, ERR_INPUT, "the journal's path is too long");
    if (!rc)
        rc = evidence_open_pages(path, progress, arg, &paged, report, err);
    if (!rc && report->has_meta && report->damaged == 0 &&
        evidence_open_journal(dir, &opened, NULL) == ERR_OK) {
        evidence_close(paged);
        paged = opened;
    }
    if (!rc)
        *evidence = paged;
    free(report);
    return rc;
}
