/*
 * Writing ahead: while LMDB copies a large group into the system's cache, a thread on another core has the disk begin with
 * what is there already. Only a hint, before the sync that makes the group durable; without it that sync takes longer.
 */
#ifndef LEDGER_STORE_AHEAD_H
#define LEDGER_STORE_AHEAD_H

#include <stdint.h>

struct store_ahead;

/* NULL: there is no memory for it, so it is done without. */
struct store_ahead *store_ahead_new(void);
void store_ahead_free(struct store_ahead *a); /* NULL is fine */

/* From now on what is written to `fd` behind `from` goes to the disk, until store_ahead_end(). NULL is fine. */
void store_ahead_begin(struct store_ahead *a, int fd, uint64_t from);
/* Returns when the descriptor is no longer used. */
void store_ahead_end(struct store_ahead *a);

#endif
