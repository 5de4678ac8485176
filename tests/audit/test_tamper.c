/*
 * Tamper with everything: each bit of each entry, tile, seal and key; entries removed, swapped, repeated,
 * edited with all that follows recomputed; tails cut; rows dropped and added. Verification must say no, and
 * name the place.
 */
#include "audit/forge.h"
#include "audit/verify.h"

#include "ledger/checkpoint.h"
#include "ledger/wire.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define GROUPS 5
#define EACH   8
#define COUNT  (GROUPS * EACH)

static struct forge honest; /* 40 entries, 5 groups of 8, blocks of 5 and 3 */
static char vkey[NOTE_VKEY_TEXT_SIZE];
static struct verify_report report;
static struct err err;

static enum err_code verify_bytes(const uint8_t *image, size_t size, const char *key)
{
    const struct verify_options options = {.vkey = key};
    struct evidence *evidence = NULL;

    enum err_code rc = evidence_open_memory(image, size, &evidence, &err);
    if (!rc)
        rc = verify_evidence(evidence, &options, &report, &err);
    evidence_close(evidence);
    return rc;
}

static enum err_code verify_forge(struct forge *f, const char *key)
{
    size_t size = 0;
    uint8_t *const image = forge_image(f, &size);
    const enum err_code rc = verify_bytes(image, size, key);

    free(image);
    return rc;
}

static void expect_where(enum err_code rc, const char *where, const char *story)
{
    if (rc != ERR_WRONG || strcmp(report.wrong.where, where) != 0)
        fail_msg("%s: expected %s to be wrong; got %s: %s", story, where, err_code_name(rc),
                 rc ? err.text : "all is well");
    assert_true(strncmp(err.text, where, strlen(where)) == 0);
    assert_false(report.integrity_ok && report.complete_ok);
}

/* -- every bit of every value ------------------------------------------------------------------------------ */

/* Which entry a byte of a block belongs to; for a byte of the count, the block's first and last are both good. */
static uint64_t entry_at(const uint8_t *block, uint64_t key, size_t offset)
{
    const unsigned count = (unsigned)block[0] << 8 | block[1];
    const uint64_t first = key - count + 1;
    size_t at = 2 + 2 * (size_t)count;

    if (offset < 2)
        return 0;
    if (offset < at)
        return first + (offset - 2) / 2;
    for (unsigned i = 0; i < count; i++) {
        at += (size_t)block[2 + 2 * i] << 8 | block[3 + 2 * i];
        if (offset < at)
            return first + i;
    }
    return 0;
}

static void expected_where(char *out, size_t room, uint8_t type, const uint8_t *key, const uint8_t *value,
                           size_t offset)
{
    if (type == 'B')
        snprintf(out, room, "entry %" PRIu64, entry_at(value, wire_load_u64(key), offset));
    else if (type == 'T')
        snprintf(out, room, "tile %u/%" PRIu64, key[0], wire_load_u64(key + 1));
    else
        snprintf(out, room, "seal %" PRIu64, wire_load_u64(key));
}

/* Flips each bit of one record's value. Returns how many it flipped. */
static unsigned flip_record(uint8_t *image, size_t image_size, uint8_t type, const uint8_t *key,
                            uint8_t *value, size_t size, unsigned step)
{
    unsigned flipped = 0;
    char where[VERIFY_PLACE_SIZE];
    char story[100];

    for (size_t offset = 0; offset < size; offset++) {
        for (unsigned bit = (unsigned)(offset % step); bit < 8; bit += step) {
            expected_where(where, sizeof where, type, key, value, offset);
            value[offset] ^= (uint8_t)(1u << bit);
            const enum err_code rc = verify_bytes(image, image_size, NULL);
            value[offset] ^= (uint8_t)(1u << bit);
            snprintf(story, sizeof story, "bit %u of byte %zu of record %c", bit, offset, type);
            flipped++;
            if (type == 'B' &&
                offset < 2) { /* the count: any entry of the block may be the first to suffer */
                const uint64_t last = wire_load_u64(key);
                const uint64_t first = last - ((uint64_t)value[0] << 8 | value[1]) + 1;
                assert_int_equal(rc, ERR_WRONG);
                assert_int_equal(report.wrong.place, VERIFY_ENTRY);
                assert_in_range(report.wrong.number, first, last);
            } else {
                expect_where(rc, where, story);
            }
        }
    }
    return flipped;
}

static unsigned flip_all(struct forge *f, const char *types, unsigned step)
{
    size_t image_size = 0;
    uint8_t *const image = forge_image(f, &image_size);
    unsigned flipped = 0;

    assert_int_equal(verify_bytes(image, image_size, NULL), ERR_OK);
    for (uint8_t *p = image + 12; *p != 'E';) {
        const size_t key_size = (size_t)p[1] << 8 | p[2];
        const size_t size = (size_t)p[3] << 24 | (size_t)p[4] << 16 | (size_t)p[5] << 8 | p[6];
        if (strchr(types, *p))
            flipped += flip_record(image, image_size, *p, p + 7, p + 7 + key_size, size, step);
        p += 7 + key_size + size;
    }
    assert_int_equal(verify_bytes(image, image_size, NULL), ERR_OK);
    free(image);
    return flipped;
}

static void test_every_flipped_bit_of_an_entry_is_named(void **state)
{
    (void)state;
    assert_true(flip_all(&honest, "B", 1) > 20000);
}

static void test_every_flipped_bit_of_a_tile_or_seal_is_named(void **state)
{
    (void)state;
    assert_true(flip_all(&honest, "TS", 1) > 15000);
}

static void test_flipped_bits_of_upper_tiles_are_named(void **state)
{
    struct forge f;

    (void)state;
    forge_init(&f, 3);
    f.per_block = 200;
    forge_genesis(&f);
    for (int i = 1; i < 600; i++)
        forge_note(&f, "");
    forge_group(&f);
    assert_true(flip_all(&f, "T", 61) > 300);
    forge_release(&f);
}

/* -- every bit of every key -------------------------------------------------------------------------------- */

static void test_every_flipped_bit_of_a_key_is_noticed(void **state)
{
    struct forge f;

    (void)state;
    forge_copy(&f, &honest);
    const size_t count = f.count;
    for (size_t i = 0; i < count; i++) {
        for (unsigned bit = 0; bit < 8 * 9; bit++) {
            struct forge_row *row = NULL;
            struct forge_row was = honest.rows[i];
            uint8_t key[FORGE_KEY_MAX];
            memcpy(key, was.key, sizeof key);
            if (was.table == EVIDENCE_META || bit >= 8 * was.key_size)
                continue;
            key[bit / 8] ^= (uint8_t)(1u << bit % 8);
            if (forge_find(&f, was.table, key, was.key_size))
                continue; /* two rows cannot have one key */
            row = forge_find(&f, was.table, was.key, was.key_size);
            memcpy(row->key, key, sizeof key);
            const enum err_code rc = verify_forge(&f, NULL);
            if (rc != ERR_WRONG)
                fail_msg("bit %u of key %zu: %s", bit, i, err_code_name(rc));
            assert_int_not_equal(report.wrong.place, VERIFY_NOWHERE);
            row = forge_find(&f, was.table, key, was.key_size);
            memcpy(row->key, was.key, sizeof key);
        }
    }
    assert_int_equal(verify_forge(&f, NULL), ERR_OK);
    forge_release(&f);
}

/* -- stories ------------------------------------------------------------------------------------------------ */

/* Block of entries from `first` with the given entries, under `key`. */
static void put_block(struct forge *f, uint64_t key, const size_t *indices, size_t count)
{
    static uint8_t value[20000];
    struct forge_row *const row = forge_find_number(f, EVIDENCE_ENTRIES, key);
    struct wire_out out;

    wire_out_init(&out, value, sizeof value);
    wire_put_u16(&out, (uint16_t)count);
    for (size_t i = 0; i < count; i++)
        wire_put_u16(&out, (uint16_t)f->entries[indices[i]].size);
    for (size_t i = 0; i < count; i++)
        wire_put_bytes(&out, f->entries[indices[i]].bytes, f->entries[indices[i]].size);
    if (row)
        forge_set(row, value, wire_out_size(&out));
    else
        forge_put_number(f, EVIDENCE_ENTRIES, key, value, wire_out_size(&out));
}

/* The block of entries 9 .. 13 is at key 13; indices count from 0. */
static void remove_entry(struct forge *f)
{
    put_block(f, 13, (const size_t[]){8, 9, 11, 12}, 4);
}

static void remove_last_of_block(struct forge *f)
{
    put_block(f, 13, (const size_t[]){8, 9, 10, 11}, 4);
}

static void swap_entries(struct forge *f)
{
    put_block(f, 13, (const size_t[]){8, 10, 9, 11, 12}, 5);
}

static void repeat_entry(struct forge *f)
{
    put_block(f, 13, (const size_t[]){8, 9, 10, 10, 11, 12}, 6);
}

static void replace_by_copy(struct forge *f)
{
    put_block(f, 13, (const size_t[]){8, 9, 9, 11, 12}, 5);
}

static void remove_block(struct forge *f)
{
    forge_drop(f, forge_find_number(f, EVIDENCE_ENTRIES, 13));
}

static void remove_first_block(struct forge *f)
{
    forge_drop(f, forge_find_number(f, EVIDENCE_ENTRIES, 5));
}

static void insert_block(struct forge *f)
{
    put_block(f, 14, (const size_t[]){13}, 1);
}

static void append_block(struct forge *f)
{
    put_block(f, COUNT + 1, (const size_t[]){COUNT - 1}, 1);
}

static void empty_block(struct forge *f)
{
    forge_set(forge_find_number(f, EVIDENCE_ENTRIES, 13), "\0\0", 2);
}

static void bytes_after_block(struct forge *f)
{
    struct forge_row *const row = forge_find_number(f, EVIDENCE_ENTRIES, 13);
    uint8_t bytes[4000];

    memcpy(bytes, row->bytes, row->size);
    bytes[row->size] = 0;
    forge_set(row, bytes, row->size + 1);
}

static void cut_block(struct forge *f)
{
    struct forge_row *const row = forge_find_number(f, EVIDENCE_ENTRIES, 13);

    row->size -= 1;
}

static void no_entries(struct forge *f)
{
    for (size_t i = f->count; i-- > 0;) {
        if (f->rows[i].table == EVIDENCE_ENTRIES)
            forge_drop(f, &f->rows[i]);
    }
}

/* The newest group's two blocks. */
static void cut_tail(struct forge *f)
{
    forge_drop(f, forge_find_number(f, EVIDENCE_ENTRIES, 40));
    forge_drop(f, forge_find_number(f, EVIDENCE_ENTRIES, 37));
}

static void cut_tail_and_seal(struct forge *f)
{
    cut_tail(f);
    forge_drop(f, forge_find_number(f, EVIDENCE_SEALS, 40));
}

static void cut_tail_seal_and_tile(struct forge *f)
{
    cut_tail_and_seal(f);
    forge_find_tile(f, 0, 0)->size = 32 * HASH_SIZE;
    f->entry_count = 32;
    for (uint64_t seq = 33; seq <= 40; seq++) {
        struct forge_row *const row = forge_find_number(f, EVIDENCE_CONTROL, seq);
        if (row)
            forge_drop(f, row);
    }
}

static void drop_newest_seal(struct forge *f)
{
    forge_drop(f, forge_find_number(f, EVIDENCE_SEALS, 40));
}

static void drop_all_seals(struct forge *f)
{
    for (uint64_t size = 8; size <= 40; size += 8)
        forge_drop(f, forge_find_number(f, EVIDENCE_SEALS, size));
}

static void surplus_seal(struct forge *f)
{
    forge_put_number(f, EVIDENCE_SEALS, 11, forge_find_number(f, EVIDENCE_SEALS, 8)->bytes, 20);
}

static void zero_seal(struct forge *f)
{
    const struct forge_row *const row = forge_find_number(f, EVIDENCE_SEALS, 8);

    forge_put_number(f, EVIDENCE_SEALS, 0, row->bytes, row->size);
}

static void later_seal(struct forge *f)
{
    const struct hash root = forge_root(f, 40);

    forge_seal_text(f, 48, f->key.name, 48, &root, "");
}

static void seal_of_another_journal(struct forge *f)
{
    const struct hash root = forge_root(f, 16);

    forge_seal_text(f, 16, "desk.example/other", 16, &root, "");
}

static void seal_with_extension(struct forge *f)
{
    const struct hash root = forge_root(f, 16);

    forge_seal_text(f, 16, f->key.name, 16, &root, "more\n");
}

static void seal_of_another_size(struct forge *f)
{
    const struct hash root = forge_root(f, 16);

    forge_seal_text(f, 16, f->key.name, 17, &root, "");
}

static void seal_of_another_root(struct forge *f)
{
    const struct hash root = forge_root(f, 15);

    forge_seal_text(f, 16, f->key.name, 16, &root, "");
}

static void swap_seals(struct forge *f)
{
    struct forge_row *const a = forge_find_number(f, EVIDENCE_SEALS, 16);
    struct forge_row *const b = forge_find_number(f, EVIDENCE_SEALS, 24);
    uint8_t *const bytes = a->bytes;
    const size_t size = a->size;

    a->bytes = b->bytes;
    a->size = b->size;
    b->bytes = bytes;
    b->size = size;
}

static void drop_tile(struct forge *f)
{
    forge_drop(f, forge_find_tile(f, 0, 0));
}

static void shorten_tile(struct forge *f)
{
    forge_find_tile(f, 0, 0)->size -= HASH_SIZE;
}

static void lengthen_tile(struct forge *f)
{
    struct forge_row *const row = forge_find_tile(f, 0, 0);
    uint8_t bytes[41 * HASH_SIZE] = {0};

    memcpy(bytes, row->bytes, row->size);
    forge_set(row, bytes, sizeof bytes);
}

static void odd_tile(struct forge *f)
{
    struct forge_row *const row = forge_find_tile(f, 0, 0);
    uint8_t bytes[40 * HASH_SIZE + 1] = {0};

    memcpy(bytes, row->bytes, row->size);
    forge_set(row, bytes, sizeof bytes);
}

static void surplus_tile(struct forge *f)
{
    const uint8_t key[9] = {0, 0, 0, 0, 0, 0, 0, 0, 1};
    const uint8_t hash[HASH_SIZE] = {0};

    forge_put(f, EVIDENCE_TILES, key, sizeof key, hash, sizeof hash);
}

static void surplus_upper_tile(struct forge *f)
{
    const uint8_t key[9] = {1, 0, 0, 0, 0, 0, 0, 0, 0};
    const uint8_t hash[HASH_SIZE] = {0};

    forge_put(f, EVIDENCE_TILES, key, sizeof key, hash, sizeof hash);
}

static void high_tile(struct forge *f)
{
    const uint8_t key[9] = {200, 0, 0, 0, 0, 0, 0, 0, 0};

    forge_put(f, EVIDENCE_TILES, key, sizeof key, NULL, 0);
}

static void unlist_control(struct forge *f)
{
    forge_drop(f, forge_find_number(f, EVIDENCE_CONTROL, 1));
}

static void list_no_control(struct forge *f)
{
    forge_put_number(f, EVIDENCE_CONTROL, 2, NULL, 0); /* a quote */
}

static void list_past_the_end(struct forge *f)
{
    forge_put_number(f, EVIDENCE_CONTROL, 41, NULL, 0);
}

static void list_with_words(struct forge *f)
{
    forge_set(forge_find_number(f, EVIDENCE_CONTROL, 1), "x", 1);
}

static void list_zero(struct forge *f)
{
    forge_put_number(f, EVIDENCE_CONTROL, 0, NULL, 0);
}

static void short_key(struct forge *f)
{
    forge_put(f, EVIDENCE_SEALS, "\0\0\0\0", 4, "", 0);
}

/* Byte 47 + 1 + 3 is inside the body of every entry; entry 3 is a bar, whose volume is free. */
static void edit(struct forge *f, size_t index)
{
    struct forge_entry *const e = &f->entries[index];

    e->bytes[31] ^= 1; /* the last byte of `at`; entries without one have another */
    if (!(e->bytes[1] & 1))
        e->bytes[31] ^= 1, e->bytes[e->size - 1] ^= 1;
}

/* An edit of entry 11, which is no control entry; what else is recomputed grows. */
static void edit_entry(struct forge *f)
{
    edit(f, 10);
    forge_restore_blocks(f);
}

static void edit_entry_and_tiles(struct forge *f)
{
    edit_entry(f);
    forge_tiles(f);
}

static void edit_entry_and_tile(struct forge *f)
{
    edit_entry(f);
    const struct hash leaf = hash_leaf(f->entries[10].bytes, f->entries[10].size);
    memcpy(forge_find_tile(f, 0, 0)->bytes + 10 * HASH_SIZE, leaf.bytes, HASH_SIZE);
}

static void edit_two_and_one_tile_slot(struct forge *f)
{
    edit(f, 13);
    edit_entry(f);
    forge_find_tile(f, 0, 0)->bytes[12 * HASH_SIZE] ^= 1;
}

static void edit_tile_and_seal(struct forge *f)
{
    forge_find_tile(f, 0, 0)->bytes[10 * HASH_SIZE] ^= 1;
    forge_find_number(f, EVIDENCE_SEALS, 16)->bytes[3] ^= 1; /* the next good one decides */
}

static void resealed_by_another_key(struct forge *f)
{
    struct forge other;

    edit_entry_and_tiles(f);
    forge_init(&other, 99);
    memcpy(f->secret, other.secret, sizeof f->secret);
    f->key = other.key;
    forge_release(&other);
    for (uint64_t size = 16; size <= 40; size += 8)
        forge_seal(f, size);
}

struct story {
    const char *name;
    void (*tamper)(struct forge *f);
    const char *where;
    bool integrity_ok;
    bool complete_ok;
};

#define STORY(tamper, where, integrity, complete)                                                            \
    {                                                                                                        \
#tamper, tamper, where, integrity, complete                                                          \
    }

static const struct story STORIES[] = {
    /*                                 first wrong place   integrity completeness */
    STORY(remove_entry, "entry 11", false, false),
    STORY(remove_last_of_block, "entry 13", false, false),
    STORY(swap_entries, "entry 10", false, true),
    STORY(repeat_entry, "entry 12", false, false),
    STORY(replace_by_copy, "entry 11", false, true),
    STORY(remove_block, "entry 9", false, false),
    STORY(remove_first_block, "entry 1", false, false),
    STORY(insert_block, "entry 15", false, false),
    STORY(append_block, "entry 41", false, false),
    STORY(empty_block, "entry 9", false, false),
    STORY(bytes_after_block, "entry 13", false, true),
    STORY(cut_block, "entry 13", false, true),
    STORY(no_entries, "entry 1", false, false),
    STORY(cut_tail, "entry 33", true, false),
    STORY(cut_tail_and_seal, "tile 0/0", false, false),
    STORY(drop_newest_seal, "entry 33", true, false),
    STORY(drop_all_seals, "entry 1", true, false),
    STORY(surplus_seal, "seal 11", false, true),
    STORY(zero_seal, "seal 0", false, true),
    STORY(later_seal, "entry 41", true, false),
    STORY(seal_of_another_journal, "seal 16", false, true),
    STORY(seal_with_extension, "seal 16", false, true),
    STORY(seal_of_another_size, "seal 16", false, true),
    STORY(seal_of_another_root, "seal 16", false, true),
    STORY(swap_seals, "seal 16", false, true),
    STORY(drop_tile, "tile 0/0", false, true),
    STORY(shorten_tile, "tile 0/0", false, true),
    STORY(lengthen_tile, "tile 0/0", false, false),
    STORY(odd_tile, "tile 0/0", false, false),
    STORY(surplus_tile, "tile 0/1", false, false),
    STORY(surplus_upper_tile, "tile 1/0", false, true),
    STORY(high_tile, "tile 200/0", false, true),
    STORY(unlist_control, "control index 1", false, true),
    STORY(list_no_control, "control index 2", false, true),
    STORY(list_past_the_end, "control index 41", false, true),
    STORY(list_with_words, "control index 1", false, true),
    STORY(list_zero, "control index 0", false, true),
    STORY(short_key, "table seals", false, true),
    STORY(edit_entry, "entry 11", false, true),
    STORY(edit_entry_and_tile, "seal 16", false, true),
    STORY(edit_entry_and_tiles, "seal 16", false, true),
    STORY(edit_two_and_one_tile_slot, "entry 11", false, true),
    STORY(edit_tile_and_seal, "tile 0/0", false, true),
    STORY(resealed_by_another_key, "seal 16", false, true),
};

static void test_each_story_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof STORIES / sizeof STORIES[0]; i++) {
        const struct story *const s = &STORIES[i];
        struct forge f;
        forge_copy(&f, &honest);
        s->tamper(&f);
        expect_where(verify_forge(&f, NULL), s->where, s->name);
        if (report.integrity_ok != s->integrity_ok || report.complete_ok != s->complete_ok)
            fail_msg("%s: integrity %d, completeness %d: %s", s->name, report.integrity_ok,
                     report.complete_ok, err.text);
        expect_where(verify_forge(&f, vkey), s->where, s->name); /* the key changes nothing here */
        forge_release(&f);
    }
}

/* What no one can see without a seal kept elsewhere: docs/FORMAT.md says so. */
static void test_a_clean_cut_at_a_seal_is_a_shorter_journal(void **state)
{
    struct forge f;

    (void)state;
    forge_copy(&f, &honest);
    const size_t entries = f.entry_count;
    cut_tail_seal_and_tile(&f);
    assert_int_equal(verify_forge(&f, vkey), ERR_OK);
    assert_int_equal(report.entries, 32);
    f.entry_count = entries;
    forge_release(&f);
}

/* The words tell an auditor what the seals say. */
static void test_the_words_tell_what_the_seals_say(void **state)
{
    static const struct {
        void (*tamper)(struct forge *f);
        const char *words;
    } ROWS[] = {
        {edit_entry, "seal 16 confirms its tile: it was altered after it was sealed"},
        {edit_two_and_one_tile_slot, "seal 16 confirms neither it nor its tile"},
        {edit_tile_and_seal, "seal 24 confirms the entry: the tile was altered"},
        {edit_entry_and_tiles, "entries 9..16 are in doubt"},
        {remove_entry, "the bytes in its place say that they are entry 12; seal 16 confirms its tile"},
        {remove_block, "it is missing: the next block begins with entry 14"},
        {cut_tail, "the journal ends before it, and seal 40 covers it"},
        {append_block, "the bytes in its place say that they are entry 40; no good seal covers it"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        struct forge f;
        forge_copy(&f, &honest);
        ROWS[i].tamper(&f);
        assert_int_equal(verify_forge(&f, NULL), ERR_WRONG);
        if (!strstr(err.text, ROWS[i].words))
            fail_msg("\"%s\" lacks \"%s\"", err.text, ROWS[i].words);
        forge_release(&f);
    }
}

/* Everything recomputed with a key of the forger's: only the key kept elsewhere tells. */
static void test_another_journal_altogether_fails_against_the_key(void **state)
{
    struct forge f;

    (void)state;
    forge_small(&f, 2, GROUPS, EACH);
    assert_int_equal(verify_forge(&f, NULL), ERR_OK);
    assert_false(report.key_given);
    expect_where(verify_forge(&f, vkey), "entry 1", "another key");
    assert_non_null(strstr(err.text, "another key than the one that was given"));
    forge_release(&f);
}

/* -- entries that were written and sealed so, though they break a rule ---------------------------------------- */

struct rule_story {
    const char *name;
    void (*breaks)(struct forge *f, struct entry *e);
    enum err_code rc;
    const char *words;
};

static void cause_itself(struct forge *f, struct entry *e)
{
    e->cause = f->entry_count + 1;
}

static void cause_before(struct forge *f, struct entry *e)
{
    e->cause = f->entry_count;
}

static void unknown_actor(struct forge *f, struct entry *e)
{
    (void)f;
    e->actor = FORGE_ACTORS + 1;
}

static void step_back(struct forge *f, struct entry *e)
{
    (void)e;
    f->now_ns--;
}

static void stand_still(struct forge *f, struct entry *e)
{
    (void)f;
    (void)e;
}

static void second_genesis(struct forge *f, struct entry *e)
{
    memset(e, 0, sizeof *e);
    e->kind = ENTRY_CONTROL_GENESIS;
    e->at_ns = INSTANT_NONE;
    e->as.control_genesis.origin = text_from(FORGE_ORIGIN);
    memcpy(e->as.control_genesis.key.bytes, f->key.public_key, 32);
}

static void stop(struct entry *e, uint32_t actor, bool is_signed)
{
    memset(e, 0, sizeof *e);
    e->kind = ENTRY_CONTROL_STOP;
    e->at_ns = INSTANT_NONE;
    e->actor = actor;
    e->is_signed = is_signed;
    e->as.control_stop.reason = text_from("enough");
}

static void unsigned_stop(struct forge *f, struct entry *e)
{
    (void)f;
    stop(e, FORGE_OPERATOR, false);
}

static void signed_stop(struct forge *f, struct entry *e)
{
    (void)f;
    stop(e, FORGE_OPERATOR, true);
}

static void stop_by_the_journal(struct forge *f, struct entry *e)
{
    (void)f;
    stop(e, 0, true);
}

/* The same words a second time: their time is not later. */
static void repeated_stop(struct forge *f, struct entry *e)
{
    stop(e, FORGE_OPERATOR, true);
    forge_add(f, e);
    f->signed_at_ns -= 1000;
}

static void cancel(struct entry *e, uint32_t actor)
{
    memset(e, 0, sizeof *e);
    e->kind = ENTRY_ORDER_CANCEL;
    e->at_ns = INSTANT_NONE;
    e->actor = actor;
    e->as.order_cancel.order_id = id_from("A1");
    e->as.order_cancel.reason = text_from("");
}

static void derived_without_cause(struct forge *f, struct entry *e)
{
    (void)f;
    cancel(e, FORGE_STRATEGY);
}

static void by_hand_without_cause(struct forge *f, struct entry *e)
{
    (void)f;
    cancel(e, FORGE_OPERATOR);
}

static void new_actor(struct forge *f, struct entry *e, int64_t id, const char *name)
{
    memset(e, 0, sizeof *e);
    e->kind = ENTRY_CONTROL_ACTOR;
    e->at_ns = INSTANT_NONE;
    e->as.control_actor.actor_id = id;
    e->as.control_actor.name = id_from(name);
    e->as.control_actor.role = ROLE_AUDITOR;
    memcpy(e->as.control_actor.key.bytes, f->actor_key[1], 32);
}

static void next_actor(struct forge *f, struct entry *e)
{
    new_actor(f, e, FORGE_ACTORS + 1, "auditor:bob");
    forge_add(f, e);
    e->kind = ENTRY_CONTROL_NOTE;
    e->as.control_note.text = text_from("hello");
    e->actor = FORGE_ACTORS + 1;
}

static void actor_out_of_order(struct forge *f, struct entry *e)
{
    new_actor(f, e, FORGE_ACTORS + 2, "auditor:bob");
}

static void actor_twice(struct forge *f, struct entry *e)
{
    new_actor(f, e, FORGE_ACTORS + 1, "broker:paper");
}

static void actor_journal(struct forge *f, struct entry *e)
{
    new_actor(f, e, FORGE_ACTORS + 1, "journal");
}

static const struct rule_story RULES[] = {
    {"cause_itself", cause_itself, ERR_WRONG, "its cause, entry 3, is not an earlier one"},
    {"cause_before", cause_before, ERR_OK, ""},
    {"unknown_actor", unknown_actor, ERR_WRONG, "its actor, 4, is not known at that point"},
    {"step_back", step_back, ERR_WRONG, "recorded before the entry that it follows"},
    {"stand_still", stand_still, ERR_OK, ""},
    {"second_genesis", second_genesis, ERR_WRONG, "it is a second genesis"},
    {"unsigned_stop", unsigned_stop, ERR_WRONG, "it lacks the signature that its kind must carry"},
    {"signed_stop", signed_stop, ERR_OK, ""},
    {"repeated_stop", repeated_stop, ERR_WRONG, "its actor has signed something as late, or later"},
    {"stop_by_the_journal", stop_by_the_journal, ERR_WRONG, "not by an actor with a key"},
    {"derived_without_cause", derived_without_cause, ERR_WRONG, "it was derived, and names no cause"},
    {"by_hand_without_cause", by_hand_without_cause, ERR_OK, ""},
    {"next_actor", next_actor, ERR_OK, ""},
    {"actor_out_of_order", actor_out_of_order, ERR_WRONG, "the id 5, and the next one is 4"},
    {"actor_twice", actor_twice, ERR_WRONG, "\"broker:paper\", which there is already"},
    {"actor_journal", actor_journal, ERR_WRONG, "the journal's own name"},
};

static void test_a_sealed_entry_that_breaks_a_rule_was_written_so(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof RULES / sizeof RULES[0]; i++) {
        struct forge f;
        struct entry e;
        forge_init(&f, 1);
        forge_genesis(&f);
        forge_note(&f, "first");
        memset(&e, 0, sizeof e);
        e.kind = ENTRY_CONTROL_NOTE;
        e.at_ns = INSTANT_NONE;
        e.as.control_note.text = text_from("second");
        RULES[i].breaks(&f, &e);
        forge_add(&f, &e);
        forge_group(&f);
        const enum err_code rc = verify_forge(&f, NULL);
        if (rc != RULES[i].rc || (rc && !strstr(err.text, RULES[i].words)))
            fail_msg("%s: %s: %s", RULES[i].name, err_code_name(rc), rc ? err.text : "");
        if (rc) {
            assert_int_equal(report.wrong.number, f.entry_count);
            assert_non_null(strstr(err.text, "confirms these bytes: they were written so"));
        }
        forge_release(&f);
    }
}

/* A signature over other words, sealed by whoever holds the journal's key: the person did not say it. */
static void test_the_journals_key_cannot_speak_for_a_person(void **state)
{
    struct forge f;
    struct entry e;

    (void)state;
    forge_init(&f, 1);
    forge_genesis(&f);
    stop(&e, FORGE_OPERATOR, true);
    forge_add(&f, &e);
    f.entries[1].bytes[f.entries[1].size - 65] ^= 1; /* the last letter of the reason */
    forge_group(&f);
    expect_where(verify_forge(&f, NULL), "entry 2", "other words");
    assert_non_null(strstr(err.text, "its signature is not that of its actor, operator:ann"));
    forge_sign_entry(&f, 1, FORGE_BROKER);
    forge_restore_blocks(&f);
    forge_tiles(&f);
    forge_seal(&f, 2);
    expect_where(verify_forge(&f, NULL), "entry 2", "another actor's signature");
    forge_sign_entry(&f, 1, FORGE_OPERATOR);
    forge_restore_blocks(&f);
    forge_tiles(&f);
    forge_seal(&f, 2);
    assert_int_equal(verify_forge(&f, NULL), ERR_OK);
    assert_int_equal(report.signatures, 1);
    forge_release(&f);
}

/* Sealed bytes of a kind from the future: no fault, but not checked either. */
static void test_an_unknown_kind_is_could_not_check_only_if_it_is_sealed(void **state)
{
    struct forge f;

    (void)state;
    forge_copy(&f, &honest);
    f.entries[10].bytes[3] = 0x1e;
    forge_restore_blocks(&f);
    expect_where(verify_forge(&f, NULL), "entry 11", "kind altered");
    forge_tiles(&f);
    expect_where(verify_forge(&f, NULL), "entry 11", "kind and tile altered");
    for (uint64_t size = 16; size <= 40; size += 8)
        forge_seal(&f, size);
    assert_int_equal(verify_forge(&f, NULL), ERR_FORMAT);
    assert_non_null(strstr(err.text, "verify with a newer program"));
    forge_release(&f);
}

static int open_honest(void **state)
{
    (void)state;
    forge_small(&honest, 1, GROUPS, EACH);
    forge_vkey(&honest, vkey);
    free(forge_image(&honest, &(size_t){0})); /* sorts the rows, once */
    return 0;
}

static int close_honest(void **state)
{
    (void)state;
    forge_release(&honest);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_story_is_named),
        cmocka_unit_test(test_the_words_tell_what_the_seals_say),
        cmocka_unit_test(test_a_clean_cut_at_a_seal_is_a_shorter_journal),
        cmocka_unit_test(test_another_journal_altogether_fails_against_the_key),
        cmocka_unit_test(test_a_sealed_entry_that_breaks_a_rule_was_written_so),
        cmocka_unit_test(test_the_journals_key_cannot_speak_for_a_person),
        cmocka_unit_test(test_an_unknown_kind_is_could_not_check_only_if_it_is_sealed),
        cmocka_unit_test(test_flipped_bits_of_upper_tiles_are_named),
        cmocka_unit_test(test_every_flipped_bit_of_a_key_is_noticed),
        cmocka_unit_test(test_every_flipped_bit_of_a_tile_or_seal_is_named),
        cmocka_unit_test(test_every_flipped_bit_of_an_entry_is_named),
    };

    return cmocka_run_group_tests(tests, open_honest, close_honest);
}
