/* What a course is made of: for incident/course*.c alone. */
#ifndef INCIDENT_COURSE_IMPL_H
#define INCIDENT_COURSE_IMPL_H

#include "incident/course.h"
#include "incident/course_twins.h"

/* Entries of the journal, one behind the other in both. */
struct course_kept {
    uint64_t base;
    uint64_t seq;
    uint64_t count;
};

/* An entry of the journal that the course has in other words. */
struct course_moved {
    uint64_t base;
    uint64_t seq;
};

/* One entry of the course's own. */
struct course_own {
    uint64_t seq;
    size_t offset; /* in `bytes` */
    size_t size;
};

struct course {
    uint64_t from;
    uint64_t base_size;
    struct book book;
    struct course_kept *kept; /* ascending in base and seq */
    size_t kept_count;
    size_t kept_capacity;
    struct course_moved *moved; /* ascending in base and seq */
    size_t moved_count;
    size_t moved_capacity;
    struct course_twins *twins;
    struct course_own *own; /* ascending in seq */
    size_t own_count;
    size_t own_capacity;
    uint8_t *bytes;
    size_t size;
    size_t capacity;
    struct course_point *points;
    size_t point_count;
    size_t point_capacity;
    struct course_point end;
    struct course_counts counts;
};

/* An empty course, to be filled in order of seq. ERR_MEMORY. */
MUST_USE enum err_code course_new(struct course **course, struct err *err);
/* The course's next entries are `count` of the journal's, from `base` on. */
MUST_USE enum err_code course_keep(struct course *c, uint64_t base, uint64_t seq, uint64_t count,
                                   struct err *err);
/* Its next entry is its own: *e, whose seq is set. Encodes and copies it. */
MUST_USE enum err_code course_add(struct course *c, const struct entry *e, struct err *err);
/* How the book stands: as one more point, or as the end. */
MUST_USE enum err_code course_measure(struct course *c, const struct entry *clock, struct err *err);
MUST_USE enum err_code course_measure_end(struct course *c, struct err *err);
/* The entry that is added next stands for the journal's entry `base`. */
MUST_USE enum err_code course_move(struct course *c, uint64_t base, uint64_t seq, struct err *err);
/* The course's number of the journal's entry `base`, or of its twin; 0: it is not in it. */
uint64_t course_seq_of(const struct course *c, uint64_t base);
/* The same for the cause of the course's entry `seq`: before it, or 0. */
uint64_t course_cause_of(const struct course *c, uint64_t base, uint64_t seq);
/* Where the course departs, checked and moved in front of what was computed as one answer. */
MUST_USE enum err_code course_departure(struct journal_reader *r, const struct course_change *change,
                                        bool is_recorded, uint64_t *from, struct err *err);
/* Whether the change leaves this entry out because of its actor. */
bool course_is_without(const struct course_change *change, const struct entry *e);

#endif
