/*
 * What a report about a trading day covers: which entries are the day's (book/day.h has the rule), up to which entry
 * the state is folded, and which seal proves all of it. The state is that after the day's last entry, so every copy of
 * the journal gives the same; the seal is the smallest one there that covers it, and a fetched copy has fewer seals.
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
    uint64_t
        state_seq; /* what is told of states is so after this entry: last_seq, as day_scope_find() has it */
    struct seal seal;     /* covers 1 .. seal.size; last_seq <= state_seq <= seal.size */
    int64_t sealed_at_ns; /* recorded_at of entry seal.size */
};

/*
 * The scope of `day`; CIVIL_DAY_NONE: of the newest session, or of the newest day when no clock was recorded.
 * ERR_NOT_FOUND: the day has no entries, and which days there are.
 */
MUST_USE enum err_code day_scope_find(struct journal_reader *r, civil_day day, struct day_scope *scope,
                                      struct err *err);

/*
 * The scope as it was when the journal had the entries of `seal`, for checking what was said then. That the seal is
 * this journal's is for the caller to find out; a copy need not hold it. ERR_NOT_FOUND as above, or the journal has
 * fewer entries.
 */
MUST_USE enum err_code day_scope_find_at(struct journal_reader *r, civil_day day, const struct seal *seal,
                                         struct day_scope *scope, struct err *err);

#endif
