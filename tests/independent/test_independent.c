/*
 * Three verifiers, `ledger verify` and two that were written from docs/FORMAT.md alone, one in C and one in
 * JavaScript, must give the same verdict and name the same place: on good journals, on every story of tampering,
 * and on journals with bits flipped at random.
 */
#include "audit/export.h"
#include "audit/forge.h"
#include "audit/stories.h"
#include "audit/stories_cosigned.h"
#include "audit/verify.h"
#include "support/journals.h"
#include "support/random_entry.h"
#include "verifier/verifier.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <cmocka.h>

static struct scratch scratch;
static FILE *expected;

static bool has_node(void)
{
    return system("node --version >/dev/null 2>&1") == 0;
}

static int run(const char *command)
{
    const int status = system(command);

    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* ledger-verify must say what `ledger verify` says. */
static void expect_of_second(const char *name, const struct verify_options *options, enum err_code rc,
                             const struct verify_report *report)
{
    const struct verifier_options same = {.vkey = options->vkey};
    const bool is_judged = rc == ERR_OK || rc == ERR_WRONG;
    struct verifier_report second;

    verifier_check_file(options->export, &same, &second);
    const unsigned exit = rc == ERR_OK ? VERIFIER_GOOD : is_judged ? VERIFIER_WRONG : VERIFIER_NOT_CHECKED;
    const char *const where = rc == ERR_WRONG ? report->wrong.where : "";
    if (second.exit != exit || strcmp(second.where, where) != 0 ||
        (is_judged &&
         (second.integrity_ok != report->integrity_ok || second.complete_ok != report->complete_ok)))
        fail_msg("%s: ledger verify says %u %s %d %d, ledger-verify %u %s %d %d: %s", name, exit, where,
                 report->integrity_ok, report->complete_ok, (unsigned)second.exit, second.where,
                 second.integrity_ok, second.complete_ok, second.what);
    if (rc == ERR_OK)
        assert_memory_equal(second.root, report->root.bytes, HASH_SIZE);
}

/* Writes down what the C verifier says of a file in the scratch directory. */
static void expect(const char *name, const char *vkey)
{
    struct verify_report report;
    struct err err;
    char path[400];

    snprintf(path, sizeof path, "%s/%s", scratch.root, name);
    const struct verify_options options = {.export = path, .vkey = vkey};
    const enum err_code rc = verify_journal(&options, &report, &err);
    expect_of_second(name, &options, rc, &report);
    if (rc != ERR_OK && rc != ERR_WRONG)
        fprintf(expected, "%s\t3\t-\t0\t0\t%s\n", name, vkey ? vkey : "-");
    else
        fprintf(expected, "%s\t%d\t%s\t%d\t%d\t%s\n", name, rc ? 1 : 0, rc ? report.wrong.where : "-",
                report.integrity_ok, report.complete_ok, vkey ? vkey : "-");
}

static void write_file(const char *name, const uint8_t *bytes, size_t size)
{
    char path[400];

    snprintf(path, sizeof path, "%s/%s", scratch.root, name);
    FILE *const file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void tell(struct forge *f, const char *name, const char *vkey)
{
    size_t size = 0;
    uint8_t *const image = forge_image(f, &size);

    write_file(name, image, size);
    expect(name, vkey);
    free(image);
}

static void tell_stories(void)
{
    struct forge honest;
    char vkey[NOTE_VKEY_TEXT_SIZE];
    size_t count = 0;
    const struct story *const all = stories(&count);

    forge_small(&honest, 1, STORIES_GROUPS, STORIES_EACH);
    forge_vkey(&honest, vkey);
    tell(&honest, "honest", vkey);
    tell(&honest, "honest_without_key", NULL);
    for (size_t i = 0; i < count; i++) {
        struct forge f;
        forge_copy(&f, &honest);
        all[i].tamper(&f);
        tell(&f, all[i].name, i % 2 ? vkey : NULL);
        forge_release(&f);
    }
    forge_release(&honest);
    forge_init(&honest, 1);
    stories_epochs(&honest);
    tell(&honest, "epochs", vkey);
    note_key_format(vkey, &honest.later[1].key);
    tell(&honest, "epochs_with_a_later_key", vkey);
    forge_vkey(&honest, vkey);
    forge_release(&honest);
    forge_small(&honest, 2, STORIES_GROUPS, STORIES_EACH);
    tell(&honest, "another_journal", vkey);
    forge_release(&honest);
}

static void tell_rules(const struct rule_story *all, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct forge f;
        rule_story_tell(&all[i], &f);
        tell(&f, all[i].name, NULL);
        forge_release(&f);
    }
}

static void tell_cosigned(void)
{
    size_t count = 0;
    const struct cosigned_story *const all = cosigned_stories(&count);

    for (size_t i = 0; i < count; i++) {
        struct forge f;
        cosigned_story_tell(&all[i], &f);
        tell(&f, all[i].name, NULL);
        forge_release(&f);
    }
}

/* A bit of a value, or of a key when that leaves no two rows with one key. */
static void flip(struct forge *f, struct random *r)
{
    struct forge_row *const row = &f->rows[random_below(r, f->count)];
    const uint8_t bit = (uint8_t)(1u << random_below(r, 8));

    if (row->size > 0 && random_below(r, 4)) {
        row->bytes[random_below(r, row->size)] ^= bit;
        return;
    }
    uint8_t key[FORGE_KEY_MAX];
    memcpy(key, row->key, sizeof key);
    key[random_below(r, row->key_size)] ^= bit;
    if (!forge_find(f, row->table, key, row->key_size))
        memcpy(row->key, key, sizeof key);
}

/* Entries of every kind, whose bits are flipped one, two or three at once. */
static void tell_flips(unsigned count)
{
    struct random r = {7};
    struct forge honest;
    char name[40];

    forge_small(&honest, 3, STORIES_GROUPS, STORIES_EACH);
    for (unsigned i = 0; i < count; i++) {
        struct forge f;
        forge_copy(&f, &honest);
        for (uint64_t flips = 1 + random_below(&r, 3); flips > 0; flips--)
            flip(&f, &r);
        snprintf(name, sizeof name, "flips_%u", i);
        tell(&f, name, NULL);
        forge_release(&f);
    }
    forge_release(&honest);
}

/* Sealed as they are: only the rules about forms can tell, so both verifiers must read them alike. */
static void tell_sealed_flips(unsigned count)
{
    struct random r = {8};
    char name[40];

    for (unsigned i = 0; i < count; i++) {
        struct forge f;
        forge_init(&f, 4);
        forge_genesis(&f);
        forge_many(&f, 34, i);
        for (int flips = 0; flips < 2; flips++) {
            const struct forge_entry *const e = &f.entries[1 + random_below(&r, f.entry_count - 1)];
            e->bytes[random_below(&r, 3) ? 48 + random_below(&r, e->size - 48) : random_below(&r, 48)] ^=
                (uint8_t)(1u << random_below(&r, 8));
        }
        forge_group(&f);
        snprintf(name, sizeof name, "sealed_flips_%u", i);
        tell(&f, name, NULL);
        forge_release(&f);
    }
}

/* Good timestamps, beside cosigned seals as well; then their bits are flipped, every third of the first token's. */
static void tell_timestamps(void)
{
    struct forge f;
    char name[40];

    forge_small(&f, 1, STORIES_GROUPS, STORIES_EACH);
    stories_stamp(&f);
    tell(&f, "stamped", NULL);
    struct forge_row *const token = forge_find_stamp(&f, 16, 0);
    for (size_t bit = 0; bit < 8 * token->size; bit += 3) {
        token->bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        snprintf(name, sizeof name, "stamp_bit_%zu", bit);
        tell(&f, name, NULL);
        token->bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    forge_release(&f);
}

/* Two levels of tiles, good, and with a bit of each level flipped. */
static void tell_large(void)
{
    struct forge f;

    forge_init(&f, 5);
    f.per_block = 1000;
    forge_genesis(&f);
    for (int i = 1; i < 66000; i++)
        forge_note(&f, "");
    forge_group(&f);
    tell(&f, "large", NULL);
    for (unsigned level = 1; level < 3; level++) {
        struct forge_row *const tile = forge_find_tile(&f, level, 0);
        tile->bytes[0] ^= 1;
        tell(&f, level == 1 ? "large_1" : "large_2", NULL);
        tile->bytes[0] ^= 1;
    }
    forge_release(&f);
}

static void tell_broken_exports(void)
{
    struct forge f;
    size_t size = 0;

    forge_small(&f, 6, 1, 8);
    uint8_t *const image = forge_image(&f, &size);
    write_file("cut", image, size - 1);
    expect("cut", NULL);
    image[0] ^= 1;
    write_file("no_magic", image, size);
    expect("no_magic", NULL);
    image[0] ^= 1;
    image[size - 1] ^= 1;
    write_file("count", image, size);
    expect("count", NULL);
    free(image);
    forge_set(forge_find(&f, EVIDENCE_META, "layout", 6), "\0\0\0\1", 4);
    tell(&f, "layout", NULL);
    forge_release(&f);
}

/* Not a forged one: what the program itself writes. */
static void tell_journal(void)
{
    struct journal *const j = scratch_create(&scratch);
    char path[400];

    for (int i = 0; i < 300; i++)
        scratch_append(j, 3);
    char vkey[NOTE_VKEY_TEXT_SIZE];
    snprintf(vkey, sizeof vkey, "%s", journal_vkey(j));
    journal_close(j);
    snprintf(path, sizeof path, "%s/journal", scratch.root);
    SCRATCH_OK(export_raw(scratch.dir, path, NULL, err));
    expect("journal", vkey);
}

static void test_three_verifiers_agree(void **state)
{
    char command[1000];
    char path[400];
    size_t rule_count = 0;
    size_t person_count = 0;

    (void)state;
    if (!has_node()) {
        print_message("node is not installed: the independent verifier was NOT run\n");
        skip();
    }
    scratch_init(&scratch);
    snprintf(path, sizeof path, "%s/expected.tsv", scratch.root);
    expected = fopen(path, "w");
    assert_non_null(expected);
    tell_stories();
    const struct rule_story *const rules = rule_stories(&rule_count);
    const struct rule_story *const persons = person_stories(&person_count);
    tell_rules(rules, rule_count);
    tell_rules(persons, person_count);
    tell_cosigned();
    tell_flips(200);
    tell_sealed_flips(100);
    tell_timestamps();
    tell_large();
    tell_broken_exports();
    tell_journal();
    assert_int_equal(fclose(expected), 0);
    snprintf(command, sizeof command, "node '%s/tests/independent/agree.mjs' '%s'", getenv("LEDGER_SOURCE"),
             scratch.root);
    assert_int_equal(run(command), 0);
    static const struct {
        const char *file;
        int code;
    } CODES[] = {{"honest", 0}, {"edit_entry", 1}, {"cut", 3}, {"nothing", 3}};
    for (size_t i = 0; i < sizeof CODES / sizeof CODES[0]; i++) {
        snprintf(command, sizeof command, "node '%s/tests/independent/verify.mjs' '%s/%s' >/dev/null 2>&1",
                 getenv("LEDGER_SOURCE"), scratch.root, CODES[i].file);
        assert_int_equal(run(command), CODES[i].code);
    }
    scratch_release(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_three_verifiers_agree)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
