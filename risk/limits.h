/* The measures that limits are made of, each a leaf: it reads state and changes nothing. */
#ifndef RISK_LIMITS_H
#define RISK_LIMITS_H

#include "risk/context.h"

/*
 * (equity - the session's opening equity - deposits since) / opening equity, rounded down; CHECK_VALUE_NONE
 * when it is not known.
 */
int64_t limits_day_return(const struct risk_context *ctx, int64_t equity_micro);

/* A symbol in which nothing is open and no order would open something. */
bool limits_is_new(const struct risk_context *ctx, const struct symbol *s);

/* Open and pending positions of one underlying. */
uint32_t limits_positions_of(const struct risk_context *ctx, const struct symbol *underlying);

/* Open orders of this symbol and side. */
int64_t limits_same_orders(const struct risk_context *ctx, const struct symbol *s, enum side side);

/* The newest of them, or NULL. Valid until the orders change. */
const struct order *limits_open_order(const struct risk_context *ctx, const struct symbol *s, enum side side);

/* How far a limit lies outside the live bid and ask, of the nearer side, rounded up; CHECK_VALUE_NONE
 * without. */
int64_t limits_price_distance(const struct risk_context *ctx, const struct symbol *s, int64_t limit_nano);

#endif
