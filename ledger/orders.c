#include "ledger/orders.h"

void orders_init(void *state)
{
    struct orders *const o = state;

    memset(o, 0, sizeof *o);
    table_init(&o->by_id, sizeof(struct order), sizeof(struct id));
    fills_init(&o->fills);
}

void orders_release(void *state)
{
    struct orders *const o = state;

    table_release(&o->by_id);
    fills_release(&o->fills);
}

bool order_is_open(const struct order *o)
{
    return o->status == ORDER_SENT || o->status == ORDER_WORKING || o->status == ORDER_CANCEL_ASKED;
}

static void set_status(struct orders *o, struct order *row, enum order_status status)
{
    const bool was_open = order_is_open(row);

    row->status = status;
    if (order_is_open(row) && !was_open)
        o->open_count++;
    if (!order_is_open(row) && was_open)
        o->open_count--;
}

/* The order's row; an order nobody heard of begins as UNKNOWN. */
static enum err_code row_of(struct orders *o, const struct id *order_id, const struct entry *e,
                            struct order **row, struct err *err)
{
    void *found = NULL;

    const enum err_code rc = table_put(&o->by_id, order_id, &found, err);
    if (rc)
        return rc;
    *row = found;
    if ((*row)->status == 0) {
        (*row)->status = ORDER_UNKNOWN;
        (*row)->limit_nano = PRICE_NONE;
        (*row)->at_ns = INSTANT_NONE;
    }
    (*row)->last_seq = e->seq;
    return ERR_OK;
}

static void on_verdict(struct orders *o, const struct entry *e)
{
    if (!e->as.risk_verdict.allowed || roles_find(&o->roles, e->actor) != ROLE_RISK)
        return;
    o->allowed_seq = e->seq;
    o->allowed_id = e->as.risk_verdict.order_id;
}

static enum err_code on_new(struct orders *o, const struct entry *e, struct err *err)
{
    const struct entry_order_new *const n = &e->as.order_new;
    struct order *row;

    const enum err_code rc = row_of(o, &n->order_id, e, &row, err);
    if (rc)
        return rc;
    if (row->seq != 0)
        return ERR_OK;
    row->symbol = n->symbol;
    row->side = n->side;
    row->qty = n->qty;
    row->type = n->type;
    row->limit_nano = n->limit;
    row->seq = e->seq;
    row->cause = e->cause;
    row->is_allowed = e->cause != 0 && e->cause == o->allowed_seq && id_equal(&n->order_id, &o->allowed_id);
    row->at_ns = e->at_ns != INSTANT_NONE ? e->at_ns : e->recorded_at_ns;
    set_status(o, row, row->filled_qty >= row->qty ? ORDER_FILLED : ORDER_SENT);
    return ERR_OK;
}

static enum err_code on_acknowledged(struct orders *o, const struct id *order_id, const struct entry *e,
                                     struct err *err)
{
    struct order *row;

    const enum err_code rc = row_of(o, order_id, e, &row, err);
    if (!rc && row->status == ORDER_SENT)
        set_status(o, row, ORDER_WORKING);
    return rc;
}

static enum err_code on_cancel(struct orders *o, const struct id *order_id, const struct entry *e,
                               struct err *err)
{
    struct order *row;

    const enum err_code rc = row_of(o, order_id, e, &row, err);
    if (!rc && order_is_open(row))
        set_status(o, row, ORDER_CANCEL_ASKED);
    return rc;
}

/* The broker's last word, if the order was still open. */
static enum err_code on_end(struct orders *o, const struct id *order_id, enum order_status status,
                            const struct entry *e, struct err *err)
{
    struct order *row;

    const enum err_code rc = row_of(o, order_id, e, &row, err);
    if (!rc && order_is_open(row))
        set_status(o, row, status);
    return rc;
}

/* No execution: nothing that an order is filled by, but told once as any. */
static enum err_code on_other(struct orders *o, const struct id *fill_id, const struct symbol *split,
                              struct err *err)
{
    struct ids_key key = fills_key(&o->fills, fill_id);
    const enum err_code rc = fills_reserve(&o->fills, 0, err);

    if (rc || fills_is_told(&o->fills, &key, 0))
        return rc;
    fills_add(&o->fills, &key, 0);
    if (split)
        fills_add_split(&o->fills, split);
    return ERR_OK;
}

static enum err_code on_execution(struct orders *o, const struct entry *e, struct err *err)
{
    const struct entry_fill_execution *const f = &e->as.fill_execution;
    struct ids_key fill_id = fills_key(&o->fills, &f->fill_id);
    const uint64_t tag = fills_tag(f);
    struct order *row = table_find(&o->by_id, &f->order_id);
    int64_t filled_qty = 0;
    int64_t filled_micro = 0;

    enum err_code rc = decimal_add(row ? row->filled_qty : 0, f->qty, &filled_qty, err);
    if (!rc)
        rc = decimal_notional(f->price, f->qty, symbol_multiplier(&f->symbol), &filled_micro, err);
    if (!rc)
        rc = decimal_add(row ? row->filled_micro : 0, filled_micro, &filled_micro, err);
    const enum err_code room = fills_reserve(&o->fills, tag, err);
    if (!room && fills_is_told(&o->fills, &fill_id, tag))
        return ERR_OK; /* whatever its sums are */
    rc = room ? room : rc;
    if (!rc && !row)
        rc = row_of(o, &f->order_id, e, &row, err);
    if (rc)
        return rc;
    fills_add(&o->fills, &fill_id, tag);
    row->last_seq = e->seq;
    row->filled_qty = filled_qty;
    row->filled_micro = filled_micro;
    row->last_fill_seq = e->seq;
    if (row->status == ORDER_UNKNOWN) {
        row->symbol = f->symbol;
        row->side = f->side;
    } else if (filled_qty >= row->qty) {
        set_status(o, row, ORDER_FILLED);
    } else if (row->status == ORDER_SENT) {
        set_status(o, row, ORDER_WORKING);
    }
    return ERR_OK;
}

/* What is left of an order's fills; the row as it is when the broker takes back what he never told. */
static enum err_code take_back(struct order *row, const struct entry_fill_bust *f, struct err *err)
{
    int64_t money = 0;
    int64_t qty = 0;

    enum err_code rc = decimal_notional(f->price, f->qty, symbol_multiplier(&f->symbol), &money, err);
    if (!rc)
        rc = decimal_sub(row->filled_micro, money, &money, err);
    if (!rc)
        rc = decimal_sub(row->filled_qty, f->qty, &qty, err);
    if (rc)
        return rc;
    row->filled_qty = qty;
    row->filled_micro = money;
    return ERR_OK;
}

static enum err_code on_bust(struct orders *o, const struct entry *e, struct err *err)
{
    const struct entry_fill_bust *const f = &e->as.fill_bust;
    struct ids_key key = fills_key(&o->fills, &f->fill_id);
    struct order *const row = table_find(&o->by_id, &f->order_id);
    const enum fills_reason reason = fills_judge(&o->fills, f);
    const bool counts = reason == FILLS_STANDS && ids_has(&o->fills.told, &f->busted);

    enum err_code rc = fills_reserve(&o->fills, 0, err);
    if (rc || fills_is_told(&o->fills, &key, 0))
        return rc;
    if (row && counts)
        rc = take_back(row, f, err);
    if (rc)
        return rc;
    fills_add(&o->fills, &key, 0);
    fills_add_bust(&o->fills, f, e->seq, reason);
    if (!row)
        return ERR_OK;
    row->last_seq = e->seq;
    if (row->status == ORDER_FILLED && row->filled_qty < row->qty)
        row->status = ORDER_CANCELLED; /* neither is open */
    return ERR_OK;
}

enum err_code orders_apply(void *state, const struct entry *e, struct err *err)
{
    struct orders *const o = state;

    switch (e->kind) {
    case ENTRY_RISK_VERDICT: on_verdict(o, e); return ERR_OK;
    case ENTRY_CONTROL_GENESIS:
    case ENTRY_CONTROL_ACTOR: roles_apply(&o->roles, e); return ERR_OK;
    case ENTRY_ORDER_NEW: return on_new(o, e, err);
    case ENTRY_ORDER_ACKNOWLEDGED: return on_acknowledged(o, &e->as.order_acknowledged.order_id, e, err);
    case ENTRY_ORDER_CANCEL: return on_cancel(o, &e->as.order_cancel.order_id, e, err);
    case ENTRY_ORDER_CANCELLED: return on_end(o, &e->as.order_cancelled.order_id, ORDER_CANCELLED, e, err);
    case ENTRY_ORDER_REJECTED: return on_end(o, &e->as.order_rejected.order_id, ORDER_REJECTED, e, err);
    case ENTRY_ORDER_EXPIRED: return on_end(o, &e->as.order_expired.order_id, ORDER_DAY_OVER, e, err);
    case ENTRY_FILL_EXECUTION: return on_execution(o, e, err);
    case ENTRY_FILL_ASSIGNMENT: return on_other(o, &e->as.fill_assignment.fill_id, NULL, err);
    case ENTRY_FILL_EXERCISE: return on_other(o, &e->as.fill_exercise.fill_id, NULL, err);
    case ENTRY_FILL_EXPIRATION: return on_other(o, &e->as.fill_expiration.fill_id, NULL, err);
    case ENTRY_FILL_SETTLEMENT: return on_other(o, &e->as.fill_settlement.fill_id, NULL, err);
    case ENTRY_FILL_DEPOSIT: return on_other(o, &e->as.fill_deposit.fill_id, NULL, err);
    case ENTRY_FILL_DIVIDEND: return on_other(o, &e->as.fill_dividend.fill_id, NULL, err);
    case ENTRY_FILL_SPLIT: return on_other(o, &e->as.fill_split.fill_id, &e->as.fill_split.symbol, err);
    case ENTRY_FILL_BUST: return on_bust(o, e, err);
    case ENTRY_PERCEPTION_QUOTE: /* no order is changed by what is seen, concluded or said */
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
    case ENTRY_RISK_BREAK:
    case ENTRY_RISK_BREAKER_TRIP:
    case ENTRY_RISK_EQUITY:
    case ENTRY_CONTROL_CONFIGURATION:
    case ENTRY_CONTROL_RUN:
    case ENTRY_CONTROL_RUN_END:
    case ENTRY_CONTROL_SOURCE:
    case ENTRY_CONTROL_STOP: /* a stop acts through the order.cancel entries it causes */
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

static void digest_order(const struct order *o, const struct digest_out *out)
{
    digest_id(out, &o->order_id);
    digest_u64(out, (uint64_t)o->status);
    digest_symbol(out, &o->symbol);
    digest_u64(out, (uint64_t)o->side);
    digest_i64(out, o->qty);
    digest_i64(out, o->filled_qty);
    digest_i64(out, o->filled_micro);
    digest_u64(out, (uint64_t)o->type);
    digest_i64(out, o->limit_nano);
    digest_u64(out, o->seq);
    digest_u64(out, o->cause);
    digest_u64(out, o->is_allowed);
    digest_u64(out, o->last_fill_seq);
    digest_u64(out, o->last_seq);
    digest_i64(out, o->at_ns);
}

void orders_digest(const void *state, const struct digest_out *out)
{
    const struct orders *const o = state;

    digest_u64(out, o->open_count);
    digest_u64(out, o->allowed_seq);
    digest_id(out, &o->allowed_id);
    roles_digest(&o->roles, out);
    digest_u64(out, o->by_id.count);
    for (uint32_t i = 0; i < o->by_id.count; i++)
        digest_order(table_at(&o->by_id, i), out);
    fills_digest(&o->fills, out);
}

const struct replay_row orders_row = {
    .name = "orders",
    .size = sizeof(struct orders),
    .init = orders_init,
    .apply = orders_apply,
    .digest = orders_digest,
    .release = orders_release,
    .restore = orders_restore,
    .version = 4,
};

const struct order *orders_find(const struct orders *o, const struct id *order_id)
{
    return table_find(&o->by_id, order_id);
}

const char *order_status_name(enum order_status s)
{
    switch (s) {
    case ORDER_UNKNOWN: return "unknown";
    case ORDER_SENT: return "sent";
    case ORDER_WORKING: return "working";
    case ORDER_CANCEL_ASKED: return "cancel_asked";
    case ORDER_FILLED: return "filled";
    case ORDER_CANCELLED: return "cancelled";
    case ORDER_REJECTED: return "rejected";
    case ORDER_DAY_OVER: return "day_over";
    }
    return "none";
}
