/*
 * Key epochs: what a thief of the newest key can do, whose predecessors' secrets are destroyed; keys mixed; hand-overs
 * without their seal.
 */
#include "tamper/edits.h"

#include "ledger/wire.h"

#include <sodium.h>

static const struct forge_epoch *newest(const struct mutation *m)
{
    return &m->world->f.later[m->world->f.later_count - 1];
}

/* An entry of an earlier epoch than the newest. */
static uint64_t pick_earlier(struct mutation *m)
{
    uint64_t seq = 0;

    do
        seq = edit_pick_unsigned(m);
    while (seq >= newest(m)->begins);
    return seq;
}

/* Edits the entry and seals again all that the newest key may seal. */
static void edit_and_seal(struct mutation *m, uint64_t seq)
{
    edit_words(m, seq);
    edit_tree(m);
    edit_unstamp(m, seq);
    for (size_t i = 0; i < m->world->seal_count; i++) {
        if (m->world->seals[i] >= seq && m->world->seals[i] >= newest(m)->begins)
            forge_seal(&m->f, m->world->seals[i]);
    }
}

/* Seals `from` .. `to` are taken away. */
static void drop_seals(struct mutation *m, uint64_t from, uint64_t to)
{
    for (size_t i = 0; i < m->world->seal_count; i++) {
        if (m->world->seals[i] >= from && m->world->seals[i] <= to)
            forge_drop(&m->f, forge_find_number(&m->f, EVIDENCE_SEALS, m->world->seals[i]));
    }
}

/* The seal of that size, by the key of that epoch. */
static void seal_by(struct mutation *m, uint64_t size, size_t epoch)
{
    struct forge *const f = &m->f;
    struct forge_epoch kept[FORGE_EPOCHS_MAX];
    const size_t count = f->later_count;

    memcpy(kept, f->later, sizeof kept);
    f->later_count = epoch;
    for (size_t i = 0; i < epoch; i++)
        f->later[i].begins = 0;
    forge_seal(f, size);
    memcpy(f->later, kept, sizeof kept);
    f->later_count = count;
    sodium_memzero(kept, sizeof kept);
}

static bool in_the_newest_epoch(struct mutation *m)
{
    const uint64_t seq = edit_pick_unsigned(m);

    if (seq < newest(m)->begins)
        return false;
    edit_and_seal(m, seq);
    mutation_tell(m, "entry %" PRIu64 " edited, sealed with the newest key", seq);
    expect_kept(m);
    return true;
}

static bool in_an_earlier_epoch(struct mutation *m)
{
    const uint64_t seq = pick_earlier(m);

    edit_and_seal(m, seq);
    mutation_tell(m, "entry %" PRIu64 " edited, what the newest key may seal is sealed anew", seq);
    expect_at(m, "seal", world_seal_over(m->world, seq));
    return true;
}

/* The seals that would tell are taken away, but for that of the hand-over. */
static bool without_the_seals_between(struct mutation *m)
{
    const uint64_t seq = pick_earlier(m);
    const uint64_t hand_over = world_hand_over_from(m->world, seq);

    edit_and_seal(m, seq);
    drop_seals(m, seq, hand_over - 1);
    mutation_tell(m, "entry %" PRIu64 " edited, and the seals up to the hand-over removed", seq);
    expect_at(m, "seal", hand_over);
    return true;
}

static bool without_the_hand_overs_seal(struct mutation *m)
{
    const uint64_t seq = pick_earlier(m);

    edit_and_seal(m, seq);
    drop_seals(m, seq, newest(m)->begins - 1);
    mutation_tell(m, "entry %" PRIu64 " edited, and every seal up to the newest epoch removed", seq);
    expect_at(m, "seal", world_hand_over_from(m->world, seq));
    return true;
}

/* He seals the earlier epoch with the newest key. */
static bool sealed_by_the_newest(struct mutation *m)
{
    const uint64_t seq = pick_earlier(m);

    edit_and_seal(m, seq);
    for (size_t i = 0; i < m->world->seal_count; i++) {
        if (m->world->seals[i] >= seq && m->world->seals[i] < newest(m)->begins)
            seal_by(m, m->world->seals[i], m->world->f.later_count);
    }
    mutation_tell(m, "entry %" PRIu64 " edited, everything over it sealed with the newest key", seq);
    expect_at(m, "seal", world_seal_over(m->world, seq));
    return true;
}

/* The hand-over names a key of his, and he seals all that follows; its own seal he can but leave, or take away. */
static bool hands_over_to_himself(struct mutation *m)
{
    const uint64_t seq = m->world->hand_overs[random_below(m->random, m->world->hand_over_count)];
    uint8_t seed[32];
    uint8_t public_key[32];
    struct forge *const f = &m->f;
    size_t epoch = 0;

    random_bytes(m->random, seed, sizeof seed);
    while (f->later[epoch].begins != seq + 1)
        epoch++;
    crypto_sign_seed_keypair(public_key, f->later[epoch].secret, seed);
    REQUIRE(note_key_init(&f->later[epoch].key, FORGE_ORIGIN, strlen(FORGE_ORIGIN), NOTE_KEY_ED25519,
                          public_key, NULL) == ERR_OK);
    memcpy(edit_bytes(m, seq) + 48 + 8, public_key, sizeof public_key);
    f->later_count = epoch + 1;
    edit_all(m, seq + 1);
    if (random_below(m->random, 2))
        drop_seals(m, seq, seq);
    mutation_tell(m, "the hand-over of entry %" PRIu64 " names another key, which seals all that follows",
                  seq);
    expect_at(m, "seal", seq);
    return true;
}

/* Who has kept the secret of an earlier epoch can begin another history there, and hand over as he likes. */
static bool forked_in_an_earlier_epoch(struct mutation *m)
{
    struct forge *const f = &m->f;
    const uint64_t size = m->world->seals[random_below(m->random, m->world->seal_count - 1)];

    if (size >= newest(m)->begins)
        return false;
    edit_cut(m, size);
    for (uint64_t more = mutation_pick(m, 1, 30); more > 0; more--)
        forge_add_random(f, m->random, ENTRY_PERCEPTION_QUOTE, 0, false);
    if (random_below(m->random, 2))
        forge_key(f, 0);
    forge_group(f);
    mutation_tell(m, "another history behind seal %" PRIu64 " of an earlier epoch", size);
    expect_kept(m);
    return true;
}

static bool mixed(struct mutation *m)
{
    const uint64_t size = m->world->seals[random_below(m->random, m->world->seal_count)];
    const size_t epoch = random_below(m->random, m->world->f.later_count + 1);
    size_t in_force = 0;

    while (in_force < m->world->f.later_count && m->world->f.later[in_force].begins <= size)
        in_force++;
    if (epoch == in_force)
        return false;
    seal_by(m, size, epoch);
    mutation_tell(m, "seal %" PRIu64 " made with the key of epoch %zu", size, epoch);
    expect_at(m, "seal", size);
    return true;
}

static bool hand_overs_seal_removed(struct mutation *m)
{
    const uint64_t seq = m->world->hand_overs[random_below(m->random, m->world->hand_over_count)];

    drop_seals(m, seq, seq);
    mutation_tell(m, "the seal of the hand-over of entry %" PRIu64 " removed", seq);
    expect_at(m, "seal", seq);
    return true;
}

/* A control.key that is no next epoch: another number, a key that was there, no key, or of an actor. */
static bool out_of_turn(struct mutation *m)
{
    static const char *const WHAT[] = {"of another epoch", "with an earlier key", "with no good key",
                                       "by an actor"};
    const uint64_t seq = edit_pick_unsigned(m);
    const uint64_t pick = random_below(m->random, 4);
    struct forge *const f = &m->f;
    struct forge made;
    struct entry e;
    size_t epochs = 0;

    while (epochs < m->world->f.later_count && m->world->f.later[epochs].begins <= seq)
        epochs++;
    forge_init(&made, (unsigned)mutation_pick(m, 100, 200));
    forge_key_draft(&made, 0, &e);
    e.as.control_key.epoch =
        (int64_t)(pick == 0 ? epochs + (random_below(m->random, 2) ? 2 : 0) : epochs + 1);
    if (pick == 1)
        memcpy(e.as.control_key.key.bytes, epochs ? f->later[0].key.public_key : f->key.public_key, 32);
    if (pick == 2)
        memset(e.as.control_key.key.bytes, 0, 32);
    if (pick == 3)
        e.actor = FORGE_OPERATOR;
    forge_add(&made, &e);
    memcpy(made.entries[0].bytes + 8, edit_bytes(m, seq) + 8, 16);
    edit_set(m, seq, made.entries[0].bytes, made.entries[0].size);
    forge_release(&made);
    edit_all(m, seq);
    mutation_tell(m, "entry %" PRIu64 " is a control.key %s", seq, WHAT[pick]);
    expect_at(m, "entry", seq);
    return true;
}

const struct tampering TAMPERINGS_EPOCHS[] = {
    {"thief of the newest key: an entry of its epoch edited, all sealed anew (*)", in_the_newest_epoch, 3},
    {"thief of the newest key: an entry of an earlier epoch edited", in_an_earlier_epoch, 4},
    {"the same, and the seals up to the hand-over removed", without_the_seals_between, 3},
    {"the same, and the hand-over's seal, too", without_the_hand_overs_seal, 3},
    {"the same, and those seals made with the newest key", sealed_by_the_newest, 3},
    {"thief of the newest key: a hand-over that names his own key", hands_over_to_himself, 3},
    {"thief of an earlier key: another history from his epoch on (*)", forked_in_an_earlier_epoch, 2},
    {"mixed epochs: a seal made with another epoch's key", mixed, 4},
    {"a hand-over's seal removed", hand_overs_seal_removed, 2},
    {"a key that is not the next epoch's", out_of_turn, 3},
    {NULL, NULL, 0},
};
