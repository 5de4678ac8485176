#include "strategy/strategy_settings.h"

#include <string.h>

static const struct setting ROWS[] = {
#define SETTING(TYPE, field, path, initial, least, most, meaning)                                            \
    {path, SETTING_##TYPE, offsetof(struct strategy_settings, field), initial, least, most, meaning},
#include "strategy/strategy_settings.def"
#undef SETTING
};

const struct setting *strategy_settings_rows(size_t *count)
{
    *count = sizeof ROWS / sizeof ROWS[0];
    return ROWS;
}

/* Each "x is not above y" that no bound of a single row can say. */
enum err_code strategy_settings_check(const struct strategy_settings *s, struct err *err)
{
    const struct {
        int64_t least;
        int64_t most;
        const char *least_path;
        const char *most_path;
    } pairs[] = {
        {s->otm_min, s->otm_max, "strategy.otm_min", "strategy.otm_max"},
        {s->premium_min, s->premium_max, "strategy.premium_min", "strategy.premium_max"},
        {s->days_min, s->days_max, "strategy.days_min", "strategy.days_max"},
        {s->call_otm_min, s->call_otm_max, "covered_call.otm_min", "covered_call.otm_max"},
        {s->call_days_min, s->call_days_max, "covered_call.days_min", "covered_call.days_max"},
        {s->sma_fast, s->sma_slow - 1, "strategy.sma_fast", "strategy.sma_slow - 1"},
    };

    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        if (pairs[i].least > pairs[i].most)
            return err_set(err, ERR_INPUT, "%s is above %s", pairs[i].least_path, pairs[i].most_path);
    }
    for (uint32_t i = 0; i < s->underlyings.count; i++) {
        if (symbol_is_option(&s->underlyings.rows[i]))
            return err_set(err, ERR_INPUT, "strategy.underlyings: \"%s\" is an option, not an underlying",
                           s->underlyings.rows[i].text);
    }
    for (uint32_t i = 0; i < s->trend_symbols.count; i++) {
        struct symbol carrier;
        const char *const text = s->trend_symbols.rows[i].text;
        if (symbol_parse(text, strlen(text), &carrier, NULL) || symbol_is_option(&carrier))
            return err_set(err, ERR_INPUT, "strategy.trend_symbols: \"%s\" is not a ticker", text);
    }
    return ERR_OK;
}
