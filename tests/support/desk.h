/*
 * A desk for tests: every state that deciders see, default settings, and a sink that writes down what they
 * propose and applies it, as the live loop does.
 *
 *   struct desk *d = desk_new();
 *   desk_tell(d, entries_quote(...), "15:01:00");     a time of day in UTC on the desk's day, or a whole instant
 *   desk_tick(d, PHASE_TICK, "15:02:00");
 *   naked_put_entries(&d->ctx, &d->tick, &d->out, NULL);
 *   const struct entry *e = desk_last(d, ENTRY_DECISION_ENTER);
 */
#ifndef TESTS_SUPPORT_DESK_H
#define TESTS_SUPPORT_DESK_H

#include "risk/governor.h"
#include "strategy/costs.h"
#include "strategy/naked_put.h"
#include "support/entries.h"

#include <stdio.h>
#include <stdlib.h>

#define DESK_PROPOSALS_MAX 256
#define DESK_ROWS          6

struct desk {
    struct view view;
    struct accounts accounts;
    struct orders orders;
    struct risk_state risk;
    struct reconcile reconcile;
    struct naked_put_state naked_put;
    struct risk_settings risk_settings;
    struct strategy_settings strategy_settings;
    struct decide_context ctx;
    struct proposals out;
    struct replay replay;
    void *states[DESK_ROWS];
    const char *day;
    struct entry tick; /* the newest clock entry */
    bool judges;       /* answer decisions with a verdict and an order, as the engine does */
    struct entry proposed[DESK_PROPOSALS_MAX]; /* texts are the desk's own copies */
    char *texts[DESK_PROPOSALS_MAX];
    size_t count;
    enum err_code fail_with; /* what the sink answers, when not ERR_OK */
};

static const struct replay_row *const desk_rows[DESK_ROWS] = {
    &accounts_row, &orders_row, &view_row, &risk_row, &naked_put_row, &reconcile_row,
};

static inline void desk_apply(struct desk *d, const struct entry *e)
{
    struct err err;

    if (replay_apply(&d->replay, e, &err)) {
        fprintf(stderr, "desk: %s\n", err.text);
        abort();
    }
}

static inline uint64_t desk_next_seq(void *context)
{
    const struct desk *const d = (const struct desk *)context;

    return d->replay.seq + 1;
}

/* The text of a reason is borrowed from the decider: the desk keeps a copy of its own. */
static inline struct text *desk_reason(struct entry *e)
{
    switch ((int)e->kind) {
    case ENTRY_DECISION_ENTER: return &e->as.decision_enter.reason;
    case ENTRY_DECISION_EXIT: return &e->as.decision_exit.reason;
    case ENTRY_DECISION_NO_TRADE: return &e->as.decision_no_trade.reason;
    case ENTRY_ORDER_CANCEL: return &e->as.order_cancel.reason;
    case ENTRY_RISK_BREAK: return &e->as.risk_break.about;
    case ENTRY_RISK_BREAKER_TRIP: return &e->as.risk_breaker_trip.reason;
    default: return NULL;
    }
}

static inline enum err_code desk_propose(void *context, struct entry *draft, struct err *err);

static inline enum err_code desk_answer(struct desk *d, const struct entry *decision, struct err *err)
{
    struct entry verdict;
    struct entry order = entries_draft(ENTRY_ORDER_NEW);
    struct entry_order_new *const o = &order.as.order_new;

    enum err_code rc = risk_judge(&d->ctx.risk, decision, &verdict, err);
    if (!rc)
        rc = desk_propose(d, &verdict, err);
    if (rc || !verdict.as.risk_verdict.allowed)
        return rc;
    o->order_id = verdict.as.risk_verdict.order_id;
    o->symbol = verdict.as.risk_verdict.symbol;
    o->type = ORDER_TYPE_LIMIT;
    if (decision->kind == ENTRY_DECISION_ENTER) {
        o->side = decision->as.decision_enter.side;
        o->qty = decision->as.decision_enter.qty;
        o->limit = decision->as.decision_enter.limit;
    } else {
        o->side = decision->as.decision_exit.side;
        o->qty = decision->as.decision_exit.qty;
        o->limit = decision->as.decision_exit.limit;
    }
    order.cause = verdict.seq;
    return desk_propose(d, &order, err);
}

static inline enum err_code desk_propose(void *context, struct entry *draft, struct err *err)
{
    struct desk *const d = (struct desk *)context;

    if (d->fail_with)
        return err_set(err, d->fail_with, "the sink says no");
    REQUIRE(d->count < DESK_PROPOSALS_MAX);
    draft->seq = d->replay.seq + 1;
    draft->at_ns = d->tick.at_ns;
    draft->recorded_at_ns = d->tick.at_ns;
    REQUIRE(draft->cause > 0 && draft->cause < draft->seq);
    REQUIRE(entry_check(draft, NULL) == ERR_OK);
    desk_apply(d, draft);
    d->proposed[d->count] = *draft;
    struct text *const reason = desk_reason(&d->proposed[d->count]);
    if (reason) {
        char *const copy = (char *)calloc(reason->length + 1U, 1);
        REQUIRE(copy);
        memcpy(copy, reason->bytes, reason->length);
        reason->bytes = copy;
        d->texts[d->count] = copy;
    }
    d->count++;
    const bool decides = draft->kind == ENTRY_DECISION_ENTER || draft->kind == ENTRY_DECISION_EXIT;
    return d->judges && decides ? desk_answer(d, draft, err) : ERR_OK;
}

static inline struct desk *desk_new(const char *day)
{
    struct desk *const d = (struct desk *)calloc(1, sizeof *d);

    REQUIRE(d);
    d->day = day;
    d->states[0] = &d->accounts;
    d->states[1] = &d->orders;
    d->states[2] = &d->view;
    d->states[3] = &d->risk;
    d->states[4] = &d->naked_put;
    d->states[5] = &d->reconcile;
    replay_init(&d->replay, desk_rows, d->states, DESK_ROWS);
    struct setting_group group = {NULL, 0, 0};
    group.rows = risk_settings_rows(&group.count);
    settings_defaults(&group, &d->risk_settings);
    group.rows = strategy_settings_rows(&group.count);
    settings_defaults(&group, &d->strategy_settings);
    d->ctx = (struct decide_context){
        {&d->view, &d->accounts, &d->orders, &d->risk, &d->risk_settings, &d->reconcile},
        &d->strategy_settings,
        &d->naked_put};
    d->out = (struct proposals){desk_propose, desk_next_seq, d};
    return d;
}

/* Forgets what was proposed; states stay. */
static inline void desk_forget(struct desk *d)
{
    for (size_t i = 0; i < d->count; i++) {
        free(d->texts[i]);
        d->texts[i] = NULL;
    }
    d->count = 0;
}

static inline void desk_free(struct desk *d)
{
    desk_forget(d);
    replay_release(&d->replay);
    free(d);
}

/* `when`: "15:01:00" in UTC on the desk's day, or a whole instant. Returns the entry's seq. */
static inline uint64_t desk_tell(struct desk *d, struct entry e, const char *when)
{
    char at[64];

    snprintf(at, sizeof at, strchr(when, 'T') ? "%.0s%s" : "%sT%sZ", d->day, when);
    e = entries_placed(e, d->replay.seq + 1, at);
    desk_apply(d, &e);
    if (e.kind == ENTRY_PERCEPTION_CLOCK)
        d->tick = e;
    return e.seq;
}

static inline void desk_tick(struct desk *d, enum phase phase, const char *when)
{
    desk_tell(d, entries_clock(phase, d->day), when);
}

/* Newest proposal of a kind, or NULL. */
static inline const struct entry *desk_last(const struct desk *d, enum entry_kind kind)
{
    for (size_t i = d->count; i-- > 0;) {
        if (d->proposed[i].kind == kind)
            return &d->proposed[i];
    }
    return NULL;
}

static inline size_t desk_count(const struct desk *d, enum entry_kind kind)
{
    size_t n = 0;

    for (size_t i = 0; i < d->count; i++)
        n += d->proposed[i].kind == kind ? 1 : 0;
    return n;
}

/* The row of this name; stops the test when there is none. */
static inline const struct check *desk_check(const struct checks *checks, const char *name)
{
    for (unsigned i = 0; i < checks->count; i++) {
        if (id_is(&checks->rows[i].name, name))
            return &checks->rows[i];
    }
    fprintf(stderr, "desk: no check %s\n", name);
    abort();
}

static inline struct entry desk_enter(const char *order_id, const char *symbol, enum side side, int64_t qty,
                                      const char *limit)
{
    struct entry e = entries_draft(ENTRY_DECISION_ENTER);

    e.as.decision_enter.strategy = id_from(NAKED_PUT_NAME);
    e.as.decision_enter.order_id = id_from(order_id);
    e.as.decision_enter.symbol = entries_symbol(symbol);
    e.as.decision_enter.side = side;
    e.as.decision_enter.qty = qty;
    e.as.decision_enter.limit = entries_price(limit);
    return e;
}

static inline struct entry desk_exit(const char *order_id, const char *symbol, enum side side, int64_t qty,
                                     const char *limit)
{
    struct entry e = entries_draft(ENTRY_DECISION_EXIT);

    e.as.decision_exit.strategy = id_from(NAKED_PUT_NAME);
    e.as.decision_exit.order_id = id_from(order_id);
    e.as.decision_exit.symbol = entries_symbol(symbol);
    e.as.decision_exit.side = side;
    e.as.decision_exit.qty = qty;
    e.as.decision_exit.limit = entries_price(limit);
    e.as.decision_exit.rule = EXIT_RULE_PROFIT;
    return e;
}

static inline struct entry desk_equity(enum phase phase, const char *session, const char *equity)
{
    struct entry e = entries_draft(ENTRY_RISK_EQUITY);

    e.as.risk_equity.phase = phase;
    e.as.risk_equity.session = entries_day(session);
    e.as.risk_equity.equity = entries_money(equity);
    return e;
}

static inline struct entry desk_trip(const char *breaker)
{
    struct entry e = entries_draft(ENTRY_RISK_BREAKER_TRIP);

    e.as.risk_breaker_trip.breaker = id_from(breaker);
    return e;
}

/* The last price of an underlying. */
static inline void desk_trade(struct desk *d, const char *symbol, const char *price, const char *when)
{
    desk_tell(d, entries_bar(symbol, price, price, price, price, 100, 60), when);
}

/* Loses this much money for ever: the fee of a share bought and sold at one price. */
static inline void desk_lose(struct desk *d, const char *amount, const char *when)
{
    char fill[32];

    snprintf(fill, sizeof fill, "loss-%llu", (unsigned long long)d->replay.seq + 1);
    desk_tell(d, entries_execution("loss", fill, "AAPL", SIDE_BUY, 1, "1", amount), when);
    snprintf(fill, sizeof fill, "loss-%llu", (unsigned long long)d->replay.seq + 1);
    desk_tell(d, entries_execution("loss", fill, "AAPL", SIDE_SELL, 1, "1", "0"), when);
}

/* A position that was opened earlier. */
static inline void desk_fill(struct desk *d, const char *symbol, enum side side, int64_t qty,
                             const char *price, const char *when)
{
    char fill[32];

    snprintf(fill, sizeof fill, "fill-%llu", (unsigned long long)d->replay.seq + 1);
    desk_tell(d, entries_execution("earlier", fill, symbol, side, qty, price, "0"), when);
}

#endif
