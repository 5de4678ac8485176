#include "risk/limits.h"

#include "market/calendar.h"
#include "risk/governor.h"
#include "risk/ratio.h"

int64_t limits_day_return(const struct risk_context *ctx, int64_t equity_micro)
{
    const struct risk_state *const s = ctx->state;
    int64_t change;

    if (!s->has_opening || decimal_sub(equity_micro, s->opening_equity_micro, &change, NULL) ||
        decimal_sub(change, s->deposits_micro, &change, NULL))
        return CHECK_VALUE_NONE;
    return ratio_down(change, s->opening_equity_micro);
}

static bool is_held(const struct risk_context *ctx, const struct symbol *s)
{
    const struct position *const p = accounts_position(ctx->accounts, s);

    return p && p->qty != 0;
}

/* Walks the open orders from the newest back; *left is what is still to be found. NULL at the end. */
static const struct order *next_open(const struct risk_context *ctx, uint32_t *index, uint32_t *left)
{
    while (*left > 0 && *index > 0) {
        const struct order *const o = table_at(&ctx->orders->by_id, --*index);
        if (order_is_open(o)) {
            --*left;
            return o;
        }
    }
    return NULL;
}

/* Open orders in a symbol that are newer than row `from`. */
static bool has_newer_order(const struct risk_context *ctx, const struct symbol *s, uint32_t from)
{
    uint32_t index = ctx->orders->by_id.count;
    uint32_t left = ctx->orders->open_count;

    for (const struct order *o; (o = next_open(ctx, &index, &left)) && index > from;) {
        if (symbol_equal(&o->symbol, s))
            return true;
    }
    return false;
}

static bool has_order(const struct risk_context *ctx, const struct symbol *s)
{
    uint32_t index = ctx->orders->by_id.count;
    uint32_t left = ctx->orders->open_count;

    for (const struct order *o; (o = next_open(ctx, &index, &left));) {
        if (symbol_equal(&o->symbol, s))
            return true;
    }
    return false;
}

bool limits_is_new(const struct risk_context *ctx, const struct symbol *s)
{
    return !is_held(ctx, s) && !has_order(ctx, s);
}

static uint32_t count_held(const struct risk_context *ctx, const struct symbol *underlying)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < ctx->accounts->positions.count; i++) {
        const struct position *const p = table_at(&ctx->accounts->positions, i);
        n += p->qty != 0 && symbol_is_about(&p->symbol, underlying) ? 1 : 0;
    }
    return n;
}

/* A symbol counts once, with its newest open order. */
static uint32_t count_pending(const struct risk_context *ctx, const struct symbol *underlying)
{
    uint32_t n = 0;
    uint32_t index = ctx->orders->by_id.count;
    uint32_t left = ctx->orders->open_count;

    for (const struct order *o; (o = next_open(ctx, &index, &left));) {
        if (symbol_is_about(&o->symbol, underlying) && !is_held(ctx, &o->symbol) &&
            !has_newer_order(ctx, &o->symbol, index))
            n++;
    }
    return n;
}

uint32_t risk_positions(const struct risk_context *ctx)
{
    return count_held(ctx, NULL);
}

uint32_t risk_positions_pending(const struct risk_context *ctx)
{
    return count_pending(ctx, NULL);
}

uint32_t limits_positions_of(const struct risk_context *ctx, const struct symbol *underlying)
{
    return count_held(ctx, underlying) + count_pending(ctx, underlying);
}

bool risk_is_closing(const struct risk_context *ctx, const struct symbol *s, enum side side)
{
    const struct position *const p = accounts_position(ctx->accounts, s);

    return p && (side == SIDE_BUY ? p->qty < 0 : p->qty > 0);
}

int64_t limits_same_orders(const struct risk_context *ctx, const struct symbol *s, enum side side)
{
    int64_t n = 0;
    uint32_t index = ctx->orders->by_id.count;
    uint32_t left = ctx->orders->open_count;

    for (const struct order *o; (o = next_open(ctx, &index, &left));)
        n += o->side == side && symbol_equal(&o->symbol, s) ? 1 : 0;
    return n;
}

const struct order *limits_open_order(const struct risk_context *ctx, const struct symbol *s, enum side side)
{
    uint32_t index = ctx->orders->by_id.count;
    uint32_t left = ctx->orders->open_count;

    for (const struct order *o; (o = next_open(ctx, &index, &left));) {
        if (o->side == side && symbol_equal(&o->symbol, s))
            return o;
    }
    return NULL;
}

static int64_t distance(int64_t from_nano, int64_t side_nano)
{
    int64_t gap;

    if (decimal_sub(from_nano, side_nano, &gap, NULL) || gap == INT64_MIN)
        return CHECK_VALUE_NONE;
    return ratio_up(gap < 0 ? -gap : gap, side_nano);
}

int64_t limits_price_distance(const struct risk_context *ctx, const struct symbol *s, int64_t limit_nano)
{
    const struct view_instrument *const i = view_find(ctx->view, s);
    const struct view_quote *const q = i ? view_live_quote(ctx->view, i) : NULL;

    if (!q || (q->bid_nano == PRICE_NONE && q->ask_nano == PRICE_NONE))
        return CHECK_VALUE_NONE;
    if (q->bid_nano == PRICE_NONE)
        return distance(limit_nano, q->ask_nano);
    if (q->ask_nano == PRICE_NONE || limit_nano < q->bid_nano)
        return distance(limit_nano, q->bid_nano);
    return limit_nano > q->ask_nano ? distance(limit_nano, q->ask_nano) : 0;
}

bool risk_check_stopped(const struct risk_context *ctx, struct checks *checks)
{
    return checks_add(checks, "stopped", ctx->state->stopped ? 1 : 0, RULE_EQUAL, 0, UNIT_FLAG);
}

bool risk_check_clock(const struct risk_context *ctx, struct checks *checks)
{
    const int64_t ok = ctx->state->clock_ok ? 1 : 0;

    if (!ctx->settings->clock_required)
        return true;
    return checks_add(checks, "clock_ok", ctx->state->clock_seq ? ok : CHECK_VALUE_NONE, RULE_EQUAL, 1,
                      UNIT_FLAG);
}

bool risk_check_breakers(const struct risk_context *ctx, struct checks *checks)
{
    return checks_add(checks, "breakers_tripped", risk_state_tripped(ctx->state), RULE_AT_MOST, 0,
                      UNIT_COUNT);
}

bool risk_check_hours(const struct risk_context *ctx, struct checks *checks)
{
    const struct view_clock *const clock = &ctx->view->clock;
    struct session session;
    int64_t since_open;
    int64_t to_close;
    int64_t open_s = CHECK_VALUE_NONE;
    int64_t close_s = CHECK_VALUE_NONE;

    if (clock->seq != 0 && calendar_session(clock->session, &session) &&
        !decimal_sub(clock->now_ns, session.open_ns, &since_open, NULL) &&
        !decimal_sub(session.close_ns, clock->now_ns, &to_close, NULL)) {
        open_s = ratio_seconds_down(since_open);
        close_s = ratio_seconds_up(to_close);
    }
    const bool after_open = checks_add(checks, "after_open", open_s, RULE_AT_LEAST, 0, UNIT_SECONDS);
    const bool before_close = checks_add(checks, "before_close", close_s, RULE_ABOVE, 0, UNIT_SECONDS);
    return after_open && before_close;
}

bool risk_check_underlying(const struct risk_context *ctx, const struct symbol *s, struct checks *checks)
{
    struct symbol underlying;
    struct view_price price;

    symbol_underlying(s, &underlying);
    view_price(ctx->view, &underlying, &price);
    const int64_t age = price.source != VIEW_SOURCE_NONE ? ratio_seconds_up(price.age_ns) : CHECK_VALUE_NONE;
    return checks_add(checks, "underlying_age", age, RULE_AT_MOST, ctx->settings->underlying_age_s,
                      UNIT_SECONDS);
}

bool risk_check_halted(const struct risk_context *ctx, const struct symbol *s, struct checks *checks)
{
    uint64_t seq;
    const bool is_halted = view_is_halted(ctx->view, s, &seq);

    return seq == 0 || checks_add(checks, "halted", is_halted ? 1 : 0, RULE_EQUAL, 0, UNIT_FLAG);
}
