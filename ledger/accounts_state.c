/* The accounts' canonical bytes, written and read back. */
#include "ledger/accounts.h"

#include <stdlib.h>

static void digest_position(const struct position *p, const struct digest_out *out)
{
    digest_symbol(out, &p->symbol);
    digest_i64(out, p->qty);
    digest_i64(out, p->cost_micro);
    digest_i64(out, p->realized_micro);
    digest_i64(out, p->fees_micro);
    digest_i64(out, p->opened_at_ns);
    digest_u64(out, p->opened_seq);
    digest_u64(out, p->moved_seq);
    digest_u64(out, p->lot_count);
    for (uint32_t i = 0; i < p->lot_count; i++) {
        digest_i64(out, p->lots[i].qty);
        digest_i64(out, p->lots[i].price_nano);
        digest_i64(out, p->lots[i].cost_micro);
        digest_i64(out, p->lots[i].opened_at_ns);
        digest_u64(out, p->lots[i].seq);
    }
}

void accounts_digest(const void *state, const struct digest_out *out)
{
    const struct accounts *const a = state;

    digest_i64(out, a->cash_micro);
    digest_i64(out, a->fees_micro);
    digest_i64(out, a->realized_micro);
    digest_i64(out, a->deposits_micro);
    digest_i64(out, a->dividends_micro);
    digest_u64(out, a->duplicates);
    digest_u64(out, a->last_seq);
    digest_u64(out, a->positions.count);
    for (uint32_t i = 0; i < a->positions.count; i++)
        digest_position(table_at(&a->positions, i), out);
    fills_digest(&a->fills, out);
}

/* -- read back ------------------------------------------------------------------------------------------ */

#define LOT_BYTES (5 * sizeof(uint64_t)) /* that accounts_digest() writes for a lot */

static void restore_lot(struct lot *lot, struct restore_in *in)
{
    lot->qty = restore_i64(in);
    lot->price_nano = restore_i64(in);
    lot->cost_micro = restore_i64(in);
    lot->opened_at_ns = restore_i64(in);
    lot->seq = restore_u64(in);
}

/* Lots lie on their position's side and add up to it, in quantity and in cost. */
static bool adds_up(const struct position *p)
{
    int64_t qty = 0;
    int64_t cost = 0;

    for (uint32_t i = 0; i < p->lot_count; i++) {
        const struct lot *const lot = &p->lots[i];
        if (lot->qty == 0 || (lot->qty < 0) != (p->qty < 0) || decimal_add(qty, lot->qty, &qty, NULL) ||
            decimal_add(cost, lot->cost_micro, &cost, NULL))
            return false;
    }
    return qty == p->qty && cost == p->cost_micro && qty != INT64_MIN &&
           p->opened_at_ns == (p->lot_count ? p->lots[0].opened_at_ns : INSTANT_NONE) &&
           p->opened_seq == (p->lot_count ? p->lots[0].seq : 0);
}

static enum err_code restore_lots(struct position *p, struct restore_in *in, struct err *err)
{
    const uint32_t count = restore_count(in, LOT_BYTES, UINT32_MAX / 4);

    if (count > 0) {
        p->lot_room = calloc(count, sizeof *p->lot_room);
        if (!p->lot_room)
            return err_set(err, ERR_MEMORY, "out of memory for %u lots", count);
        p->lots = p->lot_room;
        p->lot_capacity = count;
    }
    for (; p->lot_count < count; p->lot_count++)
        restore_lot(&p->lots[p->lot_count], in);
    in->bad = in->bad || !adds_up(p);
    return ERR_OK;
}

static enum err_code restore_position(struct accounts *a, struct restore_in *in, struct err *err)
{
    const uint32_t before = a->positions.count;
    struct symbol symbol;
    void *row = NULL;

    restore_symbol(in, &symbol, false);
    if (in->bad)
        return ERR_OK;
    const enum err_code rc = table_put(&a->positions, &symbol, &row, err);
    if (rc)
        return rc;
    if (a->positions.count == before) { /* it is there already */
        in->bad = true;
        return ERR_OK;
    }
    struct position *const p = row;
    p->qty = restore_i64(in);
    p->cost_micro = restore_i64(in);
    p->realized_micro = restore_i64(in);
    p->fees_micro = restore_i64(in);
    p->opened_at_ns = restore_i64(in);
    p->opened_seq = restore_u64(in);
    p->moved_seq = restore_u64(in);
    return restore_lots(p, in, err);
}

enum err_code accounts_restore(void *state, struct restore_in *in, struct err *err)
{
    struct accounts *const a = state;
    enum err_code rc = ERR_OK;

    a->cash_micro = restore_i64(in);
    a->fees_micro = restore_i64(in);
    a->realized_micro = restore_i64(in);
    a->deposits_micro = restore_i64(in);
    a->dividends_micro = restore_i64(in);
    a->duplicates = restore_u64(in);
    a->last_seq = restore_u64(in);
    const uint32_t count = restore_count(in, 9 * sizeof(uint64_t), UINT32_MAX);
    for (uint32_t i = 0; i < count && !rc && !in->bad; i++)
        rc = restore_position(a, in, err);
    if (!rc)
        rc = fills_restore(&a->fills, in, err);
    in->bad = in->bad || accounts_sum_micro(a) != 0;
    return rc ? rc : restore_result(in, err);
}
