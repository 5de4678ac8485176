/*
 * Margin of uncovered short options, in money, by Cboe's rule (Cboe Rule 10.3, "Margin Requirements"; Cboe
 * Margin Manual, "Short Put or Short Call", initial and maintenance):
 *
 *   put   premium + the larger of  rate x underlying - out-of-the-money amount   and  floor x strike
 *   call  premium + the larger of  rate x underlying - out-of-the-money amount   and  floor x underlying
 *
 * times multiplier times contracts. Rate is 20 % and floor 10 %; Cboe asks 15 % of a broad-based index, we
 * ask 20 % of it as well unless risk.margin_rate_index says otherwise. The premium is what the option costs
 * now: its limit for an order, its mark for a position. Each percentage is rounded half to even to 1e-9
 * dollar.
 *
 * A call that a hundred shares (the multiplier) are held for is covered and needs none (Cboe Rule 10.3, "Covered Call"):
 * shares cover the short calls of their underlying in order of first appearance, then the open orders that would sell
 * calls, the newest first.
 *
 * Not in this version: spreads (every other short option counts as uncovered) and stock (margin zero: it is paid for
 * in full, out of cash).
 */
#ifndef RISK_MARGIN_H
#define RISK_MARGIN_H

#include "risk/context.h"

/*
 * Margin of `qty` short contracts of `option`. Prices >= 0, qty >= 0 (REQUIRE). ERR_RANGE; *micro is then
 * untouched.
 */
MUST_USE enum err_code margin_naked(const struct risk_settings *settings, const struct symbol *option,
                                    int64_t underlying_nano, int64_t premium_nano, int64_t qty,
                                    int64_t *micro, struct err *err);

/*
 * Margin of what a sale of `qty` at `premium_nano` would add, at the underlying's present price; when it has
 * none, at the strike, which is never too little for a put that is out of the money. 0 for a stock.
 */
MUST_USE enum err_code margin_of(const struct risk_context *ctx, const struct symbol *s, int64_t premium_nano,
                                 int64_t qty, int64_t *micro, struct err *err);

/* Calls on the underlying that its shares still cover: those held for no short call and no order yet. */
int64_t margin_coverable(const struct risk_context *ctx, const struct symbol *underlying);
/* The same as margin_of(), less what is coverable: what a new order would add. */
MUST_USE enum err_code margin_of_sale(const struct risk_context *ctx, const struct symbol *s,
                                      int64_t premium_nano, int64_t qty, int64_t *micro, struct err *err);

#define MARGIN_SECTOR_UNKNOWN "unknown"
/* The sector of what a position in `s` is about. Valid as long as the settings. */
const char *margin_sector(const struct risk_settings *settings, const struct symbol *s);

/*
 * Margin of every open short option, at its mark (its average price when there is none), and of every open
 * order's unfilled rest that would sell an option short, at its limit. `sector`: only of that sector; NULL:
 * all.
 */
MUST_USE enum err_code margin_in_use(const struct risk_context *ctx, const char *sector, int64_t *micro,
                                     struct err *err);

#endif
