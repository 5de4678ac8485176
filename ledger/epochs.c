#include "ledger/epochs.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void epochs_init(struct epochs *e)
{
    memset(e, 0, sizeof *e);
}

void epochs_release(struct epochs *e)
{
    free(e->rows);
    epochs_init(e);
}

static enum err_code add(struct epochs *e, const struct epoch *next, struct err *err)
{
    for (size_t i = 0; i < e->count; i++) {
        if (memcmp(e->rows[i].key, next->key, sizeof next->key) == 0)
            return err_set(err, ERR_CHAIN, "it names the key of epoch %zu again", i);
    }
    if (e->count == e->capacity) {
        const size_t capacity = e->capacity ? 2 * e->capacity : 4;
        struct epoch *const grown = realloc(e->rows, capacity * sizeof *grown);
        if (!grown)
            return err_set(err, ERR_MEMORY, "out of memory for %zu key epochs", capacity);
        e->rows = grown;
        e->capacity = capacity;
    }
    e->rows[e->count++] = *next;
    return ERR_OK;
}

static enum err_code on_genesis(struct epochs *e, const struct entry_control_genesis *genesis,
                                struct epoch *next, struct err *err)
{
    if (e->count > 0)
        return err_set(err, ERR_CHAIN, "genesis names the first key, and there is one already");
    memcpy(next->key, genesis->key.bytes, sizeof next->key);
    return add(e, next, err);
}

static enum err_code on_key(struct epochs *e, const struct entry *entry, struct epoch *next, struct err *err)
{
    const struct entry_control_key *const key = &entry->as.control_key;

    if (e->count == 0 || (uint64_t)key->epoch != e->count)
        return err_set(err, ERR_CHAIN, "it begins key epoch %" PRId64 ", and the next one is %zu", key->epoch,
                       e->count);
    next->owner = entry->is_signed ? entry->actor : 0;
    next->begins += entry->is_signed ? 0 : 1;
    memcpy(next->key, key->key.bytes, sizeof next->key);
    return add(e, next, err);
}

enum err_code epochs_apply(struct epochs *e, const struct entry *entry, uint64_t seq, int64_t recorded_at_ns,
                           struct err *err)
{
    struct epoch next = {.entry = seq, .begins = seq, .recorded_at_ns = recorded_at_ns};

    if (entry->kind == ENTRY_CONTROL_GENESIS)
        return on_genesis(e, &entry->as.control_genesis, &next, err);
    if (entry->kind == ENTRY_CONTROL_KEY)
        return on_key(e, entry, &next, err);
    return ERR_OK; /* no other kind says who seals */
}

void epochs_cut(struct epochs *e, size_t count)
{
    if (count < e->count)
        e->count = count;
}

size_t epochs_at(const struct epochs *e, uint64_t size)
{
    REQUIRE(e->count > 0);
    size_t i = e->count - 1;
    while (i > 0 && e->rows[i].begins > size)
        i--;
    return i;
}

const struct epoch *epochs_newest(const struct epochs *e)
{
    REQUIRE(e->count > 0);
    return &e->rows[e->count - 1];
}
