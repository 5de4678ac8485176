/* Sections 1 and 2: the one form of an entry. */
#ifndef VERIFIER_ENTRIES_H
#define VERIFIER_ENTRIES_H

#include "verifier/plain.h"

#define ENTRIES_HEADER    48
#define ENTRIES_SIGNATURE 64
#define ENTRIES_MAX       65535

enum entries_kind {
    KIND_GENESIS = 0x0701,
    KIND_ACTOR = 0x0702,
    KIND_CONFIGURATION = 0x0703,
    KIND_STOP = 0x0707,
    KIND_RESUME = 0x0708,
    KIND_KEY = 0x070b,
    KIND_REVOCATION = 0x070c,
    KIND_ACTOR_KEY = 0x070d,
    KIND_PROPOSAL = 0x070e,
    KIND_APPROVAL = 0x070f,
    KIND_RECOVERY = 0x0710,
    KIND_HOLD = 0x0711,
    KIND_DISPOSAL = 0x0712,
    KIND_CORRECTION = 0x0715,
    KIND_OVERRIDE = 0x0716,
    KIND_ORDER_NEW = 0x0401,
    KIND_ORDER_CANCEL = 0x0403
};

enum entries_role { ROLE_OWNER = 1, ROLE_STRATEGY = 5, ROLE_RISK = 6, ROLE_WITNESS = 10 };

enum entries_family { FAMILY_DECISION = 2, FAMILY_RISK = 3, FAMILY_CONTROL = 7 };

/* Points into the entry's bytes. */
struct form {
    const uint8_t *bytes;
    size_t size;
    bool is_signed;
    bool is_unknown; /* its form could not be checked: an unknown version, kind or schema */
    unsigned kind;
    int64_t recorded_at_ns;
    uint64_t cause;
    uint32_t actor;
    const uint8_t *body;
    size_t body_size;
};

/* Rules 2 and 3 for what should be entry `seq`. Returns how they are broken, or NULL. Fills *e as far as it came. */
const char *entry_read(struct form *e, const uint8_t *bytes, size_t size, uint64_t seq, struct words *w);

/* An actor as genesis and control.actor name one. */
struct actor {
    uint8_t name[64];
    size_t name_size;
    unsigned role;
    uint8_t key[32];
};

/* Reads the row of an actor and returns what follows it. The entry was found canonical. */
const uint8_t *entry_actor(const uint8_t *at, struct actor *actor);

#endif
