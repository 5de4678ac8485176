/* Proofs from a journal's stored tiles, entries and seals. */
#include "audit/proof_form.h"

#include <inttypes.h>

static enum err_code take_seal(const struct seal *seal, struct proof_bytes *to, struct err *err)
{
    return proof_bytes_set(to, seal->note, seal->note_size, err);
}

/* Entry `seq`, its path to the root of the seal, and the seal. */
static enum err_code take_step(struct journal_reader *r, uint64_t seq, const struct seal *seal,
                               struct proof_step *step, struct err *err)
{
    struct journal_record record;

    enum err_code rc = journal_reader_inclusion(r, seq, seal->size, step->path.nodes, &step->path.count, err);
    if (!rc)
        rc = journal_reader_get(r, seq, &record, err);
    if (!rc)
        rc = proof_bytes_set(&step->entry, record.bytes, record.size, err);
    return rc ? rc : take_seal(seal, &step->seal, err);
}

static enum err_code find_exact(struct journal_reader *r, uint64_t size, struct seal *seal, struct err *err)
{
    const enum err_code rc = journal_reader_seal(r, size, seal, err);

    if (!rc && seal->size != size)
        return err_set(err, ERR_NOT_FOUND,
                       "no seal covers exactly %" PRIu64 " entries; the next one covers %" PRIu64, size,
                       seal->size);
    return rc;
}

/* -- changes of the key ---------------------------------------------------------------------------------- */

/* The seals of the proof so far. */
struct chain {
    struct journal_reader *r;
    struct proof *p;
    uint64_t size; /* of the newest */
};

/* Adds the seal and, if seq is not 0, that entry below it. */
static enum err_code chain_add(struct chain *c, uint64_t seq, const struct seal *seal,
                               struct proof_step *step, struct err *err)
{
    enum err_code rc = journal_reader_consistency(c->r, c->size, seal->size, step->consistency.nodes,
                                                  &step->consistency.count, err);
    if (!rc)
        rc = seq ? take_step(c->r, seq, seal, step, err) : take_seal(seal, &step->seal, err);
    if (!rc)
        c->size = seal->size;
    return rc;
}

/* The entry that names actor `id` and its key, before entry `before`. */
static enum err_code find_owner(struct journal_reader *r, uint32_t id, uint64_t before, uint64_t *seq,
                                struct err *err)
{
    struct journal_record record;
    struct entry e;
    uint64_t found_seq = 0;
    uint64_t from = 1;
    bool found = false;

    for (;;) {
        enum err_code rc = journal_reader_control(r, from, &record, &found, err);
        if (!rc && found && record.seq < before)
            rc = entry_decode(record.bytes, record.size, &e, err);
        if (rc)
            return rc;
        if (!found || record.seq >= before)
            break;
        if ((e.kind == ENTRY_CONTROL_GENESIS && id <= e.as.control_genesis.actors.count) ||
            (e.kind == ENTRY_CONTROL_ACTOR && e.as.control_actor.actor_id == (int64_t)id))
            found_seq = record.seq;
        if (e.kind == ENTRY_CONTROL_ACTOR_KEY && e.as.control_actor_key.actor_id == (int64_t)id)
            return err_set(err, ERR_INPUT,
                           "the owner who signed entry %" PRIu64 " had a new key since entry %" PRIu64
                           ", which a proof cannot show: hand out the whole journal (ledger export)",
                           before, record.seq);
        from = record.seq + 1;
    }
    *seq = found_seq;
    return ERR_OK;
}

/* The last seal before a recovery, and in its tree the owner who signed that. */
static enum err_code add_owner(struct chain *c, const struct epoch *epoch, struct proof_key *k,
                               struct err *err)
{
    struct seal seal;
    uint64_t named = 0;

    k->has_owner = true;
    enum err_code rc = find_owner(c->r, epoch->owner, epoch->entry, &named, err);
    if (!rc && named == 0)
        rc = err_set(err, ERR_WRONG, "entry %" PRIu64 " is signed by actor %" PRIu32 ", who was never named",
                     epoch->entry, epoch->owner);
    if (!rc)
        rc = find_exact(c->r, epoch->entry - 1, &seal, err);
    return rc ? rc : chain_add(c, named, &seal, &k->owner, err);
}

static enum err_code add_key(struct chain *c, const struct epoch *epoch, struct err *err)
{
    struct seal seal;

    enum err_code rc = proof_form_add_key(c->p, err);
    if (rc)
        return rc;
    struct proof_key *const k = &c->p->keys[c->p->key_count - 1];
    if (epoch->owner != 0)
        rc = add_owner(c, epoch, k, err);
    if (!rc)
        rc = find_exact(c->r, epoch->entry, &seal, err);
    return rc ? rc : chain_add(c, epoch->entry, &seal, &k->step, err);
}

/* The changes that lead to the key of the seal of `size` entries. */
static enum err_code add_keys(struct chain *c, const struct epochs *epochs, uint64_t size, struct err *err)
{
    const size_t newest = epochs_at(epochs, size);

    for (size_t i = 1; i <= newest; i++) {
        const enum err_code rc = add_key(c, &epochs->rows[i], err);
        if (rc) {
            err_wrap(err, "the change of the key by entry %" PRIu64, epochs->rows[i].entry);
            return rc;
        }
    }
    return ERR_OK;
}

/* -- proofs ---------------------------------------------------------------------------------------------- */

/* The newest seal of the proof and what leads to its key, with entry `seq` below it, or none. */
static enum err_code make_last(struct journal_reader *r, const struct epochs *epochs, uint64_t seq,
                               const struct seal *seal, struct proof *p, struct err *err)
{
    struct chain chain = {.r = r, .p = p};

    const enum err_code rc = add_keys(&chain, epochs, seal->size, err);
    return rc ? rc : chain_add(&chain, seq, seal, &p->last, err);
}

enum err_code proof_make_inclusion(struct journal_reader *r, const struct epochs *epochs, uint64_t seq,
                                   uint64_t size, struct proof *p, struct err *err)
{
    struct journal_record record;
    struct proof made;
    struct seal seal;

    proof_init(&made);
    made.type = PROOF_INCLUSION;
    made.seq = seq;
    enum err_code rc = journal_reader_get(r, seq, &record, err); /* first, because it is the better reason */
    if (!rc)
        rc = journal_reader_seal(r, size ? size : journal_reader_size(r), &seal, err);
    if (!rc)
        rc = make_last(r, epochs, seq, &seal, &made, err);
    if (rc)
        proof_release(&made);
    else
        *p = made;
    return rc;
}

enum err_code proof_make_consistency(struct journal_reader *r, const struct epochs *epochs, uint64_t from,
                                     uint64_t to, struct proof *p, struct err *err)
{
    struct proof made;
    struct seal old;
    struct seal new;

    proof_init(&made);
    made.type = PROOF_CONSISTENCY;
    if (from > to)
        return err_set(err, ERR_INPUT, "the older size comes first: %" PRIu64 " is more than %" PRIu64, from,
                       to);
    enum err_code rc = find_exact(r, from, &old, err);
    if (!rc)
        rc = find_exact(r, to, &new, err);
    if (!rc)
        rc = journal_reader_consistency(r, from, to, made.last.path.nodes, &made.last.path.count, err);
    if (!rc)
        rc = take_seal(&old, &made.old_seal, err);
    if (!rc)
        rc = make_last(r, epochs, 0, &new, &made, err);
    if (rc)
        proof_release(&made);
    else
        *p = made;
    return rc;
}
