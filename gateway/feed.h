/*
 * A feed: a pull stream of perceptions in order of time, from files, a generator or another journal.
 *
 *   lean:DIR,underlying=GOOG,date=2015-12-24[,resolution=minute|hour|daily][,history=120][,options=yes|no]
 *            [,missing=refuse|skip]                  one market day of LEAN's data folder
 *   lean:DIR,underlying=SPY,resolution=daily,from=2019-01-02,to=2019-07-08[,clock=yes|no]   daily bars alone
 *   spx-eod:DIR[,from=D][,to=D][,openinterest=0|1][,size_assumed=10]       end-of-day chains of SPX
 *   synthetic:seed=7,underlying=ACME,date=2026-01-05[,days=1][,scenario=rise][,minutes=1][,history=120]
 *   journal:DIR                                      the perceptions of another journal, re-recorded
 *
 * DIR ends at the first comma. Drafts have kind, at_ns and body; seq, recorded_at, actor and cause are the
 * caller's (the actor's name is feed_actor()). Order: at_ns; within an instant the underlying first, then the
 * contracts by OCC symbol, then the clock. Clock entries: `open` at the session's open, `tick` at the end of
 * every minute (or hour) inside the session, and at its end one `close` in the tick's place.
 *
 * Files are read, hashed and parsed when the feed is opened, so that what is wrong with them is said before
 * anything is recorded. Each file's control.source comes right before the first perception taken from it (at
 * the end of the stream when nothing was), without an `at`. Each row asked for becomes exactly one perception
 * or one data-quality finding; findings *beside* a quote are counted apart.
 */
#ifndef GATEWAY_FEED_H
#define GATEWAY_FEED_H

#include "ledger/entry.h"
#include "ledger/err.h"

#include <stdint.h>

struct feed;
struct journal;

#define FEED_SPEC_MAX  4096 /* longest specification */
#define FEED_MERGE_MAX 8

/* An earlier reading of a file, as its control.source tells it. */
struct feed_seen {
    uint64_t seq;
    char path[512]; /* terminated: "equity/usa/daily/goog.zip 2015-07-06..2015-12-23" */
};

/* What a feed asks its caller. All zero: nothing was read before. */
struct feed_context {
    /* The first control.source after entry `after` whose sha256 is this one; *found false: none (more). */
    enum err_code (*seen)(void *arg, const struct digest32 *sha256, uint64_t after, struct feed_seen *seen,
                          bool *found, struct err *err);
    void *arg;
    /* Only entries before this one count (0: all): a run that goes on after a crash reads its own files again. */
    uint64_t before;
};

/* A context that looks into a journal, which must outlive the feed_open() it is used for. `before` as above. */
struct feed_context feed_context_of(struct journal *j, uint64_t before);

#define FEED_FINDINGS (FINDING_PROXY + 1)

struct feed_counts {
    int64_t sources; /* files read */
    int64_t rows;    /* rows asked for: entries + the sum of instead[] */
    int64_t entries; /* rows that became a quote, bar, mark or open interest */
    int64_t extra;   /* perceptions without a row of their own (a file's head, open interest in a chain) */
    int64_t instead[FEED_FINDINGS]; /* rows that became a finding instead, by kind */
    int64_t beside[FEED_FINDINGS];  /* findings beside a quote, by kind: so far */
    int64_t late_rows;              /* entries from after the session's end */
    int64_t skipped;                /* rows that were there and not asked for; remarks say why */
    int64_t clocks;                 /* clock entries: so far */
    int64_t yielded;                /* drafts handed out: so far */
};

/*
 * Opens a feed. ERR_INPUT: the specification, or a file, is no good (which, where, why, what is there instead).
 * ERR_NOT_FOUND: a folder or an expected file is not there. ERR_EXISTS: a file was imported already, and as
 * which entry; a file of many days only when the days asked for overlap (of its history, only new days are taken).
 */
MUST_USE enum err_code feed_open(const char *spec, const struct feed_context *context, struct feed **f,
                                 struct err *err);

/* The next draft; *found false at the end. Its texts are borrowed until the next call. */
MUST_USE enum err_code feed_next(struct feed *f, struct entry *draft, bool *found, struct err *err);

void feed_close(struct feed *f); /* NULL is fine */

/* Drafts handed out, and how many there are at least: the findings beside quotes come on top. */
void feed_progress(const struct feed *f, int64_t *done, int64_t *total);
/*
 * The longest time between two clock entries of one session, as far as it is known beforehand; 0: it is not, or there is
 * no clock.
 */
int64_t feed_step_ns(const struct feed *f);
/* What was opened, for control.run and people: "lean GOOG 2015-12-24 minute". */
const char *feed_name(const struct feed *f);
/* Who perceives: "feed:lean"; of a merged feed, the feed that the newest draft came from. */
const char *feed_actor(const struct feed *f);
const struct feed_counts *feed_counts(const struct feed *f);
/* What a person should know (files absent, sessions missing, rows skipped), one sentence each; NULL past the end. */
const char *feed_remark(const struct feed *f, size_t index);

/*
 * The counts aloud, in one sentence: "275,552 rows: 274,567 entries, 985 findings instead (985 empty); ..." `out`
 * gets at most `size` bytes, terminated; returns the length.
 */
size_t feed_counts_text(const struct feed *f, char *out, size_t size);

/*
 * Merges 1 .. FEED_MERGE_MAX feeds by at_ns. At one instant everything else comes before the clock, in the order
 * the feeds are given; equal clock entries (instant, phase, session) become one. Takes the feeds over, whatever it returns.
 */
MUST_USE enum err_code feed_merge(struct feed **feeds, size_t count, struct feed **merged, struct err *err);

#endif
