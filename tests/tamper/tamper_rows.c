/* Rows: seals, tiles and the control index moved, removed, added, cut. */
#include "tamper/edits.h"

#include "ledger/wire.h"

/* -- seals ------------------------------------------------------------------------------------------------ */

static struct forge_row *seal_of(struct mutation *m, uint64_t size)
{
    struct forge_row *const row = forge_find_number(&m->f, EVIDENCE_SEALS, size);

    REQUIRE(row);
    return row;
}

static uint64_t any_seal(struct mutation *m)
{
    return m->world->seals[random_below(m->random, m->world->seal_count)];
}

static bool swapped_seals(struct mutation *m)
{
    const uint64_t a = any_seal(m);
    const uint64_t b = any_seal(m);

    if (a >= b)
        return false;
    struct forge_row *const first = seal_of(m, a);
    struct forge_row *const second = seal_of(m, b);
    const struct forge_row kept = *first;
    first->bytes = second->bytes;
    first->size = second->size;
    second->bytes = kept.bytes;
    second->size = kept.size;
    mutation_tell(m, "seals %" PRIu64 " and %" PRIu64 " swapped", a, b);
    expect_at(m, "seal", a);
    return true;
}

/* A seal once more, as that of another size: of entries that are there, of none, or past the end. */
static bool moved_seal(struct mutation *m)
{
    const struct forge_row *const row = seal_of(m, any_seal(m));
    const uint64_t size = mutation_pick(m, 0, m->world->f.entry_count + 5);

    if (forge_find_number(&m->f, EVIDENCE_SEALS, size))
        return false;
    forge_put_number(&m->f, EVIDENCE_SEALS, size, row->bytes, row->size);
    mutation_tell(m, "a seal once more, as seal %" PRIu64, size);
    expect_at(m, "seal", size);
    return true;
}

static bool newest_seal_dropped(struct mutation *m)
{
    const uint64_t count = mutation_pick(m, 1, m->world->seal_count);
    const uint64_t left = m->world->seal_count - count;

    for (uint64_t i = left; i < m->world->seal_count; i++)
        forge_drop(&m->f, seal_of(m, m->world->seals[i]));
    mutation_tell(m, "the newest %" PRIu64 " seals removed", count);
    const uint64_t sealed = left == 0 ? 0 : m->world->seals[left - 1];
    const uint64_t hand_over = world_hand_over_from(m->world, sealed + 1);
    if (hand_over)
        expect_at(m, "seal", hand_over);
    else
        expect_at(m, "entry", sealed + 1);
    return true;
}

static bool other_text(struct mutation *m)
{
    const uint64_t size = any_seal(m);
    const struct hash good = forge_root(&m->f, size);
    const struct hash bad = forge_root(&m->f, size == 1 ? 2 : size - 1);
    static const char *const WHAT[] = {"another origin", "another size", "another root", "a line more"};
    const uint64_t pick = random_below(m->random, 4);

    forge_seal_text(&m->f, size, pick == 0 ? "desk.example/other" : m->f.key.name,
                    pick == 1 ? size + 1 : size, pick == 2 ? &bad : &good, pick == 3 ? "more\n" : "");
    mutation_tell(m, "seal %" PRIu64 " with %s, well signed", size, WHAT[pick]);
    expect_at(m, "seal", size);
    return true;
}

static bool cut_seal(struct mutation *m)
{
    const uint64_t size = any_seal(m);
    struct forge_row *const row = seal_of(m, size);

    const size_t bare = world_bare_size(row);
    row->size = random_below(m->random, row->size);
    mutation_tell(m, "seal %" PRIu64 " cut to %zu bytes", size, row->size);
    if (row->size >= bare && row->bytes[row->size - 1] == '\n')
        expect_good(m); /* only lines of others were taken away */
    else
        expect_at(m, "seal", size);
    return true;
}

/* Of more entries than there are: they are missing. */
static bool later_seal(struct mutation *m)
{
    const uint64_t entries = m->world->f.entry_count;
    const uint64_t size = mutation_pick(m, entries + 1, entries + 100);
    const struct hash root = forge_root(&m->f, entries);

    forge_seal_text(&m->f, size, m->f.key.name, size, &root, "");
    mutation_tell(m, "a good seal over %" PRIu64 " entries", size);
    expect_at(m, "entry", entries + 1);
    return true;
}

/* -- tiles ------------------------------------------------------------------------------------------------ */

static bool cut_tile(struct mutation *m)
{
    struct forge_row *const row = forge_find_tile(&m->f, 1, 0);

    if (!row)
        return false;
    row->size = random_below(m->random, row->size);
    mutation_tell(m, "tile 1/0 cut to %zu bytes", row->size);
    expect_at(m, "tile 1/", 0);
    return true;
}

static bool dropped_tile(struct mutation *m)
{
    struct forge_row *const row = forge_find_tile(&m->f, 1, 0);

    if (!row)
        return false;
    forge_drop(&m->f, row);
    mutation_tell(m, "tile 1/0 removed");
    expect_at(m, "tile 1/", 0);
    return true;
}

static bool longer_tile(struct mutation *m)
{
    struct forge_row *const row = forge_find_tile(&m->f, 1, 0);
    uint8_t bytes[2000] = {0};
    const size_t more = 1 + random_below(m->random, 64);

    if (!row)
        return false;
    memcpy(bytes, row->bytes, row->size);
    random_bytes(m->random, bytes + row->size, more);
    forge_set(row, bytes, row->size + more);
    mutation_tell(m, "%zu bytes more in tile 1/0", more);
    expect_at(m, "tile 1/", 0);
    return true;
}

static bool swapped_hashes(struct mutation *m)
{
    struct forge_row *const row = forge_find_tile(&m->f, 1, 0);
    uint8_t kept[32];

    if (!row)
        return false;
    uint8_t *const hash = row->bytes + 32 * random_below(m->random, row->size / 32 - 1);
    memcpy(kept, hash, 32);
    memcpy(hash, hash + 32, 32);
    memcpy(hash + 32, kept, 32);
    mutation_tell(m, "hashes %zu and the next one of tile 1/0 swapped", (size_t)(hash - row->bytes) / 32);
    expect_at(m, "tile 1/", 0);
    return true;
}

static bool surplus_tile(struct mutation *m)
{
    const unsigned level = (unsigned)random_below(m->random, 256);
    const uint64_t index = random_below(m->random, 3);
    uint8_t key[9] = {(uint8_t)level};
    uint8_t hash[32];
    char place[20];

    wire_store_u64(key + 1, index);
    if (forge_find_tile(&m->f, level, index))
        return false;
    random_bytes(m->random, hash, sizeof hash);
    forge_put(&m->f, EVIDENCE_TILES, key, sizeof key, hash, sizeof hash);
    snprintf(place, sizeof place, "tile %u/", level);
    mutation_tell(m, "a tile %u/%" PRIu64 " that no such tree has", level, index);
    expect_at(m, place, index);
    return true;
}

/* -- the control index ------------------------------------------------------------------------------------ */

static bool control_index(struct mutation *m)
{
    const uint64_t seq = mutation_pick(m, 0, m->world->f.entry_count + 3);
    struct forge_row *const row = forge_find_number(&m->f, EVIDENCE_CONTROL, seq);
    const bool is_words = random_below(m->random, 2) == 1;

    if (row && is_words)
        forge_set(row, "words", 1 + random_below(m->random, 5));
    else if (row)
        forge_drop(&m->f, row);
    else
        forge_put_number(&m->f, EVIDENCE_CONTROL, seq, NULL, 0);
    mutation_tell(m, "row %" PRIu64 " of the control index %s", seq,
                  !row       ? "added"
                  : is_words ? "given words"
                             : "removed");
    expect_at(m, "control index", seq);
    return true;
}

const struct tampering TAMPERINGS_ROWS[] = {
    {"seals swapped", swapped_seals, 3},
    {"a seal once more, as that of another size", moved_seal, 3},
    {"the newest seals removed", newest_seal_dropped, 2},
    {"a seal with another text, well signed", other_text, 3},
    {"a seal cut short", cut_seal, 2},
    {"a good seal over entries that are missing", later_seal, 2},
    {"a tile truncated", cut_tile, 3},
    {"a tile removed", dropped_tile, 1},
    {"a tile longer than it should be", longer_tile, 2},
    {"hashes of a tile swapped", swapped_hashes, 2},
    {"a tile that the tree does not have", surplus_tile, 2},
    {"the control index edited", control_index, 3},
    {NULL, NULL, 0},
};
