#include "audit/batch.h"

#include <stdlib.h>

/* Entries whose rules are checked before they are hashed: their bytes stay in the processor's nearest cache. */
#define STRETCH 128u

/* Reading from memory that is still far away takes some 100 ns, the rules of an entry less than half of that. */
#define AHEAD   2048u
#define LINE    64u

struct batch_room {
    struct hash_span spans[STRETCH];
    const uint8_t *checks[STRETCH];
    struct hash nodes[BATCH_ENTRIES / 2];
    struct walk_signatures seen; /* in this batch */
    uint8_t statement[WALK_STATEMENT_SIZE];
};

/* The place in a batch that is being checked. */
struct scan {
    struct batch *b;
    struct batch_room *room;
    struct walk_known known;
    const struct note_key *key;
    struct err err; /* its words are not used: who looks again finds them again */
    uint64_t seq;   /* of the newest entry that is good */
    unsigned listed;
    unsigned stretch; /* entries whose hashes are still to be made */
};

enum err_code batch_room_new(struct batch_room **room, struct err *err)
{
    struct batch_room *const made = calloc(1, sizeof *made);

    if (!made)
        return err_set(err, ERR_MEMORY, "out of memory");
    *room = made;
    return ERR_OK;
}

void batch_room_free(struct batch_room *room)
{
    if (room)
        free(room->seen.slots);
    free(room);
}

/* -- entries --------------------------------------------------------------------------------------------- */

static bool check_signed(struct scan *s, const uint8_t *signature)
{
    if (walk_signature_note(&s->room->seen, signature, &s->err))
        return false;
    s->b->signatures[s->b->signature_count++] = signature;
    return true;
}

/* What changes what is known of persons and keys, or asks what came before, is for who walks in order. */
static bool check_entry(struct scan *s, const uint8_t *bytes, size_t size)
{
    struct batch *const b = s->b;
    const uint64_t seq = s->seq + 1;
    const bool is_first = seq == b->first;
    struct canonical c;

    if (walk_entry_check(&s->known, seq, is_first ? INT64_MIN : b->last_recorded_at_ns, bytes, size, &c,
                         &s->err))
        return false;
    if (c.kind >> 8 == FAMILY_CONTROL) {
        if (c.kind == ENTRY_CONTROL_KEY || walk_kind_is_of_persons(s->known.persons, c.kind))
            return false;
        if (s->listed == b->listed_count || b->listed[s->listed++] != seq)
            return false;
    }
    if (c.signature && !check_signed(s, c.signature))
        return false;
    if (is_first)
        b->first_recorded_at_ns = c.recorded_at_ns;
    b->last_recorded_at_ns = c.recorded_at_ns;
    b->bytes += size;
    s->seq = seq;
    return true;
}

/* The leaf hashes of the newest entries, which must begin with their checks. */
static bool end_stretch(struct scan *s)
{
    struct hash *const leaves = s->b->leaves + (s->seq - s->stretch - (s->b->first - 1));

    hash_leaves(s->room->spans, s->stretch, leaves);
    for (unsigned i = 0; i < s->stretch; i++) {
        if (memcmp(s->room->checks[i], leaves[i].bytes, WALK_CHECK_SIZE) != 0)
            return false;
    }
    s->stretch = 0;
    return true;
}

/* -- blocks ---------------------------------------------------------------------------------------------- */

/* Skips the entries of the first block that belong to the batch before. */
static bool skip_to(struct walk_block *b, uint64_t count)
{
    const uint8_t *bytes = NULL;
    size_t size = 0;

    for (uint64_t i = 0; i < count; i++) {
        if (!walk_block_entry(b, &bytes, &size))
            return false;
    }
    return true;
}

/* Blocks follow each other in the file, mostly; where they do not, this is in vain but does no harm. */
static void fetch(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size && i < AHEAD; i += LINE)
        __builtin_prefetch((const void *)((uintptr_t)bytes + AHEAD + i));
}

static bool check_block(struct scan *s, unsigned index)
{
    struct batch *const batch = s->b;
    struct walk_block *const b = &batch->tail;
    const struct batch_block *const stored = &batch->blocks[index];
    const uint8_t *bytes = NULL;
    size_t size = 0;

    if (!walk_block_open(b, stored->key, stored->bytes, stored->size) || b->count > stored->key)
        return false;
    const uint64_t head = stored->key - b->count + 1;
    if (index == 0) {
        batch->head = head;
        if (head > batch->first || !skip_to(b, batch->first - head))
            return false;
    } else if (head != s->seq + 1) {
        return false;
    }
    while (s->seq < batch->last && b->next < b->count) {
        if (!walk_block_entry(b, &bytes, &size))
            return false;
        fetch(bytes, size);
        if (!check_entry(s, bytes, size))
            return false;
        s->room->spans[s->stretch] = (struct hash_span){bytes, size};
        s->room->checks[s->stretch] = walk_block_check(b);
        if (++s->stretch == STRETCH && !end_stretch(s))
            return false;
    }
    return b->next < b->count || b->at == b->end;
}

/* -- hashes and seals ------------------------------------------------------------------------------------ */

static void make_roots(struct batch *b, struct hash *nodes)
{
    const size_t tiles = (size_t)(b->last - b->first + 1) / BATCH_TILE;
    size_t count = tiles * BATCH_TILE / 2;

    if (tiles == 0)
        return;
    hash_nodes(b->leaves, count, nodes);
    for (; count > tiles; count /= 2)
        hash_nodes(nodes, count / 2, nodes);
    memcpy(b->roots, nodes, tiles * sizeof nodes[0]);
}

static bool check_seals(struct scan *s)
{
    for (unsigned i = 0; i < s->b->seal_count; i++) {
        struct batch_seal *const seal = &s->b->seals[i];
        if (walk_seal_check(s->key, seal->number, seal->note, seal->size, &seal->root, &s->err) ||
            walk_witnesses_check(&s->known, seal->note, seal->size, &s->b->cosignatures, &s->err))
            return false;
    }
    return true;
}

static bool check(struct scan *s)
{
    struct batch *const b = s->b;

    for (unsigned i = 0; i < b->block_count; i++) {
        if (!check_block(s, i))
            return false;
    }
    if (s->seq != b->last || s->listed != b->listed_count || !end_stretch(s))
        return false;
    make_roots(b, s->room->nodes);
    return check_seals(s);
}

void batch_check(struct batch *b, const struct walk *w, struct batch_room *room)
{
    struct scan s = {.b = b, .room = room, .key = &b->key, .seq = b->first - 1};

    s.known = (struct walk_known){&w->kinds, &w->roles, b->persons, &b->key, room->statement};
    if (room->seen.count > 0)
        memset(room->seen.slots, 0, room->seen.capacity * sizeof *room->seen.slots);
    room->seen.count = 0;
    b->bytes = 0;
    b->signature_count = 0;
    b->cosignatures = 0;
    b->is_good = check(&s);
}
