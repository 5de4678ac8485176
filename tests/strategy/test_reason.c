#include "strategy/reason.h"
#include "support/entries.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_numbers_read_as_people_write_them(void **state)
{
    struct reason r;

    (void)state;
    reason_begin(&r);
    reason_add(&r, "at ");
    reason_add_price(&r, entries_price("748.54"));
    reason_add(&r, ", ");
    reason_add_price(&r, PRICE_NONE);
    reason_add(&r, ", ");
    reason_add_money(&r, entries_money("31235"));
    reason_add(&r, ", ");
    reason_add_percent(&r, entries_rate("0.17171"));
    assert_string_equal(r.text, "at 748.54, not known, 31235.00, 17.17 %");
    const struct text t = reason_text(&r);
    assert_int_equal(t.length, strlen(r.text));
    assert_ptr_equal(t.bytes, r.text);
}

static void test_each_unit_and_rule_of_a_check_in_words(void **state)
{
    static const struct {
        int64_t value;
        enum rule rule;
        int64_t bound;
        enum unit unit;
        const char *words;
    } rows[] = {
        {400000000, RULE_AT_LEAST, 300000000, UNIT_PRICE, "x is 0.4, must be at least 0.3"},
        {-512000000, RULE_AT_MOST, -500000000, UNIT_MONEY, "x is -512.00, must be at most -500.00"},
        {150000000, RULE_ABOVE, 200000000, UNIT_RATE, "x is 15.00 %, must be above 20.00 %"},
        {10, RULE_BELOW, 10, UNIT_COUNT, "x is 10, must be below 10"},
        {61, RULE_AT_MOST, 60, UNIT_SECONDS, "x is 61 s, must be at most 60 s"},
        {1, RULE_EQUAL, 0, UNIT_FLAG, "x is true, must be equal to false"},
        {CHECK_VALUE_NONE, RULE_AT_MOST, 0, UNIT_PRICE, "x is not known"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct checks checks = {0};
        struct reason r;
        reason_begin(&r);
        checks_add(&checks, "x", rows[i].value, rows[i].rule, rows[i].bound, rows[i].unit);
        reason_add_check(&r, &checks.rows[0]);
        assert_string_equal(r.text, rows[i].words);
    }
}

static void test_only_what_failed_is_said(void **state)
{
    struct checks checks = {0};
    struct reason r;

    (void)state;
    checks_add(&checks, "a", 1, RULE_EQUAL, 0, UNIT_FLAG);
    checks_add(&checks, "b", 1, RULE_AT_MOST, 1, UNIT_COUNT);
    checks_add(&checks, "c", 2, RULE_AT_MOST, 1, UNIT_COUNT);
    reason_begin(&r);
    assert_int_equal(reason_add_failed(&r, &checks), 2);
    assert_string_equal(r.text, "a is true, must be equal to false; c is 2, must be at most 1");
}

static void test_what_does_not_fit_is_cut(void **state)
{
    struct reason r;

    (void)state;
    reason_begin(&r);
    for (int i = 0; i < REASON_SIZE; i++)
        reason_add(&r, "abc");
    assert_int_equal(r.length, REASON_SIZE - 1);
    assert_int_equal(strlen(r.text), REASON_SIZE - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_read_as_people_write_them),
        cmocka_unit_test(test_each_unit_and_rule_of_a_check_in_words),
        cmocka_unit_test(test_only_what_failed_is_said),
        cmocka_unit_test(test_what_does_not_fit_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
