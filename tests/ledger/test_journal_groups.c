/* Groups: all or nothing, what they see and what others see of them, clocks, and a map that grows. */
#include "support/journals.h"
#include "support/trees.h"

static void test_an_aborted_group_was_never_there(void **state)
{
    static struct hash leaves[TREES_LEAVES_MAX];
    struct scratch s;
    struct journal_group *g;
    struct journal_reader *r;
    struct err why;

    (void)state;
    scratch_init(&s);
    struct journal *const j = scratch_create(&s);
    scratch_append(j, 300);
    SCRATCH_OK(journal_group_begin(j, &g, err));
    assert_int_equal(journal_group_begin(j, &g, &why), ERR_EXISTS); /* not a second one beside it */
    for (int i = 0; i < 1000; i++) {
        struct entry e = entries_note("never said");
        SCRATCH_OK(journal_group_add(g, &e, err));
    }
    journal_group_abort(g);
    journal_group_abort(NULL);
    assert_int_equal(scratch_append(j, 2), 303);
    SCRATCH_OK(journal_reader_begin(j, &r, err));
    assert_int_equal(trees_leaves(r, leaves), 303);
    assert_int_equal(trees_check_seals(j, r, leaves), 3);
    journal_reader_end(r);
    journal_close(j);
    scratch_release(&s);
}

static void test_a_group_without_entries_writes_nothing(void **state)
{
    static struct seal seal;
    struct scratch s;
    struct journal_group *g;

    (void)state;
    scratch_init(&s);
    struct journal *const j = scratch_create(&s);
    scratch_append(j, 2);
    SCRATCH_OK(journal_group_begin(j, &g, err));
    SCRATCH_OK(journal_group_commit(g, &seal, err));
    assert_int_equal(seal.size, 3);
    SCRATCH_OK(journal_group_begin(j, &g, err));
    SCRATCH_OK(journal_group_commit(g, NULL, err));
    assert_int_equal(scratch_append(j, 1), 4);
    journal_close(j);
    scratch_release(&s);
}

static void test_a_group_reads_itself_and_others_do_not(void **state)
{
    struct journal_record record;
    struct journal_reader *mine;
    struct journal_reader *second;
    struct journal_reader *other;
    struct journal_group *g;
    struct scratch s;
    struct entry back;
    struct hash root;
    struct err why;
    bool found;

    (void)state;
    scratch_init(&s);
    struct journal *const j = scratch_create(&s);
    scratch_append(j, 4);
    SCRATCH_OK(journal_group_begin(j, &g, err));
    SCRATCH_OK(journal_group_reader(g, &mine, err));
    SCRATCH_OK(journal_group_reader(g, &second, err));
    journal_reader_end(second);
    SCRATCH_OK(journal_group_reader(g, &second, err)); /* left to the group's end */
    SCRATCH_OK(journal_reader_begin(j, &other, err));
    assert_int_equal(journal_reader_size(mine), 5);
    for (int i = 0; i < 3; i++) {
        struct entry e = i == 1 ? entries_deposit("d", "1") : entries_note("in the group");
        e.actor = SCRATCH_OPERATOR;
        SCRATCH_OK(journal_group_add(g, &e, err));
    }
    assert_int_equal(journal_reader_size(mine), 8);
    for (uint64_t seq = 1; seq <= 8; seq++) {
        SCRATCH_OK(journal_reader_next(mine, &record, &found, err));
        assert_true(found);
        SCRATCH_OK(entry_decode(record.bytes, record.size, &back, err));
        assert_int_equal(back.seq, seq);
    }
    SCRATCH_OK(journal_reader_next(mine, &record, &found, err));
    assert_false(found);
    static const uint64_t controls[] = {1, 6, 8};
    uint64_t from = 1;
    for (int i = 0; i < 3; i++, from = record.seq + 1) {
        SCRATCH_OK(journal_reader_control(mine, from, &record, &found, err));
        assert_true(found);
        assert_int_equal(record.seq, controls[i]);
    }
    SCRATCH_OK(journal_reader_control(mine, from, &record, &found, err));
    assert_false(found);
    SCRATCH_OK(journal_reader_root(mine, 5, &root, err));
    assert_int_equal(journal_reader_root(mine, 6, &root, &why), ERR_NOT_FOUND); /* in no tree yet */

    assert_int_equal(journal_reader_size(other), 5);
    assert_int_equal(journal_reader_get(other, 6, &record, &why), ERR_NOT_FOUND);
    journal_reader_end(other);
    SCRATCH_OK(journal_group_commit(g, NULL, err)); /* ends `mine` and `second` */
    SCRATCH_OK(journal_reader_begin(j, &other, err));
    SCRATCH_OK(journal_reader_control(other, 2, &record, &found, err));
    assert_int_equal(record.seq, 6);
    SCRATCH_OK(journal_reader_control(other, 9, &record, &found, err));
    assert_false(found);
    journal_reader_end(other);
    journal_close(j);
    scratch_release(&s);
}

static void test_a_snapshot_stays_while_the_writer_goes_on(void **state)
{
    static struct hash before[TREES_LEAVES_MAX];
    static struct hash after[TREES_LEAVES_MAX];
    struct journal_reader *old;
    struct scratch s;

    (void)state;
    scratch_init(&s);
    struct journal *const j = scratch_create(&s);
    scratch_append(j, 500);
    SCRATCH_OK(journal_reader_begin(j, &old, err));
    assert_int_equal(trees_leaves(old, before), 501);
    for (int i = 0; i < 40; i++)
        scratch_append(j, 40);
    assert_int_equal(journal_reader_size(old), 501);
    assert_int_equal(trees_leaves(old, after), 501);
    assert_memory_equal(before, after, 501 * sizeof before[0]);
    assert_int_equal(trees_check_seals(j, old, before), 2);
    journal_reader_end(old);
    journal_close(j);
    scratch_release(&s);
}

static void test_the_map_grows_by_itself(void **state)
{
    static struct hash leaves[TREES_LEAVES_MAX];
    struct journal_reader *r;
    struct journal_group *g;
    struct scratch s;
    struct err why;
    uint64_t size = 1;

    (void)state;
    scratch_init(&s);
    s.options.map_size = 1; /* the smallest there is: 256 KiB */
    struct journal *const j = scratch_create(&s);
    for (int i = 0; i < 25; i++) { /* by small groups */
        size += 50;
        assert_int_equal(scratch_append(j, 50), size);
    }
    for (int round = 0; round < 2; round++) { /* by groups many times as large as the map */
        SCRATCH_OK(journal_group_begin(j, &g, err));
        for (int i = 0; i < 200 << 2 * round; i++, size++) {
            struct entry e = scratch_note('m', 40000);
            SCRATCH_OK(journal_group_add(g, &e, err));
        }
        SCRATCH_OK(journal_group_commit(g, NULL, err));
    }
    SCRATCH_OK(journal_reader_begin(j, &r, err));
    assert_int_equal(trees_leaves(r, leaves), size);
    assert_int_equal(trees_check_seals(j, r, leaves), 28);

    /* A reader of this process stands on the map: it may not move. Nothing is lost by saying so. */
    SCRATCH_OK(journal_group_begin(j, &g, err));
    for (int i = 0; i < 4000; i++) {
        struct entry e = scratch_note('n', 60000);
        SCRATCH_OK(journal_group_add(g, &e, err));
    }
    assert_int_equal(journal_group_commit(g, NULL, &why), ERR_IO);
    assert_non_null(strstr(why.text, "cannot grow while 1 readers of this program use it"));
    assert_int_equal(trees_leaves(r, leaves), size);
    journal_reader_end(r);
    assert_int_equal(scratch_append(j, 3), size + 3);
    journal_close(j);
    scratch_release(&s);
}

static void test_the_clock_may_step_back_a_little_and_no_further(void **state)
{
    const int64_t slack = JOURNAL_CLOCK_SLACK_NS;
    const struct {
        int64_t step_ns; /* against the newest entry's time */
        enum err_code verdict;
        int64_t recorded_step_ns;
    } story[] = {
        {5 * NS_PER_SECOND, ERR_OK, 5 * NS_PER_SECOND},
        {0, ERR_OK, 0},
        {-1, ERR_OK, 0}, /* taken as no step: the parent's time is used */
        {-slack, ERR_OK, 0},
        {-slack - 1, ERR_CHAIN, 0},
        {-NS_PER_DAY, ERR_CHAIN, 0},
        {1, ERR_OK, 1},
    };
    struct scratch s;
    struct journal_group *g;

    (void)state;
    scratch_init(&s);
    struct journal *j = scratch_create(&s);
    int64_t newest_ns = SCRATCH_EPOCH_NS + 1000;
    for (size_t i = 0; i < sizeof story / sizeof story[0]; i++) {
        struct err why = {.code = ERR_OK};
        s.now_ns = newest_ns + story[i].step_ns - 1000;
        assert_int_equal(journal_group_begin(j, &g, &why), story[i].verdict);
        if (story[i].verdict) {
            assert_non_null(strstr(why.text, "the clock has stepped back: it says 2015-12-2"));
            assert_non_null(strstr(why.text, "was recorded at 2015-12-24T14:31:05.000001Z"));
            assert_non_null(strstr(why.text, "timedatectl"));
            continue;
        }
        newest_ns += story[i].recorded_step_ns;
        assert_int_equal(journal_group_recorded_at_ns(g), newest_ns);
        struct entry e = entries_note("tick");
        SCRATCH_OK(journal_group_add(g, &e, err));
        SCRATCH_OK(journal_group_commit(g, NULL, err));
        if (i == 1) { /* the newest time is read from the journal, too */
            journal_close(j);
            j = scratch_open(&s);
        }
    }
    journal_close(j);
    scratch_release(&s);
}

static void test_two_handles_in_one_process_see_each_other(void **state)
{
    struct journal_group *g;
    struct scratch s;
    struct err why;

    (void)state;
    scratch_init(&s);
    struct journal *const a = scratch_create(&s);
    struct journal *const b = scratch_open(&s);
    for (unsigned i = 0; i < 10; i++) {
        scratch_append(a, 3);
        assert_int_equal(scratch_append(b, 300), 1 + 303 * (i + 1));
    }
    SCRATCH_OK(journal_group_begin(a, &g, err));
    struct entry joins = scratch_joins(a, 4, "feed:other");
    SCRATCH_OK(journal_group_add(g, &joins, err));
    struct journal_group *h;
    assert_int_equal(journal_group_begin(b, &h, &why), ERR_EXISTS); /* it would wait for itself for ever */
    SCRATCH_OK(journal_group_commit(g, NULL, err));
    assert_int_equal(journal_actors(b)->count, 3);
    SCRATCH_OK(journal_group_begin(b, &h, err));
    assert_int_equal(journal_actors(b)->count, 4);
    journal_group_abort(h);
    assert_int_equal(journal_actors(b)->count, 4); /* what others committed stays */
    journal_close(a);
    scratch_append(b, 1);
    journal_close(b);
    scratch_release(&s);
}

static struct entry renews(struct journal *j, uint32_t actor, uint32_t whom)
{
    struct entry e = scratch_by(entries_draft(ENTRY_CONTROL_ACTOR_KEY), actor);

    e.as.control_actor_key.actor_id = whom;
    e.as.control_actor_key.reason = text_from("a new one");
    SCRATCH_OK(journal_make_key(j, "fresh", e.as.control_actor_key.key.bytes, err));
    SCRATCH_OK(journal_sign(j, &e, err));
    return e;
}

/* Not byte by byte: what lies between their fields says nothing. */
static void assert_same_rows(const struct actors *a, const struct actors *b)
{
    assert_int_equal(a->count, b->count);
    for (uint32_t i = 0; i < a->count; i++) {
        assert_string_equal(a->rows[i].name.text, b->rows[i].name.text);
        assert_int_equal(a->rows[i].role, b->rows[i].role);
        assert_memory_equal(a->rows[i].key, b->rows[i].key, sizeof a->rows[i].key);
    }
}

/* Nobody vanishes by taking a key that is nobody's. */
static void test_a_new_key_is_one_that_can_sign(void **state)
{
    struct journal_group *g;
    struct scratch s;
    struct err why;

    (void)state;
    scratch_init(&s);
    struct journal *const j = scratch_create(&s);
    struct entry e = renews(j, SCRATCH_BROKER, SCRATCH_BROKER);
    memset(e.as.control_actor_key.key.bytes, 0, 32);
    SCRATCH_OK(journal_sign(j, &e, err));
    SCRATCH_OK(journal_group_begin(j, &g, err));
    assert_int_equal(journal_group_add(g, &e, &why), ERR_INPUT);
    assert_non_null(strstr(why.text, "what broker:paper is to sign with is no sound Ed25519 key"));
    journal_group_abort(g);
    journal_close(j);
    scratch_release(&s);
}

/* Keys and revocations of a group that is given up are as if they had never been. */
static void test_a_group_that_is_given_up_gives_back_whom_it_changed(void **state)
{
    struct journal_group *g;
    struct scratch s;
    struct err why;

    (void)state;
    scratch_init(&s);
    struct journal *const a = scratch_create(&s);
    struct journal *const b = scratch_open(&s);
    const struct actors before = *journal_actors(a);
    struct entry renewal = renews(a, SCRATCH_BROKER, SCRATCH_BROKER);
    struct entry revocation = scratch_by(entries_draft(ENTRY_CONTROL_REVOCATION), SCRATCH_RISK);
    revocation.as.control_revocation.actor_id = SCRATCH_RISK;
    revocation.as.control_revocation.reason = text_from("gone");
    SCRATCH_OK(journal_sign(a, &revocation, err));
    for (int commits = 0; commits < 2; commits++) {
        struct entry joins = entries_draft(ENTRY_CONTROL_ACTOR);
        joins.as.control_actor.actor_id = 4;
        joins.as.control_actor.name = id_from("owner:eva");
        joins.as.control_actor.role = ROLE_OWNER;
        memcpy(joins.as.control_actor.key.bytes, before.rows[0].key, 32);
        SCRATCH_OK(journal_group_begin(a, &g, err));
        SCRATCH_OK(journal_group_add(g, &renewal, err));
        SCRATCH_OK(journal_group_add(g, &revocation, err));
        SCRATCH_OK(journal_group_add(g, &joins, err));
        assert_memory_not_equal(journal_actors(a)->rows[SCRATCH_BROKER - 1].key,
                                before.rows[SCRATCH_BROKER - 1].key, 32);
        assert_int_equal(journal_actors(a)->revoked_seq[SCRATCH_RISK - 1], 3);
        assert_true(journal_actors(a)->is_owned);
        struct entry late = scratch_by(entries_caused(entries_cancel("o-1", "late"), 1), SCRATCH_RISK);
        assert_int_equal(journal_group_add(g, &late, &why), ERR_INPUT);
        assert_non_null(strstr(why.text, "risk was revoked with entry 3"));
        if (commits)
            SCRATCH_OK(journal_group_commit(g, NULL, err));
        else
            journal_group_abort(g);
        if (commits)
            break;
        assert_int_equal(journal_actors(a)->count, before.count);
        assert_same_rows(journal_actors(a), &before);
        assert_int_equal(journal_actors(a)->revoked_seq[SCRATCH_RISK - 1], 0);
        assert_false(journal_actors(a)->is_owned);
    }
    SCRATCH_OK(journal_group_begin(b, &g, err)); /* another handle learns it from what is stored */
    assert_same_rows(journal_actors(b), journal_actors(a));
    assert_int_equal(journal_actors(b)->revoked_seq[SCRATCH_RISK - 1], 3);
    assert_true(journal_actors(b)->is_owned);
    journal_group_abort(g);
    journal_close(a);
    journal_close(b);
    scratch_release(&s);
}

/* Pages that were passed are given back to the system; what was borrowed from them can be read all the same. */
static void test_a_long_walk_keeps_what_was_borrowed(void **state)
{
    enum { GROUPS = 13, EACH = 100, SIZE = 60000 }; /* 78 MB: past where pages are given back */
    struct journal_record first;
    struct journal_record record;
    struct journal_reader *r = NULL;
    struct scratch s;
    bool found = true;

    (void)state;
    scratch_init(&s);
    struct journal *const j = scratch_create(&s);
    for (unsigned i = 0; i < GROUPS; i++) {
        struct journal_group *g = NULL;
        struct entry e = scratch_by(scratch_note((char)('a' + i), SIZE), SCRATCH_OPERATOR);
        SCRATCH_OK(journal_group_begin(j, &g, err));
        for (unsigned k = 0; k < EACH; k++)
            SCRATCH_OK(journal_group_add(g, &e, err));
        SCRATCH_OK(journal_group_commit(g, NULL, err));
    }
    SCRATCH_OK(journal_reader_begin(j, &r, err));
    SCRATCH_OK(journal_reader_seek(r, 2, err));
    SCRATCH_OK(journal_reader_next(r, &first, &found, err));
    for (unsigned n = 1; n < GROUPS * EACH; n++) {
        SCRATCH_OK(journal_reader_next(r, &record, &found, err));
        assert_true(found);
        assert_int_equal(record.bytes[record.size - 1], 'a' + n / EACH);
    }
    assert_int_equal(first.bytes[first.size - 1], 'a');
    journal_reader_end(r);
    journal_close(j);
    scratch_release(&s);
}

/* Of files, also of those in memory. */
static unsigned long resident_mib(void)
{
    FILE *const f = fopen("/proc/self/status", "r");
    unsigned long kib = 0;
    unsigned found = 0;
    char line[200];

    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        unsigned long one = 0;
        if (sscanf(line, "RssFile: %lu", &one) != 1 && sscanf(line, "RssShmem: %lu", &one) != 1)
            continue;
        kib += one;
        found++;
    }
    fclose(f);
    assert_int_equal(found, 2);
    return kib >> 10;
}

static void test_a_long_import_does_not_fill_memory(void **state)
{
    enum { GROUPS = 1500, EACH = 1000, SIZE = 100, WRITTEN_MIB = GROUPS * EACH * SIZE >> 20 };
    struct scratch s;

    (void)state;
    scratch_init(&s);
    struct journal *const j = scratch_create(&s);
    const unsigned long before = resident_mib();
    for (unsigned i = 0; i < GROUPS; i++) {
        struct journal_group *g = NULL;
        struct entry e = scratch_by(scratch_note('a', SIZE), SCRATCH_OPERATOR);
        SCRATCH_OK(journal_group_begin(j, &g, err));
        for (unsigned k = 0; k < EACH; k++)
            SCRATCH_OK(journal_group_add(g, &e, err));
        SCRATCH_OK(journal_group_commit(g, NULL, err));
    }
    assert_true(resident_mib() < before + WRITTEN_MIB / 2);
    journal_close(j);
    scratch_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_aborted_group_was_never_there),
        cmocka_unit_test(test_a_group_without_entries_writes_nothing),
        cmocka_unit_test(test_a_group_reads_itself_and_others_do_not),
        cmocka_unit_test(test_a_snapshot_stays_while_the_writer_goes_on),
        cmocka_unit_test(test_the_map_grows_by_itself),
        cmocka_unit_test(test_the_clock_may_step_back_a_little_and_no_further),
        cmocka_unit_test(test_two_handles_in_one_process_see_each_other),
        cmocka_unit_test(test_a_new_key_is_one_that_can_sign),
        cmocka_unit_test(test_a_group_that_is_given_up_gives_back_whom_it_changed),
        cmocka_unit_test(test_a_long_walk_keeps_what_was_borrowed),
        cmocka_unit_test(test_a_long_import_does_not_fill_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
