/*
 * A leg: what one fill does to one position. Planning checks everything and changes nothing; committing
 * changes everything and cannot fail. An execution has one leg, an assignment two (option and stock).
 * Private to accounts.c.
 */
#ifndef LEDGER_LEG_H
#define LEDGER_LEG_H

#include "ledger/accounts.h"

struct leg {
    /* what is asked for */
    struct symbol symbol;
    int64_t qty;        /* signed change: bought is positive; 0: only a fee belongs to it */
    int64_t price_nano; /* what a lot that it opens remembers */
    int64_t flow_micro; /* signed cost: paid is positive, received negative */
    uint64_t
        lot_seq; /* the lot to close, as far as it is that large: what a bust takes back; 0: the oldest */
    bool is_transfer;    /* the flow goes to another leg, not to cash */
    int64_t bonus_micro; /* profit in cash beside the flow: cash in lieu of fractions */

    /* what there is */
    struct position *position; /* NULL: none yet */

    /* the plan */
    bool is_picked; /* one lot is closed out of its turn: this one */
    uint32_t picked;
    uint32_t lots_closed;    /* whole lots that go, oldest first */
    int64_t part_qty;        /* left of the lot closed in part; 0: there is none */
    int64_t part_cost_micro; /* and its cost */
    int64_t opened_qty;      /* of the lot that is opened; 0: none is */
    int64_t opened_micro;
    int64_t posted_micro;   /* change of the position's cost */
    int64_t realized_micro; /* profit of what is closed */
    int64_t qty_after;
    int64_t cost_after;
    int64_t realized_after;
    struct lot *fresh; /* room for the lots of a position that does not exist yet */
};

/* ERR_RANGE. */
MUST_USE enum err_code leg_plan(struct leg *leg, struct err *err);
/* Room for the lot that it opens; ERR_MEMORY. Nothing to be seen changes. */
MUST_USE enum err_code leg_reserve(struct leg *leg, struct err *err);
/* Gives back what was reserved for a position that will not come to be. */
void leg_release(struct leg *leg);
/* leg->position is set by now. */
void leg_commit(struct leg *leg, int64_t at_ns, uint64_t seq);

/* A stock split: the same cost in `qty` shares (not 0, on the side that is held), lot by lot. Cannot fail. */
void leg_scale(struct position *p, int64_t qty, uint64_t seq);

#endif
