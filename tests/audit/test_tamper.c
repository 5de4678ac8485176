/*
 * Tamper with everything: each bit of each entry, tile, seal and key; entries removed, swapped, repeated,
 * edited with all that follows recomputed; tails cut; rows dropped and added. Verification must say no, and
 * name the place.
 */
#include "audit/forge.h"
#include "audit/stories.h"
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

/* -- every bit of every value ---------------------------------------------------------------------------- */

/* Which entry a byte of a block belongs to, or whose check it is; 0 for a byte of the count. */
static uint64_t entry_at(const uint8_t *block, uint64_t key, size_t offset, bool *is_check)
{
    const unsigned count = (unsigned)block[0] << 8 | block[1];
    const uint64_t first = key - count + 1;
    const size_t checks = 2 + 2 * (size_t)count;
    size_t at = checks + 4 * (size_t)count;

    *is_check = offset >= checks && offset < at;
    if (offset < 2)
        return 0;
    if (offset < checks)
        return first + (offset - 2) / 2;
    if (offset < at)
        return first + (offset - checks) / 4;
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
    if (type == 'B') {
        bool is_check = false;
        const uint64_t seq = entry_at(value, wire_load_u64(key), offset, &is_check);
        snprintf(out, room, "%s %" PRIu64, is_check ? "check" : "entry", seq);
    } else if (type == 'T')
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

static void test_every_flipped_bit_of_a_seal_is_named(void **state)
{
    (void)state;
    assert_true(flip_all(&honest, "S", 1) > 5000);
}

/* 600 entries, two hashes in tile 1/0; sealed at 300 and 600. */
static void make_large(struct forge *f)
{
    forge_init(f, 3);
    f->per_block = 100;
    forge_genesis(f);
    for (int i = 1; i < 600; i++) {
        forge_note(f, "");
        if (i == 299)
            forge_group(f);
    }
    forge_group(f);
}

static void test_every_flipped_bit_of_a_tile_is_named(void **state)
{
    struct forge f;

    (void)state;
    make_large(&f);
    assert_int_equal(flip_all(&f, "T", 1), 2 * HASH_SIZE * 8);
    forge_release(&f);
}

static void drop_tile(struct forge *f)
{
    forge_drop(f, forge_find_tile(f, 1, 0));
}

static void shorten_tile(struct forge *f)
{
    forge_find_tile(f, 1, 0)->size -= HASH_SIZE;
}

static void grow_tile(struct forge *f, size_t by)
{
    struct forge_row *const row = forge_find_tile(f, 1, 0);
    uint8_t bytes[3 * HASH_SIZE] = {0};

    memcpy(bytes, row->bytes, row->size);
    forge_set(row, bytes, row->size + by);
}

static void lengthen_tile(struct forge *f)
{
    grow_tile(f, HASH_SIZE);
}

static void odd_tile(struct forge *f)
{
    grow_tile(f, 1);
}

static void surplus_tile(struct forge *f)
{
    const uint8_t key[9] = {1, 0, 0, 0, 0, 0, 0, 0, 1};

    forge_put(f, EVIDENCE_TILES, key, sizeof key, "0123456789abcdef0123456789abcdef", HASH_SIZE);
}

/* Entry 400 and its check changed: its hash in the tile stands for 257 .. 512. */
static void edit_under_a_tile(struct forge *f)
{
    f->entries[399].bytes[39] ^= 1; /* its cause: genesis */
    forge_checks(f);
}

/* The newest group cut with its seal and its control rows: the tile remembers. */
static void cut_what_a_tile_knows(struct forge *f)
{
    for (uint64_t seq = 301; seq <= 600; seq++) {
        if (seq % 100 == 0)
            forge_drop(f, forge_find_number(f, EVIDENCE_ENTRIES, seq));
        forge_drop(f, forge_find_number(f, EVIDENCE_CONTROL, seq));
    }
    forge_drop(f, forge_find_number(f, EVIDENCE_SEALS, 600));
}

static void test_each_story_of_a_tile_is_named(void **state)
{
    static const struct {
        const char *name;
        void (*tamper)(struct forge *f);
        const char *where;
        bool complete_ok;
    } ROWS[] = {
        {"drop", drop_tile, "tile 1/0", true},
        {"shorten", shorten_tile, "tile 1/0", true},
        {"lengthen", lengthen_tile, "tile 1/0", false},
        {"odd", odd_tile, "tile 1/0", true},
        {"surplus", surplus_tile, "tile 1/1", false},
        {"edit", edit_under_a_tile, "tile 1/0", true},
        {"cut", cut_what_a_tile_knows, "tile 1/0", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        struct forge f;
        make_large(&f);
        assert_int_equal(verify_forge(&f, NULL), ERR_OK);
        ROWS[i].tamper(&f);
        expect_where(verify_forge(&f, NULL), ROWS[i].where, ROWS[i].name);
        assert_int_equal(report.complete_ok, ROWS[i].complete_ok);
        if (ROWS[i].tamper == edit_under_a_tile) {
            assert_int_equal(report.wrong.first, 257);
            assert_int_equal(report.wrong.last, 512);
            assert_non_null(strstr(err.text, "they were altered together with their checks"));
        }
        forge_release(&f);
    }
}

/* -- every bit of every key ------------------------------------------------------------------------------ */

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

/* -- stories --------------------------------------------------------------------------------------------- */

static void test_each_story_is_named(void **state)
{
    size_t count = 0;
    const struct story *const all = stories(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        const struct story *const s = &all[i];
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
    stories_cut_cleanly(&f);
    assert_int_equal(verify_forge(&f, vkey), ERR_OK);
    assert_int_equal(report.entries, 32);
    f.entry_count = entries;
    forge_release(&f);
}

static enum err_code verify_against(struct forge *f, const uint8_t *note, size_t note_size)
{
    const struct verify_options options = {.against = (const char *)note, .against_size = note_size};
    struct evidence *evidence = NULL;
    size_t size = 0;
    uint8_t *const image = forge_image(f, &size);

    enum err_code rc = evidence_open_memory(image, size, &evidence, &err);
    if (!rc)
        rc = verify_evidence(evidence, &options, &report, &err);
    evidence_close(evidence);
    free(image);
    return rc;
}

/* But with one, kept elsewhere, it can be seen; and so can everything that has another root there. */
static void test_a_kept_seal_knows_its_journal_at_any_size(void **state)
{
    static const uint64_t SIZES[] = {1, 2, 255, 256, 257, 300, 511, 512, 513, 599, 600};
    struct forge f;
    struct forge other;

    (void)state;
    make_large(&f);
    for (size_t i = 0; i < sizeof SIZES / sizeof SIZES[0]; i++) {
        const uint64_t size = SIZES[i];
        forge_copy(&other, &f);
        forge_seal(&other, size);
        const struct forge_row *const good = forge_find_number(&other, EVIDENCE_SEALS, size);
        assert_int_equal(verify_against(&f, good->bytes, good->size), ERR_OK);
        assert_true(report.integrity_ok && report.complete_ok);
        const struct hash root = forge_root(&f, size == 1 ? 2 : size - 1);
        forge_seal_text(&other, size, f.key.name, size, &root, "");
        const struct forge_row *const bad = forge_find_number(&other, EVIDENCE_SEALS, size);
        expect_where(verify_against(&f, bad->bytes, bad->size), "kept seal", "another root");
        assert_true(report.integrity_ok && !report.complete_ok);
        assert_non_null(strstr(err.text, "another history: at size "));
        forge_release(&other);
    }
    forge_copy(&other, &f);
    const struct hash root = forge_root(&f, 600);
    forge_seal_text(&other, 601, f.key.name, 601, &root, "");
    const struct forge_row *const later = forge_find_number(&other, EVIDENCE_SEALS, 601);
    expect_where(verify_against(&f, later->bytes, later->size), "kept seal", "a later size");
    assert_non_null(strstr(err.text, "the tail is cut: it covers 601 entries, and the journal has 600"));
    forge_release(&other);
    forge_release(&f);
}

static void test_a_kept_seal_of_no_use_is_no_verdict(void **state)
{
    static const char *const NOTES[] = {"",
                                        "\n",
                                        "desk.example/forge",
                                        "desk.example/forge\n",
                                        "desk.example/forge\n8",
                                        "desk.example/forge\n08\n",
                                        "desk.example/forge\n0\n",
                                        "desk.example/forge\n9223372036854775808\n",
                                        "desk.example/forgf\n8\nAAAA\n"};

    (void)state;
    for (size_t i = 0; i < sizeof NOTES / sizeof NOTES[0]; i++) {
        struct forge f;
        forge_copy(&f, &honest);
        assert_int_equal(verify_against(&f, (const uint8_t *)NOTES[i], strlen(NOTES[i])), ERR_INPUT);
        assert_non_null(strstr(err.text, "the kept seal "));
        forge_release(&f);
    }
}

/* Two histories of one origin part before a key changes: then the kept seal is by a key that is not in force here. */
static void test_a_kept_seal_by_another_key_is_another_history(void **state)
{
    static const char BAD[] = "desk.example/forge\n8\nAAAA\n";
    struct forge f;
    struct forge other;

    (void)state;
    forge_copy(&f, &honest);
    expect_where(verify_against(&f, (const uint8_t *)BAD, strlen(BAD)), "kept seal", "no seal");
    forge_copy(&other, &honest);
    other.later_count = 0;
    forge_seal(&other, 40); /* by the key of epoch 0, which has handed over */
    const struct forge_row *const kept = forge_find_number(&other, EVIDENCE_SEALS, 40);
    expect_where(verify_against(&f, kept->bytes, kept->size), "kept seal", "another key");
    assert_true(report.integrity_ok && !report.complete_ok);
    assert_non_null(strstr(err.text, "another history, or no seal"));
    forge_release(&other);
    forge_release(&f);
}

/* The words tell an auditor what the seals say. */
static void test_the_words_tell_what_the_seals_say(void **state)
{
    static const struct {
        const char *name;
        const char *words;
    } ROWS[] = {
        {"edit_entry", "seal 16 does not confirm it: it was altered after it was sealed"},
        {"edit_two_and_one_check", "seal 16 does not confirm it"},
        {"edit_check_and_seal", "seal 24 confirms: the check was altered"},
        {"edit_entry_and_checks", "entries 9..16 are in doubt"},
        {"remove_entry", "the bytes in its place say that they are entry 12; seal 16 does not confirm it"},
        {"remove_block", "it is missing: the next block begins with entry 14"},
        {"cut_tail", "the journal ends before it, and seal 40 covers it"},
        {"append_block", "the bytes in its place say that they are entry 40; no good seal covers it"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        struct forge f;
        forge_copy(&f, &honest);
        story_find(ROWS[i].name)->tamper(&f);
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
    forge_small(&f, 2, STORIES_GROUPS, STORIES_EACH);
    assert_int_equal(verify_forge(&f, NULL), ERR_OK);
    assert_false(report.key_given);
    expect_where(verify_forge(&f, vkey), "entry 1", "another key");
    assert_non_null(strstr(err.text, "another key than the one that was given"));
    forge_release(&f);
}

static int open_honest(void **state)
{
    (void)state;
    forge_small(&honest, 1, STORIES_GROUPS, STORIES_EACH);
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
        cmocka_unit_test(test_a_kept_seal_knows_its_journal_at_any_size),
        cmocka_unit_test(test_a_kept_seal_of_no_use_is_no_verdict),
        cmocka_unit_test(test_a_kept_seal_by_another_key_is_another_history),
        cmocka_unit_test(test_another_journal_altogether_fails_against_the_key),
        cmocka_unit_test(test_every_flipped_bit_of_a_tile_is_named),
        cmocka_unit_test(test_each_story_of_a_tile_is_named),
        cmocka_unit_test(test_every_flipped_bit_of_a_key_is_noticed),
        cmocka_unit_test(test_every_flipped_bit_of_a_seal_is_named),
        cmocka_unit_test(test_every_flipped_bit_of_an_entry_is_named),
    };

    return cmocka_run_group_tests(tests, open_honest, close_honest);
}
