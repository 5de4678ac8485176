/* What is saved of a damaged journal, and how far it is good. */
#include "audit/salvage.h"

#include "audit/damage.h"
#include "audit/forge.h"
#include "audit/stories.h"
#include "audit/verify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct scratch scratch;
static struct err why;
static char file[300];
static char saved[300];
static uint8_t *good; /* the file's bytes */
static size_t good_size;

/* Groups of 1 and 40: entry 1, then to 41, 42 ... 82; all of one small file. */
static int setup(void **state)
{
    (void)state;
    scratch_init(&scratch);
    snprintf(file, sizeof file, "%s/journal.mdb", scratch.dir);
    snprintf(saved, sizeof saved, "%s/saved.raw", scratch.root);
    struct journal *const j = scratch_create(&scratch);
    for (int i = 0; i < 8; i++)
        scratch_append(j, i % 2 ? 1 : 40);
    journal_close(j);
    good = damage_read(file, &good_size);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    free(good);
    scratch_release(&scratch);
    return 0;
}

/* The seal's size that is the largest to confirm entries; -1: not even entry 1. With `write` it is saved. */
static int64_t survey(bool write)
{
    struct evidence *evidence = NULL;
    struct salvage *s = NULL;
    int64_t entries = -1;

    enum err_code rc = salvage_evidence(scratch.dir, NULL, NULL, &evidence, &why);
    if (!rc)
        rc = salvage_survey(evidence, NULL, NULL, NULL, &s, &why);
    if (!rc)
        entries = (int64_t)salvage_found(s)->good;
    if (!rc && write && entries > 0 && salvage_write(s, saved, &why))
        fail_msg("%s", why.text);
    salvage_free(s);
    evidence_close(evidence);
    return entries;
}

static void check_saved(uint64_t entries)
{
    const struct verify_options options = {.export = saved};
    static struct verify_report report;

    if (verify_journal(&options, &report, &why))
        fail_msg("%s", why.text);
    assert_int_equal(report.entries, entries);
    assert_true(report.complete_ok && report.integrity_ok);
}

static void test_of_a_whole_journal_everything_is_saved(void **state)
{
    (void)state;
    assert_int_equal(survey(true), 165);
    check_saved(165);
}

static void test_without_meta_pages_everything_is_saved(void **state)
{
    uint8_t *const bytes = malloc(good_size);

    (void)state;
    assert_non_null(bytes);
    memcpy(bytes, good, good_size);
    for (int first = 0; first < 2; first++) {
        memset(bytes + (size_t)(1 - first) * DAMAGE_PAGE, 0, DAMAGE_PAGE);
        damage_write(file, bytes, good_size);
        assert_int_equal(survey(true), 165);
        check_saved(165);
    }
    free(bytes);
}

static void test_each_page_lost_costs_what_it_held(void **state)
{
    uint8_t *const bytes = malloc(good_size);
    unsigned whole = 0;
    unsigned parts = 0;

    (void)state;
    assert_non_null(bytes);
    for (size_t page = 2; page < good_size / DAMAGE_PAGE && page < 60; page++) {
        memcpy(bytes, good, good_size);
        memset(bytes + page * DAMAGE_PAGE, 0, DAMAGE_PAGE);
        damage_write(file, bytes, good_size);
        const int64_t entries = survey(true);
        whole += entries == 165;
        parts += entries > 0 && entries < 165;
        if (entries > 0)
            check_saved((uint64_t)entries);
        unlink(saved);
    }
    assert_true(whole > 0 && parts > 0);
    free(bytes);
}

/* A changed byte of entry 100: what the seal before confirms is good, and nothing of what follows. */
static void test_a_changed_entry_ends_what_is_good(void **state)
{
    unsigned changed = 0;

    (void)state;
    for (uint8_t *p = good; p + 6 < good + good_size; p++) { /* also in pages that are free by now */
        if (memcmp(p, "d-100", 5) == 0) {
            p[4] = '1';
            changed++;
        }
    }
    assert_true(changed > 0);
    damage_write(file, good, good_size);
    assert_int_equal(survey(true), 83);
    check_saved(83);
}

static void test_another_key_saves_nothing(void **state)
{
    static const char OTHER[] = "desk.example/forge+00d60236+Ac7MFQfcHd1ylZUcKQiI8JWtuQRNG3PWlubfBl1oO9T8";
    struct evidence *evidence = NULL;
    struct salvage *s = NULL;

    (void)state;
    SCRATCH_OK(salvage_evidence(scratch.dir, NULL, NULL, &evidence, err));
    assert_int_equal(salvage_survey(evidence, OTHER, NULL, NULL, &s, &why), ERR_FORMAT);
    assert_non_null(strstr(why.text, "another journal"));
    evidence_close(evidence);
}

/* -- keys that follow each other ------------------------------------------------------------------------- */

/* How far it is good, which is saved and verifies. */
static void expect_good(struct forge *f, uint64_t good_to)
{
    struct evidence *evidence = NULL;
    struct salvage *s = NULL;
    size_t size = 0;
    uint8_t *const image = forge_image(f, &size);

    SCRATCH_OK(evidence_open_memory(image, size, &evidence, err));
    SCRATCH_OK(salvage_survey(evidence, NULL, NULL, NULL, &s, err));
    assert_int_equal(salvage_found(s)->good, good_to);
    if (good_to > 0) {
        if (salvage_write(s, saved, &why))
            fail_msg("%s", why.text);
        check_saved(good_to);
    }
    salvage_free(s);
    evidence_close(evidence);
    free(image);
}

static void test_each_seal_is_held_against_the_key_in_force(void **state)
{
    static const struct {
        const char *story;
        uint64_t good;
    } rows[] = {
        {"hand_over_unsealed", 16},
        {"hand_over_sealed_by_the_next_key", 16},
        {"sealed_on_by_the_old_key", 24},
        {"thief_edits_an_earlier_epoch", 8},
        {"thief_hands_over_to_himself", 8},
        {"thief_recovers_without_an_owner", 8},
        {"recovery_without_its_seal", 3},
        {"recovery_sealed_by_the_lost_key", 3},
        {"recovery_without_the_seal_before", 0},
    };
    struct forge f;

    (void)state;
    forge_small(&f, 1, STORIES_GROUPS, STORIES_EACH);
    expect_good(&f, 40);
    forge_release(&f);
    forge_init(&f, 1);
    stories_epochs(&f);
    expect_good(&f, 9);
    f.entries[3].bytes[f.entries[3].size - 1] ^=
        1; /* the owner's signature, sealed over by who stole the new key */
    forge_checks(&f);
    forge_tiles(&f);
    for (uint64_t size = 4; size <= 9; size++)
        forge_seal(&f, size);
    expect_good(&f, 3);
    forge_release(&f);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        forge_small(&f, 1, STORIES_GROUPS, STORIES_EACH);
        story_find(rows[i].story)->tamper(&f);
        expect_good(&f, rows[i].good);
        forge_release(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_seal_is_held_against_the_key_in_force, setup, teardown),
        cmocka_unit_test_setup_teardown(test_of_a_whole_journal_everything_is_saved, setup, teardown),
        cmocka_unit_test_setup_teardown(test_without_meta_pages_everything_is_saved, setup, teardown),
        cmocka_unit_test_setup_teardown(test_each_page_lost_costs_what_it_held, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_changed_entry_ends_what_is_good, setup, teardown),
        cmocka_unit_test_setup_teardown(test_another_key_saves_nothing, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
