/*
 * The engine: what is decided when a trigger is seen. A pure function from the book and the trigger to
 * proposed entries; the live loop appends them, re-decision compares them.
 *
 * Triggers are clock entries of a run, control.stop, and a broker's statement. The answer to a clock entry, in this order:
 * breaks of busts that do not fit, the account's worth, breakers (and the cancelling of what would open a position), exits, entries; each decision
 * is followed by the governor's verdict and, when that allows it, by the order. The answer to a stop cancels
 * every open order, that to a statement tells the breaks between it and our books.
 */
#ifndef BOOK_ENGINE_H
#define BOOK_ENGINE_H

#include "book/book.h"
#include "ledger/decide.h"

/*
 * Whether this entry is answered at once, with nothing in between: a stop, or a statement. Whoever enters entries or
 * takes them over asks this of each; a clock entry is not among them, for its answer may wait (book/run_state.h).
 */
bool engine_answers_at_once(const struct book *b, const struct entry *e);

/*
 * Answers a trigger that is applied already. Every proposal goes to `out`, which applies it to `b`.
 * Any error of the sink is handed up.
 */
MUST_USE enum err_code engine_answer(struct book *b, const struct entry *trigger, const struct proposals *out,
                                     struct err *err);

/*
 * What every sink does to a proposal before it is written or compared: the actor is the module that proposed
 * it, `at` is the trigger's. ERR_NOT_FOUND: the journal has no such actor.
 */
MUST_USE enum err_code engine_stamp(const struct book *b, const struct entry *trigger, struct entry *draft,
                                    struct err *err);

/* What deciders may see of a book: valid until the next book_apply(). */
struct decide_context engine_context(const struct book *b);

#endif
