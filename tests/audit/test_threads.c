/*
 * What verification finds does not depend on how many threads look, nor on how they share the work: a journal of
 * eleven tiles, and every way of tampering with it, gives the same report, word for word, as a walk from entry
 * to entry.
 */
#include "audit/forge.h"
#include "audit/verify.h"

#include "ledger/wire.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define ENTRIES 2790u /* and genesis: ten whole tiles and a part of one */
#define ROUNDS  40    /* four of each way */

static struct forge honest;

/* Around the ends of tiles, and where no group ends at all; one in a tile, many, none. */
static const uint64_t seals[] = {1,   40,  255, 256, 257,  258,  511,  512,  513,  700,
                                 767, 769, 770, 771, 1024, 1500, 1536, 2560, 2561, ENTRIES + 1};
#define SEALS (sizeof seals / sizeof seals[0])

/* The entries that name the next key; each is sealed. */
static const uint64_t hand_overs[] = {700, 1024, 1536};
#define HAND_OVERS (sizeof hand_overs / sizeof hand_overs[0])

/* Behind these the operator renews its key: what it signed with before. */
static uint8_t replaced[HAND_OVERS][64];

struct outcome {
    enum err_code rc;
    struct err err;
    struct verify_report report;
};

static void verify(const uint8_t *image, size_t size, const struct verify_options *options, struct outcome *o)
{
    struct evidence *evidence = NULL;

    memset(o, 0, sizeof *o);
    o->rc = evidence_open_memory(image, size, &evidence, &o->err);
    if (!o->rc)
        o->rc = verify_evidence(evidence, options, &o->report, &o->err);
    evidence_close(evidence);
}

static void assert_same(const struct outcome *a, const struct outcome *b, const char *story)
{
    const struct verify_report *const x = &a->report;
    const struct verify_report *const y = &b->report;

    if (a->rc != b->rc || strcmp(a->err.text, b->err.text) != 0)
        fail_msg("%s: %s and %s", story, a->rc ? a->err.text : "good", b->rc ? b->err.text : "good");
    assert_int_equal(x->integrity_ok, y->integrity_ok);
    assert_int_equal(x->complete_ok, y->complete_ok);
    assert_int_equal(x->entries, y->entries);
    assert_int_equal(x->total, y->total);
    assert_int_equal(x->bytes, y->bytes);
    assert_int_equal(x->seals, y->seals);
    assert_int_equal(x->tiles, y->tiles);
    assert_int_equal(x->sealed, y->sealed);
    assert_memory_equal(&x->root, &y->root, sizeof x->root);
    assert_int_equal(x->first_recorded_at_ns, y->first_recorded_at_ns);
    assert_int_equal(x->last_recorded_at_ns, y->last_recorded_at_ns);
    assert_int_equal(x->signatures, y->signatures);
    assert_int_equal(x->owned_since, y->owned_since);
    assert_string_equal(x->origin, y->origin);
    assert_string_equal(x->vkey, y->vkey);
    assert_int_equal(x->epochs, y->epochs);
    assert_int_equal(x->epoch_entry, y->epoch_entry);
    assert_string_equal(x->newest_vkey, y->newest_vkey);
    assert_int_equal(x->wrong.place, y->wrong.place);
    assert_int_equal(x->wrong.level, y->wrong.level);
    assert_int_equal(x->wrong.number, y->wrong.number);
    assert_int_equal(x->wrong.first, y->wrong.first);
    assert_int_equal(x->wrong.last, y->wrong.last);
    assert_string_equal(x->wrong.where, y->wrong.where);
    assert_string_equal(x->wrong.what, y->wrong.what);
}

/* By each number of threads; batches of one tile, so that there are many, or of all that there are. */
static enum err_code assert_agreed(struct forge *f, const char *story)
{
    static const struct {
        unsigned threads;
        unsigned tiles;
    } ways[] = {{1, 1}, {1, 0}, {2, 1}, {3, 2}, {7, 1}};
    const struct verify_options plain = {.is_plain = true};
    struct outcome expected;
    struct outcome found;
    size_t size = 0;
    uint8_t *const image = forge_image(f, &size);

    verify(image, size, &plain, &expected);
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        const struct verify_options options = {.threads = ways[i].threads, .tiles = ways[i].tiles};
        char text[200];
        snprintf(text, sizeof text, "%s, %u threads, %u tiles", story, ways[i].threads, ways[i].tiles);
        verify(image, size, &options, &found);
        assert_same(&expected, &found, text);
    }
    free(image);
    return expected.rc;
}

/* -- ways to tamper -------------------------------------------------------------------------------------- */

static uint64_t random_state = 3;

static uint32_t random_below(size_t most)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((random_state >> 33) % most);
}

static struct forge_row *any_row(struct forge *f)
{
    return &f->rows[random_below(f->count)];
}

/* That says something: most rows are the control index's, and empty. */
static struct forge_row *any_full_row(struct forge *f)
{
    struct forge_row *row = any_row(f);

    while (row->size == 0)
        row = any_row(f);
    return row;
}

static void flip_bit(struct forge *f)
{
    struct forge_row *const row = any_full_row(f);

    row->bytes[random_below(row->size)] ^= (uint8_t)(1u << random_below(8));
}

static void flip_key(struct forge *f)
{
    struct forge_row *const row = any_row(f);

    row->key[row->key_size - 1 - random_below(2)] ^= (uint8_t)(1u << random_below(8));
}

static void drop_row(struct forge *f)
{
    forge_drop(f, any_row(f));
}

static void cut_value(struct forge *f)
{
    struct forge_row *const row = any_full_row(f);

    row->size -= 1 + random_below(row->size);
}

static void lengthen_key(struct forge *f)
{
    struct forge_row *const row = any_row(f);

    row->key[row->key_size++] = (uint8_t)random_below(2);
}

static void swap_values(struct forge *f)
{
    struct forge_row *a = any_full_row(f);
    struct forge_row *b = any_full_row(f);

    while (a == b || a->table != b->table) {
        a = any_full_row(f);
        b = any_full_row(f);
    }
    const struct forge_row kept = *a;
    a->bytes = b->bytes;
    a->size = b->size;
    b->bytes = kept.bytes;
    b->size = kept.size;
}

static void add_row(struct forge *f)
{
    const enum evidence_table tables[] = {EVIDENCE_ENTRIES, EVIDENCE_SEALS, EVIDENCE_CONTROL};
    const struct forge_row *const row = any_row(f);
    const uint64_t number = 1 + random_below(ENTRIES + 20);

    forge_put_number(f, tables[random_below(3)], number, row->bytes, row->size);
}

/* A byte of an entry, and its check, block and tiles made again: what only seals or rules can tell. */
static void change_entry(struct forge *f)
{
    const size_t index = random_below(f->entry_count);
    struct forge_entry *const e = &f->entries[index];

    e->bytes[random_below(e->size)] ^= (uint8_t)(1u << random_below(8));
    forge_checks(f);
    if (random_below(2))
        forge_tiles(f);
}

static void swap_entries(struct forge *f)
{
    const size_t index = random_below(f->entry_count - 1);
    const struct forge_entry kept = f->entries[index];

    f->entries[index] = f->entries[index + 1];
    f->entries[index + 1] = kept;
    forge_restore_blocks(f);
}

/* The same signed words twice. */
static void repeat_entry(struct forge *f)
{
    for (size_t i = 300 + random_below(2000); i + 1 < f->entry_count; i++) {
        struct forge_entry *const e = &f->entries[i];
        if (!(e->bytes[1] & 2))
            continue;
        for (size_t k = i + 1 + random_below(600); k < f->entry_count; k++) {
            struct forge_entry *const later = &f->entries[k];
            if (later->size != e->size || !(later->bytes[1] & 2))
                continue;
            uint8_t place[16]; /* seq and time stay; the signature does not cover them */
            memcpy(place, later->bytes + 8, sizeof place);
            memcpy(later->bytes, e->bytes, e->size);
            memcpy(later->bytes + 8, place, sizeof place);
            forge_checks(f);
            forge_tiles(f);
            return;
        }
    }
}

/* -- tests ----------------------------------------------------------------------------------------------- */

static void test_a_good_journal_is_good_however_it_is_looked_at(void **state)
{
    (void)state;
    assert_int_equal(assert_agreed(&honest, "good"), ERR_OK);
}

static void test_tampering_is_found_at_the_same_place(void **state)
{
    static const struct {
        const char *name;
        void (*tamper)(struct forge *f);
    } ways[] = {{"flip a bit", flip_bit},         {"flip a bit of a key", flip_key},
                {"drop a row", drop_row},         {"cut a value", cut_value},
                {"lengthen a key", lengthen_key}, {"swap values", swap_values},
                {"add a row", add_row},           {"change an entry", change_entry},
                {"swap entries", swap_entries},   {"repeat an entry", repeat_entry}};
    const unsigned count = sizeof ways / sizeof ways[0];
    unsigned wrong[sizeof ways / sizeof ways[0]] = {0};

    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        const unsigned way = round % count;
        struct forge f;
        forge_copy(&f, &honest);
        ways[way].tamper(&f);
        wrong[way] += assert_agreed(&f, ways[way].name) != ERR_OK;
        forge_release(&f);
    }
    for (unsigned way = 0; way < count; way++) {
        if (wrong[way] == 0)
            fail_msg("no case of \"%s\" was found wrong", ways[way].name);
    }
}

/* -- at the joints: 512 is where a tile ends, 1792 where a block ends with it ----------------------------- */

static const uint64_t joints[] = {512, 1792, 2560};

/* Entry `number` says that it was recorded long after the next one. */
static void late_entry(struct forge *f, uint64_t number)
{
    struct forge_entry *const e = &f->entries[number - 1];

    e->bytes[17] ^= 0x40;
    forge_checks(f);
    forge_tiles(f);
}

static void list_entry(struct forge *f, uint64_t number)
{
    forge_put_number(f, EVIDENCE_CONTROL, number, NULL, 0);
}

static void unlist_entry(struct forge *f, uint64_t number)
{
    struct forge_row *const row = forge_find_number(f, EVIDENCE_CONTROL, number);

    if (row)
        forge_drop(f, row);
}

/* A block whose key is no number, behind the one that holds the entry. */
static void odd_block(struct forge *f, uint64_t number)
{
    struct forge_row *row = NULL;
    uint8_t key[9] = {0};

    for (; !row; number++)
        row = forge_find_number(f, EVIDENCE_ENTRIES, number);
    memcpy(key, row->key, 8);
    forge_put(f, EVIDENCE_ENTRIES, key, sizeof key, row->bytes, row->size);
}

static void odd_seal(struct forge *f, uint64_t number)
{
    uint8_t key[9] = {0};

    wire_store_u64(key, number);
    forge_put(f, EVIDENCE_SEALS, key, sizeof key, "x", 1);
}

static void change_block_key(struct forge *f, uint64_t number)
{
    struct forge_row *row = NULL;

    for (; !row; number++)
        row = forge_find_number(f, EVIDENCE_ENTRIES, number);
    row->key[7]++;
}

static void cut_block(struct forge *f, uint64_t number)
{
    struct forge_row *row = NULL;

    for (; !row; number++)
        row = forge_find_number(f, EVIDENCE_ENTRIES, number);
    row->bytes[1]--; /* one entry less than it holds */
}

static void test_what_is_wrong_at_a_joint_is_found_at_the_same_place(void **state)
{
    static const struct {
        const char *name;
        void (*tamper)(struct forge *f, uint64_t number);
        bool is_always_wrong;
    } ways[] = {{"late entry", late_entry, true},
                {"entry listed", list_entry, false},
                {"entry not listed", unlist_entry, false},
                {"odd block", odd_block, true},
                {"odd seal", odd_seal, true},
                {"block's key", change_block_key, true},
                {"block's count", cut_block, true}};

    (void)state;
    for (size_t way = 0; way < sizeof ways / sizeof ways[0]; way++) {
        for (size_t i = 0; i < 3 * sizeof joints / sizeof joints[0]; i++) {
            struct forge f;
            forge_copy(&f, &honest);
            ways[way].tamper(&f, joints[i / 3] - 1 + i % 3);
            const enum err_code rc = assert_agreed(&f, ways[way].name);
            if (ways[way].is_always_wrong)
                assert_int_not_equal(rc, ERR_OK);
            forge_release(&f);
        }
    }
}

/* Signed by the journal's key, in form, over a history that never was. */
static void test_a_seal_over_another_history_is_named(void **state)
{
    char where[VERIFY_PLACE_SIZE];

    (void)state;
    for (size_t i = 0; i < SEALS; i++) {
        const struct verify_options options = {.threads = 2, .tiles = 2};
        struct hash root = forge_root(&honest, seals[i]);
        struct outcome found;
        struct forge f;
        size_t size = 0;
        forge_copy(&f, &honest);
        root.bytes[31] ^= 1;
        forge_drop(&f, forge_find_number(&f, EVIDENCE_SEALS, seals[i]));
        forge_seal_text(&f, seals[i], FORGE_ORIGIN, seals[i], &root, "");
        uint8_t *const image = forge_image(&f, &size);
        verify(image, size, &options, &found);
        snprintf(where, sizeof where, "seal %" PRIu64, seals[i]);
        assert_int_equal(found.rc, ERR_WRONG);
        assert_string_equal(found.report.wrong.where, where);
        assert_int_equal(assert_agreed(&f, where), ERR_WRONG);
        free(image);
        forge_release(&f);
    }
}

/* The first wrong place counts, whoever meets the second one sooner. */
static void test_of_two_wrong_places_the_first_is_named(void **state)
{
    const struct verify_options options = {.threads = 3, .tiles = 1};
    struct outcome found;
    size_t size = 0;
    struct forge f;

    (void)state;
    forge_copy(&f, &honest);
    f.entries[2700].bytes[20] ^= 1;
    f.entries[1500].bytes[20] ^= 1;
    forge_restore_blocks(&f);
    uint8_t *const image = forge_image(&f, &size);
    for (int i = 0; i < 20; i++) {
        verify(image, size, &options, &found);
        assert_int_equal(found.rc, ERR_WRONG);
        assert_string_equal(found.report.wrong.where, "entry 1501");
    }
    assert_int_equal(assert_agreed(&f, "two places"), ERR_WRONG);
    free(image);
    forge_release(&f);
}

/* Batches are gathered long before the walk comes to the entry that takes the right to seal from a key. */
static void test_a_seal_by_a_key_of_the_past_is_named(void **state)
{
    char where[VERIFY_PLACE_SIZE];

    (void)state;
    for (size_t i = 0; i < SEALS; i++) {
        struct outcome found;
        struct forge f;
        size_t size = 0;
        if (seals[i] <= hand_overs[0])
            continue;
        forge_copy(&f, &honest);
        f.later_count = 0; /* genesis' key */
        forge_seal(&f, seals[i]);
        uint8_t *const image = forge_image(&f, &size);
        snprintf(where, sizeof where, "seal %" PRIu64, seals[i]);
        for (unsigned threads = 1; threads < 8; threads += 3) {
            verify(image, size, &(struct verify_options){.threads = threads, .tiles = 1}, &found);
            assert_int_equal(found.rc, ERR_WRONG);
            assert_string_equal(found.report.wrong.where, where);
        }
        assert_int_equal(assert_agreed(&f, where), ERR_WRONG);
        free(image);
        forge_release(&f);
    }
}

/* Batches that were gathered before a key was replaced took it for the one in force. */
static void test_a_signature_with_a_key_that_was_replaced_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < HAND_OVERS; i++) {
        for (uint64_t after = hand_overs[i] + 1; after < ENTRIES; after += 300) {
            size_t index = after;
            char where[40];
            struct forge f;
            while (!(honest.entries[index].bytes[1] & 2) || honest.entries[index].bytes[43] != FORGE_OPERATOR)
                index++;
            forge_copy(&f, &honest);
            memcpy(f.actor_secret[FORGE_OPERATOR], replaced[i], sizeof replaced[i]);
            forge_sign_entry(&f, index, FORGE_OPERATOR);
            forge_checks(&f);
            snprintf(where, sizeof where, "entry %zu: its signature is not", index + 1);
            size_t size = 0;
            struct outcome found;
            uint8_t *const image = forge_image(&f, &size);
            verify(image, size, &(struct verify_options){.threads = 3, .tiles = 1}, &found);
            if (!strstr(found.err.text, where))
                fail_msg("%s, not %s", where, found.err.text);
            assert_int_equal(assert_agreed(&f, where), ERR_WRONG);
            free(image);
            forge_release(&f);
        }
    }
}

static int make_honest(void **state)
{
    (void)state;
    forge_init(&honest, 9);
    honest.per_block = 7;
    forge_genesis(&honest);
    for (size_t i = 0; i < HAND_OVERS; i++) {
        forge_many(&honest, hand_overs[i] - 1 - honest.entry_count, i);
        forge_key(&honest, 0);
        memcpy(replaced[i], honest.actor_secret[FORGE_OPERATOR], sizeof replaced[i]);
        forge_renew(&honest, FORGE_OPERATOR);
    }
    forge_many(&honest, ENTRIES + 1 - honest.entry_count, 5);
    forge_blocks(&honest);
    forge_tiles(&honest);
    for (size_t i = 0; i < SEALS; i++)
        forge_seal(&honest, seals[i]);
    return 0;
}

static int drop_honest(void **state)
{
    (void)state;
    forge_release(&honest);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_good_journal_is_good_however_it_is_looked_at),
        cmocka_unit_test(test_tampering_is_found_at_the_same_place),
        cmocka_unit_test(test_what_is_wrong_at_a_joint_is_found_at_the_same_place),
        cmocka_unit_test(test_a_seal_over_another_history_is_named),
        cmocka_unit_test(test_a_seal_by_a_key_of_the_past_is_named),
        cmocka_unit_test(test_of_two_wrong_places_the_first_is_named),
        cmocka_unit_test(test_a_signature_with_a_key_that_was_replaced_is_named),
    };

    return cmocka_run_group_tests(tests, make_honest, drop_honest);
}
