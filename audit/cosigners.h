/*
 * The witnesses whose word counts, and what is asked of them: from a policy file, or keys that a person or the journal
 * itself names.
 */
#ifndef AUDIT_COSIGNERS_H
#define AUDIT_COSIGNERS_H

#include "audit/policy.h"

#define COSIGNERS_MAX (POLICY_WITNESSES_MAX + 64)

struct cosigners {
    const struct policy *policy; /* its witnesses are the first `policy->witness_count` keys; NULL: none */
    uint32_t least;              /* how many must have cosigned, whoever they are */
    uint32_t count;
    struct note_key keys[COSIGNERS_MAX];
};

/* What one of them said of a note. */
struct cosigners_finding {
    bool is_good;  /* it cosigned */
    bool is_wrong; /* there is a line by its name and id that is not its signature */
    uint64_t at_s; /* when; 0 for a key of type 01 */
};

/* `policy` may be NULL; it is borrowed. */
void cosigners_init(struct cosigners *c, const struct policy *policy, uint32_t least);

/* One more; a key that is there already, by any name, is passed over. ERR_RANGE: COSIGNERS_MAX are reached. */
MUST_USE enum err_code cosigners_add(struct cosigners *c, const struct note_key *key, struct err *err);

/*
 * Looks for each one's line in a note; `findings` has room for c->count. A key that is one of the log's own
 * (`log_keys`) never counts: a log cannot be its own witness. Returns how many are good.
 */
uint32_t cosigners_look(const struct cosigners *c, const struct note *note, const struct note_key *log_keys,
                        size_t log_key_count, struct cosigners_finding *findings);

/* Is what is asked reached? Both the policy's quorum and `least`. */
bool cosigners_are_enough(const struct cosigners *c, const struct cosigners_finding *findings);

/* What is asked, in words: "2 of 3 witnesses", "the policy's quorum". */
void cosigners_words(const struct cosigners *c, char *out, size_t room);

#endif
