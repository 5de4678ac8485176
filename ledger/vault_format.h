/*
 * The vault's file as bytes: what is inside an opened or sealed vault. Pure: no file, no cipher.
 * vault.c uses it, and the fuzzer, which needs the decoders without the cost of a passphrase.
 */
#ifndef LEDGER_VAULT_FORMAT_H
#define LEDGER_VAULT_FORMAT_H

#include "ledger/vault.h"

#define VAULT_SALT_SIZE     16
#define VAULT_NONCE_SIZE    24
#define VAULT_MAC_SIZE      16
#define VAULT_ROW_SIZE      (VAULT_NAME_MAX + VAULT_SEED_SIZE)
#define VAULT_TABLE_MAX     ((size_t)VAULT_KEYS_MAX * VAULT_ROW_SIZE)
#define VAULT_HEADER_SIZE   64
#define VAULT_CHECKSUM_SIZE 32
#define VAULT_FILE_MAX      (VAULT_HEADER_SIZE + VAULT_MAC_SIZE + VAULT_TABLE_MAX + VAULT_CHECKSUM_SIZE)

struct vault_envelope {
    struct vault_cost cost;
    uint8_t salt[VAULT_SALT_SIZE];
    uint8_t nonce[VAULT_NONCE_SIZE];
    const uint8_t *box; /* borrowed: MAC || encrypted table */
    size_t box_size;    /* VAULT_MAC_SIZE + rows * VAULT_ROW_SIZE */
};

/* ERR_INPUT: outside the bounds given at struct vault_cost. */
MUST_USE enum err_code vault_cost_check(const struct vault_cost *cost, struct err *err);

/* The whole file. ERR_FORMAT: damaged, or of an unknown version. e->box points into `bytes`. */
MUST_USE enum err_code vault_envelope_decode(struct vault_envelope *e, const uint8_t *bytes, size_t size,
                                             struct err *err);
/* Writes the file's bytes, and returns how many; `out` has room for VAULT_FILE_MAX. */
size_t vault_envelope_encode(const struct vault_envelope *e, uint8_t *out);

/* 1 .. 64 bytes of UTF-8 without control characters. ERR_INPUT. */
MUST_USE enum err_code vault_name_check(const char *name, size_t size, struct err *err);

/* A decrypted table: whole rows, acceptable names, zeros behind them, no name twice. ERR_FORMAT. */
MUST_USE enum err_code vault_table_check(const uint8_t *table, size_t size, size_t *count, struct err *err);

/* The row of this name, or `count`. Rows are VAULT_ROW_SIZE bytes: the name, zero-filled, then the seed. */
size_t vault_table_find(const uint8_t *table, size_t count, const char *name);

#endif
