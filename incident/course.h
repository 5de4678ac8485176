/*
 * A course: how a journal would have gone on if something had been different. Up to the entry `from` it is the
 * journal's own; from there what came from outside stays as it was recorded, and everything that was computed
 * (decisions, verdicts, orders) is decided again, with the paper broker answering.
 *
 * What stays: perceptions, runs and what the loop said of itself, what people said. What does not: what strategies
 * and the governor derived, all entries of brokers, and what speaks of what is not so here, whose place keeps a note:
 * snapshots; statements that people brought in, once any fill differs; whatever names an order, a fill or a break that
 * the course has not (a bust of what was not filled here, the correction of a break that there is not). Numbers differ
 * between the two, and ids are made of them: what people named by number or id is named by the course's (course_twins.h).
 * Facts that brokers told without being asked (dividends, splits) are lost with the others: the paper broker knows of none.
 *
 * When. A clock entry is answered where the record answered it: the broker works, the deciders answer, the broker
 * works. Where the record has nothing of these, they come right after one another, before the run perceives
 * anything else. A stop is answered at once. So a course without a change is the record itself, entry by entry.
 * What is computed has the recorded_at of the entry whose place it takes, or else of the one before it.
 *
 * It is held in memory, as references to the journal's entries and the bytes of its own.
 *
 *   struct course *c = NULL;
 *   rc = course_run(r, &change, &c, NULL, NULL, err);      or course_recorded(): the journal as it is
 *   course_walk_begin(&w, c, r, 1);
 *   while (!rc && found) rc = course_next(&w, &e, &found, err);
 *   course_free(c);
 */
#ifndef INCIDENT_COURSE_H
#define INCIDENT_COURSE_H

#include "book/book.h"

/* A setting by its path, as configurations have it. */
struct course_setting {
    const char *path;
    const char *value;
};

/* What was different. Everything is borrowed for the time of the call; zeroes: nothing was. */
struct course_change {
    /*
     * The journal's entry that the course departs at; 0: the first that a change is about. What was computed as one
     * answer is never cut: the course then departs before the answer.
     */
    uint64_t from;
    /* A draft of control.configuration, in force from `from` on instead of all that are recorded there. NULL: none. */
    const struct entry *configuration;
    /* Settings that are so from `from` on, whatever else the configuration in force there and each recorded later says. Not
     * together with a configuration. ERR_INPUT when one of those forbids it. */
    const struct course_setting *set;
    size_t set_count;
    /* Actors of whom nothing is heard any more. Brokers: nobody answers orders. */
    const uint32_t *without;
    size_t without_count;
    /* Entries that never came, ascending. */
    const uint64_t *drop;
    size_t drop_count;
    /* Drafts with `at`, not descending: each stands before the first entry of the journal whose `at` is later. Their
     * causes are entries of the journal; a feed's without one belongs to the run. */
    const struct entry *insert;
    size_t insert_count;
    /* A draft of control.hypothesis, that stands at `from`. Its field `from` is set. NULL: none. */
    const struct entry *hypothesis;
};

#define COURSE_UNKNOWN INT64_MIN /* an amount that its integer cannot hold, as after an absurd quote */

/* How things stood when a moment was over: its clock entry answered, and the broker done. */
struct course_point {
    int64_t at_ns;
    uint64_t clock_seq;   /* of the course */
    int64_t equity_micro; /* or COURSE_UNKNOWN, and so the next two but one */
    int64_t cash_micro;
    int64_t margin_micro;   /* that the open positions and orders need */
    int64_t exposure_micro; /* what the positions would cost at the worst: see course_exposure() */
    int64_t realized_micro;
    int64_t fees_micro;
    int64_t deposits_micro;
    uint32_t positions;
};

/* Counts of entries, of the journal from `from` on but for the last two, which are the course's own. */
struct course_counts {
    uint64_t kept;
    uint64_t computed;       /* left out, to be computed again */
    uint64_t noted;          /* replaced by a note */
    uint64_t objectless;     /* of these, and of the inserted ones: named what the course has not */
    uint64_t dropped;        /* left out because of the change */
    uint64_t configurations; /* of these: configurations, for the one that was given */
    uint64_t set;            /* configurations that are there with other settings */
    uint64_t told;    /* of the computed: facts that a broker told without an order (dividend, split, bust) */
    uint64_t derived; /* by strategies and the governor */
    uint64_t answered; /* by the broker */
};

struct course;

/*
 * Runs a course over all of `r`. ERR_INPUT: the change makes no sense for this journal, and why. ERR_NOT_FOUND: no such
 * entry or actor. Any other error: it could not be done; *course is untouched.
 */
MUST_USE enum err_code course_run(struct journal_reader *r, const struct course_change *change,
                                  struct course **course, book_progress *progress, void *context,
                                  struct err *err);
/* The journal as it is, as a course that departs at `from` (1 or more): the same points, to be compared with. */
MUST_USE enum err_code course_recorded(struct journal_reader *r, uint64_t from, struct course **course,
                                       book_progress *progress, void *context, struct err *err);
void course_free(struct course *c); /* NULL is fine */

/* The first entry that is not before this instant (book/market_time.h): what a departure at a time means. ERR_NOT_FOUND: none is that late. */
MUST_USE enum err_code course_from_time(struct journal_reader *r, int64_t at_ns, uint64_t *from,
                                        struct err *err);

/* Whether an entry by an actor of this role can be inserted. ERR_INPUT says why not. */
MUST_USE enum err_code course_check_insert(enum role role, const struct entry *e, struct err *err);

uint64_t course_from(const struct course *c);      /* departs at this entry: all before are the journal's */
uint64_t course_size(const struct course *c);      /* entries: 1 .. size */
uint64_t course_base_size(const struct course *c); /* of the journal */
const struct course_counts *course_counts(const struct course *c);
/* After the last entry; as long as the course lives. */
const struct book *course_book(const struct course *c);
/* From the first moment that ends at or behind `from`. */
const struct course_point *course_points(const struct course *c, size_t *count);
/* After the last entry, whatever came behind the last moment. Its clock_seq is that moment's, or 0. */
const struct course_point *course_end(const struct course *c);

/* A walk over its entries. Of many at a time, each has a reader of its own, of the journal that the course is of. */
struct course_walk {
    const struct course *course;
    struct journal_reader *reader;
    uint64_t next;
    size_t kept;
    size_t own;
    bool is_placed; /* the reader stands at the next entry */
};
void course_walk_begin(struct course_walk *w, const struct course *c, struct journal_reader *r,
                       uint64_t seq); /* 1 or more */
/*
 * The next entry, with the course's seq and cause; false at the end. *base_seq, which may be NULL, is the journal's
 * own number of it; 0: it is the course's own. Texts are borrowed: from the course, or until the reader ends.
 */
MUST_USE enum err_code course_next(struct course_walk *w, struct entry *e, uint64_t *base_seq, bool *found,
                                   struct err *err);

/* SHA-256 over `from`, every entry from there on as it is encoded, and the state at the end: two courses of one journal
 * with the same digest are the same. */
MUST_USE enum err_code course_digest(const struct course *c, struct journal_reader *r, struct hash *digest,
                                     struct err *err);

/*
 * The most that what is open could cost: for short options the strike times the multiplier (calls: at the
 * underlying's price), for everything else the value at its mark. ERR_RANGE.
 */
MUST_USE enum err_code course_exposure(const struct book *b, int64_t *micro, struct err *err);

#endif
