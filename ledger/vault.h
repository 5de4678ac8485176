/*
 * The key vault: named Ed25519 keys, encrypted at rest under a passphrase, in the file `vault` of a journal's
 * directory.
 *
 * Secrets exist in the clear in guarded memory only. Every change is on disk before the call returns: a new
 * file is written, synced and put in the place of the old one, so that a crash leaves the one or the other. Two
 * processes may change one vault; they take turns. A struct vault belongs to one thread. The file's format is
 * at the head of vault_format.c.
 *
 * The old file's bytes are overwritten before it is unlinked, or, after a crash, by the next change or
 * vault_tidy(). That is as far as a program can go: a file system that writes elsewhere than it says (copy on
 * write, a log, a flash disk), a backup, a second hard link still hold what was there, encrypted.
 */
#ifndef LEDGER_VAULT_H
#define LEDGER_VAULT_H

#include "ledger/err.h"
#include "ledger/secret.h"

#include <stdint.h>

#define VAULT_FILE_NAME       "vault"
#define VAULT_NAME_MAX        64
#define VAULT_KEYS_MAX        1024
#define VAULT_SEED_SIZE       32
#define VAULT_PUBLIC_KEY_SIZE 32
#define VAULT_SIGNATURE_SIZE  64

/* What one guess of the passphrase costs an attacker (Argon2id): passes, and KiB of memory. */
struct vault_cost {
    uint32_t passes;     /* 1 .. 16 */
    uint32_t memory_kib; /* 8 .. 1048576 */
};

/* libsodium's INTERACTIVE: 2 passes over 64 MiB, about a tenth of a second. */
struct vault_cost vault_cost_default(void);

struct vault;

/*
 * Creates an empty vault in directory `dir` and opens it. `cost` may be NULL for the default.
 * ERR_EXISTS: there is one already (it is left alone). ERR_INPUT: cost out of bounds. ERR_IO, ERR_MEMORY.
 */
MUST_USE enum err_code vault_create(struct vault **v, const char *dir, const struct secret *passphrase,
                                    const struct vault_cost *cost, struct err *err);

/*
 * Whether there is a vault to open, before anybody is asked for a passphrase. ERR_NOT_FOUND: as vault_open() would say.
 * ERR_IO, ERR_MEMORY.
 */
MUST_USE enum err_code vault_check(const char *dir, struct err *err);

/*
 * ERR_KEY: the passphrase is not this vault's. ERR_FORMAT: the file is damaged, or of a version that this
 * program does not know. ERR_NOT_FOUND: no vault in `dir`. ERR_IO, ERR_MEMORY.
 */
MUST_USE enum err_code vault_open(struct vault **v, const char *dir, const struct secret *passphrase,
                                  struct err *err);

/*
 * Reads the file again: another process may have added or removed keys. ERR_KEY: or it has changed the passphrase.
 * On error *v is as before.
 */
MUST_USE enum err_code vault_reload(struct vault *v, struct err *err);

/* Overwrites and unlinks what a change left that was cut off. ERR_IO. */
MUST_USE enum err_code vault_tidy(const struct vault *v, struct err *err);

/* Wipes and releases. Accepts NULL. */
void vault_close(struct vault *v);

/* Number of keys; the name of the one at `index` < count, terminated; returns its length. */
size_t vault_count(const struct vault *v);
size_t vault_name(const struct vault *v, size_t index, char name[VAULT_NAME_MAX + 1]);

/* True when there is a key of this name. */
bool vault_find(const struct vault *v, const char *name);

/*
 * Adds a key under a new name: 1 .. 64 bytes of UTF-8 without control characters. With seed NULL the key is
 * made from the system's random source; else it is the key of these 32 bytes, and wiping them is the
 * caller's. ERR_EXISTS: the name is taken. ERR_INPUT: the name is not acceptable. ERR_RANGE: VAULT_KEYS_MAX
 * is reached. ERR_KEY: another process has changed the passphrase. After any error file and *v are as before,
 * unless err says that the change is made but may not survive a power loss, or that the old file could not be
 * overwritten.
 */
MUST_USE enum err_code vault_add(struct vault *v, const char *name, const uint8_t *seed, struct err *err);

/* Destroys a key: it is gone from the file and from memory. ERR_NOT_FOUND; otherwise as vault_add(). */
MUST_USE enum err_code vault_remove(struct vault *v, const char *name, struct err *err);

/* From now on the vault opens with this passphrase only; the cost stays. Errors as vault_add(). */
MUST_USE enum err_code vault_change_passphrase(struct vault *v, const struct secret *passphrase,
                                               struct err *err);

/* Ed25519 over the message. ERR_KEY: no key of this name. */
MUST_USE enum err_code vault_sign(const struct vault *v, const char *name, const void *message, size_t size,
                                  uint8_t signature[VAULT_SIGNATURE_SIZE], struct err *err);

/* ERR_KEY: no key of this name. */
MUST_USE enum err_code vault_public_key(const struct vault *v, const char *name,
                                        uint8_t public_key[VAULT_PUBLIC_KEY_SIZE], struct err *err);

#endif
