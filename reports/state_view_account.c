/* Summary, accounts, positions and orders of a state. */
#include "book/engine.h"
#include "ledger/entry.h"
#include "reports/state_view_build.h"
#include "risk/governor.h"
#include "risk/limits.h"
#include "risk/margin.h"

#include <stdio.h>
#include <string.h>

/* -- summary -------------------------------------------------------------------------------------------- */

static const struct column summary_columns[] = {{"what", "what", CELL_TEXT, 20},
                                                {"value", "value", CELL_MIXED, 20}};

static void say(struct state_view *v, const char *what, enum cell_type type, int64_t number,
                const struct sources *from)
{
    struct state_cell *const c = state_row_begin(v);

    state_put(v, state_put_text(v, c, "%s", what), type, number, NULL, from);
}

static void say_from(struct state_view *v, const char *what, enum cell_type type, int64_t number,
                     uint64_t seq)
{
    struct sources from = {.count = 0};

    sources_add(&from, seq);
    say(v, what, type, number, seq ? &from : NULL);
}

static void say_text(struct state_view *v, const char *what, const char *text, uint64_t seq)
{
    struct sources from = {.count = 0};
    struct state_cell *const c = state_put_text(v, state_row_begin(v), "%s", what);

    sources_add(&from, seq);
    state_put_text(v, c, "%s", text);
    state_put_sources(v, c, seq ? &from : NULL);
}

static void say_market(struct state_view *v, const struct book *b)
{
    const struct view_clock *const clock = &b->view->clock;

    say_from(v, "entry", CELL_SEQ, (int64_t)book_seq(b), book_seq(b));
    say_from(v, "market clock", CELL_INSTANT, clock->now_ns, clock->seq);
    say_from(v, "session", CELL_DAY, clock->session, clock->session_seq);
    say_text(v, "phase", clock->phase ? entry_enum_names(FIELD_PHASE)[clock->phase] : "none", clock->seq);
    say_from(v, "configuration", CELL_SEQ, b->configuration->seq ? (int64_t)b->configuration->seq : INT64_MIN,
             b->configuration->seq);
    say_text(v, "loop", b->run->is_open ? "runs" : "rests", b->run->run_seq);
    say_from(v, "tick not answered", CELL_SEQ, b->run->pending_seq ? (int64_t)b->run->pending_seq : INT64_MIN,
             b->run->pending_seq);
}

static void say_halts(struct state_view *v, const struct book *b)
{
    struct sources tripped = {.count = 0};

    say_from(v, "stopped", CELL_FLAG, b->risk->stopped, b->risk->stop_seq);
    if (b->risk->stopped)
        state_row_alert(v);
    for (uint32_t i = 0; i < b->risk->breaker_count; i++)
        sources_add(&tripped, b->risk->breakers[i].tripped ? b->risk->breakers[i].seq : 0);
    say(v, "breakers tripped", CELL_INTEGER, risk_state_tripped(b->risk), &tripped);
    if (risk_state_tripped(b->risk))
        state_row_alert(v);
    for (uint32_t i = 0; i < b->risk->breaker_count; i++) {
        const struct risk_breaker *const k = &b->risk->breakers[i];
        char name[ID_MAX + sizeof "breaker "];
        snprintf(name, sizeof name, "breaker %s", k->name.text);
        say_text(v, name, k->tripped ? "tripped" : "was reset", k->seq);
    }
}

static void say_openings(struct state_view *v, const struct book *b, int64_t equity_micro,
                         const struct sources *equity)
{
    const struct decide_context ctx = engine_context(b);
    const struct risk_state *const s = b->risk;
    struct sources from = *equity;
    int64_t profit = INT64_MIN;

    say_from(v, "opening equity", CELL_MONEY, s->has_opening ? s->opening_equity_micro : INT64_MIN,
             s->opening_seq);
    sources_add(&from, s->opening_seq);
    if (!s->has_opening || equity_micro == INT64_MIN ||
        decimal_sub(equity_micro, s->opening_equity_micro, &profit, NULL) ||
        decimal_sub(profit, s->deposits_micro, &profit, NULL))
        profit = INT64_MIN;
    say(v, "profit of the day", CELL_MONEY, profit, &from);
    say(v, "return of the day", CELL_RATE,
        equity_micro == INT64_MIN ? INT64_MIN : limits_day_return(&ctx.risk, equity_micro), &from);
}

enum err_code state_make_summary(struct state_view *v, const struct book *b, const struct symbol *about,
                                 struct err *err)
{
    const struct decide_context ctx = engine_context(b);
    struct sources equity = {.count = 0};
    struct sources margin = {.count = 0};
    int64_t equity_micro = 0;
    int64_t margin_micro = 0;

    (void)about;
    STATE_COLUMNS(v, summary_columns, 1);
    enum err_code rc = state_known(risk_equity_now(&ctx.risk, &equity_micro, err), &equity_micro);
    if (!rc)
        rc = state_known(margin_in_use(&ctx.risk, NULL, &margin_micro, err), &margin_micro);
    if (rc)
        return rc;
    sources_of_equity(b, &equity);
    sources_of_margin(b, &margin);
    say_market(v, b);
    say_halts(v, b);
    say_from(v, "cash", CELL_MONEY, b->accounts->cash_micro, b->accounts->last_seq);
    say(v, "equity", CELL_MONEY, equity_micro, &equity);
    say(v, "margin in use", CELL_MONEY, margin_micro, &margin);
    say_openings(v, b, equity_micro, &equity);
    say(v, "open positions", CELL_INTEGER, risk_positions(&ctx.risk), NULL);
    say(v, "open orders", CELL_INTEGER, b->orders->open_count, NULL);
    say(v, "orders so far", CELL_INTEGER, b->orders->by_id.count, NULL);
    say_from(v, "opened in this session", CELL_INTEGER, b->risk->opened_today, b->view->clock.session_seq);
    return ERR_OK;
}

/* -- accounts ------------------------------------------------------------------------------------------- */

static const struct column account_columns[] = {{"account", "account", CELL_TEXT, 20},
                                                {"symbol", "symbol", CELL_TEXT, 22},
                                                {"balance", "balance (debit +)", CELL_MONEY, 18}};

static void balance(struct state_view *v, const char *account, const char *symbol, int64_t micro,
                    uint64_t seq)
{
    struct state_cell *c = state_put_text(v, state_row_begin(v), "%s", account);

    c = state_put_text(v, c, "%s", symbol);
    state_put_from(v, c, CELL_MONEY, micro, NULL, seq);
}

enum err_code state_make_accounts(struct state_view *v, const struct book *b, const struct symbol *about,
                                  struct err *err)
{
    const struct accounts *const a = b->accounts;

    (void)about;
    (void)err;
    STATE_COLUMNS(v, account_columns, 2);
    balance(v, "assets:cash", "", a->cash_micro, a->last_seq);
    for (uint32_t i = 0; i < a->positions.count; i++) {
        const struct position *const p = table_at(&a->positions, i);
        if (p->cost_micro)
            balance(v, "positions", p->symbol.text, p->cost_micro, p->moved_seq);
    }
    /* Sums over all fills: no single entry says them. */
    balance(v, "expenses:fees", "", a->fees_micro, 0);
    balance(v, "income:realized", "", -a->realized_micro, 0);
    balance(v, "equity:deposits", "", -a->deposits_micro, 0);
    if (a->dividends_micro)
        balance(v, "income:dividends", "", -a->dividends_micro, 0);
    balance(v, "sum (always zero)", "", accounts_sum_micro(a), 0);
    return ERR_OK;
}

/* -- positions ------------------------------------------------------------------------------------------ */

static const struct column position_columns[] = {{"symbol", "position", CELL_TEXT, 22},
                                                 {"qty", "qty", CELL_INTEGER, 8},
                                                 {"average_price", "average", CELL_PRICE, 10},
                                                 {"mark", "mark", CELL_PRICE, 10},
                                                 {"closing_price", "closes at", CELL_PRICE, 10},
                                                 {"value", "value", CELL_MONEY, 12},
                                                 {"unrealized", "unrealized", CELL_MONEY, 12},
                                                 {"realized", "realized", CELL_MONEY, 12},
                                                 {"fees", "fees", CELL_MONEY, 10},
                                                 {"margin", "margin", CELL_MONEY, 12},
                                                 {"loss_room", "loss left", CELL_MONEY, 12},
                                                 {"opened_at", "opened at", CELL_INSTANT, 19}};

struct worth {
    int64_t mark_nano;
    int64_t value_micro; /* each INT64_MIN when not known, or when nothing is open */
    int64_t unrealized_micro;
    int64_t margin_micro;
    int64_t room_micro; /* that it may lose yet before the governor closes it */
};

static enum err_code measure(const struct book *b, const struct position *p, struct worth *w, struct err *err)
{
    const struct decide_context ctx = engine_context(b);
    enum err_code rc = ERR_OK;

    *w = (struct worth){PRICE_NONE, INT64_MIN, INT64_MIN, INT64_MIN, INT64_MIN};
    if (p->qty == 0)
        return ERR_OK;
    w->mark_nano = view_mark(b->view, &p->symbol);
    if (p->qty < 0 && symbol_is_option(&p->symbol)) {
        const int64_t premium = w->mark_nano != PRICE_NONE ? w->mark_nano : position_average_price_nano(p);
        rc = state_known(
            margin_of(&ctx.risk, &p->symbol, premium < 0 ? 0 : premium, -p->qty, &w->margin_micro, err),
            &w->margin_micro);
    }
    if (rc || w->mark_nano == PRICE_NONE)
        return rc;
    rc = state_known(
        decimal_notional(w->mark_nano, p->qty, symbol_multiplier(&p->symbol), &w->value_micro, err),
        &w->value_micro);
    if (!rc)
        rc = state_known(risk_position_profit(&ctx.risk, p, &w->unrealized_micro, err), &w->unrealized_micro);
    if (rc || w->unrealized_micro == INT64_MIN)
        return rc;
    return state_known(
        decimal_add(w->unrealized_micro, ctx.risk.settings->position_loss, &w->room_micro, err),
        &w->room_micro);
}

static enum err_code put_position(struct state_view *v, const struct book *b, const struct position *p,
                                  struct err *err)
{
    struct sources lots = {.count = 0};
    struct sources mark = {.count = 0};
    struct sources margin = {.count = 0};
    struct worth w;
    const enum err_code rc = measure(b, p, &w, err);

    if (rc)
        return err_wrap(err, "%s", p->symbol.text);
    sources_of_lots(p, &lots);
    if (p->qty)
        sources_of_mark(b, &p->symbol, &mark);
    struct sources both = lots;
    sources_join(&both, &mark);
    margin = mark;
    sources_of_price(b, &p->symbol, &margin);
    const int64_t closing = p->qty ? view_closing_price(b->view, &p->symbol, p->qty < 0) : PRICE_NONE;
    struct state_cell *c = state_put_text(v, state_row_begin(v), "%s", p->symbol.text);
    c = state_put_from(v, c, CELL_INTEGER, p->qty, NULL, p->moved_seq);
    c = state_put(v, c, CELL_PRICE, p->qty ? position_average_price_nano(p) : PRICE_NONE, NULL, &lots);
    c = state_put(v, c, CELL_PRICE, w.mark_nano, NULL, &mark);
    c = state_put(v, c, CELL_PRICE, closing, NULL, &mark);
    c = state_put(v, c, CELL_MONEY, w.value_micro, NULL, &mark);
    c = state_put(v, c, CELL_MONEY, w.unrealized_micro, NULL, &both);
    c = state_put_from(v, c, CELL_MONEY, p->realized_micro, NULL, p->moved_seq);
    c = state_put_from(v, c, CELL_MONEY, p->fees_micro, NULL, p->moved_seq);
    c = state_put(v, c, CELL_MONEY, w.margin_micro, NULL, w.margin_micro == INT64_MIN ? NULL : &margin);
    c = state_put(v, c, CELL_MONEY, w.room_micro, NULL, &both);
    state_put_from(v, c, CELL_INSTANT, p->opened_at_ns, NULL, p->opened_seq);
    if (w.room_micro != INT64_MIN && w.room_micro <= 0)
        state_row_alert(v);
    return ERR_OK;
}

enum err_code state_make_positions(struct state_view *v, const struct book *b, const struct symbol *about,
                                   struct err *err)
{
    enum err_code rc = ERR_OK;

    (void)about;
    STATE_COLUMNS(v, position_columns, 1);
    for (uint32_t i = 0; !rc && i < b->accounts->positions.count; i++)
        rc = put_position(v, b, table_at(&b->accounts->positions, i), err);
    return rc;
}

/* -- orders --------------------------------------------------------------------------------------------- */

static const struct column order_columns[] = {{"order_id", "order", CELL_TEXT, 16},
                                              {"status", "status", CELL_TEXT, 12},
                                              {"side", "side", CELL_TEXT, 4},
                                              {"qty", "qty", CELL_INTEGER, 6},
                                              {"filled_qty", "filled", CELL_INTEGER, 6},
                                              {"symbol", "symbol", CELL_TEXT, 22},
                                              {"limit", "limit", CELL_PRICE, 10},
                                              {"closing_price", "market now", CELL_PRICE, 10},
                                              {"at", "sent at", CELL_INSTANT, 19},
                                              {"verdict", "verdict", CELL_SEQ, 9}};

static void put_order(struct state_view *v, const struct book *b, const struct order *o)
{
    struct sources market = {.count = 0};
    const bool is_open = order_is_open(o);
    const int64_t price = is_open ? view_closing_price(b->view, &o->symbol, o->side == SIDE_BUY) : PRICE_NONE;
    struct state_cell *c = state_put_text(v, state_row_begin(v), "%s", o->order_id.text);

    if (is_open)
        sources_of_quote(b, &o->symbol, &market);
    struct state_cell *const status = c;
    struct sources newest = {.count = 0};
    sources_add(&newest, o->last_seq);
    c = state_put_text(v, c, "%s", order_status_name(o->status));
    state_put_sources(v, status, &newest);
    c = state_put_text(v, c, "%s", o->side ? entry_enum_names(FIELD_SIDE)[o->side] : "");
    c = state_put_from(v, c, CELL_INTEGER, o->qty, NULL, o->seq);
    c = state_put_from(v, c, CELL_INTEGER, o->filled_qty, NULL, o->last_fill_seq);
    c = state_put_text(v, c, "%s", o->symbol.text);
    c = state_put_from(v, c, CELL_PRICE, o->limit_nano, NULL, o->seq);
    c = state_put(v, c, CELL_PRICE, price, NULL, &market);
    c = state_put_from(v, c, CELL_INSTANT, o->seq ? o->at_ns : INSTANT_NONE, NULL, o->seq);
    state_put_from(v, c, CELL_SEQ, o->cause ? (int64_t)o->cause : INT64_MIN, NULL, o->cause);
}

static void put_orders(struct state_view *v, const struct book *b, uint64_t since_seq)
{
    STATE_COLUMNS(v, order_columns, 1);
    for (uint32_t i = 0; i < b->orders->by_id.count; i++) {
        const struct order *const o = table_at(&b->orders->by_id, i);
        if (order_is_open(o) || o->last_seq >= since_seq)
            put_order(v, b, o);
    }
}

enum err_code state_make_orders(struct state_view *v, const struct book *b, const struct symbol *about,
                                struct err *err)
{
    (void)about;
    (void)err;
    put_orders(v, b, b->view->clock.session_seq);
    return ERR_OK;
}

enum err_code state_make_all_orders(struct state_view *v, const struct book *b, const struct symbol *about,
                                    struct err *err)
{
    (void)about;
    (void)err;
    put_orders(v, b, 0);
    return ERR_OK;
}

enum err_code state_make_open_orders(struct state_view *v, const struct book *b, const struct symbol *about,
                                     struct err *err)
{
    (void)about;
    (void)err;
    put_orders(v, b, UINT64_MAX);
    return ERR_OK;
}
