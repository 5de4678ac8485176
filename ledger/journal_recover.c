/* Going on although a guard does not agree, or the journal was halted: what two persons sign. */
#include "ledger/journal_state.h"

#include <inttypes.h>
#include <stdlib.h>

enum err_code journal_recovery_begin(struct journal *j, struct journal_guards *found,
                                     struct journal_group **g, struct err *err)
{
    struct journal_group *begun = NULL;

    const enum err_code rc = journal_begin(j, found, &begun, err);
    if (rc)
        return rc;
    if (journal_guards_agree(found)) {
        journal_group_abort(begun);
        return err_set(err, ERR_INPUT, "there is nothing to recover from: %s takes entries", j->dir);
    }
    *g = begun;
    return ERR_OK;
}

/* -- what commit demands --------------------------------------------------------------------------------- */

static enum err_code not_so(const char *what, struct err *err)
{
    return err_set(
        err, ERR_INPUT,
        "a recovery ends with its proposal, another person's approval of it, and the control.recovery: %s",
        what);
}

static enum err_code decode_at(const struct journal_group *g, uint32_t i, struct entry *e, struct err *err)
{
    const uint32_t start = i == 0 ? 0 : g->ends[i - 1];

    return entry_decode(g->bytes + start, g->ends[i] - start, e, err);
}

/* It names what was found. */
static enum err_code check_facts(const struct journal_group *g, const struct entry_control_recovery *r,
                                 struct err *err)
{
    struct guard_tree known;
    journal_guards_known(g->recovery, &known);

    if ((uint64_t)r->guard_size != known.size ||
        memcmp(r->guard_root.bytes, known.root.bytes, HASH_SIZE) != 0)
        return err_set(err, ERR_CHAIN,
                       "the recovery names another tree of the guard than the one that is there, of %" PRIu64
                       " entries",
                       known.size);
    if ((uint64_t)r->size != g->before)
        return err_set(err, ERR_CHAIN,
                       "the recovery says that the journal had %" PRIu64 " entries: it has %" PRIu64,
                       (uint64_t)r->size, g->before);
    return ERR_OK;
}

/* That they are each what the other needs was asked when they were added (ledger/dual.h). */
enum err_code journal_recovery_check(struct journal_group *g, struct err *err)
{
    static const enum entry_kind kinds[] = {ENTRY_CONTROL_PROPOSAL, ENTRY_CONTROL_APPROVAL,
                                            ENTRY_CONTROL_RECOVERY};
    struct entry *const e = malloc(sizeof *e);
    enum err_code rc = ERR_OK;

    if (!e)
        return err_set(err, ERR_MEMORY, "out of memory");
    if (g->count < 3)
        rc = not_so("these are fewer", err);
    for (uint32_t i = 0; !rc && i < 3; i++) {
        rc = decode_at(g, g->count - 3 + i, e, err);
        if (!rc && e->kind != kinds[i])
            rc = not_so("they are others", err);
    }
    if (!rc)
        rc = check_facts(g, &e->as.control_recovery, err);
    free(e);
    return rc ? rc : journal_guards_keep(g, err);
}
