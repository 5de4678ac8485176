#include "ledger/ids.h"

#include <stdlib.h>

#define BYTES_LEAST 256U

void ids_init(struct ids *ids)
{
    memset(ids, 0, sizeof *ids);
}

void ids_init_tagged(struct ids *ids)
{
    ids_init(ids);
    ids->tag_size = IDS_TAG_SIZE;
}

void ids_release(struct ids *ids)
{
    const uint32_t tag_size = ids->tag_size;

    free(ids->bytes);
    slots_release(&ids->slots);
    ids_init(ids);
    ids->tag_size = tag_size;
}

/* A slot's number is the id's place in `bytes`, plus one. The set has slots, one of them empty. */
static uint64_t *find_slot(const struct ids *ids, const struct ids_key *key)
{
    const struct id *const id = key->id;
    uint64_t *slot = slots_first(&ids->slots, key->hash);

    for (; *slot != 0; slot = slots_next(&ids->slots, slot)) {
        const uint8_t *const at = ids->bytes + slot_number(*slot) - 1;
        if (slot_hash(*slot) == key->hash && at[0] == id->length && memcmp(at + 1, id->text, id->length) == 0)
            break;
    }
    return slot;
}

struct ids_key ids_key(const struct ids *ids, const struct id *id)
{
    const struct ids_key key = {id, slots_hash(id->text, id->length), NULL};

    slots_expect(&ids->slots, key.hash);
    return key;
}

static bool has_room(const struct ids *ids)
{
    return ids->capacity - ids->size > ID_MAX + ids->tag_size && slots_have_room(&ids->slots, ids->count + 1);
}

bool ids_has_key(const struct ids *ids, struct ids_key *key)
{
    REQUIRE(has_room(ids));
    uint64_t *const slot = find_slot(ids, key);

    key->slot = *slot == 0 ? slot : NULL;
    return !key->slot;
}

bool ids_has(const struct ids *ids, const struct id *id)
{
    const struct ids_key key = ids_key(ids, id);

    return ids->count > 0 && *find_slot(ids, &key) != 0;
}

static enum err_code reserve_bytes(struct ids *ids, uint64_t wanted, struct err *err)
{
    const uint64_t grown = ids->capacity ? 2 * (uint64_t)ids->capacity : BYTES_LEAST;
    const uint64_t capacity = grown < UINT32_MAX ? grown : UINT32_MAX;

    if (wanted > capacity)
        return err_set(err, ERR_MEMORY, "a set of ids holds at most 4 GB");
    uint8_t *const bytes = realloc(ids->bytes, (size_t)capacity);
    if (!bytes)
        return err_set(err, ERR_MEMORY, "out of memory for %llu bytes of ids", (unsigned long long)capacity);
    ids->bytes = bytes;
    ids->capacity = (uint32_t)capacity;
    return ERR_OK;
}

enum err_code ids_reserve(struct ids *ids, struct err *err)
{
    const uint64_t wanted = (uint64_t)ids->size + 1 + ID_MAX + ids->tag_size;
    enum err_code rc = ERR_OK;

    if (has_room(ids))
        return ERR_OK;
    if (wanted > ids->capacity)
        rc = reserve_bytes(ids, wanted, err);
    if (!rc)
        rc = slots_reserve(&ids->slots, ids->count + 1, err);
    return rc;
}

/* The longest id is copied with a fixed size, which is quicker than a measured one: there is room. */
static uint8_t *put_key(struct ids *ids, const struct ids_key *key)
{
    const struct id *const id = key->id;

    REQUIRE(id->length >= 1 && id->length <= ID_MAX && has_room(ids));
    REQUIRE(key->slot && *key->slot == 0);
    uint8_t *const at = ids->bytes + ids->size;
    at[0] = id->length;
    memcpy(at + 1, id->text, ID_MAX);
    *key->slot = slot_of(key->hash, ids->size + 1);
    ids->size += 1U + id->length + ids->tag_size;
    ids->count++;
    return at + 1 + id->length;
}

void ids_add_key(struct ids *ids, const struct ids_key *key)
{
    REQUIRE(ids->tag_size == 0);
    put_key(ids, key);
}

void ids_add_tagged(struct ids *ids, const struct ids_key *key, uint64_t tag)
{
    REQUIRE(ids->tag_size == IDS_TAG_SIZE);
    uint8_t *const at = put_key(ids, key);
    for (unsigned i = 0; i < IDS_TAG_SIZE; i++)
        at[i] = (uint8_t)(tag >> (56 - 8 * i));
}

bool ids_find(const struct ids *ids, const struct id *id, uint64_t *tag, uint32_t *place)
{
    const struct ids_key key = ids_key(ids, id);
    const uint64_t *const slot = ids->count > 0 ? find_slot(ids, &key) : NULL;

    REQUIRE(ids->tag_size == IDS_TAG_SIZE);
    if (!slot || *slot == 0)
        return false;
    const uint8_t *const at =
        ids->bytes + slot_number(*slot) + id->length; /* its place is the number, less one */
    *place = slot_number(*slot) - 1;
    *tag = 0;
    for (unsigned i = 0; i < IDS_TAG_SIZE; i++)
        *tag = *tag << 8 | at[i];
    return true;
}

enum err_code ids_add(struct ids *ids, const struct id *id, struct err *err)
{
    const enum err_code rc = ids_reserve(ids, err);

    if (rc)
        return rc;
    struct ids_key key = ids_key(ids, id);
    if (!ids_has_key(ids, &key))
        ids_add_key(ids, &key);
    return ERR_OK;
}

void ids_digest(const struct ids *ids, const struct digest_out *out)
{
    digest_u64(out, ids->count);
    digest_bytes(out, ids->bytes, ids->size);
}
