/* The orders' canonical bytes, read back: see orders_digest(). */
#include "ledger/orders.h"

#define ORDER_BYTES (14 * sizeof(uint64_t)) /* that orders_digest() writes for an order, at the least */

static void restore_order(struct order *o, struct restore_in *in)
{
    o->status = (enum order_status)restore_within(in, ORDER_UNKNOWN, ORDER_DAY_OVER);
    restore_symbol(in, &o->symbol, true); /* the order was never sent, or filled */
    o->side = (enum side)restore_within(in, 0, SIDE_SELL);
    o->qty = restore_i64(in);
    o->filled_qty = restore_i64(in);
    o->filled_micro = restore_i64(in);
    o->type = (enum order_type)restore_within(in, 0, ORDER_TYPE_MARKET);
    o->limit_nano = restore_i64(in);
    o->seq = restore_u64(in);
    o->cause = restore_u64(in);
    o->is_allowed = restore_flag(in);
    o->last_fill_seq = restore_u64(in);
    o->last_seq = restore_u64(in);
    o->at_ns = restore_i64(in);
}

static enum err_code restore_orders(struct orders *o, struct restore_in *in, struct err *err)
{
    const uint32_t count = restore_count(in, ORDER_BYTES, UINT32_MAX);
    uint32_t open = 0;

    for (uint32_t i = 0; i < count && !in->bad; i++) {
        struct id order_id;
        void *row = NULL;
        restore_id(in, &order_id, false);
        if (in->bad)
            break;
        const enum err_code rc = table_put(&o->by_id, &order_id, &row, err);
        if (rc)
            return rc;
        restore_order(row, in);
        open += order_is_open(row);
    }
    in->bad = in->bad || o->by_id.count != count || open != o->open_count;
    return ERR_OK;
}

enum err_code orders_restore(void *state, struct restore_in *in, struct err *err)
{
    struct orders *const o = state;

    o->open_count = (uint32_t)restore_within(in, 0, UINT32_MAX);
    o->allowed_seq = restore_u64(in);
    restore_id(in, &o->allowed_id, true);
    roles_restore(&o->roles, in);
    enum err_code rc = restore_orders(o, in, err);
    if (!rc)
        rc = fills_restore(&o->fills, in, err);
    return rc ? rc : restore_result(in, err);
}
