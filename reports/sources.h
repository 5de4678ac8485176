/*
 * Sources: by which entries a number of the state is what it is. A price has the entry that told it, a cash
 * balance the newest fill that moved it, an average the bars that it was made of, a limit's bound the
 * configuration in force. What no entry says (a constant of the program, a default, "nothing stops") has a note
 * in its place, and what is from entries that the state does not name says that.
 *
 * Asked of a book, so the answer is as of its newest entry: for a decision fold to the entry before it.
 */
#ifndef REPORTS_SOURCES_H
#define REPORTS_SOURCES_H

#include "book/book.h"
#include "ledger/json_out.h"
#include "reports/words.h"

#define SOURCES_RUNS 32

struct sources_run {
    uint64_t first;
    uint64_t last;
};
struct sources {
    const char
        *note; /* what they say, or why there are none; lives as long as the program. NULL: nothing to say */
    unsigned count;
    bool is_cut; /* there are more */
    struct sources_run
        runs[SOURCES_RUNS]; /* ascending, with no entry twice; what follows on each other is one run */
};

/* Adds one; 0 and what is there already change nothing. */
void sources_add(struct sources *s, uint64_t seq);
void sources_join(struct sources *s, const struct sources *other); /* but for the note */
bool sources_hold(const struct sources *s, uint64_t seq);

/* "12, 20-39" or "" */
void sources_list(struct words *w, const struct sources *s);
/* "risk.daily_loss of entry 4", "entries 12, 20-39", "no stop is in force", "not named by the state" */
void sources_say(struct words *w, const struct sources *s);
/* An array of seqs under the key `name`, and the note under `note_name` when there is one. */
void sources_json(struct json_out *out, const char *name, const char *note_name, const struct sources *s);

/* -- of the state --------------------------------------------------------------------------------------- */

/* The entry by which a symbol is marked as it is (view_mark()): its quote, or its last trade or mark. */
void sources_of_mark(const struct book *b, const struct symbol *s, struct sources *out);
/* What the underlying of `s` is worth: view_price(). */
void sources_of_price(const struct book *b, const struct symbol *s, struct sources *out);
void sources_of_quote(const struct book *b, const struct symbol *s, struct sources *out);
/* The fills that opened what is open of a position. */
void sources_of_lots(const struct position *p, struct sources *out);
/* Cash and every open position's mark; margin: those short, the underlyings' prices, the open orders. */
void sources_of_equity(const struct book *b, struct sources *out);
void sources_of_margin(const struct book *b, struct sources *out);
/* The configuration in force; `path`, the setting that is meant, becomes the note. */
void sources_of_setting(const struct book *b, const char *path, struct sources *out);

/* Who asks for a check. */
struct sources_ask {
    const struct book *book;
    const struct symbol *about; /* an underlying, a contract; NULL: none */
    enum side side;             /* of the order that is judged; 0: there is none */
    uint64_t asked_seq;         /* the decision that is judged: what the order itself says; 0: none */
};
/* The sources of a check's value and of its bound (struct check of every decider: risk/, strategy/). */
void sources_of_check(const struct sources_ask *ask, const struct check *c, struct sources *value,
                      struct sources *bound);

#endif
