/*
 * Proofs over changes of the journal's key: who has the first key follows to the newest; who has stolen the newest
 * changes nothing that was sealed before it.
 */
#include "audit/proof.h"

#include "support/entries.h"
#include "support/proofs.h"

/*
 *   1        genesis: owner 1, operator 2
 *   10, 20   the key of epoch 1, of epoch 2
 *   30       the key of epoch 3, signed by the owner: that of epoch 2 was lost
 *   others   notes
 */
#define END     40u
#define CHANGES 3u

static const uint64_t changes[CHANGES] = {10, 20, 30};

struct world {
    struct proofs_log *log;
    uint8_t owner_key[32];
    uint8_t owner_secret[crypto_sign_SECRETKEYBYTES];
};

/* -- an honest journal ----------------------------------------------------------------------------------- */

static void sign_entry(const struct world *w, struct entry *e)
{
    uint8_t bytes[ENTRY_MAX_SIZE];
    uint8_t statement[ENTRY_MAX_SIZE + 300];
    struct wire_out out;

    e->is_signed = true;
    wire_out_init(&out, bytes, sizeof bytes);
    PROOFS_OK(entry_encode(e, &out, err));
    const size_t size = entry_statement(bytes, wire_out_size(&out), PROOFS_ORIGIN, statement);
    crypto_sign_detached(e->signature, NULL, statement, size, w->owner_secret);
}

static struct entry key_entry(const struct world *w, int64_t epoch, unsigned key)
{
    struct entry e = entries_draft(ENTRY_CONTROL_KEY);

    e.as.control_key.epoch = epoch;
    memcpy(e.as.control_key.key.bytes, w->log->keys[key].public_key, 32);
    e.as.control_key.reason = text_from("test");
    return e;
}

static struct entry lost_key_entry(const struct world *w, int64_t epoch, unsigned key, uint32_t actor)
{
    struct entry e = key_entry(w, epoch, key);

    e.actor = actor;
    sign_entry(w, &e);
    return e;
}

static struct entry genesis_entry(const struct world *w)
{
    struct entry e = entries_draft(ENTRY_CONTROL_GENESIS);

    e.as.control_genesis.origin = text_from(PROOFS_ORIGIN);
    memcpy(e.as.control_genesis.key.bytes, w->log->keys[0].public_key, 32);
    e.as.control_genesis.actors.count = 2;
    e.as.control_genesis.actors.rows[0] =
        (struct actor_row){.name = id_from("owner:eve"), .role = ROLE_OWNER};
    memcpy(e.as.control_genesis.actors.rows[0].key, w->owner_key, 32);
    e.as.control_genesis.actors.rows[1] =
        (struct actor_row){.name = id_from("operator:ann"), .role = ROLE_OPERATOR};
    memcpy(e.as.control_genesis.actors.rows[1].key, w->owner_key, 32);
    return e;
}

/* The entry of that place; what is wrong with entry `odd`, if it is one, is `how`'s affair. */
static void world_init(struct world *w, uint64_t odd, struct entry (*how)(const struct world *))
{
    const uint8_t seed[crypto_sign_SEEDBYTES] = "the owner's";

    w->log = proofs_new();
    crypto_sign_seed_keypair(w->owner_key, w->owner_secret, seed);
    for (uint64_t seq = 1; seq <= END; seq++) {
        struct entry e = entries_draft(ENTRY_CONTROL_NOTE);
        if (seq == odd)
            e = how(w);
        else if (seq == 1)
            e = genesis_entry(w);
        else if (seq == changes[0])
            e = key_entry(w, 1, 1);
        else if (seq == changes[1])
            e = key_entry(w, 2, 2);
        else if (seq == changes[2])
            e = lost_key_entry(w, 3, 3, 1);
        proofs_add_entry(w->log, &e);
    }
}

static void world_release(struct world *w)
{
    proofs_free(w->log);
}

/* Whose key signs the seal of so many entries. */
static unsigned epoch_at(uint64_t size)
{
    return size >= changes[2] ? 3 : size > changes[1] ? 2 : size > changes[0];
}

/* What leads to the key of `size`, all of it honest; returns the size of the last seal of it. */
static uint64_t add_changes(struct world *w, uint64_t size, struct proof *p)
{
    uint64_t before = 0;

    p->key_count = epoch_at(size);
    p->keys = p->key_count ? calloc(p->key_count, sizeof *p->keys) : NULL;
    for (unsigned i = 0; i < p->key_count; i++) {
        struct proof_key *const k = &p->keys[i];
        if (i == 2) {
            k->has_owner = true;
            proofs_step(w->log, 1, 2, before, 29, &k->owner);
            before = 29;
        }
        proofs_step(w->log, changes[i], i == 2 ? 3 : i, before, changes[i], &k->step);
        before = changes[i];
    }
    return before;
}

static void make_inclusion(struct world *w, uint64_t seq, uint64_t size, struct proof *p)
{
    proof_init(p);
    p->type = PROOF_INCLUSION;
    p->seq = seq;
    const uint64_t before = add_changes(w, size, p);
    proofs_step(w->log, seq, epoch_at(size), before, size, &p->last);
}

static void make_consistency(struct world *w, uint64_t from, uint64_t to, struct proof *p)
{
    const struct merkle_tiles tiles = proofs_tiles(w->log);

    proof_init(p);
    p->type = PROOF_CONSISTENCY;
    const uint64_t before = add_changes(w, to, p);
    proofs_step(w->log, 0, epoch_at(to), before, to, &p->last);
    proofs_seal(w->log, epoch_at(from), from, &p->old_seal);
    PROOFS_OK(merkle_consistency(&tiles, from, to, &p->last.path, err));
}

/* There and back through JSON. */
static void through_json(struct proof *p)
{
    struct proof_bytes first = {NULL, 0};
    enum proof_form form = 0;
    struct json_out out;

    json_out_init(&out);
    proof_to_json(p, &out);
    PROOFS_OK(json_out_done(&out, err));
    PROOFS_OK(proof_bytes_set(&first, out.bytes, out.size, err));
    proof_release(p);
    PROOFS_OK(proof_parse((const char *)first.at, first.size, p, &form, err));
    json_out_clear(&out);
    proof_to_json(p, &out);
    assert_int_equal(out.size, first.size);
    assert_memory_equal(out.bytes, first.at, first.size);
    json_out_release(&out);
    free(first.at);
}

static void assert_wrong(const struct world *w, const struct proof *p, const char *words)
{
    struct proof_finding found;
    struct err err;

    assert_int_equal(proof_check(p, &w->log->keys[0], &found, &err), ERR_WRONG);
    if (!strstr(err.text, words))
        fail_msg("\"%s\" is not in \"%s\"", words, err.text);
}

static void test_the_first_key_is_enough_for_seals_of_every_epoch(void **state)
{
    struct proof_finding found;
    struct world w;
    struct proof p;

    (void)state;
    world_init(&w, 0, NULL);
    for (uint64_t size = 1; size <= END; size++) {
        for (uint64_t seq = 1; seq <= size; seq += seq % 3 + 1) {
            make_inclusion(&w, seq, size, &p);
            through_json(&p);
            PROOFS_OK(proof_check(&p, &w.log->keys[0], &found, err));
            assert_int_equal(found.epoch, epoch_at(size));
            assert_int_equal(found.size, size);
            assert_int_equal(found.entry.seq, seq);
            proof_release(&p);
        }
    }
    world_release(&w);
}

static void test_growth_is_proven_from_epoch_to_epoch(void **state)
{
    static const uint64_t at[] = {1, 9, 10, 11, 19, 20, 21, 29, 30, 31, 40};
    struct proof_finding found;
    struct world w;
    struct proof p;

    (void)state;
    world_init(&w, 0, NULL);
    for (unsigned i = 0; i < sizeof at / sizeof at[0]; i++) {
        for (unsigned k = 0; k <= i; k++) {
            make_consistency(&w, at[k], at[i], &p);
            through_json(&p);
            PROOFS_OK(proof_check(&p, &w.log->keys[0], &found, err));
            assert_int_equal(found.old_size, at[k]);
            assert_int_equal(found.size, at[i]);
            for (unsigned key = 0; key < 4; key++) { /* by one key it is good, by the others it is not */
                if (key == epoch_at(at[k]))
                    continue;
                proofs_seal(w.log, key, at[k], &p.old_seal);
                assert_wrong(&w, &p, "the old seal: the seal is not signed by this key");
            }
            proof_release(&p);
        }
    }
    world_release(&w);
}

static void test_a_later_key_is_called_one(void **state)
{
    struct proof_finding found;
    struct world w;
    struct proof p;
    struct err err;

    (void)state;
    world_init(&w, 0, NULL);
    make_inclusion(&w, 5, 35, &p);
    for (unsigned i = 1; i <= CHANGES; i++) {
        char words[80];
        snprintf(words, sizeof words, "the given key is that of epoch %u", i);
        assert_int_equal(proof_check(&p, &w.log->keys[i], &found, &err), ERR_INPUT);
        assert_non_null(strstr(err.text, words));
    }
    assert_int_equal(proof_check(&p, &w.log->keys[4], &found, &err), ERR_WRONG);
    proof_release(&p);
    world_release(&w);
}

/* A file that holds every part there is: one bit of each byte, and half of the changes may be anywhere. */
static void test_no_changed_byte_of_a_proof_with_changes_of_the_key_passes(void **state)
{
    struct json_out out;
    struct world w;
    struct proof p;

    (void)state;
    world_init(&w, 0, NULL);
    make_inclusion(&w, 5, 35, &p);
    json_out_init(&out);
    proof_to_json(&p, &out);
    proof_release(&p);
    for (size_t i = 0; i + 1 < out.size; i++) {
        struct proof_finding found;
        enum proof_form form = 0;
        struct err err;
        out.bytes[i] = (char)(out.bytes[i] ^ 1 << i % 8);
        enum err_code rc = proof_parse(out.bytes, out.size, &p, &form, &err);
        if (!rc)
            rc = proof_check(&p, &w.log->keys[0], &found, &err);
        assert_true(rc == ERR_WRONG || rc == ERR_FORMAT);
        proof_release(&p);
        out.bytes[i] = (char)(out.bytes[i] ^ 1 << i % 8);
    }
    json_out_release(&out);
    world_release(&w);
}

/* -- thieves --------------------------------------------------------------------------------------------- */

/* The changes as they were; on top of them, what the thief has made. */
static void make_theft(struct world *honest, struct world *forged, uint64_t size, struct proof *p)
{
    proof_init(p);
    p->type = PROOF_INCLUSION;
    p->seq = 5;
    const uint64_t before = add_changes(honest, size, p);
    proofs_step(forged->log, 5, epoch_at(size), before, size, &p->last);
}

/*
 * Who has stolen the newest key, and the whole journal, writes another past of entry 5 and seals it. The keys of the
 * past he does not have: they were destroyed.
 */
static void test_a_thief_of_todays_key_cannot_prove_another_past(void **state)
{
    struct proof_finding found;
    struct world honest;
    struct world forged;
    struct proof p;

    (void)state;
    world_init(&honest, 0, NULL);
    world_init(&forged, 5, genesis_entry); /* anything else than a note */
    for (uint64_t size = 11; size <= END; size++) {
        make_theft(&honest, &honest, size, &p);
        PROOFS_OK(proof_check(&p, &honest.log->keys[0], &found, err));
        proof_release(&p);

        make_theft(&honest, &forged, size, &p);
        assert_wrong(&honest, &p, "is not how that of");
        proof_release(&p);

        make_inclusion(&honest, 5, size, &p); /* he takes the path of the past that was, too */
        proofs_seal(forged.log, epoch_at(size), size, &p.last.seal);
        assert_wrong(&honest, &p, "is not how that of");
        proof_release(&p);

        proofs_inclusion(forged.log, 5, size,
                         &p); /* or leaves out the changes, as if his key were the first */
        proofs_seal(forged.log, epoch_at(size), size, &p.last.seal);
        assert_wrong(&honest, &p, "not signed by this key");
        proof_release(&p);
    }
    world_release(&honest);
    world_release(&forged);
}

static void test_a_key_signs_nothing_that_belongs_to_another_epoch(void **state)
{
    struct world w;
    struct proof p;

    (void)state;
    world_init(&w, 0, NULL);
    make_inclusion(&w, 5, 15, &p);
    const struct proof_bytes good = p.last.seal;
    p.last.seal = (struct proof_bytes){NULL, 0};
    proofs_seal(w.log, 0, 15, &p.last.seal); /* the old key goes on */
    assert_wrong(&w, &p, "not signed by this key");
    free(p.last.seal.at);
    p.last.seal = good;
    proofs_step(w.log, 5, 1, 10, 10, &p.last); /* the new key signs what the old one handed over */
    assert_wrong(&w, &p, "signs only those of 11 and more");
    proof_release(&p);

    make_inclusion(&w, 5, 15, &p);
    proofs_seal(w.log, 1, 10, &p.keys[0].step.seal); /* the new key hands over to itself */
    assert_wrong(&w, &p, "change 1 of the key: the seal is not signed by this key");
    proofs_step(w.log, 10, 0, 0, 11, &p.keys[0].step); /* the old key signs more than it may */
    assert_wrong(&w, &p, "no seal ends with entry 10");
    proof_release(&p);

    make_inclusion(&w, 5, 35, &p);
    proofs_step(w.log, 1, 2, 20, 30, &p.keys[2].owner); /* the lost key signs behind its end */
    proofs_step(w.log, 30, 3, 30, 30, &p.keys[2].step);
    assert_wrong(&w, &p, "change 3 of the key: the seal of the lost key does not end before entry 30");
    proofs_step(w.log, 1, 2, 20, 28, &p.keys[2].owner); /* or leaves a gap before it */
    proofs_step(w.log, 30, 3, 28, 30, &p.keys[2].step);
    assert_wrong(&w, &p, "change 3 of the key: the seal of the lost key does not end before entry 30");
    proofs_step(w.log, 1, 2, 20, 29, &p.keys[2].owner);
    proofs_step(w.log, 30, 3, 29, 31, &p.keys[2].step); /* or the new key does behind it */
    assert_wrong(&w, &p, "change 3 of the key: no seal ends with entry 30");
    proof_release(&p);
    world_release(&w);
}

/* -- changes that are none ------------------------------------------------------------------------------- */

static struct entry odd_note(const struct world *w)
{
    (void)w;
    return entries_draft(ENTRY_CONTROL_NOTE);
}

static struct entry odd_epoch(const struct world *w)
{
    return key_entry(w, 2, 1);
}

static struct entry odd_actor(const struct world *w)
{
    struct entry e = key_entry(w, 1, 1);

    e.actor = 2;
    return e;
}

static struct entry odd_key(const struct world *w)
{
    struct entry e = key_entry(w, 1, 1);

    memset(e.as.control_key.key.bytes, 0, 32);
    return e;
}

static struct entry odd_signed(const struct world *w)
{
    return lost_key_entry(w, 1, 1, 1);
}

static struct entry odd_unsigned(const struct world *w)
{
    return key_entry(w, 3, 3);
}

static struct entry odd_operator(const struct world *w)
{
    return lost_key_entry(w, 3, 3, 2);
}

static struct entry odd_stranger(const struct world *w)
{
    return lost_key_entry(w, 3, 3, 3);
}

static struct entry odd_signature(const struct world *w)
{
    struct entry e = lost_key_entry(w, 3, 3, 1);

    e.signature[7] ^= 1;
    return e;
}

static struct entry odd_recovery_key(const struct world *w)
{
    struct entry e = key_entry(w, 3, 3);

    memset(e.as.control_key.key.bytes, 0, 32);
    e.actor = 1;
    sign_entry(w, &e);
    return e;
}

static void test_what_is_no_change_of_the_key_is_not_taken_for_one(void **state)
{
    static const struct {
        uint64_t seq;
        struct entry (*how)(const struct world *);
        const char *words;
    } rows[] = {
        {10, odd_note, "change 1 of the key: its entry is no control.key"},
        {10, odd_epoch, "change 1 of the key: it names the key of epoch 2 where 1 comes next"},
        {10, odd_actor, "change 1 of the key: entry 10 is not by the journal, and no owner is named"},
        {10, odd_signed, "change 1 of the key: entry 10 is not by the journal, and no owner is named"},
        {10, odd_key, "change 1 of the key: it names bytes that are no key"},
        {30, odd_note, "change 3 of the key: its entry is no control.key"},
        {30, odd_unsigned, "change 3 of the key: no owner who was known before has signed it"},
        {30, odd_operator, "change 3 of the key: no owner who was known before has signed it"},
        {30, odd_stranger, "change 3 of the key: no owner who was known before has signed it"},
        {30, odd_signature, "change 3 of the key: owner: the signature is not this key's"},
        {30, odd_recovery_key, "change 3 of the key: it names bytes that are no key"},
    };
    struct world w;
    struct proof p;

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        world_init(&w, rows[i].seq, rows[i].how);
        make_inclusion(&w, 5, 35, &p);
        assert_wrong(&w, &p, rows[i].words);
        proof_release(&p);
        world_release(&w);
    }
}

static void test_changes_out_of_order_missing_or_mixed_are_found(void **state)
{
    struct world w;
    struct proof p;

    (void)state;
    world_init(&w, 0, NULL);
    make_inclusion(&w, 5, 35, &p);
    struct proof_key swapped[3] = {p.keys[1], p.keys[0], p.keys[2]};
    struct proof mixed = p;
    mixed.keys = swapped;
    assert_wrong(&w, &mixed, "change 1 of the key: it names the key of epoch 2");
    mixed.keys = p.keys + 1;
    mixed.key_count = 2;
    assert_wrong(&w, &mixed, "change 1 of the key: it names the key of epoch 2");
    mixed = p;
    mixed.key_count = 2;
    assert_wrong(&w, &mixed, "not signed by this key");
    struct proof_key changed[3] = {p.keys[0], p.keys[1], p.keys[2]};
    mixed = p;
    mixed.keys = changed;
    changed[1].step.consistency.nodes[0].bytes[0] ^= 1;
    assert_wrong(&w, &mixed, "change 2 of the key: the tree of 20 entries is not how that of 10 went on");
    changed[1] = p.keys[1];
    changed[1].step.path.nodes[1].bytes[0] ^= 1;
    assert_wrong(&w, &mixed, "change 2 of the key: the inclusion path");
    changed[1] = p.keys[1];
    changed[2].has_owner = false;
    assert_wrong(&w, &mixed, "change 3 of the key: the seal is not signed by this key");
    changed[2] = p.keys[2];
    changed[2].owner.path.nodes[0].bytes[0] ^= 1;
    assert_wrong(&w, &mixed, "change 3 of the key: owner: the inclusion path");
    changed[2] = p.keys[2];
    changed[2].owner.entry.size = 47; /* no header */
    assert_wrong(&w, &mixed, "change 3 of the key: owner: its entry is none");
    changed[0].has_owner = true;
    changed[0].owner = p.keys[2].owner;
    assert_wrong(&w, &mixed, "change 1 of the key: owner: the seal is not signed by this key");
    proof_release(&p);
    world_release(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_first_key_is_enough_for_seals_of_every_epoch),
        cmocka_unit_test(test_growth_is_proven_from_epoch_to_epoch),
        cmocka_unit_test(test_a_later_key_is_called_one),
        cmocka_unit_test(test_no_changed_byte_of_a_proof_with_changes_of_the_key_passes),
        cmocka_unit_test(test_a_thief_of_todays_key_cannot_prove_another_past),
        cmocka_unit_test(test_a_key_signs_nothing_that_belongs_to_another_epoch),
        cmocka_unit_test(test_what_is_no_change_of_the_key_is_not_taken_for_one),
        cmocka_unit_test(test_changes_out_of_order_missing_or_mixed_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
