/*
 * The journal's own keys, one after the other. In the vault the key of epoch 0 is called "journal", that of epoch N
 * "journal#N". One rotation, as steps:
 *
 *   1. Take the writer lock.
 *   2. Make the next key in the vault, or find it there: an earlier attempt got that far.
 *   3. Append control.key as a group of its own; the old key seals it.
 *   4. Read that seal again; it is the old key's, and its root is the tree's.
 *   5. Destroy the old secret.
 *
 * Cut off before 3, nothing has happened but that a key waits to be used. Cut off after it, the journal goes on with
 * the new key, and the next journal_unlock() does 4 and 5. Who has the vault open since before 3 finds out when it takes
 * the writer lock, and reads the vault again.
 */
#include "ledger/journal_state.h"

#include "ledger/checkpoint.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define UNLOCK_TRIES 8u /* while another process rotates again and again */

void journal_key_name(char name[JOURNAL_KEY_NAME_SIZE], size_t epoch)
{
    if (epoch == 0)
        snprintf(name, JOURNAL_KEY_NAME_SIZE, "%s", JOURNAL_KEY_NAME);
    else
        snprintf(name, JOURNAL_KEY_NAME_SIZE, JOURNAL_KEY_NAME "#%zu", epoch);
}

/* The other way round; false: it is no name of the journal's keys. */
static bool epoch_of(const char *held, size_t *epoch)
{
    char name[JOURNAL_KEY_NAME_SIZE];

    *epoch = 0;
    if (strncmp(held, JOURNAL_KEY_NAME "#", sizeof JOURNAL_KEY_NAME) == 0)
        *epoch = (size_t)strtoul(held + sizeof JOURNAL_KEY_NAME, NULL, 10);
    journal_key_name(name, *epoch);
    return strcmp(held, name) == 0;
}

/* -- which key ------------------------------------------------------------------------------------------- */

enum err_code journal_key_of(const struct journal *j, size_t epoch, struct note_key *key, struct err *err)
{
    struct err why = {.code = ERR_OK};

    REQUIRE(epoch < j->epochs.count);
    if (note_key_init(key, j->origin, strlen(j->origin), NOTE_KEY_ED25519, j->epochs.rows[epoch].key, &why))
        return err_set(err, ERR_FORMAT, "%s: entry %" PRIu64 ": the key of epoch %zu: %s", j->dir,
                       j->epochs.rows[epoch].entry, epoch, why.text);
    return ERR_OK;
}

enum err_code journal_key_at(const struct journal *j, uint64_t size, struct note_key *key, struct err *err)
{
    return journal_key_of(j, epochs_at(&j->epochs, size), key, err);
}

const struct epochs *journal_epochs(const struct journal *j)
{
    return &j->epochs;
}

/* -- having it ------------------------------------------------------------------------------------------- */

static bool vault_has(const struct vault *v, const char *name, const uint8_t key[VAULT_PUBLIC_KEY_SIZE])
{
    uint8_t mine[VAULT_PUBLIC_KEY_SIZE];

    return vault_find(v, name) && vault_public_key(v, name, mine, NULL) == ERR_OK &&
           memcmp(mine, key, sizeof mine) == 0;
}

size_t journal_newest_held(const struct journal *j)
{
    char held[VAULT_NAME_MAX + 1];
    size_t newest = 0;
    size_t epoch = 0;

    for (size_t i = 0; i < vault_count(j->vault); i++) {
        vault_name(j->vault, i, held);
        if (epoch_of(held, &epoch) && epoch > newest)
            newest = epoch;
    }
    return newest;
}

static enum err_code no_key(const struct journal *j, size_t epoch, struct err *err)
{
    if (journal_newest_held(j) > epoch)
        return err_set(
            err, ERR_KEY,
            "%s: its vault holds the key of epoch %zu, and the journal knows of %zu as the newest: it "
            "is an older copy than its vault. Restore the newest journal. (Or a recovery was begun and "
            "not finished: ledger help key)",
            j->dir, journal_newest_held(j), epoch);
    if (epoch == 0)
        return err_set(err, ERR_KEY,
                       "%s: its vault belongs to another journal: it does not hold the key of %s", j->dir,
                       j->origin);
    return err_set(
        err, ERR_KEY,
        "%s: its vault does not hold the key of epoch %zu, which entry %" PRIu64
        " names: it is an older copy, or another journal's. Restore the newest vault; if it is lost, "
        "an owner can put another key in its place: ledger help key",
        j->dir, epoch, j->epochs.rows[epoch].entry);
}

enum err_code journal_hold_key(struct journal *j, struct err *err)
{
    const size_t newest = j->epochs.count - 1;
    char name[JOURNAL_KEY_NAME_SIZE];
    struct note_key key;

    if (j->held_epochs == j->epochs.count)
        return ERR_OK;
    journal_key_name(name, newest);
    if (!vault_has(j->vault, name, j->epochs.rows[newest].key)) {
        enum err_code rc = vault_reload(j->vault, err);
        if (!rc && !vault_has(j->vault, name, j->epochs.rows[newest].key))
            rc = no_key(j, newest, err);
        if (rc)
            return rc;
    }
    const enum err_code rc = journal_key_of(j, newest, &key, err);
    if (rc)
        return rc;
    j->key = key;
    j->held_epochs = j->epochs.count;
    return ERR_OK;
}

enum err_code journal_seal_sign(const struct journal *j, uint64_t size, const char *text, size_t text_size,
                                struct note_key *key, uint8_t signature[VAULT_SIGNATURE_SIZE],
                                struct err *err)
{
    const size_t epoch = epochs_at(&j->epochs, size);
    char name[JOURNAL_KEY_NAME_SIZE];
    enum err_code rc = ERR_OK;

    journal_key_name(name, epoch);
    if (epoch + 1 == j->held_epochs)
        *key = j->key;
    else
        rc = journal_key_of(j, epoch, key, err);
    return rc ? rc : vault_sign(j->vault, name, text, text_size, signature, err);
}

/* -- destroying what was superseded ---------------------------------------------------------------------- */

/*
 * Nothing is destroyed before it is certain that it will not be asked for: the seal is there that gives the right to
 * seal to the next key, by the key that must have signed it.
 */
static enum err_code check_superseded(const struct journal *j, struct store_txn *t, size_t epoch,
                                      struct err *err)
{
    const struct epoch *const next = &j->epochs.rows[epoch + 1];
    const bool is_handed_over = next->owner == 0;
    const struct merkle_tiles tiles = {journal_read_tile, t};
    struct err why = {.code = ERR_OK};
    struct checkpoint c;
    struct note_key key;
    struct hash root;
    const char *note = NULL;
    size_t note_size = 0;
    uint64_t size = 0;
    bool found = false;

    enum err_code rc = journal_key_of(j, is_handed_over ? epoch : epoch + 1, &key, err);
    if (!rc)
        rc = store_find_seal(t, next->entry, &size, &note, &note_size, &found, err);
    if (!rc)
        rc = merkle_root(&tiles, next->entry, &root, err);
    if (rc)
        return rc;
    if (!found || size != next->entry || checkpoint_open(&c, note, note_size, &key, 1, &why) ||
        c.size != size || !hash_equal(&c.root, &root))
        return err_set(err, ERR_FORMAT,
                       "%s: entry %" PRIu64
                       " names the key of epoch %zu, but its seal does not say so: the old "
                       "key is kept. Find out more with: ledger -C %s verify",
                       j->dir, next->entry, epoch + 1, j->dir);
    return ERR_OK;
}

/* The number of an epoch before the newest whose key is in the vault. */
static bool find_superseded(const struct journal *j, size_t *epoch)
{
    char held[VAULT_NAME_MAX + 1];

    for (size_t i = 0; i < vault_count(j->vault); i++) {
        vault_name(j->vault, i, held);
        if (epoch_of(held, epoch) && *epoch + 1 < j->epochs.count)
            return true;
    }
    return false;
}

enum err_code journal_destroy_superseded(struct journal *j, struct err *err)
{
    struct store_txn *t = NULL;
    char name[JOURNAL_KEY_NAME_SIZE];
    size_t epoch = 0;
    enum err_code rc = ERR_OK;

    while (!rc && find_superseded(j, &epoch)) {
        if (!t)
            rc = store_read_begin(j->store, &t, err);
        if (!rc)
            rc = check_superseded(j, t, epoch, err);
        journal_key_name(name, epoch);
        if (!rc)
            rc = vault_remove(j->vault, name, err);
        if (rc == ERR_NOT_FOUND) /* another process was first */
            rc = vault_reload(j->vault, err);
    }
    store_txn_end(t);
    return rc;
}

/* -- unlocking ------------------------------------------------------------------------------------------- */

static enum err_code refresh(struct journal *j, struct err *err)
{
    struct store_txn *t = NULL;

    enum err_code rc = store_read_begin(j->store, &t, err);
    if (!rc)
        rc = journal_refresh(j, t, err);
    store_txn_end(t);
    return rc;
}

enum err_code journal_hold_newest_key(struct journal *j, struct err *err)
{
    enum err_code rc = ERR_OK;

    for (unsigned tries = 0; tries < UNLOCK_TRIES; tries++) {
        const size_t before = j->epochs.count;
        rc = refresh(j, err);
        if (!rc)
            rc = journal_hold_key(j, err);
        if (rc != ERR_KEY || j->epochs.count == before)
            return rc;
    }
    return rc;
}

enum err_code journal_unlock(struct journal *j, const struct secret *passphrase, struct err *err)
{
    if (j->vault)
        return ERR_OK;
    enum err_code rc = journal_check_lived(j, err);
    if (!rc)
        rc = vault_open(&j->vault, j->dir, passphrase, err);
    if (!rc)
        rc = journal_hold_newest_key(j, err);
    if (!rc && !j->read_only)
        rc = vault_tidy(j->vault, err);
    if (!rc && !j->read_only)
        rc = journal_destroy_superseded(j, err);
    if (rc) {
        vault_close(j->vault);
        j->vault = NULL;
        j->held_epochs = 0;
    }
    return rc;
}

/* -- rotation -------------------------------------------------------------------------------------------- */

enum err_code journal_make_next_key(struct journal *j, struct entry_control_key *next, struct err *err)
{
    char name[JOURNAL_KEY_NAME_SIZE];
    enum err_code rc = ERR_OK;

    next->epoch = (int64_t)j->epochs.count;
    journal_key_name(name, j->epochs.count);
    if (!vault_find(j->vault, name))
        rc = vault_add(j->vault, name, NULL, err);
    if (rc == ERR_EXISTS) /* by another process, that was cut off */
        rc = vault_reload(j->vault, err);
    return rc ? rc : vault_public_key(j->vault, name, next->key.bytes, err);
}

enum err_code journal_append_key(struct journal_group *g, struct entry *draft, struct seal *seal,
                                 struct err *err)
{
    g->may_change_key = true;
    const enum err_code rc = journal_group_add(g, draft, err);
    if (rc) {
        journal_group_abort(g);
        return rc;
    }
    return journal_group_commit(g, seal, err);
}

enum err_code journal_check_reason(const char *reason, struct err *err)
{
    const size_t length = strlen(reason);

    return length >= 1 && length <= JOURNAL_REASON_MAX
               ? ERR_OK
               : err_set(err, ERR_INPUT, "a reason has 1 to %d bytes", JOURNAL_REASON_MAX);
}

enum err_code journal_rotate_key(struct journal *j, const char *reason, uint64_t cause, struct seal *seal,
                                 struct err *err)
{
    struct journal_group *g = NULL;
    struct entry draft;

    memset(&draft, 0, sizeof draft);
    draft.kind = ENTRY_CONTROL_KEY;
    draft.at_ns = INSTANT_NONE;
    draft.cause = cause;
    draft.as.control_key.reason = text_from(reason);
    enum err_code rc = journal_check_reason(reason, err);
    if (!rc)
        rc = journal_group_begin(j, &g, err);
    if (rc)
        return rc;
    rc = journal_make_next_key(j, &draft.as.control_key, err);
    if (rc) {
        journal_group_abort(g);
        return rc;
    }
    rc = journal_append_key(g, &draft, seal, err);
    if (!rc)
        rc = journal_hold_key(j, err);
    if (rc)
        return rc;
    if (journal_destroy_superseded(j, err))
        return err_wrap(err,
                        "entry %" PRIu64
                        " has handed over to a new key, but the old one is not destroyed yet, "
                        "which is tried again when the journal is unlocked next",
                        draft.seq);
    return ERR_OK;
}
