/* The tables' defaults are the numbers of the baseline strategy and of the desk's limits. */
#include "support/desk.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_every_default_is_canonical_and_within_its_bounds(void **state)
{
    struct setting_group groups[3] = {{NULL, 0, 0}, {NULL, 0, 0}, {NULL, 0, 0}};
    union {
        struct risk_settings risk;
        struct strategy_settings strategy;
        struct costs costs;
    } target;

    (void)state;
    groups[0].rows = risk_settings_rows(&groups[0].count);
    groups[1].rows = strategy_settings_rows(&groups[1].count);
    groups[2].rows = costs_rows(&groups[2].count);
    for (size_t g = 0; g < 3; g++) {
        settings_defaults(&groups[g], &target);
        for (size_t i = 0; i < groups[g].count; i++) {
            const struct setting *const s = &groups[g].rows[i];
            char text[4096];
            struct err err;
            if (settings_set(&groups[g], &target, s->path, s->initial, strlen(s->initial), &err))
                fail_msg("%s", err.text);
            assert_int_equal(settings_get(&groups[g], &target, i, text, sizeof text, NULL), ERR_OK);
            assert_string_equal(text, s->initial);
        }
    }
}

static void test_the_baseline_s_numbers(void **state)
{
    struct desk *const d = desk_new("2015-12-23");
    const struct strategy_settings *const s = &d->strategy_settings;
    const struct risk_settings *const r = &d->risk_settings;

    (void)state;
    assert_int_equal(s->otm_min, entries_rate("0.15"));
    assert_int_equal(s->otm_max, entries_rate("0.2"));
    assert_int_equal(s->premium_min, entries_price("0.3"));
    assert_int_equal(s->premium_max, entries_price("0.5"));
    assert_int_equal(s->days_min, 7);
    assert_int_equal(s->days_max, 14);
    assert_int_equal(s->contracts, 5);
    assert_int_equal(s->positions_max, 10);
    assert_int_equal(s->sma_fast, 20);
    assert_int_equal(s->sma_slow, 50);
    assert_true(s->trend_required);
    assert_int_equal(s->take_profit, entries_rate("0.5"));
    assert_int_equal(s->stop_loss, entries_rate("2"));
    assert_int_equal(s->exit_days, 3);
    assert_int_equal(s->deposit, entries_money("1000000"));
    assert_int_equal(r->daily_loss, entries_rate("0.02"));
    assert_int_equal(r->position_loss, entries_money("500"));
    assert_int_equal(r->margin_use, entries_rate("0.8"));
    assert_int_equal(r->sector_share, entries_rate("0.3"));
    assert_int_equal(r->new_positions_day, 10);
    assert_int_equal(r->open_positions, 10);
    desk_free(d);
}

static void test_rules_that_span_settings(void **state)
{
    struct desk *const d = desk_new("2015-12-23");
    struct strategy_settings *const s = &d->strategy_settings;
    struct err err;

    (void)state;
    assert_int_equal(strategy_settings_check(s, &err), ERR_OK);
    int64_t *const lows[] = {&s->otm_min, &s->premium_min, &s->days_min, &s->sma_fast};
    const int64_t highs[] = {s->otm_max, s->premium_max, s->days_max, s->sma_slow - 1};
    static const char *const words[] = {
        "strategy.otm_min is above strategy.otm_max", "strategy.premium_min is above strategy.premium_max",
        "strategy.days_min is above strategy.days_max", "strategy.sma_fast is above strategy.sma_slow - 1"};
    for (size_t i = 0; i < 4; i++) {
        const int64_t before = *lows[i];
        *lows[i] = highs[i];
        assert_int_equal(strategy_settings_check(s, &err), ERR_OK);
        *lows[i] = highs[i] + 1;
        assert_int_equal(strategy_settings_check(s, &err), ERR_INPUT);
        assert_string_equal(err.text, words[i]);
        *lows[i] = before;
    }
    s->underlyings.rows[0] = entries_symbol("GOOG  151231P00600000");
    assert_int_equal(strategy_settings_check(s, &err), ERR_INPUT);
    assert_non_null(strstr(err.text, "strategy.underlyings"));
    s->underlyings.rows[0] = entries_symbol("GOOG");
    strcpy(s->trend_symbols.rows[0].text, "spy");
    assert_int_equal(strategy_settings_check(s, &err), ERR_INPUT);
    assert_string_equal(err.text, "strategy.trend_symbols: \"spy\" is not a ticker");
    desk_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_default_is_canonical_and_within_its_bounds),
        cmocka_unit_test(test_the_baseline_s_numbers),
        cmocka_unit_test(test_rules_that_span_settings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
