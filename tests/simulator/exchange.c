#include "simulator/exchange.h"

#include "market/calendar.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One call of the program's: what it can be told, and through what. */
struct talk {
    struct exchange *x;
    const struct book *book;
    const struct proposals *out;
    struct entry draft;
};

/* -- growing rows --------------------------------------------------------------------------------------- */

static void *grown(void *rows, size_t count, size_t size)
{
    if (count & (count - 1)) /* room doubles when the count is a power of two */
        return rows;
    void *const new = realloc(rows, (count ? count * 2 : 1) * size);
    REQUIRE(new);
    return new;
}

struct exchange_message *exchange_say(struct exchange *x, enum entry_kind kind)
{
    x->messages = grown(x->messages, x->message_count, sizeof *x->messages);
    struct exchange_message *const m = &x->messages[x->message_count++];
    memset(m, 0, sizeof *m);
    m->kind = kind;
    m->due = x->moment;
    m->traded = x->session;
    return m;
}

struct id exchange_id(struct exchange *x, const char *prefix)
{
    char text[ID_MAX];

    snprintf(text, sizeof text, "%s-%" PRIu64, prefix, ++x->numbers);
    return id_from(text);
}

void exchange_pay(struct exchange *x, int64_t micro)
{
    x->cash_micro += micro;
}

/* Prices here are of whole cents, so that nothing is lost. */
static int64_t worth(const struct symbol *s, int64_t qty, int64_t price_nano)
{
    return qty * symbol_multiplier(s) * (price_nano / 1000);
}

void exchange_move(struct exchange *x, const struct symbol *s, int64_t qty, int64_t price_nano)
{
    size_t i = 0;

    while (i < x->position_count && !symbol_equal(&x->positions[i].symbol, s))
        i++;
    if (i == x->position_count) {
        x->positions = grown(x->positions, i, sizeof *x->positions);
        x->positions[x->position_count++] = (struct exchange_position){*s, 0};
    }
    x->positions[i].qty += qty;
    exchange_pay(x, -worth(s, qty, price_nano));
}

int64_t exchange_signed(enum side side, int64_t qty)
{
    return side == SIDE_BUY ? qty : -qty;
}

/* -- what it says, as an entry ---------------------------------------------------------------------------- */

static void write_order_words(const struct exchange_message *m, struct entry *e)
{
    switch ((int)m->kind) {
    case ENTRY_ORDER_ACKNOWLEDGED:
        e->as.order_acknowledged.order_id = m->order_id;
        e->as.order_acknowledged.broker_id = m->fill_id;
        break;
    case ENTRY_ORDER_REJECTED:
        e->as.order_rejected.order_id = m->order_id;
        e->as.order_rejected.reason = text_from("not today");
        break;
    case ENTRY_ORDER_CANCELLED:
        e->as.order_cancelled.order_id = m->order_id;
        e->as.order_cancelled.reason = text_from("as asked");
        break;
    default: e->as.order_expired.order_id = m->order_id; break;
    }
}

static void write_rare_fills(const struct exchange_message *m, struct entry *e)
{
    switch ((int)m->kind) {
    case ENTRY_FILL_BUST:
        e->as.fill_bust =
            (struct entry_fill_bust){m->order_id,   m->fill_id,     m->busted,
                                     m->symbol,     m->side,        m->qty,
                                     m->price_nano, m->money_micro, text_from("clearly erroneous")};
        break;
    case ENTRY_FILL_DIVIDEND:
        e->as.fill_dividend = (struct entry_fill_dividend){m->fill_id, m->symbol, m->money_micro};
        break;
    default:
        e->as.fill_split = (struct entry_fill_split){m->fill_id, m->symbol,   m->into,       m->side,
                                                     m->qty,     m->into_qty, m->money_micro};
        break;
    }
}

static void write_fills(const struct exchange_message *m, struct entry *e)
{
    switch ((int)m->kind) {
    case ENTRY_FILL_EXECUTION:
        e->as.fill_execution = (struct entry_fill_execution){
            m->order_id, m->fill_id, m->symbol, m->side, m->qty, m->price_nano, m->money_micro};
        break;
    case ENTRY_FILL_ASSIGNMENT:
        e->as.fill_assignment =
            (struct entry_fill_assignment){m->fill_id, m->symbol, m->qty, m->price_nano, m->money_micro};
        break;
    case ENTRY_FILL_EXERCISE:
        e->as.fill_exercise =
            (struct entry_fill_exercise){m->fill_id, m->symbol, m->qty, m->price_nano, m->money_micro};
        break;
    case ENTRY_FILL_EXPIRATION:
        e->as.fill_expiration = (struct entry_fill_expiration){m->fill_id, m->symbol, m->qty, m->price_nano};
        break;
    default: write_rare_fills(m, e); break;
    }
}

static enum err_code tell(struct talk *t, const struct exchange_message *m, struct err *err)
{
    struct entry *const e = &t->draft;

    if (t->x->dies_after == 0) {
        t->x->die();
        return err_set(err, ERR_IO, "the process has died");
    }
    t->x->dies_after -= t->x->dies_after > 0;
    memset(e, 0, sizeof *e);
    e->kind = m->kind;
    e->cause = m->cause;
    e->at_ns = t->book->view->clock.now_ns;
    if (entry_family(m->kind) == FAMILY_ORDER)
        write_order_words(m, e);
    else
        write_fills(m, e);
    return t->out->propose(t->out->context, e, err);
}

static enum err_code tell_all(struct talk *t, struct err *err)
{
    struct exchange *const x = t->x;
    const size_t count = x->message_count;
    enum err_code rc = ERR_OK;

    while (x->told < count && (x->messages[x->told].is_told || x->messages[x->told].is_lost))
        x->told++;
    for (size_t n = x->told; !rc && n < count; n++) {
        const size_t i = x->faults.swap ? x->told + count - 1 - n : n;
        if (x->messages[i].is_told || x->messages[i].is_lost || x->messages[i].due > x->moment)
            continue;
        x->messages[i].is_told = true; /* he has said it: whether it was written down is not his affair */
        x->messages[i].session = t->book->view->clock.session;
        rc = tell(t, &x->messages[i], err);
    }
    x->faults.swap = false;
    return rc;
}

/* -- orders --------------------------------------------------------------------------------------------- */

static struct exchange_order *find(const struct exchange *x, const struct id *order_id)
{
    for (size_t i = 0; i < x->order_count; i++) {
        if (id_equal(&x->orders[i].order_id, order_id))
            return &x->orders[i];
    }
    return NULL;
}

void exchange_say_of(struct exchange *x, const struct exchange_order *o, enum entry_kind kind)
{
    struct exchange_message *const m = exchange_say(x, kind);

    m->order_id = o->order_id;
    m->cause = o->seq;
}

static void acknowledge(struct exchange *x, const struct exchange_order *o)
{
    exchange_say_of(x, o, ENTRY_ORDER_ACKNOWLEDGED);
    struct exchange_message *const m = &x->messages[x->message_count - 1];
    m->fill_id = exchange_id(x, "ack");
    m->is_lost = x->faults.ack_lost;
    m->due += x->faults.ack_late;
    if (x->faults.ack_other)
        m->order_id = exchange_id(x, "nobodys");
    x->faults.ack_lost = false;
    x->faults.ack_late = 0;
    x->faults.ack_other = false;
}

/* As the paper broker has it: why the gateway does not let the order out. */
static bool is_refused(const struct book *b, const struct order *o)
{
    struct session s;
    const struct view_clock *const clock = &b->view->clock;

    return b->risk->stopped || !o->is_allowed || !calendar_session(clock->session, &s) ||
           clock->now_ns < s.open_ns || clock->now_ns >= s.close_ns || o->seq < clock->session_seq;
}

static void take_order(struct exchange *x, const struct book *b, const struct order *o)
{
    x->orders = grown(x->orders, x->order_count, sizeof *x->orders);
    struct exchange_order *const new = &x->orders[x->order_count++];
    *new = (struct exchange_order){.order_id = o->order_id,
                                   .symbol = o->symbol,
                                   .side = o->side,
                                   .qty = o->qty,
                                   .limit_nano = o->limit_nano,
                                   .seq = o->seq,
                                   .last_fill_moment = -1};
    if (o->seq > x->durable)
        snprintf(x->wrong, sizeof x->wrong, "order %s left before it was in the journal", o->order_id.text);
    if (x->faults.reject || is_refused(b, o)) {
        x->faults.reject = false;
        new->state = EXCHANGE_DONE;
        exchange_say_of(x, new, ENTRY_ORDER_REJECTED);
    } else {
        acknowledge(x, new);
    }
}

static void hear_cancel(struct exchange *x, struct exchange_order *o)
{
    o->cancel_heard = true;
    if (o->state != EXCHANGE_WORKING || x->faults.cancel_lost) {
        x->faults.cancel_lost = false;
        return;
    }
    o->state = EXCHANGE_CANCELLING;
    o->cancel_due = x->moment + x->faults.cancel_late;
    x->faults.cancel_late = 0;
}

static void take_orders(struct exchange *x, const struct book *b)
{
    for (uint32_t i = 0; i < b->orders->by_id.count; i++) {
        const struct order *const o = table_at(&b->orders->by_id, i);
        struct exchange_order *known = find(x, &o->order_id);
        if (!known && o->seq != 0 && order_is_open(o)) {
            take_order(x, b, o);
            known = &x->orders[x->order_count - 1];
        }
        if (known && o->status == ORDER_CANCEL_ASKED && !known->cancel_heard)
            hear_cancel(x, known);
    }
}

/* -- trading -------------------------------------------------------------------------------------------- */

static void say_execution(struct exchange *x, const struct exchange_order *o, int64_t qty, int64_t price_nano)
{
    struct exchange_message *const m = exchange_say(x, ENTRY_FILL_EXECUTION);

    m->cause = o->seq;
    m->order_id = o->order_id;
    m->fill_id = exchange_id(x, "fill");
    m->symbol = o->symbol;
    m->side = o->side;
    m->qty = qty;
    m->price_nano = price_nano;
    m->money_micro = qty * EXCHANGE_FEE_MICRO;
    m->is_lost = x->faults.fill_lost;
    m->due += x->faults.fill_late;
    if (x->faults.fill_twice) {
        struct exchange_message again = *m;
        again.due += x->faults.fill_twice;
        again.is_copy = true;
        *exchange_say(x, ENTRY_FILL_EXECUTION) = again;
    }
    x->faults.fill_lost = false;
    x->faults.fill_late = 0;
    x->faults.fill_twice = 0;
}

static int64_t size_of_fill(struct exchange *x, const struct exchange_order *o, int64_t displayed)
{
    const int64_t left = o->qty - o->filled;
    int64_t qty = left < displayed ? left : displayed;

    if (x->faults.fill_part > 1 && qty > 1)
        qty = qty / x->faults.fill_part > 0 ? qty / x->faults.fill_part : 1;
    qty += x->faults.fill_over;
    x->faults.fill_part = 0;
    x->faults.fill_over = 0;
    return qty;
}

static void match(struct exchange *x, const struct book *b, struct exchange_order *o)
{
    const struct view_instrument *const i = view_find(b->view, &o->symbol);
    const struct view_quote *const q = i ? view_live_quote(b->view, i) : NULL;
    uint64_t halt_seq;

    if (!q || o->last_fill_moment == x->moment || view_is_halted(b->view, &o->symbol, &halt_seq))
        return;
    const bool is_sell = o->side == SIDE_SELL;
    const int64_t price = is_sell ? q->bid_nano : q->ask_nano;
    const int64_t displayed = is_sell ? q->bid_size : q->ask_size;
    if (price == PRICE_NONE || displayed == 0)
        return;
    if (o->limit_nano != PRICE_NONE && (is_sell ? price < o->limit_nano : price > o->limit_nano))
        return;
    const int64_t qty = size_of_fill(x, o, displayed);
    o->filled += qty;
    o->last_fill_moment = x->moment;
    if (o->filled >= o->qty)
        o->state = EXCHANGE_DONE;
    exchange_move(x, &o->symbol, exchange_signed(o->side, qty), price);
    exchange_pay(x, -qty * EXCHANGE_FEE_MICRO);
    say_execution(x, o, qty, price);
}

static void work_order(struct exchange *x, const struct book *b, struct exchange_order *o)
{
    const bool is_over =
        b->view->clock.phase == PHASE_CLOSE || o->seq < b->view->clock.session_seq || x->faults.day_ends;

    if (o->state == EXCHANGE_CANCELLING && o->cancel_due <= x->moment) {
        o->state = EXCHANGE_DONE;
        exchange_say_of(x, o, ENTRY_ORDER_CANCELLED);
    }
    if (o->state != EXCHANGE_DONE && o->seq >= b->view->clock.session_seq)
        match(x, b, o);
    if (o->state != EXCHANGE_DONE && is_over) {
        o->state = EXCHANGE_DONE;
        exchange_say_of(x, o, ENTRY_ORDER_EXPIRED);
    }
}

/* -- expirations ---------------------------------------------------------------------------------------- */

static void settle(struct exchange *x, struct exchange_position *p, int64_t price_nano)
{
    struct contract c;
    struct symbol underlying;
    const bool is_short = p->qty < 0;
    const struct symbol symbol = p->symbol;
    const int64_t qty = is_short ? -p->qty : p->qty;

    symbol_contract(&symbol, &c);
    symbol_underlying(&symbol, &underlying);
    const int64_t depth = c.right == RIGHT_PUT ? c.strike_nano - price_nano : price_nano - c.strike_nano;
    const bool buys = (c.right == RIGHT_PUT) == is_short;
    struct exchange_message *const m = exchange_say(x, depth < NANO / 100 ? ENTRY_FILL_EXPIRATION
                                                       : is_short         ? ENTRY_FILL_ASSIGNMENT
                                                                          : ENTRY_FILL_EXERCISE);
    m->fill_id = exchange_id(x, "settle");
    m->symbol = symbol;
    m->qty = qty;
    m->price_nano = price_nano;
    p->qty = 0;
    if (depth >= NANO / 100)
        exchange_move(x, &underlying, buys ? qty * 100 : -qty * 100, c.strike_nano);
}

static void settle_due(struct exchange *x, const struct book *b)
{
    for (size_t i = 0; i < x->position_count; i++) {
        struct exchange_position *const p = &x->positions[i];
        struct contract c;
        struct symbol underlying;
        struct view_price price;
        if (p->qty == 0 || !symbol_is_option(&p->symbol))
            continue;
        symbol_contract(&p->symbol, &c);
        symbol_underlying(&p->symbol, &underlying);
        const int64_t due = calendar_settlement_at(&c);
        view_price(b->view, &underlying, &price);
        if (due != INSTANT_NONE && due <= b->view->clock.now_ns && price.price_nano > 0)
            settle(x, p, price.price_nano);
    }
}

/* -- as a broker ---------------------------------------------------------------------------------------- */

static enum err_code open_account(void *context, const struct book *b, const struct proposals *out,
                                  struct err *err)
{
    struct entry e;

    struct exchange *const x = context;

    if (b->risk->deposit_ids.count != 0)
        return ERR_OK;
    if (!x->is_open)
        exchange_pay(x, b->configuration->configuration.strategy.deposit);
    x->is_open = true;
    memset(&e, 0, sizeof e);
    e.kind = ENTRY_FILL_DEPOSIT;
    e.at_ns = INSTANT_NONE;
    e.as.fill_deposit.fill_id = id_from("deposit-1");
    e.as.fill_deposit.amount = b->configuration->configuration.strategy.deposit;
    e.as.fill_deposit.text = text_from("to begin with");
    return out->propose(out->context, &e, err);
}

static enum err_code work(void *context, const struct book *b, const struct proposals *out, struct err *err)
{
    struct exchange *const x = context;
    struct talk t = {.x = x, .book = b, .out = out};

    if (x->is_down || b->view->clock.seq == 0)
        return ERR_OK;
    x->session = b->view->clock.session;
    settle_due(x, b);
    take_orders(x, b);
    for (size_t i = 0; i < x->order_count; i++) {
        if (x->orders[i].state != EXCHANGE_DONE)
            work_order(x, b, &x->orders[i]);
    }
    x->faults.day_ends = false;
    return tell_all(&t, err);
}

static struct entry *begin_statement(struct talk *t, enum entry_kind kind)
{
    memset(&t->draft, 0, sizeof t->draft);
    t->draft.kind = kind;
    t->draft.at_ns = t->book->view->clock.now_ns;
    return &t->draft;
}

/* What is true out there, whatever was told. */
static enum err_code state_positions(struct talk *t, const struct id *statement_id, int64_t *count,
                                     struct err *err)
{
    enum err_code rc = ERR_OK;

    for (size_t i = 0; !rc && i < t->x->position_count; i++) {
        const struct exchange_position *const p = &t->x->positions[i];
        if (p->qty == 0)
            continue;
        begin_statement(t, ENTRY_PERCEPTION_STATED_POSITION)->as.perception_stated_position =
            (struct entry_perception_stated_position){
                *statement_id, p->symbol, p->qty < 0 ? SIDE_SELL : SIDE_BUY, p->qty < 0 ? -p->qty : p->qty};
        rc = t->out->propose(t->out->context, &t->draft, err);
        ++*count;
    }
    return rc;
}

static enum err_code state_fills(struct talk *t, const struct id *statement_id, int64_t *count,
                                 struct err *err)
{
    enum err_code rc = ERR_OK;

    for (size_t i = 0; !rc && i < t->x->message_count; i++) {
        const struct exchange_message *const m = &t->x->messages[i];
        if (m->kind != ENTRY_FILL_EXECUTION || m->is_busted || m->is_copy ||
            m->traded != t->book->view->clock.session)
            continue;
        begin_statement(t, ENTRY_PERCEPTION_STATED_FILL)->as.perception_stated_fill =
            (struct entry_perception_stated_fill){*statement_id, m->fill_id,    m->symbol,     m->side,
                                                  m->qty,        m->price_nano, m->money_micro};
        rc = t->out->propose(t->out->context, &t->draft, err);
        ++*count;
    }
    return rc;
}

static enum err_code statement(void *context, const struct book *b, const struct id *statement_id,
                               const struct proposals *out, struct err *err)
{
    struct exchange *const x = context;
    struct talk t = {.x = x, .book = b, .out = out};
    int64_t count = 0;
    int64_t fills = 0;

    if (b->view->clock.session == CIVIL_DAY_NONE || x->is_down)
        return ERR_OK;
    enum err_code rc = state_positions(&t, statement_id, &count, err);
    if (!rc)
        rc = state_fills(&t, statement_id, &fills, err);
    if (rc)
        return rc;
    begin_statement(&t, ENTRY_PERCEPTION_STATEMENT)->as.perception_statement =
        (struct entry_perception_statement){.statement_id = *statement_id,
                                            .broker = id_from("paper"),
                                            .session = b->view->clock.session,
                                            .cash = x->cash_micro + x->faults.misstate_micro,
                                            .positions = count,
                                            .fills = fills};
    x->faults.misstate_micro = 0;
    return out->propose(out->context, &t.draft, err);
}

void exchange_init(struct exchange *x)
{
    memset(x, 0, sizeof *x);
    x->broker = (struct broker){EXCHANGE_ACTOR, open_account, work, statement, x};
    x->dies_after = -1;
}

void exchange_release(struct exchange *x)
{
    free(x->orders);
    free(x->messages);
    free(x->positions);
}

void exchange_moment(struct exchange *x)
{
    x->moment++;
}
