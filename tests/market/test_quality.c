/* Data quality as stories of one instrument: the quotes as they come, and what is found beside each. */
#include "market/quality.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NO PRICE_NONE

struct look {
    int day;
    int minute;
    int64_t bid_cents; /* NO: nobody */
    int64_t ask_cents;
    const char *found; /* "zero_bid,jump" */
};

static int64_t price(int64_t cents)
{
    return cents == NO ? PRICE_NONE : cents * (NANO / 100);
}

static void tell(const struct look *looks, size_t count)
{
    const struct quality_limits limits = quality_defaults();
    struct quality q;

    quality_init(&q);
    for (size_t i = 0; i < count; i++) {
        struct quality_found found[QUALITY_FOUND_MAX];
        char text[100] = "";
        const int64_t at_ns = looks[i].day * NS_PER_DAY + looks[i].minute * NS_PER_MINUTE;
        const size_t n = quality_look(&q, &limits, looks[i].day, at_ns, price(looks[i].bid_cents),
                                      price(looks[i].ask_cents), found);
        for (size_t k = 0; k < n; k++)
            snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", k ? "," : "",
                     entry_enum_names(FIELD_FINDING)[found[k].finding]);
        if (strcmp(text, looks[i].found) != 0)
            fail_msg("quote %zu: found \"%s\", wants \"%s\"", i + 1, text, looks[i].found);
    }
}

static void test_a_missing_bid_is_told_once_a_session(void **state)
{
    static const struct look looks[] = {
        {1, 0, 100, 110, ""}, {1, 1, NO, 110, "zero_bid"}, {1, 2, NO, 110, ""},
        {1, 3, 100, 110, ""}, {1, 4, NO, 110, ""},         {2, 0, NO, 110, "zero_bid"}, /* a new session */
        {2, 1, 100, NO, ""}, /* no ask: nothing to warn a seller of */
    };

    (void)state;
    tell(looks, sizeof looks / sizeof looks[0]);
}

static void test_a_jump_passes_both_bounds(void **state)
{
    static const struct look exactly_a_quarter[] = {{1, 0, 400, 400, ""}, {1, 1, 500, 500, ""}};
    static const struct look past_a_quarter[] = {{1, 0, 400, 400, ""}, {1, 1, 501, 501, "jump"}};
    static const struct look downward[] = {{1, 0, 400, 400, ""}, {1, 1, 299, 299, "jump"}};
    static const struct look exactly_fifty_cents[] = {{1, 0, 50, 50, ""}, {1, 1, 100, 100, ""}};
    static const struct look past_fifty_cents[] = {{1, 0, 50, 50, ""}, {1, 1, 101, 101, "jump"}};
    static const struct look once[] = {{1, 0, 400, 400, ""}, {1, 1, 600, 600, "jump"}, {1, 2, 400, 400, ""}};
    static const struct look overnight[] = {{1, 0, 400, 400, ""}, {2, 0, 900, 900, ""}};
    static const struct look one_side[] = {
        {1, 0, 400, 400, ""}, {1, 1, 900, NO, ""}, {1, 2, 900, 900, "jump"}};

    (void)state;
    tell(exactly_a_quarter, 2);
    tell(past_a_quarter, 2);
    tell(downward, 2);
    tell(exactly_fifty_cents, 2);
    tell(past_fifty_cents, 2);
    tell(once, 3);
    tell(overnight, 2);
    tell(one_side, 3); /* one side has no middle: it neither jumps nor hides a jump */
}

static void test_silence_past_half_an_hour_is_stale(void **state)
{
    static const struct look exactly[] = {{1, 0, 400, 410, ""}, {1, 30, 400, 410, ""}};
    static const struct look past[] = {
        {1, 0, 400, 410, ""}, {1, 31, 400, 410, "stale"}, {1, 90, 400, 410, ""}};
    static const struct look overnight[] = {{1, 0, 400, 410, ""}, {2, 0, 400, 410, ""}};
    static const struct look all_three[] = {{1, 0, 400, 410, ""}, {1, 40, NO, 410, "zero_bid,stale"}};

    (void)state;
    tell(exactly, 2);
    tell(past, 3);
    tell(overnight, 2);
    tell(all_three, 2);
}

static void test_the_found_tell_how_much(void **state)
{
    const struct quality_limits limits = quality_defaults();
    struct quality_found found[QUALITY_FOUND_MAX];
    struct quality q;

    (void)state;
    quality_init(&q);
    assert_int_equal(quality_look(&q, &limits, 1, 0, 4 * NANO, 5 * NANO, found), 0);
    assert_int_equal(quality_look(&q, &limits, 1, 45 * NS_PER_MINUTE, 9 * NANO, 9 * NANO, found), 2);
    assert_int_equal(found[0].finding, FINDING_JUMP);
    assert_int_equal(found[0].before, 4500000000); /* the middle before */
    assert_int_equal(found[1].finding, FINDING_STALE);
    assert_int_equal(found[1].before, 45 * NS_PER_MINUTE);
}

static void test_what_is_no_quote(void **state)
{
    (void)state;
    assert_int_equal(quality_refuse(PRICE_NONE, PRICE_NONE), FINDING_EMPTY);
    assert_int_equal(quality_refuse(101, 100), FINDING_CROSSED);
    assert_int_equal(quality_refuse(100, 100), 0); /* locked */
    assert_int_equal(quality_refuse(99, 100), 0);
    assert_int_equal(quality_refuse(PRICE_NONE, 100), 0);
    assert_int_equal(quality_refuse(100, PRICE_NONE), 0);
}

static void test_the_largest_prices_do_not_overflow(void **state)
{
    const struct quality_limits limits = quality_defaults();
    struct quality_found found[QUALITY_FOUND_MAX];
    struct quality q;

    (void)state;
    quality_init(&q);
    assert_int_equal(quality_look(&q, &limits, 1, 0, INT64_MAX, INT64_MAX, found), 0);
    assert_int_equal(quality_look(&q, &limits, 1, 1, 0, 0, found), 1);
    assert_int_equal(found[0].before, INT64_MAX);
}

static void test_once_keeps_each_finding_apart(void **state)
{
    struct quality q;

    (void)state;
    quality_init(&q);
    assert_true(quality_once(&q, 1, FINDING_LATE));
    assert_false(quality_once(&q, 1, FINDING_LATE));
    assert_true(quality_once(&q, 1, FINDING_MALFORMED));
    assert_true(quality_once(&q, 2, FINDING_LATE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_missing_bid_is_told_once_a_session),
        cmocka_unit_test(test_a_jump_passes_both_bounds),
        cmocka_unit_test(test_silence_past_half_an_hour_is_stale),
        cmocka_unit_test(test_the_found_tell_how_much),
        cmocka_unit_test(test_what_is_no_quote),
        cmocka_unit_test(test_the_largest_prices_do_not_overflow),
        cmocka_unit_test(test_once_keeps_each_finding_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
