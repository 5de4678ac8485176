/*
 * Roles: which kinds of entries each may write, and what each actor is, folded from control.genesis and
 * control.actor: a small reducer for those whose state depends on who says something, and which keep it as a
 * part of theirs. docs/FORMAT.md, "Roles", has the table; audit/walk_persons.c has it a second time.
 */
#ifndef LEDGER_ROLES_H
#define LEDGER_ROLES_H

#include "ledger/actors.h"
#include "ledger/replay.h"

/* What says 0: the journal itself, actor 0. */
#define ROLE_JOURNAL ((enum role)0)

/* Whether an actor of this role may write entries of this kind. */
bool role_may_write(enum role role, enum entry_kind kind);
/* "journal", "owner", "operator" ... */
const char *role_name(enum role role);
/* What `role` is for, as a sentence's end: "perceptions and the files they come from". */
const char *role_purpose(enum role role);
/* A person, who signs with a key of that person's own: owner, operator, compliance, auditor. */
bool role_is_person(enum role role);
/* Two of these are asked for what needs two persons: owner, operator, compliance. */
bool role_may_approve(enum role role);

struct roles {
    uint32_t count;                     /* actors known: ids 1 .. count */
    uint8_t rows[ACTORS_TOTAL_MAX + 1]; /* enum role by actor id; rows[0] is 0 */
};

/* Begin with zeroes. Actors past ACTORS_TOTAL_MAX, of which no journal has any, are left out. */
void roles_apply(struct roles *r, const struct entry *e);
/* ROLE_JOURNAL: actor 0, or nobody. */
enum role roles_find(const struct roles *r, uint32_t actor_id);
/* Canonical bytes, and the inverse: bad when there is a role that does not exist. */
void roles_digest(const struct roles *r, const struct digest_out *out);
void roles_restore(struct roles *r, struct restore_in *in);

#endif
