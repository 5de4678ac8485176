/*
 * Judges what a crash left in a folder, with the program's own libraries: is every promise kept (facts.h), and does
 * work go on?
 */
#ifndef TESTS_CRASH_JUDGE_H
#define TESTS_CRASH_JUDGE_H

#include "facts.h"

#define JUDGE_TEXT 2048

/* Reads the seals of the run's journals from `dir`, where everything is as at its end. False: why not. */
bool judge_learn(struct facts *f, const char *dir, char why[JUDGE_TEXT]);
/* A number for the content of a file or folder; 0: nothing is there. */
uint64_t judge_content(const char *dir, const char *path);

/* `turn` picks which of two orders things are tried in. False: what is broken. */
bool judge_state(const struct facts *f, const char *dir, uint64_t turn, char why[JUDGE_TEXT]);

/* What the judged states were like: so that a test sees that none of these ways is never gone. */
struct judge_counts {
    uint64_t whole;     /* journals that were there */
    uint64_t made;      /* those that were not, and init was run again */
    uint64_t made_over; /* of them after the vault was removed, as init says */
    uint64_t queued;    /* appended to as one of many callers */
    uint64_t indexed;   /* with an index that was there */
    uint64_t reindexed; /* of them damaged ones, deleted as they say */
    uint64_t stored;    /* with stored states, which were held against the entries */
    uint64_t guarded;   /* with fork guards, that know of what was acknowledged */
    uint64_t old;       /* targets as they were before what was being written */
    uint64_t new;       /* ... or as written */
};

const struct judge_counts *judge_counts_get(void);

/* Removes all that is in the folder, and the folder. */
void judge_remove(const char *dir);

#endif
