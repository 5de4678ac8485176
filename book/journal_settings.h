/*
 * What can be configured about how the journal is kept. The table is journal_settings.def.
 */
#ifndef BOOK_JOURNAL_SETTINGS_H
#define BOOK_JOURNAL_SETTINGS_H

#include "ledger/settings.h"

struct journal_settings {
#define SETTING(TYPE, field, path, initial, least, most, meaning) SETTING_C_##TYPE field;
#include "book/journal_settings.def"
#undef SETTING
};

/* The table, for a setting_group. */
const struct setting *journal_settings_rows(size_t *count);

#endif
