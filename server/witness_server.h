/*
 * A witness over HTTP (C2SP tlog-witness):
 *
 *   POST /add-checkpoint                        audit/witness.h
 *   GET  /<hex SHA-256 of an origin>/checkpoint the last checkpoint cosigned, as a signed note
 */
#ifndef SERVER_WITNESS_SERVER_H
#define SERVER_WITNESS_SERVER_H

#include "audit/witness.h"

struct witness_server;

struct witness_server_options {
    struct witness *witness; /* outlives the server */
    const char *address;     /* as in server/listener.h */
    unsigned timeout_ms;     /* likewise */
    void (*say)(void *arg,
                const char *line); /* a line for every add-checkpoint; from the server's thread. NULL: none */
    void *say_arg;
};

/* Errors as listener_start(). */
MUST_USE enum err_code witness_server_start(struct witness_server **s,
                                            const struct witness_server_options *options, struct err *err);
void witness_server_stop(struct witness_server *s); /* NULL is fine */
const char *witness_server_url(const struct witness_server *s);

#endif
