/* Entries from outside, as they come into a course: as they are, in other words, as a note, or inserted. */
#include "incident/course_runner.h"

#include "book/engine.h"

#include <stdio.h>

/* -- what is kept --------------------------------------------------------------------------------------- */

static bool is_another_run(const struct course_runner *w, const struct entry *e)
{
    const struct run_state *const run = course_runner_book(w)->run;
    const struct text *const feed = &e->as.control_run.feed;

    return e->kind == ENTRY_CONTROL_RUN && !(run->is_open && strlen(run->feed) == feed->length &&
                                             memcmp(run->feed, feed->bytes, feed->length) == 0);
}

/* The run goes on, or is over: nothing of the moment before can come any more. */
static bool ends_moment(const struct course_runner *w, const struct entry *e)
{
    const struct run_state *const run = course_runner_book(w)->run;

    return e->kind == ENTRY_CONTROL_RUN_END || is_another_run(w, e) ||
           (run->is_open && course_runner_role(w, e) == ROLE_FEED && e->cause >= run->first_seq);
}

static enum err_code before_taking(struct course_runner *w, const struct entry *e, struct err *err)
{
    if (!ends_moment(w, e))
        return ERR_OK;
    if (is_another_run(w, e)) { /* the loop of the run before was cut off, and never came back to it */
        w->moment.has_worked = true;
        w->moment.has_answered = true;
        w->moment.has_closed = true;
    }
    return course_runner_finish(w, err);
}

/* *e is applied. */
static enum err_code after_taking(struct course_runner *w, const struct entry *e, struct err *err)
{
    enum err_code rc = ERR_OK;

    if (e->kind == ENTRY_CONTROL_RUN)
        w->has_account = false;
    if (e->kind == ENTRY_PERCEPTION_CLOCK && course_runner_book(w)->run->pending_seq == e->seq)
        w->moment = (struct moment){.is_open = true, .clock = *e};
    if (w->is_recorded || !engine_answers_at_once(course_runner_book(w), e))
        return ERR_OK;
    rc = course_runner_answer(w, e, err);
    return rc || e->kind != ENTRY_CONTROL_STOP ? rc : course_runner_work(w, err);
}

/* -- what is kept in other words, or not at all --------------------------------------------------------- */

enum err_code course_runner_note(struct course_runner *w, const struct entry *e, struct err *err)
{
    char text[160];
    struct entry *const note = &w->own;
    const char *const kind = entry_kind_find((unsigned)e->kind)->text;

    if (e->seq)
        snprintf(text, sizeof text, "not carried over: %s, entry %llu of the journal that this departs from",
                 kind, (unsigned long long)e->seq);
    else
        snprintf(text, sizeof text, "not inserted: %s, for it names what is not here", kind);
    if (e->seq)
        w->recorded_at_ns = e->recorded_at_ns;
    w->course->counts.noted += e->seq != 0;
    memset(note, 0, sizeof *note);
    note->kind = ENTRY_CONTROL_NOTE;
    note->at_ns = INSTANT_NONE;
    note->as.control_note.text = text_from(text);
    return course_runner_add(w, note, err);
}

/* One side of a correction: false when the course has no such entry. */
static bool rename_side(const struct course_runner *w, int64_t *side, bool *is_changed)
{
    const uint64_t seq = *side ? course_seq_of(w->course, (uint64_t)*side) : 0;

    if (*side && !seq)
        return false;
    *is_changed = *is_changed || seq != (uint64_t)*side;
    *side = (int64_t)seq;
    return true;
}

/* Whatever *e names by number or id, as the course has it; false: it has not. */
static bool rename_all(const struct course_runner *w, struct entry *e, bool *is_changed)
{
    struct entry_control_correction *const c = &e->as.control_correction;

    if (!course_twins_rename(w->course->twins, e, is_changed))
        return false;
    return e->kind != ENTRY_CONTROL_CORRECTION ||
           (rename_side(w, &c->ours, is_changed) && rename_side(w, &c->theirs, is_changed));
}

/* The configuration *c as the change has it: `is_other` when that is another. Its texts are w->settings. */
static enum err_code set_settings(struct course_runner *w, const struct configuration *c, uint32_t actor,
                                  bool *is_other, struct err *err)
{
    struct configuration changed = *c;
    char before[CONFIGURATION_TEXT_MAX];
    size_t size = 0;
    enum err_code rc = configuration_text(c, before, sizeof before, &size, err);

    if (!rc)
        rc = course_settings_set(&changed, w->change->set, w->change->set_count, err);
    if (!rc)
        rc = course_settings_draft(w->settings, &changed, actor, err);
    if (rc)
        return rc;
    const struct text *const now = &w->settings->draft.as.control_configuration.settings;
    *is_other = now->length != size || memcmp(now->bytes, before, size) != 0;
    w->course->counts.set += *is_other;
    return ERR_OK;
}

/* What is in force, with other settings: nobody entered it. */
enum err_code course_runner_set_in_force(struct course_runner *w, struct err *err)
{
    const struct book *const b = course_runner_book(w);
    bool is_other = false;

    if (!w->settings)
        return ERR_OK;
    enum err_code rc =
        set_settings(w, &b->configuration->configuration, course_settings_actor(b->actors), &is_other, err);
    if (rc || !is_other)
        return rc;
    w->own = w->settings->draft;
    return course_runner_add(w, &w->own, err);
}

/* A configuration of the record, with other settings. */
static enum err_code set_recorded(struct course_runner *w, const struct entry *e, bool *is_other,
                                  struct err *err)
{
    const struct text *const settings = &e->as.control_configuration.settings;
    struct configuration c;
    enum err_code rc = configuration_parse(&c, settings->bytes, settings->length, err);

    if (!rc)
        rc = set_settings(w, &c, e->actor, is_other, err);
    if (rc || !*is_other)
        return rc;
    w->own = w->settings->draft;
    w->own.at_ns = e->at_ns;
    w->own.cause = course_seq_of(w->course, e->cause);
    w->recorded_at_ns = e->recorded_at_ns;
    rc = course_move(w->course, e->seq, book_seq(course_runner_book(w)) + 1, err);
    return rc ? rc : course_runner_add(w, &w->own, err);
}

enum err_code course_runner_keep(struct course_runner *w, struct entry *e, struct err *err)
{
    const uint64_t base = e->seq;
    bool is_other = false;
    enum err_code rc = ERR_OK;

    if (w->settings && e->kind == ENTRY_CONTROL_CONFIGURATION)
        rc = set_recorded(w, e, &is_other, err);
    else if (e->kind == ENTRY_CONTROL_RUN && course_runner_book(w)->configuration->seq == 0)
        rc = course_runner_set_in_force(w, err);
    if (rc || is_other)
        return rc;
    if (!w->is_recorded && !rename_all(w, e, &is_other)) {
        w->course->counts.objectless++;
        return course_runner_note(w, e, err);
    }
    e->cause = course_cause_of(w->course, e->cause, book_seq(course_runner_book(w)) + 1);
    rc = before_taking(w, e, err);
    w->recorded_at_ns = e->recorded_at_ns;
    e->seq = book_seq(course_runner_book(w)) + 1;
    w->course->counts.kept++;
    if (!rc)
        rc = is_other ? course_move(w->course, base, e->seq, err)
                      : course_keep(w->course, base, e->seq, 1, err);
    if (!rc)
        rc = is_other ? course_runner_add(w, e, err) : course_runner_apply(w, e, err);
    return rc ? rc : after_taking(w, e, err);
}

/* -- what is inserted ----------------------------------------------------------------------------------- */

static enum err_code refuse_insert(const struct entry *e, const char *why, struct err *err)
{
    return err_set(err, ERR_INPUT, "%s cannot be inserted: %s", entry_kind_find((unsigned)e->kind)->text,
                   why);
}

enum err_code course_check_insert(enum role role, const struct entry *e, struct err *err)
{
    switch ((unsigned)e->kind) {
    case ENTRY_CONTROL_GENESIS:
    case ENTRY_CONTROL_ACTOR:
    case ENTRY_CONTROL_KEY:
    case ENTRY_CONTROL_ACTOR_KEY:
    case ENTRY_CONTROL_REVOCATION:
    case ENTRY_CONTROL_PROPOSAL:
    case ENTRY_CONTROL_APPROVAL:
    case ENTRY_CONTROL_RECOVERY:
        return refuse_insert(e, "a course has the journal's own persons and keys", err);
    case ENTRY_CONTROL_RUN:
    case ENTRY_CONTROL_RUN_END: return refuse_insert(e, "a course has the journal's own runs", err);
    case ENTRY_CONTROL_SNAPSHOT:
    case ENTRY_CONTROL_HYPOTHESIS: return refuse_insert(e, "only the program writes it", err);
    default: break;
    }
    if (entry_kind_is_derived(e->kind) && (role == ROLE_STRATEGY || role == ROLE_RISK))
        return refuse_insert(e, "it is computed, and only what comes from outside can be different", err);
    if (!role_may_write(role, e->kind))
        return refuse_insert(e, "its actor may not write this kind", err);
    return ERR_OK;
}

enum err_code course_runner_insert(struct course_runner *w, const struct entry *draft, struct err *err)
{
    const struct run_state *const run = course_runner_book(w)->run;
    struct entry *const e = &w->own;
    bool is_changed = false;

    *e = *draft;
    e->cause = course_seq_of(w->course, draft->cause);
    if (e->cause == 0 && run->is_open && course_runner_role(w, e) == ROLE_FEED)
        e->cause = run->run_seq;
    enum err_code rc = course_check_insert(course_runner_role(w, e), e, err);
    if (!rc && !rename_all(w, e, &is_changed)) {
        w->course->counts.objectless++;
        return course_runner_note(w, draft, err);
    }
    if (!rc)
        rc = before_taking(w, e, err);
    if (!rc)
        rc = course_runner_add(w, e, err);
    if (!rc)
        rc = after_taking(w, e, err);
    return rc;
}
