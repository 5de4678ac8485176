/*
 * What people ask of the desk: configuration, stop, resume. Each is signed by that person's own key and takes
 * effect with its entry, never before it.
 */
#ifndef AGENT_CONTROL_H
#define AGENT_CONTROL_H

#include "agent/desk.h"

/* Who may write from the start: the person who makes the journal, and the modules of this program. */
void control_first_actors(struct actor_rows *first);

/* A person whose key lies elsewhere; the actor's name is the key's. */
struct control_person {
    enum role role;
    struct note_key key;
};
/*
 * For a journal with an owner: these persons, and the modules of this program. ERR_INPUT names the person and the reason:
 * no person's role, a name or a key used twice, a witness's key, no owner among them.
 */
MUST_USE enum err_code control_first_persons(struct actor_rows *first, const struct control_person *persons,
                                             size_t count, struct err *err);
/* By its name; 0: there is no such role. */
enum role control_role(const char *name);

/* 1 .. 4000 bytes. ERR_INPUT. */
MUST_USE enum err_code control_check_reason(const char *reason, struct err *err);

/* What is to be proposed: kind and body. Large. */
struct control_draft {
    struct entry entry;
    char settings[CONFIGURATION_TEXT_MAX];
};
/* Borrows the YAML. ERR_INPUT names file, line and column. */
MUST_USE enum err_code control_draft_configuration(struct control_draft *draft, const char *name,
                                                   const char *yaml, size_t size, struct err *err);
/*
 * Whether an entry's three parts say one thing: the settings are exactly what this program makes of the source, and the
 * digest is the source's. Whoever approves or takes in a configuration asks this: only the settings have an effect, and
 * people read the source. ERR_INPUT.
 */
MUST_USE enum err_code control_check_configuration(const struct entry_control_configuration *entry,
                                                   struct err *err);
/* Borrows the reason. ERR_INPUT: there is nothing to resume from. */
MUST_USE enum err_code control_draft_resume(const struct desk *d, struct entry *draft, const char *reason,
                                            struct err *err);

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

/* What one order may pass, and for how long of the market's clock. */
struct control_override {
    const char *limit;  /* as verdicts name it: risk_can_override() */
    const char *symbol; /* a ticker or an OCC symbol: what the order trades, or its underlying */
    int64_t valid_s;
    const char *reason;
};
#define CONTROL_OVERRIDE_S 900 /* unless somebody says something else */

/* Borrows the reason. ERR_INPUT: no such limit, no symbol, or no clock that it could run out by. */
MUST_USE enum err_code control_draft_override(const struct desk *d, struct entry *draft,
                                              const struct control_override *override, struct err *err);
/* One order may pass one limit: from the next entry on, until it is used or its time is over. */
MUST_USE enum err_code control_override(struct desk *d, const char *actor,
                                        const struct control_override *override, int64_t now_ns,
                                        struct err *err);

/* Ends a stop and resets tripped breakers. ERR_INPUT: there is nothing to resume from. */
MUST_USE enum err_code control_resume(struct desk *d, const char *actor, const char *reason, int64_t now_ns,
                                      struct err *err);

/*
 * One more actor, in the name of `actor` (NULL: the operator, where there is no owner): with that key, whose secret is somewhere else; or with `key` NULL, with a fresh one in the vault. A
 * witness's is always its own, of type 04 and of the actor's name; anybody else's is of type 01. ERR_EXISTS: the name is
 * taken. ERR_INPUT: no name, no role, or no key for that role.
 */
MUST_USE enum err_code control_add_actor(struct desk *d, const char *actor, const char *name,
                                         const char *role, const struct note_key *key, int64_t now_ns,
                                         struct err *err);

/* From now on nothing more is taken from this actor: an owner's word, or their own. ERR_NOT_FOUND; ERR_INPUT. */
MUST_USE enum err_code control_revoke(struct desk *d, const char *actor, const char *name, const char *reason,
                                      int64_t now_ns, struct err *err);
/* Another key for the actor whom it names, by an owner or by that actor with the old one; ends a revocation. */
MUST_USE enum err_code control_renew(struct desk *d, const char *actor, const struct note_key *key,
                                     const char *reason, int64_t now_ns, struct err *err);

#endif
