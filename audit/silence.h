/*
 * Silence is evidence: is anything missing up to a moment? That nothing was changed does not say so: whoever cuts a journal
 * at an older seal leaves a good one. But the loop has promised (control.session, control.heartbeat) when its next word is
 * due, and the calendar says when sessions are held; so a silence shows. docs/FORMAT.md, "Sessions and heartbeats".
 *
 * Asked of a journal that was verified. The calendar is the caller's, since this folder knows no market.
 */
#ifndef AUDIT_SILENCE_H
#define AUDIT_SILENCE_H

#include "audit/evidence.h"
#include "ledger/instant.h"

#define SILENCE_TOLERANCE_NS (5 * NS_PER_SECOND) /* that a word may be late */

struct silence_calendar {
    /* The hours of a day's session; false: it has none. */
    bool (*hours)(void *arg, civil_day day, int64_t *open_ns, int64_t *close_ns);
    /* The day of the first session after `day`; CIVIL_DAY_NONE: not known. */
    civil_day (*next)(void *arg, civil_day day);
    void *arg;
};

struct silence_report {
    uint64_t sessions;   /* opened up to the moment */
    uint64_t heartbeats; /* in them */
    int64_t from_ns;     /* when the first of them opened: of what was before, nothing is said */
    /* The first silence; all zero when there is none. */
    uint64_t before_seq; /* the last word before it */
    uint64_t after_seq;  /* the first one after it; 0: there is none up to the moment */
    int64_t silent_from_ns;
    int64_t silent_to_ns;
    char what[ERR_TEXT_SIZE];
};

/*
 * Fills *report also on ERR_WRONG: something is missing, report and err say between which entries, and how long.
 * ERR_NOT_FOUND: it cannot be told, because nothing was promised by then, or a session's heartbeats were off.
 */
MUST_USE enum err_code silence_check(struct evidence *evidence, const struct silence_calendar *calendar,
                                     int64_t until_ns, struct silence_report *report, struct err *err);

#endif
