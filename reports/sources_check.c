/* Each check that a decider can list, and where its value and its bound are from. */
#include "book/engine.h"
#include "reports/sources.h"
#include "risk/governor.h"
#include "risk/limits.h"

#include <stdlib.h>
#include <string.h>

typedef void source_fn(const struct sources_ask *ask, struct sources *out);

static const char THE_PROGRAM[] = "the program's own";

static void of_stop(const struct sources_ask *ask, struct sources *out)
{
    sources_add(out, ask->book->risk->stop_seq);
    out->note = out->count ? NULL : "no stop is in force";
}

static void of_clock_quality(const struct sources_ask *ask, struct sources *out)
{
    sources_add(out, ask->book->risk->clock_seq);
    out->note = out->count ? NULL : "this machine's clock was never measured";
}

static void of_breakers(const struct sources_ask *ask, struct sources *out)
{
    const struct risk_state *const s = ask->book->risk;

    for (uint32_t i = 0; i < s->breaker_count; i++)
        sources_add(out, s->breakers[i].tripped ? s->breakers[i].seq : 0);
    out->note = out->count ? NULL : "no breaker is tripped";
}

static void of_day_return(const struct sources_ask *ask, struct sources *out)
{
    sources_of_equity(ask->book, out);
    sources_add(out, ask->book->risk->opening_seq);
    if (!ask->book->risk->has_opening)
        out->note = "the session's opening equity is not known";
}

static void of_margin_use(const struct sources_ask *ask, struct sources *out)
{
    struct sources equity = {.count = 0};

    sources_of_margin(ask->book, out);
    sources_of_equity(ask->book, &equity);
    sources_join(out, &equity);
    sources_add(out, ask->asked_seq);
    sources_add(out, ask->book->configuration->seq); /* the rates of a margin */
    if (ask->asked_seq && ask->about)
        sources_of_price(ask->book, ask->about, out);
    out->note = NULL;
}

static void of_session(const struct sources_ask *ask, struct sources *out)
{
    sources_add(out, ask->book->view->clock.session_seq);
    out->note = out->count ? "counted since the session began, by the clock" : "no clock has spoken";
}

static void of_clock(const struct sources_ask *ask, struct sources *out)
{
    sources_add(out, ask->book->view->clock.seq);
    out->note = out->count ? NULL : "no clock has spoken";
}

/* What is open, and what orders would open; of one underlying, or of all. */
static void add_open(const struct book *b, const struct symbol *underlying, struct sources *out)
{
    uint32_t left = b->orders->open_count;

    for (uint32_t i = 0; i < b->accounts->positions.count; i++) {
        const struct position *const p = table_at(&b->accounts->positions, i);
        if (p->qty != 0 && symbol_is_about(&p->symbol, underlying))
            sources_add(out, p->opened_seq);
    }
    for (uint32_t i = b->orders->by_id.count; left > 0 && i-- > 0;) {
        const struct order *const o = table_at(&b->orders->by_id, i);
        if (!order_is_open(o))
            continue;
        left--;
        if (symbol_is_about(&o->symbol, underlying))
            sources_add(out, o->seq);
    }
    if (!out->count)
        out->note = "nothing is open";
}

static void of_open_positions(const struct sources_ask *ask, struct sources *out)
{
    add_open(ask->book, NULL, out);
    sources_add(out, ask->asked_seq);
    out->note = out->count ? NULL : out->note;
}

static void of_underlying_positions(const struct sources_ask *ask, struct sources *out)
{
    struct symbol underlying;

    if (!ask->about)
        return;
    symbol_underlying(ask->about, &underlying);
    add_open(ask->book, &underlying, out);
}

static void of_order(const struct sources_ask *ask, struct sources *out)
{
    sources_add(out, ask->asked_seq);
    out->note = out->count ? NULL : "the order's own";
}

static void of_quote(const struct sources_ask *ask, struct sources *out)
{
    if (ask->about)
        sources_of_quote(ask->book, ask->about, out);
}

static void of_distance(const struct sources_ask *ask, struct sources *out)
{
    of_quote(ask, out);
    sources_add(out, ask->asked_seq);
}

static void of_price(const struct sources_ask *ask, struct sources *out)
{
    if (ask->about)
        sources_of_price(ask->book, ask->about, out);
}

static void of_age(const struct sources_ask *ask, struct sources *out)
{
    of_price(ask, out);
    if (out->count)
        sources_add(out, ask->book->view->clock.seq);
}

static void of_halt(const struct sources_ask *ask, struct sources *out)
{
    uint64_t seq = 0;

    if (ask->about)
        (void)view_is_halted(ask->book->view, ask->about, &seq);
    sources_add(out, seq);
}

static void of_breaks(const struct sources_ask *ask, struct sources *out)
{
    sources_add(out, ask->book->reconcile->statement_seq);
    out->note = out->count ? "the breaks that are open since the statement" : NULL;
}

static void of_same_orders(const struct sources_ask *ask, struct sources *out)
{
    uint32_t left = ask->book->orders->open_count;

    for (uint32_t i = ask->book->orders->by_id.count; ask->about && left > 0 && i-- > 0;) {
        const struct order *const o = table_at(&ask->book->orders->by_id, i);
        if (!order_is_open(o))
            continue;
        left--;
        if (symbol_equal(&o->symbol, ask->about))
            sources_add(out, o->seq);
    }
    if (!out->count)
        out->note = "no order is open in it";
}

static void of_order_ids(const struct sources_ask *ask, struct sources *out)
{
    (void)ask;
    out->note = "all orders of the journal";
}

static void of_position(const struct sources_ask *ask, struct sources *out)
{
    const struct position *const p = ask->about ? accounts_position(ask->book->accounts, ask->about) : NULL;

    if (p && p->qty)
        sources_of_lots(p, out);
    if (!out->count)
        out->note = "nothing is held";
}

/* The value of what is open, and what it cost. */
static void of_profit(const struct sources_ask *ask, struct sources *out)
{
    of_position(ask, out);
    if (ask->about)
        sources_of_mark(ask->book, ask->about, out);
}

/* What the shares under a call cost. */
static void of_shares(const struct sources_ask *ask, struct sources *out)
{
    const struct position *p = NULL;
    struct symbol underlying;

    if (ask->about) {
        symbol_underlying(ask->about, &underlying);
        p = accounts_position(ask->book->accounts, &underlying);
    }
    if (p && p->qty)
        sources_of_lots(p, out);
    out->note = out->count ? "the shares" : "no shares are held";
}

static void of_otm(const struct sources_ask *ask, struct sources *out)
{
    of_price(ask, out);
    if (out->count)
        out->note = "the symbol's strike, and the price";
}

static void of_days(const struct sources_ask *ask, struct sources *out)
{
    of_clock(ask, out);
    if (out->count)
        out->note = "the symbol's expiry, and the clock";
}

static void of_symbol(const struct sources_ask *ask, struct sources *out)
{
    (void)ask;
    out->note = "the symbol itself";
}

static void of_held(const struct sources_ask *ask, struct sources *out)
{
    of_same_orders(ask, out);
    of_position(ask, out);
    if (out->count)
        out->note = NULL;
}

/* -- averages ------------------------------------------------------------------------------------------- */

/* The ticker that carries the trend, as the strategy has it; false when the setting names none that is one. */
static bool trend_ticker(const struct sources_ask *ask, struct symbol *ticker, bool *is_carried)
{
    const struct strategy_settings *const s = &ask->book->configuration->configuration.strategy;
    struct symbol underlying;

    if (!ask->about)
        return false;
    symbol_underlying(ask->about, &underlying);
    const char *const carrier = symbol_map_find(&s->trend_symbols, &underlying);
    *is_carried = carrier != NULL;
    *ticker = underlying;
    return !carrier || symbol_parse(carrier, strlen(carrier), ticker, NULL) == ERR_OK;
}

static void add_closes(const struct book *b, const struct symbol *ticker, uint64_t n, struct sources *out)
{
    const civil_day session = b->view->clock.session;
    const struct view_closes *const c = table_find(&b->view->closes, ticker);
    const uint32_t known = view_closes_before(b->view, ticker, session);

    for (uint32_t i = known > n ? known - (uint32_t)n : 0; c && i < known; i++)
        sources_add(out, c->rows[i].seq);
    out->note = out->count ? "daily closes" : "no daily close is known";
}

/* "price_above_sma20", "sma20_above_sma50": what stands to the left and to the right of _above_. */
static bool of_trend(const struct sources_ask *ask, const struct check *c, struct sources *value,
                     struct sources *bound)
{
    const char *const above = strstr(c->name.text, "_above_sma");
    const bool is_price = strncmp(c->name.text, "price_", 6) == 0;
    struct symbol ticker;
    bool is_carried = false;

    if (!above || (!is_price && strncmp(c->name.text, "sma", 3) != 0))
        return false;
    if (!trend_ticker(ask, &ticker, &is_carried))
        return true;
    add_closes(ask->book, &ticker, strtoull(above + strlen("_above_sma"), NULL, 10), bound);
    if (!is_price)
        add_closes(ask->book, &ticker, strtoull(c->name.text + 3, NULL, 10), value);
    else if (is_carried)
        add_closes(ask->book, &ticker, 1, value);
    else
        of_price(ask, value);
    return true;
}

/* -- the table ------------------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    source_fn *value;
    const char *path;  /* of the setting that bounds it; NULL: a number of the program */
    source_fn *scaled; /* what the setting is a part of, or NULL */
} rows[] = {
    {"stopped", of_stop, NULL, NULL},
    {"clock_ok", of_clock_quality, NULL, NULL},
    {"breakers_tripped", of_breakers, NULL, NULL},
    {"daily_loss", of_day_return, "risk.daily_loss", NULL},
    {"margin_use", of_margin_use, "risk.margin_use", NULL},
    {"sector_share", of_margin_use, "risk.sector_share", NULL},
    {"new_positions_day", of_session, "risk.new_positions_day", NULL},
    {"open_positions", of_open_positions, "risk.open_positions", NULL},
    {"after_open", of_clock, NULL, NULL},
    {"before_close", of_clock, NULL, NULL},
    {"limit_price", of_order, NULL, NULL},
    {"price_distance", of_distance, "risk.price_distance", NULL},
    {"order_qty", of_order, "risk.max_contracts", NULL},
    {"order_id_used", of_order_ids, NULL, NULL},
    {"same_order_open", of_same_orders, NULL, NULL},
    {"underlying_age", of_age, "risk.underlying_age_s", NULL},
    {"open_breaks", of_breaks, "risk.open_breaks_max", NULL},
    {"halted", of_halt, NULL, NULL},
    {"above_cost", of_symbol, NULL, of_shares},
    {"underlying_positions", of_underlying_positions, "strategy.underlying_positions_max", NULL},
    {"right_is_put", of_symbol, NULL, NULL},
    {"days_least", of_days, "strategy.days_min", NULL},
    {"days_most", of_days, "strategy.days_max", NULL},
    {"otm_least", of_otm, "strategy.otm_min", NULL},
    {"otm_most", of_otm, "strategy.otm_max", NULL},
    {"quote_has_bid", of_quote, NULL, NULL},
    {"premium_least", of_quote, "strategy.premium_min", NULL},
    {"premium_most", of_quote, "strategy.premium_max", NULL},
    {"not_held", of_held, NULL, NULL},
    {"exit_loss", of_quote, "strategy.stop_loss", of_position},
    {"exit_profit", of_quote, "strategy.take_profit", of_position},
    {"exit_time", of_days, "strategy.exit_days", NULL},
    {"position_loss", of_profit, "risk.position_loss", NULL},
    {"ask_known", of_quote, NULL, NULL},
    {"bid_known", of_quote, NULL, NULL},
};

static bool is_named(const struct check *c, const char *name)
{
    const size_t length = strlen(name);
    const size_t suffix = risk_check_is_exempt(c) ? strlen(RISK_EXEMPT_SUFFIX) : 0;

    return c->name.length == length + suffix && memcmp(c->name.text, name, length) == 0;
}

static bool is_call(const struct symbol *s)
{
    struct contract c;

    if (!symbol_is_option(s))
        return false;
    symbol_contract(s, &c);
    return c.right == RIGHT_CALL;
}

/* Calls are sold by a strategy of their own, whose criteria have settings of their own. */
static const char *of_covered_call(const char *path)
{
    static const char *const pairs[][2] = {{"strategy.days_min", "covered_call.days_min"},
                                           {"strategy.days_max", "covered_call.days_max"},
                                           {"strategy.otm_min", "covered_call.otm_min"},
                                           {"strategy.otm_max", "covered_call.otm_max"},
                                           {"strategy.premium_min", "covered_call.premium_min"}};

    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        if (strcmp(pairs[i][0], path) == 0)
            return pairs[i][1];
    }
    return path;
}

static void bound_of(const struct sources_ask *ask, const struct check *c, size_t row, struct sources *bound)
{
    const struct decide_context ctx = engine_context(ask->book);
    const char *path = rows[row].path;

    if (strcmp(rows[row].name, "order_qty") == 0 && ask->about && ask->side &&
        risk_is_closing(&ctx.risk, ask->about, ask->side)) {
        of_position(ask, bound);
        return;
    }
    /* A gate of the strategy has the governor's name with a bound of its own, which it stays below. */
    if (strcmp(rows[row].name, "open_positions") == 0 && c->rule == RULE_BELOW)
        path = "strategy.positions_max";
    if (path && ask->about && is_call(ask->about) && strncmp(path, "strategy.", 9) == 0)
        path = of_covered_call(path);
    if (rows[row].scaled)
        rows[row].scaled(ask, bound);
    if (rows[row].scaled && !path)
        return;
    if (path)
        sources_of_setting(ask->book, path, bound);
    else
        bound->note = THE_PROGRAM;
}

void sources_of_check(const struct sources_ask *ask, const struct check *c, struct sources *value,
                      struct sources *bound)
{
    memset(value, 0, sizeof *value);
    memset(bound, 0, sizeof *bound);
    if (of_trend(ask, c, value, bound))
        return;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (!is_named(c, rows[i].name))
            continue;
        rows[i].value(ask, value);
        bound_of(ask, c, i, bound);
        return;
    }
}
