/*
 * Dual control: what two persons must want. In an owned journal (ledger/actors.h) an entry of such a kind stands
 * right behind a control.approval of exactly its bytes, by another person with another key, in time:
 *
 *     control.proposal    the first person's draft, signed, and how long it can be approved
 *     control.approval    SHA-256 over the draft's statement and signature; its cause is the proposal
 *     the draft itself    now an entry; the next one, seq and recorded_at given by the journal
 *
 * A reducer over proposals and approvals, and the checks of all three. docs/FORMAT.md has the rules.
 */
#ifndef LEDGER_DUAL_H
#define LEDGER_DUAL_H

#include "ledger/actors.h"
#include "ledger/entry.h"
#include "ledger/hash.h"

#define DUAL_VALID_MAX_S INT64_C(604800) /* a week */

struct dual_proposal {
    uint64_t seq;
    uint32_t actor;
    enum entry_kind kind; /* of the draft */
    int64_t recorded_at_ns;
    int64_t valid_s;
    struct hash sha256; /* over the draft's statement and signature */
};

struct dual {
    struct dual_proposal *proposals; /* in order */
    size_t count;
    size_t capacity;
    uint64_t approval_seq; /* the newest control.approval; 0: none yet */
    struct hash approved;  /* what it approves */
};

/* An entry in its place. Borrowed. */
struct dual_entry {
    const char *origin;
    const struct entry *entry;
    const uint8_t *bytes; /* its encoding; what stands at seq and recorded_at does not matter */
    size_t size;
    uint64_t seq;
    int64_t recorded_at_ns;
};

/* Begin with zeroes. */
void dual_release(struct dual *d);
/* As it was when there were `count` proposals and the newest approval was this one. */
void dual_return(struct dual *d, size_t count, uint64_t approval_seq, const struct hash *approved);

/* Configuration, resume, recovery, hold, disposal and override. */
bool dual_is_asked(enum entry_kind kind);

/*
 * Whether the entry obeys dual control, given the entries before it and the actors as of then. To be asked in an
 * owned journal alone. ERR_INPUT says which rule is broken; ERR_MEMORY. Its own signature is not looked at.
 */
MUST_USE enum err_code dual_check(const struct dual *d, const struct actors *a, const struct dual_entry *e,
                                  struct err *err);
/* Takes over what a proposal or an approval says. ERR_MEMORY: nothing was. */
MUST_USE enum err_code dual_apply(struct dual *d, const struct dual_entry *e, struct err *err);
/* The proposal that is entry `seq`, or NULL. */
const struct dual_proposal *dual_find(const struct dual *d, uint64_t seq);

/*
 * What an approval says of a signed entry or draft of `size` bytes, ENTRY_HEADER_SIZE + ENTRY_SIGNATURE_SIZE at the
 * least (REQUIRE): SHA-256 over its statement (ledger/entry.h) and its signature. ERR_MEMORY.
 */
MUST_USE enum err_code dual_digest(const char *origin, const uint8_t *bytes, size_t size, struct hash *sha256,
                                   struct err *err);

#endif
