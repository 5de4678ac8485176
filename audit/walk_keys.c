/*
 * Which key seals what. A journal's keys follow each other in epochs; an entry, control.key, names the next one, in
 * one of two forms: the journal hands over, and the key before seals that very entry; or an owner puts a key in the
 * place of one that was lost, and signs that entry. docs/FORMAT.md, section 5, has the rules.
 */
#include "audit/walk.h"

#include <inttypes.h>
#include <stdlib.h>

void walk_keys_release(struct walk *w)
{
    free(w->epochs.rows);
}

const struct note_key *walk_key_at(const struct walk *w, uint64_t size)
{
    const struct walk_epochs *const e = &w->epochs;

    return e->count > 1 && size < e->rows[e->count - 1].begins ? &e->before : &w->key;
}

void walk_key_find(const struct walk *w, uint64_t size, struct note_key *key)
{
    const struct walk_epochs *const e = &w->epochs;
    size_t i = e->count - 1;

    while (i > 0 && e->rows[i].begins > size)
        i--;
    REQUIRE(note_key_init(key, w->key.name, w->key.name_size, NOTE_KEY_ED25519, e->rows[i].key, NULL) ==
            ERR_OK); /* as it was before */
}

static enum err_code remember(struct walk_epochs *e, const uint8_t *key, uint64_t begins, struct err *err)
{
    if (e->count == e->capacity) {
        const size_t capacity = e->capacity ? 2 * e->capacity : 8;
        void *const grown = realloc(e->rows, capacity * sizeof *e->rows);
        if (!grown)
            return err_set(err, ERR_MEMORY, "out of memory");
        e->rows = grown;
        e->capacity = capacity;
    }
    struct walk_epoch *const row = &e->rows[e->count++];
    row->begins = begins;
    memcpy(row->key, key, sizeof row->key);
    return ERR_OK;
}

static enum err_code no_key(struct err *err)
{
    if (err)
        err->code = ERR_WRONG; /* whatever is wrong with it, it is the evidence that is */
    return ERR_WRONG;
}

/* -- a key that was given, and is a later epoch's -------------------------------------------------------- */

/* Entry `seq`, found by its block; NULL: it cannot be read. */
static const uint8_t *read_entry(struct evidence_cursor *blocks, uint64_t seq, size_t *size)
{
    struct evidence_item item;
    struct walk_block b;
    uint8_t key[8];
    const uint8_t *bytes = NULL;
    bool found = false;

    wire_store_u64(key, seq);
    if (evidence_seek(blocks, key, sizeof key, &item, &found, NULL) || !found ||
        item.key_size != sizeof key || !walk_block_open(&b, wire_load_u64(item.key), item.bytes, item.size) ||
        b.key < b.count)
        return NULL;
    for (uint64_t at = b.key - b.count + 1; at <= seq; at++) {
        if (!walk_block_entry(&b, &bytes, size))
            return NULL;
    }
    return bytes;
}

/* Which control.key names `key`? 0: none that can be found. */
static uint64_t find_naming(struct walk *w, const uint8_t *key)
{
    struct evidence_cursor *blocks = NULL;
    struct evidence_cursor *controls = NULL;
    struct evidence_item item;
    uint64_t named = 0;
    bool found = false;

    enum err_code rc = evidence_cursor_open(w->evidence, EVIDENCE_ENTRIES, &blocks, NULL);
    if (!rc)
        rc = evidence_cursor_open(w->evidence, EVIDENCE_CONTROL, &controls, NULL);
    while (!rc && named == 0) {
        struct canonical c;
        size_t size = 0;
        rc = evidence_next(controls, &item, &found, NULL);
        if (rc || !found)
            break;
        const uint64_t seq = item.key_size == 8 ? wire_load_u64(item.key) : 0;
        const uint8_t *const bytes = seq > 0 ? read_entry(blocks, seq, &size) : NULL;
        if (bytes && canonical_header(bytes, size, &c, NULL) == ERR_OK && c.kind == ENTRY_CONTROL_KEY &&
            canonical_body(&c, &w->kinds, NULL) == ERR_OK &&
            memcmp(c.body + 8, key, NOTE_PUBLIC_KEY_SIZE) == 0)
            named = seq;
    }
    evidence_cursor_close(blocks);
    evidence_cursor_close(controls);
    return named;
}

static enum err_code another_key(struct walk *w, struct err *err)
{
    const uint64_t named = find_naming(w, w->key.public_key);

    if (named == 0)
        return err_set(err, ERR_WRONG, "it names another key than the one that was given");
    return err_set(
        err, ERR_WRONG,
        "it names another key than the one that was given, which is a later epoch's: entry %" PRIu64
        " names it. Give the key of epoch 0, which was noted when the journal was made",
        named);
}

/* -- epochs ---------------------------------------------------------------------------------------------- */

enum err_code walk_key_genesis(struct walk *w, const char *origin, size_t origin_size, const uint8_t *key,
                               struct err *err)
{
    struct verify_report *const report = w->report;

    if (!w->has_key) {
        if (note_key_init(&w->key, origin, origin_size, NOTE_KEY_ED25519, key, err))
            return no_key(err);
        w->has_key = true;
        memcpy(report->origin, w->key.name, w->key.name_size + 1);
        note_key_format(report->vkey, &w->key);
    }
    if (origin_size != w->key.name_size || memcmp(origin, w->key.name, origin_size) != 0)
        return err_set(err, ERR_WRONG, "it names the journal \"%.*s\", and the given key is of \"%s\"",
                       (int)origin_size, origin, w->key.name);
    if (memcmp(key, w->key.public_key, sizeof w->key.public_key) != 0)
        return another_key(w, err);
    report->epochs = 1;
    report->epoch_entry = 1;
    memcpy(report->newest_vkey, report->vkey, sizeof report->vkey);
    return remember(&w->epochs, key, 1, err);
}

/* Who may name the next key: the journal itself, or an owner who signs it. */
static enum err_code check_form(struct walk *w, const struct canonical *c, struct err *err)
{
    const struct walk_known known = walk_known(w);
    const struct walk_actor *const actor = walk_actor_find(&known, c->actor);

    if (!c->signature && actor)
        return err_set(err, ERR_WRONG,
                       "it names the journal's next key unsigned, which only the journal itself may do");
    if (c->signature && actor->role != ROLE_OWNER)
        return err_set(err, ERR_WRONG,
                       "it puts another key in the place of the journal's, and %.*s is no owner",
                       actor->name_length, (const char *)actor->name);
    return ERR_OK;
}

static enum err_code check_new(const struct walk_epochs *e, const uint8_t *key, struct err *err)
{
    for (size_t i = 0; i < e->count; i++) {
        if (memcmp(e->rows[i].key, key, sizeof e->rows[i].key) == 0)
            return err_set(err, ERR_WRONG, "it names the key of epoch %zu again", i);
    }
    return ERR_OK;
}

/* i64 epoch, 32 bytes of key, then the reason. */
enum err_code walk_key_next(struct walk *w, const struct canonical *c, struct err *err)
{
    struct walk_epochs *const e = &w->epochs;
    struct verify_report *const report = w->report;
    const uint64_t epoch = wire_load_u64(c->body);
    const uint8_t *const bytes = c->body + 8;
    struct note_key key;

    enum err_code rc = check_form(w, c, err);
    if (!rc && epoch != e->count)
        rc = err_set(err, ERR_WRONG, "it begins epoch %" PRIu64 ", and the next one is %zu", epoch, e->count);
    if (!rc && note_key_init(&key, w->key.name, w->key.name_size, NOTE_KEY_ED25519, bytes, err))
        rc = no_key(err);
    if (!rc)
        rc = check_new(e, bytes, err);
    if (!rc)
        rc = remember(e, bytes, w->seq + (c->signature ? 1 : 2), err);
    if (rc)
        return rc;
    e->before = w->key;
    w->key = key;
    w->key_change = c->signature ? WALK_KEY_RECOVERY : WALK_KEY_HAND_OVER;
    report->epochs = e->count;
    report->epoch_entry = w->seq + 1;
    note_key_format(report->newest_vkey, &key);
    return ERR_OK;
}
