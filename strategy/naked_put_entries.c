#include "risk/governor.h"
#include "risk/limits.h"
#include "strategy/naked_put_look.h"
#include "strategy/reason.h"
#include "strategy/screen.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* One look at one underlying. */
struct entry_look {
    const struct symbol *underlying;
    int64_t price_nano; /* or PRICE_NONE */
    struct screen screen;
    struct checks gates;
    bool gates_ok;
    struct reason reason;
    struct entry draft;
};

struct trend {
    int64_t price_nano; /* each CHECK_VALUE_NONE when not known */
    int64_t fast_nano;
    int64_t slow_nano;
};

static enum err_code average(const struct view *v, const struct symbol *ticker, int64_t n, int64_t *sma_nano,
                             struct err *err)
{
    *sma_nano = CHECK_VALUE_NONE;
    const enum err_code rc = view_sma(v, ticker, (uint32_t)n, v->clock.session, sma_nano, err);
    return rc == ERR_NOT_FOUND ? ERR_OK : rc;
}

/* Averages are of complete sessions before today's. The price is the present one, or a carrier's last close. */
static enum err_code find_trend(const struct decide_context *ctx, const struct symbol *underlying,
                                int64_t price_nano, struct trend *t, struct err *err)
{
    const struct strategy_settings *const s = ctx->strategy_settings;
    const struct view *const v = ctx->risk.view;
    const char *const carrier_text = symbol_map_find(&s->trend_symbols, underlying);
    struct symbol ticker = *underlying;
    enum err_code rc = ERR_OK;

    t->price_nano = price_nano;
    if (carrier_text) {
        rc = symbol_parse(carrier_text, strlen(carrier_text), &ticker, err);
        if (rc)
            return err_wrap(err, "strategy.trend_symbols");
        const struct view_close *const close = view_last_close(v, &ticker, v->clock.session);
        t->price_nano = close ? close->close_nano : CHECK_VALUE_NONE;
    }
    rc = average(v, &ticker, s->sma_fast, &t->fast_nano, err);
    return rc ? rc : average(v, &ticker, s->sma_slow, &t->slow_nano, err);
}

/* value > bound, both prices; when either is not known the row says so and does not hold. */
static bool add_above(struct checks *gates, const char *name, int64_t value, int64_t bound)
{
    const bool known = value != CHECK_VALUE_NONE && bound != CHECK_VALUE_NONE;

    return checks_add(gates, name, known ? value : CHECK_VALUE_NONE, RULE_ABOVE, known ? bound : 0,
                      UNIT_PRICE);
}

static enum err_code add_trend_gates(const struct decide_context *ctx, struct entry_look *look,
                                     struct err *err)
{
    const struct strategy_settings *const s = ctx->strategy_settings;
    struct trend t = {0};
    char name[ID_MAX + 1];

    const enum err_code rc = find_trend(ctx, look->underlying, look->price_nano, &t, err);
    if (rc)
        return rc;
    snprintf(name, sizeof name, "price_above_sma%" PRId64, s->sma_fast);
    look->gates_ok &= add_above(&look->gates, name, t.price_nano, t.fast_nano);
    snprintf(name, sizeof name, "sma%" PRId64 "_above_sma%" PRId64, s->sma_fast, s->sma_slow);
    look->gates_ok &= add_above(&look->gates, name, t.fast_nano, t.slow_nano);
    return ERR_OK;
}

static enum err_code add_gates(const struct decide_context *ctx, struct entry_look *look, struct err *err)
{
    const struct strategy_settings *const s = ctx->strategy_settings;
    const int64_t open = (int64_t)risk_positions(&ctx->risk) + risk_positions_pending(&ctx->risk);
    enum err_code rc = ERR_OK;

    look->gates_ok = risk_check_stopped(&ctx->risk, &look->gates);
    look->gates_ok &= risk_check_clock(&ctx->risk, &look->gates);
    look->gates_ok &= risk_check_breakers(&ctx->risk, &look->gates);
    look->gates_ok &= risk_check_hours(&ctx->risk, &look->gates);
    look->gates_ok &= risk_check_underlying(&ctx->risk, look->underlying, &look->gates);
    look->gates_ok &= risk_check_halted(&ctx->risk, look->underlying, &look->gates);
    if (s->trend_required)
        rc = add_trend_gates(ctx, look, err);
    look->gates_ok &=
        checks_add(&look->gates, "open_positions", open, RULE_BELOW, s->positions_max, UNIT_COUNT);
    look->gates_ok &=
        checks_add(&look->gates, "underlying_positions", limits_positions_of(&ctx->risk, look->underlying),
                   RULE_BELOW, s->underlying_positions_max, UNIT_COUNT);
    return rc;
}

static void say_screen(const struct entry_look *look, struct reason *r)
{
    unsigned said = 0;

    reason_add(r, "%" PRId64 " of %" PRId64 " contracts met every criterion", look->screen.passed,
               look->screen.seen);
    for (enum screen_criterion c = SCREEN_RIGHT; c < SCREEN_CRITERIA; c++) {
        if (look->screen.failed[c] > 0)
            reason_add(r, "%s %s %" PRId64, said++ > 0 ? "," : "; failed first:", screen_criterion_name(c),
                       look->screen.failed[c]);
    }
    reason_add(r, ".");
}

static void say_no_trade(struct entry_look *look)
{
    struct reason *const r = &look->reason;

    reason_begin(r);
    if (!look->gates_ok) {
        reason_add(r, "No entry in %s: ", look->underlying->text);
        reason_add_failed(r, &look->gates);
        reason_add(r, ". ");
    } else {
        reason_add(r, "No entry in %s at ", look->underlying->text);
        reason_add_price(r, look->price_nano);
        reason_add(r, ": no contract met every criterion. ");
    }
    if (look->price_nano == PRICE_NONE)
        reason_add(r, "Its price is not known, so the chain was not screened.");
    else
        say_screen(look, r);
}

static enum err_code propose_no_trade(const struct decide_context *ctx, const struct entry *tick,
                                      struct entry_look *look, const struct proposals *out, struct err *err)
{
    struct entry_decision_no_trade *const d = &look->draft.as.decision_no_trade;

    if (naked_put_was_told(ctx, look->underlying))
        return ERR_OK;
    say_no_trade(look);
    naked_put_draft(&look->draft, ENTRY_DECISION_NO_TRADE, tick, tick->seq);
    d->strategy = id_from(NAKED_PUT_NAME);
    d->symbol = *look->underlying;
    d->seen = look->screen.seen;
    d->passed = look->screen.passed;
    d->reason = reason_text(&look->reason);
    d->gates = look->gates;
    for (enum screen_criterion c = SCREEN_RIGHT; c < SCREEN_CRITERIA; c++)
        d->failed.rows[d->failed.count++] =
            (struct named_count){id_from(screen_criterion_name(c)), look->screen.failed[c]};
    return out->propose(out->context, &look->draft, err);
}

static enum err_code propose_candidates(const struct entry *tick, struct entry_look *look,
                                        const struct proposals *out, struct err *err)
{
    struct entry_decision_candidates *const d = &look->draft.as.decision_candidates;

    naked_put_draft(&look->draft, ENTRY_DECISION_CANDIDATES, tick, tick->seq);
    d->strategy = id_from(NAKED_PUT_NAME);
    d->symbol = *look->underlying;
    d->price = look->price_nano;
    d->seen = look->screen.seen;
    d->passed = look->screen.passed;
    d->rows = look->screen.best;
    return out->propose(out->context, &look->draft, err);
}

static void say_enter(const struct strategy_settings *s, const struct candidate *c, struct entry_look *look)
{
    struct reason *const r = &look->reason;
    struct contract contract;
    char expiry[INSTANT_TEXT_SIZE];

    symbol_contract(&c->symbol, &contract);
    civil_format(expiry, contract.expiry);
    reason_begin(r);
    reason_add(r, "Sell %" PRId64 " %s put%s at the bid, ", s->contracts, look->underlying->text,
               s->contracts == 1 ? "" : "s");
    reason_add_price(r, c->premium_nano);
    reason_add(r, ": the strike ");
    reason_add_price(r, contract.strike_nano);
    reason_add(r, " is ");
    reason_add_percent(r, c->otm_nano);
    reason_add(r, " below the price ");
    reason_add_price(r, look->price_nano);
    reason_add(r, ", expiry %s is %" PRId64 " days away. A contract needs ", expiry, c->days);
    reason_add_money(r, c->margin_micro);
    reason_add(r, " of margin for ");
    reason_add_percent(r, c->score_nano);
    reason_add(r, " of it in premium: the best of %" PRId64 " that met every criterion, of %" PRId64 " seen.",
               look->screen.passed, look->screen.seen);
}

static void add_criteria(const struct strategy_settings *s, const struct candidate *c, struct checks *checks)
{
    checks_add(checks, "days_least", c->days, RULE_AT_LEAST, s->days_min, UNIT_COUNT);
    checks_add(checks, "days_most", c->days, RULE_AT_MOST, s->days_max, UNIT_COUNT);
    checks_add(checks, "otm_least", c->otm_nano, RULE_AT_LEAST, s->otm_min, UNIT_RATE);
    checks_add(checks, "otm_most", c->otm_nano, RULE_AT_MOST, s->otm_max, UNIT_RATE);
    checks_add(checks, "premium_least", c->premium_nano, RULE_AT_LEAST, s->premium_min, UNIT_PRICE);
    checks_add(checks, "premium_most", c->premium_nano, RULE_AT_MOST, s->premium_max, UNIT_PRICE);
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t confidence_of(const struct strategy_settings *s, const struct candidate *c)
{
    return smaller(smaller(screen_depth(c->days, s->days_min, s->days_max),
                           screen_depth(c->otm_nano, s->otm_min, s->otm_max)),
                   screen_depth(c->premium_nano, s->premium_min, s->premium_max));
}

static enum err_code propose_enter(const struct decide_context *ctx, const struct entry *tick, uint64_t cause,
                                   struct entry_look *look, const struct proposals *out, struct err *err)
{
    const struct strategy_settings *const s = ctx->strategy_settings;
    const struct candidate *const best = &look->screen.best.rows[0];
    struct entry_decision_enter *const d = &look->draft.as.decision_enter;

    say_enter(s, best, look);
    naked_put_draft(&look->draft, ENTRY_DECISION_ENTER, tick, cause);
    d->strategy = id_from(NAKED_PUT_NAME);
    d->order_id = naked_put_order_id(out);
    d->symbol = best->symbol;
    d->side = SIDE_SELL;
    d->qty = s->contracts;
    d->limit = best->premium_nano;
    d->confidence = confidence_of(s, best);
    d->reason = reason_text(&look->reason);
    d->checks = look->gates;
    add_criteria(s, best, &d->checks);
    return out->propose(out->context, &look->draft, err);
}

static enum err_code look_at(const struct decide_context *ctx, const struct entry *tick,
                             struct entry_look *look, const struct proposals *out, struct err *err)
{
    struct view_price price;
    enum err_code rc = ERR_OK;

    view_price(ctx->risk.view, look->underlying, &price);
    look->price_nano = price.price_nano > 0 ? price.price_nano : PRICE_NONE;
    memset(&look->screen, 0, sizeof look->screen);
    look->gates.count = 0;
    if (look->price_nano != PRICE_NONE)
        rc = screen_chain(ctx, look->underlying, look->price_nano, &look->screen, err);
    if (!rc)
        rc = add_gates(ctx, look, err);
    if (rc)
        return rc;
    if (!look->gates_ok || look->screen.passed == 0)
        return propose_no_trade(ctx, tick, look, out, err);
    rc = propose_candidates(tick, look, out, err);
    return rc ? rc : propose_enter(ctx, tick, look->draft.seq, look, out, err);
}

enum err_code naked_put_entries(const struct decide_context *ctx, const struct entry *tick,
                                const struct proposals *out, struct err *err)
{
    const struct symbol_list *const list = &ctx->strategy_settings->underlyings;
    struct entry_look look;
    enum err_code rc = ERR_OK;

    REQUIRE(tick->kind == ENTRY_PERCEPTION_CLOCK && tick->seq == ctx->risk.view->clock.seq);
    for (uint32_t i = 0; !rc && i < list->count; i++) {
        memset(&look, 0, sizeof look);
        look.underlying = &list->rows[i];
        rc = look_at(ctx, tick, &look, out, err);
    }
    return rc;
}
