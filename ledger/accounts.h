/*
 * Ledger accounts: double entry over fills. Every applied fill gives postings that sum to zero; lots are
 * closed first in, first out. A fact is never refused: a fill without an order counts as well. A fill_id seen
 * before is the broker telling the same fact again: it is counted in `duplicates` and moves nothing.
 *
 * Signs, as in plain-text accounting: a debit is positive. assets:cash and long positions have positive
 * balances; income:realized is negative for a profit; expenses:fees is positive; equity:deposits negative.
 *
 * sell 5 puts at 0.40, fee 3.25:  assets:cash +200.00 -3.25 | positions:SYMBOL -200.00 | expenses:fees +3.25
 * buy them back at 0.20:          assets:cash -100.00 | positions:SYMBOL +200.00 | income:realized -100.00
 * short put assigned, strike K:   positions:OPTION +premium | income:realized -premium |
 *                                 positions:STOCK +K x 100 | assets:cash -K x 100. The stock's cost is the
 *                                 strike; the premium is the option's own profit.
 * settled in cash:                positions:OPTION +premium | assets:cash -intrinsic | income:realized difference
 */
#ifndef LEDGER_ACCOUNTS_H
#define LEDGER_ACCOUNTS_H

#include "ledger/replay.h"
#include "ledger/table.h"

struct lot {
    int64_t qty;        /* signed like its position */
    int64_t price_nano; /* of opening */
    int64_t cost_micro; /* signed: what was paid (+) or received (-) for what is left of it */
    int64_t opened_at_ns;
    uint64_t seq; /* the fill that opened it */
};

struct position {
    struct symbol symbol; /* the key */
    int64_t qty;          /* signed: short is negative */
    int64_t cost_micro;   /* sum over lots */
    int64_t realized_micro; /* profit positive, before fees */
    int64_t fees_micro;
    int64_t opened_at_ns; /* of the oldest open lot; INSTANT_NONE when flat */
    uint64_t opened_seq;  /* the fill that opened it */
    struct lot *lots;     /* oldest first */
    uint32_t lot_count;
    uint32_t lot_capacity;
};

#define POSTINGS_MAX 8
struct posting {
    const char *account;  /* "assets:cash", "positions", "income:realized", "expenses:fees", "equity:deposits" */
    struct symbol symbol; /* for "positions" */
    int64_t amount_micro;
};

struct accounts {
    int64_t cash_micro;
    int64_t fees_micro;
    int64_t realized_micro; /* profit positive: the account's balance with its sign turned */
    int64_t deposits_micro; /* paid in positive */
    struct table positions; /* struct position by symbol, also those that are flat again */
    struct table fill_ids;  /* struct id: fills counted */
    uint64_t duplicates;
    struct posting last[POSTINGS_MAX]; /* of the newest applied fill; not part of the state's digest */
    uint32_t last_count;
    uint64_t last_seq;
};

void accounts_init(void *state);
MUST_USE enum err_code accounts_apply(void *state, const struct entry *e, struct err *err);
void accounts_digest(const void *state, const struct digest_out *out);
void accounts_release(void *state);
extern const struct replay_row accounts_row; /* name "accounts" */

const struct position *accounts_position(const struct accounts *a, const struct symbol *s); /* or NULL */
/* Average price of what is open: |cost| / (|qty| x multiplier), half to even, in nano; 0 when flat. */
int64_t position_average_price_nano(const struct position *p);
/* Sum of all balances, which is zero or the program is broken. */
int64_t accounts_sum_micro(const struct accounts *a);

#endif
