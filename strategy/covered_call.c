#include "strategy/covered_call.h"

#include "market/calendar.h"
#include "risk/governor.h"
#include "risk/limits.h"
#include "risk/margin.h"
#include "strategy/reason.h"
#include "strategy/screen.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum criterion { NOT_A_CALL, DAYS, OTM, COST, QUOTE, PREMIUM, HELD, CRITERIA };
static const char *const NAMES[CRITERIA] = {"right", "days", "otm", "above_cost", "quote", "premium", "held"};

/* One look at one underlying of which shares are free. */
struct look {
    const struct symbol *underlying;
    int64_t price_nano;
    int64_t cost_nano; /* of a share, on average */
    int64_t contracts; /* that the free shares cover */
    int64_t seen;
    int64_t passed;
    int64_t failed[CRITERIA];
    struct candidate best; /* premium_nano 0: none */
    struct checks gates;
    struct reason reason;
    struct entry draft;
};

static bool is_between(int64_t value, int64_t least, int64_t most)
{
    return value >= least && value <= most;
}

static enum err_code judge(const struct decide_context *ctx, const struct look *look,
                           const struct view_instrument *i, struct candidate *row, enum criterion *failed,
                           struct err *err)
{
    const struct strategy_settings *const s = ctx->strategy_settings;
    const struct view_quote *const quote = view_live_quote(ctx->risk.view, i);

    row->symbol = i->symbol;
    row->days = calendar_days_to_expiry(ctx->risk.view->clock.session, i->expiry);
    const enum err_code rc = screen_otm(i, look->price_nano, &row->otm_nano, err);
    if (rc)
        return rc;
    if (i->right != RIGHT_CALL)
        *failed = NOT_A_CALL;
    else if (!is_between(row->days, s->call_days_min, s->call_days_max))
        *failed = DAYS;
    else if (!is_between(row->otm_nano, s->call_otm_min, s->call_otm_max))
        *failed = OTM;
    else if (i->strike_nano < look->cost_nano)
        *failed = COST;
    else if (!quote || quote->bid_nano == PRICE_NONE)
        *failed = QUOTE;
    else if (quote->bid_nano < s->call_premium_min)
        *failed = PREMIUM;
    else if (!limits_is_new(&ctx->risk, &i->symbol))
        *failed = HELD;
    else {
        *failed = CRITERIA;
        row->premium_nano = quote->bid_nano;
    }
    return ERR_OK;
}

/* A chain comes in order of symbols: of equal premiums the first stays. */
static enum err_code screen(const struct decide_context *ctx, struct look *look, struct err *err)
{
    const struct view *const v = ctx->risk.view;
    const struct view_chain *const chain = view_chain(v, look->underlying);
    enum err_code rc = ERR_OK;

    for (uint32_t n = 0; !rc && chain && n < chain->count; n++) {
        const struct view_instrument *const i = view_chain_row(v, chain, n);
        enum criterion failed = CRITERIA;
        struct candidate row = {0};
        if (i->expiry < v->clock.session)
            continue;
        look->seen++;
        rc = judge(ctx, look, i, &row, &failed, err);
        if (rc)
            break;
        if (failed != CRITERIA) {
            look->failed[failed]++;
            continue;
        }
        look->passed++;
        if (row.premium_nano > look->best.premium_nano)
            look->best = row;
    }
    return rc ? err_wrap(err, "covered calls on %s", look->underlying->text) : ERR_OK;
}

static bool add_gates(const struct decide_context *ctx, struct look *look)
{
    bool ok = risk_check_stopped(&ctx->risk, &look->gates);

    ok &= risk_check_clock(&ctx->risk, &look->gates);
    ok &= risk_check_breakers(&ctx->risk, &look->gates);
    ok &= risk_check_hours(&ctx->risk, &look->gates);
    ok &= risk_check_underlying(&ctx->risk, look->underlying, &look->gates);
    ok &= risk_check_halted(&ctx->risk, look->underlying, &look->gates);
    return ok;
}

static struct entry *new_draft(struct look *look, enum entry_kind kind, const struct entry *tick)
{
    memset(&look->draft, 0, sizeof look->draft);
    look->draft.kind = kind;
    look->draft.cause = tick->seq;
    look->draft.at_ns = tick->at_ns;
    return &look->draft;
}

static void say_shares(const struct look *look, struct reason *r)
{
    reason_add(r, "shares for %" PRId64 " of them are held at ", look->contracts);
    reason_add_price(r, look->cost_nano);
    reason_add(r, " on average; the price is ");
    reason_add_price(r, look->price_nano);
}

static enum err_code propose_none(struct look *look, bool gates_ok, const struct entry *tick,
                                  const struct proposals *out, struct err *err)
{
    struct reason *const r = &look->reason;
    struct entry_decision_no_trade *const d =
        &new_draft(look, ENTRY_DECISION_NO_TRADE, tick)->as.decision_no_trade;

    reason_begin(r);
    reason_add(r, "No covered call on %s: ", look->underlying->text);
    say_shares(look, r);
    reason_add(r, ". ");
    if (gates_ok)
        reason_add(r, "No contract met every criterion.");
    else
        reason_add_failed(r, &look->gates);
    d->strategy = id_from(COVERED_CALL_NAME);
    d->symbol = *look->underlying;
    d->seen = look->seen;
    d->passed = look->passed;
    d->reason = reason_text(r);
    d->gates = look->gates;
    for (enum criterion c = NOT_A_CALL; c < CRITERIA; c++)
        d->failed.rows[d->failed.count++] = (struct named_count){id_from(NAMES[c]), look->failed[c]};
    return out->propose(out->context, &look->draft, err);
}

static void add_criteria(const struct strategy_settings *s, const struct look *look, struct checks *checks)
{
    const struct candidate *const c = &look->best;
    struct contract contract;

    symbol_contract(&c->symbol, &contract);
    checks_add(checks, "days_least", c->days, RULE_AT_LEAST, s->call_days_min, UNIT_COUNT);
    checks_add(checks, "days_most", c->days, RULE_AT_MOST, s->call_days_max, UNIT_COUNT);
    checks_add(checks, "otm_least", c->otm_nano, RULE_AT_LEAST, s->call_otm_min, UNIT_RATE);
    checks_add(checks, "otm_most", c->otm_nano, RULE_AT_MOST, s->call_otm_max, UNIT_RATE);
    checks_add(checks, "above_cost", contract.strike_nano, RULE_AT_LEAST, look->cost_nano, UNIT_PRICE);
    checks_add(checks, "premium_least", c->premium_nano, RULE_AT_LEAST, s->call_premium_min, UNIT_PRICE);
}

static enum err_code propose_enter(const struct decide_context *ctx, struct look *look,
                                   const struct entry *tick, const struct proposals *out, struct err *err)
{
    const struct strategy_settings *const s = ctx->strategy_settings;
    struct reason *const r = &look->reason;
    struct entry_decision_enter *const d = &new_draft(look, ENTRY_DECISION_ENTER, tick)->as.decision_enter;
    char id[ID_MAX];

    reason_begin(r);
    reason_add(r, "Sell %" PRId64 " covered call%s on %s at the bid, ", look->contracts,
               look->contracts == 1 ? "" : "s", look->underlying->text);
    reason_add_price(r, look->best.premium_nano);
    reason_add(r, ": ");
    say_shares(look, r);
    reason_add(r, ". It is the dearest of %" PRId64 " that met every criterion, of %" PRId64 " seen.",
               look->passed, look->seen);
    snprintf(id, sizeof id, COVERED_CALL_ORDER_PREFIX "%" PRIu64, out->next_seq(out->context));
    d->strategy = id_from(COVERED_CALL_NAME);
    d->order_id = id_from(id);
    d->symbol = look->best.symbol;
    d->side = SIDE_SELL;
    d->qty = look->contracts;
    d->limit = look->best.premium_nano;
    d->confidence = screen_depth(look->best.otm_nano, s->call_otm_min, s->call_otm_max);
    d->reason = reason_text(r);
    d->checks = look->gates;
    add_criteria(s, look, &d->checks);
    return out->propose(out->context, &look->draft, err);
}

static enum err_code look_at(const struct decide_context *ctx, const struct symbol *underlying,
                             const struct entry *tick, struct look *look, const struct proposals *out,
                             struct err *err)
{
    const struct position *const shares = accounts_position(ctx->risk.accounts, underlying);
    struct view_price price;

    memset(look, 0, sizeof *look);
    look->underlying = underlying;
    look->contracts = margin_coverable(&ctx->risk, underlying);
    view_price(ctx->risk.view, underlying, &price);
    if (look->contracts < 1 || price.price_nano == PRICE_NONE || price.price_nano <= 0)
        return ERR_OK;
    look->price_nano = price.price_nano;
    look->cost_nano = position_average_price_nano(shares);
    const enum err_code rc = screen(ctx, look, err);
    if (rc)
        return rc;
    const bool gates_ok = add_gates(ctx, look);
    if (gates_ok && look->passed > 0)
        return propose_enter(ctx, look, tick, out, err);
    return tick->as.perception_clock.phase == PHASE_OPEN ? propose_none(look, gates_ok, tick, out, err)
                                                         : ERR_OK;
}

enum err_code covered_call_entries(const struct decide_context *ctx, const struct entry *tick,
                                   const struct proposals *out, struct err *err)
{
    const struct symbol_list *const list = &ctx->strategy_settings->underlyings;
    struct look look;
    enum err_code rc = ERR_OK;

    REQUIRE(tick->kind == ENTRY_PERCEPTION_CLOCK && tick->seq == ctx->risk.view->clock.seq);
    for (uint32_t i = 0; !rc && ctx->strategy_settings->call_enabled && i < list->count; i++)
        rc = look_at(ctx, &list->rows[i], tick, &look, out, err);
    return rc;
}
