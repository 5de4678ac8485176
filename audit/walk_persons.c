/*
 * Who may write what, and what needs two: docs/FORMAT.md, sections 2.1, 3.1 and 3.2, a second time (the writer has
 * its own in ledger/roles.c, ledger/actors.c and ledger/dual.c). Here the table of roles is by role.
 */
#include "audit/walk.h"

#include <inttypes.h>
#include <stdlib.h>

/* -- roles ----------------------------------------------------------------------------------------------- */

#define KINDS_OF(family) (family) << 8, (family) << 8 | 0xff

static const struct {
    unsigned role; /* 0: the journal itself */
    unsigned first;
    unsigned last;
} MAY_WRITE[] = {
    {0, KINDS_OF(FAMILY_PERCEPTION)},
    {0, ENTRY_CONTROL_GENESIS, ENTRY_CONTROL_ACTOR},
    {0, ENTRY_CONTROL_RUN, ENTRY_CONTROL_SOURCE},
    {0, ENTRY_CONTROL_NOTE, ENTRY_CONTROL_KEY},
    {0, ENTRY_CONTROL_SESSION, ENTRY_CONTROL_HEARTBEAT},
    {0, ENTRY_CONTROL_HYPOTHESIS, ENTRY_CONTROL_HYPOTHESIS},
    {ROLE_OWNER, KINDS_OF(FAMILY_PERCEPTION)},
    {ROLE_OWNER, KINDS_OF(FAMILY_DECISION)},
    {ROLE_OWNER, KINDS_OF(FAMILY_ORDER)},
    {ROLE_OWNER, KINDS_OF(FAMILY_FILL)},
    {ROLE_OWNER, ENTRY_CONTROL_ACTOR, ENTRY_CONTROL_CONFIGURATION},
    {ROLE_OWNER, ENTRY_CONTROL_SOURCE, ENTRY_CONTROL_NOTE},
    {ROLE_OWNER, ENTRY_CONTROL_KEY, ENTRY_CONTROL_DISPOSAL},
    {ROLE_OWNER, ENTRY_CONTROL_CORRECTION, ENTRY_CONTROL_OVERRIDE},
    {ROLE_OPERATOR, KINDS_OF(FAMILY_PERCEPTION)},
    {ROLE_OPERATOR, KINDS_OF(FAMILY_DECISION)},
    {ROLE_OPERATOR, KINDS_OF(FAMILY_ORDER)},
    {ROLE_OPERATOR, KINDS_OF(FAMILY_FILL)},
    {ROLE_OPERATOR, ENTRY_CONTROL_ACTOR, ENTRY_CONTROL_SNAPSHOT},
    {ROLE_OPERATOR, ENTRY_CONTROL_REVOCATION, ENTRY_CONTROL_DISPOSAL},
    {ROLE_OPERATOR, ENTRY_CONTROL_CORRECTION, ENTRY_CONTROL_OVERRIDE},
    {ROLE_COMPLIANCE, ENTRY_CONTROL_CONFIGURATION, ENTRY_CONTROL_CONFIGURATION},
    {ROLE_COMPLIANCE, ENTRY_CONTROL_STOP, ENTRY_CONTROL_NOTE},
    {ROLE_COMPLIANCE, ENTRY_CONTROL_REVOCATION, ENTRY_CONTROL_DISPOSAL},
    {ROLE_COMPLIANCE, ENTRY_CONTROL_CORRECTION, ENTRY_CONTROL_OVERRIDE},
    {ROLE_AUDITOR, ENTRY_CONTROL_NOTE, ENTRY_CONTROL_NOTE},
    {ROLE_AUDITOR, ENTRY_CONTROL_REVOCATION, ENTRY_CONTROL_ACTOR_KEY},
    {ROLE_STRATEGY, KINDS_OF(FAMILY_DECISION)},
    {ROLE_STRATEGY, ENTRY_ORDER_NEW, ENTRY_ORDER_NEW},
    {ROLE_STRATEGY, ENTRY_ORDER_CANCEL, ENTRY_ORDER_CANCEL},
    {ROLE_STRATEGY, ENTRY_CONTROL_REVOCATION, ENTRY_CONTROL_ACTOR_KEY},
    {ROLE_RISK, KINDS_OF(FAMILY_RISK)},
    {ROLE_RISK, ENTRY_ORDER_CANCEL, ENTRY_ORDER_CANCEL},
    {ROLE_RISK, ENTRY_CONTROL_REVOCATION, ENTRY_CONTROL_ACTOR_KEY},
    {ROLE_BROKER, ENTRY_PERCEPTION_DATA_QUALITY, ENTRY_PERCEPTION_DATA_QUALITY},
    {ROLE_BROKER, ENTRY_PERCEPTION_STATED_POSITION, ENTRY_PERCEPTION_STATEMENT},
    {ROLE_BROKER, ENTRY_ORDER_ACKNOWLEDGED, ENTRY_ORDER_ACKNOWLEDGED},
    {ROLE_BROKER, ENTRY_ORDER_CANCELLED, ENTRY_ORDER_EXPIRED},
    {ROLE_BROKER, KINDS_OF(FAMILY_FILL)},
    {ROLE_BROKER, ENTRY_CONTROL_REVOCATION, ENTRY_CONTROL_ACTOR_KEY},
    {ROLE_FEED, KINDS_OF(FAMILY_PERCEPTION)},
    {ROLE_FEED, ENTRY_CONTROL_SOURCE, ENTRY_CONTROL_SOURCE},
    {ROLE_FEED, ENTRY_CONTROL_REVOCATION, ENTRY_CONTROL_ACTOR_KEY},
    {ROLE_AGENT, KINDS_OF(FAMILY_DECISION)},
    {ROLE_AGENT, ENTRY_ORDER_NEW, ENTRY_ORDER_NEW},
    {ROLE_AGENT, ENTRY_ORDER_CANCEL, ENTRY_ORDER_CANCEL},
    {ROLE_AGENT, ENTRY_CONTROL_STOP, ENTRY_CONTROL_STOP},
    {ROLE_AGENT, ENTRY_CONTROL_NOTE, ENTRY_CONTROL_NOTE},
    {ROLE_AGENT, ENTRY_CONTROL_REVOCATION, ENTRY_CONTROL_ACTOR_KEY},
    /* a witness writes nothing */
};

void walk_roles_init(struct walk_roles *roles)
{
    memset(roles, 0, sizeof *roles);
    for (size_t i = 0; i < sizeof MAY_WRITE / sizeof MAY_WRITE[0]; i++) {
        for (unsigned kind = MAY_WRITE[i].first; kind <= MAY_WRITE[i].last; kind++) {
            if ((kind & 0xff) < WALK_NUMBERS_MAX)
                roles->writers[kind >> 8][kind & 0xff] |= (uint16_t)(1u << MAY_WRITE[i].role);
        }
    }
}

bool walk_role_may_write(const struct walk_roles *roles, unsigned role, unsigned kind)
{
    return kind >> 8 < WALK_FAMILIES_MAX && (kind & 0xff) < WALK_NUMBERS_MAX &&
           ((unsigned)roles->writers[kind >> 8][kind & 0xff] >> role & 1u) != 0;
}

/* -- what every entry must obey, whichever came before it -------------------------------------------------- */

const struct walk_actor *walk_actor_find(const struct walk_known *known, uint32_t id)
{
    return id >= 1 && id <= known->persons->count ? &known->persons->actors[id - 1] : NULL;
}

static bool is_person(unsigned role)
{
    return role == ROLE_OWNER || role == ROLE_OPERATOR || role == ROLE_COMPLIANCE || role == ROLE_AUDITOR;
}

enum err_code walk_actor_check(const struct walk_known *known, const struct canonical *c, struct err *err)
{
    const struct walk_actor *const actor = walk_actor_find(known, c->actor);
    const unsigned role = actor ? actor->role : 0;

    if (!actor && c->actor != 0)
        return err_set(err, ERR_WRONG, "its actor, %" PRIu32 ", is not known at that point", c->actor);
    if (!walk_role_may_write(known->roles, role, c->kind))
        return err_set(err, ERR_WRONG, "the role of its actor may not write its kind");
    if (actor && actor->is_revoked)
        return err_set(err, ERR_WRONG, "its actor was revoked before it");
    if (!known->persons->owned_since)
        return ERR_OK;
    if (c->kind == ENTRY_CONTROL_ACTOR && role != ROLE_OWNER)
        return err_set(err, ERR_WRONG, "it brings in an actor, and is no owner's word");
    if (is_person(role) && !c->signature)
        return err_set(err, ERR_WRONG, "it lacks the signature that a person's entry must carry");
    return ERR_OK;
}

/* -- what is known ----------------------------------------------------------------------------------------- */

enum err_code walk_persons_init(struct walk *w, struct err *err)
{
    w->persons = calloc(1, sizeof *w->persons);
    if (!w->persons)
        return err_set(err, ERR_MEMORY, "out of memory");
    walk_roles_init(&w->roles);
    return ERR_OK;
}

void walk_persons_release(struct walk *w)
{
    while (w->persons) {
        struct walk_persons *const before = w->persons->before;
        free(w->persons);
        w->persons = before;
    }
    free(w->dual.proposals);
}

/* Those that no batch reads any more go. */
static void forget(struct walk_persons *p)
{
    while (p->before) {
        struct walk_persons *const before = p->before;
        if (before->readers > 0) {
            p = before;
            continue;
        }
        p->before = before->before;
        free(before);
    }
}

enum err_code walk_persons_change(struct walk *w, struct err *err)
{
    struct walk_persons *const now = w->persons;

    forget(now);
    if (now->readers == 0)
        return ERR_OK;
    struct walk_persons *const next = malloc(sizeof *next);
    if (!next)
        return err_set(err, ERR_MEMORY, "out of memory");
    *next = *now;
    next->readers = 0;
    next->before = now;
    w->persons = next;
    return ERR_OK;
}

bool walk_kind_is_of_persons(const struct walk_persons *p, unsigned kind)
{
    if (kind == ENTRY_CONTROL_GENESIS || kind == ENTRY_CONTROL_ACTOR || kind == ENTRY_CONTROL_REVOCATION ||
        kind == ENTRY_CONTROL_ACTOR_KEY)
        return true;
    return p->owned_since &&
           (kind == ENTRY_CONTROL_PROPOSAL || kind == ENTRY_CONTROL_APPROVAL || walk_kind_needs_two(kind));
}

/* -- revocation and new keys: u64 id, then for a new key 32 bytes ------------------------------------------ */

static bool is_last_owner(const struct walk_persons *p, const struct walk_actor *target)
{
    if (target->role != ROLE_OWNER || target->is_revoked)
        return false;
    for (uint32_t i = 0; i < p->count; i++) {
        const struct walk_actor *const other = &p->actors[i];
        if (other != target && other->role == ROLE_OWNER && !other->is_revoked)
            return false;
    }
    return true;
}

enum err_code walk_persons_rekey(struct walk *w, const struct canonical *c, struct err *err)
{
    const uint64_t id = wire_load_u64(c->body);
    const enum err_code rc = walk_persons_change(w, err);
    struct walk_persons *const p = w->persons;

    if (rc)
        return rc;
    if (id < 1 || id > p->count)
        return err_set(err, ERR_WRONG, "it is about actor %" PRIu64 ", who is not known at that point", id);
    struct walk_actor *const target = &p->actors[id - 1];
    if (p->actors[c->actor - 1].role != ROLE_OWNER && id != c->actor)
        return err_set(err, ERR_WRONG, "it is about another actor, and is no owner's word");
    if (c->kind == ENTRY_CONTROL_REVOCATION) {
        if (is_last_owner(p, target))
            return err_set(err, ERR_WRONG, "it revokes the last owner");
        target->is_revoked = true;
        return ERR_OK;
    }
    memcpy(target->key, c->body + 8, sizeof target->key);
    target->is_revoked = false;
    return ERR_OK;
}
