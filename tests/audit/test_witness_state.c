/*
 * What a witness knows survives everything but the loss of its directory, and a directory that is not as it was written
 * is refused. Linked with --wrap: each write, sync, rename and open may fail once, or be the last thing the process did.
 */
#include "audit/witnesses.h"

#include <errno.h>
#include <sys/stat.h>

static struct witness_bench bench;
static struct desk_log log_;

/* -- system calls that fail ------------------------------------------------------------------------------ */

static bool is_counting;
static unsigned calls;      /* so far */
static unsigned failing_at; /* that call fails; 0: none */
static bool is_dead;        /* and every later one: the process is gone */
static bool dies;

ssize_t __real_write(int fd, const void *bytes, size_t size);
ssize_t __wrap_write(int fd, const void *bytes, size_t size);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_renameat(int from_dir, const char *from, int to_dir, const char *to);
int __wrap_renameat(int from_dir, const char *from, int to_dir, const char *to);
int __real_unlinkat(int dir, const char *name, int flags);
int __wrap_unlinkat(int dir, const char *name, int flags);

static bool fails(void)
{
    if (!is_counting)
        return false;
    if (++calls == failing_at)
        is_dead = dies;
    errno = ENOSPC;
    return calls == failing_at || is_dead;
}

/* Half of it may be there. */
ssize_t __wrap_write(int fd, const void *bytes, size_t size)
{
    const bool was_dead = is_dead;

    if (!fails())
        return __real_write(fd, bytes, size);
    if (!was_dead)
        (void)!__real_write(fd, bytes, size / 2);
    errno = ENOSPC;
    return -1;
}

int __wrap_fsync(int fd)
{
    return fails() ? -1 : __real_fsync(fd);
}

int __wrap_renameat(int from_dir, const char *from, int to_dir, const char *to)
{
    return fails() ? -1 : __real_renameat(from_dir, from, to_dir, to);
}

int __wrap_unlinkat(int dir, const char *name, int flags)
{
    return is_dead ? -1 : __real_unlinkat(dir, name, flags);
}

static void fail_at(unsigned call, bool is_death)
{
    is_counting = true;
    calls = 0;
    failing_at = call;
    dies = is_death;
    is_dead = false;
}

static void fail_no_more(void)
{
    is_counting = false;
    is_dead = false;
}

/* -- stories --------------------------------------------------------------------------------------------- */

static void begin(void)
{
    desk_log_init(&log_, WITNESSES_ORIGIN, 1, WITNESSES_LEAVES, 0);
    bench_init(&bench);
    bench_open(&bench, &log_.key, 1);
}

static void reopen(void)
{
    bench_close(&bench);
    bench_open(&bench, &log_.key, 1);
}

static void record_name(char out[100])
{
    char hex[WITNESS_HEX_SIZE + 1];

    witness_state_hex(WITNESSES_ORIGIN, strlen(WITNESSES_ORIGIN), hex);
    snprintf(out, 100, "logs/%s", hex);
}

static void test_what_was_cosigned_is_known_after_a_restart(void **state)
{
    struct desk_log other;

    (void)state;
    begin();
    desk_log_init(&other, WITNESSES_ORIGIN, 1, 3, 9);
    reopen();
    assert_int_equal(bench_ask(&bench, &log_, 0, 10), 200);
    reopen();
    assert_int_equal(bench_ask(&bench, &other, 10, 12), 422);
    assert_int_equal(bench_ask(&bench, &log_, 0, 12), 409);
    assert_int_equal(bench_ask(&bench, &log_, 10, 12), 200);
    bench_expect_cosigned(&bench, &log_, 12);
    bench_release(&bench);
}

/*
 * Each call of the second cosigning fails once, with the process going on; or is the last it ever made. Whatever was
 * answered 200 is on record, nothing that was not asked for is, and the log can always go on.
 */
static void fail_everywhere(uint64_t old, uint64_t size, bool is_death)
{
    unsigned call = 0;
    unsigned status = 0;

    do {
        begin();
        if (old > 0)
            assert_int_equal(bench_ask(&bench, &log_, 0, old), 200);
        fail_at(++call, is_death);
        status = bench_ask(&bench, &log_, old, size);
        fail_no_more();
        assert_true(status == 200 || status == 500);
        if (status == 500)
            assert_null(strstr(bench.answer.body, WITNESSES_NAME)); /* no signature left the house */
        if (!is_death && status == 500)
            assert_int_equal(bench_ask(&bench, &log_, old, size), 200);
        reopen();
        const unsigned again = bench_ask(&bench, &log_, size, size + 1);
        if (status == 200 || !is_death)
            assert_int_equal(again, 200);
        else if (again == 409) /* it had not come to the rename */
            assert_int_equal(bench_ask(&bench, &log_, old, size + 1), 200);
        else
            assert_int_equal(again, 200);
        bench_release(&bench);
    } while (call < calls || status == 500);
    assert_true(call > 3); /* write, sync, rename, sync of the directory */
}

static void test_each_call_fails_once(void **state)
{
    (void)state;
    fail_everywhere(0, 10, false); /* the first of its origin: record and list */
    fail_everywhere(10, 20, false);
}

static void test_the_process_dies_at_each_call(void **state)
{
    (void)state;
    fail_everywhere(0, 10, true);
    fail_everywhere(10, 20, true);
}

static void test_evidence_that_cannot_be_kept_changes_no_answer(void **state)
{
    struct desk_log other;
    struct err err;

    (void)state;
    desk_log_init(&other, WITNESSES_ORIGIN, 1, 3, 9);
    for (unsigned call = 1; call < 14; call++) {
        begin();
        assert_int_equal(bench_ask(&bench, &log_, 0, 10), 200);
        fail_at(call, call % 2);
        assert_int_equal(bench_ask(&bench, &other, 10, 10), 422);
        fail_no_more();
        if (call < 13)
            assert_non_null(strstr(bench.answer.said, "NOT kept as evidence"));
        reopen();
        assert_int_equal(bench_ask(&bench, &other, 10, 10), 422);
        if (call < 12) /* the last calls made it, all but the sync of its folder */
            assert_non_null(strstr(bench.answer.said, "; fork: kept as evidence/"));
        assert_int_equal(bench_try(&bench, &log_.key, 1, &err),
                         ERR_EXISTS); /* the lock holds all the while */
        bench_release(&bench);
    }
}

static void expect_refused(enum err_code code, const char *says)
{
    struct err err = {.code = ERR_OK};

    if (bench_try(&bench, &log_.key, 1, &err) != code || !strstr(err.text, says))
        fail_msg("%d where %d is due, with \"%s\": %s", err.code, code, says, err.text);
    assert_null(bench.witness);
}

static void test_every_flipped_bit_and_every_cut_of_a_record_is_refused(void **state)
{
    static char good[NOTE_MAX_SIZE];
    static char bad[NOTE_MAX_SIZE];
    char name[100];

    (void)state;
    begin();
    assert_int_equal(bench_ask(&bench, &log_, 0, 10), 200);
    bench_close(&bench);
    record_name(name);
    const long size = bench_file(&bench, name, good, sizeof good);
    assert_true(size > 200);
    for (long bit = 0; bit < 8 * size; bit += 3) {
        memcpy(bad, good, (size_t)size);
        bad[bit / 8] ^= (char)(1 << bit % 8);
        bench_put(&bench, name, bad, (size_t)size);
        expect_refused(ERR_FORMAT, name);
    }
    for (long cut = 0; cut < size; cut++) {
        bench_put(&bench, name, good, (size_t)cut);
        expect_refused(ERR_FORMAT, name);
    }
    bench_put(&bench, name, good, (size_t)size);
    bench_open(&bench, &log_.key, 1);
    bench_release(&bench);
}

/* The record of another origin, whole and well signed, in its place. */
static void test_a_record_in_the_wrong_place_is_refused(void **state)
{
    static char bytes[NOTE_MAX_SIZE];
    struct desk_log other;
    char hex[WITNESS_HEX_SIZE + 1];
    char name[100];
    char path[100];

    (void)state;
    begin();
    bench_close(&bench);
    desk_log_init(&other, "desk.example/other", 3, WITNESSES_LEAVES, 0);
    const struct note_key keys[] = {log_.key, other.key};
    bench_open(&bench, keys, 2);
    assert_int_equal(bench_ask(&bench, &log_, 0, 10), 200);
    assert_int_equal(bench_ask(&bench, &other, 0, 5), 200);
    bench_close(&bench);
    witness_state_hex("desk.example/other", 18, hex);
    snprintf(path, sizeof path, "logs/%s", hex);
    const long size = bench_file(&bench, path, bytes, sizeof bytes);
    record_name(name);
    bench_put(&bench, name, bytes, (size_t)size);
    expect_refused(ERR_FORMAT, "of another origin");
    bench_release(&bench);
}

static void test_a_file_that_is_missing_or_changed_is_refused(void **state)
{
    static const struct {
        const char *name;
        const char *bytes; /* NULL: taken away */
        enum err_code code;
        const char *says;
    } cases[] = {
        {"origins", NULL, ERR_FORMAT, "origins is missing"},
        {"origins", "x", ERR_FORMAT, "origins is missing or damaged"},
        {"origins", "", ERR_OK, ""}, /* a crash before the list: the record is there, and is listed again */
        {"witness.vkey", NULL, ERR_NOT_FOUND, "no witness"},
        {"witness.vkey", "w+00000000+AAAA\n", ERR_FORMAT, "witness.vkey"},
        {"witness.vkey", "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx\n",
         ERR_FORMAT, "no witness's"},
        {"witness.vkey", "witness.example.org+b8a2cf20+BFLN3yikSfFkVAJtrnh/CiY3Zozkoy7clp+P7XB28qUN\n",
         ERR_FORMAT, "logs/"},
        {"vault", NULL, ERR_NOT_FOUND, "vault"},
        {"vault", "nothing", ERR_FORMAT, "vault"},
    };
    char path[700];
    char name[100];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin();
        assert_int_equal(bench_ask(&bench, &log_, 0, 10), 200);
        bench_close(&bench);
        snprintf(path, sizeof path, "%s/%s", bench.dir, cases[i].name);
        if (cases[i].bytes)
            bench_put(&bench, cases[i].name, cases[i].bytes, strlen(cases[i].bytes));
        else
            assert_int_equal(remove(path), 0);
        if (cases[i].code)
            expect_refused(cases[i].code, cases[i].says);
        else
            reopen();
        bench_release(&bench);
    }
    begin();
    assert_int_equal(bench_ask(&bench, &log_, 0, 10), 200);
    bench_close(&bench);
    record_name(name);
    snprintf(path, sizeof path, "%s/%s", bench.dir, name);
    assert_int_equal(remove(path), 0);
    expect_refused(ERR_FORMAT, "is missing, and with it is lost what was cosigned last");
    bench_release(&bench);
}

/* Another key in the vault than the one whose name the witness goes by. */
static void test_a_vault_of_another_witness_is_refused(void **state)
{
    static const struct vault_cost cheap = {.passes = 1, .memory_kib = 8};
    char vkey[NOTE_VKEY_TEXT_SIZE];
    char other[400];
    static char bytes[4096];
    char path[700];

    (void)state;
    begin();
    bench_close(&bench);
    snprintf(other, sizeof other, "%s/other", bench.scratch.root);
    SCRATCH_OK(witness_create(other, WITNESSES_NAME, bench.scratch.passphrase, &cheap, vkey, err));
    snprintf(path, sizeof path, "%s/vault", other);
    FILE *const f = fopen(path, "rb");
    assert_non_null(f);
    const size_t size = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    bench_put(&bench, "vault", bytes, size);
    expect_refused(ERR_FORMAT, "its vault holds another key");
    bench_release(&bench);
}

static void test_one_witness_serves_from_a_directory_at_a_time(void **state)
{
    struct witness_state *s = NULL;
    struct err err;

    (void)state;
    begin();
    assert_int_equal(bench_ask(&bench, &log_, 0, 10), 200);
    assert_int_equal(witness_state_open(&s, bench.dir, true, &err), ERR_EXISTS);
    assert_non_null(strstr(err.text, "another witness serves"));
    SCRATCH_OK(witness_state_open(&s, bench.dir, false, err)); /* looking is allowed */
    assert_int_equal(witness_state_count(s), 1);
    assert_int_equal(witness_state_evidence_count(s), 0);
    assert_true(note_key_equal(witness_state_key(s), &bench.key));
    witness_state_close(s);
    bench_release(&bench);
}

static void test_a_witness_is_made_in_an_empty_folder_only(void **state)
{
    static const struct vault_cost cheap = {.passes = 1, .memory_kib = 8};
    char vkey[NOTE_VKEY_TEXT_SIZE];
    char path[700];
    struct err err;

    (void)state;
    begin();
    bench_close(&bench);
    assert_int_equal(witness_create(bench.dir, WITNESSES_NAME, bench.scratch.passphrase, &cheap, vkey, &err),
                     ERR_EXISTS);
    bench_open(&bench, &log_.key, 1);
    snprintf(path, sizeof path, "%s/empty", bench.scratch.root);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(witness_create(path, "no spaces", bench.scratch.passphrase, &cheap, vkey, &err),
                     ERR_INPUT);
    SCRATCH_OK(witness_create(path, WITNESSES_NAME, bench.scratch.passphrase, &cheap, vkey, err));
    snprintf(path, sizeof path, "%s/none/deep", bench.scratch.root);
    assert_int_equal(witness_create(path, WITNESSES_NAME, bench.scratch.passphrase, &cheap, vkey, &err),
                     ERR_IO);
    bench_release(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_was_cosigned_is_known_after_a_restart),
        cmocka_unit_test(test_each_call_fails_once),
        cmocka_unit_test(test_the_process_dies_at_each_call),
        cmocka_unit_test(test_evidence_that_cannot_be_kept_changes_no_answer),
        cmocka_unit_test(test_every_flipped_bit_and_every_cut_of_a_record_is_refused),
        cmocka_unit_test(test_a_record_in_the_wrong_place_is_refused),
        cmocka_unit_test(test_a_file_that_is_missing_or_changed_is_refused),
        cmocka_unit_test(test_a_vault_of_another_witness_is_refused),
        cmocka_unit_test(test_one_witness_serves_from_a_directory_at_a_time),
        cmocka_unit_test(test_a_witness_is_made_in_an_empty_folder_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
