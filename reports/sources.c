#include "reports/sources.h"

#include <inttypes.h>
#include <string.h>

/* -- the list ------------------------------------------------------------------------------------------- */

bool sources_hold(const struct sources *s, uint64_t seq)
{
    for (unsigned i = 0; i < s->count; i++) {
        if (seq >= s->runs[i].first && seq <= s->runs[i].last)
            return true;
    }
    return false;
}

/* Run `at` and the next are one when nothing lies between. */
static void melt(struct sources *s, unsigned at)
{
    if (at + 1 >= s->count || s->runs[at].last + 1 != s->runs[at + 1].first)
        return;
    s->runs[at].last = s->runs[at + 1].last;
    memmove(s->runs + at + 1, s->runs + at + 2, (s->count - at - 2) * sizeof s->runs[0]);
    s->count--;
}

void sources_add(struct sources *s, uint64_t seq)
{
    unsigned at = 0;

    if (seq == 0 || sources_hold(s, seq))
        return;
    while (at < s->count && s->runs[at].last < seq)
        at++;
    if (at > 0 && s->runs[at - 1].last + 1 == seq) {
        s->runs[at - 1].last = seq;
        melt(s, at - 1);
        return;
    }
    if (at < s->count && seq + 1 == s->runs[at].first) {
        s->runs[at].first = seq;
        return;
    }
    if (s->count == SOURCES_RUNS) {
        s->is_cut = true;
        return;
    }
    memmove(s->runs + at + 1, s->runs + at, (s->count - at) * sizeof s->runs[0]);
    s->runs[at].first = seq;
    s->runs[at].last = seq;
    s->count++;
}

void sources_join(struct sources *s, const struct sources *other)
{
    for (unsigned i = 0; i < other->count; i++) {
        for (uint64_t seq = other->runs[i].first; seq <= other->runs[i].last; seq++)
            sources_add(s, seq);
    }
    s->is_cut = s->is_cut || other->is_cut;
}

void sources_list(struct words *w, const struct sources *s)
{
    for (unsigned i = 0; i < s->count; i++) {
        words_add(w, "%s%" PRIu64, i ? ", " : "", s->runs[i].first);
        if (s->runs[i].last > s->runs[i].first)
            words_add(w, "%s%" PRIu64, s->runs[i].last == s->runs[i].first + 1 ? ", " : "-", s->runs[i].last);
    }
    if (s->is_cut)
        words_add(w, " and more");
}

void sources_say(struct words *w, const struct sources *s)
{
    const bool is_one = s->count == 1 && s->runs[0].first == s->runs[0].last && !s->is_cut;

    if (s->count == 0) {
        words_add(w, "%s", s->note ? s->note : "not named by the state");
        return;
    }
    if (s->note)
        words_add(w, "%s of ", s->note);
    words_add(w, is_one ? "entry " : "entries ");
    sources_list(w, s);
}

void sources_json(struct json_out *out, const char *name, const char *note_name, const struct sources *s)
{
    json_out_key(out, name);
    json_out_array(out);
    for (unsigned i = 0; i < s->count; i++) {
        for (uint64_t seq = s->runs[i].first; seq <= s->runs[i].last; seq++)
            json_out_u64(out, seq);
    }
    json_out_array_end(out);
    if (s->note && note_name) {
        json_out_key(out, note_name);
        json_out_text(out, s->note);
    }
}

/* -- of the state --------------------------------------------------------------------------------------- */

void sources_of_quote(const struct book *b, const struct symbol *s, struct sources *out)
{
    const struct view_instrument *const i = view_find(b->view, s);

    if (i)
        sources_add(out, i->quote.seq);
    if (!i || !i->quote.seq)
        out->note = "never quoted";
}

void sources_of_price(const struct book *b, const struct symbol *s, struct sources *out)
{
    struct symbol underlying;
    struct view_price price;

    symbol_underlying(s, &underlying);
    view_price(b->view, &underlying, &price);
    sources_add(out, price.seq);
    if (!price.seq)
        out->note = "no price is known";
}

void sources_of_mark(const struct book *b, const struct symbol *s, struct sources *out)
{
    const struct view_instrument *const i = view_find(b->view, s);
    struct view_price price;

    if (i && i->quote.seq && !view_is_ahead(b->view, i->quote.at_ns) &&
        (i->quote.bid_nano != PRICE_NONE || i->quote.ask_nano != PRICE_NONE)) {
        sources_add(out, i->quote.seq);
        return;
    }
    view_price(b->view, s, &price);
    sources_add(out, price.seq);
    if (!price.seq)
        out->note = "no mark is known: the average price stands in";
}

void sources_of_lots(const struct position *p, struct sources *out)
{
    for (uint32_t i = 0; i < p->lot_count; i++)
        sources_add(out, p->lots[i].seq);
}

void sources_of_equity(const struct book *b, struct sources *out)
{
    const struct table *const positions = &b->accounts->positions;

    sources_add(out, b->accounts->last_seq);
    for (uint32_t i = 0; i < positions->count; i++) {
        const struct position *const p = table_at(positions, i);
        if (p->qty != 0)
            sources_of_mark(b, &p->symbol, out);
    }
    out->note = b->accounts->last_seq ? NULL : "nothing was paid in";
}

void sources_of_margin(const struct book *b, struct sources *out)
{
    const struct table *const positions = &b->accounts->positions;
    uint32_t left = b->orders->open_count;

    for (uint32_t i = 0; i < positions->count; i++) {
        const struct position *const p = table_at(positions, i);
        if (p->qty >= 0 || !symbol_is_option(&p->symbol))
            continue;
        sources_add(out, p->moved_seq);
        sources_of_mark(b, &p->symbol, out);
        sources_of_price(b, &p->symbol, out);
    }
    for (uint32_t i = b->orders->by_id.count; left > 0 && i-- > 0;) {
        const struct order *const o = table_at(&b->orders->by_id, i);
        if (!order_is_open(o))
            continue;
        left--;
        sources_add(out, o->seq);
        if (symbol_is_option(&o->symbol))
            sources_of_price(b, &o->symbol, out);
    }
    out->note = out->count ? NULL : "nothing is short, and no order is open";
}

void sources_of_setting(const struct book *b, const char *path, struct sources *out)
{
    sources_add(out, b->configuration->seq);
    out->note = b->configuration->seq ? path : "the program's default, for no entry configures it";
}
