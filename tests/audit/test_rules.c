/* Rules that a writer could break with the journal's key in hand: sealed, and wrong all the same. */
#include "audit/forge.h"
#include "audit/stories.h"
#include "audit/verify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct verify_report report;
static struct err err;

static enum err_code verify_with(struct forge *f, const char *vkey)
{
    const struct verify_options options = {.vkey = vkey};
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

static enum err_code verify_forge(struct forge *f)
{
    return verify_with(f, NULL);
}

static void expect_wrong(struct forge *f, const char *where)
{
    assert_int_equal(verify_forge(f), ERR_WRONG);
    assert_string_equal(report.wrong.where, where);
    assert_false(report.integrity_ok);
}

static void tell(const struct rule_story *all, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct forge f;
        rule_story_tell(&all[i], &f);
        const enum err_code rc = verify_forge(&f);
        if ((rc == ERR_OK) != all[i].is_good || (rc && !strstr(err.text, all[i].words)))
            fail_msg("%s: %s: %s", all[i].name, err_code_name(rc), rc ? err.text : "");
        if (rc) {
            assert_int_equal(rc, ERR_WRONG);
            assert_int_equal(report.wrong.number, f.entry_count);
            assert_non_null(strstr(err.text, "confirms these bytes: they were written so"));
        }
        forge_release(&f);
    }
}

static void test_a_sealed_entry_that_breaks_a_rule_was_written_so(void **state)
{
    size_t count = 0;
    const struct rule_story *const all = rule_stories(&count);

    (void)state;
    tell(all, count);
}

static void test_so_was_one_that_its_actor_may_not_write(void **state)
{
    size_t count = 0;
    const struct rule_story *const all = person_stories(&count);

    (void)state;
    tell(all, count);
}

/* Each key says, or an owner does, which one follows it; the first is all that a verifier needs. */
static void test_keys_are_followed_from_the_first(void **state)
{
    struct forge f;
    char newest[NOTE_VKEY_TEXT_SIZE];

    (void)state;
    forge_init(&f, 1);
    stories_epochs(&f);
    assert_int_equal(verify_forge(&f), ERR_OK);
    assert_int_equal(report.epochs, 5);
    assert_int_equal(report.epoch_entry, 8);
    note_key_format(newest, &f.later[3].key);
    assert_string_equal(report.newest_vkey, newest);
    for (uint64_t size = 4; size <= 9; size++) { /* the seals of all epochs but the first */
        char where[VERIFY_PLACE_SIZE];
        snprintf(where, sizeof where, "seal %d", (int)size);
        forge_find_number(&f, EVIDENCE_SEALS, size)->bytes[3] ^= 1;
        expect_wrong(&f, where);
        forge_find_number(&f, EVIDENCE_SEALS, size)->bytes[3] ^= 1;
    }
    assert_int_equal(verify_forge(&f), ERR_OK);
    forge_release(&f);
}

/* The key of a later epoch is not what a verifier begins with; it is said what it is. */
static void test_a_later_key_that_is_given_is_named_as_one(void **state)
{
    struct forge f;
    char vkey[NOTE_VKEY_TEXT_SIZE];

    (void)state;
    forge_small(&f, 1, STORIES_GROUPS, STORIES_EACH);
    note_key_format(vkey, &f.later[0].key);
    assert_int_equal(verify_with(&f, vkey), ERR_WRONG);
    assert_string_equal(report.wrong.where, "entry 1");
    assert_non_null(strstr(err.text, "a later epoch's: entry 24 names it. Give the key of epoch 0"));
    forge_release(&f);
}

/* A signature over other words, sealed by whoever holds the journal's key: the person did not say it. */
static void test_the_journals_key_cannot_speak_for_a_person(void **state)
{
    struct forge f;
    struct entry e;

    (void)state;
    forge_init(&f, 1);
    forge_genesis(&f);
    stories_stop(&e, FORGE_OPERATOR, true);
    forge_add(&f, &e);
    f.entries[1].bytes[f.entries[1].size - 65] ^= 1; /* the last letter of the reason */
    forge_group(&f);
    expect_wrong(&f, "entry 2");
    assert_non_null(strstr(err.text, "its signature is not that of its actor, operator:ann"));
    forge_sign_entry(&f, 1, FORGE_BROKER);
    forge_checks(&f);
    forge_seal(&f, 2);
    expect_wrong(&f, "entry 2");
    forge_sign_entry(&f, 1, FORGE_OPERATOR);
    forge_checks(&f);
    forge_seal(&f, 2);
    assert_int_equal(verify_forge(&f), ERR_OK);
    assert_int_equal(report.signatures, 1);
    forge_release(&f);
}

static void test_a_signature_comes_once_among_many(void **state)
{
    struct forge f;
    struct entry e;

    (void)state;
    forge_init(&f, 1);
    forge_genesis(&f);
    for (int i = 0; i < 200; i++) {
        stories_stop(&e, FORGE_OPERATOR, true);
        forge_add(&f, &e);
    }
    forge_group(&f);
    assert_int_equal(verify_forge(&f), ERR_OK);
    assert_int_equal(report.signatures, 200);
    f.signed_at_ns -= 200 * 1000; /* the first one's words again */
    stories_stop(&e, 1, true);
    forge_add(&f, &e);
    forge_group(&f);
    expect_wrong(&f, "entry 202");
    assert_non_null(strstr(err.text, "it was put in again"));
    forge_release(&f);
}

/* Sealed bytes of a kind from the future: no fault, but not checked either. */
static void test_an_unknown_kind_is_could_not_check_only_if_it_is_sealed(void **state)
{
    struct forge f;

    (void)state;
    forge_small(&f, 1, STORIES_GROUPS, STORIES_EACH);
    f.entries[10].bytes[3] = 0x1e;
    forge_restore_blocks(&f);
    expect_wrong(&f, "entry 11");
    forge_checks(&f);
    expect_wrong(&f, "entry 11");
    for (uint64_t size = 16; size <= 40; size += 8)
        forge_seal(&f, size);
    assert_int_equal(verify_forge(&f), ERR_FORMAT);
    assert_non_null(strstr(err.text, "verify with a newer program"));
    forge_release(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys_are_followed_from_the_first),
        cmocka_unit_test(test_a_later_key_that_is_given_is_named_as_one),
        cmocka_unit_test(test_a_sealed_entry_that_breaks_a_rule_was_written_so),
        cmocka_unit_test(test_so_was_one_that_its_actor_may_not_write),
        cmocka_unit_test(test_the_journals_key_cannot_speak_for_a_person),
        cmocka_unit_test(test_a_signature_comes_once_among_many),
        cmocka_unit_test(test_an_unknown_kind_is_could_not_check_only_if_it_is_sealed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
