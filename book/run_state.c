#include "book/run_state.h"

static void run_init(void *state)
{
    struct run_state *const s = state;

    memset(s, 0, sizeof *s);
    s->clock_at_ns = INSTANT_NONE;
    s->session = CIVIL_DAY_NONE;
    s->beat_at_ns = INSTANT_NONE;
    s->quality_at_ns = INSTANT_NONE;
}

/* The same feed again after a run without an end is the same work going on. */
static void on_run(struct run_state *s, const struct entry *e)
{
    const struct text *const feed = &e->as.control_run.feed;
    const size_t length = feed->length < RUN_FEED_MAX - 1 ? feed->length : RUN_FEED_MAX - 1;

    s->run_seq = e->seq;
    if (s->is_open && strlen(s->feed) == length && memcmp(s->feed, feed->bytes, length) == 0)
        return;
    s->is_open = true;
    s->first_seq = e->seq;
    memset(s->feed, 0, sizeof s->feed);
    memcpy(s->feed, feed->bytes, length);
    s->perceived = 0;
    s->perceived_seq = 0;
    s->derived = 0;
    s->pending_seq = 0;
}

/* A perception of the run that is going on, or of an earlier part of it. */
static void on_perceived(struct run_state *s, const struct entry *e)
{
    s->perceived++;
    s->perceived_seq = e->seq;
    if (e->kind == ENTRY_PERCEPTION_CLOCK) {
        s->pending_seq = e->seq;
        s->clock_at_ns = e->at_ns;
    }
}

/* The loop's own words about itself; anybody else's are not. */
static void on_presence(struct run_state *s, const struct entry *e)
{
    if (e->actor != 0)
        return;
    if (e->kind == ENTRY_CONTROL_SESSION) {
        s->session = e->as.control_session.session;
        s->session_is_open = e->as.control_session.phase == PHASE_OPEN;
        s->beat_at_ns = e->at_ns;
    } else if (e->kind == ENTRY_CONTROL_HEARTBEAT) {
        s->beat_at_ns = e->at_ns;
    } else if (e->kind == ENTRY_PERCEPTION_CLOCK_QUALITY) {
        s->quality_at_ns = s->clock_at_ns;
    }
}

bool run_is_derived(const struct run_state *s, const struct entry *e)
{
    const enum role role = roles_find(&s->roles, e->actor);

    return entry_kind_is_derived(e->kind) && (role == ROLE_STRATEGY || role == ROLE_RISK);
}

static enum err_code run_apply(void *state, const struct entry *e, struct err *err)
{
    struct run_state *const s = state;

    (void)err;
    roles_apply(&s->roles, e);
    if (e->kind == ENTRY_CONTROL_RUN) {
        on_run(s, e);
    } else if (e->kind == ENTRY_CONTROL_RUN_END) {
        s->is_open = false;
        s->pending_seq = 0;
    }
    on_presence(s, e);
    if (e->kind == ENTRY_CONTROL_STOP)
        s->stop_seq = e->seq;
    if (!s->is_open)
        return ERR_OK;
    if (roles_find(&s->roles, e->actor) == ROLE_FEED && e->cause >= s->first_seq) {
        on_perceived(s, e);
    } else if (e->kind == ENTRY_PERCEPTION_CLOCK) {
        s->pending_seq = 0; /* somebody else's: the moment that was to be answered is over */
    } else if (run_is_derived(s, e)) {
        s->derived++;
        /* A break answers a statement, never the clock. */
        if (e->cause != s->stop_seq && e->kind != ENTRY_RISK_BREAK)
            s->pending_seq = 0;
    }
    return ERR_OK;
}

static void run_digest(const void *state, const struct digest_out *out)
{
    const struct run_state *const s = state;

    digest_u64(out, s->is_open);
    digest_u64(out, s->first_seq);
    digest_u64(out, s->run_seq);
    digest_bytes(out, s->feed, strlen(s->feed));
    digest_u64(out, s->perceived);
    digest_u64(out, s->perceived_seq);
    digest_u64(out, s->pending_seq);
    digest_i64(out, s->clock_at_ns);
    digest_u64(out, s->stop_seq);
    digest_i64(out, s->session);
    digest_u64(out, s->session_is_open);
    digest_i64(out, s->beat_at_ns);
    digest_i64(out, s->quality_at_ns);
    digest_u64(out, s->derived);
    roles_digest(&s->roles, out);
}

static enum err_code run_restore(void *state, struct restore_in *in, struct err *err)
{
    struct run_state *const s = state;

    s->is_open = restore_flag(in);
    s->first_seq = restore_u64(in);
    s->run_seq = restore_u64(in);
    restore_text(in, s->feed, sizeof s->feed - 1);
    s->perceived = restore_u64(in);
    s->perceived_seq = restore_u64(in);
    s->pending_seq = restore_u64(in);
    s->clock_at_ns = restore_i64(in);
    s->stop_seq = restore_u64(in);
    s->session = restore_day(in);
    s->session_is_open = restore_flag(in);
    s->beat_at_ns = restore_i64(in);
    s->quality_at_ns = restore_i64(in);
    s->derived = restore_u64(in);
    roles_restore(&s->roles, in);
    return restore_result(in, err);
}

static void run_release(void *state)
{
    (void)state;
}

const struct replay_row run_row = {
    .name = "run",
    .size = sizeof(struct run_state),
    .init = run_init,
    .apply = run_apply,
    .digest = run_digest,
    .release = run_release,
    .restore = run_restore,
    .version = 4,
};
