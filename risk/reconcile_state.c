/* The canonical bytes of the state, and reading them back. */
#include "risk/reconcile.h"

#include <string.h>

static void put_checks(const struct checks *checks, const struct digest_out *out)
{
    digest_u64(out, checks->count);
    for (unsigned i = 0; i < checks->count; i++) {
        digest_id(out, &checks->rows[i].name);
        digest_i64(out, checks->rows[i].value);
        digest_i64(out, checks->rows[i].bound);
        digest_u64(out, (uint64_t)checks->rows[i].unit);
        digest_u64(out, (uint64_t)checks->rows[i].rule);
    }
}

static void get_checks(struct restore_in *in, struct checks *checks)
{
    const uint32_t count = restore_count(in, 1, CHECKS_MAX);

    for (uint32_t i = 0; i < count; i++) {
        struct check *const c = &checks->rows[i];
        restore_id(in, &c->name, false);
        c->value = restore_i64(in);
        c->bound = restore_i64(in);
        c->unit = (enum unit)restore_within(in, UNIT_PRICE, UNIT_FLAG);
        c->rule = (enum rule)restore_within(in, RULE_AT_LEAST, RULE_EQUAL);
        c->ok = check_holds(c->value, c->rule, c->bound);
    }
    checks->count = (uint8_t)count;
}

static void put_fills(const struct table *fills, const struct digest_out *out)
{
    digest_u64(out, fills->count);
    for (uint32_t i = 0; i < fills->count; i++) {
        const struct reconcile_fill *const f = table_at(fills, i);
        digest_id(out, &f->fill_id);
        digest_symbol(out, &f->symbol);
        digest_u64(out, (uint64_t)f->side);
        digest_i64(out, f->qty);
        digest_i64(out, f->price_nano);
        digest_i64(out, f->fee_micro);
        digest_i64(out, f->session);
        digest_u64(out, f->seq);
        digest_u64(out, f->is_brokers);
    }
}

static enum err_code get_fills(struct table *fills, struct restore_in *in, struct err *err)
{
    const uint32_t count = restore_count(in, sizeof(uint64_t), UINT32_MAX);
    enum err_code rc = ERR_OK;

    for (uint32_t i = 0; i < count && !rc && !in->bad; i++) {
        struct reconcile_fill f;
        void *row = NULL;
        memset(&f, 0, sizeof f);
        restore_id(in, &f.fill_id, false);
        restore_symbol(in, &f.symbol, false);
        f.side = (enum side)restore_within(in, SIDE_BUY, SIDE_SELL);
        f.qty = restore_i64(in);
        f.price_nano = restore_i64(in);
        f.fee_micro = restore_i64(in);
        f.session = restore_day(in);
        f.seq = restore_u64(in);
        f.is_brokers = restore_flag(in);
        in->bad = in->bad || f.qty < 1;
        if (!in->bad)
            rc = table_put(fills, &f.fill_id, &row, err);
        if (row)
            memcpy(row, &f, sizeof f);
    }
    in->bad = in->bad || fills->count != count; /* none stands there twice */
    return rc;
}

static void put_positions(const struct table *positions, const struct digest_out *out)
{
    digest_u64(out, positions->count);
    for (uint32_t i = 0; i < positions->count; i++) {
        const struct reconcile_position *const p = table_at(positions, i);
        digest_symbol(out, &p->symbol);
        digest_i64(out, p->qty);
        digest_u64(out, p->seq);
    }
}

static enum err_code get_positions(struct table *positions, struct restore_in *in, struct err *err)
{
    const uint32_t count = restore_count(in, sizeof(uint64_t), UINT32_MAX);
    enum err_code rc = ERR_OK;

    for (uint32_t i = 0; i < count && !rc && !in->bad; i++) {
        struct reconcile_position p;
        void *row = NULL;
        memset(&p, 0, sizeof p);
        restore_symbol(in, &p.symbol, false);
        p.qty = restore_i64(in);
        p.seq = restore_u64(in);
        in->bad = in->bad || p.qty == INT64_MIN;
        if (!in->bad)
            rc = table_put(positions, &p.symbol, &row, err);
        if (row)
            memcpy(row, &p, sizeof p);
    }
    in->bad = in->bad || positions->count != count;
    return rc;
}

static void put_breaks(const struct table *breaks, const struct digest_out *out)
{
    digest_u64(out, breaks->count);
    for (uint32_t i = 0; i < breaks->count; i++) {
        const struct reconcile_break *const b = table_at(breaks, i);
        digest_u64(out, b->key.topic);
        digest_bytes(out, b->key.about.text, b->key.about.length);
        digest_id(out, &b->break_id);
        digest_id(out, &b->statement_id);
        digest_id(out, &b->owner);
        digest_u64(out, b->ours);
        digest_u64(out, b->theirs);
        digest_u64(out, b->opened_seq);
        digest_i64(out, b->opened_at_ns);
        digest_i64(out, b->opened_recorded_at_ns);
        digest_u64(out, b->told_seq);
        put_checks(&b->checks, out);
        digest_i64(out, b->widest_gap);
        digest_u64(out, b->widest_seq);
    }
}

/* A symbol with its spaces is one as well: no restore_id(). */
static void get_about(struct restore_in *in, struct id *about)
{
    about->length = (uint8_t)restore_text(in, about->text, ID_MAX);
    in->bad = in->bad || about->length == 0;
    for (unsigned i = 0; i < about->length; i++)
        in->bad = in->bad || about->text[i] < 0x20 || about->text[i] > 0x7e;
}

static enum err_code get_breaks(struct table *breaks, struct restore_in *in, struct err *err)
{
    const uint32_t count = restore_count(in, sizeof(uint64_t), UINT32_MAX);
    enum err_code rc = ERR_OK;

    for (uint32_t i = 0; i < count && !rc && !in->bad; i++) {
        struct reconcile_break b;
        void *row = NULL;
        memset(&b, 0, sizeof b);
        b.key.topic = (uint32_t)restore_within(in, RECONCILE_OF_CASH, RECONCILE_OF_BUST);
        get_about(in, &b.key.about);
        restore_id(in, &b.break_id, false);
        restore_id(in, &b.statement_id, false);
        restore_id(in, &b.owner, false);
        b.ours = restore_u64(in);
        b.theirs = restore_u64(in);
        b.opened_seq = restore_u64(in);
        b.opened_at_ns = restore_i64(in);
        b.opened_recorded_at_ns = restore_i64(in);
        b.told_seq = restore_u64(in);
        get_checks(in, &b.checks);
        b.widest_gap = restore_i64(in);
        b.widest_seq = restore_u64(in);
        in->bad = in->bad || b.opened_seq == 0 || b.widest_seq == 0;
        if (!in->bad)
            rc = table_put(breaks, &b.key, &row, err);
        if (row)
            memcpy(row, &b, sizeof b);
    }
    in->bad = in->bad || breaks->count != count;
    return rc;
}

void reconcile_digest(const void *state, const struct digest_out *out)
{
    const struct reconcile *const r = state;

    roles_digest(&r->roles, out);
    digest_i64(out, r->session);
    digest_i64(out, r->newest_session);
    put_fills(&r->fills, out);
    accounts_digest(&r->told, out);
    digest_id(out, &r->statement_id);
    digest_u64(out, r->statement_actor);
    digest_u64(out, r->position_rows);
    digest_u64(out, r->fill_rows);
    put_positions(&r->positions, out);
    put_fills(&r->stated, out);
    digest_u64(out, r->statement_seq);
    digest_u64(out, r->is_complete);
    digest_i64(out, r->cash_micro);
    digest_i64(out, r->stated_session);
    digest_i64(out, r->counted_positions);
    digest_i64(out, r->counted_fills);
    ids_digest(&r->statement_ids, out);
    put_breaks(&r->breaks, out);
    ids_digest(&r->bust_ids, out);
}

enum err_code reconcile_restore(void *state, struct restore_in *in, struct err *err)
{
    struct reconcile *const r = state;

    roles_restore(&r->roles, in);
    r->session = restore_day(in);
    r->newest_session = restore_day(in);
    enum err_code rc = get_fills(&r->fills, in, err);
    if (!rc)
        rc = accounts_restore(&r->told, in, err);
    restore_id(in, &r->statement_id, true);
    r->statement_actor = (uint32_t)restore_within(in, 0, UINT32_MAX);
    r->position_rows = restore_u64(in);
    r->fill_rows = restore_u64(in);
    if (!rc)
        rc = get_positions(&r->positions, in, err);
    if (!rc)
        rc = get_fills(&r->stated, in, err);
    r->statement_seq = restore_u64(in);
    r->is_complete = restore_flag(in);
    r->cash_micro = restore_i64(in);
    r->stated_session = restore_day(in);
    r->counted_positions = restore_i64(in);
    r->counted_fills = restore_i64(in);
    if (!rc)
        rc = ids_restore(&r->statement_ids, in, err);
    if (!rc)
        rc = get_breaks(&r->breaks, in, err);
    if (!rc)
        rc = ids_restore(&r->bust_ids, in, err);
    return rc ? rc : restore_result(in, err);
}
