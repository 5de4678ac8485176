/* Verification and raw export of journals that the program itself has written. */
#include "audit/damage.h"
#include "audit/evidence.h"
#include "audit/export.h"
#include "audit/verify.h"
#include "ledger/hex.h"
#include "ledger/wire.h"
#include "support/journals.h"

#include <fcntl.h>
#include <lmdb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>

#include <cmocka.h>

static struct scratch scratch;
static struct verify_report report;
static struct err why;
static char vkey[NOTE_VKEY_TEXT_SIZE];
static char export_path[300];

/* 400 entries: groups of 1, 3 and 96 deposits, notes among them, a signed stop. */
static int setup(void **state)
{
    (void)state;
    scratch_init(&scratch);
    snprintf(export_path, sizeof export_path, "%s/export.raw", scratch.root);
    struct journal *const j = scratch_create(&scratch);
    snprintf(vkey, sizeof vkey, "%s", journal_vkey(j));
    scratch_append(j, 1);
    scratch_append(j, 3);
    while (scratch_append(j, 96) < 390)
        ;
    struct journal_group *g = NULL;
    struct entry e = {.kind = ENTRY_CONTROL_STOP, .actor = SCRATCH_OPERATOR, .at_ns = scratch.now_ns};
    e.as.control_stop.reason = text_from("enough");
    SCRATCH_OK(journal_group_begin(j, &g, err));
    SCRATCH_OK(journal_sign(j, &e, err));
    SCRATCH_OK(journal_group_add(g, &e, err));
    SCRATCH_OK(journal_group_commit(g, NULL, err));
    journal_close(j);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    scratch_release(&scratch);
    return 0;
}

static enum err_code verify_dir(const char *key)
{
    const struct verify_options options = {.dir = scratch.dir, .vkey = key};

    return verify_journal(&options, &report, &why);
}

static enum err_code verify_export(const char *path)
{
    const struct verify_options options = {.export = path};

    return verify_journal(&options, &report, &why);
}

/* -- good ones ------------------------------------------------------------------------------------------- */

static void test_a_journal_as_it_is_written_is_good(void **state)
{
    (void)state;
    assert_int_equal(verify_dir(NULL), ERR_OK);
    assert_true(report.integrity_ok && report.complete_ok);
    assert_false(report.key_given);
    assert_string_equal(report.vkey, vkey);
    assert_string_equal(report.origin, SCRATCH_ORIGIN);
    assert_true(report.entries > 390);
    assert_int_equal(report.entries, report.total);
    assert_int_equal(report.sealed, report.entries);
    assert_int_equal(report.signatures, 1);
    assert_int_equal(report.tiles, 1);
    assert_true(report.seals >= 7);
    assert_true(report.first_recorded_at_ns > 0 && report.first_recorded_at_ns < report.last_recorded_at_ns);
    assert_int_equal(report.wrong.place, VERIFY_NOWHERE);
    assert_int_equal(verify_dir(vkey), ERR_OK);
    assert_true(report.key_given);
}

static void test_the_root_is_the_newest_seals(void **state)
{
    struct journal *const j = scratch_open_locked(&scratch);
    struct journal_reader *r = NULL;
    static struct seal seal;

    (void)state;
    SCRATCH_OK(journal_reader_begin(j, &r, err));
    SCRATCH_OK(journal_reader_seal(r, journal_reader_size(r), &seal, err));
    journal_reader_end(r);
    journal_close(j);
    assert_int_equal(verify_dir(vkey), ERR_OK);
    assert_memory_equal(&report.root, &seal.root, sizeof seal.root);
    assert_int_equal(report.entries, seal.size);
}

static void test_a_raw_export_verifies_like_the_journal(void **state)
{
    struct export_report made;
    struct verify_report journal;
    struct stat status;

    (void)state;
    assert_int_equal(verify_dir(NULL), ERR_OK);
    journal = report;
    assert_int_equal(export_raw(scratch.dir, export_path, &made, &why), ERR_OK);
    assert_int_equal(stat(export_path, &status), 0);
    assert_int_equal(made.bytes, status.st_size);
    assert_int_equal(made.counts[EVIDENCE_META], 1);
    assert_int_equal(made.counts[EVIDENCE_TILES], journal.tiles);
    assert_int_equal(made.counts[EVIDENCE_SEALS], journal.seals);
    assert_int_equal(verify_export(export_path), ERR_OK);
    assert_memory_equal(&report.root, &journal.root, sizeof report.root);
    assert_int_equal(report.bytes, journal.bytes);
    /* Again, over the old one: the same bytes. */
    assert_int_equal(export_raw(scratch.dir, export_path, NULL, &why), ERR_OK);
    assert_int_equal(verify_export(export_path), ERR_OK);
}

/* Golden bytes: three entries, two seals, a signature. They verify for ever. */
static void test_an_export_of_the_first_version_is_good(void **state)
{
    static const char ROOT[] = "d6d16ef2654cb7a1614b5fef12219cb1579ad089fab1af6fe8bb83cce3b0319f";
    char path[4096];
    char root[2 * HASH_SIZE + 1];

    (void)state;
    snprintf(path, sizeof path, "%s/fuzz/corpus/fuzz_raw_export/three_entries", getenv("LEDGER_SOURCE"));
    const struct verify_options options = {
        .export = path, .vkey = "desk.example/forge+00d60236+Ac7MFQfcHd1ylZUcKQiI8JWtuQRNG3PWlubfBl1oO9T8"};
    assert_int_equal(verify_journal(&options, &report, &why), ERR_OK);
    assert_int_equal(report.entries, 3);
    assert_int_equal(report.seals, 2);
    assert_int_equal(report.signatures, 1);
    hex_encode(root, report.root.bytes, HASH_SIZE);
    assert_string_equal(root, ROOT);
}

static void count_calls(void *arg, uint64_t done, uint64_t total)
{
    assert_true(done <= total);
    ++*(unsigned *)arg;
}

static void test_progress_is_told_on_long_journals_only(void **state)
{
    unsigned calls = 0;
    const struct verify_options options = {
        .dir = scratch.dir, .progress = count_calls, .progress_arg = &calls};

    (void)state;
    assert_int_equal(verify_journal(&options, &report, &why), ERR_OK);
    assert_int_equal(calls, 0); /* fewer than 16,384 entries */
}

/* -- tampered through LMDB itself ------------------------------------------------------------------------ */

/* Opens the file as an intruder would; `change` does the rest. */
static void intrude(void (*change)(MDB_txn *txn, MDB_dbi dbi), const char *table)
{
    char path[300];
    MDB_env *env = NULL;
    MDB_txn *txn = NULL;
    MDB_dbi dbi;

    snprintf(path, sizeof path, "%s/journal.mdb", scratch.dir);
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_set_maxdbs(env, 16), 0);
    assert_int_equal(mdb_env_open(env, path, MDB_NOSUBDIR, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, table, 0, &dbi), 0);
    change(txn, dbi);
    assert_int_equal(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
}

static uint64_t kept_key;
static uint8_t kept[1 << 17];
static size_t kept_size;

/* The second row, so that it is a block of deposits, or a seal that others follow. */
static void flip_second(MDB_txn *txn, MDB_dbi dbi)
{
    MDB_cursor *cursor = NULL;
    MDB_val key;
    MDB_val value;

    assert_int_equal(mdb_cursor_open(txn, dbi, &cursor), 0);
    assert_int_equal(mdb_cursor_get(cursor, &key, &value, MDB_FIRST), 0);
    assert_int_equal(mdb_cursor_get(cursor, &key, &value, MDB_NEXT), 0);
    kept_key = wire_load_u64(key.mv_data);
    kept_size = value.mv_size;
    memcpy(kept, value.mv_data, kept_size);
    uint8_t changed[1 << 12];
    assert_true(kept_size <= sizeof changed);
    memcpy(changed, kept, kept_size);
    changed[kept_size - 4] ^= 1;
    MDB_val written = {kept_size, changed};
    assert_int_equal(mdb_cursor_put(cursor, &key, &written, MDB_CURRENT), 0);
    mdb_cursor_close(cursor);
}

static void put_back(MDB_txn *txn, MDB_dbi dbi)
{
    uint8_t bytes[8];
    MDB_val key = {sizeof bytes, bytes};
    MDB_val value = {kept_size, kept};

    wire_store_u64(bytes, kept_key);
    assert_int_equal(mdb_put(txn, dbi, &key, &value, 0), 0);
}

static void drop_kept(MDB_txn *txn, MDB_dbi dbi)
{
    uint8_t bytes[8];
    MDB_val key = {sizeof bytes, bytes};

    wire_store_u64(bytes, kept_key);
    assert_int_equal(mdb_del(txn, dbi, &key, NULL), 0);
}

static void test_a_changed_block_is_named_and_still_exports(void **state)
{
    (void)state;
    intrude(flip_second, "entries");
    assert_int_equal(verify_dir(vkey), ERR_WRONG);
    assert_string_equal(report.wrong.where, "entry 2");
    assert_non_null(strstr(why.text, "it was altered after it was sealed"));
    assert_false(report.integrity_ok);
    assert_true(report.complete_ok);
    assert_int_equal(export_raw(scratch.dir, export_path, NULL, &why), ERR_OK);
    assert_int_equal(verify_export(export_path), ERR_WRONG);
    assert_string_equal(report.wrong.where, "entry 2");
    intrude(drop_kept, "entries");
    assert_int_equal(verify_dir(vkey), ERR_WRONG);
    assert_string_equal(report.wrong.where, "entry 2");
    assert_non_null(strstr(why.text, "it is missing: the next block begins with entry 3"));
    assert_false(report.complete_ok);
    intrude(put_back, "entries");
    assert_int_equal(verify_dir(vkey), ERR_OK);
}

static void test_a_changed_seal_is_named(void **state)
{
    (void)state;
    intrude(flip_second, "seals");
    assert_int_equal(verify_dir(vkey), ERR_WRONG);
    assert_string_equal(report.wrong.where, "seal 2");
    intrude(put_back, "seals");
    assert_int_equal(verify_dir(vkey), ERR_OK);
}

/* -- could not check ------------------------------------------------------------------------------------- */

static void test_no_journal_is_not_found(void **state)
{
    const struct verify_options options = {.dir = "/nonexistent/J"};

    (void)state;
    assert_int_equal(verify_journal(&options, &report, &why), ERR_NOT_FOUND);
    assert_int_equal(verify_export("/nonexistent/export"), ERR_NOT_FOUND);
    assert_int_equal(export_raw("/nonexistent/J", export_path, NULL, &why), ERR_NOT_FOUND);
}

static void test_a_bad_key_is_refused(void **state)
{
    (void)state;
    assert_int_equal(verify_dir("nonsense"), ERR_FORMAT);
    char other[NOTE_VKEY_TEXT_SIZE];
    snprintf(other, sizeof other, "%s", vkey);
    other[strlen(other) - 3] ^= 1;
    assert_int_not_equal(verify_dir(other), ERR_OK);
    assert_int_not_equal(verify_dir(other), ERR_WRONG);
}

static void test_a_file_cut_short_is_noticed_before_it_is_read(void **state)
{
    char path[300];
    char copy[1000];

    (void)state;
    snprintf(path, sizeof path, "%s/cut", scratch.root);
    snprintf(copy, sizeof copy, "mkdir '%s' && cp '%s/journal.mdb' '%s/'", path, scratch.dir, path);
    assert_int_equal(system(copy), 0);
    snprintf(copy, sizeof copy, "%s/journal.mdb", path);
    assert_int_equal(truncate(copy, 8 * sysconf(_SC_PAGESIZE)), 0);
    const struct verify_options options = {.dir = path};
    assert_int_equal(verify_journal(&options, &report, &why), ERR_FORMAT);
    assert_int_equal(truncate(copy, 100), 0);
    assert_int_equal(verify_journal(&options, &report, &why), ERR_FORMAT);
}

/* Such a file would be no export to any reader. The key of the first row of each table is made the largest. */
static void test_a_database_whose_keys_are_out_of_order_is_not_exported(void **state)
{
    static const uint8_t key_size[] = {8, 0}; /* in a node of LMDB's, before the key */
    char path[300];
    size_t size = 0;
    unsigned changed = 0;

    (void)state;
    snprintf(path, sizeof path, "%s/journal.mdb", scratch.dir);
    uint8_t *const good = damage_read(path, &size);
    uint8_t *const bytes = damage_read(path, &size);
    for (size_t at = 0; at + 10 <= size; at++) {
        if (memcmp(good + at, key_size, sizeof key_size) == 0 && wire_load_u64(good + at + 2) == 1) {
            bytes[at + 2] = 0x40;
            changed++;
        }
    }
    assert_true(changed > 0);
    damage_write(path, bytes, size);
    unlink(export_path);
    assert_int_equal(export_raw(scratch.dir, export_path, NULL, &why), ERR_FORMAT);
    assert_non_null(strstr(why.text, "its keys are not in order"));
    assert_int_not_equal(access(export_path, F_OK), 0);
    assert_int_equal(verify_dir(vkey), ERR_WRONG);
    damage_write(path, good, size);
    assert_int_equal(verify_dir(vkey), ERR_OK);
    free(bytes);
    free(good);
}

static void test_an_export_to_nowhere_leaves_nothing(void **state)
{
    (void)state;
    assert_int_equal(export_raw(scratch.dir, "/nonexistent/export", NULL, &why), ERR_IO);
    assert_int_equal(export_raw(scratch.dir, scratch.root, NULL, &why), ERR_INPUT); /* a directory */
    assert_int_equal(export_raw(scratch.dir, "/dev/full", NULL, &why), ERR_INPUT);  /* a device stays one */
    char command[300];
    snprintf(command, sizeof command, "ls -d '%s'.* >/dev/null 2>&1", scratch.root);
    assert_int_not_equal(system(command), 0);
}

/* Every way a raw export can be cut or bent is told before anything is verified. */
static void test_a_bent_export_is_could_not_check(void **state)
{
    struct evidence *evidence = NULL;
    static uint8_t image[1 << 20];

    (void)state;
    assert_int_equal(export_raw(scratch.dir, export_path, NULL, &why), ERR_OK);
    FILE *const file = fopen(export_path, "rb");
    assert_non_null(file);
    const size_t size = fread(image, 1, sizeof image, file);
    assert_int_equal(fclose(file), 0);
    assert_true(size < sizeof image);
    for (size_t cut = 0; cut < size; cut += cut < 100 ? 1 : 61)
        assert_int_equal(evidence_open_memory(image, cut, &evidence, &why), ERR_FORMAT);
    assert_int_equal(evidence_open_memory(image, size + 1, &evidence, &why), ERR_FORMAT);
    image[12] = 'X'; /* the first record's type */
    assert_int_equal(evidence_open_memory(image, size, &evidence, &why), ERR_FORMAT);
    image[12] = 'T';
    assert_int_equal(evidence_open_memory(image, size, &evidence, &why), ERR_FORMAT);
    image[12] = 'M';
    image[14] ^= 0x80; /* the size of its key */
    assert_int_equal(evidence_open_memory(image, size, &evidence, &why), ERR_FORMAT);
    image[14] ^= 0x80;
    image[size - 1] ^= 1;
    assert_int_equal(evidence_open_memory(image, size, &evidence, &why), ERR_FORMAT);
    image[size - 1] ^= 1;
    assert_int_equal(evidence_open_memory(image, size, &evidence, &why), ERR_OK);
    evidence_close(evidence);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_journal_as_it_is_written_is_good),
        cmocka_unit_test(test_the_root_is_the_newest_seals),
        cmocka_unit_test(test_a_raw_export_verifies_like_the_journal),
        cmocka_unit_test(test_an_export_of_the_first_version_is_good),
        cmocka_unit_test(test_progress_is_told_on_long_journals_only),
        cmocka_unit_test(test_a_changed_block_is_named_and_still_exports),
        cmocka_unit_test(test_a_changed_seal_is_named),
        cmocka_unit_test(test_no_journal_is_not_found),
        cmocka_unit_test(test_a_bad_key_is_refused),
        cmocka_unit_test(test_a_file_cut_short_is_noticed_before_it_is_read),
        cmocka_unit_test(test_a_database_whose_keys_are_out_of_order_is_not_exported),
        cmocka_unit_test(test_an_export_to_nowhere_leaves_nothing),
        cmocka_unit_test(test_a_bent_export_is_could_not_check),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
