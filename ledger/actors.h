/*
 * Actors: who may write. A reducer over control.genesis and control.actor; ids are 1, 2, 3 ... in order of
 * appearance, 0 is the journal itself ("journal").
 */
#ifndef LEDGER_ACTORS_H
#define LEDGER_ACTORS_H

#include "ledger/entry.h"

#define ACTORS_TOTAL_MAX 512

struct actors {
    uint32_t count;
    struct actor_row rows[ACTORS_TOTAL_MAX]; /* id i is rows[i - 1] */
};

void actors_init(struct actors *a);
/* ERR_CHAIN: an id out of order or a name used twice. Other kinds leave it as it is. */
MUST_USE enum err_code actors_apply(struct actors *a, const struct entry *e, struct err *err);
/* ERR_NOT_FOUND names the actor and lists those there are. "journal" is 0. */
MUST_USE enum err_code actors_id(const struct actors *a, const char *name, size_t length, uint32_t *id,
                                 struct err *err);
const struct actor_row *actors_find(const struct actors *a, uint32_t id); /* NULL for 0 and unknown ids */
const char *actors_name(const struct actors *a, uint32_t id); /* "journal" for 0, "?" if unknown */

#endif
