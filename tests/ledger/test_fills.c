/* Which fills were told and which were taken back: a bust that fits, and each way in which one does not. */
#include "ledger/fills.h"
#include "support/entries.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define PUT   "GOOG  151231P00700000"
#define BUY_1 entries_execution("o-1", "f-1", "GOOG", SIDE_BUY, 100, "7", "1")

static uint64_t seq;

/* As accounts and orders do. False: it was told already, or taken back before it was told. */
static bool tell(struct fills *f, struct entry e)
{
    const bool is_execution = e.kind == ENTRY_FILL_EXECUTION;
    const struct id *const fill_id = e.kind == ENTRY_FILL_BUST      ? &e.as.fill_bust.fill_id
                                     : e.kind == ENTRY_FILL_SPLIT   ? &e.as.fill_split.fill_id
                                     : e.kind == ENTRY_FILL_DEPOSIT ? &e.as.fill_deposit.fill_id
                                                                    : &e.as.fill_execution.fill_id;
    const uint64_t tag = is_execution ? fills_tag(&e.as.fill_execution) : 0;
    struct ids_key key = fills_key(f, fill_id);
    const enum fills_reason reason =
        e.kind == ENTRY_FILL_BUST ? fills_judge(f, &e.as.fill_bust) : FILLS_STANDS;

    seq++;
    assert_int_equal(fills_reserve(f, tag, NULL), ERR_OK);
    if (fills_is_told(f, &key, tag))
        return false;
    fills_add(f, &key, tag);
    if (e.kind == ENTRY_FILL_BUST)
        fills_add_bust(f, &e.as.fill_bust, seq, reason);
    if (e.kind == ENTRY_FILL_SPLIT)
        fills_add_split(f, &e.as.fill_split.symbol);
    return true;
}

static struct entry split(const char *fill_id, const char *symbol)
{
    struct entry e = entries_draft(ENTRY_FILL_SPLIT);

    e.as.fill_split = (struct entry_fill_split){.fill_id = id_from(fill_id),
                                                .symbol = entries_symbol(symbol),
                                                .into = entries_symbol(symbol),
                                                .side = SIDE_BUY,
                                                .qty = 1,
                                                .into_qty = 2};
    return e;
}

static bool is_taken_back(const struct fills *f, const char *fill_id)
{
    const struct id id = id_from(fill_id);

    return fills_find_bust(f, &id) != NULL;
}

/* The reason of the newest void; 0: there are not so many. */
static enum fills_reason void_number(const struct fills *f, uint32_t count)
{
    return f->voids.count == count ? ((const struct fills_void *)table_at(&f->voids, count - 1))->reason
                                   : FILLS_STANDS;
}

static void test_a_bust_must_say_all_that_the_execution_said(void **state)
{
    struct entry wrong[6];

    (void)state;
    for (unsigned i = 0; i < 6; i++)
        wrong[i] = entries_bust(BUY_1, "b-1", 0);
    wrong[0].as.fill_bust.order_id = id_from("o-2");
    wrong[1].as.fill_bust.symbol = entries_symbol(PUT);
    wrong[2].as.fill_bust.side = SIDE_SELL;
    wrong[3].as.fill_bust.qty = 99;
    wrong[4].as.fill_bust.price++;
    wrong[5].as.fill_bust.fee = 0;
    for (unsigned i = 0; i < 6; i++) {
        struct fills f;
        fills_init(&f);
        assert_true(tell(&f, BUY_1));
        assert_int_equal(fills_judge(&f, &wrong[i].as.fill_bust), FILLS_DIFFERS);
        assert_true(tell(&f, wrong[i]));
        assert_int_equal(void_number(&f, 1), FILLS_DIFFERS);
        assert_false(is_taken_back(&f, "f-1"));
        assert_false(tell(&f, wrong[i])); /* told again: once is enough */
        assert_int_equal(f.voids.count, 1);
        assert_true(tell(&f, entries_bust(BUY_1, "b-2", 0))); /* the right one counts */
        assert_true(is_taken_back(&f, "f-1"));
        assert_int_equal(f.voids.count, 1);
        fills_release(&f);
    }
}

static void test_only_an_execution_is_taken_back_and_once(void **state)
{
    struct entry of_deposit = entries_bust(BUY_1, "b-1", 0);
    struct entry of_bust = entries_bust(BUY_1, "b-2", 0);
    struct entry of_itself = entries_bust(BUY_1, "b-3", 0);
    struct fills f;

    (void)state;
    of_deposit.as.fill_bust.busted = id_from("d-1");
    of_bust.as.fill_bust.busted = id_from("b-1");
    of_itself.as.fill_bust.busted = id_from("b-3");
    fills_init(&f);
    assert_true(tell(&f, entries_deposit("d-1", "1")));
    assert_true(tell(&f, BUY_1));
    assert_true(tell(&f, of_deposit));
    assert_int_equal(void_number(&f, 1), FILLS_KIND);
    assert_true(tell(&f, of_bust));
    assert_int_equal(void_number(&f, 2), FILLS_KIND);
    assert_true(tell(&f, of_itself));
    assert_int_equal(void_number(&f, 3), FILLS_KIND);
    assert_true(tell(&f, entries_bust(BUY_1, "b-4", 0)));
    assert_true(tell(&f, entries_bust(BUY_1, "b-5", 0)));
    assert_int_equal(void_number(&f, 4), FILLS_TWICE);
    assert_true(is_taken_back(&f, "f-1"));
    fills_release(&f);
}

static void test_what_was_split_since_is_not_taken_back(void **state)
{
    const struct entry after = entries_execution("o-2", "f-2", "GOOG", SIDE_BUY, 100, "7", "1");
    const struct entry other = entries_execution("o-3", "f-3", "AAPL", SIDE_BUY, 100, "7", "1");
    struct fills f;

    (void)state;
    fills_init(&f);
    assert_true(tell(&f, BUY_1));
    assert_true(tell(&f, other));
    assert_true(tell(&f, split("s-1", "GOOG")));
    assert_true(tell(&f, after));
    assert_true(tell(&f, entries_bust(BUY_1, "b-1", 0)));
    assert_int_equal(void_number(&f, 1), FILLS_SPLIT);
    assert_true(tell(&f, entries_bust(after, "b-2", 0)));
    assert_true(tell(&f, entries_bust(other, "b-3", 0)));
    assert_int_equal(f.voids.count, 1);
    assert_true(is_taken_back(&f, "f-2") && is_taken_back(&f, "f-3") && !is_taken_back(&f, "f-1"));
    fills_release(&f);
}

static void test_a_bust_that_came_first_waits_for_what_it_says(void **state)
{
    struct entry of_deposit = entries_bust(BUY_1, "b-2", 0);
    struct entry other = BUY_1;
    struct fills f;

    (void)state;
    of_deposit.as.fill_bust.busted = id_from("d-1");
    other.as.fill_execution.qty = 99;
    fills_init(&f);
    assert_true(tell(&f, entries_bust(BUY_1, "b-1", 0)));
    assert_false(tell(&f, BUY_1)); /* as the bust says: it never counts */
    assert_false(tell(&f, BUY_1));
    assert_int_equal(f.voids.count, 0);
    assert_true(tell(&f, of_deposit));
    assert_true(tell(&f, entries_deposit("d-1", "1"))); /* a fact that no bust takes back */
    assert_int_equal(void_number(&f, 1), FILLS_KIND);
    fills_release(&f);

    fills_init(&f);
    const uint64_t bust_seq = seq + 1;
    assert_true(tell(&f, entries_bust(BUY_1, "b-1", 0)));
    assert_true(tell(&f, other)); /* another one than it says: it counts, and the bust is void */
    assert_int_equal(void_number(&f, 1), FILLS_DIFFERS);
    assert_int_equal(((const struct fills_void *)table_at(&f.voids, 0))->seq, bust_seq);
    assert_false(is_taken_back(&f, "f-1"));
    assert_true(tell(&f, entries_bust(other, "b-2", 0)));
    assert_true(is_taken_back(&f, "f-1"));
    fills_release(&f);
}

struct kept {
    uint8_t bytes[4096];
    size_t size;
};

static void keep(void *context, const void *bytes, size_t size)
{
    struct kept *const k = context;

    REQUIRE(size <= sizeof k->bytes - k->size);
    memcpy(k->bytes + k->size, bytes, size);
    k->size += size;
}

static bool restores(struct fills *f, const struct kept *k, size_t size)
{
    struct restore_in in;

    fills_init(f);
    restore_init(&in, k->bytes, size);
    const enum err_code rc = fills_restore(f, &in, NULL);
    return rc == ERR_OK && !in.bad && restore_done(&in);
}

static void test_what_is_restored_judges_the_same_and_a_part_of_it_is_refused(void **state)
{
    struct kept *const k = calloc(2, sizeof *k);
    const struct digest_out out = {keep, k};
    const struct digest_out again_out = {keep, k + 1};
    struct entry wrong = entries_bust(BUY_1, "b-1", 0);
    struct fills again;
    struct fills f;

    (void)state;
    REQUIRE(k);
    wrong.as.fill_bust.qty++;
    fills_init(&f);
    assert_true(tell(&f, BUY_1));
    assert_true(tell(&f, wrong));
    assert_true(tell(&f, split("s-1", "GOOG")));
    assert_true(tell(&f, entries_bust(entries_execution("o", "f-9", PUT, SIDE_SELL, 5, "1", "0"), "b-9", 0)));
    fills_digest(&f, &out);
    assert_true(restores(&again, k, k->size));
    fills_digest(&again, &again_out);
    assert_int_equal(k[0].size, k[1].size);
    assert_memory_equal(k[0].bytes, k[1].bytes, k->size);
    const struct entry right = entries_bust(BUY_1, "b-2", 0);
    assert_int_equal(fills_judge(&again, &right.as.fill_bust), FILLS_SPLIT);
    assert_int_equal(fills_judge(&again, &wrong.as.fill_bust), FILLS_DIFFERS);
    fills_release(&again);
    for (size_t size = 0; size < k->size; size++) {
        assert_false(restores(&again, k, size));
        fills_release(&again);
    }
    fills_release(&f);
    free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_bust_must_say_all_that_the_execution_said),
        cmocka_unit_test(test_only_an_execution_is_taken_back_and_once),
        cmocka_unit_test(test_what_was_split_since_is_not_taken_back),
        cmocka_unit_test(test_a_bust_that_came_first_waits_for_what_it_says),
        cmocka_unit_test(test_what_is_restored_judges_the_same_and_a_part_of_it_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
