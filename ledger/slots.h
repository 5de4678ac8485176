/*
 * Slots: the hash index under table.h and ids.h. Open addressing with linear probing, at most three quarters
 * full; a slot carries its key's hash, so that a probe compares a key only when the hash agrees, and growing
 * reads no key at all. It says where a row is and nothing else: no order, and nothing that leaves the
 * program, depends on it.
 */
#ifndef LEDGER_SLOTS_H
#define LEDGER_SLOTS_H

#include "ledger/err.h"

#include <stdint.h>

struct slots {
    uint64_t *at;   /* hash << 32 | the owner's number for the key, never 0; 0 empty */
    uint32_t count; /* 0 or a power of two */
};

/* {NULL, 0} is a valid, empty index. */
void slots_release(struct slots *s);
uint32_t slots_hash(const void *key, size_t size);
/* Room for `keys` keys in all; ERR_MEMORY: the index is as it was. */
MUST_USE enum err_code slots_reserve(struct slots *s, uint64_t keys, struct err *err);

/* At most three quarters full, so that a walk ends soon. */
static inline bool slots_have_room(const struct slots *s, uint64_t keys)
{
    return keys <= (uint64_t)s->count / 4 * 3;
}

/*
 * Asks the processor for the memory where the walk for this hash begins: a large index is far away, and work
 * that is done before the walk need not wait for it. A hint; it changes nothing.
 */
static inline void slots_expect(const struct slots *s, uint32_t hash)
{
    if (s->count > 0)
        __builtin_prefetch(&s->at[hash & (s->count - 1)], 1);
}

/* Walks the candidates for a hash: slot = slots_first(...); while (*slot) { mine? ; slot = slots_next(...); } */
static inline uint64_t *slots_first(const struct slots *s, uint32_t hash)
{
    return &s->at[hash & (s->count - 1)];
}

static inline uint64_t *slots_next(const struct slots *s, const uint64_t *slot)
{
    return &s->at[(uint32_t)(slot - s->at + 1) & (s->count - 1)];
}

static inline uint32_t slot_hash(uint64_t slot)
{
    return (uint32_t)(slot >> 32);
}

static inline uint32_t slot_number(uint64_t slot)
{
    return (uint32_t)slot;
}

static inline uint64_t slot_of(uint32_t hash, uint32_t number)
{
    return (uint64_t)hash << 32 | number;
}

#endif
