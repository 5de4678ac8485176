/*
 * What a course differs in from the record, or from another course: the first thing that was computed otherwise,
 * orders that are there in one alone or became something else, and the money.
 *
 * Two computed entries are the same when all is but what the place gives: seq, cause, recorded_at, the number in
 * an id that was made of a seq ("fill-4711"), and the numbers of the entries that a break is about. Two orders are the same one when they were sent at the same moment, in
 * the same symbol and on the same side.
 */
#ifndef INCIDENT_DIFFERENCE_H
#define INCIDENT_DIFFERENCE_H

#include "incident/course.h"

enum difference_of_order { ORDER_LOST = 1, ORDER_GAINED, ORDER_CHANGED };

struct difference_order {
    enum difference_of_order what;
    struct order recorded; /* not with ORDER_GAINED */
    struct order course;   /* not with ORDER_LOST */
};

/* From the departure on, but for the account itself, which is that after the last entry. */
struct difference_side {
    uint64_t orders;
    uint64_t filled; /* of them, in part or whole */
    int64_t
        profit_micro; /* equity less all that was ever paid in; like equity COURSE_UNKNOWN if it does not fit */
    int64_t equity_micro;
    int64_t cash_micro;
    int64_t realized_micro; /* before fees */
    int64_t fees_micro;
    int64_t
        margin_micro; /* the greatest of any moment and of the end, as far as known; and so the next two */
    int64_t exposure_micro;
    int64_t drawdown_micro; /* of the profit, from its peak */
    uint32_t positions;     /* open at the end */
};

/* An entry and its bytes, of which its texts are borrowed. */
struct difference_entry {
    uint64_t seq; /* of the journal, or of the course; 0: there is none any more */
    struct entry entry;
    uint8_t bytes[ENTRY_MAX_SIZE];
};

struct difference {
    uint64_t compared;                /* computed entries that are the same before the first that differs */
    bool is_same;                     /* all that was computed is */
    struct difference_entry recorded; /* the first that differs; both seq 0 when is_same */
    struct difference_entry course;
    struct difference_order *orders; /* by time */
    size_t order_count;
    struct difference_side was;   /* of the record */
    struct difference_side would; /* of the course */
};

/*
 * `recorded` is course_recorded() from where `c` departs, or another course from there (REQUIRE: the same departure). The
 * readers are two, of the journal that both are of. ERR_MEMORY, ERR_RANGE, or an error of reading; *d is untouched.
 */
MUST_USE enum err_code difference_new(const struct course *recorded, const struct course *c,
                                      struct journal_reader *r1, struct journal_reader *r2,
                                      struct difference **d, struct err *err);
void difference_free(struct difference *d); /* NULL is fine */

/* The money alone: what sweeps tabulate. */
MUST_USE enum err_code difference_side(const struct course *c, struct difference_side *side, struct err *err);

#endif
