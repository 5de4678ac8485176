/* Key epochs as a story: what an entry says, and who seals what afterwards. */
#include "ledger/epochs.h"
#include "support/entries.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct entry key_entry(int64_t epoch, uint8_t fill, uint32_t owner)
{
    struct entry e = entries_draft(ENTRY_CONTROL_KEY);

    e.as.control_key.epoch = epoch;
    memset(e.as.control_key.key.bytes, fill, EPOCHS_KEY_SIZE);
    e.actor = owner;
    e.is_signed = owner != 0;
    return e;
}

static struct entry genesis_entry(uint8_t fill)
{
    struct entry e = entries_draft(ENTRY_CONTROL_GENESIS);

    memset(e.as.control_genesis.key.bytes, fill, EPOCHS_KEY_SIZE);
    return e;
}

static void test_each_size_is_sealed_by_one_key(void **state)
{
    static const struct {
        uint64_t seq;
        uint32_t owner;
    } changes[] = {{10, 0}, {11, 0}, {20, 3}, {21, 0}};
    static const struct {
        uint64_t size;
        size_t epoch;
    } rows[] = {{1, 0},  {10, 0}, {11, 1}, {12, 2}, {19, 2},        {20, 3},
                {21, 3}, {22, 4}, {23, 4}, {9, 0},  {UINT64_MAX, 4}};
    struct epochs e;
    struct entry entry = genesis_entry(100);

    (void)state;
    epochs_init(&e);
    assert_int_equal(epochs_apply(&e, &entry, 1, 7, NULL), ERR_OK);
    entry = entries_note("no word on keys");
    assert_int_equal(epochs_apply(&e, &entry, 2, 8, NULL), ERR_OK);
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        entry = key_entry((int64_t)i + 1, (uint8_t)i, changes[i].owner);
        assert_int_equal(epochs_apply(&e, &entry, changes[i].seq, 9, NULL), ERR_OK);
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(epochs_at(&e, rows[i].size), rows[i].epoch);
    assert_int_equal(epochs_newest(&e)->entry, 21);
    assert_int_equal(epochs_newest(&e)->key[0], 3);
    assert_int_equal(e.rows[3].owner, 3);
    epochs_cut(&e, 3);
    assert_int_equal(epochs_at(&e, 30), 2);
    epochs_release(&e);
}

static void test_what_is_out_of_order_changes_nothing(void **state)
{
    const struct entry entries[] = {genesis_entry(9),     key_entry(0, 5, 0),   key_entry(1, 5, 0),
                                    key_entry(3, 5, 0),   key_entry(2, 100, 0), /* genesis' own */
                                    key_entry(2, 101, 0),                       /* of epoch 1 */
                                    key_entry(2, 101, 1)};
    struct epochs e;
    struct entry entry = key_entry(0, 1, 0);
    struct err err = {.code = ERR_OK};

    (void)state;
    epochs_init(&e);
    assert_int_equal(epochs_apply(&e, &entry, 2, 0, &err), ERR_CHAIN); /* before genesis */
    entry = genesis_entry(100);
    assert_int_equal(epochs_apply(&e, &entry, 1, 0, &err), ERR_OK);
    entry = key_entry(1, 101, 0);
    assert_int_equal(epochs_apply(&e, &entry, 5, 0, &err), ERR_OK);
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        assert_int_equal(epochs_apply(&e, &entries[i], 9, 0, &err), ERR_CHAIN);
        assert_int_equal(e.count, 2);
    }
    entry = key_entry(2, 102, 0);
    assert_int_equal(epochs_apply(&e, &entry, 9, 0, &err), ERR_OK);
    epochs_release(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_size_is_sealed_by_one_key),
        cmocka_unit_test(test_what_is_out_of_order_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
