/*
 * ledger-verify says what `ledger verify` says, of every story, every rule, every bit of every value and key; and
 * what it says of paths, keys and kept seals.
 */
#include "audit/forge.h"
#include "audit/stories.h"
#include "audit/stories_cosigned.h"
#include "tamper/judges.h"
#include "verifier/verifier.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static struct forge honest;
static char vkey[NOTE_VKEY_TEXT_SIZE];

/* Both must say the same; *v is what. */
static void agree(const uint8_t *image, size_t size, const char *key, const char *story, struct verdict *v)
{
    const struct question q = {.image = image, .size = size, .vkey = key};
    struct verdict first;

    judge_ledger(&q, &first);
    judge_second(&q, v);
    if (!verdict_equal(&first, v))
        fail_msg("%s: ledger verify says %d %s %d %d (%s), ledger-verify %d %s %d %d (%s)", story, first.exit,
                 first.where, first.integrity_ok, first.complete_ok, first.what, v->exit, v->where,
                 v->integrity_ok, v->complete_ok, v->what);
}

static void agree_of(struct forge *f, const char *key, const char *story, struct verdict *v)
{
    size_t size = 0;
    uint8_t *const image = forge_image(f, &size);

    agree(image, size, key, story, v);
    free(image);
}

static void test_each_story_is_named(void **state)
{
    size_t count = 0;
    const struct story *const all = stories(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        struct forge f;
        struct verdict v;
        forge_copy(&f, &honest);
        all[i].tamper(&f);
        agree_of(&f, NULL, all[i].name, &v);
        agree_of(&f, vkey, all[i].name, &v);
        assert_int_equal(v.exit, 1);
        assert_string_equal(v.where, all[i].where);
        forge_release(&f);
    }
}

static void tell(const struct rule_story *all, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct forge f;
        struct verdict v;
        rule_story_tell(&all[i], &f);
        agree_of(&f, NULL, all[i].name, &v);
        assert_int_equal(v.exit, all[i].is_good ? 0 : 1);
        forge_release(&f);
    }
}

static void test_each_rule_is_kept(void **state)
{
    size_t count = 0;
    const struct rule_story *const all = rule_stories(&count);

    (void)state;
    tell(all, count);
}

static void test_each_rule_of_persons_is_kept(void **state)
{
    size_t count = 0;
    const struct rule_story *const all = person_stories(&count);

    (void)state;
    tell(all, count);
}

static void test_every_story_of_witnesses_gets_the_same_verdict(void **state)
{
    size_t count = 0;
    const struct cosigned_story *const all = cosigned_stories(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        struct forge f;
        struct verdict v;
        cosigned_story_tell(&all[i], &f);
        agree_of(&f, NULL, all[i].name, &v);
        assert_int_equal(v.exit, all[i].where ? 1 : 0);
        forge_release(&f);
    }
}

/* A bit of every byte of the export, its heads and its end as well; every bit is flipped in tests/tamper. */
static void test_a_flipped_bit_of_each_byte_gets_the_same_verdict(void **state)
{
    size_t size = 0;
    uint8_t *const image = forge_image(&honest, &size);
    struct verdict v;
    char story[40];

    (void)state;
    for (size_t at = 0; at < size; at++) {
        const unsigned bit = at % 8;
        image[at] ^= (uint8_t)(1u << bit);
        snprintf(story, sizeof story, "bit %u of byte %zu", bit, at);
        agree(image, size, at % 16 < 8 ? vkey : NULL, story, &v);
        if (v.exit == 0)
            fail_msg("%s is good", story);
        image[at] ^= (uint8_t)(1u << bit);
    }
    free(image);
}

static void test_every_cut_export_is_not_checked(void **state)
{
    size_t size = 0;
    uint8_t *const image = forge_image(&honest, &size);
    struct verdict v;

    (void)state;
    for (size_t cut = 0; cut < size; cut++) {
        uint8_t *const part = malloc(cut + 1); /* its own, so that a byte too far is seen */
        assert_non_null(part);
        memcpy(part, image, cut);
        agree(part, cut, vkey, "cut", &v);
        assert_int_equal(v.exit, 3);
        free(part);
    }
    agree(image, size, vkey, "whole", &v);
    assert_int_equal(v.exit, 0);
    free(image);
}

/* 66,000 entries: two levels of tiles, and a bit of each. */
static void test_tiles_of_two_levels(void **state)
{
    struct forge f;
    struct verdict v;
    char where[20];

    (void)state;
    forge_init(&f, 5);
    f.per_block = 1000;
    forge_genesis(&f);
    for (int i = 1; i < 66000; i++)
        forge_note(&f, "");
    forge_group(&f);
    agree_of(&f, NULL, "large", &v);
    assert_int_equal(v.exit, 0);
    for (unsigned level = 1; level < 3; level++) {
        forge_find_tile(&f, level, 0)->bytes[0] ^= 1;
        agree_of(&f, NULL, "large, with a tile changed", &v);
        snprintf(where, sizeof where, "tile %u/0", level);
        assert_string_equal(v.where, where);
        forge_find_tile(&f, level, 0)->bytes[0] ^= 1;
    }
    forge_release(&f);
}

/* -- what is given -------------------------------------------------------------------------------------------- */

static struct verifier_report report;

static void check_forge(struct forge *f, const char *key, const char *against)
{
    size_t size = 0;
    uint8_t *const image = forge_image(f, &size);
    const struct verifier_options options = {
        .vkey = key, .against = against, .against_size = against ? strlen(against) : 0};

    verifier_check_bytes(image, size, &options, &report);
    free(image);
}

static void test_a_key_that_cannot_be_used_is_refused(void **state)
{
    static const char *const KEYS[] = {
        "",
        "desk.example/forge",
        "desk.example/forge+00000000",
        "desk.example/forge+00000000+",
        "desk.example/forge+00000000+AQ==",
        "desk.example/forge+00000000+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", /* of small order */
        "+e1d3bb84+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx",
        "example.com/log/testdata+33d7b497+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx",  /* another id */
        "example.com/log/testdata+33D7B496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx",  /* capitals */
        "example.com/log/testdata+33d7b496+BOHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx",  /* a witness's */
        "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx ", /* a space */
        "example.com/log testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx",
    };

    (void)state;
    for (size_t i = 0; i < sizeof KEYS / sizeof KEYS[0]; i++) {
        check_forge(&honest, KEYS[i], NULL);
        if (report.exit != VERIFIER_NOT_CHECKED)
            fail_msg("%s: %s", KEYS[i], report.what);
        assert_non_null(strstr(report.what, "the given key"));
    }
    check_forge(&honest, "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx",
                NULL);
    assert_string_equal(report.where, "entry 1");
    check_forge(&honest, vkey, NULL);
    assert_int_equal(report.exit, VERIFIER_GOOD);
    assert_true(report.key_given);
    assert_string_equal(report.vkey, vkey);
}

/* The note of a seal, terminated. */
static void seal_of(struct forge *f, uint64_t size, char *out)
{
    const struct forge_row *const row = forge_find_number(f, EVIDENCE_SEALS, size);

    memcpy(out, row->bytes, row->size);
    out[row->size] = '\0';
}

static void test_a_kept_seal_tells_a_cut_and_another_history(void **state)
{
    struct forge f;
    char kept[2000];
    char other[2000];

    (void)state;
    seal_of(&honest, 40, kept);
    check_forge(&honest, vkey, kept);
    assert_int_equal(report.exit, VERIFIER_GOOD);
    forge_copy(&f, &honest);
    const size_t entries = f.entry_count;
    stories_cut_cleanly(&f);
    check_forge(&f, vkey, NULL);
    assert_int_equal(report.exit, VERIFIER_GOOD); /* which nobody can see, but */
    check_forge(&f, vkey, kept);
    assert_int_equal(report.exit, VERIFIER_WRONG);
    assert_string_equal(report.where, "kept seal");
    assert_non_null(strstr(report.what, "it covers 40 entries, and the journal has 32"));
    assert_true(report.integrity_ok);
    assert_false(report.complete_ok);
    f.entry_count = entries;
    forge_release(&f);
    /* The same key over other entries: everything was rewritten by whoever has it. */
    forge_init(&f, 1);
    forge_genesis(&f);
    forge_many(&f, 39, 4711);
    forge_group(&f);
    check_forge(&f, vkey, NULL);
    assert_int_equal(report.exit, VERIFIER_GOOD);
    check_forge(&f, vkey, kept); /* by the next epoch's key, of which this one knows nothing */
    assert_string_equal(report.where, "kept seal");
    assert_non_null(strstr(report.what, "another history, or no seal"));
    seal_of(&honest, 16, kept);
    check_forge(&f, vkey, kept);
    assert_string_equal(report.where, "kept seal");
    assert_non_null(strstr(report.what, "another history: at size 16 it has the root "));
    forge_release(&f);
    forge_small(&f, 2, 1, 8);
    seal_of(&f, 8, other); /* another journal's */
    check_forge(&honest, vkey, other);
    assert_string_equal(report.where, "kept seal");
    assert_non_null(strstr(report.what, "another history, or no seal"));
    forge_release(&f);
    static const char *const NOTES[] = {"",
                                        "\n",
                                        "desk.example/forge\n8",
                                        "desk.example/forge\n08\n",
                                        "desk.example/forge\n9223372036854775808\n",
                                        "desk.example/forgf\n8\nAAAA\n"};
    for (size_t i = 0; i < sizeof NOTES / sizeof NOTES[0]; i++) {
        check_forge(&honest, vkey, NOTES[i]);
        assert_int_equal(report.exit, VERIFIER_NOT_CHECKED);
    }
}

static void test_a_path_that_is_no_export_is_not_checked(void **state)
{
    static const struct verifier_options OPTIONS = {.vkey = NULL};
    char path[] = "/tmp/verifier_XXXXXX";

    (void)state;
    const int file = mkstemp(path);
    assert_true(file >= 0);
    verifier_check_file(path, &OPTIONS, &report);
    assert_int_equal(report.exit, VERIFIER_NOT_CHECKED);
    assert_int_equal(write(file, "LEDGERRAW 1\n", 12), 12);
    close(file);
    verifier_check_file(path, &OPTIONS, &report);
    assert_int_equal(report.exit, VERIFIER_NOT_CHECKED);
    assert_non_null(strstr(report.what, "the file was cut there"));
    assert_int_equal(unlink(path), 0);
    verifier_check_file(path, &OPTIONS, &report);
    assert_int_equal(report.exit, VERIFIER_NOT_CHECKED);
    assert_non_null(strstr(report.what, "No such file"));
    verifier_check_file("/tmp", &OPTIONS, &report);
    assert_int_equal(report.exit, VERIFIER_NOT_CHECKED);
}

/* Word by word: an auditor can compare the source with the page. */
static void test_the_kinds_are_those_of_the_page(void **state)
{
    static char page[1 << 18];
    char path[4096];

    (void)state;
    snprintf(path, sizeof path, "%s/docs/FORMAT.md", getenv("LEDGER_SOURCE"));
    FILE *const file = fopen(path, "r");
    assert_non_null(file);
    page[fread(page, 1, sizeof page - 1, file)] = '\0';
    fclose(file);
    const char *const table = strstr(page, "```\n0101 ");
    assert_non_null(table);
    const char *const end = strstr(table + 4, "```");
    assert_non_null(end);
    assert_int_equal(strlen(verifier_kinds()), end - (table + 4));
    assert_memory_equal(verifier_kinds(), table + 4, (size_t)(end - (table + 4)));
}

static int open_honest(void **state)
{
    (void)state;
    forge_small(&honest, 1, STORIES_GROUPS, STORIES_EACH);
    forge_vkey(&honest, vkey);
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
        cmocka_unit_test(test_each_rule_is_kept),
        cmocka_unit_test(test_each_rule_of_persons_is_kept),
        cmocka_unit_test(test_tiles_of_two_levels),
        cmocka_unit_test(test_a_key_that_cannot_be_used_is_refused),
        cmocka_unit_test(test_a_kept_seal_tells_a_cut_and_another_history),
        cmocka_unit_test(test_a_path_that_is_no_export_is_not_checked),
        cmocka_unit_test(test_the_kinds_are_those_of_the_page),
        cmocka_unit_test(test_every_cut_export_is_not_checked),
        cmocka_unit_test(test_every_story_of_witnesses_gets_the_same_verdict),
        cmocka_unit_test(test_a_flipped_bit_of_each_byte_gets_the_same_verdict),
    };

    return cmocka_run_group_tests(tests, open_honest, close_honest);
}
