/* Sections 2.1 and 3: who may write what, with which key, and what two persons must want. */
#ifndef VERIFIER_PERSONS_H
#define VERIFIER_PERSONS_H

#include "verifier/entries.h"
#include "verifier/seals.h"

#define PERSONS_MAX 512

/* A control.proposal in an owned journal. */
struct proposal {
    uint64_t seq;
    uint32_t actor;
    int64_t recorded_at_ns;
    uint64_t seconds;
    struct digest digest; /* that its approval must name */
};

/* Begin with zeroes. */
struct persons {
    struct actor actors[PERSONS_MAX]; /* id 1 is the first; the keys are those in force */
    size_t count;
    bool is_revoked[PERSONS_MAX];
    uint64_t owned_since; /* the entry that names the first owner; 0: there is none */
    void *signatures;     /* 64 bytes each: a tsearch() tree */
    struct proposal *proposals;
    size_t proposal_count;
    uint64_t approval; /* the newest control.approval; 0: there is none */
    struct digest approved;
    int64_t approved_at_ns;
    uint64_t pairs; /* entries that two persons wanted */
};

void persons_release(struct persons *p);

/* The actor of an id; NULL: there is none. */
const struct actor *persons_find(const struct persons *p, uint32_t id);
/* One more actor, of entry `seq`. Returns what is wrong, or NULL. */
const char *persons_add(struct persons *p, const struct actor *a, uint64_t seq);

/* Rule 6. Returns how it is broken, or NULL. */
const char *persons_check(const struct persons *p, const struct form *e, struct words *w);
/* Section 3 of an entry that has SIGNED; the journal's name is the key's. */
const char *persons_signature(struct persons *p, const struct seal_key *key, const struct form *e);
/* Rule 9 of control.actor, control.revocation, control.actor_key, and section 3.2's points 3 to 5, of entry `seq`. */
const char *persons_take(struct persons *p, const struct seal_key *key, const struct form *e, uint64_t seq,
                         struct words *w);

#endif
