/*
 * Which trading day an entry belongs to, for reports by day. A market perception belongs to the New York date
 * of its `at`; everything else to the day of the newest clock entry before it; before the first clock entry
 * to the date of its own `at`, or else of its recording. A reducer, so that the rule is the same in every
 * report.
 */
#ifndef BOOK_DAY_H
#define BOOK_DAY_H

#include "ledger/replay.h"

struct day_state {
    civil_day session; /* of the newest clock entry; CIVIL_DAY_NONE before the first */
    int64_t latest_ns; /* greatest `at` of all entries but control's: no look at a time past begins there */
};

void day_init(void *state);
MUST_USE enum err_code day_apply(void *state, const struct entry *e, struct err *err);
void day_digest(const void *state, const struct digest_out *out);
extern const struct replay_row day_row; /* name "day" */

/* The day of `e`, given the state after it was applied. */
civil_day day_of(const struct day_state *state, const struct entry *e);

#endif
