/* A copy holds what it was given, from commit to commit, and reads like the journal it is of. */
#include "ledger/journal_copy.h"

#include "support/journals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>

#include <cmocka.h>

#define ENTRIES 1500u /* more than five tiles, several blocks */

struct pair {
    struct scratch s;
    struct journal *origin;
    struct journal_reader *reader;
    char dir[240]; /* the copy's */
};

static void pair_init(struct pair *p, unsigned entries)
{
    scratch_init(&p->s);
    p->origin = scratch_create(&p->s);
    if (entries > 1)
        scratch_append(p->origin, entries - 1);
    SCRATCH_OK(journal_reader_begin(p->origin, &p->reader, err));
    snprintf(p->dir, sizeof p->dir, "%s/C", p->s.root);
}

static void pair_release(struct pair *p)
{
    journal_reader_end(p->reader);
    journal_close(p->origin);
    scratch_release(&p->s);
}

static struct journal_copy *open_copy(const struct pair *p)
{
    struct journal_copy *c = NULL;

    SCRATCH_OK(journal_copy_open(&c, p->dir, "a test's copy\n", err));
    return c;
}

static enum err_code add(const struct pair *p, struct journal_copy *c, uint64_t seq, struct err *err)
{
    struct journal_record record;

    SCRATCH_OK(journal_reader_get(p->reader, seq, &record, err));
    const struct hash leaf = hash_leaf(record.bytes, record.size);
    return journal_copy_add(c, record.bytes, record.size, &leaf, err);
}

/* Entries up to `last`, and a commit after every `each`. */
static void add_to(const struct pair *p, struct journal_copy *c, uint64_t last, unsigned each)
{
    while (journal_copy_size(c) < last) {
        SCRATCH_OK(add(p, c, journal_copy_size(c) + 1, err));
        if (each > 0 && journal_copy_size(c) % each == 0)
            SCRATCH_OK(journal_copy_commit(c, err));
    }
}

static void put_seal(const struct pair *p, struct journal_copy *c, uint64_t size)
{
    struct seal *const seal = malloc(sizeof *seal);

    assert_non_null(seal);
    SCRATCH_OK(journal_reader_seal(p->reader, size, seal, err));
    assert_int_equal(seal->size, size);
    SCRATCH_OK(journal_copy_seal(c, size, seal->note, seal->note_size, err));
    free(seal);
}

static void assert_same_root(struct journal_reader *a, struct journal_reader *b, uint64_t size)
{
    struct hash x;
    struct hash y;

    SCRATCH_OK(journal_reader_root(a, size, &x, err));
    SCRATCH_OK(journal_reader_root(b, size, &y, err));
    assert_memory_equal(x.bytes, y.bytes, HASH_SIZE);
}

/* Read as a journal: entries, tree, control index and seal are the origin's. */
static void assert_same(const struct pair *p, uint64_t size)
{
    const struct journal_options options = {.dir = p->dir, .read_only = true};
    struct journal *j = NULL;
    struct journal_reader *r = NULL;
    struct journal_record mine;
    struct journal_record theirs;
    bool found = true;
    bool found_theirs = true;

    SCRATCH_OK(journal_open(&options, &j, err));
    SCRATCH_OK(journal_reader_begin(j, &r, err));
    assert_int_equal(journal_reader_size(r), size);
    assert_string_equal(journal_vkey(j), journal_vkey(p->origin));
    for (uint64_t seq = 1; seq <= size; seq++) {
        SCRATCH_OK(journal_reader_get(r, seq, &mine, err));
        SCRATCH_OK(journal_reader_get(p->reader, seq, &theirs, err));
        assert_int_equal(mine.size, theirs.size);
        assert_memory_equal(mine.bytes, theirs.bytes, mine.size);
    }
    for (uint64_t at = 1; at <= size; at += at < 300 ? 1 : 97)
        assert_same_root(r, p->reader, at);
    assert_same_root(r, p->reader, size);
    for (uint64_t from = 1; found; from = mine.seq + 1) {
        SCRATCH_OK(journal_reader_control(r, from, &mine, &found, err));
        SCRATCH_OK(journal_reader_control(p->reader, from, &theirs, &found_theirs, err));
        assert_int_equal(found, found_theirs && theirs.seq <= size);
        if (found)
            assert_int_equal(mine.seq, theirs.seq);
    }
    journal_reader_end(r);
    journal_close(j);
}

static bool is_there(const struct pair *p, const char *name)
{
    char path[300];
    struct stat st;

    snprintf(path, sizeof path, "%s/%s", p->dir, name);
    return stat(path, &st) == 0;
}

static void test_it_reads_like_the_journal_it_is_of(void **state)
{
    static const unsigned EACH[] = {0, 1, 7, 256, 300};
    struct pair p;

    (void)state;
    for (size_t i = 0; i < sizeof EACH / sizeof EACH[0]; i++) {
        const unsigned size = EACH[i] == 1 ? 300 : ENTRIES;
        pair_init(&p, size);
        struct journal_copy *const c = open_copy(&p);
        assert_int_equal(journal_copy_size(c), 0);
        add_to(&p, c, size, EACH[i]);
        put_seal(&p, c, size);
        SCRATCH_OK(journal_copy_commit(c, err));
        assert_int_equal(journal_copy_committed(c), size);
        assert_int_equal(journal_copy_waiting(c), 0);
        journal_copy_close(c);
        assert_same(&p, size);
        pair_release(&p);
    }
}

static void test_it_goes_on_where_the_last_commit_was(void **state)
{
    struct pair p;

    (void)state;
    pair_init(&p, ENTRIES);
    for (uint64_t at = 0; at < ENTRIES;) {
        struct journal_copy *const c = open_copy(&p);
        struct hash root;
        struct hash live;
        assert_int_equal(journal_copy_size(c), at);
        add_to(&p, c, at + 100, 0);
        SCRATCH_OK(journal_copy_commit(c, err));
        at += 100;
        live = journal_copy_root(c);
        SCRATCH_OK(journal_copy_root_at(c, at, &root, err));
        assert_memory_equal(root.bytes, live.bytes, HASH_SIZE);
        if (at < ENTRIES)
            add_to(&p, c, at + 50, 0); /* not committed: lost */
        journal_copy_close(c);
    }
    assert_same(&p, ENTRIES);
    pair_release(&p);
}

static void test_before_the_first_commit_there_is_nothing(void **state)
{
    struct pair p;

    (void)state;
    pair_init(&p, 10);
    struct journal_copy *c = open_copy(&p);
    add_to(&p, c, 5, 0);
    assert_false(is_there(&p, "journal.mdb"));
    journal_copy_close(c);
    assert_false(is_there(&p, "journal.mdb"));
    assert_false(is_there(&p, "journal.mdb.new"));
    assert_false(is_there(&p, "copy"));
    c = open_copy(&p);
    assert_int_equal(journal_copy_size(c), 0);
    add_to(&p, c, 5, 0);
    SCRATCH_OK(journal_copy_commit(c, err));
    assert_true(is_there(&p, "journal.mdb"));
    assert_true(is_there(&p, "copy"));
    journal_copy_close(c);
    assert_same(&p, 5);
    pair_release(&p);
}

static void test_only_the_next_entry_is_taken(void **state)
{
    static const uint8_t NONSENSE[60] = {1};
    struct err err = {.code = ERR_OK};
    struct pair p;

    (void)state;
    pair_init(&p, 10);
    struct journal_copy *const c = open_copy(&p);
    const struct hash leaf = hash_leaf(NONSENSE, sizeof NONSENSE);
    assert_int_equal(add(&p, c, 2, &err), ERR_FORMAT);
    assert_non_null(strstr(err.text, "entry 1 says that it is entry 2"));
    add_to(&p, c, 3, 0);
    assert_int_equal(add(&p, c, 3, &err), ERR_FORMAT);
    assert_int_equal(journal_copy_add(c, NONSENSE, sizeof NONSENSE, &leaf, &err), ERR_FORMAT);
    assert_non_null(strstr(err.text, "entry 4 is not understood"));
    assert_int_equal(journal_copy_size(c), 3);
    journal_copy_close(c);
    pair_release(&p);
}

static void test_a_seal_may_come_late_and_be_replaced(void **state)
{
    char note[NOTE_MAX_SIZE];
    struct err err = {.code = ERR_OK};
    struct pair p;
    size_t size = 0;

    (void)state;
    pair_init(&p, 20);
    struct journal_copy *c = open_copy(&p);
    add_to(&p, c, 20, 0);
    SCRATCH_OK(journal_copy_commit(c, err));
    assert_int_equal(journal_copy_find_seal(c, 20, note, &size, &err), ERR_NOT_FOUND);
    put_seal(&p, c, 20);
    put_seal(&p, c, 1);
    SCRATCH_OK(journal_copy_commit(c, err));
    SCRATCH_OK(journal_copy_find_seal(c, 1, note, &size, err));
    assert_non_null(strstr(note, "\n1\n"));
    SCRATCH_OK(journal_copy_seal(c, 1, "another\n\n\n", 10, err));
    SCRATCH_OK(journal_copy_commit(c, err));
    journal_copy_close(c);
    c = open_copy(&p);
    SCRATCH_OK(journal_copy_find_seal(c, 1, note, &size, err));
    assert_string_equal(note, "another\n\n\n");
    journal_copy_close(c);
    pair_release(&p);
}

static void test_a_journal_of_its_own_is_left_alone(void **state)
{
    struct err err = {.code = ERR_OK};
    struct journal_copy *c = NULL;
    struct pair p;

    (void)state;
    pair_init(&p, 2);
    assert_int_equal(journal_copy_open(&c, p.s.dir, "x\n", &err), ERR_EXISTS);
    assert_non_null(strstr(err.text, "has a vault"));
    struct journal_copy *const first = open_copy(&p);
    assert_int_equal(journal_copy_open(&c, p.dir, "x\n", &err), ERR_EXISTS);
    assert_non_null(strstr(err.text, "another program is copying"));
    assert_null(c);
    journal_copy_close(first);
    pair_release(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_reads_like_the_journal_it_is_of),
        cmocka_unit_test(test_it_goes_on_where_the_last_commit_was),
        cmocka_unit_test(test_before_the_first_commit_there_is_nothing),
        cmocka_unit_test(test_only_the_next_entry_is_taken),
        cmocka_unit_test(test_a_seal_may_come_late_and_be_replaced),
        cmocka_unit_test(test_a_journal_of_its_own_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
