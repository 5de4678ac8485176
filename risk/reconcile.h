/*
 * Reconciliation: a broker's statement against our books. The reducer keeps the rows of the newest statement,
 * what the brokers themselves have told us, our executions of the last days, and the breaks that are open; the
 * decider (risk/reconcile_breaks.h) says where the two sides differ.
 *
 * A statement is rows (perception.stated_position, perception.stated_fill) and, behind them, the
 * perception.statement of the same id and actor, which says how many there are. Only what a broker, or a person
 * in his name, states is taken: a feed's word is no statement. Rows of another statement or actor begin anew.
 *
 * A break is about one thing (a symbol, a fill, the cash, a bust that does not fit), and there is one at a time: told again it keeps its id
 * and its age. It ends by control.correction alone, never by a later statement that agrees; nor does one that nearly
 * agrees make it smaller: of all that was told of it the widest gap counts.
 *
 * An execution is of the session of its own `at`, in New York; without one of the newest clock's session. Those
 * of sessions more than RECONCILE_DAYS before the newest one are forgotten.
 */
#ifndef RISK_RECONCILE_H
#define RISK_RECONCILE_H

#include "ledger/accounts.h"
#include "ledger/ids.h"
#include "ledger/roles.h"

#define RECONCILE_DAYS         7

/* First rows of a break's checks, which say what it is. */
#define RECONCILE_CASH         "cash"
#define RECONCILE_POSITION     "position"
#define RECONCILE_FILL_MISSING "fill_missing" /* the statement has it, we do not */
#define RECONCILE_FILL_UNKNOWN "fill_unknown" /* we have it, the statement does not */
#define RECONCILE_FILL_DIFFERS "fill_differs"
#define RECONCILE_INCOMPLETE   "statement_incomplete"
#define RECONCILE_BUST         "bust_" /* and why it takes nothing back: a bust that does not fit */

enum reconcile_topic {
    RECONCILE_OF_CASH = 1,
    RECONCILE_OF_POSITION,
    RECONCILE_OF_FILL,
    RECONCILE_OF_STATEMENT, /* and whatever else a break may be about */
    RECONCILE_OF_BUST
};

/* What a break is about: two that have the same are one. */
struct reconcile_key {
    uint32_t topic;
    struct id about; /* "cash", a symbol, a fill_id, a statement_id, a bust's fill_id */
};

struct reconcile_break {
    struct reconcile_key key;
    struct id break_id;
    struct id statement_id; /* the newest statement that shows these numbers anew */
    struct id owner;
    uint64_t ours; /* entries, as the newest risk.break says; 0: none */
    uint64_t theirs;
    uint64_t opened_seq;
    int64_t opened_at_ns; /* INSTANT_NONE: it does not say */
    int64_t opened_recorded_at_ns;
    uint64_t told_seq; /* the newest risk.break of it */
    struct checks checks;
    int64_t
        widest_gap; /* reconcile_gap(), the greatest that was ever told; CHECK_VALUE_NONE, once told, is greater */
    uint64_t widest_seq; /* the risk.break that told it first */
};

struct reconcile_position {
    struct symbol symbol; /* the key */
    int64_t qty;          /* signed; rows of one symbol are added up */
    uint64_t seq;         /* the newest of them */
};

/* Ours, or the statement's. */
struct reconcile_fill {
    struct id fill_id; /* the key */
    struct symbol symbol;
    enum side side;
    int64_t qty;
    int64_t price_nano;
    int64_t fee_micro;
    civil_day session; /* of ours; CIVIL_DAY_NONE in a statement */
    uint64_t seq;
    bool is_brokers; /* of ours: a broker told it, perhaps after somebody else */
};

struct reconcile {
    struct roles roles;
    civil_day session;        /* of the newest clock entry; CIVIL_DAY_NONE */
    civil_day newest_session; /* that anything of ours was filled in; CIVIL_DAY_NONE */
    struct table fills;       /* struct reconcile_fill: our executions */
    struct accounts told;     /* what follows from the brokers' own fills alone */

    struct id statement_id; /* of the rows; no length before the first */
    uint32_t statement_actor;
    uint64_t position_rows; /* rows that came in, one symbol or fill told twice included */
    uint64_t fill_rows;
    struct table positions;    /* struct reconcile_position */
    struct table stated;       /* struct reconcile_fill */
    uint64_t statement_seq;    /* the newest perception.statement; 0: none was ever taken in */
    bool is_complete;          /* its rows are all there, and are those above */
    int64_t cash_micro;        /* that it states */
    civil_day stated_session;  /* that it is of; CIVIL_DAY_NONE before the first */
    int64_t counted_positions; /* rows that it says it has */
    int64_t counted_fills;
    struct ids statement_ids; /* of all that were taken in */

    struct table breaks; /* struct reconcile_break: those that are open, oldest first */
    struct ids bust_ids; /* busts that a break was ever told of: none is told anew once it is cleared */
};

void reconcile_init(void *state);
/* All or nothing. ERR_RANGE, ERR_INPUT: as accounts_apply(); ERR_MEMORY. */
MUST_USE enum err_code reconcile_apply(void *state, const struct entry *e, struct err *err);
void reconcile_digest(const void *state, const struct digest_out *out);
MUST_USE enum err_code reconcile_restore(void *state, struct restore_in *in, struct err *err);
void reconcile_release(void *state);
extern const struct replay_row reconcile_row; /* name "reconcile" */

/* A perception.statement that is to be answered: a broker's, or a person's. Also before it is applied. */
bool reconcile_is_asked(const struct reconcile *r, const struct entry *e);

/* The open break of this id, or of this key; NULL. Valid until the next reconcile_apply(). */
const struct reconcile_break *reconcile_find(const struct reconcile *r, const struct id *break_id);
const struct reconcile_break *reconcile_about(const struct reconcile *r, const struct reconcile_key *key);
/* What a risk.break is about. */
void reconcile_key_of(const struct entry_risk_break *b, struct reconcile_key *key);
/*
 * How far the two sides of a break's checks are apart, never below zero: money; of a position shares or contracts.
 * CHECK_VALUE_NONE: nobody can tell, as of a statement that is not complete.
 */
int64_t reconcile_gap(enum reconcile_topic topic, const struct checks *checks);
/* |a - b|; CHECK_VALUE_NONE when it does not fit, or a is not known. */
int64_t reconcile_apart(int64_t a, int64_t b);
/* a + b of what is not below zero; what is not known, or does not fit, makes all of it unknown. */
int64_t reconcile_sum(int64_t a, int64_t b);

/*
 * Whether a control.correction that would be entry `seq` (its seq) closes a break: it names an open one, at least one
 * side, every side that the break has, two sides that are two entries, and nothing that is not before it.
 * ERR_INPUT names what is wrong; ERR_NOT_FOUND: no such break is open. The reducer asks the same, and a correction that
 * is none does nothing.
 */
MUST_USE enum err_code reconcile_check_correction(const struct reconcile *r,
                                                  const struct entry_control_correction *c, uint64_t seq,
                                                  struct err *err);

#endif
