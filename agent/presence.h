/*
 * The loop's presence: what it enters about itself, so that silence is evidence. control.session when a trading session
 * opens and closes, control.heartbeat in between, perception.clock_quality when a run starts, before a session, and
 * each hour. All by the feed's clock, in the group of the clock entry they follow: so a day that is replayed has them
 * too, the same ones.
 */
#ifndef AGENT_PRESENCE_H
#define AGENT_PRESENCE_H

#include "agent/desk.h"
#include "ledger/clock.h"

typedef void presence_quality(void *arg, struct clock_quality *q);
typedef void presence_remark(void *context, const char *text);

struct presence {
    struct desk *desk;         /* borrowed */
    int64_t step_ns;           /* the feed's, as feed_step_ns() has it */
    presence_quality *quality; /* NULL: clock_quality() */
    void *quality_arg;
    presence_remark *remark; /* told when the clock is not good, or no longer; NULL is fine */
    void *context;
    bool was_told; /* of the newest measurement that was not good */
};

/* A run starts with entry `cause`, in the open group. */
MUST_USE enum err_code presence_start(struct presence *p, uint64_t cause, struct err *err);
/* A clock entry of the feed was added to the open group and applied. */
MUST_USE enum err_code presence_clock(struct presence *p, const struct entry *clock, struct err *err);

#endif
