/*
 * Actors: who may write, and with which key. A reducer over control.genesis, control.actor, control.revocation
 * and control.actor_key; ids are 1, 2, 3 ... in order of appearance, 0 is the journal itself ("journal").
 *
 * A journal is *owned* from its first actor of role owner on, for ever: then persons sign what they write, and
 * owners alone bring in new actors.
 */
#ifndef LEDGER_ACTORS_H
#define LEDGER_ACTORS_H

#include "ledger/entry.h"

#define ACTORS_TOTAL_MAX 512

struct actors {
    uint32_t count;
    bool is_owned;
    struct actor_row rows[ACTORS_TOTAL_MAX]; /* id i is rows[i - 1]; its key is the one in force */
    uint64_t revoked_seq[ACTORS_TOTAL_MAX];  /* likewise: the control.revocation in force, or 0 */
};

void actors_init(struct actors *a);
void actors_copy(struct actors *to, const struct actors *from);
/* ERR_CHAIN: an id out of order, a name used twice, no such actor. Other kinds leave it as it is. */
MUST_USE enum err_code actors_apply(struct actors *a, const struct entry *e, struct err *err);
/* The same of a draft that gets its place with this: `seq`. */
MUST_USE enum err_code actors_apply_at(struct actors *a, const struct entry *e, uint64_t seq,
                                       struct err *err);

/*
 * Whether its actor may write this entry, as things stand before it: known, of a role that writes the kind, not
 * revoked; a person in an owned journal signs; a revocation or a new key is an owner's word or the actor's own,
 * and never leaves a journal without an owner. That the signature is good is not asked. Says no with ERR_INPUT,
 * or ERR_NOT_FOUND: no such actor.
 */
MUST_USE enum err_code actors_check(const struct actors *a, const struct entry *e, struct err *err);
/* ERR_NOT_FOUND names the actor and lists those there are. "journal" is 0. */
MUST_USE enum err_code actors_id(const struct actors *a, const char *name, size_t length, uint32_t *id,
                                 struct err *err);
const struct actor_row *actors_find(const struct actors *a, uint32_t id); /* NULL for 0 and unknown ids */
const char *actors_name(const struct actors *a, uint32_t id); /* "journal" for 0, "?" if unknown */
/* The actor whose key in force this is: the first that is not revoked. 0: there is none. */
uint32_t actors_by_key(const struct actors *a, const uint8_t key[32]);
bool actors_is_revoked(const struct actors *a, uint32_t id);

#endif
