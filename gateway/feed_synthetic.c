/*
 * The feed `synthetic`: the seeded market of market/synthetic.h, one session's tape at a time, so that a hundred
 * sessions need no more memory than one.
 */
#include "gateway/feed_impl.h"

#include "gateway/tape.h"

#include "market/quality.h"
#include "market/synthetic.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HISTORY_DEFAULT 120

struct synthetic_feed {
    struct feed base; /* first */
    struct synthetic market;
    struct synthetic_row row; /* read ahead: the first of the next session */
    bool has_row;
    size_t history;
    int sessions;            /* played, with the one on the tape */
    struct tape *tape;       /* of one session; NULL at first */
    struct feed_counts sums; /* of earlier tapes */
};

static enum err_code parse_settings(struct synthetic_feed *s, struct synthetic_settings *settings,
                                    const struct feed_spec *spec, struct err *err)
{
    static const char *const SCENARIOS[] = {"rise", "fall", "crash", "flat", NULL};
    int64_t seed = (int64_t)settings->seed;
    int64_t days = settings->days;
    int64_t minutes = settings->minutes_per_tick;
    int64_t history = HISTORY_DEFAULT;
    size_t scenario = (size_t)settings->scenario - 1;
    enum err_code rc = feed_spec_integer(spec, "seed", 0, INT64_MAX, &seed, err);

    if (!rc)
        rc = feed_spec_ticker(spec, "underlying", &settings->underlying, err);
    if (!rc)
        rc = feed_spec_day(spec, "date", &settings->first_day, err);
    if (!rc)
        rc = feed_spec_integer(spec, "days", 1, SYNTHETIC_DAYS_MAX, &days, err);
    if (!rc)
        rc = feed_spec_integer(spec, "minutes", 1, 390, &minutes, err);
    if (!rc)
        rc = feed_spec_integer(spec, "history", 0, SYNTHETIC_HISTORY_MAX, &history, err);
    if (!rc)
        rc = feed_spec_word(spec, "scenario", SCENARIOS, &scenario, err);
    settings->seed = (uint64_t)seed;
    settings->days = (int)days;
    settings->minutes_per_tick = (int)minutes;
    settings->scenario = (enum synthetic_scenario)(scenario + 1);
    s->history = (size_t)history;
    return rc;
}

static struct tape_event bar_event(const struct synthetic_row *row, uint32_t instrument, civil_day session)
{
    struct tape_event e = {.at_ns = row->at_ns,
                           .instrument = instrument,
                           .session = session,
                           .source = TAPE_NO_SOURCE,
                           .type = TAPE_BAR};

    e.as.bar.open = row->open_nano;
    e.as.bar.high = row->high_nano;
    e.as.bar.low = row->low_nano;
    e.as.bar.close = row->close_nano;
    e.as.bar.volume = row->volume;
    e.as.bar.period_s = row->period_s;
    return e;
}

static enum err_code add_quote(struct tape *tape, const struct synthetic_row *row, uint32_t instrument,
                               civil_day session, struct err *err)
{
    const int64_t bid = row->bid_nano == INT64_MIN ? PRICE_NONE : row->bid_nano;
    const int64_t ask = row->ask_nano == INT64_MIN ? PRICE_NONE : row->ask_nano;
    const enum finding finding = quality_refuse(bid, ask);
    struct tape_event e = {.at_ns = row->at_ns,
                           .instrument = instrument,
                           .session = session,
                           .source = TAPE_NO_SOURCE,
                           .type = TAPE_QUOTE,
                           .flags = TAPE_IN_SESSION};

    if (finding) {
        e.as.finding.kind = finding;
        e.as.finding.bid = bid;
        e.as.finding.ask = ask;
        return tape_instead(tape, &e, NULL, err);
    }
    e.as.quote.bid = bid;
    e.as.quote.ask = ask;
    e.as.quote.bid_size = row->bid_size;
    e.as.quote.ask_size = row->ask_size;
    return tape_entry(tape, &e, err);
}

static enum err_code add_row(struct tape *tape, const struct synthetic_row *row, civil_day session,
                             struct err *err)
{
    uint32_t instrument = 0;
    const enum err_code rc = tape_instrument(tape, &row->symbol, &instrument, err);

    if (rc)
        return rc;
    if (row->type == SYNTHETIC_QUOTE)
        return add_quote(tape, row, instrument, session, err);
    const struct tape_event e = bar_event(row, instrument, session);
    return tape_entry(tape, &e, err);
}

/* The bars before the first session, each of its own session. */
static enum err_code add_history(struct synthetic_feed *s, struct tape *tape, struct err *err)
{
    struct synthetic_row *const rows = calloc(s->history + 1, sizeof *rows);
    enum err_code rc = ERR_OK;

    if (!rows)
        return err_set(err, ERR_MEMORY, "feed: out of memory");
    const size_t count = synthetic_history(&s->market.settings, s->history, rows);
    for (size_t i = 0; i < count && !rc; i++)
        rc = add_row(tape, &rows[i], instant_new_york_day(rows[i].at_ns, NULL), err);
    free(rows);
    return rc;
}

/* Clock entries: a tick wherever the underlying had its row, `close` in place of the last. */
static enum err_code add_session(struct synthetic_feed *s, struct tape *tape, struct err *err)
{
    const civil_day day = instant_new_york_day(s->row.at_ns, NULL);
    struct session session;
    int64_t ticked_ns = INSTANT_NONE;

    REQUIRE(calendar_session(day, &session)); /* the generator makes rows inside sessions alone */
    enum err_code rc = tape_clock(tape, session.open_ns, PHASE_OPEN, day, err);
    while (!rc && s->has_row && instant_new_york_day(s->row.at_ns, NULL) == day) {
        rc = add_row(tape, &s->row, day, err);
        if (!rc && s->row.at_ns != ticked_ns && s->row.at_ns < session.close_ns)
            rc = tape_clock(tape, s->row.at_ns, PHASE_TICK, day, err);
        ticked_ns = s->row.at_ns;
        s->has_row = synthetic_next(&s->market, &s->row);
    }
    return rc ? rc : tape_clock(tape, session.close_ns, PHASE_CLOSE, day, err);
}

/* What a tape has counted, beside what the tapes before it have. */
static void add_up(struct synthetic_feed *s)
{
    const struct feed_counts *const c = &tape_feed(s->tape)->counts;
    struct feed_counts sum = s->sums;

    sum.rows += c->rows;
    sum.entries += c->entries;
    sum.clocks += c->clocks;
    for (size_t i = 0; i < FEED_FINDINGS; i++) {
        sum.instead[i] += c->instead[i];
        sum.beside[i] += c->beside[i];
    }
    sum.yielded = s->base.counts.yielded;
    s->base.counts = sum;
}

static enum err_code next_session(struct synthetic_feed *s, struct err *err)
{
    struct tape *tape = NULL;
    enum err_code rc = tape_new("synthetic", "feed:synthetic", &tape, err);

    if (rc)
        return rc;
    if (s->sessions == 0)
        rc = add_history(s, tape, err);
    if (!rc)
        rc = add_session(s, tape, err);
    if (!rc)
        rc = tape_finish(tape, err);
    if (rc) {
        feed_close(tape_feed(tape));
        return rc;
    }
    if (s->tape) {
        s->sums = s->base.counts;
        feed_close(tape_feed(s->tape));
    }
    s->tape = tape;
    s->sessions++;
    add_up(s);
    return ERR_OK;
}

static enum err_code synthetic_peek(struct feed *f, struct feed_key *key, bool *found, struct err *err)
{
    struct synthetic_feed *const s = (struct synthetic_feed *)f;

    for (;;) {
        struct feed *const tape = tape_feed(s->tape);
        enum err_code rc = tape->ops->peek(tape, key, found, err);
        if (rc || *found || !s->has_row)
            return rc;
        rc = next_session(s, err);
        if (rc)
            return rc;
    }
}

static enum err_code synthetic_take(struct feed *f, struct entry *draft, struct err *err)
{
    struct synthetic_feed *const s = (struct synthetic_feed *)f;
    struct feed *const tape = tape_feed(s->tape);
    const enum err_code rc = tape->ops->take(tape, draft, err);

    add_up(s);
    return rc;
}

static void synthetic_close(struct feed *f)
{
    struct synthetic_feed *const s = (struct synthetic_feed *)f;

    if (s->tape)
        feed_close(tape_feed(s->tape));
    free(s);
}

static const struct feed_ops SYNTHETIC_OPS = {synthetic_peek, synthetic_take, synthetic_close};

static enum err_code begin(struct synthetic_feed *s, const struct feed_spec *spec, struct err *err)
{
    static const char *const SCENARIOS[] = {"", "rise", "fall", "crash", "flat"};
    struct synthetic_settings settings = synthetic_defaults();
    char day[INSTANT_TEXT_SIZE];
    enum err_code rc = parse_settings(s, &settings, spec, err);

    if (rc)
        return rc;
    rc = synthetic_init(&s->market, &settings, err);
    if (rc)
        return rc;
    civil_format(day, settings.first_day);
    snprintf(s->base.name, sizeof s->base.name, "synthetic %s %s seed %" PRIu64 " %s, days %d",
             settings.underlying.text, day, settings.seed, SCENARIOS[settings.scenario], settings.days);
    s->base.step_ns = settings.minutes_per_tick * NS_PER_MINUTE;
    s->has_row = synthetic_next(&s->market, &s->row);
    rc = next_session(s, err);
    if (!rc)
        s->base.total =
            tape_feed(s->tape)->total * settings.days; /* the other sessions are much like the first */
    return rc;
}

enum err_code feed_synthetic_open(const struct feed_spec *spec, const struct feed_context *context,
                                  struct feed **f, struct err *err)
{
    struct synthetic_feed *const s = calloc(1, sizeof *s);

    (void)context; /* no files */
    if (!s)
        return err_set(err, ERR_MEMORY, "feed: out of memory");
    s->base.ops = &SYNTHETIC_OPS;
    s->base.actor = "feed:synthetic";
    const enum err_code rc = begin(s, spec, err);
    if (rc)
        feed_close(&s->base);
    else
        *f = &s->base;
    return rc;
}
