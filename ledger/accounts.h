/*
 * Ledger accounts: double entry over fills. Every applied fill gives postings that sum to zero; lots are
 * closed first in, first out. A fact is never refused: a fill without an order counts as well. A fill_id seen
 * before is the broker telling the same fact again: it is counted in `duplicates` and moves nothing.
 *
 * Signs, as in plain-text accounting: a debit is positive. assets:cash and long positions have positive
 * balances; income:realized and income:dividends are negative for a profit; expenses:fees is positive;
 * equity:deposits negative.
 *
 * sell 5 puts at 0.40, fee 3.25:  assets:cash +200.00 -3.25 | positions:SYMBOL -200.00 | expenses:fees +3.25
 * buy them back at 0.20:          assets:cash -100.00 | positions:SYMBOL +200.00 | income:realized -100.00
 * short put assigned, strike K:   positions:OPTION +premium | income:realized -premium |
 *                                 positions:STOCK +K x 100 | assets:cash -K x 100. The stock's cost is the
 *                                 strike; the premium is the option's own profit.
 * settled in cash:                positions:OPTION +premium | assets:cash -intrinsic | income:realized
 * difference
 *
 * A bust is the execution the other way, fee and all: it takes the very lot back that the execution (its cause)
 * opened, as long as all of it is there; else it closes as any fill does. What is taken back before it was told
 * never counts. A bust that does not fit what it names moves nothing (ledger/fills.h). A dividend is income:dividends. A split leaves the cost as it is: a stock's lots get more shares or
 * fewer, an adjusted contract takes the position over as one lot; by the ratio told, whatever is held; cash in
 * lieu is profit.
 *
 * A fill through zero closes the old lots and opens the other side with the rest; its money is split in
 * proportion, half to even, the rest staying with what it opens. A lot closed in part gives up its cost the
 * same way, so costs always add up exactly. Facts that we did not expect move as any fill does: assigned,
 * exercised, expired or settled beyond what is held goes through zero (the new lots cost what the fill says:
 * nothing, or the intrinsic value). Only an expiration or settlement of what is flat has no side to close:
 * it moves nothing but its fee.
 */
#ifndef LEDGER_ACCOUNTS_H
#define LEDGER_ACCOUNTS_H

#include "ledger/fills.h"
#include "ledger/replay.h"
#include "ledger/table.h"

struct lot {
    int64_t qty;          /* signed like its position */
    int64_t price_nano;   /* of opening */
    int64_t cost_micro;   /* signed: what was paid (+) or received (-) for what is left of it */
    int64_t opened_at_ns; /* when the fill happened, or when it was recorded if it does not say */
    uint64_t seq;         /* the fill that opened it */
};

struct position {
    struct symbol symbol;   /* the key */
    int64_t qty;            /* signed: short is negative; never INT64_MIN */
    int64_t cost_micro;     /* sum over lots */
    int64_t realized_micro; /* profit positive, before fees */
    int64_t fees_micro;
    int64_t opened_at_ns; /* of the oldest open lot; INSTANT_NONE when flat */
    uint64_t opened_seq;  /* the fill that opened the oldest lot; 0 when flat */
    uint64_t moved_seq;   /* the newest fill that moved it */
    struct lot *lots;     /* oldest first */
    uint32_t lot_count;
    uint32_t lot_capacity; /* of lot_room */
    struct lot *lot_room;  /* the allocation: lots closed in front of `lots` lie there as well */
};

#define POSTINGS_MAX 8
struct posting {
    const char *
        account; /* "assets:cash", "positions", "income:realized", "income:dividends", "expenses:fees", "equity:deposits" */
    struct symbol symbol; /* for "positions" and income; length 0 elsewhere */
    int64_t amount_micro; /* never zero: what is nothing is not posted */
};

struct accounts {
    int64_t cash_micro;
    int64_t fees_micro;
    int64_t realized_micro;  /* profit positive: the account's balance with its sign turned */
    int64_t deposits_micro;  /* paid in positive */
    int64_t dividends_micro; /* received positive */
    struct table positions;  /* struct position by symbol, also those that are flat again */
    struct fills fills;      /* which were told, and which were taken back */
    uint64_t duplicates;
    struct posting last[POSTINGS_MAX]; /* of the newest applied fill, no duplicate; not in the digest */
    uint32_t last_count;
    uint64_t last_seq; /* that fill, which is in the digest; 0 before the first */
};

void accounts_init(void *state);
/*
 * All or nothing. ERR_RANGE: a balance or a quantity would leave its integer. ERR_INPUT: an assignment,
 * exercise, expiration or settlement of what is no option (entry_check() lets none be written). ERR_MEMORY.
 */
MUST_USE enum err_code accounts_apply(void *state, const struct entry *e, struct err *err);
void accounts_digest(const void *state, const struct digest_out *out);
MUST_USE enum err_code accounts_restore(void *state, struct restore_in *in, struct err *err);
void accounts_release(void *state);
extern const struct replay_row accounts_row; /* name "accounts" */

const struct position *accounts_position(const struct accounts *a, const struct symbol *s); /* or NULL */
/* Average price of what is open: |cost| / (|qty| x multiplier), half to even, in nano; 0 when flat.
 * Costs are whole micro-dollars, so an average beyond INT64_MAX can come out by rounding: INT64_MAX then. */
int64_t position_average_price_nano(const struct position *p);
/* Sum of all balances, which is zero or the program is broken. */
int64_t accounts_sum_micro(const struct accounts *a);

#endif
