/* A copy of the store's file: its length, its progress, and a disk that is full. */
#include "ledger/store_copy.h"

#include "support/journals.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>

#include <cmocka.h>

static struct scratch scratch;
static struct err why;
static char out[300];

static int setup(void **state)
{
    (void)state;
    scratch_init(&scratch);
    snprintf(out, sizeof out, "%s/copy.mdb", scratch.root);
    struct journal *const j = scratch_create(&scratch);
    scratch_append(j, 300);
    journal_close(j);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    scratch_release(&scratch);
    return 0;
}

struct calls {
    uint64_t done;
    unsigned count;
};

static void on_progress(void *arg, uint64_t done, uint64_t total)
{
    struct calls *const c = arg;

    assert_true(done <= total);
    assert_true(done >= c->done);
    c->done = done;
    c->count++;
}

static void test_the_copy_is_as_long_as_its_newest_state(void **state)
{
    struct store *store = NULL;
    struct calls calls = {.count = 0};
    uint64_t bytes = 0;
    struct stat st;
    char path[330];

    (void)state;
    snprintf(path, sizeof path, "%s/journal.mdb", scratch.dir);
    SCRATCH_OK(store_open("J", path, STORE_READ, 0, &store, err));
    const int fd = open(out, O_CREAT | O_RDWR, 0600);
    assert_true(fd >= 0);
    SCRATCH_OK(store_copy(store, fd, on_progress, &calls, &bytes, err));
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_size, bytes);
    assert_int_equal(bytes % 4096, 0);
    close(fd);
    store_close(store);
    /* It opens as it is; one page less, and it is refused. */
    SCRATCH_OK(store_open("B", out, STORE_READ, 0, &store, err));
    store_close(store);
    assert_int_equal(truncate(out, (off_t)bytes - 4096), 0);
    assert_int_equal(store_open("B", out, STORE_READ, 0, &store, &why), ERR_FORMAT);
}

static void test_a_copy_that_cannot_be_written_says_so(void **state)
{
    struct store *store = NULL;
    uint64_t bytes = 7;
    char path[330];

    (void)state;
    snprintf(path, sizeof path, "%s/journal.mdb", scratch.dir);
    SCRATCH_OK(store_open("J", path, STORE_READ, 0, &store, err));
    const int full = open("/dev/full", O_WRONLY);
    assert_true(full >= 0);
    assert_int_equal(store_copy(store, full, NULL, NULL, &bytes, &why), ERR_IO);
    assert_non_null(strstr(why.text, "disk of the copy is full"));
    close(full);
    const int read_only = open(path, O_RDONLY);
    assert_true(read_only >= 0);
    assert_int_equal(store_copy(store, read_only, NULL, NULL, &bytes, &why), ERR_IO);
    close(read_only);
    assert_int_equal(bytes, 7);
    store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_copy_is_as_long_as_its_newest_state, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_copy_that_cannot_be_written_says_so, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
