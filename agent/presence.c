#include "agent/presence.h"

#include <stdio.h>

#define ACTOR      "journal" /* these are the program's own words */
#define NS_PER_MS  INT64_C(1000000)
#define QUALITY_NS NS_PER_HOUR

/* -- the clock's quality --------------------------------------------------------------------------------- */

static void tell(struct presence *p, const struct entry_perception_clock_quality *q)
{
    char error[DECIMAL_TEXT_SIZE];
    char bound[DECIMAL_TEXT_SIZE];
    char text[256];

    if (!q->ok && !p->was_told && p->remark) {
        decimal_format(error, q->error_s, RATE_DECIMALS);
        decimal_format(bound, q->bound_s, RATE_DECIMALS);
        snprintf(text, sizeof text,
                 "remark: this machine's clock %s; its error may be %s s, and %s s is allowed",
                 q->synchronised ? "is synchronised" : "is not synchronised", error, bound);
        p->remark(p->context, text);
    }
    p->was_told = !q->ok;
}

static enum err_code add_quality(struct presence *p, uint64_t cause, struct err *err)
{
    const int64_t bound_ms = p->desk->book.configuration->configuration.journal.clock_bound_ms;
    struct entry *const e = &p->desk->scratch;
    struct entry_perception_clock_quality *const q = &e->as.perception_clock_quality;
    struct clock_quality now;

    (p->quality ? p->quality : clock_quality)(p->quality_arg, &now);
    memset(e, 0, sizeof *e);
    e->kind = ENTRY_PERCEPTION_CLOCK_QUALITY;
    e->at_ns = INSTANT_NONE; /* of this machine, whatever day is replayed on it */
    e->cause = cause;
    q->offset_s = now.offset_ns;
    q->error_s = now.error_ns;
    q->bound_s = bound_ms * NS_PER_MS;
    q->synchronised = now.synchronised;
    q->ok = now.synchronised && now.error_ns <= q->bound_s;
    q->source = text_from(now.source);
    tell(p, q);
    return desk_add(p->desk, ACTOR, e, err);
}

enum err_code presence_start(struct presence *p, uint64_t cause, struct err *err)
{
    return add_quality(p, cause, err);
}

/* -- sessions and heartbeats ----------------------------------------------------------------------------- */

/* Seconds within which the next word is due: as configured, or as often as the feed's clock ticks. */
static int64_t cadence_s(const struct presence *p)
{
    const int64_t every_s = p->desk->book.configuration->configuration.journal.heartbeat_every_s;
    const int64_t step_s = (p->step_ns + NS_PER_SECOND - 1) / NS_PER_SECOND;

    if (every_s == 0)
        return 0;
    return every_s > step_s ? every_s : step_s;
}

static enum err_code add_session(struct presence *p, const struct entry *clock, enum phase phase,
                                 struct err *err)
{
    struct entry *const e = &p->desk->scratch;

    memset(e, 0, sizeof *e);
    e->kind = ENTRY_CONTROL_SESSION;
    e->at_ns = clock->at_ns;
    e->cause = clock->seq;
    e->as.control_session.phase = phase;
    e->as.control_session.session = clock->as.perception_clock.session;
    e->as.control_session.heartbeat_s = cadence_s(p);
    return desk_add(p->desk, ACTOR, e, err);
}

static enum err_code add_heartbeat(struct presence *p, const struct entry *clock, struct err *err)
{
    struct entry *const e = &p->desk->scratch;

    memset(e, 0, sizeof *e);
    e->kind = ENTRY_CONTROL_HEARTBEAT;
    e->at_ns = clock->at_ns;
    e->cause = clock->seq;
    e->as.control_heartbeat.session = clock->as.perception_clock.session;
    e->as.control_heartbeat.heartbeat_s = cadence_s(p);
    return desk_add(p->desk, ACTOR, e, err);
}

/* Would it be late at the next tick? */
static bool is_due(const struct presence *p, int64_t now_ns)
{
    const int64_t cadence_ns = cadence_s(p) * NS_PER_SECOND;
    const int64_t silent_ns = now_ns - p->desk->book.run->beat_at_ns;

    return cadence_ns > 0 && silent_ns > 0 && silent_ns + p->step_ns > cadence_ns;
}

static bool is_hour_over(const struct presence *p, int64_t now_ns)
{
    const int64_t last_ns = p->desk->book.run->quality_at_ns;

    return last_ns == INSTANT_NONE || now_ns - last_ns >= QUALITY_NS;
}

enum err_code presence_clock(struct presence *p, const struct entry *clock, struct err *err)
{
    const struct run_state *const run = p->desk->book.run;
    const enum phase phase = clock->as.perception_clock.phase;
    const bool is_known = run->session_is_open && run->session == clock->as.perception_clock.session;
    enum err_code rc = ERR_OK;

    if (!is_known && phase == PHASE_CLOSE) /* a session that was not attended */
        return ERR_OK;
    if (!is_known || is_hour_over(p, clock->at_ns))
        rc = add_quality(p, clock->seq, err);
    if (!rc && !is_known)
        return add_session(p, clock, PHASE_OPEN, err);
    if (!rc && phase == PHASE_CLOSE)
        return add_session(p, clock, PHASE_CLOSE, err);
    return !rc && is_due(p, clock->at_ns) ? add_heartbeat(p, clock, err) : rc;
}
