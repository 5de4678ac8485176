/*
 * A journal and its guards: restored backups, copies, rolled-back files, guards that are lost or another's; writers at
 * the same time, and those that sign for others.
 */
#include "ledger/queue.h"
#include "support/guards.h"

#include <pthread.h>

/* -- agreeing -------------------------------------------------------------------------------------------- */

static void test_a_guard_follows_every_group(void **state)
{
    struct journal_reader *r = NULL;
    struct scratch s;
    struct hash root;

    (void)state;
    for (unsigned count = 1; count <= 2; count++) {
        scratch_init(&s);
        struct journal *j = guards_make(&s, count);
        for (uint64_t n = 1; n <= 5; n++) {
            for (unsigned i = 0; i < count; i++) {
                const struct guard_state state_now = guards_state(j, i);
                SCRATCH_OK(journal_reader_begin(j, &r, err));
                SCRATCH_OK(journal_reader_root(r, n, &root, err));
                journal_reader_end(r);
                assert_int_equal(state_now.last.size, n);
                assert_memory_equal(&state_now.last.root, &root, sizeof root);
                assert_false(state_now.has_next);
                assert_int_equal(state_now.number,
                                 2 * n); /* one that was synced before it, and one after it */
            }
            assert_int_equal(guards_add(j), n + 1);
            if (n == 3) {
                journal_close(j);
                j = scratch_open(&s);
            }
        }
        journal_close(j);
        scratch_release(&s);
    }
}

/* A group that is aborted, is empty, or has to be written twice because the map is too small. */
static void test_a_group_that_is_not_written_leaves_the_guard_alone(void **state)
{
    struct journal_group *g = NULL;
    struct scratch s;

    (void)state;
    scratch_init(&s);
    s.options.map_size = 1; /* the least there is */
    struct journal *j = guards_make(&s, 1);
    const uint64_t number = guards_state(j, 0).number;
    SCRATCH_OK(journal_group_begin(j, &g, err));
    struct entry e = entries_note("never said");
    SCRATCH_OK(journal_group_add(g, &e, err));
    journal_group_abort(g);
    SCRATCH_OK(journal_group_begin(j, &g, err));
    SCRATCH_OK(journal_group_commit(g, NULL, err));
    assert_int_equal(guards_state(j, 0).number, number);
    SCRATCH_OK(journal_group_begin(j, &g, err));
    for (int i = 0; i < 100; i++) {
        struct entry note = scratch_note('x', 50000);
        SCRATCH_OK(journal_group_add(g, &note, err));
    }
    SCRATCH_OK(journal_group_commit(g, NULL, err)); /* 5 MB: the map grows */
    assert_int_equal(guards_state(j, 0).number, number + 2);
    assert_int_equal(guards_state(j, 0).last.size, 101);
    journal_close(j);
    scratch_release(&s);
}

/* -- other pasts ----------------------------------------------------------------------------------------- */

static void test_a_restored_backup_signs_nothing(void **state)
{
    struct scratch s;

    (void)state;
    scratch_init(&s);
    struct journal *j = guards_make(&s, 1);
    guards_add(j);
    guards_copy_journal(&s, "J", "backup");
    guards_add(j);
    guards_add(j);
    struct journal *const old = guards_open(&s, "backup");
    guards_assert_refused(old, "has seen 4 entries");
    guards_assert_refused(old, "this is a backup that was restored, a copy, or a disk that was set back");
    guards_add(j); /* the true one goes on */
    guards_assert_refused(old, "has seen 5 entries");
    journal_close(old);
    journal_close(j);
    scratch_release(&s);
}

/* The file under its own name, as it was before: same number in the file system, same guard. */
static void test_a_file_that_was_set_back_signs_nothing(void **state)
{
    struct scratch s;

    (void)state;
    scratch_init(&s);
    struct journal *j = guards_make(&s, 2);
    guards_add(j);
    journal_close(j);
    guards_copy_file(guards_in(&s, "J/journal.mdb"), guards_in(&s, "kept"));
    j = scratch_open(&s);
    guards_add(j); /* one group only */
    journal_close(j);
    guards_copy_file(guards_in(&s, "kept"), guards_in(&s, "J/journal.mdb"));
    assert_int_equal(unlink(guards_in(&s, "J/journal.mdb-lock")), 0);
    j = scratch_open(&s);
    guards_assert_refused(j, "has seen 3 entries");
    journal_close(j);
    scratch_release(&s);
}

static void test_of_two_copies_one_goes_on(void **state)
{
    struct scratch s;

    (void)state;
    scratch_init(&s);
    struct journal *const a = guards_make(&s, 1);
    guards_add(a);
    guards_copy_journal(&s, "J", "copy");
    struct journal *const b = guards_open(&s, "copy");
    guards_add(b); /* it has all there is, and is first */
    guards_assert_refused(a, "has seen 3 entries");
    guards_add(b);
    journal_close(a);
    journal_close(b);
    scratch_release(&s);
}

/* Two groups at the same time, in two copies: both have begun before one of them commits. */
static void test_of_two_groups_at_the_same_time_one_is_signed(void **state)
{
    struct journal_group *ga = NULL;
    struct journal_group *gb = NULL;
    struct seal seal = {.size = 77};
    struct scratch s;
    struct err why;

    (void)state;
    scratch_init(&s);
    struct journal *const a = guards_make(&s, 1);
    guards_copy_journal(&s, "J", "copy");
    struct journal *const b = guards_open(&s, "copy");
    SCRATCH_OK(journal_group_begin(a, &ga, err));
    SCRATCH_OK(journal_group_begin(b, &gb, err));
    struct entry ea = entries_note("one");
    struct entry eb = entries_note("other");
    SCRATCH_OK(journal_group_add(ga, &ea, err));
    SCRATCH_OK(journal_group_add(gb, &eb, err));
    SCRATCH_OK(journal_group_commit(ga, NULL, err));
    assert_int_equal(journal_group_commit(gb, &seal, &why), ERR_HALTED);
    assert_says(&why, "has seen 2 entries");
    assert_int_equal(seal.size, 77);
    guards_assert_refused(b, "has seen 2 entries"); /* and nothing of it is there */
    guards_add(a);
    journal_close(a);
    journal_close(b);
    scratch_release(&s);
}

struct racer {
    pthread_t thread;
    struct scratch *s;
    const char *name;
    unsigned added;
    unsigned refused;
};

static void *race(void *arg)
{
    struct racer *const r = arg;
    struct journal *const j = guards_open(r->s, r->name);

    for (int i = 0; i < 60; i++) {
        struct err why;
        const enum err_code rc = guards_append(j, NULL, &why);
        REQUIRE(rc == ERR_OK || rc == ERR_HALTED);
        r->added += !rc;
        r->refused += rc == ERR_HALTED;
    }
    journal_close(j);
    return NULL;
}

/* As fast as they can: two writers of one journal, and two of a copy of it. One history goes on. */
static void test_writers_of_two_copies_never_make_two_histories(void **state)
{
    struct scratch s;

    (void)state;
    scratch_init(&s);
    struct journal *j = guards_make(&s, 2);
    guards_add(j);
    journal_close(j);
    guards_copy_journal(&s, "J", "copy");
    struct racer racers[] = {
        {.s = &s, .name = "J"}, {.s = &s, .name = "copy"}, {.s = &s, .name = "J"}, {.s = &s, .name = "copy"}};
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(pthread_join(racers[i].thread, NULL), 0);
    const unsigned one = racers[0].added + racers[2].added;
    const unsigned other = racers[1].added + racers[3].added;
    assert_true((one == 120 && other == 0) || (one == 0 && other == 120));
    scratch_release(&s);
}

/* -- guards that are not there --------------------------------------------------------------------------- */

static void test_a_guard_that_cannot_be_read_refuses(void **state)
{
    struct scratch s;

    (void)state;
    scratch_init(&s);
    struct journal *const j = guards_make(&s, 2);
    guards_add(j);
    assert_int_equal(rename(guards_in(&s, "b"), guards_in(&s, "away")), 0);
    guards_assert_refused(j, "/b, without which nothing is signed, cannot be read");
    guards_assert_refused(j, "Put it back, or mount what holds it; if it is lost,");
    assert_int_equal(rename(guards_in(&s, "away"), guards_in(&s, "b")), 0);
    assert_int_equal(guards_add(j), 3);
    assert_int_equal(truncate(guards_in(&s, "b"), 100), 0);
    guards_assert_refused(j, "this is no guard: it has 100 bytes");
    guards_copy_file(guards_in(&s, "a"), guards_in(&s, "b")); /* both say the same */
    assert_int_equal(guards_add(j), 4);
    guards_copy_file(guards_in(&s, "a"), guards_in(&s, "kept"));
    assert_int_equal(guards_add(j), 5);
    guards_copy_file(guards_in(&s, "kept"), guards_in(&s, "a"));
    guards_assert_refused(j, "the guard was set back or restored");
    journal_close(j);
    scratch_release(&s);
}

static void test_the_guard_of_another_journal_refuses(void **state)
{
    struct actor_rows first = scratch_actors();
    const char *guards[1];
    struct journal_options options;
    struct scratch s;
    struct err why;

    (void)state;
    scratch_init(&s);
    struct journal *const j = guards_make(&s, 1);
    first.rows[first.count++] =
        (struct actor_row){.name = id_from("compliance:carl"), .role = ROLE_COMPLIANCE};
    options = s.options;
    options.dir = guards_in(&s, "other");
    guards[0] = guards_in(&s, "a");
    options.guards = guards;
    options.guard_count = 1;
    assert_int_equal(journal_create(&options, "other.example/j", s.passphrase, &first, &why), ERR_EXISTS);
    assert_says(&why, "is the guard of another journal");
    assert_int_equal(access(options.dir, F_OK), -1); /* and nothing is left of it */
    assert_int_equal(guards_add(j), 2);              /* nor was the guard touched */
    guards[0] = guards_in(&s, "c");
    SCRATCH_OK(journal_create(&options, "other.example/j", s.passphrase, &first, err));
    guards_copy_file(guards_in(&s, "c"), guards_in(&s, "a"));
    guards_assert_refused(j, "is the guard of another journal, other.example/j+");
    journal_close(j);
    scratch_release(&s);
}

static void test_an_init_that_fails_takes_its_guard_away(void **state)
{
    const char *const paths[][2] = {{"a", "no/such/b"}, {"a", "J/b"}, {"a", "a"}};
    struct actor_rows first = scratch_actors();
    struct scratch s;
    struct err why;

    (void)state;
    scratch_init(&s);
    for (unsigned i = 0; i < 3; i++) {
        const char *const guards[] = {guards_in(&s, paths[i][0]), guards_in(&s, paths[i][1])};
        struct actor_rows two = first;
        two.rows[two.count++] =
            (struct actor_row){.name = id_from("compliance:carl"), .role = ROLE_COMPLIANCE};
        s.options.guards = guards;
        s.options.guard_count = 2;
        assert_int_equal(journal_create(&s.options, SCRATCH_ORIGIN, s.passphrase, &two, &why), ERR_INPUT);
        assert_int_equal(access(s.dir, F_OK), -1);
        assert_int_equal(access(guards_in(&s, "a"), F_OK), -1);
    }
    const char *const guard = guards_in(&s, "a");
    s.options.guards = &guard;
    s.options.guard_count = 1;
    assert_int_equal(journal_create(&s.options, SCRATCH_ORIGIN, s.passphrase, &first, &why), ERR_INPUT);
    assert_says(&why, "two persons who sign that it goes on, and this one knows 1");
    assert_int_equal(access(guards_in(&s, "a"), F_OK), -1);
    scratch_release(&s);
}

/* -- setting --------------------------------------------------------------------------------------------- */

static enum err_code set(struct journal *j, const char *const *paths, size_t count, struct err *err)
{
    struct journal_group *g = NULL;
    struct entry e = entries_note("guards");

    SCRATCH_OK(journal_group_begin(j, &g, err));
    enum err_code rc = journal_guards_set(g, paths, count, err);
    if (!rc)
        rc = journal_group_add(g, &e, err);
    if (!rc)
        return journal_group_commit(g, NULL, err);
    journal_group_abort(g);
    return rc;
}

static void test_guards_are_set_and_left(void **state)
{
    struct journal_guards found;
    struct scratch s;
    struct err why;

    (void)state;
    scratch_init(&s);
    struct journal *const j = guards_make(&s, 0);
    guards_copy_journal(&s, "J", "before");
    const char *const one[] = {guards_in(&s, "a")};
    const char *const two[] = {guards_in(&s, "c"), guards_in(&s, "b")};
    SCRATCH_OK(set(j, one, 1, err));
    assert_int_equal(guards_state(j, 0).last.size, 2);
    SCRATCH_OK(set(j, two, 2, err)); /* a learns of this group, and no more */
    SCRATCH_OK(journal_guards_look(j, &found, err));
    assert_int_equal(found.count, 2);
    assert_non_null(strstr(found.rows[0].path, "/b")); /* in order, so that all lock them in the same */
    assert_non_null(strstr(found.rows[1].path, "/c"));
    assert_int_equal(guards_add(j), 4);
    assert_int_equal(set(j, one, 1, &why), ERR_EXISTS); /* it was left behind */
    assert_says(&why, "has seen no more than 3 entries");
    assert_int_equal(unlink(guards_in(&s, "a")), 0);
    SCRATCH_OK(set(j, (const char *const[]){guards_in(&s, "a"), guards_in(&s, "c")}, 2, err));
    assert_int_equal(guards_state(j, 0).last.size, 5);
    assert_int_equal(guards_state(j, 1).last.size, 5);
    SCRATCH_OK(set(j, NULL, 0, err));
    SCRATCH_OK(journal_guards_look(j, &found, err));
    assert_int_equal(found.count, 0);
    assert_int_equal(guards_add(j), 7);
    assert_int_equal(access(guards_in(&s, "a"), F_OK), 0);   /* what it was is known for ever */
    struct journal *const other = guards_open(&s, "before"); /* which never knew of one */
    assert_int_equal(guards_add(other), 2);
    journal_close(other);
    journal_close(j);
    scratch_release(&s);
}

static void test_a_set_that_is_not_committed_leaves_nothing(void **state)
{
    const char *paths[2];
    struct journal_group *g = NULL;
    struct journal_guards found;
    struct scratch s;
    struct err why;

    (void)state;
    scratch_init(&s);
    struct journal *const j = guards_make(&s, 0);
    paths[0] = guards_in(&s, "a");
    paths[1] = guards_in(&s, "a");
    assert_int_equal(set(j, paths, 2, &why), ERR_INPUT);
    assert_says(&why, "is named twice");
    paths[1] = guards_in(&s, "J/b");
    assert_int_equal(set(j, paths, 2, &why), ERR_INPUT);
    SCRATCH_OK(journal_group_begin(j, &g, err));
    SCRATCH_OK(journal_guards_set(g, paths, 1, err));
    journal_group_abort(g);
    assert_int_equal(mkdir(guards_in(&s, "b"), 0700), 0);
    paths[1] = guards_in(&s, "b");
    assert_int_equal(set(j, paths, 2, &why), ERR_IO); /* the second is a directory: the first is taken away */
    assert_int_equal(access(guards_in(&s, "a"), F_OK), -1);
    SCRATCH_OK(journal_guards_look(j, &found, err));
    assert_int_equal(found.count, 0);
    assert_int_equal(guards_add(j), 2);
    journal_close(j);
    scratch_release(&s);
}

/* -- who signs for others -------------------------------------------------------------------------------- */

struct caller {
    pthread_t thread;
    struct queue *q;
    struct err why;
    enum err_code rc;
};

static void *call(void *arg)
{
    struct caller *const c = arg;
    static _Thread_local uint8_t bytes[ENTRY_MAX_SIZE];
    struct entry e = entries_note("by a caller");
    struct queue_reply reply;
    struct wire_out out;
    size_t refused;

    for (int i = 0; i < 20 && c->rc == ERR_OK; i++) {
        wire_out_init(&out, bytes, sizeof bytes);
        REQUIRE(entry_encode(&e, &out, NULL) == ERR_OK);
        const uint16_t size = (uint16_t)wire_out_size(&out);
        c->rc = queue_append(c->q, bytes, &size, 1, &reply, &refused, &c->why);
    }
    return NULL;
}

/* Whoever leads signs for all: all are told no, and why. */
static void test_callers_of_a_queue_are_all_refused(void **state)
{
    struct caller callers[8];
    struct queue *q = NULL;
    struct scratch s;

    (void)state;
    scratch_init(&s);
    struct journal *const j = guards_make(&s, 1);
    for (int round = 0; round < 2; round++) {
        SCRATCH_OK(queue_open(j, NULL, &q, err));
        for (unsigned i = 0; i < 8; i++) {
            callers[i] = (struct caller){.q = q};
            assert_int_equal(pthread_create(&callers[i].thread, NULL, call, &callers[i]), 0);
        }
        for (unsigned i = 0; i < 8; i++) {
            assert_int_equal(pthread_join(callers[i].thread, NULL), 0);
            assert_int_equal(callers[i].rc, round == 0 ? ERR_OK : ERR_HALTED);
            if (round == 1)
                assert_says(&callers[i].why, "cannot be read");
        }
        queue_close(q);
        if (round == 0)
            assert_int_equal(guards_state(j, 0).last.size, 161);
        assert_int_equal(rename(guards_in(&s, round ? "away" : "a"), guards_in(&s, round ? "a" : "away")), 0);
    }
    assert_int_equal(guards_add(j), 162);
    journal_close(j);
    scratch_release(&s);
}

/* -- crashes --------------------------------------------------------------------------------------------- */

/* Between what the guard was told and the commit: before it, and after it, in the file that was being written and in a copy. */
static void test_a_crash_between_guard_and_commit_locks_nobody_out(void **state)
{
    struct guard_state found;
    struct guard *guard = NULL;
    struct scratch s;

    (void)state;
    for (unsigned has_committed = 0; has_committed < 2; has_committed++) {
        scratch_init(&s);
        struct journal *j = guards_make(&s, 1);
        guards_add(j);
        guards_copy_journal(&s, "J", "before");
        const struct guard_state before = guards_state(j, 0);
        if (has_committed)
            guards_add(j);
        struct guard_state intent = guards_state(j, 0);
        SCRATCH_OK(guard_new(guards_in(&s, "a"), journal_vkey(j), &guard, err));
        intent.has_next = true;
        intent.next = has_committed ? intent.last : (struct guard_tree){.size = 3};
        intent.last = before.last;
        SCRATCH_OK(guard_lock(guard, false, &found, err));
        SCRATCH_OK(guard_write(guard, &intent, true, err)); /* what a killed writer leaves */
        guard_free(guard);
        journal_close(j);
        struct journal *const copy = guards_open(&s, "before"); /* it cannot know whether more was signed */
        guards_assert_refused(copy, "was about to sign more");
        journal_close(copy);
        j = scratch_open(&s);
        assert_int_equal(guards_add(j), 3 + has_committed);
        journal_close(j);
        scratch_release(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_guard_follows_every_group),
        cmocka_unit_test(test_a_group_that_is_not_written_leaves_the_guard_alone),
        cmocka_unit_test(test_a_restored_backup_signs_nothing),
        cmocka_unit_test(test_a_file_that_was_set_back_signs_nothing),
        cmocka_unit_test(test_of_two_copies_one_goes_on),
        cmocka_unit_test(test_of_two_groups_at_the_same_time_one_is_signed),
        cmocka_unit_test(test_writers_of_two_copies_never_make_two_histories),
        cmocka_unit_test(test_a_guard_that_cannot_be_read_refuses),
        cmocka_unit_test(test_the_guard_of_another_journal_refuses),
        cmocka_unit_test(test_an_init_that_fails_takes_its_guard_away),
        cmocka_unit_test(test_guards_are_set_and_left),
        cmocka_unit_test(test_a_set_that_is_not_committed_leaves_nothing),
        cmocka_unit_test(test_callers_of_a_queue_are_all_refused),
        cmocka_unit_test(test_a_crash_between_guard_and_commit_locks_nobody_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
