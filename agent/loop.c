#include "agent/loop.h"

#include "agent/rotation.h"
#include "book/snapshot.h"
#include "ledger/build.h"

#include <stdio.h>

enum { GROUP_MAX = 20000 }; /* perceptions in one group, however many an instant has */

struct loop {
    struct desk *desk;
    const struct loop_options *options;
    struct loop_report *report;
    struct presence presence;
    struct entry next; /* read from the feed, not yet recorded */
    bool has_next;
    struct entry tick; /* the newest clock entry recorded */
    bool has_tick;
    bool has_closed;   /* a session may have, since the key's age was looked at */
    uint64_t run_seq;  /* our control.run; 0 before it is there */
    uint64_t recorded; /* perceptions of an earlier part of this run */
    bool was_run;      /* this very feed is the newest that was run here, and was run to its end */
};

uint64_t loop_continues(const struct desk *d, const char *feed_text)
{
    const struct run_state *const run = d->book.run;

    return run->is_open && strcmp(run->feed, feed_text) == 0 ? run->first_seq : 0;
}

static bool was_run_to_its_end(const struct desk *d, const char *feed_text)
{
    const struct run_state *const run = d->book.run;

    return !run->is_open && run->run_seq && strcmp(run->feed, feed_text) == 0;
}

static enum err_code read_next(struct loop *l, struct err *err)
{
    return feed_next(l->options->feed, &l->next, &l->has_next, err);
}

/* The entry that ended our run. */
static enum err_code find_end(const struct loop *l, uint64_t *seq, struct err *err)
{
    struct journal_reader *r = NULL;
    struct journal_record record = {.seq = l->run_seq};
    struct entry e = {.kind = ENTRY_CONTROL_RUN};
    bool found = true;
    enum err_code rc = journal_group_reader(l->desk->group, &r, err);

    while (!rc && found && e.kind != ENTRY_CONTROL_RUN_END) {
        rc = journal_reader_control(r, record.seq + 1, &record, &found, err);
        if (!rc && found)
            rc = entry_decode_header(record.bytes, record.size, &e, err);
    }
    *seq = record.seq;
    journal_reader_end(r);
    return rc;
}

/*
 * Two loops on one journal would tell everything twice: the one that began last goes on. And a run that somebody ended
 * answers no clock any more: it is not to look as if it did.
 */
static enum err_code check_alone(const struct loop *l, struct err *err)
{
    const uint64_t newest = l->desk->book.run->run_seq;
    uint64_t end_seq = 0;

    if (l->run_seq == 0)
        return ERR_OK;
    if (newest == l->run_seq && l->desk->book.run->is_open)
        return ERR_OK;
    if (newest == l->run_seq) {
        const enum err_code rc = find_end(l, &end_seq, err);
        return rc ? rc
                  : err_set(err, ERR_CHAIN,
                            "entry %llu ended the run of entry %llu, and this loop did not write it: nothing "
                            "more is decided; see ledger show %llu",
                            (unsigned long long)end_seq, (unsigned long long)l->run_seq,
                            (unsigned long long)end_seq);
    }
    return err_set(err, ERR_CHAIN,
                   "another ledger run has taken this journal over with entry %llu; this one, of entry %llu, "
                   "ends here",
                   (unsigned long long)newest, (unsigned long long)l->run_seq);
}

/* Begins, does one thing, commits; whatever fails, the lock is free again. */
typedef enum err_code moment(struct loop *l, struct err *err);

static enum err_code in_group(struct loop *l, moment *act, struct err *err)
{
    enum err_code rc = desk_begin(l->desk, err);

    if (rc)
        return rc;
    rc = check_alone(l, err);
    if (!rc)
        rc = act(l, err);
    if (!rc)
        return desk_commit(l->desk, err);
    desk_abort(l->desk);
    return rc;
}

static enum err_code begin_run(struct loop *l, struct err *err)
{
    struct entry *const e = &l->desk->scratch;
    char build[256];

    memset(e, 0, sizeof *e);
    e->kind = ENTRY_CONTROL_RUN;
    e->at_ns = INSTANT_NONE;
    e->cause = l->desk->book.configuration->seq;
    build_describe(build, sizeof build);
    l->was_run = was_run_to_its_end(l->desk, l->options->feed_text);
    l->recorded = loop_continues(l->desk, l->options->feed_text) ? l->desk->book.run->perceived : 0;
    e->as.control_run.program = text_from(BUILD_PROGRAM);
    e->as.control_run.build = text_from(build);
    e->as.control_run.feed = text_from(l->options->feed_text);
    e->as.control_run.broker = id_from(l->options->broker);
    e->as.control_run.configuration = l->desk->book.configuration->sha256;
    const enum err_code rc = desk_add(l->desk, DESK_JOURNAL, e, err);
    if (rc)
        return rc;
    l->run_seq = e->seq;
    const enum err_code started = presence_start(&l->presence, l->run_seq, err);
    return started ? started : desk_open_account(l->desk, err);
}

static enum err_code end_run(struct loop *l, struct err *err)
{
    struct entry *const e = &l->desk->scratch;

    memset(e, 0, sizeof *e);
    e->kind = ENTRY_CONTROL_RUN_END;
    e->at_ns = INSTANT_NONE;
    e->as.control_run_end.reason = text_from("the feed has ended");
    e->as.control_run_end.perceptions = (int64_t)l->desk->book.run->perceived;
    e->as.control_run_end.decisions = (int64_t)l->desk->book.run->derived;
    return desk_add(l->desk, DESK_JOURNAL, e, err);
}

/* Behind what was decided on, nothing is decided: limits of a day would begin again. */
static enum err_code check_forward(const struct loop *l, struct err *err)
{
    const int64_t newest = l->desk->book.run->clock_at_ns;
    char at[INSTANT_TEXT_SIZE];
    char before[INSTANT_TEXT_SIZE];

    if (l->next.kind != ENTRY_PERCEPTION_CLOCK || newest == INSTANT_NONE || l->next.at_ns >= newest)
        return ERR_OK;
    instant_format(at, l->next.at_ns);
    instant_format(before, newest);
    if (l->was_run)
        return err_set(
            err, ERR_CHAIN,
            "this journal has run this feed to its end already, and has decided up to %s: nothing is "
            "decided twice. Go on with a later day (date= or from= in --feed), run this one in another "
            "journal (ledger -C OTHER init), or see whether the same would be decided again: ledger "
            "replay --redecide",
            before);
    return err_set(
        err, ERR_CHAIN,
        "its clock says %s, and this journal has decided up to %s already: nothing is decided "
        "behind that. Name a feed that begins later (date= or from= in --feed), or run this one in "
        "another journal (ledger -C OTHER init)",
        at, before);
}

/* Everything up to and including the next clock entry. */
static enum err_code perceive(struct loop *l, struct err *err)
{
    enum err_code rc = ERR_OK;

    for (unsigned n = 0; !rc && l->has_next && !l->has_tick && n < GROUP_MAX; n++) {
        if (l->options->until_ns != INSTANT_NONE && l->next.at_ns > l->options->until_ns)
            break;
        l->next.cause = l->run_seq;
        rc = check_forward(l, err);
        if (!rc)
            rc = desk_add(l->desk, feed_actor(l->options->feed), &l->next, err);
        if (rc)
            return err_wrap(err, "%s", feed_name(l->options->feed));
        l->report->perceived++;
        if (l->next.kind == ENTRY_PERCEPTION_CLOCK) {
            l->tick = l->next;
            l->has_tick = true;
            rc = presence_clock(&l->presence, &l->tick, err);
        }
        if (!rc)
            rc = read_next(l, err);
    }
    return rc;
}

static enum err_code broker(struct loop *l, struct err *err)
{
    return desk_broker(l->desk, err);
}

static enum err_code answer(struct loop *l, struct err *err)
{
    /* Somebody else's clock entry may have come in between: then there is a newer one to answer. */
    if (l->desk->book.run->pending_seq != l->tick.seq)
        return ERR_OK;
    l->report->ticks++;
    return desk_answer(l->desk, &l->tick, err);
}

static enum err_code work_tick(struct loop *l, struct err *err)
{
    enum err_code rc = in_group(l, broker, err);

    if (!rc)
        rc = in_group(l, answer, err);
    if (!rc)
        rc = in_group(l, broker, err);
    l->has_tick = false;
    l->has_closed |= l->tick.as.perception_clock.phase == PHASE_CLOSE;
    return rc;
}

/*
 * Leaves out what an earlier part of this run has recorded, and finishes the moment it died in: the clock
 * entry may lack its answer, and an answered one the broker's work after it. Either is done again without
 * harm, unless the next moment's perceptions have begun to arrive: then this one was finished.
 */
static enum err_code catch_up(struct loop *l, struct err *err)
{
    struct journal_reader *r = NULL;
    struct journal_record record;
    const struct book *const b = &l->desk->book;
    enum err_code rc = read_next(l, err);

    while (!rc && l->has_next && l->report->skipped < l->recorded) {
        l->report->skipped++;
        l->report->perceived++;
        rc = read_next(l, err);
    }
    if (rc || l->recorded == 0 || b->run->perceived_seq != b->view->clock.seq)
        return rc;
    if (b->run->pending_seq == 0)
        return in_group(l, broker, err);
    rc = journal_reader_begin(l->desk->journal, &r, err);
    if (!rc)
        rc = journal_reader_get(r, b->run->pending_seq, &record, err);
    if (!rc)
        rc = entry_decode(record.bytes, record.size, &l->tick, err);
    journal_reader_end(r);
    return rc ? rc : work_tick(l, err);
}

static bool is_interrupted(const struct loop *l)
{
    return l->options->interrupted && *l->options->interrupted;
}

static bool is_past_until(const struct loop *l)
{
    return l->has_next && l->options->until_ns != INSTANT_NONE && l->next.at_ns > l->options->until_ns;
}

/* The same feed again after a run without an end. */
static enum err_code go_on(struct loop *l, struct err *err)
{
    const enum err_code rc = in_group(l, begin_run, err);

    return rc ? rc : catch_up(l, err);
}

static void tell_progress(const struct loop *l)
{
    int64_t done = 0;
    int64_t total = 0;

    feed_progress(l->options->feed, &done, &total);
    if (l->options->progress)
        l->options->progress(l->options->context, (uint64_t)done, (uint64_t)total);
}

static enum err_code begin_and_perceive(struct loop *l, struct err *err)
{
    const enum err_code rc = begin_run(l, err);

    if (!rc && l->recorded)
        return err_set(err, ERR_CHAIN,
                       "another loop has begun on this very feed; start again to go on with it");
    return rc ? rc : perceive(l, err);
}

/* The run begins together with its first moment: a feed that is refused leaves no trace of a run. */
static enum err_code start(struct loop *l, struct err *err)
{
    enum err_code rc = read_next(l, err);

    if (!rc)
        rc = in_group(l, begin_and_perceive, err);
    if (!rc && l->has_tick)
        rc = work_tick(l, err);
    tell_progress(l);
    return rc;
}

static enum err_code keep_key(struct loop *l, struct err *err)
{
    if (!l->has_closed)
        return ERR_OK;
    l->has_closed = false;
    return rotation_keep(l->desk, l->options->remark, l->options->context, err);
}

/* Between two moments: the newest one is finished, and nothing of the next is there. */
static enum err_code keep(struct loop *l, struct err *err)
{
    const enum err_code rc = snapshot_keep(l->desk->journal, &l->desk->book, err);

    return rc ? rc : keep_key(l, err);
}

/* The next session begins here, however few entries this one has. */
static enum err_code keep_last(struct loop *l, struct err *err)
{
    struct book *const b = &l->desk->book;

    if (b->configuration->configuration.journal.snapshot_every == 0 ||
        book_seq(b) <= b->snapshots.covered + 1)
        return ERR_OK;
    if (snapshot_write(l->desk->journal, b, NULL, err) == ERR_OK)
        return ERR_OK;
    return err_wrap(err, "what was run is in the journal, but its state is not stored");
}

enum err_code loop_run(struct desk *d, const struct loop_options *options, struct loop_report *report,
                       struct err *err)
{
    struct loop l = {.desk = d,
                     .has_closed = true, /* the loop before this one may not have come to it */
                     .options = options,
                     .report = report,
                     .presence = {.desk = d,
                                  .step_ns = feed_step_ns(options->feed),
                                  .quality = options->quality,
                                  .quality_arg = options->quality_arg,
                                  .remark = options->remark,
                                  .context = options->context}};

    memset(report, 0, sizeof *report);
    enum err_code rc = keep_key(&l, err);
    if (!rc)
        rc = loop_continues(d, options->feed_text) ? go_on(&l, err) : start(&l, err);
    while (!rc && l.has_next && !is_past_until(&l) && !is_interrupted(&l)) {
        rc = in_group(&l, perceive, err);
        if (!rc && l.has_tick)
            rc = work_tick(&l, err);
        if (!rc)
            rc = keep(&l, err);
        tell_progress(&l);
    }
    report->end = !l.has_next ? LOOP_FEED_ENDED : is_past_until(&l) ? LOOP_UNTIL : LOOP_INTERRUPTED;
    if (!rc && report->end == LOOP_FEED_ENDED)
        rc = in_group(&l, end_run, err);
    if (!rc)
        rc = keep_last(&l, err);
    report->derived = d->derived;
    report->orders = d->orders;
    report->fills = d->fills;
    return rc;
}
