/* Actors' signatures: making them, checking them, and seeing to it that none stands in two entries. */
#include "ledger/journal_state.h"

#include <inttypes.h>

/* -- taking them ---------------------------------------------------------------------------------------- */

static enum err_code check_new(struct journal_group *g, const uint8_t signature[ENTRY_SIGNATURE_SIZE],
                               struct err *err)
{
    const struct signature_row *const row = table_find(&g->signatures, signature);
    uint64_t seq = row ? row->seq : 0;
    bool found = row != NULL;

    if (!found) {
        const enum err_code rc = store_find_signature(g->txn, signature, &seq, &found, err);
        if (rc)
            return rc;
    }
    if (!found)
        return table_reserve(&g->signatures, 1, err); /* so that remembering it cannot fail */
    return err_set(err, ERR_EXISTS,
                   "this signature stands in entry %" PRIu64
                   " already. To say the same thing once more, sign it "
                   "with its own `at`",
                   seq);
}

/* A person's words carry that person's signature; others may carry their actor's. */
static enum err_code check_signed(struct journal_group *g, const struct entry *e, const uint8_t *bytes,
                                  size_t size, struct err *err)
{
    const struct journal *const j = g->journal;
    const struct actor_row *const actor = actors_find(&j->actors, e->actor);
    struct err why = {.code = ERR_OK};

    const char *const kind = entry_kind_find((unsigned)e->kind)->text;
    if (!e->is_signed)
        return err_set(err, ERR_INPUT, "%s must be signed by the actor who asks for it", kind);
    if (!actor)
        return err_set(err, ERR_INPUT,
                       "%s: the journal itself signs with seals, not in entries: name the actor who signs",
                       kind);
    const size_t said = entry_statement(bytes, size, j->origin, j->statement);
    if (note_verify_bytes(actor->key, j->statement, said, e->signature, &why))
        return err_set(err, ERR_INPUT, "%s: the signature is not %s's over this entry: %s", kind,
                       actor->name.text, why.text);
    return check_new(g, e->signature, err);
}

/* Nearly all entries are not signed singly: for them this is asked once an entry, and must cost next to nothing. */
enum err_code journal_check_signature(struct journal_group *g, const struct entry *e, const uint8_t *bytes,
                                      size_t size, struct err *err)
{
    if (!e->is_signed && !entry_kind_needs_signature(e->kind))
        return ERR_OK;
    return check_signed(g, e, bytes, size, err);
}

enum err_code journal_check_actor_key(const struct journal *j, const struct entry *e, struct err *err)
{
    const uint8_t *key = NULL;
    const char *name = NULL;

    if (e->kind == ENTRY_CONTROL_ACTOR) {
        key = e->as.control_actor.key.bytes;
        name = e->as.control_actor.name.text;
    } else if (e->kind == ENTRY_CONTROL_ACTOR_KEY) { /* whose actor_id was checked */
        key = e->as.control_actor_key.key.bytes;
        name = actors_name(&j->actors, (uint32_t)e->as.control_actor_key.actor_id);
    }
    return !key || note_key_is_sound(key)
               ? ERR_OK
               : err_set(err, ERR_INPUT, "key: what %s is to sign with is no sound Ed25519 key", name);
}

void journal_remember_signature(struct journal_group *g, const uint8_t signature[ENTRY_SIGNATURE_SIZE],
                                uint64_t seq)
{
    void *row;

    REQUIRE(table_put(&g->signatures, signature, &row, NULL) == ERR_OK);
    ((struct signature_row *)row)->seq = seq;
}

enum err_code journal_write_signatures(struct journal_group *g, struct err *err)
{
    enum err_code rc = ERR_OK;

    for (uint32_t i = 0; i < g->signatures.count && !rc; i++) {
        const struct signature_row *const row = table_at(&g->signatures, i);
        rc = store_put_signature(g->txn, row->signature, row->seq, err);
    }
    return rc;
}

/* -- making them ---------------------------------------------------------------------------------------- */

/* Encodes the draft as a signed one, and makes the statement of it. */
static enum err_code state_draft(struct journal *j, struct entry *draft, size_t *said, struct err *err)
{
    uint8_t bytes[ENTRY_MAX_SIZE];
    struct wire_out out;

    wire_out_init(&out, bytes, sizeof bytes);
    const enum err_code rc = entry_encode(draft, &out, err);
    if (!rc)
        *said = entry_statement(bytes, wire_out_size(&out), j->origin, j->statement);
    return rc;
}

enum err_code journal_statement(struct journal *j, struct entry *draft, const uint8_t **statement,
                                size_t *size, struct err *err)
{
    enum err_code rc = entry_check(draft, err);

    draft->is_signed = true;
    if (!rc)
        rc = state_draft(j, draft, size, err);
    *statement = j->statement;
    return rc;
}

static enum err_code sign_statement(const struct journal *j, const struct signer *by,
                                    const struct actor_row *actor, const uint8_t *statement, size_t said,
                                    uint8_t signature[VAULT_SIGNATURE_SIZE], struct err *err)
{
    if (!by && !j->vault)
        return err_set(err, ERR_KEY, "%s is locked: its passphrase is needed to sign", j->dir);
    if (!by && !vault_find(j->vault, actor->name.text))
        return err_set(err, ERR_KEY,
                       "%s's key is not in the vault of %s: say where it is (see: ledger help sign)",
                       actor->name.text, j->dir);
    if (!by)
        return vault_sign(j->vault, actor->name.text, statement, said, signature, err);
    const enum err_code rc = by->sign(by->context, statement, said, signature, err);
    if (!rc && note_verify_bytes(actor->key, statement, said, signature, NULL))
        return err_set(err, ERR_KEY,
                       "the key that signs is not %s's as the journal knows it (see: ledger actor)",
                       actor->name.text);
    return rc;
}

enum err_code journal_sign_by(struct journal *j, const struct signer *by, struct entry *draft,
                              struct err *err)
{
    const struct actor_row *const actor = actors_find(&j->actors, draft->actor);
    const bool was_signed = draft->is_signed;
    uint8_t signature[VAULT_SIGNATURE_SIZE];
    const uint8_t *statement;
    size_t said = 0;

    if (!actor)
        return err_set(err, ERR_NOT_FOUND, "no actor %" PRIu32 " can sign: there are 1 .. %" PRIu32,
                       draft->actor, j->actors.count);
    enum err_code rc = journal_statement(j, draft, &statement, &said, err);
    if (!rc)
        rc = sign_statement(j, by, actor, statement, said, signature, err);
    if (rc) {
        draft->is_signed = was_signed;
        return rc;
    }
    memcpy(draft->signature, signature, sizeof signature);
    return ERR_OK;
}

enum err_code journal_sign(struct journal *j, struct entry *draft, struct err *err)
{
    return journal_sign_by(j, NULL, draft, err);
}
