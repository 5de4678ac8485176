#include "ledger/ids.h"

#include <stdlib.h>

#define BYTES_LEAST 256U

void ids_init(struct ids *ids)
{
    memset(ids, 0, sizeof *ids);
}

void ids_release(struct ids *ids)
{
    free(ids->bytes);
    slots_release(&ids->slots);
    ids_init(ids);
}

/* A slot's number is the id's place in `bytes`, plus one. The set has slots, one of them empty. */
static uint64_t *find_slot(const struct ids *ids, const struct id *id, uint32_t hash)
{
    uint64_t *slot = slots_first(&ids->slots, hash);

    for (; *slot != 0; slot = slots_next(&ids->slots, slot)) {
        const uint8_t *const at = ids->bytes + slot_number(*slot) - 1;
        if (slot_hash(*slot) == hash && at[0] == id->length && memcmp(at + 1, id->text, id->length) == 0)
            break;
    }
    return slot;
}

static uint32_t hash_of(const struct id *id)
{
    return slots_hash(id->text, id->length);
}

bool ids_has(const struct ids *ids, const struct id *id)
{
    return ids->count > 0 && *find_slot(ids, id, hash_of(id)) != 0;
}

enum err_code ids_reserve(struct ids *ids, struct err *err)
{
    const uint64_t wanted = (uint64_t)ids->size + 1 + ID_MAX;

    if (wanted > ids->capacity) {
        const uint64_t grown = ids->capacity ? 2 * (uint64_t)ids->capacity : BYTES_LEAST;
        const uint64_t capacity = grown < UINT32_MAX ? grown : UINT32_MAX;
        if (wanted > capacity)
            return err_set(err, ERR_MEMORY, "a set of ids holds at most 4 GB");
        uint8_t *const bytes = realloc(ids->bytes, (size_t)capacity);
        if (!bytes)
            return err_set(err, ERR_MEMORY, "out of memory for %llu bytes of ids",
                           (unsigned long long)capacity);
        ids->bytes = bytes;
        ids->capacity = (uint32_t)capacity;
    }
    return slots_reserve(&ids->slots, ids->count + 1, err);
}

enum err_code ids_add(struct ids *ids, const struct id *id, struct err *err)
{
    REQUIRE(id->length >= 1 && id->length <= ID_MAX);
    const uint32_t hash = hash_of(id);

    if (ids->count > 0 && *find_slot(ids, id, hash) != 0)
        return ERR_OK;
    const enum err_code rc = ids_reserve(ids, err);
    if (rc)
        return rc;
    uint8_t *const at = ids->bytes + ids->size;
    at[0] = id->length;
    memcpy(at + 1, id->text, id->length);
    *find_slot(ids, id, hash) = slot_of(hash, ids->size + 1);
    ids->size += 1U + id->length;
    ids->count++;
    return ERR_OK;
}

void ids_digest(const struct ids *ids, const struct digest_out *out)
{
    digest_u64(out, ids->count);
    digest_bytes(out, ids->bytes, ids->size);
}
