/*
 * A desk on a scratch journal, and the loop over a synthetic day: what many tests of a whole session begin with.
 *
 *   struct session s;
 *   session_start(&s);                     journal, first actors, configuration
 *   session_run(&s, "2026-01-05T15:00:00Z"); the loop up to then; NULL: to the end of the day
 *   session_end(&s);
 */
#ifndef TESTS_SUPPORT_SESSION_H
#define TESTS_SUPPORT_SESSION_H

#include "agent/control.h"
#include "agent/loop.h"
#include "book/redecide.h"
#include "support/journals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define SESSION_FEED "synthetic:seed=3,underlying=ACME,date=2026-01-05"

static const char session_yaml[] = "strategy:\n"
                                   "  underlyings: [ACME]\n"
                                   "  otm_min: 0.02\n"
                                   "  premium_min: 0.05\n"
                                   "  premium_max: 3\n"
                                   "  days_min: 1\n"
                                   "  days_max: 60\n"
                                   "  trend_required: false\n"
                                   "  positions_max: 3\n"
                                   "risk: {sector_share: 1, position_loss: 100000}\n";

struct session {
    struct scratch scratch;
    struct journal *journal;
    struct desk *desk;
};

static inline void session_open(struct session *s)
{
    s->journal = scratch_open(&s->scratch);
    s->desk = calloc(1, sizeof *s->desk);
    REQUIRE(s->desk);
    SCRATCH_OK(desk_init(s->desk, s->journal, NULL, NULL, err));
}

static inline void session_close(struct session *s)
{
    desk_release(s->desk);
    free(s->desk);
    journal_close(s->journal);
}

static inline void session_start(struct session *s)
{
    struct actor_rows first;
    bool changed = false;

    scratch_init(&s->scratch);
    control_first_actors(&first);
    SCRATCH_OK(journal_create(&s->scratch.options, SCRATCH_ORIGIN, s->scratch.passphrase, &first, err));
    session_open(s);
    SCRATCH_OK(control_configure(s->desk, "operator", "test.yaml", session_yaml, strlen(session_yaml), 1,
                                 &changed, err));
    assert_true(changed);
    SCRATCH_OK(control_configure(s->desk, "operator", "test.yaml", session_yaml, strlen(session_yaml), 2,
                                 &changed, err));
    assert_false(changed); /* the very same is not entered twice */
}

static inline void session_end(struct session *s)
{
    session_close(s);
    scratch_release(&s->scratch);
}

static inline struct loop_report session_run(struct session *s, const char *until)
{
    const struct feed_context context = feed_context_of(s->journal, loop_continues(s->desk, SESSION_FEED));
    struct loop_report report;
    struct feed *feed = NULL;

    SCRATCH_OK(feed_open(SESSION_FEED, &context, &feed, err));
    const struct loop_options options = {.feed_text = SESSION_FEED,
                                         .feed = feed,
                                         .broker = "paper",
                                         .until_ns = until ? entries_instant(until) : INSTANT_NONE};
    SCRATCH_OK(loop_run(s->desk, &options, &report, err));
    feed_close(feed);
    return report;
}

static inline struct redecide_report *session_redecide(struct session *s)
{
    struct redecide_report *const report = calloc(1, sizeof *report);
    struct journal_reader *r = NULL;

    REQUIRE(report);
    SCRATCH_OK(journal_reader_begin(s->journal, &r, err));
    SCRATCH_OK(redecide(r, 0, 0, report, NULL, NULL, err));
    journal_reader_end(r);
    return report;
}

static inline void session_decides_the_same(struct session *s)
{
    struct redecide_report *const report = session_redecide(s);

    if (report->differs_seq)
        fail_msg("entry %llu: %s", (unsigned long long)report->differs_seq, report->reason);
    assert_true(report->compared > 0);
    assert_int_equal(report->behind, 0);
    free(report);
}

#endif
