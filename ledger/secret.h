/*
 * Secrets: bytes that must not leak. They live in libsodium's guarded memory (locked, between guard pages,
 * never in a core dump) and are wiped on release. A secret is never formatted and never on the command line.
 */
#ifndef LEDGER_SECRET_H
#define LEDGER_SECRET_H

#include "ledger/err.h"

#include <stdint.h>

#define SECRET_PASSPHRASE_MAX      1024 /* bytes */
#define SECRET_PASSPHRASE_VARIABLE "LEDGER_PASSPHRASE_FILE"

struct secret;

/*
 * Prepares this process for holding secrets: no core dumps (RLIMIT_CORE 0), not dumpable (no ptrace by
 * peers), libsodium ready. Call it first in main(). ERR_IO: the system refused.
 */
MUST_USE enum err_code secret_harden_process(struct err *err);

/* Copies `size` (1 or more) bytes into a new secret; wiping the source is the caller's. ERR_MEMORY. */
MUST_USE enum err_code secret_new(struct secret **s, const void *bytes, size_t size, struct err *err);

/* Wipes and releases. Accepts NULL. */
void secret_free(struct secret *s);

/* Borrowed, read-only (writing faults) until secret_free(). */
const uint8_t *secret_bytes(const struct secret *s);
size_t secret_size(const struct secret *s);

/* In constant time for secrets of one size. */
bool secret_equal(const struct secret *a, const struct secret *b);

/*
 * The first line of a file, without its newline: 1 .. SECRET_PASSPHRASE_MAX bytes. A pipe will do.
 * ERR_INPUT: the line is empty or too long. ERR_IO: the file cannot be read. err says what to do next.
 */
MUST_USE enum err_code secret_from_passphrase_file(struct secret **s, const char *path, struct err *err);

/*
 * Asks on the controlling terminal, echo off; with `confirm` twice, and both must be the same.
 * ERR_INPUT: empty, too long, or the two differ. ERR_KEY: there is no terminal to ask on.
 */
MUST_USE enum err_code secret_from_terminal(struct secret **s, const char *prompt, bool confirm,
                                            struct err *err);

/*
 * The same. Where there is no terminal err says how to do without: `what` ("a passphrase") goes into a file, which
 * `options` ("--pin-file") name.
 */
MUST_USE enum err_code secret_from_terminal_or(struct secret **s, const char *prompt, bool confirm,
                                               const char *what, const char *options, struct err *err);

/*
 * The passphrase, from the first of these that is there: `path` (--passphrase-file; may be NULL), the file
 * named by $LEDGER_PASSPHRASE_FILE, the terminal. `confirm` matters for the terminal only.
 */
MUST_USE enum err_code secret_passphrase(struct secret **s, const char *path, bool confirm, struct err *err);

#endif
