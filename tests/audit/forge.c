#include "audit/forge.h"

#include "audit/raw.h"
#include "ledger/checkpoint.h"
#include "ledger/roles.h"
#include "support/random_entry.h"
#include "support/token.h"

#include <sodium.h>
#include <stdlib.h>

#define EPOCH_NS INT64_C(1450967460000000000)

/* -- rows ------------------------------------------------------------------------------------------------ */

static void *copied(const void *bytes, size_t size)
{
    uint8_t *const p = malloc(size ? size : 1);

    REQUIRE(p);
    if (size)
        memcpy(p, bytes, size);
    return p;
}

void forge_put(struct forge *f, enum evidence_table table, const void *key, size_t key_size,
               const void *bytes, size_t size)
{
    if (f->count == f->capacity) {
        f->capacity = f->capacity ? 2 * f->capacity : 64;
        f->rows = realloc(f->rows, f->capacity * sizeof *f->rows);
        REQUIRE(f->rows);
    }
    REQUIRE(key_size <= FORGE_KEY_MAX);
    struct forge_row *const row = &f->rows[f->count++];
    *row = (struct forge_row){.table = table, .key_size = key_size, .size = size};
    memcpy(row->key, key, key_size);
    row->bytes = copied(bytes, size);
}

void forge_put_number(struct forge *f, enum evidence_table table, uint64_t number, const void *bytes,
                      size_t size)
{
    uint8_t key[8];

    wire_store_u64(key, number);
    forge_put(f, table, key, sizeof key, bytes, size);
}

void forge_set(struct forge_row *row, const void *bytes, size_t size)
{
    uint8_t *const kept = copied(bytes, size);

    free(row->bytes);
    row->bytes = kept;
    row->size = size;
}

void forge_drop(struct forge *f, struct forge_row *row)
{
    REQUIRE(row);
    free(row->bytes);
    *row = f->rows[--f->count];
}

struct forge_row *forge_find(struct forge *f, enum evidence_table table, const void *key, size_t key_size)
{
    for (size_t i = 0; i < f->count; i++) {
        struct forge_row *const row = &f->rows[i];
        if (row->table == table && row->key_size == key_size && memcmp(row->key, key, key_size) == 0)
            return row;
    }
    return NULL;
}

struct forge_row *forge_find_number(struct forge *f, enum evidence_table table, uint64_t number)
{
    uint8_t key[8];

    wire_store_u64(key, number);
    return forge_find(f, table, key, sizeof key);
}

static void tile_key(uint8_t key[9], unsigned level, uint64_t index)
{
    key[0] = (uint8_t)level;
    wire_store_u64(key + 1, index);
}

struct forge_row *forge_find_tile(struct forge *f, unsigned level, uint64_t index)
{
    uint8_t key[9];

    tile_key(key, level, index);
    return forge_find(f, EVIDENCE_TILES, key, sizeof key);
}

static void stamp_key(uint8_t key[12], uint64_t size, uint32_t number)
{
    struct wire_out out;

    wire_out_init(&out, key, 12);
    wire_put_u64(&out, size);
    wire_put_u32(&out, number);
}

struct forge_row *forge_find_stamp(struct forge *f, uint64_t size, uint32_t number)
{
    uint8_t key[12];

    stamp_key(key, size, number);
    return forge_find(f, EVIDENCE_TIMESTAMPS, key, sizeof key);
}

void forge_stamp(struct forge *f, uint64_t size, uint32_t number, const void *bytes, size_t bytes_size,
                 const char *time)
{
    const struct forge_row *const seal = bytes ? NULL : forge_find_number(f, EVIDENCE_SEALS, size);
    uint8_t token[TOKEN_ROOM];
    uint8_t key[12];

    REQUIRE(bytes || seal);
    const size_t n = token_of(bytes ? bytes : seal->bytes, bytes ? bytes_size : seal->size, time, token);
    stamp_key(key, size, number);
    forge_put(f, EVIDENCE_TIMESTAMPS, key, sizeof key, token, n);
}

/* -- beginning and end ----------------------------------------------------------------------------------- */

void forge_init(struct forge *f, unsigned seed)
{
    uint8_t bytes[32] = {0};
    uint8_t public_key[32];

    memset(f, 0, sizeof *f);
    REQUIRE(sodium_init() >= 0);
    f->per_block = 5;
    f->now_ns = EPOCH_NS;
    f->signed_at_ns = EPOCH_NS;
    bytes[0] = (uint8_t)seed;
    crypto_sign_seed_keypair(public_key, f->secret, bytes);
    REQUIRE(note_key_init(&f->key, FORGE_ORIGIN, strlen(FORGE_ORIGIN), NOTE_KEY_ED25519, public_key, NULL) ==
            ERR_OK);
    for (unsigned i = 1; i <= FORGE_KEYS; i++) {
        bytes[1] = (uint8_t)i;
        crypto_sign_seed_keypair(f->actor_key[i], f->actor_secret[i], bytes);
    }
    forge_put(f, EVIDENCE_META, "layout", 6, "\0\0\0\2", 4);
}

void forge_release(struct forge *f)
{
    for (size_t i = 0; i < f->count; i++)
        free(f->rows[i].bytes);
    for (size_t i = 0; i < f->entry_count; i++)
        free(f->entries[i].bytes);
    free(f->rows);
    free(f->entries);
}

void forge_copy(struct forge *to, const struct forge *from)
{
    *to = *from;
    to->rows = malloc(from->capacity * sizeof *to->rows);
    to->entries = malloc(from->entry_capacity * sizeof *to->entries);
    REQUIRE(to->rows && to->entries);
    for (size_t i = 0; i < from->count; i++) {
        to->rows[i] = from->rows[i];
        to->rows[i].bytes = copied(from->rows[i].bytes, from->rows[i].size);
    }
    for (size_t i = 0; i < from->entry_count; i++) {
        to->entries[i] = from->entries[i];
        to->entries[i].bytes = copied(from->entries[i].bytes, from->entries[i].size);
    }
}

void forge_vkey(const struct forge *f, char out[NOTE_VKEY_TEXT_SIZE])
{
    note_key_format(out, &f->key);
}

/* -- entries --------------------------------------------------------------------------------------------- */

void forge_sign(const struct forge *f, uint8_t *bytes, size_t size, unsigned id)
{
    static uint8_t message[ENTRY_MAX_SIZE + 512];
    const size_t said = entry_statement(bytes, size, f->key.name, message);

    crypto_sign_detached(bytes + size - ENTRY_SIGNATURE_SIZE, NULL, message, said, f->actor_secret[id]);
}

void forge_sign_entry(struct forge *f, size_t index, unsigned id)
{
    forge_sign(f, f->entries[index].bytes, f->entries[index].size, id);
}

void forge_add(struct forge *f, struct entry *e)
{
    static uint8_t bytes[ENTRY_MAX_SIZE];
    struct err err;
    struct wire_out out;

    if (f->entry_count == f->entry_capacity) {
        f->entry_capacity = f->entry_capacity ? 2 * f->entry_capacity : 64;
        f->entries = realloc(f->entries, f->entry_capacity * sizeof *f->entries);
        REQUIRE(f->entries);
    }
    e->seq = f->entry_count + 1;
    e->recorded_at_ns = f->now_ns;
    if (e->is_signed)
        e->at_ns = f->signed_at_ns += 1000;
    wire_out_init(&out, bytes, sizeof bytes);
    if (entry_encode(e, &out, &err)) {
        fprintf(stderr, "%s\n", err.text);
        err_require_failed("the forged entry encodes", __FILE__, __LINE__);
    }
    f->entries[f->entry_count++] =
        (struct forge_entry){.bytes = copied(bytes, wire_out_size(&out)), .size = wire_out_size(&out)};
    if (e->is_signed)
        forge_sign_entry(f, f->entry_count - 1, e->actor);
}

static const enum role ROLES[FORGE_ACTORS + 1] = {ROLE_JOURNAL, ROLE_OPERATOR, ROLE_STRATEGY, ROLE_BROKER,
                                                  ROLE_RISK};

void forge_genesis(struct forge *f)
{
    static const char *const NAMES[] = {"operator:ann", "strategy:naked-put", "broker:paper",
                                        "risk:governor"};
    struct entry e;

    memset(&e, 0, sizeof e);
    e.kind = ENTRY_CONTROL_GENESIS;
    e.at_ns = INSTANT_NONE;
    e.as.control_genesis.origin = text_from(FORGE_ORIGIN);
    memcpy(e.as.control_genesis.key.bytes, f->key.public_key, 32);
    e.as.control_genesis.actors.count = FORGE_ACTORS;
    for (unsigned i = 0; i < FORGE_ACTORS; i++) {
        struct actor_row *const row = &e.as.control_genesis.actors.rows[i];
        row->name = id_from(NAMES[i]);
        row->role = ROLES[i + 1];
        memcpy(row->key, f->actor_key[i + 1], 32);
    }
    forge_add(f, &e);
}

void forge_note(struct forge *f, const char *text)
{
    struct entry e;

    memset(&e, 0, sizeof e);
    e.kind = ENTRY_CONTROL_NOTE;
    e.at_ns = INSTANT_NONE;
    e.as.control_note.text = text_from(text);
    forge_add(f, &e);
}

void forge_renew(struct forge *f, unsigned id)
{
    uint8_t seed[32] = {0};
    uint8_t secret[64];
    struct entry e;

    memcpy(seed, f->actor_key[id], sizeof seed);
    memset(&e, 0, sizeof e);
    e.kind = ENTRY_CONTROL_ACTOR_KEY;
    e.actor = id;
    e.is_signed = true;
    e.as.control_actor_key.actor_id = id;
    e.as.control_actor_key.reason = text_from("once a year");
    crypto_sign_seed_keypair(e.as.control_actor_key.key.bytes, secret, seed);
    forge_add(f, &e);
    memcpy(f->actor_secret[id], secret, sizeof secret);
    memcpy(f->actor_key[id], e.as.control_actor_key.key.bytes, 32);
}

void forge_key_draft(struct forge *f, uint32_t owner, struct entry *e)
{
    struct forge_epoch *const next = &f->later[f->later_count++];
    uint8_t seed[32] = {0};
    uint8_t public_key[32];

    REQUIRE(f->later_count <= FORGE_EPOCHS_MAX);
    memcpy(seed, f->secret, 2); /* another forge's keys are others */
    seed[2] = (uint8_t)f->later_count;
    crypto_sign_seed_keypair(public_key, next->secret, seed);
    REQUIRE(note_key_init(&next->key, FORGE_ORIGIN, strlen(FORGE_ORIGIN), NOTE_KEY_ED25519, public_key,
                          NULL) == ERR_OK);
    memset(e, 0, sizeof *e);
    e->kind = ENTRY_CONTROL_KEY;
    e->at_ns = INSTANT_NONE;
    e->actor = owner;
    e->is_signed = owner != 0;
    e->as.control_key.epoch = (int64_t)f->later_count;
    e->as.control_key.reason = text_from("rotation");
    memcpy(e->as.control_key.key.bytes, public_key, sizeof public_key);
    next->begins = f->entry_count + (owner ? 1 : 2);
}

void forge_key(struct forge *f, uint32_t owner)
{
    struct entry e;

    forge_key_draft(f, owner, &e);
    forge_add(f, &e);
}

/* A small random entry of a kind; large ones would only make the tampering slower. */
static void small_entry(struct random *r, const struct entry_kind_info *info, struct entry *e,
                        struct random_texts *texts)
{
    uint8_t bytes[400];
    struct wire_out out;

    do {
        do
            random_entry(r, info, FORGE_ACTORS + 1, e, texts);
        while (!role_may_write(ROLES[e->actor], e->kind));
        e->is_signed = false;
        wire_out_init(&out, bytes, sizeof bytes);
    } while (entry_encode(e, &out, NULL) != ERR_OK || wire_out_size(&out) > 180);
}

void forge_add_random(struct forge *f, struct random *r, enum entry_kind kind, uint32_t actor, bool is_signed)
{
    struct random_texts texts;
    struct entry e;

    small_entry(r, entry_kind_find(kind), &e, &texts);
    e.actor = actor;
    e.is_signed = is_signed;
    e.cause = entry_kind_is_derived(kind) || e.cause ? 1 + random_below(r, f->entry_count) : 0;
    forge_add(f, &e);
}

/* True: there was one already. */
static bool has(bool *flag)
{
    const bool before = *flag;

    *flag = true;
    return before;
}

/* Another one of this kind would be one too many. */
static bool is_over(struct forge *f, enum entry_kind kind)
{
    if (kind == ENTRY_CONTROL_ACTOR)
        return has(&f->has_fifth);
    if (kind == ENTRY_CONTROL_REVOCATION)
        return !f->has_fifth || has(&f->has_revoked);
    if (kind == ENTRY_CONTROL_ACTOR_KEY)
        return has(&f->has_renewed);
    return kind == ENTRY_CONTROL_GENESIS || kind == ENTRY_CONTROL_KEY; /* which is for forge_key() */
}

/* What a random entry about actors must say. */
static void aim(const struct forge *f, struct entry *e)
{
    if (e->kind == ENTRY_CONTROL_ACTOR) {
        e->as.control_actor.actor_id = FORGE_ACTORS + 1;
        e->as.control_actor.role = ROLE_AUDITOR;
        memcpy(e->as.control_actor.key.bytes, f->actor_key[FORGE_ACTORS + 1], 32);
    } else if (e->kind == ENTRY_CONTROL_REVOCATION) {
        e->actor = FORGE_ACTORS + 1;
        e->as.control_revocation.actor_id = e->actor;
    } else if (e->kind == ENTRY_CONTROL_ACTOR_KEY) {
        e->actor = FORGE_BROKER;
        e->as.control_actor_key.actor_id = e->actor;
        memcpy(e->as.control_actor_key.key.bytes, f->actor_key[FORGE_BROKER], 32);
    }
}

void forge_many(struct forge *f, size_t count, uint64_t seed)
{
    struct random r = {seed};
    struct random_texts texts;
    struct entry e;
    size_t kinds = 0;
    const struct entry_kind_info *const table = entry_kinds(&kinds);

    for (size_t i = 0; count > 0; i++) {
        const struct entry_kind_info *const info = &table[i % kinds];
        if (is_over(f, info->kind))
            continue;
        small_entry(&r, info, &e, &texts);
        e.cause = entry_kind_is_derived(e.kind) || e.cause ? 1 + random_below(&r, f->entry_count) : 0;
        if (entry_kind_needs_signature(e.kind)) {
            e.is_signed = true;
            e.actor = FORGE_OPERATOR;
        }
        aim(f, &e);
        forge_add(f, &e);
        count--;
    }
}

void forge_small(struct forge *f, unsigned seed, unsigned groups, size_t each)
{
    forge_init(f, seed);
    forge_genesis(f);
    for (unsigned g = 0; g < groups; g++) {
        f->now_ns += 1000000;
        forge_many(f, each - (g == 0 || g == 2 ? 1 : 0), 17 * seed + g + 1);
        if (g == 2)
            forge_key(f, 0);
        forge_group(f);
    }
}

/* -- storing --------------------------------------------------------------------------------------------- */

void forge_check(struct forge_entry *e)
{
    const struct hash leaf = hash_leaf(e->bytes, e->size);

    memcpy(e->check, leaf.bytes, sizeof e->check);
    e->has_check = true;
}

static void put_block(struct forge *f, size_t first, size_t count)
{
    static uint8_t value[1 << 20];
    struct wire_out out;

    wire_out_init(&out, value, sizeof value);
    wire_put_u16(&out, (uint16_t)count);
    for (size_t i = 0; i < count; i++)
        wire_put_u16(&out, (uint16_t)f->entries[first + i].size);
    for (size_t i = 0; i < count; i++) {
        struct forge_entry *const e = &f->entries[first + i];
        if (!e->has_check)
            forge_check(e);
        wire_put_bytes(&out, e->check, sizeof e->check);
    }
    for (size_t i = 0; i < count; i++)
        wire_put_bytes(&out, f->entries[first + i].bytes, f->entries[first + i].size);
    REQUIRE(!out.bad);
    forge_put_number(f, EVIDENCE_ENTRIES, first + count, value, wire_out_size(&out));
}

void forge_blocks(struct forge *f)
{
    while (f->stored < f->entry_count) {
        const size_t left = f->entry_count - f->stored;
        const size_t count = left < f->per_block ? left : f->per_block;
        put_block(f, f->stored, count);
        for (size_t i = f->stored; i < f->stored + count; i++) {
            if (f->entries[i].bytes[2] == FAMILY_CONTROL)
                forge_put_number(f, EVIDENCE_CONTROL, i + 1, NULL, 0);
        }
        f->stored += count;
    }
}

/* The same blocks as before, by their keys, with what entries[] says now. */
void forge_restore_blocks(struct forge *f)
{
    uint64_t first = 0;

    for (uint64_t key = 1; key <= f->entry_count; key++) {
        struct forge_row *const row = forge_find_number(f, EVIDENCE_ENTRIES, key);
        if (!row)
            continue;
        forge_drop(f, row);
        put_block(f, first, key - first);
        first = key;
    }
}

void forge_checks(struct forge *f)
{
    for (size_t i = 0; i < f->entry_count; i++)
        forge_check(&f->entries[i]);
    forge_restore_blocks(f);
}

void forge_tiles(struct forge *f)
{
    size_t count = f->entry_count;
    struct hash *hashes = malloc((count ? count : 1) * sizeof *hashes);

    REQUIRE(hashes);
    for (size_t i = 0; i < count; i++)
        hashes[i] = hash_leaf(f->entries[i].bytes, f->entries[i].size);
    for (unsigned level = 0; count > 0; level++) {
        for (size_t at = 0; at < count && level > 0; at += 256) {
            const size_t width = count - at < 256 ? count - at : 256;
            struct forge_row *const row = forge_find_tile(f, level, at / 256);
            uint8_t key[9];
            tile_key(key, level, at / 256);
            if (row)
                forge_set(row, &hashes[at], width * HASH_SIZE);
            else
                forge_put(f, EVIDENCE_TILES, key, sizeof key, &hashes[at], width * HASH_SIZE);
        }
        count /= 256;
        for (size_t i = 0; i < count; i++) {
            for (size_t width = 256; width > 1; width /= 2) {
                for (size_t j = 0; j < width / 2; j++)
                    hashes[256 * i + j] = hash_node(&hashes[256 * i + 2 * j], &hashes[256 * i + 2 * j + 1]);
            }
            hashes[i] = hashes[256 * i];
        }
    }
    free(hashes);
}

static struct hash root_of(const struct forge_entry *entries, uint64_t n)
{
    uint64_t left = 1;

    if (n == 0)
        return hash_empty();
    if (n == 1)
        return hash_leaf(entries[0].bytes, entries[0].size);
    while (2 * left < n)
        left *= 2;
    const struct hash l = root_of(entries, left);
    const struct hash r = root_of(entries + left, n - left);
    return hash_node(&l, &r);
}

struct hash forge_root(const struct forge *f, uint64_t size)
{
    return root_of(f->entries, size);
}

void forge_seal_text(struct forge *f, uint64_t key, const char *origin, uint64_t size,
                     const struct hash *root, const char *extension)
{
    const uint8_t *secret = f->secret;
    const struct note_key *signer = &f->key;
    struct checkpoint c;
    uint8_t signature[64];
    char text[CHECKPOINT_TEXT_MAX + 100];
    char note[CHECKPOINT_NOTE_MAX + 100];
    size_t text_size = 0;
    size_t note_size = 0;

    for (size_t i = 0; i < f->later_count && f->later[i].begins <= key; i++) {
        secret = f->later[i].secret;
        signer = &f->later[i].key;
    }
    REQUIRE(checkpoint_init(&c, origin, strlen(origin), size, root, NULL) == ERR_OK);
    c.extension = extension;
    c.extension_size = strlen(extension);
    REQUIRE(checkpoint_format(&c, text, sizeof text, &text_size, NULL) == ERR_OK);
    crypto_sign_detached(signature, NULL, (const uint8_t *)text, text_size, secret);
    REQUIRE(note_build(note, sizeof note, &note_size, text, text_size, signer, signature, NULL) == ERR_OK);
    struct forge_row *const row = forge_find_number(f, EVIDENCE_SEALS, key);
    if (row)
        forge_set(row, note, note_size);
    else
        forge_put_number(f, EVIDENCE_SEALS, key, note, note_size);
}

void forge_seal(struct forge *f, uint64_t size)
{
    const struct hash root = forge_root(f, size);

    forge_seal_text(f, size, f->key.name, size, &root, "");
}

void forge_group(struct forge *f)
{
    forge_blocks(f);
    forge_tiles(f);
    forge_seal(f, f->entry_count);
}

/* -- the raw export -------------------------------------------------------------------------------------- */

static int compare_rows(const void *a, const void *b)
{
    const struct forge_row *const x = a;
    const struct forge_row *const y = b;

    if (x->table != y->table)
        return x->table < y->table ? -1 : 1;
    const size_t common = x->key_size < y->key_size ? x->key_size : y->key_size;
    const int order = memcmp(x->key, y->key, common);
    if (order != 0)
        return order;
    return x->key_size < y->key_size ? -1 : x->key_size > y->key_size;
}

uint8_t *forge_image(struct forge *f, size_t *size)
{
    uint64_t counts[EVIDENCE_TABLES] = {0};
    size_t total = RAW_MAGIC_SIZE + RAW_HEAD_SIZE + 8 * EVIDENCE_TABLES;
    struct wire_out out;

    qsort(f->rows, f->count, sizeof *f->rows, compare_rows);
    for (size_t i = 0; i < f->count; i++)
        total += RAW_HEAD_SIZE + f->rows[i].key_size + f->rows[i].size;
    uint8_t *const image = malloc(total);
    REQUIRE(image);
    wire_out_init(&out, image, total);
    wire_put_bytes(&out, RAW_MAGIC, RAW_MAGIC_SIZE);
    for (size_t i = 0; i < f->count; i++) {
        const struct forge_row *const row = &f->rows[i];
        wire_put_u8(&out, (uint8_t)RAW_TYPES[row->table]);
        wire_put_u16(&out, (uint16_t)row->key_size);
        wire_put_u32(&out, (uint32_t)row->size);
        wire_put_bytes(&out, row->key, row->key_size);
        wire_put_bytes(&out, row->bytes, row->size);
        counts[row->table]++;
    }
    wire_put_u8(&out, RAW_END);
    wire_put_u16(&out, 0);
    wire_put_u32(&out, 8 * EVIDENCE_TABLES);
    for (int t = 0; t < EVIDENCE_TABLES; t++)
        wire_put_u64(&out, counts[t]);
    REQUIRE(!out.bad && wire_out_size(&out) == total);
    *size = total;
    return image;
}
