/* Entries and blocks swapped, repeated, dropped, inserted, with their checks, and nothing else touched. */
#include "tamper/mutation.h"
#include "tamper/pieces.h"

#include "ledger/wire.h"

static struct pieces here;
static struct pieces there;

static uint64_t entries(const struct mutation *m)
{
    return m->world->f.entry_count;
}

static bool swap(struct mutation *m)
{
    const uint64_t a = mutation_pick(m, 1, entries(m) - 1);
    const uint64_t b = random_below(m->random, 2) ? a + 1 : mutation_pick(m, a + 1, entries(m));
    struct forge_row *const row = pieces_take(&m->f, a, &here);
    struct forge_row *const other = pieces_take(&m->f, b, &there);
    struct piece *const second = pieces_of(row == other ? &here : &there, b);
    const struct piece kept = *pieces_of(&here, a);

    *pieces_of(&here, a) = *second;
    *second = kept;
    pieces_put(&m->f, row, &here);
    if (row != other)
        pieces_put(&m->f, other, &there);
    mutation_tell(m, "entries %" PRIu64 " and %" PRIu64 " swapped", a, b);
    expect_at(m, "entry", a);
    return true;
}

static bool repeat(struct mutation *m)
{
    const uint64_t seq = mutation_pick(m, 1, entries(m));
    struct forge_row *const row = pieces_take(&m->f, seq, &here);
    const struct piece copy = *pieces_of(&here, seq);

    pieces_insert(&here, seq - here.first + 1, &copy);
    pieces_put(&m->f, row, &here);
    mutation_tell(m, "entry %" PRIu64 " repeated", seq);
    expect_at(m, "entry", seq + 1);
    return true;
}

static bool drop(struct mutation *m)
{
    const uint64_t seq = mutation_pick(m, 1, entries(m));
    struct forge_row *const row = pieces_take(&m->f, seq, &here);

    pieces_remove(&here, seq - here.first);
    pieces_put(&m->f, row, &here);
    mutation_tell(m, "entry %" PRIu64 " dropped", seq);
    expect_at(m, "entry", seq);
    return true;
}

/* An entry that the journal could have written: another one's words, with the number and the time of its new place. */
static bool insert(struct mutation *m)
{
    const uint64_t seq = mutation_pick(m, 3, entries(m));
    const uint64_t model = mutation_pick(m, 3, seq);

    pieces_take(&m->f, model, &there);
    struct piece made = *pieces_of(&there, model);
    if (made.bytes[2] == FAMILY_CONTROL || made.bytes[1] & 2)
        return false;
    struct forge_row *const row = pieces_take(&m->f, seq, &here);
    const struct piece *const old = pieces_of(&here, seq);
    const bool was_control = old->bytes[2] == FAMILY_CONTROL;
    piece_place(&made, seq, piece_recorded_at_ns(old));
    piece_check(&made);
    pieces_insert(&here, seq - here.first, &made);
    pieces_put(&m->f, row, &here);
    mutation_tell(m, "words of entry %" PRIu64 " inserted before entry %" PRIu64, model, seq);
    if (model == seq)
        expect_at(m, "entry", seq + 1);
    else if (seq % 256 == 0)
        expect_at(m, "tile 1/", (seq / 256 - 1) / 256);
    else if (was_control)
        expect_at(m, "control index", seq);
    else if (world_seal_over(m->world, seq) == seq)
        expect_at(m, "seal", seq);
    else
        expect_at(m, "entry", seq + 1);
    return true;
}

static bool replace(struct mutation *m)
{
    const uint64_t seq = mutation_pick(m, 1, entries(m));
    const uint64_t other = mutation_pick(m, 1, entries(m));

    if (other == seq)
        return false;
    pieces_take(&m->f, other, &there);
    struct forge_row *const row = pieces_take(&m->f, seq, &here);
    *pieces_of(&here, seq) = *pieces_of(&there, other);
    pieces_put(&m->f, row, &here);
    mutation_tell(m, "entry %" PRIu64 " replaced by entry %" PRIu64, seq, other);
    expect_at(m, "entry", seq);
    return true;
}

static bool drop_block(struct mutation *m)
{
    const uint64_t seq = mutation_pick(m, 1, entries(m));
    struct forge_row *const row = pieces_take(&m->f, seq, &here);

    forge_drop(&m->f, row);
    mutation_tell(m, "the block from entry %" PRIu64 " dropped", here.first);
    expect_at(m, "entry", here.first);
    return true;
}

static bool swap_blocks(struct mutation *m)
{
    struct forge_row *const row = pieces_take(&m->f, mutation_pick(m, 1, entries(m)), &here);
    struct forge_row *const other = pieces_take(&m->f, mutation_pick(m, 1, entries(m)), &there);
    const struct forge_row kept = *row;

    if (row == other)
        return false;
    row->bytes = other->bytes;
    row->size = other->size;
    other->bytes = kept.bytes;
    other->size = kept.size;
    mutation_tell(m, "the blocks from entries %" PRIu64 " and %" PRIu64 " swapped", here.first, there.first);
    expect_at(m, "entry", here.first < there.first ? here.first : there.first);
    return true;
}

/* The block is there once more, under the key behind the last one. */
static bool repeat_block(struct mutation *m)
{
    const struct forge_row *const row = pieces_take(&m->f, mutation_pick(m, 1, entries(m)), &here);

    forge_put_number(&m->f, EVIDENCE_ENTRIES, entries(m) + here.count, row->bytes, row->size);
    mutation_tell(m, "the block from entry %" PRIu64 " once more at the end", here.first);
    expect_at(m, "entry", entries(m) + 1);
    return true;
}

/* Entries `seq` and later dropped; seals, tiles and the control index stay. */
static bool cut_tail(struct mutation *m)
{
    const uint64_t seq = mutation_pick(m, 1, entries(m));
    const uint64_t last_key = wire_load_u64(pieces_take(&m->f, seq, &here)->key);
    const uint64_t first = here.first;

    for (size_t i = m->f.count; i-- > 0;) {
        if (m->f.rows[i].table == EVIDENCE_ENTRIES && wire_load_u64(m->f.rows[i].key) > last_key)
            forge_drop(&m->f, &m->f.rows[i]);
    }
    struct forge_row *const last = pieces_block(&m->f, seq);
    here.count = seq - first;
    wire_store_u64(last->key, seq - 1);
    pieces_put(&m->f, last, &here);
    mutation_tell(m, "cut before entry %" PRIu64, seq);
    expect_at(m, "entry", seq);
    return true;
}

const struct tampering TAMPERINGS_ENTRIES[] = {
    {"entries swapped", swap, 4},
    {"an entry repeated", repeat, 4},
    {"an entry dropped", drop, 4},
    {"an entry inserted", insert, 4},
    {"an entry replaced by another", replace, 2},
    {"a block dropped", drop_block, 2},
    {"blocks swapped", swap_blocks, 2},
    {"a block repeated at the end", repeat_block, 2},
    {"the tail cut", cut_tail, 3},
    {NULL, NULL, 0},
};
