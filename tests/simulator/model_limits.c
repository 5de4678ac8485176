/* The limits of risk/governor.h and the margin of risk/margin.h, reckoned again from their words. */
#include "simulator/model.h"

#include "market/calendar.h"

#include <inttypes.h>
#include <string.h>

/* -- settings ------------------------------------------------------------------------------------------- */

static int64_t setting(const struct text *settings, const char *name, int decimals)
{
    const size_t length = strlen(name);
    const char *line = settings->bytes;
    const char *const end = line + settings->length;
    int64_t value = 0;

    while (line < end) {
        const char *const stop = memchr(line, '\n', (size_t)(end - line));
        const char *const next = stop ? stop : end;
        if ((size_t)(next - line) > length && memcmp(line, name, length) == 0 && line[length] == '=') {
            REQUIRE(decimal_parse(line + length + 1, (size_t)(next - line) - length - 1, decimals, &value,
                                  NULL) == ERR_OK);
            return value;
        }
        line = next + 1;
    }
    err_require_failed(name, __FILE__, __LINE__);
}

void model_configure(struct model *m, const struct text *settings)
{
    m->limits = (struct model_limits){
        .daily_loss = setting(settings, "risk.daily_loss", 9),
        .margin_use = setting(settings, "risk.margin_use", 9),
        .sector_share = setting(settings, "risk.sector_share", 9),
        .new_positions_day = setting(settings, "risk.new_positions_day", 0),
        .open_positions = setting(settings, "risk.open_positions", 0),
        .max_contracts = setting(settings, "risk.max_contracts", 0),
        .price_distance = setting(settings, "risk.price_distance", 9),
        .underlying_age_s = setting(settings, "risk.underlying_age_s", 0),
        .margin_rate = setting(settings, "risk.margin_rate", 9),
        .margin_floor = setting(settings, "risk.margin_floor", 9),
        .open_breaks_max = setting(settings, "risk.open_breaks_max", 6),
    };
}

/* -- prices --------------------------------------------------------------------------------------------- */

static int64_t newer_of(const struct model_seen *a, int64_t a_price, const struct model_seen *best,
                        int64_t best_price, const struct model_seen **chosen)
{
    const bool is_newer = a->seq != 0 && a_price != PRICE_NONE && (!best || a->at_ns > best->at_ns);

    *chosen = is_newer ? a : best;
    return is_newer ? a_price : best_price;
}

/* The newest of trade, mark and the middle of an uncrossed quote, in this order at one instant. */
static int64_t price_of(const struct model *m, const struct symbol *s, int64_t *at_ns)
{
    const struct model_market *const k = model_market(m, s);
    const struct model_seen *best = NULL;
    int64_t price = PRICE_NONE;

    if (!k)
        return PRICE_NONE;
    const bool has_middle = k->quote.seq != 0 && k->quote.price_nano != PRICE_NONE &&
                            k->quote.ask_nano != PRICE_NONE && k->quote.price_nano <= k->quote.ask_nano;
    price = newer_of(&k->trade, k->trade.price_nano, best, price, &best);
    price = newer_of(&k->mark, k->mark.price_nano, best, price, &best);
    if (has_middle)
        price = newer_of(&k->quote, (k->quote.price_nano + k->quote.ask_nano) / 2, best, price, &best);
    if (best)
        *at_ns = best->at_ns;
    return price;
}

/* What an instrument is valued at, whatever the age of its quote. */
static int64_t mark_of(const struct model *m, const struct symbol *s)
{
    const struct model_market *const k = model_market(m, s);
    int64_t at_ns = 0;

    if (!k || k->quote.seq == 0 || (k->quote.price_nano == PRICE_NONE && k->quote.ask_nano == PRICE_NONE))
        return price_of(m, s, &at_ns);
    if (k->quote.price_nano == PRICE_NONE)
        return k->quote.ask_nano / 2;
    if (k->quote.ask_nano == PRICE_NONE)
        return k->quote.price_nano;
    return (k->quote.price_nano + k->quote.ask_nano) / 2;
}

int64_t model_mark(const struct model *m, const struct symbol *s)
{
    return mark_of(m, s);
}

int64_t model_price(const struct model *m, const struct symbol *s)
{
    int64_t at_ns = 0;

    return price_of(m, s, &at_ns);
}

/* -- sums ----------------------------------------------------------------------------------------------- */

/* What the account is worth. False: something is held that was never priced. */
static bool equity_of(const struct model *m, model_wide *micro)
{
    *micro = m->cash_micro;
    for (size_t i = 0; i < m->position_count; i++) {
        const struct model_position *const p = &m->positions[i];
        const int64_t mark = p->qty != 0 ? mark_of(m, &p->symbol) : 0;
        if (mark == PRICE_NONE)
            return false;
        *micro += (model_wide)p->qty * mark * symbol_multiplier(&p->symbol) / 1000;
    }
    return true;
}

static model_wide margin_of(const struct model *m, const struct symbol *s, int64_t premium_nano, int64_t qty)
{
    struct contract c;
    struct symbol underlying;
    int64_t at_ns = 0;

    if (!symbol_is_option(s) || qty <= 0)
        return 0;
    symbol_contract(s, &c);
    symbol_underlying(s, &underlying);
    const int64_t told = price_of(m, &underlying, &at_ns);
    const int64_t price = told > 0 ? told : c.strike_nano;
    const int64_t out = c.right == RIGHT_PUT ? price - c.strike_nano : c.strike_nano - price;
    const model_wide rated = (model_wide)price * m->limits.margin_rate / NANO - (out > 0 ? out : 0);
    const model_wide least =
        (model_wide)(c.right == RIGHT_PUT ? c.strike_nano : price) * m->limits.margin_floor / NANO;
    return ((rated > least ? rated : least) + (premium_nano > 0 ? premium_nano : 0)) * qty * 100 / 1000;
}

static int64_t held(const struct model *m, const struct symbol *s)
{
    for (size_t i = 0; i < m->position_count; i++) {
        if (symbol_equal(&m->positions[i].symbol, s))
            return m->positions[i].qty;
    }
    return 0;
}

/* Calls that shares still cover, of the few underlyings there are. */
#define COVERS_MAX 16

struct covers {
    struct symbol underlying[COVERS_MAX];
    int64_t left[COVERS_MAX];
    size_t count;
};

/* How many of `qty` short options no share is left for; those that one is left for have it from here on. */
static int64_t uncovered(const struct model *m, struct covers *c, const struct symbol *s, int64_t qty)
{
    struct contract contract;
    struct symbol underlying;
    size_t i = 0;

    if (!symbol_is_option(s) || qty <= 0)
        return qty;
    symbol_contract(s, &contract);
    symbol_underlying(s, &underlying);
    if (contract.right != RIGHT_CALL)
        return qty;
    while (i < c->count && !symbol_equal(&c->underlying[i], &underlying))
        i++;
    if (i == c->count) {
        const int64_t shares = held(m, &underlying);
        REQUIRE(c->count < COVERS_MAX);
        c->underlying[i] = underlying;
        c->left[i] = shares > 0 ? shares / 100 : 0;
        c->count++;
    }
    const int64_t used = qty < c->left[i] ? qty : c->left[i];
    c->left[i] -= used;
    return qty - used;
}

/* Every short option at its mark, and every open order's rest that would sell short at its limit. */
static bool margin_in_use(const struct model *m, struct covers *c, model_wide *micro)
{
    *micro = 0;
    for (size_t i = 0; i < m->position_count; i++) {
        const struct model_position *const p = &m->positions[i];
        if (p->qty >= 0 || !symbol_is_option(&p->symbol))
            continue;
        const int64_t mark = mark_of(m, &p->symbol);
        if (mark == PRICE_NONE)
            return false;
        *micro += margin_of(m, &p->symbol, mark, uncovered(m, c, &p->symbol, -p->qty));
    }
    for (size_t i = m->order_count; i-- > 0;) {
        const struct model_order *const o = &m->orders[i];
        const int64_t have = model_is_open(o) ? held(m, &o->symbol) : 0;
        if (!model_is_open(o) || o->side != SIDE_SELL)
            continue;
        const int64_t premium = o->limit_nano != PRICE_NONE ? o->limit_nano : mark_of(m, &o->symbol);
        *micro += margin_of(m, &o->symbol, premium,
                            uncovered(m, c, &o->symbol, o->qty - o->filled - (have > 0 ? have : 0)));
    }
    return true;
}

static int64_t open_positions(const struct model *m)
{
    int64_t n = 0;

    for (size_t i = 0; i < m->position_count; i++)
        n += m->positions[i].qty != 0;
    return n;
}

/* Symbols in which nothing is held and an order is open. */
static int64_t pending_positions(const struct model *m)
{
    int64_t n = 0;

    for (size_t i = 0; i < m->order_count; i++) {
        bool counts = model_is_open(&m->orders[i]) && held(m, &m->orders[i].symbol) == 0;
        for (size_t k = 0; counts && k < i; k++)
            counts =
                !model_is_open(&m->orders[k]) || !symbol_equal(&m->orders[k].symbol, &m->orders[i].symbol);
        n += counts;
    }
    return n;
}

static int64_t orders_in(const struct model *m, const struct symbol *s, bool any_side, enum side side)
{
    int64_t n = 0;

    for (size_t i = 0; i < m->order_count; i++)
        n += model_is_open(&m->orders[i]) && symbol_equal(&m->orders[i].symbol, s) &&
             (any_side || m->orders[i].side == side);
    return n;
}

/* -- judging -------------------------------------------------------------------------------------------- */

static void judge_account(struct model *m, const struct entry_order_new *o)
{
    const struct model_limits *const l = &m->limits;
    model_wide equity = 0;
    model_wide margin = 0;
    struct covers covers = {0};

    if (m->is_tripped)
        model_says(m, "order %s opens behind a breaker", o->order_id.text);
    if (!equity_of(m, &equity) || !margin_in_use(m, &covers, &margin))
        return; /* something has no price: what it cost is the book's affair */
    if (o->side == SIDE_SELL)
        margin += margin_of(m, &o->symbol, o->limit, uncovered(m, &covers, &o->symbol, o->qty));
    const model_wide lost = (model_wide)m->opening_micro + m->deposits_micro - equity;
    if ((!m->has_opening || lost * NANO > (model_wide)m->opening_micro * l->daily_loss) &&
        !model_overrides(m, &o->symbol, "daily_loss"))
        model_says(m, "order %s opens although the day has lost %" PRId64 " micro-dollars", o->order_id.text,
                   (int64_t)lost);
    if (margin * NANO > equity * l->margin_use && !model_overrides(m, &o->symbol, "margin_use"))
        model_says(m, "order %s needs margin of %" PRId64 " micro-dollars in all, of equity of %" PRId64,
                   o->order_id.text, (int64_t)margin, (int64_t)equity);
    /* All that is traded here is of one sector, the unknown one. */
    if (margin * NANO > equity * l->margin_use / NANO * l->sector_share &&
        !model_overrides(m, &o->symbol, "sector_share"))
        model_says(m, "order %s needs too much margin of its sector", o->order_id.text);
}

/* What the broker and we disagree about; a bust that does not fit is told before anything is decided. */
static void judge_breaks(struct model *m, const struct entry_order_new *o)
{
    model_wide worth = 0;
    bool is_sure = true;
    const bool is_known = model_breaks_worth(m, &worth, &is_sure);

    if (m->void_told_count != m->void_count)
        model_says(m, "order %s opens, and of %zu busts that do not fit %zu are on the record as breaks",
                   o->order_id.text, m->void_count, m->void_told_count);
    if (!is_sure || (is_known && worth <= m->limits.open_breaks_max) ||
        model_overrides(m, &o->symbol, "open_breaks"))
        return;
    if (is_known)
        model_says(m, "order %s opens while open breaks are worth %" PRId64 " micro-dollars",
                   o->order_id.text, (int64_t)worth);
    else
        model_says(m, "order %s opens while a break is open whose worth nobody can tell", o->order_id.text);
}

static void judge_opening(struct model *m, const struct entry_order_new *o)
{
    const bool is_new = held(m, &o->symbol) == 0 && orders_in(m, &o->symbol, true, o->side) == 0;
    const int64_t open = open_positions(m) + pending_positions(m) + is_new;

    judge_account(m, o);
    judge_breaks(m, o);
    if (m->opened_today > m->limits.new_positions_day && !model_overrides(m, &o->symbol, "new_positions_day"))
        model_says(m, "order %s opens position %" PRId64 " of the day", o->order_id.text, m->opened_today);
    if (open > m->limits.open_positions && !model_overrides(m, &o->symbol, "open_positions"))
        model_says(m, "order %s would make %" PRId64 " open positions", o->order_id.text, open);
    if (o->qty > m->limits.max_contracts * (symbol_is_option(&o->symbol) ? 1 : 100) &&
        !model_overrides(m, &o->symbol, "order_qty"))
        model_says(m, "order %s is of %" PRId64, o->order_id.text, o->qty);
}

static void judge_price(struct model *m, const struct entry_order_new *o)
{
    const struct model_market *const k = model_market(m, &o->symbol);
    const int64_t bid = k && k->quote.seq ? k->quote.price_nano : PRICE_NONE;
    const int64_t ask = k && k->quote.seq ? k->quote.ask_nano : PRICE_NONE;

    if (o->limit <= 0) {
        model_says(m, "order %s has no price", o->order_id.text);
        return;
    }
    if ((bid == PRICE_NONE && ask == PRICE_NONE) || (bid != PRICE_NONE && ask != PRICE_NONE && bid > ask) ||
        instant_new_york_day(k->quote.at_ns, NULL) != m->session) {
        if (model_overrides(m, &o->symbol, "price_distance"))
            return;
        model_says(m, "order %s was sent without a live quote", o->order_id.text);
        return;
    }
    const int64_t low = bid != PRICE_NONE ? bid : ask;
    const int64_t high = ask != PRICE_NONE ? ask : bid;
    const int64_t side = o->limit < low ? low : high;
    const model_wide gap = o->limit < low ? low - o->limit : o->limit > high ? o->limit - high : 0;
    if (gap * NANO > (model_wide)side * m->limits.price_distance &&
        !model_overrides(m, &o->symbol, "price_distance"))
        model_says(m, "order %s has a limit far outside the market", o->order_id.text);
}

static void judge_moment(struct model *m, const struct entry_order_new *o)
{
    struct session s;
    struct symbol underlying;
    int64_t at_ns = 0;

    if (!calendar_session(m->session, &s) || m->now_ns < s.open_ns || m->now_ns >= s.close_ns)
        model_says(m, "order %s was sent outside the session", o->order_id.text);
    symbol_underlying(&o->symbol, &underlying);
    if ((price_of(m, &underlying, &at_ns) == PRICE_NONE ||
         (m->now_ns > at_ns && m->now_ns - at_ns > m->limits.underlying_age_s * NS_PER_SECOND)) &&
        !model_overrides(m, &o->symbol, "underlying_age"))
        model_says(m, "order %s was sent on an old price of its underlying", o->order_id.text);
}

static void judge_halts(struct model *m, const struct entry_order_new *o)
{
    struct symbol underlying;

    symbol_underlying(&o->symbol, &underlying);
    const struct model_market *const own = model_market(m, &o->symbol);
    const struct model_market *const under = model_market(m, &underlying);
    if ((own && own->is_halted) || (under && under->is_halted))
        model_says(m, "order %s was sent in a trading halt", o->order_id.text);
}

void model_judge(struct model *m, const struct entry *order)
{
    const struct entry_order_new *const o = &order->as.order_new;
    const int64_t have = held(m, &o->symbol);
    const bool closes = o->side == SIDE_BUY ? have < 0 : have > 0;

    if (!closes)
        judge_opening(m, o);
    else if (o->qty > (have < 0 ? -have : have) && !model_overrides(m, &o->symbol, "order_qty"))
        model_says(m, "order %s closes more than is open", o->order_id.text);
    for (size_t i = 0; i < m->order_count; i++) {
        if (id_equal(&m->orders[i].order_id, &o->order_id))
            model_says(m, "order %s has a number that was used", o->order_id.text);
    }
    if (orders_in(m, &o->symbol, false, o->side) > 0)
        model_says(m, "order %s stands beside an open one like it", o->order_id.text);
    judge_price(m, o);
    judge_moment(m, o);
    judge_halts(m, o);
}

void model_check_equity(struct model *m, const struct entry *e)
{
    const struct entry_risk_equity *const q = &e->as.risk_equity;
    model_wide equity = 0;
    model_wide margin = 0;
    struct covers covers = {0};

    if (q->cash != (int64_t)m->cash_micro || q->positions != open_positions(m))
        model_says(
            m, "it says cash %" PRId64 " and %" PRId64 " positions, and there are %" PRId64 " and %" PRId64,
            q->cash, q->positions, (int64_t)m->cash_micro, open_positions(m));
    if (!equity_of(m, &equity) || !margin_in_use(m, &covers, &margin))
        return;
    if (q->equity != (int64_t)equity || q->margin != (int64_t)margin)
        model_says(m,
                   "it says equity %" PRId64 " and margin %" PRId64 ", and they are %" PRId64 " and %" PRId64,
                   q->equity, q->margin, (int64_t)equity, (int64_t)margin);
}
