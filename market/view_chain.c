/* Questions to the view: chains, prices, averages. Nothing here changes it. */
#include "ledger/decimal.h"
#include "market/view.h"

#include <inttypes.h>
#include <string.h>

const struct view_instrument *view_find(const struct view *v, const struct symbol *s)
{
    return table_find(&v->instruments, s);
}

bool view_is_halted(const struct view *v, const struct symbol *s, uint64_t *seq)
{
    struct symbol underlying;
    bool is_halted = false;

    symbol_underlying(s, &underlying);
    *seq = 0;
    const struct symbol *const both[] = {s, &underlying};
    for (unsigned k = 0; k < 2 && !is_halted; k++) {
        const struct view_instrument *const i = view_find(v, both[k]);
        is_halted = i && i->is_halted;
        if (i && (is_halted || i->status_seq > *seq))
            *seq = i->status_seq;
    }
    return is_halted;
}

const struct view_chain *view_chain(const struct view *v, const struct symbol *underlying)
{
    return table_find(&v->chains, underlying);
}

const struct view_instrument *view_chain_row(const struct view *v, const struct view_chain *chain,
                                             uint32_t index)
{
    REQUIRE(index < chain->count);
    return table_at(&v->instruments, chain->rows[index]);
}

uint32_t view_chain_count(const struct view *v, const struct symbol *underlying)
{
    const struct view_chain *const chain = view_chain(v, underlying);

    return chain ? chain->count : 0;
}

const struct view_instrument *view_chain_at(const struct view *v, const struct symbol *underlying,
                                            uint32_t index)
{
    const struct view_chain *const chain = view_chain(v, underlying);

    REQUIRE(chain);
    return view_chain_row(v, chain, index);
}

static bool is_crossed(const struct view_quote *q)
{
    return q->bid_nano != PRICE_NONE && q->ask_nano != PRICE_NONE && q->bid_nano > q->ask_nano;
}

const struct view_quote *view_live_quote(const struct view *v, const struct view_instrument *i)
{
    const struct view_quote *const q = &i->quote;

    if (q->seq == 0 || view_is_ahead(v, q->at_ns) || q->at_ns < v->clock.day_begin_ns ||
        q->at_ns >= v->clock.day_end_ns)
        return NULL;
    return is_crossed(q) ? NULL : q;
}

/* Half of a sum of two prices, half to even, without leaving the integer. */
static int64_t middle(int64_t a, int64_t b)
{
    const int64_t whole = a / 2 + b / 2;
    const int64_t halves = a % 2 + b % 2; /* 0, 1 or 2: prices of a side are positive */

    if (halves == 1)
        return whole % 2 == 0 ? whole : whole + 1;
    return whole + halves / 2;
}

static bool is_told(const struct view *v, const struct view_quote *q)
{
    return q->seq != 0 && !view_is_ahead(v, q->at_ns);
}

static bool has_middle(const struct view_quote *q)
{
    return q->bid_nano != PRICE_NONE && q->ask_nano != PRICE_NONE;
}

static void price_take(const struct view *v, struct view_price *p, enum view_source source,
                       const struct view_last *last)
{
    if (last->seq == 0 || view_is_ahead(v, last->at_ns) ||
        (p->source != VIEW_SOURCE_NONE && last->at_ns <= p->at_ns))
        return;
    p->price_nano = last->price_nano;
    p->source = source;
    p->at_ns = last->at_ns;
    p->seq = last->seq;
}

static int64_t age_of(const struct view *v, int64_t at_ns)
{
    int64_t age;

    if (v->clock.seq == 0 || at_ns >= v->clock.now_ns)
        return 0;
    return decimal_sub(v->clock.now_ns, at_ns, &age, NULL) ? INT64_MAX : age;
}

void view_price(const struct view *v, const struct symbol *s, struct view_price *price)
{
    struct view_price p = {PRICE_NONE, VIEW_SOURCE_NONE, INSTANT_NONE, 0, 0};
    const struct view_instrument *const i = view_find(v, s);

    if (i) {
        price_take(v, &p, VIEW_SOURCE_TRADE, &i->trade);
        price_take(v, &p, VIEW_SOURCE_MARK, &i->mark);
        if (is_told(v, &i->quote) && has_middle(&i->quote) && !is_crossed(&i->quote)) {
            const struct view_last quoted = {middle(i->quote.bid_nano, i->quote.ask_nano), i->quote.at_ns,
                                             i->quote.seq};
            price_take(v, &p, VIEW_SOURCE_QUOTE, &quoted);
        }
    }
    if (p.source != VIEW_SOURCE_NONE)
        p.age_ns = age_of(v, p.at_ns);
    *price = p;
}

/* Number of leading rows of sessions before `before`. */
static uint32_t rows_before(const struct view_closes *c, civil_day before)
{
    uint32_t n = c ? c->count : 0;

    while (n > 0 && c->rows[n - 1].session >= before)
        n--;
    return n;
}

uint32_t view_closes_before(const struct view *v, const struct symbol *ticker, civil_day before)
{
    return rows_before(table_find(&v->closes, ticker), before);
}

const struct view_close *view_last_close(const struct view *v, const struct symbol *ticker, civil_day before)
{
    const struct view_closes *const c = table_find(&v->closes, ticker);
    const uint32_t n = rows_before(c, before);

    return n > 0 ? &c->rows[n - 1] : NULL;
}

enum err_code view_sma(const struct view *v, const struct symbol *ticker, uint32_t n, civil_day before,
                       int64_t *sma_nano, struct err *err)
{
    const struct view_closes *const c = table_find(&v->closes, ticker);
    const uint32_t known = rows_before(c, before);
    int64_t sum = 0;

    REQUIRE(n >= 1 && n <= VIEW_CLOSES_MAX);
    if (known < n)
        return err_set(err, ERR_NOT_FOUND, "%s: %" PRIu32 " daily closes are known, %" PRIu32 " are needed",
                       ticker->text, known, n);
    for (uint32_t i = known - n; i < known; i++) {
        const enum err_code rc = decimal_add(sum, c->rows[i].close_nano, &sum, err);
        if (rc)
            return rc;
    }
    return decimal_mul_div(sum, 1, n, sma_nano, err);
}

int64_t view_mark(const struct view *v, const struct symbol *s)
{
    const struct view_instrument *const i = view_find(v, s);
    struct view_price price;

    if (i && is_told(v, &i->quote)) {
        const struct view_quote *const q = &i->quote;
        if (has_middle(q))
            return middle(q->bid_nano, q->ask_nano);
        if (q->ask_nano != PRICE_NONE)
            return middle(0, q->ask_nano);
        if (q->bid_nano != PRICE_NONE)
            return q->bid_nano;
    }
    view_price(v, s, &price);
    return price.price_nano;
}

int64_t view_closing_price(const struct view *v, const struct symbol *s, bool is_short)
{
    const struct view_instrument *const i = view_find(v, s);
    const struct view_quote *const q = i ? view_live_quote(v, i) : NULL;

    if (!q)
        return PRICE_NONE;
    return is_short ? q->ask_nano : q->bid_nano;
}
