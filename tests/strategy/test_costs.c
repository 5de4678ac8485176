#include "strategy/costs.h"
#include "support/entries.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define PUT "GOOG  151231P00600000"

static struct costs schedule(void)
{
    struct costs c;
    struct setting_group group = {NULL, 0, 0};

    group.rows = costs_rows(&group.count);
    settings_defaults(&group, &c);
    return c;
}

static void test_an_order_costs_commission_with_a_minimum_and_fees(void **state)
{
    const struct costs c = schedule();
    static const struct {
        const char *symbol;
        int64_t qty;
        const char *cost;
    } rows[] = {
        {PUT, 0, "0"},    /* what trades nothing costs nothing */
        {PUT, 1, "1.03"}, /* 0.65 is below the minimum of 1 */
        {PUT, 2, "1.36"}, /* 1.30 is above it */
        {PUT, 5, "3.4"},        {"GOOG", 1, "1"},     {"GOOG", 200, "1"}, /* exactly the minimum */
        {"GOOG", 201, "1.005"}, {"GOOG", 500, "2.5"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct symbol s = entries_symbol(rows[i].symbol);
        int64_t micro = -1;
        assert_int_equal(costs_of_order(&c, &s, rows[i].qty, &micro, NULL), ERR_OK);
        assert_int_equal(micro, entries_money(rows[i].cost));
    }
}

static void test_the_parts_of_an_order_cost_what_the_whole_does(void **state)
{
    const struct costs c = schedule();
    const struct symbol put = entries_symbol(PUT);
    static const struct {
        int64_t qty;
        const char *cost;
    } fills[] = {{1, "1.03"}, {1, "0.33"}, {3, "2.04"}};
    int64_t filled = 0;
    int64_t sum = 0;
    int64_t whole = 0;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        int64_t micro = -1;
        assert_int_equal(costs_of_fill(&c, &put, filled, fills[i].qty, &micro, NULL), ERR_OK);
        assert_int_equal(micro, entries_money(fills[i].cost));
        filled += fills[i].qty;
        sum += micro;
    }
    assert_int_equal(costs_of_order(&c, &put, 5, &whole, NULL), ERR_OK);
    assert_int_equal(sum, whole);
}

static void test_settlement_is_a_fee_per_contract(void **state)
{
    struct costs c = schedule();
    int64_t micro = -1;

    (void)state;
    assert_int_equal(costs_of_settlement(&c, 5, &micro, NULL), ERR_OK);
    assert_int_equal(micro, 0);
    c.fee_settlement = entries_money("1.5");
    assert_int_equal(costs_of_settlement(&c, 5, &micro, NULL), ERR_OK);
    assert_int_equal(micro, entries_money("7.5"));
}

static void test_costs_that_do_not_fit_are_an_error(void **state)
{
    const struct costs c = schedule();
    const struct symbol put = entries_symbol(PUT);
    int64_t micro = 7;

    (void)state;
    assert_int_equal(costs_of_order(&c, &put, INT64_MAX, &micro, NULL), ERR_RANGE);
    assert_int_equal(costs_of_fill(&c, &put, INT64_MAX, 1, &micro, NULL), ERR_RANGE);
    assert_int_equal(micro, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_order_costs_commission_with_a_minimum_and_fees),
        cmocka_unit_test(test_the_parts_of_an_order_cost_what_the_whole_does),
        cmocka_unit_test(test_settlement_is_a_fee_per_contract),
        cmocka_unit_test(test_costs_that_do_not_fit_are_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
