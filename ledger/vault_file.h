/*
 * The file of a vault, as bytes: for vault.c, and for who copies it. `dir` is the journal's directory, open.
 */
#ifndef LEDGER_VAULT_FILE_H
#define LEDGER_VAULT_FILE_H

#include "ledger/err.h"

#include <stdint.h>

/* Whether there is one. ERR_NOT_FOUND: there is none, and why. */
MUST_USE enum err_code vault_file_check(int dir, struct err *err);

/*
 * Reads the whole file into `bytes`, which has room for VAULT_FILE_MAX + 1, so that a file too long is seen to be. What
 * is read is one version, though others change it meanwhile. ERR_NOT_FOUND: there is none. ERR_IO.
 */
MUST_USE enum err_code vault_file_read(int dir, uint8_t *bytes, size_t *size, struct err *err);

/*
 * Puts these bytes in its place, on disk, and overwrites the old ones. The caller holds the lock on the directory.
 * ERR_IO: nothing has changed, unless err begins with "the change is made".
 */
MUST_USE enum err_code vault_file_replace(int dir, const uint8_t *bytes, size_t size, struct err *err);

/* Is there something that a replacement left which was cut off? */
bool vault_file_is_left(int dir);
/* Overwrites and unlinks that, if it is there. The caller holds the lock. ERR_IO. */
MUST_USE enum err_code vault_file_destroy(int dir, struct err *err);

#endif
