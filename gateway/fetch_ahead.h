/*
 * Bundles of entries had before their turn, over several connections at once: of a server far away, most of
 * the time of a request is the way there and back. What comes is as it was served; who takes it proves it.
 */
#ifndef GATEWAY_FETCH_AHEAD_H
#define GATEWAY_FETCH_AHEAD_H

#include "gateway/publication.h"

#define FETCH_CONNECTIONS_MAX 16u

struct fetch_ahead; /* belongs to one thread */

/*
 * From bundle `first` on, those of a tree of `size` entries, from where `p` is. *a is untouched when no
 * thread is to be had: then there is nothing ahead. ERR_MEMORY.
 */
MUST_USE enum err_code fetch_ahead_new(struct fetch_ahead **a, const struct publication *p,
                                       unsigned connections, uint64_t first, uint64_t size, struct err *err);
/* Waits for its connections' requests under way; adds what they had to the counts of `p`. NULL is fine. */
void fetch_ahead_free(struct fetch_ahead *a, struct publication *p);

/* The next bundle, in order; `name` is set. As fetch_either() would give it, errors too. */
MUST_USE enum err_code fetch_ahead_take(struct fetch_ahead *a, struct published_name *name, uint8_t **bytes,
                                        size_t *size, struct err *err);

#endif
