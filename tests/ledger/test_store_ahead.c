#include "ledger/store_ahead.h"
#include "ledger/threads.h"
#include "support/journals.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define WAIT_NS 1000000

static _Atomic unsigned hints;
static _Atomic int hinted_fd;
static _Atomic long long hinted_from;
static _Atomic bool is_wrong; /* a hint with other arguments than the ones that are safe */
static _Atomic pid_t hinted_by;
static _Atomic bool is_held; /* a hint does not return before it is let go */

int __wrap_sync_file_range(int fd, off_t from, off_t size, unsigned flags);
int __wrap_sync_file_range(int fd, off_t from, off_t size, unsigned flags)
{
    hinted_fd = fd;
    hinted_from = from;
    hinted_by = gettid();
    if (size != 0 || flags != SYNC_FILE_RANGE_WRITE)
        is_wrong = true;
    hints++;
    while (is_held)
        (void)usleep(100);
    return -1; /* nobody asks */
}

static void wait_for_hints(unsigned count)
{
    static const struct timespec pause = {0, WAIT_NS};

    for (int i = 0; i < 10000 && hints < count; i++)
        (void)nanosleep(&pause, NULL);
    assert_true(hints >= count);
}

static bool has_cores(void)
{
    if (threads_cores() > 1)
        return true;
    print_message("skipped: on one core nothing is written ahead\n");
    return false;
}

static struct store_ahead *begin(int fd, uint64_t from)
{
    struct store_ahead *const a = store_ahead_new();

    assert_non_null(a);
    hints = 0;
    store_ahead_begin(a, fd, from);
    return a;
}

static void test_hints_come_between_begin_and_end(void **state)
{
    (void)state;
    if (!has_cores())
        skip();
    struct store_ahead *const a = begin(77, 4096);
    wait_for_hints(3);
    assert_int_equal(hinted_fd, 77);
    assert_int_equal(hinted_from, 4096);
    assert_int_not_equal(hinted_by, gettid());
    store_ahead_end(a);
    const unsigned had = hints;
    (void)usleep(5000);
    assert_int_equal(hints, had);

    store_ahead_begin(a, 78, 8192); /* the same thread, another range */
    wait_for_hints(had + 2);
    assert_int_equal(hinted_fd, 78);
    assert_int_equal(hinted_from, 8192);
    store_ahead_end(a);
    /* A hint that waited would take an error away from the sync that comes after it. */
    assert_false(is_wrong);
    store_ahead_free(a);
}

static void test_many_short_commits(void **state)
{
    (void)state;
    struct store_ahead *const a = begin(5, 0);
    for (int i = 0; i < 2000; i++) {
        store_ahead_end(a);
        store_ahead_begin(a, 5 + i % 2, (uint64_t)i);
    }
    store_ahead_free(a); /* in the middle of one */
}

static volatile sig_atomic_t signalled;
static _Atomic pid_t signalled_thread;

static void on_signal(int number)
{
    (void)number;
    signalled = 1;
    signalled_thread = gettid();
}

static void test_signals_are_not_for_its_thread(void **state)
{
    sigset_t one;

    (void)state;
    if (!has_cores())
        skip();
    struct store_ahead *const a = begin(5, 0);
    wait_for_hints(1);
    assert_ptr_not_equal(signal(SIGUSR1, on_signal), SIG_ERR);
    sigemptyset(&one);
    sigaddset(&one, SIGUSR1);
    assert_int_equal(pthread_sigmask(SIG_BLOCK, &one, NULL), 0);
    assert_int_equal(kill(getpid(), SIGUSR1), 0);
    (void)usleep(5000);
    assert_int_equal(signalled, 0); /* the only thread that takes it blocks it */
    assert_int_equal(pthread_sigmask(SIG_UNBLOCK, &one, NULL), 0);
    assert_int_equal(signalled_thread, gettid());
    store_ahead_end(a);
    store_ahead_free(a);
}

/* A fork's child has the memory and not the thread. */
static void test_a_forks_child_goes_on_without(void **state)
{
    int status = 0;

    (void)state;
    if (!has_cores())
        skip();
    is_held = true; /* the thread is in the middle of it when its process is copied */
    struct store_ahead *const a = begin(5, 0);
    wait_for_hints(1);
    const pid_t child = fork();
    if (child == 0) {
        (void)alarm(20); /* who waits for a thread that is not there waits for ever */
        hints = 0;
        store_ahead_end(a);
        store_ahead_begin(a, 6, 0);
        (void)usleep(2000);
        store_ahead_end(a);
        store_ahead_free(a);
        _exit(hints == 0 ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    is_held = false;
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    store_ahead_end(a);
    store_ahead_free(a);
}

static void test_without_one_nothing_happens(void **state)
{
    (void)state;
    hints = 0;
    store_ahead_begin(NULL, 5, 0);
    (void)usleep(1000);
    store_ahead_end(NULL);
    store_ahead_free(NULL);
    assert_int_equal(hints, 0);
    store_ahead_free(store_ahead_new()); /* one that has never begun */
}

static void append_notes(struct journal *j, int count)
{
    struct journal_group *g = NULL;

    SCRATCH_OK(journal_group_begin(j, &g, err));
    for (int i = 0; i < count; i++) {
        struct entry e = scratch_note('m', 60000);
        SCRATCH_OK(journal_group_add(g, &e, err));
    }
    SCRATCH_OK(journal_group_commit(g, NULL, err));
}

static void assert_it_is_the_file_of(const struct scratch *s)
{
    struct stat hinted;
    struct stat journal;
    char path[300];

    snprintf(path, sizeof path, "%s/journal.mdb", s->dir);
    assert_int_equal(fstat(hinted_fd, &hinted), 0);
    assert_int_equal(stat(path, &journal), 0);
    assert_int_equal(hinted.st_ino, journal.st_ino);
}

static void test_the_journal_has_large_groups_written_ahead(void **state)
{
    struct scratch s;

    (void)state;
    if (!has_cores())
        skip();
    scratch_init(&s);
    struct journal *const j = scratch_create(&s);
    hints = 0;
    append_notes(j, 5);
    assert_int_equal(hints, 0);
    for (int i = 0; i < 20 && hints == 0; i++) /* a thread may come late */
        append_notes(j, 200);
    assert_int_not_equal(hints, 0);
    assert_false(is_wrong);
    assert_it_is_the_file_of(&s);
    assert_int_equal(hinted_from % sysconf(_SC_PAGESIZE), 0);
    assert_true(hinted_from >= 5 * 60000); /* not from the head of the file */
    const unsigned had = hints;
    (void)usleep(5000);
    assert_int_equal(hints, had); /* between groups nothing is asked for */
    journal_close(j);
    scratch_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hints_come_between_begin_and_end),
        cmocka_unit_test(test_many_short_commits),
        cmocka_unit_test(test_signals_are_not_for_its_thread),
        cmocka_unit_test(test_a_forks_child_goes_on_without),
        cmocka_unit_test(test_without_one_nothing_happens),
        cmocka_unit_test(test_the_journal_has_large_groups_written_ahead),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
