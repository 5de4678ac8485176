#include "book/redecide.h"

#include "book/engine.h"
#include "book/snapshot.h"

#include <stdio.h>
#include <stdlib.h>

/* A difference ends the walk; it is told apart from a failure by the report. */
struct redecider {
    struct book book;
    struct redecide_report report;
    struct entry trigger; /* the clock entry that awaits its answer: bodies of triggers hold no text */
    bool is_pending;
    bool is_asked;       /* whether it is */
    bool is_silent;      /* answered with nothing at all */
    uint64_t after_seq;  /* what the run perceived next, or had perceived already and is later; 0: nothing */
    uint64_t others;     /* perceptions by somebody else since the trigger, */
    uint64_t others_seq; /* and the first of them */
    uint64_t perceived_run; /* what follows is of this run */
    int64_t perceived_ns;   /* the latest that it perceived, by the market's clock */
    uint64_t perceived_seq;
    bool is_over; /* failed, or finished */

    /* For the time of one call. */
    struct journal_reader *reader;
    uint64_t last;
    bool is_final;      /* an answer is compared up to `last`, wherever it ends */
    bool is_cut;        /* the journal goes on behind `last`, in the middle of an answer */
    struct entry entry; /* the newest one read */
    size_t entry_size;
    const uint8_t *entry_bytes;
    const struct entry *answering;
    uint8_t proposed[ENTRY_MAX_SIZE];
};

static enum err_code differs(struct redecider *d, enum redecide_difference difference, uint64_t seq,
                             const char *reason, struct err *err)
{
    d->report.difference = difference;
    d->report.differs_seq = seq;
    snprintf(d->report.reason, sizeof d->report.reason, "%s", reason);
    return err_set(err, ERR_WRONG, "entry %llu: %s", (unsigned long long)seq, reason);
}

static void keep_proposed(struct redecider *d, size_t size)
{
    struct redecide_report *const report = &d->report;

    memcpy(report->proposed_bytes, d->proposed, size);
    report->proposed_size = size;
    report->has_proposed = entry_decode(report->proposed_bytes, size, &report->proposed, NULL) == ERR_OK;
}

static void keep_recorded(struct redecider *d)
{
    struct redecide_report *const report = &d->report;

    memcpy(report->recorded_bytes, d->entry_bytes, d->entry_size);
    report->recorded_size = d->entry_size;
    report->has_recorded =
        entry_decode(report->recorded_bytes, d->entry_size, &report->recorded, NULL) == ERR_OK;
}

static enum err_code take(struct redecider *d, const struct journal_record *record, struct err *err)
{
    const enum err_code rc = entry_decode(record->bytes, record->size, &d->entry, err);

    if (rc)
        return err_wrap(err, "entry %llu", (unsigned long long)record->seq);
    d->entry_bytes = record->bytes;
    d->entry_size = record->size;
    return ERR_OK;
}

static enum err_code read_at(struct redecider *d, uint64_t seq, struct err *err)
{
    struct journal_record record;
    const enum err_code rc = journal_reader_get(d->reader, seq, &record, err);

    return rc ? rc : take(d, &record, err);
}

/* The sink: stamps the proposal as the live loop did, and holds it against the record of that seq. */
static enum err_code compare(void *context, struct entry *draft, struct err *err)
{
    struct redecider *const d = context;
    struct wire_out out;
    const uint64_t seq = book_seq(&d->book) + 1;
    const bool is_there = seq <= d->last;

    d->is_cut = !is_there && seq <= journal_reader_size(d->reader);
    if (d->is_cut)
        return err_set(err, ERR_NOT_FOUND, "entry %llu is not looked at", (unsigned long long)seq);
    enum err_code rc = engine_stamp(&d->book, d->answering, draft, err);

    if (!rc && is_there)
        rc = read_at(d, seq, err);
    if (rc)
        return rc;
    draft->seq = seq;
    draft->recorded_at_ns = is_there ? d->entry.recorded_at_ns : d->answering->recorded_at_ns;
    wire_out_init(&out, d->proposed, sizeof d->proposed);
    rc = entry_encode(draft, &out, err);
    if (rc)
        return err_wrap(err, "entry %llu as it would be decided now", (unsigned long long)seq);
    const size_t size = wire_out_size(&out);
    if (is_there && size == d->entry_size && memcmp(d->proposed, d->entry_bytes, size) == 0) {
        d->report.compared++;
        return book_apply(&d->book, &d->entry, err);
    }
    keep_proposed(d, size);
    if (!is_there)
        return differs(d, REDECIDE_MISSING, seq, "an entry that would be decided now is not in the journal",
                       err);
    keep_recorded(d);
    if (!run_is_derived(d->book.run, &d->entry))
        return differs(d, REDECIDE_ELSE, seq, "an entry that would be decided now was not recorded here",
                       err);
    return differs(d, REDECIDE_CHANGED, seq, "the recorded entry is not the one that would be decided now",
                   err);
}

static uint64_t next_seq(void *context)
{
    const struct redecider *const d = context;

    return book_seq(&d->book) + 1;
}

static enum err_code answer(struct redecider *d, const struct entry *trigger, struct err *err)
{
    const struct proposals sink = {compare, next_seq, d};
    struct entry copy = *trigger;

    d->report.triggers++;
    d->answering = &copy;
    const enum err_code rc = engine_answer(&d->book, &copy, &sink, err);
    d->answering = NULL;
    return rc;
}

/*
 * Whether the answer whose first entry would be `seq` goes on behind `last`: derived entries without a gap, and
 * what is not recorded cannot be behind. Such an answer waits, for half a one cannot be gone on with.
 */
static enum err_code ends_behind(struct redecider *d, uint64_t seq, bool *is_behind, struct err *err)
{
    struct journal_record record;
    struct entry header;
    enum err_code rc = ERR_OK;

    *is_behind = false;
    if (d->is_final || d->last == journal_reader_size(d->reader))
        return ERR_OK;
    for (; !rc && seq <= d->last + 1; seq++) {
        rc = journal_reader_get(d->reader, seq, &record, err);
        if (!rc)
            rc = entry_decode_header(record.bytes, record.size, &header, err);
        if (!rc && !run_is_derived(d->book.run, &header))
            return ERR_OK;
    }
    *is_behind = rc == ERR_OK;
    return rc;
}

/* -- what the loop saw before it answered ----------------------------------------------------------------- */

static enum err_code refuse(void *context, struct entry *draft, struct err *err)
{
    (void)context;
    (void)draft;
    return err_set(err, ERR_EXISTS, "there is an answer");
}

/*
 * Whether the pending moment is answered with nothing, as the second tick of one minute may be: asked when its time is
 * over, for then there is no derived entry that would tell. Nothing is applied.
 */
static enum err_code ask_for_silence(struct redecider *d, struct err *err)
{
    const struct proposals sink = {refuse, next_seq, d};
    struct entry copy = d->trigger;
    struct err why = {.code = ERR_OK};

    if (!d->is_pending || (d->is_asked && d->after_seq))
        return ERR_OK;
    const enum err_code rc = engine_answer(&d->book, &copy, &sink, &why);
    d->is_asked = true;
    d->is_silent = rc == ERR_OK;
    return rc == ERR_OK || rc == ERR_EXISTS ? ERR_OK : err_set(err, rc, "%s", why.text);
}

/* After this entry the pending moment is over, or in the past of what the run perceives. */
static bool ends_moment(const struct redecider *d, bool by_run)
{
    return by_run || d->entry.kind == ENTRY_PERCEPTION_CLOCK || d->entry.kind == ENTRY_CONTROL_RUN ||
           d->entry.kind == ENTRY_CONTROL_RUN_END;
}

static bool is_perceived_by_run(const struct redecider *d)
{
    const struct run_state *const run = d->book.run;

    return run->is_open && roles_find(&run->roles, d->entry.actor) == ROLE_FEED &&
           d->entry.cause >= run->first_seq;
}

/* The market's data by whoever else; what brokers state, and the program says of its machine's clock, is none. */
static bool is_perceived_by_others(const struct redecider *d)
{
    const enum role role = roles_find(&d->book.run->roles, d->entry.actor);

    return entry_family(d->entry.kind) == FAMILY_PERCEPTION && role != ROLE_BROKER && role != ROLE_JOURNAL;
}

/*
 * Before the newest entry is applied. The loop answers a moment before it perceives the next one, and a feed is in order of
 * time: so what the run perceived after a clock entry, by its place or by its time, was not to be known there.
 */
static enum err_code notice_perceived(struct redecider *d, struct err *err)
{
    const bool by_run = is_perceived_by_run(d);
    const enum err_code rc = ends_moment(d, by_run) ? ask_for_silence(d, err) : ERR_OK;

    if (d->is_pending && by_run && !d->after_seq)
        d->after_seq = d->entry.seq;
    if (d->is_pending && !by_run && is_perceived_by_others(d) && d->others++ == 0)
        d->others_seq = d->entry.seq;
    if (!by_run)
        return rc;
    if (d->perceived_run != d->book.run->first_seq) {
        d->perceived_run = d->book.run->first_seq;
        d->perceived_ns = INSTANT_NONE;
    }
    if (d->entry.at_ns > d->perceived_ns) { /* INSTANT_NONE is below every instant */
        d->perceived_ns = d->entry.at_ns;
        d->perceived_seq = d->entry.seq;
    }
    return rc;
}

static enum err_code check_hindsight(struct redecider *d, struct err *err)
{
    char reason[ERR_TEXT_SIZE];

    if (d->others && d->report.between == 0)
        d->report.between_seq = d->others_seq;
    d->report.between += d->others;
    if (!d->after_seq)
        return ERR_OK;
    keep_recorded(d);
    d->report.clock_seq = d->trigger.seq;
    d->report.perception_seq = d->after_seq;
    snprintf(reason, sizeof reason,
             "it answers the clock entry %llu, and entry %llu, which the run perceived after that moment, "
             "was there "
             "before it",
             (unsigned long long)d->trigger.seq, (unsigned long long)d->after_seq);
    return differs(d, REDECIDE_HINDSIGHT, d->entry.seq, reason, err);
}

/* A derived entry is either the first of the pending clock entry's answer, or one that nothing called for. */
static enum err_code step_derived(struct redecider *d, bool *waits, struct err *err)
{
    if (!d->is_pending || d->book.run->pending_seq != d->trigger.seq) {
        keep_recorded(d);
        return differs(d, REDECIDE_UNCALLED, d->entry.seq, "a derived entry that nothing called for", err);
    }
    const enum err_code rc = ends_behind(d, d->entry.seq, waits, err);
    if (rc || *waits)
        return rc;
    const enum err_code seen = check_hindsight(d, err);
    if (seen)
        return seen;
    d->is_pending = false;
    return answer(d, &d->trigger, err); /* reads this entry again, and the others of its group */
}

/* Every feed but one: a journal that is fed to another keeps its own order, in which somebody may have been mistaken. */
static bool is_in_order(const struct redecider *d)
{
    static const char other[] = "journal:";

    for (const char *feed = d->book.run->feed; *feed; feed++) {
        if (strncmp(feed, other, sizeof other - 1) == 0)
            return false;
    }
    return true;
}

/* A clock entry awaits its answer from now on; one that can have none any more was left without. */
static void notice_pending(struct redecider *d)
{
    const uint64_t pending = d->book.run->pending_seq;

    if (d->is_pending && pending != d->trigger.seq) {
        d->is_pending = false;
        d->report.triggers += d->is_silent;
        if (!d->is_silent && d->report.behind++ == 0)
            d->report.behind_seq = d->trigger.seq;
    }
    if (pending == d->entry.seq) {
        d->trigger = d->entry;
        d->is_pending = true;
        d->is_asked = false;
        d->is_silent = false;
        d->others = 0;
        d->after_seq = is_in_order(d) && d->perceived_ns > d->entry.at_ns ? d->perceived_seq : 0;
    }
}

/*
 * A clock entry that comes when nothing can answer it any more: of a run that is over, by whomever, or in the midst of
 * a run and not its own. One outside of runs, of an import, asks for no answer.
 */
static void notice_deaf(struct redecider *d)
{
    const struct run_state *const run = d->book.run;
    const struct entry *const e = &d->entry;
    const bool is_of_run = e->cause && (e->cause == run->first_seq || e->cause == run->run_seq);

    if (e->kind != ENTRY_PERCEPTION_CLOCK || run->pending_seq == e->seq || !(run->is_open || is_of_run))
        return;
    if (d->report.behind++ == 0)
        d->report.behind_seq = e->seq;
}

/*
 * An order, say, in an operator's name: it is an input like what a person says, and nobody's decision. But only persons send
 * orders by hand: a program that is no strategy of ours has gone past the governor, who judges what strategies decide.
 */
static void notice_foreign(struct redecider *d)
{
    if (entry_kind_is_derived(d->entry.kind) && d->report.foreign++ == 0)
        d->report.foreign_seq = d->entry.seq;
    if (d->entry.kind == ENTRY_ORDER_NEW && roles_find(&d->book.run->roles, d->entry.actor) == ROLE_AGENT &&
        d->report.ungoverned++ == 0)
        d->report.ungoverned_seq = d->entry.seq;
}

/* What the program says of its own state or settings follows from the entries before it, or from what is beside it. */
static enum err_code check_said(struct redecider *d, struct err *err)
{
    struct err why = {.code = ERR_OK};
    enum redecide_difference difference = REDECIDE_SAME;

    if (d->entry.kind == ENTRY_CONTROL_CONFIGURATION &&
        configuration_check_entry(&d->entry.as.control_configuration, &why))
        difference = REDECIDE_CONFIGURATION;
    if (d->entry.kind == ENTRY_CONTROL_SNAPSHOT && snapshot_check_entry(&d->book, &d->entry, &why))
        difference = REDECIDE_SNAPSHOT;
    if (difference == REDECIDE_SAME)
        return ERR_OK;
    keep_recorded(d);
    return differs(d, difference, d->entry.seq, why.text, err);
}

/* One stored entry that no answer has consumed; *waits: it is for a later call. */
static enum err_code step(struct redecider *d, bool *waits, struct err *err)
{
    enum err_code rc = ERR_OK;

    if (run_is_derived(d->book.run, &d->entry))
        return step_derived(d, waits, err);
    const bool is_at_once = engine_answers_at_once(&d->book, &d->entry);

    if (is_at_once)
        rc = ends_behind(d, d->entry.seq + 1, waits, err);
    if (!rc && !*waits)
        rc = notice_perceived(d, err);
    if (!rc && !*waits)
        rc = check_said(d, err);
    if (!rc && !*waits)
        rc = book_apply(&d->book, &d->entry, err);
    if (rc || *waits)
        return rc;
    notice_foreign(d);
    if (is_at_once)
        return answer(d, &d->entry, err);
    notice_pending(d);
    notice_deaf(d);
    return rc;
}

static enum err_code walk(struct redecider *d, book_progress *progress, void *context, struct err *err)
{
    struct journal_record record;
    bool found = true;
    bool seek = true;
    bool waits = false;
    enum err_code rc = ERR_OK;

    while (!rc && !waits && book_seq(&d->book) < d->last) {
        const uint64_t before = book_seq(&d->book);
        if (seek)
            rc = journal_reader_seek(d->reader, before + 1, err);
        if (!rc)
            rc = journal_reader_next(d->reader, &record, &found, err);
        if (rc || !found)
            break;
        rc = take(d, &record, err);
        if (!rc)
            rc = step(d, &waits, err);
        seek = book_seq(&d->book) != before + 1 || run_is_derived(d->book.run, &d->entry);
        if (progress && (before & 0xfff) == 0)
            progress(context, before, d->last);
    }
    return rc;
}

enum err_code redecider_new(struct redecider **d, struct err *err)
{
    struct redecider *const new = calloc(1, sizeof *new);

    if (!new)
        return err_set(err, ERR_MEMORY, "out of memory");
    const enum err_code rc = book_init(&new->book, err);
    if (rc)
        free(new);
    else
        *d = new;
    return rc;
}

void redecider_free(struct redecider *d)
{
    if (d)
        book_release(&d->book);
    free(d);
}

/* With a snapshot, if one fits: a clock entry before it may await its answer still. */
enum err_code redecider_since(struct redecider *d, struct journal_reader *r, uint64_t since, struct err *err)
{
    REQUIRE(since > 0 && book_seq(&d->book) == 0);
    enum err_code rc = since > 1 ? snapshot_begin(&d->book, r, since - 1, INT64_MAX, err) : ERR_OK;

    d->report.begun_at = book_seq(&d->book);
    d->report.entries = book_seq(&d->book);
    const uint64_t pending = d->book.run->pending_seq;
    if (!rc && pending) {
        d->reader = r;
        rc = read_at(d, pending, err);
        d->reader = NULL;
        d->trigger = d->entry;
        d->is_pending = rc == ERR_OK;
        d->after_seq = d->book.run->perceived_seq > pending ? d->book.run->perceived_seq : 0;
    }
    d->is_over = rc != ERR_OK;
    return rc;
}

static enum err_code run(struct redecider *d, struct journal_reader *r, uint64_t to, bool is_final,
                         book_progress *progress, void *context, struct err *err)
{
    const uint64_t size = journal_reader_size(r);

    REQUIRE(!d->is_over);
    if (to > size)
        return err_set(err, ERR_NOT_FOUND, "there is no entry %llu; the newest is %llu",
                       (unsigned long long)to, (unsigned long long)size);
    if (book_seq(&d->book) > size)
        return err_set(err, ERR_CHAIN, "this journal ends with entry %llu, and %llu were decided again",
                       (unsigned long long)size, (unsigned long long)book_seq(&d->book));
    if (d->report.differs_seq)
        return ERR_OK;
    d->reader = r;
    d->last = to ? to : size;
    d->is_final = is_final;
    d->is_cut = false;
    enum err_code rc = walk(d, progress, context, err);
    d->reader = NULL;
    d->entry_bytes = NULL;
    d->report.entries = book_seq(&d->book);
    if (!rc && book_seq(&d->book) == size)
        rc = ask_for_silence(d, err);
    d->report.awaits_seq = d->is_pending && !d->is_silent ? d->trigger.seq : 0;
    const bool is_told = d->report.differs_seq || d->is_cut;
    d->is_over = is_final || (rc && !is_told);
    return is_told ? ERR_OK : rc;
}

enum err_code redecider_run(struct redecider *d, struct journal_reader *r, uint64_t to,
                            book_progress *progress, void *context, struct err *err)
{
    return run(d, r, to, false, progress, context, err);
}

enum err_code redecider_finish(struct redecider *d, struct journal_reader *r, uint64_t to,
                               book_progress *progress, void *context, struct err *err)
{
    return run(d, r, to, true, progress, context, err);
}

const struct redecide_report *redecider_report(const struct redecider *d)
{
    return &d->report;
}

const struct book *redecider_book(const struct redecider *d)
{
    return &d->book;
}

/* Its entries borrow from its own bytes. */
static void hand_out(const struct redecide_report *from, struct redecide_report *to)
{
    *to = *from;
    if (to->has_recorded)
        to->has_recorded = entry_decode(to->recorded_bytes, to->recorded_size, &to->recorded, NULL) == ERR_OK;
    if (to->has_proposed)
        to->has_proposed = entry_decode(to->proposed_bytes, to->proposed_size, &to->proposed, NULL) == ERR_OK;
}

enum err_code redecide(struct journal_reader *r, uint64_t since, uint64_t to, struct redecide_report *report,
                       book_progress *progress, void *context, struct err *err)
{
    const uint64_t size = journal_reader_size(r);
    struct redecider *d = NULL;

    if (since > size)
        return err_set(err, ERR_NOT_FOUND, "there is no entry %llu; the newest is %llu",
                       (unsigned long long)since, (unsigned long long)size);
    enum err_code rc = redecider_new(&d, err);

    if (!rc && since)
        rc = redecider_since(d, r, to && since > to ? to : since, err);
    if (!rc)
        rc = redecider_finish(d, r, to, progress, context, err);
    if (!rc)
        hand_out(redecider_report(d), report);
    redecider_free(d);
    return rc;
}
