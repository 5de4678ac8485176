/*
 * Every allocation and every system call of a change to the vault fails once: the call says so, nothing leaks (the
 * sanitizer looks), and the file is the old one or, after the rename, the new one: never none and never half of one.
 *
 * Linked with --wrap for the calls below; see failing.h for the idea.
 */
#include "ledger/vault.h"
#include "support/failing.h"

#include <errno.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const struct vault_cost cheap = {.passes = 1, .memory_kib = 8};
static char dir[64];
static struct secret *passphrase;

/* Each of these counts as one chance to fail, like an allocation. */
void *__real_sodium_malloc(size_t size);
void *__wrap_sodium_malloc(size_t size);
ssize_t __real_write(int fd, const void *bytes, size_t size);
ssize_t __wrap_write(int fd, const void *bytes, size_t size);
ssize_t __real_read(int fd, void *bytes, size_t size);
ssize_t __wrap_read(int fd, void *bytes, size_t size);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_fchmod(int fd, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode);
int __real_flock(int fd, int operation);
int __wrap_flock(int fd, int operation);
int __real_renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags);
int __wrap_renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags);

void *__wrap_sodium_malloc(size_t size)
{
    return failing_now() ? NULL : __real_sodium_malloc(size);
}

static bool fails_with(int why)
{
    if (!failing_now())
        return false;
    errno = why;
    return true;
}

/* A full disk: half is written, and the next write fails. */
ssize_t __wrap_write(int fd, const void *bytes, size_t size)
{
    if (!fails_with(ENOSPC))
        return __real_write(fd, bytes, size);
    const ssize_t half = __real_write(fd, bytes, size / 2);
    failing_left = 0;
    return half;
}

ssize_t __wrap_read(int fd, void *bytes, size_t size)
{
    return fails_with(EIO) ? -1 : __real_read(fd, bytes, size);
}

int __wrap_fsync(int fd)
{
    return fails_with(EIO) ? -1 : __real_fsync(fd);
}

int __wrap_fchmod(int fd, mode_t mode)
{
    return fails_with(EPERM) ? -1 : __real_fchmod(fd, mode);
}

int __wrap_flock(int fd, int operation)
{
    return fails_with(ENOLCK) ? -1 : __real_flock(fd, operation);
}

int __wrap_renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
    return fails_with(EACCES) ? -1 : __real_renameat2(from_dir, from, to_dir, to, flags);
}

/* No failure may leave the half-written file, nor the old one. */
static void remove_files(void)
{
    char path[96];

    snprintf(path, sizeof path, "%s/%s", dir, VAULT_FILE_NAME);
    unlink(path);
    snprintf(path, sizeof path, "%s/%s.new", dir, VAULT_FILE_NAME);
    assert_int_not_equal(access(path, F_OK), 0);
}

static int setup(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/test_vault_failing.XXXXXX");
    assert_non_null(mkdtemp(dir));
    assert_int_equal(secret_new(&passphrase, "correct horse", 13, NULL), ERR_OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    remove_files();
    secret_free(passphrase);
    return rmdir(dir);
}

static size_t count_on_disk(void)
{
    struct vault *v = NULL;
    struct err err = {0};

    assert_int_equal(vault_open(&v, dir, passphrase, &err), ERR_OK);
    const size_t count = vault_count(v);
    vault_close(v);
    return count;
}

static enum err_code add(struct vault *v, struct err *err)
{
    return vault_add(v, "second", NULL, err);
}

static enum err_code take_away(struct vault *v, struct err *err)
{
    return vault_remove(v, "first", err);
}

static enum err_code change_passphrase(struct vault *v, struct err *err)
{
    return vault_change_passphrase(v, passphrase, err);
}

static void test_a_change_that_fails_changes_nothing(void **state)
{
    static const struct {
        enum err_code (*change)(struct vault *v, struct err *err);
        size_t count_after;
    } cases[] = {{add, 2}, {take_away, 0}, {change_passphrase, 1}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int failures = 0;
        for (int n = 0;; n++) {
            struct vault *v = NULL;
            struct err err = {0};
            assert_int_equal(vault_create(&v, dir, passphrase, &cheap, &err), ERR_OK);
            assert_int_equal(vault_add(v, "first", NULL, &err), ERR_OK);
            failing_at(n);
            const enum err_code rc = cases[i].change(v, &err);
            const bool failed = failing_happened();
            const bool may_be_left = rc && strstr(err.text, "may not survive");
            if (rc) {
                const bool made = strstr(err.text, "the change is made") != NULL;
                assert_true(failed && (rc == ERR_MEMORY || rc == ERR_IO));
                assert_non_null(strstr(err.text, dir));
                assert_int_equal(vault_count(v), 1);
                assert_int_equal(count_on_disk(), made ? cases[i].count_after : 1);
                if (!made) /* and the next try works */
                    assert_int_equal(cases[i].change(v, &err), ERR_OK);
                failures++;
            }
            assert_int_equal(count_on_disk(), cases[i].count_after);
            if (may_be_left) /* and is tidied up */
                assert_int_equal(vault_tidy(v, &err), ERR_OK);
            vault_close(v);
            remove_files();
            if (!failed)
                break;
        }
        assert_true(failures >= 15);
    }
}

static void test_a_creation_that_fails_leaves_none(void **state)
{
    int failures = 0;

    (void)state;
    for (int n = 0;; n++) {
        struct vault *v = NULL;
        struct err err = {0};
        failing_at(n);
        const enum err_code rc = vault_create(&v, dir, passphrase, &cheap, &err);
        const bool failed = failing_happened();
        if (rc) {
            const bool made = strstr(err.text, "the change is made") != NULL;
            assert_true(failed && (rc == ERR_MEMORY || rc == ERR_IO));
            assert_null(v);
            struct vault *none = NULL;
            if (!made)
                assert_int_equal(vault_open(&none, dir, passphrase, NULL), ERR_NOT_FOUND);
            failures++;
        }
        vault_close(v);
        remove_files();
        if (!failed)
            break;
    }
    assert_true(failures >= 10);
}

static void test_an_opening_that_fails_can_be_repeated(void **state)
{
    struct vault *v = NULL;
    int failures = 0;

    (void)state;
    assert_int_equal(vault_create(&v, dir, passphrase, &cheap, NULL), ERR_OK);
    vault_close(v);
    for (int n = 0;; n++) {
        struct err err = {0};
        v = NULL;
        failing_at(n);
        const enum err_code rc = vault_open(&v, dir, passphrase, &err);
        const bool failed = failing_happened();
        if (rc) {
            assert_true(failed && (rc == ERR_MEMORY || rc == ERR_IO));
            assert_null(v);
            assert_int_equal(count_on_disk(), 0);
            failures++;
        }
        vault_close(v);
        if (!failed)
            break;
    }
    assert_true(failures >= 5);
    remove_files();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_change_that_fails_changes_nothing),
        cmocka_unit_test(test_a_creation_that_fails_leaves_none),
        cmocka_unit_test(test_an_opening_that_fails_can_be_repeated),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
