/*
 * Fills by their ids: which were told, and which were taken back. The one judgement of a bust, which accounts and orders
 * share: a bust takes an execution back when it says of it what the execution said of itself, and that still stands.
 *
 * A bust that is nothing of the kind takes nothing back, whatever it says. It is a fact all the same (somebody said it),
 * so it is kept among the voids, and a break speaks of it (risk/reconcile_breaks.h) until a person has looked into it:
 *
 *   DIFFERS  order, symbol, side, quantity, price or fee are not the execution's
 *   KIND     what it names is no execution: a deposit, a dividend, another bust, itself
 *   TWICE    another bust takes the same execution back already
 *   SPLIT    what was traded was split since: these shares are no longer there
 *
 * What is taken back before it was told never counts, once it is told as the bust says. Told otherwise it counts, and the
 * bust is void.
 *
 * Of an execution no more is kept than a tag, 64 bits made of all that a bust must repeat. It is there against mistakes
 * and not against a broker who lies: he may tell any execution he likes.
 */
#ifndef LEDGER_FILLS_H
#define LEDGER_FILLS_H

#include "ledger/entry.h"
#include "ledger/ids.h"
#include "ledger/table.h"

enum fills_reason { FILLS_STANDS = 0, FILLS_DIFFERS, FILLS_KIND, FILLS_TWICE, FILLS_SPLIT };

/* What is taken back, perhaps before it was told. */
struct fills_bust {
    struct id busted;  /* the key */
    struct id bust_id; /* the bust's own fill_id */
    uint64_t tag;      /* of what it says; 0: it turned out to be void, and nothing is taken back */
    uint64_t seq;      /* the bust */
    int64_t qty;       /* signed as the execution: bought is positive */
};

/* A bust that takes nothing back. */
struct fills_void {
    struct id bust_id; /* the key */
    struct id busted;
    uint64_t seq;
    int64_t qty; /* as it says, signed as the execution */
    enum fills_reason reason;
};

struct fills {
    struct ids told;     /* of every kind, counted or void; with tags, 0 of what is no execution */
    struct table busts;  /* struct fills_bust */
    struct table voids;  /* struct fills_void, in the order in which they were found to be void */
    struct table splits; /* what was split, and which fills were told before its newest split */
};

void fills_init(struct fills *f);
void fills_release(struct fills *f);

/* Never 0. */
uint64_t fills_tag(const struct entry_fill_execution *x);

/* Whether a bust would take its execution back now. */
enum fills_reason fills_judge(const struct fills *f, const struct entry_fill_bust *b);
/* Why it does not: the end of a sentence that begins with what it names. Static. */
const char *fills_reason_text(enum fills_reason reason);
/* The bust that takes this execution back, or NULL. Valid until the next change. */
const struct fills_bust *fills_find_bust(const struct fills *f, const struct id *fill_id);

/*
 * A fill in steps, with no other change in between: fills_key(), fills_reserve(), fills_is_told(), and if it is not
 * fills_add(), then for a bust or a split the call below. See ids_key().
 */
struct ids_key fills_key(const struct fills *f, const struct id *fill_id);
/* Room for one fill of this tag: the rest cannot fail. ERR_MEMORY: nothing has changed. */
MUST_USE enum err_code fills_reserve(struct fills *f, uint64_t tag, struct err *err);
/* The very fill, or an execution (tag not 0) that was taken back before it was told. REQUIREs room. */
bool fills_is_told(const struct fills *f, struct ids_key *key, uint64_t tag);
/* A bust that waited for something else is void from now on. */
void fills_add(struct fills *f, const struct ids_key *key, uint64_t tag);
void fills_add_bust(struct fills *f, const struct entry_fill_bust *b, uint64_t seq, enum fills_reason reason);
void fills_add_split(struct fills *f, const struct symbol *s);

void fills_digest(const struct fills *f, const struct digest_out *out);
/* The inverse, into empty ones. ERR_FORMAT, ERR_MEMORY. */
MUST_USE enum err_code fills_restore(struct fills *f, struct restore_in *in, struct err *err);

#endif
