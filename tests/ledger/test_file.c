/* Small files: replaced whole or not at all, also when a step fails. */
#include "ledger/file.h"

#include "support/journals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>

#include <cmocka.h>

static struct scratch scratch;
static int dir;

/* The step that fails next: each stands for a full disk, a lost permission, a disk that gives an error. */
static enum { NOTHING, WRITE, FILE_SYNC, RENAME, DIR_SYNC } failing;

ssize_t __real_write(int fd, const void *bytes, size_t size);
ssize_t __wrap_write(int fd, const void *bytes, size_t size);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_renameat(int from_dir, const char *from, int to_dir, const char *to);
int __wrap_renameat(int from_dir, const char *from, int to_dir, const char *to);

ssize_t __wrap_write(int fd, const void *bytes, size_t size)
{
    if (failing == WRITE) {
        errno = ENOSPC;
        return -1;
    }
    return __real_write(fd, bytes, size > 3 ? 3 : size); /* a system may always write less */
}

int __wrap_fsync(int fd)
{
    if ((failing == FILE_SYNC && fd != dir) || (failing == DIR_SYNC && fd == dir)) {
        errno = EIO;
        return -1;
    }
    return __real_fsync(fd);
}

int __wrap_renameat(int from_dir, const char *from, int to_dir, const char *to)
{
    if (failing == RENAME) {
        errno = EACCES;
        return -1;
    }
    return __real_renameat(from_dir, from, to_dir, to);
}

static int setup(void **state)
{
    (void)state;
    scratch_init(&scratch);
    dir = file_open(scratch.root, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    failing = NOTHING;
    return dir < 0;
}

static int teardown(void **state)
{
    (void)state;
    (void)file_close(dir);
    scratch_release(&scratch);
    return 0;
}

static void expect(const char *want)
{
    char bytes[100];
    size_t size = 0;

    SCRATCH_OK(file_read_whole(dir, "x", bytes, sizeof bytes, &size, err));
    assert_int_equal(size, strlen(want));
    assert_memory_equal(bytes, want, size);
    assert_int_equal(faccessat(dir, "x.new", F_OK, 0), -1);
}

static void test_a_file_is_replaced_whole_or_not_at_all(void **state)
{
    static const struct {
        int step;
        const char *says;
    } steps[] = {{WRITE, "x.new cannot be written: No space"},
                 {FILE_SYNC, "x.new cannot be written: Input/output"},
                 {RENAME, "x cannot be replaced: Permission denied"}};
    struct err err;
    struct stat st;

    (void)state;
    SCRATCH_OK(file_replace_whole(dir, "x", "one", 3, 0600, err));
    expect("one");
    assert_int_equal(fstatat(dir, "x", &st, 0), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    SCRATCH_OK(file_replace_whole(dir, "x", "the second one", 14, 0600, err));
    expect("the second one");
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        failing = (unsigned)steps[i].step;
        assert_int_equal(file_replace_whole(dir, "x", "three", 5, 0600, &err), ERR_IO);
        assert_non_null(strstr(err.text, steps[i].says));
        failing = NOTHING;
        expect("the second one");
    }
    failing = DIR_SYNC;
    assert_int_equal(file_replace_whole(dir, "x", "four", 4, 0600, &err), ERR_IO);
    assert_non_null(strstr(err.text, "may not survive"));
    failing = NOTHING;
    expect("four");
    SCRATCH_OK(file_replace_whole(dir, "x", NULL, 0, 0600, err));
    expect("");
}

static void test_what_is_left_of_a_crash_is_written_over(void **state)
{
    (void)state;
    SCRATCH_OK(file_replace_whole(dir, "x.new", "left over from a crash", 22, 0600, err));
    SCRATCH_OK(file_replace_whole(dir, "x", "one", 3, 0600, err));
    expect("one");
}

static void test_what_cannot_be_read_is_told_apart(void **state)
{
    char bytes[3];
    size_t size = 77;
    struct err err;

    (void)state;
    assert_int_equal(file_read_whole(dir, "x", bytes, sizeof bytes, &size, &err), ERR_NOT_FOUND);
    SCRATCH_OK(file_replace_whole(dir, "x", "1234", 4, 0600, err));
    assert_int_equal(file_read_whole(dir, "x", bytes, sizeof bytes, &size, &err), ERR_FORMAT);
    assert_int_equal(file_read_whole(dir, ".", bytes, sizeof bytes, &size, &err), ERR_FORMAT);
    assert_int_equal(size, 77);
    SCRATCH_OK(file_replace_whole(dir, "x", "123", 3, 0600, err));
    assert_int_equal(file_read_whole(dir, "x", bytes, sizeof bytes, &size, &err), ERR_OK);
    assert_int_equal(size, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_file_is_replaced_whole_or_not_at_all, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_left_of_a_crash_is_written_over, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_cannot_be_read_is_told_apart, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
