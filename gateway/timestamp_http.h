/*
 * Asks a timestamp authority for its word that a seal was there (RFC 3161 over HTTP): one question with a fresh nonce, one
 * answer, which is checked before anybody keeps it.
 */
#ifndef GATEWAY_TIMESTAMP_HTTP_H
#define GATEWAY_TIMESTAMP_HTTP_H

#include "audit/timestamp.h"

#define TIMESTAMP_HTTP_QUESTION_SIZE 69

struct timestamp_http_request {
    const char *url;        /* http:// or https:// */
    const void *note;       /* the seal as it is stored: its bare part is stamped */
    size_t note_size;       /* bytes */
    int64_t recorded_at_ns; /* of the newest entry under it */
    const char
        *chain_file; /* certificates that the signer's must lead to, PEM; NULL: not asked whose word it is */
    unsigned timeout_s; /* 0: as http.h has it */
};

struct timestamp_http_answer {
    struct timestamp timestamp;       /* points into `token` */
    char signer[TIMESTAMP_TEXT_SIZE]; /* empty without chain_file */
    uint8_t token[TIMESTAMP_SIZE_MAX];
    size_t token_size;
};

/*
 * ERR_IO: no answer came. ERR_INPUT: no http(s) address, a refusal (with the authority's words), or an answer that is not
 * to this question, of another time, or not by whom the certificates say. ERR_MEMORY. After an error *answer means nothing.
 */
MUST_USE enum err_code timestamp_http_obtain(const struct timestamp_http_request *request,
                                             struct timestamp_http_answer *answer, struct err *err);

/* The question, a DER TimeStampReq: over these 32 bytes, with this nonce, certificates wanted. */
void timestamp_http_question(uint8_t out[TIMESTAMP_HTTP_QUESTION_SIZE], const uint8_t imprint[32],
                             const uint8_t nonce[8]);

#endif
