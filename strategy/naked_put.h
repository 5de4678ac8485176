/*
 * The baseline naked put: sells out-of-the-money puts in an uptrend for a small premium, buys them back.
 *
 * At every clock entry (a "tick"), for each of strategy.underlyings in its order:
 *   entries  decision.candidates (cause: the tick) and decision.enter (cause: the candidates) for the best
 *            of them; or one decision.no_trade (cause: the tick) with every gate and the counts of the
 *            screening, at most one a minute and symbol. Sells strategy.contracts at the bid.
 *   gates    stopped, breakers_tripped, after_open, before_close, underlying_age, halted, as in risk/governor.h;
 *            price_above_smaN and smaN_above_smaM, when strategy.trend_required; open_positions and
 *            underlying_positions, pending ones included, each below its most
 *
 * and for each open position, in order of first appearance:
 *   exits    decision.exit (cause: the tick), to close all of it, by the first rule that holds:
 *              loss    cost to close >= (1 + stop_loss) x premium received
 *              risk    the governor's risk.position_loss
 *              profit  cost to close <= (1 - take_profit) x premium received
 *              time    calendar days to expiry <= exit_days
 *            The cost to close is the live ask, and the limit. What is no short put (a stock after an
 *            assignment, say) is closed only by the rule risk.
 *   blocked  When an exit is due or cannot be judged, and no order can be sent (nobody on the other side,
 *            stopped, outside the session, no fresh price of the underlying), that is a decision.no_trade
 *            about the contract itself, at most one a minute.
 *   ordered  While a closing order is open nothing more is ordered. One of ours that is exit_order_s old and
 *            whose limit the market has left behind is cancelled (order.cancel, cause: the tick): the next
 *            look decides anew, at the price of then.
 *
 * Order ids are "np-" and the seq of the decision that carries them. Confidence of an entry: the smallest
 * screen_depth() of days, otm and premium in their ranges; of an exit: 1.
 */
#ifndef STRATEGY_NAKED_PUT_H
#define STRATEGY_NAKED_PUT_H

#include "ledger/decide.h"
#include "strategy/context.h"

#define NAKED_PUT_NAME  "naked_put"
#define NAKED_PUT_ACTOR "strategy:naked-put"

struct naked_put_look {
    struct symbol symbol; /* the key: an underlying, or a contract whose exit was blocked */
    int64_t minute;       /* of its newest decision.no_trade, minutes since 1970 */
    uint64_t seq;         /* that entry */
};

struct naked_put_state {
    int64_t now_ns;        /* of the newest clock entry, or INSTANT_NONE */
    struct table no_trade; /* struct naked_put_look by symbol */
};

void naked_put_init(void *state);
MUST_USE enum err_code naked_put_apply(void *state, const struct entry *e, struct err *err);
void naked_put_digest(const void *state, const struct digest_out *out);
void naked_put_release(void *state);
extern const struct replay_row naked_put_row; /* name "naked_put" */

/* Both: `tick` is a perception.clock that is applied already (REQUIRE). Any error of the sink is handed up.
 */
MUST_USE enum err_code naked_put_exits(const struct decide_context *ctx, const struct entry *tick,
                                       const struct proposals *out, struct err *err);
MUST_USE enum err_code naked_put_entries(const struct decide_context *ctx, const struct entry *tick,
                                         const struct proposals *out, struct err *err);

#endif
