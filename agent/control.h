/*
 * What people ask of the desk: configuration, stop, resume. Each is signed by that person's own key and takes
 * effect with its entry, never before it.
 */
#ifndef AGENT_CONTROL_H
#define AGENT_CONTROL_H

#include "agent/desk.h"

/* Who may write from the start: the person who makes the journal, and the modules of this program. */
void control_first_actors(struct actor_rows *first);

/*
 * Enters a YAML configuration, unless the very same is in force; *changed says which. Its own group.
 * ERR_INPUT names file, line and column.
 */
MUST_USE enum err_code control_configure(struct desk *d, const char *actor, const char *name,
                                         const char *yaml, size_t size, int64_t now_ns, bool *changed,
                                         struct err *err);

/* Emergency stop: refuses every new order from the next entry on and cancels what is open, in one group. */
MUST_USE enum err_code control_stop(struct desk *d, const char *actor, const char *reason, int64_t now_ns,
                                    uint64_t *cancelled, struct err *err);

/* Ends a stop and resets tripped breakers. ERR_INPUT: there is nothing to resume from. */
MUST_USE enum err_code control_resume(struct desk *d, const char *actor, const char *reason, int64_t now_ns,
                                      struct err *err);

/*
 * One more actor: with that key, whose secret is somewhere else; or with `key` NULL, with a fresh one in the vault. A
 * witness's is always its own, of type 04 and of the actor's name; anybody else's is of type 01. ERR_EXISTS: the name is
 * taken. ERR_INPUT: no name, no role, or no key for that role.
 */
MUST_USE enum err_code control_add_actor(struct desk *d, const char *name, const char *role,
                                         const struct note_key *key, struct err *err);

#endif
