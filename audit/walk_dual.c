/*
 * What two persons must want: docs/FORMAT.md, section 3.2. Asked in an owned journal, in the order of entries; the
 * entry itself has been found in order, signature included, when this is asked.
 */
#include "audit/walk.h"

#include <inttypes.h>
#include <stdlib.h>

#define VALID_MAX_S 604800

bool walk_kind_needs_two(unsigned kind)
{
    return kind == 0x0703 || kind == 0x0708 || (kind >= 0x0710 && kind <= 0x0712) || kind == 0x0716;
}

/* SHA-256 over the statement of a signed entry and its signature, put together in the room for statements. */
static struct hash approvable(const struct walk_known *known, const struct canonical *c, const uint8_t *bytes)
{
    const size_t said = walk_statement(known, bytes, ENTRY_HEADER_SIZE + c->body_size);

    memcpy(known->statement + said, c->signature, ENTRY_SIGNATURE_SIZE);
    return hash_bytes(known->statement, said + ENTRY_SIGNATURE_SIZE);
}

/* -- proposals: u64 seconds, u16 size, the draft ----------------------------------------------------------- */

static enum err_code check_draft(const struct walk_known *known, const struct canonical *proposal,
                                 const uint8_t *bytes, size_t size, struct hash *sha256, struct err *err)
{
    const struct walk_actor *const actor = walk_actor_find(known, proposal->actor);
    struct canonical draft;

    if (canonical_header(bytes, size, &draft, NULL) || canonical_body(&draft, known->kinds, NULL))
        return err_set(err, ERR_WRONG, "what it proposes is no entry in form");
    if (draft.seq != 0 || draft.recorded_at_ns != 0)
        return err_set(err, ERR_WRONG, "what it proposes has a place in the journal already");
    if (!walk_kind_needs_two(draft.kind))
        return err_set(err, ERR_WRONG, "what it proposes is of a kind that nobody else need approve");
    if (!draft.signature || draft.actor != proposal->actor)
        return err_set(err, ERR_WRONG, "what it proposes is not signed by its own actor");
    const size_t said = walk_statement(known, bytes, ENTRY_HEADER_SIZE + draft.body_size);
    if (note_verify_bytes(actor->key, known->statement, said, draft.signature, NULL))
        return err_set(err, ERR_WRONG, "the signature of what it proposes is not that of its actor, %.*s",
                       actor->name_length, (const char *)actor->name);
    *sha256 = approvable(known, &draft, bytes);
    return ERR_OK;
}

static enum err_code keep(struct walk_dual *d, const struct walk_proposal *p, struct err *err)
{
    if (d->count == d->capacity) {
        const size_t capacity = d->capacity ? 2 * d->capacity : 16;
        struct walk_proposal *const grown = realloc(d->proposals, capacity * sizeof *grown);
        if (!grown)
            return err_set(err, ERR_MEMORY, "out of memory");
        d->proposals = grown;
        d->capacity = capacity;
    }
    d->proposals[d->count++] = *p;
    return ERR_OK;
}

static enum err_code take_proposal(struct walk *w, const struct canonical *c, struct err *err)
{
    const struct walk_known known = walk_known(w);
    struct walk_proposal p = {.seq = c->seq,
                              .actor = c->actor,
                              .recorded_at_ns = c->recorded_at_ns,
                              .valid_s = wire_load_u64(c->body)};

    if (p.valid_s < 1 || p.valid_s > VALID_MAX_S)
        return err_set(err, ERR_WRONG, "it is open for %" PRIu64 " seconds, and may be for 1 to %d",
                       p.valid_s, VALID_MAX_S);
    const enum err_code rc = check_draft(&known, c, c->body + 10, c->body_size - 10, &p.sha256, err);
    return rc ? rc : keep(&w->dual, &p, err);
}

/* -- approvals: 32 bytes ----------------------------------------------------------------------------------- */

static const struct walk_proposal *find_proposal(const struct walk_dual *d, uint64_t seq)
{
    for (size_t i = d->count; i-- > 0;) {
        if (d->proposals[i].seq <= seq)
            return d->proposals[i].seq == seq ? &d->proposals[i] : NULL;
    }
    return NULL;
}

static enum err_code take_approval(struct walk *w, const struct canonical *c, struct err *err)
{
    const struct walk_proposal *const p = find_proposal(&w->dual, c->cause);
    const struct walk_actor *const second = &w->persons->actors[c->actor - 1];

    if (!p)
        return err_set(err, ERR_WRONG, "its cause, entry %" PRIu64 ", is no proposal", c->cause);
    const struct walk_actor *const first = &w->persons->actors[p->actor - 1];
    if (first == second)
        return err_set(err, ERR_WRONG, "it is by the actor who proposed what it approves");
    if (memcmp(first->key, second->key, sizeof first->key) == 0)
        return err_set(err, ERR_WRONG, "it is by another name with the key of the actor who proposed");
    if (first->is_revoked)
        return err_set(err, ERR_WRONG, "the actor who proposed was revoked before it");
    if ((uint64_t)c->recorded_at_ns - (uint64_t)p->recorded_at_ns > p->valid_s * UINT64_C(1000000000))
        return err_set(err, ERR_WRONG, "it comes later than the %" PRIu64 " seconds that it had", p->valid_s);
    if (memcmp(c->body, p->sha256.bytes, HASH_SIZE) != 0)
        return err_set(err, ERR_WRONG, "it approves something else than entry %" PRIu64 " proposes", p->seq);
    w->dual.approval = c->seq;
    w->dual.approved = p->sha256;
    w->dual.approved_at_ns = c->recorded_at_ns;
    return ERR_OK;
}

static enum err_code check_approved(struct walk *w, const struct canonical *c, const uint8_t *bytes,
                                    struct err *err)
{
    const struct walk_known known = walk_known(w);

    if (w->dual.approval == 0 || w->dual.approval != c->seq - 1)
        return err_set(err, ERR_WRONG, "it needs two persons, and no approval stands before it");
    if (w->dual.approved_at_ns != c->recorded_at_ns)
        return err_set(err, ERR_WRONG, "it was recorded later than its approval, and both come in one group");
    const struct hash sha256 = approvable(&known, c, bytes);
    if (!hash_equal(&sha256, &w->dual.approved))
        return err_set(err, ERR_WRONG, "it is not what the approval before it approves");
    return ERR_OK;
}

enum err_code walk_dual_rules(struct walk *w, const struct canonical *c, const uint8_t *bytes,
                              struct err *err)
{
    if (!w->persons->owned_since)
        return ERR_OK;
    if (c->kind == ENTRY_CONTROL_PROPOSAL)
        return take_proposal(w, c, err);
    if (c->kind == ENTRY_CONTROL_APPROVAL)
        return take_approval(w, c, err);
    return walk_kind_needs_two(c->kind) ? check_approved(w, c, bytes, err) : ERR_OK;
}
