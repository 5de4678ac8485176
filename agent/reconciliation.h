/*
 * Reconciliation: a statement is taken in, or asked of the broker, and answered in the same sealed group; a person
 * clears a break.
 */
#ifndef AGENT_RECONCILIATION_H
#define AGENT_RECONCILIATION_H

#include "agent/desk.h"
#include "gateway/statement.h"

/*
 * Enters the rows and the statement in the name of a broker or of a person who brings it; a person signs the statement,
 * and in an owned journal each row. Its `at` is the market clock's; before the first clock entry it is now_ns. A statement without an id gets one of its
 * broker, session and digest. Its own group. d->book.reconcile then says what was found (reconcile_differences()).
 * ERR_EXISTS: this statement was taken in. ERR_INPUT: the actor states nothing, session or broker is not known, our books
 * have gone on since that session or have not come to it.
 */
MUST_USE enum err_code reconciliation_take(struct desk *d, const char *actor, const struct statement *s,
                                           int64_t now_ns, struct err *err);
/* The broker's statement now, answered. Its own group. ERR_INPUT: it gives none. */
MUST_USE enum err_code reconciliation_ask(struct desk *d, struct err *err);

/*
 * Whether the correction would close something and names entries that can speak for their side: the break's own, a fill,
 * a note, and for theirs a statement or its rows; those of a position's break are about its underlying. `b` has folded
 * all before the next entry of `g`. ERR_NOT_FOUND, ERR_INPUT: as reconcile_check_correction().
 */
MUST_USE enum err_code reconciliation_check_correction(const struct book *b, struct journal_group *g,
                                                       const struct entry_control_correction *c,
                                                       struct err *err);
/*
 * Enters a control.correction, signed: `ours` and `theirs` are entries that there are, 0 for a side that has none.
 * Its own group. ERR_NOT_FOUND, ERR_INPUT: as reconciliation_check_correction().
 */
MUST_USE enum err_code reconciliation_clear(struct desk *d, const char *actor, const char *break_id,
                                            uint64_t ours, uint64_t theirs, const char *reason,
                                            int64_t now_ns, struct err *err);

#endif
