/*
 * Where a published journal is read from (docs/FORMAT.md, "Published directory"): an address that begins with
 * http:// or https://, or a directory, with or without file:// before it. Nothing that comes from there is
 * believed here.
 */
#ifndef GATEWAY_PUBLICATION_H
#define GATEWAY_PUBLICATION_H

#include "ledger/published.h"

struct publication; /* belongs to one thread */

#define PUBLICATION_ADDRESS_SIZE 700 /* longest address that errors show, with its terminator */

/*
 * `ca_file`: PEM, for https; NULL: the system's. ERR_INPUT: it is neither. ERR_NOT_FOUND: no such directory.
 */
MUST_USE enum err_code publication_open(struct publication **p, const char *where, const char *ca_file,
                                        struct err *err);
/* The same place, with a connection of its own: for another thread. */
MUST_USE enum err_code publication_again(struct publication **p, const struct publication *of,
                                         struct err *err);
void publication_close(struct publication *p);        /* NULL is fine */
bool publication_is_far(const struct publication *p); /* not a directory */

/*
 * A file, whole, in malloc'd memory. ERR_NOT_FOUND: it is not there. ERR_IO: it cannot be had, also after
 * some more attempts. ERR_WRONG: it has more than `max` bytes. The address is in the words.
 */
MUST_USE enum err_code publication_get(struct publication *p, const struct published_name *name, size_t max,
                                       uint8_t **bytes, size_t *size, struct err *err);
/* The address of a file. Returns `out`. */
const char *publication_address(const struct publication *p, const struct published_name *name,
                                char out[PUBLICATION_ADDRESS_SIZE]);

uint64_t publication_files(const struct publication *p); /* that were had */
uint64_t publication_bytes(const struct publication *p); /* in them */
/* Another one of the same place has had these. */
void publication_count(struct publication *p, uint64_t files, uint64_t bytes);

#endif
