/*
 * How a fill becomes postings: 1. what it asks of each position (its legs), 2. what that does to lots,
 * balances and totals, every sum checked, 3. whether it was counted before, 4. room for all of it, 5. the
 * writes, which cannot fail.
 */
#include "ledger/accounts.h"

#include "ledger/leg.h"

#include <stdlib.h>

#define LEGS_MAX 2

static const char CASH[] = "assets:cash";
static const char POSITIONS[] = "positions";
static const char REALIZED[] = "income:realized";
static const char FEES[] = "expenses:fees";
static const char DEPOSITS[] = "equity:deposits";
static const char DIVIDENDS[] = "income:dividends";

struct plan {
    struct ids_key fill_id; /* of NULL: no fill */
    uint64_t tag;           /* of an execution: fills_tag(); else 0 */
    struct leg legs[LEGS_MAX];
    uint32_t leg_count;
    int64_t fee_micro; /* belongs to the first leg's position */
    int64_t deposit_micro;
    int64_t dividend_micro;
    const struct symbol *payer; /* of the dividend. Borrowed from the entry */
    enum fills_reason reason;   /* why a bust takes nothing back */
    int64_t scaled_qty;         /* to which the first leg's lots are split; 0: they are not */
    struct posting postings[POSTINGS_MAX];
    uint32_t posting_count;
    int64_t cash_after;
    int64_t fees_after;
    int64_t realized_after;
    int64_t deposits_after;
    int64_t dividends_after;
    int64_t position_fees_after;
};

void accounts_init(void *state)
{
    struct accounts *const a = state;

    memset(a, 0, sizeof *a);
    table_init(&a->positions, sizeof(struct position), sizeof(struct symbol));
    fills_init(&a->fills);
}

void accounts_release(void *state)
{
    struct accounts *const a = state;

    for (uint32_t i = 0; i < a->positions.count; i++) {
        const struct position *const p = table_at(&a->positions, i);
        free(p->lot_room);
    }
    table_release(&a->positions);
    fills_release(&a->fills);
}

/* -- what a fill asks for ------------------------------------------------------------------------------- */

/* A change of one position at a price: bought is positive. */
static enum err_code add_leg(struct plan *plan, const struct symbol *s, int64_t qty, int64_t price_nano,
                             struct err *err)
{
    REQUIRE(plan->leg_count < LEGS_MAX);
    struct leg *const leg = &plan->legs[plan->leg_count++];

    leg->symbol = *s;
    leg->qty = qty;
    leg->price_nano = price_nano;
    leg->fresh = NULL;
    leg->lot_seq = 0;
    leg->is_transfer = false;
    leg->bonus_micro = 0;
    return decimal_notional(price_nano, qty, symbol_multiplier(s), &leg->flow_micro, err);
}

static enum err_code on_execution(const struct accounts *a, const struct entry_fill_execution *f,
                                  struct plan *plan, struct err *err)
{
    REQUIRE(f->qty >= 1);
    plan->fill_id = fills_key(&a->fills, &f->fill_id);
    plan->tag = fills_tag(f);
    plan->fee_micro = f->fee;
    return add_leg(plan, &f->symbol, f->side == SIDE_BUY ? f->qty : -f->qty, f->price, err);
}

static enum err_code need_option(const struct symbol *s, struct err *err)
{
    return symbol_is_option(s) ? ERR_OK : err_set(err, ERR_INPUT, "\"%s\" is no option", s->text);
}

/*
 * The option goes for nothing, the underlying comes or goes at the strike. A short option that is assigned
 * closes upwards (+1), a long one that is exercised downwards (-1).
 */
static enum err_code deliver(struct plan *plan, const struct symbol *s, int64_t qty, int64_t direction,
                             struct err *err)
{
    struct contract c;
    struct symbol underlying;
    int64_t shares;

    REQUIRE(qty >= 1);
    enum err_code rc = need_option(s, err);
    if (!rc)
        rc = decimal_mul_div(qty, symbol_multiplier(s), 1, &shares, err);
    if (!rc)
        rc = add_leg(plan, s, direction * qty, 0, err);
    if (rc)
        return rc;
    symbol_contract(s, &c);
    symbol_underlying(s, &underlying);
    const bool buys = (c.right == RIGHT_PUT) == (direction > 0); /* put assigned, call exercised */
    return add_leg(plan, &underlying, buys ? shares : -shares, c.strike_nano, err);
}

static enum err_code on_assignment(const struct accounts *a, const struct entry_fill_assignment *f,
                                   struct plan *plan, struct err *err)
{
    plan->fill_id = fills_key(&a->fills, &f->fill_id);
    plan->fee_micro = f->fee;
    return deliver(plan, &f->symbol, f->qty, +1, err);
}

static enum err_code on_exercise(const struct accounts *a, const struct entry_fill_exercise *f,
                                 struct plan *plan, struct err *err)
{
    plan->fill_id = fills_key(&a->fills, &f->fill_id);
    plan->fee_micro = f->fee;
    return deliver(plan, &f->symbol, f->qty, -1, err);
}

/* Against whichever side is held; what is flat has no side and stays flat. */
static enum err_code close_held(const struct accounts *a, struct plan *plan, const struct symbol *s,
                                int64_t qty, int64_t price_nano, struct err *err)
{
    const struct position *const p = accounts_position(a, s);

    REQUIRE(qty >= 1);
    if (!p || p->qty == 0)
        return add_leg(plan, s, 0, price_nano, err);
    return add_leg(plan, s, p->qty < 0 ? qty : -qty, price_nano, err);
}

static enum err_code on_expiration(const struct accounts *a, const struct entry_fill_expiration *f,
                                   struct plan *plan, struct err *err)
{
    plan->fill_id = fills_key(&a->fills, &f->fill_id);
    const enum err_code rc = need_option(&f->symbol, err);
    return rc ? rc : close_held(a, plan, &f->symbol, f->qty, 0, err);
}

static enum err_code on_settlement(const struct accounts *a, const struct entry_fill_settlement *f,
                                   struct plan *plan, struct err *err)
{
    struct contract c;
    int64_t intrinsic_nano;

    plan->fill_id = fills_key(&a->fills, &f->fill_id);
    enum err_code rc = need_option(&f->symbol, err);
    if (rc)
        return rc;
    symbol_contract(&f->symbol, &c);
    if (c.right == RIGHT_PUT)
        rc = decimal_sub(c.strike_nano, f->underlying_price, &intrinsic_nano, err);
    else
        rc = decimal_sub(f->underlying_price, c.strike_nano, &intrinsic_nano, err);
    if (rc)
        return rc;
    plan->fee_micro = f->fee;
    return close_held(a, plan, &f->symbol, f->qty, intrinsic_nano > 0 ? intrinsic_nano : 0, err);
}

static enum err_code on_deposit(const struct accounts *a, const struct entry_fill_deposit *f,
                                struct plan *plan)
{
    plan->fill_id = fills_key(&a->fills, &f->fill_id);
    plan->deposit_micro = f->amount;
    return ERR_OK;
}

static enum err_code on_dividend(const struct accounts *a, const struct entry_fill_dividend *f,
                                 struct plan *plan)
{
    plan->fill_id = fills_key(&a->fills, &f->fill_id);
    plan->dividend_micro = f->amount;
    plan->payer = &f->symbol;
    return ERR_OK;
}

/* The execution the other way, if it was told, is what the bust says it is, and still stands. */
static enum err_code on_bust(const struct accounts *a, const struct entry *e, struct plan *plan,
                             struct err *err)
{
    const struct entry_fill_bust *const f = &e->as.fill_bust;

    REQUIRE(f->qty >= 1);
    plan->fill_id = fills_key(&a->fills, &f->fill_id);
    plan->reason = fills_judge(&a->fills, f);
    if (plan->reason != FILLS_STANDS || !ids_has(&a->fills.told, &f->busted))
        return ERR_OK;
    enum err_code rc = decimal_sub(0, f->fee, &plan->fee_micro, err);
    if (!rc)
        rc = add_leg(plan, &f->symbol, f->side == SIDE_BUY ? -f->qty : f->qty, f->price, err);
    if (!rc)
        plan->legs[0].lot_seq = e->cause;
    return rc;
}

/* The whole position at its cost, out of one symbol and into the other. */
static enum err_code transfer(struct plan *plan, const struct position *p, const struct symbol *into,
                              int64_t qty, struct err *err)
{
    struct position made = {.symbol = *into, .qty = qty, .cost_micro = p->cost_micro};

    enum err_code rc = add_leg(plan, &p->symbol, -p->qty, 0, err);
    plan->legs[0].is_transfer = true;
    if (rc || qty == 0)
        return rc; /* nothing but fractions: the cost is lost, and the cash in lieu is what came for it */
    rc = decimal_sub(0, p->cost_micro, &plan->legs[0].flow_micro, err);
    if (!rc)
        rc = add_leg(plan, into, qty, position_average_price_nano(&made), err);
    if (!rc)
        plan->legs[1].flow_micro = p->cost_micro;
    plan->legs[1].is_transfer = true;
    return rc;
}

static enum err_code on_split(const struct accounts *a, const struct entry_fill_split *f, struct plan *plan,
                              struct err *err)
{
    const struct position *const p = accounts_position(a, &f->symbol);
    int64_t qty = 0;

    REQUIRE(f->qty >= 1 && f->into_qty >= 1);
    plan->fill_id = fills_key(&a->fills, &f->fill_id);
    enum err_code rc = p ? decimal_mul_div(p->qty, f->into_qty, f->qty, &qty, err) : ERR_OK;
    if (!rc && (!p || p->qty == 0 || (qty != 0 && symbol_equal(&f->symbol, &f->into))))
        rc = add_leg(plan, &f->symbol, 0, 0, err);
    else if (!rc)
        rc = transfer(plan, p, &f->into, qty, err);
    if (rc)
        return rc;
    plan->scaled_qty = plan->legs[0].is_transfer ? 0 : qty;
    plan->legs[0].bonus_micro = f->cash;
    return ERR_OK;
}

static enum err_code plan_fill(const struct accounts *a, const struct entry *e, struct plan *plan,
                               struct err *err)
{
    switch (e->kind) {
    case ENTRY_FILL_EXECUTION: return on_execution(a, &e->as.fill_execution, plan, err);
    case ENTRY_FILL_ASSIGNMENT: return on_assignment(a, &e->as.fill_assignment, plan, err);
    case ENTRY_FILL_EXERCISE: return on_exercise(a, &e->as.fill_exercise, plan, err);
    case ENTRY_FILL_EXPIRATION: return on_expiration(a, &e->as.fill_expiration, plan, err);
    case ENTRY_FILL_SETTLEMENT: return on_settlement(a, &e->as.fill_settlement, plan, err);
    case ENTRY_FILL_DEPOSIT: return on_deposit(a, &e->as.fill_deposit, plan);
    case ENTRY_FILL_BUST: return on_bust(a, e, plan, err);
    case ENTRY_FILL_DIVIDEND: return on_dividend(a, &e->as.fill_dividend, plan);
    case ENTRY_FILL_SPLIT: return on_split(a, &e->as.fill_split, plan, err);
    case ENTRY_PERCEPTION_QUOTE: /* what is seen, concluded, intended or said moves no money */
    case ENTRY_PERCEPTION_BAR:
    case ENTRY_PERCEPTION_MARK:
    case ENTRY_PERCEPTION_OPEN_INTEREST:
    case ENTRY_PERCEPTION_CLOCK:
    case ENTRY_PERCEPTION_CLOCK_QUALITY:
    case ENTRY_PERCEPTION_TRADING_STATUS:
    case ENTRY_PERCEPTION_STATED_POSITION:
    case ENTRY_PERCEPTION_STATED_FILL:
    case ENTRY_PERCEPTION_STATEMENT:
    case ENTRY_PERCEPTION_DATA_QUALITY:
    case ENTRY_DECISION_CANDIDATES:
    case ENTRY_DECISION_ENTER:
    case ENTRY_DECISION_EXIT:
    case ENTRY_DECISION_NO_TRADE:
    case ENTRY_RISK_VERDICT:
    case ENTRY_RISK_BREAK:
    case ENTRY_RISK_BREAKER_TRIP:
    case ENTRY_RISK_EQUITY:
    case ENTRY_ORDER_NEW:
    case ENTRY_ORDER_ACKNOWLEDGED:
    case ENTRY_ORDER_CANCEL:
    case ENTRY_ORDER_CANCELLED:
    case ENTRY_ORDER_REJECTED:
    case ENTRY_ORDER_EXPIRED:
    case ENTRY_CONTROL_GENESIS:
    case ENTRY_CONTROL_ACTOR:
    case ENTRY_CONTROL_CONFIGURATION:
    case ENTRY_CONTROL_RUN:
    case ENTRY_CONTROL_RUN_END:
    case ENTRY_CONTROL_SOURCE:
    case ENTRY_CONTROL_STOP:
    case ENTRY_CONTROL_RESUME:
    case ENTRY_CONTROL_NOTE:
    case ENTRY_CONTROL_SNAPSHOT:
    case ENTRY_CONTROL_KEY:
    case ENTRY_CONTROL_REVOCATION:
    case ENTRY_CONTROL_ACTOR_KEY:
    case ENTRY_CONTROL_PROPOSAL:
    case ENTRY_CONTROL_APPROVAL:
    case ENTRY_CONTROL_RECOVERY:
    case ENTRY_CONTROL_HOLD:
    case ENTRY_CONTROL_DISPOSAL:
    case ENTRY_CONTROL_SESSION:
    case ENTRY_CONTROL_CORRECTION:
    case ENTRY_CONTROL_OVERRIDE:
    case ENTRY_CONTROL_HYPOTHESIS:
    case ENTRY_CONTROL_HEARTBEAT: return ERR_OK;
    }
    return ERR_OK;
}

/* -- what it does to balances --------------------------------------------------------------------------- */

static void post(struct plan *plan, const char *account, const struct symbol *s, int64_t amount_micro)
{
    if (amount_micro == 0)
        return;
    REQUIRE(plan->posting_count < POSTINGS_MAX);
    struct posting *const posting = &plan->postings[plan->posting_count++];
    posting->account = account;
    posting->symbol = s ? *s : (struct symbol){0};
    posting->amount_micro = amount_micro;
}

/* Money out (positive) or in (negative). */
static enum err_code pay(struct plan *plan, int64_t micro, struct err *err)
{
    int64_t change;

    enum err_code rc = decimal_sub(0, micro, &change, err);
    if (!rc)
        rc = decimal_add(plan->cash_after, change, &plan->cash_after, err);
    if (!rc)
        post(plan, CASH, NULL, change);
    return rc;
}

static enum err_code plan_leg(struct plan *plan, struct leg *leg, struct err *err)
{
    int64_t income = 0;

    enum err_code rc = leg_plan(leg, err);
    if (!rc && !leg->is_transfer)
        rc = pay(plan, leg->flow_micro, err);
    if (!rc)
        rc = decimal_sub(0, leg->bonus_micro, &income, err);
    if (!rc)
        rc = pay(plan, income, err);
    if (!rc)
        rc = decimal_sub(0, leg->realized_micro, &income, err);
    if (!rc)
        rc = decimal_add(plan->realized_after, leg->realized_micro, &plan->realized_after, err);
    if (rc)
        return rc;
    post(plan, POSITIONS, &leg->symbol, leg->posted_micro);
    post(plan, REALIZED, &leg->symbol, income);
    return ERR_OK;
}

static enum err_code plan_fee(struct plan *plan, struct err *err)
{
    if (plan->leg_count == 0)
        return ERR_OK;
    const struct position *const p = plan->legs[0].position;
    enum err_code rc = pay(plan, plan->fee_micro, err);
    if (!rc)
        rc = decimal_add(plan->fees_after, plan->fee_micro, &plan->fees_after, err);
    if (!rc)
        rc = decimal_add(p ? p->fees_micro : 0, plan->fee_micro, &plan->position_fees_after, err);
    if (!rc)
        post(plan, FEES, NULL, plan->fee_micro);
    return rc;
}

static enum err_code plan_deposit(struct plan *plan, struct err *err)
{
    int64_t equity;

    enum err_code rc = decimal_sub(0, plan->deposit_micro, &equity, err);
    if (!rc)
        rc = pay(plan, equity, err);
    if (!rc)
        rc = decimal_add(plan->deposits_after, plan->deposit_micro, &plan->deposits_after, err);
    if (!rc)
        post(plan, DEPOSITS, NULL, equity);
    return rc;
}

static enum err_code plan_dividend(struct plan *plan, struct err *err)
{
    int64_t income;

    enum err_code rc = decimal_sub(0, plan->dividend_micro, &income, err);
    if (!rc)
        rc = pay(plan, income, err);
    if (!rc)
        rc = decimal_add(plan->dividends_after, plan->dividend_micro, &plan->dividends_after, err);
    if (!rc)
        post(plan, DIVIDENDS, plan->payer, income);
    return rc;
}

static enum err_code plan_balances(const struct accounts *a, struct plan *plan, struct err *err)
{
    enum err_code rc = ERR_OK;

    plan->cash_after = a->cash_micro;
    plan->fees_after = a->fees_micro;
    plan->realized_after = a->realized_micro;
    plan->deposits_after = a->deposits_micro;
    plan->dividends_after = a->dividends_micro;
    for (uint32_t i = 0; !rc && i < plan->leg_count; i++) {
        plan->legs[i].position = table_find(&a->positions, &plan->legs[i].symbol);
        rc = plan_leg(plan, &plan->legs[i], err);
    }
    if (!rc)
        rc = plan_fee(plan, err);
    if (!rc)
        rc = plan_deposit(plan, err);
    if (!rc)
        rc = plan_dividend(plan, err);
    return rc;
}

/* -- room and writes ------------------------------------------------------------------------------------ */

/* Room for the positions that the fill brings, so that rows stay where they are from here on. */
static enum err_code reserve_rows(struct accounts *a, struct plan *plan, struct err *err)
{
    uint32_t fresh = 0;

    for (uint32_t i = 0; i < plan->leg_count; i++)
        fresh += plan->legs[i].position ? 0 : 1;
    if (fresh == 0)
        return ERR_OK;
    enum err_code rc = table_reserve(&a->positions, fresh, err);
    for (uint32_t i = 0; !rc && i < plan->leg_count; i++)
        plan->legs[i].position = table_find(&a->positions, &plan->legs[i].symbol);
    return rc;
}

static enum err_code reserve_lots(struct plan *plan, struct err *err)
{
    enum err_code rc = ERR_OK;

    for (uint32_t i = 0; !rc && i < plan->leg_count; i++)
        rc = leg_reserve(&plan->legs[i], err);
    for (uint32_t i = 0; rc && i < plan->leg_count; i++)
        leg_release(&plan->legs[i]);
    return rc;
}

static void commit(struct accounts *a, struct plan *plan, const struct entry *e)
{
    const int64_t at_ns = e->at_ns != INSTANT_NONE ? e->at_ns : e->recorded_at_ns;
    enum err_code rc = ERR_OK;

    fills_add(&a->fills, &plan->fill_id, plan->tag);
    if (e->kind == ENTRY_FILL_BUST)
        fills_add_bust(&a->fills, &e->as.fill_bust, e->seq, plan->reason);
    if (e->kind == ENTRY_FILL_SPLIT)
        fills_add_split(&a->fills, &e->as.fill_split.symbol);
    for (uint32_t i = 0; i < plan->leg_count; i++) {
        struct leg *const leg = &plan->legs[i];
        void *row = leg->position;
        if (!rc && !row)
            rc = table_put(&a->positions, &leg->symbol, &row, NULL);
        REQUIRE(rc == ERR_OK); /* there is room */
        leg->position = row;
        leg_commit(leg, at_ns, e->seq);
    }
    if (plan->leg_count > 0)
        plan->legs[0].position->fees_micro = plan->position_fees_after;
    if (plan->scaled_qty != 0)
        leg_scale(plan->legs[0].position, plan->scaled_qty, e->seq);
    a->cash_micro = plan->cash_after;
    a->fees_micro = plan->fees_after;
    a->realized_micro = plan->realized_after;
    a->deposits_micro = plan->deposits_after;
    a->dividends_micro = plan->dividends_after;
    memcpy(a->last, plan->postings, plan->posting_count * sizeof plan->postings[0]);
    a->last_count = plan->posting_count;
    a->last_seq = e->seq;
}

enum err_code accounts_apply(void *state, const struct entry *e, struct err *err)
{
    struct accounts *const a = state;
    struct plan plan; /* what is not set here is written before it is read */

    plan.fill_id.id = NULL;
    plan.leg_count = 0;
    plan.posting_count = 0;
    plan.fee_micro = 0;
    plan.deposit_micro = 0;
    plan.dividend_micro = 0;
    plan.payer = NULL;
    plan.tag = 0;
    plan.reason = FILLS_STANDS;
    plan.scaled_qty = 0;
    enum err_code rc = plan_fill(a, e, &plan, err);
    if (!plan.fill_id.id)
        return ERR_OK; /* no fill: every fill names its id before anything can fail */
    if (!rc)
        rc = plan_balances(a, &plan, err);
    /* Asked this late, because the answer is far away: see ids_key(). A duplicate's plan is dropped. */
    const enum err_code room = fills_reserve(&a->fills, plan.tag, err);
    if (!room && fills_is_told(&a->fills, &plan.fill_id, plan.tag)) {
        a->duplicates++;
        return ERR_OK;
    }
    rc = room ? room : rc;
    if (!rc)
        rc = reserve_rows(a, &plan, err);
    if (!rc)
        rc = reserve_lots(&plan, err);
    if (rc) {
        err_wrap(err, "fill %s", plan.fill_id.id->text);
        return rc;
    }
    commit(a, &plan, e);
    return ERR_OK;
}

/* -- looking -------------------------------------------------------------------------------------------- */

const struct replay_row accounts_row = {
    .name = "accounts",
    .size = sizeof(struct accounts),
    .init = accounts_init,
    .apply = accounts_apply,
    .digest = accounts_digest,
    .release = accounts_release,
    .restore = accounts_restore,
    .version = 4,
};

const struct position *accounts_position(const struct accounts *a, const struct symbol *s)
{
    return table_find(&a->positions, s);
}

int64_t position_average_price_nano(const struct position *p)
{
    const int64_t nano_per_micro = NANO / MICRO;
    const int64_t multiplier = symbol_multiplier(&p->symbol);
    int64_t average;

    if (p->qty == 0)
        return 0;
    REQUIRE(nano_per_micro % multiplier ==
            0); /* so that |qty| x multiplier, which may not fit, is not needed */
    if (decimal_mul_div(p->cost_micro, nano_per_micro / multiplier, p->qty < 0 ? -p->qty : p->qty, &average,
                        NULL) ||
        average == INT64_MIN)
        return INT64_MAX;
    return average < 0 ? -average : average;
}

int64_t accounts_sum_micro(const struct accounts *a)
{
    /* Wraps: sums on the way may leave the range although the whole is zero. */
    uint64_t sum = (uint64_t)a->cash_micro + (uint64_t)a->fees_micro - (uint64_t)a->realized_micro -
                   (uint64_t)a->deposits_micro - (uint64_t)a->dividends_micro;

    for (uint32_t i = 0; i < a->positions.count; i++) {
        const struct position *const p = table_at(&a->positions, i);
        sum += (uint64_t)p->cost_micro;
    }
    return (int64_t)sum;
}
