/*
 * The loop: perceive, decide, check, order, fill. Each moment of the feed is one sealed group of perceptions;
 * then the broker works, the engine answers the clock in a sealed group of its own, and the broker works
 * again. An order leaves only after its decision and verdict are on disk and sealed.
 *
 * After a crash the same command goes on where the journal ends: nothing else is state. What the loop perceives
 * names its control.run as its cause; only that is left out when the feed is read again.
 */
#ifndef AGENT_LOOP_H
#define AGENT_LOOP_H

#include "agent/desk.h"
#include "agent/presence.h"
#include "gateway/feed.h"

struct loop_options {
    const char
        *feed_text;     /* the feeds as they were asked for, in control.run; at most RUN_FEED_MAX - 1 bytes */
    struct feed *feed;  /* open, borrowed */
    const char *broker; /* "paper" */
    int64_t until_ns;   /* INSTANT_NONE: to the feed's end; else the run is left open there */
    const volatile int *interrupted; /* set by a signal handler: the loop ends after the current moment */
    book_progress *progress;
    void *context;
    presence_quality *quality; /* of this machine's clock; NULL: the kernel's word */
    void *quality_arg;
    presence_remark *remark; /* what a person should know at once; NULL is fine. Gets `context` as well */
};

enum loop_end { LOOP_FEED_ENDED, LOOP_UNTIL, LOOP_INTERRUPTED };

struct loop_report {
    enum loop_end end;
    uint64_t perceived; /* entries of the feed, also those of an earlier part of this run */
    uint64_t skipped;   /* of them recorded before this start */
    uint64_t ticks;     /* clock entries answered now */
    uint64_t derived;
    uint64_t orders;
    uint64_t fills;
};

/*
 * What feed_open() must not call "imported already": the files of the unfinished run that `feed_text` would
 * continue. 0: there is none. `d` is folded.
 */
uint64_t loop_continues(const struct desk *d, const char *feed_text);

/*
 * ERR_CHAIN: a newer loop has begun on this journal (this one ends, nothing is told twice), somebody else has ended
 * this run (so that no clock of it has an answer any more), or a clock entry of the feed is before one that a run has
 * decided on.
 */
MUST_USE enum err_code loop_run(struct desk *d, const struct loop_options *options,
                                struct loop_report *report, struct err *err);

#endif
