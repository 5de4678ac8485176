/*
 * What can be configured about the strategy and its account. The table is strategy_settings.def;
 * strategy/README.md says what each number means at its boundary.
 */
#ifndef STRATEGY_STRATEGY_SETTINGS_H
#define STRATEGY_STRATEGY_SETTINGS_H

#include "ledger/settings.h"

struct strategy_settings {
#define SETTING(TYPE, field, path, initial, least, most, meaning) SETTING_C_##TYPE field;
#include "strategy/strategy_settings.def"
#undef SETTING
};

/* The table, for a setting_group. */
const struct setting *strategy_settings_rows(size_t *count);

/* Rules that span rows (a least is not above its most, fast < slow): ERR_INPUT names both paths. */
MUST_USE enum err_code strategy_settings_check(const struct strategy_settings *s, struct err *err);

#endif
