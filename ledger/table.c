/*
 * Open addressing with linear probing, at most three quarters full. A slot carries the key's hash, so that a
 * probe compares a row only when the hash agrees, and growing reads no row at all.
 */
#include "ledger/table.h"

#include <stdlib.h>
#include <string.h>

#define ROWS_LEAST  8U
#define SLOTS_LEAST 16U
#define SLOTS_MOST  (UINT32_C(1) << 31)

void table_init(struct table *t, size_t row_size, size_t key_size)
{
    REQUIRE(key_size > 0 && key_size <= row_size);
    memset(t, 0, sizeof *t);
    t->row_size = row_size;
    t->key_size = key_size;
}

void table_release(struct table *t)
{
    free(t->rows);
    free(t->slots);
    t->rows = NULL;
    t->slots = NULL;
    t->count = 0;
    t->capacity = 0;
    t->slot_count = 0;
}

/* Only finds rows: no order, and nothing that leaves the program, depends on it. */
static uint32_t hash_of(const void *key, size_t size)
{
    const uint8_t *at = key;
    uint64_t h = UINT64_C(0x9e3779b97f4a7c15) ^ size;
    uint64_t word;

    for (; size >= sizeof word; size -= sizeof word, at += sizeof word) {
        memcpy(&word, at, sizeof word);
        h = (h ^ word) * UINT64_C(0xff51afd7ed558ccd);
        h ^= h >> 32;
    }
    if (size > 0) {
        word = 0;
        memcpy(&word, at, size);
        h = (h ^ word) * UINT64_C(0xff51afd7ed558ccd);
        h ^= h >> 32;
    }
    h *= UINT64_C(0xc4ceb9fe1a85ec53);
    return (uint32_t)(h >> 32);
}

static uint32_t slot_hash(uint64_t slot)
{
    return (uint32_t)(slot >> 32);
}

static uint8_t *slot_row(const struct table *t, uint64_t slot)
{
    return t->rows + (size_t)((uint32_t)slot - 1) * t->row_size;
}

/* The slot that holds this key, or the empty one where it would go. The table has slots, one of them empty.
 */
static uint64_t *slot_of(const struct table *t, const void *key, uint32_t hash)
{
    const uint32_t mask = t->slot_count - 1;
    uint32_t i = hash & mask;

    while (t->slots[i] != 0) {
        if (slot_hash(t->slots[i]) == hash && memcmp(slot_row(t, t->slots[i]), key, t->key_size) == 0)
            break;
        i = (i + 1) & mask;
    }
    return &t->slots[i];
}

void *table_find(const struct table *t, const void *key)
{
    if (t->count == 0)
        return NULL;
    const uint64_t *const slot = slot_of(t, key, hash_of(key, t->key_size));
    return *slot ? slot_row(t, *slot) : NULL;
}

static uint64_t rows_allowed(uint32_t slot_count)
{
    return (uint64_t)slot_count / 4 * 3;
}

static enum err_code grow_slots(struct table *t, uint64_t rows, struct err *err)
{
    uint32_t slot_count = t->slot_count ? t->slot_count : SLOTS_LEAST;

    while (rows_allowed(slot_count) < rows) {
        if (slot_count == SLOTS_MOST)
            return err_set(err, ERR_MEMORY, "a table cannot hold %llu rows", (unsigned long long)rows);
        slot_count *= 2;
    }
    if (slot_count == t->slot_count)
        return ERR_OK;
    uint64_t *const slots = calloc(slot_count, sizeof *slots);
    if (!slots)
        return err_set(err, ERR_MEMORY, "out of memory for the index of %llu rows", (unsigned long long)rows);
    for (uint32_t old = 0; old < t->slot_count; old++) {
        if (t->slots[old] == 0)
            continue;
        uint32_t i = slot_hash(t->slots[old]) & (slot_count - 1);
        while (slots[i] != 0)
            i = (i + 1) & (slot_count - 1);
        slots[i] = t->slots[old];
    }
    free(t->slots);
    t->slots = slots;
    t->slot_count = slot_count;
    return ERR_OK;
}

static enum err_code grow_rows(struct table *t, uint64_t rows, struct err *err)
{
    uint64_t capacity = t->capacity ? t->capacity : ROWS_LEAST;

    while (capacity < rows)
        capacity *= 2;
    if (capacity == t->capacity)
        return ERR_OK;
    if (capacity > UINT32_MAX || capacity > SIZE_MAX / t->row_size)
        return err_set(err, ERR_MEMORY, "a table cannot hold %llu rows", (unsigned long long)rows);
    uint8_t *const grown = realloc(t->rows, (size_t)capacity * t->row_size);
    if (!grown)
        return err_set(err, ERR_MEMORY, "out of memory for %llu rows", (unsigned long long)rows);
    t->rows = grown;
    t->capacity = (uint32_t)capacity;
    return ERR_OK;
}

enum err_code table_reserve(struct table *t, uint32_t extra, struct err *err)
{
    const uint64_t rows = (uint64_t)t->count + extra;

    if (rows <= t->capacity && rows <= rows_allowed(t->slot_count))
        return ERR_OK;
    const enum err_code rc = grow_rows(t, rows, err);
    return rc ? rc : grow_slots(t, rows, err);
}

enum err_code table_put(struct table *t, const void *key, void **row, struct err *err)
{
    const uint32_t hash = hash_of(key, t->key_size);

    if (t->slot_count > 0) {
        const uint64_t *const slot = slot_of(t, key, hash);
        if (*slot != 0) {
            *row = slot_row(t, *slot);
            return ERR_OK;
        }
    }
    const enum err_code rc = table_reserve(t, 1, err);
    if (rc)
        return rc;
    uint8_t *const fresh = t->rows + (size_t)t->count * t->row_size;
    memset(fresh, 0, t->row_size);
    memcpy(fresh, key, t->key_size);
    *slot_of(t, key, hash) = (uint64_t)hash << 32 | (t->count + 1);
    t->count++;
    *row = fresh;
    return ERR_OK;
}

void *table_at(const struct table *t, uint32_t index)
{
    REQUIRE(index < t->count);
    return t->rows + (size_t)index * t->row_size;
}
