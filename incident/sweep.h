/*
 * A sweep: many courses of one journal, that differ in settings alone, side by side.
 *
 *   strategy.otm_min=0.02..0.08/0.01     seven values; several such axes: every combination, the last varies fastest
 *
 * All depart at one entry. The settings swept are so from there on: in the configuration in force, and in each that the
 * record enters later, which else are as they were; so a value that was the recorded one gives the record. With a
 * configuration given, that one is in force throughout, but for the settings swept. They run on as many cores as there are; rows come in the order of the combinations, whoever was
 * first. What settings forbid together (a least that is above its most) is a row that says so.
 */
#ifndef INCIDENT_SWEEP_H
#define INCIDENT_SWEEP_H

#include "incident/difference.h"

#define SWEEP_AXES_MAX    8
#define SWEEP_COURSES_MAX 10000

struct sweep_axis {
    char path[128]; /* of the setting */
    int decimals;
    int64_t first;
    int64_t last; /* as it was asked for: steps may miss it */
    int64_t step; /* above 0 */
    uint64_t count;
};

/* "key=a..b/step". ERR_INPUT: no such setting, no number of its kind, step 0, b before a, too many. */
MUST_USE enum err_code sweep_axis_parse(struct sweep_axis *axis, const char *text, struct err *err);

struct sweep_row {
    int64_t values[SWEEP_AXES_MAX]; /* of each axis, scaled by its decimals */
    struct difference_side side;
    uint64_t stopped; /* breakers tripped at the end, and a stop in force */
    bool is_refused;
    char reason[240]; /* why, if it is */
};

struct sweep {
    struct sweep_axis axes[SWEEP_AXES_MAX];
    size_t axis_count; /* set these two */
    /* What else is different, departure included: without a configuration, that of the record. Borrowed. */
    struct course_change change;
    uint64_t from;             /* sweep_run() sets these: where all depart, */
    uint64_t configurations;   /* how many the record enters from there on, */
    struct sweep_row recorded; /* what was (values: none), */
    struct sweep_row *rows;    /* and one row a course */
    size_t row_count;
};

/*
 * Runs them all, each with a reader of its own of `j`. ERR_INPUT: more than SWEEP_COURSES_MAX courses, or a change that makes
 * no sense. Any other error: it could not be done. Release with sweep_release() in any case.
 */
MUST_USE enum err_code sweep_run(struct sweep *s, struct journal *j, struct journal_reader *r,
                                 unsigned threads, book_progress *progress, void *context, struct err *err);
void sweep_release(struct sweep *s);
/* Whether every number of every course stays as it is when this setting alone is another; not of one value, or of none that was taken. */
bool sweep_has_no_effect(const struct sweep *s, size_t axis);

#endif
