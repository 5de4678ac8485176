/*
 * What a journal knows of persons, and what it asks of them: who may write what, with which key, and what needs
 * two. A group that is given up gives back what it has changed.
 */
#include "ledger/journal_state.h"

void journal_persons_keep(struct journal *j)
{
    struct journal_persons_kept *const kept = &j->kept;

    if (kept->is_kept)
        return;
    kept->is_kept = true;
    actors_copy(&kept->actors, &j->actors);
    kept->proposals = j->dual.count;
    kept->approval_seq = j->dual.approval_seq;
    kept->approved = j->dual.approved;
}

void journal_persons_return(struct journal *j)
{
    struct journal_persons_kept *const kept = &j->kept;

    if (!kept->is_kept)
        return;
    kept->is_kept = false;
    actors_copy(&j->actors, &kept->actors);
    dual_return(&j->dual, kept->proposals, kept->approval_seq, &kept->approved);
}

static struct dual_entry placed(const struct journal *j, const struct entry *e, const uint8_t *bytes,
                                size_t size, uint64_t seq, int64_t recorded_at_ns)
{
    return (struct dual_entry){.origin = j->origin,
                               .entry = e,
                               .bytes = bytes,
                               .size = size,
                               .seq = seq,
                               .recorded_at_ns = recorded_at_ns};
}

static enum err_code apply(struct journal *j, const struct dual_entry *e, bool asked, struct err *err)
{
    journal_persons_keep(j);
    const enum err_code rc = actors_apply_at(&j->actors, e->entry, e->seq, err);
    return rc || !asked ? rc : dual_apply(&j->dual, e, err);
}

enum err_code journal_persons_apply(struct journal *j, const struct entry *e, const uint8_t *bytes,
                                    size_t size, struct err *err)
{
    const struct dual_entry at = placed(j, e, bytes, size, e->seq, e->recorded_at_ns);

    return apply(j, &at, j->actors.is_owned, err);
}

static bool needs_two(const struct journal_group *g)
{
    return g->journal->actors.is_owned || g->recovery; /* a recovery needs two persons in every journal */
}

/* The group's newest entry is an approval: what it approves is next, and nothing else. */
static bool is_owed(const struct journal_group *g)
{
    const uint64_t approval = g->journal->dual.approval_seq;

    return needs_two(g) && approval > g->before && approval + 1 == journal_group_next_seq(g);
}

enum err_code journal_persons_end(const struct journal_group *g, struct err *err)
{
    return is_owed(g)
               ? err_set(err, ERR_INPUT,
                         "an approval stands right before what it approves, in one group: that is missing")
               : ERR_OK;
}

enum err_code journal_persons_take(struct journal_group *g, const struct entry *e, const uint8_t *bytes,
                                   size_t size, struct err *err)
{
    struct journal *const j = g->journal;

    if (is_owed(g) && !dual_is_asked(e->kind))
        return err_set(err, ERR_INPUT,
                       "an approval stands right before what it approves, and this is something else");
    if (entry_family(e->kind) != FAMILY_CONTROL)
        return ERR_OK;
    const struct dual_entry at = placed(j, e, bytes, size, journal_group_next_seq(g), g->recorded_at_ns);
    const bool asked = needs_two(g);
    const enum err_code rc = asked ? dual_check(&j->dual, &j->actors, &at, err) : ERR_OK;
    return rc ? rc : apply(j, &at, asked, err);
}

const struct dual_proposal *journal_proposal(const struct journal *j, uint64_t seq)
{
    return dual_find(&j->dual, seq);
}
