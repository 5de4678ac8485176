/*
 * Bundles of forged journals, to ledger-verify and to the page that is in every bundle: both say what ledger-verify says
 * of the whole journal, and name the same place, of every story about forms, persons, witnesses and timestamps, and
 * of whoever changes what is in a bundle.
 */
#include "verifier/forge_bundle.h"
#include "verifier/verifier.h"

#include "audit/stories.h"
#include "audit/stories_cosigned.h"
#include "support/journals.h"
#include "support/random_entry.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <cmocka.h>

static struct scratch scratch;
static FILE *expected; /* for the page */
static struct verifier_report report;
static struct forged_files files;

/* What ledger-verify says of the files; the page is to say it too. */
static void judge(const char *name, const struct forge *f)
{
    struct forged_file zip;
    char vkey[NOTE_VKEY_TEXT_SIZE];
    const struct verifier_options options = {.vkey = vkey};

    forge_vkey(f, vkey);
    snprintf(zip.name, sizeof zip.name, "%s.zip", name);
    zip.bytes = forge_zip(&files, &zip.size);
    verifier_check_bytes(zip.bytes, zip.size, &options, &report);
    assert_true(report.is_bundle);
    forge_file_write(&zip, scratch.root);
    fprintf(expected, "%s\t%u\t%s\t%s\n", zip.name, (unsigned)report.exit,
            report.exit == VERIFIER_WRONG ? report.where : "-", vkey);
    free(zip.bytes);
}

/* The same of the whole journal: its export. */
static void as_of_the_journal(const char *name, struct forge *f)
{
    struct verifier_report whole;
    char vkey[NOTE_VKEY_TEXT_SIZE];
    const struct verifier_options options = {.vkey = vkey};
    size_t size = 0;

    forge_vkey(f, vkey);
    uint8_t *const image = forge_image(f, &size);
    verifier_check_bytes(image, size, &options, &whole);
    free(image);
    if (whole.exit != report.exit || strcmp(whole.where, report.where) != 0)
        fail_msg("%s: of the journal it says %u %s (%s), of the bundle %u %s (%s)", name,
                 (unsigned)whole.exit, whole.where, whole.what, (unsigned)report.exit, report.where,
                 report.what);
    if (whole.exit == VERIFIER_GOOD) {
        assert_int_equal(report.cosignatures, whole.cosignatures);
        assert_int_equal(report.timestamps, whole.timestamps);
        assert_int_equal(report.signatures, whole.signatures);
        assert_int_equal(report.epochs, whole.epochs);
        assert_int_equal(report.owned_since, whole.owned_since);
        assert_memory_equal(report.root, whole.root, sizeof report.root);
    }
}

/* All of a journal. */
static void tell(const char *name, struct forge *f)
{
    forge_bundle(f, NULL, &files);
    judge(name, f);
    as_of_the_journal(name, f);
    forge_files_release(&files);
}

/* -- stories ------------------------------------------------------------------------------------------------- */

static void tell_rules(const struct rule_story *all, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct forge f;
        rule_story_tell(&all[i], &f);
        tell(all[i].name, &f);
        if (all[i].is_good != (report.exit == VERIFIER_GOOD))
            fail_msg("%s: %u %s: %s", all[i].name, (unsigned)report.exit, report.where, report.what);
        forge_release(&f);
    }
}

static void test_what_a_writer_may_not_write_is_wrong_in_a_bundle(void **state)
{
    size_t count = 0;
    const struct rule_story *const all = rule_stories(&count);

    (void)state;
    tell_rules(all, count);
}

static void test_what_persons_may_not_do_is_wrong_in_a_bundle(void **state)
{
    size_t count = 0;
    const struct rule_story *const all = person_stories(&count);

    (void)state;
    tell_rules(all, count);
}

static void test_a_false_line_of_a_witness_is_wrong_in_a_bundle(void **state)
{
    size_t count = 0;
    unsigned bad = 0;
    const struct cosigned_story *const all = cosigned_stories(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        struct forge f;
        if (all[i].where && strncmp(all[i].where, "seal ", 5) != 0)
            continue; /* of what no bundle has: checks, blocks that can be cut off */
        cosigned_story_tell(&all[i], &f);
        tell(all[i].name, &f);
        bad += report.exit == VERIFIER_WRONG;
        assert_string_equal(report.where, all[i].where ? all[i].where : "");
        forge_release(&f);
    }
    assert_true(bad > 2 && bad < count);
}

static void test_a_false_timestamp_is_wrong_in_a_bundle(void **state)
{
    static const char *const NAMES[] = {"stamp_of_another_seal", "stamp_cut",
                                        "stamp_empty",           "stamp_without_seal",
                                        "stamp_past_the_end",    "stamp_before_its_entry",
                                        "stamp_with_cosignature"};

    (void)state;
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        struct forge f;
        forge_small(&f, 1, STORIES_GROUPS, STORIES_EACH);
        story_find(NAMES[i])->tamper(&f);
        tell(NAMES[i], &f);
        assert_string_equal(report.where, story_find(NAMES[i])->where);
        forge_release(&f);
    }
}

static void test_bits_of_a_token_get_the_verdict_of_the_journal(void **state)
{
    struct forge f;
    char name[40];

    (void)state;
    forge_small(&f, 1, STORIES_GROUPS, STORIES_EACH);
    stories_stamp(&f);
    tell("stamped", &f);
    assert_int_equal(report.timestamps, 4);
    struct forge_row *const token = forge_find_stamp(&f, 16, 0);
    for (size_t bit = 0; bit < 8 * token->size; bit += 3) {
        token->bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        snprintf(name, sizeof name, "stamp_bit_%zu", bit);
        tell(name, &f);
        token->bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    forge_release(&f);
}

/* Only the rules about forms can tell: both must read them as they do in a journal. */
static void test_entries_that_were_sealed_in_bad_form(void **state)
{
    struct random r = {9};
    char name[40];

    (void)state;
    for (unsigned i = 0; i < 150; i++) {
        struct forge f;
        forge_init(&f, 4);
        forge_genesis(&f);
        forge_many(&f, 34, i);
        const struct forge_entry *const e = &f.entries[1 + random_below(&r, f.entry_count - 1)];
        e->bytes[random_below(&r, 3) ? 48 + random_below(&r, e->size - 48) : random_below(&r, 48)] ^=
            (uint8_t)(1u << random_below(&r, 8));
        forge_group(&f);
        snprintf(name, sizeof name, "sealed_flip_%u", i);
        forge_bundle(&f, NULL, &files);
        judge(name, &f); /* a seq that was flipped has another place in a bundle than in a journal */
        forge_files_release(&files);
        forge_release(&f);
    }
}

/* -- whoever changes a bundle --------------------------------------------------------------------------------- */

/* Entries of everything(). */
enum { OWNER_JOINS = 3, PROPOSAL = 6, APPROVAL, RESUMED, WITNESS_JOINS, HAND_OVER, WORDS, RECOVERY, END };
enum { EVA = FORGE_ACTORS + 1, WITNESS = EVA + 3 };

/* Two persons wanted entry 8; a witness, a token, a hand-over, a recovery by the owner. */
static void everything(struct forge *f)
{
    struct note_key witness;
    struct entry e;
    size_t count = 0;
    const struct rule_story *const all = person_stories(&count);
    size_t i = 0;

    while (i < count && strcmp(all[i].name, "two_persons") != 0)
        i++;
    assert_true(i < count);
    rule_story_tell(&all[i], f);
    assert_int_equal(f->entry_count, RESUMED);
    stories_actor(f, &e, WITNESS, "witness.example/w0", ROLE_WITNESS);
    cosigned_key(0, &witness);
    memcpy(e.as.control_actor.key.bytes, witness.public_key, 32);
    e.actor = EVA;
    e.is_signed = true;
    forge_add(f, &e);
    forge_key(f, 0);
    forge_group(f);
    forge_note(f, "words");
    forge_group(f);
    forge_key(f, EVA);
    forge_group(f);
    forge_note(f, "the end");
    forge_group(f);
    assert_int_equal(f->entry_count, END);
    cosigned_by(f, HAND_OVER, 0, false);
    cosigned_by(f, END, 0, false);
    forge_stamp(f, WORDS, 0, NULL, 0, "20301224143105Z");
}

/* A bit of a file, at `at` from its beginning or, below 0, from its end. */
static void flip(const char *name, ptrdiff_t at)
{
    struct forged_file *const file = forge_files_find(&files, name);

    assert_non_null(file);
    file->bytes[at < 0 ? (ptrdiff_t)file->size + at : at] ^= 1;
}

static void flip_entry(uint64_t seq, size_t at)
{
    size_t size = 0;

    forge_bundle_entry(&files, seq, &size)[at] ^= 1;
}

static void lose(const char *name)
{
    struct forged_file *const file = forge_files_find(&files, name);

    assert_non_null(file);
    snprintf(file->name, sizeof file->name, "lost");
}

static void nothing(void)
{
}

static void approval_removed(void)
{
    forge_bundle_drop_entry(&files, APPROVAL);
}

static void proposal_removed(void)
{
    forge_bundle_drop_entry(&files, PROPOSAL);
}

static void approval_changed(void)
{
    flip_entry(APPROVAL, 48);
}

static void approved_words_changed(void)
{
    flip_entry(RESUMED, 52);
}

/* owner to operator: 1 to 2, of the body's id, a name of nine letters, a role. */
static void role_changed(void)
{
    size_t size = 0;

    forge_bundle_entry(&files, OWNER_JOINS, &size)[48 + 8 + 1 + 9] = 2;
}

/* The approver's, of an entry that the owner signed: compliance to auditor. */
static void signed_role_changed(void)
{
    size_t size = 0;

    forge_bundle_entry(&files, OWNER_JOINS + 1, &size)[48 + 8 + 1 + 15] = 4;
}

static void owner_removed(void)
{
    forge_bundle_drop_entry(&files, OWNER_JOINS);
}

/* Nobody would miss it but the proof: without it the witness's lines are a stranger's. */
static void witness_removed(void)
{
    forge_bundle_drop_entry(&files, WITNESS_JOINS);
}

static void hand_over_removed(void)
{
    forge_bundle_drop_entry(&files, HAND_OVER);
}

static void hand_over_seal_removed(void)
{
    lose("seals/10.note");
}

static void seal_before_recovery_removed(void)
{
    lose("seals/11.note");
}

static void recovery_seal_removed(void)
{
    lose("seals/12.note");
}

static void witness_line_changed(void)
{
    flip("seals/10.note", -12);
}

static void witness_line_of_the_newest_changed(void)
{
    flip("seals/13.note", -12);
}

static void token_changed(void)
{
    struct forged_file *const token = forge_files_find(&files, "timestamps/11-0.tsr");
    uint8_t *const imprint = memmem(token->bytes, token->size, "\x04\x20", 2);

    assert_non_null(imprint);
    imprint[9] ^= 1;
}

static void token_of_another_seal(void)
{
    snprintf(forge_files_find(&files, "timestamps/11-0.tsr")->name, 80, "timestamps/12-0.tsr");
}

static void token_without_seal(void)
{
    snprintf(forge_files_find(&files, "timestamps/11-0.tsr")->name, 80, "timestamps/9-0.tsr");
}

#define CHANGE(change, where)                                                                                \
    {                                                                                                        \
#change, change, where                                                                               \
    }

static const struct {
    const char *name;
    void (*change)(void);
    const char *where;
} CHANGES[] = {
    CHANGE(nothing, ""),
    CHANGE(approval_removed, "entry 8"),
    CHANGE(proposal_removed, "entry 7"),
    CHANGE(approval_changed, "entry 7"),
    CHANGE(approved_words_changed, "entry 8"),
    CHANGE(role_changed, "entry 12"), /* the recovery, then by somebody who is no owner */
    CHANGE(signed_role_changed, "entry 4"),
    CHANGE(owner_removed, "entry 4"),
    CHANGE(witness_removed, "proof"),
    CHANGE(hand_over_removed, "entry 12"),
    CHANGE(hand_over_seal_removed, "seal 10"),
    CHANGE(seal_before_recovery_removed, "seal 11"),
    CHANGE(recovery_seal_removed, "seal 12"),
    CHANGE(witness_line_changed, "seal 10"),
    CHANGE(witness_line_of_the_newest_changed, "seal 13"),
    CHANGE(token_changed, "timestamp 11"),
    CHANGE(token_of_another_seal, "timestamp 12"),
    CHANGE(token_without_seal, "timestamp 9"),
};

/* Of all entries, and of those alone that must be there. */
static void test_whoever_changes_a_bundle_is_found_out(void **state)
{
    struct forge f;
    char name[80];

    (void)state;
    everything(&f);
    for (unsigned part = 0; part < 2; part++) {
        for (size_t i = 0; i < sizeof CHANGES / sizeof CHANGES[0]; i++) {
            bool with[END];
            for (unsigned s = 1; s <= END; s++)
                with[s - 1] = part == 0 || (s != 2 && s != WORDS && s != END);
            forge_bundle(&f, with, &files);
            CHANGES[i].change();
            snprintf(name, sizeof name, "%s_%u", CHANGES[i].name, part);
            judge(name, &f);
            if (strcmp(report.where, CHANGES[i].where) != 0)
                fail_msg("%s: not %s but %s: %s", name, CHANGES[i].where, report.where, report.what);
            forge_files_release(&files);
        }
    }
    forge_release(&f);
}

static void test_what_a_bundle_proves_is_reported(void **state)
{
    struct forge f;

    (void)state;
    everything(&f);
    tell("everything", &f);
    assert_int_equal(report.exit, VERIFIER_GOOD);
    assert_int_equal(report.epochs, 3);
    assert_int_equal(report.pairs, 1);
    assert_int_equal(report.owned_since, OWNER_JOINS);
    assert_int_equal(report.cosignatures, 2);
    assert_int_equal(report.timestamps, 1);
    assert_int_equal(report.stamped, WORDS);
    assert_int_equal(report.gaps, 0);
    forge_release(&f);
}

/* Bits of every file. Good is what only a stranger's line or an authority's own signature says. */
static void test_flipped_bits_get_the_same_verdict_from_both(void **state)
{
    struct random r = {11};
    struct forge f;
    unsigned good = 0;
    char name[40];

    (void)state;
    everything(&f);
    for (unsigned i = 0; i < 600; i++) {
        bool with[END];
        for (unsigned s = 1; s <= END; s++)
            with[s - 1] = s != 2 && s != WORDS && s != END;
        forge_bundle(&f, with, &files);
        struct forged_file *file = NULL;
        while (!file || file->size == 0)
            file = &files.all[1 + random_below(&r, files.count - 1)]; /* the first one is the guide */
        const bool is_of_the_journal = strcmp(file->name, "entries") == 0 || strcmp(file->name, "proof") == 0;
        file->bytes[random_below(&r, file->size)] ^= (uint8_t)(1u << random_below(&r, 8));
        snprintf(name, sizeof name, "flip_%u", i);
        judge(name, &f);
        good += report.exit == VERIFIER_GOOD;
        if (is_of_the_journal && report.exit == VERIFIER_GOOD)
            fail_msg("%s, a bit of %s, is good", name, file->name);
        forge_files_release(&files);
    }
    assert_true(good < 100);
    forge_release(&f);
}

/* The last one: of all that the others have told. */
static void test_the_page_says_the_same_of_all_of_them(void **state)
{
    char command[1000];

    (void)state;
    assert_int_equal(fflush(expected), 0);
    if (system("node --version >/dev/null 2>&1") != 0) {
        print_message("node is not installed: verify.html was NOT asked\n");
        skip();
    }
    snprintf(command, sizeof command,
             "node '%s/tests/verifier/agree_bundles.mjs' '%s' '%s/audit/bundle/verify.html'",
             getenv("LEDGER_SOURCE"), scratch.root, getenv("LEDGER_SOURCE"));
    const int status = system(command);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static int open_scratch(void **state)
{
    char path[400];

    (void)state;
    scratch_init(&scratch);
    snprintf(path, sizeof path, "%s/expected.tsv", scratch.root);
    expected = fopen(path, "w");
    return expected ? 0 : -1;
}

static int close_scratch(void **state)
{
    (void)state;
    fclose(expected);
    scratch_release(&scratch);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_a_writer_may_not_write_is_wrong_in_a_bundle),
        cmocka_unit_test(test_what_persons_may_not_do_is_wrong_in_a_bundle),
        cmocka_unit_test(test_a_false_line_of_a_witness_is_wrong_in_a_bundle),
        cmocka_unit_test(test_a_false_timestamp_is_wrong_in_a_bundle),
        cmocka_unit_test(test_bits_of_a_token_get_the_verdict_of_the_journal),
        cmocka_unit_test(test_entries_that_were_sealed_in_bad_form),
        cmocka_unit_test(test_whoever_changes_a_bundle_is_found_out),
        cmocka_unit_test(test_what_a_bundle_proves_is_reported),
        cmocka_unit_test(test_flipped_bits_get_the_same_verdict_from_both),
        cmocka_unit_test(test_the_page_says_the_same_of_all_of_them),
    };

    return cmocka_run_group_tests(tests, open_scratch, close_scratch);
}
