/*
 * Roles: what each actor is, folded from control.genesis and control.actor. A small reducer for those whose
 * state depends on who says something, and which keep it as a part of theirs.
 */
#ifndef LEDGER_ROLES_H
#define LEDGER_ROLES_H

#include "ledger/actors.h"
#include "ledger/replay.h"

struct roles {
    uint32_t count;                     /* actors known: ids 1 .. count */
    uint8_t rows[ACTORS_TOTAL_MAX + 1]; /* enum role by actor id; rows[0] is 0 */
};

/* Begin with zeroes. Actors past ACTORS_TOTAL_MAX, of which no journal has any, are left out. */
void roles_apply(struct roles *r, const struct entry *e);
/* 0: the journal itself, or nobody. */
enum role roles_find(const struct roles *r, uint32_t actor_id);
/* Canonical bytes, and the inverse: bad when there is a role that does not exist. */
void roles_digest(const struct roles *r, const struct digest_out *out);
void roles_restore(struct roles *r, struct restore_in *in);

#endif
