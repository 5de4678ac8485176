/*
 * How far a journal is witnessed: up to which entry its seals have the cosignatures that are asked for. For a journal that
 * was just verified; only what witnesses have said is looked at here.
 */
#ifndef AUDIT_WITNESSED_H
#define AUDIT_WITNESSED_H

#include "audit/cosigners.h"
#include "audit/verify.h"

/* What one of them has cosigned. */
struct witnessed_by {
    uint64_t size; /* the largest seal; 0: none */
    uint64_t at_s; /* when */
};

struct witnessed {
    uint64_t size;                         /* of the newest seal that has all that is asked; 0: none has */
    uint32_t newest;                       /* how many known ones have cosigned the newest seal */
    struct witnessed_by by[COSIGNERS_MAX]; /* as known->keys */
};

/* Reads the seals, as far as the report says that they were found good. ERR_FORMAT, ERR_IO: the evidence cannot be read. */
MUST_USE enum err_code witnessed_find(struct evidence *evidence, const struct verify_report *report,
                                      const struct cosigners *known, struct witnessed *w, struct err *err);

/*
 * The journal's own seal to hold against another of `size` entries: the oldest that covers as many, or its newest; its
 * note goes to `note` (NOTE_MAX_SIZE). ERR_NOT_FOUND: it has none.
 */
MUST_USE enum err_code witnessed_own_seal(struct evidence *evidence, uint64_t size, char *note,
                                          size_t *note_size, struct err *err);

#endif
