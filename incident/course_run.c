#include "incident/course_runner.h"

#include "book/engine.h"
#include "gateway/paper.h"

#include <stdlib.h>

/* What becomes of an entry of the journal. */
enum fate {
    FATE_KEPT,
    FATE_BY_DECIDERS, /* left out: decided again */
    FATE_BY_BROKER,   /* left out: answered again */
    FATE_NOTED,       /* a note stands in its place */
    FATE_DROPPED
};

/* -- what the change brings ----------------------------------------------------------------------------- */

/* What stands before the journal's entry *e; NULL: at the end. What people ask for carries the wall's time. */
static enum err_code insert_before(struct course_runner *w, const struct entry *e, struct err *err)
{
    const struct course_change *const change = w->change;
    enum err_code rc = ERR_OK;

    while (!rc && w->inserts < change->insert_count) {
        bool is_here = !e;
        if (e)
            rc = market_time_is_past(&w->time, e, change->insert[w->inserts].at_ns, &is_here, err);
        if (rc || !is_here)
            break;
        rc = course_runner_finish(w, err); /* all of the moment before happened before */
        if (!rc)
            rc = course_runner_insert(w, &change->insert[w->inserts], err);
        if (rc)
            return err_wrap(err, "inserted entry %zu", w->inserts + 1);
        w->inserts++;
    }
    return rc;
}

static enum err_code refuse_drop(const struct entry *e, const char *why, struct err *err)
{
    return err_set(err, ERR_INPUT, "%s cannot be dropped: %s", entry_kind_find((unsigned)e->kind)->text, why);
}

static enum err_code check_drop(const struct course_runner *w, const struct entry *e, struct err *err)
{
    switch ((unsigned)e->kind) {
    case ENTRY_CONTROL_RUN:
        return refuse_drop(
            e, "what the run perceived names it as its cause, and without it nothing is decided", err);
    case ENTRY_CONTROL_ACTOR:
    case ENTRY_CONTROL_ACTOR_KEY:
    case ENTRY_CONTROL_KEY: return refuse_drop(e, "what was written later needs it to be signed", err);
    case ENTRY_CONTROL_SNAPSHOT: return refuse_drop(e, "it changes nothing", err);
    default: break;
    }
    if (run_is_derived(course_runner_book(w)->run, e))
        return refuse_drop(e, "it was computed and is computed again; drop what it was decided on", err);
    if (course_runner_role(w, e) == ROLE_BROKER)
        return refuse_drop(e, "the broker answers again; --without-actor leaves all of its answers out", err);
    return ERR_OK;
}

/* Entries of an actor that nothing else stands on. */
static bool is_structure(enum entry_kind kind)
{
    return kind == ENTRY_CONTROL_RUN || kind == ENTRY_CONTROL_RUN_END || kind == ENTRY_CONTROL_ACTOR ||
           kind == ENTRY_CONTROL_ACTOR_KEY || kind == ENTRY_CONTROL_KEY || kind == ENTRY_CONTROL_REVOCATION;
}

bool course_is_without(const struct course_change *change, const struct entry *e)
{
    for (size_t i = 0; i < change->without_count; i++) {
        if (change->without[i] == e->actor)
            return !is_structure(e->kind);
    }
    return false;
}

/* Snapshots; and statements of people when the course has other books. */
static bool speaks_of_what_was(const struct course_runner *w, enum entry_kind kind)
{
    if (kind >= ENTRY_PERCEPTION_STATED_POSITION && kind <= ENTRY_PERCEPTION_STATEMENT)
        return !course_twins_fills_agree(w->course->twins);
    return kind == ENTRY_CONTROL_SNAPSHOT;
}

/* -- the walk ------------------------------------------------------------------------------------------- */

static enum fate fate_of(const struct course_runner *w, const struct entry *e)
{
    const struct course_change *const change = w->change;

    if (w->is_recorded)
        return FATE_KEPT;
    if (w->drops < change->drop_count && change->drop[w->drops] == e->seq)
        return FATE_DROPPED;
    if (speaks_of_what_was(w, e->kind) && course_runner_role(w, e) != ROLE_BROKER)
        return FATE_NOTED;
    if (run_is_derived(course_runner_book(w)->run, e))
        return FATE_BY_DECIDERS;
    if (course_runner_role(w, e) == ROLE_BROKER)
        return FATE_BY_BROKER;
    if (e->kind == ENTRY_CONTROL_CONFIGURATION && change->configuration)
        return FATE_DROPPED;
    return course_is_without(change, e) ? FATE_DROPPED : FATE_KEPT;
}

/* Whether the record shows the broker at work before the run goes on. */
static enum err_code works_later(struct course_runner *w, uint64_t seq, bool *later, struct err *err)
{
    const uint64_t size = w->course->base_size;
    struct journal_record record;
    struct entry header;
    enum err_code rc = ERR_OK;

    for (*later = false; !rc && !*later && seq <= size; seq++) {
        rc = journal_reader_get(w->reader, seq, &record, err);
        if (!rc)
            rc = entry_decode_header(record.bytes, record.size, &header, err);
        if (rc)
            break;
        *later = course_runner_role(w, &header) == ROLE_BROKER;
        if (course_runner_role(w, &header) == ROLE_FEED || header.kind == ENTRY_CONTROL_RUN_END)
            break;
    }
    return rc;
}

/* At an entry of the record that was computed: here, what it belongs to is computed again. */
static enum err_code at_derived(struct course_runner *w, const struct entry *e, struct err *err)
{
    bool later = false;

    w->recorded_at_ns = e->recorded_at_ns;
    if (!w->moment.is_open || w->moment.has_answered || (w->base_stop && e->cause == w->base_stop) ||
        e->kind == ENTRY_RISK_BREAK)
        return ERR_OK;
    enum err_code rc = course_runner_open(w, err);
    if (!rc)
        rc = course_runner_clock(w, err);
    if (!rc)
        rc = works_later(w, e->seq + 1, &later, err);
    return rc || later ? rc : course_runner_after(w, err);
}

/* Somebody asked the broker for this statement: it is not the one that he gives at the close. */
static bool was_asked_for(const struct course_runner *w, const struct entry *e)
{
    const bool is_due = course_runner_book(w)->view->clock.phase == PHASE_CLOSE && !w->base_is_stated &&
                        w->base_states_at_close;

    return e->kind == ENTRY_PERCEPTION_STATEMENT && !is_due;
}

static enum err_code at_broker(struct course_runner *w, const struct entry *e, struct err *err)
{
    enum err_code rc = course_runner_open(w, err);

    w->recorded_at_ns = e->recorded_at_ns;
    w->course->counts.told +=
        e->kind == ENTRY_FILL_DIVIDEND || e->kind == ENTRY_FILL_SPLIT || e->kind == ENTRY_FILL_BUST;
    if (!rc && w->moment.is_open)
        rc = w->moment.has_answered ? course_runner_after(w, err) : course_runner_before(w, err);
    return rc || !was_asked_for(w, e) ? rc : course_runner_state(w, err);
}

static enum err_code drop(struct course_runner *w, const struct entry *e, struct err *err)
{
    w->recorded_at_ns = e->recorded_at_ns;
    w->course->counts.dropped++;
    w->course->counts.configurations += w->change->configuration && e->kind == ENTRY_CONTROL_CONFIGURATION;
    if (w->drops == w->change->drop_count || w->change->drop[w->drops] != e->seq)
        return ERR_OK;
    w->drops++;
    return check_drop(w, e, err);
}

/* What the record's own state is, as far as the course asks. */
static enum err_code remember(struct course_runner *w, const struct entry *e, enum fate fate, struct err *err)
{
    const struct text *const settings = &e->as.control_configuration.settings;
    struct configuration c;
    enum err_code rc = ERR_OK;

    if (e->kind == ENTRY_CONTROL_STOP)
        w->base_stop = e->seq;
    if (e->kind == ENTRY_PERCEPTION_CLOCK)
        w->base_is_stated = false;
    if (w->is_recorded)
        return ERR_OK;
    if (e->kind == ENTRY_CONTROL_CONFIGURATION) {
        rc = configuration_parse(&c, settings->bytes, settings->length, err);
        w->base_states_at_close = !rc && c.risk.reconcile_at_close;
    }
    if (!rc && entry_family(e->kind) == FAMILY_FILL)
        rc = course_twins_fill(w->course->twins, SIDE_OF_RECORD, e, err);
    if (!rc && (fate == FATE_BY_DECIDERS || fate == FATE_BY_BROKER)) {
        w->course->counts.computed++;
        rc = course_twins_add(w->course->twins, SIDE_OF_RECORD, e, err);
    }
    return rc;
}

static enum err_code take(struct course_runner *w, struct entry *e, enum fate fate, struct err *err)
{
    switch (fate) {
    case FATE_KEPT: return course_runner_keep(w, e, err);
    case FATE_BY_DECIDERS: return at_derived(w, e, err);
    case FATE_BY_BROKER: return at_broker(w, e, err);
    case FATE_NOTED: return course_runner_note(w, e, err);
    case FATE_DROPPED: break;
    }
    return drop(w, e, err);
}

static enum err_code step(struct course_runner *w, struct entry *e, struct err *err)
{
    const bool is_statement = e->kind == ENTRY_PERCEPTION_STATEMENT;
    enum err_code rc = w->is_recorded ? ERR_OK : insert_before(w, e, err);
    const enum fate fate = fate_of(w, e);

    if (!rc)
        rc = remember(w, e, fate, err);
    if (!rc)
        rc = take(w, e, fate, err);
    w->base_is_stated = w->base_is_stated || is_statement;
    return rc;
}

static enum err_code walk(struct course_runner *w, book_progress *progress, void *context, struct err *err)
{
    struct journal_record record;
    bool found = true;
    enum err_code rc = journal_reader_seek(w->reader, w->course->from, err);

    while (!rc) {
        rc = journal_reader_next(w->reader, &record, &found, err);
        if (rc || !found)
            break;
        rc = entry_decode(record.bytes, record.size, &w->entry, err);
        if (!rc)
            rc = step(w, &w->entry, err);
        if (rc)
            return err_wrap(err, "entry %llu", (unsigned long long)record.seq);
        if (progress && (record.seq & 0xfff) == 0)
            progress(context, record.seq, w->course->base_size);
    }
    if (!rc && !w->is_recorded)
        rc = insert_before(w, NULL, err);
    if (!rc)
        rc = course_runner_finish(w, err);
    return rc ? rc : course_measure_end(w->course, err);
}

/* -- where it departs ----------------------------------------------------------------------------------- */

static enum err_code read_at(struct course_runner *w, uint64_t seq, struct entry *e, struct err *err)
{
    struct journal_record record;
    enum err_code rc = journal_reader_get(w->reader, seq, &record, err);

    if (!rc)
        rc = entry_decode(record.bytes, record.size, e, err);
    return rc ? err_wrap(err, "entry %llu", (unsigned long long)seq) : ERR_OK;
}

/* The moment that `from` lies in goes on; what was done of it is done. */
static enum err_code resume_moment(struct course_runner *w, struct err *err)
{
    const struct book *const b = course_runner_book(w);
    const uint64_t pending = b->run->pending_seq;
    bool later = false;

    w->base_stop = b->run->stop_seq;
    w->base_is_stated = b->reconcile->statement_seq >= b->view->clock.seq;
    w->base_states_at_close = b->configuration->configuration.risk.reconcile_at_close;
    w->has_account = !b->run->is_open || b->run->perceived_seq > b->run->run_seq;
    w->recorded_at_ns = w->entry.recorded_at_ns;
    if (!b->run->is_open || b->view->clock.seq == 0)
        return ERR_OK;
    enum err_code rc = read_at(w, pending ? pending : b->view->clock.seq, &w->moment.clock, err);
    w->moment.is_open = rc == ERR_OK;
    if (!rc && !w->is_recorded)
        rc = works_later(w, w->course->from, &later, err);
    w->moment.has_worked = pending == 0;
    w->moment.has_answered = pending == 0;
    w->moment.has_closed = pending == 0 && !later;
    return rc;
}

static enum err_code begin_change(struct course_runner *w, const struct entry *newest, struct err *err)
{
    const struct course_change *const change = w->change;
    struct entry *const e = &w->own;
    enum err_code rc = ERR_OK;

    if (change->hypothesis) {
        *e = *change->hypothesis;
        e->as.control_hypothesis.from = (int64_t)w->course->from;
        rc = course_runner_add(w, e, err);
    }
    if (!rc && change->configuration) {
        *e = *change->configuration;
        rc = course_runner_add(w, e, err);
    }
    if (!rc && (course_runner_book(w)->configuration->seq || course_runner_book(w)->run->is_open))
        rc = course_runner_set_in_force(w, err);
    if (rc || w->is_recorded || !engine_answers_at_once(course_runner_book(w), newest))
        return rc;
    rc = course_runner_answer(w, newest, err); /* what answered it was computed, and is behind `from` */
    return rc || newest->kind != ENTRY_CONTROL_STOP ? rc : course_runner_work(w, err);
}

static enum err_code check_inserts(const struct course_runner *w, struct err *err)
{
    const struct course_change *const change = w->change;
    char at[INSTANT_TEXT_SIZE];

    for (size_t i = 0; i < change->insert_count; i++) {
        const int64_t at_ns = change->insert[i].at_ns;
        if (at_ns != INSTANT_NONE && at_ns >= course_runner_book(w)->view->clock.now_ns)
            continue;
        instant_format(at, at_ns == INSTANT_NONE ? 0 : at_ns);
        return err_set(err, ERR_INPUT,
                       "inserted entry %zu, of %s, belongs before entry %llu, where the course departs",
                       i + 1, at_ns == INSTANT_NONE ? "no time" : at, (unsigned long long)w->course->from);
    }
    return ERR_OK;
}

/* Deciders are what a course runs: their silence is a matter of the configuration. */
static enum err_code check_without(const struct course_runner *w, struct err *err)
{
    const struct course_change *const change = w->change;

    for (size_t i = 0; i < change->without_count; i++) {
        const uint32_t actor = change->without[i];
        const enum role role = roles_find(&course_runner_book(w)->run->roles, actor);
        if (role == ROLE_STRATEGY || role == ROLE_RISK)
            return err_set(err, ERR_INPUT, "%s decides by the configuration: change that",
                           actors_name(course_runner_book(w)->actors, actor));
        if (actor == 0)
            return err_set(err, ERR_INPUT, "the journal itself cannot be left out");
    }
    return ERR_OK;
}

/* Everything before `from`, and the first words of what is different. */
static enum err_code depart(struct course_runner *w, struct err *err)
{
    struct course *const c = w->course;
    enum err_code rc = book_load(&c->book, w->reader, c->from - 1, NULL, NULL, err);

    if (!rc)
        rc = course_keep(c, 1, 1, c->from - 1, err);
    if (!rc)
        rc = read_at(w, c->from - 1, &w->entry, err);
    if (!rc)
        rc = resume_moment(w, err);
    if (!rc && !w->is_recorded)
        rc = actors_id(c->book.actors, PAPER_ACTOR, strlen(PAPER_ACTOR), &w->broker, err);
    if (!rc)
        rc = check_without(w, err);
    if (!rc)
        rc = check_inserts(w, err);
    for (size_t i = 0; i < w->change->without_count; i++)
        w->is_silent |= w->change->without[i] == w->broker;
    return rc ? rc : begin_change(w, &w->entry, err);
}

static enum err_code fill(struct course_runner *w, book_progress *progress, void *context, struct err *err)
{
    struct course *const c = w->course;
    enum err_code rc = course_departure(w->reader, w->change, w->is_recorded, &c->from, err);

    c->base_size = journal_reader_size(w->reader);
    if (!rc)
        rc = depart(w, err);
    if (!rc)
        rc = walk(w, progress, context, err);
    if (!rc && c->book.run->run_seq == 0)
        rc = err_set(err, ERR_INPUT,
                     "no loop has run in this journal: nothing was decided that could be decided otherwise");
    return rc;
}

static enum err_code make(struct journal_reader *r, const struct course_change *change, bool is_recorded,
                          struct course **course, book_progress *progress, void *context, struct err *err)
{
    struct course_runner *const w = calloc(1, sizeof *w);

    if (!w)
        return err_set(err, ERR_MEMORY, "out of memory");
    w->reader = r;
    market_time_init(&w->time, r);
    w->change = change;
    w->is_recorded = is_recorded;
    REQUIRE(!change->configuration || !change->set_count);
    enum err_code rc = course_new(&w->course, err);
    if (!rc && change->set_count) {
        w->settings = malloc(sizeof *w->settings);
        rc = w->settings ? ERR_OK : err_set(err, ERR_MEMORY, "out of memory");
    }
    if (!rc)
        rc = fill(w, progress, context, err);
    if (rc)
        course_free(w->course);
    else
        *course = w->course;
    free(w->settings);
    free(w);
    return rc;
}

enum err_code course_run(struct journal_reader *r, const struct course_change *change, struct course **course,
                         book_progress *progress, void *context, struct err *err)
{
    return make(r, change, false, course, progress, context, err);
}

enum err_code course_recorded(struct journal_reader *r, uint64_t from, struct course **course,
                              book_progress *progress, void *context, struct err *err)
{
    const struct course_change none = {.from = from};

    return make(r, &none, true, course, progress, context, err);
}
