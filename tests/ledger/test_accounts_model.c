/*
 * A second opinion on accounts: a slow, obvious model that keeps every single share and contract in a queue,
 * with what was paid or received for it. Prices are whole millionths, so that no unit's money is rounded, and
 * the model needs no rule of rounding at all. Thousands of random fills must agree exactly, after each.
 */
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

#define COUNT(a)  (sizeof(a) / sizeof(a)[0])
#define UNITS_MAX 60000
#define FILLS     1500
#define SEEDS     12

static struct err err;

/* -- random ---------------------------------------------------------------------------------------------- */

static uint64_t next(uint64_t *seed)
{
    uint64_t z = (*seed += UINT64_C(0x9e3779b97f4a7c15)); /* splitmix64 */
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static int64_t below(uint64_t *seed, int64_t n)
{
    return (int64_t)(next(seed) % (uint64_t)n);
}

/* -- the model ------------------------------------------------------------------------------------------- */

struct held_unit {
    int64_t money; /* paid for it when bought, received for it when sold; in millionths */
    uint64_t seq;
};

struct holding {
    const char *symbol;
    const char *underlying; /* of an option, else NULL */
    int64_t strike;         /* in millionths */
    bool put;
    int side; /* of the units in the queue: +1 bought, -1 sold */
    struct held_unit units[UNITS_MAX];
    size_t first;
    size_t end;
    int64_t profit;
    int64_t fees;
    bool touched;
};

enum { GOOG, AAPL, GOOG_PUT, GOOG_CALL, AAPL_PUT, SPX_PUT, SPX_CALL, HOLDINGS };

struct model {
    struct holding holdings[HOLDINGS];
    int64_t cash;
    int64_t profit;
    int64_t fees;
    int64_t deposits;
};

static void describe(struct holding *h, const char *symbol, const char *underlying, int64_t strike, bool put)
{
    h->symbol = symbol;
    h->underlying = underlying;
    h->strike = strike;
    h->put = put;
}

static void model_init(struct model *m)
{
    memset(m, 0, sizeof *m);
    describe(&m->holdings[GOOG], "GOOG", NULL, 0, false);
    describe(&m->holdings[AAPL], "AAPL", NULL, 0, false);
    describe(&m->holdings[GOOG_PUT], "GOOG  151224P00750000", "GOOG", 750000000, true);
    describe(&m->holdings[GOOG_CALL], "GOOG  160115C00762500", "GOOG", 762500000, false);
    describe(&m->holdings[AAPL_PUT], "AAPL  151224P00108125", "AAPL", 108125000, true);
    describe(&m->holdings[SPX_PUT], "SPXW  190503P02770000", "SPX", 2770000000, true);
    describe(&m->holdings[SPX_CALL], "SPX   190517C02800000", "SPX", 2800000000, false);
}

static size_t held(const struct holding *h)
{
    return h->end - h->first;
}

/* One share, or one contract, changes hands for so much money. side +1: we buy. */
static void trade_unit(struct model *m, struct holding *h, int side, int64_t money, uint64_t seq)
{
    h->touched = true;
    m->cash -= side * money;
    if (held(h) > 0 && h->side != side) {
        const struct held_unit *const oldest = &h->units[h->first++];
        const int64_t profit = side > 0 ? oldest->money - money : money - oldest->money;
        h->profit += profit;
        m->profit += profit;
        return;
    }
    if (held(h) == 0) {
        h->first = 0;
        h->end = 0;
    }
    assert_true(h->end < UNITS_MAX);
    h->side = side;
    h->units[h->end++] = (struct held_unit){money, seq};
}

static void trade(struct model *m, struct holding *h, int side, int64_t qty, int64_t money, uint64_t seq)
{
    for (int64_t i = 0; i < qty; i++)
        trade_unit(m, h, side, money, seq);
}

static void pay_fee(struct model *m, struct holding *h, int64_t fee)
{
    h->touched = true;
    h->fees += fee;
    m->fees += fee;
    m->cash -= fee;
}

static struct holding *find_holding(struct model *m, const char *symbol)
{
    for (size_t i = 0; i < HOLDINGS; i++) {
        if (strcmp(m->holdings[i].symbol, symbol) == 0)
            return &m->holdings[i];
    }
    fail_msg("the model has no %s", symbol);
    return NULL;
}

/* -- random fills, told to both -------------------------------------------------------------------------- */

static const char *decimal(int64_t v, int decimals)
{
    static char texts[4][DECIMAL_TEXT_SIZE];
    static unsigned n;
    char *const text = texts[n++ % COUNT(texts)];

    decimal_format(text, v, decimals);
    return text;
}

static struct entry random_execution(struct model *m, uint64_t *seed, const char *id, uint64_t seq)
{
    struct holding *const h = &m->holdings[below(seed, HOLDINGS)];
    const int side = below(seed, 2) ? 1 : -1;
    const int64_t qty = 1 + below(seed, h->underlying ? 6 : 250);
    const int64_t price = below(seed, 2000000000);
    const int64_t fee = below(seed, 4000000) - 1000000; /* now and then a rebate */

    trade(m, h, side, qty, h->underlying ? 100 * price : price, seq);
    pay_fee(m, h, fee);
    return entries_execution("o", id, h->symbol, side > 0 ? SIDE_BUY : SIDE_SELL, qty, decimal(price, 6),
                             decimal(fee, 6));
}

/* Assignment or exercise; of as many as it says, whatever is held. */
static struct entry random_delivery(struct model *m, uint64_t *seed, const char *id, uint64_t seq)
{
    struct holding *const h = &m->holdings[GOOG_PUT + below(seed, 3)];
    const bool assigned = below(seed, 2);
    const int64_t qty = 1 + below(seed, 3);
    const int64_t fee = below(seed, 2) * 5000000;
    struct holding *const stock = find_holding(m, h->underlying);

    trade(m, h, assigned ? 1 : -1, qty, 0, seq);
    trade(m, stock, assigned == h->put ? 1 : -1, 100 * qty, h->strike, seq);
    pay_fee(m, h, fee);
    return assigned ? entries_assignment(id, h->symbol, qty, "1", decimal(fee, 6))
                    : entries_exercise(id, h->symbol, qty, "1", decimal(fee, 6));
}

static struct entry random_expiration(struct model *m, uint64_t *seed, const char *id, uint64_t seq)
{
    struct holding *const h = &m->holdings[GOOG_PUT + below(seed, HOLDINGS - GOOG_PUT)];
    const int64_t qty = 1 + below(seed, 8);

    h->touched = true;
    if (held(h) > 0)
        trade(m, h, -h->side, qty, 0, seq);
    return entries_expiration(id, h->symbol, qty, "1");
}

static struct entry random_settlement(struct model *m, uint64_t *seed, const char *id, uint64_t seq)
{
    struct holding *const h = &m->holdings[SPX_PUT + below(seed, 2)];
    const int64_t qty = 1 + below(seed, 8);
    const int64_t level = INT64_C(2700000000) + below(seed, 200000000);
    const int64_t fee = below(seed, 2) * 250000;
    const int64_t in_the_money = h->put ? h->strike - level : level - h->strike;

    if (held(h) > 0)
        trade(m, h, -h->side, qty, in_the_money > 0 ? 100 * in_the_money : 0, seq);
    pay_fee(m, h, fee);
    return entries_settlement(id, h->symbol, qty, decimal(level, 6), decimal(fee, 6));
}

static struct entry random_deposit(struct model *m, uint64_t *seed, const char *id)
{
    const int64_t amount = below(seed, 2000000000) - 1000000000;

    m->deposits += amount;
    m->cash += amount;
    return entries_deposit(id, decimal(amount, 6));
}

static struct entry random_fill(struct model *m, uint64_t *seed, uint64_t seq)
{
    char id[32];
    struct entry e;

    snprintf(id, sizeof id, "f-%" PRIu64, seq);
    switch (below(seed, 12)) {
    case 0: e = random_delivery(m, seed, id, seq); break;
    case 1: e = random_expiration(m, seed, id, seq); break;
    case 2: e = random_settlement(m, seed, id, seq); break;
    case 3: e = random_deposit(m, seed, id); break;
    default: e = random_execution(m, seed, id, seq); break;
    }
    return entries_placed(e, seq, NULL);
}

/* -- do they agree? -------------------------------------------------------------------------------------- */

static void compare_holding(const struct accounts *a, const struct holding *h)
{
    const struct symbol symbol = entries_symbol(h->symbol);
    const struct position *const p = accounts_position(a, &symbol);
    int64_t money = 0;
    int64_t lots_qty = 0;
    int64_t lots_cost = 0;

    assert_true((p != NULL) == h->touched);
    if (!p)
        return;
    for (size_t i = h->first; i < h->end; i++)
        money += h->units[i].money;
    for (uint32_t i = 0; i < p->lot_count; i++) {
        assert_true(p->lots[i].qty != 0 && (p->lots[i].qty > 0) == (p->qty > 0));
        assert_true(i == 0 || p->lots[i - 1].seq < p->lots[i].seq);
        lots_qty += p->lots[i].qty;
        lots_cost += p->lots[i].cost_micro;
    }
    assert_int_equal(p->qty, h->side * (int64_t)held(h));
    assert_int_equal(p->qty, lots_qty);
    assert_int_equal(p->cost_micro, h->side * money);
    assert_int_equal(p->cost_micro, lots_cost);
    assert_int_equal(p->realized_micro, h->profit);
    assert_int_equal(p->fees_micro, h->fees);
    assert_int_equal(p->opened_seq, held(h) ? h->units[h->first].seq : 0);
}

static int64_t posted(const struct accounts *a, const char *account)
{
    int64_t sum = 0;

    for (uint32_t i = 0; i < a->last_count; i++) {
        if (!account || strcmp(a->last[i].account, account) == 0)
            sum += a->last[i].amount_micro;
    }
    return sum;
}

/* Every balance moved by what was posted to it, and by nothing else. */
static void compare_postings(const struct accounts *a, const struct model *before, const struct model *m)
{
    assert_int_equal(posted(a, NULL), 0);
    assert_int_equal(posted(a, "assets:cash"), m->cash - before->cash);
    assert_int_equal(posted(a, "expenses:fees"), m->fees - before->fees);
    assert_int_equal(posted(a, "income:realized"), before->profit - m->profit);
    assert_int_equal(posted(a, "equity:deposits"), before->deposits - m->deposits);
}

static void test_the_model_of_single_units_agrees_after_every_fill(void **state)
{
    static struct model m;
    static struct model before;
    uint64_t crossings = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        uint64_t random = seed;
        struct accounts a;
        accounts_init(&a);
        model_init(&m);
        for (uint64_t seq = 1; seq <= FILLS; seq++) {
            before.cash = m.cash;
            before.fees = m.fees;
            before.profit = m.profit;
            before.deposits = m.deposits;
            const int goog_side = m.holdings[GOOG].side;
            const struct entry e = random_fill(&m, &random, seq);
            crossings += m.holdings[GOOG].side != goog_side;
            if (accounts_apply(&a, &e, &err))
                fail_msg("seed %" PRIu64 ", fill %" PRIu64 ": %s", seed, seq, err.text);
            assert_int_equal(a.cash_micro, m.cash);
            assert_int_equal(a.fees_micro, m.fees);
            assert_int_equal(a.realized_micro, m.profit);
            assert_int_equal(a.deposits_micro, m.deposits);
            for (size_t i = 0; i < HOLDINGS; i++)
                compare_holding(&a, &m.holdings[i]);
            compare_postings(&a, &before, &m);
            assert_int_equal(accounts_sum_micro(&a), 0);
        }
        accounts_release(&a);
    }
    assert_true(crossings > 100); /* the stories were not all one-sided */
}

/* -- what must hold for any price ------------------------------------------------------------------------ */

static struct entry any_fill(uint64_t *seed, uint64_t seq)
{
    static const char *const SYMBOLS[] = {"GOOG", "GOOG  151224P00750000", "AAPL"};
    char id[32];

    snprintf(id, sizeof id, "f-%" PRIu64, seq);
    const enum side side = below(seed, 2) ? SIDE_BUY : SIDE_SELL;
    const int64_t qty = 1 + below(seed, 1000);
    const int64_t price = below(seed, below(seed, 2) ? 5000 : 900000000000); /* nano */
    return entries_placed(entries_execution("o", id, SYMBOLS[below(seed, 3)], side, qty, decimal(price, 9),
                                            decimal(below(seed, 100), 6)),
                          seq, NULL);
}

static void test_no_millionth_is_lost_at_any_price(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        uint64_t random = seed * 1000;
        struct accounts a;
        accounts_init(&a);
        for (uint64_t seq = 1; seq <= FILLS; seq++) {
            const struct entry e = any_fill(&random, seq);
            assert_int_equal(accounts_apply(&a, &e, &err), ERR_OK);
            assert_int_equal(accounts_sum_micro(&a), 0);
            assert_int_equal(posted(&a, NULL), 0);
            for (uint32_t i = 0; i < a.positions.count; i++) {
                const struct position *const p = table_at(&a.positions, i);
                int64_t qty = 0;
                int64_t cost = 0;
                for (uint32_t n = 0; n < p->lot_count; n++) {
                    qty += p->lots[n].qty;
                    cost += p->lots[n].cost_micro;
                }
                assert_int_equal(p->qty, qty);
                assert_int_equal(p->cost_micro, cost);
                assert_true(p->qty != 0 || p->cost_micro == 0);
            }
        }
        accounts_release(&a);
    }
}

/* Many lots, closed from the front while new ones come at the end: the queue's room is used again. */
static void test_a_long_queue_of_lots_keeps_its_order_in_bounded_room(void **state)
{
    const uint64_t lots = 3000;
    const struct symbol goog = entries_symbol("GOOG");
    struct accounts a;
    uint32_t room = 0;

    (void)state;
    accounts_init(&a);
    for (uint64_t seq = 1; seq <= 10 * lots; seq++) {
        char id[32];
        snprintf(id, sizeof id, "f-%" PRIu64, seq);
        const bool buy = seq <= lots || seq % 2 == 0;
        struct entry e =
            entries_execution("o", id, "GOOG", buy ? SIDE_BUY : SIDE_SELL, 1, decimal((int64_t)seq, 6), "0");
        e.seq = seq;
        assert_int_equal(accounts_apply(&a, &e, &err), ERR_OK);
        const struct position *const p = accounts_position(&a, &goog);
        if (seq == lots)
            room = p->lot_capacity;
        for (uint32_t i = 1; seq % 997 == 0 && i < p->lot_count; i++)
            assert_true(p->lots[i - 1].seq < p->lots[i].seq);
    }
    const struct position *const p = accounts_position(&a, &goog);
    assert_true(p->lot_count >= lots - 1);
    assert_true(p->lot_capacity <= 2 * room);
    accounts_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_model_of_single_units_agrees_after_every_fill),
        cmocka_unit_test(test_no_millionth_is_lost_at_any_price),
        cmocka_unit_test(test_a_long_queue_of_lots_keeps_its_order_in_bounded_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
