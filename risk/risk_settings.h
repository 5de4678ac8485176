/*
 * What can be configured about risk. The table is risk_settings.def; risk/README.md says what each number
 * means at its boundary.
 */
#ifndef RISK_RISK_SETTINGS_H
#define RISK_RISK_SETTINGS_H

#include "ledger/settings.h"

struct risk_settings {
#define SETTING(TYPE, field, path, initial, least, most, meaning) SETTING_C_##TYPE field;
#include "risk/risk_settings.def"
#undef SETTING
};

/* The table, for a setting_group. */
const struct setting *risk_settings_rows(size_t *count);

#endif
