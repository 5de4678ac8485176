#include "ledger/leg.h"

#include <stdlib.h>
#include <string.h>

#define LOTS_LEAST 4U

static int64_t size_of(int64_t qty)
{
    return qty < 0 ? -qty : qty; /* a quantity is never INT64_MIN */
}

/* What is left of a lot of which `part` goes: sets the plan's part and *removed, the cost that goes. */
static enum err_code plan_part(struct leg *leg, const struct lot *lot, int64_t part, int64_t *removed,
                               struct err *err)
{
    const enum err_code rc = decimal_mul_div(lot->cost_micro, part, size_of(lot->qty), removed, err);

    if (rc)
        return rc;
    leg->part_qty = lot->qty < 0 ? lot->qty + part : lot->qty - part;
    leg->part_cost_micro = lot->cost_micro - *removed; /* nearer to zero: cannot overflow */
    return ERR_OK;
}

/* The lot that is asked for, if it is there and large enough. */
static bool pick_lot(struct leg *leg, const struct position *p, int64_t closed)
{
    for (uint32_t i = 0; leg->lot_seq != 0 && i < p->lot_count; i++) {
        if (p->lots[i].seq == leg->lot_seq && size_of(p->lots[i].qty) >= closed) {
            leg->is_picked = true;
            leg->picked = i;
            return true;
        }
    }
    return false;
}

/* Which lots go, and what of the last one stays: sets the plan's lots and *removed, the cost that goes. */
static enum err_code plan_lots(struct leg *leg, const struct position *p, int64_t closed, int64_t *removed,
                               struct err *err)
{
    int64_t left = closed;
    int64_t sum = 0;
    enum err_code rc;

    if (pick_lot(leg, p, closed)) {
        *removed = p->lots[leg->picked].cost_micro;
        return size_of(p->lots[leg->picked].qty) == closed
                   ? ERR_OK
                   : plan_part(leg, &p->lots[leg->picked], closed, removed, err);
    }
    while (left > 0) {
        REQUIRE(leg->lots_closed < p->lot_count);
        const struct lot *const lot = &p->lots[leg->lots_closed];
        const int64_t size = size_of(lot->qty);
        int64_t cost = lot->cost_micro;
        if (size > left) {
            rc = plan_part(leg, lot, left, &cost, err);
            if (rc)
                return rc;
            left = 0;
        } else {
            leg->lots_closed++;
            left -= size;
        }
        rc = decimal_add(sum, cost, &sum, err);
        if (rc)
            return rc;
    }
    *removed = sum;
    return ERR_OK;
}

/* Splits the leg into what closes and what opens. */
static enum err_code plan_sides(struct leg *leg, const struct position *p, struct err *err)
{
    const int64_t held = p ? p->qty : 0;
    const int64_t size = size_of(leg->qty);
    int64_t closed = 0;
    int64_t closed_micro = 0; /* the leg's money that pays for what it closes */
    int64_t removed = 0;      /* the cost of what it closes */
    enum err_code rc = ERR_OK;

    if (held != 0 && (held < 0) != (leg->qty < 0)) {
        closed = size_of(held) < size ? size_of(held) : size;
        closed_micro = leg->flow_micro;
        rc = plan_lots(leg, p, closed, &removed, err);
        if (!rc && closed < size)
            rc = decimal_mul_div(leg->flow_micro, closed, size, &closed_micro, err);
        if (!rc)
            rc = decimal_add(removed, closed_micro, &leg->realized_micro, err);
        if (!rc)
            rc = decimal_sub(0, leg->realized_micro, &leg->realized_micro, err);
    }
    if (rc)
        return rc;
    leg->opened_qty = leg->qty < 0 ? leg->qty + closed : leg->qty - closed;
    leg->opened_micro = leg->flow_micro - closed_micro; /* nearer to zero: cannot overflow */
    return decimal_sub(leg->opened_micro, removed, &leg->posted_micro, err);
}

enum err_code leg_plan(struct leg *leg, struct err *err)
{
    const struct position *const p = leg->position;
    enum err_code rc;

    REQUIRE(leg->qty != INT64_MIN);
    leg->is_picked = false;
    leg->lots_closed = 0;
    leg->part_qty = 0;
    leg->realized_micro = 0;
    rc = plan_sides(leg, p, err);
    if (!rc)
        rc = decimal_add(leg->realized_micro, leg->bonus_micro, &leg->realized_micro, err);
    if (!rc)
        rc = decimal_add(p ? p->qty : 0, leg->qty, &leg->qty_after, err);
    if (!rc && leg->qty_after == INT64_MIN)
        rc = err_set(err, ERR_RANGE, "a quantity of %lld does not fit", (long long)INT64_MIN);
    if (!rc)
        rc = decimal_add(p ? p->cost_micro : 0, leg->posted_micro, &leg->cost_after, err);
    if (!rc)
        rc = decimal_add(p ? p->realized_micro : 0, leg->realized_micro, &leg->realized_after, err);
    return rc;
}

/* Room for one more lot behind the others. */
static enum err_code reserve_lot(struct position *p, struct err *err)
{
    const size_t gone = p->lot_capacity ? (size_t)(p->lots - p->lot_room) : 0;

    if (gone + p->lot_count < p->lot_capacity)
        return ERR_OK;
    if (gone > 0 && gone >= p->lot_count) { /* as many closed as open: moving down pays for itself */
        memmove(p->lot_room, p->lots, p->lot_count * sizeof *p->lots);
        p->lots = p->lot_room;
        return ERR_OK;
    }
    if (p->lot_capacity > UINT32_MAX / 2)
        return err_set(err, ERR_MEMORY, "a position cannot hold %u lots", p->lot_capacity);
    const uint32_t capacity = p->lot_capacity ? 2 * p->lot_capacity : LOTS_LEAST;
    struct lot *const room = realloc(p->lot_room, capacity * sizeof *room);
    if (!room)
        return err_set(err, ERR_MEMORY, "out of memory for %u lots", capacity);
    p->lot_room = room;
    p->lots = room + gone;
    p->lot_capacity = capacity;
    return ERR_OK;
}

enum err_code leg_reserve(struct leg *leg, struct err *err)
{
    if (leg->opened_qty == 0)
        return ERR_OK;
    if (leg->position)
        return reserve_lot(leg->position, err);
    leg->fresh = malloc(LOTS_LEAST * sizeof *leg->fresh);
    return leg->fresh ? ERR_OK : err_set(err, ERR_MEMORY, "out of memory for %u lots", LOTS_LEAST);
}

void leg_release(struct leg *leg)
{
    free(leg->fresh);
    leg->fresh = NULL;
}

void leg_commit(struct leg *leg, int64_t at_ns, uint64_t seq)
{
    struct position *const p = leg->position;

    if (leg->fresh) {
        p->lot_room = leg->fresh;
        p->lots = leg->fresh;
        p->lot_capacity = LOTS_LEAST;
        leg->fresh = NULL;
    }
    if (leg->is_picked && leg->part_qty == 0) {
        p->lot_count--;
        memmove(p->lots + leg->picked, p->lots + leg->picked + 1,
                (p->lot_count - leg->picked) * sizeof *p->lots);
    }
    p->lot_count -= leg->lots_closed;
    if (p->lot_count == 0)
        p->lots = p->lot_room;
    else
        p->lots += leg->lots_closed;
    if (leg->part_qty != 0) {
        struct lot *const left = &p->lots[leg->is_picked ? leg->picked : 0];
        left->qty = leg->part_qty;
        left->cost_micro = leg->part_cost_micro;
    }
    if (leg->opened_qty != 0)
        p->lots[p->lot_count++] =
            (struct lot){leg->opened_qty, leg->price_nano, leg->opened_micro, at_ns, seq};
    p->qty = leg->qty_after;
    p->cost_micro = leg->cost_after;
    p->realized_micro = leg->realized_after;
    p->opened_at_ns = p->lot_count ? p->lots[0].opened_at_ns : INSTANT_NONE;
    p->opened_seq = p->lot_count ? p->lots[0].seq : 0;
    p->moved_seq = seq;
}

/* -- a split -------------------------------------------------------------------------------------------- */

/* The same money for another number of shares; a price beyond INT64_MAX is that. */
static int64_t price_scaled(int64_t price_nano, int64_t qty, int64_t into)
{
    int64_t price = INT64_MAX;

    return decimal_mul_div(price_nano, size_of(qty), size_of(into), &price, NULL) ? INT64_MAX : price;
}

/* Each lot ends where its share of the whole ends, so the lots add up; one that comes to nothing leaves its cost
 * to the next. */
void leg_scale(struct position *p, int64_t qty, uint64_t seq)
{
    const int64_t held = p->qty;
    int64_t before = 0; /* shares of the lots so far, old and new */
    int64_t made = 0;
    int64_t left_micro = 0;
    uint32_t count = 0;

    REQUIRE(held != 0 && qty != 0 && (held < 0) == (qty < 0));
    for (uint32_t i = 0; i < p->lot_count; i++) {
        struct lot lot = p->lots[i];
        int64_t end = 0;
        before += lot.qty;
        REQUIRE(decimal_mul_div(before, size_of(qty), size_of(held), &end, NULL) == ERR_OK); /* at most qty */
        lot.cost_micro += left_micro; /* both are of one side: their sum is part of the position's cost */
        left_micro = 0;
        lot.price_nano = price_scaled(lot.price_nano, held, qty);
        lot.qty = end - made;
        made = end;
        if (lot.qty != 0)
            p->lots[count++] = lot;
        else
            left_micro = lot.cost_micro;
    }
    p->lot_count =
        count; /* the last one reaches qty, so a lot that ends there has taken over what was left */
    p->lots[count - 1].cost_micro += left_micro;
    p->qty = qty;
    p->opened_at_ns = p->lots[0].opened_at_ns;
    p->opened_seq = p->lots[0].seq;
    p->moved_seq = seq;
}
