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

#define COUNT(a)                          (sizeof(a) / sizeof(a)[0])

#define PUT                               "GOOG  151224P00750000"
#define CALL                              "GOOG  160115C00760000"
#define INDEX                             "SPXW  190503P02770000"

#define BUY(id, symbol, qty, price, fee)  entries_execution("o", id, symbol, SIDE_BUY, qty, price, fee)
#define SELL(id, symbol, qty, price, fee) entries_execution("o", id, symbol, SIDE_SELL, qty, price, fee)

static struct err err;

/* What a trader checks by eye: the account after the step, and one position in it. */
struct step {
    struct entry e;
    const char *cash;
    const char *realized; /* of the whole account */
    const char *fees;
    const char *symbol;
    int64_t qty;
    const char *average;
    const char *cost;
    const char *position_realized;
};

static void assert_money(const char *what, size_t step, int64_t micro, const char *expected)
{
    char text[DECIMAL_TEXT_SIZE];

    if (micro == entries_money(expected))
        return;
    decimal_format(text, micro, MONEY_DECIMALS);
    fail_msg("step %zu: %s is %s, not %s", step + 1, what, text, expected);
}

static void assert_balanced(const struct accounts *a)
{
    int64_t sum = 0;

    assert_int_equal(accounts_sum_micro(a), 0);
    for (uint32_t i = 0; i < a->last_count; i++) {
        assert_true(a->last[i].amount_micro != 0);
        sum += a->last[i].amount_micro;
    }
    assert_int_equal(sum, 0);
}

static void tell(struct step *steps, size_t count)
{
    struct accounts a;

    accounts_init(&a);
    for (size_t i = 0; i < count; i++) {
        struct step *const s = &steps[i];
        s->e.seq = i + 1;
        if (accounts_apply(&a, &s->e, &err))
            fail_msg("step %zu: %s", i + 1, err.text);
        assert_balanced(&a);
        assert_money("cash", i, a.cash_micro, s->cash);
        assert_money("realized", i, a.realized_micro, s->realized);
        assert_money("fees", i, a.fees_micro, s->fees);
        if (!s->symbol)
            continue;
        const struct symbol symbol = entries_symbol(s->symbol);
        const struct position *const p = accounts_position(&a, &symbol);
        assert_non_null(p);
        if (p->qty != s->qty)
            fail_msg("step %zu: holds %" PRId64 ", not %" PRId64, i + 1, p->qty, s->qty);
        assert_money("average", i, position_average_price_nano(p) / 1000, s->average);
        assert_money("cost", i, p->cost_micro, s->cost);
        assert_money("realized of the position", i, p->realized_micro, s->position_realized);
        assert_int_equal(p->opened_at_ns == INSTANT_NONE, p->qty == 0);
        assert_int_equal(p->opened_seq == 0, p->qty == 0);
    }
    accounts_release(&a);
}

static void test_sell_to_open_buy_back_in_two_parts(void **state)
{
    struct step steps[] = {
        /* what happened                      cash      realized fees    position      average cost  its
           realized */
        {SELL("1", PUT, 5, "0.40", "3.25"), "196.75", "0", "3.25", PUT, -5, "0.4", "-200", "0"},
        {BUY("2", PUT, 2, "0.20", "1.30"), "155.45", "40", "4.55", PUT, -3, "0.4", "-120", "40"},
        {BUY("3", PUT, 3, "0.10", "1.95"), "123.5", "130", "6.5", PUT, 0, "0", "0", "130"},
    };
    (void)state;
    tell(steps, COUNT(steps));
}

static void test_lots_close_first_in_first_out_and_cross_zero(void **state)
{
    struct step steps[] = {
        {BUY("1", "AAPL", 100, "10", "0"), "-1000", "0", "0", "AAPL", 100, "10", "1000", "0"},
        {BUY("2", "AAPL", 100, "12", "0"), "-2200", "0", "0", "AAPL", 200, "11", "2200", "0"},
        {SELL("3", "AAPL", 150, "11", "0"), "-550", "50", "0", "AAPL", 50, "12", "600", "50"},
        {SELL("4", "AAPL", 100, "13", "0"), "750", "100", "0", "AAPL", -50, "13", "-650", "100"},
        {BUY("5", "AAPL", 50, "12", "0"), "150", "150", "0", "AAPL", 0, "0", "0", "150"},
    };
    (void)state;
    tell(steps, COUNT(steps));
}

static void test_wheel_put_assigned_then_called_away(void **state)
{
    struct step steps[] = {
        {entries_deposit("d", "80000"), "80000", "0", "0", NULL, 0, NULL, NULL, NULL},
        {SELL("1", PUT, 1, "4", "0.65"), "80399.35", "0", "0.65", PUT, -1, "4", "-400", "0"},
        {entries_assignment("2", PUT, 1, "741.20", "5"), "5394.35", "400", "5.65", "GOOG", 100, "750",
         "75000", "0"},
        {SELL("3", CALL, 1, "3", "0.65"), "5693.7", "400", "6.3", PUT, 0, "0", "0", "400"},
        {entries_assignment("4", CALL, 1, "765", "5"), "81688.7", "1700", "11.3", "GOOG", 0, "0", "0",
         "1000"},
        {entries_note("80,000 + 400 + 300 + 1,000 - 11.30"), "81688.7", "1700", "11.3", CALL, 0, "0", "0",
         "300"},
    };
    (void)state;
    tell(steps, COUNT(steps));
}

static void test_assigned_without_the_stock_and_exercised(void **state)
{
    struct step steps[] = {
        {SELL("1", CALL, 2, "3", "0"), "600", "0", "0", CALL, -2, "3", "-600", "0"},
        /* a naked call: short at the strike */
        {entries_assignment("2", CALL, 2, "765", "0"), "152600", "600", "0", "GOOG", -200, "760", "-152000",
         "0"},
        /* a long call brings 100 of them back at its strike: its price is lost, the stock breaks even */
        {BUY("3", CALL, 1, "7", "0"), "151900", "600", "0", CALL, 1, "7", "700", "600"},
        {entries_exercise("4", CALL, 1, "770", "0"), "75900", "-100", "0", "GOOG", -100, "760", "-76000",
         "0"},
        /* a long put sells another 100 at 750 */
        {BUY("5", PUT, 1, "5", "0"), "75400", "-100", "0", PUT, 1, "5", "500", "0"},
        {entries_exercise("6", PUT, 1, "740", "1"), "150399", "-600", "1", "GOOG", -200, "755", "-151000",
         "0"},
        {BUY("7", "GOOG", 200, "755", "0"), "-601", "-600", "1", "GOOG", 0, "0", "0", "0"},
    };
    (void)state;
    tell(steps, COUNT(steps));
}

static void test_expiry_worthless_is_the_sellers_profit_and_the_buyers_loss(void **state)
{
    struct step steps[] = {
        {SELL("1", PUT, 5, "0.40", "3.25"), "196.75", "0", "3.25", PUT, -5, "0.4", "-200", "0"},
        {entries_expiration("2", PUT, 3, "751"), "196.75", "120", "3.25", PUT, -2, "0.4", "-80", "120"},
        {entries_expiration("3", PUT, 2, "751"), "196.75", "200", "3.25", PUT, 0, "0", "0", "200"},
        {BUY("4", CALL, 2, "1.50", "0"), "-103.25", "200", "3.25", CALL, 2, "1.5", "300", "0"},
        {entries_expiration("5", CALL, 2, "759"), "-103.25", "-100", "3.25", CALL, 0, "0", "0", "-300"},
    };
    (void)state;
    tell(steps, COUNT(steps));
}

static void test_index_options_settle_in_cash(void **state)
{
    const char *const call = "SPX   190517C02800000";
    struct step steps[] = {
        {SELL("1", INDEX, 2, "12.50", "0"), "2500", "0", "0", INDEX, -2, "12.5", "-2500", "0"},
        /* 20 in the money: pays 2 x 100 x 20 */
        {entries_settlement("2", INDEX, 2, "2750", "1"), "-1501", "-1500", "1", INDEX, 0, "0", "0", "-1500"},
        {BUY("3", call, 3, "10", "0"), "-4501", "-1500", "1", call, 3, "10", "3000", "0"},
        {entries_settlement("4", call, 1, "2815.5", "0"), "-2951", "-950", "1", call, 2, "10", "2000", "550"},
        /* exactly at the strike, and below: nothing is paid */
        {entries_settlement("5", call, 1, "2800", "0"), "-2951", "-1950", "1", call, 1, "10", "1000", "-450"},
        {entries_settlement("6", call, 1, "2799.99", "0"), "-2951", "-2950", "1", call, 0, "0", "0", "-1450"},
    };
    struct accounts a;
    const struct symbol spx = entries_symbol("SPX");

    (void)state;
    tell(steps, COUNT(steps));
    accounts_init(&a);
    for (size_t i = 0; i < COUNT(steps); i++)
        assert_int_equal(accounts_apply(&a, &steps[i].e, &err), ERR_OK);
    assert_null(accounts_position(&a, &spx)); /* nobody delivers an index */
    accounts_release(&a);
}

static void test_rebates_deposits_and_withdrawals(void **state)
{
    struct step steps[] = {
        {entries_deposit("1", "1000"), "1000", "0", "0", NULL, 0, NULL, NULL, NULL},
        {entries_deposit("2", "-400.5"), "599.5", "0", "0", NULL, 0, NULL, NULL, NULL},
        {BUY("3", "AAPL", 10, "1", "-0.25"), "589.75", "0", "-0.25", "AAPL", 10, "1", "10", "0"},
        {SELL("4", "AAPL", 10, "1", "0.25"), "599.5", "0", "0", "AAPL", 0, "0", "0", "0"},
        {entries_deposit("5", "0"), "599.5", "0", "0", NULL, 0, NULL, NULL, NULL},
    };
    (void)state;
    tell(steps, COUNT(steps));
}

static void test_a_fill_told_twice_counts_once(void **state)
{
    struct accounts a;

    (void)state;
    accounts_init(&a);
    struct entry e = entries_placed(SELL("f-1", PUT, 5, "0.40", "3.25"), 1, NULL);
    assert_int_equal(accounts_apply(&a, &e, &err), ERR_OK);
    assert_int_equal(a.last_seq, 1);
    const struct entry again[] = {
        e,
        BUY("f-1", "AAPL", 1, "10", "0"), /* whatever it says: this id was counted */
        entries_assignment("f-1", PUT, 1, "1", "1"),
        entries_exercise("f-1", PUT, 1, "1", "1"),
        entries_expiration("f-1", PUT, 1, "1"),
        entries_settlement("f-1", PUT, 1, "1", "1"),
        entries_deposit("f-1", "-9223372036854.775808"),
    };
    for (size_t i = 0; i < COUNT(again); i++) {
        e = entries_placed(again[i], 2 + i, NULL);
        assert_int_equal(accounts_apply(&a, &e, &err), ERR_OK);
        assert_int_equal(a.duplicates, i + 1);
        assert_int_equal(a.cash_micro, entries_money("196.75"));
        assert_int_equal(a.positions.count, 1);
        assert_int_equal(a.fills.told.count, 1);
        assert_int_equal(a.last_seq, 1);
        assert_balanced(&a);
    }
    accounts_release(&a);
}

static void test_facts_beyond_what_is_held_go_through_zero(void **state)
{
    struct step steps[] = {
        /* three assigned, one was short: two are held that cost nothing */
        {SELL("1", PUT, 1, "4", "0"), "400", "0", "0", PUT, -1, "4", "-400", "0"},
        {entries_assignment("2", PUT, 3, "700", "0"), "-224600", "400", "0", PUT, 2, "0", "0", "400"},
        {entries_expiration("3", PUT, 2, "751"), "-224600", "400", "0", PUT, 0, "0", "0", "400"},
        /* flat: there is no side to close */
        {entries_expiration("4", PUT, 7, "751"), "-224600", "400", "0", PUT, 0, "0", "0", "400"},
        {entries_settlement("5", INDEX, 7, "1", "2"), "-224602", "400", "2", INDEX, 0, "0", "0", "0"},
        /* five expired, two were long: three are short and brought nothing */
        {BUY("6", CALL, 2, "1", "0"), "-224802", "400", "2", CALL, 2, "1", "200", "0"},
        {entries_expiration("7", CALL, 5, "1"), "-224802", "200", "2", CALL, -3, "0", "0", "-200"},
        /* three settled at 20, one was short: two are long at the settlement's price */
        {SELL("8", INDEX, 1, "12.5", "0"), "-223552", "200", "2", INDEX, -1, "12.5", "-1250", "0"},
        {entries_settlement("9", INDEX, 3, "2750", "0"), "-229552", "-550", "2", INDEX, 2, "20", "4000",
         "-750"},
        {entries_note("the stock that the assignment brought"), "-229552", "-550", "2", "GOOG", 300, "750",
         "225000", "0"},
    };
    (void)state;
    tell(steps, COUNT(steps));
}

static void test_costs_below_a_millionth_split_half_to_even_and_add_up(void **state)
{
    struct step steps[] = {
        /* 3 x 0.000001 / 2 = 1.5: two go, one stays */
        {BUY("1", "AAPL", 2, "0.0000015", "0"), "-0.000003", "0", "0", "AAPL", 2, "0.000001", "0.000003",
         "0"},
        {SELL("2", "AAPL", 1, "0", "0"), "-0.000003", "-0.000002", "0", "AAPL", 1, "0.000001", "0.000001",
         "-0.000002"},
        {SELL("3", "AAPL", 1, "0", "0"), "-0.000003", "-0.000003", "0", "AAPL", 0, "0", "0", "-0.000003"},
        /* 1 / 2 = 0.5: none goes, one stays */
        {BUY("4", "AAPL", 2, "0.0000005", "0"), "-0.000004", "-0.000003", "0", "AAPL", 2, "0", "0.000001",
         "-0.000003"},
        {SELL("5", "AAPL", 1, "0", "0"), "-0.000004", "-0.000003", "0", "AAPL", 1, "0.000001", "0.000001",
         "-0.000003"},
        /* through zero: 3 received for 2, one closes: 1.5 gives 2 to the closed, 1 to the opened */
        {SELL("6", "AAPL", 2, "0.0000015", "0"), "-0.000001", "-0.000002", "0", "AAPL", -1, "0.000001",
         "-0.000001", "-0.000002"},
    };
    (void)state;
    tell(steps, COUNT(steps));
}

static void test_the_oldest_open_lot_says_since_when(void **state)
{
    const struct symbol put = entries_symbol(PUT);
    struct accounts a;
    struct entry e;

    (void)state;
    accounts_init(&a);
    e = entries_placed(SELL("1", PUT, 2, "1", "0"), 5, "2015-12-21T15:00:00Z");
    assert_int_equal(accounts_apply(&a, &e, &err), ERR_OK);
    e = entries_placed(SELL("2", PUT, 2, "2", "0"), 6, "2015-12-22T15:00:00Z");
    e.recorded_at_ns++; /* when it happened is what counts */
    assert_int_equal(accounts_apply(&a, &e, &err), ERR_OK);
    const struct position *p = accounts_position(&a, &put);
    assert_int_equal(p->opened_seq, 5);
    assert_int_equal(p->opened_at_ns, entries_instant("2015-12-21T15:00:00Z"));
    e = entries_placed(BUY("3", PUT, 3, "1", "0"), 7, "2015-12-23T15:00:00Z");
    assert_int_equal(accounts_apply(&a, &e, &err), ERR_OK);
    p = accounts_position(&a, &put);
    assert_int_equal(p->lot_count, 1);
    assert_int_equal(p->lots[0].qty, -1);
    assert_int_equal(p->lots[0].price_nano, entries_price("2"));
    assert_int_equal(p->opened_seq, 6);
    assert_int_equal(p->opened_at_ns, entries_instant("2015-12-22T15:00:00Z"));
    e = entries_placed(BUY("4", PUT, 2, "1", "0"), 8, NULL); /* through zero; it does not say when */
    e.recorded_at_ns = 77;
    assert_int_equal(accounts_apply(&a, &e, &err), ERR_OK);
    p = accounts_position(&a, &put);
    assert_int_equal(p->opened_seq, 8);
    assert_int_equal(p->opened_at_ns, 77);
    accounts_release(&a);
}

struct expected_posting {
    const char *account;
    const char *symbol;
    const char *amount;
};

static void assert_postings(const struct accounts *a, const struct expected_posting *rows, size_t count)
{
    assert_int_equal(a->last_count, count);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(a->last[i].account, rows[i].account);
        assert_string_equal(a->last[i].symbol.text, rows[i].symbol);
        assert_int_equal(a->last[i].amount_micro, entries_money(rows[i].amount));
    }
}

static void test_postings_are_those_of_the_manual(void **state)
{
    static const struct expected_posting SOLD[] = {
        {"assets:cash", "", "200"},
        {"positions", PUT, "-200"},
        {"assets:cash", "", "-3.25"},
        {"expenses:fees", "", "3.25"},
    };
    static const struct expected_posting BOUGHT[] = {
        {"assets:cash", "", "-100"},
        {"positions", PUT, "200"},
        {"income:realized", PUT, "-100"},
    };
    static const struct expected_posting ASSIGNED[] = {
        {"positions", PUT, "400"},      {"income:realized", PUT, "-400"}, {"assets:cash", "", "-75000"},
        {"positions", "GOOG", "75000"}, {"assets:cash", "", "-5"},        {"expenses:fees", "", "5"},
    };
    static const struct expected_posting CALLED[] = {
        {"assets:cash", "", "76000"}, {"positions", "GOOG", "-75000"}, {"income:realized", "GOOG", "-1000"},
        {"assets:cash", "", "-5"},    {"expenses:fees", "", "5"},
    };
    static const struct expected_posting PAID_IN[] = {
        {"assets:cash", "", "10"},
        {"equity:deposits", "", "-10"},
    };
    struct step {
        struct entry e;
        const struct expected_posting *rows;
        size_t count;
    } steps[] = {
        {SELL("1", PUT, 5, "0.40", "3.25"), SOLD, COUNT(SOLD)},
        {BUY("2", PUT, 5, "0.20", "0"), BOUGHT, COUNT(BOUGHT)},
        {SELL("3", PUT, 1, "4", "0"), NULL, 0},
        {entries_assignment("4", PUT, 1, "741", "5"), ASSIGNED, COUNT(ASSIGNED)},
        /* the call was never sold here: it opens for nothing, and nothing is not posted */
        {entries_assignment("5", CALL, 1, "765", "5"), CALLED, COUNT(CALLED)},
        {entries_deposit("6", "10"), PAID_IN, COUNT(PAID_IN)},
        {entries_deposit("7", "0"), PAID_IN, 0},
    };
    struct accounts a;

    (void)state;
    accounts_init(&a);
    for (size_t i = 0; i < COUNT(steps); i++) {
        steps[i].e.seq = i + 1;
        assert_int_equal(accounts_apply(&a, &steps[i].e, &err), ERR_OK);
        assert_balanced(&a);
        assert_int_equal(a.last_seq, i + 1);
        if (steps[i].rows)
            assert_postings(&a, steps[i].rows, steps[i].count);
    }
    accounts_release(&a);
}

static void test_a_delivery_that_closes_on_both_sides_needs_every_posting(void **state)
{
    struct step steps[] = {
        {SELL("1", "GOOG", 100, "740", "0"), "74000", "0", "0", "GOOG", -100, "740", "-74000", "0"},
        {SELL("2", PUT, 1, "4", "0"), "74400", "0", "0", PUT, -1, "4", "-400", "0"},
        {entries_assignment("3", PUT, 1, "735", "5"), "-605", "-600", "5", "GOOG", 0, "0", "0", "-1000"},
    };
    (void)state;
    tell(steps, COUNT(steps));
}

static void test_a_bust_takes_back_the_very_lot_that_it_opened(void **state)
{
    struct step steps[] = {
        {SELL("1", PUT, 2, "2", "1"), "399", "0", "1", PUT, -2, "2", "-400", "0"},
        {SELL("2", PUT, 3, "1", "2"), "697", "0", "3", PUT, -5, "1.4", "-700", "0"},
        {SELL("3", PUT, 1, "3", "1"), "996", "0", "4", PUT, -6, "1.666666", "-1000", "0"},
        /* the middle one never was: fee and money go back, and nothing is won or lost */
        {entries_bust(SELL("2", PUT, 3, "1", "2"), "b2", 2), "698", "0", "2", PUT, -3, "2.333333", "-700",
         "0"},
        /* told again, by another id, and the fill itself told again: nothing */
        {entries_bust(SELL("2", PUT, 3, "1", "2"), "b3", 2), "698", "0", "2", PUT, -3, "2.333333", "-700",
         "0"},
        {SELL("2", PUT, 3, "1", "2"), "698", "0", "2", PUT, -3, "2.333333", "-700", "0"},
        /* corrected: another execution */
        {SELL("2c", PUT, 3, "1.10", "2"), "1026", "0", "4", PUT, -6, "1.716666", "-1030", "0"},
        /* of the first lot one is bought back; then it is busted: the oldest are closed at its price */
        {BUY("4", PUT, 1, "1.50", "0"), "876", "50", "4", PUT, -5, "1.66", "-830", "50"},
        {entries_bust(SELL("1", PUT, 2, "2", "1"), "b1", 1), "477", "150", "3", PUT, -3, "1.1", "-330",
         "150"},
    };
    (void)state;
    tell(steps, COUNT(steps));
}

static void test_what_is_taken_back_before_it_is_told_never_counts(void **state)
{
    struct step steps[] = {
        {entries_bust(SELL("1", PUT, 2, "2", "1"), "b1", 0), "0", "0", "0", NULL, 0, NULL, NULL, NULL},
        {SELL("1", PUT, 2, "2", "1"), "0", "0", "0", NULL, 0, NULL, NULL, NULL},
        {SELL("2", PUT, 2, "2", "1"), "399", "0", "1", PUT, -2, "2", "-400", "0"},
    };
    (void)state;
    tell(steps, COUNT(steps));
}

/* Whatever it says: nothing moves, and the right one still counts. */
static void test_a_bust_that_does_not_fit_moves_nothing(void **state)
{
    struct entry of_deposit = entries_bust(SELL("d", PUT, 2, "2", "1"), "b3", 1);
    struct step steps[] = {
        {entries_deposit("d", "1000"), "1000", "0", "0", NULL, 0, NULL, NULL, NULL},
        {SELL("1", PUT, 2, "2", "1"), "1399", "0", "1", PUT, -2, "2", "-400", "0"},
        {entries_bust(SELL("1", PUT, 200, "2", "1"), "b1", 2), "1399", "0", "1", PUT, -2, "2", "-400", "0"},
        {entries_bust(SELL("1", PUT, 2, "9", "1"), "b2", 2), "1399", "0", "1", PUT, -2, "2", "-400", "0"},
        {of_deposit, "1399", "0", "1", PUT, -2, "2", "-400", "0"},
        {entries_bust(SELL("1", PUT, 2, "2", "1"), "b4", 2), "1000", "0", "0", PUT, 0, "0", "0", "0"},
        /* one that waits for something else does not swallow what comes */
        {entries_bust(SELL("d2", PUT, 2, "2", "1"), "b5", 0), "1000", "0", "0", PUT, 0, "0", "0", "0"},
        {entries_deposit("d2", "5"), "1005", "0", "0", PUT, 0, "0", "0", "0"},
    };
    (void)state;
    tell(steps, COUNT(steps));
}

static void test_a_bust_of_a_closing_fill_opens_again(void **state)
{
    struct step steps[] = {
        {BUY("1", "AAPL", 100, "10", "0"), "-1000", "0", "0", "AAPL", 100, "10", "1000", "0"},
        {SELL("2", "AAPL", 100, "12", "0"), "200", "200", "0", "AAPL", 0, "0", "0", "200"},
        {entries_bust(SELL("2", "AAPL", 100, "12", "0"), "b", 2), "-1000", "200", "0", "AAPL", 100, "12",
         "1200", "200"}, /* as any fill: at its price, the profit stays where it was made */
    };
    (void)state;
    tell(steps, COUNT(steps));
}

static void test_dividends_are_income_of_their_own(void **state)
{
    struct step steps[] = {
        {BUY("1", "AAPL", 100, "10", "0"), "-1000", "0", "0", "AAPL", 100, "10", "1000", "0"},
        {entries_dividend("d1", "AAPL", "52"), "-948", "0", "0", "AAPL", 100, "10", "1000", "0"},
        {entries_dividend("d1", "AAPL", "52"), "-948", "0", "0", "AAPL", 100, "10", "1000", "0"},
        {entries_dividend("d2", "AAPL", "-2"), "-950", "0", "0", "AAPL", 100, "10", "1000", "0"},
    };
    (void)state;
    tell(steps, COUNT(steps));
}

static void test_a_split_keeps_the_cost_and_every_lot(void **state)
{
    struct step steps[] = {
        {BUY("1", "AAPL", 100, "70", "0"), "-7000", "0", "0", "AAPL", 100, "70", "7000", "0"},
        {BUY("2", "AAPL", 1, "77", "0"), "-7077", "0", "0", "AAPL", 101, "70.069306", "7077", "0"},
        {entries_split("s", "AAPL", "AAPL", SIDE_BUY, 101, 707, "0"), "-7077", "0", "0", "AAPL", 707,
         "10.0099", "7077", "0"},
        /* first in, first out, as before: 700 at 10, then 7 at 11 */
        {SELL("3", "AAPL", 700, "10", "0"), "-77", "0", "0", "AAPL", 7, "11", "77", "0"},
        /* the broker says 4 for 8; we hold 7: 3.5, half to even, and half a share in cash */
        {entries_split("r", "AAPL", "AAPL", SIDE_BUY, 8, 4, "10"), "-67", "10", "0", "AAPL", 4, "19.25", "77",
         "10"},
        {entries_split("r", "AAPL", "AAPL", SIDE_BUY, 8, 4, "10"), "-67", "10", "0", "AAPL", 4, "19.25", "77",
         "10"},
        /* one for a hundred: nothing but fractions is left, and they are paid out */
        {entries_split("q", "AAPL", "AAPL", SIDE_BUY, 100, 1, "80"), "13", "13", "0", "AAPL", 0, "0", "0",
         "13"},
        {entries_split("z", "AAPL", "AAPL", SIDE_BUY, 1, 2, "0"), "13", "13", "0", "AAPL", 0, "0", "0", "13"},
    };
    (void)state;
    tell(steps, COUNT(steps));
}

static void test_a_split_of_what_is_short(void **state)
{
    struct step steps[] = {
        {SELL("1", "AAPL", 1, "90", "0"), "90", "0", "0", "AAPL", -1, "90", "-90", "0"},
        {SELL("2", "AAPL", 2, "60", "0"), "210", "0", "0", "AAPL", -3, "70", "-210", "0"},
        /* 2 for 3: the first lot is two thirds of a share, and the rounded sum of both is two */
        {entries_split("s", "AAPL", "AAPL", SIDE_SELL, 3, 2, "0"), "210", "0", "0", "AAPL", -2, "105", "-210",
         "0"},
        /* a tenth: both lots come to nothing but the last share, which keeps all of the cost */
        {entries_split("t", "AAPL", "AAPL", SIDE_SELL, 20, 10, "-5"), "205", "-5", "0", "AAPL", -1, "210",
         "-210", "-5"},
        {BUY("3", "AAPL", 1, "200", "0"), "5", "5", "0", "AAPL", 0, "0", "0", "5"},
    };
    (void)state;
    tell(steps, COUNT(steps));
}

static void test_an_adjusted_contract_takes_the_position_over(void **state)
{
    const char *const adjusted = "GOOG  151224P00375000";
    struct step steps[] = {
        {SELL("1", PUT, 2, "4", "0"), "800", "0", "0", PUT, -2, "4", "-800", "0"},
        {SELL("2", PUT, 1, "7", "0"), "1500", "0", "0", PUT, -3, "5", "-1500", "0"},
        {entries_split("s", PUT, adjusted, SIDE_SELL, 3, 6, "0"), "1500", "0", "0", adjusted, -6, "2.5",
         "-1500", "0"},
        {entries_note("and nothing is left of the old one"), "1500", "0", "0", PUT, 0, "0", "0", "0"},
        {BUY("3", adjusted, 6, "1", "0"), "900", "900", "0", adjusted, 0, "0", "0", "900"},
    };
    (void)state;
    tell(steps, COUNT(steps));
}

static void test_only_fills_move_anything(void **state)
{
    struct accounts a;
    size_t count;
    const struct entry_kind_info *const kinds = entry_kinds(&count);

    (void)state;
    accounts_init(&a);
    const uint64_t before = digests_of(&accounts_row, &a);
    for (size_t i = 0; i < count; i++) {
        if (entry_family(kinds[i].kind) == FAMILY_FILL)
            continue;
        const struct entry e = entries_placed(entries_draft(kinds[i].kind), i + 1, NULL);
        assert_int_equal(accounts_apply(&a, &e, &err), ERR_OK);
        assert_true(digests_of(&accounts_row, &a) == before);
    }
    accounts_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sell_to_open_buy_back_in_two_parts),
        cmocka_unit_test(test_lots_close_first_in_first_out_and_cross_zero),
        cmocka_unit_test(test_wheel_put_assigned_then_called_away),
        cmocka_unit_test(test_assigned_without_the_stock_and_exercised),
        cmocka_unit_test(test_expiry_worthless_is_the_sellers_profit_and_the_buyers_loss),
        cmocka_unit_test(test_index_options_settle_in_cash),
        cmocka_unit_test(test_rebates_deposits_and_withdrawals),
        cmocka_unit_test(test_a_fill_told_twice_counts_once),
        cmocka_unit_test(test_facts_beyond_what_is_held_go_through_zero),
        cmocka_unit_test(test_costs_below_a_millionth_split_half_to_even_and_add_up),
        cmocka_unit_test(test_the_oldest_open_lot_says_since_when),
        cmocka_unit_test(test_a_bust_takes_back_the_very_lot_that_it_opened),
        cmocka_unit_test(test_what_is_taken_back_before_it_is_told_never_counts),
        cmocka_unit_test(test_a_bust_that_does_not_fit_moves_nothing),
        cmocka_unit_test(test_a_bust_of_a_closing_fill_opens_again),
        cmocka_unit_test(test_dividends_are_income_of_their_own),
        cmocka_unit_test(test_a_split_keeps_the_cost_and_every_lot),
        cmocka_unit_test(test_a_split_of_what_is_short),
        cmocka_unit_test(test_an_adjusted_contract_takes_the_position_over),
        cmocka_unit_test(test_postings_are_those_of_the_manual),
        cmocka_unit_test(test_a_delivery_that_closes_on_both_sides_needs_every_posting),
        cmocka_unit_test(test_only_fills_move_anything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
