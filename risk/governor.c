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
        rc = margin_of_sale(ctx, &a->symbol, a->limit_nano, a->qty, &added, err);
    if (!rc)
        rc = decimal_add(account->margin_micro, added, &account->margin_micro, err);
    if (!rc)
        rc = decimal_add(account->sector_micro, added, &account->sector_micro, err);
    if (!rc)
        rc = decimal_mul_div(account->equity_micro, ctx->settings->margin_use, NANO, &account->allowed_micro,
                             err);
    return rc;
}

/* -- rows that do not count ----------------------------------------------------------------------------- */

static struct id with_suffix(const char *name, const char *suffix)
{
    char text[ID_MAX + 1];
    const size_t length = strlen(name);
    const size_t more = strlen(suffix) + 1;

    REQUIRE(length + more <= sizeof text);
    memcpy(text, name, length);
    memcpy(text + length, suffix, more);
    return id_from(text);
}

static bool has_suffix(const struct id *name, const char *suffix)
{
    const size_t length = strlen(suffix);

    return name->length > length && memcmp(name->text + name->length - length, suffix, length) == 0;
}

bool risk_check_overridden(const struct check *c, struct id *limit)
{
    char text[ID_MAX + 1] = "";

    if (!has_suffix(&c->name, RISK_OVERRIDDEN_SUFFIX))
        return false;
    memcpy(text, c->name.text, c->name.length - strlen(RISK_OVERRIDDEN_SUFFIX));
    *limit = id_from(text);
    return true;
}

bool risk_check_is_exempt(const struct check *c)
{
    return has_suffix(&c->name, RISK_EXEMPT_SUFFIX) || has_suffix(&c->name, RISK_OVERRIDDEN_SUFFIX);
}

bool risk_can_override(const char *limit)
{
    static const char *const names[] = {"daily_loss",        "margin_use",     "sector_share",
                                        "new_positions_day", "open_positions", "order_qty",
                                        "price_distance",    "underlying_age", "open_breaks"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i], limit) == 0)
            return true;
    }
    return false;
}

/* A limit on opening: listed for a closing order as well, but under a name that says it does not count. */
static void add_opening(struct checks *checks, const struct ask *a, const char *name, int64_t value,
                        enum rule rule, int64_t bound, enum unit unit)
{
    const struct id exempt = with_suffix(name, RISK_EXEMPT_SUFFIX);

    checks_add(checks, a->is_closing ? exempt.text : name, value, rule, bound, unit);
}

/* A closing order that is larger than what it closes would open the other side, past every limit on opening. */
static bool can_override(const struct ask *a, const struct check *c)
{
    return risk_can_override(c->name.text) && !(a->is_closing && id_is(&c->name, "order_qty"));
}

static void override_limits(const struct risk_context *ctx, const struct ask *a, struct checks *checks)
{
    for (unsigned i = 0; i < checks->count; i++) {
        struct check *const c = &checks->rows[i];
        if (!c->ok && can_override(a, c) && risk_state_override(ctx->state, &a->symbol, &c->name))
            c->name = with_suffix(c->name.text, RISK_OVERRIDDEN_SUFFIX);
    }
}

static bool all_hold(const struct checks *checks)
{
    bool ok = true;

    for (unsigned i = 0; i < checks->count; i++)
        ok &= checks->rows[i].ok || risk_check_is_exempt(&checks->rows[i]);
    return ok;
}

/* -- the limits ----------------------------------------------------------------------------------------- */

static void limits_of_account(const struct risk_context *ctx, const struct ask *a,
                              const struct account *account, struct checks *checks)
{
    const struct risk_settings *const s = ctx->settings;

    add_opening(checks, a, "breakers_tripped", risk_state_tripped(ctx->state), RULE_AT_MOST, 0, UNIT_COUNT);

    add_opening(checks, a, "daily_loss", limits_day_return(ctx, account->equity_micro), RULE_AT_LEAST,
                -s->daily_loss, UNIT_RATE);
    add_opening(checks, a, "margin_use", ratio_up(account->margin_micro, account->equity_micro), RULE_AT_MOST,
                s->margin_use, UNIT_RATE);
    add_opening(checks, a, "sector_share", ratio_up(account->sector_micro, account->allowed_micro),
                RULE_AT_MOST, s->sector_share, UNIT_RATE);
}

static void limits_of_counts(const struct risk_context *ctx, const struct ask *a, struct checks *checks)
{
    const struct risk_settings *const s = ctx->settings;
    const int64_t open = (int64_t)risk_positions(ctx) + risk_positions_pending(ctx);
    const int64_t opens = a->is_closing ? 0 : 1;
    const int64_t adds = !a->is_closing && limits_is_new(ctx, &a->symbol) ? 1 : 0;

    add_opening(checks, a, "new_positions_day", ctx->state->opened_today + opens, RULE_AT_MOST,
                s->new_positions_day, UNIT_COUNT);

    add_opening(checks, a, "open_positions", open + adds, RULE_AT_MOST, s->open_positions, UNIT_COUNT);
}

static int64_t qty_bound(const struct risk_context *ctx, const struct ask *a)
{
    if (!a->is_closing)
        return symbol_is_option(&a->symbol) ? ctx->settings->max_contracts
                                            : ctx->settings->max_contracts * 100;
    const int64_t qty = accounts_position(ctx->accounts, &a->symbol)->qty;
    return qty < 0 ? -qty : qty;
}

static void limits_of_order(const struct risk_context *ctx, const struct ask *a, struct checks *checks)
{
    const int64_t used = orders_find(ctx->orders, &a->order_id) ? 1 : 0;

    checks_add(checks, "limit_price", a->limit_nano, RULE_ABOVE, 0, UNIT_PRICE);

    checks_add(checks, "price_distance", limits_price_distance(ctx, &a->symbol, a->limit_nano), RULE_AT_MOST,
               ctx->settings->price_distance, UNIT_RATE);
    checks_add(checks, "order_qty", a->qty, RULE_AT_MOST, qty_bound(ctx, a), UNIT_COUNT);
    checks_add(checks, "order_id_used", used, RULE_AT_MOST, 0, UNIT_COUNT);
    checks_add(checks, "same_order_open", limits_same_orders(ctx, &a->symbol, a->side), RULE_AT_MOST, 0,
               UNIT_COUNT);
}

/* Before the first statement and the first break there is nothing that we could know to differ, and no such row. */
static void limits_of_breaks(const struct risk_context *ctx, const struct ask *a, struct checks *checks)
{
    if (ctx->reconcile->statement_seq || ctx->reconcile->breaks.count)
        add_opening(checks, a, "open_breaks", reconcile_worth_of_all(ctx), RULE_AT_MOST,
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
    risk_check_stopped(ctx, &v->checks);
    if (!a.is_closing)
        risk_check_clock(ctx, &v->checks);
    limits_of_account(ctx, &a, &account, &v->checks);
    limits_of_counts(ctx, &a, &v->checks);
    risk_check_hours(ctx, &v->checks);
    limits_of_order(ctx, &a, &v->checks);
    risk_check_underlying(ctx, &a.symbol, &v->checks);
    limits_of_breaks(ctx, &a, &v->checks);
    risk_check_halted(ctx, &a.symbol, &v->checks);
    override_limits(ctx, &a, &v->checks);
    v->allowed = all_hold(&v->checks);
    return ERR_OK;
}
