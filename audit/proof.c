/* What a proof is made of, and the check: docs/PROOFS.md, "The check". */
#include "audit/proof.h"

#include "ledger/checkpoint.h"

#include <inttypes.h>
#include <stdlib.h>

/* -- memory ---------------------------------------------------------------------------------------------- */

enum err_code proof_bytes_set(struct proof_bytes *b, const void *bytes, size_t size, struct err *err)
{
    uint8_t *const copy = malloc(size + 1);

    if (!copy)
        return err_set(err, ERR_MEMORY, "out of memory for a proof");
    if (size > 0)
        memcpy(copy, bytes, size);
    copy[size] = '\0';
    free(b->at);
    *b = (struct proof_bytes){copy, size};
    return ERR_OK;
}

static void step_release(struct proof_step *s)
{
    free(s->entry.at);
    free(s->seal.at);
}

void proof_init(struct proof *p)
{
    *p = (struct proof){.key_count = 0};
}

void proof_release(struct proof *p)
{
    for (size_t i = 0; i < p->key_count; i++) {
        step_release(&p->keys[i].step);
        step_release(&p->keys[i].owner);
    }
    free(p->keys);
    step_release(&p->last);
    free(p->old_seal.at);
    proof_init(p);
}

/* -- seals ----------------------------------------------------------------------------------------------- */

/* How far the check has come: the newest key that it trusts, and the newest tree that a trusted key has signed. */
struct trust {
    struct note_key key;
    uint64_t epoch; /* of the key */
    uint64_t least; /* entries that a seal by this key covers */
    uint64_t size;
    struct hash root;
};

/* A good seal of the key's own journal. */
static enum err_code seal_open(const struct proof_bytes *note, const struct note_key *key,
                               struct checkpoint *c, struct err *err)
{
    REQUIRE(note->at);
    const enum err_code rc = checkpoint_open(c, note->at, note->size, key, 1, err);
    if (rc == ERR_KEY)
        return err_set(err, ERR_WRONG, "the seal is not signed by this key of %s", key->name);
    if (rc)
        return rc;
    if (strcmp(c->origin, key->name) != 0)
        return err_set(err, ERR_WRONG, "the seal is of another journal: %s, not %s", c->origin, key->name);
    if (c->extension_size != 0)
        return err_set(err, ERR_WRONG, "the seal says more than a seal does");
    return ERR_OK;
}

/* The next seal of the proof: signed by the key, and over a tree that the last one's has become. */
static enum err_code trust_seal(struct trust *t, const struct proof_step *step, struct err *err)
{
    struct checkpoint c;

    enum err_code rc = seal_open(&step->seal, &t->key, &c, err);
    if (!rc && c.size < t->least)
        rc = err_set(err, ERR_WRONG,
                     "the seal covers %" PRIu64 " entries, and this key signs only those of %" PRIu64
                     " and more",
                     c.size, t->least);
    if (rc)
        return rc;
    rc = merkle_check_consistency(t->size, c.size, &step->consistency, &t->root, &c.root, err);
    if (rc) {
        err_wrap(err, "the tree of %" PRIu64 " entries is not how that of %" PRIu64 " went on", c.size,
                 t->size);
        return rc;
    }
    t->size = c.size;
    t->root = c.root;
    return ERR_OK;
}

/* -- changes of the key ---------------------------------------------------------------------------------- */

/* The step's entry, which stands in the newest trusted tree at the place that it names. */
static enum err_code trust_entry(const struct trust *t, const struct proof_step *step, struct entry *e,
                                 struct err *err)
{
    const struct hash leaf = hash_leaf(step->entry.at, step->entry.size);
    struct err why;

    if (entry_decode(step->entry.at, step->entry.size, e, &why))
        return err_set(err, ERR_WRONG, "its entry is none that this program can read: %s", why.text);
    return merkle_check_inclusion(&leaf, e->seq - 1, t->size, &step->path, &t->root, err);
}

/* The key of owner `id`, as genesis or the entry that added the owner says it; NULL when it says no such thing. */
static const uint8_t *owner_key(const struct entry *e, uint32_t id)
{
    if (e->kind == ENTRY_CONTROL_GENESIS && id >= 1 && id <= e->as.control_genesis.actors.count &&
        e->as.control_genesis.actors.rows[id - 1].role == ROLE_OWNER)
        return e->as.control_genesis.actors.rows[id - 1].key;
    if (e->kind == ENTRY_CONTROL_ACTOR && e->as.control_actor.actor_id == (int64_t)id &&
        e->as.control_actor.role == ROLE_OWNER)
        return e->as.control_actor.key.bytes;
    return NULL;
}

/* A key that was lost: an owner, whom a tree signed by the lost key names, has signed what the new one is. */
static enum err_code check_owner(struct trust *t, const struct proof_key *k, const struct entry *change,
                                 struct err *err)
{
    uint8_t statement[ENTRY_MAX_SIZE + NOTE_NAME_MAX + 32];
    struct entry named;

    enum err_code rc = trust_seal(t, &k->owner, err);
    if (!rc)
        rc = trust_entry(t, &k->owner, &named, err);
    if (rc) {
        err_wrap(err, "owner");
        return rc;
    }
    const uint8_t *const key = owner_key(&named, change->actor);
    if (!key || !change->is_signed)
        return err_set(err, ERR_WRONG, "no owner who was known before has signed it");
    if (t->size != change->seq - 1)
        return err_set(err, ERR_WRONG, "the seal of the lost key does not end before entry %" PRIu64,
                       change->seq);
    const size_t size = entry_statement(k->step.entry.at, k->step.entry.size, t->key.name, statement);
    rc = note_verify_bytes(key, statement, size, change->signature, err);
    if (rc)
        err_wrap(err, "owner");
    return rc;
}

/* The key that the entry names is trusted from now on, for seals of `least` entries and more. */
static enum err_code take_key(struct trust *t, const struct entry *change, uint64_t least, struct err *err)
{
    struct note_key next;

    if (note_key_init(&next, t->key.name, t->key.name_size, NOTE_KEY_ED25519,
                      change->as.control_key.key.bytes, err))
        return err_set(err, ERR_WRONG, "it names bytes that are no key");
    t->key = next;
    t->epoch++;
    t->least = least;
    return ERR_OK;
}

/*
 * 1. The entry is a control.key, and the next one.
 * 2. A hand-over: a seal by the key before ends with it, and the new key signs what is larger.
 * 3. A recovery: the seals of the lost key end before it, and one by the new key with it.
 */
static enum err_code check_key(struct trust *t, const struct proof_key *k, struct err *err)
{
    struct entry e;
    struct err why;
    enum err_code rc = ERR_OK;

    if (entry_decode(k->step.entry.at, k->step.entry.size, &e, &why) || e.kind != ENTRY_CONTROL_KEY)
        return err_set(err, ERR_WRONG, "its entry is no control.key");
    if (e.as.control_key.epoch < 1 || (uint64_t)e.as.control_key.epoch != t->epoch + 1)
        return err_set(err, ERR_WRONG, "it names the key of epoch %" PRId64 " where %" PRIu64 " comes next",
                       e.as.control_key.epoch, t->epoch + 1);
    if (k->has_owner) {
        rc = check_owner(t, k, &e, err);
        if (!rc)
            rc = take_key(t, &e, e.seq, err);
    }
    if (!rc)
        rc = trust_seal(t, &k->step, err);
    if (!rc)
        rc = trust_entry(t, &k->step, &e, err);
    if (!rc && t->size != e.seq)
        rc = err_set(err, ERR_WRONG, "no seal ends with entry %" PRIu64, e.seq);
    if (rc || k->has_owner)
        return rc;
    if (e.is_signed || e.actor != 0)
        return err_set(err, ERR_WRONG, "entry %" PRIu64 " is not by the journal, and no owner is named",
                       e.seq);
    return take_key(t, &e, e.seq + 1, err);
}

/* Somebody who was given the key of a later epoch cannot begin with it: who says that it followed the first? */
static enum err_code check_is_first(const struct proof *p, const struct note_key *key, struct err *err)
{
    struct entry e;

    for (size_t i = 0; i < p->key_count; i++) {
        const struct proof_bytes *const b = &p->keys[i].step.entry;
        if (entry_decode(b->at, b->size, &e, NULL) == ERR_OK && e.kind == ENTRY_CONTROL_KEY &&
            memcmp(e.as.control_key.key.bytes, key->public_key, NOTE_PUBLIC_KEY_SIZE) == 0)
            return err_set(err, ERR_INPUT,
                           "the given key is that of epoch %zu: the check begins with the first, of genesis",
                           i + 1);
    }
    return ERR_OK;
}

/* Follows the changes to the newest key; *old_key is the one that signs seals of `old_size` entries. */
static enum err_code follow_keys(struct trust *t, const struct proof *p, uint64_t old_size,
                                 struct note_key *old_key, struct err *err)
{
    enum err_code rc = check_is_first(p, &t->key, err);

    *old_key = t->key;
    for (size_t i = 0; !rc && i < p->key_count; i++) {
        rc = check_key(t, &p->keys[i], err);
        if (rc) {
            err_wrap(err, "change %zu of the key", i + 1);
            return rc;
        }
        if (old_size >= t->least)
            *old_key = t->key;
    }
    return rc;
}

/* -- what is proven -------------------------------------------------------------------------------------- */

/* Is it the entry that belongs there? Others' leaves are bytes that say nothing of their place. */
static enum err_code read_entry(const struct proof_step *step, uint64_t seq, struct proof_finding *f,
                                struct err *err)
{
    struct err why;

    f->is_entry = false;
    if (entry_decode_header(step->entry.at, step->entry.size, &f->entry, &why))
        return ERR_OK;
    if (f->entry.seq != seq)
        return err_set(err, ERR_WRONG, "at place %" PRIu64 " stands an entry that says it is number %" PRIu64,
                       seq, f->entry.seq);
    f->is_entry = entry_decode(step->entry.at, step->entry.size, &f->entry, &why) == ERR_OK;
    return ERR_OK;
}

static enum err_code check_inclusion(const struct proof *p, struct proof_finding *f, struct err *err)
{
    const struct proof_step *const s = &p->last;

    f->leaf = hash_leaf(s->entry.at, s->entry.size);
    const enum err_code rc = merkle_check_inclusion(&f->leaf, p->seq - 1, f->size, &s->path, &f->root, err);
    if (rc)
        err_wrap(err, "entry %" PRIu64, p->seq);
    return rc ? rc : read_entry(s, p->seq, f, err);
}

/* How many entries the old seal says it covers, signed or not: that tells whose signature it needs. */
static enum err_code old_size(const struct proof *p, uint64_t *size, struct err *err)
{
    struct checkpoint c;
    struct note note;

    enum err_code rc = note_parse(&note, p->old_seal.at, p->old_seal.size, err);
    if (!rc)
        rc = checkpoint_parse(&c, note.text, note.text_size, err);
    if (!rc)
        *size = c.size;
    return rc;
}

static enum err_code check_consistency(const struct proof *p, const struct note_key *old_key,
                                       struct proof_finding *f, struct err *err)
{
    struct checkpoint old;

    enum err_code rc = seal_open(&p->old_seal, old_key, &old, err);
    if (rc) {
        err_wrap(err, "the old seal");
        return rc;
    }
    f->old_size = old.size;
    f->old_root = old.root;
    return merkle_check_consistency(old.size, f->size, &p->last.path, &old.root, &f->root, err);
}

enum err_code proof_check(const struct proof *p, const struct note_key *key, struct proof_finding *f,
                          struct err *err)
{
    struct trust trust = {.key = *key, .root = hash_empty()};
    struct proof_finding found = {.size = 0};
    struct note_key old_key;
    enum err_code rc = ERR_OK;

    REQUIRE(p->type == PROOF_INCLUSION || p->type == PROOF_CONSISTENCY);
    if (p->type == PROOF_INCLUSION && !p->last.entry.at)
        return err_set(err, ERR_INPUT, "the proof does not hold its entry, and none was given");
    if (p->type == PROOF_CONSISTENCY)
        rc = old_size(p, &found.old_size, err);
    if (!rc)
        rc = follow_keys(&trust, p, found.old_size, &old_key, err);
    if (!rc)
        rc = trust_seal(&trust, &p->last, err);
    if (rc)
        return rc;
    memcpy(found.origin, key->name, key->name_size + 1);
    found.size = trust.size;
    found.root = trust.root;
    found.key = trust.key;
    found.epoch = trust.epoch;
    if (p->type == PROOF_INCLUSION)
        rc = check_inclusion(p, &found, err);
    else
        rc = check_consistency(p, &old_key, &found, err);
    if (!rc)
        *f = found;
    return rc;
}
