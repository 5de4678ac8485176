#include "incident/course_runner.h"

#include "book/engine.h"
#include "gateway/paper.h"

/* -- what is computed ----------------------------------------------------------------------------------- */

enum err_code course_runner_apply(struct course_runner *w, const struct entry *e, struct err *err)
{
    const enum err_code rc = book_apply(course_runner_book(w), e, err);

    if (rc || w->is_recorded || entry_family(e->kind) != FAMILY_FILL)
        return rc;
    return course_twins_fill(w->course->twins, SIDE_OF_COURSE, e, err);
}

enum err_code course_runner_add(struct course_runner *w, struct entry *e, struct err *err)
{
    e->seq = book_seq(course_runner_book(w)) + 1;
    e->recorded_at_ns = w->recorded_at_ns;
    const enum err_code rc = course_add(w->course, e, err);

    return rc ? rc : course_runner_apply(w, e, err);
}

/* The same for what was computed. */
static enum err_code add_computed(struct course_runner *w, struct entry *e, struct err *err)
{
    const enum err_code rc = course_runner_add(w, e, err);

    return rc ? rc : course_twins_add(w->course->twins, SIDE_OF_COURSE, e, err);
}

static uint64_t next_seq(void *context)
{
    const struct course_runner *const w = context;

    return book_seq(course_runner_book(w)) + 1;
}

static enum err_code propose_derived(void *context, struct entry *draft, struct err *err)
{
    struct course_runner *const w = context;
    const enum err_code rc = engine_stamp(course_runner_book(w), w->answering, draft, err);

    w->course->counts.derived++;
    return rc ? rc : add_computed(w, draft, err);
}

static enum err_code propose_broker(void *context, struct entry *draft, struct err *err)
{
    struct course_runner *const w = context;

    draft->actor = w->broker;
    w->course->counts.answered++;
    const enum err_code rc = add_computed(w, draft, err);
    const bool is_at_once = !rc && engine_answers_at_once(course_runner_book(w), draft);
    return is_at_once ? course_runner_answer(w, draft, err) : rc;
}

enum err_code course_runner_answer(struct course_runner *w, const struct entry *trigger, struct err *err)
{
    const struct proposals sink = {propose_derived, next_seq, w};
    struct entry copy = *trigger;

    w->answering = &copy;
    const enum err_code rc = engine_answer(course_runner_book(w), &copy, &sink, err);
    w->answering = NULL;
    return rc;
}

enum err_code course_runner_work(struct course_runner *w, struct err *err)
{
    const struct proposals sink = {propose_broker, next_seq, w};

    return w->is_silent ? ERR_OK : broker_moment(&paper_broker, course_runner_book(w), &sink, err);
}

enum err_code course_runner_open(struct course_runner *w, struct err *err)
{
    const struct proposals sink = {propose_broker, next_seq, w};

    if (w->has_account)
        return ERR_OK;
    w->has_account = true;
    return w->is_silent ? ERR_OK
                        : paper_broker.open_account(paper_broker.context, course_runner_book(w), &sink, err);
}

enum err_code course_runner_state(struct course_runner *w, struct err *err)
{
    const struct proposals sink = {propose_broker, next_seq, w};

    return w->is_silent ? ERR_OK : broker_ask_statement(&paper_broker, course_runner_book(w), &sink, err);
}

/* -- moments -------------------------------------------------------------------------------------------- */

enum err_code course_runner_before(struct course_runner *w, struct err *err)
{
    if (w->moment.has_worked)
        return ERR_OK;
    w->moment.has_worked = true;
    return course_runner_work(w, err);
}

enum err_code course_runner_clock(struct course_runner *w, struct err *err)
{
    if (w->moment.has_answered)
        return ERR_OK;
    const enum err_code rc = course_runner_before(w, err);
    w->moment.has_answered = true;
    /* Somebody else's clock entry may have come in between: then this one is not answered. */
    if (rc || course_runner_book(w)->run->pending_seq != w->moment.clock.seq)
        return rc;
    return course_runner_answer(w, &w->moment.clock, err);
}

enum err_code course_runner_after(struct course_runner *w, struct err *err)
{
    if (w->moment.has_closed)
        return ERR_OK;
    w->moment.has_closed = true;
    return course_runner_work(w, err);
}

/* What the record has no place for happens now; then the moment is over. */
enum err_code course_runner_finish(struct course_runner *w, struct err *err)
{
    enum err_code rc = w->is_recorded ? ERR_OK : course_runner_open(w, err);

    if (rc || !w->moment.is_open)
        return rc;
    if (!w->is_recorded) {
        rc = course_runner_clock(w, err);
        if (!rc)
            rc = course_runner_after(w, err);
    }
    w->moment.is_open = false;
    return rc ? rc : course_measure(w->course, &w->moment.clock, err);
}
