#include "risk/risk_state.h"

#include "risk/governor.h"

#include <string.h>

void risk_state_init(void *state)
{
    struct risk_state *const s = state;

    memset(s, 0, sizeof *s);
    s->now_ns = INSTANT_NONE;
    s->session = CIVIL_DAY_NONE;
    s->equity_at_ns = INSTANT_NONE;
    s->equity_session = CIVIL_DAY_NONE;
    table_init(&s->deposit_ids, sizeof(struct id), sizeof(struct id));
}

void risk_state_release(void *state)
{
    struct risk_state *const s = state;

    table_release(&s->deposit_ids);
}

static void on_clock(struct risk_state *s, const struct entry *e)
{
    const struct entry_perception_clock *const c = &e->as.perception_clock;

    if (c->session != s->session) {
        s->session = c->session;
        s->has_opening = false;
        s->opening_phase = (enum phase)0;
        s->opening_equity_micro = 0;
        s->opening_seq = 0;
        s->deposits_micro = 0;
        s->opened_today = 0;
    }
    s->now_ns = e->at_ns != INSTANT_NONE ? e->at_ns : e->recorded_at_ns;
}

/* The record at the open counts; a session that was joined late is measured from its first. */
static void on_equity(struct risk_state *s, const struct entry *e)
{
    const struct entry_risk_equity *const q = &e->as.risk_equity;

    s->equity_seq = e->seq;
    s->equity_micro = q->equity;
    s->equity_at_ns = s->now_ns;
    s->equity_session = q->session;
    if (q->session != s->session)
        return;
    if (s->has_opening && (q->phase != PHASE_OPEN || s->opening_phase == PHASE_OPEN))
        return;
    s->has_opening = true;
    s->opening_phase = q->phase;
    s->opening_equity_micro = q->equity;
    s->opening_seq = e->seq;
    s->deposits_micro = 0;
}

static enum err_code on_deposit(struct risk_state *s, const struct entry *e, struct err *err)
{
    const struct entry_fill_deposit *const d = &e->as.fill_deposit;
    int64_t sum = s->deposits_micro;
    void *row;

    if (table_find(&s->deposit_ids, &d->fill_id))
        return ERR_OK;
    enum err_code rc = s->has_opening ? decimal_add(sum, d->amount, &sum, err) : ERR_OK;
    if (!rc)
        rc = table_put(&s->deposit_ids, &d->fill_id, &row, err);
    if (!rc)
        s->deposits_micro = sum;
    return rc;
}

/* We have one breaker; a journal with more names than rows still counts the tripped ones, in the last row. */
static void on_trip(struct risk_state *s, const struct entry *e)
{
    const struct entry_risk_breaker_trip *const t = &e->as.risk_breaker_trip;
    uint32_t i = 0;

    while (i < s->breaker_count && !id_equal(&s->breakers[i].name, &t->breaker))
        i++;
    if (i == RISK_BREAKERS_MAX)
        i--;
    else if (i == s->breaker_count)
        s->breaker_count++;
    s->breakers[i] = (struct risk_breaker){t->breaker, e->seq, s->session, true};
}

static void on_resume(struct risk_state *s)
{
    s->stopped = false;
    s->stop_seq = 0;
    for (uint32_t i = 0; i < s->breaker_count; i++)
        s->breakers[i].tripped = false;
}

static void on_stop(struct risk_state *s, const struct entry *e)
{
    s->stopped = true;
    s->stop_seq = e->seq;
}

/* -- overrides ------------------------------------------------------------------------------------------ */

static void remove_override(struct risk_state *s, uint32_t index)
{
    s->override_count--;
    memmove(s->overrides + index, s->overrides + index + 1,
            (s->override_count - index) * sizeof s->overrides[0]);
    memset(&s->overrides[s->override_count], 0, sizeof s->overrides[0]);
}

static void on_override(struct risk_state *s, const struct entry *e)
{
    const struct entry_control_override *const o = &e->as.control_override;
    int64_t until;

    if (s->now_ns == INSTANT_NONE || decimal_add(s->now_ns, o->valid_s * NS_PER_SECOND, &until, NULL))
        return; /* without a clock there is no order to let pass */
    if (s->override_count == RISK_OVERRIDES_MAX)
        remove_override(s, 0);
    s->overrides[s->override_count++] = (struct risk_override){o->symbol, o->limit, until, e->seq};
}

static bool is_for(const struct risk_override *o, const struct symbol *symbol, const struct id *limit)
{
    struct symbol underlying;

    symbol_underlying(symbol, &underlying);
    return id_equal(&o->limit, limit) &&
           (symbol_equal(&o->symbol, symbol) || symbol_equal(&o->symbol, &underlying));
}

const struct risk_override *risk_state_override(const struct risk_state *s, const struct symbol *symbol,
                                                const struct id *limit)
{
    for (uint32_t i = 0; i < s->override_count; i++) {
        if (s->now_ns <= s->overrides[i].until_ns && is_for(&s->overrides[i], symbol, limit))
            return &s->overrides[i];
    }
    return NULL;
}

/* What an allowed order has used is gone. */
static void use_overrides(struct risk_state *s, const struct entry_risk_verdict *v)
{
    for (unsigned row = 0; row < v->checks.count; row++) {
        struct id limit;
        if (!risk_check_overridden(&v->checks.rows[row], &limit))
            continue;
        const struct risk_override *const used = risk_state_override(s, &v->symbol, &limit);
        if (used)
            remove_override(s, (uint32_t)(used - s->overrides));
    }
}

static void on_verdict(struct risk_state *s, const struct entry *e)
{
    if (e->as.risk_verdict.allowed)
        use_overrides(s, &e->as.risk_verdict);
    if (e->as.risk_verdict.allowed && s->enter_seq != 0 && e->cause == s->enter_seq) {
        s->opened_today++;
        s->enter_seq = 0;
    }
}

/* The machine's own measurement: what anybody else says of a clock is of another one. */
static void on_quality(struct risk_state *s, const struct entry *e)
{
    if (e->actor != 0)
        return;
    s->clock_seq = e->seq;
    s->clock_ok = e->as.perception_clock_quality.ok;
}

enum err_code risk_state_apply(void *state, const struct entry *e, struct err *err)
{
    struct risk_state *const s = state;

    switch (e->kind) {
    case ENTRY_PERCEPTION_CLOCK: on_clock(s, e); break;
    case ENTRY_PERCEPTION_CLOCK_QUALITY: on_quality(s, e); break;
    case ENTRY_DECISION_ENTER: s->enter_seq = e->seq; break;
    case ENTRY_RISK_VERDICT: on_verdict(s, e); break;
    case ENTRY_RISK_BREAKER_TRIP: on_trip(s, e); break;
    case ENTRY_RISK_EQUITY: on_equity(s, e); break;
    case ENTRY_RISK_BREAK: break;
    case ENTRY_FILL_DEPOSIT: return on_deposit(s, e, err);
    case ENTRY_CONTROL_STOP: on_stop(s, e); break;
    case ENTRY_CONTROL_RESUME: on_resume(s); break;
    case ENTRY_CONTROL_OVERRIDE: on_override(s, e); break;
    case ENTRY_PERCEPTION_QUOTE: /* the market is the view's */
    case ENTRY_PERCEPTION_BAR:
    case ENTRY_PERCEPTION_MARK:
    case ENTRY_PERCEPTION_OPEN_INTEREST:
    case ENTRY_PERCEPTION_TRADING_STATUS:
    case ENTRY_PERCEPTION_STATED_POSITION:
    case ENTRY_PERCEPTION_STATED_FILL:
    case ENTRY_PERCEPTION_STATEMENT:
    case ENTRY_PERCEPTION_DATA_QUALITY:
    case ENTRY_DECISION_CANDIDATES: /* what was only considered, or closes, opens nothing */
    case ENTRY_DECISION_EXIT:
    case ENTRY_DECISION_NO_TRADE:
    case ENTRY_ORDER_NEW: /* orders and fills are the accounts' and the orders' */
    case ENTRY_ORDER_ACKNOWLEDGED:
    case ENTRY_ORDER_CANCEL:
    case ENTRY_ORDER_CANCELLED:
    case ENTRY_ORDER_REJECTED:
    case ENTRY_ORDER_EXPIRED:
    case ENTRY_FILL_EXECUTION:
    case ENTRY_FILL_ASSIGNMENT:
    case ENTRY_FILL_EXERCISE:
    case ENTRY_FILL_EXPIRATION:
    case ENTRY_FILL_SETTLEMENT:
    case ENTRY_FILL_BUST:
    case ENTRY_FILL_DIVIDEND:
    case ENTRY_FILL_SPLIT:
    case ENTRY_CONTROL_GENESIS: /* who may write, and what is said, moves no limit */
    case ENTRY_CONTROL_ACTOR:
    case ENTRY_CONTROL_CONFIGURATION:
    case ENTRY_CONTROL_RUN: /* a restart forgets nothing */
    case ENTRY_CONTROL_RUN_END:
    case ENTRY_CONTROL_SOURCE:
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
    case ENTRY_CONTROL_HYPOTHESIS:
    case ENTRY_CONTROL_HEARTBEAT: break;
    }
    return ERR_OK;
}

void risk_state_digest(const void *state, const struct digest_out *out)
{
    const struct risk_state *const s = state;

    digest_u64(out, s->stopped);
    digest_u64(out, s->stop_seq);
    digest_u64(out, s->breaker_count);
    for (uint32_t i = 0; i < s->breaker_count; i++) {
        digest_id(out, &s->breakers[i].name);
        digest_u64(out, s->breakers[i].seq);
        digest_i64(out, s->breakers[i].session);
        digest_u64(out, s->breakers[i].tripped);
    }
    digest_i64(out, s->now_ns);
    digest_i64(out, s->session);
    digest_u64(out, s->has_opening);
    digest_u64(out, (uint64_t)s->opening_phase);
    digest_i64(out, s->opening_equity_micro);
    digest_u64(out, s->opening_seq);
    digest_i64(out, s->deposits_micro);
    digest_u64(out, s->deposit_ids.count);
    for (uint32_t i = 0; i < s->deposit_ids.count; i++)
        digest_id(out, table_at(&s->deposit_ids, i));
    digest_u64(out, s->equity_seq);
    digest_i64(out, s->equity_micro);
    digest_i64(out, s->equity_at_ns);
    digest_i64(out, s->equity_session);
    digest_u64(out, s->enter_seq);
    digest_i64(out, s->opened_today);
    digest_u64(out, s->override_count);
    for (uint32_t i = 0; i < s->override_count; i++) {
        digest_symbol(out, &s->overrides[i].symbol);
        digest_id(out, &s->overrides[i].limit);
        digest_i64(out, s->overrides[i].until_ns);
        digest_u64(out, s->overrides[i].seq);
    }
    digest_u64(out, s->clock_seq);
    digest_u64(out, s->clock_ok);
}

static void restore_breakers(struct risk_state *s, struct restore_in *in)
{
    s->breaker_count = restore_count(in, 1, RISK_BREAKERS_MAX);
    for (uint32_t i = 0; i < s->breaker_count; i++) {
        restore_id(in, &s->breakers[i].name, false);
        s->breakers[i].seq = restore_u64(in);
        s->breakers[i].session = restore_day(in);
        s->breakers[i].tripped = restore_flag(in);
    }
}

static void restore_overrides(struct risk_state *s, struct restore_in *in)
{
    s->override_count = restore_count(in, 1, RISK_OVERRIDES_MAX);
    for (uint32_t i = 0; i < s->override_count; i++) {
        restore_symbol(in, &s->overrides[i].symbol, false);
        restore_id(in, &s->overrides[i].limit, false);
        s->overrides[i].until_ns = restore_i64(in);
        s->overrides[i].seq = restore_u64(in);
    }
}

static enum err_code restore_deposits(struct risk_state *s, struct restore_in *in, struct err *err)
{
    const uint32_t count = restore_count(in, sizeof(uint64_t), UINT32_MAX);
    enum err_code rc = ERR_OK;

    for (uint32_t i = 0; i < count && !rc && !in->bad; i++) {
        struct id id;
        void *row;
        restore_id(in, &id, false);
        if (!in->bad)
            rc = table_put(&s->deposit_ids, &id, &row, err);
    }
    in->bad = in->bad || s->deposit_ids.count != count; /* none stands there twice */
    return rc;
}

static enum err_code risk_state_restore(void *state, struct restore_in *in, struct err *err)
{
    struct risk_state *const s = state;

    s->stopped = restore_flag(in);
    s->stop_seq = restore_u64(in);
    restore_breakers(s, in);
    s->now_ns = restore_i64(in);
    s->session = restore_day(in);
    s->has_opening = restore_flag(in);
    s->opening_phase = (enum phase)restore_within(in, 0, PHASE_CLOSE);
    s->opening_equity_micro = restore_i64(in);
    s->opening_seq = restore_u64(in);
    s->deposits_micro = restore_i64(in);
    const enum err_code rc = restore_deposits(s, in, err);
    if (rc)
        return rc;
    s->equity_seq = restore_u64(in);
    s->equity_micro = restore_i64(in);
    s->equity_at_ns = restore_i64(in);
    s->equity_session = restore_day(in);
    s->enter_seq = restore_u64(in);
    s->opened_today = restore_i64(in);
    restore_overrides(s, in);
    s->clock_seq = restore_u64(in);
    s->clock_ok = restore_flag(in);
    return restore_result(in, err);
}

const struct replay_row risk_row = {
    .name = "risk",
    .size = sizeof(struct risk_state),
    .init = risk_state_init,
    .apply = risk_state_apply,
    .digest = risk_state_digest,
    .release = risk_state_release,
    .restore = risk_state_restore,
    .version = 3,
};

uint32_t risk_state_tripped(const struct risk_state *s)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < s->breaker_count; i++)
        n += s->breakers[i].tripped ? 1 : 0;
    return n;
}

const struct risk_breaker *risk_state_breaker(const struct risk_state *s, const char *name)
{
    for (uint32_t i = 0; i < s->breaker_count; i++) {
        if (id_is(&s->breakers[i].name, name))
            return &s->breakers[i];
    }
    return NULL;
}
