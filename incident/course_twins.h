/*
 * Which of the record's computed entries is which of a course's. Both were computed, so their numbers may differ, and with
 * them the ids that are made of numbers ("fill-570"); what people said of one by number or id is then said of the other.
 *
 * Twins are the nth of their sort in both: an order of the same moment, symbol and side; a break of the same moment about the
 * same; of all else the entries that are equal but for what the place gives (course_twins_normal()).
 *
 * For incident/ alone.
 */
#ifndef INCIDENT_COURSE_TWINS_H
#define INCIDENT_COURSE_TWINS_H

#include "ledger/entry.h"
#include "ledger/hash.h"
#include "ledger/table.h"

struct course_twin; /* a row of the record's */

struct course_twins {
    struct table counts[2];       /* how many of a sort so far: in the record, in the course */
    struct table own;             /* the course's, by sort and number */
    struct table ids;             /* the record's, by the id that it made */
    struct course_twin *recorded; /* ascending in seq */
    size_t recorded_count;
    size_t recorded_capacity;
    struct hash fills[2]; /* over all fills so far */
    struct entry scratch;
    uint8_t bytes[ENTRY_MAX_SIZE];
};

MUST_USE enum err_code course_twins_new(struct course_twins **t, struct err *err);
void course_twins_free(struct course_twins *t); /* NULL is fine */

enum course_side { SIDE_OF_RECORD, SIDE_OF_COURSE };

/* A computed entry, in order of seq on each side. ERR_MEMORY. */
MUST_USE enum err_code course_twins_add(struct course_twins *t, enum course_side side, const struct entry *e,
                                        struct err *err);
/* A fill of whatever sort and actor, in order of seq on each side. */
MUST_USE enum err_code course_twins_fill(struct course_twins *t, enum course_side side, const struct entry *e,
                                         struct err *err);
/* Whether all fills so far are the same: the accounts are those of the record. */
bool course_twins_fills_agree(const struct course_twins *t);

/* The course's number of the record's computed entry; 0: it has no twin. */
uint64_t course_twins_seq(const struct course_twins *t, uint64_t recorded);

/*
 * Puts the course's ids in place of the record's, wherever *e names an order, fill or break. Ids that the record's computed
 * entries did not make stay. False: it names something that the course has not, and *e is as it was.
 */
bool course_twins_rename(const struct course_twins *t, struct entry *e, bool *is_changed);

/* *e without what its place gives: seq, cause, recorded_at, numbers in generated ids, numbers of other entries. */
void course_twins_normal(const struct entry *e, struct entry *normal);

#endif
