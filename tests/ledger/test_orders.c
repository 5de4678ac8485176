#include "ledger/orders.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/digests.h"
#include "support/entries.h"
#include "support/failing.h"

#define COUNT(a)             (sizeof(a) / sizeof(a)[0])

#define PUT                  "GOOG  151224P00750000"

#define NEW                  entries_order("o-1", PUT, SIDE_SELL, 5, "0.40")
#define ACKNOWLEDGED         entries_acknowledged("o-1", "b-1")
#define CANCEL               entries_cancel("o-1", "the day is over")
#define CANCELLED            entries_cancelled("o-1", "as you wish")
#define REJECTED             entries_rejected("o-1", "no")
#define EXPIRED              entries_expired("o-1")
#define FILL(id, qty, price) entries_execution("o-1", id, PUT, SIDE_SELL, qty, price, "0.65")

static struct err err;

/* After each step: the order's status, how much of it is filled, for how much, and how many orders are open. */
struct step {
    struct entry e;
    enum order_status status;
    int64_t filled_qty;
    const char *filled;
    uint32_t open_count;
};

static void tell(const struct step *steps, size_t count)
{
    const struct id id = id_from("o-1");
    struct orders o;

    orders_init(&o);
    for (size_t i = 0; i < count; i++) {
        const struct entry e = entries_placed(steps[i].e, i + 1, NULL);
        if (orders_apply(&o, &e, &err))
            fail_msg("step %zu: %s", i + 1, err.text);
        const struct order *const row = orders_find(&o, &id);
        assert_non_null(row);
        if (row->status != steps[i].status)
            fail_msg("step %zu: %s, not %s", i + 1, order_status_name(row->status),
                     order_status_name(steps[i].status));
        assert_int_equal(row->filled_qty, steps[i].filled_qty);
        assert_int_equal(row->filled_micro, entries_money(steps[i].filled));
        assert_int_equal(o.open_count, steps[i].open_count);
        assert_int_equal(order_is_open(row), steps[i].open_count == 1);
    }
    orders_release(&o);
}

#define TELL(...)                                                                                            \
    do {                                                                                                     \
        const struct step told[] = {__VA_ARGS__};                                                            \
        tell(told, COUNT(told));                                                                             \
    } while (0)

static void test_sent_acknowledged_filled_in_parts(void **state)
{
    (void)state;
    TELL({NEW, ORDER_SENT, 0, "0", 1}, {ACKNOWLEDGED, ORDER_WORKING, 0, "0", 1},
         {FILL("1", 2, "0.40"), ORDER_WORKING, 2, "80", 1}, {FILL("1", 2, "0.40"), ORDER_WORKING, 2, "80", 1},
         {FILL("2", 3, "0.41"), ORDER_FILLED, 5, "203", 0}, {ACKNOWLEDGED, ORDER_FILLED, 5, "203", 0},
         {CANCELLED, ORDER_FILLED, 5, "203", 0}, {FILL("3", 1, "0.41"), ORDER_FILLED, 6, "244", 0});
}

static void test_a_fill_is_an_answer_too(void **state)
{
    (void)state;
    TELL({NEW, ORDER_SENT, 0, "0", 1}, {FILL("1", 4, "0.40"), ORDER_WORKING, 4, "160", 1},
         {FILL("2", 1, "0.40"), ORDER_FILLED, 5, "200", 0});
    TELL({NEW, ORDER_SENT, 0, "0", 1}, {FILL("1", 5, "0.40"), ORDER_FILLED, 5, "200", 0});
}

static void test_a_bust_takes_the_fill_back(void **state)
{
#define BUST(id, of) entries_bust(FILL(of, 2, "0.40"), id, 0)
    (void)state;
    TELL({NEW, ORDER_SENT, 0, "0", 1}, {FILL("1", 2, "0.40"), ORDER_WORKING, 2, "80", 1},
         {BUST("b1", "1"), ORDER_WORKING, 0, "0", 1}, {BUST("b1", "1"), ORDER_WORKING, 0, "0", 1},
         {BUST("b2", "1"), ORDER_WORKING, 0, "0", 1}, {FILL("1", 2, "0.40"), ORDER_WORKING, 0, "0", 1},
         {FILL("2", 5, "0.40"), ORDER_FILLED, 5, "200", 0});
    /* nobody works the rest of what was whole; the corrected execution makes it whole again */
    TELL({NEW, ORDER_SENT, 0, "0", 1}, {FILL("1", 2, "0.40"), ORDER_WORKING, 2, "80", 1},
         {FILL("2", 3, "0.40"), ORDER_FILLED, 5, "200", 0}, {BUST("b1", "1"), ORDER_CANCELLED, 3, "120", 0},
         {FILL("1c", 2, "0.41"), ORDER_FILLED, 5, "202", 0});
    /* taken back before it was told */
    TELL({NEW, ORDER_SENT, 0, "0", 1}, {BUST("b1", "1"), ORDER_SENT, 0, "0", 1},
         {FILL("1", 2, "0.40"), ORDER_SENT, 0, "0", 1});
    /* one that does not fit takes nothing back, and one that waited for something else swallows nothing */
    TELL({NEW, ORDER_SENT, 0, "0", 1}, {FILL("1", 5, "0.40"), ORDER_FILLED, 5, "200", 0},
         {BUST("b1", "1"), ORDER_FILLED, 5, "200", 0});
    TELL({NEW, ORDER_SENT, 0, "0", 1}, {BUST("b1", "1"), ORDER_SENT, 0, "0", 1},
         {FILL("1", 5, "0.40"), ORDER_FILLED, 5, "200", 0});
#undef BUST
}

static void test_cancel_and_what_crosses_it(void **state)
{
    (void)state;
    TELL({NEW, ORDER_SENT, 0, "0", 1}, {ACKNOWLEDGED, ORDER_WORKING, 0, "0", 1},
         {CANCEL, ORDER_CANCEL_ASKED, 0, "0", 1}, {ACKNOWLEDGED, ORDER_CANCEL_ASKED, 0, "0", 1},
         {FILL("1", 1, "0.40"), ORDER_CANCEL_ASKED, 1, "40", 1}, {CANCELLED, ORDER_CANCELLED, 1, "40", 0},
         {CANCEL, ORDER_CANCELLED, 1, "40", 0}, {FILL("2", 1, "0.40"), ORDER_CANCELLED, 2, "80", 0},
         {FILL("3", 3, "0.40"), ORDER_FILLED, 5, "200", 0});
    TELL({NEW, ORDER_SENT, 0, "0", 1}, {CANCEL, ORDER_CANCEL_ASKED, 0, "0", 1},
         {FILL("1", 5, "0.40"), ORDER_FILLED, 5, "200", 0}, {CANCELLED, ORDER_FILLED, 5, "200", 0});
    /* the broker cancels by itself */
    TELL({NEW, ORDER_SENT, 0, "0", 1}, {CANCELLED, ORDER_CANCELLED, 0, "0", 0});
}

static void test_rejected_and_expired_are_final(void **state)
{
    (void)state;
    TELL({NEW, ORDER_SENT, 0, "0", 1}, {REJECTED, ORDER_REJECTED, 0, "0", 0},
         {ACKNOWLEDGED, ORDER_REJECTED, 0, "0", 0}, {EXPIRED, ORDER_REJECTED, 0, "0", 0},
         {CANCEL, ORDER_REJECTED, 0, "0", 0});
    TELL({NEW, ORDER_SENT, 0, "0", 1}, {ACKNOWLEDGED, ORDER_WORKING, 0, "0", 1},
         {EXPIRED, ORDER_DAY_OVER, 0, "0", 0}, {CANCELLED, ORDER_DAY_OVER, 0, "0", 0},
         {REJECTED, ORDER_DAY_OVER, 0, "0", 0});
    TELL({NEW, ORDER_SENT, 0, "0", 1}, {CANCEL, ORDER_CANCEL_ASKED, 0, "0", 1},
         {REJECTED, ORDER_REJECTED, 0, "0", 0});
    TELL({NEW, ORDER_SENT, 0, "0", 1}, {CANCEL, ORDER_CANCEL_ASKED, 0, "0", 1},
         {EXPIRED, ORDER_DAY_OVER, 0, "0", 0});
}

static void test_answers_about_orders_never_sent_stay_unknown(void **state)
{
    const struct entry answers[] = {ACKNOWLEDGED, CANCEL, CANCELLED, REJECTED, EXPIRED};

    (void)state;
    for (size_t i = 0; i < COUNT(answers); i++)
        TELL({answers[i], ORDER_UNKNOWN, 0, "0", 0}, {FILL("1", 2, "0.40"), ORDER_UNKNOWN, 2, "80", 0});
    /* and become ours when the order turns up after all */
    TELL({FILL("1", 2, "0.40"), ORDER_UNKNOWN, 2, "80", 0}, {NEW, ORDER_SENT, 2, "80", 1},
         {FILL("2", 3, "0.40"), ORDER_FILLED, 5, "200", 0});
    TELL({FILL("1", 5, "0.40"), ORDER_UNKNOWN, 5, "200", 0}, {NEW, ORDER_FILLED, 5, "200", 0});
}

static void test_rows_remember_what_was_sent_and_when(void **state)
{
    const struct id id = id_from("o-1");
    struct orders o;
    struct entry e;

    (void)state;
    orders_init(&o);
    e = entries_caused(entries_placed(NEW, 10, "2015-12-24T14:31:00Z"), 9);
    assert_int_equal(orders_apply(&o, &e, &err), ERR_OK);
    e = entries_placed(entries_order("o-1", "AAPL", SIDE_BUY, 7, NULL), 11, NULL); /* the id is taken */
    assert_int_equal(orders_apply(&o, &e, &err), ERR_OK);
    e = entries_placed(FILL("1", 2, "0.40"), 12, NULL);
    assert_int_equal(orders_apply(&o, &e, &err), ERR_OK);
    e = entries_placed(ACKNOWLEDGED, 13, NULL);
    assert_int_equal(orders_apply(&o, &e, &err), ERR_OK);
    const struct order *const row = orders_find(&o, &id);
    assert_string_equal(row->symbol.text, PUT);
    assert_int_equal(row->side, SIDE_SELL);
    assert_int_equal(row->qty, 5);
    assert_int_equal(row->type, ORDER_TYPE_LIMIT);
    assert_int_equal(row->limit_nano, entries_price("0.40"));
    assert_int_equal(row->seq, 10);
    assert_int_equal(row->cause, 9);
    assert_int_equal(row->last_fill_seq, 12);
    assert_int_equal(row->last_seq, 13);
    assert_int_equal(row->at_ns, entries_instant("2015-12-24T14:31:00Z"));
    assert_int_equal(o.open_count, 1);
    orders_release(&o);
}

static void test_a_fill_id_of_any_kind_counts_once(void **state)
{
    const struct entry before[] = {
        entries_assignment("1", PUT, 1, "1", "0"),
        entries_exercise("1", PUT, 1, "1", "0"),
        entries_expiration("1", PUT, 1, "1"),
        entries_settlement("1", PUT, 1, "1", "0"),
        entries_deposit("1", "5"),
    };

    (void)state;
    for (size_t i = 0; i < COUNT(before); i++) {
        const struct id id = id_from("o-1");
        struct orders o;
        orders_init(&o);
        assert_int_equal(orders_apply(&o, &before[i], &err), ERR_OK);
        const struct entry e = FILL("1", 5, "0.40");
        assert_int_equal(orders_apply(&o, &e, &err), ERR_OK);
        assert_null(orders_find(&o, &id));
        orders_release(&o);
    }
}

static void test_other_kinds_change_nothing(void **state)
{
    struct orders o;
    size_t count;
    const struct entry_kind_info *const kinds = entry_kinds(&count);

    (void)state;
    orders_init(&o);
    const uint64_t before = digests_of(&orders_row, &o);
    for (size_t i = 0; i < count; i++) {
        if (entry_family(kinds[i].kind) == FAMILY_FILL || entry_family(kinds[i].kind) == FAMILY_ORDER)
            continue;
        if (kinds[i].kind == ENTRY_CONTROL_ACTOR)
            continue; /* one more who may be the governor */
        const struct entry e = entries_placed(entries_draft(kinds[i].kind), i + 1, NULL);
        assert_int_equal(orders_apply(&o, &e, &err), ERR_OK);
        assert_true(digests_of(&orders_row, &o) == before);
    }
    orders_release(&o);
}

static void test_overflow_moves_nothing(void **state)
{
    static const struct {
        int64_t qty;
        const char *price;
        int64_t more;
        const char *more_price;
        enum err_code rc;
    } ROWS[] = {
        {INT64_MAX - 1, "0", 1, "0", ERR_OK},
        {INT64_MAX, "0", 1, "0", ERR_RANGE},
        {10, "9223372036.854775807", 1, "0.000000005", ERR_OK},   /* full to the last millionth: 0.5 is 0 */
        {10, "9223372036.854775807", 1, "0.00000001", ERR_RANGE}, /* one is too many */
        {1, "1", INT64_MAX / 100, "9223372036.854775807", ERR_RANGE}, /* the fill's own money */
    };

    (void)state;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct orders o;
        orders_init(&o);
        struct entry e = entries_placed(FILL("1", ROWS[i].qty, ROWS[i].price), 1, NULL);
        assert_int_equal(orders_apply(&o, &e, &err), ERR_OK);
        const uint64_t before = digests_of(&orders_row, &o);
        e = entries_placed(FILL("2", ROWS[i].more, ROWS[i].more_price), 2, NULL);
        assert_int_equal(orders_apply(&o, &e, &err), ROWS[i].rc);
        assert_int_equal(digests_of(&orders_row, &o) == before, ROWS[i].rc != ERR_OK);
        orders_release(&o);
    }
}

static void test_a_fill_told_again_is_none_even_if_it_does_not_fit(void **state)
{
    struct orders o;

    (void)state;
    orders_init(&o);
    struct entry e = entries_placed(FILL("1", 1, "1"), 1, NULL);
    assert_int_equal(orders_apply(&o, &e, &err), ERR_OK);
    const uint64_t before = digests_of(&orders_row, &o);
    e = entries_placed(FILL("1", INT64_MAX, "1"), 2, NULL);
    assert_int_equal(orders_apply(&o, &e, &err), ERR_OK);
    e = entries_placed(entries_execution("another", "1", PUT, SIDE_SELL, 1, "1", "0"), 3, NULL);
    assert_int_equal(orders_apply(&o, &e, &err), ERR_OK);
    assert_true(digests_of(&orders_row, &o) == before);
    orders_release(&o);
}

static struct entry varied(uint64_t seq)
{
    char text[3] = {(char)('a' + seq % 26), (char)('a' + seq / 26 % 26), '\0'};
    char order[3] = {(char)('a' + seq / 3 % 26), (char)('a' + seq / 78 % 26), '\0'};

    switch (seq % 3) {
    case 0: return entries_placed(entries_order(order, PUT, SIDE_SELL, 5, "1"), seq, NULL);
    case 1: return entries_placed(entries_acknowledged(text, "b"), seq, NULL);
    default: return entries_placed(entries_execution(text, text, PUT, SIDE_SELL, 5, "1", "0"), seq, NULL);
    }
}

static void test_each_allocation_that_fails_moves_nothing(void **state)
{
    struct orders o;
    unsigned failures = 0;

    (void)state;
    orders_init(&o);
    for (uint64_t seq = 1; seq <= 300; seq++) {
        const struct entry e = varied(seq);
        const uint64_t before = digests_of(&orders_row, &o);
        for (int n = 0;; n++) {
            failing_at(n);
            const enum err_code rc = orders_apply(&o, &e, &err);
            if (!failing_happened()) {
                assert_int_equal(rc, ERR_OK);
                break;
            }
            failures++;
            assert_int_equal(rc, ERR_MEMORY);
            assert_true(digests_of(&orders_row, &o) == before);
        }
    }
    assert_true(failures > 10);
    orders_release(&o);
}

static void test_digest_sees_every_field(void **state)
{
    struct orders o;

    (void)state;
    orders_init(&o);
    const struct entry e = entries_placed(NEW, 1, "2015-12-24T14:31:00Z");
    assert_int_equal(orders_apply(&o, &e, &err), ERR_OK);
    const uint64_t before = digests_of(&orders_row, &o);
    struct order *const row = table_at(&o.by_id, 0);
    const struct order saved = *row;
    const struct {
        void *field;
    } FIELDS[] = {{row->order_id.text}, {&row->status},     {row->symbol.text},   {&row->side},
                  {&row->qty},          {&row->filled_qty}, {&row->filled_micro}, {&row->type},
                  {&row->limit_nano},   {&row->seq},        {&row->cause},        {&row->last_fill_seq},
                  {&row->last_seq},     {&row->at_ns},      {&o.open_count}};
    for (size_t i = 0; i < COUNT(FIELDS); i++) {
        uint8_t *const byte = FIELDS[i].field;
        byte[0] ^= 1;
        assert_true(digests_of(&orders_row, &o) != before);
        byte[0] ^= 1;
    }
    assert_memory_equal(row, &saved, sizeof saved);
    assert_true(digests_of(&orders_row, &o) == before);
    orders_release(&o);
}

static void test_every_status_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (int i = ORDER_UNKNOWN; i <= ORDER_DAY_OVER; i++) {
        assert_string_not_equal(order_status_name((enum order_status)i), "none");
        for (int n = ORDER_UNKNOWN; n < i; n++)
            assert_string_not_equal(order_status_name((enum order_status)i),
                                    order_status_name((enum order_status)n));
    }
    assert_string_equal(order_status_name((enum order_status)0), "none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sent_acknowledged_filled_in_parts),
        cmocka_unit_test(test_a_fill_is_an_answer_too),
        cmocka_unit_test(test_a_bust_takes_the_fill_back),
        cmocka_unit_test(test_cancel_and_what_crosses_it),
        cmocka_unit_test(test_rejected_and_expired_are_final),
        cmocka_unit_test(test_answers_about_orders_never_sent_stay_unknown),
        cmocka_unit_test(test_rows_remember_what_was_sent_and_when),
        cmocka_unit_test(test_a_fill_id_of_any_kind_counts_once),
        cmocka_unit_test(test_other_kinds_change_nothing),
        cmocka_unit_test(test_overflow_moves_nothing),
        cmocka_unit_test(test_a_fill_told_again_is_none_even_if_it_does_not_fit),
        cmocka_unit_test(test_each_allocation_that_fails_moves_nothing),
        cmocka_unit_test(test_digest_sees_every_field),
        cmocka_unit_test(test_every_status_has_a_name_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
