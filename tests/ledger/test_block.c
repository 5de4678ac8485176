#include "ledger/block.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Three entries: "a", "bb", "ccc", as entries 5, 6 and 7; their leaf hashes begin with 0123, 4567 and 89ab. */
static const uint8_t GOLDEN[] = {0,   3,   0,   1,   0,   2,   0,   3,   '0', '1', '2', '3', '4',
                                 '5', '6', '7', '8', '9', 'a', 'b', 'a', 'b', 'b', 'c', 'c', 'c'};
static const struct hash LEAVES[] = {{"0123xxxx"}, {"4567yyyy"}, {"89abzzzz"}};

static void test_a_block_has_these_bytes(void **state)
{
    static const uint32_t ends[] = {11, 13, 16};
    uint8_t value[sizeof GOLDEN];

    (void)state;
    assert_int_equal(block_size(ends, 3, 10), sizeof GOLDEN);
    block_write(value, ends, 3, 10, (const uint8_t *)"abbccc", LEAVES);
    assert_memory_equal(value, GOLDEN, sizeof GOLDEN);
}

/* What was written is held against what it was written from: every bit of the value counts. */
static void test_every_flipped_bit_differs(void **state)
{
    static const uint32_t ends[] = {11, 13, 16};
    uint8_t value[sizeof GOLDEN];
    unsigned differ = 0;

    (void)state;
    for (size_t bit = 0; bit < 8 * sizeof value; bit++) {
        struct block b;
        memcpy(value, GOLDEN, sizeof value);
        value[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (block_open(&b, 7, value, sizeof value, NULL)) {
            differ++;
            continue;
        }
        const uint32_t first = block_differs(&b, ends, 3, 10, (const uint8_t *)"abbccc", LEAVES);
        assert_true(first < 3);
        if (bit >= 8 * 21) /* within the second entry and the third */
            assert_int_equal(first, bit < 8 * 23 ? 1 : 2);
        differ++;
    }
    assert_int_equal(differ, 8 * sizeof value);
    /* Lengths that only change places fit into the block. */
    static const uint8_t swapped[] = {0,   3,   0,   2,   0,   1,   0,   3,   '0', '1', '2', '3', '4',
                                      '5', '6', '7', '8', '9', 'a', 'b', 'a', 'b', 'b', 'c', 'c', 'c'};
    struct block b;
    assert_int_equal(block_open(&b, 7, swapped, sizeof swapped, NULL), ERR_OK);
    assert_int_equal(block_differs(&b, ends, 3, 10, (const uint8_t *)"abbccc", LEAVES), 0);
    assert_int_equal(block_open(&b, 7, GOLDEN, sizeof GOLDEN, NULL), ERR_OK);
    assert_int_equal(block_differs(&b, ends, 3, 10, (const uint8_t *)"abbccc", LEAVES), 3);
}

static void test_entries_are_found_in_any_order(void **state)
{
    static const uint64_t order[] = {5, 6, 7, 5, 7, 6, 5};
    static const char *const texts[] = {"a", "bb", "ccc"};
    struct block b;

    (void)state;
    block_init(&b);
    assert_false(block_holds(&b, 0));
    assert_int_equal(block_open(&b, 7, GOLDEN, sizeof GOLDEN, NULL), ERR_OK);
    assert_false(block_holds(&b, 4));
    assert_true(block_holds(&b, 5));
    assert_true(block_holds(&b, 7));
    assert_false(block_holds(&b, 8));
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        const char *const text = texts[order[i] - 5];
        size_t size = 0;
        const uint8_t *const bytes = block_entry(&b, order[i], &size);
        assert_int_equal(size, strlen(text));
        assert_memory_equal(bytes, text, size);
    }
}

static void test_a_damaged_block_is_refused_and_leaves_the_reader_alone(void **state)
{
    uint8_t bytes[sizeof GOLDEN + 1];
    struct block b;
    struct err err;

    (void)state;
    block_init(&b);
    for (size_t size = 0; size < sizeof GOLDEN; size++) { /* cut at each byte */
        uint8_t *const cut = malloc(size + 1); /* exactly its size, so that ASan sees a step over */
        uint8_t *const exact = realloc(cut, size ? size : 1);
        memcpy(exact, GOLDEN, size);
        assert_int_equal(block_open(&b, 7, exact, size, &err), ERR_FORMAT);
        free(exact);
    }
    memcpy(bytes, GOLDEN, sizeof GOLDEN);
    bytes[sizeof GOLDEN] = 'd'; /* a byte too many */
    assert_int_equal(block_open(&b, 7, bytes, sizeof bytes, &err), ERR_FORMAT);
    for (size_t i = 0; i < 8 * 8; i++) { /* any flipped bit of count and lengths */
        memcpy(bytes, GOLDEN, sizeof GOLDEN);
        bytes[i / 8] ^= (uint8_t)(1u << i % 8);
        assert_int_equal(block_open(&b, 7, bytes, sizeof GOLDEN, &err), ERR_FORMAT);
    }
    assert_int_equal(block_open(&b, 2, GOLDEN, sizeof GOLDEN, &err), ERR_FORMAT); /* 3 entries end with 2? */
    assert_int_equal(b.last, 0);
    assert_int_equal(block_open(&b, 3, GOLDEN, sizeof GOLDEN, &err), ERR_OK);
    assert_int_equal(b.first, 1);

    static const uint8_t empty[] = {0, 2, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 'x'};
    assert_int_equal(block_open(&b, 9, empty, sizeof empty, &err), ERR_FORMAT);
    assert_string_equal(err.text, "entry 8 is damaged: its length is zero");
}

static void test_blocks_are_cut_at_the_bound(void **state)
{
    /* 2 + 6 * 3 bytes of table: three entries that fill a block to the byte, then one byte more. */
    const uint32_t exact[] = {2000, 4000, BLOCK_SIZE_MAX - 20};
    const uint32_t over[] = {2000, 4000, BLOCK_SIZE_MAX - 19};
    const uint32_t large[] = {65535, 65536};
    static uint32_t small[2000];

    (void)state;
    assert_int_equal(block_fit(exact, 3, 0), 3);
    assert_int_equal(block_size(exact, 3, 0), BLOCK_SIZE_MAX);
    assert_int_equal(block_fit(over, 3, 0), 2);
    assert_int_equal(block_fit(large, 2, 0), 1); /* larger than any block: one of its own */
    for (uint32_t i = 0; i < 2000; i++)
        small[i] = 1000 + 48 * (i + 1);
    assert_int_equal(block_fit(small, 2000, 1000), (BLOCK_SIZE_MAX - 2) / 54);
    assert_int_equal(block_fit(small, 7, 1000), 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_block_has_these_bytes),
        cmocka_unit_test(test_every_flipped_bit_differs),
        cmocka_unit_test(test_entries_are_found_in_any_order),
        cmocka_unit_test(test_a_damaged_block_is_refused_and_leaves_the_reader_alone),
        cmocka_unit_test(test_blocks_are_cut_at_the_bound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
