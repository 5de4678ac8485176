#include "ledger/replay.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/accounts.h"
#include "ledger/orders.h"
#include "support/digests.h"
#include "support/entries.h"

static struct err err;

/* A reducer that counts notes, and refuses the note "no". */
struct notes {
    uint64_t count;
    uint64_t last_seq;
    bool live;
};

static void notes_init(void *state)
{
    struct notes *const n = state;
    *n = (struct notes){0, 0, true};
}

static enum err_code notes_apply(void *state, const struct entry *e, struct err *error)
{
    struct notes *const n = state;
    if (e->kind == ENTRY_CONTROL_NOTE && strcmp(e->as.control_note.text.bytes, "no") == 0)
        return err_set(error, ERR_RANGE, "this note is refused");
    n->count++;
    n->last_seq = e->seq;
    return ERR_OK;
}

static void notes_digest(const void *state, const struct digest_out *out)
{
    const struct notes *const n = state;
    digest_u64(out, n->count);
}

static void notes_release(void *state)
{
    struct notes *const n = state;
    n->live = false;
}

static const struct replay_row FIRST = {"first",      sizeof(struct notes), notes_init, notes_apply,
                                        notes_digest, notes_release,        NULL,       1};
static const struct replay_row SECOND = {"second",     sizeof(struct notes), notes_init, notes_apply,
                                         notes_digest, notes_release,        NULL,       1};
static const struct replay_row *const NOTES[] = {&FIRST, &SECOND};

static void test_every_row_sees_every_entry_in_order(void **state)
{
    struct notes a;
    struct notes b;
    void *states[] = {&a, &b};
    struct replay r;

    (void)state;
    replay_init(&r, NOTES, states, 2);
    assert_int_equal(r.seq, 0);
    for (uint64_t seq = 1; seq <= 5; seq++) {
        const struct entry e = entries_placed(entries_note("yes"), seq, NULL);
        assert_int_equal(replay_apply(&r, &e, &err), ERR_OK);
        assert_int_equal(r.seq, seq);
        assert_int_equal(a.last_seq, seq);
        assert_int_equal(b.last_seq, seq);
    }
    replay_release(&r);
    assert_false(a.live);
    assert_false(b.live);
    replay_release(&r); /* twice is harmless */
}

static void test_only_the_next_entry_is_taken(void **state)
{
    static const uint64_t WRONG[] = {0, 1, 2, 4, UINT64_MAX};
    struct notes a;
    void *states[] = {&a};
    struct replay r;

    (void)state;
    replay_init(&r, NOTES, states, 1);
    for (uint64_t seq = 1; seq <= 2; seq++) {
        const struct entry e = entries_placed(entries_note("yes"), seq, NULL);
        assert_int_equal(replay_apply(&r, &e, &err), ERR_OK);
    }
    for (size_t i = 0; i < sizeof WRONG / sizeof WRONG[0]; i++) {
        const struct entry e = entries_placed(entries_note("yes"), WRONG[i], NULL);
        assert_int_equal(replay_apply(&r, &e, &err), ERR_CHAIN);
        assert_int_equal(r.seq, 2);
        assert_int_equal(a.count, 2);
    }
    assert_non_null(strstr(err.text, "where 3 must follow"));
    replay_release(&r);
}

static void test_a_refusal_names_row_and_entry_and_keeps_its_code(void **state)
{
    struct notes a;
    void *states[] = {&a};
    struct replay r;

    (void)state;
    replay_init(&r, NOTES, states, 1);
    const struct entry e = entries_placed(entries_note("no"), 1, NULL);
    assert_int_equal(replay_apply(&r, &e, NULL), ERR_RANGE); /* also without an err */
    assert_int_equal(replay_apply(&r, &e, &err), ERR_RANGE);
    assert_string_equal(err.text, "replay: first, entry 1: this note is refused");
    assert_int_equal(r.seq, 0);
    replay_release(&r);
}

struct recorded {
    uint8_t bytes[256];
    size_t size;
};

static void record(void *context, const void *bytes, size_t size)
{
    struct recorded *const d = context;
    memcpy(d->bytes + d->size, bytes, size);
    d->size += size;
}

static void test_digest_bytes_are_names_states_and_seq(void **state)
{
    static const uint8_t GOLDEN[] = {0,   0, 0, 0, 0, 0, 0, 5, 'f', 'i', 'r', 's', 't', 0,   0,   0,   0,
                                     0,   0, 0, 1, 0, 0, 0, 0, 0,   0,   0,   6,   's', 'e', 'c', 'o', 'n',
                                     'd', 0, 0, 0, 0, 0, 0, 0, 1,   0,   0,   0,   0,   0,   0,   0,   1};
    struct recorded d = {.size = 0};
    const struct digest_out out = {record, &d};
    struct notes a;
    struct notes b;
    void *states[] = {&a, &b};
    struct replay r;

    (void)state;
    replay_init(&r, NOTES, states, 2);
    const struct entry e = entries_placed(entries_note("yes"), 1, NULL);
    assert_int_equal(replay_apply(&r, &e, &err), ERR_OK);
    replay_digest(&r, &out);
    assert_int_equal(d.size, sizeof GOLDEN);
    assert_memory_equal(d.bytes, GOLDEN, sizeof GOLDEN);
    replay_release(&r);
}

static void test_digest_parts_have_one_form(void **state)
{
    static const uint8_t GOLDEN[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, /* i64 -2 */
                                     0,    0,    0,    0,    0,    0,    0,    0,    /* no bytes */
                                     0,    0,    0,    0,    0,    0,    0,    4,    'G', 'O', 'O',
                                     'G',  0,    0,    0,    0,    0,    0,    0,    2,   'o', '1'};
    struct recorded d = {.size = 0};
    const struct digest_out out = {record, &d};
    const struct symbol s = entries_symbol("GOOG");
    const struct id id = id_from("o1");

    (void)state;
    digest_i64(&out, -2);
    digest_bytes(&out, NULL, 0);
    digest_symbol(&out, &s);
    digest_id(&out, &id);
    assert_int_equal(d.size, sizeof GOLDEN);
    assert_memory_equal(d.bytes, GOLDEN, sizeof GOLDEN);
}

/* -- determinism, on the real reducers ------------------------------------------------------------------- */

#define STORY_LENGTH 400

static struct entry story(uint64_t seq)
{
    static const char *const SYMBOLS[] = {"GOOG", "AAPL", "GOOG  151224P00750000", "SPXW  190503P02770000"};
    char order[24];
    char fill[24];
    const char *const symbol = SYMBOLS[seq * seq % 7 % 4];

    snprintf(order, sizeof order, "o-%" PRIu64, seq / 4);
    snprintf(fill, sizeof fill, "f-%" PRIu64, seq - seq % 31 / 30); /* now and then one is told again */
    switch (seq % 4) {
    case 0: return entries_placed(entries_order(order, symbol, SIDE_SELL, 9, "0.40"), seq, NULL);
    case 1: return entries_placed(entries_acknowledged(order, "b"), seq, NULL);
    default:
        return entries_placed(entries_execution(order, fill, symbol, seq % 3 ? SIDE_SELL : SIDE_BUY,
                                                (int64_t)(seq % 5) + 1, "0.333333333", "0.65"),
                              seq, "2015-12-24T14:31:00Z");
    }
}

static const struct replay_row *const BOTH[] = {&accounts_row, &orders_row};

static void test_same_entries_same_digest_at_every_prefix(void **state)
{
    uint64_t digests[STORY_LENGTH + 1];
    struct accounts a;
    struct orders o;
    void *states[] = {&a, &o};
    struct replay r;

    (void)state;
    replay_init(&r, BOTH, states, 2);
    digests[0] = digests_of_replay(&r);
    for (uint64_t seq = 1; seq <= STORY_LENGTH; seq++) {
        const struct entry e = story(seq);
        assert_int_equal(replay_apply(&r, &e, &err), ERR_OK);
        digests[seq] = digests_of_replay(&r);
        assert_true(digests[seq] != digests[seq - 1]);
    }
    replay_release(&r);
    for (uint64_t cut = 0; cut <= STORY_LENGTH; cut += 13) { /* a prefix, looked at, then the rest */
        replay_init(&r, BOTH, states, 2);
        for (uint64_t seq = 1; seq <= STORY_LENGTH; seq++) {
            if (seq - 1 == cut)
                assert_true(digests_of_replay(&r) == digests[cut]);
            const struct entry e = story(seq);
            assert_int_equal(replay_apply(&r, &e, &err), ERR_OK);
        }
        assert_true(digests_of_replay(&r) == digests[STORY_LENGTH]);
        replay_release(&r);
    }
}

static void test_entries_that_went_over_the_wire_give_the_same_digest(void **state)
{
    uint8_t bytes[4096];
    uint64_t digests[2];

    (void)state;
    for (int wire = 0; wire < 2; wire++) {
        struct accounts a;
        struct orders o;
        void *states[] = {&a, &o};
        struct replay r;
        replay_init(&r, BOTH, states, 2);
        for (uint64_t seq = 1; seq <= STORY_LENGTH; seq++) {
            struct entry e = story(seq);
            if (wire) {
                struct wire_out out;
                wire_out_init(&out, bytes, sizeof bytes);
                assert_int_equal(entry_encode(&e, &out, &err), ERR_OK);
                memset(&e, 0xa5, sizeof e); /* nothing of the old one helps */
                assert_int_equal(entry_decode(bytes, wire_out_size(&out), &e, &err), ERR_OK);
            }
            assert_int_equal(replay_apply(&r, &e, &err), ERR_OK);
        }
        digests[wire] = digests_of_replay(&r);
        replay_release(&r);
    }
    assert_true(digests[0] == digests[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_row_sees_every_entry_in_order),
        cmocka_unit_test(test_only_the_next_entry_is_taken),
        cmocka_unit_test(test_a_refusal_names_row_and_entry_and_keeps_its_code),
        cmocka_unit_test(test_digest_bytes_are_names_states_and_seq),
        cmocka_unit_test(test_digest_parts_have_one_form),
        cmocka_unit_test(test_same_entries_same_digest_at_every_prefix),
        cmocka_unit_test(test_entries_that_went_over_the_wire_give_the_same_digest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
