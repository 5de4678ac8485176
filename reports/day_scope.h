/*
 * What a report about a trading day covers: which entries are the day's (book/day.h has the rule), and up to
 * which seal the state is folded. That seal is the smallest one that covers the day's last entry.
 *
 * A session is over when the clock names a later one, or when, after its close and the end of its run, the
 * next run or import begins. What is recorded about it from then on (a bar of that day, read as history a week
 * later) is in the journal and in no report about the day: so a report says the same however much the journal
 * grows. A day on which no clock was recorded is never over; one that the clock names again goes on.
 */
#ifndef REPORTS_DAY_SCOPE_H
#define REPORTS_DAY_SCOPE_H

#include "book/book.h"

struct day_scope {
    civil_day day;
    uint64_t first_seq; /* of the day's entries; others may lie between them */
    uint64_t last_seq;
    uint64_t entries;
    struct seal seal;     /* covers 1 .. seal.size; last_seq <= seal.size */
    int64_t sealed_at_ns; /* recorded_at of entry seal.size: the newest time that the report knows */
};

/*
 * The scope of `day`; CIVIL_DAY_NONE: of the newest session, or of the newest day when no clock was recorded.
 * ERR_NOT_FOUND: the day has no entries, and which days there are.
 */
MUST_USE enum err_code day_scope_find(struct journal_reader *r, civil_day day, struct day_scope *scope,
                                      struct err *err);

/*
 * The scope as it was when the journal had `size` entries, for checking what was said then. ERR_NOT_FOUND as
 * above, or the journal has no seal of this size.
 */
MUST_USE enum err_code day_scope_find_at(struct journal_reader *r, civil_day day, uint64_t size,
                                         struct day_scope *scope, struct err *err);

#endif
