/* Which key signs a seal: as entries hand on, and as an owner says when a key is lost. */
#include "gateway/fetch_keys.h"

#include "support/journals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define OWNER    "owner:eve"
#define OPERATOR "operator:ann"

struct story {
    struct scratch s;
    struct journal *j; /* for its keys and actors */
    struct fetch_keys *keys;
};

static void apply(struct fetch_keys *k, struct entry e, uint64_t seq)
{
    e.seq = seq;
    SCRATCH_OK(fetch_keys_apply(k, &e, err));
}

/* Genesis, and an owner as its last actor. */
static void story_init(struct story *t)
{
    struct journal_reader *r = NULL;
    struct journal_record record;
    struct entry genesis;
    struct actor_rows first = scratch_actors();

    scratch_init(&t->s);
    first.rows[first.count++] = (struct actor_row){.name = id_from(OWNER), .role = ROLE_OWNER};
    SCRATCH_OK(journal_create(&t->s.options, SCRATCH_ORIGIN, t->s.passphrase, &first, err));
    t->j = scratch_open(&t->s);
    SCRATCH_OK(fetch_keys_new(&t->keys, journal_vkey(t->j), err));
    SCRATCH_OK(journal_reader_begin(t->j, &r, err));
    SCRATCH_OK(journal_reader_get(r, 1, &record, err));
    SCRATCH_OK(entry_decode(record.bytes, record.size, &genesis, err));
    SCRATCH_OK(fetch_keys_apply(t->keys, &genesis, err));
    journal_reader_end(r);
}

static void story_release(struct story *t)
{
    fetch_keys_free(t->keys);
    journal_close(t->j);
    scratch_release(&t->s);
}

/* A sound key of its own for each name. */
static struct entry names_key(struct story *t, const char *name, int64_t epoch)
{
    struct entry e = entries_draft(ENTRY_CONTROL_KEY);

    e.as.control_key.epoch = epoch;
    SCRATCH_OK(journal_make_key(t->j, name, e.as.control_key.key.bytes, err));
    e.as.control_key.reason = text_from("a test");
    return e;
}

static struct entry by(struct story *t, struct entry e, const char *actor)
{
    SCRATCH_OK(actors_id(journal_actors(t->j), actor, strlen(actor), &e.actor, err));
    SCRATCH_OK(journal_sign(t->j, &e, err));
    return e;
}

static enum err_code recovered(struct story *t, struct entry e, struct note_key *key, struct err *err)
{
    static uint8_t bytes[ENTRY_MAX_SIZE];
    struct wire_out out;

    wire_out_init(&out, bytes, sizeof bytes);
    SCRATCH_OK(entry_encode(&e, &out, err));
    return fetch_keys_recovered(t->keys, bytes, wire_out_size(&out), key, err);
}

static void assert_key_at(const struct story *t, uint64_t size, const struct entry *names)
{
    const struct note_key *const key = fetch_keys_at(t->keys, size);
    char vkey[NOTE_VKEY_TEXT_SIZE];

    assert_string_equal(key->name, SCRATCH_ORIGIN);
    if (names) {
        assert_memory_equal(key->public_key, names->as.control_key.key.bytes, 32);
        return;
    }
    note_key_format(vkey, key);
    assert_string_equal(vkey, journal_vkey(t->j));
}

static void test_a_key_signs_up_to_the_seal_that_hands_over(void **state)
{
    struct story t;

    (void)state;
    story_init(&t);
    const struct entry second = names_key(&t, "second", 1);
    const struct entry third = names_key(&t, "third", 2);
    apply(t.keys, second, 10);
    apply(t.keys, third, 11);
    assert_key_at(&t, 1, NULL);
    assert_key_at(&t, 10, NULL);
    assert_key_at(&t, 11, &second);
    assert_key_at(&t, 12, &third);
    assert_key_at(&t, UINT64_C(1) << 60, &third);
    assert_true(fetch_keys_newest(t.keys) == fetch_keys_at(t.keys, 12));
    story_release(&t);
}

static void test_an_owners_key_signs_from_its_own_entry_on(void **state)
{
    struct story t;

    (void)state;
    story_init(&t);
    const struct entry found = by(&t, names_key(&t, "found", 1), OWNER);
    apply(t.keys, found, 10);
    assert_key_at(&t, 9, NULL);
    assert_key_at(&t, 10, &found);
    story_release(&t);
}

static void test_only_an_owner_puts_a_key_in_the_place_of_a_lost_one(void **state)
{
    struct err err = {.code = ERR_OK};
    struct note_key key;
    struct story t;

    (void)state;
    story_init(&t);
    const struct entry names = names_key(&t, "found", 1);
    const struct entry good = by(&t, names, OWNER);
    assert_int_equal(recovered(&t, good, &key, &err), ERR_OK);
    assert_memory_equal(key.public_key, names.as.control_key.key.bytes, 32);
    assert_string_equal(key.name, SCRATCH_ORIGIN);
    assert_int_equal(recovered(&t, names, &key, &err), ERR_WRONG);
    assert_non_null(strstr(err.text, "no key with an owner's signature"));
    assert_int_equal(recovered(&t, by(&t, names, OPERATOR), &key, &err), ERR_WRONG);
    assert_non_null(strstr(err.text, "is no owner"));
    for (size_t i = 0; i < sizeof good.signature; i++) {
        struct entry bad = good;
        bad.signature[i] ^= 1;
        assert_int_equal(recovered(&t, bad, &key, &err), ERR_WRONG);
    }
    assert_non_null(strstr(err.text, "is not the owner's, " OWNER));
    struct entry other = good;
    other.as.control_key.key.bytes[0] ^= 1;
    assert_int_equal(recovered(&t, other, &key, &err), ERR_WRONG);
    assert_int_equal(recovered(&t, by(&t, scratch_note('x', 3), OWNER), &key, &err), ERR_WRONG);
    story_release(&t);
}

static void test_what_breaks_the_chain_is_named(void **state)
{
    struct err err = {.code = ERR_OK};
    struct story t;

    (void)state;
    story_init(&t);
    struct entry unsound = names_key(&t, "second", 1);
    memset(unsound.as.control_key.key.bytes, 0, 32);
    unsound.seq = 10;
    assert_int_equal(fetch_keys_apply(t.keys, &unsound, &err), ERR_WRONG);
    assert_non_null(strstr(err.text, "entry 10"));
    struct entry unsigned_one = names_key(&t, "second", 1);
    unsigned_one.seq = 10;
    unsigned_one.actor = SCRATCH_OPERATOR;
    assert_int_equal(fetch_keys_apply(t.keys, &unsigned_one, &err), ERR_WRONG);
    assert_non_null(strstr(err.text, "unsigned, which only the journal may do"));
    assert_key_at(&t, 100, NULL);
    struct entry genesis = entries_draft(ENTRY_CONTROL_GENESIS);
    genesis.as.control_genesis.origin = text_from("desk.example/other");
    assert_int_equal(fetch_keys_apply(t.keys, &genesis, &err), ERR_WRONG);
    assert_non_null(strstr(err.text, "another journal"));
    story_release(&t);
}

static void test_only_a_journals_key_begins_it(void **state)
{
    struct fetch_keys *keys = NULL;
    struct err err = {.code = ERR_OK};

    (void)state;
    assert_int_equal(fetch_keys_new(&keys, "nonsense", &err), ERR_FORMAT);
    assert_null(keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_key_signs_up_to_the_seal_that_hands_over),
        cmocka_unit_test(test_an_owners_key_signs_from_its_own_entry_on),
        cmocka_unit_test(test_only_an_owner_puts_a_key_in_the_place_of_a_lost_one),
        cmocka_unit_test(test_what_breaks_the_chain_is_named),
        cmocka_unit_test(test_only_a_journals_key_begins_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
