/*
 * Orders: what became of every order, folded from order and fill entries. Intentions and the broker's
 * answers are recorded as they come; an answer about an order that was never sent makes a row of its own
 * (status UNKNOWN), because a fact is not refused.
 *
 *               acknowledged  part filled   cancel        cancelled  rejected  expired   all filled
 *  SENT         WORKING       WORKING       CANCEL_ASKED  CANCELLED  REJECTED  DAY_OVER  FILLED
 *  WORKING      -             -             CANCEL_ASKED  CANCELLED  REJECTED  DAY_OVER  FILLED
 *  CANCEL_ASKED -             -             -             CANCELLED  REJECTED  DAY_OVER  FILLED
 *  any other    -             -             -             -          -         -         FILLED, but UNKNOWN
 *
 * "-": the status stays, the row's counts and last_seq move. A fill after the end (a cancel that crossed it)
 * counts; when it makes the order whole, the order is FILLED. What the broker says again is no second fill.
 * A bust takes its execution's shares and money back; an order that it makes less than whole is CANCELLED, since
 * nobody works the rest: a corrected execution makes it whole again. An execution that was taken back before it was
 * told never counts. A bust that does not fit what it names takes nothing back (ledger/fills.h).
 * An order.new for an id that has one already is a second telling: only last_seq moves.
 */
#ifndef LEDGER_ORDERS_H
#define LEDGER_ORDERS_H

#include "ledger/fills.h"
#include "ledger/replay.h"
#include "ledger/roles.h"
#include "ledger/table.h"

enum order_status {
    ORDER_UNKNOWN = 1,  /* somebody speaks of an order we never sent */
    ORDER_SENT,         /* order.new, no answer yet */
    ORDER_WORKING,      /* acknowledged */
    ORDER_CANCEL_ASKED, /* order.cancel, no answer yet */
    ORDER_FILLED,       /* all of it */
    ORDER_CANCELLED,
    ORDER_REJECTED,
    ORDER_DAY_OVER /* expired */
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
    int64_t limit_nano;     /* or PRICE_NONE */
    uint64_t seq;           /* its order.new; 0 when unknown */
    uint64_t cause;         /* of order.new: the verdict */
    bool is_allowed;        /* its cause is the newest verdict, which allows this very order */
    uint64_t last_fill_seq; /* 0: none yet */
    uint64_t last_seq;      /* newest entry about it */
    int64_t at_ns;          /* of order.new */
};

struct orders {
    struct table by_id;   /* struct order, in order of first appearance */
    uint64_t allowed_seq; /* the newest verdict that allowed an order; 0: none yet */
    struct id allowed_id; /* which order */
    struct roles roles;   /* the verdicts of role risk alone count */
    uint32_t open_count;  /* sent, working or asked to cancel */
    struct fills fills;   /* of every kind: none counts twice, here as in accounts */
};

void orders_init(void *state);
/* All or nothing. ERR_RANGE: an order's filled quantity or money would leave its integer; ERR_MEMORY. */
MUST_USE enum err_code orders_apply(void *state, const struct entry *e, struct err *err);
void orders_digest(const void *state, const struct digest_out *out);
MUST_USE enum err_code orders_restore(void *state, struct restore_in *in, struct err *err);
void orders_release(void *state);
extern const struct replay_row orders_row; /* name "orders" */

const struct order *orders_find(const struct orders *o, const struct id *order_id); /* or NULL */
bool order_is_open(const struct order *o); /* SENT, WORKING or CANCEL_ASKED */
/* "unknown", "sent", "working", "cancel_asked", "filled", "cancelled", "rejected", "day_over". */
const char *order_status_name(enum order_status s);

#endif
