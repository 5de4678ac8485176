/* Whatever is changed in a pack is noticed, and named. */
#include "packs.h"

#include "ledger/build.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct bench {
    struct story story;
    char out[512];
    struct pack_verify_report report;
    struct err why;
};

static void bench_init(struct bench *b)
{
    memset(b, 0, sizeof *b);
    story_init(&b->story);
    snprintf(b->out, sizeof b->out, "%s", story_path(&b->story, "pack"));
    SCRATCH_OK(packs_write(&b->story, PACKS_DAY, b->out, err));
}

/* Both ways of checking must say no, and name `name` first. */
static void assert_wrong(struct bench *b, const char *name, const char *what)
{
    assert_int_equal(packs_verify(&b->story, b->out, &b->report, &b->why), ERR_WRONG);
    if (strncmp(b->why.text, name, strlen(name)) != 0)
        fprintf(stderr, "expected %s first: %s\n", name, b->why.text);
    assert_memory_equal(b->why.text, name, strlen(name));
    if (what)
        assert_non_null(strstr(b->why.text, what));
    assert_int_equal(packs_verify_alone(&b->story, b->out, &b->report, &b->why), ERR_WRONG);
    assert_memory_equal(b->why.text, name, strlen(name));
}

static void test_a_good_pack_is_good(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b);
    SCRATCH_OK(packs_verify(&b.story, b.out, &b.report, err));
    assert_true(b.report.against_journal);
    assert_int_equal(b.report.later_entries, 0);
    assert_int_equal(b.report.manifest.file_count, TABLES_COUNT + 2);
    assert_string_equal(b.report.manifest.program, BUILD_PROGRAM);
    SCRATCH_OK(packs_verify_alone(&b.story, b.out, &b.report, err));
    assert_false(b.report.against_journal);
    story_next_day(&b.story);
    SCRATCH_OK(packs_verify(&b.story, b.out, &b.report, err)); /* however much it grows */
    assert_int_equal(b.report.journal_size, b.story.seal.size);
    story_release(&b.story);
}

static void test_a_changed_byte_of_any_file_is_noticed(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b);
    for (unsigned i = 0; packs_name(i); i++) {
        char name[64];
        size_t size = 0;
        snprintf(name, sizeof name, "%s", packs_name(i));
        char *const bytes = packs_read(b.out, name, &size);
        const size_t step = size / 13 + 1;
        for (size_t at = 0; at < size; at += step) {
            bytes[at] ^= 1;
            packs_put(b.out, name, bytes, size);
            assert_wrong(&b, name, NULL);
            bytes[at] ^= 1;
        }
        packs_put(b.out, name, bytes, size - 1); /* cut */
        assert_wrong(&b, name, NULL);
        char *const longer = calloc(1, size + 1);
        memcpy(longer, bytes, size);
        packs_put(b.out, name, longer, size + 1); /* and longer */
        assert_wrong(&b, name, NULL);
        free(longer);
        packs_put(b.out, name, bytes, size);
        free(bytes);
    }
    SCRATCH_OK(packs_verify(&b.story, b.out, &b.report, err));
    story_release(&b.story);
}

static void test_every_byte_of_the_manifest_counts(void **state)
{
    struct bench b;
    size_t size = 0;

    (void)state;
    bench_init(&b);
    char *const bytes = packs_read(b.out, MANIFEST_NAME, &size);
    for (size_t at = 0; at < size; at++) {
        bytes[at] ^= 1;
        packs_put(b.out, MANIFEST_NAME, bytes, size);
        assert_int_equal(packs_verify_alone(&b.story, b.out, &b.report, &b.why), ERR_WRONG);
        bytes[at] ^= 1;
    }
    free(bytes);
    story_release(&b.story);
}

static void test_missing_and_strange_files_are_named(void **state)
{
    struct bench b;
    char path[600];

    (void)state;
    bench_init(&b);
    for (unsigned i = 0; packs_name(i); i++) {
        char name[64];
        size_t size = 0;
        snprintf(name, sizeof name, "%s", packs_name(i));
        char *const bytes = packs_read(b.out, name, &size);
        snprintf(path, sizeof path, "%s/%s", b.out, name);
        assert_int_equal(unlink(path), 0);
        assert_wrong(&b, name, "No such file");
        packs_put(b.out, name, bytes, size);
        free(bytes);
    }
    packs_put(b.out, "zzz.csv", "", 0);
    assert_wrong(&b, "zzz.csv", "the manifest does not name it");
    packs_put(b.out, ".hidden", "", 0);
    assert_wrong(&b, ".hidden", "the manifest does not name it");
    snprintf(path, sizeof path, "%s/zzz.csv", b.out);
    assert_int_equal(unlink(path), 0);
    snprintf(path, sizeof path, "%s/.hidden", b.out);
    assert_int_equal(unlink(path), 0);
    /* a link to the right bytes is no file of the pack: what it points to can change */
    char aside[600];
    snprintf(aside, sizeof aside, "%s/aside.csv", b.story.scratch.root);
    snprintf(path, sizeof path, "%s/blotter.csv", b.out);
    assert_int_equal(rename(path, aside), 0);
    assert_int_equal(symlink(aside, path), 0);
    assert_wrong(&b, "blotter.csv", NULL);
    story_release(&b.story);
}

static void test_no_directory_is_not_wrong_but_could_not_be_checked(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b);
    const char *const nothing = story_path(&b.story, "nothing");
    assert_int_equal(packs_verify(&b.story, nothing, &b.report, &b.why), ERR_NOT_FOUND);
    story_release(&b.story);
}

/* Signs a changed manifest again: what a thief of the key, or the operator, could do. */
static void sign_again(struct bench *b, struct manifest *m)
{
    struct words w;

    words_init(&w);
    SCRATCH_OK(manifest_text(m, &w, err));
    SCRATCH_OK(
        journal_sign_bytes(b->story.journal, MANIFEST_FORMAT, w.bytes, w.size, NULL, m->signature, err));
    SCRATCH_OK(manifest_format(m, &w, err));
    packs_put(b->out, MANIFEST_NAME, w.bytes, w.size);
    words_release(&w);
}

static struct manifest *load_manifest(const struct bench *b)
{
    struct manifest *const m = malloc(sizeof *m);
    size_t size = 0;
    char *const bytes = packs_read(b->out, MANIFEST_NAME, &size);

    SCRATCH_OK(manifest_parse(m, bytes, size, err));
    free(bytes);
    return m;
}

static void change_file(struct bench *b, struct manifest *m, const char *name, const char *bytes, size_t size)
{
    packs_put(b->out, name, bytes, size);
    for (size_t i = 0; i < m->file_count; i++) {
        if (strcmp(m->files[i].name, name) == 0) {
            m->files[i].size = size;
            m->files[i].sha256 = hash_bytes(bytes, size);
        }
    }
}

static void test_a_pack_that_was_signed_again_does_not_fit_the_journal(void **state)
{
    struct bench b;

    (void)state;
    for (unsigned i = 0; i < TABLES_COUNT; i++) {
        char name[64];
        size_t size = 0;
        bench_init(&b);
        struct manifest *const m = load_manifest(&b);
        snprintf(name, sizeof name, "%s", packs_name(i));
        char *const bytes = packs_read(b.out, name, &size);
        bytes[size - 3] ^= 1;
        change_file(&b, m, name, bytes, size);
        sign_again(&b, m);
        SCRATCH_OK(packs_verify_alone(&b.story, b.out, &b.report, err)); /* it is in itself sound */
        assert_int_equal(packs_verify(&b.story, b.out, &b.report, &b.why), ERR_WRONG);
        assert_memory_equal(b.why.text, name, strlen(name));
        assert_non_null(strstr(b.why.text, "not what the journal's entries 1 to"));
        free(bytes);
        free(m);
        story_release(&b.story);
    }
}

static void test_other_claims_signed_again_are_wrong_too(void **state)
{
    struct bench b;
    struct hash other = hash_bytes("x", 1);

    (void)state;
    bench_init(&b);
    struct manifest *const good = load_manifest(&b);
    struct manifest m = *good;

    m.scope.last_seq--;
    sign_again(&b, &m);
    assert_int_equal(packs_verify(&b.story, b.out, &b.report, &b.why), ERR_WRONG);
    assert_string_equal(b.why.text, "manifest.json: the day has other entries in the journal");
    m = *good;
    m.state_digest = other;
    sign_again(&b, &m);
    assert_int_equal(packs_verify(&b.story, b.out, &b.report, &b.why), ERR_WRONG);
    assert_non_null(strstr(b.why.text, "has another digest"));
    m = *good;
    m.file_count--; /* a table the manifest keeps quiet about */
    sign_again(&b, &m);
    assert_int_equal(packs_verify(&b.story, b.out, &b.report, &b.why), ERR_WRONG);
    assert_non_null(strstr(b.why.text, "which every pack has"));
    m = *good;
    snprintf(m.program, sizeof m.program, "ledger 99.0.0");
    sign_again(&b, &m);
    assert_int_equal(packs_verify(&b.story, b.out, &b.report, &b.why), ERR_INPUT); /* cover.csv names it */
    assert_non_null(strstr(b.why.text, "check the pack with the program that wrote it"));
    free(good);
    story_release(&b.story);
}

/* The same origin, other keys. */
static void test_another_journals_key_does_not_do(void **state)
{
    struct bench b;
    struct story other;

    (void)state;
    bench_init(&b);
    story_init(&other);
    assert_int_equal(packs_verify(&other, b.out, &b.report, &b.why), ERR_WRONG);
    assert_memory_equal(b.why.text, "manifest.json: it names the key", 31);
    assert_int_equal(packs_verify_alone(&other, b.out, &b.report, &b.why), ERR_WRONG);
    /* a journal and a key that do not belong together */
    struct note_key key;
    SCRATCH_OK(note_key_parse(&key, journal_vkey(other.journal), strlen(journal_vkey(other.journal)), err));
    const struct pack_verify_options options = {.dir = b.out, .key = &key, .journal = b.story.journal};
    assert_int_equal(pack_verify(&options, &b.report, &b.why), ERR_WRONG);
    assert_non_null(strstr(b.why.text, "not the one given"));
    story_release(&other);
    story_release(&b.story);
}

static struct pack_verify_options alone(struct bench *b, size_t epoch, struct note_key *key)
{
    SCRATCH_OK(journal_key_of(b->story.journal, epoch, key, err));
    return (struct pack_verify_options){.dir = b->out, .key = key};
}

/* Each pack is signed with the key of its time, and the journal knows which that was. */
static void test_packs_of_later_keys_are_checked_with_those(void **state)
{
    struct note_key key;
    struct bench b;

    (void)state;
    bench_init(&b); /* signed with the first key */
    for (size_t epoch = 1; epoch <= 2; epoch++) {
        SCRATCH_OK(journal_rotate_key(b.story.journal, "each day", 0, NULL, err));
        SCRATCH_OK(packs_verify(&b.story, b.out, &b.report, err)); /* the older pack is as good as before */
        snprintf(b.out, sizeof b.out, "%s", story_path(&b.story, epoch == 1 ? "pack1" : "pack2"));
        SCRATCH_OK(packs_write(&b.story, PACKS_DAY, b.out, err)); /* of a seal by the first key */
        SCRATCH_OK(packs_verify(&b.story, b.out, &b.report, err));
        assert_int_equal(b.report.manifest.epoch, epoch);
        assert_true(b.report.is_seal_open);
        assert_string_equal(b.report.manifest.vkey, journal_vkey(b.story.journal));
        /* Without the journal: the key that signed will do, the first one is not known to be its ancestor. */
        struct pack_verify_options options = alone(&b, epoch, &key);
        SCRATCH_OK(pack_verify(&options, &b.report, err));
        assert_false(b.report.is_seal_open);
        options = alone(&b, 0, &key);
        assert_int_equal(pack_verify(&options, &b.report, &b.why), ERR_INPUT);
        assert_non_null(strstr(b.why.text, "only the journal can tell"));
        if (epoch == 2) {
            options = alone(&b, 1, &key);
            assert_int_equal(pack_verify(&options, &b.report, &b.why), ERR_WRONG);
        }
    }
    story_release(&b.story);
}

/* Whoever has today's key cannot sign a pack in the name of another one, nor of one that is not there. */
static void test_a_pack_that_claims_another_epoch_is_wrong(void **state)
{
    struct note_key key;
    struct bench b;

    (void)state;
    bench_init(&b);
    SCRATCH_OK(journal_rotate_key(b.story.journal, "each day", 0, NULL, err));
    SCRATCH_OK(journal_rotate_key(b.story.journal, "each day", 0, NULL, err));
    struct manifest *const m = load_manifest(&b);
    for (uint64_t epoch = 0; epoch <= 3; epoch++) { /* signed by that of 2 */
        m->epoch = epoch;
        SCRATCH_OK(journal_key_of(b.story.journal, epoch < 3 ? epoch : 2, &key, err));
        note_key_format(m->signed_by, &key);
        sign_again(&b, m);
        assert_int_equal(packs_verify(&b.story, b.out, &b.report, &b.why), epoch == 2 ? ERR_OK : ERR_WRONG);
        assert_true(epoch == 2 || strncmp(b.why.text, "manifest.json: ", 15) == 0);
    }
    m->epoch = 2;
    SCRATCH_OK(journal_key_of(b.story.journal, 1, &key, err));
    note_key_format(m->signed_by, &key);
    sign_again(&b, m);
    assert_int_equal(packs_verify(&b.story, b.out, &b.report, &b.why), ERR_WRONG);
    assert_non_null(strstr(b.why.text, "the key of epoch 2 is "));
    free(m);
    story_release(&b.story);
}

/* A copy of the journal from before the pack's seal. */
static void test_a_journal_that_is_too_short_is_named(void **state)
{
    struct bench b;
    char command[1200];

    (void)state;
    memset(&b, 0, sizeof b);
    story_begin(&b.story);
    story_morning(&b.story);
    snprintf(command, sizeof command, "cp -r %s %s/short", b.story.scratch.dir, b.story.scratch.root);
    assert_int_equal(system(command), 0);
    story_trade(&b.story);
    snprintf(b.out, sizeof b.out, "%s", story_path(&b.story, "pack"));
    SCRATCH_OK(packs_write(&b.story, PACKS_DAY, b.out, err));
    const struct journal_options options = {.dir = story_path(&b.story, "short"), .read_only = true};
    struct journal *whole = b.story.journal;
    SCRATCH_OK(journal_open(&options, &b.story.journal, err));
    assert_int_equal(packs_verify(&b.story, b.out, &b.report, &b.why), ERR_WRONG);
    assert_memory_equal(b.why.text, "checkpoint.txt: ", 16);
    journal_close(b.story.journal);
    b.story.journal = whole;
    story_release(&b.story);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_good_pack_is_good),
        cmocka_unit_test(test_a_changed_byte_of_any_file_is_noticed),
        cmocka_unit_test(test_every_byte_of_the_manifest_counts),
        cmocka_unit_test(test_missing_and_strange_files_are_named),
        cmocka_unit_test(test_no_directory_is_not_wrong_but_could_not_be_checked),
        cmocka_unit_test(test_a_pack_that_was_signed_again_does_not_fit_the_journal),
        cmocka_unit_test(test_other_claims_signed_again_are_wrong_too),
        cmocka_unit_test(test_another_journals_key_does_not_do),
        cmocka_unit_test(test_packs_of_later_keys_are_checked_with_those),
        cmocka_unit_test(test_a_pack_that_claims_another_epoch_is_wrong),
        cmocka_unit_test(test_a_journal_that_is_too_short_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
