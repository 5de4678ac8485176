/*
 * Stories of witnesses: lines in the seals that are theirs, that are said to be, and that are nobody's. Told to all
 * verifiers.
 */
#ifndef TESTS_AUDIT_STORIES_COSIGNED_H
#define TESTS_AUDIT_STORIES_COSIGNED_H

#include "audit/forge.h"

#define COSIGNED_KEYS 2

/* The key of a witness, 0 or 1. */
void cosigned_key(unsigned number, struct note_key *key);
/* It joins: a control.actor. */
void cosigned_join(struct forge *f, unsigned number);
/* Puts its cosignature over that seal's text into the seal; with another bit of the signature if `is_wrong`. */
void cosigned_by(struct forge *f, uint64_t size, unsigned number, bool is_wrong);

struct cosigned_story {
    const char *name;
    void (*tell)(
        struct forge *f); /* entries 1 .. 3, of which the last is witness 0's joining; it ends with a group */
    const char *where;    /* NULL: nothing is wrong */
    uint64_t cosignatures; /* of known witnesses, where nothing is wrong */
};
const struct cosigned_story *cosigned_stories(size_t *count);
/* The whole journal of a story. */
void cosigned_story_tell(const struct cosigned_story *story, struct forge *f);

#endif
