/*
 * What is known of the loop, folded from the journal: whether one is going on, what feeds it, how much of the
 * feed is in the journal already. That is all it takes to go on after a crash where the last run ended: the
 * feed is opened again and the perceptions that are here already are left out.
 *
 * What a run perceives names its control.run as its cause. So what somebody else appends or imports meanwhile,
 * whoever's name it carries, is neither counted as the feed's nor answered.
 */
#ifndef BOOK_RUN_STATE_H
#define BOOK_RUN_STATE_H

#include "ledger/replay.h"
#include "ledger/roles.h"

#define RUN_FEED_MAX 1024

struct run_state {
    bool is_open;            /* control.run without its control.run_end */
    uint64_t first_seq;      /* of the control.run that the unfinished work began with */
    uint64_t run_seq;        /* newest control.run: it alone may go on; 0: none */
    char feed[RUN_FEED_MAX]; /* its feed, terminated */
    uint64_t perceived;      /* entries by the feed's actors since first_seq, sources included */
    uint64_t perceived_seq;  /* the newest of them; 0: none yet */
    uint64_t pending_seq;    /* a clock entry of an open run that no derived entry has answered; 0: none */
    int64_t clock_at_ns;     /* newest clock entry of any run: none may go back behind it; INSTANT_NONE */
    uint64_t stop_seq;       /* newest control.stop: its cancellations answer it, not the clock */
    civil_day session;       /* of the newest control.session; CIVIL_DAY_NONE before the first */
    bool session_is_open;    /* it was opened, and not closed yet */
    int64_t beat_at_ns;      /* when the loop last said that it was there in it; INSTANT_NONE: never */
    int64_t quality_at_ns;   /* the clock when perception.clock_quality was last recorded; INSTANT_NONE */
    uint64_t derived;        /* entries by strategies and the governor since first_seq */
    struct roles roles;
};

extern const struct replay_row run_row; /* name "run" */

/* The entry was computed by this program's own deciders, so it must be what they would compute again. */
bool run_is_derived(const struct run_state *s, const struct entry *e);

#endif
