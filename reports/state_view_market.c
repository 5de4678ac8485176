/* The option chain of a state. */
#include "market/calendar.h"
#include "reports/state_view_build.h"
#include "risk/ratio.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct column chain_columns[] = {{"symbol", "contract", CELL_TEXT, 22},
                                              {"expiry", "expiry", CELL_DAY, 10},
                                              {"days", "days", CELL_INTEGER, 5},
                                              {"right", "right", CELL_TEXT, 5},
                                              {"strike", "strike", CELL_PRICE, 10},
                                              {"bid_size", "bid size", CELL_INTEGER, 8},
                                              {"bid", "bid", CELL_PRICE, 10},
                                              {"ask", "ask", CELL_PRICE, 10},
                                              {"ask_size", "ask size", CELL_INTEGER, 8},
                                              {"age_s", "age", CELL_INTEGER, 8},
                                              {"is_live", "live", CELL_FLAG, 4},
                                              {"open_interest", "open interest", CELL_INTEGER, 13}};

/* How old a quote is by the clock, in whole seconds rounded up; INT64_MIN before the first clock, and ahead of it. */
static int64_t age_of(const struct view *v, const struct view_quote *q)
{
    int64_t age_ns;

    if (!q->seq || !v->clock.seq || view_is_ahead(v, q->at_ns))
        return INT64_MIN;
    if (q->at_ns >= v->clock.now_ns || decimal_sub(v->clock.now_ns, q->at_ns, &age_ns, NULL))
        return 0;
    return ratio_seconds_up(age_ns);
}

static void put_contract(struct state_view *v, const struct book *b, const struct view_instrument *i)
{
    const struct view_quote *const q = &i->quote;
    const civil_day session = b->view->clock.session;
    const bool is_option = i->expiry != CIVIL_DAY_NONE;
    const int64_t days =
        is_option && session != CIVIL_DAY_NONE ? calendar_days_to_expiry(session, i->expiry) : INT64_MIN;
    struct sources age = {.count = 0};
    struct state_cell *c = state_put_text(v, state_row_begin(v), "%s", i->symbol.text);

    sources_add(&age, q->seq);
    sources_add(&age, q->seq ? b->view->clock.seq : 0);
    c = state_put(v, c, CELL_DAY, i->expiry, NULL, NULL);
    c = state_put(v, c, CELL_INTEGER, days, NULL, NULL);
    c = state_put_text(v, c, "%s", !is_option ? "" : i->right == RIGHT_PUT ? "put" : "call");
    c = state_put(v, c, CELL_PRICE, is_option ? i->strike_nano : PRICE_NONE, NULL, NULL);
    c = state_put_from(v, c, CELL_INTEGER, q->seq ? q->bid_size : INT64_MIN, NULL, q->seq);
    c = state_put_from(v, c, CELL_PRICE, q->bid_nano, NULL, q->seq);
    c = state_put_from(v, c, CELL_PRICE, q->ask_nano, NULL, q->seq);
    c = state_put_from(v, c, CELL_INTEGER, q->seq ? q->ask_size : INT64_MIN, NULL, q->seq);
    c = state_put(v, c, CELL_INTEGER, age_of(b->view, q), "s", q->seq ? &age : NULL);
    c = state_put_from(v, c, CELL_FLAG, view_live_quote(b->view, i) != NULL, NULL, q->seq);
    state_put_from(v, c, CELL_INTEGER, i->interest_seq ? i->open_interest : INT64_MIN, NULL, i->interest_seq);
}

static void title_of(struct state_view *v, const struct book *b, const struct symbol *about)
{
    char price[DECIMAL_TEXT_SIZE];
    struct symbol underlying;
    struct view_price p;

    symbol_underlying(about, &underlying);
    view_price(b->view, &underlying, &p);
    if (p.price_nano == PRICE_NONE) {
        snprintf(v->title, sizeof v->title, "chain of %s, whose price is not known", underlying.text);
        return;
    }
    decimal_format(price, p.price_nano, PRICE_DECIMALS);
    snprintf(v->title, sizeof v->title, "chain of %s, at %s from entry %" PRIu64, underlying.text, price,
             p.seq);
}

enum err_code state_make_chain(struct state_view *v, const struct book *b, const struct symbol *about,
                               struct err *err)
{
    const struct view_instrument *const own = view_find(b->view, about);
    const struct view_chain *const chain = view_chain(b->view, about);

    (void)err;
    STATE_COLUMNS(v, chain_columns, 1);
    title_of(v, b, about);
    if (own)
        put_contract(v, b, own);
    for (uint32_t n = 0; chain && n < chain->count; n++) {
        const struct view_instrument *const i = view_chain_row(b->view, chain, n);
        if (b->view->clock.session == CIVIL_DAY_NONE || i->expiry >= b->view->clock.session)
            put_contract(v, b, i);
    }
    return ERR_OK;
}
