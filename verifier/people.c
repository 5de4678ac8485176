#include "verifier/people.h"

#include <inttypes.h>
#include <search.h>

#define STATEMENT_TITLE "ledger statement v1\n"

static const char *add_actor(struct people *p, const struct actor *a)
{
    if (p->actor_count == PEOPLE_MAX)
        return "it adds an actor past the 512 that a journal may have";
    if (a->name_size == 7 && memcmp(a->name, "journal", 7) == 0)
        return "it adds an actor with the journal's own name";
    for (size_t i = 0; i < p->actor_count; i++) {
        if (p->actors[i].name_size == a->name_size && memcmp(p->actors[i].name, a->name, a->name_size) == 0)
            return "it adds an actor with a name that is taken";
    }
    p->actors[p->actor_count++] = *a;
    return NULL;
}

/* Rule 9 of control.key: COUNT epoch, KEY, TEXT. */
static const char *take_key(struct people *p, const struct form *e, const struct actor *actor, uint64_t seq)
{
    const uint64_t begins = seq + (e->is_signed ? 0 : 1);

    if (!e->is_signed && e->actor != 0)
        return "it hands over, and is not the journal's own";
    if (e->is_signed && (!actor || actor->role != ROLE_OWNER))
        return "it is a recovery, and its actor is no owner";
    if (plain_u64(e->body) != p->keys.count)
        return words_put(p->words, "it begins epoch %" PRIu64 ", and the next one is %zu", plain_u64(e->body),
                         p->keys.count);
    p->recovers = e->is_signed;
    p->hands_over = !e->is_signed;
    return seal_keys_add(&p->keys, p->key.name, p->key.name_size, e->body + 8, begins, e->is_signed,
                         p->words);
}

/* Rule 9 of genesis: TEXT origin, KEY, ACTORS. */
static const char *take_genesis(struct people *p, const struct form *e)
{
    const size_t name_size = plain_u16(e->body);
    const uint8_t *const name = e->body + 2;
    const uint8_t *const key = name + name_size;
    const uint8_t *row = key + SEALS_KEY_SIZE + 1;
    const char *broken = NULL;

    if (!p->has_key)
        broken = seal_key_make(&p->key, name, name_size, key);
    else if (name_size != p->key.name_size || memcmp(name, p->key.name, name_size) != 0)
        broken = "it names another journal than the given key does";
    else if (memcmp(key, p->key.bytes, SEALS_KEY_SIZE) != 0)
        broken = "it names another key than the given one";
    p->has_key = p->has_key || !broken;
    if (!broken)
        broken = seal_keys_add(&p->keys, p->key.name, p->key.name_size, key, 1, false, p->words);
    for (unsigned i = 0; !broken && i < key[SEALS_KEY_SIZE]; i++) {
        struct actor actor;
        row = entry_actor(row, &actor);
        broken = add_actor(p, &actor);
    }
    return broken;
}

/* Rule 9 of control.actor: COUNT id, then the actor. */
static const char *take_actor(struct people *p, const struct form *e)
{
    struct actor actor;

    if (plain_u64(e->body) != p->actor_count + 1)
        return words_put(p->words, "it gives a new actor the id %" PRIu64 ", and the next one is %zu",
                         plain_u64(e->body), p->actor_count + 1);
    entry_actor(e->body + 8, &actor);
    return add_actor(p, &actor);
}

static int compare_signatures(const void *a, const void *b)
{
    return memcmp(a, b, ENTRIES_SIGNATURE);
}

/* Section 3. The entry is signed. */
static const char *check_signature(struct people *p, const struct form *e, const struct actor *actor)
{
    static uint8_t statement[sizeof STATEMENT_TITLE + VERIFIER_NAME_MAX + 1 + ENTRIES_MAX];
    const uint8_t *const signature = e->body + e->body_size;
    const size_t words_size = ENTRIES_HEADER + e->body_size;

    if (!actor)
        return "it is signed, but not by an actor with a key";
    size_t size = sizeof STATEMENT_TITLE - 1;
    memcpy(statement, STATEMENT_TITLE, size);
    memcpy(statement + size, p->key.name, p->key.name_size);
    size += p->key.name_size;
    statement[size++] = '\n';
    memcpy(statement + size, e->bytes, words_size);
    memset(statement + size + 8, 0, 16); /* seq and recorded_at */
    if (!seal_signature_is_good(actor->key, statement, size + words_size, signature))
        return "its signature is not that of its actor";
    p->signature_count++;
    if (tfind(signature, &p->signatures, compare_signatures))
        return "its signature stands in an earlier entry already";
    return tsearch(signature, &p->signatures, compare_signatures) ? NULL : PLAIN_NO_MEMORY;
}

static bool is_derived(const struct form *e, const struct actor *actor)
{
    const unsigned family = e->kind >> 8;
    const bool kind = family == FAMILY_DECISION || family == FAMILY_RISK || e->kind == KIND_ORDER_NEW ||
                      e->kind == KIND_ORDER_CANCEL;

    return kind && (e->actor == 0 || actor->role == ROLE_STRATEGY || actor->role == ROLE_RISK);
}

static bool must_be_signed(unsigned kind)
{
    return kind == KIND_CONFIGURATION || kind == KIND_STOP || kind == KIND_RESUME ||
           (kind >= KIND_REVOCATION && kind <= KIND_DISPOSAL);
}

const char *people_check(struct people *p, const struct form *e, uint64_t seq)
{
    const bool is_genesis = e->kind == KIND_GENESIS;
    const struct actor *const actor =
        e->actor >= 1 && e->actor <= p->actor_count ? &p->actors[e->actor - 1] : NULL;
    const char *broken = NULL;

    if (is_genesis != (seq == 1)) /* 4 */
        return is_genesis ? "it is a second genesis" : "it is not the genesis that comes first";
    if (!is_genesis && e->recorded_at_ns < p->recorded_at_ns) /* 5 */
        return "it says that it was recorded before the entry that it follows";
    if (e->cause >= seq)
        return words_put(p->words, "its cause, entry %" PRIu64 ", is not an earlier one", e->cause);
    if (e->actor != 0 && !actor) /* 6 */
        return words_put(p->words, "its actor, %" PRIu32 ", is not known at that point", e->actor);
    if (e->cause == 0 && is_derived(e, actor)) /* 7 */
        return "it was derived, and names no cause";
    if (e->is_signed) /* 8 */
        broken = check_signature(p, e, actor);
    else if (must_be_signed(e->kind))
        broken = "it lacks the signature that its kind must carry";
    if (!broken && is_genesis) /* 9 */
        broken = take_genesis(p, e);
    if (!broken && e->kind == KIND_ACTOR)
        broken = take_actor(p, e);
    p->hands_over = false;
    p->recovers = false;
    if (!broken && e->kind == KIND_KEY)
        broken = take_key(p, e, actor, seq);
    if (!broken)
        p->recorded_at_ns = e->recorded_at_ns;
    return broken;
}

const struct actor *people_wrong_witness(const struct people *p, const uint8_t *note, size_t note_size,
                                         uint64_t *cosignatures)
{
    for (size_t i = 0; i < p->actor_count; i++) {
        const struct actor *const a = &p->actors[i];
        const enum seal_witness line = a->role == ROLE_WITNESS
                                           ? seal_witness(a->name, a->name_size, a->key, note, note_size)
                                           : WITNESS_SILENT;
        if (line == WITNESS_WRONG)
            return a;
        *cosignatures += line == WITNESS_GOOD;
    }
    return NULL;
}

void people_report(const struct people *p, const struct tree *tree, struct verifier_report *report)
{
    const struct digest root = tree_root(tree);
    const struct seal_key *const newest = seal_keys_at(&p->keys, UINT64_MAX);

    memcpy(report->root, root.bytes, sizeof report->root);
    report->signatures = p->signature_count;
    if (!p->has_key)
        return;
    memcpy(report->origin, p->key.name, p->key.name_size + 1);
    seal_key_format(&p->key, report->vkey);
    seal_key_format(newest ? newest : &p->key, report->newest_vkey);
    report->epochs = p->keys.count;
}

static void keep_signature(void *signature)
{
    (void)signature; /* they stand in the entries */
}

void people_release(struct people *p)
{
    tdestroy(p->signatures, keep_signature);
    free(p->keys.epochs);
}
