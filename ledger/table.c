#include "ledger/table.h"

#include <stdlib.h>
#include <string.h>

#define ROWS_LEAST 8U

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
    slots_release(&t->slots);
    t->rows = NULL;
    t->count = 0;
    t->capacity = 0;
}

static uint8_t *row_at(const struct table *t, uint64_t slot)
{
    return t->rows + (size_t)(slot_number(slot) - 1) * t->row_size;
}

/* The slot that holds this key, or the empty one where it would go. The table has slots, one of them empty. */
static uint64_t *find_slot(const struct table *t, const void *key, uint32_t hash)
{
    uint64_t *slot = slots_first(&t->slots, hash);

    for (; *slot != 0; slot = slots_next(&t->slots, slot)) {
        if (slot_hash(*slot) == hash && memcmp(row_at(t, *slot), key, t->key_size) == 0)
            break;
    }
    return slot;
}

void *table_find(const struct table *t, const void *key)
{
    if (t->count == 0)
        return NULL;
    const uint64_t *const slot = find_slot(t, key, slots_hash(key, t->key_size));
    return *slot ? row_at(t, *slot) : NULL;
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
    const enum err_code rc = rows > t->capacity ? grow_rows(t, rows, err) : ERR_OK;

    return rc ? rc : slots_reserve(&t->slots, rows, err);
}

enum err_code table_put(struct table *t, const void *key, void **row, struct err *err)
{
    const uint32_t hash = slots_hash(key, t->key_size);

    if (t->count > 0) {
        const uint64_t *const slot = find_slot(t, key, hash);
        if (*slot != 0) {
            *row = row_at(t, *slot);
            return ERR_OK;
        }
    }
    const enum err_code rc = table_reserve(t, 1, err);
    if (rc)
        return rc;
    uint8_t *const fresh = t->rows + (size_t)t->count * t->row_size;
    memset(fresh, 0, t->row_size);
    memcpy(fresh, key, t->key_size);
    *find_slot(t, key, hash) = slot_of(hash, t->count + 1);
    t->count++;
    *row = fresh;
    return ERR_OK;
}

void *table_at(const struct table *t, uint32_t index)
{
    REQUIRE(index < t->count);
    return t->rows + (size_t)index * t->row_size;
}
