/* What the script's acts set at the exchange, and what happens there whatever the program does. */
#include "simulator/exchange.h"

#include <stdlib.h>
#include <string.h>

/* -- acts of the script --------------------------------------------------------------------------------- */

static void tell_again(struct exchange *x, size_t i)
{
    struct exchange_message again = x->messages[i];

    again.is_told = false;
    again.is_lost = false;
    again.is_copy = true;
    again.due = x->moment;
    *exchange_say(x, again.kind) = again;
}

static void retell(struct exchange *x, int64_t n)
{
    const size_t count = x->message_count;

    for (size_t i = count > (size_t)n ? count - (size_t)n : 0; i < count; i++)
        tell_again(x, i);
}

void exchange_reconnect(struct exchange *x, const struct book *b)
{
    const size_t count = x->message_count;
    size_t i = count;

    while (i > 0 && (!x->messages[i - 1].is_told || x->messages[i - 1].session == b->view->clock.session))
        i--;
    for (; i < count; i++) {
        if (!x->messages[i].is_lost && !x->messages[i].is_told)
            continue; /* it is on its way */
        tell_again(x, i);
        x->messages[i].is_told = true;
        x->messages[i].is_lost = false;
        x->messages[i].session = CIVIL_DAY_NONE; /* the copy is what is told again next time */
    }
}

static void stray(struct exchange *x, const struct act *a)
{
    struct exchange_message *const m = exchange_say(x, ENTRY_FILL_EXECUTION);

    m->order_id = exchange_id(x, "nobodys");
    m->fill_id = exchange_id(x, "fill");
    m->symbol = a->symbol;
    m->side = a->n[0] == 1 ? SIDE_BUY : SIDE_SELL;
    m->qty = a->n[1];
    m->price_nano = a->price[0];
    m->money_micro = EXCHANGE_FEE_MICRO;
    exchange_move(x, &a->symbol, exchange_signed(m->side, m->qty), m->price_nano);
    exchange_pay(x, -m->money_micro);
}

/* -- what is taken back, and what companies do ----------------------------------------------------------- */

/* The n-th newest execution that stands; NULL: there are not so many. */
static struct exchange_message *execution(struct exchange *x, int64_t n)
{
    for (size_t i = x->message_count; i-- > 0;) {
        struct exchange_message *const m = &x->messages[i];
        if (m->kind == ENTRY_FILL_EXECUTION && !m->is_busted && !m->is_copy && n-- <= 0)
            return m;
    }
    return NULL;
}

static void bust(struct exchange *x, const struct act *a)
{
    struct exchange_message *const found = execution(x, a->n[0]);

    if (!found)
        return;
    found->is_busted = true;
    const struct exchange_message of = *found;
    const int64_t back = -exchange_signed(of.side, of.qty);
    struct exchange_message *m = exchange_say(x, ENTRY_FILL_BUST);
    *m = of;
    m->kind = ENTRY_FILL_BUST;
    m->is_told = m->is_lost = m->is_copy = false;
    m->due = x->moment;
    m->busted = of.fill_id;
    m->fill_id = exchange_id(x, "bust");
    exchange_move(x, &of.symbol, back, of.price_nano);
    exchange_pay(x, of.money_micro);
    if (a->kind != ACT_CORRECT)
        return;
    m = exchange_say(x, ENTRY_FILL_EXECUTION);
    *m = of;
    m->is_told = m->is_lost = m->is_busted = m->is_copy = false;
    m->due = x->moment;
    m->fill_id = exchange_id(x, "fill");
    m->price_nano = a->price[0];
    exchange_move(x, &of.symbol, -back, m->price_nano);
    exchange_pay(x, -of.money_micro);
}

/* He says it, and nothing is so: but for one of the two when he takes the same back twice. */
static void misbust(struct exchange *x, const struct act *a)
{
    const struct exchange_message *const found = execution(x, a->n[0]);

    if (!found)
        return;
    struct exchange_message of = *found;
    if (a->n[1] == 4)
        bust(x, a);
    of.busted = a->n[1] == 3 ? id_from("deposit-1") : of.fill_id;
    of.fill_id = exchange_id(x, "bust");
    of.kind = ENTRY_FILL_BUST;
    of.is_told = of.is_lost = of.is_busted = of.is_copy = false;
    of.due = x->moment;
    of.qty += a->n[1] == 0;
    of.price_nano += a->n[1] == 1 ? NANO : 0;
    if (a->n[1] == 2)
        of.order_id = exchange_id(x, "nobodys");
    *exchange_say(x, ENTRY_FILL_BUST) = of;
}

static void dividend(struct exchange *x, const struct act *a)
{
    for (size_t i = 0; i < x->position_count; i++) {
        const struct exchange_position *const p = &x->positions[i];
        if (p->qty == 0 || !symbol_equal(&p->symbol, &a->symbol))
            continue;
        struct exchange_message *const m = exchange_say(x, ENTRY_FILL_DIVIDEND);
        m->fill_id = exchange_id(x, "dividend");
        m->symbol = p->symbol;
        m->money_micro = p->qty * (a->price[0] / 1000);
        exchange_pay(x, m->money_micro);
    }
}

/* What a symbol is called after it: an option's strike goes the other way. */
static bool split_symbol(const struct symbol *s, const struct act *a, struct symbol *into)
{
    struct contract c;
    struct symbol underlying;

    *into = *s;
    symbol_underlying(s, &underlying);
    if (!symbol_equal(&underlying, &a->symbol))
        return false;
    if (!symbol_is_option(s))
        return true;
    symbol_contract(s, &c);
    c.strike_nano = c.strike_nano / a->n[0] * a->n[1];
    return symbol_from_contract(&c, into, NULL) == ERR_OK;
}

static void split_position(struct exchange *x, size_t i, const struct act *a)
{
    struct exchange_position *p = &x->positions[i];
    struct symbol into;

    if (p->qty == 0 || !split_symbol(&p->symbol, a, &into) || p->qty * a->n[0] / a->n[1] == 0)
        return;
    struct exchange_message *const m = exchange_say(x, ENTRY_FILL_SPLIT);
    m->fill_id = exchange_id(x, "split");
    m->symbol = p->symbol;
    m->into = into;
    m->side = p->qty < 0 ? SIDE_SELL : SIDE_BUY;
    m->qty = p->qty < 0 ? -p->qty : p->qty;
    m->into_qty = m->qty * a->n[0] / a->n[1];
    m->money_micro = m->qty * a->n[0] % a->n[1] ? exchange_signed(m->side, 3000000) : 0;
    exchange_pay(x, m->money_micro);
    p->qty = 0;
    exchange_move(x, &into, exchange_signed(m->side, m->into_qty), 0);
}

/* Orders in what is split are over. */
static void split(struct exchange *x, const struct act *a)
{
    const size_t count = x->position_count;
    struct symbol into;

    for (size_t i = 0; i < count; i++)
        split_position(x, i, a);
    for (size_t i = 0; i < x->order_count; i++) {
        if (x->orders[i].state == EXCHANGE_DONE || !split_symbol(&x->orders[i].symbol, a, &into))
            continue;
        x->orders[i].state = EXCHANGE_DONE;
        exchange_say_of(x, &x->orders[i], ENTRY_ORDER_EXPIRED);
    }
}

static void assign_early(struct exchange *x, int64_t n, const struct book *b)
{
    for (size_t i = 0; i < x->position_count; i++) {
        struct exchange_position *const p = &x->positions[i];
        struct symbol underlying;
        struct view_price price;
        struct contract c;
        if (p->qty >= 0 || !symbol_is_option(&p->symbol) || n-- > 0)
            continue;
        symbol_contract(&p->symbol, &c);
        symbol_underlying(&p->symbol, &underlying);
        view_price(b->view, &underlying, &price);
        struct exchange_message *const m = exchange_say(x, ENTRY_FILL_ASSIGNMENT);
        m->fill_id = exchange_id(x, "early");
        m->symbol = p->symbol;
        m->qty = -p->qty;
        m->price_nano = price.price_nano > 0 ? price.price_nano : c.strike_nano;
        p->qty = 0;
        exchange_move(x, &underlying, c.right == RIGHT_PUT ? m->qty * 100 : -m->qty * 100, c.strike_nano);
        return;
    }
}

static void trade_elsewhere(struct exchange *x, const struct act *a)
{
    const int64_t qty = exchange_signed(a->n[0] == 1 ? SIDE_BUY : SIDE_SELL, a->n[1]);

    exchange_move(x, &a->symbol, qty, a->price[0]);
}

static void act_on_fills(struct exchange *x, const struct act *a)
{
    switch ((int)a->kind) {
    case ACT_FILL_LOST: x->faults.fill_lost = true; break;
    case ACT_FILL_LATE: x->faults.fill_late = a->n[0]; break;
    case ACT_FILL_TWICE: x->faults.fill_twice = a->n[0]; break;
    case ACT_FILL_PART: x->faults.fill_part = a->n[0]; break;
    case ACT_FILL_OVER: x->faults.fill_over = a->n[0]; break;
    default: break;
    }
}

void exchange_act(struct exchange *x, const struct act *a, const struct book *b)
{
    switch ((int)a->kind) {
    case ACT_DOWN: x->is_down = true; break;
    case ACT_UP:
        x->is_down = false;
        exchange_reconnect(x, b);
        break;
    case ACT_RETELL: retell(x, a->n[0]); break;
    case ACT_ACK_LOST: x->faults.ack_lost = true; break;
    case ACT_ACK_LATE: x->faults.ack_late = a->n[0]; break;
    case ACT_ACK_OTHER: x->faults.ack_other = true; break;
    case ACT_REJECT: x->faults.reject = true; break;
    case ACT_CANCEL_LATE: x->faults.cancel_late = a->n[0]; break;
    case ACT_CANCEL_LOST: x->faults.cancel_lost = true; break;
    case ACT_SWAP: x->faults.swap = true; break;
    case ACT_DAY_ENDS: x->faults.day_ends = true; break;
    case ACT_STRAY: stray(x, a); break;
    case ACT_BUST:
    case ACT_CORRECT: bust(x, a); break;
    case ACT_MISBUST: misbust(x, a); break;
    case ACT_MISSTATE: x->faults.misstate_micro = a->price[0] / 1000; break;
    case ACT_DIVIDEND: dividend(x, a); break;
    case ACT_SPLIT: split(x, a); break;
    case ACT_ASSIGN: assign_early(x, a->n[0], b); break;
    case ACT_ELSEWHERE: trade_elsewhere(x, a); break;
    default: act_on_fills(x, a); break;
    }
}
