#include "gateway/paper.h"

#include "market/calendar.h"

#include <stdio.h>

/* Rows are found again by number after each proposal: tables may have moved. */
struct desk {
    const struct book *book;
    const struct proposals *out;
    struct entry draft;
    char text[256]; /* what a draft's text borrows */
};

static struct entry *new_draft(struct desk *d, enum entry_kind kind, uint64_t cause)
{
    memset(&d->draft, 0, sizeof d->draft);
    d->draft.kind = kind;
    d->draft.cause = cause;
    d->draft.at_ns = d->book->view->clock.now_ns;
    return &d->draft;
}

static enum err_code send(struct desk *d, struct err *err)
{
    return d->out->propose(d->out->context, &d->draft, err);
}

static struct id fresh_id(const struct desk *d, const char *prefix)
{
    char text[ID_MAX];

    snprintf(text, sizeof text, "%s-%llu", prefix, (unsigned long long)d->out->next_seq(d->out->context));
    return id_from(text);
}

enum err_code paper_open_account(const struct book *b, const struct proposals *out, struct err *err)
{
    struct desk d = {.book = b, .out = out};
    const int64_t amount = b->configuration->configuration.strategy.deposit;

    if (b->risk->deposit_ids.count != 0 || amount == 0)
        return ERR_OK; /* also when all that was paid in was taken out again */
    new_draft(&d, ENTRY_FILL_DEPOSIT, b->configuration->seq);
    d.draft.as.fill_deposit.fill_id = fresh_id(&d, "deposit");
    d.draft.as.fill_deposit.amount = amount;
    d.draft.as.fill_deposit.text = text_from("starting cash of the paper account");
    return send(&d, err);
}

/* -- expiration ----------------------------------------------------------------------------------------- */

static enum err_code note_proxy(struct desk *d, const struct symbol *option, const struct view_price *price,
                                struct err *err)
{
    char at[INSTANT_TEXT_SIZE];
    char value[DECIMAL_TEXT_SIZE];

    instant_format_new_york(at, price->at_ns);
    decimal_format(value, price->price_nano, PRICE_DECIMALS);
    snprintf(d->text, sizeof d->text,
             "no settlement value of the underlying is recorded; settled at its last known value %s of %s "
             "New York",
             value, at);
    new_draft(d, ENTRY_PERCEPTION_DATA_QUALITY, price->seq);
    d->draft.as.perception_data_quality.symbol = *option;
    d->draft.as.perception_data_quality.finding = FINDING_PROXY;
    d->draft.as.perception_data_quality.bid = PRICE_NONE;
    d->draft.as.perception_data_quality.ask = PRICE_NONE;
    d->draft.as.perception_data_quality.text = text_from(d->text);
    return send(d, err);
}

static enum err_code settle(struct desk *d, const struct symbol *symbol, int64_t qty, int64_t settlement_ns,
                            struct err *err)
{
    struct contract c;
    struct symbol underlying;
    struct view_price price;
    int64_t fee = 0;
    const int64_t contracts = qty < 0 ? -qty : qty;
    enum err_code rc = ERR_OK;

    symbol_contract(symbol, &c);
    symbol_underlying(symbol, &underlying);
    view_price(d->book->view, &underlying, &price);
    if (price.price_nano == PRICE_NONE)
        return ERR_OK; /* nothing is known of the underlying: it is due again at the next tick */
    if (price.at_ns < settlement_ns - PAPER_PROXY_AGE_NS ||
        price.at_ns > settlement_ns + PAPER_PROXY_AGE_NS ||
        (symbol_settles_at_open(symbol) && price.at_ns < settlement_ns))
        rc = note_proxy(d, symbol, &price, err);
    if (!rc)
        rc = costs_of_settlement(&d->book->configuration->configuration.costs, contracts, &fee, err);
    if (rc)
        return rc;
    const int64_t depth =
        c.right == RIGHT_PUT ? c.strike_nano - price.price_nano : price.price_nano - c.strike_nano;
    const struct id fill_id = fresh_id(d, "settle");
    if (depth < NANO / 100) {
        new_draft(d, ENTRY_FILL_EXPIRATION, price.seq);
        d->draft.as.fill_expiration =
            (struct entry_fill_expiration){fill_id, *symbol, contracts, price.price_nano};
    } else if (symbol_is_index_option(symbol)) {
        new_draft(d, ENTRY_FILL_SETTLEMENT, price.seq);
        d->draft.as.fill_settlement =
            (struct entry_fill_settlement){fill_id, *symbol, contracts, price.price_nano, fee};
    } else if (qty < 0) {
        new_draft(d, ENTRY_FILL_ASSIGNMENT, price.seq);
        d->draft.as.fill_assignment =
            (struct entry_fill_assignment){fill_id, *symbol, contracts, price.price_nano, fee};
    } else {
        new_draft(d, ENTRY_FILL_EXERCISE, price.seq);
        d->draft.as.fill_exercise =
            (struct entry_fill_exercise){fill_id, *symbol, contracts, price.price_nano, fee};
    }
    return send(d, err);
}

static enum err_code settle_due(struct desk *d, struct err *err)
{
    const struct table *const positions = &d->book->accounts->positions;
    enum err_code rc = ERR_OK;

    for (uint32_t i = 0; !rc && i < positions->count; i++) {
        const struct position *const p = table_at(positions, i);
        struct contract c;
        if (p->qty == 0 || !symbol_is_option(&p->symbol))
            continue;
        symbol_contract(&p->symbol, &c);
        const int64_t due = calendar_settlement_at(&c);
        const struct symbol symbol = p->symbol;
        if (due != INSTANT_NONE && due <= d->book->view->clock.now_ns)
            rc = settle(d, &symbol, p->qty, due, err);
    }
    return rc;
}

/* -- orders --------------------------------------------------------------------------------------------- */

/* Why the broker would not take the order, or NULL. */
static const char *refusal(const struct book *b, const struct order *o)
{
    struct contract c;
    struct session s;
    uint64_t halt_seq;
    const struct view_clock *const clock = &b->view->clock;

    if (b->risk->stopped)
        return "trading is stopped";
    if (!o->is_allowed)
        return "no verdict of the governor allows this order";
    if (view_is_halted(b->view, &o->symbol, &halt_seq))
        return "trading in it is halted";
    if (!calendar_session(clock->session, &s) || clock->now_ns < s.open_ns || clock->now_ns >= s.close_ns)
        return "the market is closed";
    if (symbol_is_option(&o->symbol)) {
        symbol_contract(&o->symbol, &c);
        if (calendar_last_trading_day(&c) < clock->session)
            return "the contract has expired";
    }
    return view_find(b->view, &o->symbol) ? NULL : "no market is known in this instrument";
}

static enum err_code answer_new(struct desk *d, const struct order *o, struct err *err)
{
    const char *const reason = refusal(d->book, o);
    const struct id order_id = o->order_id;

    if (reason) {
        new_draft(d, ENTRY_ORDER_REJECTED, o->seq);
        d->draft.as.order_rejected.order_id = order_id;
        d->draft.as.order_rejected.reason = text_from(reason);
        return send(d, err);
    }
    new_draft(d, ENTRY_ORDER_ACKNOWLEDGED, o->seq);
    d->draft.as.order_acknowledged.order_id = order_id;
    d->draft.as.order_acknowledged.broker_id = fresh_id(d, "paper");
    return send(d, err);
}

static enum err_code cancel(struct desk *d, const struct order *o, struct err *err)
{
    new_draft(d, ENTRY_ORDER_CANCELLED, o->last_seq);
    d->draft.as.order_cancelled.order_id = o->order_id;
    d->draft.as.order_cancelled.reason = text_from("cancelled as asked");
    return send(d, err);
}

/* Some order has traded in this contract and side since the quote was given: its size is gone. */
static bool quote_is_spent(const struct book *b, const struct symbol *symbol, enum side side,
                           uint64_t quote_seq)
{
    for (uint32_t i = 0; i < b->orders->by_id.count; i++) {
        const struct order *const o = table_at(&b->orders->by_id, i);
        if (o->side == side && o->last_fill_seq > quote_seq && symbol_equal(&o->symbol, symbol))
            return true;
    }
    return false;
}

static enum err_code match(struct desk *d, const struct order *o, struct err *err)
{
    const struct view_instrument *const instrument = view_find(d->book->view, &o->symbol);
    const struct view_quote *const q = instrument ? view_live_quote(d->book->view, instrument) : NULL;
    uint64_t halt_seq;
    int64_t fee;

    if (!q || view_is_halted(d->book->view, &o->symbol, &halt_seq))
        return ERR_OK;
    const bool is_sell = o->side == SIDE_SELL;
    const int64_t price = is_sell ? q->bid_nano : q->ask_nano;
    const int64_t displayed = is_sell ? q->bid_size : q->ask_size;
    if (price == PRICE_NONE || displayed == 0 || quote_is_spent(d->book, &o->symbol, o->side, q->seq))
        return ERR_OK;
    if (o->type == ORDER_TYPE_LIMIT && (is_sell ? price < o->limit_nano : price > o->limit_nano))
        return ERR_OK;
    const int64_t left = o->qty - o->filled_qty;
    const int64_t qty = left < displayed ? left : displayed;
    const enum err_code rc = costs_of_fill(&d->book->configuration->configuration.costs, &o->symbol,
                                           o->filled_qty, qty, &fee, err);
    if (rc)
        return rc;
    new_draft(d, ENTRY_FILL_EXECUTION, o->seq);
    d->draft.as.fill_execution =
        (struct entry_fill_execution){o->order_id, fresh_id(d, "fill"), o->symbol, o->side, qty, price, fee};
    return send(d, err);
}

static enum err_code end_day(struct desk *d, const struct order *o, struct err *err)
{
    new_draft(d, ENTRY_ORDER_EXPIRED, o->seq);
    d->draft.as.order_expired.order_id = o->order_id;
    return send(d, err);
}

/* A feed that was cut off has no close: the session's orders are over all the same. */
static bool is_of_an_earlier_day(const struct book *b, const struct order *o)
{
    return o->seq < b->view->clock.session_seq;
}

static enum err_code work_order(struct desk *d, uint32_t index, struct err *err)
{
    const struct table *const orders = &d->book->orders->by_id;
    const struct order *o = table_at(orders, index);
    enum err_code rc = ERR_OK;

    if (!o->seq || !order_is_open(o))
        return ERR_OK;
    if (o->status == ORDER_CANCEL_ASKED)
        return cancel(d, o, err);
    if (o->status == ORDER_WORKING && is_of_an_earlier_day(d->book, o))
        return end_day(d, o, err);
    if (o->status == ORDER_SENT)
        rc = answer_new(d, o, err);
    o = table_at(orders, index);
    if (!rc && o->status == ORDER_WORKING)
        rc = match(d, o, err);
    o = table_at(orders, index);
    if (!rc && o->status == ORDER_WORKING && d->book->view->clock.phase == PHASE_CLOSE)
        rc = end_day(d, o, err);
    return rc;
}

enum err_code paper_work(const struct book *b, const struct proposals *out, struct err *err)
{
    struct desk d = {.book = b, .out = out};
    enum err_code rc = ERR_OK;

    if (b->view->clock.phase != PHASE_OPEN && b->view->clock.phase != PHASE_TICK &&
        b->view->clock.phase != PHASE_CLOSE)
        return ERR_OK; /* before the first clock entry there is no market */
    rc = settle_due(&d, err);
    for (uint32_t i = 0; !rc && i < b->orders->by_id.count; i++)
        rc = work_order(&d, i, err);
    return rc;
}

/* -- as a broker ---------------------------------------------------------------------------------------- */

static enum err_code broker_open_account(void *context, const struct book *b, const struct proposals *out,
                                         struct err *err)
{
    (void)context;
    return paper_open_account(b, out, err);
}

static enum err_code broker_work(void *context, const struct book *b, const struct proposals *out,
                                 struct err *err)
{
    (void)context;
    return paper_work(b, out, err);
}

static enum err_code broker_statement(void *context, const struct book *b, const struct id *statement_id,
                                      const struct proposals *out, struct err *err)
{
    (void)context;
    return paper_statement(b, statement_id, out, err);
}

const struct broker paper_broker = {PAPER_ACTOR, broker_open_account, broker_work, broker_statement, NULL};
