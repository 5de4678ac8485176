/*
 * What the governor remembers, folded from the journal: so a halt or a day's loss survives any restart.
 *
 * A session begins with the first clock entry that names it. Times are the clock's.
 */
#ifndef RISK_RISK_STATE_H
#define RISK_RISK_STATE_H

#include "ledger/replay.h"
#include "ledger/table.h"

#define RISK_BREAKERS_MAX  8
#define RISK_OVERRIDES_MAX 16

/* A person's word that one order may pass one limit: until then, or until it was used. */
struct risk_override {
    struct symbol symbol; /* what the order trades, or its underlying */
    struct id limit;
    int64_t until_ns; /* of the market's clock, this instant included */
    uint64_t seq;
};

struct risk_breaker {
    struct id name;
    uint64_t seq;      /* of the newest trip; 0: this row is unused */
    civil_day session; /* in which it tripped */
    bool tripped;      /* until control.resume */
};

struct risk_state {
    bool stopped;                                    /* control.stop, until control.resume */
    uint64_t stop_seq;                               /* of the stop in force; 0: none */
    struct risk_breaker breakers[RISK_BREAKERS_MAX]; /* in order of first trip, a name once */
    uint32_t breaker_count;

    int64_t now_ns;    /* of the newest clock entry, or INSTANT_NONE */
    civil_day session; /* of the newest clock entry, or CIVIL_DAY_NONE */

    bool has_opening; /* the session's opening equity is known */
    enum phase opening_phase;
    int64_t opening_equity_micro; /* of phase open, else the session's first */
    uint64_t opening_seq;
    int64_t deposits_micro;   /* paid in since then; taken out is negative: neither profit nor loss */
    struct table deposit_ids; /* struct id: a deposit told again does not count again */

    uint64_t equity_seq; /* newest risk.equity of any session; 0: none */
    int64_t equity_micro;
    int64_t equity_at_ns;     /* the clock when it was recorded */
    civil_day equity_session; /* CIVIL_DAY_NONE: none */

    uint64_t enter_seq;   /* newest decision.enter, whose verdict may be the next */
    int64_t opened_today; /* decision.enter allowed in this session */

    struct risk_override
        overrides[RISK_OVERRIDES_MAX]; /* not used yet, oldest first; a newer one pushes it out */
    uint32_t override_count;

    uint64_t clock_seq; /* newest perception.clock_quality of the journal's own; 0: none */
    bool clock_ok;      /* it says so */
};

void risk_state_init(void *state);
/* All or nothing. ERR_RANGE: the session's deposits leave their integer; ERR_MEMORY. */
MUST_USE enum err_code risk_state_apply(void *state, const struct entry *e, struct err *err);
void risk_state_digest(const void *state, const struct digest_out *out);
void risk_state_release(void *state);
extern const struct replay_row risk_row; /* name "risk" */

/* The override that lets an order in the symbol pass this limit now, or NULL. */
const struct risk_override *risk_state_override(const struct risk_state *s, const struct symbol *symbol,
                                                const struct id *limit);

/* Breakers that are tripped now. */
uint32_t risk_state_tripped(const struct risk_state *s);
/* The breaker of this name, or NULL when it never tripped. */
const struct risk_breaker *risk_state_breaker(const struct risk_state *s, const char *name);

#endif
