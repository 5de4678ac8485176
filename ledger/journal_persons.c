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

static enum err_code apply(struct journal *j, const struct dual_entry *e, bool needs_two, struct err *err)
{
    journal_persons_keep(j);
    const enum err_code rc = actors_apply_at(&j->actors, e->entry, e->seq, err);
    return rc || !needs_two ? rc : dual_apply(&j->dual, e, err);
}

enum err_code journal_persons_apply(struct journal *j, const struct entry *e, const uint8_t *bytes,
                                    size_t size, struct err *err)
{
    const struct dual_entry at = placed(j, e, bytes, size, e->seq, e->recorded_at_ns);

    return apply(j, &at, j->actors.is_owned, err);
}

/* A recovery needs two persons in every journal. */
enum err_code journal_persons_take(struct journal_group *g, const struct entry *e, const uint8_t *bytes,
                                   size_t size, struct err *err)
{
    struct journal *const j = g->journal;

    if (entry_family(e->kind) != FAMILY_CONTROL)
        return ERR_OK;
    const struct dual_entry at = placed(j, e, bytes, size, journal_group_next_seq(g), g->recorded_at_ns);
    const bool needs_two = j->actors.is_owned || g->recovery;
    const enum err_code rc = needs_two ? dual_check(&j->dual, &j->actors, &at, err) : ERR_OK;
    return rc ? rc : apply(j, &at, needs_two, err);
}
