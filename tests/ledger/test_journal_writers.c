/* Several processes on one journal, processes that are killed, disks that are full, directories that refuse. */
#include "ledger/merkle.h"
#include "support/journals.h"
#include "support/trees.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define KILLS 20

static void assert_exits_well(pid_t child)
{
    int status;

    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* -- two at once ---------------------------------------------------------------------------------------- */

/* Groups of `size` notes by one actor, each note the group's number: so a mixed group would show. */
static void append_groups(struct scratch *s, uint32_t actor, unsigned groups, unsigned size)
{
    struct journal *const j = scratch_open(s);
    struct journal_group *g;
    char text[32];

    for (unsigned i = 0; i < groups; i++) {
        SCRATCH_OK(journal_group_begin(j, &g, err));
        for (unsigned k = 0; k < size; k++) {
            snprintf(text, sizeof text, "%u", i);
            struct entry e = scratch_by(entries_note(text), actor);
            SCRATCH_OK(journal_group_add(g, &e, err));
        }
        SCRATCH_OK(journal_group_commit(g, NULL, err));
    }
    journal_close(j);
}

static void test_two_processes_interleave_whole_groups(void **state)
{
    static struct hash leaves[TREES_LEAVES_MAX];
    static const unsigned sizes[] = {7, 13}; /* by actor: the journal, the operator */
    unsigned done[2] = {0};
    unsigned switches = 0;
    struct journal_record record;
    struct journal_reader *r;
    struct scratch s;
    struct entry e;
    uint32_t last = 0;
    pid_t children[2];

    (void)state;
    scratch_init(&s);
    s.options.now_ns = NULL; /* the system's clock: two processes, one time */
    s.options.map_size = 1;  /* so that the map moves under both */
    scratch_make(&s);
    for (uint32_t i = 0; i < 2; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            append_groups(&s, i, 60, sizes[i]);
            _exit(0);
        }
    }
    assert_exits_well(children[0]);
    assert_exits_well(children[1]);

    struct journal *const j = scratch_open_locked(&s);
    SCRATCH_OK(journal_reader_begin(j, &r, err));
    assert_int_equal(journal_reader_size(r), 1 + 60 * (7 + 13));
    for (uint64_t seq = 2; seq <= journal_reader_size(r);) {
        SCRATCH_OK(journal_reader_get(r, seq, &record, err));
        SCRATCH_OK(entry_decode(record.bytes, record.size, &e, err));
        const uint32_t actor = e.actor;
        const int64_t recorded_at_ns = e.recorded_at_ns;
        char text[32];
        snprintf(text, sizeof text, "%u", done[actor]++);
        for (unsigned k = 0; k < sizes[actor]; k++, seq++) {
            SCRATCH_OK(journal_reader_get(r, seq, &record, err));
            SCRATCH_OK(entry_decode(record.bytes, record.size, &e, err));
            assert_int_equal(e.actor, actor);
            assert_int_equal(e.recorded_at_ns, recorded_at_ns);
            assert_int_equal(e.as.control_note.text.length, strlen(text));
            assert_memory_equal(e.as.control_note.text.bytes, text, strlen(text));
        }
        switches += actor != last;
        last = actor;
    }
    assert_true(switches >= 2); /* they did take turns */
    assert_int_equal(trees_leaves(r, leaves), journal_reader_size(r));
    assert_int_equal(trees_check_seals(j, r, leaves), 121);
    journal_reader_end(r);
    journal_close(j);
    scratch_release(&s);
}

/* -- killed --------------------------------------------------------------------------------------------- */

/* Appends for ever, and tells each acknowledged size through the pipe. */
static void append_until_killed(struct scratch *s, int told, unsigned group)
{
    struct journal *const j = scratch_open(s);

    for (;;) {
        const uint64_t size = scratch_append(j, group);
        if (write(told, &size, sizeof size) != sizeof size)
            _exit(1);
    }
}

static uint64_t read_told(int told, uint64_t acknowledged)
{
    uint64_t size;

    while (read(told, &size, sizeof size) == sizeof size)
        acknowledged = size;
    return acknowledged;
}

static void check_whole(struct scratch *s, uint64_t acknowledged)
{
    struct journal_record record;
    struct journal_reader *r;
    struct seal seal;
    struct merkle_frontier f;
    bool found;

    struct journal *const j = scratch_open_locked(s);
    SCRATCH_OK(journal_reader_begin(j, &r, err));
    assert_true(journal_reader_size(r) >= acknowledged);
    merkle_frontier_init(&f);
    for (;;) {
        SCRATCH_OK(journal_reader_next(r, &record, &found, err));
        if (!found)
            break;
        const struct hash leaf = hash_leaf(record.bytes, record.size);
        merkle_frontier_append(&f, &leaf);
    }
    SCRATCH_OK(journal_reader_seal(r, journal_reader_size(r), &seal, err));
    const struct hash root = merkle_frontier_root(&f);
    assert_int_equal(f.size, journal_reader_size(r));
    assert_memory_equal(&root, &seal.root, sizeof root);
    journal_reader_end(r);
    journal_close(j);
}

static void test_what_was_acknowledged_survives_every_kill(void **state)
{
    uint64_t acknowledged = 1;
    struct scratch s;

    (void)state;
    scratch_init(&s);
    s.options.now_ns = NULL;
    s.options.map_size = 1;
    scratch_make(&s);
    for (unsigned i = 0; i < KILLS; i++) {
        int told[2];
        uint64_t first;
        int status;
        assert_int_equal(pipe(told), 0);
        const pid_t child = fork();
        if (child == 0) {
            close(told[0]);
            append_until_killed(&s, told[1], i % 2 ? 1 : 400);
        }
        close(told[1]);
        assert_int_equal(read(told[0], &first, sizeof first), sizeof first); /* it is at work */
        usleep(i * 1300 % 17000);
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        acknowledged = read_told(told[0], first);
        close(told[0]);
        check_whole(&s, acknowledged);
    }
    struct journal *const j = scratch_open(&s);
    assert_true(scratch_append(j, 1) > acknowledged);
    journal_close(j);
    scratch_release(&s);
}

static void test_a_killed_writer_leaves_no_lock_behind(void **state)
{
    struct scratch s;
    struct journal_group *g;
    int told[2];
    int status;
    char byte;

    (void)state;
    scratch_init(&s);
    s.options.now_ns = NULL;
    scratch_make(&s);
    assert_int_equal(pipe(told), 0);
    const pid_t child = fork();
    if (child == 0) {
        struct journal *const j = scratch_open(&s);
        SCRATCH_OK(journal_group_begin(j, &g, err));
        struct entry e = entries_note("never committed");
        SCRATCH_OK(journal_group_add(g, &e, err));
        (void)!write(told[1], "x", 1);
        for (;;)
            pause();
    }
    assert_int_equal(read(told[0], &byte, 1), 1); /* it holds the lock */
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    struct journal *const j = scratch_open(&s);
    assert_int_equal(scratch_append(j, 1), 2);
    journal_close(j);
    close(told[0]);
    close(told[1]);
    scratch_release(&s);
}

/* -- no room -------------------------------------------------------------------------------------------- */

/* Appends until it is refused; the refusal must be clean and say why. Then, with room again, goes on. */
static void append_until_full(struct scratch *s, const char *words)
{
    struct journal_group *g;
    struct err why = {.code = ERR_OK};
    uint64_t size = 1;
    unsigned groups = 0;

    struct journal *const j = scratch_open(s);
    for (; groups < 500; groups++) {
        SCRATCH_OK(journal_group_begin(j, &g, err));
        for (int i = 0; i < 4; i++) {
            struct entry e = scratch_note('f', 50000);
            SCRATCH_OK(journal_group_add(g, &e, err));
        }
        if (journal_group_commit(g, NULL, &why))
            break;
        size += 4;
    }
    REQUIRE(groups > 0 && groups < 500);
    REQUIRE(why.code == ERR_IO);
    if (!strstr(why.text, words) || !strstr(why.text, s->dir)) {
        fprintf(stderr, "\"%s\" does not say \"%s\"\n", why.text, words);
        abort();
    }
    journal_close(j);
    check_whole(s, size);
    struct journal *const again = scratch_open_locked(s);
    struct journal_reader *r;
    SCRATCH_OK(journal_reader_begin(again, &r, err));
    REQUIRE(journal_reader_size(r) == size); /* nothing of the refused group */
    journal_reader_end(r);
    journal_close(again);
}

static void test_a_file_size_limit_refuses_a_group_whole(void **state)
{
    struct scratch s;

    (void)state;
    scratch_init(&s);
    scratch_make(&s);
    const pid_t child = fork();
    if (child == 0) {
        const struct rlimit limit = {6 << 20, 6 << 20};
        signal(SIGXFSZ, SIG_IGN);
        REQUIRE(setrlimit(RLIMIT_FSIZE, &limit) == 0);
        append_until_full(&s, "would pass the file size limit");
        _exit(0);
    }
    assert_exits_well(child);
    struct journal *const j = scratch_open(&s); /* without the limit it goes on */
    scratch_append(j, 1000);
    journal_close(j);
    scratch_release(&s);
}

/* A file system of 8 MiB of its own, in a mount name space that ends with the child. */
static bool mount_small(const char *dir)
{
    return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("tmpfs", dir, "tmpfs", 0, "size=8m") == 0;
}

static void test_a_full_disk_refuses_a_group_whole(void **state)
{
    struct scratch s;
    int status;

    (void)state;
    scratch_init(&s);
    const pid_t child = fork();
    if (child == 0) {
        if (!mount_small(s.root))
            _exit(77);
        scratch_make(&s);
        append_until_full(&s, "the disk is full");
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    scratch_release(&s);
    if (WEXITSTATUS(status) == 77) {
        print_message("SKIPPED: a tmpfs cannot be mounted here (%s)\n",
                      geteuid() ? "not root" : "not permitted");
        skip();
    }
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* -- no permission -------------------------------------------------------------------------------------- */

/* In a child that is nobody, because root may do everything. */
static void try_as_nobody(struct scratch *s, mode_t dir_mode, bool read_only, enum err_code verdict,
                          const char *words)
{
    REQUIRE(chmod(s->dir, dir_mode) == 0);
    const pid_t child = fork();
    if (child == 0) {
        struct err why = {.code = ERR_OK};
        struct journal *j;
        if (geteuid() == 0)
            REQUIRE(setgid(65534) == 0 && setuid(65534) == 0);
        s->options.read_only = read_only;
        const enum err_code rc = journal_open(&s->options, &j, &why);
        if (rc != verdict || !strstr(why.text, words)) {
            fprintf(stderr, "%s (%s), not: %s\n", why.text, err_code_name(rc), words);
            _exit(1);
        }
        _exit(0);
    }
    assert_exits_well(child);
    REQUIRE(chmod(s->dir, 0700) == 0);
}

static void test_a_directory_that_refuses_is_named(void **state)
{
    struct scratch s;

    (void)state;
    if (geteuid() != 0) {
        print_message("SKIPPED: needs root, to become somebody without permission\n");
        skip();
    }
    scratch_init(&s);
    scratch_make(&s);
    REQUIRE(chmod(s.root, 0755) == 0);
    try_as_nobody(&s, 0700, false, ERR_IO, "no permission (Permission denied). Use the user that owns");
    try_as_nobody(&s, 0755, false, ERR_IO, "cannot open it for writing: no permission");
    try_as_nobody(&s, 0755, true, ERR_IO, "cannot open it for reading: no permission");
    const pid_t child = fork();
    if (child == 0) { /* no directory can be made in one that is not ours */
        struct actor_rows first = scratch_actors();
        struct err why = {.code = ERR_OK};
        REQUIRE(setgid(65534) == 0 && setuid(65534) == 0);
        snprintf(s.dir, sizeof s.dir, "%s/K", s.root);
        const enum err_code rc = journal_create(&s.options, SCRATCH_ORIGIN, s.passphrase, &first, &why);
        _exit(rc == ERR_IO && strstr(why.text, "cannot make the directory") ? 0 : 1);
    }
    assert_exits_well(child);
    scratch_release(&s);
}

/* Who may read and nothing else, reads; once others have written twice, that is told instead of nonsense. */
static void test_a_reader_without_permission_to_lock_reads(void **state)
{
    struct scratch s;
    char path[300];
    int turn[2];
    int done[2];
    char byte;

    (void)state;
    if (geteuid() != 0) {
        print_message("SKIPPED: needs root, to become somebody without permission\n");
        skip();
    }
    scratch_init(&s);
    struct journal *const j = scratch_create(&s);
    scratch_append(j, 1000);
    snprintf(path, sizeof path, "%s/journal.mdb", s.dir);
    REQUIRE(chmod(path, 0644) == 0 && chmod(s.dir, 0755) == 0 && chmod(s.root, 0755) == 0);
    assert_int_equal(pipe(turn), 0);
    assert_int_equal(pipe(done), 0);
    const pid_t child = fork();
    if (child == 0) {
        struct journal_record record;
        struct journal_reader *r;
        struct err why;
        REQUIRE(setgid(65534) == 0 && setuid(65534) == 0);
        s.options.read_only = true;
        check_whole(&s, 1001);
        struct journal *const theirs = scratch_open_locked(&s);
        SCRATCH_OK(journal_reader_begin(theirs, &r, err));
        SCRATCH_OK(journal_reader_get(r, 50, &record, err));
        REQUIRE(write(turn[1], "x", 1) == 1 && read(done[0], &byte, 1) == 1);
        REQUIRE(journal_reader_get(r, 900, &record, &why) == ERR_IO);
        REQUIRE(strstr(why.text, "was written while it was read without its lock file"));
        journal_reader_end(r);
        journal_close(theirs);
        check_whole(&s, 1004); /* read again, it is all there */
        _exit(0);
    }
    assert_int_equal(read(turn[0], &byte, 1), 1);
    for (int i = 0; i < 3; i++)
        scratch_append(j, 1);
    assert_int_equal(write(done[1], "x", 1), 1);
    assert_exits_well(child);
    journal_close(j);
    for (int i = 0; i < 2; i++) {
        close(turn[i]);
        close(done[i]);
    }
    scratch_release(&s);
}

/* A file system that turns read-only while nobody looks: opening says so. */
static void test_a_read_only_file_system_is_named(void **state)
{
    struct scratch s;
    int status;

    (void)state;
    scratch_init(&s);
    const pid_t child = fork();
    if (child == 0) {
        struct err why = {.code = ERR_OK};
        struct journal *j;
        if (!mount_small(s.root))
            _exit(77);
        scratch_make(&s);
        if (mount(NULL, s.root, NULL, MS_REMOUNT | MS_RDONLY, NULL) != 0)
            _exit(77);
        REQUIRE(journal_open(&s.options, &j, &why) == ERR_IO);
        REQUIRE(strstr(why.text, "Read-only file system"));
        s.options.read_only = true;
        check_whole(&s, 1); /* reading works without a lock: nobody can write there */
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    scratch_release(&s);
    if (WEXITSTATUS(status) == 77) {
        print_message("SKIPPED: a tmpfs cannot be mounted here (%s)\n",
                      geteuid() ? "not root" : "not permitted");
        skip();
    }
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_processes_interleave_whole_groups),
        cmocka_unit_test(test_what_was_acknowledged_survives_every_kill),
        cmocka_unit_test(test_a_killed_writer_leaves_no_lock_behind),
        cmocka_unit_test(test_a_file_size_limit_refuses_a_group_whole),
        cmocka_unit_test(test_a_full_disk_refuses_a_group_whole),
        cmocka_unit_test(test_a_directory_that_refuses_is_named),
        cmocka_unit_test(test_a_reader_without_permission_to_lock_reads),
        cmocka_unit_test(test_a_read_only_file_system_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
