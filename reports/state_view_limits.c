/* What the governor and the strategy would say of the state: asked of themselves, not computed a second time. */
#include "book/engine.h"
#include "reports/state_view_build.h"
#include "risk/governor.h"
#include "risk/margin.h"
#include "strategy/naked_put.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct column state_check_columns[STATE_CHECK_COLUMNS] = {
    {"subject", "of", CELL_TEXT, 22},   {"name", "limit", CELL_TEXT, 22},
    {"value", "value", CELL_MIXED, 14}, {"rule", "rule", CELL_TEXT, 4},
    {"bound", "bound", CELL_MIXED, 14}, {"room", "room left", CELL_MIXED, 14},
    {"holds", "holds", CELL_FLAG, 5}};

/* How far the value may go yet; INT64_MIN where that is no question, or the value is not known. */
static int64_t room_of(const struct check *c)
{
    int64_t room = INT64_MIN;
    enum err_code rc = ERR_OK;

    if (c->value == CHECK_VALUE_NONE || c->unit == UNIT_FLAG)
        return INT64_MIN;
    switch (c->rule) {
    case RULE_AT_MOST:
    case RULE_BELOW: rc = decimal_sub(c->bound, c->value, &room, NULL); break;
    case RULE_AT_LEAST:
    case RULE_ABOVE: rc = decimal_sub(c->value, c->bound, &room, NULL); break;
    case RULE_EQUAL: break;
    }
    return rc ? INT64_MIN : room;
}

static struct state_cell *put_name(struct state_view *v, const char *subject, const char *name)
{
    return state_put_text(v, state_put_text(v, state_row_begin(v), "%s", subject), "%s", name);
}

void state_put_check(struct state_view *v, const struct sources_ask *ask, const char *subject,
                     const struct check *c)
{
    struct sources value;
    struct sources bound;

    sources_of_check(ask, c, &value, &bound);
    struct state_cell *cell = put_name(v, subject, c->name.text);
    cell = state_put_unit(v, cell, c->unit, c->value, &value);
    cell = state_put_text(v, cell, "%s", words_rule(c->rule));
    cell = state_put_unit(v, cell, c->unit, c->bound, &bound);
    cell = state_put_unit(v, cell, c->unit, room_of(c), NULL);
    state_put(v, cell, CELL_FLAG, c->ok, NULL, NULL);
    if (words_check_failed(c))
        state_row_alert(v);
}

/* -- limits --------------------------------------------------------------------------------------------- */

/* Limits on what an order itself says: without an order there is a bound and nothing else. */
static bool is_of_order(const struct check *c)
{
    static const char *const names[] = {"limit_price", "price_distance", "order_qty", "order_id_used",
                                        "same_order_open"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (id_is(&c->name, names[i]))
            return true;
    }
    return false;
}

static bool is_of_underlying(const struct check *c)
{
    return id_is(&c->name, "underlying_age") || id_is(&c->name, "sector_share");
}

/* An amount of money that is left of a limit that is a rate. */
static void put_money_left(struct state_view *v, const char *subject, const char *name, int64_t left_micro,
                           const struct sources *from)
{
    struct state_cell *c = put_name(v, subject, name);

    c = c ? c + 3 : NULL; /* no value, no rule, no bound */
    state_put(v, c, CELL_MONEY, left_micro, NULL, from);
    if (left_micro != INT64_MIN && left_micro < 0)
        state_row_alert(v);
}

/* equity x use - margin in use; opening x loss + profit of the day. */
static enum err_code put_money(struct state_view *v, const struct book *b, struct err *err)
{
    const struct decide_context ctx = engine_context(b);
    const struct risk_settings *const s = ctx.risk.settings;
    const struct sources_ask ask = {.book = b};
    const struct check use = {.name = id_from("margin_use"), .rule = RULE_AT_MOST, .unit = UNIT_RATE};
    const struct check loss = {.name = id_from("daily_loss"), .rule = RULE_AT_LEAST, .unit = UNIT_RATE};
    struct sources from;
    struct sources bound;
    int64_t equity = 0;
    int64_t margin = 0;
    int64_t left = 0;

    enum err_code rc = state_known(risk_equity_now(&ctx.risk, &equity, err), &equity);
    if (!rc)
        rc = state_known(margin_in_use(&ctx.risk, NULL, &margin, err), &margin);
    if (rc)
        return rc;
    if (equity == INT64_MIN || margin == INT64_MIN ||
        decimal_mul_div(equity, s->margin_use, NANO, &left, NULL) || decimal_sub(left, margin, &left, NULL))
        left = INT64_MIN;
    sources_of_check(&ask, &use, &from, &bound);
    put_money_left(v, "account", "margin left, dollars", left, &from);
    if (!b->risk->has_opening || equity == INT64_MIN ||
        decimal_mul_div(b->risk->opening_equity_micro, s->daily_loss, NANO, &left, NULL) ||
        decimal_add(left, equity, &left, NULL) ||
        decimal_sub(left, b->risk->opening_equity_micro, &left, NULL) ||
        decimal_sub(left, b->risk->deposits_micro, &left, NULL))
        left = INT64_MIN;
    sources_of_check(&ask, &loss, &from, &bound);
    put_money_left(v, "account", "loss left, dollars", left, &from);
    return ERR_OK;
}

/* The decision that is put to the governor: nobody made it, and nobody will. */
static void draft_order(const struct book *b, const struct symbol *s, bool is_for_real, struct entry *e)
{
    const struct decide_context ctx = engine_context(b);
    const struct view_instrument *const i = view_find(b->view, s);
    const struct view_quote *const q = i ? view_live_quote(b->view, i) : NULL;
    struct entry_decision_enter *const d = &e->as.decision_enter;
    struct view_price price;

    memset(e, 0, sizeof *e);
    view_price(b->view, s, &price);
    e->kind = ENTRY_DECISION_ENTER;
    e->at_ns = b->view->clock.now_ns;
    e->seq = book_seq(b) + 1;
    d->strategy = id_from(NAKED_PUT_NAME);
    d->order_id = id_from("what-if:limits");
    d->symbol = *s;
    d->side = SIDE_SELL;
    d->qty = is_for_real ? ctx.strategy_settings->contracts : 1;
    d->limit = q && q->bid_nano != PRICE_NONE ? q->bid_nano : price.price_nano;
    if (d->limit == PRICE_NONE)
        d->limit = 0;
}

/* Without a contract the order is one of a share of the underlying, which needs no margin: what is in use is told. */
static enum err_code judge(const struct book *b, const struct symbol *s, bool is_for_real,
                           struct entry *verdict, struct err *err)
{
    const struct decide_context ctx = engine_context(b);
    struct entry decision;

    draft_order(b, s, is_for_real, &decision);
    return risk_judge(&ctx.risk, &decision, verdict, err);
}

static void put_bound_only(struct state_view *v, const struct book *b, struct check *c)
{
    const struct sources_ask ask = {.book = b};
    struct sources value;
    struct sources bound;

    if (id_is(&c->name, "order_qty"))
        c->bound = b->configuration->configuration.risk.max_contracts;
    sources_of_check(&ask, c, &value, &bound);
    struct state_cell *cell = put_name(v, "the order", c->name.text);
    cell = state_put_text(v, cell ? cell + 1 : NULL, "%s", words_rule(c->rule));
    state_put_unit(v, cell, c->unit, c->bound, &bound);
}

static void put_of_underlying(struct state_view *v, const struct book *b, const struct symbol *s,
                              const struct checks *checks)
{
    const struct sources_ask ask = {.book = b, .about = s};
    char sector[SYMBOL_MAP_TEXT_MAX + SYMBOL_OCC_LENGTH + 4];

    for (unsigned i = 0; i < checks->count; i++) {
        const struct check *const c = &checks->rows[i];
        if (!is_of_underlying(c))
            continue;
        snprintf(sector, sizeof sector, "%s: %s", s->text,
                 margin_sector(&b->configuration->configuration.risk, s));
        state_put_check(v, &ask, id_is(&c->name, "sector_share") ? sector : s->text, c);
    }
}

static enum err_code limits_of_account(struct state_view *v, const struct book *b, struct entry *verdict,
                                       struct err *err)
{
    const struct symbol_list *const list = &b->configuration->configuration.strategy.underlyings;
    const struct sources_ask ask = {.book = b};
    struct checks *const checks = &verdict->as.risk_verdict.checks;
    enum err_code rc = ERR_OK;

    for (uint32_t n = 0; !rc && n < list->count; n++) {
        rc = judge(b, &list->rows[n], false, verdict, err);
        for (unsigned i = 0; !rc && n == 0 && i < checks->count; i++) {
            if (!is_of_order(&checks->rows[i]) && !is_of_underlying(&checks->rows[i]))
                state_put_check(v, &ask, "account", &checks->rows[i]);
        }
        if (!rc && n == 0)
            rc = put_money(v, b, err);
        if (!rc)
            put_of_underlying(v, b, &list->rows[n], checks);
    }
    for (unsigned i = 0; !rc && i < checks->count; i++) {
        if (is_of_order(&checks->rows[i]))
            put_bound_only(v, b, &checks->rows[i]);
    }
    return rc;
}

static enum err_code limits_of_order(struct state_view *v, const struct book *b, const struct symbol *about,
                                     struct entry *verdict, struct err *err)
{
    const struct sources_ask ask = {.book = b, .about = about, .side = SIDE_SELL};
    const struct checks *const checks = &verdict->as.risk_verdict.checks;

    enum err_code rc = judge(b, about, true, verdict, err);
    for (unsigned i = 0; !rc && i < checks->count; i++)
        state_put_check(v, &ask, about->text, &checks->rows[i]);
    snprintf(v->title, sizeof v->title,
             "limits of an order that sells %" PRId64 " %s at the bid: it would be %s",
             b->configuration->configuration.strategy.contracts, about->text,
             !rc && verdict->as.risk_verdict.allowed ? "allowed" : "refused");
    return rc ? rc : put_money(v, b, err);
}

enum err_code state_make_limits(struct state_view *v, const struct book *b, const struct symbol *about,
                                struct err *err)
{
    struct entry *const verdict = calloc(1, sizeof *verdict);

    if (!verdict)
        return err_set(err, ERR_MEMORY, "out of memory");
    STATE_COLUMNS(v, state_check_columns, 2);
    snprintf(v->title, sizeof v->title, "limits as they stand for a new order, before its own margin");
    enum err_code rc =
        about ? limits_of_order(v, b, about, verdict, err) : limits_of_account(v, b, verdict, err);
    free(verdict);
    if (rc != ERR_RANGE)
        return rc;
    put_name(v, "account", "no answer: what it is worth is not known"); /* no order would pass */
    return put_money(v, b, err);
}

/* -- strategy ------------------------------------------------------------------------------------------- */

/* Hears what the strategy proposes, and does nothing of it. */
struct ear {
    struct state_view *view;
    const struct book *book;
    uint64_t next_seq;
};

static void hear_checks(struct ear *ear, const struct symbol *s, const struct checks *checks)
{
    const struct sources_ask ask = {.book = ear->book, .about = s};

    for (unsigned i = 0; i < checks->count; i++)
        state_put_check(ear->view, &ask, s->text, &checks->rows[i]);
}

static void hear_outcome(struct ear *ear, const struct symbol *s, const char *text, bool is_quoted)
{
    struct sources quote = {.count = 0};
    struct state_cell *const c = put_name(ear->view, s->text, "would");

    state_put_text(ear->view, c, "%s", text);
    if (!is_quoted)
        return;
    sources_of_quote(ear->book, s, &quote);
    state_put_sources(ear->view, c, &quote);
}

static void hear_order(struct ear *ear, const struct symbol *s, enum side side, int64_t qty,
                       int64_t limit_nano, const struct checks *checks)
{
    char price[DECIMAL_TEXT_SIZE];
    char text[96];

    decimal_format(price, limit_nano, PRICE_DECIMALS);
    snprintf(text, sizeof text, "%s %" PRId64 " at %s", side == SIDE_BUY ? "buy" : "sell", qty, price);
    hear_checks(ear, s, checks);
    hear_outcome(ear, s, text, true);
}

static void hear_no_trade(struct ear *ear, const struct entry_decision_no_trade *d)
{
    char text[96];

    hear_checks(ear, &d->symbol, &d->gates);
    snprintf(text, sizeof text, "not trade: %" PRId64 " of %" PRId64 " contracts meet every criterion",
             d->passed, d->seen);
    hear_outcome(ear, &d->symbol, text, false);
}

static enum err_code hear(void *context, struct entry *draft, struct err *err)
{
    struct ear *const ear = context;

    (void)err;
    draft->seq = ear->next_seq++;
    if (draft->kind == ENTRY_DECISION_NO_TRADE) {
        hear_no_trade(ear, &draft->as.decision_no_trade);
    } else if (draft->kind == ENTRY_DECISION_ENTER) {
        const struct entry_decision_enter *const d = &draft->as.decision_enter;
        hear_order(ear, &d->symbol, d->side, d->qty, d->limit, &d->checks);
    } else if (draft->kind == ENTRY_DECISION_EXIT) {
        const struct entry_decision_exit *const d = &draft->as.decision_exit;
        hear_order(ear, &d->symbol, d->side, d->qty, d->limit, &d->checks);
    }
    return ERR_OK;
}

static uint64_t next_seq(void *context)
{
    const struct ear *const ear = context;

    return ear->next_seq;
}

/* As if the clock ticked now; what was told within the minute is told again. */
static enum err_code listen(struct state_view *v, const struct book *b, struct err *err)
{
    struct decide_context ctx = engine_context(b);
    struct ear ear = {v, b, book_seq(b) + 1};
    const struct proposals out = {hear, next_seq, &ear};
    struct naked_put_state silent;
    struct entry *const tick = calloc(1, sizeof *tick);

    if (!tick)
        return err_set(err, ERR_MEMORY, "out of memory");
    naked_put_init(&silent);
    ctx.naked_put = &silent;
    tick->kind = ENTRY_PERCEPTION_CLOCK;
    tick->seq = b->view->clock.seq;
    tick->at_ns = b->view->clock.now_ns;
    enum err_code rc = naked_put_exits(&ctx, tick, &out, err);
    if (!rc)
        rc = naked_put_entries(&ctx, tick, &out, err);
    naked_put_release(&silent);
    free(tick);
    return rc;
}

static void put_looks(struct state_view *v, const struct book *b)
{
    for (uint32_t i = 0; i < b->naked_put->no_trade.count; i++) {
        const struct naked_put_look *const look = table_at(&b->naked_put->no_trade, i);
        struct state_cell *const c = put_name(v, look->symbol.text, "last told no trade");
        state_put_from(v, c, CELL_INSTANT, look->minute * NS_PER_MINUTE, NULL, look->seq);
    }
}

enum err_code state_make_strategy(struct state_view *v, const struct book *b, const struct symbol *about,
                                  struct err *err)
{
    enum err_code rc = ERR_OK;

    (void)about;
    STATE_COLUMNS(v, state_check_columns, 2);
    snprintf(v->title, sizeof v->title, "strategy %s: what it would say if the clock ticked now",
             NAKED_PUT_NAME);
    if (b->view->clock.seq)
        rc = listen(v, b, err);
    put_looks(v, b);
    return rc;
}

/* -- settings ------------------------------------------------------------------------------------------- */

static const struct column setting_columns[] = {{"setting", "setting", CELL_TEXT, 32},
                                                {"value", "value", CELL_TEXT, 24}};

enum err_code state_make_settings(struct state_view *v, const struct book *b, const struct symbol *about,
                                  struct err *err)
{
    char text[CONFIGURATION_TEXT_MAX];
    struct sources from = {.count = 0};
    size_t size = 0;
    const enum err_code rc =
        configuration_text(&b->configuration->configuration, text, sizeof text, &size, err);

    (void)about;
    STATE_COLUMNS(v, setting_columns, 1);
    sources_of_setting(b, NULL, &from);
    for (const char *line = text; !rc && *line;) {
        const size_t length = strcspn(line, "\n");
        const size_t path = strcspn(line, "=");
        REQUIRE(path < length);
        struct state_cell *const c = state_put_text(v, state_row_begin(v), "%.*s", (int)path, line);
        state_put_text(v, c, "%.*s", (int)(length - path - 1), line + path + 1);
        state_put_sources(v, c, &from);
        line += length + (line[length] == '\n');
    }
    return rc;
}
