#include "simulator/model.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void model_init(struct model *m)
{
    memset(m, 0, sizeof *m);
    m->now_ns = INSTANT_NONE;
    m->session = CIVIL_DAY_NONE;
}

void model_release(struct model *m)
{
    free(m->positions);
    free(m->fill_ids);
    free(m->executions);
    free(m->busts);
    free(m->breaks);
    free(m->orders);
    free(m->markets);
}

void model_says(struct model *m, const char *format, ...)
{
    va_list args;

    if (m->wrong[0])
        return;
    const int n = snprintf(m->wrong, sizeof m->wrong, "entry %" PRIu64 ": ", m->seq);
    va_start(args, format);
    vsnprintf(m->wrong + n, sizeof m->wrong - (size_t)n, format, args);
    va_end(args);
}

/* -- rows ----------------------------------------------------------------------------------------------- */

void *model_grown(void *rows, size_t count, size_t size)
{
    if (count & (count - 1)) /* room doubles when the count is a power of two */
        return rows;
    char *const new = realloc(rows, (count ? count * 2 : 1) * size);
    REQUIRE(new);
    memset(new + count *size, 0, (count ? count : 1) * size);
    return new;
}

struct model_position *model_position(struct model *m, const struct symbol *s)
{
    size_t i = 0;

    while (i < m->position_count && !symbol_equal(&m->positions[i].symbol, s))
        i++;
    if (i == m->position_count) {
        m->positions = model_grown(m->positions, i, sizeof *m->positions);
        m->positions[m->position_count++] = (struct model_position){*s, 0};
    }
    return &m->positions[i];
}

struct model_order *model_order(struct model *m, const struct id *order_id)
{
    size_t i = 0;

    while (i < m->order_count && !id_equal(&m->orders[i].order_id, order_id))
        i++;
    if (i == m->order_count) {
        m->orders = model_grown(m->orders, i, sizeof *m->orders);
        m->orders[m->order_count++] =
            (struct model_order){.order_id = *order_id, .status = ORDER_UNKNOWN, .limit_nano = PRICE_NONE};
    }
    return &m->orders[i];
}

const struct model_market *model_market(const struct model *m, const struct symbol *s)
{
    for (size_t i = 0; i < m->market_count; i++) {
        if (symbol_equal(&m->markets[i].symbol, s))
            return &m->markets[i];
    }
    return NULL;
}

static struct model_market *put_market(struct model *m, const struct symbol *s)
{
    const struct model_market *const known = model_market(m, s);

    if (known)
        return &m->markets[known - m->markets];
    m->markets = model_grown(m->markets, m->market_count, sizeof *m->markets);
    m->markets[m->market_count] = (struct model_market){.symbol = *s};
    return &m->markets[m->market_count++];
}

static bool is_among(const struct id *ids, size_t count, const struct id *id)
{
    for (size_t i = 0; i < count; i++) {
        if (id_equal(&ids[i], id))
            return true;
    }
    return false;
}

/* Whether a bust says all that the execution said. */
static bool fits(const struct entry_fill_bust *b, const struct entry_fill_execution *x)
{
    return id_equal(&b->busted, &x->fill_id) && id_equal(&b->order_id, &x->order_id) &&
           symbol_equal(&b->symbol, &x->symbol) && b->side == x->side && b->qty == x->qty &&
           b->price == x->price && b->fee == x->fee;
}

/* The bust that takes this back, or waits for it; NULL. */
static struct model_bust *bust_of(const struct model *m, const struct id *fill_id)
{
    for (size_t i = 0; i < m->bust_count; i++) {
        if (!m->busts[i].is_void && id_equal(&m->busts[i].bust.busted, fill_id))
            return &m->busts[i];
    }
    return NULL;
}

/* False: it was counted before, or taken back before it was told, as it was told. */
static bool is_news(struct model *m, const struct id *fill_id, const struct entry *e)
{
    if (is_among(m->fill_ids, m->fill_count, fill_id))
        return false;
    struct model_bust *const waiting = bust_of(m, fill_id);
    if (waiting && e->kind == ENTRY_FILL_EXECUTION && fits(&waiting->bust, &e->as.fill_execution))
        return false;
    if (waiting) {
        waiting->is_void = true;
        m->void_count++;
    }
    m->fill_ids = model_grown(m->fill_ids, m->fill_count, sizeof *m->fill_ids);
    m->fill_ids[m->fill_count++] = *fill_id;
    return true;
}

bool model_is_open(const struct model_order *o)
{
    return o->status == ORDER_SENT || o->status == ORDER_WORKING || o->status == ORDER_CANCEL_ASKED;
}

/* -- the market ----------------------------------------------------------------------------------------- */

static int64_t happened_at(const struct entry *e)
{
    return e->at_ns != INSTANT_NONE ? e->at_ns : e->recorded_at_ns;
}

static void see(struct model_seen *seen, const struct entry *e, int64_t price_nano, int64_t ask_nano)
{
    if (seen->seq == 0 || happened_at(e) >= seen->at_ns)
        *seen = (struct model_seen){happened_at(e), e->seq, price_nano, ask_nano};
}

static int64_t side_of(int64_t price_nano)
{
    return price_nano > 0 ? price_nano : PRICE_NONE;
}

static void on_clock(struct model *m, const struct entry *e)
{
    const struct entry_perception_clock *const c = &e->as.perception_clock;

    if (c->session != m->session) {
        m->opened_today = 0;
        m->has_opening = false;
        m->deposits_micro = 0;
    }
    m->session = c->session;
    m->now_ns = happened_at(e);
    m->clock_seq = e->seq;
}

static void apply_perception(struct model *m, const struct entry *e)
{
    const struct entry_perception_quote *const q = &e->as.perception_quote;
    const struct entry_perception_bar *const b = &e->as.perception_bar;

    switch ((int)e->kind) {
    case ENTRY_PERCEPTION_CLOCK: on_clock(m, e); break;
    case ENTRY_PERCEPTION_QUOTE:
        see(&put_market(m, &q->symbol)->quote, e, side_of(q->bid), side_of(q->ask));
        break;
    case ENTRY_PERCEPTION_BAR:
        if (b->period_s < 86400)
            see(&put_market(m, &b->symbol)->trade, e, b->close, PRICE_NONE);
        break;
    case ENTRY_PERCEPTION_MARK:
        see(&put_market(m, &e->as.perception_mark.symbol)->mark, e, e->as.perception_mark.price, PRICE_NONE);
        break;
    case ENTRY_PERCEPTION_TRADING_STATUS:
        put_market(m, &e->as.perception_trading_status.symbol)->is_halted =
            e->as.perception_trading_status.halted;
        break;
    default: break;
    }
}

/* -- orders --------------------------------------------------------------------------------------------- */

static void end_order(struct model *m, const struct id *order_id, enum order_status status)
{
    struct model_order *const o = model_order(m, order_id);

    if (model_is_open(o))
        o->status = status;
}

/* Ours, and sent by the program: right behind the verdict that allows it, not behind a stop, within every limit. */
static void check_order(struct model *m, const struct entry *e)
{
    const struct entry_order_new *const o = &e->as.order_new;

    m->order_news++;
    if (m->verdict_seq != e->seq - 1 || e->cause != m->verdict_seq)
        model_says(m, "order %s was sent without a verdict right before it", o->order_id.text);
    else if (!m->verdict_allows)
        model_says(m, "order %s was sent although the verdict before it refuses", o->order_id.text);
    else if (!id_equal(&m->verdict_order, &o->order_id) || !symbol_equal(&m->verdict_symbol, &o->symbol))
        model_says(m, "order %s was sent on the verdict on another one", o->order_id.text);
    else if (m->is_stopped)
        model_says(m, "order %s was sent behind the stop of entry %" PRIu64, o->order_id.text, m->stop_seq);
    else
        model_judge(m, e);
}

static void on_new(struct model *m, const struct entry *e)
{
    const struct entry_order_new *const o = &e->as.order_new;

    if (e->actor == m->strategy || (e->actor == m->other_strategy && e->actor != 0))
        check_order(m, e);
    struct model_order *const row = model_order(m, &o->order_id);
    if (row->seq != 0)
        return; /* a second telling */
    row->status = ORDER_SENT;
    row->symbol = o->symbol;
    row->side = o->side;
    row->qty = o->qty;
    row->limit_nano = o->limit;
    row->seq = e->seq;
    if (row->filled >= row->qty)
        row->status = ORDER_FILLED;
}

static void on_cancel(struct model *m, const struct id *order_id)
{
    struct model_order *const o = model_order(m, order_id);

    if (o->status == ORDER_SENT || o->status == ORDER_WORKING)
        o->status = ORDER_CANCEL_ASKED;
}

static void on_acknowledged(struct model *m, const struct id *order_id)
{
    struct model_order *const o = model_order(m, order_id);

    if (o->status == ORDER_SENT)
        o->status = ORDER_WORKING;
}

static void apply_order(struct model *m, const struct entry *e)
{
    switch ((int)e->kind) {
    case ENTRY_ORDER_NEW: on_new(m, e); break;
    case ENTRY_ORDER_CANCEL: on_cancel(m, &e->as.order_cancel.order_id); break;
    case ENTRY_ORDER_ACKNOWLEDGED: on_acknowledged(m, &e->as.order_acknowledged.order_id); break;
    case ENTRY_ORDER_CANCELLED: end_order(m, &e->as.order_cancelled.order_id, ORDER_CANCELLED); break;
    case ENTRY_ORDER_REJECTED: end_order(m, &e->as.order_rejected.order_id, ORDER_REJECTED); break;
    default: end_order(m, &e->as.order_expired.order_id, ORDER_DAY_OVER); break;
    }
}

/* -- fills ---------------------------------------------------------------------------------------------- */

static void trade(struct model *m, const struct symbol *s, int64_t qty, int64_t price_nano)
{
    model_position(m, s)->qty += qty;
    m->cash_micro -=
        (model_wide)qty * price_nano * symbol_multiplier(s) / 1000; /* whole cents: nothing is lost */
}

static void on_execution(struct model *m, const struct entry_fill_execution *f)
{
    struct model_order *const o = model_order(m, &f->order_id);

    m->executions = model_grown(m->executions, m->execution_count, sizeof *m->executions);
    m->executions[m->execution_count++] = (struct model_execution){*f, false};
    trade(m, &f->symbol, f->side == SIDE_BUY ? f->qty : -f->qty, f->price);
    m->cash_micro -= f->fee;
    o->filled += f->qty;
    if (o->status == ORDER_SENT)
        o->status = ORDER_WORKING;
    if (o->seq != 0 && o->filled >= o->qty)
        o->status = ORDER_FILLED;
}

/* The option goes for nothing, and its underlying comes or goes at the strike. */
static void deliver(struct model *m, const struct symbol *option, int64_t qty, int64_t direction)
{
    struct contract c;
    struct symbol underlying;

    symbol_contract(option, &c);
    symbol_underlying(option, &underlying);
    const bool buys = (c.right == RIGHT_PUT) == (direction > 0);
    trade(m, option, direction * qty, 0);
    trade(m, &underlying, buys ? qty * 100 : -qty * 100, c.strike_nano);
}

static void on_expiration(struct model *m, const struct entry_fill_expiration *f)
{
    struct model_position *const p = model_position(m, &f->symbol);

    if (p->qty != 0) /* what is flat stays so */
        p->qty += p->qty < 0 ? f->qty : -f->qty;
}

static void on_deposit(struct model *m, const struct entry_fill_deposit *f)
{
    m->cash_micro += f->amount;
    if (m->has_opening)
        m->deposits_micro += f->amount;
}

static const struct model_execution *execution(const struct model *m, const struct id *fill_id)
{
    for (size_t i = m->execution_count; i-- > 0;) {
        if (id_equal(&m->executions[i].fill.fill_id, fill_id))
            return &m->executions[i];
    }
    return NULL;
}

/*
 * The execution the other way, fee and all, if it is what the bust says, stands, and was not split since; of the order
 * there is less filled then. Before it is told the bust waits for it.
 */
static void on_bust(struct model *m, const struct entry_fill_bust *f)
{
    const struct model_execution *const x = execution(m, &f->busted);
    const bool is_told = is_among(m->fill_ids, m->fill_count, &f->busted); /* the bust itself is, too */
    const bool takes = !bust_of(m, &f->busted) && (is_told ? x && !x->is_split && fits(f, &x->fill) : true);

    m->busts = model_grown(m->busts, m->bust_count, sizeof *m->busts);
    m->busts[m->bust_count++] = (struct model_bust){*f, !takes};
    m->void_count += !takes;
    if (!takes || !is_told)
        return;
    trade(m, &f->symbol, f->side == SIDE_BUY ? -f->qty : f->qty, f->price);
    m->cash_micro += f->fee;
    struct model_order *const o = model_order(m, &f->order_id);
    o->filled -= f->qty;
    if (o->status == ORDER_FILLED && o->filled < o->qty)
        o->status = ORDER_CANCELLED; /* nobody works the rest */
}

/* By the ratio told, whatever is held, halves to the even one; the position goes over as a whole. */
static void on_split(struct model *m, const struct entry_fill_split *f)
{
    struct model_position *const p = model_position(m, &f->symbol);
    const model_wide product = (model_wide)(p->qty < 0 ? -p->qty : p->qty) * f->into_qty;
    int64_t made = (int64_t)(product / f->qty);
    for (size_t i = 0; i < m->execution_count; i++)
        m->executions[i].is_split |= symbol_equal(&m->executions[i].fill.symbol, &f->symbol);
    const model_wide rest = product % f->qty * 2;

    made += rest > f->qty || (rest == f->qty && made % 2 != 0);
    made = p->qty < 0 ? -made : made;
    p->qty = 0;
    model_position(m, &f->into)->qty += made;
    m->cash_micro += f->cash;
}

static const struct id *fill_id_of(const struct entry *e)
{
    switch ((int)e->kind) {
    case ENTRY_FILL_EXECUTION: return &e->as.fill_execution.fill_id;
    case ENTRY_FILL_ASSIGNMENT: return &e->as.fill_assignment.fill_id;
    case ENTRY_FILL_EXERCISE: return &e->as.fill_exercise.fill_id;
    case ENTRY_FILL_EXPIRATION: return &e->as.fill_expiration.fill_id;
    case ENTRY_FILL_SETTLEMENT: return &e->as.fill_settlement.fill_id;
    case ENTRY_FILL_BUST: return &e->as.fill_bust.fill_id;
    case ENTRY_FILL_DIVIDEND: return &e->as.fill_dividend.fill_id;
    case ENTRY_FILL_SPLIT: return &e->as.fill_split.fill_id;
    default: return &e->as.fill_deposit.fill_id;
    }
}

static void apply_fill(struct model *m, const struct entry *e)
{
    const struct id *const fill_id = fill_id_of(e);

    if (!is_news(m, fill_id, e))
        return;
    switch ((int)e->kind) {
    case ENTRY_FILL_EXECUTION: on_execution(m, &e->as.fill_execution); break;
    case ENTRY_FILL_ASSIGNMENT:
        deliver(m, &e->as.fill_assignment.symbol, e->as.fill_assignment.qty, +1);
        m->cash_micro -= e->as.fill_assignment.fee;
        break;
    case ENTRY_FILL_EXERCISE:
        deliver(m, &e->as.fill_exercise.symbol, e->as.fill_exercise.qty, -1);
        m->cash_micro -= e->as.fill_exercise.fee;
        break;
    case ENTRY_FILL_EXPIRATION: on_expiration(m, &e->as.fill_expiration); break;
    case ENTRY_FILL_DEPOSIT: on_deposit(m, &e->as.fill_deposit); break;
    case ENTRY_FILL_BUST: on_bust(m, &e->as.fill_bust); break;
    case ENTRY_FILL_DIVIDEND: m->cash_micro += e->as.fill_dividend.amount; break;
    case ENTRY_FILL_SPLIT: on_split(m, &e->as.fill_split); break;
    default: model_says(m, "no such fill is in the simulation"); break;
    }
}

/* -- risk and control ------------------------------------------------------------------------------------- */

static void on_verdict(struct model *m, const struct entry *e)
{
    m->verdict_seq = e->seq;
    m->verdict_order = e->as.risk_verdict.order_id;
    m->verdict_symbol = e->as.risk_verdict.symbol;
    m->verdict_allows = e->as.risk_verdict.allowed;
    if (m->verdict_allows && m->enter_seq != 0 && e->cause == m->enter_seq) {
        m->opened_today++;
        m->enter_seq = 0;
    }
}

static void on_equity(struct model *m, const struct entry *e)
{
    const struct entry_risk_equity *const q = &e->as.risk_equity;

    model_check_equity(m, e);
    if (q->session != m->session ||
        (m->has_opening && (q->phase != PHASE_OPEN || m->opening_phase == PHASE_OPEN)))
        return;
    m->has_opening = true;
    m->opening_phase = q->phase;
    m->opening_micro = q->equity;
    m->deposits_micro = 0;
}

static void on_override(struct model *m, const struct entry_control_override *o)
{
    if (m->now_ns == INSTANT_NONE)
        return;
    if (m->override_count == MODEL_OVERRIDES_MAX)
        memmove(m->overrides, m->overrides + 1, (--m->override_count) * sizeof m->overrides[0]);
    m->overrides[m->override_count++] =
        (struct model_override){o->symbol, o->limit, m->now_ns + o->valid_s * NS_PER_SECOND};
}

bool model_overrides(struct model *m, const struct symbol *s, const char *limit)
{
    struct symbol underlying;

    symbol_underlying(s, &underlying);
    for (unsigned i = 0; i < m->override_count; i++) {
        const struct model_override *const o = &m->overrides[i];
        if (m->now_ns > o->until_ns || !id_is(&o->limit, limit) ||
            (!symbol_equal(&o->symbol, s) && !symbol_equal(&o->symbol, &underlying)))
            continue;
        m->override_count--;
        memmove(m->overrides + i, m->overrides + i + 1, (m->override_count - i) * sizeof m->overrides[0]);
        return true;
    }
    return false;
}

static void on_genesis(struct model *m, const struct entry_control_genesis *g)
{
    for (unsigned i = 0; i < g->actors.count; i++) {
        const struct id *const name = &g->actors.rows[i].name;
        if (id_is(name, "strategy:naked-put"))
            m->strategy = i + 1;
        else if (id_is(name, "strategy:covered-call"))
            m->other_strategy = i + 1;
        else if (id_is(name, "risk:governor"))
            m->governor = i + 1;
        else if (id_is(name, "broker:paper"))
            m->broker = i + 1;
        else if (id_is(name, "feed:synthetic"))
            m->feed = i + 1;
    }
}

static void apply_rest(struct model *m, const struct entry *e)
{
    switch ((int)e->kind) {
    case ENTRY_DECISION_ENTER: m->enter_seq = e->seq; break;
    case ENTRY_RISK_VERDICT: on_verdict(m, e); break;
    case ENTRY_RISK_EQUITY: on_equity(m, e); break;
    case ENTRY_RISK_BREAKER_TRIP: m->is_tripped = true; break;
    case ENTRY_RISK_BREAK: model_on_break(m, e); break;
    case ENTRY_CONTROL_CORRECTION: model_on_correction(m, e); break;
    case ENTRY_CONTROL_GENESIS: on_genesis(m, &e->as.control_genesis); break;
    case ENTRY_CONTROL_CONFIGURATION: model_configure(m, &e->as.control_configuration.settings); break;
    case ENTRY_CONTROL_OVERRIDE: on_override(m, &e->as.control_override); break;
    case ENTRY_CONTROL_STOP:
        m->is_stopped = true;
        m->stop_seq = e->seq;
        break;
    case ENTRY_CONTROL_RESUME:
        m->is_stopped = false;
        m->is_tripped = false;
        break;
    default: break;
    }
}

void model_apply(struct model *m, const struct entry *e)
{
    const enum entry_family family = entry_family(e->kind);

    m->seq++;
    if (e->seq != m->seq)
        model_says(m, "its number is %" PRIu64, e->seq);
    if (e->recorded_at_ns < m->recorded_at_ns)
        model_says(m, "recorded before the one before it");
    m->recorded_at_ns = e->recorded_at_ns;
    m->perceived += m->feed != 0 && e->actor == m->feed;
    if (family == FAMILY_PERCEPTION)
        apply_perception(m, e);
    else if (family == FAMILY_ORDER)
        apply_order(m, e);
    else if (family == FAMILY_FILL)
        apply_fill(m, e);
    else
        apply_rest(m, e);
}

/* -- beside the book -------------------------------------------------------------------------------------- */

static void compare_positions(struct model *m, const struct accounts *a)
{
    for (uint32_t i = 0; i < a->positions.count; i++) {
        const struct position *const p = table_at(&a->positions, i);
        if (p->qty != model_position(m, &p->symbol)->qty)
            model_says(m, "the book has %" PRId64 " of %s, and the fills add up to %" PRId64, p->qty,
                       p->symbol.text, model_position(m, &p->symbol)->qty);
    }
    for (size_t i = 0; i < m->position_count; i++) {
        if (m->positions[i].qty != 0 && !accounts_position(a, &m->positions[i].symbol))
            model_says(m, "the book has no %s, and the fills add up to %" PRId64, m->positions[i].symbol.text,
                       m->positions[i].qty);
    }
}

static void compare_orders(struct model *m, const struct orders *orders)
{
    uint32_t open = 0;

    if (orders->by_id.count != m->order_count)
        model_says(m, "the book knows %u orders, and %zu were spoken of", orders->by_id.count,
                   m->order_count);
    for (uint32_t i = 0; i < orders->by_id.count && i < m->order_count; i++) {
        const struct order *const o = table_at(&orders->by_id, i);
        const struct model_order *const w = &m->orders[i];
        open += model_is_open(w);
        if (!id_equal(&o->order_id, &w->order_id))
            model_says(m, "order %s stands where %s should", o->order_id.text, w->order_id.text);
        else if (o->status != w->status || o->filled_qty != w->filled)
            model_says(m, "the book has order %s %s with %" PRId64 " filled, and it is %s with %" PRId64,
                       o->order_id.text, order_status_name(o->status), o->filled_qty,
                       order_status_name(w->status), w->filled);
    }
    if (orders->open_count != open)
        model_says(m, "the book counts %u open orders, and %u are", orders->open_count, open);
}

void model_compare(struct model *m, const struct book *b)
{
    if (accounts_sum_micro(b->accounts) != 0)
        model_says(m, "the accounts do not add up to zero but to %" PRId64, accounts_sum_micro(b->accounts));
    if (b->accounts->cash_micro != (int64_t)m->cash_micro)
        model_says(m, "the book has cash of %" PRId64 ", and the fills add up to %" PRId64,
                   b->accounts->cash_micro, (int64_t)m->cash_micro);
    compare_positions(m, b->accounts);
    compare_orders(m, b->orders);
    if (b->reconcile->breaks.count != m->break_count)
        model_says(m, "the book has %u open breaks, and %zu are", b->reconcile->breaks.count, m->break_count);
    if (b->accounts->fills.voids.count != m->void_count)
        model_says(m, "the book knows of %u busts that do not fit, and %zu do not",
                   b->accounts->fills.voids.count, m->void_count);
    if (b->risk->stopped != m->is_stopped)
        model_says(m, "the book says that it is %sstopped", b->risk->stopped ? "" : "not ");
    if ((risk_state_tripped(b->risk) > 0) != m->is_tripped)
        model_says(m, "the book and the entries differ about the breaker");
    if (b->risk->has_opening != m->has_opening ||
        (m->has_opening &&
         (b->risk->opening_equity_micro != m->opening_micro || b->risk->deposits_micro != m->deposits_micro)))
        model_says(m, "the book measures the day's loss from %" PRId64 ", and it was %" PRId64,
                   b->risk->opening_equity_micro, m->opening_micro);
    if (b->risk->opened_today != m->opened_today)
        model_says(m, "the book has opened %" PRId64 " positions today, and it was %" PRId64,
                   b->risk->opened_today, m->opened_today);
}
