#include "risk/margin.h"

#include <string.h>

enum { SHARES_A_CONTRACT = 100 }; /* symbol_multiplier() of every option */

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Margin of one share or unit, without the premium. */
static enum err_code unit_nano(const struct risk_settings *settings, const struct symbol *option,
                               int64_t underlying_nano, int64_t *nano, struct err *err)
{
    struct contract c;
    int64_t rated;
    int64_t least;
    const int64_t rate = symbol_is_index_option(option) ? settings->margin_rate_index : settings->margin_rate;

    symbol_contract(option, &c);
    const int64_t distance =
        c.right == RIGHT_PUT ? underlying_nano - c.strike_nano : c.strike_nano - underlying_nano;
    const int64_t floor_of = c.right == RIGHT_PUT ? c.strike_nano : underlying_nano;
    enum err_code rc = decimal_mul_div(underlying_nano, rate, NANO, &rated, err);
    if (!rc)
        rc = decimal_mul_div(floor_of, settings->margin_floor, NANO, &least, err);
    if (rc)
        return rc;
    *nano = larger(rated - larger(distance, 0), least);
    return ERR_OK;
}

enum err_code margin_naked(const struct risk_settings *settings, const struct symbol *option,
                           int64_t underlying_nano, int64_t premium_nano, int64_t qty, int64_t *micro,
                           struct err *err)
{
    int64_t nano;

    REQUIRE(underlying_nano >= 0 && premium_nano >= 0 && qty >= 0);
    enum err_code rc = unit_nano(settings, option, underlying_nano, &nano, err);
    if (!rc)
        rc = decimal_add(nano, premium_nano, &nano, err);
    return rc ? rc : decimal_notional(nano, qty, symbol_multiplier(option), micro, err);
}

enum err_code margin_of(const struct risk_context *ctx, const struct symbol *s, int64_t premium_nano,
                        int64_t qty, int64_t *micro, struct err *err)
{
    struct symbol underlying;
    struct view_price price;
    struct contract c;

    if (!symbol_is_option(s)) {
        *micro = 0;
        return ERR_OK;
    }
    symbol_underlying(s, &underlying);
    view_price(ctx->view, &underlying, &price);
    symbol_contract(s, &c);
    const int64_t at =
        price.price_nano != PRICE_NONE && price.price_nano > 0 ? price.price_nano : c.strike_nano;
    return margin_naked(ctx->settings, s, at, premium_nano, qty, micro, err);
}

const char *margin_sector(const struct risk_settings *settings, const struct symbol *s)
{
    struct symbol underlying;

    symbol_underlying(s, &underlying);
    const char *const sector = symbol_map_find(&settings->sectors, &underlying);
    return sector ? sector : MARGIN_SECTOR_UNKNOWN;
}

static enum err_code add_margin(const struct risk_context *ctx, const struct symbol *s, int64_t premium_nano,
                                int64_t qty, int64_t *sum, struct err *err)
{
    int64_t micro;

    const enum err_code rc = margin_of(ctx, s, larger(premium_nano, 0), qty, &micro, err);
    return rc ? rc : decimal_add(*sum, micro, sum, err);
}

static bool counts(const struct risk_context *ctx, const char *sector, const struct symbol *s)
{
    return symbol_is_option(s) && (!sector || strcmp(sector, margin_sector(ctx->settings, s)) == 0);
}

/* The part of an open order that would be short when the rest of it is filled: what is held is sold first. */
static int64_t short_rest(const struct risk_context *ctx, const struct order *o)
{
    const struct position *const p = accounts_position(ctx->accounts, &o->symbol);
    const int64_t held = p ? larger(p->qty, 0) : 0;

    return larger(o->qty - o->filled_qty - held, 0);
}

/* -- calls that shares cover ---------------------------------------------------------------------------- */

static bool is_call_on(const struct symbol *s, const struct symbol *underlying)
{
    struct symbol u;
    struct contract c;

    if (!symbol_is_option(s))
        return false;
    symbol_underlying(s, &u);
    symbol_contract(s, &c);
    return c.right == RIGHT_CALL && symbol_equal(&u, underlying);
}

/* Contracts that the shares held would cover, if nothing stood on them. */
static int64_t cover_of(const struct risk_context *ctx, const struct symbol *underlying)
{
    const struct position *const p = accounts_position(ctx->accounts, underlying);

    return p && p->qty > 0 ? p->qty / SHARES_A_CONTRACT : 0;
}

/* Short calls on the underlying among the first `count` positions. Quantities that together pass an integer's range
 * are far more than any shares cover. */
static int64_t calls_short(const struct risk_context *ctx, const struct symbol *underlying, uint32_t count)
{
    int64_t sum = 0;

    for (uint32_t i = 0; i < count; i++) {
        const struct position *const p = table_at(&ctx->accounts->positions, i);
        if (p->qty < 0 && is_call_on(&p->symbol, underlying) && decimal_add(sum, -p->qty, &sum, NULL))
            return INT64_MAX;
    }
    return sum;
}

/* Calls on the underlying that open orders from row `from` on would sell short. */
static int64_t calls_ordered(const struct risk_context *ctx, const struct symbol *underlying, uint32_t from)
{
    uint32_t left = ctx->orders->open_count;
    int64_t sum = 0;

    for (uint32_t i = ctx->orders->by_id.count; left > 0 && i-- > from;) {
        const struct order *const o = table_at(&ctx->orders->by_id, i);
        if (!order_is_open(o))
            continue;
        left--;
        if (o->side == SIDE_SELL && is_call_on(&o->symbol, underlying) &&
            decimal_add(sum, short_rest(ctx, o), &sum, NULL))
            return INT64_MAX;
    }
    return sum;
}

/* Of `qty` short calls, those that no share is left for when `used` come before them. */
static int64_t uncovered(const struct risk_context *ctx, const struct symbol *s, int64_t qty,
                         int64_t positions, int64_t orders)
{
    struct symbol underlying;

    symbol_underlying(s, &underlying);
    const int64_t cover = is_call_on(s, &underlying) ? cover_of(ctx, &underlying) : 0;
    const int64_t free = larger(larger(cover - positions, 0) - orders, 0);
    return larger(qty - free, 0);
}

static int64_t uncovered_position(const struct risk_context *ctx, uint32_t index)
{
    const struct position *const p = table_at(&ctx->accounts->positions, index);
    struct symbol underlying;

    symbol_underlying(&p->symbol, &underlying);
    return uncovered(ctx, &p->symbol, -p->qty, calls_short(ctx, &underlying, index), 0);
}

static int64_t uncovered_order(const struct risk_context *ctx, uint32_t index)
{
    const struct order *const o = table_at(&ctx->orders->by_id, index);
    struct symbol underlying;

    symbol_underlying(&o->symbol, &underlying);
    return uncovered(ctx, &o->symbol, short_rest(ctx, o),
                     calls_short(ctx, &underlying, ctx->accounts->positions.count),
                     calls_ordered(ctx, &underlying, index + 1));
}

int64_t margin_coverable(const struct risk_context *ctx, const struct symbol *underlying)
{
    const int64_t free =
        larger(cover_of(ctx, underlying) - calls_short(ctx, underlying, ctx->accounts->positions.count), 0);

    return larger(free - calls_ordered(ctx, underlying, 0), 0);
}

enum err_code margin_of_sale(const struct risk_context *ctx, const struct symbol *s, int64_t premium_nano,
                             int64_t qty, int64_t *micro, struct err *err)
{
    struct symbol underlying;

    symbol_underlying(s, &underlying);
    const int64_t free = is_call_on(s, &underlying) ? margin_coverable(ctx, &underlying) : 0;
    return margin_of(ctx, s, premium_nano, larger(qty - free, 0), micro, err);
}

/* -- all of it ------------------------------------------------------------------------------------------ */

static enum err_code add_orders(const struct risk_context *ctx, const char *sector, int64_t *sum,
                                struct err *err)
{
    uint32_t left = ctx->orders->open_count;
    enum err_code rc = ERR_OK;

    /* From the newest back: the open ones are there. */
    for (uint32_t i = ctx->orders->by_id.count; !rc && left > 0 && i-- > 0;) {
        const struct order *const o = table_at(&ctx->orders->by_id, i);
        if (!order_is_open(o))
            continue;
        left--;
        if (o->side != SIDE_SELL || !counts(ctx, sector, &o->symbol))
            continue;
        const int64_t premium =
            o->limit_nano != PRICE_NONE ? o->limit_nano : view_mark(ctx->view, &o->symbol);
        rc = add_margin(ctx, &o->symbol, premium, uncovered_order(ctx, i), sum, err);
    }
    return rc;
}

enum err_code margin_in_use(const struct risk_context *ctx, const char *sector, int64_t *micro,
                            struct err *err)
{
    int64_t sum = 0;
    enum err_code rc = ERR_OK;

    for (uint32_t i = 0; !rc && i < ctx->accounts->positions.count; i++) {
        const struct position *const p = table_at(&ctx->accounts->positions, i);
        if (p->qty >= 0 || !counts(ctx, sector, &p->symbol))
            continue;
        const int64_t mark = view_mark(ctx->view, &p->symbol);
        const int64_t premium = mark != PRICE_NONE ? mark : position_average_price_nano(p);
        rc = add_margin(ctx, &p->symbol, premium, uncovered_position(ctx, i), &sum, err);
    }
    if (!rc)
        rc = add_orders(ctx, sector, &sum, err);
    if (!rc)
        *micro = sum;
    return rc;
}
