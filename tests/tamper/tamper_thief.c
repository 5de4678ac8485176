/* What a thief of all the journal's keys can do: all that follows an edit is made anew and sealed as it should be. */
#include "tamper/edits.h"

#include "ledger/wire.h"

/* A history that nobody can tell from the true one, but for a seal kept elsewhere. */
static bool rewritten(struct mutation *m)
{
    const uint64_t seq = edit_pick_unsigned(m);

    edit_words(m, seq);
    edit_all(m, seq);
    mutation_tell(m, "entry %" PRIu64 " edited, all of it sealed with the journal's keys", seq);
    expect_kept(m);
    return true;
}

/* The size of a seal at which a block ends, too, as all do here. */
static uint64_t older_seal(struct mutation *m)
{
    return m->world->seals[random_below(m->random, m->world->seal_count - 1)];
}

static bool cut_cleanly(struct mutation *m)
{
    const uint64_t size = older_seal(m);

    edit_cut(m, size);
    mutation_tell(m, "cut cleanly behind seal %" PRIu64, size);
    expect_kept(m);
    return true;
}

/* Cut behind an older seal, and other entries written and sealed from there. */
static bool forked(struct mutation *m)
{
    struct forge *const f = &m->f;
    const uint64_t size = older_seal(m);
    const size_t entries = f->entry_count;

    edit_cut(m, size);
    const uint64_t more = mutation_pick(m, 1, 2 * (entries - size));
    for (uint64_t i = 0; i < more; i++)
        forge_add_random(f, m->random, ENTRY_PERCEPTION_QUOTE, 0, false);
    forge_group(f);
    mutation_tell(m, "another %" PRIu64 " entries written behind seal %" PRIu64, more, size);
    expect_kept(m);
    return true;
}

/* Sealed anew with the newest seal only: an older seal still knows. */
static bool resealed_at_the_end(struct mutation *m)
{
    const uint64_t seq = edit_pick_unsigned(m);
    const uint64_t first = world_seal_over(m->world, seq);

    if (first == m->world->f.entry_count)
        return false;
    edit_words(m, seq);
    edit_tree(m);
    forge_seal(&m->f, m->world->f.entry_count);
    mutation_tell(m, "entry %" PRIu64 " edited, only the newest seal made anew", seq);
    expect_at(m, "seal", first);
    return true;
}

static bool signed_words(struct mutation *m)
{
    const uint64_t seq = edit_pick_signed(m);

    if (seq == 0)
        return false;
    mutation_flip(m, edit_bytes(m, seq) + 24, 8);
    edit_all(m, seq);
    mutation_tell(m, "the signed entry %" PRIu64 " edited, sealed with the journal's keys", seq);
    expect_at(m, "entry", seq);
    return true;
}

/* The signed words of an entry once more, in the place of a later one. */
static bool signed_again(struct mutation *m)
{
    static uint8_t bytes[2000];
    const uint64_t seq = edit_pick_signed(m);
    const uint64_t later = edit_pick_unsigned(m);

    if (seq == 0 || later <= seq)
        return false;
    const struct forge_entry *const e = &m->world->f.entries[seq - 1];
    memcpy(bytes, e->bytes, e->size);
    memcpy(bytes + 8, edit_bytes(m, later) + 8, 16);
    edit_set(m, later, bytes, e->size);
    edit_all(m, later);
    mutation_tell(m, "the signed words of entry %" PRIu64 " put in again as entry %" PRIu64, seq, later);
    expect_at(m, "entry", later);
    return true;
}

/* The signature taken off an entry whose kind must carry one. */
static bool unsigned_stop(struct mutation *m)
{
    const uint64_t seq = edit_pick_signed(m);

    if (seq == 0 || edit_kind(m, seq) != ENTRY_CONTROL_STOP)
        return false;
    edit_bytes(m, seq)[1] &= (uint8_t)~2u;
    m->f.entries[seq - 1].size -= 64;
    edit_all(m, seq);
    mutation_tell(m, "entry %" PRIu64 ", a stop, without its signature", seq);
    expect_at(m, "entry", seq);
    return true;
}

static bool later_cause(struct mutation *m)
{
    const uint64_t seq = edit_pick_unsigned(m);

    wire_store_u64(edit_bytes(m, seq) + 32, mutation_pick(m, seq, seq + 10));
    edit_all(m, seq);
    mutation_tell(m, "entry %" PRIu64 " caused by itself or a later one", seq);
    expect_at(m, "entry", seq);
    return true;
}

static bool no_cause(struct mutation *m)
{
    const uint64_t seq = edit_pick_unsigned(m);

    if (edit_family(m, seq) != FAMILY_DECISION)
        return false;
    wire_store_u64(edit_bytes(m, seq) + 32, 0);
    edit_all(m, seq);
    mutation_tell(m, "entry %" PRIu64 ", a decision, without its cause", seq);
    expect_at(m, "entry", seq);
    return true;
}

static bool step_back(struct mutation *m)
{
    const uint64_t seq = edit_pick_unsigned(m);

    wire_store_u64(edit_bytes(m, seq) + 16,
                   wire_load_u64(edit_bytes(m, seq - 1) + 16) - mutation_pick(m, 1, 1000000));
    edit_all(m, seq);
    mutation_tell(m, "entry %" PRIu64 " recorded before the one that it follows", seq);
    expect_at(m, "entry", seq);
    return true;
}

static bool unknown_actor(struct mutation *m)
{
    const uint64_t seq = edit_pick_unsigned(m);

    edit_bytes(m, seq)[43] = (uint8_t)mutation_pick(m, FORGE_ACTORS + 2, 255);
    edit_all(m, seq);
    mutation_tell(m, "entry %" PRIu64 " by an unknown actor", seq);
    expect_at(m, "entry", seq);
    return true;
}

/* Not in the one form that an entry has. */
static bool not_canonical(struct mutation *m)
{
    const uint64_t seq = edit_pick_unsigned(m);
    struct forge_entry *const e = &m->f.entries[seq - 1];
    uint8_t bytes[2000];

    memcpy(bytes, e->bytes, e->size);
    switch (random_below(m->random, 3)) {
    case 0: bytes[1] |= (uint8_t)(4u << random_below(m->random, 6)); break; /* a flag that is none */
    case 1: mutation_flip(m, bytes + 44, 4); break;                         /* what must be zero */
    default: /* a byte more in the body, and said so */
        bytes[e->size] = 0;
        bytes[7]++;
        if (bytes[7] == 0)
            return false;
        edit_set(m, seq, bytes, e->size + 1);
        memcpy(bytes, m->f.entries[seq - 1].bytes, e->size);
        break;
    }
    edit_set(m, seq, bytes, m->f.entries[seq - 1].size);
    edit_all(m, seq);
    mutation_tell(m, "entry %" PRIu64 " in another form", seq);
    expect_at(m, "entry", seq);
    return true;
}

/* A verifier cannot know what a newer program may write; without a seal over it, it is a damaged entry. */
static bool unknown_kind(struct mutation *m)
{
    const uint64_t seq = edit_pick_unsigned(m);
    const bool is_sealed = random_below(m->random, 2) == 1;

    edit_bytes(m, seq)[3] = 0xfe;
    if (is_sealed)
        edit_all(m, seq);
    else
        edit_checks(m);
    mutation_tell(m, "entry %" PRIu64 " of an unknown kind, %s", seq, is_sealed ? "sealed" : "not sealed");
    if (is_sealed)
        expect_not_checked(m);
    else
        expect_at(m, "entry", seq);
    return true;
}

static bool second_genesis(struct mutation *m)
{
    const uint64_t seq = edit_pick_unsigned(m);
    const struct forge_entry *const genesis = &m->world->f.entries[0];
    uint8_t bytes[2000];

    memcpy(bytes, genesis->bytes, genesis->size);
    memcpy(bytes + 8, edit_bytes(m, seq) + 8, 16);
    edit_set(m, seq, bytes, genesis->size);
    edit_all(m, seq);
    mutation_tell(m, "entry %" PRIu64 " is a second genesis", seq);
    expect_at(m, "entry", seq);
    return true;
}

/* The actor of entry 2 joins once more: its id and its name are taken. */
static bool actor_twice(struct mutation *m)
{
    const uint64_t seq = edit_pick_unsigned(m);
    const struct forge_entry *const joins = &m->world->f.entries[1];
    uint8_t bytes[2000];

    memcpy(bytes, joins->bytes, joins->size);
    memcpy(bytes + 8, edit_bytes(m, seq) + 8, 16);
    if (random_below(m->random, 2))
        bytes[48 + 7]++; /* with the next id, but the name that is taken */
    edit_set(m, seq, bytes, joins->size);
    edit_all(m, seq);
    mutation_tell(m, "entry %" PRIu64 " lets an actor join a second time", seq);
    expect_at(m, "entry", seq);
    return true;
}

const struct tampering TAMPERINGS_THIEF[] = {
    {"thief of the keys: an entry edited, all sealed anew (*)", rewritten, 4},
    {"thief of the keys: another history from an older seal on (*)", forked, 3},
    {"cut cleanly at an older seal (*)", cut_cleanly, 3},
    {"thief of the keys: an entry edited, only the newest seal made anew", resealed_at_the_end, 3},
    {"thief of the keys: a signed entry edited", signed_words, 3},
    {"thief of the keys: signed words put in again", signed_again, 2},
    {"thief of the keys: a signature taken off a stop", unsigned_stop, 1},
    {"thief of the keys: a cause that is not earlier", later_cause, 2},
    {"thief of the keys: a decision without cause", no_cause, 1},
    {"thief of the keys: recorded before the entry it follows", step_back, 2},
    {"thief of the keys: an unknown actor", unknown_actor, 2},
    {"thief of the keys: an entry in another form", not_canonical, 2},
    {"thief of the keys: a kind that nobody knows (+)", unknown_kind, 2},
    {"thief of the keys: a second genesis", second_genesis, 1},
    {"thief of the keys: an actor that joins twice", actor_twice, 1},
    {NULL, NULL, 0},
};
