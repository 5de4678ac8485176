#include "incident/difference.h"

#include "incident/course_twins.h"
#include "ledger/roles.h"

#include <stdlib.h>

/* -- entries -------------------------------------------------------------------------------------------- */

static bool is_computed(const struct course *c, const struct entry *e)
{
    const struct run_state *const run = course_book(c)->run;

    return run_is_derived(run, e) || roles_find(&run->roles, e->actor) == ROLE_BROKER;
}

static enum err_code next_computed(struct course_walk *w, struct entry *e, bool *found, struct err *err)
{
    enum err_code rc = ERR_OK;

    do
        rc = course_next(w, e, NULL, found, err);
    while (!rc && *found && !is_computed(w->course, e));
    return rc;
}

struct comparing {
    struct course_walk walks[2];
    struct entry entries[2];
    struct entry scratch;
    uint8_t bytes[2][ENTRY_MAX_SIZE];
};

static enum err_code is_equal(struct comparing *c, bool *same, struct err *err)
{
    struct wire_out out[2];
    enum err_code rc = ERR_OK;

    for (int i = 0; !rc && i < 2; i++) {
        wire_out_init(&out[i], c->bytes[i], ENTRY_MAX_SIZE);
        course_twins_normal(&c->entries[i], &c->scratch);
        rc = entry_encode(&c->scratch, &out[i], err);
    }
    if (!rc)
        *same = wire_out_size(&out[0]) == wire_out_size(&out[1]) &&
                memcmp(c->bytes[0], c->bytes[1], wire_out_size(&out[0])) == 0;
    return rc;
}

static enum err_code keep_entry(struct difference_entry *to, const struct entry *e, struct err *err)
{
    struct wire_out out;

    wire_out_init(&out, to->bytes, sizeof to->bytes);
    enum err_code rc = entry_encode(e, &out, err);
    if (!rc)
        rc = entry_decode(to->bytes, wire_out_size(&out), &to->entry, err);
    to->seq = e->seq;
    return rc;
}

static enum err_code compare_all(struct difference *d, struct comparing *c, struct err *err)
{
    bool found[2] = {true, true};
    bool same = true;
    enum err_code rc = ERR_OK;

    while (!rc && same) {
        for (int i = 0; !rc && i < 2; i++)
            rc = next_computed(&c->walks[i], &c->entries[i], &found[i], err);
        if (rc || (!found[0] && !found[1]))
            break;
        same = found[0] && found[1];
        if (same)
            rc = is_equal(c, &same, err);
        d->compared += !rc && same;
    }
    d->is_same = same;
    if (!rc && !same && found[0])
        rc = keep_entry(&d->recorded, &c->entries[0], err);
    if (!rc && !same && found[1])
        rc = keep_entry(&d->course, &c->entries[1], err);
    return rc;
}

static enum err_code compare_entries(struct difference *d, const struct course *recorded,
                                     const struct course *course, struct journal_reader *r1,
                                     struct journal_reader *r2, struct err *err)
{
    struct comparing *const c = calloc(1, sizeof *c);

    if (!c)
        return err_set(err, ERR_MEMORY, "out of memory");
    course_walk_begin(&c->walks[0], recorded, r1, course_from(recorded));
    course_walk_begin(&c->walks[1], course, r2, course_from(course));
    const enum err_code rc = compare_all(d, c, err);
    free(c);
    return rc;
}

/* -- orders --------------------------------------------------------------------------------------------- */

/* Those sent from the departure on: rows are in order of first appearance. */
static uint32_t first_order(const struct course *c)
{
    const struct table *const orders = &course_book(c)->orders->by_id;
    uint32_t i = 0;

    while (i < orders->count) {
        const struct order *const o = table_at(orders, i);
        if (o->seq >= course_from(c))
            break;
        i++;
    }
    return i;
}

static bool is_same_order(const struct order *a, const struct order *b)
{
    return a->at_ns == b->at_ns && a->side == b->side && symbol_equal(&a->symbol, &b->symbol);
}

static bool became_the_same(const struct order *a, const struct order *b)
{
    return a->status == b->status && a->qty == b->qty && a->type == b->type &&
           a->limit_nano == b->limit_nano && a->filled_qty == b->filled_qty &&
           a->filled_micro == b->filled_micro;
}

static int by_time(const void *a, const void *b)
{
    const struct difference_order *const x = a;
    const struct difference_order *const y = b;
    const struct order *const p = x->what == ORDER_GAINED ? &x->course : &x->recorded;
    const struct order *const q = y->what == ORDER_GAINED ? &y->course : &y->recorded;

    if (p->at_ns != q->at_ns)
        return p->at_ns < q->at_ns ? -1 : 1;
    const int symbols = symbol_compare(&p->symbol, &q->symbol);
    if (symbols != 0)
        return symbols;
    if (p->side != q->side)
        return p->side < q->side ? -1 : 1;
    return p->seq < q->seq ? -1 : p->seq > q->seq;
}

/* The first order of `theirs` at or behind `begin` that is this one and taken by none. */
static const struct order *partner(const struct table *theirs, uint32_t begin, bool *taken,
                                   const struct order *o)
{
    for (uint32_t i = begin; i < theirs->count; i++) {
        const struct order *const other = table_at(theirs, i);
        if (taken[i] || !is_same_order(o, other))
            continue;
        taken[i] = true;
        return other;
    }
    return NULL;
}

static void add_order(struct difference *d, enum difference_of_order what, const struct order *recorded,
                      const struct order *course)
{
    struct difference_order *const row = &d->orders[d->order_count++];

    row->what = what;
    if (recorded)
        row->recorded = *recorded;
    if (course)
        row->course = *course;
}

static enum err_code compare_orders(struct difference *d, const struct course *recorded,
                                    const struct course *course, struct err *err)
{
    const struct table *const ours = &course_book(recorded)->orders->by_id;
    const struct table *const theirs = &course_book(course)->orders->by_id;
    const uint32_t begin = first_order(course);
    bool *const taken = calloc((size_t)theirs->count + 1, sizeof *taken);

    d->orders = calloc((size_t)ours->count + theirs->count + 1, sizeof *d->orders);
    if (!taken || !d->orders) {
        free(taken);
        return err_set(err, ERR_MEMORY, "out of memory");
    }
    for (uint32_t i = first_order(recorded); i < ours->count; i++) {
        const struct order *const o = table_at(ours, i);
        const struct order *const other = partner(theirs, begin, taken, o);
        if (!other)
            add_order(d, ORDER_LOST, o, NULL);
        else if (!became_the_same(o, other))
            add_order(d, ORDER_CHANGED, o, other);
    }
    for (uint32_t i = begin; i < theirs->count; i++) {
        if (!taken[i])
            add_order(d, ORDER_GAINED, NULL, table_at(theirs, i));
    }
    free(taken);
    qsort(d->orders, d->order_count, sizeof *d->orders, by_time);
    return ERR_OK;
}

/* -- money ---------------------------------------------------------------------------------------------- */

static void count_orders(const struct course *c, struct difference_side *side)
{
    const struct table *const orders = &course_book(c)->orders->by_id;

    for (uint32_t i = first_order(c); i < orders->count; i++) {
        const struct order *const o = table_at(orders, i);
        side->orders += o->seq != 0; /* not what somebody speaks of that was never sent */
        side->filled += o->seq != 0 && o->filled_qty > 0;
    }
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* COURSE_UNKNOWN is less than all else. */
static enum err_code add_point(struct difference_side *s, int64_t *peak, const struct course_point *p,
                               struct err *err)
{
    int64_t fall = 0;
    enum err_code rc = ERR_OK;

    s->cash_micro = p->cash_micro;
    s->equity_micro = p->equity_micro;
    s->realized_micro = p->realized_micro;
    s->fees_micro = p->fees_micro;
    s->positions = p->positions;
    s->margin_micro = larger(s->margin_micro, p->margin_micro);
    s->exposure_micro = larger(s->exposure_micro, p->exposure_micro);
    s->profit_micro = COURSE_UNKNOWN;
    if (p->equity_micro == COURSE_UNKNOWN)
        return ERR_OK;
    rc = decimal_sub(p->equity_micro, p->deposits_micro, &s->profit_micro, err);
    *peak = larger(*peak, s->profit_micro);
    if (!rc)
        rc = decimal_sub(*peak, s->profit_micro, &fall, err);
    s->drawdown_micro = larger(s->drawdown_micro, fall);
    return rc;
}

enum err_code difference_side(const struct course *c, struct difference_side *side, struct err *err)
{
    struct difference_side s = {0};
    size_t count = 0;
    const struct course_point *const points = course_points(c, &count);
    int64_t peak = INT64_MIN;
    enum err_code rc = ERR_OK;

    count_orders(c, &s);
    for (size_t i = 0; !rc && i < count; i++)
        rc = add_point(&s, &peak, &points[i], err);
    if (!rc)
        rc = add_point(&s, &peak, course_end(c), err);
    if (!rc)
        *side = s;
    return rc;
}

/* -- all of it ------------------------------------------------------------------------------------------ */

enum err_code difference_new(const struct course *recorded, const struct course *c, struct journal_reader *r1,
                             struct journal_reader *r2, struct difference **d, struct err *err)
{
    struct difference *const new = calloc(1, sizeof *new);

    REQUIRE(course_from(recorded) == course_from(c));
    if (!new)
        return err_set(err, ERR_MEMORY, "out of memory");
    enum err_code rc = compare_entries(new, recorded, c, r1, r2, err);
    if (!rc)
        rc = compare_orders(new, recorded, c, err);
    if (!rc)
        rc = difference_side(recorded, &new->was, err);
    if (!rc)
        rc = difference_side(c, &new->would, err);
    if (rc)
        difference_free(new);
    else
        *d = new;
    return rc;
}

void difference_free(struct difference *d)
{
    if (d)
        free(d->orders);
    free(d);
}
