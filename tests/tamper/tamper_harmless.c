/* Changes that docs/FORMAT.md says mean nothing: a verifier must not cry wolf. */
#include "tamper/edits.h"
#include "tamper/pieces.h"

#include "ledger/base64.h"
#include "ledger/wire.h"

/* Two neighbouring blocks become one, or one becomes two. */
static bool blocks_cut_elsewhere(struct mutation *m)
{
    static struct pieces here;
    static struct pieces there;
    const uint64_t seq = mutation_pick(m, 1, m->world->f.entry_count);
    struct forge_row *const row = pieces_take(&m->f, seq, &here);
    const uint64_t last = here.first + here.count - 1;

    if (here.count < 2)
        return false;
    const uint64_t at = mutation_pick(m, 1, here.count - 1); /* entries that stay together in front */
    there = here;
    there.count = here.count - at;
    memmove(there.all, there.all + at, there.count * sizeof *there.all);
    here.count = at;
    pieces_put(&m->f, row, &there);
    forge_put_number(&m->f, EVIDENCE_ENTRIES, last - there.count, "", 0);
    pieces_put(&m->f, forge_find_number(&m->f, EVIDENCE_ENTRIES, last - there.count), &here);
    mutation_tell(m, "the block that ends with entry %" PRIu64 " cut in two", last);
    expect_good(m);
    return true;
}

static bool older_seal_removed(struct mutation *m)
{
    const uint64_t size = m->world->seals[random_below(m->random, m->world->seal_count - 1)];

    if (world_hand_over_from(m->world, size) == size || world_stamps(m->world, size))
        return false;
    forge_drop(&m->f, forge_find_number(&m->f, EVIDENCE_SEALS, size));
    m->against = m->world->newest;
    mutation_tell(m, "seal %" PRIu64 " removed", size);
    expect_good(m);
    return true;
}

/* A line by a key that the journal does not know, before or behind its own. */
static bool strangers_line(struct mutation *m)
{
    const uint64_t seal = m->world->seals[random_below(m->random, m->world->seal_count)];
    struct forge_row *const row = forge_find_number(&m->f, EVIDENCE_SEALS, seal);
    uint8_t blob[76];
    char text[BASE64_LENGTH(sizeof blob) + 1];
    char line[300];
    char note[4000];

    random_bytes(m->random, blob, sizeof blob);
    base64_encode(text, blob, 4 + 1 + random_below(m->random, sizeof blob - 4));
    const size_t length = (size_t)snprintf(line, sizeof line, "\xe2\x80\x94 stranger.example %s\n", text);
    size_t at = row->size;
    const bool is_before = random_below(m->random, 2) == 1;
    if (is_before) { /* behind the empty line */
        const uint8_t *const empty = memmem(row->bytes, row->size, "\n\n", 2);
        at = (size_t)(empty - row->bytes) + 2;
    }
    memcpy(note, row->bytes, at);
    memcpy(note + at, line, length);
    memcpy(note + at + length, row->bytes + at, row->size - at);
    forge_set(row, note, row->size + length);
    mutation_tell(m, "a stranger's line in seal %" PRIu64 "%s", seal,
                  is_before ? ", before the journal's" : "");
    if (is_before && world_stamps(m->world, seal)) /* the line that was stamped is the first no more */
        expect_at(m, "timestamp", seal);
    else
        expect_good(m);
    return true;
}

static bool other_meta(struct mutation *m)
{
    uint8_t bytes[20];

    random_bytes(m->random, bytes, sizeof bytes);
    forge_put(&m->f, EVIDENCE_META, random_below(m->random, 2) ? "zebra" : "alpha", 5, bytes,
              random_below(m->random, sizeof bytes));
    mutation_tell(m, "a row of meta that means nothing");
    expect_good(m);
    return true;
}

const struct tampering TAMPERINGS_HARMLESS[] = {
    {"harmless: blocks cut elsewhere", blocks_cut_elsewhere, 1},
    {"harmless: an older seal removed", older_seal_removed, 1},
    {"harmless: a stranger's line in a seal", strangers_line, 1},
    {"harmless: an unknown row of meta", other_meta, 1},
    {NULL, NULL, 0},
};
