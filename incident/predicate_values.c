/* What a predicate can ask about, and how the state answers. */
#include "incident/predicate.h"

#include "book/engine.h"
#include "risk/governor.h"
#include "risk/limits.h"
#include "risk/margin.h"
#include "risk/ratio.h"

#include <string.h>

typedef enum err_code value_fn(const struct book *b, const struct symbol *s, int64_t *value, struct err *err);

static enum err_code cash(const struct book *b, const struct symbol *s, int64_t *value, struct err *err)
{
    (void)s;
    (void)err;
    *value = b->accounts->cash_micro;
    return ERR_OK;
}

/* What its integer cannot hold is not known. */
static enum err_code known(enum err_code rc, int64_t *value)
{
    if (rc == ERR_RANGE)
        *value = CHECK_VALUE_NONE;
    return rc == ERR_RANGE ? ERR_OK : rc;
}

static enum err_code equity(const struct book *b, const struct symbol *s, int64_t *value, struct err *err)
{
    const struct decide_context ctx = engine_context(b);

    (void)s;
    return known(risk_equity_now(&ctx.risk, value, err), value);
}

static enum err_code margin(const struct book *b, const struct symbol *s, int64_t *value, struct err *err)
{
    const struct decide_context ctx = engine_context(b);

    (void)s;
    return known(margin_in_use(&ctx.risk, NULL, value, err), value);
}

static enum err_code margin_use(const struct book *b, const struct symbol *s, int64_t *value, struct err *err)
{
    int64_t used = 0;
    int64_t worth = 0;
    enum err_code rc = margin(b, s, &used, err);

    if (!rc)
        rc = equity(b, s, &worth, err);
    if (!rc)
        *value =
            used == CHECK_VALUE_NONE || worth == CHECK_VALUE_NONE ? CHECK_VALUE_NONE : ratio_up(used, worth);
    return rc;
}

static enum err_code day_return(const struct book *b, const struct symbol *s, int64_t *value, struct err *err)
{
    const struct decide_context ctx = engine_context(b);
    int64_t worth = 0;
    const enum err_code rc = equity(b, s, &worth, err);

    if (!rc)
        *value = worth == CHECK_VALUE_NONE ? CHECK_VALUE_NONE : limits_day_return(&ctx.risk, worth);
    return rc;
}

static enum err_code drawdown(const struct book *b, const struct symbol *s, int64_t *value, struct err *err)
{
    const enum err_code rc = day_return(b, s, value, err);

    if (!rc && *value != CHECK_VALUE_NONE)
        *value = *value < 0 ? -*value : 0;
    return rc;
}

static enum err_code profit(const struct book *b, const struct symbol *s, int64_t *value, struct err *err)
{
    int64_t change = 0;
    enum err_code rc = equity(b, s, &change, err);

    if (rc)
        return rc;
    if (!b->risk->has_opening || change == CHECK_VALUE_NONE ||
        decimal_sub(change, b->risk->opening_equity_micro, &change, NULL) ||
        decimal_sub(change, b->risk->deposits_micro, &change, NULL))
        change = CHECK_VALUE_NONE;
    *value = change;
    return ERR_OK;
}

static enum err_code realized(const struct book *b, const struct symbol *s, int64_t *value, struct err *err)
{
    (void)s;
    (void)err;
    *value = b->accounts->realized_micro;
    return ERR_OK;
}

static enum err_code fees(const struct book *b, const struct symbol *s, int64_t *value, struct err *err)
{
    (void)s;
    (void)err;
    *value = b->accounts->fees_micro;
    return ERR_OK;
}

/* A contract's own; of a ticker all its contracts together. */
static enum err_code position(const struct book *b, const struct symbol *s, int64_t *value, struct err *err)
{
    int64_t sum = 0;
    enum err_code rc = ERR_OK;

    for (uint32_t i = 0; !rc && i < b->accounts->positions.count; i++) {
        const struct position *const p = table_at(&b->accounts->positions, i);
        struct symbol underlying;
        if (p->qty == 0 || !symbol_is_option(&p->symbol))
            continue;
        symbol_underlying(&p->symbol, &underlying);
        if (symbol_equal(&p->symbol, s) || symbol_equal(&underlying, s))
            rc = decimal_add(sum, p->qty, &sum, err);
    }
    *value = sum;
    return known(rc, value);
}

static enum err_code shares(const struct book *b, const struct symbol *s, int64_t *value, struct err *err)
{
    const struct position *const p = accounts_position(b->accounts, s);

    (void)err;
    *value = p ? p->qty : 0;
    return ERR_OK;
}

static enum err_code open_positions(const struct book *b, const struct symbol *s, int64_t *value,
                                    struct err *err)
{
    const struct decide_context ctx = engine_context(b);

    (void)s;
    (void)err;
    *value = risk_positions(&ctx.risk);
    return ERR_OK;
}

static enum err_code open_orders(const struct book *b, const struct symbol *s, int64_t *value,
                                 struct err *err)
{
    (void)s;
    (void)err;
    *value = b->orders->open_count;
    return ERR_OK;
}

static enum err_code orders(const struct book *b, const struct symbol *s, int64_t *value, struct err *err)
{
    (void)s;
    (void)err;
    *value = b->orders->by_id.count;
    return ERR_OK;
}

static enum err_code opened_today(const struct book *b, const struct symbol *s, int64_t *value,
                                  struct err *err)
{
    (void)s;
    (void)err;
    *value = b->risk->opened_today;
    return ERR_OK;
}

static enum err_code breakers(const struct book *b, const struct symbol *s, int64_t *value, struct err *err)
{
    (void)s;
    (void)err;
    *value = risk_state_tripped(b->risk);
    return ERR_OK;
}

static enum err_code breaker_tripped(const struct book *b, const struct symbol *s, int64_t *value,
                                     struct err *err)
{
    (void)s;
    (void)err;
    *value = risk_state_tripped(b->risk) > 0;
    return ERR_OK;
}

static enum err_code stopped(const struct book *b, const struct symbol *s, int64_t *value, struct err *err)
{
    (void)s;
    (void)err;
    *value = b->risk->stopped;
    return ERR_OK;
}

static enum err_code running(const struct book *b, const struct symbol *s, int64_t *value, struct err *err)
{
    (void)s;
    (void)err;
    *value = b->run->is_open;
    return ERR_OK;
}

static enum err_code price(const struct book *b, const struct symbol *s, int64_t *value, struct err *err)
{
    struct view_price p;

    (void)err;
    view_price(b->view, s, &p);
    *value = p.price_nano;
    return ERR_OK;
}

static enum err_code mark(const struct book *b, const struct symbol *s, int64_t *value, struct err *err)
{
    (void)err;
    *value = view_mark(b->view, s);
    return ERR_OK;
}

static enum err_code bid(const struct book *b, const struct symbol *s, int64_t *value, struct err *err)
{
    (void)err;
    *value = view_closing_price(b->view, s, false);
    return ERR_OK;
}

static enum err_code ask(const struct book *b, const struct symbol *s, int64_t *value, struct err *err)
{
    (void)err;
    *value = view_closing_price(b->view, s, true);
    return ERR_OK;
}

static const struct {
    struct predicate_quantity shown;
    value_fn *value;
} rows[] = {
    {{"position", true, UNIT_COUNT,
      "contracts held, short negative; of a ticker all of its contracts together"},
     position},
    {{"shares", true, UNIT_COUNT, "shares held of a ticker, short negative"}, shares},
    {{"cash", false, UNIT_MONEY, "dollars of cash"}, cash},
    {{"equity", false, UNIT_MONEY, "cash and every position at its mark"}, equity},
    {{"margin", false, UNIT_MONEY, "margin in use"}, margin},
    {{"margin_use", false, UNIT_RATE, "margin in use, of equity"}, margin_use},
    {{"profit", false, UNIT_MONEY, "won or lost since the session's opening, deposits left out"}, profit},
    {{"day_return", false, UNIT_RATE, "the same, of the opening equity"}, day_return},
    {{"drawdown", false, UNIT_RATE, "lost since the session's opening, of the opening equity; 0 in profit"},
     drawdown},
    {{"realized", false, UNIT_MONEY, "realized profit since the journal's beginning, before fees"}, realized},
    {{"fees", false, UNIT_MONEY, "fees since the journal's beginning"}, fees},
    {{"open_positions", false, UNIT_COUNT, "positions that are not flat"}, open_positions},
    {{"open_orders", false, UNIT_COUNT, "orders sent or working"}, open_orders},
    {{"orders", false, UNIT_COUNT, "orders since the journal's beginning"}, orders},
    {{"opened_today", false, UNIT_COUNT, "entries that the governor allowed in the session"}, opened_today},
    {{"breakers", false, UNIT_COUNT, "breakers that are tripped"}, breakers},
    {{"breaker tripped", false, UNIT_FLAG, "any breaker is tripped"}, breaker_tripped},
    {{"stopped", false, UNIT_FLAG, "an emergency stop is in force"}, stopped},
    {{"running", false, UNIT_FLAG, "a loop runs: its end is not on record"}, running},
    {{"price", true, UNIT_PRICE, "what an underlying is worth: last trade, mark, or middle of its quote"},
     price},
    {{"mark", true, UNIT_PRICE, "what an instrument is valued at"}, mark},
    {{"bid", true, UNIT_PRICE, "the live bid; not known when nobody bids"}, bid},
    {{"ask", true, UNIT_PRICE, "the live ask; not known when nobody offers"}, ask},
};

const struct predicate_quantity *predicate_quantity(size_t index)
{
    return index < sizeof rows / sizeof rows[0] ? &rows[index].shown : NULL;
}

enum err_code predicate_value(const struct predicate_leaf *leaf, const struct book *b, int64_t *value,
                              struct err *err)
{
    int64_t v = CHECK_VALUE_NONE; /* as PRICE_NONE is */

    REQUIRE(leaf->quantity < sizeof rows / sizeof rows[0]);
    const enum err_code rc = rows[leaf->quantity].value(b, &leaf->symbol, &v, err);
    if (rc)
        return err_wrap(err, "%s", rows[leaf->quantity].shown.name);
    *value = v;
    return ERR_OK;
}
