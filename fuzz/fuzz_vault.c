/*
 * Any bytes as a vault's file, as such a file before its checksum (which no fuzzer would guess), and as the table
 * inside: what decodes encodes to the same bytes. No passphrase is tried.
 */
#include "ledger/hash.h"
#include "ledger/vault_format.h"

#include "fuzz.h"

#include <string.h>

static uint8_t again[VAULT_FILE_MAX];
static uint8_t whole[VAULT_FILE_MAX];

static void check_envelope(const uint8_t *bytes, size_t size)
{
    struct vault_envelope e;
    struct err err = {0};

    const enum err_code rc = vault_envelope_decode(&e, bytes, size, &err);
    if (rc) {
        REQUIRE(rc == ERR_FORMAT && err.code == rc && err.text[0] != '\0');
        return;
    }
    REQUIRE(vault_cost_check(&e.cost, NULL) == ERR_OK);
    REQUIRE(vault_envelope_encode(&e, again) == size && memcmp(again, bytes, size) == 0);
}

static void check_table(const uint8_t *table, size_t size)
{
    struct err err = {0};
    size_t count = 0;

    const enum err_code rc = vault_table_check(table, size, &count, &err);
    if (rc) {
        REQUIRE(rc == ERR_FORMAT && err.code == rc && err.text[0] != '\0');
        return;
    }
    REQUIRE(count * VAULT_ROW_SIZE == size);
    for (size_t row = 0; row < count; row++) {
        const uint8_t *const at = table + row * VAULT_ROW_SIZE;
        char name[VAULT_NAME_MAX + 1] = {0};
        memcpy(name, at, VAULT_NAME_MAX);
        REQUIRE(vault_table_find(table, count, name) == row); /* so no name is there twice */
        memset(again, 0, VAULT_ROW_SIZE);
        memcpy(again, name, strlen(name));
        memcpy(again + VAULT_NAME_MAX, at + VAULT_NAME_MAX, VAULT_SEED_SIZE);
        REQUIRE(memcmp(again, at, VAULT_ROW_SIZE) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_envelope(data, size);
    if (size <= sizeof whole - HASH_SIZE) {
        const struct hash h = hash_bytes(data, size);
        if (size > 0)
            memcpy(whole, data, size);
        memcpy(whole + size, h.bytes, HASH_SIZE);
        check_envelope(whole, size + HASH_SIZE);
    }
    check_table(data, size);
    return 0;
}
