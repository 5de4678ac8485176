/* Going on although a guard does not agree: with two signatures, and in no other way. */
#include "ledger/journal_state.h"
#include "support/guards.h"

static struct entry read_entry(struct journal *j, uint64_t seq)
{
    static uint8_t bytes[ENTRY_MAX_SIZE];
    struct journal_reader *r = NULL;
    struct journal_record record;
    struct entry e;

    SCRATCH_OK(journal_reader_begin(j, &r, err));
    SCRATCH_OK(journal_reader_get(r, seq, &record, err));
    memcpy(bytes, record.bytes, record.size);
    SCRATCH_OK(entry_decode(bytes, record.size, &e, err));
    journal_reader_end(r);
    return e;
}

static void test_two_persons_go_on_with_a_restored_backup(void **state)
{
    static struct hash leaves[TREES_LEAVES_MAX];
    struct journal_reader *r = NULL;
    struct journal_guards found;
    struct scratch s;
    struct err why;

    (void)state;
    scratch_init(&s);
    struct journal *j = guards_make(&s, 2);
    guards_add(j);
    guards_copy_journal(&s, "J", "backup");
    guards_add(j);
    guards_add(j);
    assert_int_equal(guards_recover(j, &found, &why), ERR_INPUT);
    assert_says(&why, "there is nothing to recover from");
    const struct guard_state was = guards_state(j, 0);
    struct journal *old = guards_open(&s, "backup");
    guards_assert_refused(old, "has seen 4 entries");
    SCRATCH_OK(guards_recover(old, &found, err));
    assert_int_equal(found.tree.size, 2);
    const struct entry e = read_entry(old, 5);
    assert_int_equal(e.kind, ENTRY_CONTROL_RECOVERY);
    assert_int_equal(e.actor, GUARDS_ANN);
    assert_int_equal(e.as.control_recovery.guard_size, 4);
    assert_memory_equal(e.as.control_recovery.guard_root.bytes, &was.last.root, HASH_SIZE);
    assert_int_equal(e.as.control_recovery.size, 2);
    assert_int_equal(read_entry(old, 4).actor, GUARDS_CARL);
    assert_int_equal(read_entry(old, 4).cause, 3);
    assert_int_equal(guards_add(old), 6); /* and on */
    assert_int_equal(guards_state(old, 1).last.size, 6);
    guards_assert_refused(j, "has seen 6 entries"); /* the other one no longer */
    SCRATCH_OK(journal_reader_begin(old, &r, err));
    assert_int_equal(trees_leaves(r, leaves), 6);
    trees_check_seals(old, r, leaves);
    journal_reader_end(r);
    journal_close(old);
    old = guards_open(&s, "backup");
    assert_int_equal(guards_add(old), 7);
    journal_close(old);
    journal_close(j);
    scratch_release(&s);
}

/* Each of these is no recovery: nothing is written, and the guard stays as it is. */
static void test_nothing_less_than_two_persons_goes_on(void **state)
{
    static const struct {
        uint32_t first, second;
        const char *words;
    } rows[] = {
        {GUARDS_ANN, GUARDS_ANN, "a second person must approve it"},
        {GUARDS_ANN, GUARDS_BROKER, "may not write control.approval"},
        {GUARDS_BROKER, GUARDS_ANN, "may not write control.proposal"},
    };
    struct journal_group *g = NULL;
    struct journal_guards found;
    static struct seal seal;
    struct scratch s;
    struct err why;
    uint64_t seq = 77;

    (void)state;
    scratch_init(&s);
    struct journal *const j = guards_make(&s, 1);
    guards_copy_journal(&s, "J", "backup");
    guards_add(j);
    struct journal *const old = guards_open(&s, "backup");
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct recovery r = guards_recovery(old, rows[i].first, rows[i].second);
        assert_int_equal(recovery_enter(old, &r, &found, &seq, &seal, &why), ERR_INPUT);
        assert_says(&why, rows[i].words);
    }
    struct recovery r = guards_recovery(old, GUARDS_ANN, GUARDS_CARL);
    r.reason = "";
    assert_int_equal(recovery_enter(old, &r, &found, &seq, &seal, &why), ERR_INPUT);
    assert_int_equal(seq, 77);
    /* A group of other things, or of nothing. */
    SCRATCH_OK(journal_recovery_begin(old, &found, &g, err));
    assert_int_equal(journal_group_commit(g, NULL, &why), ERR_INPUT);
    SCRATCH_OK(journal_recovery_begin(old, &found, &g, err));
    for (int i = 0; i < 3; i++) {
        struct entry e = entries_note("not a recovery");
        SCRATCH_OK(journal_group_add(g, &e, err));
    }
    assert_int_equal(journal_group_commit(g, NULL, &why), ERR_INPUT);
    assert_says(&why, "they are others");
    guards_assert_refused(old, "has seen 2 entries");
    assert_int_equal(guards_add(j), 3); /* the guard was left alone */
    /* And where there is nothing to recover from, nobody enters one. */
    SCRATCH_OK(journal_group_begin(j, &g, err));
    struct entry e = entries_draft(ENTRY_CONTROL_RECOVERY);
    e.actor = GUARDS_ANN;
    e.as.control_recovery.reason = text_from("x");
    SCRATCH_OK(journal_sign(j, &e, err));
    assert_int_equal(journal_group_add(g, &e, &why), ERR_INPUT);
    assert_says(&why, "nothing to recover from");
    journal_group_abort(g);
    journal_close(old);
    journal_close(j);
    scratch_release(&s);
}

/* What the second person approves is exactly what the first has signed, of exactly this state. */
static enum err_code change_draft(void *context, struct entry *draft, struct err *err)
{
    if (draft->kind == ENTRY_CONTROL_RECOVERY)
        draft->as.control_recovery.guard_size++;
    return journal_sign(context, draft, err);
}

static enum err_code change_approval(void *context, struct entry *draft, struct err *err)
{
    if (draft->kind == ENTRY_CONTROL_APPROVAL)
        draft->as.control_approval.sha256.bytes[5] ^= 1;
    return journal_sign(context, draft, err);
}

static void test_what_is_approved_is_what_is_entered(void **state)
{
    struct journal_guards found;
    static struct seal seal;
    struct scratch s;
    struct err why;
    uint64_t seq;

    (void)state;
    scratch_init(&s);
    struct journal *const j = guards_make(&s, 1);
    guards_copy_journal(&s, "J", "backup");
    guards_add(j);
    struct journal *const old = guards_open(&s, "backup");
    struct recovery r = guards_recovery(old, GUARDS_ANN, GUARDS_CARL);
    r.sign_second.sign = change_approval;
    assert_int_equal(recovery_enter(old, &r, &found, &seq, &seal, &why), ERR_INPUT);
    assert_says(&why, "sha256: it is not that of the draft");
    r = guards_recovery(old, GUARDS_ANN, GUARDS_CARL);
    r.sign_first.sign = change_draft;
    assert_int_equal(recovery_enter(old, &r, &found, &seq, &seal, &why), ERR_CHAIN);
    assert_says(&why, "another tree of the guard");
    guards_assert_refused(old, "has seen 2 entries");
    journal_close(old);
    journal_close(j);
    scratch_release(&s);
}

/* The other journal goes on while two persons sign for this one. */
struct meanwhile {
    struct journal *signer;
    struct journal *other;
};

static enum err_code sign_while_others_write(void *context, struct entry *draft, struct err *err)
{
    const struct meanwhile *const m = context;

    if (draft->kind == ENTRY_CONTROL_APPROVAL)
        guards_add(m->other);
    return journal_sign(m->signer, draft, err);
}

static void test_a_guard_that_changes_meanwhile_is_not_overwritten(void **state)
{
    struct journal_guards found;
    static struct seal seal;
    struct scratch s;
    struct err why;
    uint64_t seq;

    (void)state;
    scratch_init(&s);
    struct journal *const j = guards_make(&s, 1);
    guards_copy_journal(&s, "J", "backup");
    guards_add(j);
    struct journal *const old = guards_open(&s, "backup");
    struct recovery r = guards_recovery(old, GUARDS_ANN, GUARDS_CARL);
    r.sign_second = (struct recovery_signer){sign_while_others_write, &(struct meanwhile){old, j}};
    assert_int_equal(recovery_enter(old, &r, &found, &seq, &seal, &why), ERR_CHAIN);
    assert_says(&why, "has changed meanwhile");
    assert_int_equal(guards_add(j), 4);
    guards_assert_refused(old, "has seen 4 entries");
    journal_close(old);
    journal_close(j);
    scratch_release(&s);
}

static void test_a_lost_guard_is_made_anew(void **state)
{
    struct journal_guards found;
    static struct seal seal;
    struct scratch s;
    struct err why;
    uint64_t seq;

    (void)state;
    scratch_init(&s);
    struct journal *const j = guards_make(&s, 2);
    guards_add(j);
    assert_int_equal(unlink(guards_in(&s, "a")), 0); /* one is lost: the other says what it knew */
    guards_assert_refused(j, "cannot be read");
    SCRATCH_OK(guards_recover(j, &found, err));
    assert_int_equal(read_entry(j, 5).as.control_recovery.guard_size, 2);
    assert_int_equal(guards_state(j, 0).last.size, 5);
    assert_int_equal(guards_add(j), 6);
    assert_int_equal(truncate(guards_in(&s, "a"), 100), 0); /* damaged; and both are gone */
    assert_int_equal(unlink(guards_in(&s, "b")), 0);
    struct recovery r = guards_recovery(j, GUARDS_CARL, GUARDS_ANN);
    SCRATCH_OK(recovery_enter(j, &r, &found, &seq, &seal, err));
    assert_int_equal(seq, 9);
    const struct entry e = read_entry(j, seq);
    static const uint8_t none[HASH_SIZE];
    assert_int_equal(e.as.control_recovery.guard_size, 0);
    assert_memory_equal(e.as.control_recovery.guard_root.bytes, none, HASH_SIZE);
    assert_int_equal(guards_state(j, 0).last.size, 9);
    assert_int_equal(guards_state(j, 1).last.size, 9);
    /* Its disk is gone, too: it moves. And where another journal's lies it cannot be made anew. */
    assert_int_equal(unlink(guards_in(&s, "a")), 0);
    assert_int_equal(mkdir(guards_in(&s, "a"), 0700), 0);
    r = guards_recovery(j, GUARDS_ANN, GUARDS_CARL);
    r.at_ns += 5;
    assert_int_equal(recovery_enter(j, &r, &found, &seq, &seal, &why), ERR_IO);
    const char *const moved[] = {guards_in(&s, "c")};
    r.guards = moved;
    r.guard_count = 1;
    SCRATCH_OK(recovery_enter(j, &r, &found, &seq, &seal, err));
    SCRATCH_OK(journal_guards_look(j, &found, err));
    assert_int_equal(found.count, 1);
    assert_int_equal(guards_add(j), 13);
    journal_close(j);
    scratch_release(&s);
}

/* Killed between what the guard was told and the commit: nothing was recovered, and nobody goes on by it. */
static void test_a_recovery_that_is_cut_off_recovers_nothing(void **state)
{
    struct journal_guards found;
    struct guard_state before;
    struct guard *guard = NULL;
    struct scratch s;

    (void)state;
    scratch_init(&s);
    struct journal *const j = guards_make(&s, 1);
    guards_copy_journal(&s, "J", "backup");
    guards_add(j);
    struct journal *const old = guards_open(&s, "backup");
    struct guard_state intent = guards_state(j, 0);
    SCRATCH_OK(journal_guards_look(old, &found, err));
    intent.has_next = true;
    intent.next.size = 4;
    intent.file = 1;
    SCRATCH_OK(guard_new(guards_in(&s, "a"), journal_vkey(j), &guard, err));
    SCRATCH_OK(guard_lock(guard, false, &before, err));
    SCRATCH_OK(guard_write(guard, &intent, true, err));
    guard_free(guard);
    guards_assert_refused(old, "has seen"); /* still */
    SCRATCH_OK(guards_recover(old, &found, err));
    assert_int_equal(guards_add(old), 5);
    journal_close(old);
    journal_close(j);
    scratch_release(&s);
}

static void halt(struct journal *j)
{
    static const char words[] = "2015-12-24T14:31:00Z: entries 2..2, read back, were not what they should be";
    struct store_txn *t = NULL;

    SCRATCH_OK(store_write_begin(j->store, &t, err));
    SCRATCH_OK(store_put_meta(t, "halted", words, sizeof words - 1, err));
    SCRATCH_OK(store_txn_commit(t, err));
    store_txn_end(t);
}

/* What is there is good, as the caller has verified: with a guard and without one. */
static void test_two_persons_end_a_halt(void **state)
{
    struct journal_guards found;
    struct scratch s;
    struct err why;

    (void)state;
    for (unsigned count = 0; count < 2; count++) {
        scratch_init(&s);
        struct journal *j = guards_make(&s, count);
        guards_add(j);
        halt(j);
        guards_assert_refused(j, "read back, were not what they should be");
        SCRATCH_OK(guards_recover(j, &found, err));
        assert_true(found.is_halted);
        assert_int_equal(read_entry(j, 5).as.control_recovery.guard_size, count ? 2 : 0);
        assert_int_equal(guards_add(j), 6);
        assert_int_equal(guards_recover(j, &found, &why), ERR_INPUT);
        journal_close(j);
        j = scratch_open(&s);
        assert_int_equal(guards_add(j), 7);
        journal_close(j);
        scratch_release(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_persons_go_on_with_a_restored_backup),
        cmocka_unit_test(test_nothing_less_than_two_persons_goes_on),
        cmocka_unit_test(test_what_is_approved_is_what_is_entered),
        cmocka_unit_test(test_a_guard_that_changes_meanwhile_is_not_overwritten),
        cmocka_unit_test(test_a_lost_guard_is_made_anew),
        cmocka_unit_test(test_a_recovery_that_is_cut_off_recovers_nothing),
        cmocka_unit_test(test_two_persons_end_a_halt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
