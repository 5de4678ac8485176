/*
 * What trading costs: the commission schedule, exactly.
 *
 * An order of q contracts costs the larger of q x commission and commission_min, plus q x fee_contract
 * (shares likewise). All terms are whole micro dollars: nothing is rounded. A partial fill costs what the
 * order costs with it less what it cost before, so the parts always add up to the whole, and the minimum is
 * paid once.
 */
#ifndef STRATEGY_COSTS_H
#define STRATEGY_COSTS_H

#include "ledger/settings.h"

struct costs {
#define SETTING(TYPE, field, path, initial, least, most, meaning) SETTING_C_##TYPE field;
#include "strategy/costs.def"
#undef SETTING
};

/* The table, for a setting_group. */
const struct setting *costs_rows(size_t *count);

/* Of a whole order; 0 for qty 0. qty >= 0 (REQUIRE). ERR_RANGE. */
MUST_USE enum err_code costs_of_order(const struct costs *c, const struct symbol *s, int64_t qty,
                                      int64_t *micro, struct err *err);

/* Of a fill of `qty` in an order of which `filled_before` were filled already. */
MUST_USE enum err_code costs_of_fill(const struct costs *c, const struct symbol *s, int64_t filled_before,
                                     int64_t qty, int64_t *micro, struct err *err);

/* Of an assignment, an exercise or a settlement in cash. An expiration is free. */
MUST_USE enum err_code costs_of_settlement(const struct costs *c, int64_t qty, int64_t *micro,
                                           struct err *err);

#endif
