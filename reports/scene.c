#include "reports/scene.h"

#include "book/engine.h"
#include "risk/governor.h"
#include "risk/margin.h"

static struct scene_amount amount(enum err_code rc, int64_t micro)
{
    return (struct scene_amount){rc == ERR_OK, rc ? 0 : micro};
}

static void take_account(struct scene *s, const struct book *b)
{
    const struct decide_context ctx = engine_context(b);
    int64_t micro = 0;

    s->cash_micro = b->accounts->cash_micro;
    enum err_code rc = risk_equity_now(&ctx.risk, &micro, NULL);
    s->equity = amount(rc, micro);
    rc = margin_in_use(&ctx.risk, NULL, &micro, NULL);
    s->margin = amount(rc, micro);
    if (b->risk->has_opening)
        s->opening = amount(ERR_OK, b->risk->opening_equity_micro);
    s->positions = risk_positions(&ctx.risk);
    s->orders = b->orders->open_count;
}

static void take_limits(struct scene *s, const struct book *b)
{
    for (uint32_t i = 0; i < b->risk->breaker_count; i++)
        if (b->risk->breakers[i].tripped)
            s->breakers[s->tripped++] = &b->risk->breakers[i];
    s->stop_seq = b->risk->stopped ? b->risk->stop_seq : 0;
}

static uint32_t open_orders(const struct orders *orders, const struct symbol *symbol)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < orders->by_id.count; i++) {
        const struct order *const o = table_at(&orders->by_id, i);
        n += order_is_open(o) && symbol_equal(&o->symbol, symbol);
    }
    return n;
}

static void take_symbol(struct scene *s, const struct book *b, const struct symbol *symbol)
{
    const struct position *const p = accounts_position(b->accounts, symbol);
    const struct view_instrument *const i = view_find(b->view, symbol);

    s->has_symbol = true;
    s->symbol = *symbol;
    s->qty = p ? p->qty : 0;
    s->average_nano = p ? position_average_price_nano(p) : 0;
    s->symbol_orders = open_orders(b->orders, symbol);
    s->has_quote = i && i->quote.seq;
    if (s->has_quote) {
        s->quote = i->quote;
        s->quote_is_live = view_live_quote(b->view, i) != NULL;
    }
    symbol_underlying(symbol, &s->underlying);
    view_price(b->view, &s->underlying, &s->price);
}

void scene_take(struct scene *s, const struct book *b, const struct symbol *symbol)
{
    memset(s, 0, sizeof *s);
    s->seq = book_seq(b);
    s->clock = b->view->clock;
    take_account(s, b);
    take_limits(s, b);
    if (symbol)
        take_symbol(s, b, symbol);
    s->configuration_seq = b->configuration->seq;
    s->configuration = b->configuration->sha256;
    s->run_seq = b->run->run_seq;
}

bool scene_symbol(const struct book *b, const struct entry *e, struct symbol *symbol)
{
    const struct symbol *found = entry_symbol(e);
    const struct id *const id = entry_order_id(e);
    const struct order *const o = !found && id ? orders_find(b->orders, id) : NULL;

    found = o && o->symbol.length ? &o->symbol : found;
    if (!found || found->length == 0)
        return false;
    *symbol = *found;
    return true;
}
