#include "strategy/costs.h"

static const struct setting ROWS[] = {
#define SETTING(TYPE, field, path, initial, least, most, meaning)                                            \
    {path, SETTING_##TYPE, offsetof(struct costs, field), initial, least, most, meaning},
#include "strategy/costs.def"
#undef SETTING
};

const struct setting *costs_rows(size_t *count)
{
    *count = sizeof ROWS / sizeof ROWS[0];
    return ROWS;
}

enum err_code costs_of_order(const struct costs *c, const struct symbol *s, int64_t qty, int64_t *micro,
                             struct err *err)
{
    const bool is_option = symbol_is_option(s);
    int64_t commission;
    int64_t fee;

    REQUIRE(qty >= 0);
    if (qty == 0) {
        *micro = 0;
        return ERR_OK;
    }
    enum err_code rc =
        decimal_mul_div(is_option ? c->commission : c->commission_share, qty, 1, &commission, err);
    if (!rc)
        rc = decimal_mul_div(is_option ? c->fee_contract : c->fee_share, qty, 1, &fee, err);
    if (rc)
        return rc;
    return decimal_add(commission > c->commission_min ? commission : c->commission_min, fee, micro, err);
}

enum err_code costs_of_fill(const struct costs *c, const struct symbol *s, int64_t filled_before, int64_t qty,
                            int64_t *micro, struct err *err)
{
    int64_t total;
    int64_t before;
    int64_t after;

    REQUIRE(filled_before >= 0 && qty >= 0);
    enum err_code rc = decimal_add(filled_before, qty, &total, err);
    if (!rc)
        rc = costs_of_order(c, s, filled_before, &before, err);
    if (!rc)
        rc = costs_of_order(c, s, total, &after, err);
    return rc ? rc : decimal_sub(after, before, micro, err);
}

enum err_code costs_of_settlement(const struct costs *c, int64_t qty, int64_t *micro, struct err *err)
{
    REQUIRE(qty >= 0);
    return decimal_mul_div(c->fee_settlement, qty, 1, micro, err);
}
