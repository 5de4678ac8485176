#include "verifier/persons.h"

#include <inttypes.h>
#include <search.h>

#define TITLE       "ledger statement v1\n"
#define SECONDS_MAX 604800
#define NS          UINT64_C(1000000000)

/* -- section 2.1 -------------------------------------------------------------------------------------------- */

enum { JOURNAL, OWNER, OPERATOR, COMPLIANCE, AUDITOR, STRATEGY, RISK, BROKER, FEED, AGENT };

#define TO(role) (1u << (role))

/* The page's table, from top to bottom: kinds from .. to, and who may write them. */
static const struct {
    unsigned from;
    unsigned to;
    unsigned roles;
} WRITERS[] = {
    {0x0101, 0x0105, TO(JOURNAL) | TO(OWNER) | TO(OPERATOR) | TO(FEED)},
    {0x0107, 0x0108, TO(JOURNAL) | TO(OWNER) | TO(OPERATOR) | TO(FEED)},
    {0x010c, 0x01ff, TO(JOURNAL) | TO(OWNER) | TO(OPERATOR) | TO(FEED)},
    {0x0106, 0x0106, TO(JOURNAL) | TO(OWNER) | TO(OPERATOR) | TO(BROKER) | TO(FEED)},
    {0x0109, 0x010b, TO(JOURNAL) | TO(OWNER) | TO(OPERATOR) | TO(BROKER) | TO(FEED)},
    {0x0201, 0x02ff, TO(OWNER) | TO(OPERATOR) | TO(STRATEGY) | TO(AGENT)},
    {0x0301, 0x03ff, TO(RISK)},
    {0x0401, 0x0401, TO(OWNER) | TO(OPERATOR) | TO(STRATEGY) | TO(AGENT)},
    {0x0403, 0x0403, TO(OWNER) | TO(OPERATOR) | TO(STRATEGY) | TO(RISK) | TO(AGENT)},
    {0x0402, 0x0402, TO(OWNER) | TO(OPERATOR) | TO(BROKER)},
    {0x0404, 0x04ff, TO(OWNER) | TO(OPERATOR) | TO(BROKER)},
    {0x0501, 0x05ff, TO(OWNER) | TO(OPERATOR) | TO(BROKER)},
    {0x0701, 0x0701, TO(JOURNAL)},
    {0x0702, 0x0702, TO(JOURNAL) | TO(OWNER) | TO(OPERATOR)},
    {0x0703, 0x0703, TO(OWNER) | TO(OPERATOR) | TO(COMPLIANCE)},
    {0x0708, 0x0708, TO(OWNER) | TO(OPERATOR) | TO(COMPLIANCE)},
    {0x0704, 0x0705, TO(JOURNAL) | TO(OPERATOR)},
    {0x070a, 0x070a, TO(JOURNAL) | TO(OPERATOR)},
    {0x0706, 0x0706, TO(JOURNAL) | TO(OWNER) | TO(OPERATOR) | TO(FEED)},
    {0x0707, 0x0707, TO(OWNER) | TO(OPERATOR) | TO(COMPLIANCE) | TO(AGENT)},
    {0x0709, 0x0709, TO(JOURNAL) | TO(OWNER) | TO(OPERATOR) | TO(COMPLIANCE) | TO(AUDITOR) | TO(AGENT)},
    {0x070b, 0x070b, TO(JOURNAL) | TO(OWNER)},
    {0x070c, 0x070d,
     TO(OWNER) | TO(OPERATOR) | TO(COMPLIANCE) | TO(AUDITOR) | TO(STRATEGY) | TO(RISK) | TO(BROKER) |
         TO(FEED) | TO(AGENT)},
    {0x070e, 0x0712, TO(OWNER) | TO(OPERATOR) | TO(COMPLIANCE)},
    {0x0715, 0x0716, TO(OWNER) | TO(OPERATOR) | TO(COMPLIANCE)},
    {0x0713, 0x0714, TO(JOURNAL)},
    {0x0717, 0x0717, TO(JOURNAL)},
};

static bool may_write(unsigned role, unsigned kind)
{
    for (size_t i = 0; i < sizeof WRITERS / sizeof WRITERS[0]; i++) {
        if (kind >= WRITERS[i].from && kind <= WRITERS[i].to)
            return (WRITERS[i].roles & TO(role)) != 0;
    }
    return false;
}

const char *persons_check(const struct persons *p, const struct form *e, struct words *w)
{
    const struct actor *const actor = persons_find(p, e->actor);
    const unsigned role = actor ? actor->role : JOURNAL;

    if (e->actor != 0 && !actor)
        return words_put(w, "its actor, %" PRIu32 ", is not known at that point", e->actor);
    if (!may_write(role, e->kind))
        return "its actor's role may not write such entries";
    if (actor && p->is_revoked[e->actor - 1])
        return "its actor was revoked";
    if (!p->owned_since) /* section 3.2, points 1 and 2 */
        return NULL;
    if (role >= OWNER && role <= AUDITOR && !e->is_signed)
        return "it is a person's, in a journal that has an owner, and is not signed";
    if (e->kind == KIND_ACTOR && role != OWNER)
        return "it adds an actor, and is not by an owner, whom the journal has";
    return NULL;
}

/* -- actors and their keys ---------------------------------------------------------------------------------- */

static void keep(void *signature)
{
    (void)signature; /* it is the export's */
}

void persons_release(struct persons *p)
{
    tdestroy(p->signatures, keep);
    free(p->proposals);
}

const struct actor *persons_find(const struct persons *p, uint32_t id)
{
    return id >= 1 && id <= p->count ? &p->actors[id - 1] : NULL;
}

const char *persons_add(struct persons *p, const struct actor *a, uint64_t seq)
{
    if (p->count == PERSONS_MAX)
        return "it adds an actor past the 512 that a journal may have";
    if (a->name_size == 7 && memcmp(a->name, "journal", 7) == 0)
        return "it adds an actor with the journal's own name";
    for (size_t i = 0; i < p->count; i++) {
        if (p->actors[i].name_size == a->name_size && memcmp(p->actors[i].name, a->name, a->name_size) == 0)
            return "it adds an actor with a name that is taken";
    }
    p->actors[p->count++] = *a;
    if (a->role == OWNER && !p->owned_since)
        p->owned_since = seq;
    return NULL;
}

/* control.actor: COUNT id, then the actor. */
static const char *take_actor(struct persons *p, const struct form *e, uint64_t seq, struct words *w)
{
    struct actor actor;

    if (plain_u64(e->body) != p->count + 1)
        return words_put(w, "it gives a new actor the id %" PRIu64 ", and the next one is %zu",
                         plain_u64(e->body), p->count + 1);
    entry_actor(e->body + 8, &actor);
    return persons_add(p, &actor, seq);
}

/* Owners that are not revoked. */
static size_t count_owners(const struct persons *p)
{
    size_t count = 0;

    for (size_t i = 0; i < p->count; i++)
        count += p->actors[i].role == OWNER && !p->is_revoked[i];
    return count;
}

/* Section 3.1. COUNT actor id; then KEY, of control.actor_key. */
static const char *take_change(struct persons *p, const struct form *e)
{
    const uint64_t id = plain_u64(e->body);

    if (id < 1 || id > p->count)
        return "it is about an actor who is not known at that point";
    struct actor *const about = &p->actors[id - 1];
    if (id != e->actor && p->actors[e->actor - 1].role != OWNER)
        return "it is about another actor than its own, who is no owner";
    if (e->kind == KIND_ACTOR_KEY)
        memcpy(about->key, e->body + 8, sizeof about->key);
    else if (about->role == OWNER && !p->is_revoked[id - 1] && count_owners(p) == 1)
        return "it would leave the journal without an owner";
    p->is_revoked[id - 1] = e->kind != KIND_ACTOR_KEY;
    return NULL;
}

/* -- section 3 ---------------------------------------------------------------------------------------------- */

static uint8_t statement[sizeof TITLE + VERIFIER_NAME_MAX + 1 + ENTRIES_MAX];

static size_t put_statement(const struct seal_key *key, const struct form *e)
{
    const size_t words_size = ENTRIES_HEADER + e->body_size;
    size_t size = sizeof TITLE - 1;

    memcpy(statement, TITLE, size);
    memcpy(statement + size, key->name, key->name_size);
    size += key->name_size;
    statement[size++] = '\n';
    memcpy(statement + size, e->bytes, words_size);
    memset(statement + size + 8, 0, 16); /* seq and recorded_at */
    return size + words_size;
}

static int compare_signatures(const void *a, const void *b)
{
    return memcmp(a, b, ENTRIES_SIGNATURE);
}

const char *persons_signature(struct persons *p, const struct seal_key *key, const struct form *e)
{
    const struct actor *const actor = persons_find(p, e->actor);
    const uint8_t *const signature = e->body + e->body_size;

    if (!actor)
        return "it is signed, but not by an actor with a key";
    const size_t size = put_statement(key, e);
    if (!seal_signature_is_good(actor->key, statement, size, signature))
        return "its signature is not that of its actor";
    if (tfind(signature, &p->signatures, compare_signatures))
        return "its signature stands in an earlier entry already";
    return tsearch(signature, &p->signatures, compare_signatures) ? NULL : PLAIN_NO_MEMORY;
}

/* -- section 3.2, points 3 to 5 ----------------------------------------------------------------------------- */

static bool needs_two(unsigned kind)
{
    return kind == KIND_CONFIGURATION || kind == KIND_RESUME || kind == KIND_RECOVERY || kind == KIND_HOLD ||
           kind == KIND_DISPOSAL || kind == KIND_OVERRIDE;
}

/* SHA-256(statement || signature) of a signed entry. */
static struct digest approvable(const struct seal_key *key, const struct form *e)
{
    const size_t size = put_statement(key, e);

    return digest_of(statement, size, e->body + e->body_size, ENTRIES_SIGNATURE);
}

/* Point 3. COUNT seconds, BLOB draft. */
static const char *take_proposal(struct persons *p, const struct seal_key *key, const struct form *e,
                                 uint64_t seq, struct words *w)
{
    const uint64_t seconds = plain_u64(e->body);
    struct form draft;

    if (seconds < 1 || seconds > SECONDS_MAX)
        return "it can be approved for less than a second, or more than a week";
    const char *broken = entry_read(&draft, e->body + 10, plain_u16(e->body + 8), 0, w);
    if (broken)
        return broken;
    if (draft.recorded_at_ns != 0)
        return "its draft says when it was recorded";
    if (!needs_two(draft.kind))
        return "its draft is of a kind that needs no second person";
    if (!draft.is_signed || draft.actor != e->actor)
        return "its draft is not signed by the actor who proposes it";
    const size_t size = put_statement(key, &draft);
    if (!seal_signature_is_good(p->actors[e->actor - 1].key, statement, size, draft.body + draft.body_size))
        return "its draft's signature is not good";
    struct proposal *const more = realloc(p->proposals, (p->proposal_count + 1) * sizeof *more);
    if (!more)
        return PLAIN_NO_MEMORY;
    p->proposals = more;
    more[p->proposal_count++] =
        (struct proposal){seq, e->actor, e->recorded_at_ns, seconds, approvable(key, &draft)};
    return NULL;
}

/* Point 4. DIGEST. */
static const char *take_approval(struct persons *p, const struct form *e, uint64_t seq)
{
    const struct proposal *of = NULL;

    for (size_t i = p->proposal_count; i-- > 0 && !of;)
        of = p->proposals[i].seq == e->cause ? &p->proposals[i] : NULL;
    if (!of)
        return "its cause is no proposal";
    if (of->actor == e->actor)
        return "it is by the one who proposed";
    if (memcmp(p->actors[of->actor - 1].key, p->actors[e->actor - 1].key, SEALS_KEY_SIZE) == 0)
        return "it is by the key of the one who proposed";
    if (p->is_revoked[of->actor - 1])
        return "the one who proposed was revoked";
    if ((uint64_t)e->recorded_at_ns - (uint64_t)of->recorded_at_ns > of->seconds * NS)
        return "it comes too late";
    if (memcmp(e->body, of->digest.bytes, DIGEST_SIZE) != 0)
        return "it approves something else than its cause proposes";
    p->approval = seq;
    p->approved = of->digest;
    p->approved_at_ns = e->recorded_at_ns;
    return NULL;
}

/* Point 5. */
static const char *check_approved(struct persons *p, const struct seal_key *key, const struct form *e,
                                  uint64_t seq)
{
    if (p->approval == 0 || p->approval + 1 != seq)
        return "it needs a second person's approval, which is not there before it";
    if (p->approved_at_ns != e->recorded_at_ns)
        return "it was recorded at another time than the approval before it";
    const struct digest mine = approvable(key, e);
    if (memcmp(&mine, &p->approved, sizeof mine) != 0)
        return "the approval before it approves something else";
    p->pairs++;
    return NULL;
}

const char *persons_take(struct persons *p, const struct seal_key *key, const struct form *e, uint64_t seq,
                         struct words *w)
{
    if (e->kind == KIND_ACTOR)
        return take_actor(p, e, seq, w);
    if (e->kind == KIND_REVOCATION || e->kind == KIND_ACTOR_KEY)
        return take_change(p, e);
    if (!p->owned_since)
        return NULL;
    if (e->kind == KIND_PROPOSAL)
        return take_proposal(p, key, e, seq, w);
    if (e->kind == KIND_APPROVAL)
        return take_approval(p, e, seq);
    return needs_two(e->kind) ? check_approved(p, key, e, seq) : NULL;
}
