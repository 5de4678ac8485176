/* The witnesses of ledger seal: asking them for cosignatures, up to a quorum. */
#ifndef CLI_SEAL_WITNESS_H
#define CLI_SEAL_WITNESS_H

#include "audit/cosigners.h"
#include "cli/cli.h"

#define SEAL_WITNESSES_MAX 64

struct seal_witness_options {
    const char *urls[SEAL_WITNESSES_MAX];
    size_t url_count;
    const char *keys[SEAL_WITNESSES_MAX]; /* vkeys */
    size_t key_count;
    const char *policy; /* a file */
    const char *quorum; /* how many */
    const char *ca;     /* certificates for https */
    const char *evidence;
    unsigned timeout_s;
};

/* Is anybody to be asked? */
bool seal_witness_is_asked(const struct seal_witness_options *o);

/*
 * Asks each witness, puts the cosignatures of those that are known into the stored seal, in one write, and into *seal,
 * and says on stderr who answered what. ERR_WRONG: a witness holds a seal of this journal that the journal does not lead
 * through; both are kept as evidence. ERR_IO: the quorum is not reached; what was collected is kept. ERR_USAGE,
 * ERR_INPUT: an option.
 */
MUST_USE enum err_code seal_witness_collect(struct journal *j, struct seal *seal,
                                            const struct seal_witness_options *o, struct err *err);

/*
 * Whose cosignatures count: the policy's, those given as vkeys, and the journal's actors of role witness. `policy` is
 * room for the file, whose text goes to *text, malloc'd: what is read borrows from both.
 */
MUST_USE enum err_code seal_witness_known(struct journal *j, const char *policy_file, const char *const *keys,
                                          size_t key_count, struct policy *policy, char **text,
                                          struct cosigners *known, struct err *err);

#endif
