/*
 * Threads that check batches, for one owner who puts batches in and gets them back in the same order. The owner
 * works as well, while it would wait. Where threads cannot be had, it does all alone.
 */
#ifndef AUDIT_CREW_H
#define AUDIT_CREW_H

#include "audit/batch.h"

#define CREW_MAX VERIFY_THREADS_MAX

struct crew;

/* `threads`: 1 or more, the owner among them. Begins none before there is work for them. ERR_MEMORY. */
MUST_USE enum err_code crew_new(const struct walk *w, unsigned threads, struct crew **crew, struct err *err);
/* Stops at the end of what is in hand. NULL is fine. */
void crew_free(struct crew *crew);

/* The next batch to be filled; NULL: all are in use. ERR_MEMORY. Then crew_put() hands it over to be checked. */
MUST_USE enum err_code crew_empty(struct crew *crew, struct batch **b, struct err *err);
void crew_put(struct crew *crew);

/* The oldest batch, checked; NULL: there is none. Then crew_drop() gives it back to be filled again. */
struct batch *crew_oldest(struct crew *crew);
void crew_drop(struct crew *crew);

#endif
