#include "audit/walk.h"

#include "ledger/checkpoint.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#define TILE_WIDTH 256
#define TILE_KEY   9

/* -- the first wrong place ------------------------------------------------------------------------------- */

static void where(struct verify_wrong *wrong)
{
    const size_t room = sizeof wrong->where;

    switch (wrong->place) {
    case VERIFY_NOWHERE: snprintf(wrong->where, room, "nowhere"); break;
    case VERIFY_ENTRY: snprintf(wrong->where, room, "entry %" PRIu64, wrong->number); break;
    case VERIFY_CHECK: snprintf(wrong->where, room, "check %" PRIu64, wrong->number); break;
    case VERIFY_TILE: snprintf(wrong->where, room, "tile %u/%" PRIu64, wrong->level, wrong->number); break;
    case VERIFY_SEAL: snprintf(wrong->where, room, "seal %" PRIu64, wrong->number); break;
    case VERIFY_INDEX: snprintf(wrong->where, room, "control index %" PRIu64, wrong->number); break;
    case VERIFY_TIMESTAMP: snprintf(wrong->where, room, "timestamp %" PRIu64, wrong->number); break;
    case VERIFY_TABLE:
        snprintf(wrong->where, room, "table %s", evidence_table_name((enum evidence_table)wrong->number));
        break;
    case VERIFY_KEPT: snprintf(wrong->where, room, "kept seal"); break;
    }
}

enum err_code walk_wrong(struct walk *w, enum verify_place place, unsigned level, uint64_t number,
                         const char *format, ...)
{
    struct verify_wrong *const wrong = &w->report->wrong;
    va_list args;

    *wrong = (struct verify_wrong){.place = place, .level = level, .number = number};
    if (place == VERIFY_ENTRY) {
        wrong->first = number;
        wrong->last = number;
    }
    where(wrong);
    va_start(args, format);
    vsnprintf(wrong->what, sizeof wrong->what, format, args);
    va_end(args);
    return ERR_WRONG;
}

/* -- reading on ------------------------------------------------------------------------------------------ */

enum err_code walk_row_next(struct walk *w, struct walk_row *row, enum evidence_table table, struct err *err)
{
    const enum err_code rc = evidence_next(row->cursor, &row->item, &row->found, err);

    if (rc || !row->found)
        return rc;
    if (row->item.key_size != 8) {
        row->found = false;
        return walk_wrong(w, VERIFY_TABLE, 0, (uint64_t)table, "a key has %zu bytes where all have 8",
                          row->item.key_size);
    }
    row->number = wire_load_u64(row->item.key);
    return ERR_OK;
}

bool walk_block_open(struct walk_block *b, uint64_t key, const uint8_t *bytes, size_t size)
{
    const unsigned count = size >= 2 ? (unsigned)bytes[0] << 8 | bytes[1] : 0;

    b->key = key;
    b->count = 0;
    b->next = 0;
    if (count == 0 || size - 2 < (2 + WALK_CHECK_SIZE) * (size_t)count)
        return false;
    b->count = count;
    b->lengths = bytes + 2;
    b->checks = b->lengths + 2 * (size_t)count;
    b->at = b->checks + WALK_CHECK_SIZE * (size_t)count;
    b->end = bytes + size;
    return true;
}

enum err_code walk_block_next(struct walk *w, bool *found, bool *malformed, struct err *err)
{
    struct walk_block *const b = &w->block;
    struct evidence_item item;

    b->count = 0;
    b->next = 0;
    const enum err_code rc = evidence_next(b->cursor, &item, found, err);
    if (rc || !*found)
        return rc;
    if (item.key_size != 8)
        return walk_wrong(w, VERIFY_TABLE, 0, EVIDENCE_ENTRIES, "a key has %zu bytes where all have 8",
                          item.key_size);
    *malformed = !walk_block_open(b, wire_load_u64(item.key), item.bytes, item.size);
    return ERR_OK;
}

bool walk_block_entry(struct walk_block *b, const uint8_t **bytes, size_t *size)
{
    if (b->next == b->count)
        return false;
    const uint8_t *const p = b->lengths + 2 * (size_t)b->next;
    const size_t length = (size_t)p[0] << 8 | p[1];
    if ((size_t)(b->end - b->at) < length)
        return false;
    *bytes = b->at;
    *size = length;
    b->at += length;
    b->next++;
    return true;
}

const uint8_t *walk_block_check(const struct walk_block *b)
{
    REQUIRE(b->next > 0);
    return b->checks + WALK_CHECK_SIZE * (size_t)(b->next - 1);
}

static enum err_code load_tile(struct walk *w, unsigned level, uint64_t index, struct err *err)
{
    struct walk_tile *const t = &w->tiles[level];
    struct evidence_item item;
    uint8_t key[TILE_KEY];
    bool found = false;

    if (!t->cursor) {
        const enum err_code rc = evidence_cursor_open(w->evidence, EVIDENCE_TILES, &t->cursor, err);
        if (rc)
            return rc;
    }
    key[0] = (uint8_t)level;
    wire_store_u64(key + 1, index);
    const enum err_code rc = evidence_seek(t->cursor, key, sizeof key, &item, &found, err);
    if (rc)
        return rc;
    t->is_loaded = true;
    t->index = index;
    t->count = 0;
    if (found && item.key_size == sizeof key && memcmp(item.key, key, sizeof key) == 0) {
        t->hashes = item.bytes;
        t->count = item.size / HASH_SIZE;
    }
    return ERR_OK;
}

enum err_code walk_slot(struct walk *w, unsigned level, uint64_t slot, const uint8_t **hash, struct err *err)
{
    struct walk_tile *const t = &w->tiles[level];

    if (!t->is_loaded || t->index != slot / TILE_WIDTH) {
        const enum err_code rc = load_tile(w, level, slot / TILE_WIDTH, err);
        if (rc)
            return rc;
    }
    *hash = slot % TILE_WIDTH < t->count ? t->hashes + slot % TILE_WIDTH * HASH_SIZE : NULL;
    return ERR_OK;
}

/* -- seals ----------------------------------------------------------------------------------------------- */

enum err_code walk_seal_check(const struct note_key *key, uint64_t number, const uint8_t *note, size_t size,
                              struct hash *root, struct err *err)
{
    struct checkpoint c;

    if (checkpoint_open(&c, note, size, key, 1, err)) {
        if (err)
            err->code = ERR_WRONG; /* whatever is wrong with a stored note, it is the evidence that is */
        return ERR_WRONG;
    }
    if (c.origin_size != key->name_size || memcmp(c.origin, key->name, c.origin_size) != 0)
        return err_set(err, ERR_WRONG, "it is of another journal, %s", c.origin);
    if (c.size != number)
        return err_set(err, ERR_WRONG, "its note covers %" PRIu64 " entries", c.size);
    if (c.extension_size > 0)
        return err_set(err, ERR_WRONG, "its note has more than three lines");
    *root = c.root;
    return ERR_OK;
}

enum err_code walk_seal_open(const struct walk *w, struct hash *root, struct err *err)
{
    const struct walk_row *const seal = &w->seal;

    if (!w->has_key)
        return err_set(err, ERR_WRONG, "there is no key to check it with");
    return walk_seal_check(walk_key_at(w, seal->number), seal->number, seal->item.bytes, seal->item.size,
                           root, err);
}
