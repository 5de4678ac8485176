#include "agent/approval.h"

#include "agent/control.h"
#include "ledger/dual.h"

#include <inttypes.h>
#include <stdlib.h>

/* -- reading ---------------------------------------------------------------------------------------------- */

/* What the journal itself would not take an approval of is void, whatever it is. */
static void take(struct approval *a, const struct journal *j, const struct entry *e)
{
    const struct dual_proposal *const known = journal_proposal(j, e->seq);
    const struct entry_control_proposal *const p = &e->as.control_proposal;

    *a = (struct approval){
        .seq = e->seq, .actor = e->actor, .recorded_at_ns = e->recorded_at_ns, .size = p->draft.length};
    memcpy(a->bytes, p->draft.bytes, a->size);
    a->is_void = !known || known->valid_s < 1 || known->valid_s > DUAL_VALID_MAX_S ||
                 entry_decode(a->bytes, a->size, &a->draft, NULL) || !dual_is_asked(a->draft.kind) ||
                 !a->draft.is_signed || a->draft.actor != a->actor;
    if (a->is_void)
        return;
    a->until_ns = e->recorded_at_ns + known->valid_s * NS_PER_SECOND;
    a->sha256 = known->sha256;
}

/* The next control entry at or behind `from` that is of this kind, and has this cause unless that is 0. */
static enum err_code find(struct journal_reader *r, enum entry_kind kind, uint64_t cause, uint64_t from,
                          struct entry *e, bool *found, struct err *err)
{
    struct journal_record record;
    enum err_code rc = ERR_OK;
    bool more = true;

    *found = false;
    while (!rc && more && !*found) {
        rc = journal_reader_control(r, from, &record, &more, err);
        if (rc || !more)
            break;
        rc = entry_decode(record.bytes, record.size, e, err);
        *found = !rc && e->kind == kind && (cause == 0 || e->cause == cause);
        from = record.seq + 1;
    }
    return rc;
}

enum err_code approval_next(struct journal_reader *r, const struct journal *j, uint64_t from,
                            struct approval *a, bool *found, struct err *err)
{
    struct entry *const e = malloc(sizeof *e);
    bool approved = false;

    if (!e)
        return err_set(err, ERR_MEMORY, "out of memory");
    enum err_code rc = find(r, ENTRY_CONTROL_PROPOSAL, 0, from, e, found, err);
    if (!rc && *found)
        take(a, j, e);
    if (!rc && *found)
        rc = find(r, ENTRY_CONTROL_APPROVAL, a->seq, a->seq + 1, e, &approved, err);
    if (!rc && approved) {
        a->approved_seq = e->seq;
        a->approved_by = e->actor;
    }
    free(e);
    return rc;
}

enum err_code approval_find(struct journal_reader *r, const struct journal *j, uint64_t seq,
                            struct approval *a, struct err *err)
{
    bool found = false;

    const enum err_code rc = seq ? approval_next(r, j, seq, a, &found, err) : ERR_OK;
    if (!rc && (!found || a->seq != seq))
        return err_set(err, ERR_NOT_FOUND,
                       "entry %" PRIu64 " is no proposal; which there are: ledger proposals", seq);
    return rc;
}

/* -- proposing -------------------------------------------------------------------------------------------- */

static enum err_code sign_draft(struct desk *d, const char *actor, struct entry *draft, uint8_t *bytes,
                                size_t *size, struct err *err)
{
    struct wire_out out;
    enum err_code rc = actors_id(d->book.actors, actor, strlen(actor), &draft->actor, err);

    if (!rc)
        rc = journal_sign_by(d->journal, d->signer, draft, err);
    wire_out_init(&out, bytes, ENTRY_MAX_SIZE);
    if (!rc)
        rc = entry_encode(draft, &out, err);
    *size = wire_out_size(&out);
    return rc;
}

static enum err_code add_proposal(struct desk *d, const char *actor, struct entry *draft, int64_t valid_s,
                                  int64_t now_ns, struct err *err)
{
    uint8_t *const bytes = malloc(ENTRY_MAX_SIZE);
    struct entry *const e = &d->scratch;
    size_t size = 0;

    if (!bytes)
        return err_set(err, ERR_MEMORY, "out of memory");
    draft->at_ns = now_ns;
    enum err_code rc = sign_draft(d, actor, draft, bytes, &size, err);
    memset(e, 0, sizeof *e);
    e->kind = ENTRY_CONTROL_PROPOSAL;
    e->at_ns = now_ns;
    e->as.control_proposal.valid_s = valid_s;
    e->as.control_proposal.draft = (struct blob){bytes, (uint16_t)size};
    if (!rc)
        rc = desk_add_signed(d, actor, e, err);
    free(bytes);
    return rc;
}

static enum err_code finish(struct desk *d, enum err_code rc, struct err *err)
{
    if (!rc)
        return desk_commit(d, err);
    desk_abort(d);
    return rc;
}

enum err_code approval_propose(struct desk *d, const char *actor, struct entry *draft, int64_t valid_s,
                               int64_t now_ns, uint64_t *seq, struct err *err)
{
    enum err_code rc = desk_begin(d, err);

    if (rc)
        return rc;
    if (!d->book.actors->is_owned)
        rc = err_set(err, ERR_INPUT,
                     "this journal has no owner, so nothing in it needs two persons: ledger help init tells "
                     "how it gets "
                     "one");
    if (!rc)
        rc = add_proposal(d, actor, draft, valid_s, now_ns, err);
    *seq = journal_group_next_seq(d->group) - 1;
    return finish(d, rc, err);
}

/* -- approving -------------------------------------------------------------------------------------------- */

static enum err_code read_proposal(struct desk *d, uint64_t proposal, struct approval *a, struct err *err)
{
    struct journal_reader *r = NULL;
    enum err_code rc = journal_group_reader(d->group, &r, err);

    if (!rc)
        rc = approval_find(r, d->journal, proposal, a, err);
    journal_reader_end(r);
    return rc;
}

static enum err_code add_approval(struct desk *d, const char *actor, const struct approval *a, int64_t now_ns,
                                  struct err *err)
{
    struct entry *const e = &d->scratch;

    memset(e, 0, sizeof *e);
    e->kind = ENTRY_CONTROL_APPROVAL;
    e->at_ns = now_ns;
    e->cause = a->seq;
    memcpy(e->as.control_approval.sha256.bytes, a->sha256.bytes, HASH_SIZE);
    return desk_add_signed(d, actor, e, err);
}

/* What has come since, which its proposer did not know of. */
static uint64_t find_newer(const struct desk *d, const struct approval *a)
{
    const struct risk_state *const risk = d->book.risk;
    uint64_t newest = 0;

    if (a->draft.kind == ENTRY_CONTROL_CONFIGURATION)
        newest = d->book.configuration->seq;
    if (a->draft.kind != ENTRY_CONTROL_RESUME)
        return newest > a->seq ? newest : 0;
    newest = risk->stop_seq;
    for (uint32_t i = 0; i < risk->breaker_count; i++) {
        if (risk->breakers[i].tripped && risk->breakers[i].seq > newest)
            newest = risk->breakers[i].seq;
    }
    return newest > a->seq ? newest : 0;
}

static enum err_code check_now(const struct desk *d, const struct approval *a, struct err *err)
{
    const uint64_t newer = find_newer(d, a);

    if (newer)
        return err_set(err, ERR_INPUT,
                       "entry %" PRIu64 " (ledger show %" PRIu64 ") came after proposal %" PRIu64
                       ", which its proposer cannot have meant: propose it again",
                       newer, newer, a->seq);
    if (a->draft.kind == ENTRY_CONTROL_CONFIGURATION &&
        control_check_configuration(&a->draft.as.control_configuration, err))
        return err_wrap(err, "proposal %" PRIu64, a->seq);
    return ERR_OK;
}

static enum err_code add_both(struct desk *d, const char *actor, uint64_t proposal, const struct hash *sha256,
                              int64_t now_ns, struct err *err)
{
    struct approval *const a = malloc(sizeof *a);
    enum err_code rc = a ? read_proposal(d, proposal, a, err) : err_set(err, ERR_MEMORY, "out of memory");

    if (!rc && a->is_void)
        rc = err_set(err, ERR_INPUT, "entry %" PRIu64 " proposes nothing that could be approved", proposal);
    if (!rc && a->approved_seq)
        rc = err_set(err, ERR_INPUT, "proposal %" PRIu64 " was approved with entry %" PRIu64 " already",
                     proposal, a->approved_seq);
    if (!rc && !hash_equal(&a->sha256, sha256))
        rc = err_set(err, ERR_INPUT,
                     "proposal %" PRIu64 " has another SHA-256 than the one given: look at it again (ledger "
                     "proposals %" PRIu64 ")",
                     proposal, proposal);
    if (!rc)
        rc = check_now(d, a, err);
    if (!rc)
        rc = add_approval(d, actor, a, now_ns, err);
    if (!rc)
        rc = desk_add_encoded(d, a->bytes, a->size, &a->draft, err);
    free(a);
    return rc;
}

enum err_code approval_give(struct desk *d, const char *actor, uint64_t proposal, const struct hash *sha256,
                            int64_t now_ns, uint64_t *seq, struct err *err)
{
    enum err_code rc = desk_begin(d, err);

    if (rc)
        return rc;
    rc = add_both(d, actor, proposal, sha256, now_ns, err);
    *seq = journal_group_next_seq(d->group) - 1;
    return finish(d, rc, err);
}
