/*
 * A set of ids, read back: see ids_digest(). The packed bytes are taken as they are; then the index is made in
 * batches, so that the memory of many places is on its way at once. For millions of ids that is what takes time.
 */
#include "ledger/ids.h"

#include <stdlib.h>

#define BATCH 32U

struct place {
    uint32_t at; /* of the length byte */
    uint32_t hash;
};

static enum err_code make_room(struct ids *ids, uint64_t count, uint32_t size, struct err *err)
{
    const uint32_t capacity =
        size + 1 + ID_MAX + ids->tag_size; /* an id is added with a copy of fixed size */

    ids->bytes = malloc(capacity);
    if (!ids->bytes)
        return err_set(err, ERR_MEMORY, "out of memory for %u bytes of ids", capacity);
    ids->capacity = capacity;
    return slots_reserve(&ids->slots, count, err);
}

/* Up to BATCH ids from *at on; 0 when there are none, or one is out of form. */
static uint32_t find_places(const struct ids *ids, uint32_t size, uint32_t *at, struct place *places)
{
    uint32_t n = 0;

    while (n < BATCH && *at < size) {
        const uint8_t length = ids->bytes[*at];
        if (length == 0 || length > ID_MAX || length + ids->tag_size >= size - *at)
            return 0;
        places[n].at = *at;
        places[n].hash = slots_hash(ids->bytes + *at + 1, length);
        slots_expect(&ids->slots, places[n].hash);
        *at += 1U + length + ids->tag_size;
        n++;
    }
    return n;
}

/* False when the id is there already. */
static bool put_place(struct ids *ids, const struct place *p)
{
    const uint8_t *const id = ids->bytes + p->at;
    uint64_t *slot = slots_first(&ids->slots, p->hash);

    for (; *slot != 0; slot = slots_next(&ids->slots, slot)) {
        const uint8_t *const other = ids->bytes + slot_number(*slot) - 1;
        if (slot_hash(*slot) == p->hash && memcmp(other, id, 1U + id[0]) == 0)
            return false;
    }
    *slot = slot_of(p->hash, p->at + 1);
    ids->size = p->at + 1U + id[0] + ids->tag_size;
    ids->count++;
    return true;
}

enum err_code ids_restore(struct ids *ids, struct restore_in *in, struct err *err)
{
    const uint64_t count = restore_within(in, 0, restore_left(in) / 2); /* an id takes two bytes or more */
    const uint32_t size = (uint32_t)restore_within(in, 0, UINT32_MAX - 1 - ID_MAX - IDS_TAG_SIZE);
    struct place places[BATCH];
    uint32_t at = 0;

    if (in->bad || size > restore_left(in) || count > size / 2) {
        in->bad = true;
        return restore_result(in, err);
    }
    if (count == 0 && size == 0)
        return ERR_OK;
    const enum err_code rc = make_room(ids, count, size, err);
    if (rc)
        return rc;
    restore_raw(in, ids->bytes, size);
    while (!in->bad && ids->size < size) {
        const uint32_t n = find_places(ids, size, &at, places);
        in->bad = n == 0 || n > count - ids->count;
        for (uint32_t i = 0; i < n && !in->bad; i++)
            in->bad = !put_place(ids, &places[i]); /* none stands there twice */
    }
    in->bad = in->bad || ids->count != count;
    return restore_result(in, err);
}
