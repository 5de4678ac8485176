#include "risk/margin.h"
#include "support/desk.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_naked_margin_by_cboe_s_rule(void **state)
{
    struct desk *const d = desk_new("2015-12-23");
    static const struct {
        const char *option, *underlying, *premium;
        int64_t qty;
        const char *margin;
    } rows[] = {
        /* put far out of the money: 10 % of the strike is the larger: (0.40 + 60) x 100 x 5 */
        {"GOOG  151231P00600000", "748.5", "0.40", 5, "30200"},
        /* put nearer: 20 % of 748.50 less 48.50 out of the money is 101.20, and 10 in premium */
        {"GOOG  151231P00700000", "748.5", "10", 1, "11120"},
        /* put in the money: nothing is taken off */
        {"GOOG  151231P00800000", "748.5", "51.5", 1, "20120"},
        {"GOOG  151231C00800000", "748.5", "1", 1, "9920"},
        /* call far out of the money: 10 % of the underlying, not of the strike */
        {"GOOG  151231C00900000", "748.5", "0", 1, "7485"},
        {"GOOG  151231C00700000", "748.5", "50", 1, "19970"},
        /* where both are nearly equal the larger counts: 8.889 against 8.8889, then 8.888 against 8.8888 */
        {"GOOG  151231P00088889", "100", "0", 1, "888.9"},
        {"GOOG  151231P00088888", "100", "0", 1, "888.88"},
        {"GOOG  151231P00600000", "748.5", "0.40", 0, "0"},
        /* an underlying that is worth nothing: 10 % of the strike */
        {"GOOG  151231P00600000", "0", "600", 1, "66000"},
        {"SPXW  190517P02700000", "2946.52", "20", 1, "36278.4"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct symbol s = entries_symbol(rows[i].option);
        int64_t micro = -1;
        assert_int_equal(margin_naked(&d->risk_settings, &s, entries_price(rows[i].underlying),
                                      entries_price(rows[i].premium), rows[i].qty, &micro, NULL),
                         ERR_OK);
        assert_int_equal(micro, entries_money(rows[i].margin));
    }
    desk_free(d);
}

static void test_each_percentage_is_a_setting(void **state)
{
    struct desk *const d = desk_new("2015-12-23");
    const struct symbol spx = entries_symbol("SPXW  190517P02700000");
    const struct symbol goog = entries_symbol("GOOG  151231P00600000");
    int64_t micro;

    (void)state;
    d->risk_settings.margin_rate_index = entries_rate("0.15"); /* Cboe's least for a broad-based index */
    assert_int_equal(
        margin_naked(&d->risk_settings, &spx, entries_price("2946.52"), entries_price("20"), 1, &micro, NULL),
        ERR_OK);
    assert_int_equal(micro, entries_money("29000")); /* 441.978 - 246.52 is less than 270 */
    d->risk_settings.margin_floor = entries_rate("0.05");
    d->risk_settings.margin_rate = entries_rate("0.25");
    assert_int_equal(
        margin_naked(&d->risk_settings, &goog, entries_price("748.5"), entries_price("1"), 1, &micro, NULL),
        ERR_OK);
    assert_int_equal(micro, entries_money("3962.5")); /* 187.125 - 148.5 = 38.625 */
    desk_free(d);
}

static void test_shares_cover_calls_first_positions_then_orders(void **state)
{
    struct desk *const d = desk_new("2015-12-23");
    static const char near[] = "GOOG  151231C00800000";
    static const char far[] = "GOOG  151231C00900000";
    const struct symbol goog = entries_symbol("GOOG");
    const struct symbol call = entries_symbol(far);
    int64_t micro = -1;

    (void)state;
    desk_tick(d, PHASE_OPEN, "15:00:00");
    desk_trade(d, "GOOG", "748.5", "15:00:00");
    desk_tell(d, entries_execution("o", "1", "GOOG", SIDE_BUY, 399, "750", "0"), "15:00:00");
    assert_int_equal(margin_coverable(&d->ctx.risk, &goog), 3);
    desk_tell(d, entries_execution("o", "2", near, SIDE_SELL, 2, "1", "0"), "15:00:00");
    desk_tell(d, entries_quote(near, "1", "1", 1, 1), "15:00:00");
    assert_int_equal(margin_in_use(&d->ctx.risk, NULL, &micro, NULL), ERR_OK);
    assert_int_equal(micro, 0);
    assert_int_equal(margin_coverable(&d->ctx.risk, &goog), 1);
    /* an order for two more: one of them is naked, 10 % of the underlying and its premium */
    desk_tell(d, entries_order("o-1", far, SIDE_SELL, 2, "0.15"), "15:00:00");
    assert_int_equal(margin_in_use(&d->ctx.risk, NULL, &micro, NULL), ERR_OK);
    assert_int_equal(micro, entries_money("7500"));
    assert_int_equal(margin_coverable(&d->ctx.risk, &goog), 0);
    assert_int_equal(margin_of_sale(&d->ctx.risk, &call, entries_price("0.15"), 1, &micro, NULL), ERR_OK);
    assert_int_equal(micro, entries_money("7500"));
    /* the shares go: both calls are naked, and both that are on order */
    desk_tell(d, entries_execution("o", "3", "GOOG", SIDE_SELL, 399, "750", "0"), "15:00:00");
    assert_int_equal(margin_in_use(&d->ctx.risk, NULL, &micro, NULL), ERR_OK);
    assert_int_equal(micro, entries_money("34840")); /* 2 x 9,920 and 2 x 7,500 */
    desk_free(d);
}

static void test_a_margin_that_does_not_fit_is_an_error(void **state)
{
    struct desk *const d = desk_new("2015-12-23");
    const struct symbol goog = entries_symbol("GOOG  151231P00600000");
    int64_t micro = 7;

    (void)state;
    assert_int_equal(margin_naked(&d->risk_settings, &goog, entries_price("748.5"), entries_price("0.4"),
                                  INT64_MAX, &micro, NULL),
                     ERR_RANGE);
    assert_int_equal(micro, 7);
    desk_free(d);
}

static int64_t in_use(const struct desk *d, const char *sector)
{
    int64_t micro = -1;

    assert_int_equal(margin_in_use(&d->ctx.risk, sector, &micro, NULL), ERR_OK);
    return micro;
}

static void test_margin_in_use_story(void **state)
{
    struct desk *const d = desk_new("2015-12-23");

    (void)state;
    desk_trade(d, "GOOG", "748.5", "15:00:00");
    assert_int_equal(in_use(d, NULL), 0);
    desk_fill(d, "GOOG  151231P00600000", SIDE_SELL, 5, "0.40", "15:00:00");
    assert_int_equal(in_use(d, NULL), entries_money("30200")); /* no quote: at its average price */
    desk_tell(d, entries_quote("GOOG  151231P00600000", "0.50", "0.70", 1, 1), "15:01:00");
    assert_int_equal(in_use(d, NULL), entries_money("30300")); /* at its mark */
    desk_fill(d, "GOOG  151231P00500000", SIDE_BUY, 5, "0.10", "15:01:00");
    desk_fill(d, "GOOG", SIDE_BUY, 100, "748", "15:01:00");
    assert_int_equal(in_use(d, NULL), entries_money("30300")); /* what is long, and stock, needs none */
    desk_tell(d, entries_order("o-1", "GOOG  151231P00600000", SIDE_SELL, 4, "0.30"), "15:02:00");
    assert_int_equal(in_use(d, NULL), entries_money("54420")); /* an open order counts at its limit */
    desk_tell(d, entries_execution("o-1", "f-1", "GOOG  151231P00600000", SIDE_SELL, 3, "0.60", "0"),
              "15:02:00");
    assert_int_equal(in_use(d, NULL), entries_money("54510")); /* 8 at 0.60 and a rest of 1 at 0.30 */
    desk_tell(d, entries_cancelled("o-1", "done"), "15:03:00");
    assert_int_equal(in_use(d, NULL), entries_money("48480"));
    desk_tell(d, entries_order("o-2", "GOOG  151231P00500000", SIDE_SELL, 5, "0.10"), "15:04:00");
    assert_int_equal(in_use(d, NULL), entries_money("48480")); /* sells what is held */
    desk_tell(d, entries_order("o-3", "GOOG  151231P00600000", SIDE_BUY, 8, "0.70"), "15:04:00");
    assert_int_equal(in_use(d, NULL), entries_money("48480")); /* frees nothing before it is filled */
    desk_tell(d, entries_order("o-4", "GOOG", SIDE_SELL, 500, "748"), "15:04:00");
    assert_int_equal(in_use(d, NULL), entries_money("48480"));
    desk_free(d);
}

static void test_margin_by_sector(void **state)
{
    struct desk *const d = desk_new("2015-12-23");

    (void)state;
    desk_trade(d, "GOOG", "748.5", "15:00:00");
    desk_fill(d, "GOOG  151231P00600000", SIDE_SELL, 5, "0.40", "15:00:00");
    desk_fill(d, "IBM   151231P00100000", SIDE_SELL, 1, "1", "15:00:00");
    desk_tell(d, entries_order("o-1", "XOM   151231P00050000", SIDE_SELL, 1, "0.50"), "15:02:00");
    assert_int_equal(in_use(d, "Communication Services"), entries_money("30200"));
    /* neither has a sector nor a price of its underlying: (20 + 1) x 100 at the strike, (10 + 0.5) x 100 */
    assert_int_equal(in_use(d, MARGIN_SECTOR_UNKNOWN), entries_money("3150"));
    assert_int_equal(in_use(d, "Broad Index"), 0);
    const struct symbol spxw = entries_symbol("SPXW  190517P02700000");
    assert_string_equal(margin_sector(&d->risk_settings, &spxw), "Broad Index");
    desk_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_naked_margin_by_cboe_s_rule),
        cmocka_unit_test(test_each_percentage_is_a_setting),
        cmocka_unit_test(test_shares_cover_calls_first_positions_then_orders),
        cmocka_unit_test(test_a_margin_that_does_not_fit_is_an_error),
        cmocka_unit_test(test_margin_in_use_story),
        cmocka_unit_test(test_margin_by_sector),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
