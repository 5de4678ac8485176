/* The index against the entries: the same answers as reading everything, in whatever state it is. What becomes of a
 * damaged or a foreign one: test_index_damage.c. */
#include "support/index_journal.h"

static void test_no_index_is_there_before_somebody_asks(void **state)
{
    struct index *x = NULL;
    struct err why;
    struct scratch s;

    (void)state;
    scratch_init(&s);
    struct journal *const j = scratch_create(&s);
    assert_int_equal(index_open(j, INDEX_READ, &x, &why), ERR_NOT_FOUND);
    assert_null(x);
    SCRATCH_OK(index_open(j, INDEX_WRITE, &x, err));
    assert_true(index_may_write(x));
    assert_int_equal(index_remove(s.dir, &why), ERR_EXISTS);
    index_close(x);
    SCRATCH_OK(index_open(j, INDEX_READ, &x, err));
    assert_false(index_may_write(x));
    struct index_report report;
    assert_int_equal(index_catch_up(x, &(struct index_options){.batch = 0}, &report, &why), ERR_IO);
    index_close(x);
    SCRATCH_OK(index_remove(s.dir, err));
    SCRATCH_OK(index_remove(s.dir, err)); /* nothing there is fine */
    assert_int_equal(index_open(j, INDEX_READ, &x, &why), ERR_NOT_FOUND);
    journal_close(j);
    scratch_release(&s);
}

static void test_every_combination_of_filters_gives_what_a_full_scan_gives(void **state)
{
    struct random r = {.state = 5};
    struct scratch s;
    struct index *x = NULL;
    uint64_t size = 0;

    (void)state;
    scratch_init(&s);
    struct journal *const j = scratch_create(&s);
    /* Not there at all, all there, a part of it there; and grown from there. */
    size = index_journal_grow(j, &r, 700);
    index_journal_compare_some(j, NULL, &r);
    SCRATCH_OK(index_open(j, INDEX_WRITE, &x, err));
    index_journal_compare_some(j, x, &r);
    index_journal_catch_up(x, 400, size);
    index_journal_compare_all(j, x, &r);
    size = index_journal_grow(j, &r, 1700);
    index_journal_compare_all(j, x, &r);
    index_journal_catch_up(x, 0, size);
    for (unsigned i = 0; i < 3; i++)
        index_journal_compare_all(j, x, &r);
    index_close(x);
    journal_close(j);
    scratch_release(&s);
}

static void test_the_index_is_why_little_is_read(void **state)
{
    struct random r = {.state = 6};
    struct index_walk *w = NULL;
    struct journal_reader *reader = NULL;
    const struct entry *e = NULL;
    struct index *x = NULL;
    struct filter f;
    struct scratch s;
    bool found = false;

    (void)state;
    scratch_init(&s);
    struct journal *const j = scratch_create(&s);
    const uint64_t size = index_journal_grow(j, &r, 4000);
    SCRATCH_OK(index_open(j, INDEX_WRITE, &x, err));
    index_journal_catch_up(x, 0, size);
    SCRATCH_OK(journal_reader_begin(j, &reader, err));

    /* Each entry that is read is one that is asked for, but for time, which is known for a thousand at once. */
    filter_init(&f);
    f.symbol = entries_symbol("BRK.B");
    f.order = "o-1";
    SCRATCH_OK(index_walk_begin(x, reader, &f, INDEX_FORWARD, false, &w, err));
    uint64_t count = 0;
    for (found = true; found; count += found)
        SCRATCH_OK(index_walk_next(w, &e, &found, err));
    assert_true(count > 0);
    assert_int_equal(index_walk_looked(w), count);
    index_walk_end(w);

    /* Against the journal's order too, and with a tail that the index lacks. */
    journal_reader_end(reader);
    index_journal_grow(j, &r, 50);
    SCRATCH_OK(journal_reader_begin(j, &reader, err));
    SCRATCH_OK(index_walk_begin(x, reader, &f, INDEX_BACKWARD, false, &w, err));
    for (found = true; found;)
        SCRATCH_OK(index_walk_next(w, &e, &found, err));
    assert_int_equal(index_walk_looked(w), count + 50);
    index_walk_end(w);

    filter_init(&f);
    f.from_ns = index_journal_at(3900);
    SCRATCH_OK(index_walk_begin(x, reader, &f, INDEX_FORWARD, false, &w, err));
    for (found = true; found;)
        SCRATCH_OK(index_walk_next(w, &e, &found, err));
    assert_in_range(index_walk_looked(w), 100, 2000);
    index_walk_end(w);

    filter_init(&f); /* nothing to ask the index for, but recorded_at never goes back */
    f.since_ns = INT64_MAX;
    SCRATCH_OK(index_walk_begin(NULL, reader, &f, INDEX_BACKWARD, false, &w, err));
    SCRATCH_OK(index_walk_next(w, &e, &found, err));
    assert_false(found);
    assert_int_equal(index_walk_looked(w), 0);
    index_walk_end(w);
    journal_reader_end(reader);
    index_close(x);
    journal_close(j);
    scratch_release(&s);
}

static void test_however_it_was_built_it_is_the_same(void **state)
{
    static const uint32_t batches[] = {1000, 1024, 37, 2048};
    struct random r = {.state = 7};
    struct index *x = NULL;
    struct scratch s;
    uint64_t size = 1;

    (void)state;
    scratch_init(&s);
    struct journal *const j = scratch_create(&s);
    SCRATCH_OK(index_open(j, INDEX_WRITE, &x, err));
    for (unsigned i = 0; i < 12; i++) {
        size = index_journal_grow(j, &r, 1 + (unsigned)random_below(&r, 700));
        index_journal_catch_up(x, 1 + (uint32_t)random_below(&r, 500), size);
        uint64_t indexed = 0;
        SCRATCH_OK(index_check(x, &(struct index_options){.batch = 0}, &indexed, err));
        assert_int_equal(indexed, size);
    }
    const struct hash grown = index_journal_digest(x);
    index_close(x);
    for (unsigned i = 0; i < sizeof batches / sizeof batches[0]; i++) {
        SCRATCH_OK(index_remove(s.dir, err));
        SCRATCH_OK(index_open(j, INDEX_WRITE, &x, err));
        index_journal_catch_up(x, batches[i], size);
        const struct hash again = index_journal_digest(x);
        assert_memory_equal(&again, &grown, sizeof grown);
        index_close(x);
    }
    journal_close(j);
    scratch_release(&s);
}

/* So many keys that the map has to grow, and that the batch is cut for its memory. */
static void test_many_keys_fit(void **state)
{
    struct random r = {.state = 11};
    struct index *x = NULL;
    struct scratch s;
    uint64_t size = 1;

    (void)state;
    scratch_init(&s);
    struct journal *const j = scratch_create(&s);
    size = index_journal_grow_orders(j, 30000);
    size = index_journal_grow(j, &r, 500);
    SCRATCH_OK(index_open(j, INDEX_WRITE, &x, err));
    index_journal_catch_up(x, 0, size);
    uint64_t indexed = 0;
    SCRATCH_OK(index_check(x, &(struct index_options){.batch = 0}, &indexed, err));
    assert_int_equal(indexed, size);
    index_journal_compare_some(j, x, &r);
    index_close(x);
    journal_close(j);
    scratch_release(&s);
}

static void test_two_handles_of_one_process_share_the_file(void **state)
{
    struct random r = {.state = 9};
    struct index *x = NULL;
    struct index *y = NULL;
    struct scratch s;

    (void)state;
    scratch_init(&s);
    struct journal *const j = scratch_create(&s);
    struct journal *const k = scratch_open_locked(&s);
    SCRATCH_OK(index_open(j, INDEX_WRITE, &x, err));
    SCRATCH_OK(index_open(k, INDEX_READ, &y, err));
    index_journal_catch_up(x, 0, index_journal_grow(j, &r, 300));
    uint64_t lag = 7;
    bool is_foreign = true;
    SCRATCH_OK(index_lag(y, &lag, &is_foreign, err));
    assert_int_equal(lag, 0);
    assert_false(is_foreign);
    index_close(x);
    index_journal_compare_some(k, y, &r);
    index_close(y);
    journal_close(k);
    journal_close(j);
    scratch_release(&s);
}

static void test_an_older_snapshot_sees_nothing_newer(void **state)
{
    struct random r = {.state = 10};
    struct journal_reader *old = NULL;
    struct index *x = NULL;
    struct filter f;
    struct scratch s;

    (void)state;
    scratch_init(&s);
    struct journal *const j = scratch_create(&s);
    index_journal_grow(j, &r, 400);
    SCRATCH_OK(journal_reader_begin(j, &old, err));
    SCRATCH_OK(index_open(j, INDEX_WRITE, &x, err));
    index_journal_catch_up(x, 0, index_journal_grow(j, &r, 400));
    filter_init(&f);
    f.has_actor = true;
    f.actor = 1;
    index_journal_compare(x, old, &f, INDEX_FORWARD);
    index_journal_compare(x, old, &f, INDEX_BACKWARD);
    journal_reader_end(old);
    index_close(x);
    journal_close(j);
    scratch_release(&s);
}

static void test_interrupted_it_keeps_what_it_has(void **state)
{
    struct random r = {.state = 12};
    const volatile int interrupted = 1;
    struct index_report report;
    struct index *x = NULL;
    struct scratch s;

    (void)state;
    scratch_init(&s);
    struct journal *const j = scratch_create(&s);
    const uint64_t size = index_journal_grow(j, &r, 400);
    SCRATCH_OK(index_open(j, INDEX_WRITE, &x, err));
    index_journal_catch_up(x, 100, size);
    const uint64_t more = index_journal_grow(j, &r, 100);
    SCRATCH_OK(index_catch_up(x, &(struct index_options){.interrupted = &interrupted}, &report, err));
    assert_int_equal(report.indexed, size);
    assert_int_equal(report.added, 0);
    index_journal_catch_up(x, 0, more);
    index_close(x);
    journal_close(j);
    scratch_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_index_is_there_before_somebody_asks),
        cmocka_unit_test(test_every_combination_of_filters_gives_what_a_full_scan_gives),
        cmocka_unit_test(test_the_index_is_why_little_is_read),
        cmocka_unit_test(test_however_it_was_built_it_is_the_same),
        cmocka_unit_test(test_many_keys_fit),
        cmocka_unit_test(test_two_handles_of_one_process_share_the_file),
        cmocka_unit_test(test_an_older_snapshot_sees_nothing_newer),
        cmocka_unit_test(test_interrupted_it_keeps_what_it_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
