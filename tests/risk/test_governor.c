/*
 * The governor's answers, each limit at its exact boundary and one step past it. The desk has a million
 * dollars, GOOG at 748.50, and a put bid 0.40 and offered 0.50; five of them need 30,200 of margin.
 */
#include "support/desk.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define DAY  "2015-12-23"
#define PUT  "GOOG  151231P00600000"
#define PUT2 "GOOG  151231P00605000"

static int setup(void **state)
{
    struct desk *const d = desk_new(DAY);

    desk_tell(d, entries_deposit("deposit", "1000000"), "14:00:00");
    desk_tick(d, PHASE_OPEN, "14:30:00");
    desk_tell(d, desk_equity(PHASE_OPEN, DAY, "1000000"), "14:30:00");
    desk_trade(d, "GOOG", "748.5", "15:00:00");
    desk_tell(d, entries_quote(PUT, "0.40", "0.50", 10, 10), "15:00:00");
    desk_tick(d, PHASE_TICK, "15:01:00");
    *state = d;
    return 0;
}

static int teardown(void **state)
{
    desk_free(*state);
    return 0;
}

static struct entry_risk_verdict judge(struct desk *d, struct entry decision)
{
    static struct entry verdict;
    struct err err;

    decision.seq = 999;
    if (risk_judge(&d->ctx.risk, &decision, &verdict, &err))
        fail_msg("%s", err.text);
    assert_int_equal(verdict.kind, ENTRY_RISK_VERDICT);
    assert_int_equal(verdict.cause, 999);
    return verdict.as.risk_verdict;
}

static struct entry_risk_verdict judge_sale(struct desk *d)
{
    return judge(d, desk_enter("np-1", PUT, SIDE_SELL, 5, "0.40"));
}

static void allowed(const struct entry_risk_verdict *v)
{
    for (unsigned i = 0; i < v->checks.count; i++) {
        if (!v->checks.rows[i].ok && !risk_check_is_exempt(&v->checks.rows[i]))
            fail_msg("refused by %s", v->checks.rows[i].name.text);
    }
    assert_true(v->allowed);
}

/* Refused, and by this limit only. */
static void refused_by(const struct entry_risk_verdict *v, const char *name)
{
    assert_false(v->allowed);
    assert_false(desk_check(&v->checks, name)->ok);
    for (unsigned i = 0; i < v->checks.count; i++) {
        const struct check *const c = &v->checks.rows[i];
        if (!c->ok && !risk_check_is_exempt(c) && !id_is(&c->name, name))
            fail_msg("refused by %s as well", c->name.text);
    }
}

static void test_every_limit_is_listed_with_value_and_bound(void **state)
{
    struct desk *const d = *state;
    const struct entry_risk_verdict v = judge_sale(d);
    static const struct {
        const char *name;
        int64_t value;
        enum rule rule;
        int64_t bound;
        enum unit unit;
    } rows[] = {
        {"stopped", 0, RULE_EQUAL, 0, UNIT_FLAG},
        {"breakers_tripped", 0, RULE_AT_MOST, 0, UNIT_COUNT},
        {"daily_loss", 0, RULE_AT_LEAST, -20000000, UNIT_RATE},
        {"margin_use", 30200000, RULE_AT_MOST, 800000000, UNIT_RATE},
        {"sector_share", 37750000, RULE_AT_MOST, 300000000, UNIT_RATE},
        {"new_positions_day", 1, RULE_AT_MOST, 10, UNIT_COUNT},
        {"open_positions", 1, RULE_AT_MOST, 10, UNIT_COUNT},
        {"after_open", 1860, RULE_AT_LEAST, 0, UNIT_SECONDS},
        {"before_close", 21540, RULE_ABOVE, 0, UNIT_SECONDS},
        {"limit_price", 400000000, RULE_ABOVE, 0, UNIT_PRICE},
        {"price_distance", 0, RULE_AT_MOST, 100000000, UNIT_RATE},
        {"order_qty", 5, RULE_AT_MOST, 50, UNIT_COUNT},
        {"order_id_used", 0, RULE_AT_MOST, 0, UNIT_COUNT},
        {"same_order_open", 0, RULE_AT_MOST, 0, UNIT_COUNT},
        {"underlying_age", 60, RULE_AT_MOST, 300, UNIT_SECONDS},
    };

    allowed(&v);
    assert_true(id_is(&v.order_id, "np-1"));
    assert_string_equal(v.symbol.text, PUT);
    assert_int_equal(v.checks.count, sizeof rows / sizeof rows[0]);
    for (unsigned i = 0; i < v.checks.count; i++) {
        const struct check *const c = &v.checks.rows[i];
        assert_string_equal(c->name.text, rows[i].name);
        assert_int_equal(c->value, rows[i].value);
        assert_int_equal(c->rule, rows[i].rule);
        assert_int_equal(c->bound, rows[i].bound);
        assert_int_equal(c->unit, rows[i].unit);
    }
}

static void test_a_stop_refuses_opening_and_closing_until_a_resume(void **state)
{
    struct desk *const d = *state;

    desk_fill(d, PUT, SIDE_SELL, 5, "0.40", "15:01:00");
    desk_tell(d, entries_stop("fire"), "15:01:00");
    struct entry_risk_verdict v = judge(d, desk_enter("np-1", PUT2, SIDE_SELL, 5, "0.40"));
    assert_false(v.allowed);
    assert_false(desk_check(&v.checks, "stopped")->ok);
    v = judge(d, desk_exit("np-2", PUT, SIDE_BUY, 5, "0.50"));
    refused_by(&v, "stopped");
    desk_tell(d, entries_resume("out"), "15:02:00");
    v = judge(d, desk_exit("np-2", PUT, SIDE_BUY, 5, "0.50"));
    allowed(&v);
    desk_tell(d, entries_quote(PUT2, "0.40", "0.50", 10, 10), "15:02:00");
    v = judge(d, desk_enter("np-1", PUT2, SIDE_SELL, 5, "0.40"));
    allowed(&v);
}

static void test_a_halt_refuses_opening_and_closing_until_it_is_over(void **state)
{
    struct desk *const d = *state;

    desk_tell(d, entries_status("GOOG", true), "15:01:00");
    struct entry_risk_verdict v = judge_sale(d);
    refused_by(&v, "halted"); /* the option's underlying is halted */
    desk_tell(d, entries_status("GOOG", false), "15:02:00");
    v = judge_sale(d);
    allowed(&v);
    assert_true(desk_check(&v.checks, "halted")->ok);
    desk_tell(d, entries_status(PUT, true), "15:03:00");
    v = judge_sale(d);
    refused_by(&v, "halted"); /* the option itself */
    v = judge(d, desk_enter("np-1", PUT2, SIDE_SELL, 5, "0.40"));
    assert_true(desk_check(&v.checks, "halted")->ok);
}

/* One contract more than an order may have. */
static struct entry_risk_verdict judge_large(struct desk *d, const char *symbol, const char *order_id)
{
    return judge(d, desk_enter(order_id, symbol, SIDE_SELL, 5, "0.40"));
}

static void use(struct desk *d, const struct entry_risk_verdict *v)
{
    struct entry e = entries_draft(ENTRY_RISK_VERDICT);

    e.as.risk_verdict = *v;
    desk_tell(d, e, "15:02:00");
}

static void test_an_override_lets_one_order_pass_one_limit(void **state)
{
    struct desk *const d = *state;

    d->risk_settings.max_contracts = 4;
    desk_tell(d, entries_quote(PUT2, "0.40", "0.50", 10, 10), "15:00:00");
    struct entry_risk_verdict v = judge_large(d, PUT, "np-1");
    refused_by(&v, "order_qty");
    desk_tell(d, entries_override(PUT, "margin_use", 60), "15:01:00");
    v = judge_large(d, PUT, "np-1");
    refused_by(&v, "order_qty"); /* another limit's */
    desk_tell(d, entries_override(PUT, "order_qty", 60), "15:01:00");
    v = judge_large(d, PUT2, "np-1");
    refused_by(&v, "order_qty"); /* another contract's */
    v = judge_large(d, PUT, "np-1");
    allowed(&v);
    assert_false(desk_check(&v.checks, "order_qty:overridden")->ok);
    v = judge_large(d, PUT, "np-2");
    allowed(&v); /* nothing is used before a verdict is an entry */
    use(d, &v);
    v = judge_large(d, PUT, "np-3");
    refused_by(&v, "order_qty"); /* once */
    desk_tell(d, entries_override("GOOG", "order_qty", 60), "15:02:00");
    v = judge_large(d, PUT2, "np-3");
    allowed(&v); /* by the underlying's name */
}

static void test_an_override_runs_out_and_cannot_pass_everything(void **state)
{
    struct desk *const d = *state;

    d->risk_settings.max_contracts = 4;
    desk_tell(d, entries_override(PUT, "order_qty", 60), "15:01:00");
    desk_tick(d, PHASE_TICK, "15:02:00");
    struct entry_risk_verdict v = judge_large(d, PUT, "np-1");
    allowed(&v);
    desk_tick(d, PHASE_TICK, "15:02:01");
    v = judge_large(d, PUT, "np-1");
    refused_by(&v, "order_qty");
    d->risk_settings.max_contracts = 5;
    desk_tell(d, entries_override(PUT, "stopped", 600), "15:02:01");
    desk_tell(d, entries_override(PUT, "halted", 600), "15:02:01");
    desk_tell(d, entries_stop("fire"), "15:02:01");
    v = judge_sale(d);
    refused_by(&v, "stopped");
    desk_tell(d, entries_resume("out"), "15:02:01");
    desk_tell(d, entries_status(PUT, true), "15:02:01");
    v = judge_sale(d);
    refused_by(&v, "halted");
}

static void test_an_override_never_lets_a_closing_order_open_the_other_side(void **state)
{
    struct desk *const d = *state;

    desk_fill(d, PUT, SIDE_SELL, 5, "0.40", "15:00:00");
    desk_tell(d, entries_override(PUT, "order_qty", 600), "15:01:00");
    struct entry_risk_verdict v = judge(d, desk_exit("np-1", PUT, SIDE_BUY, 6, "0.50"));
    refused_by(&v, "order_qty");
    v = judge(d, desk_exit("np-1", PUT, SIDE_BUY, 5, "0.50"));
    allowed(&v);
}

static struct entry clock_quality(bool ok)
{
    struct entry e = entries_draft(ENTRY_PERCEPTION_CLOCK_QUALITY);

    e.as.perception_clock_quality.synchronised = ok;
    e.as.perception_clock_quality.ok = ok;
    e.as.perception_clock_quality.source = text_from("test");
    return e;
}

static void test_where_the_clock_must_be_good_a_bad_one_opens_nothing(void **state)
{
    struct desk *const d = *state;
    struct entry others = clock_quality(true);

    struct entry_risk_verdict v = judge_sale(d);
    allowed(&v); /* not asked: there is no such row */
    for (unsigned i = 0; i < v.checks.count; i++)
        assert_false(id_is(&v.checks.rows[i].name, "clock_ok"));
    d->risk_settings.clock_required = true;
    v = judge_sale(d);
    refused_by(&v, "clock_ok"); /* it was never measured */
    others.actor = 2;
    desk_tell(d, others, "15:01:00");
    v = judge_sale(d);
    refused_by(&v, "clock_ok"); /* another machine's clock */
    desk_tell(d, clock_quality(true), "15:01:00");
    v = judge_sale(d);
    allowed(&v);
    desk_tell(d, clock_quality(false), "15:01:00");
    v = judge_sale(d);
    refused_by(&v, "clock_ok");
    desk_fill(d, PUT, SIDE_SELL, 5, "0.40", "15:01:00");
    v = judge(d, desk_exit("np-2", PUT, SIDE_BUY, 5, "0.50"));
    allowed(&v); /* what is open may be closed */
}

static void test_a_tripped_breaker_refuses_opening_but_not_closing(void **state)
{
    struct desk *const d = *state;

    desk_tell(d, desk_trip(RISK_BREAKER_DAILY_LOSS), "15:01:00");
    struct entry_risk_verdict v = judge_sale(d);
    refused_by(&v, "breakers_tripped");
    desk_fill(d, PUT, SIDE_SELL, 5, "0.40", "15:01:00");
    v = judge(d, desk_exit("np-2", PUT, SIDE_BUY, 5, "0.50"));
    allowed(&v);
    assert_int_equal(desk_check(&v.checks, "breakers_tripped:exempt")->value, 1);
    assert_false(desk_check(&v.checks, "breakers_tripped:exempt")->ok); /* listed as it is */
    desk_tell(d, entries_resume("looked into"), "15:02:00");
    desk_tell(d, entries_quote(PUT2, "0.40", "0.50", 10, 10), "15:02:00");
    v = judge(d, desk_enter("np-3", PUT2, SIDE_SELL, 5, "0.40"));
    allowed(&v);
}

static void test_the_day_s_loss_at_two_percent(void **state)
{
    struct desk *const d = *state;

    desk_lose(d, "20000", "15:01:00");
    struct entry_risk_verdict v = judge_sale(d);
    allowed(&v);
    assert_int_equal(desk_check(&v.checks, "daily_loss")->value, entries_rate("-0.02"));
    desk_lose(d, "0.000001", "15:01:00");
    v = judge_sale(d);
    refused_by(&v, "daily_loss");
    assert_int_equal(desk_check(&v.checks, "daily_loss")->value, entries_rate("-0.020000001"));
    desk_fill(d, PUT, SIDE_SELL, 5, "0.45", "15:01:00");
    v = judge(d, desk_exit("np-2", PUT, SIDE_BUY, 5, "0.50"));
    allowed(&v);
    assert_false(desk_check(&v.checks, "daily_loss:exempt")->ok);
}

static void test_without_the_opening_equity_nothing_opens(void **state)
{
    struct desk *const d = *state;

    desk_tell(d, entries_clock(PHASE_OPEN, "2015-12-24"), "2015-12-24T14:30:00Z");
    desk_trade(d, "GOOG", "748.5", "2015-12-24T14:30:00Z");
    desk_tell(d, entries_quote(PUT, "0.40", "0.50", 10, 10), "2015-12-24T14:30:00Z");
    const struct entry_risk_verdict v = judge_sale(d);
    refused_by(&v, "daily_loss");
    assert_int_equal(desk_check(&v.checks, "daily_loss")->value, CHECK_VALUE_NONE);
}

static void test_margin_use_at_its_bound(void **state)
{
    struct desk *const d = *state;

    d->risk_settings.sector_share = NANO;
    d->risk_settings.margin_use = entries_rate("0.0302");
    struct entry_risk_verdict v = judge_sale(d);
    allowed(&v);
    assert_int_equal(desk_check(&v.checks, "sector_share")->value, NANO);
    desk_lose(d, "0.000001", "15:01:00"); /* the smallest part of a dollar less to stand on */
    d->risk_settings.sector_share = 2 * NANO;
    v = judge_sale(d);
    refused_by(&v, "margin_use");
    assert_int_equal(desk_check(&v.checks, "margin_use")->value, entries_rate("0.030200001"));
}

static void test_margin_use_counts_positions_and_pending_orders(void **state)
{
    struct desk *const d = *state;

    desk_fill(d, PUT2, SIDE_SELL, 5, "0.40", "15:01:00"); /* 30,450 */
    desk_tell(d, entries_order("o-1", "GOOG  151231P00610000", SIDE_SELL, 5, "0.40"),
              "15:01:00"); /* 30,700 */
    const struct entry_risk_verdict v = judge_sale(d);
    allowed(&v);
    assert_int_equal(desk_check(&v.checks, "margin_use")->value, entries_rate("0.09135"));
}

static void test_without_equity_nothing_opens(void **state)
{
    struct desk *const d = *state;

    desk_tell(d, entries_deposit("out", "-1000000"), "15:01:00");
    const struct entry_risk_verdict v = judge_sale(d);
    assert_false(v.allowed);
    assert_int_equal(desk_check(&v.checks, "margin_use")->value, CHECK_VALUE_NONE);
    assert_int_equal(desk_check(&v.checks, "sector_share")->value, CHECK_VALUE_NONE);
}

static void test_the_sector_s_share_at_its_bound(void **state)
{
    struct desk *const d = *state;

    d->risk_settings.sector_share = entries_rate("0.03775"); /* 30,200 of 800,000 */
    struct entry_risk_verdict v = judge_sale(d);
    allowed(&v);
    d->risk_settings.sector_share = entries_rate("0.037749999");
    v = judge_sale(d);
    refused_by(&v, "sector_share");
    desk_fill(d, PUT, SIDE_SELL, 5, "0.40", "15:01:00");
    v = judge(d, desk_exit("np-2", PUT, SIDE_BUY, 5, "0.50"));
    allowed(&v);
    assert_false(desk_check(&v.checks, "sector_share:exempt")->ok);
}

static void test_what_has_no_sector_shares_the_unknown_one(void **state)
{
    struct desk *const d = *state;

    desk_trade(d, "IBM", "150", "15:01:00");
    desk_tell(d, entries_quote("IBM   151231P00120000", "1", "1.1", 1, 1), "15:01:00");
    desk_fill(d, "XOM   151231P00050000", SIDE_SELL, 10, "0.50", "15:01:00"); /* (10 + 0.5) x 1,000 */
    desk_fill(d, PUT, SIDE_SELL, 5, "0.40", "15:01:00");                      /* of another sector */
    const struct entry_risk_verdict v =
        judge(d, desk_enter("np-1", "IBM   151231P00120000", SIDE_SELL, 10, "1"));
    allowed(&v);
    const int64_t equity = entries_money("999975"); /* the put is marked at 0.45: 25 dollars lost */
    int64_t share = 0;
    /* (12 + 1) x 1,000 and 10,500 of 80 % of equity, rounded up */
    assert_int_equal(decimal_mul_div(entries_money("23500"), NANO, equity / 10 * 8, &share, NULL), ERR_OK);
    assert_in_range(desk_check(&v.checks, "sector_share")->value, share, share + 1);
}

static void open_today(struct desk *d, int count)
{
    for (int i = 0; i < count; i++) {
        struct entry verdict = entries_draft(ENTRY_RISK_VERDICT);
        verdict.cause = desk_tell(d, desk_enter("np-x", "GOOG", SIDE_SELL, 1, "1"), "15:01:00");
        verdict.as.risk_verdict.allowed = true;
        desk_tell(d, verdict, "15:01:00");
    }
}

static void test_the_tenth_position_of_the_day_is_the_last(void **state)
{
    struct desk *const d = *state;

    open_today(d, 9);
    struct entry_risk_verdict v = judge_sale(d);
    allowed(&v);
    assert_int_equal(desk_check(&v.checks, "new_positions_day")->value, 10);
    open_today(d, 1);
    v = judge_sale(d);
    refused_by(&v, "new_positions_day");
    desk_fill(d, PUT, SIDE_SELL, 5, "0.40", "15:01:00");
    v = judge(d, desk_exit("np-2", PUT, SIDE_BUY, 5, "0.50"));
    allowed(&v);
    assert_int_equal(desk_check(&v.checks, "new_positions_day:exempt")->value, 10); /* it opens nothing */
}

static void hold(struct desk *d, int count)
{
    char symbol[32];

    for (int i = 0; i < count; i++) {
        snprintf(symbol, sizeof symbol, "XOM   151231P%08u", 1000U + (unsigned)i);
        desk_fill(d, symbol, SIDE_SELL, 1, "0.01", "15:01:00");
    }
}

static void test_the_tenth_open_position_is_the_last(void **state)
{
    struct desk *const d = *state;

    hold(d, 8);
    desk_tell(d, entries_order("o-1", PUT2, SIDE_SELL, 1, "0.40"), "15:01:00");
    desk_tell(d, entries_order("o-2", PUT2, SIDE_BUY, 1, "0.30"), "15:01:00"); /* the same contract: one */
    desk_tell(d, entries_order("o-3", "XOM   151231P00001000", SIDE_BUY, 1, "0.01"), "15:01:00"); /* closes */
    struct entry_risk_verdict v = judge_sale(d);
    allowed(&v);
    assert_int_equal(desk_check(&v.checks, "open_positions")->value, 10);
    desk_fill(d, "AAPL", SIDE_BUY, 1, "1", "15:01:00"); /* a stock is a position, too */
    v = judge_sale(d);
    refused_by(&v, "open_positions");
    v = judge(d, desk_enter("np-1", "AAPL", SIDE_BUY, 1, "1"));
    assert_int_equal(desk_check(&v.checks, "open_positions")->value,
                     10); /* more of what is open: no new one */
    desk_fill(d, "AAPL", SIDE_SELL, 1, "1", "15:01:00");
    v = judge_sale(d);
    allowed(&v);
}

static void test_market_hours_at_their_edges(void **state)
{
    struct desk *const d = *state;
    static const struct {
        const char *day, *at;
        const char *refused_by; /* NULL: allowed */
        int64_t value;
    } rows[] = {
        {"2015-12-23", "2015-12-23T14:29:59.999999999Z", "after_open", -1},
        {"2015-12-23", "2015-12-23T14:30:00Z", NULL, 0},
        {"2015-12-23", "2015-12-23T20:59:59.999999999Z", NULL, 0},
        {"2015-12-23", "2015-12-23T21:00:00Z", "before_close", 0},
        {"2015-12-24", "2015-12-24T17:59:59.999999999Z", NULL, 0},
        {"2015-12-24", "2015-12-24T18:00:00Z", "before_close", 0}, /* a half day */
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        desk_tell(d, entries_clock(PHASE_TICK, rows[i].day), rows[i].at);
        desk_tell(d, desk_equity(PHASE_OPEN, rows[i].day, "1000000"), rows[i].at);
        desk_trade(d, "GOOG", "748.5", rows[i].at);
        desk_tell(d, entries_quote(PUT, "0.40", "0.50", 10, 10), rows[i].at);
        const struct entry_risk_verdict v = judge_sale(d);
        if (!rows[i].refused_by) {
            allowed(&v);
            continue;
        }
        refused_by(&v, rows[i].refused_by);
        assert_int_equal(desk_check(&v.checks, rows[i].refused_by)->value, rows[i].value);
    }
    desk_tell(d, entries_clock(PHASE_TICK, "2015-12-25"), "2015-12-25T15:00:00Z"); /* Christmas Day */
    const struct entry_risk_verdict v = judge_sale(d);
    assert_false(v.allowed);
    assert_int_equal(desk_check(&v.checks, "after_open")->value, CHECK_VALUE_NONE);
    assert_int_equal(desk_check(&v.checks, "before_close")->value, CHECK_VALUE_NONE);
}

static void test_price_sanity(void **state)
{
    struct desk *const d = *state;
    static const struct {
        const char *bid, *ask, *limit;
        const char *distance; /* NULL: not known */
        bool ok;
    } rows[] = {
        {"0.40", "0.50", "0.40", "0", true},
        {"0.40", "0.50", "0.45", "0", true},
        {"0.40", "0.50", "0.50", "0", true},
        {"0.40", "0.50", "0.36", "0.1", true},
        {"0.40", "0.50", "0.359999999", "0.100000003", false}, /* 0.1000000025, rounded up */
        {"0.40", "0.50", "0.55", "0.1", true},
        {"0.40", "0.50", "0.550000001", "0.100000002", false},
        {NULL, "0.50", "0.45", "0.1", true}, /* one side is all there is to go by */
        {NULL, "0.50", "0.449999999", "0.100000002", false},
        {"0.40", NULL, "0.44", "0.1", true},
        {"0.40", NULL, "0.440000001", "0.100000003", false},
        {NULL, NULL, "0.40", NULL, false},
        {"0.51", "0.50", "0.50", NULL, false}, /* crossed: no quote to go by */
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        desk_tell(d, entries_quote(PUT, rows[i].bid, rows[i].ask, 10, 10), "15:01:00");
        const struct entry_risk_verdict v = judge(d, desk_enter("np-1", PUT, SIDE_SELL, 5, rows[i].limit));
        const struct check *const c = desk_check(&v.checks, "price_distance");
        assert_int_equal(c->value, rows[i].distance ? entries_rate(rows[i].distance) : CHECK_VALUE_NONE);
        if (rows[i].ok)
            allowed(&v);
        else
            refused_by(&v, "price_distance");
    }
    const struct entry_risk_verdict v = judge(d, desk_enter("np-1", PUT2, SIDE_SELL, 5, "0.40"));
    refused_by(&v, "price_distance"); /* never quoted */
}

static void test_a_limit_is_above_zero(void **state)
{
    struct desk *const d = *state;

    d->risk_settings.price_distance = NANO;
    desk_tell(d, entries_quote(PUT, "0.000000001", "0.50", 10, 10), "15:01:00");
    struct entry_risk_verdict v = judge(d, desk_enter("np-1", PUT, SIDE_SELL, 5, "0.000000001"));
    allowed(&v);
    v = judge(d, desk_enter("np-1", PUT, SIDE_SELL, 5, "0"));
    refused_by(&v, "limit_price");
}

static void test_size_sanity(void **state)
{
    struct desk *const d = *state;
    struct entry_risk_verdict v;

    d->risk_settings.sector_share = NANO;
    v = judge(d, desk_enter("np-1", PUT, SIDE_SELL, 50, "0.40"));
    allowed(&v);
    v = judge(d, desk_enter("np-1", PUT, SIDE_SELL, 51, "0.40"));
    refused_by(&v, "order_qty");
    v = judge(d, desk_enter("np-1", "GOOG", SIDE_BUY, 5000, "748.5"));
    assert_true(desk_check(&v.checks, "order_qty")->ok);
    v = judge(d, desk_enter("np-1", "GOOG", SIDE_BUY, 5001, "748.5"));
    assert_false(desk_check(&v.checks, "order_qty")->ok);
    desk_fill(d, PUT, SIDE_SELL, 60, "0.40", "15:01:00"); /* what is open may be closed, whatever its size */
    v = judge(d, desk_exit("np-1", PUT, SIDE_BUY, 60, "0.50"));
    allowed(&v);
    v = judge(d, desk_exit("np-1", PUT, SIDE_BUY, 61, "0.50")); /* more would open the other side */
    refused_by(&v, "order_qty");
}

static void test_duplicate_orders(void **state)
{
    struct desk *const d = *state;

    desk_tell(d, entries_order("np-1", PUT, SIDE_SELL, 5, "0.40"), "15:01:00");
    desk_tell(d, entries_cancelled("np-1", "done"), "15:01:00");
    struct entry_risk_verdict v = judge_sale(d);
    refused_by(&v, "order_id_used"); /* used once is used for ever */
    v = judge(d, desk_enter("np-2", PUT, SIDE_SELL, 5, "0.40"));
    allowed(&v);
    desk_tell(d, entries_order("np-2", PUT, SIDE_SELL, 5, "0.40"), "15:01:00");
    v = judge(d, desk_enter("np-3", PUT, SIDE_SELL, 5, "0.40"));
    refused_by(&v, "same_order_open");
    v = judge(d, desk_enter("np-3", PUT, SIDE_BUY, 5, "0.40"));
    allowed(&v); /* the other side is another order */
    desk_tell(d, entries_cancel("np-2", "changed our mind"), "15:01:00");
    v = judge(d, desk_enter("np-3", PUT, SIDE_SELL, 5, "0.40"));
    refused_by(&v, "same_order_open"); /* asked to cancel is still open */
    desk_tell(d, entries_cancelled("np-2", "done"), "15:01:00");
    v = judge(d, desk_enter("np-3", PUT, SIDE_SELL, 5, "0.40"));
    allowed(&v);
}

static void test_a_stale_price_of_the_underlying(void **state)
{
    struct desk *const d = *state;

    desk_tick(d, PHASE_TICK, "15:05:00");
    struct entry_risk_verdict v = judge_sale(d);
    allowed(&v);
    assert_int_equal(desk_check(&v.checks, "underlying_age")->value, 300);
    desk_tick(d, PHASE_TICK, "15:05:00.000000001");
    v = judge_sale(d);
    refused_by(&v, "underlying_age");
    assert_int_equal(desk_check(&v.checks, "underlying_age")->value, 301);
    desk_tell(d, entries_quote("IBM   151231P00120000", "1", "1.1", 1, 1), "15:05:00");
    v = judge(d, desk_enter("np-1", "IBM   151231P00120000", SIDE_SELL, 1, "1"));
    refused_by(&v, "underlying_age"); /* no price at all */
}

static void test_an_exit_that_closes_nothing_is_judged_as_opening(void **state)
{
    struct desk *const d = *state;

    desk_tell(d, desk_trip(RISK_BREAKER_DAILY_LOSS), "15:01:00");
    struct entry_risk_verdict v = judge(d, desk_exit("np-1", PUT, SIDE_BUY, 5, "0.50"));
    refused_by(&v, "breakers_tripped");
    desk_fill(d, PUT, SIDE_SELL, 5, "0.40", "15:01:00");
    v = judge(d, desk_exit("np-1", PUT, SIDE_SELL, 5, "0.40")); /* more of the same side */
    refused_by(&v, "breakers_tripped");
}

static void test_a_sum_that_does_not_fit_is_an_error(void **state)
{
    struct desk *const d = *state;
    struct entry verdict;
    struct err err;
    struct entry e = desk_enter("np-1", PUT, SIDE_SELL, INT64_MAX, "0.40");

    e.seq = 999;
    assert_int_equal(risk_judge(&d->ctx.risk, &e, &verdict, &err), ERR_RANGE);
    assert_non_null(strstr(err.text, "judging order np-1: "));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_every_limit_is_listed_with_value_and_bound),
        TEST(test_a_stop_refuses_opening_and_closing_until_a_resume),
        TEST(test_a_halt_refuses_opening_and_closing_until_it_is_over),
        TEST(test_an_override_lets_one_order_pass_one_limit),
        TEST(test_an_override_runs_out_and_cannot_pass_everything),
        TEST(test_an_override_never_lets_a_closing_order_open_the_other_side),
        TEST(test_a_tripped_breaker_refuses_opening_but_not_closing),
        TEST(test_where_the_clock_must_be_good_a_bad_one_opens_nothing),
        TEST(test_the_day_s_loss_at_two_percent),
        TEST(test_without_the_opening_equity_nothing_opens),
        TEST(test_margin_use_at_its_bound),
        TEST(test_margin_use_counts_positions_and_pending_orders),
        TEST(test_without_equity_nothing_opens),
        TEST(test_the_sector_s_share_at_its_bound),
        TEST(test_what_has_no_sector_shares_the_unknown_one),
        TEST(test_the_tenth_position_of_the_day_is_the_last),
        TEST(test_the_tenth_open_position_is_the_last),
        TEST(test_market_hours_at_their_edges),
        TEST(test_price_sanity),
        TEST(test_a_limit_is_above_zero),
        TEST(test_size_sanity),
        TEST(test_duplicate_orders),
        TEST(test_a_stale_price_of_the_underlying),
        TEST(test_an_exit_that_closes_nothing_is_judged_as_opening),
        TEST(test_a_sum_that_does_not_fit_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
