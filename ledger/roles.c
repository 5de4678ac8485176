#include "ledger/roles.h"

static void add(struct roles *r, enum role role)
{
    if (r->count < ACTORS_TOTAL_MAX)
        r->rows[++r->count] = (uint8_t)role;
}

void roles_apply(struct roles *r, const struct entry *e)
{
    if (e->kind == ENTRY_CONTROL_ACTOR)
        add(r, e->as.control_actor.role);
    if (e->kind != ENTRY_CONTROL_GENESIS)
        return;
    for (unsigned i = 0; i < e->as.control_genesis.actors.count; i++)
        add(r, e->as.control_genesis.actors.rows[i].role);
}

enum role roles_find(const struct roles *r, uint32_t actor_id)
{
    return actor_id <= r->count ? (enum role)r->rows[actor_id] : (enum role)0;
}

void roles_digest(const struct roles *r, const struct digest_out *out)
{
    digest_u64(out, r->count);
    digest_bytes(out, r->rows + 1, r->count);
}

void roles_restore(struct roles *r, struct restore_in *in)
{
    r->count = (uint32_t)restore_within(in, 0, ACTORS_TOTAL_MAX);
    restore_bytes(in, r->rows + 1, r->count);
    for (uint32_t i = 1; i <= r->count; i++)
        in->bad = in->bad || r->rows[i] < ROLE_OWNER || r->rows[i] > ROLE_WITNESS;
}
