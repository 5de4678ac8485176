/*
 * What an entry must obey, whatever the tree says of it. In order:
 *
 *   1. the header's own rules             6. a known actor who may write it
 *   2. its seq is the next                7. what the program derived names its cause
 *   3. its body in canonical form         8. the actor's signature where there must be one,
 *   4. genesis first, and only first         and a good one wherever there is one
 *   5. recorded_at does not step back;    9. genesis, new actors, new keys: names, ids, keys;
 *      the cause is an earlier entry         revocations; what needs two persons
 */
#include "audit/walk.h"

#include <inttypes.h>
#include <stdlib.h>

/* -- what genesis and actor entries say; their bodies are canonical by now ------------------------------- */

/* `row` is: u8 length, name, u8 role, 32 bytes of key. Returns what follows it. */
static const uint8_t *read_actor(const uint8_t *row, struct walk_actor *a)
{
    memset(a, 0, sizeof *a);
    a->name_length = row[0];
    memcpy(a->name, row + 1, a->name_length);
    row += 1 + a->name_length;
    a->role = row[0];
    memcpy(a->key, row + 1, sizeof a->key);
    return row + 1 + sizeof a->key;
}

static enum err_code add_actor(struct walk *w, uint64_t seq, const struct walk_actor *a, struct err *err)
{
    static const char OWN[] = "journal";

    struct walk_persons *const p = w->persons;

    if (p->count == WALK_ACTORS_MAX)
        return err_set(err, ERR_WRONG, "it adds an actor past the %d that a journal may have",
                       WALK_ACTORS_MAX);
    if (a->name_length == sizeof OWN - 1 && memcmp(a->name, OWN, sizeof OWN - 1) == 0)
        return err_set(err, ERR_WRONG, "it adds an actor \"journal\", which is the journal's own name");
    for (uint32_t i = 0; i < p->count; i++) {
        const struct walk_actor *const other = &p->actors[i];
        if (other->name_length == a->name_length && memcmp(other->name, a->name, a->name_length) == 0)
            return err_set(err, ERR_WRONG, "it adds an actor \"%.*s\", which there is already",
                           a->name_length, (const char *)a->name);
    }
    p->actors[p->count++] = *a;
    if (a->role == ROLE_OWNER && !p->owned_since)
        p->owned_since = seq;
    return ERR_OK;
}

/* u16 length, origin; 32 bytes of key; u8 count, actors */
static enum err_code take_genesis(struct walk *w, const uint8_t *body, struct err *err)
{
    const size_t origin_size = (size_t)body[0] << 8 | body[1];
    const uint8_t *const key = body + 2 + origin_size;
    const uint8_t *row = key + NOTE_PUBLIC_KEY_SIZE + 1;
    enum err_code rc = walk_key_genesis(w, (const char *)body + 2, origin_size, key, err);

    for (unsigned i = 0; !rc && i < key[NOTE_PUBLIC_KEY_SIZE]; i++) {
        struct walk_actor actor;
        row = read_actor(row, &actor);
        rc = add_actor(w, 1, &actor, err);
    }
    return rc;
}

/* i64 id, then the actor */
static enum err_code take_actor(struct walk *w, uint64_t seq, const uint8_t *body, struct err *err)
{
    struct walk_actor actor;
    const uint64_t id = wire_load_u64(body);

    if (id != (uint64_t)w->persons->count + 1)
        return err_set(err, ERR_WRONG,
                       "it gives a new actor the id %" PRIu64 ", and the next one is %" PRIu32, id,
                       w->persons->count + 1);
    read_actor(body + 8, &actor);
    const enum err_code rc = walk_persons_change(w, err);
    return rc ? rc : add_actor(w, seq, &actor, err);
}

/* -- signatures ------------------------------------------------------------------------------------------ */

/* "ledger statement v1" LF origin LF, then the entry without its signature, and without its place. */
size_t walk_statement(const struct walk_known *known, const uint8_t *bytes, size_t said)
{
    static const char LABEL[] = "ledger statement v1\n";
    uint8_t *p = known->statement;

    memcpy(p, LABEL, sizeof LABEL - 1);
    p += sizeof LABEL - 1;
    memcpy(p, known->key->name, known->key->name_size);
    p += known->key->name_size;
    *p++ = '\n';
    memcpy(p, bytes, said);
    memset(p + 8, 0, 16); /* seq and recorded_at are the journal's words, not the actor's */
    return (size_t)(p - known->statement) + said;
}

/* Where a signature stands, or would. */
static uint8_t *signature_slot(const struct walk_signatures *seen, const uint8_t *signature)
{
    static const uint8_t FREE[16];
    size_t at = (size_t)wire_load_u64(signature + 8) & (seen->capacity - 1);

    while (memcmp(seen->slots[at], FREE, sizeof FREE) != 0 &&
           memcmp(seen->slots[at], signature, sizeof FREE) != 0)
        at = (at + 1) & (seen->capacity - 1);
    return seen->slots[at];
}

static enum err_code make_room(struct walk_signatures *seen, struct err *err)
{
    struct walk_signatures grown = {.capacity = seen->capacity ? 2 * seen->capacity : 64,
                                    .count = seen->count};

    if (2 * seen->count < seen->capacity)
        return ERR_OK;
    grown.slots = calloc(grown.capacity, sizeof *grown.slots);
    if (!grown.slots)
        return err_set(err, ERR_MEMORY, "out of memory");
    for (size_t i = 0; i < seen->capacity; i++)
        memcpy(signature_slot(&grown, seen->slots[i]), seen->slots[i], sizeof seen->slots[i]);
    free(seen->slots);
    *seen = grown;
    return ERR_OK;
}

/* The statement has no place in it: put in a second time, the old words would speak again. */
enum err_code walk_signature_note(struct walk_signatures *seen, const uint8_t *signature, struct err *err)
{
    const enum err_code rc = make_room(seen, err);

    if (rc)
        return rc;
    uint8_t *const slot = signature_slot(seen, signature);
    if (memcmp(slot, signature, sizeof *seen->slots) == 0)
        return err_set(err, ERR_WRONG,
                       "its signature stands in an earlier entry already: it was put in again");
    memcpy(slot, signature, sizeof *seen->slots);
    seen->count++;
    return ERR_OK;
}

bool walk_signature_is_known(const struct walk_signatures *seen, const uint8_t *signature)
{
    return seen->count > 0 && memcmp(signature_slot(seen, signature), signature, sizeof *seen->slots) == 0;
}

static enum err_code check_signature(const struct walk_known *known, const struct canonical *c,
                                     const uint8_t *bytes, struct err *err)
{
    const struct walk_actor *const actor = walk_actor_find(known, c->actor);

    if (!c->signature) {
        if (entry_kind_needs_signature((enum entry_kind)c->kind))
            return err_set(err, ERR_WRONG, "it lacks the signature that its kind must carry");
        return ERR_OK;
    }
    if (!actor)
        return err_set(err, ERR_WRONG, "it is signed, but not by an actor with a key");
    const size_t size = walk_statement(known, bytes, ENTRY_HEADER_SIZE + c->body_size);
    if (note_verify_bytes(actor->key, known->statement, size, c->signature, err))
        return err_set(err, ERR_WRONG, "its signature is not that of its actor, %.*s", actor->name_length,
                       (const char *)actor->name);
    return ERR_OK;
}

/* -- all rules ------------------------------------------------------------------------------------------- */

/* Written by the program itself, as the journal, a strategy or the governor: it can be recomputed, so it says
 * from what. What a person enters by hand needs no cause. */
static bool is_derived(const struct walk_known *known, const struct canonical *c)
{
    const struct walk_actor *const actor = walk_actor_find(known, c->actor);

    return entry_kind_is_derived((enum entry_kind)c->kind) &&
           (!actor || actor->role == ROLE_STRATEGY || actor->role == ROLE_RISK);
}

static enum err_code check_order(const struct walk_known *known, const struct canonical *c, uint64_t seq,
                                 int64_t before_ns, struct err *err)
{
    const bool is_genesis = c->kind == ENTRY_CONTROL_GENESIS;

    if (is_genesis != (seq == 1))
        return err_set(err, ERR_WRONG,
                       is_genesis ? "it is a second genesis" : "it is not the genesis that comes first");
    if (seq > 1 && c->recorded_at_ns < before_ns)
        return err_set(err, ERR_WRONG, "it says that it was recorded before the entry that it follows");
    if (c->cause >= seq)
        return err_set(err, ERR_WRONG, "its cause, entry %" PRIu64 ", is not an earlier one", c->cause);
    const enum err_code rc = walk_actor_check(known, c, err);
    if (rc)
        return rc;
    if (c->cause == 0 && is_derived(known, c))
        return err_set(err, ERR_WRONG, "it was derived, and names no cause");
    return ERR_OK;
}

enum err_code walk_entry_check(const struct walk_known *known, uint64_t seq, int64_t before_ns,
                               const uint8_t *bytes, size_t size, struct canonical *c, struct err *err)
{
    enum err_code rc = canonical_header(bytes, size, c, err);

    if (!rc && c->seq != seq)
        rc = err_set(err, ERR_WRONG, "the bytes in its place say that they are entry %" PRIu64, c->seq);
    if (!rc)
        rc = canonical_body(c, known->kinds, err);
    if (!rc)
        rc = check_order(known, c, seq, before_ns, err);
    if (!rc)
        rc = check_signature(known, c, bytes, err);
    return rc;
}

struct walk_known walk_known(struct walk *w)
{
    return (struct walk_known){&w->kinds, &w->roles, w->persons, &w->key, w->statement};
}

enum err_code walk_entry_rules(struct walk *w, const uint8_t *bytes, size_t size, struct canonical *c,
                               struct err *err)
{
    const struct walk_known known = walk_known(w);

    enum err_code rc = walk_entry_check(&known, w->seq + 1, w->recorded_at_ns, bytes, size, c, err);
    if (!rc && c->signature) {
        w->report->signatures++;
        rc = walk_signature_note(&w->signatures, c->signature, err);
    }
    if (rc)
        return rc;
    w->recorded_at_ns = c->recorded_at_ns;
    w->key_change = WALK_KEY_STAYS;
    if (c->kind == ENTRY_CONTROL_GENESIS)
        return take_genesis(w, c->body, err);
    if (c->kind == ENTRY_CONTROL_ACTOR)
        return take_actor(w, c->seq, c->body, err);
    if (c->kind == ENTRY_CONTROL_KEY)
        return walk_key_next(w, c, err);
    if (c->kind == ENTRY_CONTROL_REVOCATION || c->kind == ENTRY_CONTROL_ACTOR_KEY)
        return walk_persons_rekey(w, c, err);
    return walk_dual_rules(w, c, bytes, err);
}
