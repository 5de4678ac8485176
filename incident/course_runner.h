/*
 * What runs a course: the book so far, the moment it is in, and the deciders and the broker who are asked. For
 * incident/course*.c alone.
 */
#ifndef INCIDENT_COURSE_RUNNER_H
#define INCIDENT_COURSE_RUNNER_H

#include "book/market_time.h"
#include "incident/course_impl.h"
#include "incident/course_settings.h"
#include "ledger/roles.h"

/* A clock entry of a run, from its perception to the next moment. */
struct moment {
    bool is_open;
    bool has_worked;    /* the broker has, before the answer */
    bool has_answered;  /* the deciders have */
    bool has_closed;    /* the broker has, after it */
    struct entry clock; /* bodies of clock entries hold no text */
};

struct course_runner {
    struct course *course;
    struct journal_reader *reader;
    struct market_time time; /* of its entries */
    const struct course_change *change;
    bool is_recorded; /* nothing is computed, all is kept */
    bool has_account; /* the paper account of the newest run is looked after */
    uint32_t broker;  /* broker:paper */
    bool is_silent;   /* it was left out by the change */
    size_t drops;     /* of the change, done */
    size_t inserts;
    struct moment moment;
    struct course_settings *settings; /* of a change that sets some; else NULL */
    const struct entry *answering;
    uint64_t base_stop;  /* the journal's newest control.stop */
    bool base_is_stated; /* in the record, somebody has stated the account since its newest clock entry */
    bool base_states_at_close; /* by its configuration */
    int64_t recorded_at_ns;    /* of the place */
    struct entry entry;        /* the journal's newest one read */
    struct entry own;          /* an entry is too large for a deep stack */
};

static inline struct book *course_runner_book(const struct course_runner *w)
{
    return &w->course->book;
}

static inline enum role course_runner_role(const struct course_runner *w, const struct entry *e)
{
    return roles_find(&course_runner_book(w)->run->roles, e->actor);
}

/* The course's next entry is *e: gets its seq and recorded_at, is kept and applied. */
MUST_USE enum err_code course_runner_add(struct course_runner *w, struct entry *e, struct err *err);
/* The deciders answer a trigger that is applied; the broker works; he opens the account of a new run, once. */
MUST_USE enum err_code course_runner_answer(struct course_runner *w, const struct entry *trigger,
                                            struct err *err);
MUST_USE enum err_code course_runner_work(struct course_runner *w, struct err *err);
MUST_USE enum err_code course_runner_open(struct course_runner *w, struct err *err);
/* The broker is asked for a statement. */
MUST_USE enum err_code course_runner_state(struct course_runner *w, struct err *err);
/* Applies what is the course's next entry. */
MUST_USE enum err_code course_runner_apply(struct course_runner *w, const struct entry *e, struct err *err);
/* The three parts of a moment, each done once: the second does the first. */
MUST_USE enum err_code course_runner_before(struct course_runner *w, struct err *err);
MUST_USE enum err_code course_runner_clock(struct course_runner *w, struct err *err);
MUST_USE enum err_code course_runner_after(struct course_runner *w, struct err *err);
/* What of it is not done is done now; then the moment is over, and measured. */
MUST_USE enum err_code course_runner_finish(struct course_runner *w, struct err *err);

/* -- what comes from outside (course_take.c) ------------------------------------------------------------- */

/* The journal's entry *e, which stays: as it is, or in other words; e->seq and e->cause are then the course's. */
MUST_USE enum err_code course_runner_keep(struct course_runner *w, struct entry *e, struct err *err);
/* A note in place of *e, which the course cannot have; e->seq 0: it was to be inserted. */
MUST_USE enum err_code course_runner_note(struct course_runner *w, const struct entry *e, struct err *err);
/* One entry that the change inserts. */
MUST_USE enum err_code course_runner_insert(struct course_runner *w, const struct entry *draft,
                                            struct err *err);
/* What is in force, with the change's settings, if it has some. */
MUST_USE enum err_code course_runner_set_in_force(struct course_runner *w, struct err *err);

#endif
