#include "book/engine.h"

#include "risk/governor.h"
#include "risk/reconcile_breaks.h"
#include "strategy/covered_call.h"

struct desk {
    struct book *book;
    const struct entry *trigger;
    const struct proposals *out;
    struct entry verdict; /* kept here: an entry is too large for a deep stack */
    struct entry order;
};

struct decide_context engine_context(const struct book *b)
{
    const struct configuration *const c = &b->configuration->configuration;

    return (struct decide_context){
        .risk = {.view = b->view,
                 .accounts = b->accounts,
                 .orders = b->orders,
                 .state = b->risk,
                 .settings = &c->risk,
                 .reconcile = b->reconcile},
        .strategy_settings = &c->strategy,
        .naked_put = b->naked_put,
    };
}

static void fill_order(struct entry *order, const struct entry *decision, uint64_t verdict_seq)
{
    struct entry_order_new *const o = &order->as.order_new;

    memset(order, 0, sizeof *order);
    order->kind = ENTRY_ORDER_NEW;
    order->cause = verdict_seq;
    o->type = ORDER_TYPE_LIMIT;
    if (decision->kind == ENTRY_DECISION_ENTER) {
        const struct entry_decision_enter *const d = &decision->as.decision_enter;
        o->order_id = d->order_id;
        o->symbol = d->symbol;
        o->side = d->side;
        o->qty = d->qty;
        o->limit = d->limit;
    } else {
        const struct entry_decision_exit *const d = &decision->as.decision_exit;
        o->order_id = d->order_id;
        o->symbol = d->symbol;
        o->side = d->side;
        o->qty = d->qty;
        o->limit = d->limit;
    }
}

/* A decision is judged where it is proposed, before the strategy says anything else. */
static enum err_code propose(void *context, struct entry *draft, struct err *err)
{
    struct desk *const d = context;
    enum err_code rc = d->out->propose(d->out->context, draft, err);

    if (rc || (draft->kind != ENTRY_DECISION_ENTER && draft->kind != ENTRY_DECISION_EXIT))
        return rc;
    const struct decide_context ctx = engine_context(d->book);
    rc = risk_judge(&ctx.risk, draft, &d->verdict, err);
    if (!rc)
        rc = d->out->propose(d->out->context, &d->verdict, err);
    if (rc || !d->verdict.as.risk_verdict.allowed)
        return rc;
    fill_order(&d->order, draft, d->verdict.seq);
    return d->out->propose(d->out->context, &d->order, err);
}

static uint64_t next_seq(void *context)
{
    const struct desk *const d = context;

    return d->out->next_seq(d->out->context);
}

/* Rows are looked up by number each time: a proposal may move the table. */
static enum err_code cancel_orders(struct desk *d, bool only_opening, uint64_t cause, const char *reason,
                                   struct err *err)
{
    enum err_code rc = ERR_OK;

    for (uint32_t i = 0; !rc && i < d->book->orders->by_id.count; i++) {
        const struct decide_context ctx = engine_context(d->book);
        const struct order *const o = table_at(&d->book->orders->by_id, i);
        if (!order_is_open(o) || o->status == ORDER_CANCEL_ASKED)
            continue;
        if (only_opening && risk_is_closing(&ctx.risk, &o->symbol, o->side))
            continue;
        memset(&d->order, 0, sizeof d->order);
        d->order.kind = ENTRY_ORDER_CANCEL;
        d->order.cause = cause;
        d->order.as.order_cancel.order_id = o->order_id;
        d->order.as.order_cancel.reason = text_from(reason);
        rc = d->out->propose(d->out->context, &d->order, err);
    }
    return rc;
}

static enum err_code answer_clock(struct desk *d, const struct proposals *through, struct err *err)
{
    const struct decide_context ctx = engine_context(d->book);
    const uint32_t tripped = risk_state_tripped(d->book->risk);
    enum err_code rc = reconcile_busts(&ctx.risk, d->trigger, through, err);

    if (!rc)
        rc = risk_equity(&ctx.risk, d->trigger, through, err);
    if (!rc)
        rc = risk_breakers(&ctx.risk, d->trigger, through, err);
    if (!rc && risk_state_tripped(d->book->risk) > tripped)
        rc = cancel_orders(d, true, next_seq(d) - 1, "a breaker has tripped", err);
    if (!rc)
        rc = naked_put_exits(&ctx, d->trigger, through, err);
    if (!rc)
        rc = naked_put_entries(&ctx, d->trigger, through, err);
    if (!rc)
        rc = covered_call_entries(&ctx, d->trigger, through, err);
    return rc;
}

static enum err_code answer_statement(struct desk *d, struct err *err)
{
    const struct decide_context ctx = engine_context(d->book);

    const enum err_code rc = reconcile_busts(&ctx.risk, d->trigger, d->out, err);
    return rc ? rc : reconcile_breaks(&ctx.risk, d->trigger, d->out, err);
}

bool engine_answers_at_once(const struct book *b, const struct entry *e)
{
    return e->kind == ENTRY_CONTROL_STOP || reconcile_is_asked(b->reconcile, e);
}

enum err_code engine_answer(struct book *b, const struct entry *trigger, const struct proposals *out,
                            struct err *err)
{
    struct desk d;
    const struct proposals through = {propose, next_seq, &d};

    d.book = b;
    d.trigger = trigger;
    d.out = out;
    if (trigger->kind == ENTRY_CONTROL_STOP)
        return cancel_orders(&d, false, trigger->seq, "emergency stop", err);
    if (trigger->kind == ENTRY_PERCEPTION_STATEMENT)
        return answer_statement(&d, err);
    REQUIRE(trigger->kind == ENTRY_PERCEPTION_CLOCK);
    return answer_clock(&d, &through, err);
}

/* A strategy signs its decisions with its name, and the orders that carry them out with its prefix. */
static const char *proposer(const struct entry *draft)
{
    static const char call_prefix[] = COVERED_CALL_ORDER_PREFIX;
    const struct id *strategy = NULL;

    if (draft->kind == ENTRY_ORDER_NEW)
        return strncmp(draft->as.order_new.order_id.text, call_prefix, sizeof call_prefix - 1) == 0
                   ? COVERED_CALL_ACTOR
                   : NAKED_PUT_ACTOR;
    if (draft->kind == ENTRY_DECISION_ENTER)
        strategy = &draft->as.decision_enter.strategy;
    else if (draft->kind == ENTRY_DECISION_NO_TRADE)
        strategy = &draft->as.decision_no_trade.strategy;
    return strategy && id_is(strategy, COVERED_CALL_NAME) ? COVERED_CALL_ACTOR : NAKED_PUT_ACTOR;
}

enum err_code engine_stamp(const struct book *b, const struct entry *trigger, struct entry *draft,
                           struct err *err)
{
    const bool by_governor = entry_family(draft->kind) == FAMILY_RISK || draft->kind == ENTRY_ORDER_CANCEL;
    const char *const name = by_governor ? "risk:governor" : proposer(draft);

    draft->at_ns = trigger->at_ns;
    return actors_id(b->actors, name, strlen(name), &draft->actor, err);
}
