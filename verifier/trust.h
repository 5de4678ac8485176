/*
 * Section 13: whose word a timestamp is. OpenSSL decides, by its own rules for RFC 3161: the token's signature, and the
 * chain from its signer to a certificate of the auditor's file, at the time that the token says.
 */
#ifndef VERIFIER_TRUST_H
#define VERIFIER_TRUST_H

#include "verifier/plain.h"

struct trust;

/* The certificates of a PEM file. NULL: there are none, and *w says why. */
struct trust *trust_open(const char *path, struct words *w);
void trust_close(struct trust *t); /* NULL is fine */

/* A token in form, which says this time. Returns how it is not proven, or NULL. */
const char *trust_check(const struct trust *t, const uint8_t *token, size_t size, int64_t at_ns,
                        struct words *w);

#endif
