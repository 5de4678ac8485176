/* The state: when each symbol's last decision.no_trade was, so that there is one a minute. */
#include "strategy/naked_put.h"

#include "ledger/decimal.h"
#include "strategy/naked_put_look.h"

#include <string.h>

void naked_put_init(void *state)
{
    struct naked_put_state *const s = state;

    memset(s, 0, sizeof *s);
    s->now_ns = INSTANT_NONE;
    table_init(&s->no_trade, sizeof(struct naked_put_look), sizeof(struct symbol));
}

void naked_put_release(void *state)
{
    struct naked_put_state *const s = state;

    table_release(&s->no_trade);
}

static int64_t minute_of(int64_t at_ns)
{
    const int64_t minute = at_ns / NS_PER_MINUTE;

    return at_ns % NS_PER_MINUTE < 0 ? minute - 1 : minute;
}

static enum err_code on_no_trade(struct naked_put_state *s, const struct entry *e, struct err *err)
{
    const struct entry_decision_no_trade *const d = &e->as.decision_no_trade;
    void *row;

    if (!id_is(&d->strategy, NAKED_PUT_NAME))
        return ERR_OK;
    const enum err_code rc = table_put(&s->no_trade, &d->symbol, &row, err);
    if (rc)
        return rc;
    struct naked_put_look *const look = row;
    look->minute = minute_of(s->now_ns);
    look->seq = e->seq;
    return ERR_OK;
}

enum err_code naked_put_apply(void *state, const struct entry *e, struct err *err)
{
    struct naked_put_state *const s = state;

    switch (e->kind) {
    case ENTRY_PERCEPTION_CLOCK: s->now_ns = e->at_ns != INSTANT_NONE ? e->at_ns : e->recorded_at_ns; break;
    case ENTRY_DECISION_NO_TRADE: return on_no_trade(s, e, err);
    case ENTRY_PERCEPTION_QUOTE: /* market, accounts, orders and limits have reducers of their own */
    case ENTRY_PERCEPTION_BAR:
    case ENTRY_PERCEPTION_MARK:
    case ENTRY_PERCEPTION_OPEN_INTEREST:
    case ENTRY_PERCEPTION_CLOCK_QUALITY:
    case ENTRY_PERCEPTION_TRADING_STATUS:
    case ENTRY_PERCEPTION_STATED_POSITION:
    case ENTRY_PERCEPTION_STATED_FILL:
    case ENTRY_PERCEPTION_STATEMENT:
    case ENTRY_PERCEPTION_DATA_QUALITY:
    case ENTRY_DECISION_CANDIDATES:
    case ENTRY_DECISION_ENTER:
    case ENTRY_DECISION_EXIT:
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
    case ENTRY_FILL_EXECUTION:
    case ENTRY_FILL_ASSIGNMENT:
    case ENTRY_FILL_EXERCISE:
    case ENTRY_FILL_EXPIRATION:
    case ENTRY_FILL_SETTLEMENT:
    case ENTRY_FILL_DEPOSIT:
    case ENTRY_FILL_BUST:
    case ENTRY_FILL_DIVIDEND:
    case ENTRY_FILL_SPLIT:
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
    case ENTRY_CONTROL_HEARTBEAT: break;
    }
    return ERR_OK;
}

void naked_put_digest(const void *state, const struct digest_out *out)
{
    const struct naked_put_state *const s = state;

    digest_i64(out, s->now_ns);
    digest_u64(out, s->no_trade.count);
    for (uint32_t i = 0; i < s->no_trade.count; i++) {
        const struct naked_put_look *const look = table_at(&s->no_trade, i);
        digest_symbol(out, &look->symbol);
        digest_i64(out, look->minute);
        digest_u64(out, look->seq);
    }
}

static enum err_code naked_put_restore(void *state, struct restore_in *in, struct err *err)
{
    struct naked_put_state *const s = state;
    enum err_code rc = ERR_OK;

    s->now_ns = restore_i64(in);
    const uint32_t count = restore_count(in, 3 * sizeof(uint64_t), UINT32_MAX);
    for (uint32_t i = 0; i < count && !rc && !in->bad; i++) {
        struct symbol symbol;
        void *row = NULL;
        restore_symbol(in, &symbol, false);
        const int64_t minute = restore_i64(in);
        const uint64_t seq = restore_u64(in);
        if (!in->bad)
            rc = table_put(&s->no_trade, &symbol, &row, err);
        if (row) {
            ((struct naked_put_look *)row)->minute = minute;
            ((struct naked_put_look *)row)->seq = seq;
        }
    }
    in->bad = in->bad || s->no_trade.count != count; /* none stands there twice */
    return rc ? rc : restore_result(in, err);
}

const struct replay_row naked_put_row = {
    .name = "naked_put",
    .size = sizeof(struct naked_put_state),
    .init = naked_put_init,
    .apply = naked_put_apply,
    .digest = naked_put_digest,
    .release = naked_put_release,
    .restore = naked_put_restore,
    .version = 2,
};

bool naked_put_was_told(const struct decide_context *ctx, const struct symbol *s)
{
    const struct naked_put_look *const look = table_find(&ctx->naked_put->no_trade, s);

    return look && look->minute == minute_of(ctx->naked_put->now_ns);
}

void naked_put_draft(struct entry *e, enum entry_kind kind, const struct entry *tick, uint64_t cause)
{
    memset(e, 0, sizeof *e);
    e->kind = kind;
    e->at_ns = tick->at_ns;
    e->cause = cause;
}

struct id naked_put_order_id(const struct proposals *out)
{
    char text[DECIMAL_TEXT_SIZE + sizeof NAKED_PUT_ORDER_PREFIX] = NAKED_PUT_ORDER_PREFIX;

    decimal_format(text + strlen(text), (int64_t)out->next_seq(out->context), 0);
    return id_from(text);
}
