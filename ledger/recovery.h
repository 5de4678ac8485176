/*
 * The three entries of a recovery (ledger/journal_guard.h): the first person's proposal, the second's approval, and what
 * both have signed. Whoever signs is the caller's: a key in the vault, a person's own file, a token.
 */
#ifndef LEDGER_RECOVERY_H
#define LEDGER_RECOVERY_H

#include "ledger/journal_guard.h"

#define RECOVERY_VALID_S    600 /* it is approved in the group that proposes it */
#define RECOVERY_REASON_MAX 4000

/* Signs *draft as its actor, as journal_sign() does: is_signed and signature are set. */
struct recovery_signer {
    enum err_code (*sign)(void *context, struct entry *draft, struct err *err);
    void *context;
};

struct recovery {
    uint32_t first; /* actors */
    uint32_t second;
    struct recovery_signer sign_first;
    struct recovery_signer sign_second;
    const char *reason; /* 1 .. RECOVERY_REASON_MAX bytes */
    int64_t at_ns;
    const char *const *guards; /* where the guards are from now on; */
    size_t guard_count;        /* 0: where they were */
};

/*
 * Goes on: one group of its own, durable and sealed. *found is what stood in the way, *seq the control.recovery.
 * ERR_INPUT: there was nothing, or these two cannot sign for it. Other errors as those of the group, and the signers'.
 */
MUST_USE enum err_code recovery_enter(struct journal *j, const struct recovery *r,
                                      struct journal_guards *found, uint64_t *seq, struct seal *seal,
                                      struct err *err);

#endif
