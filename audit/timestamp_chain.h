/*
 * Whose word a timestamp is: the token's signature, and the chain of certificates from its signer to one that the auditor
 * trusts, at the time the token itself names. OpenSSL's rules for RFC 3161: the signer's certificate has the extended
 * use timeStamping, critical and alone, and the token names that certificate by its digest.
 */
#ifndef AUDIT_TIMESTAMP_CHAIN_H
#define AUDIT_TIMESTAMP_CHAIN_H

#include "audit/timestamp.h"

/* The certificates of a file: those that sign themselves are trusted, others may stand between. */
struct timestamp_chain;

/* PEM. ERR_INPUT: no certificate is in it, or one cannot be read. ERR_IO, ERR_MEMORY. */
MUST_USE enum err_code timestamp_chain_open(const char *path, struct timestamp_chain **c, struct err *err);
void timestamp_chain_close(struct timestamp_chain *c); /* NULL is fine */

/*
 * `t` is what timestamp_parse() made of these bytes. Tells who signed it, in `signer` (TIMESTAMP_TEXT_SIZE bytes, NULL is
 * fine). ERR_WRONG: the signature or the chain does not hold, and why; ERR_MEMORY.
 */
MUST_USE enum err_code timestamp_chain_check(const struct timestamp_chain *c, const struct timestamp *t,
                                             const void *token, size_t size, char *signer, struct err *err);

#endif
