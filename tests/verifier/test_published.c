/*
 * ledger-verify on published directories: every file with bits flipped, cut, longer, missing; files of
 * other places; the checkpoint of another size. The right place must be named.
 */
#include "verifier/forge_files.h"
#include "verifier/verifier.h"

#include "ledger/wire.h"

#include <ftw.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[100];
static struct forge honest; /* 300 entries: two bundles, a tile of level 1, two epochs, timestamps */
static struct forged_files files;
static char vkey[NOTE_VKEY_TEXT_SIZE];
static struct verifier_report report;

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    return ftw->level == 0 ? 0 : remove(path);
}

static void write_all(void)
{
    assert_int_equal(nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
    forge_files_write(&files, dir);
}

static void check(const char *key)
{
    const struct verifier_options options = {.vkey = key};

    verifier_check_file(dir, &options, &report);
}

static void expect_good(void)
{
    check(vkey);
    if (report.exit != VERIFIER_GOOD)
        fail_msg("%s: %s", report.where, report.what);
    assert_true(report.integrity_ok && report.complete_ok);
}

/* The place begins so. */
static void expect_where(const char *where, const char *story)
{
    check(vkey);
    if (report.exit != VERIFIER_WRONG || strncmp(report.where, where, strlen(where)) != 0)
        fail_msg("%s: expected %s, got exit code %u, %s: %s", story, where, (unsigned)report.exit,
                 report.where, report.what);
    assert_false(report.integrity_ok && report.complete_ok);
}

/* Where a change of a file must be found. */
static const char *place_of(const char *name, char *out, size_t room)
{
    unsigned level = 0;
    unsigned number = 0;

    if (strncmp(name, "tile/entries/", 13) == 0)
        return "entry ";
    if (strncmp(name, "seals", 5) == 0)
        return "seal"; /* the list, or a seal that it does not list any more, or one that there is not */
    if (sscanf(name, "tile/%u/%u", &level, &number) == 2)
        snprintf(out, room, "tile %u/%u", level, number);
    else if (sscanf(name, "seal/%u", &number) == 1)
        snprintf(out, room, "seal %u", number);
    else if (sscanf(name, "timestamp/%u", &number) == 1)
        snprintf(out, room, "timestamp %u", number);
    else
        return "checkpoint";
    return out;
}

static void test_an_honest_directory_is_good(void **state)
{
    (void)state;
    expect_good();
    assert_int_equal(report.entries, 300);
    assert_int_equal(report.epochs, 2);
    assert_int_equal(report.timestamps, 3);
    assert_int_equal(report.stamped, 300);
    assert_int_equal(report.seals, 6);
    assert_int_equal(report.tiles, 3);
    const struct hash root = forge_root(&honest, 300);
    assert_memory_equal(report.root, root.bytes, HASH_SIZE);
    check(NULL);
    assert_int_equal(report.exit, VERIFIER_GOOD);
    assert_false(report.key_given);
    assert_string_equal(report.vkey, vkey);
}

static bool is_stamp(const struct forged_file *file)
{
    return strncmp(file->name, "timestamp/", 10) == 0;
}

static void test_a_flipped_bit_is_named(void **state)
{
    char where[40];

    (void)state;
    write_all();
    for (size_t i = 0; i < files.count; i++) {
        struct forged_file *const file = &files.all[i];
        const size_t step =
            is_stamp(file) ? file->size : 1 + file->size / 211; /* of some bytes of large files */
        for (size_t at = 0; at < file->size; at += step) {
            file->bytes[at] ^= (uint8_t)(1u << at % 8);
            forge_file_write(file, dir);
            expect_where(place_of(file->name, where, sizeof where), file->name);
            file->bytes[at] ^= (uint8_t)(1u << at % 8);
        }
        forge_file_write(file, dir);
    }
    expect_good();
}

static void test_a_changed_entry_and_a_changed_hash_are_told_apart(void **state)
{
    struct forged_file *const bundle = forge_files_find(&files, "tile/entries/000");
    struct forged_file *const tile = forge_files_find(&files, "tile/0/000");
    char where[40];

    (void)state;
    for (size_t seq = 3, at = 0; seq <= 256; seq += 50) {
        for (size_t i = at = 0; i + 1 < seq; i++)
            at += 2 + ((size_t)bundle->bytes[at] << 8 | bundle->bytes[at + 1]);
        write_all();
        bundle->bytes[at + 2 + 33] ^= 1; /* its cause, of no number that there is */
        forge_file_write(bundle, dir);
        snprintf(where, sizeof where, "entry %zu", seq);
        expect_where(where, "an entry");
        assert_int_equal(report.first, seq);
        assert_false(report.integrity_ok);
        assert_true(report.complete_ok);
        bundle->bytes[at + 2 + 33] ^= 1;
        forge_file_write(bundle, dir);
        tile->bytes[32 * (seq - 1)] ^= 1;
        forge_file_write(tile, dir);
        expect_where("tile 0/0", "a hash");
        tile->bytes[32 * (seq - 1)] ^= 1;
    }
}

/* Missing is not changed: integrity is good, completeness is not. */
static void test_a_missing_file_is_named(void **state)
{
    char where[40];
    char path[300];

    (void)state;
    for (size_t i = 0; i < files.count; i++) {
        write_all();
        snprintf(path, sizeof path, "%s/%s", dir, files.all[i].name);
        assert_int_equal(unlink(path), 0);
        if (is_stamp(
                &files.all
                     [i])) { /* what no one can see, or a seal's second one, which is then not looked at */
            check(vkey);
            assert_int_equal(report.exit, VERIFIER_GOOD);
            continue;
        }
        if (strcmp(files.all[i].name, "checkpoint") == 0) {
            check(vkey);
            assert_int_equal(report.exit, VERIFIER_NOT_CHECKED);
            continue;
        }
        expect_where(place_of(files.all[i].name, where, sizeof where), files.all[i].name);
        assert_true(report.integrity_ok);
        assert_false(report.complete_ok);
    }
}

static void test_a_file_of_another_size_is_named(void **state)
{
    char where[40];

    (void)state;
    write_all();
    for (size_t i = 0; i < files.count; i++) {
        struct forged_file *const file = &files.all[i];
        uint8_t *const bytes = file->bytes;
        const size_t size = file->size;
        for (size_t cut = 0; cut < size; cut += 1 + size / 17) {
            file->size = cut;
            forge_file_write(file, dir);
            expect_where(place_of(file->name, where, sizeof where), file->name);
        }
        file->bytes = malloc(size + 1);
        assert_non_null(file->bytes);
        memcpy(file->bytes, bytes, size);
        file->bytes[size] = 0;
        file->size = size + 1;
        forge_file_write(file, dir);
        expect_where(place_of(file->name, where, sizeof where), file->name);
        free(file->bytes);
        file->bytes = bytes;
        file->size = size;
        forge_file_write(file, dir);
    }
    expect_good();
}

/* An older checkpoint over the same files is a shorter journal; its partial tiles must be there for it. */
static void test_an_older_checkpoint_needs_its_own_files(void **state)
{
    struct forged_file *const checkpoint = forge_files_find(&files, "checkpoint");
    const struct forged_file kept = *checkpoint;

    (void)state;
    write_all();
    *checkpoint = *forge_files_find(&files, "seal/250");
    snprintf(checkpoint->name, sizeof checkpoint->name, "checkpoint");
    forge_file_write(checkpoint, dir);
    *checkpoint = kept;
    expect_where("tile 0/0", "an older checkpoint");
    assert_true(report.integrity_ok);
}

static void test_a_checkpoint_of_any_size_ends(void **state)
{
    static const char *const SIZES[] = {"0", "1",  "9223372036854775807", "9223372036854775808",
                                        "x", "-1", "300000000000"};
    struct forged_file *const checkpoint = forge_files_find(&files, "checkpoint");
    const struct forged_file kept = *checkpoint;
    uint8_t text[400];

    (void)state;
    write_all();
    for (size_t i = 0; i < sizeof SIZES / sizeof SIZES[0]; i++) {
        checkpoint->size =
            (size_t)snprintf((char *)text, sizeof text, "%s\n%s\nAAAA\n\n", FORGE_ORIGIN, SIZES[i]);
        checkpoint->bytes = text;
        forge_file_write(checkpoint, dir);
        check(vkey);
        assert_int_equal(report.exit, VERIFIER_WRONG);
    }
    *checkpoint = kept;
}

static void test_what_is_not_needed_is_not_looked_at(void **state)
{
    struct forged_file more = {.name = "tile/0/001.p/20", .bytes = (uint8_t *)dir, .size = 5};

    (void)state;
    write_all();
    forge_file_write(&more, dir);
    snprintf(more.name, sizeof more.name, "index.html");
    forge_file_write(&more, dir);
    struct forged_file *const list = forge_files_find(&files, "seals");
    const struct forged_file kept = *list;
    char text[4000];
    memcpy(text, list->bytes, list->size);
    list->size += (size_t)snprintf(text + list->size, sizeof text - list->size, "400\n5000000\n");
    list->bytes = (uint8_t *)text;
    forge_file_write(list, dir); /* ahead of the checkpoint */
    *list = kept;
    expect_good();
}

static void test_a_directory_that_is_none_is_not_checked(void **state)
{
    (void)state;
    assert_int_equal(nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
    check(vkey);
    assert_int_equal(report.exit, VERIFIER_NOT_CHECKED);
    assert_non_null(strstr(report.what, "no checkpoint"));
}

static int open_honest(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/published_XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    forge_init(&honest, 1);
    forge_genesis(&honest);
    while (honest.entry_count < 300) {
        honest.now_ns += 1000000;
        forge_many(&honest, honest.entry_count == 1 || honest.entry_count == 100 ? 49 : 50,
                   honest.entry_count);
        if (honest.entry_count == 149)
            forge_key(&honest, 0);
        forge_group(&honest);
    }
    forge_stamp(&honest, 150, 0, NULL, 0, "20151224143200Z");
    forge_stamp(&honest, 150, 1, NULL, 0, "20151224143300Z");
    forge_stamp(&honest, 300, 0, NULL, 0, "20151224143300Z");
    forge_vkey(&honest, vkey);
    forge_files(&honest, &files);
    forge_files_write(&files, dir);
    return 0;
}

static int close_honest(void **state)
{
    (void)state;
    forge_files_release(&files);
    forge_release(&honest);
    return nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS) || rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_honest_directory_is_good),
        cmocka_unit_test(test_a_changed_entry_and_a_changed_hash_are_told_apart),
        cmocka_unit_test(test_a_missing_file_is_named),
        cmocka_unit_test(test_a_file_of_another_size_is_named),
        cmocka_unit_test(test_an_older_checkpoint_needs_its_own_files),
        cmocka_unit_test(test_a_checkpoint_of_any_size_ends),
        cmocka_unit_test(test_what_is_not_needed_is_not_looked_at),
        cmocka_unit_test(test_a_flipped_bit_is_named),
        cmocka_unit_test(test_a_directory_that_is_none_is_not_checked),
    };

    return cmocka_run_group_tests(tests, open_honest, close_honest);
}
