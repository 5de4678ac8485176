/* The guard's file: made once, never over another's, locked by name, written state by state; and its judgement. */
#include "ledger/guard.h"

#include "support/journals.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

static const char OURS[] = "desk.example/alpha+7b055032+AW43cbtjHPNBlW0hNAzxzmbh0MUBo9/7zzQlAO/Gr/VK";

#define assert_says(err, words)                                                                              \
    do {                                                                                                     \
        if (!strstr((err)->text, words))                                                                     \
            fail_msg("\"%s\" does not say: %s", (err)->text, words);                                         \
    } while (0)

static struct guard_state state_of(uint64_t size, uint8_t root)
{
    struct guard_state s = {.number = 1, .last = {.size = size}, .file = 7, .at_ns = 1000};

    memset(s.last.root.bytes, root, HASH_SIZE);
    return s;
}

/* Another journal's key. */
static const char *theirs(void)
{
    static char vkey[NOTE_VKEY_TEXT_SIZE];
    struct note_key ours;
    struct note_key key;

    SCRATCH_OK(note_key_parse(&ours, OURS, strlen(OURS), err));
    SCRATCH_OK(note_key_init(&key, "other.example/j", 15, NOTE_KEY_ED25519, ours.public_key, err));
    note_key_format(vkey, &key);
    return vkey;
}

static const char *in(const struct scratch *s, const char *name)
{
    static char paths[4][300];
    static unsigned next;
    char *const path = paths[next++ % 4];

    snprintf(path, sizeof paths[0], "%s/%s", s->root, name);
    return path;
}

static void write_file(const char *path, const char *bytes, size_t size)
{
    FILE *const f = fopen(path, "w");

    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, size, f), size);
    assert_int_equal(fclose(f), 0);
}

static void test_a_guard_is_made_once(void **state)
{
    struct guard_state first = state_of(3, 9);
    struct guard_state found;
    struct guard *g = NULL;
    struct scratch s;
    struct stat st;
    struct err why;

    (void)state;
    scratch_init(&s);
    const char *const path = in(&s, "a.guard");
    SCRATCH_OK(guard_create(path, OURS, &first, false, err));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, GUARD_FILE_SIZE);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(guard_create(path, OURS, &first, false, &why), ERR_EXISTS);
    assert_says(&why, "it is a guard of this journal");
    assert_int_equal(guard_create(path, theirs(), &first, true, &why), ERR_EXISTS);
    assert_says(&why, "is the guard of another journal, desk.example/alpha+");
    SCRATCH_OK(guard_new(path, OURS, &g, err));
    SCRATCH_OK(guard_lock(g, false, &found, err));
    assert_int_equal(found.last.size, 3);
    guard_free(g);
    first.number = 9;
    SCRATCH_OK(guard_create(path, OURS, &first, true, err)); /* a recovery sets it anew */

    write_file(in(&s, "empty"), "", 0); /* a name that was taken, and no more */
    SCRATCH_OK(guard_create(in(&s, "empty"), OURS, &first, false, err));
    write_file(in(&s, "notes"), "mine", 4);
    assert_int_equal(guard_create(in(&s, "notes"), OURS, &first, true, &why), ERR_EXISTS);
    assert_says(&why, "is no guard of this journal");
    write_file(in(&s, "damaged"), "ledger guard 1\nkey", 18);
    assert_int_equal(guard_create(in(&s, "damaged"), OURS, &first, false, &why), ERR_EXISTS);
    SCRATCH_OK(guard_create(in(&s, "damaged"), OURS, &first, true, err));
    assert_int_equal(guard_create(in(&s, "no/such"), OURS, &first, false, &why), ERR_NOT_FOUND);
    assert_int_equal(mkdir(in(&s, "dir"), 0700), 0);
    assert_int_equal(guard_create(in(&s, "dir"), OURS, &first, true, &why), ERR_IO);
    scratch_release(&s);
}

static void test_a_guard_that_is_taken_away_is_only_ours(void **state)
{
    const struct guard_state first = state_of(3, 9);
    struct scratch s;

    (void)state;
    scratch_init(&s);
    SCRATCH_OK(guard_create(in(&s, "a"), OURS, &first, false, err));
    guard_remove(in(&s, "a"), theirs());
    assert_int_equal(access(in(&s, "a"), F_OK), 0);
    guard_remove(in(&s, "a"), OURS);
    assert_int_equal(access(in(&s, "a"), F_OK), -1);
    guard_remove(in(&s, "a"), OURS); /* of none, nothing */
    scratch_release(&s);
}

static void test_states_are_written_one_after_the_other(void **state)
{
    struct guard_state s1 = state_of(3, 9);
    struct guard_state found;
    struct guard *a = NULL;
    struct guard *b = NULL;
    struct scratch s;

    (void)state;
    scratch_init(&s);
    SCRATCH_OK(guard_create(in(&s, "g"), OURS, &s1, false, err));
    SCRATCH_OK(guard_new(in(&s, "g"), OURS, &a, err));
    SCRATCH_OK(guard_new(in(&s, "g"), OURS, &b, err));
    for (uint64_t n = 2; n < 40; n++) { /* by two in turn */
        struct guard *const g = n % 2 ? a : b;
        SCRATCH_OK(guard_lock(g, false, &found, err));
        assert_int_equal(found.number, n - 1);
        assert_int_equal(found.last.size, n + 1);
        struct guard_state next = state_of(n + 2, (uint8_t)n);
        SCRATCH_OK(guard_write(g, &next, n % 3 == 0, err));
        assert_int_equal(next.number, n);
        guard_unlock(g);
        guard_unlock(g); /* once more is no harm */
    }
    guard_free(a);
    guard_free(b);
    scratch_release(&s);
}

/* Somebody else may lock it only as far as the mode says. */
static bool can_lock(const char *path, int operation)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    const bool can = flock(fd, operation | LOCK_NB) == 0;
    close(fd);
    return can;
}

static void test_the_lock_holds_and_goes_with_its_holder(void **state)
{
    const struct guard_state first = state_of(3, 9);
    struct guard_state found;
    struct guard *g = NULL;
    struct scratch s;
    int status = 0;

    (void)state;
    scratch_init(&s);
    const char *const path = in(&s, "g");
    SCRATCH_OK(guard_create(path, OURS, &first, false, err));
    SCRATCH_OK(guard_new(path, OURS, &g, err));
    SCRATCH_OK(guard_lock(g, false, &found, err));
    assert_false(can_lock(path, LOCK_SH));
    guard_unlock(g);
    SCRATCH_OK(guard_lock(g, true, &found, err));
    assert_true(can_lock(path, LOCK_SH));
    assert_false(can_lock(path, LOCK_EX));
    guard_unlock(g);
    assert_true(can_lock(path, LOCK_EX));
    const pid_t child = fork();
    if (child == 0) {
        struct guard *own = NULL;
        if (guard_new(path, OURS, &own, NULL) == ERR_OK && guard_lock(own, false, &found, NULL) == ERR_OK)
            raise(SIGKILL);
        _exit(1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_true(can_lock(path, LOCK_EX));
    guard_free(g);
    scratch_release(&s);
}

static void test_what_has_the_name_now_is_read(void **state)
{
    const struct guard_state first = state_of(3, 9);
    const struct guard_state other = state_of(4, 8);
    struct guard_state found;
    struct guard *g = NULL;
    struct scratch s;
    struct err why;

    (void)state;
    scratch_init(&s);
    char path[300];
    snprintf(path, sizeof path, "%s", in(&s, "g"));
    SCRATCH_OK(guard_new(path, OURS, &g, err));
    assert_int_equal(guard_lock(g, true, &found, &why), ERR_NOT_FOUND);
    assert_says(&why, "No such file");
    SCRATCH_OK(guard_create(path, OURS, &first, false, err));
    SCRATCH_OK(guard_lock(g, true, &found, err));
    assert_int_equal(found.last.size, 3);
    guard_unlock(g);
    SCRATCH_OK(guard_create(in(&s, "new"), OURS, &other, false, err));
    assert_int_equal(rename(in(&s, "new"), path), 0);
    SCRATCH_OK(guard_lock(g, false, &found, err));
    assert_int_equal(found.last.size, 4);
    guard_unlock(g);
    SCRATCH_OK(guard_create(in(&s, "new"), theirs(), &other, false, err));
    assert_int_equal(rename(in(&s, "new"), path), 0);
    assert_int_equal(guard_lock(g, false, &found, &why), ERR_KEY);
    assert_says(&why, "is the guard of another journal, other.example/j+");
    write_file(path, "x", 1);
    assert_int_equal(guard_lock(g, false, &found, &why), ERR_FORMAT);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(guard_lock(g, false, &found, &why), ERR_NOT_FOUND);
    guard_free(g);
    scratch_release(&s);
}

static void test_a_guard_lies_outside_of_the_journal(void **state)
{
    char absolute[PATH_MAX];
    char want[PATH_MAX + 8];
    char root[PATH_MAX];
    struct scratch s;
    struct err why;

    (void)state;
    scratch_init(&s);
    assert_int_equal(mkdir(s.dir, 0700), 0);
    assert_int_equal(mkdir(in(&s, "J/deep"), 0700), 0);
    assert_int_equal(mkdir(in(&s, "J2"), 0700), 0);
    assert_int_equal(symlink(s.dir, in(&s, "link")), 0);
    assert_non_null(realpath(s.root, root));
    SCRATCH_OK(guard_absolute(in(&s, "J2/../J2/g"), s.dir, absolute, err));
    snprintf(want, sizeof want, "%s/J2/g", root);
    assert_string_equal(absolute, want);
    SCRATCH_OK(guard_absolute("/g", s.dir, absolute, err));
    assert_string_equal(absolute, "/g");
    static const char *const inside[] = {"J/g", "J/deep/g", "link/g", "J2/../J/g"};
    for (unsigned i = 0; i < sizeof inside / sizeof inside[0]; i++) {
        assert_int_equal(guard_absolute(in(&s, inside[i]), s.dir, absolute, &why), ERR_INPUT);
        assert_says(&why, "lies in the journal's own directory");
    }
    assert_string_equal(absolute, "/g"); /* untouched */
    assert_int_equal(guard_absolute(in(&s, "none/g"), s.dir, absolute, &why), ERR_INPUT);
    assert_says(&why, "No such file");
    assert_int_equal(guard_absolute(in(&s, "J2/"), s.dir, absolute, &why), ERR_INPUT);
    assert_int_equal(guard_absolute(in(&s, "J2/.."), s.dir, absolute, &why), ERR_INPUT);
    assert_int_equal(guard_absolute(in(&s, "a\nb"), s.dir, absolute, &why), ERR_INPUT);
    assert_says(&why, "no line feed");
    assert_int_equal(guard_absolute("", s.dir, absolute, &why), ERR_INPUT);
    scratch_release(&s);
}

static void test_the_judgement(void **state)
{
    static const struct {
        uint64_t last, next; /* next 0: none */
        uint64_t size;
        uint8_t root;  /* of the journal; the guard's are 1, and of the next 2 */
        uint64_t file; /* of the journal; the guard was written for 7 */
        enum guard_verdict verdict;
    } rows[] = {
        {10, 0, 10, 1, 7, GUARD_AGREES},
        {10, 0, 10, 1, 8,
         GUARD_AGREES}, /* a copy of the newest: nothing is lost, and whoever is first goes on */
        {10, 0, 10, 9, 7, GUARD_HAS_OTHER},
        {10, 0, 9, 1, 7, GUARD_HAS_MORE},
        {10, 0, 0, 1, 7, GUARD_HAS_MORE},
        {10, 0, 11, 1, 7, GUARD_HAS_LESS},
        /* Its writer has not come back. */
        {10, 12, 10, 1, 7, GUARD_AGREES}, /* it did not commit */
        {10, 12, 12, 2, 7, GUARD_AGREES}, /* it did */
        {10, 12, 12, 2, 8, GUARD_AGREES},
        {10, 12, 10, 1, 8, GUARD_UNSURE}, /* a copy cannot know */
        {10, 12, 10, 9, 7, GUARD_HAS_OTHER},
        {10, 12, 12, 9, 7, GUARD_HAS_OTHER},
        {10, 12, 11, 1, 7, GUARD_HAS_OTHER},
        {10, 12, 9, 1, 7, GUARD_HAS_MORE},
        {10, 12, 13, 1, 7, GUARD_HAS_LESS},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct guard_state s = state_of(rows[i].last, 1);
        struct guard_tree tree = {.size = rows[i].size};
        s.has_next = rows[i].next > 0;
        s.next.size = rows[i].next;
        memset(s.next.root.bytes, 2, HASH_SIZE);
        memset(tree.root.bytes, rows[i].root, HASH_SIZE);
        assert_int_equal(guard_judge(&s, &tree, rows[i].file), rows[i].verdict);
        assert_int_equal(guard_newest(&s)->size, rows[i].next ? rows[i].next : rows[i].last);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_guard_is_made_once),
        cmocka_unit_test(test_a_guard_that_is_taken_away_is_only_ours),
        cmocka_unit_test(test_states_are_written_one_after_the_other),
        cmocka_unit_test(test_the_lock_holds_and_goes_with_its_holder),
        cmocka_unit_test(test_what_has_the_name_now_is_read),
        cmocka_unit_test(test_a_guard_lies_outside_of_the_journal),
        cmocka_unit_test(test_the_judgement),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
