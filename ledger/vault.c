/*
 * One change of the vault, as steps:
 *   1. Take the lock on the directory (flock): the only writer now.
 *   2. Read the file again and decrypt it with the key at hand: another process may have changed it.
 *   3. Build the new table in guarded memory.
 *   4. Encrypt it under a fresh nonce into `vault.new`, sync, exchange the two names, sync the directory.
 *   5. Overwrite what is called `vault.new` now, sync, unlink.
 *   6. Adopt the new table; let the lock go.
 * A fault before the exchange leaves file and memory as they were. A crash may leave a `vault.new`, of which nobody
 * needs to know whether it is the old file or half of a new one: it is overwritten.
 */
#include "ledger/vault.h"

#include "ledger/file.h"
#include "ledger/vault_file.h"
#include "ledger/vault_format.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_TEXT_SIZE 512 /* of the directory in messages; a longer one is cut there, not in use */
#define EXPANDED_SIZE  crypto_sign_SECRETKEYBYTES /* seed || public key: what libsodium signs with */

_Static_assert(VAULT_SALT_SIZE == crypto_pwhash_SALTBYTES, "libsodium's Argon2id");
_Static_assert(VAULT_NONCE_SIZE == crypto_secretbox_NONCEBYTES, "libsodium's secretbox");
_Static_assert(VAULT_MAC_SIZE == crypto_secretbox_MACBYTES, "libsodium's secretbox");
_Static_assert(VAULT_SEED_SIZE == crypto_sign_SEEDBYTES, "libsodium's Ed25519");
_Static_assert(VAULT_PUBLIC_KEY_SIZE == crypto_sign_PUBLICKEYBYTES, "libsodium's Ed25519");
_Static_assert(VAULT_SIGNATURE_SIZE == crypto_sign_BYTES, "libsodium's Ed25519");

/* The keys in the clear. Both arrays are guarded memory. */
struct table {
    size_t count;
    uint8_t *rows;     /* as in the file: name, seed */
    uint8_t *expanded; /* EXPANDED_SIZE bytes a row */
};

struct vault {
    int dir; /* open directory */
    char path[PATH_TEXT_SIZE];
    struct vault_cost cost;
    uint8_t salt[VAULT_SALT_SIZE];
    struct secret *key; /* what the passphrase and the salt give */
    struct table table;
};

struct vault_cost vault_cost_default(void)
{
    return (struct vault_cost){
        .passes = (uint32_t)crypto_pwhash_OPSLIMIT_INTERACTIVE,
        .memory_kib = (uint32_t)(crypto_pwhash_MEMLIMIT_INTERACTIVE / 1024),
    };
}

/* --- Tables ------------------------------------------------------------------------------------------- */

static void table_release(struct table *t)
{
    sodium_free(t->rows); /* wipes; accepts NULL */
    sodium_free(t->expanded);
    memset(t, 0, sizeof *t);
}

static enum err_code table_init(struct table *t, size_t count, struct err *err)
{
    t->count = count;
    t->rows = sodium_malloc(count * VAULT_ROW_SIZE + 1); /* + 1: an empty table is memory too */
    t->expanded = sodium_malloc(count * EXPANDED_SIZE + 1);
    if (t->rows && t->expanded)
        return ERR_OK;
    table_release(t);
    return err_set(err, ERR_MEMORY, "no guarded memory for %zu keys", count);
}

static uint8_t *table_row(const struct table *t, size_t row)
{
    return t->rows + row * VAULT_ROW_SIZE;
}

static uint8_t *table_expanded(const struct table *t, size_t row)
{
    return t->expanded + row * EXPANDED_SIZE;
}

/* The rows are complete: works out the signing keys and makes everything read-only. */
static void table_seal(struct table *t)
{
    for (size_t row = 0; row < t->count; row++) {
        uint8_t public_key[VAULT_PUBLIC_KEY_SIZE];
        crypto_sign_seed_keypair(public_key, table_expanded(t, row), table_row(t, row) + VAULT_NAME_MAX);
    }
    sodium_mprotect_readonly(t->rows);
    sodium_mprotect_readonly(t->expanded);
}

/* --- The file ----------------------------------------------------------------------------------------- */

/* Says which vault, when rc is an error. */
static enum err_code wrap(const struct vault *v, enum err_code rc, struct err *err)
{
    if (rc && err)
        err_wrap(err, "vault in %s", v->path);
    return rc;
}

static enum err_code lock(const struct vault *v, struct err *err)
{
    while (flock(v->dir, LOCK_EX) != 0) {
        if (errno != EINTR)
            return err_set(err, ERR_IO, "the directory cannot be locked: %s", strerror(errno));
    }
    return ERR_OK;
}

static void unlock(const struct vault *v)
{
    flock(v->dir, LOCK_UN);
}

/* --- Between the two ---------------------------------------------------------------------------------- */

static enum err_code derive_key(struct secret **key, const struct secret *passphrase,
                                const struct vault_cost *cost, const uint8_t salt[VAULT_SALT_SIZE],
                                struct err *err)
{
    enum err_code rc = ERR_OK;
    uint8_t *const bytes = sodium_malloc(crypto_secretbox_KEYBYTES);

    if (!bytes)
        return err_set(err, ERR_MEMORY, "no guarded memory for a key");
    if (crypto_pwhash(bytes, crypto_secretbox_KEYBYTES, (const char *)secret_bytes(passphrase),
                      secret_size(passphrase), salt, cost->passes, (size_t)cost->memory_kib * 1024,
                      crypto_pwhash_ALG_ARGON2ID13) != 0)
        rc =
            err_set(err, ERR_MEMORY, "%u MiB of memory are needed to try a passphrase, and are not to be had",
                    cost->memory_kib / 1024);
    else
        rc = secret_new(key, bytes, crypto_secretbox_KEYBYTES, err);
    sodium_free(bytes);
    return rc;
}

/* Encrypts the rows and replaces the file. */
static enum err_code table_store(const struct vault *v, const struct table *t, const struct secret *key,
                                 const uint8_t salt[VAULT_SALT_SIZE], struct err *err)
{
    const size_t size = t->count * VAULT_ROW_SIZE;
    struct vault_envelope e = {.cost = v->cost, .box_size = VAULT_MAC_SIZE + size};
    uint8_t *const file = malloc(VAULT_FILE_MAX);
    uint8_t *const box = malloc(e.box_size);
    enum err_code rc = ERR_OK;

    if (!file || !box) {
        rc = err_set(err, ERR_MEMORY, "no memory for a file of %zu keys", t->count);
        goto out;
    }
    memcpy(e.salt, salt, VAULT_SALT_SIZE);
    randombytes_buf(e.nonce, sizeof e.nonce);
    crypto_secretbox_easy(box, t->rows, size, e.nonce, secret_bytes(key));
    e.box = box;
    rc = vault_file_replace(v->dir, file, vault_envelope_encode(&e, file), err);
out:
    free(box);
    free(file);
    return rc;
}

/* Decrypts and checks. ERR_KEY: the key does not fit; its text is for the case that the passphrase is wrong.
 */
static enum err_code table_decrypt(struct table *t, const struct vault_envelope *e, const struct secret *key,
                                   struct err *err)
{
    const size_t size = e->box_size - VAULT_MAC_SIZE;
    struct table built;
    size_t count = 0;

    enum err_code rc = table_init(&built, size / VAULT_ROW_SIZE, err);
    if (rc)
        return rc;
    if (crypto_secretbox_open_easy(built.rows, e->box, e->box_size, e->nonce, secret_bytes(key)) != 0)
        rc = err_set(err, ERR_KEY,
                     "the passphrase does not open it. Check what --passphrase-file or "
                     "$" SECRET_PASSPHRASE_VARIABLE
                     " names (only the file's first line counts), or type it again");
    if (!rc)
        rc = vault_table_check(built.rows, size, &count, err);
    if (rc) {
        table_release(&built);
        return rc;
    }
    table_seal(&built);
    *t = built;
    return ERR_OK;
}

/* Step 2: the table as the file has it now. */
static enum err_code table_reload(const struct vault *v, struct table *t, struct err *err)
{
    struct vault_envelope e;
    size_t size = 0;
    uint8_t *const file = malloc(VAULT_FILE_MAX + 1);

    if (!file)
        return err_set(err, ERR_MEMORY, "no memory to read the vault");
    enum err_code rc = vault_file_read(v->dir, file, &size, err);
    if (!rc)
        rc = vault_envelope_decode(&e, file, size, err);
    if (!rc && (e.cost.passes != v->cost.passes || e.cost.memory_kib != v->cost.memory_kib ||
                memcmp(e.salt, v->salt, VAULT_SALT_SIZE) != 0))
        rc = err_set(err, ERR_KEY, "its passphrase was changed meanwhile: open it again with the new one");
    if (!rc)
        rc = table_decrypt(t, &e, v->key, err);
    free(file);
    return rc;
}

/* --- Opening ------------------------------------------------------------------------------------------ */

static enum err_code vault_new(struct vault **v, const char *dir, struct err *err)
{
    if (sodium_init() < 0)
        return err_set(err, ERR_IO, "libsodium finds no source of randomness");
    struct vault *const made = calloc(1, sizeof *made);
    if (!made)
        return err_set(err, ERR_MEMORY, "no memory for a vault");
    snprintf(made->path, sizeof made->path, "%s", dir);
    made->dir = file_open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (made->dir < 0) {
        const enum err_code code = errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_IO;
        err_set(err, code, "vault in %s: the directory cannot be opened: %s", dir, strerror(errno));
        free(made);
        return code;
    }
    *v = made;
    return ERR_OK;
}

void vault_close(struct vault *v)
{
    if (!v)
        return;
    table_release(&v->table);
    secret_free(v->key);
    close(v->dir);
    free(v);
}

/* With the lock held, so that of two processes one finds the other's file. */
static enum err_code create_locked(struct vault *v, struct err *err)
{
    struct stat seen;
    struct table empty;

    if (fstatat(v->dir, VAULT_FILE_NAME, &seen, AT_SYMLINK_NOFOLLOW) == 0)
        return err_set(err, ERR_EXISTS, "there is one already; it was left alone");
    if (errno != ENOENT)
        return err_set(err, ERR_IO, "the directory cannot be searched: %s", strerror(errno));
    enum err_code rc = table_init(&empty, 0, err);
    if (rc)
        return rc;
    table_seal(&empty);
    rc = table_store(v, &empty, v->key, v->salt, err);
    if (rc) {
        unlinkat(v->dir, VAULT_FILE_NAME, 0); /* renamed already, perhaps, and holds nothing yet */
        table_release(&empty);
        return rc;
    }
    v->table = empty;
    return ERR_OK;
}

enum err_code vault_create(struct vault **v, const char *dir, const struct secret *passphrase,
                           const struct vault_cost *cost, struct err *err)
{
    const struct vault_cost chosen = cost ? *cost : vault_cost_default();
    struct vault *made = NULL;

    enum err_code rc = vault_cost_check(&chosen, err);
    if (rc)
        return rc;
    rc = vault_new(&made, dir, err);
    if (rc)
        return rc;
    made->cost = chosen;
    randombytes_buf(made->salt, sizeof made->salt);
    rc = derive_key(&made->key, passphrase, &made->cost, made->salt, err);
    if (!rc)
        rc = lock(made, err);
    if (!rc) {
        rc = create_locked(made, err);
        unlock(made);
    }
    if (rc) {
        wrap(made, rc, err);
        vault_close(made);
        return rc;
    }
    *v = made;
    return ERR_OK;
}

enum err_code vault_check(const char *dir, struct err *err)
{
    struct vault *v = NULL;
    enum err_code rc = vault_new(&v, dir, err);

    if (!rc && (rc = vault_file_check(v->dir, err)) != ERR_OK)
        wrap(v, rc, err);
    vault_close(v);
    return rc;
}

enum err_code vault_open(struct vault **v, const char *dir, const struct secret *passphrase, struct err *err)
{
    struct vault *made = NULL;
    struct vault_envelope e;
    size_t size = 0;
    uint8_t *const file = malloc(VAULT_FILE_MAX + 1);

    if (!file)
        return err_set(err, ERR_MEMORY, "no memory to read the vault");
    enum err_code rc = vault_new(&made, dir, err);
    if (rc) {
        free(file);
        return rc;
    }
    rc = vault_file_read(made->dir, file, &size,
                         err); /* no lock: a rename shows the old file or the new one */
    if (!rc)
        rc = vault_envelope_decode(&e, file, size, err);
    if (!rc) {
        made->cost = e.cost;
        memcpy(made->salt, e.salt, VAULT_SALT_SIZE);
        rc = derive_key(&made->key, passphrase, &e.cost, e.salt, err);
    }
    if (!rc)
        rc = table_decrypt(&made->table, &e, made->key, err);
    free(file);
    if (rc) {
        wrap(made, rc, err);
        vault_close(made);
        return rc;
    }
    *v = made;
    return ERR_OK;
}

/* --- Reading ------------------------------------------------------------------------------------------ */

size_t vault_count(const struct vault *v)
{
    return v->table.count;
}

size_t vault_name(const struct vault *v, size_t index, char name[VAULT_NAME_MAX + 1])
{
    REQUIRE(index < v->table.count);
    memcpy(name, table_row(&v->table, index), VAULT_NAME_MAX);
    name[VAULT_NAME_MAX] = '\0';
    return strlen(name);
}

bool vault_find(const struct vault *v, const char *name)
{
    return vault_table_find(v->table.rows, v->table.count, name) < v->table.count;
}

/* The signing key of that name. */
static enum err_code key_find(const struct vault *v, const char *name, const uint8_t **expanded,
                              struct err *err)
{
    const size_t row = vault_table_find(v->table.rows, v->table.count, name);

    if (row == v->table.count)
        return err_set(err, ERR_KEY, "vault in %s: it holds no key named \"%s\"", v->path, name);
    *expanded = table_expanded(&v->table, row);
    return ERR_OK;
}

enum err_code vault_sign(const struct vault *v, const char *name, const void *message, size_t size,
                         uint8_t signature[VAULT_SIGNATURE_SIZE], struct err *err)
{
    const uint8_t *expanded = NULL;

    const enum err_code rc = key_find(v, name, &expanded, err);
    if (rc)
        return rc;
    crypto_sign_detached(signature, NULL, message, size, expanded);
    return ERR_OK;
}

enum err_code vault_public_key(const struct vault *v, const char *name,
                               uint8_t public_key[VAULT_PUBLIC_KEY_SIZE], struct err *err)
{
    const uint8_t *expanded = NULL;

    const enum err_code rc = key_find(v, name, &expanded, err);
    if (rc)
        return rc;
    memcpy(public_key, expanded + VAULT_SEED_SIZE, VAULT_PUBLIC_KEY_SIZE);
    return ERR_OK;
}

/* --- Changing ----------------------------------------------------------------------------------------- */

static void adopt(struct vault *v, const struct table *next)
{
    table_release(&v->table);
    v->table = *next;
}

typedef enum err_code (*edit_fn)(struct table *next, const struct table *now, const char *name,
                                 const uint8_t *seed, struct err *err);

/* `now` and one row more. */
static enum err_code table_with(struct table *next, const struct table *now, const char *name,
                                const uint8_t *seed, struct err *err)
{
    if (vault_table_find(now->rows, now->count, name) < now->count)
        return err_set(err, ERR_EXISTS, "it holds a key named \"%s\" already", name);
    if (now->count == VAULT_KEYS_MAX)
        return err_set(err, ERR_RANGE, "it holds %d keys, which is all it can", VAULT_KEYS_MAX);
    const enum err_code rc = table_init(next, now->count + 1, err);
    if (rc)
        return rc;
    uint8_t *const row = table_row(next, now->count);
    memcpy(next->rows, now->rows, now->count * VAULT_ROW_SIZE);
    memset(row, 0, VAULT_ROW_SIZE);
    memcpy(row, name, strlen(name));
    if (seed)
        memcpy(row + VAULT_NAME_MAX, seed, VAULT_SEED_SIZE);
    else
        randombytes_buf(row + VAULT_NAME_MAX, VAULT_SEED_SIZE);
    table_seal(next);
    return ERR_OK;
}

/* `now` without one row. */
static enum err_code table_without(struct table *next, const struct table *now, const char *name,
                                   const uint8_t *seed, struct err *err)
{
    (void)seed;
    const size_t gone = vault_table_find(now->rows, now->count, name);

    if (gone == now->count)
        return err_set(err, ERR_NOT_FOUND, "it holds no key named \"%s\"", name);
    const enum err_code rc = table_init(next, now->count - 1, err);
    if (rc)
        return rc;
    memcpy(next->rows, now->rows, gone * VAULT_ROW_SIZE);
    memcpy(table_row(next, gone), table_row(now, gone + 1), (now->count - 1 - gone) * VAULT_ROW_SIZE);
    table_seal(next);
    return ERR_OK;
}

/* Steps 1 to 5, for the one row that `edit` adds or leaves out. */
static enum err_code change(struct vault *v, edit_fn edit, const char *name, const uint8_t *seed,
                            struct err *err)
{
    struct table now = {0};
    struct table next = {0};

    enum err_code rc = lock(v, err);
    if (rc)
        return rc;
    rc = table_reload(v, &now, err);
    if (!rc)
        rc = edit(&next, &now, name, seed, err);
    if (!rc)
        rc = table_store(v, &next, v->key, v->salt, err);
    unlock(v);
    table_release(&now);
    if (rc)
        table_release(&next);
    else
        adopt(v, &next);
    return rc;
}

enum err_code vault_reload(struct vault *v, struct err *err)
{
    struct table now;
    const enum err_code rc = table_reload(v, &now, err);

    if (rc)
        return wrap(v, rc, err);
    adopt(v, &now);
    return ERR_OK;
}

enum err_code vault_tidy(const struct vault *v, struct err *err)
{
    if (!vault_file_is_left(v->dir))
        return ERR_OK;
    enum err_code rc = lock(v, err);
    if (!rc) {
        rc = vault_file_destroy(v->dir, err);
        unlock(v);
    }
    return wrap(v, rc, err);
}

enum err_code vault_add(struct vault *v, const char *name, const uint8_t *seed, struct err *err)
{
    enum err_code rc = vault_name_check(name, strlen(name), err);
    if (!rc)
        rc = change(v, table_with, name, seed, err);
    return wrap(v, rc, err);
}

enum err_code vault_remove(struct vault *v, const char *name, struct err *err)
{
    return wrap(v, change(v, table_without, name, NULL, err), err);
}

enum err_code vault_change_passphrase(struct vault *v, const struct secret *passphrase, struct err *err)
{
    uint8_t salt[VAULT_SALT_SIZE];
    struct secret *key = NULL;
    struct table now = {0};

    randombytes_buf(salt, sizeof salt);
    enum err_code rc = derive_key(&key, passphrase, &v->cost, salt, err);
    if (rc)
        return wrap(v, rc, err);
    rc = lock(v, err);
    if (!rc) {
        rc = table_reload(v, &now, err);
        if (!rc)
            rc = table_store(v, &now, key, salt, err);
        unlock(v);
    }
    if (rc) {
        table_release(&now);
        secret_free(key);
        return wrap(v, rc, err);
    }
    adopt(v, &now);
    secret_free(v->key);
    v->key = key;
    memcpy(v->salt, salt, sizeof salt);
    return ERR_OK;
}
