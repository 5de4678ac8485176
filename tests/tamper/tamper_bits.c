/* Flipped bits: of the raw export as it stands, and of keys as a database would sort them. */
#include "tamper/mutation.h"

#include "audit/raw.h"
#include "ledger/wire.h"

#include <stdlib.h>

/* A record of the export: where its parts begin. */
struct record {
    uint8_t type;
    const uint8_t *before; /* the key of the record before, of the same type; NULL: it is the first */
    const uint8_t *after;  /* ... and behind */
    size_t key;
    size_t value;
    size_t end;
};

/* Finds the record that holds byte `offset`. False: the byte is of the magic. */
static bool record_at(const uint8_t *image, size_t offset, struct record *r)
{
    size_t at = RAW_MAGIC_SIZE;

    *r = (struct record){.type = 0};
    while (offset >= at) {
        const uint8_t *const p = image + at;
        r->before = r->type == p[0] ? image + r->key : NULL;
        r->type = p[0];
        r->key = at + RAW_HEAD_SIZE;
        r->value = r->key + ((size_t)p[1] << 8 | p[2]);
        r->end = r->value + ((size_t)p[3] << 24 | (size_t)p[4] << 16 | (size_t)p[5] << 8 | p[6]);
        at = r->end;
    }
    r->after = r->type && r->type != RAW_END && image[at] == r->type ? image + at + RAW_HEAD_SIZE : NULL;
    return r->type != 0;
}

/* Which entry a byte of a block belongs to, or whose check it is. */
static void expect_in_block(struct mutation *m, const uint8_t *block, uint64_t last, size_t offset)
{
    const unsigned count = (unsigned)block[0] << 8 | block[1];
    const uint64_t first = last - count + 1;
    const size_t checks = 2 + 2 * (size_t)count;
    size_t at = checks + 4 * (size_t)count;
    uint64_t seq = first;

    if (offset < 2) /* the count: any entry of the block may be the first to suffer */
        expect_between(m, "entry", first, last);
    else if (offset < checks)
        expect_at(m, "entry", first + (offset - 2) / 2);
    else if (offset < at)
        expect_at(m, "check", first + (offset - checks) / 4);
    else {
        while (offset >= (at += (size_t)block[2 * (seq - first) + 2] << 8 | block[2 * (seq - first) + 3]))
            seq++;
        expect_at(m, "entry", seq);
    }
}

/* Seal `old` became seal `now`: that one is wrong, and where a key changes, the old one is missed. */
static void expect_moved_seal(struct mutation *m, uint64_t old, uint64_t now)
{
    const bool is_missed = world_hand_over_from(m->world, old) == old;

    expect_at(m, "seal", is_missed && old < now ? old : now);
}

/* A timestamp moved to another seal, or number: it is wrong there, and where a later number is left, it is missed. */
static void expect_moved_stamp(struct mutation *m, const uint8_t *was, const uint8_t *is)
{
    const uint64_t old = wire_load_u64(was);
    const uint64_t now = wire_load_u64(is);
    const bool is_missed = (uint64_t)was[11] + 1 < world_stamps(m->world, old);

    expect_at(m, "timestamp", is_missed && old < now ? old : now);
}

/* A key that becomes another, in the place of the old one. */
static void expect_key(struct mutation *m, const struct record *r, const uint8_t *was, const uint8_t *is)
{
    const size_t size = r->value - r->key;
    const bool in_order =
        (!r->before || memcmp(r->before, is, size) < 0) && (!r->after || memcmp(is, r->after, size) < 0);
    const uint64_t old = wire_load_u64(was + (r->type == 'T'));
    const uint64_t now = wire_load_u64(is + (r->type == 'T'));
    char level[20];

    snprintf(level, sizeof level, "tile %u/", was[0]);
    if (!in_order)
        expect_not_checked(m);
    else if (r->type == 'B')
        expect_at(m, "entry", (now > old ? old : now) + 1);
    else if (r->type == 'T')
        expect_at(m, level, old);
    else if (r->type == 'S')
        expect_moved_seal(m, old, now);
    else if (r->type == 'X')
        expect_moved_stamp(m, was, is);
    else
        expect_at(m, "control index", now < old ? now : old);
}

/* A line of others may become one that says nothing. */
static void expect_in_seal(struct mutation *m, uint64_t size, size_t offset)
{
    struct forge *const f = &m->f;

    if (offset < world_bare_size(forge_find_number(f, EVIDENCE_SEALS, size)))
        expect_at(m, "seal", size);
    else
        expect_agreement(m);
}

bool expect_bit(struct mutation *m, size_t offset)
{
    const uint8_t *const honest = m->world->image;
    struct record r;
    char level[20];

    if (!record_at(honest, offset, &r) || offset < r.key || r.type == RAW_END || r.type == 'M') {
        expect_not_checked(m);
        return true;
    }
    if (offset < r.value) {
        expect_key(m, &r, honest + r.key, m->image + r.key);
        return true;
    }
    snprintf(level, sizeof level, "tile %u/", honest[r.key]);
    if (r.type == 'B')
        expect_in_block(m, honest + r.value, wire_load_u64(honest + r.key), offset - r.value);
    else if (r.type == 'T')
        expect_at(m, level, wire_load_u64(honest + r.key + 1));
    else if (r.type == 'X') /* what no certificate is asked for may be anything */
        expect_agreement(m);
    else
        expect_in_seal(m, wire_load_u64(honest + r.key), offset - r.value);
    return true;
}

static void take_image(struct mutation *m)
{
    m->size = m->world->image_size;
    m->image = malloc(m->size);
    REQUIRE(m->image);
    memcpy(m->image, m->world->image, m->size);
}

enum part { PART_FRAME, PART_HEAD, PART_CHECK, PART_ENTRY, PART_VALUE };

static enum part part_of(const struct mutation *m, const struct record *r, size_t offset)
{
    const uint8_t *const block = m->world->image + r->value;

    if (!r->type || offset < r->key || r->type == RAW_END || r->type == 'M')
        return PART_FRAME;
    if (r->type != 'B' || offset < r->value)
        return PART_VALUE;
    const size_t count = (size_t)block[0] << 8 | block[1];
    if (offset - r->value < 2 + 2 * count)
        return PART_HEAD;
    return offset - r->value < 2 + 6 * count ? PART_CHECK : PART_ENTRY;
}

/* A bit of a byte that is such a part of such a record. */
static bool flip(struct mutation *m, uint8_t type, enum part part)
{
    struct record r = {.type = 0};
    size_t offset = 0;
    unsigned tries = 0;

    do {
        if (++tries > 3000)
            return false; /* this world has none */
        offset = random_below(m->random, m->world->image_size);
        record_at(m->world->image, offset, &r);
    } while ((type && (r.type != type || offset < r.value)) || part_of(m, &r, offset) != part);
    const unsigned bit = (unsigned)random_below(m->random, 8);
    take_image(m);
    m->image[offset] ^= (uint8_t)(1u << bit);
    mutation_tell(m, "bit %u of byte %zu of the export", bit, offset);
    return expect_bit(m, offset);
}

static bool bit_of_entry(struct mutation *m)
{
    return flip(m, 'B', PART_ENTRY);
}

static bool bit_of_check(struct mutation *m)
{
    return flip(m, 'B', PART_CHECK);
}

static bool bit_of_head(struct mutation *m)
{
    return flip(m, 'B', PART_HEAD);
}

static bool bit_of_tile(struct mutation *m)
{
    return flip(m, 'T', PART_VALUE);
}

static bool bit_of_seal(struct mutation *m)
{
    return flip(m, 'S', PART_VALUE);
}

static bool bit_of_frame(struct mutation *m)
{
    return flip(m, 0, PART_FRAME);
}

/* A block moves, with its key, to where the key belongs. */
static void expect_block(struct mutation *m, const struct forge_row *row, uint64_t old)
{
    const uint64_t now = wire_load_u64(row->key);
    const uint64_t first = old - ((uint64_t)row->bytes[0] << 8 | row->bytes[1]) + 1;
    uint64_t before = 0; /* entries in the blocks before it, where it is now */

    for (size_t i = 0; i < m->f.count; i++) {
        const uint64_t key = wire_load_u64(m->f.rows[i].key);
        if (&m->f.rows[i] != row && m->f.rows[i].table == EVIDENCE_ENTRIES && key < now && key > before)
            before = key;
    }
    if (before + 1 == first)
        expect_at(m, "entry", (now > old ? old : now) + 1);
    else
        expect_at(m, "entry", before + 1 < first ? before + 1 : first);
}

static bool bit_of_key(struct mutation *m)
{
    struct forge_row *const row = &m->f.rows[random_below(m->random, m->f.count)];
    uint8_t key[FORGE_KEY_MAX];
    char level[20];

    if (row->table == EVIDENCE_META)
        return false;
    memcpy(key, row->key, sizeof key);
    mutation_flip(m, key, row->key_size);
    if (forge_find(&m->f, row->table, key, row->key_size))
        return false;
    const size_t prefix = row->table == EVIDENCE_TILES ? 1 : 0;
    const uint64_t old = wire_load_u64(row->key + prefix);
    const uint64_t now = wire_load_u64(key + prefix);
    uint8_t was[FORGE_KEY_MAX];
    snprintf(level, sizeof level, "tile %u/", row->key[0]);
    memcpy(was, row->key, sizeof was);
    memcpy(row->key, key, sizeof key);
    mutation_tell(m, "the key %" PRIu64 " of %s became %" PRIu64, old, evidence_table_name(row->table), now);
    if (row->table == EVIDENCE_ENTRIES)
        expect_block(m, row, old);
    else if (row->table == EVIDENCE_TILES)
        expect_at(m, level, old);
    else if (row->table == EVIDENCE_SEALS)
        expect_moved_seal(m, old, now);
    else if (row->table == EVIDENCE_TIMESTAMPS)
        expect_moved_stamp(m, was, key);
    else
        expect_at(m, "control index", now < old ? now : old);
    return true;
}

const struct tampering TAMPERINGS_BITS[] = {
    {"a bit of an entry", bit_of_entry, 10},
    {"a bit of an entry's check", bit_of_check, 4},
    {"a bit of a block's head", bit_of_head, 4},
    {"a bit of a tile", bit_of_tile, 4},
    {"a bit of a seal", bit_of_seal, 6},
    {"a bit of a key", bit_of_key, 4},
    {"a bit of the export's frame", bit_of_frame, 2},
    {NULL, NULL, 0},
};
