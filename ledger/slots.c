#include "ledger/slots.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS_LEAST 16U
#define SLOTS_MOST  (UINT32_C(1) << 31)

void slots_release(struct slots *s)
{
    free(s->at);
    s->at = NULL;
    s->count = 0;
}

static uint64_t mixed(uint64_t h, uint64_t word)
{
    h = (h ^ word) * UINT64_C(0xff51afd7ed558ccd);
    return h ^ h >> 32;
}

uint32_t slots_hash(const void *key, size_t size)
{
    const uint8_t *at = key;
    uint64_t h = UINT64_C(0x9e3779b97f4a7c15) ^ size;
    uint64_t word;

    for (; size >= sizeof word; size -= sizeof word, at += sizeof word) {
        memcpy(&word, at, sizeof word);
        h = mixed(h, word);
    }
    if (size > 0) {
        word = 0;
        memcpy(&word, at, size);
        h = mixed(h, word);
    }
    return (uint32_t)(h * UINT64_C(0xc4ceb9fe1a85ec53) >> 32);
}

static uint64_t keys_allowed(uint32_t count)
{
    return (uint64_t)count / 4 * 3;
}

enum err_code slots_reserve(struct slots *s, uint64_t keys, struct err *err)
{
    uint32_t count = s->count ? s->count : SLOTS_LEAST;

    if (keys <= keys_allowed(s->count))
        return ERR_OK;
    while (keys_allowed(count) < keys) {
        if (count == SLOTS_MOST)
            return err_set(err, ERR_MEMORY, "an index cannot hold %llu keys", (unsigned long long)keys);
        count *= 2;
    }
    uint64_t *const grown = calloc(count, sizeof *grown);
    if (!grown)
        return err_set(err, ERR_MEMORY, "out of memory for an index of %llu keys", (unsigned long long)keys);
    for (uint32_t old = 0; old < s->count; old++) {
        if (s->at[old] == 0)
            continue;
        uint32_t i = slot_hash(s->at[old]) & (count - 1);
        while (grown[i] != 0)
            i = (i + 1) & (count - 1);
        grown[i] = s->at[old];
    }
    free(s->at);
    s->at = grown;
    s->count = count;
    return ERR_OK;
}
