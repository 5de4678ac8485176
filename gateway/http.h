/*
 * HTTP over libcurl: one request, one answer, blocking. TLS is verified; no redirect is followed, so that an answer is
 * always from the address that was asked; no proxy is used unless the environment names one, as curl does.
 */
#ifndef GATEWAY_HTTP_H
#define GATEWAY_HTTP_H

#include "ledger/err.h"

#include <stddef.h>
#include <stdint.h>

#define HTTP_TIMEOUT_S      30u
#define HTTP_CONTENT_TYPE   127 /* longest that is kept of an answer */
#define HTTP_ANSWER_DEFAULT ((size_t)1 << 20)

struct http_request {
    const char *url;          /* http:// or https:// */
    const void *body;         /* NULL: GET, else POST */
    size_t body_size;         /* bytes */
    const char *content_type; /* of the body; NULL: application/octet-stream */
    const char *ca_file;      /* PEM; NULL: the system's */
    size_t answer_max;        /* bytes; 0: HTTP_ANSWER_DEFAULT */
    unsigned timeout_s;       /* of the whole request; 0: HTTP_TIMEOUT_S */
};

struct http_answer {
    unsigned status; /* 200, 404 ... */
    char content_type[HTTP_CONTENT_TYPE + 1];
    uint8_t *body; /* malloc'd and terminated; of http_answer_release() */
    size_t size;
};

/* Keeps its connection between requests. Belongs to one thread. */
struct http;

MUST_USE enum err_code http_open(struct http **h, struct err *err);
void http_close(struct http *h); /* NULL is fine */

/*
 * Whatever the status, an answer is ERR_OK; *answer is then the caller's to release. ERR_INPUT: no http(s) address.
 * ERR_IO: no answer, or one of more than answer_max bytes, and why; the address is in the words. ERR_MEMORY. After an
 * error *answer is empty.
 */
MUST_USE enum err_code http_do(struct http *h, const struct http_request *request, struct http_answer *answer,
                               struct err *err);
void http_answer_release(struct http_answer *answer); /* an empty one is fine */

#endif
