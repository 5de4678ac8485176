#include "audit/stories.h"

#include "audit/stories_stamps.h"
#include "ledger/hash.h"
#include "ledger/wire.h"

#include <stdlib.h>

void stories_actor(struct forge *f, struct entry *e, int64_t id, const char *name, enum role role)
{
    memset(e, 0, sizeof *e);
    e->kind = ENTRY_CONTROL_ACTOR;
    e->at_ns = INSTANT_NONE;
    e->as.control_actor.actor_id = id;
    e->as.control_actor.name = id_from(name);
    e->as.control_actor.role = role;
    memcpy(e->as.control_actor.key.bytes, f->actor_key[id <= FORGE_KEYS ? id : FORGE_KEYS], 32);
}

/* -- stories --------------------------------------------------------------------------------------------- */

/* Block of entries from `first` with the given entries, under `key`. */
static void put_block(struct forge *f, uint64_t key, const size_t *indices, size_t count)
{
    static uint8_t value[20000];
    struct forge_row *const row = forge_find_number(f, EVIDENCE_ENTRIES, key);
    struct wire_out out;

    wire_out_init(&out, value, sizeof value);
    wire_put_u16(&out, (uint16_t)count);
    for (size_t i = 0; i < count; i++)
        wire_put_u16(&out, (uint16_t)f->entries[indices[i]].size);
    for (size_t i = 0; i < count; i++)
        wire_put_bytes(&out, f->entries[indices[i]].check, sizeof f->entries[0].check);
    for (size_t i = 0; i < count; i++)
        wire_put_bytes(&out, f->entries[indices[i]].bytes, f->entries[indices[i]].size);
    if (row)
        forge_set(row, value, wire_out_size(&out));
    else
        forge_put_number(f, EVIDENCE_ENTRIES, key, value, wire_out_size(&out));
}

/* The block of entries 9 .. 13 is at key 13; indices count from 0. */
static void remove_entry(struct forge *f)
{
    put_block(f, 13, (const size_t[]){8, 9, 11, 12}, 4);
}

static void remove_last_of_block(struct forge *f)
{
    put_block(f, 13, (const size_t[]){8, 9, 10, 11}, 4);
}

static void swap_entries(struct forge *f)
{
    put_block(f, 13, (const size_t[]){8, 10, 9, 11, 12}, 5);
}

static void repeat_entry(struct forge *f)
{
    put_block(f, 13, (const size_t[]){8, 9, 10, 10, 11, 12}, 6);
}

static void replace_by_copy(struct forge *f)
{
    put_block(f, 13, (const size_t[]){8, 9, 9, 11, 12}, 5);
}

static void remove_block(struct forge *f)
{
    forge_drop(f, forge_find_number(f, EVIDENCE_ENTRIES, 13));
}

static void remove_first_block(struct forge *f)
{
    forge_drop(f, forge_find_number(f, EVIDENCE_ENTRIES, 5));
}

static void insert_block(struct forge *f)
{
    put_block(f, 14, (const size_t[]){13}, 1);
}

static void append_block(struct forge *f)
{
    put_block(f, STORIES_GROUPS * STORIES_EACH + 1, (const size_t[]){STORIES_GROUPS * STORIES_EACH - 1}, 1);
}

static void empty_block(struct forge *f)
{
    forge_set(forge_find_number(f, EVIDENCE_ENTRIES, 13), "\0\0", 2);
}

static void bytes_after_block(struct forge *f)
{
    struct forge_row *const row = forge_find_number(f, EVIDENCE_ENTRIES, 13);
    uint8_t bytes[4000];

    memcpy(bytes, row->bytes, row->size);
    bytes[row->size] = 0;
    forge_set(row, bytes, row->size + 1);
}

static void cut_block(struct forge *f)
{
    struct forge_row *const row = forge_find_number(f, EVIDENCE_ENTRIES, 13);

    row->size -= 1;
}

static void no_entries(struct forge *f)
{
    for (size_t i = f->count; i-- > 0;) {
        if (f->rows[i].table == EVIDENCE_ENTRIES)
            forge_drop(f, &f->rows[i]);
    }
}

/* The newest group's two blocks. */
static void cut_tail(struct forge *f)
{
    forge_drop(f, forge_find_number(f, EVIDENCE_ENTRIES, 40));
    forge_drop(f, forge_find_number(f, EVIDENCE_ENTRIES, 37));
}

static void cut_tail_and_seal(struct forge *f)
{
    cut_tail(f);
    forge_drop(f, forge_find_number(f, EVIDENCE_SEALS, 40));
}

static void drop_newest_seal(struct forge *f)
{
    forge_drop(f, forge_find_number(f, EVIDENCE_SEALS, 40));
}

static void drop_all_seals(struct forge *f)
{
    for (uint64_t size = 8; size <= 40; size += 8)
        forge_drop(f, forge_find_number(f, EVIDENCE_SEALS, size));
}

static void surplus_seal(struct forge *f)
{
    forge_put_number(f, EVIDENCE_SEALS, 11, forge_find_number(f, EVIDENCE_SEALS, 8)->bytes, 20);
}

static void zero_seal(struct forge *f)
{
    const struct forge_row *const row = forge_find_number(f, EVIDENCE_SEALS, 8);

    forge_put_number(f, EVIDENCE_SEALS, 0, row->bytes, row->size);
}

static void later_seal(struct forge *f)
{
    const struct hash root = forge_root(f, 40);

    forge_seal_text(f, 48, f->key.name, 48, &root, "");
}

static void seal_of_another_journal(struct forge *f)
{
    const struct hash root = forge_root(f, 16);

    forge_seal_text(f, 16, "desk.example/other", 16, &root, "");
}

static void seal_with_extension(struct forge *f)
{
    const struct hash root = forge_root(f, 16);

    forge_seal_text(f, 16, f->key.name, 16, &root, "more\n");
}

static void seal_of_another_size(struct forge *f)
{
    const struct hash root = forge_root(f, 16);

    forge_seal_text(f, 16, f->key.name, 17, &root, "");
}

static void seal_of_another_root(struct forge *f)
{
    const struct hash root = forge_root(f, 15);

    forge_seal_text(f, 16, f->key.name, 16, &root, "");
}

static void swap_seals(struct forge *f)
{
    struct forge_row *const a = forge_find_number(f, EVIDENCE_SEALS, 16);
    struct forge_row *const b = forge_find_number(f, EVIDENCE_SEALS, 24);
    uint8_t *const bytes = a->bytes;
    const size_t size = a->size;

    a->bytes = b->bytes;
    a->size = b->size;
    b->bytes = bytes;
    b->size = size;
}

/* The check of entry 11: the block at key 13 has five entries from 9 on. */
static uint8_t *check_of_11(struct forge *f)
{
    return forge_find_number(f, EVIDENCE_ENTRIES, 13)->bytes + 2 + 2 * 5 + 4 * 2;
}

static void edit_check(struct forge *f)
{
    check_of_11(f)[3] ^= 1;
}

static void surplus_tile(struct forge *f)
{
    const uint8_t key[9] = {0}; /* leaf hashes are stored nowhere */
    const uint8_t hash[HASH_SIZE] = {0};

    forge_put(f, EVIDENCE_TILES, key, sizeof key, hash, sizeof hash);
}

static void surplus_upper_tile(struct forge *f)
{
    const uint8_t key[9] = {1, 0, 0, 0, 0, 0, 0, 0, 0};
    const uint8_t hash[HASH_SIZE] = {0};

    forge_put(f, EVIDENCE_TILES, key, sizeof key, hash, sizeof hash);
}

static void high_tile(struct forge *f)
{
    const uint8_t key[9] = {200, 0, 0, 0, 0, 0, 0, 0, 0};

    forge_put(f, EVIDENCE_TILES, key, sizeof key, NULL, 0);
}

static void unlist_control(struct forge *f)
{
    forge_drop(f, forge_find_number(f, EVIDENCE_CONTROL, 1));
}

static void list_no_control(struct forge *f)
{
    forge_put_number(f, EVIDENCE_CONTROL, 2, NULL, 0); /* a quote */
}

static void list_past_the_end(struct forge *f)
{
    forge_put_number(f, EVIDENCE_CONTROL, 41, NULL, 0);
}

static void list_with_words(struct forge *f)
{
    forge_set(forge_find_number(f, EVIDENCE_CONTROL, 1), "x", 1);
}

static void list_zero(struct forge *f)
{
    forge_put_number(f, EVIDENCE_CONTROL, 0, NULL, 0);
}

static void short_key(struct forge *f)
{
    forge_put(f, EVIDENCE_SEALS, "\0\0\0\0", 4, "", 0);
}

/* Changes what may be any: the time it happened, or, without one, a byte near its end. */
static void edit(struct forge *f, size_t index)
{
    struct forge_entry *const e = &f->entries[index];

    e->bytes[31] ^= 1;
    if (!(e->bytes[1] & 1))
        e->bytes[31] ^= 1, e->bytes[e->size - 2] ^= 1;
}

/* An edit of entry 11, which is no control entry; what else is recomputed grows. */
static void edit_entry(struct forge *f)
{
    edit(f, 10);
    forge_restore_blocks(f);
}

static void edit_entry_and_checks(struct forge *f)
{
    edit_entry(f);
    forge_checks(f);
}

static void edit_entry_and_check(struct forge *f)
{
    edit_entry(f);
    forge_check(&f->entries[10]);
    memcpy(check_of_11(f), f->entries[10].check, 4);
}

static void edit_two_and_one_check(struct forge *f)
{
    edit(f, 13);
    edit_entry_and_check(f);
    check_of_11(f)[0] ^= 1;
}

static void edit_check_and_seal(struct forge *f)
{
    edit_check(f);
    forge_find_number(f, EVIDENCE_SEALS, 16)->bytes[3] ^= 1; /* the next good one decides */
}

static void resealed_by_another_key(struct forge *f)
{
    struct forge other;

    edit_entry_and_checks(f);
    forge_init(&other, 99);
    memcpy(f->secret, other.secret, sizeof f->secret);
    f->key = other.key;
    forge_release(&other);
    for (uint64_t size = 16; size <= 40; size += 8)
        forge_seal(f, size);
}

/* -- keys: the journal hands over in entry 24; seals 32 and 40 are by the next key ----------------------- */

static void hand_over_unsealed(struct forge *f)
{
    forge_drop(f, forge_find_number(f, EVIDENCE_SEALS, 24));
}

static void hand_over_sealed_by_the_next_key(struct forge *f)
{
    f->later[0].begins = 24;
    forge_seal(f, 24);
}

static void sealed_on_by_the_old_key(struct forge *f)
{
    f->later_count = 0;
    forge_seal(f, 32);
    forge_seal(f, 40);
}

/* Who has the newest secret seals all that he can. */
static void thief_seals(struct forge *f)
{
    forge_checks(f);
    forge_tiles(f);
    forge_seal(f, 32);
    forge_seal(f, 40);
}

static void thief_edits_an_earlier_epoch(struct forge *f)
{
    edit(f, 10);
    thief_seals(f);
}

static void thief_drops_the_seal_that_tells(struct forge *f)
{
    thief_edits_an_earlier_epoch(f);
    forge_drop(f, forge_find_number(f, EVIDENCE_SEALS, 16));
}

static void thief_drops_the_hand_over_seal_too(struct forge *f)
{
    thief_drops_the_seal_that_tells(f);
    hand_over_unsealed(f);
}

static void thief_seals_the_hand_over_himself(struct forge *f)
{
    thief_drops_the_seal_that_tells(f);
    hand_over_sealed_by_the_next_key(f);
}

/* Entry 24 becomes `e`, and all is sealed again that the thief can seal. */
static void thief_writes_24(struct forge *f, struct entry *e)
{
    const struct forge_entry was = f->entries[23];
    const size_t count = f->entry_count;
    const int64_t now_ns = f->now_ns;

    f->entry_count = 23;
    f->now_ns = (int64_t)wire_load_u64(was.bytes + 16);
    forge_add(f, e);
    f->now_ns = now_ns;
    f->entry_count = count;
    free(was.bytes);
    edit(f, 10);
    thief_seals(f);
}

static void thief_drops_the_hand_over(struct forge *f)
{
    struct entry e;

    memset(&e, 0, sizeof e);
    e.kind = ENTRY_CONTROL_NOTE;
    e.at_ns = INSTANT_NONE;
    e.as.control_note.text = text_from("nothing happened here");
    thief_writes_24(f, &e);
    forge_drop(f, forge_find_number(f, EVIDENCE_SEALS, 16));
    forge_drop(f, forge_find_number(f, EVIDENCE_SEALS, 24));
}

/* A chain of his own, from genesis' key on. */
static void thief_hands_over_to_himself(struct forge *f)
{
    struct entry e;

    f->entry_count = 23;
    f->later_count = 0;
    f->secret[1] ^= 1; /* for another key than the journal's next one */
    forge_key_draft(f, 0, &e);
    f->secret[1] ^= 1;
    f->entry_count = 40;
    thief_writes_24(f, &e);
    forge_drop(f, forge_find_number(f, EVIDENCE_SEALS, 16));
    f->later[0].begins = 24;
    forge_seal(f, 24);
}

/* The entry that hands over is put off to where he can seal it, with his own key. */
static void thief_hands_over_later(struct forge *f)
{
    struct forge_entry moved = f->entries[23];

    for (size_t i = 23; i < 29; i++) {
        f->entries[i] = f->entries[i + 1];
        wire_store_u64(f->entries[i].bytes + 8, i + 1);
    }
    wire_store_u64(moved.bytes + 8, 30);
    memcpy(moved.bytes + 16, f->entries[28].bytes + 16, 8);
    f->entries[29] = moved;
    forge_drop(f, forge_find_number(f, EVIDENCE_SEALS, 24));
    f->later[0].begins = 30;
    thief_seals(f);
    forge_seal(f, 30);
    for (uint64_t seq = 24; seq <= 30; seq++) {
        struct forge_row *const row = forge_find_number(f, EVIDENCE_CONTROL, seq);
        const bool is_control = f->entries[seq - 1].bytes[2] == FAMILY_CONTROL;
        if (row && !is_control)
            forge_drop(f, row);
        if (!row && is_control)
            forge_put_number(f, EVIDENCE_CONTROL, seq, NULL, 0);
    }
}

static void thief_moves_the_hand_over_seal(struct forge *f)
{
    forge_find_number(f, EVIDENCE_SEALS, 24)->key[7] = 23;
}

static void thief_recovers_without_an_owner(struct forge *f)
{
    struct entry e;

    f->entry_count = 23;
    f->later_count = 0;
    forge_key_draft(f, FORGE_OPERATOR, &e);
    f->entry_count = 40;
    thief_writes_24(f, &e);
    forge_seal(f, 24);
    forge_drop(f, forge_find_number(f, EVIDENCE_SEALS, 16));
}

/* Another journal of the same key: genesis, an owner, a note, sealed; then that owner recovers. */
static void recover(struct forge *f)
{
    struct entry e;

    forge_release(f);
    forge_init(f, 1);
    forge_genesis(f);
    stories_actor(f, &e, FORGE_ACTORS + 1, "owner:eva", ROLE_OWNER);
    forge_add(f, &e);
    forge_note(f, "last words");
    forge_group(f);
    forge_key(f, FORGE_ACTORS + 1);
    forge_group(f);
    forge_note(f, "and on");
    forge_group(f);
}

static void recovery_without_the_seal_before(struct forge *f)
{
    recover(f);
    forge_drop(f, forge_find_number(f, EVIDENCE_SEALS, 3));
}

static void recovery_without_its_seal(struct forge *f)
{
    recover(f);
    forge_drop(f, forge_find_number(f, EVIDENCE_SEALS, 4));
}

static void recovery_sealed_by_the_lost_key(struct forge *f)
{
    recover(f);
    f->later[0].begins = 5;
    forge_seal(f, 4);
}

void stories_epochs(struct forge *f)
{
    recover(f);
    for (int i = 0; i < 2; i++) {
        forge_key(f, 0); /* two hand-overs, one right behind the other */
        forge_group(f);
    }
    forge_key(f, FORGE_ACTORS + 1); /* and the last of them lost at once */
    forge_group(f);
    forge_note(f, "the end");
    forge_group(f);
}

#define STORY(tamper, where, integrity, complete)                                                            \
    {                                                                                                        \
#tamper, tamper, where, integrity, complete                                                          \
    }

static const struct story STORIES[] = {
    /*                                 first wrong place   integrity completeness */
    STORY(remove_entry, "entry 11", false, false),
    STORY(remove_last_of_block, "entry 13", false, false),
    STORY(swap_entries, "entry 10", false, true),
    STORY(repeat_entry, "entry 12", false, false),
    STORY(replace_by_copy, "entry 11", false, true),
    STORY(remove_block, "entry 9", false, false),
    STORY(remove_first_block, "entry 1", false, false),
    STORY(insert_block, "entry 15", false, false),
    STORY(append_block, "entry 41", false, false),
    STORY(empty_block, "entry 9", false, false),
    STORY(bytes_after_block, "entry 13", false, true),
    STORY(cut_block, "entry 13", false, true),
    STORY(no_entries, "entry 1", false, false),
    STORY(cut_tail, "entry 33", true, false),
    STORY(drop_newest_seal, "entry 33", true, false),
    STORY(drop_all_seals, "seal 24", false, false),
    STORY(surplus_seal, "seal 11", false, true),
    STORY(zero_seal, "seal 0", false, true),
    STORY(later_seal, "entry 41", true, false),
    STORY(seal_of_another_journal, "seal 16", false, true),
    STORY(seal_with_extension, "seal 16", false, true),
    STORY(seal_of_another_size, "seal 16", false, true),
    STORY(seal_of_another_root, "seal 16", false, true),
    STORY(swap_seals, "seal 16", false, true),
    STORY(surplus_tile, "tile 0/0", false, true),
    STORY(surplus_upper_tile, "tile 1/0", false, false),
    STORY(high_tile, "tile 200/0", false, true),
    STORY(unlist_control, "control index 1", false, true),
    STORY(list_no_control, "control index 2", false, true),
    STORY(list_past_the_end, "control index 41", false, true),
    STORY(list_with_words, "control index 1", false, true),
    STORY(list_zero, "control index 0", false, true),
    STORY(short_key, "table seals", false, true),
    STORY(edit_entry, "entry 11", false, true),
    STORY(edit_check, "check 11", false, true),
    STORY(edit_entry_and_check, "seal 16", false, true),
    STORY(edit_entry_and_checks, "seal 16", false, true),
    STORY(edit_two_and_one_check, "entry 11", false, true),
    STORY(edit_check_and_seal, "check 11", false, true),
    STORY(resealed_by_another_key, "seal 16", false, true),
    STORY(stamp_of_another_seal, "timestamp 32", false, true),
    STORY(stamp_cut, "timestamp 32", false, true),
    STORY(stamp_empty, "timestamp 16", false, true),
    STORY(stamp_without_seal, "timestamp 17", false, true),
    STORY(stamp_of_a_dropped_seal, "timestamp 32", false, true),
    STORY(stamp_of_nothing, "timestamp 0", false, true),
    STORY(stamp_past_the_end, "timestamp 48", false, true),
    STORY(stamp_missing, "timestamp 32", false, true),
    STORY(stamp_before_its_entry, "timestamp 32", false, true),
    STORY(stamp_with_a_short_key, "table timestamps", false, true),
    STORY(stamp_with_cosignature, "timestamp 16", false, true),
    STORY(hand_over_unsealed, "seal 24", false, true),
    STORY(hand_over_sealed_by_the_next_key, "seal 24", false, true),
    STORY(sealed_on_by_the_old_key, "seal 32", false, true),
    STORY(thief_edits_an_earlier_epoch, "seal 16", false, true),
    STORY(thief_drops_the_seal_that_tells, "seal 24", false, true),
    STORY(thief_drops_the_hand_over_seal_too, "seal 24", false, true),
    STORY(thief_seals_the_hand_over_himself, "seal 24", false, true),
    STORY(thief_drops_the_hand_over, "seal 32", false, true),
    STORY(thief_hands_over_to_himself, "seal 24", false, true),
    STORY(thief_hands_over_later, "seal 30", false, true),
    STORY(thief_moves_the_hand_over_seal, "seal 23", false, true),
    STORY(thief_recovers_without_an_owner, "entry 24", false, true),
    STORY(recovery_without_the_seal_before, "seal 3", false, true),
    STORY(recovery_without_its_seal, "seal 4", false, true),
    STORY(recovery_sealed_by_the_lost_key, "seal 4", false, true),
};

void stories_cut_cleanly(struct forge *f)
{
    cut_tail_and_seal(f);
    f->entry_count = 32;
    for (uint64_t seq = 33; seq <= 40; seq++) {
        struct forge_row *const row = forge_find_number(f, EVIDENCE_CONTROL, seq);
        if (row)
            forge_drop(f, row);
    }
}

/* -- entries that were written and sealed so, though they break a rule ----------------------------------- */

static void cause_itself(struct forge *f, struct entry *e)
{
    e->cause = f->entry_count + 1;
}

static void cause_before(struct forge *f, struct entry *e)
{
    e->cause = f->entry_count;
}

static void unknown_actor(struct forge *f, struct entry *e)
{
    (void)f;
    e->actor = FORGE_ACTORS + 1;
}

static void step_back(struct forge *f, struct entry *e)
{
    (void)e;
    f->now_ns--;
}

static void stand_still(struct forge *f, struct entry *e)
{
    (void)f;
    (void)e;
}

static void second_genesis(struct forge *f, struct entry *e)
{
    memset(e, 0, sizeof *e);
    e->kind = ENTRY_CONTROL_GENESIS;
    e->at_ns = INSTANT_NONE;
    e->as.control_genesis.origin = text_from(FORGE_ORIGIN);
    memcpy(e->as.control_genesis.key.bytes, f->key.public_key, 32);
}

void stories_stop(struct entry *e, uint32_t actor, bool is_signed)
{
    memset(e, 0, sizeof *e);
    e->kind = ENTRY_CONTROL_STOP;
    e->at_ns = INSTANT_NONE;
    e->actor = actor;
    e->is_signed = is_signed;
    e->as.control_stop.reason = text_from("enough");
}

static void unsigned_stop(struct forge *f, struct entry *e)
{
    (void)f;
    stories_stop(e, FORGE_OPERATOR, false);
}

static void signed_stop(struct forge *f, struct entry *e)
{
    (void)f;
    stories_stop(e, FORGE_OPERATOR, true);
}

static void stop_by_the_journal(struct forge *f, struct entry *e)
{
    (void)f;
    stories_stop(e, 0, true);
}

static void note_signed_by_the_journal(struct forge *f, struct entry *e)
{
    (void)f;
    e->is_signed = true;
}

/* The same words a second time. */
static void repeated_stop(struct forge *f, struct entry *e)
{
    stories_stop(e, FORGE_OPERATOR, true);
    forge_add(f, e);
    f->signed_at_ns -= 1000;
}

static void cancel(struct entry *e, uint32_t actor)
{
    memset(e, 0, sizeof *e);
    e->kind = ENTRY_ORDER_CANCEL;
    e->at_ns = INSTANT_NONE;
    e->actor = actor;
    e->as.order_cancel.order_id = id_from("A1");
    e->as.order_cancel.reason = text_from("");
}

static void derived_without_cause(struct forge *f, struct entry *e)
{
    (void)f;
    cancel(e, FORGE_STRATEGY);
}

static void by_hand_without_cause(struct forge *f, struct entry *e)
{
    (void)f;
    cancel(e, FORGE_OPERATOR);
}

static void new_actor(struct forge *f, struct entry *e, int64_t id, const char *name)
{
    stories_actor(f, e, id, name, ROLE_AUDITOR);
}

static void next_actor(struct forge *f, struct entry *e)
{
    new_actor(f, e, FORGE_ACTORS + 1, "auditor:bob");
    forge_add(f, e);
    e->kind = ENTRY_CONTROL_NOTE;
    e->as.control_note.text = text_from("hello");
    e->actor = FORGE_ACTORS + 1;
}

static void actor_out_of_order(struct forge *f, struct entry *e)
{
    new_actor(f, e, FORGE_ACTORS + 2, "auditor:bob");
}

static void actor_twice(struct forge *f, struct entry *e)
{
    new_actor(f, e, FORGE_ACTORS + 1, "broker:paper");
}

static void actor_journal(struct forge *f, struct entry *e)
{
    new_actor(f, e, FORGE_ACTORS + 1, "journal");
}

static void hand_over(struct forge *f, struct entry *e)
{
    forge_key_draft(f, 0, e);
}

/* Sealed as it must be, but for what is changed in it. */
static void hand_over_by_an_actor(struct forge *f, struct entry *e)
{
    forge_key_draft(f, 0, e);
    e->actor = FORGE_OPERATOR;
}

static void recovery_by_no_owner(struct forge *f, struct entry *e)
{
    forge_group(f);
    forge_key_draft(f, FORGE_OPERATOR, e);
    f->later[0].begins++; /* the key before confirms it */
}

static void epoch_left_out(struct forge *f, struct entry *e)
{
    forge_key_draft(f, 0, e);
    e->as.control_key.epoch = 2;
}

static void key_of_genesis_again(struct forge *f, struct entry *e)
{
    forge_key_draft(f, 0, e);
    memcpy(e->as.control_key.key.bytes, f->key.public_key, 32);
}

/* An epoch's key that was handed over comes back. */
static void key_of_the_past(struct forge *f, struct entry *e)
{
    const uint8_t *const first = f->later[0].key.public_key;

    forge_key(f, 0);
    forge_group(f);
    forge_key(f, 0);
    forge_group(f);
    forge_key_draft(f, 0, e);
    memcpy(e->as.control_key.key.bytes, first, 32);
}

static void key_of_small_order(struct forge *f, struct entry *e)
{
    forge_key_draft(f, 0, e);
    memset(e->as.control_key.key.bytes, 0, 32);
}

static const struct rule_story RULES[] = {
    {"cause_itself", cause_itself, false, "its cause, entry 3, is not an earlier one"},
    {"cause_before", cause_before, true, ""},
    {"unknown_actor", unknown_actor, false, "its actor, 5, is not known at that point"},
    {"step_back", step_back, false, "recorded before the entry that it follows"},
    {"stand_still", stand_still, true, ""},
    {"second_genesis", second_genesis, false, "it is a second genesis"},
    {"unsigned_stop", unsigned_stop, false, "it lacks the signature that its kind must carry"},
    {"signed_stop", signed_stop, true, ""},
    {"repeated_stop", repeated_stop, false, "its signature stands in an earlier entry already"},
    {"stop_by_the_journal", stop_by_the_journal, false, "the role of its actor may not write its kind"},
    {"note_signed_by_the_journal", note_signed_by_the_journal, false, "not by an actor with a key"},
    {"derived_without_cause", derived_without_cause, false, "it was derived, and names no cause"},
    {"by_hand_without_cause", by_hand_without_cause, true, ""},
    {"next_actor", next_actor, true, ""},
    {"actor_out_of_order", actor_out_of_order, false, "the id 6, and the next one is 5"},
    {"actor_twice", actor_twice, false, "\"broker:paper\", which there is already"},
    {"actor_journal", actor_journal, false, "the journal's own name"},
    {"hand_over", hand_over, true, ""},
    {"hand_over_by_an_actor", hand_over_by_an_actor, false, "may not write its kind"},
    {"recovery_by_no_owner", recovery_by_no_owner, false, "may not write its kind"},
    {"epoch_left_out", epoch_left_out, false, "it begins epoch 2, and the next one is 1"},
    {"key_of_genesis_again", key_of_genesis_again, false, "it names the key of epoch 0 again"},
    {"key_of_the_past", key_of_the_past, false, "it names the key of epoch 1 again"},
    {"key_of_small_order", key_of_small_order, false, "confirms these bytes"},
};

/* -- telling them ---------------------------------------------------------------------------------------- */

const struct story *stories(size_t *count)
{
    *count = sizeof STORIES / sizeof STORIES[0];
    return STORIES;
}

const struct story *story_find(const char *name)
{
    for (size_t i = 0; i < sizeof STORIES / sizeof STORIES[0]; i++) {
        if (strcmp(STORIES[i].name, name) == 0)
            return &STORIES[i];
    }
    err_require_failed("a story has this name", __FILE__, __LINE__);
}

const struct rule_story *rule_stories(size_t *count)
{
    *count = sizeof RULES / sizeof RULES[0];
    return RULES;
}

void rule_story_tell(const struct rule_story *story, struct forge *f)
{
    struct entry e;

    forge_init(f, 1);
    forge_genesis(f);
    forge_note(f, "first");
    memset(&e, 0, sizeof e);
    e.kind = ENTRY_CONTROL_NOTE;
    e.at_ns = INSTANT_NONE;
    e.as.control_note.text = text_from("second");
    story->breaks(f, &e);
    forge_add(f, &e);
    forge_group(f);
}
