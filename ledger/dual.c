#include "ledger/dual.h"

#include "ledger/note.h"
#include "ledger/roles.h"

#include <inttypes.h>
#include <stdlib.h>

#define SIGNED_MIN (ENTRY_HEADER_SIZE + ENTRY_SIGNATURE_SIZE)

void dual_release(struct dual *d)
{
    free(d->proposals);
    memset(d, 0, sizeof *d);
}

void dual_return(struct dual *d, size_t count, uint64_t approval_seq, const struct hash *approved)
{
    REQUIRE(count <= d->count);
    d->count = count;
    d->approval_seq = approval_seq;
    d->approved = *approved;
}

bool dual_is_asked(enum entry_kind kind)
{
    return kind == ENTRY_CONTROL_CONFIGURATION || kind == ENTRY_CONTROL_RESUME ||
           kind == ENTRY_CONTROL_RECOVERY || kind == ENTRY_CONTROL_HOLD || kind == ENTRY_CONTROL_DISPOSAL ||
           kind == ENTRY_CONTROL_OVERRIDE;
}

const struct dual_proposal *dual_find(const struct dual *d, uint64_t seq)
{
    size_t low = 0;
    size_t high = d->count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (d->proposals[middle].seq < seq)
            low = middle + 1;
        else
            high = middle;
    }
    return low < d->count && d->proposals[low].seq == seq ? &d->proposals[low] : NULL;
}

/* The statement, of which *said bytes are the words; the signature follows them. To be freed. */
static enum err_code make_statement(const char *origin, const uint8_t *bytes, size_t size,
                                    uint8_t **statement, size_t *said, struct err *err)
{
    REQUIRE(size >= SIGNED_MIN);
    uint8_t *const made = malloc(size + strlen(origin) + 32 + ENTRY_SIGNATURE_SIZE);
    if (!made)
        return err_set(err, ERR_MEMORY, "out of memory");
    *said = entry_statement(bytes, size, origin, made);
    memcpy(made + *said, bytes + size - ENTRY_SIGNATURE_SIZE, ENTRY_SIGNATURE_SIZE);
    *statement = made;
    return ERR_OK;
}

enum err_code dual_digest(const char *origin, const uint8_t *bytes, size_t size, struct hash *sha256,
                          struct err *err)
{
    uint8_t *statement = NULL;
    size_t said = 0;

    const enum err_code rc = make_statement(origin, bytes, size, &statement, &said, err);
    if (!rc)
        *sha256 = hash_bytes(statement, said + ENTRY_SIGNATURE_SIZE);
    free(statement);
    return rc;
}

/* -- proposals ------------------------------------------------------------------------------------------ */

static enum err_code check_draft_signature(const struct actors *a, const struct dual_entry *e,
                                           const struct blob *draft, struct err *err)
{
    const struct actor_row *const actor = actors_find(a, e->entry->actor);
    uint8_t *statement = NULL;
    size_t said = 0;

    enum err_code rc = make_statement(e->origin, draft->bytes, draft->length, &statement, &said, err);
    if (!rc && note_verify_bytes(actor->key, statement, said, statement + said, NULL))
        rc = err_set(err, ERR_INPUT, "draft: its signature is not %s's over it", actor->name.text);
    free(statement);
    return rc;
}

static enum err_code check_draft(const struct actors *a, const struct dual_entry *e, const struct blob *blob,
                                 struct err *err)
{
    struct entry draft;
    struct err why = {.code = ERR_OK};

    if (entry_decode(blob->bytes, blob->length, &draft, &why))
        return err_set(err, ERR_INPUT, "draft: it is no entry: %s", why.text);
    const char *const kind = entry_kind_find((unsigned)draft.kind)->text;
    if (draft.seq != 0 || draft.recorded_at_ns != 0)
        return err_set(err, ERR_INPUT, "draft: it has a seq or a recorded_at, which the journal gives");
    if (!dual_is_asked(draft.kind))
        return err_set(err, ERR_INPUT, "draft: %s needs no second person: append it as it is", kind);
    if (!draft.is_signed || draft.actor != e->entry->actor)
        return err_set(err, ERR_INPUT, "draft: it is not signed by %s, who proposes it",
                       actors_name(a, e->entry->actor));
    if (entry_check(&draft, &why))
        return err_set(err, ERR_INPUT, "draft: %s: %s", kind, why.text);
    return check_draft_signature(a, e, blob, err);
}

static enum err_code check_proposal(const struct actors *a, const struct dual_entry *e, struct err *err)
{
    const struct entry_control_proposal *const p = &e->entry->as.control_proposal;

    if (p->valid_s < 1 || p->valid_s > DUAL_VALID_MAX_S)
        return err_set(err, ERR_INPUT,
                       "valid_s: a proposal is open for 1 to %" PRId64 " seconds, not %" PRId64,
                       DUAL_VALID_MAX_S, p->valid_s);
    return check_draft(a, e, &p->draft, err);
}

static enum err_code reserve(struct dual *d, struct err *err)
{
    const size_t capacity = d->capacity ? 2 * d->capacity : 16;

    if (d->count < d->capacity)
        return ERR_OK;
    struct dual_proposal *const grown = realloc(d->proposals, capacity * sizeof *grown);
    if (!grown)
        return err_set(err, ERR_MEMORY, "out of memory");
    d->proposals = grown;
    d->capacity = capacity;
    return ERR_OK;
}

static enum err_code on_proposal(struct dual *d, const struct dual_entry *e, struct err *err)
{
    const struct entry_control_proposal *const p = &e->entry->as.control_proposal;
    struct dual_proposal made = {
        .seq = e->seq, .actor = e->entry->actor, .recorded_at_ns = e->recorded_at_ns, .valid_s = p->valid_s};

    if (p->draft.length < SIGNED_MIN)
        return ERR_OK; /* written by who did not check: nothing can be approved of it */
    made.kind = (enum entry_kind)(p->draft.bytes[2] << 8 | p->draft.bytes[3]);
    enum err_code rc = dual_digest(e->origin, p->draft.bytes, p->draft.length, &made.sha256, err);
    if (!rc)
        rc = reserve(d, err);
    if (!rc)
        d->proposals[d->count++] = made;
    return rc;
}

/* -- approvals, and what they approve ------------------------------------------------------------------- */

/* Two persons are two names and two keys. */
static enum err_code check_second(const struct actors *a, const struct dual_entry *e,
                                  const struct dual_proposal *p, struct err *err)
{
    const struct actor_row *const first = actors_find(a, p->actor);
    const struct actor_row *const second = actors_find(a, e->entry->actor);

    if (first == second)
        return err_set(err, ERR_INPUT, "%s has proposed it: a second person must approve it",
                       first->name.text);
    if (memcmp(first->key, second->key, sizeof first->key) == 0)
        return err_set(err, ERR_INPUT, "%s and %s have one key: these are not two persons", first->name.text,
                       second->name.text);
    if (actors_is_revoked(a, p->actor))
        return err_set(err, ERR_INPUT, "%s, who has proposed it, was revoked with entry %" PRIu64,
                       first->name.text, a->revoked_seq[p->actor - 1]);
    return ERR_OK;
}

static enum err_code check_approval(const struct dual *d, const struct actors *a, const struct dual_entry *e,
                                    struct err *err)
{
    const struct dual_proposal *const p = dual_find(d, e->entry->cause);
    const struct entry_control_approval *const approval = &e->entry->as.control_approval;

    if (!p)
        return err_set(err, ERR_INPUT, "its cause, entry %" PRIu64 ", is no proposal that can be approved",
                       e->entry->cause);
    const enum err_code rc = check_second(a, e, p, err);
    if (rc)
        return rc;
    /* Both times are in order, so the difference is 0 or more; it may be larger than int64 reaches. */
    if ((uint64_t)e->recorded_at_ns - (uint64_t)p->recorded_at_ns > (uint64_t)(p->valid_s * NS_PER_SECOND))
        return err_set(err, ERR_INPUT,
                       "proposal %" PRIu64 " could be approved for %" PRId64
                       " seconds, and these are over: it must be proposed again",
                       p->seq, p->valid_s);
    if (memcmp(approval->sha256.bytes, p->sha256.bytes, HASH_SIZE) != 0)
        return err_set(err, ERR_INPUT, "sha256: it is not that of the draft that entry %" PRIu64 " proposes",
                       p->seq);
    return ERR_OK;
}

static enum err_code check_approved(const struct dual *d, const struct dual_entry *e, struct err *err)
{
    const char *const kind = entry_kind_find((unsigned)e->entry->kind)->text;
    struct hash sha256;

    if (d->approval_seq == 0 || d->approval_seq + 1 != e->seq)
        return err_set(err, ERR_INPUT,
                       "%s needs two persons in this journal, because it has an owner: propose it, and let "
                       "another person approve it",
                       kind);
    const enum err_code rc = dual_digest(e->origin, e->bytes, e->size, &sha256, err);
    if (rc)
        return rc;
    if (!hash_equal(&sha256, &d->approved))
        return err_set(err, ERR_INPUT, "%s is not what entry %" PRIu64 ", the approval before it, approves",
                       kind, d->approval_seq);
    return ERR_OK;
}

enum err_code dual_check(const struct dual *d, const struct actors *a, const struct dual_entry *e,
                         struct err *err)
{
    if (e->entry->kind == ENTRY_CONTROL_PROPOSAL)
        return check_proposal(a, e, err);
    if (e->entry->kind == ENTRY_CONTROL_APPROVAL)
        return check_approval(d, a, e, err);
    return dual_is_asked(e->entry->kind) ? check_approved(d, e, err) : ERR_OK;
}

enum err_code dual_apply(struct dual *d, const struct dual_entry *e, struct err *err)
{
    if (e->entry->kind == ENTRY_CONTROL_PROPOSAL)
        return on_proposal(d, e, err);
    if (e->entry->kind == ENTRY_CONTROL_APPROVAL) {
        d->approval_seq = e->seq;
        memcpy(d->approved.bytes, e->entry->as.control_approval.sha256.bytes, HASH_SIZE);
    }
    return ERR_OK;
}
