/*
 * The journal hands over from key to key: it goes on, others that have it open go on with it, the old secret is gone,
 * and whoever kills a rotation anywhere finds it either not begun or completed.
 *
 * Linked with --wrap for the calls at which a rotation is killed.
 */
#include "audit/verify.h"
#include "ledger/file.h"
#include "support/journals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

/* -- killing --------------------------------------------------------------------------------------------- */

static int calls_left = -1; /* until the process ends; -1: it lives */

static void maybe_die(void)
{
    if (calls_left >= 0 && calls_left-- == 0)
        _exit(9);
}

ssize_t __real_write(int fd, const void *bytes, size_t size);
ssize_t __wrap_write(int fd, const void *bytes, size_t size);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags);
int __wrap_renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags);
int __real_unlinkat(int dir, const char *name, int flags);
int __wrap_unlinkat(int dir, const char *name, int flags);
int __real_mdb_txn_commit(void *txn);
int __wrap_mdb_txn_commit(void *txn);

/* Before it, in the middle of it. */
ssize_t __wrap_write(int fd, const void *bytes, size_t size)
{
    maybe_die();
    if (calls_left == 0)
        (void)!__real_write(fd, bytes, size / 2);
    maybe_die();
    return __real_write(fd, bytes, size);
}

int __wrap_fsync(int fd)
{
    maybe_die();
    return __real_fsync(fd);
}

int __wrap_renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
    maybe_die();
    return __real_renameat2(from_dir, from, to_dir, to, flags);
}

int __wrap_unlinkat(int dir, const char *name, int flags)
{
    maybe_die();
    return __real_unlinkat(dir, name, flags);
}

int __wrap_mdb_txn_commit(void *txn)
{
    maybe_die();
    const int rc = __real_mdb_txn_commit(txn);
    maybe_die();
    return rc;
}

/* -- what must be so ------------------------------------------------------------------------------------- */

static void verify(const struct scratch *s, uint64_t epochs)
{
    static struct verify_report report;
    const struct verify_options options = {.dir = s->dir};

    SCRATCH_OK(verify_journal(&options, &report, err));
    assert_true(report.integrity_ok && report.complete_ok);
    assert_int_equal(report.epochs, epochs);
}

static size_t held_keys(struct journal *j)
{
    char name[VAULT_NAME_MAX + 1];
    size_t count = 0;

    for (size_t i = 0; i < vault_count(journal_vault(j)); i++) {
        vault_name(journal_vault(j), i, name);
        count += strcmp(name, "journal") == 0 || strncmp(name, "journal#", 8) == 0;
    }
    return count;
}

static void rotate(struct journal *j)
{
    SCRATCH_OK(journal_rotate_key(j, "each day", 0, NULL, err));
}

static bool file_copy(const char *dir, const char *from, const char *to)
{
    char command[600];

    snprintf(command, sizeof command, "cp '%s/%s' '%s/%s'", dir, from, dir, to);
    return system(command) == 0;
}

/* -- one process ----------------------------------------------------------------------------------------- */

static void test_the_journal_goes_on_with_the_next_key(void **state)
{
    struct note_key keys[3];
    struct scratch s;
    struct seal seal;
    char vkey[NOTE_VKEY_TEXT_SIZE];

    (void)state;
    scratch_init(&s);
    struct journal *j = scratch_create(&s);
    scratch_append(j, 3);
    snprintf(vkey, sizeof vkey, "%s", journal_vkey(j));
    SCRATCH_OK(journal_rotate_key(j, "each day", 2, &seal, err));
    assert_int_equal(seal.size, 5); /* sealed by the old key */
    assert_int_equal(scratch_append(j, 2), 7);
    rotate(j);
    rotate(j); /* at once */
    assert_int_equal(scratch_append(j, 1), 10);
    assert_int_equal(journal_epochs(j)->count, 4);
    assert_int_equal(held_keys(j), 1);
    assert_true(vault_find(journal_vault(j), "journal#3"));
    assert_string_equal(journal_vkey(j), vkey); /* that which was noted stays */
    SCRATCH_OK(journal_key_at(j, 5, &keys[0], err));
    SCRATCH_OK(journal_key_at(j, 6, &keys[1], err));
    SCRATCH_OK(journal_key_at(j, 9, &keys[2], err));
    assert_false(note_key_equal(&keys[0], &keys[1]));
    assert_false(note_key_equal(&keys[1], &keys[2]));
    note_key_format(vkey, &keys[0]);
    assert_string_equal(journal_vkey(j), vkey);
    journal_close(j);
    verify(&s, 4);
    j = scratch_open(&s);
    scratch_append(j, 1);
    journal_close(j);
    verify(&s, 4);
    scratch_release(&s);
}

static void test_nobody_else_writes_that_entry(void **state)
{
    struct journal_group *g = NULL;
    struct err err = {.code = ERR_OK};
    struct scratch s;
    uint8_t key[32];

    (void)state;
    scratch_init(&s);
    struct journal *const j = scratch_create(&s);
    struct entry e = entries_draft(ENTRY_CONTROL_KEY);
    e.as.control_key.epoch = 1;
    e.as.control_key.reason = text_from("mine");
    memset(e.as.control_key.key.bytes, 0x42, 32);
    SCRATCH_OK(journal_group_begin(j, &g, err));
    assert_int_equal(journal_group_add(g, &e, &err), ERR_INPUT);
    assert_non_null(strstr(err.text, "control.key is the journal's own word"));
    e.actor = SCRATCH_OPERATOR;
    e.at_ns = 1;
    SCRATCH_OK(journal_sign(j, &e, err));
    assert_int_equal(journal_group_add(g, &e, &err), ERR_INPUT);
    journal_group_abort(g);
    /* And no actor gets a name in the vault that is the journal's. */
    assert_int_equal(journal_make_key(j, "journal#1", key, &err), ERR_INPUT);
    assert_int_equal(journal_make_key(j, "journal#", key, &err), ERR_INPUT);
    SCRATCH_OK(journal_make_key(j, "journalist", key, err));
    rotate(j);
    assert_int_equal(journal_rotate_key(j, "", 0, NULL, &err), ERR_INPUT);
    assert_int_equal(journal_rotate_key(j, "the cause is not there", 77, NULL, &err), ERR_CHAIN);
    assert_int_equal(journal_epochs(j)->count, 2);
    scratch_append(j, 1);
    rotate(j); /* finds the key that the refused one left */
    assert_int_equal(held_keys(j), 1);
    journal_close(j);
    verify(&s, 3);
    scratch_release(&s);
}

/* What leaves the program is signed by the newest key, and says by which. */
static void test_bytes_are_signed_by_the_newest_key(void **state)
{
    uint8_t signature[NOTE_SIGNATURE_SIZE];
    struct note_key key;
    struct note_key at;
    struct scratch s;

    (void)state;
    scratch_init(&s);
    struct journal *const j = scratch_create(&s);
    struct journal *const other = scratch_open(&s);
    rotate(j);
    scratch_append(j, 1);
    for (int i = 0; i < 2; i++) { /* also by who has not looked at the journal since */
        struct journal *const signer = i ? other : j;
        SCRATCH_OK(journal_sign_bytes(signer, "a label", "bytes", 5, &key, signature, err));
        SCRATCH_OK(journal_key_at(signer, UINT64_MAX, &at, err));
        assert_true(note_key_equal(&key, &at));
        SCRATCH_OK(journal_check_bytes(&key, "a label", "bytes", 5, signature, err));
    }
    SCRATCH_OK(journal_key_at(j, 1, &at, err));
    assert_int_equal(journal_check_bytes(&at, "a label", "bytes", 5, signature, NULL), ERR_WRONG);
    journal_close(other);
    journal_close(j);
    scratch_release(&s);
}

/* -- the old secret -------------------------------------------------------------------------------------- */

/* Reads all of the directory's files; is this among their bytes? */
static bool is_in_any_file(const char *dir, const void *bytes, size_t size)
{
    char command[600];
    bool found = false;
    char path[600];

    snprintf(command, sizeof command, "ls -A '%s'", dir);
    FILE *const names = popen(command, "r");
    assert_non_null(names);
    char name[200];
    while (fscanf(names, "%199s", name) == 1) {
        snprintf(path, sizeof path, "%s/%s", dir, name);
        FILE *const f = fopen(path, "rb");
        assert_non_null(f);
        char *const all = calloc(1, 8 << 20);
        assert_non_null(all);
        const size_t have = fread(all, 1, 8 << 20, f);
        found = found || memmem(all, have, bytes, size) != NULL;
        free(all);
        fclose(f);
    }
    pclose(names);
    return found;
}

/*
 * Whoever has the passphrase, and every file of the directory as it is now, finds the old secret in none: not in the
 * vault, as it was before either, whose blocks hold zeros.
 */
static void test_the_old_secret_is_in_no_file(void **state)
{
    uint8_t seed[VAULT_SEED_SIZE];
    uint8_t before[4096];
    uint8_t zeros[4096] = {0};
    struct scratch s;
    char path[300];

    (void)state;
    for (size_t i = 0; i < sizeof seed; i++)
        seed[i] = (uint8_t)(7 * i + 1);
    scratch_init(&s);
    struct journal *j = scratch_create(&s);
    SCRATCH_OK(vault_add(journal_vault(j), "journal#1", seed, err)); /* a rotation that got that far */
    rotate(j);
    assert_false(is_in_any_file(s.dir, seed, sizeof seed)); /* encrypted */
    snprintf(path, sizeof path, "%s/vault", s.dir);
    FILE *const old = fopen(path, "rb"); /* its inode, until the end */
    assert_non_null(old);
    rotate(j);
    const size_t size = fread(before, 1, sizeof before, old);
    assert_true(size > 0);
    assert_memory_equal(before, zeros, size);
    fclose(old);
    assert_false(vault_find(journal_vault(j), "journal#1"));
    journal_close(j);
    j = scratch_open(&s);
    assert_int_equal(held_keys(j), 1);
    assert_true(vault_find(journal_vault(j), "journal#2"));
    journal_close(j);
    scratch_release(&s);
}

/* Memory too: of this handle, and of another once it has noticed. */
static void test_a_handle_that_follows_forgets_the_old_secret(void **state)
{
    struct scratch s;

    (void)state;
    scratch_init(&s);
    struct journal *const j = scratch_create(&s);
    struct journal *const other = scratch_open(&s);
    rotate(j);
    assert_false(vault_find(journal_vault(j), "journal"));
    assert_true(vault_find(journal_vault(other), "journal"));
    scratch_append(other, 1);
    assert_false(vault_find(journal_vault(other), "journal"));
    journal_close(other);
    journal_close(j);
    verify(&s, 2);
    scratch_release(&s);
}

/* A hand-over that is not sealed as it must be takes no secret with it. */
static void test_an_unproven_hand_over_destroys_nothing(void **state)
{
    struct scratch s;
    struct err err = {.code = ERR_OK};
    struct journal *j = NULL;

    (void)state;
    scratch_init(&s);
    j = scratch_create(&s);
    assert_true(file_copy(s.dir, "vault", "vault.kept"));
    rotate(j);
    scratch_append(j, 1);
    /* Both keys in one vault, as after a kill; the old one is another than that which sealed. */
    SCRATCH_OK(vault_add(journal_vault(j), "journal", NULL, err));
    journal_close(j);
    j = scratch_open(&s); /* the hand-over is good, so whatever is called so goes */
    assert_int_equal(held_keys(j), 1);
    journal_close(j);
    assert_true(file_copy(s.dir, "vault.kept", "vault"));
    j = scratch_open_locked(&s);
    assert_int_equal(journal_unlock(j, s.passphrase, &err), ERR_KEY);
    assert_non_null(
        strstr(err.text, "does not hold the key of epoch 1, which entry 2 names: it is an older copy"));
    assert_null(journal_vault(j));
    journal_close(j);
    scratch_release(&s);
}

static void test_an_older_journal_than_its_vault_is_told(void **state)
{
    struct scratch s;
    struct err err = {.code = ERR_OK};

    (void)state;
    for (int rotations = 1; rotations <= 2; rotations++) {
        scratch_init(&s);
        struct journal *j = scratch_create(&s);
        scratch_append(j, 1);
        journal_close(j);
        assert_true(file_copy(s.dir, "journal.mdb", "kept"));
        j = scratch_open(&s);
        for (int i = 0; i < rotations; i++)
            rotate(j);
        journal_close(j);
        assert_true(file_copy(s.dir, "kept", "journal.mdb"));
        j = scratch_open_locked(&s);
        assert_int_equal(journal_unlock(j, s.passphrase, &err), ERR_KEY);
        assert_non_null(strstr(err.text, "it is an older copy than its vault"));
        journal_close(j);
        scratch_release(&s);
    }
}

/* -- killed anywhere ------------------------------------------------------------------------------------- */

static int rotate_and_die(struct scratch *s, int calls)
{
    int status = -1;
    const pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        struct journal *const j = scratch_open(s);
        calls_left = calls;
        const enum err_code rc = journal_rotate_key(j, "each day", 0, NULL, NULL);
        calls_left = -1;
        _exit(rc ? 1 : 0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void test_a_rotation_killed_anywhere_has_not_happened_or_is_completed(void **state)
{
    struct scratch s;
    size_t epochs = 1;
    int before = 0;
    int after = 0;

    (void)state;
    scratch_init(&s);
    s.options.now_ns = NULL;
    journal_close(scratch_create(&s));
    for (int calls = 0;; calls++) {
        const int exit_code = rotate_and_die(&s, calls);
        struct journal *j = scratch_open(&s); /* nobody has to do anything */
        const size_t now = journal_epochs(j)->count;
        assert_true(now == epochs || now == epochs + 1);
        before += now == epochs;
        after += now > epochs && exit_code == 9;
        epochs = now;
        assert_true(held_keys(j) <= 2);
        assert_true(held_keys(j) == 1 || now + 1 > 1); /* beside the key in force at most one that waits */
        char name[32];
        for (size_t old = 0; old + 1 < now; old++) {
            snprintf(name, sizeof name, old ? "journal#%zu" : "journal", old);
            assert_false(vault_find(journal_vault(j), name));
        }
        scratch_append(j, 1);
        journal_close(j);
        char path[300];
        snprintf(path, sizeof path, "%s/vault.new", s.dir);
        assert_int_not_equal(access(path, F_OK), 0);
        verify(&s, epochs);
        if (exit_code == 0)
            break;
        assert_int_equal(exit_code, 9);
        assert_true(calls < 200);
    }
    assert_true(before >= 5 && after >= 5); /* kills on both sides of the entry */
    scratch_release(&s);
}

/* -- two processes --------------------------------------------------------------------------------------- */

/* One appends all the time and never opens the vault again; the other changes the key under it. */
static void test_another_process_goes_on_with_the_new_key(void **state)
{
    struct scratch s;
    int status = -1;

    (void)state;
    scratch_init(&s);
    s.options.now_ns = NULL;
    scratch_make(&s);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct journal *const j = scratch_open(&s);
        for (int i = 0; i < 12; i++) {
            rotate(j);
            usleep(2000);
        }
        journal_close(j);
        _exit(0);
    }
    struct journal *const j = scratch_open(&s);
    unsigned groups = 0;
    while (waitpid(child, &status, WNOHANG) == 0) {
        scratch_append(j, 1);
        groups++;
    }
    assert_int_equal(status, 0);
    scratch_append(j, 1);
    assert_true(groups > 5);
    assert_int_equal(journal_epochs(j)->count, 13);
    rotate(j);
    journal_close(j);
    verify(&s, 14);
    scratch_release(&s);
}

/* Both at the same time: each is one epoch. */
static void test_two_processes_that_rotate_take_turns(void **state)
{
    struct scratch s;
    pid_t children[2];

    (void)state;
    scratch_init(&s);
    s.options.now_ns = NULL;
    scratch_make(&s);
    for (int i = 0; i < 2; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0) {
            for (int round = 0; round < 3; round++) { /* unlocking among others' rotations */
                struct journal *const j = scratch_open(&s);
                for (int n = 0; n < 4; n++)
                    rotate(j);
                journal_close(j);
            }
            _exit(0);
        }
    }
    for (int i = 0; i < 2; i++) {
        int status = -1;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    struct journal *const j = scratch_open(&s);
    assert_int_equal(held_keys(j), 1);
    journal_close(j);
    verify(&s, 25);
    scratch_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_journal_goes_on_with_the_next_key),
        cmocka_unit_test(test_nobody_else_writes_that_entry),
        cmocka_unit_test(test_bytes_are_signed_by_the_newest_key),
        cmocka_unit_test(test_the_old_secret_is_in_no_file),
        cmocka_unit_test(test_a_handle_that_follows_forgets_the_old_secret),
        cmocka_unit_test(test_an_unproven_hand_over_destroys_nothing),
        cmocka_unit_test(test_an_older_journal_than_its_vault_is_told),
        cmocka_unit_test(test_a_rotation_killed_anywhere_has_not_happened_or_is_completed),
        cmocka_unit_test(test_another_process_goes_on_with_the_new_key),
        cmocka_unit_test(test_two_processes_that_rotate_take_turns),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
