/* Appending and reading back, in one process. Groups: test_journal_groups.c. Opening: test_journal_open.c.
 * Many processes, full disks and kills: test_journal_writers.c. */
#include "ledger/merkle.h"
#include "ledger/vault.h"
#include "support/journals.h"
#include "support/trees.h"

#include <sys/stat.h>

static void test_a_new_journal_holds_its_genesis_sealed(void **state)
{
    static struct hash leaves[TREES_LEAVES_MAX];
    struct actor_rows first = scratch_actors();
    struct journal_record record;
    struct journal_reader *r;
    struct scratch s;
    struct entry e;
    struct stat st;
    char path[300];

    (void)state;
    scratch_init(&s);
    SCRATCH_OK(journal_create(&s.options, SCRATCH_ORIGIN, s.passphrase, &first, err));
    struct journal *const j = scratch_open_locked(&s); /* reading needs no passphrase */
    assert_string_equal(journal_origin(j), SCRATCH_ORIGIN);
    assert_string_equal(journal_dir(j), s.dir);
    assert_null(journal_vault(j));
    assert_int_equal(journal_actors(j)->count, 3);
    assert_string_equal(actors_name(journal_actors(j), SCRATCH_BROKER), "broker:paper");
    assert_memory_equal(actors_find(journal_actors(j), SCRATCH_RISK)->key, first.rows[2].key, 32);

    SCRATCH_OK(journal_reader_begin(j, &r, err));
    assert_int_equal(journal_reader_size(r), 1);
    SCRATCH_OK(journal_reader_get(r, 1, &record, err));
    SCRATCH_OK(entry_decode(record.bytes, record.size, &e, err));
    assert_int_equal(e.kind, ENTRY_CONTROL_GENESIS);
    assert_int_equal(e.recorded_at_ns, SCRATCH_EPOCH_NS + 1000);
    assert_int_equal(trees_leaves(r, leaves), 1);
    assert_int_equal(trees_check_seals(j, r, leaves), 1);
    journal_reader_end(r);

    SCRATCH_OK(journal_unlock(j, s.passphrase, err));
    uint8_t key[32];
    SCRATCH_OK(vault_public_key(journal_vault(j), "broker:paper", key, err));
    assert_memory_equal(key, first.rows[1].key, 32);
    journal_close(j);

    assert_int_equal(stat(s.dir, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    snprintf(path, sizeof path, "%s/journal.mdb", s.dir);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    snprintf(path, sizeof path, "%s/journal.mdb.new-lock", s.dir);
    assert_int_not_equal(access(path, F_OK), 0);
    scratch_release(&s);
}

/* Groups of many sizes; everything read back, every seal and every root checked, proofs of a sample. */
static void test_every_group_is_sealed_over_the_tree_of_its_entries(void **state)
{
    static const unsigned groups[] = {1, 1, 2, 250, 1, 255, 256, 257, 3, 1000, 7};
    static struct hash leaves[TREES_LEAVES_MAX];
    struct journal_reader *r;
    struct scratch s;
    struct hash root;
    unsigned total = 1;

    (void)state;
    scratch_init(&s);
    struct journal *j = scratch_create(&s);
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        total += groups[i];
        assert_int_equal(scratch_append(j, groups[i]), total);
    }
    journal_close(j);

    j = scratch_open_locked(&s);
    SCRATCH_OK(journal_reader_begin(j, &r, err));
    assert_int_equal(trees_leaves(r, leaves), total);
    assert_int_equal(trees_check_seals(j, r, leaves), 1 + sizeof groups / sizeof groups[0]);
    for (unsigned size = 0; size <= total; size += 37) { /* also between seals */
        const struct hash naive = trees_root(leaves, size);
        SCRATCH_OK(journal_reader_root(r, size, &root, err));
        assert_memory_equal(&root, &naive, sizeof root);
    }
    for (unsigned seq = 1; seq <= total; seq += 61) {
        struct merkle_path path;
        const struct hash naive = trees_root(leaves, total);
        SCRATCH_OK(journal_reader_inclusion(r, seq, total, path.nodes, &path.count, err));
        SCRATCH_OK(merkle_check_inclusion(&leaves[seq - 1], seq - 1, total, &path, &naive, err));
        const struct hash old = trees_root(leaves, seq);
        SCRATCH_OK(journal_reader_consistency(r, seq, total, path.nodes, &path.count, err));
        SCRATCH_OK(merkle_check_consistency(seq, total, &path, &old, &naive, err));
    }
    journal_reader_end(r);
    journal_close(j);
    scratch_release(&s);
}

static void test_reading_past_the_end_or_before_the_start_is_refused(void **state)
{
    static struct seal seal;
    struct journal_record record = {.seq = 99};
    struct journal_reader *r;
    struct merkle_path path;
    struct scratch s;
    struct hash root;
    struct err why;
    bool found = true;

    (void)state;
    scratch_init(&s);
    struct journal *const j = scratch_create(&s);
    scratch_append(j, 4);
    SCRATCH_OK(journal_reader_begin(j, &r, err));
    assert_int_equal(journal_reader_get(r, 0, &record, &why), ERR_NOT_FOUND);
    assert_int_equal(journal_reader_get(r, 6, &record, &why), ERR_NOT_FOUND);
    assert_non_null(strstr(why.text, "has no entry 6: its entries are 1 .. 5"));
    assert_int_equal(journal_reader_seek(r, 0, &why), ERR_NOT_FOUND);
    SCRATCH_OK(journal_reader_seek(r, 6, err));
    SCRATCH_OK(journal_reader_next(r, &record, &found, err));
    assert_false(found);
    assert_int_equal(record.seq, 99); /* untouched */
    SCRATCH_OK(journal_reader_seek(r, 5, err));
    SCRATCH_OK(journal_reader_next(r, &record, &found, err));
    assert_true(found);
    assert_int_equal(record.seq, 5);
    assert_int_equal(journal_reader_seal(r, 6, &seal, &why), ERR_NOT_FOUND);
    assert_int_equal(journal_reader_root(r, 6, &root, &why), ERR_NOT_FOUND);
    assert_int_equal(journal_reader_inclusion(r, 6, 5, path.nodes, &path.count, &why), ERR_NOT_FOUND);
    assert_int_equal(journal_reader_inclusion(r, 0, 5, path.nodes, &path.count, &why), ERR_NOT_FOUND);
    assert_int_equal(journal_reader_inclusion(r, 1, 6, path.nodes, &path.count, &why), ERR_NOT_FOUND);
    journal_reader_end(r);
    journal_close(j);
    scratch_release(&s);
}

/* Sizes that fill blocks to the brim, and entries that are blocks of their own, come back byte for byte. */
static void test_entries_of_every_size_come_back(void **state)
{
    static const size_t sizes[] = {0,     1,     100, 60000, 2,     59999, 5000, 5000,
                                   60000, 60000, 3,   400,   30000, 30000, 5000};
    struct journal_record record;
    struct journal_reader *r;
    struct journal_group *g;
    struct scratch s;
    struct entry back;

    (void)state;
    scratch_init(&s);
    struct journal *const j = scratch_create(&s);
    SCRATCH_OK(journal_group_begin(j, &g, err));
    for (size_t i = 0; i < 300; i++) {
        struct entry e = scratch_note((char)('a' + i % 26), sizes[i % 15]);
        SCRATCH_OK(journal_group_add(g, &e, err));
        assert_int_equal(e.seq, i + 2);
        assert_int_equal(e.recorded_at_ns, journal_group_recorded_at_ns(g));
    }
    SCRATCH_OK(journal_group_commit(g, NULL, err));
    SCRATCH_OK(journal_reader_begin(j, &r, err));
    for (size_t n = 0; n < 600; n++) { /* forward, then all over the place */
        const size_t i = n < 300 ? n : n * 7919 % 300;
        SCRATCH_OK(journal_reader_get(r, i + 2, &record, err));
        SCRATCH_OK(entry_decode(record.bytes, record.size, &back, err));
        const struct entry e = scratch_note((char)('a' + i % 26), sizes[i % 15]);
        assert_int_equal(back.seq, i + 2);
        assert_int_equal(back.as.control_note.text.length, sizes[i % 15]);
        assert_memory_equal(back.as.control_note.text.bytes, e.as.control_note.text.bytes, sizes[i % 15]);
    }
    journal_reader_end(r);
    journal_close(j);
    scratch_release(&s);
}

/* -- what is refused ------------------------------------------------------------------------------------ */

static void test_a_refused_entry_leaves_no_trace(void **state)
{
    struct scratch s;
    struct journal_group *g;
    struct journal_record record;
    struct journal_reader *r;
    struct entry stop = scratch_by(entries_stop("enough"), SCRATCH_OPERATOR);
    struct entry forged;
    struct entry back;

    (void)state;
    scratch_init(&s);
    struct journal *const j = scratch_create(&s);
    SCRATCH_OK(journal_sign(j, &stop, err));
    forged = stop;
    forged.as.control_stop.reason = text_from("Enough");
    struct entry stolen = scratch_by(entries_caused(entries_cancel("o-1", "enough"), 1), SCRATCH_OPERATOR);
    SCRATCH_OK(journal_sign(j, &stolen, err));
    stolen.actor = SCRATCH_RISK;
    struct entry genesis = entries_draft(ENTRY_CONTROL_GENESIS);
    genesis.as.control_genesis.origin = text_from("desk.example/other");
    struct entry gap = entries_draft(ENTRY_CONTROL_ACTOR);
    gap.as.control_actor.actor_id = 5;
    gap.as.control_actor.name = id_from("late");
    gap.as.control_actor.role = ROLE_FEED;
    struct entry keyless = gap;
    keyless.as.control_actor.actor_id = 4;
    memcpy(gap.as.control_actor.key.bytes, journal_actors(j)->rows[0].key, 32);
    struct entry anonymous = entries_stop("who am I?");
    anonymous.is_signed = true;
    struct entry unknown = entries_note("x");
    unknown.kind = (enum entry_kind)0x0699;

    struct {
        struct entry e;
        enum err_code verdict;
        const char *words;
    } story[] = {
        {scratch_by(entries_note("first"), 0), ERR_OK, ""},
        {scratch_by(entries_note("who?"), 4), ERR_NOT_FOUND, "no actor 4"},
        {entries_caused(entries_note("later"), 3), ERR_CHAIN, "the cause 3 is no earlier entry"},
        {entries_caused(entries_note("earlier"), 2), ERR_OK, ""},
        {genesis, ERR_CHAIN, "genesis is the first entry"},
        {gap, ERR_CHAIN, "actor id 5 is out of order"},
        {keyless, ERR_INPUT, "what late is to sign with is no sound Ed25519 key"}, /* 32 zeroes */
        {scratch_by(entries_stop("enough"), SCRATCH_OPERATOR), ERR_INPUT, "must be signed"},
        {anonymous, ERR_INPUT,
         "journal may not write control.stop: the role journal is for what the program"},
        {forged, ERR_INPUT, "not operator:ann's"},
        {stolen, ERR_INPUT, "not risk's"},
        {scratch_by(stop, SCRATCH_BROKER), ERR_INPUT, "broker:paper may not write control.stop"},
        {stop, ERR_OK, ""},
        {stop, ERR_EXISTS, "this signature stands in entry 4 already"},
        {entries_cancel("o-1", "late"), ERR_INPUT, "journal may not write order.cancel"},
        {scratch_by(entries_cancel("o-1", "late"), SCRATCH_RISK), ERR_CHAIN, "by risk is derived"},
        {entries_caused(scratch_by(entries_cancel("o-1", "late"), SCRATCH_RISK), 2), ERR_OK, ""},
        {scratch_by(entries_cancel("o-1", "late"), SCRATCH_OPERATOR), ERR_OK, ""}, /* a person may */
        {entries_execution("o", "f", "GOOG", SIDE_BUY, 1, "-1", "0"), ERR_INPUT, "price is not negative"},
        {entries_execution("o", "f", "GOOG", SIDE_BUY, 0, "1", "0"), ERR_INPUT, "\"qty\""},
        {unknown, ERR_INPUT, "not known"},
        {scratch_note('z', 60000), ERR_OK, ""},
    };
    const size_t count = sizeof story / sizeof story[0];
    uint64_t seq = 1;

    SCRATCH_OK(journal_group_begin(j, &g, err));
    for (size_t i = 0; i < count; i++) {
        struct err why = {.code = ERR_OK};
        const struct entry before = story[i].e;
        assert_int_equal(journal_group_add(g, &story[i].e, &why), story[i].verdict);
        if (story[i].verdict) {
            assert_int_equal(why.code, story[i].verdict);
            if (!strstr(why.text, story[i].words))
                fail_msg("\"%s\" does not say \"%s\"", why.text, story[i].words);
            assert_memory_equal(&before, &story[i].e, sizeof before);
        } else {
            assert_int_equal(story[i].e.seq, ++seq);
        }
        assert_int_equal(journal_group_next_seq(g), seq + 1);
    }
    SCRATCH_OK(journal_group_commit(g, NULL, err));
    SCRATCH_OK(journal_reader_begin(j, &r, err));
    assert_int_equal(journal_reader_size(r), seq);
    for (size_t i = 0; i < count; i++) {
        if (story[i].verdict)
            continue;
        SCRATCH_OK(journal_reader_get(r, story[i].e.seq, &record, err));
        SCRATCH_OK(entry_decode(record.bytes, record.size, &back, err));
        assert_int_equal(back.kind, story[i].e.kind);
    }
    journal_reader_end(r);
    journal_close(j);
    scratch_release(&s);
}

/* A person's signature is made for an entry before it has its place, and holds after. */
static void test_a_signed_entry_verifies_from_its_stored_bytes(void **state)
{
    static uint8_t statement[ENTRY_MAX_SIZE + JOURNAL_ORIGIN_MAX + 32];
    static uint8_t bytes[ENTRY_MAX_SIZE];
    struct scratch s;
    struct journal_group *g;
    struct journal_record record;
    struct journal_reader *r;
    struct wire_out out;
    struct entry back;
    struct err why;

    (void)state;
    scratch_init(&s);
    struct journal *const j = scratch_create(&s);
    struct entry resume = scratch_by(entries_resume("all clear"), SCRATCH_OPERATOR);
    SCRATCH_OK(journal_sign(j, &resume, err));
    struct entry nobody = entries_resume("all clear");
    assert_int_equal(journal_sign(j, &nobody, &why), ERR_NOT_FOUND);
    assert_false(nobody.is_signed);

    SCRATCH_OK(journal_group_begin(j, &g, err));
    wire_out_init(&out, bytes, sizeof bytes);
    SCRATCH_OK(entry_encode(&resume, &out, err));
    SCRATCH_OK(journal_group_add_encoded(g, bytes, wire_out_size(&out), &resume, err));
    SCRATCH_OK(journal_group_commit(g, NULL, err));
    SCRATCH_OK(journal_reader_begin(j, &r, err));
    SCRATCH_OK(journal_reader_get(r, 2, &record, err));
    assert_int_equal(record.size, wire_out_size(&out));
    assert_memory_equal(record.bytes, bytes, record.size); /* the caller's bytes were placed, too */
    SCRATCH_OK(entry_decode(record.bytes, record.size, &back, err));
    const size_t said = entry_statement(record.bytes, record.size, SCRATCH_ORIGIN, statement);
    SCRATCH_OK(note_verify_bytes(actors_find(journal_actors(j), back.actor)->key, statement, said,
                                 back.signature, err));
    journal_reader_end(r);

    /* Encoded drafts are refused like others: not placed, not counted. */
    SCRATCH_OK(journal_group_begin(j, &g, err));
    struct entry late = entries_caused(entries_note("x"), 3);
    wire_out_init(&out, bytes, sizeof bytes);
    SCRATCH_OK(entry_encode(&late, &out, err));
    assert_int_equal(journal_group_add_encoded(g, bytes, wire_out_size(&out), &late, &why), ERR_CHAIN);
    assert_int_equal(wire_load_u64(bytes + 8), 0);
    assert_int_equal(journal_group_next_seq(g), 3);
    journal_group_abort(g);
    journal_close(j);
    scratch_release(&s);
}

static void test_a_new_actor_may_write_at_once_and_is_gone_with_its_group(void **state)
{
    struct scratch s;
    struct journal_group *g;
    struct err why;

    (void)state;
    scratch_init(&s);
    struct journal *const j = scratch_create(&s);
    for (int round = 0; round < 2; round++) { /* aborted, then committed */
        SCRATCH_OK(journal_group_begin(j, &g, err));
        struct entry early = scratch_by(entries_stop("now"), 4);
        assert_int_equal(journal_sign(j, &early, &why), ERR_NOT_FOUND);
        struct entry joins = scratch_joins(j, 4, "compliance:bob");
        SCRATCH_OK(journal_group_add(g, &joins, err));
        struct entry stop = scratch_by(entries_stop("now"), 4);
        SCRATCH_OK(journal_sign(j, &stop, err));
        SCRATCH_OK(journal_group_add(g, &stop, err));
        assert_int_equal(journal_actors(j)->count, 4);
        if (round == 0) {
            journal_group_abort(g);
            assert_int_equal(journal_actors(j)->count, 3);
        } else {
            SCRATCH_OK(journal_group_commit(g, NULL, err));
        }
    }
    journal_close(j);
    struct journal *const again = scratch_open_locked(&s);
    assert_int_equal(journal_actors(again)->count, 4);
    assert_string_equal(actors_name(journal_actors(again), 4), "compliance:bob");
    journal_close(again);
    scratch_release(&s);
}

static struct entry signed_stop(struct journal *j, int64_t at_ns)
{
    struct entry e = scratch_by(entries_stop("enough"), SCRATCH_OPERATOR);

    e.at_ns = at_ns;
    SCRATCH_OK(journal_sign(j, &e, err));
    return e;
}

/* Old words cannot be put in again, by whoever has read them, and however long ago they were said. */
static void test_a_signature_stands_in_one_entry_only(void **state)
{
    struct journal_group *g;
    struct scratch s;
    struct err why;

    (void)state;
    scratch_init(&s);
    struct journal *j = scratch_create(&s);
    struct entry first = signed_stop(j, SCRATCH_EPOCH_NS);
    struct entry again = signed_stop(j, SCRATCH_EPOCH_NS);
    assert_memory_equal(first.signature, again.signature, sizeof first.signature);
    SCRATCH_OK(journal_group_begin(j, &g, err));
    SCRATCH_OK(journal_group_add(g, &first, err));
    journal_group_abort(g); /* not said, after all */
    SCRATCH_OK(journal_group_begin(j, &g, err));
    SCRATCH_OK(journal_group_add(g, &first, err));
    assert_int_equal(journal_group_add(g, &again, &why), ERR_EXISTS);
    SCRATCH_OK(journal_group_commit(g, NULL, err));
    journal_close(j);

    j = scratch_open(&s);
    struct entry later = signed_stop(j, SCRATCH_EPOCH_NS + 1);
    SCRATCH_OK(journal_group_begin(j, &g, err));
    assert_int_equal(journal_group_add(g, &again, &why), ERR_EXISTS);
    assert_non_null(strstr(why.text, "stands in entry 2 already"));
    SCRATCH_OK(journal_group_add(g, &later, err));
    assert_int_equal(later.seq, 3);
    SCRATCH_OK(journal_group_commit(g, NULL, err));
    journal_close(j);
    scratch_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_new_journal_holds_its_genesis_sealed),
        cmocka_unit_test(test_every_group_is_sealed_over_the_tree_of_its_entries),
        cmocka_unit_test(test_reading_past_the_end_or_before_the_start_is_refused),
        cmocka_unit_test(test_entries_of_every_size_come_back),
        cmocka_unit_test(test_a_refused_entry_leaves_no_trace),
        cmocka_unit_test(test_a_signed_entry_verifies_from_its_stored_bytes),
        cmocka_unit_test(test_a_signature_stands_in_one_entry_only),
        cmocka_unit_test(test_a_new_actor_may_write_at_once_and_is_gone_with_its_group),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
