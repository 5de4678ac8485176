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

/* The three entries that end the group. */
struct ending {
    struct entry *proposal;
    struct entry *approval;
    struct entry *recovery;
    const uint8_t *bytes; /* of the recovery */
    size_t size;
};

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

static bool is_person(const struct actor_row *actor)
{
    return actor &&
           (actor->role == ROLE_OWNER || actor->role == ROLE_OPERATOR || actor->role == ROLE_COMPLIANCE);
}

static enum err_code check_two(const struct journal_group *g, const struct ending *e, struct err *err)
{
    const struct actors *const actors = &g->journal->actors;
    const struct actor_row *const first = actors_find(actors, e->recovery->actor);
    const struct actor_row *const second = actors_find(actors, e->approval->actor);

    if (e->proposal->actor != e->recovery->actor)
        return not_so("who proposes it signs it", err);
    if (!is_person(first) || !is_person(second))
        return not_so("those who sign are owner, operator or compliance", err);
    if (first == second || memcmp(first->key, second->key, sizeof first->key) == 0)
        return not_so("these are not two persons", err);
    return ERR_OK;
}

/* What was proposed and approved is the very entry. */
static enum err_code check_same(const struct journal_group *g, const struct ending *e, struct err *err)
{
    const struct blob *const draft = &e->proposal->as.control_proposal.draft;
    struct journal *const j = g->journal;
    uint8_t bytes[ENTRY_MAX_SIZE];

    memcpy(bytes, e->bytes, e->size);
    entry_place(bytes, 0, 0);
    if (draft->length != e->size || memcmp(draft->bytes, bytes, e->size) != 0)
        return not_so("it is not what was proposed", err);
    size_t said = entry_statement(bytes, e->size, j->origin, j->statement);
    memcpy(j->statement + said, e->recovery->signature, ENTRY_SIGNATURE_SIZE);
    said += ENTRY_SIGNATURE_SIZE;
    const struct hash h = hash_bytes(j->statement, said);
    if (e->approval->cause != e->proposal->seq ||
        memcmp(e->approval->as.control_approval.sha256.bytes, h.bytes, HASH_SIZE) != 0)
        return not_so("it is not what was approved", err);
    return ERR_OK;
}

/* It names what was found. */
static enum err_code check_facts(const struct journal_group *g, const struct ending *e, struct err *err)
{
    const struct entry_control_recovery *const r = &e->recovery->as.control_recovery;
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

static enum err_code check_ending(const struct journal_group *g, struct ending *e, struct err *err)
{
    const uint32_t last = g->count - 1;

    if (g->count < 3)
        return not_so("these are fewer", err);
    enum err_code rc = decode_at(g, last - 2, e->proposal, err);
    if (!rc)
        rc = decode_at(g, last - 1, e->approval, err);
    if (!rc)
        rc = decode_at(g, last, e->recovery, err);
    if (rc)
        return rc;
    e->bytes = g->bytes + g->ends[last - 1];
    e->size = g->ends[last] - g->ends[last - 1];
    if (e->proposal->kind != ENTRY_CONTROL_PROPOSAL || e->approval->kind != ENTRY_CONTROL_APPROVAL ||
        e->recovery->kind != ENTRY_CONTROL_RECOVERY)
        return not_so("they are others", err);
    rc = check_two(g, e, err);
    if (!rc)
        rc = check_same(g, e, err);
    return rc ? rc : check_facts(g, e, err);
}

enum err_code journal_recovery_check(struct journal_group *g, struct err *err)
{
    struct entry *const entries = calloc(3, sizeof *entries);
    struct ending e = {entries, entries + 1, entries + 2, NULL, 0};

    if (!entries)
        return err_set(err, ERR_MEMORY, "out of memory");
    enum err_code rc = check_ending(g, &e, err);
    free(entries);
    return rc ? rc : journal_guards_keep(g, err);
}
