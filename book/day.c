#include "book/day.h"

void day_init(void *state)
{
    ((struct day_state *)state)->session = CIVIL_DAY_NONE;
}

enum err_code day_apply(void *state, const struct entry *e, struct err *err)
{
    (void)err;
    if (e->kind == ENTRY_PERCEPTION_CLOCK)
        ((struct day_state *)state)->session = e->as.perception_clock.session;
    return ERR_OK;
}

void day_digest(const void *state, const struct digest_out *out)
{
    digest_i64(out, ((const struct day_state *)state)->session);
}

static void day_release(void *state)
{
    (void)state;
}

const struct replay_row day_row = {"day",      sizeof(struct day_state), day_init, day_apply, day_digest,
                                   day_release};

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
