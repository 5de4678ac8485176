/*
 * What two persons must want (ledger/dual.h): the first one proposes an entry, another approves exactly its bytes, and it is
 * entered together with the approval, in one group.
 */
#ifndef AGENT_APPROVAL_H
#define AGENT_APPROVAL_H

#include "agent/desk.h"
#include "ledger/hash.h"

#define APPROVAL_VALID_S INT64_C(3600) /* unless somebody says otherwise */

/* A control.proposal, and what has become of it. Large: not for the stack. */
struct approval {
    uint64_t seq; /* of the proposal */
    uint32_t actor;
    int64_t recorded_at_ns;
    int64_t until_ns;
    struct hash sha256;    /* what an approval of it must name */
    bool is_void;          /* nothing that could be approved: until_ns, sha256, bytes and draft say nothing */
    uint64_t approved_seq; /* the approval; 0: there is none */
    uint32_t approved_by;  /* actor */
    uint8_t bytes[ENTRY_MAX_SIZE]; /* the draft, encoded and signed, as the first person made it */
    size_t size;
    struct entry draft; /* its decoding, which borrows from `bytes` */
};

/*
 * Signs the draft (kind and body are set) as the actor, and enters it as a proposal, signed as well, that can be approved
 * for valid_s seconds. Its own group; *seq is the proposal. ERR_INPUT: the journal has no owner, the kind needs no second
 * person, the time is out of bounds.
 */
MUST_USE enum err_code approval_propose(struct desk *d, const char *actor, struct entry *draft,
                                        int64_t valid_s, int64_t now_ns, uint64_t *seq, struct err *err);
/*
 * Approves it as the actor, who says by `sha256` what they have seen, and enters the draft; *seq is that entry. ERR_INPUT:
 * it is not what was seen, it was approved before, it is too late, it is one's own, what is in force is newer than it. ERR_NOT_FOUND: no such proposal.
 */
MUST_USE enum err_code approval_give(struct desk *d, const char *actor, uint64_t proposal,
                                     const struct hash *sha256, int64_t now_ns, uint64_t *seq,
                                     struct err *err);

/* The first proposal at or behind entry `from`; *found false when there is none. ERR_FORMAT, ERR_IO, ERR_MEMORY. */
MUST_USE enum err_code approval_next(struct journal_reader *r, const struct journal *j, uint64_t from,
                                     struct approval *a, bool *found, struct err *err);
/* That of entry `seq`. ERR_NOT_FOUND: it is no proposal. */
MUST_USE enum err_code approval_find(struct journal_reader *r, const struct journal *j, uint64_t seq,
                                     struct approval *a, struct err *err);

#endif
