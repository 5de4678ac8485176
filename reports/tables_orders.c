/*
 * The order audit trail: every order that anything happened to on the day, each with its whole chain. First
 * what was seen (the contract's quote, the underlying's price, the clock), then what follows from it by
 * cause, then every entry of the day that names the order. One row a step, in the journal's order.
 */
#include "reports/chain.h"
#include "reports/tables_fold.h"

#include <stdlib.h>

void trail_init(struct trail *t)
{
    memset(t, 0, sizeof *t);
    table_init(&t->orders, sizeof(struct trail_order), sizeof(struct id));
}

void trail_release(struct trail *t)
{
    table_release(&t->orders);
    free(t->steps);
    t->steps = NULL;
}

static enum err_code add_step(struct trail *t, struct trail_order *o, uint64_t seq, struct err *err)
{
    if (t->count == t->capacity) {
        const uint32_t wanted = t->capacity ? 2 * t->capacity : 256;
        struct trail_step *const grown = realloc(t->steps, (size_t)wanted * sizeof *grown);
        if (!grown)
            return err_set(err, ERR_MEMORY, "out of memory for the order audit trail");
        t->steps = grown;
        t->capacity = wanted;
    }
    t->steps[t->count++] = (struct trail_step){.seq = seq};
    if (o->last)
        t->steps[o->last - 1].next = t->count;
    else
        o->first = t->count;
    o->last = t->count;
    return ERR_OK;
}

/* Orders and decisions change no quote: what the view holds now is what was decided on. */
static void note_market(const struct fold *f, const struct symbol *s, struct trail_order *o)
{
    const struct view_instrument *const i = view_find(f->book.view, s);
    struct symbol underlying;
    struct view_price price;

    symbol_underlying(s, &underlying);
    view_price(f->book.view, &underlying, &price);
    o->quote_seq = i ? i->quote.seq : 0;
    o->price_seq = price.seq;
}

static enum err_code note_step(struct fold *f, const struct entry *e, struct err *err)
{
    const struct id *const order_id = entry_order_id(e);
    const struct symbol *const symbol = entry_symbol(e);
    void *found = NULL;

    if (!order_id)
        return ERR_OK;
    const enum err_code rc = table_put(&f->trail.orders, order_id, &found, err);
    if (rc)
        return rc;
    struct trail_order *const o = found;
    if (!o->first && symbol && entry_family(e->kind) != FAMILY_FILL)
        note_market(f, symbol, o);
    return add_step(&f->trail, o, e->seq, err);
}

static enum err_code step_row(struct fold *f, const struct id *order_id, int64_t step, uint64_t seq,
                              struct err *err)
{
    struct entry e;
    enum err_code rc = chain_read(f->reader, seq, &e, err);

    if (rc)
        return rc;
    words_clear(&f->words);
    words_entry(&f->words, &e);
    rc = words_done(&f->words, err);
    if (rc)
        return rc;
    struct row *const row = fold_row(f, TABLES_ORDERS);
    row->is_alert =
        e.kind == ENTRY_ORDER_REJECTED || (e.kind == ENTRY_RISK_VERDICT && !e.as.risk_verdict.allowed);
    row_id(row, order_id);
    row_number(row, CELL_INTEGER, step);
    fold_place(row, &e);
    row_word(row, fold_actor(f, &e));
    row_word(row, words_stage(&e));
    row_word(row, fold_kind(&e));
    row_seq(row, e.cause);
    row_bytes(row, f->words.bytes, f->words.size);
    return fold_send(f, err);
}

static enum err_code order_rows(struct fold *f, const struct trail_order *o, struct err *err)
{
    struct chain chain = {.count = 0};
    uint32_t at = o->first;
    int64_t step = 0;
    enum err_code rc = chain_add_causes(&chain, f->reader, f->trail.steps[at - 1].seq, err);

    chain_add(&chain, o->quote_seq);
    chain_add(&chain, o->price_seq);
    for (unsigned i = 0; !rc && i < chain.count; i++)
        rc = step_row(f, &o->order_id, ++step, chain.seqs[i], err);
    while (!rc && at) {
        rc = step_row(f, &o->order_id, ++step, f->trail.steps[at - 1].seq, err);
        at = f->trail.steps[at - 1].next;
    }
    return rc;
}

static enum err_code trail_rows(struct fold *f, struct err *err)
{
    enum err_code rc = ERR_OK;

    for (uint32_t i = 0; !rc && i < f->trail.orders.count; i++)
        rc = order_rows(f, table_at(&f->trail.orders, i), err);
    return rc;
}

static const struct column columns[] = {
    {"order_id", "Order", CELL_TEXT, 14},  {"step", "Step", CELL_INTEGER, 6},
    {"seq", "Entry", CELL_SEQ, 9},         {"recorded_at", "Recorded at (UTC)", CELL_INSTANT, 30},
    {"at", "At (UTC)", CELL_INSTANT, 24},  {"actor", "Actor", CELL_TEXT, 20},
    {"stage", "Stage", CELL_TEXT, 13},     {"kind", "Kind", CELL_TEXT, 22},
    {"cause", "Because of", CELL_SEQ, 10}, {"what", "What", CELL_TEXT, 90},
};

const struct table_rows tables_orders = {
    {"orders", "Order audit trail",
     "each order with its chain: perception, candidates, decision, verdict, order, answers, fills",
     TABLE_COLUMNS(columns)},
    note_step,
    NULL,
    trail_rows};
