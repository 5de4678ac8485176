/*
 * The governor: says yes or no to every order, measures the account, and halts trading.
 *
 * Order of a look at the market (book/ composes it): risk_equity, risk_breakers, the strategies' exits, their
 * entries; after each proposed decision.enter or decision.exit risk_judge gives the verdict.
 *
 * Limits of a verdict, all listed always but where it says otherwise, in this order. A closing order (it reduces an open position) is
 * exempt from those marked *: their rows then carry the name with ":exempt" appended, with true value, bound
 * and outcome, and do not count. Nothing passes after control.stop but cancellations, which need no verdict.
 *
 *   stopped             flag     = 0                        control.stop is not in force
 *   clock_ok            flag     = 1                        an order that opens, where clock.required is set
 *   breakers_tripped *  count    <= 0
 *   daily_loss *        rate     >= -risk.daily_loss        of the opening equity, see below
 *   margin_use *        rate     <= risk.margin_use         margin after this order, of equity
 *   sector_share *      rate     <= risk.sector_share       margin of its sector after it, see below
 *   new_positions_day * count    <= risk.new_positions_day  this one included
 *   open_positions *    count    <= risk.open_positions     this one and pending ones included
 *   after_open          seconds  >= 0                       since the session's open
 *   before_close        seconds  > 0                        to its close
 *   limit_price         price    > 0
 *   price_distance      rate     <= risk.price_distance     outside bid and ask, of the nearer side;
 *                                                           0 between them; unknown without a live quote
 *   order_qty           count    <= risk.max_contracts      a closing order: <= what is open
 *   order_id_used       count    <= 0                       orders of this id
 *   same_order_open     count    <= 0                       open orders of this symbol and side
 *   underlying_age      seconds  <= risk.underlying_age_s
 *   open_breaks *       money    <= risk.open_breaks_max    worth of what we and the broker disagree about; only where
 *                                                           a statement was ever taken in, or a break is open
 *   halted              flag     = 0                        listed when an exchange ever said whether it trades
 *
 * The day's loss is (equity now - opening equity - deposits since) / opening equity. A sector's share is
 * measured against the margin that is ALLOWED (equity x risk.margin_use): of the margin in use the first
 * position of a book would be 100 %. Rates and seconds are rounded toward the side that refuses.
 * A value that is not known never passes.
 * A control.override in force for the order's symbol and a limit that fails lets it pass, once: the row then carries the
 * name with ":overridden" appended, and does not count. risk_can_override() says which limits these can be; of an order
 * that closes not order_qty, for what is more than the position opens the other side.
 */
#ifndef RISK_GOVERNOR_H
#define RISK_GOVERNOR_H

#include "ledger/decide.h"
#include "risk/context.h"

#define RISK_BREAKER_DAILY_LOSS "daily_loss"
#define RISK_EXEMPT_SUFFIX      ":exempt"
#define RISK_OVERRIDDEN_SUFFIX  ":overridden"

/*
 * Fills *verdict (a draft: kind, cause = decision->seq, body) for a decision.enter or decision.exit
 * (REQUIRE). ERR_RANGE when a sum leaves its integer; *verdict is then not to be used.
 */
MUST_USE enum err_code risk_judge(const struct risk_context *ctx, const struct entry *decision,
                                  struct entry *verdict, struct err *err);

/* True for a row that a verdict lists but did not count: a closing order's, or one that was overridden. */
bool risk_check_is_exempt(const struct check *c);
/* True for the latter; *limit is then the limit's own name. */
bool risk_check_overridden(const struct check *c, struct id *limit);
/* Limits of judgement: nobody overrides a stop, a tripped breaker, a halt, the hours or what an order is. */
bool risk_can_override(const char *limit);

/* Whether an order of this side would reduce what is open in the symbol. */
bool risk_is_closing(const struct risk_context *ctx, const struct symbol *s, enum side side);

/*
 * Proposes risk.breaker_trip (cause: the trigger, a clock entry) when the day's loss passes risk.daily_loss;
 * once in a session, also after a resume: from then on the limit daily_loss alone refuses what opens.
 */
MUST_USE enum err_code risk_breakers(const struct risk_context *ctx, const struct entry *trigger,
                                     const struct proposals *out, struct err *err);

/*
 * Proposes risk.equity (cause: the trigger, a clock entry): at open, at close, at the session's first look,
 * and when risk.equity_every_min minutes have passed since the last one.
 */
MUST_USE enum err_code risk_equity(const struct risk_context *ctx, const struct entry *trigger,
                                   const struct proposals *out, struct err *err);

/* Cash plus every position at view_mark(), at its average price when it has none. */
MUST_USE enum err_code risk_equity_now(const struct risk_context *ctx, int64_t *micro, struct err *err);

/*
 * What a position has won or lost while it is open: value at its mark less cost. ERR_NOT_FOUND: no mark.
 */
MUST_USE enum err_code risk_position_profit(const struct risk_context *ctx, const struct position *p,
                                            int64_t *micro, struct err *err);

/*
 * Adds the row position_loss (profit <= -risk.position_loss; it holds when the position must be closed, by
 * EXIT_RULE_RISK) and says in *must whether it does.
 */
MUST_USE enum err_code risk_position_exit(const struct risk_context *ctx, const struct position *p,
                                          struct checks *checks, bool *must, struct err *err);

/* Open positions, and how many more the open orders that sell or buy something new would make. */
uint32_t risk_positions(const struct risk_context *ctx);
uint32_t risk_positions_pending(const struct risk_context *ctx);

/* Single rows of the list above, for strategies that ask before they propose. Each returns its outcome. */
bool risk_check_stopped(const struct risk_context *ctx, struct checks *checks);
/* Only where clock.required is set; else there is no such row, and the outcome is good. */
bool risk_check_clock(const struct risk_context *ctx, struct checks *checks);
bool risk_check_breakers(const struct risk_context *ctx, struct checks *checks);
bool risk_check_hours(const struct risk_context *ctx,
                      struct checks *checks); /* after_open and before_close */
bool risk_check_underlying(const struct risk_context *ctx, const struct symbol *s, struct checks *checks);
/* No row, and a good outcome, when no exchange ever said whether it trades. */
bool risk_check_halted(const struct risk_context *ctx, const struct symbol *s, struct checks *checks);

#endif
