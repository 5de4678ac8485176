#include "book/day.h"

void day_init(void *state)
{
    struct day_state *const s = state;

    s->session = CIVIL_DAY_NONE;
    s->latest_ns = INSTANT_NONE;
}

enum err_code day_apply(void *state, const struct entry *e, struct err *err)
{
    struct day_state *const s = state;

    (void)err;
    if (e->kind == ENTRY_PERCEPTION_CLOCK)
        s->session = e->as.perception_clock.session;
    if (entry_family(e->kind) != FAMILY_CONTROL && e->at_ns > s->latest_ns)
        s->latest_ns = e->at_ns; /* INSTANT_NONE is below every instant */
    return ERR_OK;
}

void day_digest(const void *state, const struct digest_out *out)
{
    const struct day_state *const s = state;

    digest_i64(out, s->session);
    digest_i64(out, s->latest_ns);
}

static enum err_code day_restore(void *state, struct restore_in *in, struct err *err)
{
    struct day_state *const s = state;

    s->session = restore_day(in);
    s->latest_ns = restore_i64(in);
    return restore_result(in, err);
}

static void day_release(void *state)
{
    (void)state;
}

const struct replay_row day_row = {
    .name = "day",
    .size = sizeof(struct day_state),
    .init = day_init,
    .apply = day_apply,
    .digest = day_digest,
    .release = day_release,
    .restore = day_restore,
    .version = 1,
};

civil_day day_of(const struct day_state *state, const struct entry *e)
{
    int64_t since;
    const bool has_at = e->at_ns != INSTANT_NONE;

    if (e->kind == ENTRY_PERCEPTION_CLOCK)
        return e->as.perception_clock.session;
    if (has_at && entry_family(e->kind) == FAMILY_PERCEPTION)
        return instant_new_york_day(e->at_ns, &since);
    if (state->session != CIVIL_DAY_NONE)
        return state->session;
    return instant_new_york_day(has_at ? e->at_ns : e->recorded_at_ns, &since);
}
