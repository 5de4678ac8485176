/* The paper broker, story by story: what fills, at which price and size, and what does not. */
#include "gateway/paper.h"

#include "support/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define PUT "GOOG  151231P00700000"
#define DAY "2015-12-24"

static void work(struct world *w)
{
    struct err err;

    if (paper_work(&w->book, &w->out, &err))
        fail_msg("%s", err.text);
}

static void tick(struct world *w, const char *at)
{
    world_tell(w, entries_clock(PHASE_TICK, DAY), at);
}

/* The world's one actor, of role risk. */
static uint32_t governor(struct world *w)
{
    struct entry actor = entries_draft(ENTRY_CONTROL_ACTOR);

    if (w->book.actors->count == 0) {
        actor.as.control_actor.actor_id = 1;
        actor.as.control_actor.name = id_from("risk:governor");
        actor.as.control_actor.role = ROLE_RISK;
        world_tell(w, actor, NULL);
    }
    return 1;
}

/* An order as the engine sends it: right after the verdict that allows it. */
static void order(struct world *w, const char *id, const char *symbol, enum side side, int64_t qty,
                  const char *limit, const char *at)
{
    struct entry verdict = entries_draft(ENTRY_RISK_VERDICT);

    verdict.actor = governor(w);
    verdict.as.risk_verdict.order_id = id_from(id);
    verdict.as.risk_verdict.symbol = entries_symbol(symbol);
    verdict.as.risk_verdict.allowed = true;
    const uint64_t cause = world_tell(w, verdict, at);
    world_tell(w, entries_caused(entries_order(id, symbol, side, qty, limit), cause), at);
}

/* One order against one quote, at a tick after it. */
struct fill_case {
    const char *name;
    enum side side;
    int64_t qty;
    const char *limit; /* NULL: market */
    const char *bid, *ask;
    int64_t bid_size, ask_size;
    int64_t filled;
    const char *price;
    const char *fee;
};

static void test_what_fills_at_which_price_and_size(void **state)
{
    static const struct fill_case cases[] = {
        {"a sell at the bid", SIDE_SELL, 5, "0.40", "0.40", "0.50", 10, 10, 5, "0.40", "3.40"},
        {"a sell below the bid gets the bid", SIDE_SELL, 5, "0.30", "0.40", "0.50", 10, 10, 5, "0.40",
         "3.40"},
        {"a sell above the bid rests", SIDE_SELL, 5, "0.45", "0.40", "0.50", 10, 10, 0, NULL, NULL},
        {"a buy at the ask", SIDE_BUY, 2, "0.50", "0.40", "0.50", 10, 10, 2, "0.50", "1.36"},
        {"a buy below the ask rests", SIDE_BUY, 2, "0.45", "0.40", "0.50", 10, 10, 0, NULL, NULL},
        {"a market sell without a bid does not fill", SIDE_SELL, 1, NULL, NULL, "0.50", 0, 10, 0, NULL, NULL},
        {"a market buy without an ask does not fill", SIDE_BUY, 1, NULL, "0.40", NULL, 10, 0, 0, NULL, NULL},
        {"a market sell fills at the bid", SIDE_SELL, 1, NULL, "0.40", "0.50", 10, 10, 1, "0.40", "1.03"},
        {"no more than is displayed", SIDE_SELL, 5, "0.40", "0.40", "0.50", 3, 10, 3, "0.40", "2.04"},
        {"a bid of size zero is nobody's", SIDE_SELL, 5, "0.40", "0.40", "0.50", 0, 10, 0, NULL, NULL},
        {"a crossed quote fills nothing", SIDE_SELL, 5, "0.40", "0.60", "0.50", 9, 9, 0, NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct fill_case *const c = &cases[i];
        struct world *const w = world_new();
        world_tell(w, entries_quote(PUT, c->bid, c->ask, c->bid_size, c->ask_size), "2015-12-24T15:00:00Z");
        tick(w, "2015-12-24T15:00:00Z");
        order(w, "o-1", PUT, c->side, c->qty, c->limit, "2015-12-24T15:00:00Z");
        work(w);
        assert_int_equal(world_count(w, ENTRY_ORDER_ACKNOWLEDGED), 1);
        const struct entry *const fill = world_last(w, ENTRY_FILL_EXECUTION);
        if (!!fill != (c->filled > 0))
            fail_msg("%s", c->name);
        if (fill) {
            const struct entry_fill_execution *const f = &fill->as.fill_execution;
            assert_int_equal(f->qty, c->filled);
            assert_int_equal(f->price, entries_price(c->price));
            assert_int_equal(f->fee, entries_money(c->fee));
            assert_int_equal(f->side, c->side);
        }
        world_free(w);
    }
}

static void test_a_partial_fill_works_on_when_a_newer_quote_comes(void **state)
{
    struct world *const w = world_new();
    const struct id id = id_from("o-1");

    (void)state;
    world_tell(w, entries_quote(PUT, "0.40", "0.50", 3, 9), "2015-12-24T15:00:00Z");
    tick(w, "2015-12-24T15:00:00Z");
    order(w, "o-1", PUT, SIDE_SELL, 5, "0.40", "2015-12-24T15:00:00Z");
    work(w);
    assert_int_equal(orders_find(w->book.orders, &id)->filled_qty, 3);
    tick(w, "2015-12-24T15:01:00Z"); /* the same quote stands: its size is gone */
    work(w);
    work(w);
    assert_int_equal(orders_find(w->book.orders, &id)->filled_qty, 3);
    world_tell(w, entries_quote(PUT, "0.45", "0.50", 8, 9), "2015-12-24T15:02:00Z");
    tick(w, "2015-12-24T15:02:00Z");
    work(w);
    assert_int_equal(orders_find(w->book.orders, &id)->filled_qty, 5);
    assert_int_equal(orders_find(w->book.orders, &id)->status, ORDER_FILLED);
    assert_int_equal(world_last(w, ENTRY_FILL_EXECUTION)->as.fill_execution.price, entries_price("0.45"));
    /* 3 x 0.68 and 2 x 0.68: the parts cost what the whole costs */
    assert_int_equal(w->book.accounts->fees_micro, entries_money("3.40"));
    assert_int_equal(accounts_position(w->book.accounts, &w->said[1].as.fill_execution.symbol)->qty, -5);
    work(w);
    assert_int_equal(world_count(w, ENTRY_FILL_EXECUTION), 2);
    world_free(w);
}

static void test_a_day_order_does_not_see_the_next_day(void **state)
{
    struct world *const w = world_new();
    const struct id id = id_from("o-1");

    (void)state;
    world_tell(w, entries_quote(PUT, "0.40", "0.50", 9, 9), "2015-12-23T15:00:00Z");
    world_tell(w, entries_clock(PHASE_TICK, "2015-12-23"), "2015-12-23T15:00:00Z");
    order(w, "o-1", PUT, SIDE_SELL, 5, "0.60", "2015-12-23T15:00:00Z");
    work(w);
    assert_int_equal(orders_find(w->book.orders, &id)->status, ORDER_WORKING);
    world_tell(w, entries_quote(PUT, "0.70", "0.80", 9, 9), "2015-12-24T15:00:00Z");
    tick(w, "2015-12-24T15:00:00Z"); /* the day before was cut off: nobody saw its close */
    work(w);
    assert_int_equal(world_count(w, ENTRY_FILL_EXECUTION), 0);
    assert_int_equal(orders_find(w->book.orders, &id)->status, ORDER_DAY_OVER);
    world_free(w);
}

static void test_nothing_new_is_taken_while_stopped(void **state)
{
    struct world *const w = world_new();
    const struct id id = id_from("o-1");

    (void)state;
    world_tell(w, entries_quote(PUT, "0.40", "0.50", 9, 9), "2015-12-24T15:00:00Z");
    tick(w, "2015-12-24T15:00:00Z");
    world_tell(w, entries_stop("quotes look wrong"), "2015-12-24T15:00:10Z");
    order(w, "o-1", PUT, SIDE_SELL, 5, "0.40", "2015-12-24T15:00:20Z");
    work(w);
    assert_int_equal(orders_find(w->book.orders, &id)->status, ORDER_REJECTED);
    assert_int_equal(world_count(w, ENTRY_FILL_EXECUTION), 0);
    world_free(w);
}

static void test_one_quote_serves_one_order(void **state)
{
    struct world *const w = world_new();

    (void)state;
    world_tell(w, entries_quote(PUT, "0.40", "0.50", 10, 10), "2015-12-24T15:00:00Z");
    tick(w, "2015-12-24T15:00:00Z");
    order(w, "o-1", PUT, SIDE_SELL, 2, "0.40", "2015-12-24T15:00:00Z");
    order(w, "o-2", PUT, SIDE_SELL, 2, "0.40", "2015-12-24T15:00:00Z");
    work(w);
    assert_int_equal(world_count(w, ENTRY_ORDER_ACKNOWLEDGED), 2);
    assert_int_equal(world_count(w, ENTRY_FILL_EXECUTION), 1);
    assert_true(id_is(&world_last(w, ENTRY_FILL_EXECUTION)->as.fill_execution.order_id, "o-1"));
    world_free(w);
}

static void test_orders_are_rejected_cancelled_and_end_with_the_day(void **state)
{
    struct world *const w = world_new();

    (void)state;
    work(w); /* no clock yet: nothing to do */
    assert_int_equal(w->count, 0);
    world_tell(w, entries_quote(PUT, "0.40", "0.50", 10, 10), "2015-12-24T15:00:00Z");
    tick(w, "2015-12-24T15:00:00Z");
    order(w, "unknown", "GOOG  151231P00600000", SIDE_SELL, 1, "1", "2015-12-24T15:00:00Z");
    order(w, "expired", "GOOG  151218P00700000", SIDE_SELL, 1, "1", "2015-12-24T15:00:00Z");
    order(w, "resting", PUT, SIDE_SELL, 1, "1", "2015-12-24T15:00:00Z");
    order(w, "changed", PUT, SIDE_BUY, 1, "0.01", "2015-12-24T15:00:00Z");
    work(w);
    assert_int_equal(world_count(w, ENTRY_ORDER_REJECTED), 2);
    assert_int_equal(world_count(w, ENTRY_ORDER_ACKNOWLEDGED), 2);
    world_tell(w, entries_cancel("changed", "a change of mind"), "2015-12-24T15:00:30Z");
    work(w);
    assert_int_equal(world_count(w, ENTRY_ORDER_CANCELLED), 1);
    assert_int_equal(w->book.orders->open_count, 1);
    world_tell(w, entries_clock(PHASE_CLOSE, DAY), "2015-12-24T18:00:00Z"); /* the half day closes at 13:00 */
    work(w);
    assert_true(id_is(&world_last(w, ENTRY_ORDER_EXPIRED)->as.order_expired.order_id, "resting"));
    assert_int_equal(w->book.orders->open_count, 0);
    order(w, "late", PUT, SIDE_SELL, 1, "0.40", "2015-12-24T18:00:00Z");
    work(w);
    assert_int_equal(world_count(w, ENTRY_ORDER_REJECTED), 3); /* the market is closed */
    assert_int_equal(world_count(w, ENTRY_FILL_EXECUTION), 0);
    world_free(w);
}

static void test_in_a_halt_nothing_is_taken_and_nothing_fills(void **state)
{
    struct world *const w = world_new();

    (void)state;
    world_tell(w, entries_quote(PUT, "0.40", "0.50", 10, 10), "2015-12-24T15:00:00Z");
    tick(w, "2015-12-24T15:00:00Z");
    order(w, "resting", PUT, SIDE_SELL, 1, "0.45", "2015-12-24T15:00:00Z");
    work(w);
    world_tell(w, entries_status("GOOG", true), "2015-12-24T15:00:10Z");
    world_tell(w, entries_quote(PUT, "0.50", "0.60", 10, 10), "2015-12-24T15:00:20Z");
    order(w, "new", PUT, SIDE_SELL, 1, "0.40", "2015-12-24T15:00:20Z");
    work(w);
    assert_true(id_is(&world_last(w, ENTRY_ORDER_REJECTED)->as.order_rejected.order_id, "new"));
    assert_int_equal(world_count(w, ENTRY_FILL_EXECUTION), 0);
    world_tell(w, entries_status("GOOG", false), "2015-12-24T15:00:30Z");
    work(w);
    assert_true(id_is(&world_last(w, ENTRY_FILL_EXECUTION)->as.fill_execution.order_id, "resting"));
    world_free(w);
}

/* What an option that expires on the half day becomes, with the underlying at 748.40. */
static void test_expiration(void **state)
{
    static const struct {
        const char *symbol;
        enum side side;
        const char *underlying;
        const char *price;
        enum entry_kind kind;
        int64_t stock;    /* shares afterwards */
        const char *cash; /* after opening 2 at 1.00, commission and fees 1.36 */
    } cases[] = {
        {"GOOG  151224P00700000", SIDE_SELL, "GOOG", "748.40", ENTRY_FILL_EXPIRATION, 0, "198.64"},
        {"GOOG  151224P00750000", SIDE_SELL, "GOOG", "748.40", ENTRY_FILL_ASSIGNMENT, 200, "-149801.36"},
        {"GOOG  151224P00750000", SIDE_BUY, "GOOG", "748.40", ENTRY_FILL_EXERCISE, -200, "149798.64"},
        {"GOOG  151224C00740000", SIDE_SELL, "GOOG", "748.40", ENTRY_FILL_ASSIGNMENT, -200, "148198.64"},
        {"GOOG  151224P00748410", SIDE_SELL, "GOOG", "748.40", ENTRY_FILL_ASSIGNMENT, 200, "-149483.36"},
        {"GOOG  151224P00748400", SIDE_SELL, "GOOG", "748.40", ENTRY_FILL_EXPIRATION, 0, "198.64"},
        {"SPXW  151224P02070000", SIDE_SELL, "SPX", "2060.99", ENTRY_FILL_SETTLEMENT, 0, "-1603.36"},
        {"SPXW  151224P02050000", SIDE_SELL, "SPX", "2060.99", ENTRY_FILL_EXPIRATION, 0, "198.64"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct world *const w = world_new();
        const struct symbol underlying = entries_symbol(cases[i].underlying);
        world_tell(w, entries_mark(cases[i].underlying, cases[i].price, MARK_LAST), "2015-12-24T17:59:00Z");
        world_tell(w, entries_quote(cases[i].symbol, "1", "1", 9, 9), "2015-12-24T17:59:00Z");
        tick(w, "2015-12-24T17:59:00Z");
        order(w, "o-1", cases[i].symbol, cases[i].side, 2, "1", "2015-12-24T17:59:00Z");
        work(w);
        assert_int_equal(world_count(w, ENTRY_FILL_EXECUTION), 1);
        world_tell(w, entries_clock(PHASE_CLOSE, DAY), "2015-12-24T18:00:00Z");
        work(w);
        if (world_count(w, cases[i].kind) != 1)
            fail_msg("%s did not end as it should", cases[i].symbol);
        const struct symbol option = entries_symbol(cases[i].symbol);
        assert_int_equal(accounts_position(w->book.accounts, &option)->qty, 0);
        const struct position *const stock = accounts_position(w->book.accounts, &underlying);
        assert_int_equal(stock ? stock->qty : 0, cases[i].stock);
        assert_int_equal(w->book.accounts->cash_micro, entries_money(cases[i].cash));
        assert_int_equal(accounts_sum_micro(w->book.accounts), 0);
        assert_int_equal(world_count(w, ENTRY_PERCEPTION_DATA_QUALITY), 0);
        work(w); /* and only once */
        assert_int_equal(world_count(w, cases[i].kind), 1);
        world_free(w);
    }
}

static void test_a_missing_settlement_value_is_stood_in_for_aloud(void **state)
{
    struct world *const w = world_new();
    const char *const option = "SPX   151218P02070000"; /* settled at the opening of the 18th */

    (void)state;
    world_tell(w, entries_clock(PHASE_TICK, "2015-12-17"), "2015-12-17T20:59:00Z");
    world_tell(w, entries_execution("o-1", "f-1", option, SIDE_SELL, 1, "20", "0"), "2015-12-17T20:59:00Z");
    work(w);
    assert_int_equal(w->count, 0); /* not due, and no value known */
    world_tell(w, entries_clock(PHASE_OPEN, "2015-12-18"), "2015-12-18T14:30:00Z");
    work(w);
    assert_int_equal(w->count, 0); /* due, but nothing is known of the index: it waits */
    world_tell(w, entries_mark("SPX", "2041.89", MARK_LAST), "2015-12-17T20:59:00Z");
    work(w);
    const struct entry *const finding = world_last(w, ENTRY_PERCEPTION_DATA_QUALITY);
    assert_non_null(finding);
    assert_int_equal(finding->as.perception_data_quality.finding, FINDING_PROXY);
    assert_int_equal(world_count(w, ENTRY_FILL_SETTLEMENT), 1);
    /* 20.00 received, 28.11 paid */
    assert_int_equal(w->book.accounts->cash_micro, entries_money("-811"));
    assert_int_equal(w->book.accounts->realized_micro, entries_money("-811"));
    world_free(w);
}

static void test_an_order_that_no_verdict_allows_is_rejected(void **state)
{
    static const char at[] = "2015-12-24T15:00:00Z";
    struct world *const w = world_new();
    struct entry verdict = entries_draft(ENTRY_RISK_VERDICT);

    (void)state;
    world_tell(w, entries_quote(PUT, "0.40", "0.50", 10, 10), at);
    tick(w, at);
    world_tell(w, entries_order("by-hand", PUT, SIDE_SELL, 500, "0.40"), at);
    work(w);
    verdict.as.risk_verdict.order_id = id_from("refused");
    verdict.as.risk_verdict.symbol = entries_symbol(PUT);
    uint64_t cause = world_tell(w, verdict, at);
    world_tell(w, entries_caused(entries_order("refused", PUT, SIDE_SELL, 1, "0.40"), cause), at);
    work(w);
    verdict.as.risk_verdict.allowed = true; /* by nobody of role risk */
    verdict.as.risk_verdict.order_id = id_from("nobody");
    cause = world_tell(w, verdict, at);
    world_tell(w, entries_caused(entries_order("nobody", PUT, SIDE_SELL, 1, "0.40"), cause), at);
    verdict.actor = governor(w);
    verdict.as.risk_verdict.order_id = id_from("refused");
    cause = world_tell(w, verdict, at);
    world_tell(w, entries_caused(entries_order("another", PUT, SIDE_SELL, 1, "0.40"), cause), at);
    world_tell(w, entries_caused(entries_order("twice", PUT, SIDE_SELL, 1, "0.40"), cause), at);
    work(w);
    assert_int_equal(world_count(w, ENTRY_ORDER_REJECTED), 5);
    assert_int_equal(world_count(w, ENTRY_FILL_EXECUTION), 0);
    order(w, "allowed", PUT, SIDE_SELL, 1, "0.40", at);
    work(w);
    assert_int_equal(world_count(w, ENTRY_FILL_EXECUTION), 1);
    world_free(w);
}

static void test_the_account_is_opened_once(void **state)
{
    struct world *const w = world_new();
    struct err err;

    (void)state;
    assert_int_equal(paper_open_account(&w->book, &w->out, &err), ERR_OK);
    assert_int_equal(w->book.accounts->cash_micro, w->book.configuration->configuration.strategy.deposit);
    assert_int_equal(paper_open_account(&w->book, &w->out, &err), ERR_OK);
    assert_int_equal(w->count, 1);
    world_tell(w, entries_deposit("taken-out", "-1000000"), "2015-12-24T15:00:00Z");
    assert_int_equal(paper_open_account(&w->book, &w->out, &err), ERR_OK);
    assert_int_equal(w->book.accounts->cash_micro, 0); /* all of it is out, and nobody pays it in again */
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_fills_at_which_price_and_size),
        cmocka_unit_test(test_a_partial_fill_works_on_when_a_newer_quote_comes),
        cmocka_unit_test(test_a_day_order_does_not_see_the_next_day),
        cmocka_unit_test(test_nothing_new_is_taken_while_stopped),
        cmocka_unit_test(test_one_quote_serves_one_order),
        cmocka_unit_test(test_orders_are_rejected_cancelled_and_end_with_the_day),
        cmocka_unit_test(test_in_a_halt_nothing_is_taken_and_nothing_fills),
        cmocka_unit_test(test_expiration),
        cmocka_unit_test(test_a_missing_settlement_value_is_stood_in_for_aloud),
        cmocka_unit_test(test_an_order_that_no_verdict_allows_is_rejected),
        cmocka_unit_test(test_the_account_is_opened_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
