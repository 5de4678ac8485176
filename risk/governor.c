#include "risk/governor.h"

#include "risk/limits.h"
#include "risk/margin.h"
#include "risk/ratio.h"
#include "risk/reconcile_breaks.h"

#include <string.h>

/* What is asked, whichever kind of decision asks it. */
struct ask {
    struct id order_id;
    struct symbol symbol;
    enum side side;
    int64_t qty;
    int64_t limit_nano;
    bool is_closing;
};

/* The account as the limits see it: now, and with the order. */
struct account {
    int64_t equity_micro;
    int64_t margin_micro;  /* of everything, this order included */
    int64_t sector_micro;  /* of the order's sector, this order included */
    int64_t allowed_micro; /* equity x risk.margin_use */
};

static struct ask ask_of(const struct risk_context *ctx, const struct entry *decision)
{
    struct ask a;

    REQUIRE(decision->kind == ENTRY_DECISION_ENTER || decision->kind == ENTRY_DECISION_EXIT);
    if (decision->kind == ENTRY_DECISION_ENTER) {
        const struct entry_decision_enter *const d = &decision->as.decision_enter;
        a = (struct ask){d->order_id, d->symbol, d->side, d->qty, d->limit, false};
    } else {
        const struct entry_decision_exit *const d = &decision->as.decision_exit;
        a = (struct ask){d->order_id, d->symbol, d->side, d->qty, d->limit, false};
    }
    a.is_closing = risk_is_closing(ctx, &a.symbol, a.side);
    return a;
}

/* A closing order is measured against the margin in use now: what it frees is not counted before it is free.
 */
static enum err_code measure(const struct risk_context *ctx, const struct ask *a, struct account *account,
                             struct err *err)
{
    const bool adds = !a->is_closing && a->side == SIDE_SELL && a->limit_nano >= 0 && a->qty >= 0;
    int64_t added = 0;

    enum err_code rc = risk_equity_now(ctx, &account->equity_micro, err);
    if (!rc)
        rc = margin_in_use(ctx, NULL, &account->margin_micro, err);
    if (!rc)
        rc = margin_in_use(ctx, margin_sector(ctx->settings, &a->symbol), &account->sector_micro, err);
    if (!rc && adds)
        rc = margin_of(ctx, &a->symbol, a->limit_nano, a->qty, &added, err);
    if (!rc)
        rc = decimal_add(account->margin_micro, added, &account->margin_micro, err);
    if (!rc)
        rc = decimal_add(account->sector_micro, added, &account->sector_micro, err);
    if (!rc)
        rc = decimal_mul_div(account->equity_micro, ctx->settings->margin_use, NANO, &account->allowed_micro,
                             err);
    return rc;
}

/* A limit on opening: listed for a closing order as well, but under a name that says it does not count. */
static bool add_opening(struct checks *checks, const struct ask *a, const char *name, int64_t value,
                        enum rule rule, int64_t bound, enum unit unit)
{
    char exempt[ID_MAX + 1];

    if (!a->is_closing)
        return checks_add(checks, name, value, rule, bound, unit);
    const size_t length = strlen(name);
    REQUIRE(length + sizeof RISK_EXEMPT_SUFFIX <= sizeof exempt);
    memcpy(exempt, name, length);
    memcpy(exempt + length, RISK_EXEMPT_SUFFIX, sizeof RISK_EXEMPT_SUFFIX);
    checks_add(checks, exempt, value, rule, bound, unit);
    return true;
}

bool risk_check_is_exempt(const struct check *c)
{
    const size_t length = sizeof RISK_EXEMPT_SUFFIX - 1;

    return c->name.length > length &&
           memcmp(c->name.text + c->name.length - length, RISK_EXEMPT_SUFFIX, length) == 0;
}

static bool limits_of_account(const struct risk_context *ctx, const struct ask *a,
                              const struct account *account, struct checks *checks)
{
    const struct risk_settings *const s = ctx->settings;
    bool ok = add_opening(checks, a, "breakers_tripped", risk_state_tripped(ctx->state), RULE_AT_MOST, 0,
                          UNIT_COUNT);

    ok &= add_opening(checks, a, "daily_loss", limits_day_return(ctx, account->equity_micro), RULE_AT_LEAST,
                      -s->daily_loss, UNIT_RATE);
    ok &= add_opening(checks, a, "margin_use", ratio_up(account->margin_micro, account->equity_micro),
                      RULE_AT_MOST, s->margin_use, UNIT_RATE);
    ok &= add_opening(checks, a, "sector_share", ratio_up(account->sector_micro, account->allowed_micro),
                      RULE_AT_MOST, s->sector_share, UNIT_RATE);
    return ok;
}

static bool limits_of_counts(const struct risk_context *ctx, const struct ask *a, struct checks *checks)
{
    const struct risk_settings *const s = ctx->settings;
    const int64_t open = (int64_t)risk_positions(ctx) + risk_positions_pending(ctx);
    const int64_t opens = a->is_closing ? 0 : 1;
    const int64_t adds = !a->is_closing && limits_is_new(ctx, &a->symbol) ? 1 : 0;
    bool ok = add_opening(checks, a, "new_positions_day", ctx->state->opened_today + opens, RULE_AT_MOST,
                          s->new_positions_day, UNIT_COUNT);

    ok &= add_opening(checks, a, "open_positions", open + adds, RULE_AT_MOST, s->open_positions, UNIT_COUNT);
    return ok;
}

static int64_t qty_bound(const struct risk_context *ctx, const struct ask *a)
{
    if (!a->is_closing)
        return symbol_is_option(&a->symbol) ? ctx->settings->max_contracts
                                            : ctx->settings->max_contracts * 100;
    const int64_t qty = accounts_position(ctx->accounts, &a->symbol)->qty;
    return qty < 0 ? -qty : qty;
}

static bool limits_of_order(const struct risk_context *ctx, const struct ask *a, struct checks *checks)
{
    const int64_t used = orders_find(ctx->orders, &a->order_id) ? 1 : 0;
    bool ok = checks_add(checks, "limit_price", a->limit_nano, RULE_ABOVE, 0, UNIT_PRICE);

    ok &= checks_add(checks, "price_distance", limits_price_distance(ctx, &a->symbol, a->limit_nano),
                     RULE_AT_MOST, ctx->settings->price_distance, UNIT_RATE);
    ok &= checks_add(checks, "order_qty", a->qty, RULE_AT_MOST, qty_bound(ctx, a), UNIT_COUNT);
    ok &= checks_add(checks, "order_id_used", used, RULE_AT_MOST, 0, UNIT_COUNT);
    ok &= checks_add(checks, "same_order_open", limits_same_orders(ctx, &a->symbol, a->side), RULE_AT_MOST, 0,
                     UNIT_COUNT);
    return ok;
}

/* Before the first statement there is nothing that we could know to differ, and no such row. */
static bool limits_of_breaks(const struct risk_context *ctx, const struct ask *a, struct checks *checks)
{
    if (!ctx->reconcile->statement_seq)
        return true;
    return add_opening(checks, a, "open_breaks", reconcile_worth_of_all(ctx), RULE_AT_MOST,
                       ctx->settings->open_breaks_max, UNIT_MONEY);
}

enum err_code risk_judge(const struct risk_context *ctx, const struct entry *decision, struct entry *verdict,
                         struct err *err)
{
    struct entry_risk_verdict *const v = &verdict->as.risk_verdict;
    struct account account;
    const struct ask a = ask_of(ctx, decision);

    const enum err_code rc = measure(ctx, &a, &account, err);
    if (rc)
        return err_wrap(err, "judging order %s", a.order_id.text);
    memset(verdict, 0, sizeof *verdict);
    verdict->kind = ENTRY_RISK_VERDICT;
    verdict->at_ns = decision->at_ns;
    verdict->cause = decision->seq;
    v->order_id = a.order_id;
    v->symbol = a.symbol;
    bool allowed = risk_check_stopped(ctx, &v->checks);
    if (!a.is_closing)
        allowed &= risk_check_clock(ctx, &v->checks);
    allowed &= limits_of_account(ctx, &a, &account, &v->checks);
    allowed &= limits_of_counts(ctx, &a, &v->checks);
    allowed &= risk_check_hours(ctx, &v->checks);
    allowed &= limits_of_order(ctx, &a, &v->checks);
    allowed &= risk_check_underlying(ctx, &a.symbol, &v->checks);
    allowed &= limits_of_breaks(ctx, &a, &v->checks);
    v->allowed = allowed;
    return ERR_OK;
}
