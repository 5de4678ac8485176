/*
 * The covered call: sells calls against shares that are held and that no short call stands on yet. The second half of
 * the wheel: what a put's assignment brought in is called away at a profit, or earns a premium meanwhile.
 *
 * At every clock entry (a "tick"), when covered_call.enabled, for each of strategy.underlyings in its order of which a
 * hundred free shares are held (held shares less a hundred for each call that is short or on order):
 *   screen   calls with covered_call.days_min <= calendar days to expiry <= days_max, a strike covered_call.otm_min to
 *            otm_max above the price and not below the shares' average cost, a live bid of covered_call.premium_min or
 *            more, no position and no open order in it. The best: most premium, then byte order of symbols
 *   enter    decision.enter (cause: the tick) to sell as many as there are free hundreds, at the bid, when the gates
 *            hold: stopped, breakers_tripped, after_open, before_close, underlying_age, halted
 *   none     decision.no_trade (cause: the tick) with gates and the counts of the screening, at a session's open only
 * It never buys them back: they expire, or the shares go.
 *
 * Order ids are "cc-" and the seq of the decision. Confidence: the depth of the distance in its range (screen_depth()).
 * It keeps no state.
 */
#ifndef STRATEGY_COVERED_CALL_H
#define STRATEGY_COVERED_CALL_H

#include "ledger/decide.h"
#include "strategy/context.h"

#define COVERED_CALL_NAME         "covered_call"
#define COVERED_CALL_ACTOR        "strategy:covered-call"
#define COVERED_CALL_ORDER_PREFIX "cc-"

/* `tick` is a perception.clock that is applied already (REQUIRE). Any error of the sink is handed up. */
MUST_USE enum err_code covered_call_entries(const struct decide_context *ctx, const struct entry *tick,
                                            const struct proposals *out, struct err *err);

#endif
