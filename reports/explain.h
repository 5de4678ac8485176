/*
 * Why: an order from perception to fill, a look at the market that led to no order, or any entry with what it
 * follows from and what followed. In words, with the numbers that were used, each line naming its entry.
 *
 * Only what the journal holds is said. What was seen is looked up in the state folded to just before the
 * decision, so it is what the deciders saw, not what is known now.
 */
#ifndef REPORTS_EXPLAIN_H
#define REPORTS_EXPLAIN_H

#include "book/book.h"
#include "ledger/index.h"
#include "ledger/json_out.h"
#include "reports/sources.h"

/* A number that a step shows, and what it is from. */
struct explain_number {
    char name[ID_MAX + 1]; /* "limit", "premium of GOOG  160108P00620000"; of a check: its name */
    enum unit unit;
    int64_t value;             /* of a check: 0, for the check says it */
    struct sources from;       /* the entries, or in words why there are none */
    struct sources bound_from; /* of a check */
    bool is_minor;             /* one of many alike: shown to programs only */
};

struct explain_step {
    uint64_t seq;                   /* the entry it is about; 0: of none in particular */
    int64_t at_ns;                  /* when it happened, or when it was recorded if it does not say */
    const char *stage;              /* "perception", "candidates", "decision", "verdict" ... */
    char *text;                     /* one line */
    char *details;                  /* further lines, each ending LF; or NULL */
    struct checks *checks;          /* what was tried, with value and bound; or NULL */
    struct explain_number *numbers; /* after explain_sources(): one for each check, then the others */
    size_t number_count;
};

struct explanation {
    char *title; /* one line */
    struct explain_step *steps;
    size_t count;
    size_t capacity;
    struct symbol about; /* the contract that was asked about, of a look; length 0: none */
};

void explanation_release(struct explanation *x); /* fine for a zeroed one */
/*
 * Names the entries that each number of a decision, a verdict, an equity or an order is from: the book is folded to
 * just before each, beginning with a snapshot, and asked. To be called once, after one of the calls below.
 */
MUST_USE enum err_code explain_sources(struct explanation *x, struct journal_reader *r, struct err *err);
/* One object: {"about":"...","steps":[{"seq":..,"at":"..","stage":"..","text":"..","details":[..],"checks":[..]}]} */
void explanation_json(const struct explanation *x, struct json_out *out);

/* All: *x is zeroed by the caller; release it also after an error. `index`, which may be NULL, is what finds entries
 * faster than reading them all. */

/* ERR_NOT_FOUND: no entry names this order, and which ids come near. */
MUST_USE enum err_code explain_order(struct index *index, struct journal_reader *r, const char *order_id,
                                     struct explanation *x, struct err *err);
/* ERR_NOT_FOUND: no such entry. */
MUST_USE enum err_code explain_entry(struct index *index, struct journal_reader *r, uint64_t seq,
                                     struct explanation *x, struct err *err);
/*
 * The newest look at the underlying of `symbol` at or before `at_ns` in the same New York day (INSTANT_NONE: the
 * newest look there is): every gate with value and bound, how many contracts failed each criterion; and for an
 * option its own values against every criterion. ERR_NOT_FOUND: nobody looked, and when there were looks.
 */
MUST_USE enum err_code explain_no_trade(struct index *index, struct journal_reader *r,
                                        const struct symbol *symbol, int64_t at_ns, struct explanation *x,
                                        struct err *err);

#endif
