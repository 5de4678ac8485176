/*
 * The stepper: somebody who walks through a journal, entry by entry or from one decision, breach or fill to the
 * next, forward and back, and looks at each place at the entry, at why it is there, and at the state after it.
 * This is all of it but the screen (cli/step_screen.c): it knows no terminal, no keys and no colours.
 *
 * It sees the journal as large as it was when it came, until stepper_refresh(). Between calls nothing of the
 * journal is held open once stepper_rest() was called, so who leaves it standing for a day holds up nobody.
 * A call that fails leaves the position where it was.
 */
#ifndef REPORTS_STEPPER_H
#define REPORTS_STEPPER_H

#include "book/rewinder.h"
#include "ledger/index.h"
#include "reports/lines.h"

struct stepper;

/* Asked now and then during long work; false ends it. NULL: never asked. `total` 0: not known. */
struct stepper_work {
    bool (*go_on)(void *context, uint64_t done, uint64_t total);
    void *context;
};

/* At the newest entry of *j, which is borrowed, as is `index` (may be NULL). ERR_MEMORY. */
MUST_USE enum err_code stepper_new(struct journal *j, struct index *index, struct stepper **s,
                                   struct err *err);
void stepper_set_work(struct stepper *s, const struct stepper_work *work);
void stepper_free(struct stepper *s); /* NULL is fine */
/* Lets go of the journal until the next call. */
void stepper_rest(struct stepper *s);

uint64_t stepper_seq(const struct stepper *s);  /* the entry it stands at: 1 .. size */
uint64_t stepper_size(const struct stepper *s); /* entries seen */
const char *stepper_origin(const struct stepper *s);
/* Sees what was appended since; *added entries. The position stays. */
MUST_USE enum err_code stepper_refresh(struct stepper *s, uint64_t *added, struct err *err);

/* -- moves: ERR_NOT_FOUND says in words that there is nothing there -------------------------------------- */

enum stepper_what {
    STEPPER_DECISION, /* decision.enter, decision.exit, decision.no_trade */
    STEPPER_BREACH,   /* see stepper_is_breach() */
    STEPPER_ORDER,    /* orders, the broker's answers, fills */
    STEPPER_MATCH     /* what was searched for */
};

/* So many entries on, or back; to the end when there are fewer. */
MUST_USE enum err_code stepper_step(struct stepper *s, int64_t by, struct err *err);
/* To the first or the newest entry. */
MUST_USE enum err_code stepper_end(struct stepper *s, bool newest, struct err *err);
MUST_USE enum err_code stepper_next(struct stepper *s, enum stepper_what what, bool forward, struct err *err);
/*
 * A seq; "+100", "-100"; or a time, which is the newest entry that happened by then: "09:47", "09:47:30" of the
 * entry's New York day (where a person says something, of the market's), "2015-12-24", "2015-12-24 09:47", or
 * RFC 3339. ERR_INPUT: none of these.
 */
MUST_USE enum err_code stepper_goto(struct stepper *s, const char *where, struct err *err);
/*
 * Remembers what STEPPER_MATCH is from now on: a symbol in capitals (a ticker with its options), or a piece of
 * what an entry's line says, of its kind, its actor, its ids and texts, in any case. Empty: as before; ERR_INPUT
 * when nothing was searched before, or it is too long. Does not move.
 */
#define STEPPER_TERM_MAX 200
MUST_USE enum err_code stepper_search(struct stepper *s, const char *term, struct err *err);
const char *stepper_term(const struct stepper *s); /* "" before any */
/* To the entry that caused this one. */
MUST_USE enum err_code stepper_cause(struct stepper *s, struct err *err);
/* Where it stood before the last move that was no step; the newest 64 are remembered. */
MUST_USE enum err_code stepper_back(struct stepper *s, struct err *err);

/*
 * A refused verdict, a verdict or decision with a check that failed and counts, a breaker's trip, an emergency
 * stop. A look that led to no trade is none: its gates are there to say no.
 */
bool stepper_is_breach(const struct entry *e);

/* -- what is to be seen ---------------------------------------------------------------------------------- */

/* An entry in a list. */
struct stepper_row {
    uint64_t seq;
    int64_t at_ns; /* when it happened, or was recorded if it does not say */
    enum entry_family family;
    const char *stage; /* words_stage() */
    const char *text;  /* one line; borrowed until the next row */
    bool is_breach;
};

/* Entry `seq`, 1 .. size (REQUIRE). One that cannot be read says so in its text. */
void stepper_row(struct stepper *s, uint64_t seq, struct stepper_row *row);

enum stepper_pane {
    STEPPER_ENTRY,   /* its header and fields */
    STEPPER_WHY,     /* what it follows from, and what followed */
    STEPPER_SUMMARY, /* from here on the state after it (reports/state_view.h) */
    STEPPER_ACCOUNTS,
    STEPPER_POSITIONS,
    STEPPER_ORDERS,
    STEPPER_LIMITS, /* of a new order in the entry's contract, if it has one */
    STEPPER_STRATEGY,
    STEPPER_CHAIN, /* of the entry's underlying, or else of the first that the strategy watches */
    STEPPER_PANES
};
/* "entry", "why", "summary" ... */
const char *stepper_pane_name(enum stepper_pane pane);
/* Whether it shows the state after the entry. */
bool stepper_pane_is_state(enum stepper_pane pane);
/*
 * The pane's lines; borrowed until the next call for this pane. What cannot be read or folded says so in a line,
 * marked LINE_BAD.
 */
const struct lines *stepper_lines(struct stepper *s, enum stepper_pane pane);
/* What the state says before all else: "STOPPED by entry 12", "1 breaker tripped"; "" when nothing does. */
const char *stepper_alarm(struct stepper *s);

#endif
