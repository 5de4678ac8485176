/* A backup: what is in it, what is refused, and that a fault leaves nothing behind. */
#include "audit/backup.h"

#include "support/journals.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

static struct scratch scratch;
static struct backup_report report;
static struct err why;
static char out[300];

static int setup(void **state)
{
    (void)state;
    scratch_init(&scratch);
    snprintf(out, sizeof out, "%s/B", scratch.root);
    struct journal *const j = scratch_create(&scratch);
    scratch_append(j, 10);
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

static enum err_code back_up(const char *to)
{
    const struct backup_options options = {.dir = scratch.dir, .out = to};

    return backup_make(&options, &report, &why);
}

/* Names in a directory, besides . and .. */
static unsigned count_names(const char *path)
{
    DIR *const dir = opendir(path);
    unsigned count = 0;

    assert_non_null(dir);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count - 2;
}

static void test_the_copy_opens_and_goes_on(void **state)
{
    struct scratch copy = scratch;
    struct stat st;
    char path[330];

    (void)state;
    assert_int_equal(back_up(out), ERR_OK);
    assert_int_equal(report.verified.entries, 311);
    assert_int_equal(report.origin_entries, 311);
    assert_int_equal(count_names(out), 2);
    snprintf(path, sizeof path, "%s/journal.mdb", out);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, report.bytes);
    snprintf(copy.dir, sizeof copy.dir, "%s/B", copy.root);
    copy.options.dir = copy.dir;
    struct journal *const j = scratch_open(&copy);
    assert_int_equal(scratch_append(j, 5), 316);
    journal_close(j);
    const struct verify_options options = {.dir = out, .vkey = report.verified.vkey};
    static struct verify_report verified;
    assert_int_equal(verify_journal(&options, &verified, &why), ERR_OK);
    assert_int_equal(verified.entries, 316);
}

/* The journal and the vault are copied one after the other; what changes the key in between destroys the old one. */
static void test_a_copy_made_while_keys_change_opens(void **state)
{
    struct scratch copy = scratch;
    unsigned copies = 0;
    int status = 0;

    (void)state;
    scratch.options.now_ns = NULL;
    copy.options.now_ns = NULL;
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct journal *const j = scratch_open(&scratch);
        for (int i = 0; i < 60; i++) {
            SCRATCH_OK(journal_rotate_key(j, "each day", 0, NULL, err));
            usleep((unsigned)i % 8 * 4000);
        }
        journal_close(j);
        _exit(0);
    }
    while (waitpid(child, &status, WNOHANG) == 0) {
        snprintf(out, sizeof out, "%s/B%u", scratch.root, copies++);
        const enum err_code rc = back_up(out);
        if (rc == ERR_IO && strstr(why.text, "while it was copied: try again later"))
            continue;
        if (rc)
            fail_msg("%s", why.text);
        snprintf(copy.dir, sizeof copy.dir, "%s/B%u", copy.root, copies - 1);
        copy.options.dir = copy.dir;
        struct journal *const j = scratch_open(&copy);
        scratch_append(j, 1);
        journal_close(j);
    }
    assert_int_equal(status, 0);
    assert_true(copies > 2);
}

static void test_what_is_there_is_left_alone(void **state)
{
    char path[330];

    (void)state;
    assert_int_equal(back_up(scratch.dir), ERR_EXISTS);
    assert_int_equal(mkdir(out, 0700), 0);
    snprintf(path, sizeof path, "%s/mine", out);
    const int fd = open(path, O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(back_up(out), ERR_EXISTS);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(back_up(out), ERR_OK); /* an empty directory is as good as none */
    assert_int_equal(back_up(out), ERR_EXISTS);
    snprintf(path, sizeof path, "%s/inside", scratch.dir);
    assert_int_equal(back_up(path), ERR_INPUT);
    assert_int_equal(back_up(""), ERR_INPUT);
    assert_int_equal(back_up("/"), ERR_INPUT);
    assert_int_equal(back_up(".."), ERR_INPUT);
    snprintf(path, sizeof path, "%s/no/such", scratch.root);
    assert_int_equal(back_up(path), ERR_NOT_FOUND);
    assert_int_equal(count_names(scratch.root), 2); /* the journal and the one backup */
}

/* Cut or flip a file of the journal; no backup is made, and nothing is left. */
static void test_a_damaged_journal_or_vault_gives_no_backup(void **state)
{
    char path[330];
    char kept[330];

    (void)state;
    snprintf(path, sizeof path, "%s/vault", scratch.dir);
    assert_int_equal(truncate(path, 200), 0);
    assert_int_equal(back_up(out), ERR_FORMAT);
    snprintf(kept, sizeof kept, "%s/elsewhere", scratch.root);
    assert_int_equal(rename(path, kept), 0);
    assert_int_equal(back_up(out), ERR_NOT_FOUND);
    assert_non_null(strstr(why.text, "export --raw"));
    snprintf(path, sizeof path, "%s/journal.mdb", scratch.dir);
    assert_int_equal(truncate(path, 40960), 0);
    assert_int_equal(back_up(out), ERR_FORMAT);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(back_up(out), ERR_NOT_FOUND);
    assert_int_equal(count_names(scratch.root), 2);
}

struct writing {
    struct journal *journal;
    bool stop;
};

static void *keep_writing(void *arg)
{
    struct writing *const w = arg;

    while (!__atomic_load_n(&w->stop, __ATOMIC_RELAXED))
        scratch_append(w->journal, 3);
    return NULL;
}

/* In one process, so that the store is shared and its map may want to move. */
static void test_copies_while_a_thread_writes(void **state)
{
    struct writing w = {.journal = scratch_open(&scratch)};
    uint64_t newest = 0;
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, keep_writing, &w), 0);
    for (int n = 0; n < 5; n++) {
        char path[330];
        snprintf(path, sizeof path, "%s-%d", out, n);
        if (back_up(path))
            fail_msg("%s", why.text);
        assert_true(report.verified.entries >= newest);
        newest = report.verified.entries;
    }
    __atomic_store_n(&w.stop, true, __ATOMIC_RELAXED);
    pthread_join(thread, NULL);
    journal_close(w.journal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_copy_opens_and_goes_on, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_copy_made_while_keys_change_opens, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_there_is_left_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_damaged_journal_or_vault_gives_no_backup, setup, teardown),
        cmocka_unit_test_setup_teardown(test_copies_while_a_thread_writes, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
