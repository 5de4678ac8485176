/*
 * An HTTP server: takes whole requests, hands them to one handler, sends its answers. What comes from outside is held
 * to limits before the handler hears of it: the size of a body, how many connections there are at once, and how long
 * one may take from its beginning, or from its last answer, to the end of its next question. Garbage is answered or cut
 * off.
 *
 * Requests are handled one after the other, in a thread of the server's own.
 */
#ifndef SERVER_LISTENER_H
#define SERVER_LISTENER_H

#include "ledger/err.h"

#include <stddef.h>
#include <stdint.h>

#define LISTENER_CONNECTIONS_MAX 64u
#define LISTENER_URL_SIZE        300 /* of "http://ADDRESS:PORT", terminated */

struct listener_request {
    const char *method; /* "GET", "POST" ... */
    const char *path;   /* decoded, without a query; begins with "/" */
    const uint8_t *body;
    size_t body_size;
};

/* What the handler fills in: `content_type` lives on, `body` is malloc'd and the server's from then on, or NULL for an
 * empty one. An answer left untouched is 500. */
struct listener_answer {
    unsigned status;
    const char *content_type;
    void *body;
    size_t size;
};

struct listener_options {
    const char *address; /* "127.0.0.1:8420", "[::1]:8420"; port 0: any that is free */
    size_t body_max;     /* bytes; more is 413 */
    unsigned timeout_ms; /* of a request, see above; 0: 15,000 */
    void (*handle)(void *arg, const struct listener_request *request, struct listener_answer *answer);
    void *arg;
};

struct listener;

/* It serves when this returns; its threads have the signals blocked that the caller has. ERR_USAGE: no address. ERR_IO: it cannot be listened on, and why. ERR_MEMORY. */
MUST_USE enum err_code listener_start(struct listener **l, const struct listener_options *options,
                                      struct err *err);
/* Lets the request under way end and takes no other. NULL is fine. */
void listener_stop(struct listener *l);

/* "http://127.0.0.1:8420", with the port that it has; borrowed. */
const char *listener_url(const struct listener *l);

#endif
