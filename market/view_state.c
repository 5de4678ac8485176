/*
 * The view's canonical bytes, read back: see view_digest(). What is not among them, because it follows from a
 * symbol or from the session, is made where it always is: instruments and the clock are told to the view.
 */
#include "market/view.h"

#define INSTRUMENT_BYTES                                                                                     \
    (17 * sizeof(uint64_t)) /* that view_digest() writes for an instrument, without its symbol */

static enum err_code restore_clock(struct view *v, struct entry *told, struct restore_in *in, struct err *err)
{
    memset(told, 0, sizeof *told);
    told->kind = ENTRY_PERCEPTION_CLOCK;
    told->at_ns = restore_i64(in);
    told->as.perception_clock.session = restore_day(in);
    told->as.perception_clock.phase = (enum phase)restore_within(in, 0, PHASE_CLOSE);
    const uint64_t seq = restore_u64(in);
    told->seq = restore_u64(in);
    if (in->bad || seq == 0)
        return ERR_OK;
    const enum err_code rc = view_apply(v, told, err);
    v->clock.seq = seq;
    return rc;
}

static void restore_last(struct view_last *last, struct restore_in *in)
{
    last->price_nano = restore_i64(in);
    last->at_ns = restore_i64(in);
    last->seq = restore_u64(in);
}

/* `told` is reused: an entry is large. */
static enum err_code restore_instrument(struct view *v, struct entry *told, struct restore_in *in,
                                        struct err *err)
{
    restore_symbol(in, &told->as.perception_open_interest.symbol, false);
    if (in->bad)
        return ERR_OK;
    const enum err_code rc = view_apply(v, told, err);
    if (rc)
        return rc;
    struct view_instrument *const i = table_find(&v->instruments, &told->as.perception_open_interest.symbol);
    i->quote.bid_nano = restore_i64(in);
    i->quote.ask_nano = restore_i64(in);
    i->quote.bid_size = restore_i64(in);
    i->quote.ask_size = restore_i64(in);
    i->quote.at_ns = restore_i64(in);
    i->quote.seq = restore_u64(in);
    restore_last(&i->trade, in);
    restore_last(&i->mark, in);
    i->open_interest = restore_i64(in);
    i->interest_seq = restore_u64(in);
    i->is_halted = restore_flag(in);
    i->status_seq = restore_u64(in);
    return ERR_OK;
}

static enum err_code restore_instruments(struct view *v, struct entry *told, struct restore_in *in,
                                         struct err *err)
{
    const uint32_t count = restore_count(in, INSTRUMENT_BYTES, UINT32_MAX);
    enum err_code rc = ERR_OK;

    memset(told, 0, sizeof *told);
    told->kind = ENTRY_PERCEPTION_OPEN_INTEREST;
    for (uint32_t i = 0; i < count && !rc && !in->bad; i++)
        rc = restore_instrument(v, told, in, err);
    in->bad = in->bad || v->instruments.count != count; /* none stands there twice */
    return rc;
}

/* Sessions in order, none twice. */
static void restore_sessions(struct view_closes *c, struct restore_in *in)
{
    c->count = restore_count(in, 3 * sizeof(uint64_t), VIEW_CLOSES_MAX);
    for (uint32_t i = 0; i < c->count; i++) {
        c->rows[i].session = restore_day(in);
        c->rows[i].close_nano = restore_i64(in);
        c->rows[i].seq = restore_u64(in);
        in->bad = in->bad || (i > 0 && c->rows[i].session <= c->rows[i - 1].session);
    }
}

static enum err_code restore_closes(struct view *v, struct restore_in *in, struct err *err)
{
    const uint32_t count = restore_count(in, 2 * sizeof(uint64_t), UINT32_MAX);

    for (uint32_t i = 0; i < count && !in->bad; i++) {
        struct symbol symbol;
        void *row = NULL;
        restore_symbol(in, &symbol, false);
        if (in->bad)
            break;
        const enum err_code rc = table_put(&v->closes, &symbol, &row, err);
        if (rc)
            return rc;
        restore_sessions(row, in);
    }
    in->bad = in->bad || v->closes.count != count;
    return ERR_OK;
}

enum err_code view_restore(void *state, struct restore_in *in, struct err *err)
{
    struct view *const v = state;
    struct entry told;

    enum err_code rc = restore_clock(v, &told, in, err);
    if (!rc)
        rc = restore_instruments(v, &told, in, err);
    if (!rc)
        rc = restore_closes(v, in, err);
    return rc ? rc : restore_result(in, err);
}
