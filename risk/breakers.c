/* What the governor says unasked: the account's worth, a breaker, a position that must go. */
#include "risk/governor.h"
#include "risk/limits.h"
#include "risk/margin.h"

#include <stdio.h>
#include <string.h>

#define PERCENT_DECIMALS (RATE_DECIMALS - 2)

static enum err_code value_of(const struct position *p, int64_t price_nano, int64_t *micro, struct err *err)
{
    return decimal_notional(price_nano, p->qty, symbol_multiplier(&p->symbol), micro, err);
}

enum err_code risk_equity_now(const struct risk_context *ctx, int64_t *micro, struct err *err)
{
    int64_t sum = ctx->accounts->cash_micro;

    for (uint32_t i = 0; i < ctx->accounts->positions.count; i++) {
        const struct position *const p = table_at(&ctx->accounts->positions, i);
        int64_t value = 0;
        if (p->qty == 0)
            continue;
        const int64_t mark = view_mark(ctx->view, &p->symbol);
        enum err_code rc =
            value_of(p, mark != PRICE_NONE ? mark : position_average_price_nano(p), &value, err);
        if (!rc)
            rc = decimal_add(sum, value, &sum, err);
        if (rc)
            return err_wrap(err, "equity: %s", p->symbol.text);
    }
    *micro = sum;
    return ERR_OK;
}

enum err_code risk_position_profit(const struct risk_context *ctx, const struct position *p, int64_t *micro,
                                   struct err *err)
{
    int64_t value;
    const int64_t mark = view_mark(ctx->view, &p->symbol);

    if (mark == PRICE_NONE)
        return err_set(err, ERR_NOT_FOUND, "%s has no mark", p->symbol.text);
    const enum err_code rc = value_of(p, mark, &value, err);
    return rc ? rc : decimal_sub(value, p->cost_micro, micro, err);
}

enum err_code risk_position_exit(const struct risk_context *ctx, const struct position *p,
                                 struct checks *checks, bool *must, struct err *err)
{
    int64_t profit = CHECK_VALUE_NONE;

    const enum err_code rc = risk_position_profit(ctx, p, &profit, err);
    if (rc && rc != ERR_NOT_FOUND)
        return rc;
    *must =
        checks_add(checks, "position_loss", profit, RULE_AT_MOST, -ctx->settings->position_loss, UNIT_MONEY);
    return ERR_OK;
}

static void draft(struct entry *e, enum entry_kind kind, const struct entry *cause)
{
    memset(e, 0, sizeof *e);
    e->kind = kind;
    e->at_ns = cause->at_ns;
    e->cause = cause->seq;
}

static bool equity_is_due(const struct risk_context *ctx, enum phase phase)
{
    const struct risk_state *const s = ctx->state;
    int64_t since;

    if (phase != PHASE_TICK || s->equity_seq == 0 || s->equity_session != s->session)
        return true;
    if (decimal_sub(s->now_ns, s->equity_at_ns, &since, NULL))
        return true;
    return since >= ctx->settings->equity_every_min * NS_PER_MINUTE;
}

enum err_code risk_equity(const struct risk_context *ctx, const struct entry *trigger,
                          const struct proposals *out, struct err *err)
{
    struct entry e;
    struct entry_risk_equity *const q = &e.as.risk_equity;

    REQUIRE(trigger->kind == ENTRY_PERCEPTION_CLOCK);
    const struct entry_perception_clock *const clock = &trigger->as.perception_clock;
    if (!equity_is_due(ctx, clock->phase))
        return ERR_OK;
    draft(&e, ENTRY_RISK_EQUITY, trigger);
    q->session = clock->session;
    q->phase = clock->phase;
    q->cash = ctx->accounts->cash_micro;
    q->positions = risk_positions(ctx);
    enum err_code rc = risk_equity_now(ctx, &q->equity, err);
    if (!rc)
        rc = margin_in_use(ctx, NULL, &q->margin, err);
    return rc ? rc : out->propose(out->context, &e, err);
}

static void trip_reason(char *out, size_t size, const struct risk_context *ctx, int64_t equity_micro,
                        int64_t day_return)
{
    char lost[DECIMAL_TEXT_SIZE];
    char most[DECIMAL_TEXT_SIZE];
    char now[DECIMAL_TEXT_SIZE];
    char opening[DECIMAL_TEXT_SIZE];

    decimal_format_fixed(lost, -day_return, PERCENT_DECIMALS, 3);
    decimal_format_fixed(most, ctx->settings->daily_loss, PERCENT_DECIMALS, 3);
    decimal_format_fixed(now, equity_micro, MONEY_DECIMALS, 2);
    decimal_format_fixed(opening, ctx->state->opening_equity_micro, MONEY_DECIMALS, 2);
    snprintf(out, size,
             "The account is worth %s dollars, %s at the session's opening: a loss of %s %%, and %s %% is "
             "the most "
             "that is allowed in a day. Nothing is opened until a signed resume.",
             now, opening, lost, most);
}

enum err_code risk_breakers(const struct risk_context *ctx, const struct entry *trigger,
                            const struct proposals *out, struct err *err)
{
    const struct risk_breaker *const before = risk_state_breaker(ctx->state, RISK_BREAKER_DAILY_LOSS);
    struct entry e;
    struct entry_risk_breaker_trip *const t = &e.as.risk_breaker_trip;
    char reason[320];
    int64_t equity = 0;

    REQUIRE(trigger->kind == ENTRY_PERCEPTION_CLOCK);
    if (before && (before->tripped || before->session == ctx->state->session))
        return ERR_OK;
    const enum err_code rc = risk_equity_now(ctx, &equity, err);
    if (rc)
        return rc;
    const int64_t day_return = limits_day_return(ctx, equity);
    if (day_return == CHECK_VALUE_NONE || day_return >= -ctx->settings->daily_loss)
        return ERR_OK;
    draft(&e, ENTRY_RISK_BREAKER_TRIP, trigger);
    t->breaker = id_from(RISK_BREAKER_DAILY_LOSS);
    checks_add(&t->checks, "daily_loss", day_return, RULE_AT_LEAST, -ctx->settings->daily_loss, UNIT_RATE);
    trip_reason(reason, sizeof reason, ctx, equity, day_return);
    t->reason = text_from(reason);
    return out->propose(out->context, &e, err);
}
