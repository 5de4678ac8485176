#include "risk/risk_settings.h"

static const struct setting ROWS[] = {
#define SETTING(TYPE, field, path, initial, least, most, meaning)                                            \
    {path, SETTING_##TYPE, offsetof(struct risk_settings, field), initial, least, most, meaning},
#include "risk/risk_settings.def"
#undef SETTING
};

const struct setting *risk_settings_rows(size_t *count)
{
    *count = sizeof ROWS / sizeof ROWS[0];
    return ROWS;
}
