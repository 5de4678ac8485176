/*
 * A digest of a reducer's canonical bytes, for tests that compare states. FNV-1a over the bytes and their
 * number: no cryptography, enough to tell two states apart.
 */
#ifndef TESTS_SUPPORT_DIGESTS_H
#define TESTS_SUPPORT_DIGESTS_H

#include "ledger/replay.h"

struct digests {
    uint64_t hash;
    uint64_t size;
};

static inline void digests_add(void *context, const void *bytes, size_t size)
{
    struct digests *const d = (struct digests *)context;
    const uint8_t *const p = (const uint8_t *)bytes;

    for (size_t i = 0; i < size; i++)
        d->hash = (d->hash ^ p[i]) * UINT64_C(0x100000001b3);
    d->size += size;
}

static inline uint64_t digests_end(const struct digests *d)
{
    return d->hash ^ d->size;
}

static inline uint64_t digests_of_replay(const struct replay *r)
{
    struct digests d = {UINT64_C(0xcbf29ce484222325), 0};
    const struct digest_out out = {digests_add, &d};

    replay_digest(r, &out);
    return digests_end(&d);
}

/* Of one reducer's state. */
static inline uint64_t digests_of(const struct replay_row *row, const void *state)
{
    struct digests d = {UINT64_C(0xcbf29ce484222325), 0};
    const struct digest_out out = {digests_add, &d};

    row->digest(state, &out);
    return digests_end(&d);
}

#endif
