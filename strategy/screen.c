#include "strategy/screen.h"

#include "market/calendar.h"
#include "risk/limits.h"
#include "risk/margin.h"

#include <string.h>

__extension__ typedef __int128 i128;

const char *screen_criterion_name(enum screen_criterion c)
{
    static const char *const NAMES[SCREEN_CRITERIA] = {"right", "days", "otm", "quote", "premium", "held"};

    REQUIRE(c < SCREEN_CRITERIA);
    return NAMES[c];
}

static bool is_between(int64_t value, int64_t least, int64_t most)
{
    return value >= least && value <= most;
}

enum err_code screen_otm(const struct view_instrument *i, int64_t underlying_nano, int64_t *otm_nano,
                         struct err *err)
{
    const int64_t distance =
        i->right == RIGHT_PUT ? underlying_nano - i->strike_nano : i->strike_nano - underlying_nano;

    REQUIRE(underlying_nano > 0 && i->strike_nano > 0);
    return decimal_mul_div(distance, NANO, underlying_nano, otm_nano, err);
}

enum err_code screen_contract(const struct decide_context *ctx, const struct view_instrument *i,
                              int64_t underlying_nano, struct candidate *row, enum screen_criterion *failed,
                              struct err *err)
{
    const struct strategy_settings *const s = ctx->strategy_settings;
    const struct view_quote *const quote = view_live_quote(ctx->risk.view, i);

    row->symbol = i->symbol;
    row->days = calendar_days_to_expiry(ctx->risk.view->clock.session, i->expiry);
    const enum err_code rc = screen_otm(i, underlying_nano, &row->otm_nano, err);
    if (rc)
        return rc;
    if (i->right != RIGHT_PUT)
        *failed = SCREEN_RIGHT;
    else if (!is_between(row->days, s->days_min, s->days_max))
        *failed = SCREEN_DAYS;
    else if (!is_between(row->otm_nano, s->otm_min, s->otm_max))
        *failed = SCREEN_OTM;
    else if (!quote || quote->bid_nano == PRICE_NONE)
        *failed = SCREEN_QUOTE;
    else if (!is_between(quote->bid_nano, s->premium_min, s->premium_max))
        *failed = SCREEN_PREMIUM;
    else if (!limits_is_new(&ctx->risk, &i->symbol))
        *failed = SCREEN_HELD;
    else {
        *failed = SCREEN_CRITERIA;
        row->premium_nano = quote->bid_nano;
    }
    return ERR_OK;
}

static enum err_code score(const struct decide_context *ctx, int64_t underlying_nano, struct candidate *row,
                           struct err *err)
{
    int64_t premium_micro;

    enum err_code rc = margin_naked(ctx->risk.settings, &row->symbol, underlying_nano, row->premium_nano, 1,
                                    &row->margin_micro, err);
    if (!rc)
        rc = decimal_notional(row->premium_nano, 1, symbol_multiplier(&row->symbol), &premium_micro, err);
    /* The premium is part of the margin, so the margin is above zero. */
    return rc ? rc : decimal_mul_div(premium_micro, NANO, row->margin_micro, &row->score_nano, err);
}

/* A chain comes in order of symbols, so a later row goes behind an equal one: ties keep that order. */
static void keep_best(struct candidates *best, const struct candidate *row)
{
    uint32_t at = best->count;

    while (at > 0 && best->rows[at - 1].score_nano < row->score_nano)
        at--;
    if (at == CANDIDATES_MAX)
        return;
    const uint32_t kept = best->count < CANDIDATES_MAX ? best->count : CANDIDATES_MAX - 1;
    memmove(best->rows + at + 1, best->rows + at, (kept - at) * sizeof *best->rows);
    best->rows[at] = *row;
    best->count = (uint8_t)(kept + 1);
}

enum err_code screen_chain(const struct decide_context *ctx, const struct symbol *underlying,
                           int64_t underlying_nano, struct screen *out, struct err *err)
{
    const struct view *const v = ctx->risk.view;
    const struct view_chain *const chain = view_chain(v, underlying);
    enum err_code rc = ERR_OK;

    REQUIRE(underlying_nano > 0);
    memset(out, 0, sizeof *out);
    out->underlying_nano = underlying_nano;
    for (uint32_t n = 0; !rc && chain && n < chain->count; n++) {
        const struct view_instrument *const i = view_chain_row(v, chain, n);
        enum screen_criterion failed = SCREEN_CRITERIA;
        struct candidate row = {0};
        if (i->expiry < v->clock.session)
            continue;
        out->seen++;
        rc = screen_contract(ctx, i, underlying_nano, &row, &failed, err);
        if (rc)
            break;
        if (failed != SCREEN_CRITERIA) {
            out->failed[failed]++;
            continue;
        }
        rc = score(ctx, underlying_nano, &row, err);
        keep_best(&out->best, &row);
        out->passed++;
    }
    return rc ? err_wrap(err, "screening %s", underlying->text) : ERR_OK;
}

int64_t screen_depth(int64_t value, int64_t least, int64_t most)
{
    if (value < least || value > most)
        return 0;
    if (least == most)
        return NANO;
    const i128 low = (i128)value - least;
    const i128 high = (i128)most - value;
    const i128 nearer = low < high ? low : high;

    return (int64_t)(2 * nearer * NANO / ((i128)most - least));
}
