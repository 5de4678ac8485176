/* What the broker and we disagree about, reckoned again from the words of docs/RECONCILE.md. */
#include "simulator/model.h"

#include <string.h>

static const struct check *find(const struct checks *checks, const char *name)
{
    for (unsigned i = 0; i < checks->count; i++) {
        if (id_is(&checks->rows[i].name, name))
            return &checks->rows[i];
    }
    return NULL;
}

static model_wide size_of(model_wide v)
{
    return v < 0 ? -v : v;
}

/* False: a number is not known. */
static bool apart(const struct check *c, model_wide *gap)
{
    if (!c || c->value == CHECK_VALUE_NONE)
        return false;
    *gap = size_of((model_wide)c->value - c->bound);
    return true;
}

/* A fill its difference in notional and fees; in another instrument both sides count in full. */
static bool gap_of_fill(const struct checks *checks, model_wide *gap)
{
    const struct check *const notional = find(checks, "notional");
    model_wide fee = 0;

    if (!apart(notional, gap) || !apart(find(checks, "fee"), &fee))
        return false;
    if (find(checks, "symbol"))
        *gap = size_of(notional->value) + size_of(notional->bound);
    *gap += fee;
    return true;
}

static bool is_of_fill(const struct id *check)
{
    return strncmp(check->text, "fill_", 5) == 0;
}

static bool is_of_bust(const struct id *check)
{
    return strncmp(check->text, "bust_", 5) == 0;
}

static bool gap_of(const struct checks *checks, model_wide *gap)
{
    const struct id *const first = &checks->rows[0].name;

    if (is_of_fill(first))
        return gap_of_fill(checks, gap);
    return (id_is(first, "cash") || id_is(first, "position")) && apart(&checks->rows[0], gap);
}

/* Of one thing there is one break, whatever differs in it. */
static struct model_break *find_break(struct model *m, const struct id *check, const char *about)
{
    for (size_t i = 0; i < m->break_count; i++) {
        struct model_break *const b = &m->breaks[i];
        if (strcmp(b->about, about) == 0 &&
            (id_equal(&b->check, check) || (is_of_fill(&b->check) && is_of_fill(check))))
            return b;
    }
    return NULL;
}

void model_on_break(struct model *m, const struct entry *e)
{
    const struct entry_risk_break *const b = &e->as.risk_break;
    const struct id *const check = &b->checks.rows[0].name;
    char about[ID_MAX + 1] = "";
    model_wide gap = 0;

    memcpy(about, b->about.bytes, b->about.length < sizeof about - 1 ? b->about.length : sizeof about - 1);
    struct model_break *k = find_break(m, check, about);
    if (!k) {
        m->breaks = model_grown(m->breaks, m->break_count, sizeof *m->breaks);
        k = &m->breaks[m->break_count++];
        *k = (struct model_break){.break_id = b->break_id};
        memcpy(k->about, about, sizeof about);
        m->void_told_count += is_of_bust(check);
    }
    k->check = *check;
    k->ours = b->ours;
    k->theirs = b->theirs;
    if (!gap_of(&b->checks, &gap))
        k->is_unknown = true;
    else if (gap > k->gap)
        k->gap = gap; /* what lies nearer corrects nothing */
}

void model_on_correction(struct model *m, const struct entry *e)
{
    const struct entry_control_correction *const c = &e->as.control_correction;

    for (size_t i = 0; i < m->break_count; i++) {
        const struct model_break *const b = &m->breaks[i];
        if (!id_equal(&b->break_id, &c->break_id) || (b->ours && !c->ours) || (b->theirs && !c->theirs) ||
            c->ours == c->theirs || (uint64_t)c->ours >= e->seq || (uint64_t)c->theirs >= e->seq)
            continue;
        memmove(m->breaks + i, m->breaks + i + 1, (m->break_count - i - 1) * sizeof *m->breaks);
        m->break_count--;
        return;
    }
}

/* At its mark, else at its underlying's price; what it cost is the book's affair. */
static bool worth_of_position(const struct model *m, const struct model_break *b, model_wide *micro,
                              bool *is_sure)
{
    struct symbol symbol;
    struct symbol underlying;

    if (symbol_parse(b->about, strlen(b->about), &symbol, NULL))
        return false;
    int64_t price = model_mark(m, &symbol);
    symbol_underlying(&symbol, &underlying);
    if (price == PRICE_NONE)
        price = model_price(m, &underlying);
    if (price == PRICE_NONE)
        *is_sure = false;
    else
        *micro += size_of(b->gap * price * symbol_multiplier(&symbol) / 1000);
    return true;
}

bool model_breaks_worth(const struct model *m, model_wide *micro, bool *is_sure)
{
    bool is_known = true;

    *micro = 0;
    *is_sure = true;
    for (size_t i = 0; i < m->break_count; i++) {
        const struct model_break *const b = &m->breaks[i];
        if (b->is_unknown)
            is_known = false;
        else if (!id_is(&b->check, "position"))
            *micro += b->gap;
        else if (!worth_of_position(m, b, micro, is_sure))
            is_known = false;
    }
    return is_known;
}
