/* Entries edited, by somebody without the journal's key; what can be recomputed without it is, more and more of it. */
#include "tamper/edits.h"
#include "tamper/pieces.h"

#include "ledger/wire.h"

static bool edited(struct mutation *m)
{
    const uint64_t seq = edit_pick_unsigned(m);

    edit_words(m, seq);
    edit_store(m);
    mutation_tell(m, "entry %" PRIu64 " edited", seq);
    expect_at(m, "entry", seq);
    return true;
}

static bool with_check(struct mutation *m)
{
    const uint64_t seq = edit_pick_unsigned(m);

    edit_words(m, seq);
    edit_checks(m);
    mutation_tell(m, "entry %" PRIu64 " edited, with its check", seq);
    expect_above(m, seq);
    return true;
}

static bool with_tiles(struct mutation *m)
{
    const uint64_t seq = edit_pick_unsigned(m);

    edit_words(m, seq);
    edit_tree(m);
    mutation_tell(m, "entry %" PRIu64 " edited, with check and tiles", seq);
    expect_at(m, "seal", world_seal_over(m->world, seq));
    return true;
}

/* And every seal over it removed but the newest. */
static bool without_seals(struct mutation *m)
{
    const uint64_t seq = edit_pick_unsigned(m);
    const uint64_t newest = m->world->f.entry_count;
    const uint64_t hand_over = world_hand_over_from(m->world, seq);

    edit_words(m, seq);
    edit_tree(m);
    for (size_t i = 0; i + 1 < m->world->seal_count; i++) {
        if (m->world->seals[i] >= seq)
            forge_drop(&m->f, forge_find_number(&m->f, EVIDENCE_SEALS, m->world->seals[i]));
    }
    mutation_tell(m, "entry %" PRIu64 " edited, with tree, and the seals up to the newest removed", seq);
    expect_at(m, "seal", hand_over ? hand_over : newest); /* where a key changes, a seal is missed */
    return true;
}

static void take_strangers_key(struct mutation *m)
{
    struct forge other;

    forge_init(&other, 99);
    memcpy(m->f.secret, other.secret, sizeof m->f.secret);
    m->f.key = other.key;
    m->f.later_count = 0;
    forge_release(&other);
}

static bool by_stranger(struct mutation *m)
{
    const uint64_t seq = edit_pick_unsigned(m);

    edit_words(m, seq);
    take_strangers_key(m);
    edit_all(m, seq);
    mutation_tell(m, "entry %" PRIu64 " edited, all of it sealed by a stranger's key", seq);
    expect_at(m, "seal", world_seal_over(m->world, seq));
    return true;
}

/* Genesis names the stranger's key, and everything is sealed with it. */
static bool made_up(struct mutation *m)
{
    const uint64_t seq = edit_pick_unsigned(m);
    uint8_t *const genesis = edit_bytes(m, 1);

    take_strangers_key(m);
    memcpy(genesis + 48 + 2 + m->f.key.name_size, m->f.key.public_key, 32);
    edit_words(m, seq);
    edit_all(m, 1);
    mutation_tell(m, "another journal altogether, with entry %" PRIu64 " edited", seq);
    expect_at(m, "entry", 1);
    return true;
}

static bool moved_cause(struct mutation *m)
{
    const uint64_t seq = edit_pick_unsigned(m);

    if (!edit_cause(m, seq))
        return false;
    edit_checks(m);
    mutation_tell(m, "entry %" PRIu64 " given another cause, and its check", seq);
    expect_above(m, seq);
    return true;
}

static bool signed_words(struct mutation *m)
{
    const uint64_t seq = edit_pick_signed(m);

    if (seq == 0)
        return false;
    mutation_flip(m, edit_bytes(m, seq) + 24, 8); /* when he says it happened */
    edit_checks(m);
    mutation_tell(m, "the signed entry %" PRIu64 " edited, with its check", seq);
    expect_at(m, "entry", seq);
    return true;
}

/* The bodies of two perceptions change places; numbers and times stay. */
static bool exchanged(struct mutation *m)
{
    static uint8_t bytes[2][2000];
    const uint64_t a = edit_pick_unsigned(m);
    const uint64_t b = edit_pick_unsigned(m);

    if (a >= b || edit_family(m, a) != FAMILY_PERCEPTION || edit_family(m, b) != FAMILY_PERCEPTION)
        return false;
    const uint64_t seqs[2] = {a, b};
    size_t sizes[2];
    for (int i = 0; i < 2; i++) {
        const struct forge_entry *const mine = &m->world->f.entries[seqs[i] - 1];
        const struct forge_entry *const theirs = &m->world->f.entries[seqs[1 - i] - 1];
        sizes[i] = theirs->size;
        REQUIRE(theirs->size <= sizeof bytes[i]);
        memcpy(bytes[i], theirs->bytes, theirs->size);
        memcpy(bytes[i] + 8, mine->bytes + 8, 16);
        wire_store_u64(bytes[i] + 32, 0); /* of no cause */
    }
    if (memcmp(bytes[0] + 48, m->world->f.entries[a - 1].bytes + 48, 20) == 0)
        return false;
    for (int i = 0; i < 2; i++)
        edit_set(m, seqs[i], bytes[i], sizes[i]);
    edit_checks(m);
    mutation_tell(m, "the words of entries %" PRIu64 " and %" PRIu64 " exchanged, with checks", a, b);
    expect_above(m, a);
    return true;
}

static bool swapped_checks(struct mutation *m)
{
    static struct pieces here;
    const uint64_t a = mutation_pick(m, 1, m->world->f.entry_count - 1);
    struct forge_row *const row = pieces_take(&m->f, a, &here);

    if (a + 1 - here.first >= here.count)
        return false;
    uint8_t kept[4];
    memcpy(kept, pieces_of(&here, a)->check, 4);
    memcpy(pieces_of(&here, a)->check, pieces_of(&here, a + 1)->check, 4);
    memcpy(pieces_of(&here, a + 1)->check, kept, 4);
    pieces_put(&m->f, row, &here);
    mutation_tell(m, "the checks of entries %" PRIu64 " and the next one swapped", a);
    expect_at(m, "check", a);
    return true;
}

const struct tampering TAMPERINGS_EDITS[] = {
    {"an entry edited", edited, 4},
    {"an entry edited, its check made anew", with_check, 4},
    {"an entry edited, checks and tiles made anew", with_tiles, 4},
    {"the same, and every seal over it removed but the newest", without_seals, 3},
    {"the same, and every seal made anew with a stranger's key", by_stranger, 3},
    {"a journal made up altogether, with a stranger's key", made_up, 2},
    {"a cause moved, checks made anew", moved_cause, 4},
    {"the words of two entries exchanged, checks made anew", exchanged, 2},
    {"a signed entry edited, its check made anew", signed_words, 3},
    {"the checks of two entries swapped", swapped_checks, 2},
    {NULL, NULL, 0},
};
