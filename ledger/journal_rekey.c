/*
 * Going on when the journal's key is lost: an owner, whose own key lies elsewhere, signs a control.key that puts another
 * one in its place. Two steps, so that the owner may sign on a machine of their own:
 *
 *   1. Open the vault, or make a new one; make the next key in it; hand out the statement that the owner signs.
 *   2. Take the statement and its signature: append control.key as a group of its own, sealed by the new key.
 *
 * Nothing but the vault remembers the first step, and it may be made again. Who has an owner's key can do this at any
 * seal and write on from there: that is what such a key is for, and why it belongs nowhere near the journal.
 */
#include "ledger/journal_state.h"

#include "ledger/file.h"
#include "ledger/journal_copy.h"

#include <inttypes.h>
#include <stdlib.h>

static enum err_code check_original(const struct journal *j, struct err *err)
{
    const int dir = file_open(j->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    const bool is_copy = dir >= 0 && journal_copy_is_one(dir);

    if (dir >= 0)
        (void)file_close(dir);
    if (!is_copy)
        return ERR_OK;
    return err_set(
        err, ERR_INPUT,
        "%s is a copy (ledger fetch-from): recover the journal itself. If that is gone for ever, remove "
        "the file %s/" JOURNAL_COPY_FILE ", and this is the journal",
        j->dir, j->dir);
}

/* Not for a journal that is merely locked. */
static enum err_code check_lost(struct journal *j, struct err *err)
{
    if (journal_newest_held(j) > j->epochs.count)
        return err_set(
            err, ERR_INPUT,
            "%s: its vault holds the key of epoch %zu, and the journal knows of %zu as the newest: it "
            "is an older copy than its vault. Restore the newest journal",
            j->dir, journal_newest_held(j), j->epochs.count - 1);
    if (journal_hold_newest_key(j, NULL) == ERR_OK)
        return err_set(
            err, ERR_EXISTS,
            "%s: its vault holds the key of epoch %zu, so nothing is lost. To go on with another one: "
            "ledger -C %s key rotate",
            j->dir, j->epochs.count - 1, j->dir);
    return ERR_OK;
}

static enum err_code open_vault(struct journal *j, const struct secret *passphrase, struct err *err)
{
    if (j->read_only)
        return err_set(err, ERR_IO, "%s was opened for reading only", j->dir);
    enum err_code rc = check_original(j, err);
    if (!rc && !j->vault) {
        rc = vault_open(&j->vault, j->dir, passphrase, err);
        if (rc == ERR_NOT_FOUND)
            rc = vault_create(&j->vault, j->dir, passphrase, NULL, err);
        if (rc == ERR_KEY)
            return err_wrap(
                err, "if its passphrase is lost, too, move the file away (mv %s/" VAULT_FILE_NAME " ...)",
                j->dir);
    }
    return rc ? rc : check_lost(j, err);
}

static enum err_code check_owner(const struct journal *j, uint32_t owner, struct err *err)
{
    const struct actor_row *const actor = actors_find(&j->actors, owner);

    if (actor && actor->role == ROLE_OWNER && !actors_is_revoked(&j->actors, owner))
        return ERR_OK;
    return err_set(err, ERR_INPUT,
                   "%s is no owner, or was revoked: only an owner can put a key in the place of a lost one",
                   actors_name(&j->actors, owner));
}

enum err_code journal_rekey_begin(struct journal *j, const struct secret *passphrase, uint32_t owner,
                                  const char *reason, int64_t at_ns, uint8_t **statement, size_t *size,
                                  struct err *err)
{
    const uint8_t *bytes = NULL;
    struct entry draft;

    memset(&draft, 0, sizeof draft);
    draft.kind = ENTRY_CONTROL_KEY;
    draft.at_ns = at_ns;
    draft.actor = owner;
    draft.as.control_key.reason = text_from(reason);
    enum err_code rc = journal_check_lived(j, err);
    if (!rc)
        rc = journal_check_reason(reason, err);
    if (!rc)
        rc = check_owner(j, owner, err);
    if (!rc)
        rc = open_vault(j, passphrase, err);
    if (!rc)
        rc = journal_make_next_key(j, &draft.as.control_key, err);
    if (!rc)
        rc = journal_statement(j, &draft, &bytes, size, err);
    if (rc)
        return rc;
    *statement = malloc(*size);
    if (!*statement)
        return err_set(err, ERR_MEMORY, "out of memory");
    memcpy(*statement, bytes, *size);
    return ERR_OK;
}

/* The entry that was stated, with its signature, into `bytes` (ENTRY_MAX_SIZE), from which *e borrows. */
static enum err_code read_statement(struct journal *j, const uint8_t *statement, size_t size,
                                    const uint8_t signature[ENTRY_SIGNATURE_SIZE], uint8_t *bytes,
                                    struct entry *e, struct err *err)
{
    const uint8_t *again = NULL;
    size_t head = 0;
    size_t again_size = 0;
    struct err why = {.code = ERR_OK};

    for (unsigned lines = 0; lines < 2 && head < size; head++)
        lines += statement[head] == '\n';
    const size_t said = size - head;
    if (said < ENTRY_HEADER_SIZE || said > ENTRY_MAX_SIZE - ENTRY_SIGNATURE_SIZE)
        return err_set(err, ERR_INPUT, "this is no statement of a recovery: %zu bytes", size);
    memcpy(bytes, statement + head, said);
    memcpy(bytes + said, signature, ENTRY_SIGNATURE_SIZE);
    enum err_code rc = entry_decode(bytes, said + ENTRY_SIGNATURE_SIZE, e, &why);
    if (!rc)
        rc = journal_statement(j, e, &again, &again_size, &why);
    if (rc)
        return err_set(err, ERR_INPUT, "this is no statement of a recovery: %s", why.text);
    if (e->kind != ENTRY_CONTROL_KEY || again_size != size || memcmp(again, statement, size) != 0)
        return err_set(err, ERR_INPUT, "this is no statement of a recovery of %s", j->origin);
    return ERR_OK;
}

/* What was stated is the next epoch still, and its key is in the vault. */
static enum err_code check_next(const struct journal *j, const struct entry_control_key *stated,
                                struct err *err)
{
    uint8_t mine[VAULT_PUBLIC_KEY_SIZE] = {0};
    char name[JOURNAL_KEY_NAME_SIZE];

    journal_key_name(name, j->epochs.count);
    if ((uint64_t)stated->epoch != j->epochs.count || !vault_find(j->vault, name) ||
        vault_public_key(j->vault, name, mine, NULL) || memcmp(mine, stated->key.bytes, sizeof mine) != 0)
        return err_set(
            err, ERR_INPUT,
            "%s: the statement is of another key than waits in the vault for epoch %zu: begin again "
            "with a new statement",
            j->dir, j->epochs.count);
    return ERR_OK;
}

enum err_code journal_rekey_finish(struct journal *j, const struct secret *passphrase,
                                   const uint8_t *statement, size_t size,
                                   const uint8_t signature[ENTRY_SIGNATURE_SIZE], struct seal *seal,
                                   struct err *err)
{
    uint8_t *const bytes = malloc(ENTRY_MAX_SIZE);
    struct journal_group *g = NULL;
    struct entry draft;

    if (!bytes)
        return err_set(err, ERR_MEMORY, "out of memory");
    enum err_code rc = read_statement(j, statement, size, signature, bytes, &draft, err);
    if (!rc)
        rc = check_owner(j, draft.actor, err);
    if (!rc)
        rc = open_vault(j, passphrase, err);
    if (!rc)
        rc = journal_group_begin_rekey(j, &g, err);
    if (!rc) {
        rc = check_next(j, &draft.as.control_key, err);
        if (rc)
            journal_group_abort(g);
    }
    if (!rc)
        rc = journal_append_key(g, &draft, seal, err);
    if (!rc)
        rc = journal_hold_key(j, err);
    free(bytes);
    return rc;
}
