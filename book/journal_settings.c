#include "book/journal_settings.h"

static const struct setting ROWS[] = {
#define SETTING(TYPE, field, path, initial, least, most, meaning)                                            \
    {path, SETTING_##TYPE, offsetof(struct journal_settings, field), initial, least, most, meaning},
#include "book/journal_settings.def"
#undef SETTING
};

const struct setting *journal_settings_rows(size_t *count)
{
    *count = sizeof ROWS / sizeof ROWS[0];
    return ROWS;
}
