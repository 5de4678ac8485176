#include "verifier/people.h"

#include <inttypes.h>

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
        broken = persons_add(&p->persons, &actor, 1);
    }
    return broken;
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
           (kind >= KIND_REVOCATION && kind <= KIND_DISPOSAL) || kind == KIND_CORRECTION ||
           kind == KIND_OVERRIDE;
}

const char *people_check(struct people *p, const struct form *e, uint64_t seq)
{
    const bool is_genesis = e->kind == KIND_GENESIS;
    const struct actor *const actor = persons_find(&p->persons, e->actor);
    const char *broken = NULL;

    if (is_genesis != (seq == 1)) /* 4 */
        return is_genesis ? "it is a second genesis" : "it is not the genesis that comes first";
    if (!is_genesis && e->recorded_at_ns < p->recorded_at_ns) /* 5 */
        return "it says that it was recorded before the entry that it follows";
    if (e->cause >= seq)
        return words_put(p->words, "its cause, entry %" PRIu64 ", is not an earlier one", e->cause);
    broken = persons_check(&p->persons, e, p->words); /* 6 */
    if (broken)
        return broken;
    if (e->cause == 0 && is_derived(e, actor)) /* 7 */
        return "it was derived, and names no cause";
    if (e->is_signed) /* 8 */
        broken = persons_signature(&p->persons, &p->key, e);
    else if (must_be_signed(e->kind))
        broken = "it lacks the signature that its kind must carry";
    if (!broken && is_genesis) /* 9 */
        broken = take_genesis(p, e);
    if (!broken)
        broken = persons_take(&p->persons, &p->key, e, seq, p->words);
    p->hands_over = false;
    p->recovers = false;
    if (!broken && e->kind == KIND_KEY)
        broken = take_key(p, e, actor, seq);
    if (broken)
        return broken;
    p->recorded_at_ns = e->recorded_at_ns;
    p->signature_count += e->is_signed;
    return NULL;
}

const struct actor *people_wrong_witness(const struct people *p, const uint8_t *note, size_t note_size,
                                         uint64_t *cosignatures)
{
    for (size_t i = 0; i < p->persons.count; i++) {
        const struct actor *const a = &p->persons.actors[i];
        const enum seal_witness line = a->role == ROLE_WITNESS && !p->persons.is_revoked[i]
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
    if (p->persons.owned_since <= report->entries)
        report->owned_since = p->persons.owned_since;
    if (!p->has_key)
        return;
    memcpy(report->origin, p->key.name, p->key.name_size + 1);
    seal_key_format(&p->key, report->vkey);
    seal_key_format(newest ? newest : &p->key, report->newest_vkey);
    report->epochs = p->keys.count;
}

void people_release(struct people *p)
{
    persons_release(&p->persons);
    free(p->keys.epochs);
}
