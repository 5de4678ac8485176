#include "ledger/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/failing.h"

struct row {
    uint8_t key[5]; /* no multiple of a machine word */
    uint8_t pad[3];
    uint64_t value;
};

static struct err err;

static void key_of(uint32_t n, uint8_t key[5])
{
    key[0] = (uint8_t)(n >> 24);
    key[1] = (uint8_t)(n >> 16);
    key[2] = (uint8_t)(n >> 8);
    key[3] = (uint8_t)n;
    key[4] = 'k';
}

static struct row *put(struct table *t, uint32_t n)
{
    uint8_t key[5];
    void *row = NULL;

    key_of(n, key);
    assert_int_equal(table_put(t, key, &row, &err), ERR_OK);
    return row;
}

static struct row *find(const struct table *t, uint32_t n)
{
    uint8_t key[5];

    key_of(n, key);
    return table_find(t, key);
}

static void test_empty_table_finds_nothing_and_owns_nothing(void **state)
{
    struct table t;

    (void)state;
    table_init(&t, sizeof(struct row), 5);
    assert_null(find(&t, 0));
    assert_null(t.rows);
    assert_null(t.slots.at);
    table_release(&t);
    table_release(&t); /* twice is harmless */
}

static void test_put_gives_a_zeroed_row_once_and_the_same_row_after(void **state)
{
    struct table t;

    (void)state;
    table_init(&t, sizeof(struct row), 5);
    struct row *row = put(&t, 7);
    assert_int_equal(row->value, 0);
    assert_int_equal(row->key[3], 7);
    row->value = 70;
    assert_int_equal(put(&t, 7)->value, 70);
    assert_int_equal(t.count, 1);
    table_release(&t);
}

static void test_rows_keep_the_order_of_first_appearance(void **state)
{
    const uint32_t rows = 50000; /* past many growths */
    struct table t;

    (void)state;
    table_init(&t, sizeof(struct row), 5);
    for (uint32_t i = 0; i < rows; i++)
        put(&t, i * 2654435761U)->value = i;
    for (uint32_t i = 0; i < rows; i += 3)
        put(&t, i * 2654435761U)->value += 0; /* seen again: no new row */
    assert_int_equal(t.count, rows);
    for (uint32_t i = 0; i < rows; i++) {
        assert_int_equal(((struct row *)table_at(&t, i))->value, i);
        assert_int_equal(find(&t, i * 2654435761U)->value, i);
    }
    for (uint32_t i = rows; i < 2 * rows; i++)
        assert_null(find(&t, i * 2654435761U));
    table_release(&t);
}

static void test_every_byte_of_the_key_counts(void **state)
{
    struct table t;
    uint8_t key[19] = {0};
    void *row = NULL;

    (void)state;
    table_init(&t, 24, sizeof key);
    assert_int_equal(table_put(&t, key, &row, &err), ERR_OK);
    for (size_t i = 0; i < sizeof key; i++) {
        for (int bit = 0; bit < 8; bit++) {
            key[i] ^= (uint8_t)(1 << bit);
            assert_null(table_find(&t, key));
            key[i] ^= (uint8_t)(1 << bit);
        }
    }
    assert_non_null(table_find(&t, key));
    table_release(&t);
}

static void test_after_reserve_as_many_puts_cannot_fail(void **state)
{
    struct table t;

    (void)state;
    table_init(&t, sizeof(struct row), 5);
    put(&t, 1);
    for (uint32_t extra = 1; extra < 100; extra++) {
        assert_int_equal(table_reserve(&t, extra, &err), ERR_OK);
        failing_at(0);
        for (uint32_t i = 0; i < extra; i++)
            put(&t, extra * 1000 + i);
        assert_false(failing_happened());
    }
    table_release(&t);
}

static void test_each_allocation_that_fails_leaves_the_table_as_it_was(void **state)
{
    uint32_t failures = 0;
    struct table t;

    (void)state;
    table_init(&t, sizeof(struct row), 5);
    for (uint32_t i = 0; i < 1000; i++) {
        for (int n = 0;; n++) {
            uint8_t key[5];
            void *const untouched = &t;
            void *row = untouched;
            key_of(i, key);
            failing_at(n);
            const enum err_code rc = table_put(&t, key, &row, &err);
            if (!failing_happened()) {
                assert_int_equal(rc, ERR_OK);
                break;
            }
            failures++;
            assert_int_equal(rc, ERR_MEMORY);
            assert_ptr_equal(row, untouched);
            assert_int_equal(t.count, i);
            assert_null(table_find(&t, key));
            for (uint32_t old = 0; old < i; old++)
                assert_int_equal(find(&t, old)->value, old);
        }
        find(&t, i)->value = i;
    }
    assert_true(failures >= 10); /* rows and index, at each growth */
    table_release(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty_table_finds_nothing_and_owns_nothing),
        cmocka_unit_test(test_put_gives_a_zeroed_row_once_and_the_same_row_after),
        cmocka_unit_test(test_rows_keep_the_order_of_first_appearance),
        cmocka_unit_test(test_every_byte_of_the_key_counts),
        cmocka_unit_test(test_after_reserve_as_many_puts_cannot_fail),
        cmocka_unit_test(test_each_allocation_that_fails_leaves_the_table_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
