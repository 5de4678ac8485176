#include "ledger/recovery.h"

#include <stdlib.h>

/* In memory of its own: entries are large. */
struct work {
    struct entry entry;
    uint8_t draft[ENTRY_MAX_SIZE]; /* of the recovery, as it is proposed */
    size_t draft_size;
    uint8_t statement[ENTRY_MAX_SIZE + JOURNAL_ORIGIN_MAX + 32 + ENTRY_SIGNATURE_SIZE];
};

static void start(struct work *w, const struct recovery *r, enum entry_kind kind, uint32_t actor)
{
    memset(&w->entry, 0, sizeof w->entry);
    w->entry.kind = kind;
    w->entry.actor = actor;
    w->entry.at_ns = r->at_ns;
}

static enum err_code draft_recovery(struct work *w, const struct recovery *r,
                                    const struct journal_guards *found, struct err *err)
{
    struct guard_tree known = {.size = 0};
    struct entry_control_recovery *const body = &w->entry.as.control_recovery;
    struct wire_out out;

    journal_guards_known(found, &known);
    start(w, r, ENTRY_CONTROL_RECOVERY, r->first);
    body->guard_size = (int64_t)known.size;
    memcpy(body->guard_root.bytes, known.root.bytes, HASH_SIZE);
    body->size = (int64_t)found->tree.size;
    body->reason = text_from(r->reason);
    enum err_code rc = r->sign_first.sign(r->sign_first.context, &w->entry, err);
    if (rc)
        return rc;
    wire_out_init(&out, w->draft, sizeof w->draft);
    rc = entry_encode(&w->entry, &out, err);
    if (!rc)
        w->draft_size = wire_out_size(&out);
    return rc;
}

static enum err_code add_proposal(struct work *w, const struct recovery *r, struct journal_group *g,
                                  struct err *err)
{
    start(w, r, ENTRY_CONTROL_PROPOSAL, r->first);
    w->entry.as.control_proposal.valid_s = RECOVERY_VALID_S;
    w->entry.as.control_proposal.draft = (struct blob){w->draft, (uint16_t)w->draft_size};
    const enum err_code rc = r->sign_first.sign(r->sign_first.context, &w->entry, err);
    return rc ? rc : journal_group_add(g, &w->entry, err);
}

/* Of exactly the bytes that the first one signed. */
static enum err_code add_approval(struct work *w, const struct recovery *r, const char *origin,
                                  struct journal_group *g, struct err *err)
{
    const size_t said = entry_statement(w->draft, w->draft_size, origin, w->statement);

    memcpy(w->statement + said, w->draft + w->draft_size - ENTRY_SIGNATURE_SIZE, ENTRY_SIGNATURE_SIZE);
    const struct hash h = hash_bytes(w->statement, said + ENTRY_SIGNATURE_SIZE);
    start(w, r, ENTRY_CONTROL_APPROVAL, r->second);
    w->entry.cause = journal_group_next_seq(g) - 1;
    memcpy(w->entry.as.control_approval.sha256.bytes, h.bytes, HASH_SIZE);
    const enum err_code rc = r->sign_second.sign(r->sign_second.context, &w->entry, err);
    return rc ? rc : journal_group_add(g, &w->entry, err);
}

static enum err_code add_recovery(struct work *w, struct journal_group *g, struct err *err)
{
    const enum err_code rc = entry_decode(w->draft, w->draft_size, &w->entry, err);

    return rc ? rc : journal_group_add_encoded(g, w->draft, w->draft_size, &w->entry, err);
}

static enum err_code check_reason(const char *reason, struct err *err)
{
    const size_t length = strlen(reason);

    return length > 0 && length <= RECOVERY_REASON_MAX
               ? ERR_OK
               : err_set(err, ERR_INPUT, "the reason has 1 to %d bytes", RECOVERY_REASON_MAX);
}

static enum err_code add_all(struct work *w, struct journal *j, const struct recovery *r,
                             const struct journal_guards *found, struct journal_group *g, struct err *err)
{
    enum err_code rc = r->guard_count > 0 ? journal_guards_set(g, r->guards, r->guard_count, err) : ERR_OK;
    if (!rc)
        rc = draft_recovery(w, r, found, err);
    if (!rc)
        rc = add_proposal(w, r, g, err);
    if (!rc)
        rc = add_approval(w, r, journal_origin(j), g, err);
    return rc ? rc : add_recovery(w, g, err);
}

enum err_code recovery_enter(struct journal *j, const struct recovery *r, struct journal_guards *found,
                             uint64_t *seq, struct seal *seal, struct err *err)
{
    struct work *const w = malloc(sizeof *w);
    struct journal_group *g = NULL;

    enum err_code rc = w ? check_reason(r->reason, err) : err_set(err, ERR_MEMORY, "out of memory");
    if (!rc)
        rc = journal_recovery_begin(j, found, &g, err);
    if (!rc) {
        rc = add_all(w, j, r, found, g, err);
        const uint64_t entered = journal_group_next_seq(g) - 1;
        if (rc)
            journal_group_abort(g);
        else
            rc = journal_group_commit(g, seal, err);
        if (!rc)
            *seq = entered;
    }
    free(w);
    return rc;
}
