/*
 * Screening: every contract of a chain against the criteria, in this order; the first that fails is counted.
 *   right    it is a put
 *   days     days_min <= calendar days from the session to expiry <= days_max
 *   otm      otm_min <= (underlying - strike) / underlying <= otm_max, the rate rounded half to even to 1e-9
 *   quote    it has a live quote with a bid
 *   premium  premium_min <= bid <= premium_max
 *   held     no position and no open order in it
 * Contracts that expired before the session are not looked at. Of those that pass, the best are kept: most
 * premium per margin (premium x multiplier / margin of one contract, rounded to 1e-9), then byte order of
 * symbols.
 */
#ifndef STRATEGY_SCREEN_H
#define STRATEGY_SCREEN_H

#include "strategy/context.h"

enum screen_criterion {
    SCREEN_RIGHT,
    SCREEN_DAYS,
    SCREEN_OTM,
    SCREEN_QUOTE,
    SCREEN_PREMIUM,
    SCREEN_HELD,
    SCREEN_CRITERIA /* how many */
};
const char *screen_criterion_name(enum screen_criterion c);

struct screen {
    int64_t underlying_nano; /* the price it was screened at */
    int64_t seen;
    int64_t passed;
    int64_t failed[SCREEN_CRITERIA];
    struct candidates best; /* best first */
};

/*
 * Screens the chain of `underlying` at `underlying_nano` (> 0, REQUIRE) for the clock's session. ERR_RANGE;
 * *out is then not to be used.
 */
MUST_USE enum err_code screen_chain(const struct decide_context *ctx, const struct symbol *underlying,
                                    int64_t underlying_nano, struct screen *out, struct err *err);

/*
 * One contract: *failed is the first criterion that it fails, SCREEN_CRITERIA when it passes them all. *row gets
 * symbol, days and otm, and the premium when it passes. ERR_RANGE.
 */
MUST_USE enum err_code screen_contract(const struct decide_context *ctx, const struct view_instrument *i,
                                       int64_t underlying_nano, struct candidate *row,
                                       enum screen_criterion *failed, struct err *err);

/* (underlying - strike) / underlying for a put, the other way round for a call; negative in the money. */
MUST_USE enum err_code screen_otm(const struct view_instrument *i, int64_t underlying_nano, int64_t *otm_nano,
                                  struct err *err);

/*
 * 0 at either bound, 1 in the middle, and in a straight line between: how far inside least .. most a value
 * lies. 0 outside, 1 when least equals most and the value with them. In 1e-9, rounded down.
 */
int64_t screen_depth(int64_t value, int64_t least, int64_t most);

#endif
