/* What the entries and the exits of the naked put share; no one else includes this. */
#ifndef STRATEGY_NAKED_PUT_LOOK_H
#define STRATEGY_NAKED_PUT_LOOK_H

#include "strategy/naked_put.h"

#define NAKED_PUT_ORDER_PREFIX "np-"

/* A decision.no_trade about this symbol was made in the clock's minute already. */
bool naked_put_was_told(const struct decide_context *ctx, const struct symbol *s);
void naked_put_draft(struct entry *e, enum entry_kind kind, const struct entry *tick, uint64_t cause);
/* "np-" and the seq that the next proposal will get. */
struct id naked_put_order_id(const struct proposals *out);

#endif
