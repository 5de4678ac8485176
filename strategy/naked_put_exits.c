#include "market/calendar.h"
#include "risk/governor.h"
#include "risk/limits.h"
#include "strategy/naked_put_look.h"
#include "strategy/reason.h"

#include <inttypes.h>
#include <string.h>

/* One look at one open position. Rows of tables may move with a proposal, so what is needed after is copied. */
struct exit_look {
    struct symbol symbol;
    enum side side; /* that closes it */
    int64_t qty;
    int64_t limit_nano;   /* at which it can be closed now, or PRICE_NONE */
    int64_t premium_nano; /* average price of what is open */
    bool is_due;
    bool is_known; /* every rule could be judged */
    enum exit_rule rule;
    struct checks checks; /* every exit rule, then, when it is blocked, the gates */
    struct reason reason;
    struct entry draft;
};

static void fire(struct exit_look *look, bool holds, enum exit_rule rule)
{
    if (holds && !look->is_due) {
        look->is_due = true;
        look->rule = rule;
    }
}

/* premium x (1 + times), times x 1e9 may be negative. */
static enum err_code part_of(int64_t premium_nano, int64_t times_nano, int64_t *nano, struct err *err)
{
    int64_t rate;

    const enum err_code rc = decimal_add(NANO, times_nano, &rate, err);
    return rc ? rc : decimal_mul_div(premium_nano, rate, NANO, nano, err);
}

static enum err_code add_risk_rule(const struct decide_context *ctx, const struct position *p,
                                   struct exit_look *look, struct err *err)
{
    bool must = false;

    const enum err_code rc = risk_position_exit(&ctx->risk, p, &look->checks, &must, err);
    fire(look, must, EXIT_RULE_RISK);
    return rc;
}

/* The rules in the order in which the first that holds is named: loss, risk, profit, time. */
static enum err_code add_put_rules(const struct decide_context *ctx, const struct position *p,
                                   struct exit_look *look, struct err *err)
{
    const struct strategy_settings *const s = ctx->strategy_settings;
    const int64_t cost = look->limit_nano != PRICE_NONE ? look->limit_nano : CHECK_VALUE_NONE;
    struct contract c;
    int64_t loss;
    int64_t profit;

    symbol_contract(&look->symbol, &c);
    const int64_t days = calendar_days_to_expiry(ctx->risk.view->clock.session, c.expiry);
    enum err_code rc = part_of(look->premium_nano, s->stop_loss, &loss, err);
    if (!rc)
        rc = part_of(look->premium_nano, -s->take_profit, &profit, err);
    if (rc)
        return rc;
    look->is_known = cost != CHECK_VALUE_NONE;
    fire(look, checks_add(&look->checks, "exit_loss", cost, RULE_AT_LEAST, loss, UNIT_PRICE), EXIT_RULE_LOSS);
    rc = add_risk_rule(ctx, p, look, err);
    fire(look, checks_add(&look->checks, "exit_profit", cost, RULE_AT_MOST, profit, UNIT_PRICE),
         EXIT_RULE_PROFIT);
    fire(look, checks_add(&look->checks, "exit_time", days, RULE_AT_MOST, s->exit_days, UNIT_COUNT),
         EXIT_RULE_TIME);
    return rc;
}

/* A short put that can still be traded; one that only waits for its settlement is left alone. */
static bool is_short_put(const struct position *p)
{
    struct contract c;

    if (p->qty >= 0 || !symbol_is_option(&p->symbol))
        return false;
    symbol_contract(&p->symbol, &c);
    return c.right == RIGHT_PUT;
}

static bool is_over(const struct decide_context *ctx, const struct symbol *s)
{
    struct contract c;

    if (!symbol_is_option(s))
        return false;
    symbol_contract(s, &c);
    const civil_day last = calendar_last_trading_day(&c);
    return ctx->risk.view->clock.session > (last != CIVIL_DAY_NONE ? last : c.expiry);
}

static const char *rule_words(enum exit_rule rule)
{
    switch (rule) {
    case EXIT_RULE_PROFIT: return "enough of the profit is made";
    case EXIT_RULE_LOSS: return "the loss is as large as it may be";
    case EXIT_RULE_TIME: return "expiry is near";
    case EXIT_RULE_RISK: break;
    }
    return "the governor demands it";
}

static void say_rules(const struct exit_look *look, struct reason *r)
{
    reason_add(r, "opened at ");
    reason_add_price(r, look->premium_nano);
    reason_add(r, ", closing costs ");
    reason_add_price(r, look->limit_nano);
    if (look->is_due) {
        for (unsigned i = 0; i < look->checks.count; i++) {
            const struct check *const c = &look->checks.rows[i];
            if (!c->ok)
                continue;
            reason_add(r, "; ");
            reason_add_check(r, c);
        }
    }
}

static enum err_code propose_exit(const struct entry *tick, struct exit_look *look,
                                  const struct proposals *out, struct err *err)
{
    struct entry_decision_exit *const d = &look->draft.as.decision_exit;
    struct reason *const r = &look->reason;

    reason_begin(r);
    reason_add(r, "Close %" PRId64 " %s, as %s: ", look->qty, look->symbol.text, rule_words(look->rule));
    say_rules(look, r);
    reason_add(r, ".");
    naked_put_draft(&look->draft, ENTRY_DECISION_EXIT, tick, tick->seq);
    d->strategy = id_from(NAKED_PUT_NAME);
    d->order_id = naked_put_order_id(out);
    d->symbol = look->symbol;
    d->side = look->side;
    d->qty = look->qty;
    d->limit = look->limit_nano;
    d->rule = look->rule;
    d->confidence = NANO;
    d->reason = reason_text(r);
    d->checks = look->checks;
    return out->propose(out->context, &look->draft, err);
}

/* Gates of an exit, beside the rules; none of them says anything about what opens a position. */
static bool add_gates(const struct decide_context *ctx, const struct exit_look *look, struct checks *gates)
{
    const int64_t is_offered = look->limit_nano != PRICE_NONE ? 1 : 0;
    bool ok = risk_check_stopped(&ctx->risk, gates);

    ok &= risk_check_hours(&ctx->risk, gates);
    ok &= risk_check_underlying(&ctx->risk, &look->symbol, gates);
    ok &= risk_check_halted(&ctx->risk, &look->symbol, gates);
    ok &= checks_add(gates, look->side == SIDE_BUY ? "ask_known" : "bid_known", is_offered, RULE_EQUAL, 1,
                     UNIT_FLAG);
    return ok;
}

static void append_checks(struct checks *to, const struct checks *from)
{
    REQUIRE(to->count + from->count <= CHECKS_MAX);
    memcpy(to->rows + to->count, from->rows, from->count * sizeof *from->rows);
    to->count = (uint8_t)(to->count + from->count);
}

static enum err_code propose_blocked(const struct decide_context *ctx, const struct entry *tick,
                                     const struct checks *gates, struct exit_look *look,
                                     const struct proposals *out, struct err *err)
{
    struct entry_decision_no_trade *const d = &look->draft.as.decision_no_trade;
    struct reason *const r = &look->reason;

    if (naked_put_was_told(ctx, &look->symbol))
        return ERR_OK;
    reason_begin(r);
    reason_add(r, "%" PRId64 " %s: ", look->qty, look->symbol.text);
    if (look->is_due)
        reason_add(r, "an exit is due, as %s, and cannot be ordered now: ", rule_words(look->rule));
    else
        reason_add(r, "whether an exit is due cannot be judged: ");
    reason_add_failed(r, gates);
    reason_add(r, "; ");
    say_rules(look, r);
    reason_add(r, ".");
    append_checks(&look->checks, gates);
    naked_put_draft(&look->draft, ENTRY_DECISION_NO_TRADE, tick, tick->seq);
    d->strategy = id_from(NAKED_PUT_NAME);
    d->symbol = look->symbol;
    d->reason = reason_text(r);
    d->gates = look->checks;
    return out->propose(out->context, &look->draft, err);
}

static enum err_code look_at(const struct decide_context *ctx, const struct entry *tick,
                             const struct position *p, struct exit_look *look, const struct proposals *out,
                             struct err *err)
{
    struct checks gates = {0};
    enum err_code rc = ERR_OK;

    look->symbol = p->symbol;
    look->side = p->qty < 0 ? SIDE_BUY : SIDE_SELL;
    look->qty = p->qty < 0 ? -p->qty : p->qty;
    look->limit_nano = view_closing_price(ctx->risk.view, &p->symbol, p->qty < 0);
    look->premium_nano = position_average_price_nano(p);
    look->is_known = true;
    if (is_short_put(p))
        rc = add_put_rules(ctx, p, look, err);
    else
        rc = add_risk_rule(ctx, p, look, err);
    if (rc)
        return err_wrap(err, "exits of %s", look->symbol.text);
    if (!look->is_due && look->is_known)
        return ERR_OK;
    if (!add_gates(ctx, look, &gates))
        return propose_blocked(ctx, tick, &gates, look, out, err);
    return propose_exit(tick, look, out, err);
}

static bool is_ours(const struct order *o)
{
    return strncmp(o->order_id.text, NAKED_PUT_ORDER_PREFIX, strlen(NAKED_PUT_ORDER_PREFIX)) == 0;
}

/* The market has left the order's limit behind long enough ago: nobody fills it where it is. */
static bool is_left_behind(const struct decide_context *ctx, const struct order *o, int64_t price_nano)
{
    struct checks unused = {0};
    int64_t since;

    if (!is_ours(o) || o->status == ORDER_CANCEL_ASKED || o->limit_nano == PRICE_NONE ||
        price_nano == PRICE_NONE)
        return false;
    if (o->side == SIDE_BUY ? o->limit_nano >= price_nano : o->limit_nano <= price_nano)
        return false;
    if (!risk_check_hours(&ctx->risk, &unused))
        return false; /* the broker ends the day's orders */
    return decimal_sub(ctx->risk.view->clock.now_ns, o->at_ns, &since, NULL) ||
           since >= ctx->strategy_settings->exit_order_s * NS_PER_SECOND;
}

static enum err_code look_at_order(const struct decide_context *ctx, const struct entry *tick,
                                   const struct order *o, struct exit_look *look, const struct proposals *out,
                                   struct err *err)
{
    struct entry_order_cancel *const c = &look->draft.as.order_cancel;
    struct reason *const r = &look->reason;
    const int64_t price = view_closing_price(ctx->risk.view, &o->symbol, o->side == SIDE_BUY);

    if (!is_left_behind(ctx, o, price))
        return ERR_OK;
    reason_begin(r);
    reason_add(r, "The order to close at ");
    reason_add_price(r, o->limit_nano);
    reason_add(r, " is left behind: the %s is ", o->side == SIDE_BUY ? "ask" : "bid");
    reason_add_price(r, price);
    reason_add(r, " now. The next look at the market decides anew.");
    naked_put_draft(&look->draft, ENTRY_ORDER_CANCEL, tick, tick->seq);
    c->order_id = o->order_id;
    c->reason = reason_text(r);
    return out->propose(out->context, &look->draft, err);
}

enum err_code naked_put_exits(const struct decide_context *ctx, const struct entry *tick,
                              const struct proposals *out, struct err *err)
{
    const struct accounts *const a = ctx->risk.accounts;
    struct exit_look look;
    enum err_code rc = ERR_OK;

    REQUIRE(tick->kind == ENTRY_PERCEPTION_CLOCK && tick->seq == ctx->risk.view->clock.seq);
    for (uint32_t i = 0; !rc && i < a->positions.count; i++) {
        const struct position *const p = table_at(&a->positions, i);
        const enum side side = p->qty < 0 ? SIDE_BUY : SIDE_SELL;
        if (p->qty == 0 || is_over(ctx, &p->symbol))
            continue;
        memset(&look, 0, sizeof look);
        const struct order *const o = limits_open_order(&ctx->risk, &p->symbol, side);
        rc = o ? look_at_order(ctx, tick, o, &look, out, err) : look_at(ctx, tick, p, &look, out, err);
    }
    return rc;
}
