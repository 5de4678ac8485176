/*
 * Orders: what became of every order, folded from order and fill entries. Intentions and the broker's
 * answers are recorded as they come; an answer about an order that was never sent makes a row of its own
 * (status UNKNOWN), because a fact is not refused.
 */
#ifndef LEDGER_ORDERS_H
#define LEDGER_ORDERS_H

#include "ledger/replay.h"
#include "ledger/table.h"

enum order_status {
    ORDER_UNKNOWN = 1,   /* the broker speaks of an order we never sent */
    ORDER_SENT,          /* order.new, no answer yet */
    ORDER_WORKING,       /* acknowledged */
    ORDER_CANCEL_ASKED,  /* order.cancel, no answer yet */
    ORDER_FILLED,        /* all of it */
    ORDER_CANCELLED,
    ORDER_REJECTED,
    ORDER_DAY_OVER       /* expired */
};

struct order {
    struct id order_id; /* the key */
    enum order_status status;
    struct symbol symbol;
    enum side side;
    int64_t qty;
    int64_t filled_qty;
    int64_t filled_micro; /* sum of price x qty x multiplier, without fees */
    enum order_type type;
    int64_t limit_nano; /* or PRICE_NONE */
    uint64_t seq;           /* its order.new; 0 when unknown */
    uint64_t cause;         /* of order.new: the verdict */
    uint64_t last_fill_seq; /* 0: none yet */
    uint64_t last_seq;      /* newest entry about it */
    int64_t at_ns;          /* of order.new */
};

struct orders {
    struct table by_id; /* struct order, in order of first appearance */
    uint32_t open_count; /* sent, working or asked to cancel */
    struct table fill_ids; /* struct id: repeated fills do not count twice */
};

void orders_init(void *state);
MUST_USE enum err_code orders_apply(void *state, const struct entry *e, struct err *err);
void orders_digest(const void *state, const struct digest_out *out);
void orders_release(void *state);
extern const struct replay_row orders_row; /* name "orders" */

const struct order *orders_find(const struct orders *o, const struct id *order_id); /* or NULL */
bool order_is_open(const struct order *o); /* SENT, WORKING or CANCEL_ASKED */
const char *order_status_name(enum order_status s);

#endif
