/*
 * The file `vault`. Integers are big-endian.
 *
 *   offset size
 *        0    8  "LDGVAULT"
 *        8    2  version: 1
 *       10    2  key derivation: 1 = Argon2id 1.3, one lane, 32 bytes (libsodium's crypto_pwhash)
 *       12    4  passes, 1 .. 16
 *       16    4  memory in KiB, 8 .. 1048576
 *       20   16  salt
 *       36   24  nonce, fresh with every write
 *       60    4  n: size of the box = 16 + 96 * rows; rows 0 .. 1024
 *       64    n  box: XSalsa20-Poly1305 (libsodium's crypto_secretbox_easy) of the table, its 16-byte MAC
 * first 64+n   32  SHA-256 of all bytes before
 *
 * The table is rows of 96 bytes: name (64, UTF-8, zero-filled), Ed25519 seed (32). No name stands twice.
 *
 * What the header says is under the MAC's protection because it enters the key or the nonce. The checksum
 * protects nobody from an attacker: it tells a damaged file from a wrong passphrase, which the MAC alone
 * cannot.
 */
#include "ledger/vault_format.h"

#include "ledger/hash.h"
#include "ledger/utf8.h"
#include "ledger/wire.h"

static const uint8_t magic[8] = {'L', 'D', 'G', 'V', 'A', 'U', 'L', 'T'};

#define VERSION        1
#define KDF_ARGON2ID   1
#define PASSES_MAX     16
#define MEMORY_KIB_MIN 8
#define MEMORY_KIB_MAX 1048576

_Static_assert(VAULT_CHECKSUM_SIZE == HASH_SIZE, "the checksum is a hash");

enum err_code vault_cost_check(const struct vault_cost *cost, struct err *err)
{
    if (cost->passes < 1 || cost->passes > PASSES_MAX)
        return err_set(err, ERR_INPUT, "%u passes of Argon2id; 1 to %d are allowed", cost->passes,
                       PASSES_MAX);
    if (cost->memory_kib < MEMORY_KIB_MIN || cost->memory_kib > MEMORY_KIB_MAX)
        return err_set(err, ERR_INPUT, "%u KiB of memory for Argon2id; %d to %d are allowed",
                       cost->memory_kib, MEMORY_KIB_MIN, MEMORY_KIB_MAX);
    return ERR_OK;
}

static enum err_code checksum_check(const uint8_t *bytes, size_t size, struct err *err)
{
    if (size < VAULT_HEADER_SIZE + VAULT_MAC_SIZE + VAULT_CHECKSUM_SIZE || size > VAULT_FILE_MAX)
        return err_set(err, ERR_FORMAT, "%zu bytes are no vault", size);
    if (memcmp(bytes, magic, sizeof magic) != 0)
        return err_set(err, ERR_FORMAT, "this is no vault: it begins otherwise");
    const struct hash h = hash_bytes(bytes, size - VAULT_CHECKSUM_SIZE);
    if (memcmp(bytes + size - VAULT_CHECKSUM_SIZE, h.bytes, HASH_SIZE) != 0)
        return err_set(err, ERR_FORMAT,
                       "the file is damaged (its checksum does not fit): restore it from a backup");
    return ERR_OK;
}

enum err_code vault_envelope_decode(struct vault_envelope *e, const uint8_t *bytes, size_t size,
                                    struct err *err)
{
    struct vault_envelope built;
    struct wire_in in;

    enum err_code rc = checksum_check(bytes, size, err);
    if (rc)
        return rc;
    wire_in_init(&in, bytes, size - VAULT_CHECKSUM_SIZE);
    wire_get_bytes(&in, sizeof magic);
    const uint16_t version = wire_get_u16(&in);
    const uint16_t kdf = wire_get_u16(&in);
    built.cost.passes = wire_get_u32(&in);
    built.cost.memory_kib = wire_get_u32(&in);
    const uint8_t *const salt = wire_get_bytes(&in, VAULT_SALT_SIZE);
    const uint8_t *const nonce = wire_get_bytes(&in, VAULT_NONCE_SIZE);
    built.box_size = wire_get_u32(&in);
    built.box = wire_get_bytes(&in, built.box_size);
    if (version != VERSION || kdf != KDF_ARGON2ID)
        return err_set(err, ERR_FORMAT,
                       "vault version %u with key derivation %u; this program reads version 1 with 1",
                       version, kdf);
    if (!salt || !nonce || !wire_in_done(&in) || built.box_size < VAULT_MAC_SIZE ||
        (built.box_size - VAULT_MAC_SIZE) % VAULT_ROW_SIZE != 0)
        return err_set(err, ERR_FORMAT, "the box's size %zu is not that of the file", built.box_size);
    rc = vault_cost_check(&built.cost, err);
    if (rc) {
        if (err)
            err->code = ERR_FORMAT;
        return ERR_FORMAT;
    }
    memcpy(built.salt, salt, VAULT_SALT_SIZE);
    memcpy(built.nonce, nonce, VAULT_NONCE_SIZE);
    *e = built;
    return ERR_OK;
}

size_t vault_envelope_encode(const struct vault_envelope *e, uint8_t *out)
{
    struct wire_out w;

    wire_out_init(&w, out, VAULT_FILE_MAX);
    wire_put_bytes(&w, magic, sizeof magic);
    wire_put_u16(&w, VERSION);
    wire_put_u16(&w, KDF_ARGON2ID);
    wire_put_u32(&w, e->cost.passes);
    wire_put_u32(&w, e->cost.memory_kib);
    wire_put_bytes(&w, e->salt, VAULT_SALT_SIZE);
    wire_put_bytes(&w, e->nonce, VAULT_NONCE_SIZE);
    wire_put_u32(&w, (uint32_t)e->box_size);
    wire_put_bytes(&w, e->box, e->box_size);
    const struct hash h = hash_bytes(out, wire_out_size(&w));
    wire_put_bytes(&w, h.bytes, HASH_SIZE);
    REQUIRE(!w.bad);
    return wire_out_size(&w);
}

enum err_code vault_name_check(const char *name, size_t size, struct err *err)
{
    if (size == 0 || size > VAULT_NAME_MAX)
        return err_set(err, ERR_INPUT, "a key's name has 1 to %d bytes, not %zu", VAULT_NAME_MAX, size);
    for (size_t i = 0; i < size; i++) {
        if ((uint8_t)name[i] < 0x20 || name[i] == 0x7f)
            return err_set(err, ERR_INPUT, "a key's name has a control character at byte %zu", i + 1);
    }
    if (!utf8_is_valid_text(name, size))
        return err_set(err, ERR_INPUT, "a key's name is not UTF-8");
    return ERR_OK;
}

static const char *row_name(const uint8_t *table, size_t row)
{
    return (const char *)table + row * VAULT_ROW_SIZE;
}

static enum err_code row_check(const uint8_t *table, size_t row, struct err *err)
{
    static const char zeros[VAULT_NAME_MAX];
    const char *const name = row_name(table, row);
    const size_t size = strnlen(name, VAULT_NAME_MAX);

    if (vault_name_check(name, size, err)) {
        if (err)
            err->code = ERR_FORMAT;
        return ERR_FORMAT;
    }
    if (memcmp(name + size, zeros, VAULT_NAME_MAX - size) != 0)
        return err_set(err, ERR_FORMAT, "bytes behind the name that are not zero");
    for (size_t earlier = 0; earlier < row; earlier++) {
        if (memcmp(name, row_name(table, earlier), VAULT_NAME_MAX) == 0)
            return err_set(err, ERR_FORMAT, "the name of row %zu a second time", earlier + 1);
    }
    return ERR_OK;
}

enum err_code vault_table_check(const uint8_t *table, size_t size, size_t *count, struct err *err)
{
    const size_t rows = size / VAULT_ROW_SIZE;

    if (size % VAULT_ROW_SIZE != 0 || rows > VAULT_KEYS_MAX)
        return err_set(err, ERR_FORMAT, "a table of %zu bytes is not whole rows", size);
    for (size_t row = 0; row < rows; row++) {
        if (row_check(table, row, err))
            return err_wrap(err, "table, row %zu", row + 1);
    }
    *count = rows;
    return ERR_OK;
}

size_t vault_table_find(const uint8_t *table, size_t count, const char *name)
{
    const size_t size = strlen(name);

    for (size_t row = 0; row < count && size <= VAULT_NAME_MAX; row++) {
        if (strnlen(row_name(table, row), VAULT_NAME_MAX) == size &&
            memcmp(row_name(table, row), name, size) == 0)
            return row;
    }
    return count;
}
