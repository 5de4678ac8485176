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

/*
 * Word by word; the last one overlaps the one before it, so that every word is read whole. Words of zeros are
 * left out: most of an id or a symbol's fixed size is filling.
 */
uint32_t slots_hash(const void *key, size_t size)
{
    const uint8_t *const bytes = key;
    uint64_t h = UINT64_C(0x9e3779b97f4a7c15) ^ size;
    uint64_t word = 0;
    size_t at = 0;

    for (; at + sizeof word <= size; at += sizeof word) {
        memcpy(&word, bytes + at, sizeof word);
        if (word != 0)
            h = mixed(h, word);
    }
    if (at < size && at > 0) {
        memcpy(&word, bytes + size - sizeof word, sizeof word);
        h = word != 0 ? mixed(h, word) : h;
    } else if (at < size) {
        memcpy(&word, bytes, size);
        h = mixed(h, word);
    }
    return (uint32_t)(h * UINT64_C(0xc4ceb9fe1a85ec53) >> 32);
}

enum err_code slots_reserve(struct slots *s, uint64_t keys, struct err *err)
{
    uint32_t count = s->count ? s->count : SLOTS_LEAST;

    if (slots_have_room(s, keys))
        return ERR_OK;
    while ((uint64_t)count / 4 * 3 < keys) {
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
