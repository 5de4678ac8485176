/* Timestamps moved, re-used, cut, removed. Whose words they are is not asked here: tests/e2e/test_timestamp.py does. */
#include "tamper/edits.h"

#include "ledger/wire.h"

static size_t any(struct mutation *m)
{
    return random_below(m->random, m->world->stamped_count);
}

static struct forge_row *stamp(struct mutation *m, uint64_t size, uint32_t number)
{
    struct forge_row *const row = forge_find_stamp(&m->f, size, number);

    REQUIRE(row);
    return row;
}

/* A token once more, beside a seal that it is not over: as one more, as the only one, or beside none. */
static bool used_again(struct mutation *m)
{
    const struct forge_row *const row = stamp(m, m->world->stamped[any(m)], 0);
    const uint64_t size = random_below(m->random, 4)
                              ? m->world->seals[random_below(m->random, m->world->seal_count)]
                              : mutation_pick(m, 0, m->world->f.entry_count + 3);
    uint8_t key[12] = {0};

    if (size == wire_load_u64(row->key))
        return false;
    wire_store_u64(key, size);
    key[11] = (uint8_t)world_stamps(m->world, size);
    forge_put(&m->f, EVIDENCE_TIMESTAMPS, key, sizeof key, row->bytes, row->size);
    mutation_tell(m, "a timestamp used again beside seal %" PRIu64, size);
    expect_at(m, "timestamp", size);
    return true;
}

static bool swapped(struct mutation *m)
{
    const size_t a = any(m);
    const size_t b = any(m);

    if (a >= b)
        return false;
    struct forge_row *const first = stamp(m, m->world->stamped[a], 0);
    struct forge_row *const second = stamp(m, m->world->stamped[b], 0);
    const struct forge_row kept = *first;
    first->bytes = second->bytes;
    first->size = second->size;
    second->bytes = kept.bytes;
    second->size = kept.size;
    mutation_tell(m, "the timestamps of seals %" PRIu64 " and %" PRIu64 " swapped", m->world->stamped[a],
                  m->world->stamped[b]);
    expect_at(m, "timestamp", m->world->stamped[a]);
    return true;
}

/* The 32 bytes that say what was stamped. */
static bool bit_of_imprint(struct mutation *m)
{
    const size_t at = any(m);
    const uint64_t size = m->world->stamped[at];
    struct forge_row *const row = stamp(m, size, (uint32_t)random_below(m->random, m->world->stamps[at]));
    uint8_t *const imprint = memmem(row->bytes, row->size, "\x04\x20", 2);

    REQUIRE(imprint);
    mutation_flip(m, imprint + 2, 32);
    mutation_tell(m, "a bit of the imprint of a timestamp of seal %" PRIu64, size);
    expect_at(m, "timestamp", size);
    return true;
}

static bool cut(struct mutation *m)
{
    const size_t at = any(m);
    const uint64_t size = m->world->stamped[at];
    struct forge_row *const row = stamp(m, size, (uint32_t)random_below(m->random, m->world->stamps[at]));

    row->size = random_below(m->random, row->size);
    mutation_tell(m, "a timestamp of seal %" PRIu64 " cut to %zu bytes", size, row->size);
    expect_at(m, "timestamp", size);
    return true;
}

/* The first of two removed: the second is out of order. */
static bool first_removed(struct mutation *m)
{
    const size_t at = any(m);

    if (m->world->stamps[at] < 2)
        return false;
    forge_drop(&m->f, stamp(m, m->world->stamped[at], 0));
    mutation_tell(m, "the first timestamp of seal %" PRIu64 " removed", m->world->stamped[at]);
    expect_at(m, "timestamp", m->world->stamped[at]);
    return true;
}

static bool seal_removed(struct mutation *m)
{
    const uint64_t size = m->world->stamped[any(m)];

    if (size == m->world->f.entry_count || world_hand_over_from(m->world, size) == size)
        return false;
    forge_drop(&m->f, forge_find_number(&m->f, EVIDENCE_SEALS, size));
    mutation_tell(m, "seal %" PRIu64 " removed, and its timestamps left", size);
    expect_at(m, "timestamp", size);
    return true;
}

static bool too_early(struct mutation *m)
{
    const uint64_t size = m->world->seals[random_below(m->random, m->world->seal_count)];
    char time[20];

    snprintf(time, sizeof time, "2015122414%02u%02uZ", (unsigned)mutation_pick(m, 0, 29),
             (unsigned)mutation_pick(m, 0, 59)); /* entries are recorded from 14:31 on */
    forge_stamp(&m->f, size, world_stamps(m->world, size), NULL, 0, time);
    mutation_tell(m, "seal %" PRIu64 " stamped at %s, before its newest entry", size, time);
    expect_at(m, "timestamp", size);
    return true;
}

/* History sealed anew, and the authority's words left as they are: they know better. */
static bool rewritten_under_stamps(struct mutation *m)
{
    const uint64_t seq = edit_pick_unsigned(m);
    const uint64_t stamped = world_stamped_from(m->world, seq);

    if (stamped == 0)
        return false;
    edit_words(m, seq);
    edit_tree(m);
    for (size_t i = 0; i < m->world->seal_count; i++) {
        if (m->world->seals[i] >= seq)
            forge_seal(&m->f, m->world->seals[i]);
    }
    mutation_tell(m, "entry %" PRIu64 " edited, all of it sealed anew, the timestamps left", seq);
    expect_at(m, "timestamp", stamped);
    return true;
}

const struct tampering TAMPERINGS_STAMPS[] = {
    {"a timestamp re-used beside another seal", used_again, 4},
    {"the timestamps of two seals swapped", swapped, 2},
    {"a bit of a timestamp's imprint", bit_of_imprint, 3},
    {"a timestamp cut short", cut, 2},
    {"the first of two timestamps removed", first_removed, 1},
    {"a stamped seal removed", seal_removed, 2},
    {"a timestamp from before its entries", too_early, 2},
    {"thief of the keys: an entry edited, all sealed anew, timestamps left", rewritten_under_stamps, 3},
    {NULL, NULL, 0},
};
