#include "ledger/filter.h"

void filter_init(struct filter *f)
{
    *f = (struct filter){.first = 1,
                         .last = UINT64_MAX,
                         .from_ns = INT64_MIN,
                         .to_ns = INT64_MAX,
                         .since_ns = INT64_MIN,
                         .until_ns = INT64_MAX};
}

int64_t filter_when_ns(const struct entry *e)
{
    return e->at_ns != INSTANT_NONE ? e->at_ns : e->recorded_at_ns;
}

bool filter_has_when(const struct filter *f)
{
    return f->from_ns != INT64_MIN || f->to_ns != INT64_MAX;
}

bool filter_holds_header(const struct filter *f, const struct entry *e)
{
    const int64_t when = filter_when_ns(e);

    if (f->kind && e->kind != f->kind->kind)
        return false;
    if (f->family && (unsigned)entry_family(e->kind) != f->family)
        return false;
    if (f->has_actor && e->actor != f->actor)
        return false;
    if (f->cause && e->cause != f->cause)
        return false;
    if (e->seq < f->first || e->seq > f->last)
        return false;
    if ((f->order && !entry_order_id(e)) || (f->symbol.length && !entry_symbol(e))) /* of no such kind */
        return false;
    if (when < f->from_ns || when > f->to_ns)
        return false;
    return e->recorded_at_ns >= f->since_ns && e->recorded_at_ns <= f->until_ns;
}

static bool holds_symbol(const struct filter *f, const struct entry *e)
{
    const struct symbol *const s = entry_symbol(e);
    struct symbol underlying;

    if (!s)
        return false;
    if (symbol_equal(s, &f->symbol))
        return true;
    symbol_underlying(s, &underlying);
    return symbol_equal(&underlying, &f->symbol);
}

bool filter_holds(const struct filter *f, const struct entry *e)
{
    if (!filter_holds_header(f, e))
        return false;
    if (f->order) {
        const struct id *const order = entry_order_id(e);
        if (!order || !id_is(order, f->order))
            return false;
    }
    return f->symbol.length == 0 || holds_symbol(f, e);
}
