/*
 * Which settings make a predicate hold: of two configurations, one under which it never holds and one under which it does,
 * the settings that have to be the bad one's.
 *
 * Each question is a what-if course (incident/course.h) over the whole journal: the good configuration with some settings of
 * the bad one; it is answered with yes when the predicate holds after any entry from the departure on. Asked are first
 * each differing setting alone, then what can be left out of all of them together, in the table's order, one at a time. So
 * the answer is a least set: without any one of its settings the predicate does not hold. A combination that settings
 * forbid (a least above its most) counts as no.
 */
#ifndef INCIDENT_BISECT_SETTINGS_H
#define INCIDENT_BISECT_SETTINGS_H

#include "incident/course.h"
#include "incident/predicate.h"

#define BISECT_SETTINGS_MAX 96

struct bisect_setting {
    const char *path; /* these point into the texts of the result */
    const char *good;
    const char *bad;
    bool alone;  /* the predicate holds when this one alone is changed */
    bool needed; /* it is in the least set */
};

struct bisect_settings {
    struct bisect_setting rows[BISECT_SETTINGS_MAX]; /* that differ, in the table's order */
    size_t count;
    uint64_t runs; /* courses that were run */
    uint64_t from; /* where they depart */
    /* Under the bad configuration: the first entry of that course after which it holds. */
    uint64_t seq;
    int64_t at_ns; /* of that entry, or of its recording */
    char good_text[CONFIGURATION_TEXT_MAX];
    char bad_text[CONFIGURATION_TEXT_MAX];
};

/*
 * `from` as in course_change. ERR_INPUT: the configurations do not differ; it holds under the good one. ERR_WRONG: it does not
 * hold under the bad one either. Large: not for the stack.
 */
MUST_USE enum err_code bisect_settings_run(struct bisect_settings *result, const struct predicate *p,
                                           const struct configuration *good, const struct configuration *bad,
                                           uint64_t from, struct journal *j, struct journal_reader *r,
                                           book_progress *progress, void *context, struct err *err);

#endif
