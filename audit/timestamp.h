/*
 * RFC 3161 timestamps: an authority's signed word that a digest was shown to it at a time.
 *
 * A *token* is a DER ContentInfo that holds SignedData over a TSTInfo. Reading one is our own code, strict and pure, so that
 * every verifier reads it alike (docs/FORMAT.md, "Timestamps"); whose signature it carries is for timestamp_chain.h.
 */
#ifndef AUDIT_TIMESTAMP_H
#define AUDIT_TIMESTAMP_H

#include "ledger/err.h"
#include "ledger/instant.h"

#include <stdint.h>

#define TIMESTAMP_SIZE_MAX    65535 /* bytes in a token that a journal keeps */
#define TIMESTAMP_IMPRINT_MAX 64
#define TIMESTAMP_POLICY_SIZE 128
#define TIMESTAMP_TEXT_SIZE   256
#define TIMESTAMP_SHA256      32 /* bytes of the only imprint that seals have */

/* A token, read. What points does so into the token's bytes. */
struct timestamp {
    uint8_t imprint[TIMESTAMP_IMPRINT_MAX];
    unsigned imprint_size;              /* 32, 48 or 64: SHA-256, SHA-384, SHA-512 */
    int64_t at_ns;                      /* genTime */
    int64_t accuracy_ns;                /* either way; 0: not said */
    char policy[TIMESTAMP_POLICY_SIZE]; /* dotted numbers */
    const uint8_t *serial;              /* big-endian, in its shortest form */
    size_t serial_size;                 /* 1 .. 20 as RFC 3161 wants it; any here */
    const uint8_t *nonce;               /* NULL: there is none */
    size_t nonce_size;
};

/* ERR_FORMAT: not a token in DER, and what is wrong with it. On error *t is untouched. */
MUST_USE enum err_code timestamp_parse(struct timestamp *t, const void *token, size_t size, struct err *err);

/* What an authority answered: with `token` NULL, why not. Borrowed from the answer's bytes. */
struct timestamp_answer {
    uint64_t status; /* 0 granted, 1 granted with modifications, 2 rejection, 3 .. 5 */
    const uint8_t *token;
    size_t token_size;
    char why
        [TIMESTAMP_TEXT_SIZE]; /* the authority's words for a refusal, controls and what is no ASCII as "?" */
};

/* A DER TimeStampResp. ERR_FORMAT: it is none. A token is not looked into. */
MUST_USE enum err_code timestamp_answer_parse(struct timestamp_answer *a, const void *bytes, size_t size,
                                              struct err *err);

/*
 * The part of a stored seal that timestamps are over, the *bare seal*: its text, the empty line, and the first signature
 * line, which is the journal's own; cosignatures that came later are not in it. Its size; 0: it is no signed note.
 */
size_t timestamp_bare_size(const void *note, size_t size);

/*
 * The rules that every token beside a seal obeys: its imprint is SHA-256 of the seal's bare bytes, and its time is not
 * more than TIMESTAMP_SLACK_NS before the entry that the seal ends with was recorded. ERR_WRONG says which it breaks.
 */
#define TIMESTAMP_SLACK_NS (2 * NS_PER_SECOND)
MUST_USE enum err_code timestamp_check(const struct timestamp *t, const void *note, size_t size,
                                       int64_t recorded_at_ns, struct err *err);

#endif
