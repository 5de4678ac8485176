#include "ledger/accounts.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "support/digests.h"
#include "support/entries.h"
#include "support/failing.h"

#define COUNT(a)                          (sizeof(a) / sizeof(a)[0])

#define PUT                               "GOOG  151224P00750000"
#define CALL                              "GOOG  160115C00760000"
#define INDEX                             "SPXW  190503P02770000"

#define SELL(id, symbol, qty, price, fee) entries_execution("o", id, symbol, SIDE_SELL, qty, price, fee)

static struct err err;

static void assert_balanced(const struct accounts *a)
{
    int64_t sum = 0;

    for (uint32_t i = 0; i < a->last_count; i++)
        sum += a->last[i].amount_micro;
    assert_int_equal(sum, 0);
    assert_int_equal(accounts_sum_micro(a), 0);
}

#define MONEY_MOST "9223372036854.775807"
#define QTY_MOST   INT64_MAX

static struct entry execution(const char *id, enum side side, int64_t qty, const char *price, const char *fee)
{
    return entries_execution("o", id, "AAPL", side, qty, price, fee);
}

/* Applies what comes first, then shows that the last one is refused and moves nothing. */
static void refuse(const char *name, const struct entry *entries, size_t count, enum err_code expected)
{
    struct accounts a;

    accounts_init(&a);
    for (size_t i = 0; i < count; i++) {
        struct entry e = entries[i];
        e.seq = i + 1;
        const uint64_t before = digests_of(&accounts_row, &a);
        const uint64_t last_seq = a.last_seq;
        const enum err_code rc = accounts_apply(&a, &e, &err);
        if (i + 1 < count && rc)
            fail_msg("%s: entry %zu: %s", name, i + 1, err.text);
        if (i + 1 == count && (rc != expected || digests_of(&accounts_row, &a) != before))
            fail_msg("%s: code %s, %s", name, err_code_name(rc),
                     digests_of(&accounts_row, &a) == before ? "nothing moved" : "something moved");
        if (i + 1 == count)
            assert_int_equal(a.last_seq, last_seq);
        assert_balanced(&a);
    }
    assert_true(strncmp(err.text, "fill ", 5) == 0);
    accounts_release(&a);
}

#define REFUSE(name, expected, ...)                                                                          \
    do {                                                                                                     \
        const struct entry refused[] = {__VA_ARGS__};                                                        \
        refuse(name, refused, COUNT(refused), expected);                                                     \
    } while (0)

static void test_quantities_stop_at_their_limits(void **state)
{
    (void)state;
    REFUSE("one share too many", ERR_RANGE, execution("1", SIDE_BUY, QTY_MOST, "0", "0"),
           execution("2", SIDE_BUY, 1, "0", "1"));
    REFUSE("one share too short", ERR_RANGE, execution("1", SIDE_SELL, QTY_MOST, "0", "0"),
           execution("2", SIDE_SELL, 1, "0", "1"));
    REFUSE("from one limit to the other and past it", ERR_RANGE, execution("1", SIDE_BUY, QTY_MOST, "0", "0"),
           execution("2", SIDE_SELL, QTY_MOST, "0", "0"), execution("3", SIDE_SELL, QTY_MOST, "0", "0"),
           execution("4", SIDE_SELL, 1, "0", "0"));
    REFUSE("more contracts than shares fit", ERR_RANGE,
           entries_expiration("1", "A     151224P00000001", QTY_MOST / 100, "0"),
           entries_assignment("2", "A     151224P00000001", QTY_MOST / 100 + 1, "0", "0"));
}

static void test_money_stops_at_its_limits(void **state)
{
    (void)state;
    REFUSE("cash", ERR_RANGE, entries_deposit("1", MONEY_MOST),
           execution("2", SIDE_SELL, 1, "0.000001", "0"));
    REFUSE("cash, by one millionth of a rebate", ERR_RANGE, entries_deposit("1", MONEY_MOST),
           execution("2", SIDE_BUY, 1, "0", "0"), execution("3", SIDE_BUY, 1, "0", "-0.000001"));
    REFUSE("deposits", ERR_RANGE, entries_deposit("1", MONEY_MOST), execution("2", SIDE_BUY, 1, "5", "0"),
           entries_deposit("3", "0.000001"));
    REFUSE("debt", ERR_RANGE, entries_deposit("1", "-" MONEY_MOST), entries_deposit("2", "-0.000001"),
           entries_deposit("3", "-0.000001"));
    REFUSE("a deposit whose counter-entry does not fit", ERR_RANGE,
           entries_deposit("1", "-9223372036854.775808"));
    REFUSE("fees", ERR_RANGE, execution("1", SIDE_BUY, 1, "0", MONEY_MOST), entries_deposit("2", "5"),
           execution("3", SIDE_BUY, 1, "0", "0.000001"));
    REFUSE("the fill's own money", ERR_RANGE, execution("1", SIDE_SELL, QTY_MOST, "0.000001", "0"),
           execution("2", SIDE_BUY, QTY_MOST, "0.000001", "0"),
           execution("3", SIDE_BUY, QTY_MOST, "0.000001001", "0"));
    REFUSE("cost", ERR_RANGE, execution("1", SIDE_BUY, 1, "9223372036", "0"), entries_deposit("2", "5"),
           execution("3", SIDE_BUY, 1000, "9223372036", "0"));
    REFUSE("realized", ERR_RANGE, execution("1", SIDE_SELL, 1000, "9223372036.854775807", "0"),
           execution("2", SIDE_BUY, 1000, "0", "0"), /* as much profit as fits */
           entries_deposit("3", "-5"), execution("4", SIDE_SELL, 1, "0.000001", "0"),
           execution("5", SIDE_BUY, 1, "0", "0"));
    REFUSE("intrinsic value", ERR_RANGE, execution("1", SIDE_BUY, 1, "1", "0"),
           entries_settlement("2", "A     151224P99999999", 1, "-9223372036.854775807", "0"));
}

static void test_only_options_are_assigned_exercised_expired_or_settled(void **state)
{
    (void)state;
    REFUSE("assignment", ERR_INPUT, entries_assignment("1", "AAPL", 1, "1", "1"));
    REFUSE("exercise", ERR_INPUT, entries_exercise("1", "AAPL", 1, "1", "1"));
    REFUSE("expiration", ERR_INPUT, entries_expiration("1", "AAPL", 1, "1"));
    REFUSE("settlement", ERR_INPUT, entries_settlement("1", "AAPL", 1, "1", "1"));
    assert_string_equal(err.text, "fill 1: \"AAPL\" is no option");
}

/* What is told again moves nothing whatever it says, also when its sums would be refused. */
static void test_a_duplicate_that_does_not_fit_is_a_duplicate(void **state)
{
    const struct entry again[] = {
        execution("2", SIDE_BUY, QTY_MOST, "9", "0"), /* its money */
        execution("2", SIDE_SELL, QTY_MOST, "0", "0"), entries_deposit("2", "-9223372036854.775808"),
        entries_assignment("1", "AAPL", 1, "1", "1"), /* no option */
        entries_settlement("2", "A     151224P99999999", 1, "-9223372036.854775807", "0")};
    struct accounts a;

    (void)state;
    accounts_init(&a);
    struct entry e = entries_placed(entries_deposit("1", MONEY_MOST), 1, NULL);
    assert_int_equal(accounts_apply(&a, &e, &err), ERR_OK);
    e = entries_placed(execution("2", SIDE_SELL, 1, "0", "0"), 2, NULL);
    assert_int_equal(accounts_apply(&a, &e, &err), ERR_OK);
    for (uint64_t i = 0; i < COUNT(again); i++) {
        e = entries_placed(again[i], 3 + i, NULL);
        assert_int_equal(accounts_apply(&a, &e, &err), ERR_OK);
        assert_int_equal(a.duplicates, i + 1);
        assert_int_equal(a.last_seq, 2);
        assert_balanced(&a);
    }
    a.duplicates = 0;
    const uint64_t after = digests_of(&accounts_row, &a);
    struct accounts once;
    accounts_init(&once);
    e = entries_placed(entries_deposit("1", MONEY_MOST), 1, NULL);
    assert_int_equal(accounts_apply(&once, &e, &err), ERR_OK);
    e = entries_placed(execution("2", SIDE_SELL, 1, "0", "0"), 2, NULL);
    assert_int_equal(accounts_apply(&once, &e, &err), ERR_OK);
    assert_true(digests_of(&accounts_row, &once) == after);
    accounts_release(&once);
    accounts_release(&a);
}

static struct entry varied(uint64_t seq)
{
    char id[24];
    static const char *const SYMBOLS[] = {"AAPL", PUT, CALL, INDEX};
    const char *const symbol = SYMBOLS[seq % 4];

    snprintf(id, sizeof id, "f-%" PRIu64, seq);
    if (seq % 11 == 0)
        return entries_placed(entries_assignment(id, PUT, 2, "700", "1"), seq, NULL);
    if (seq % 13 == 0)
        return entries_placed(entries_deposit(id, "1"), seq, NULL);
    const enum side side = seq % 20 < 15 ? SIDE_SELL : SIDE_BUY;
    return entries_placed(entries_execution("o", id, symbol, side, (int64_t)(seq % 7) + 1, "1.5", "0.65"),
                          seq, NULL);
}

static void test_each_allocation_that_fails_moves_nothing(void **state)
{
    struct accounts a;
    struct accounts calm;
    unsigned failures = 0;

    (void)state;
    accounts_init(&a);
    accounts_init(&calm);
    for (uint64_t seq = 1; seq <= 300; seq++) {
        const struct entry e = varied(seq);
        const uint64_t before = digests_of(&accounts_row, &a);
        for (int n = 0;; n++) {
            failing_at(n);
            const enum err_code rc = accounts_apply(&a, &e, &err);
            if (!failing_happened()) {
                assert_int_equal(rc, ERR_OK);
                break;
            }
            failures++;
            assert_int_equal(rc, ERR_MEMORY);
            assert_true(digests_of(&accounts_row, &a) == before);
        }
        assert_int_equal(accounts_apply(&calm, &e, &err), ERR_OK);
        assert_true(digests_of(&accounts_row, &a) == digests_of(&accounts_row, &calm));
        assert_balanced(&a);
    }
    assert_true(failures > 30);
    accounts_release(&a);
    accounts_release(&calm);
}

static void test_average_price_rounds_half_to_even_and_never_wraps(void **state)
{
    static const struct {
        const char *symbol;
        int64_t qty;
        int64_t cost_micro;
        int64_t average_nano;
    } ROWS[] = {
        {"AAPL", 0, 0, 0},
        {"AAPL", 3, 1, 333},
        {"AAPL", 2000, 1, 0},                 /* 0.5 */
        {"AAPL", 2000, 3, 2},                 /* 1.5 */
        {"AAPL", -2000, -3, 2},               /* short: an average has no sign */
        {PUT, -5, -200000000, 400000000},     /* 0.40 */
        {PUT, INT64_MAX, INT64_MAX, 10},      /* |qty| x 100 would not fit */
        {"AAPL", 1000, INT64_MAX, INT64_MAX}, /* 9223372036854775807 */
        {"AAPL", 999, INT64_MAX, INT64_MAX},  /* by rounding only; not more */
        {"AAPL", 1000, INT64_MIN, INT64_MAX},
        {"AAPL", -INT64_MAX, -INT64_MAX, 1000},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct position p = {0};
        p.symbol = entries_symbol(ROWS[i].symbol);
        p.qty = ROWS[i].qty;
        p.cost_micro = ROWS[i].cost_micro;
        assert_true(position_average_price_nano(&p) == ROWS[i].average_nano);
    }
}

static void test_digest_sees_every_number(void **state)
{
    struct accounts a;
    struct entry e;

    (void)state;
    accounts_init(&a);
    e = entries_placed(SELL("1", PUT, 5, "0.40", "3.25"), 1, "2015-12-21T15:00:00Z");
    assert_int_equal(accounts_apply(&a, &e, &err), ERR_OK);
    const uint64_t before = digests_of(&accounts_row, &a);
    struct position *const p = table_at(&a.positions, 0);
    int64_t *const numbers[] = {&a.cash_micro,
                                &a.fees_micro,
                                &a.realized_micro,
                                &a.deposits_micro,
                                &p->qty,
                                &p->cost_micro,
                                &p->realized_micro,
                                &p->fees_micro,
                                &p->opened_at_ns,
                                &p->lots[0].qty,
                                &p->lots[0].price_nano,
                                &p->lots[0].cost_micro,
                                &p->lots[0].opened_at_ns};
    uint64_t *const counts[] = {&a.duplicates, &a.last_seq, &p->opened_seq, &p->moved_seq, &p->lots[0].seq};
    for (size_t i = 0; i < COUNT(numbers); i++) {
        ++*numbers[i];
        assert_true(digests_of(&accounts_row, &a) != before);
        --*numbers[i];
    }
    for (size_t i = 0; i < COUNT(counts); i++) {
        ++*counts[i];
        assert_true(digests_of(&accounts_row, &a) != before);
        --*counts[i];
    }
    p->symbol.text[0]++;
    assert_true(digests_of(&accounts_row, &a) != before);
    p->symbol.text[0]--;
    a.fills.told.bytes[1]++;
    assert_true(digests_of(&accounts_row, &a) != before);
    a.fills.told.bytes[1]--;
    a.last_count--; /* not state: a convenience for the reader of the newest fill */
    assert_true(digests_of(&accounts_row, &a) == before);
    accounts_release(&a);
}

static void test_sum_notices_a_cent(void **state)
{
    struct accounts a;
    struct entry e;

    (void)state;
    accounts_init(&a);
    e = entries_placed(SELL("1", PUT, 5, "0.40", "3.25"), 1, NULL);
    assert_int_equal(accounts_apply(&a, &e, &err), ERR_OK);
    assert_int_equal(accounts_sum_micro(&a), 0);
    a.cash_micro += 10000;
    assert_int_equal(accounts_sum_micro(&a), 10000);
    accounts_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quantities_stop_at_their_limits),
        cmocka_unit_test(test_money_stops_at_its_limits),
        cmocka_unit_test(test_only_options_are_assigned_exercised_expired_or_settled),
        cmocka_unit_test(test_a_duplicate_that_does_not_fit_is_a_duplicate),
        cmocka_unit_test(test_each_allocation_that_fails_moves_nothing),
        cmocka_unit_test(test_average_price_rounds_half_to_even_and_never_wraps),
        cmocka_unit_test(test_digest_sees_every_number),
        cmocka_unit_test(test_sum_notices_a_cent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
