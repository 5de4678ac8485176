/* An order from perception to fill, and any entry with its chain. */
#include "reports/explain.h"

#include "ledger/table.h"
#include "reports/explain_steps.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* -- an order ------------------------------------------------------------------------------------------- */

enum { NEAR_IDS = 5 };

/* The entries that name the order; when none does, every id there is, for the message. */
struct search {
    struct id wanted;
    struct chain own;
    struct table ids; /* struct id */
};

static enum err_code find_own(struct search *s, struct index *index, struct journal_reader *r,
                              struct err *err)
{
    const struct entry *e = NULL;
    struct index_walk *w = NULL;
    struct filter filter;
    bool found = true;

    filter_init(&filter);
    filter.order = s->wanted.text;
    enum err_code rc = index_walk_begin(index, r, &filter, INDEX_FORWARD, false, &w, err);
    while (!rc && found) {
        rc = index_walk_next(w, &e, &found, err);
        if (!rc && found)
            chain_add(&s->own, e->seq);
    }
    index_walk_end(w);
    return rc;
}

static enum err_code find_ids(struct search *s, struct journal_reader *r, struct err *err)
{
    struct journal_record record;
    struct entry e;
    bool any = true;
    void *row = NULL;
    enum err_code rc = journal_reader_seek(r, 1, err);

    while (!rc) {
        rc = journal_reader_next(r, &record, &any, err);
        if (rc || !any)
            break;
        rc = entry_decode_header(record.bytes, record.size, &e, err);
        if (rc || !entry_order_id(&e)) /* entries of that kind are about no order */
            continue;
        rc = entry_decode(record.bytes, record.size, &e, err);
        if (!rc)
            rc = table_put(&s->ids, entry_order_id(&e), &row, err);
    }
    return rc;
}

/* Edit distance of two ids. */
static unsigned distance(const struct id *a, const struct id *b)
{
    unsigned row[ID_MAX + 1];

    for (unsigned j = 0; j <= b->length; j++)
        row[j] = j;
    for (unsigned i = 1; i <= a->length; i++) {
        unsigned diagonal = row[0];
        row[0] = i;
        for (unsigned j = 1; j <= b->length; j++) {
            const unsigned change = diagonal + (a->text[i - 1] != b->text[j - 1]);
            const unsigned least = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = change < least ? change : least;
        }
    }
    return row[b->length];
}

static enum err_code no_such_order(const struct search *s, struct err *err)
{
    const struct id *near[NEAR_IDS] = {NULL};
    unsigned distances[NEAR_IDS] = {0};
    unsigned count = 0;
    char text[NEAR_IDS * (ID_MAX + 2) + 1] = "";
    size_t used = 0;

    if (s->ids.count == 0)
        return err_set(err, ERR_NOT_FOUND, "there is no order \"%s\": the journal has no orders",
                       s->wanted.text);
    for (uint32_t i = 0; i < s->ids.count; i++) {
        const struct id *const id = table_at(&s->ids, i);
        const unsigned d = distance(id, &s->wanted);
        unsigned at = count < NEAR_IDS ? count : NEAR_IDS;
        while (at > 0 && distances[at - 1] > d)
            at--;
        if (at == NEAR_IDS)
            continue;
        const unsigned kept = count < NEAR_IDS ? count : NEAR_IDS - 1;
        memmove(near + at + 1, near + at, (kept - at) * sizeof near[0]);
        memmove(distances + at + 1, distances + at, (kept - at) * sizeof distances[0]);
        near[at] = id;
        distances[at] = d;
        count = kept + 1;
    }
    for (unsigned i = 0; i < count; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", i ? ", " : "", near[i]->text);
    return err_set(err, ERR_NOT_FOUND, "there is no order \"%s\"; of %" PRIu32 " orders the nearest: %s",
                   s->wanted.text, s->ids.count, text);
}

/* What the fill did to the account. The book is folded to the fill. */
static void say_effect(const struct book *b, const struct entry *fill, struct words *w)
{
    const struct accounts *const a = b->accounts;
    const struct symbol *const symbol = entry_symbol(fill);
    const struct position *const p = symbol ? accounts_position(a, symbol) : NULL;

    if (a->last_seq != fill->seq) {
        words_add(w, "told before, so it does not count again");
        return;
    }
    for (uint32_t i = 0; i < a->last_count; i++) {
        const struct posting *const row = &a->last[i];
        words_add(w, "%s%s%s%s ", i ? ", " : "", row->account, row->symbol.length ? ":" : "",
                  row->symbol.length ? row->symbol.text : "");
        words_change(w, row->amount_micro);
    }
    if (!p)
        return;
    words_add(w, "; position now %" PRId64, p->qty);
    if (p->qty) {
        words_add(w, " at ");
        words_price(w, position_average_price_nano(p));
    }
    words_add(w, ", realized ");
    words_money(w, p->realized_micro);
}

static enum err_code add_own(struct explanation *x, struct journal_reader *r, struct book *b, uint64_t seq,
                             struct err *err)
{
    struct words effect;
    struct entry e;

    enum err_code rc = book_load(b, r, seq, NULL, NULL, err);
    if (!rc)
        rc = chain_read(r, seq, &e, err);
    if (rc)
        return rc;
    words_init(&effect);
    if (entry_family(e.kind) == FAMILY_FILL)
        say_effect(b, &e, &effect);
    rc = words_done(&effect, err);
    if (!rc)
        rc = explain_add_entry(x, &e, words_get(&effect), err);
    words_release(&effect);
    return rc;
}

/* What was seen and what the order follows from, in the journal's order. */
static enum err_code add_before(struct explanation *x, struct journal_reader *r, const struct book *b,
                                uint64_t first_seq, struct err *err)
{
    struct chain before = {.count = 0};
    struct explain_seen seen = {.quote_seq = 0};
    struct entry e;

    enum err_code rc = chain_read(r, first_seq, &e, err);
    if (!rc)
        rc = chain_add_causes(&before, r, first_seq, err);
    if (rc)
        return rc;
    if (entry_symbol(&e))
        explain_look(b, entry_symbol(&e), &seen);
    chain_add(&before, seen.quote_seq);
    chain_add(&before, seen.price.seq);
    for (unsigned i = 0; !rc && i < before.count; i++) {
        if (before.seqs[i] == seen.quote_seq)
            rc = explain_add_quote(x, r, &seen, err);
        else if (before.seqs[i] == seen.price.seq)
            rc = explain_add_price(x, r, &seen, err);
        else
            rc = explain_add_seq(x, r, before.seqs[i], NULL, err);
    }
    return rc;
}

static enum err_code title_of_order(struct explanation *x, const struct book *b, const struct search *s,
                                    struct err *err)
{
    const struct order *const o = orders_find(b->orders, &s->wanted);
    struct words w;

    words_init(&w);
    words_add(&w, "order %s: ", s->wanted.text);
    if (!o) {
        words_add(&w, "was never sent");
    } else if (!o->seq) {
        words_add(&w, "the broker speaks of it, but the journal never sent it");
    } else {
        words_add(&w, "%s %" PRId64 " %s ", o->side == SIDE_BUY ? "buy" : "sell", o->qty, o->symbol.text);
        words_add(&w, "at ");
        if (o->type == ORDER_TYPE_MARKET)
            words_add(&w, "the market");
        else
            words_price(&w, o->limit_nano);
        words_add(&w, ": %s, %" PRId64 " of %" PRId64 " filled", order_status_name(o->status), o->filled_qty,
                  o->qty);
    }
    if (s->own.is_cut)
        words_add(&w, " (only its first %d entries are shown)", CHAIN_MAX);
    const enum err_code rc = explain_set_title(x, &w, err);
    words_release(&w);
    return rc;
}

static enum err_code tell_order(const struct search *s, struct journal_reader *r, struct explanation *x,
                                struct err *err)
{
    const uint64_t first = s->own.seqs[0];
    struct book b;
    enum err_code rc = book_init(&b, err);

    if (!rc && first > 1)
        rc = book_load(&b, r, first - 1, NULL, NULL, err);
    if (!rc)
        rc = add_before(x, r, &b, first, err);
    for (unsigned i = 0; !rc && i < s->own.count; i++)
        rc = add_own(x, r, &b, s->own.seqs[i], err);
    if (!rc)
        rc = title_of_order(x, &b, s, err);
    book_release(&b);
    return rc;
}

enum err_code explain_order(struct index *index, struct journal_reader *r, const char *order_id,
                            struct explanation *x, struct err *err)
{
    const size_t length = strlen(order_id);
    struct search s = {.own = {.count = 0}};

    for (size_t i = 0; i < length; i++) {
        if (order_id[i] <= ' ' || order_id[i] > '~')
            return err_set(err, ERR_NOT_FOUND, "\"%s\" is no order id: those are visible ASCII characters",
                           order_id);
    }
    if (length == 0 || length > ID_MAX)
        return err_set(err, ERR_NOT_FOUND, "an order id has 1 to %d characters", ID_MAX);
    s.wanted = id_from(order_id);
    table_init(&s.ids, sizeof(struct id), sizeof(struct id));
    enum err_code rc = find_own(&s, index, r, err);
    if (!rc && s.own.count == 0)
        rc = find_ids(&s, r, err);
    if (!rc)
        rc = s.own.count ? tell_order(&s, r, x, err) : no_such_order(&s, err);
    table_release(&s.ids);
    return rc;
}

/* -- any entry ------------------------------------------------------------------------------------------ */

enum err_code explain_entry(struct index *index, struct journal_reader *r, uint64_t seq,
                            struct explanation *x, struct err *err)
{
    struct chain chain = {.count = 0};
    struct words w;
    struct entry e;

    enum err_code rc = chain_read(r, seq, &e, err);
    if (!rc)
        rc = chain_add_causes(&chain, r, seq, err);
    const unsigned causes = chain.count;
    if (!rc) {
        chain_add(&chain, seq);
        rc = chain_add_consequences(&chain, index, r, seq, journal_reader_size(r), err);
    }
    for (unsigned i = 0; !rc && i < chain.count; i++)
        rc = explain_add_seq(x, r, chain.seqs[i], NULL, err);
    if (rc)
        return rc;
    words_init(&w);
    words_add(&w, "entry %" PRIu64 ", %s: follows from %u entr%s, and %u follow%s from it", seq,
              entry_kind_find((unsigned)e.kind)->text, causes, causes == 1 ? "y" : "ies",
              chain.count - causes - 1, chain.count - causes - 1 == 1 ? "s" : "");
    if (chain.is_cut)
        words_add(&w, " (more than are shown)");
    rc = explain_set_title(x, &w, err);
    words_release(&w);
    return rc;
}
