#include "tamper/edits.h"

#include "ledger/wire.h"

#include <stdlib.h>

uint8_t *edit_bytes(struct mutation *m, uint64_t seq)
{
    REQUIRE(seq >= 1 && seq <= m->f.entry_count);
    return m->f.entries[seq - 1].bytes;
}

unsigned edit_kind(const struct mutation *m, uint64_t seq)
{
    const uint8_t *const bytes = m->world->f.entries[seq - 1].bytes;

    return (unsigned)bytes[2] << 8 | bytes[3];
}

unsigned edit_family(const struct mutation *m, uint64_t seq)
{
    return edit_kind(m, seq) >> 8;
}

bool edit_is_signed(const struct mutation *m, uint64_t seq)
{
    return (m->world->f.entries[seq - 1].bytes[1] & 2) != 0;
}

uint64_t edit_pick_unsigned(struct mutation *m)
{
    uint64_t seq = 0;

    do
        seq = mutation_pick(m, 3, m->world->f.entry_count);
    while (edit_is_signed(m, seq) || edit_kind(m, seq) == ENTRY_CONTROL_ACTOR ||
           edit_kind(m, seq) == ENTRY_CONTROL_KEY);
    return seq;
}

uint64_t edit_pick_signed(struct mutation *m)
{
    for (int i = 0; i < 1000; i++) {
        const uint64_t seq = mutation_pick(m, 3, m->world->f.entry_count);
        if (edit_is_signed(m, seq))
            return seq;
    }
    return 0;
}

bool edit_cause(struct mutation *m, uint64_t seq)
{
    uint8_t *const cause = edit_bytes(m, seq) + 32;
    const uint64_t was = wire_load_u64(cause);
    const uint64_t is = mutation_pick(m, 1, seq - 1);

    if (is == was)
        return false;
    wire_store_u64(cause, is);
    return true;
}

void edit_words(struct mutation *m, uint64_t seq)
{
    uint8_t *const bytes = edit_bytes(m, seq);

    if (bytes[1] & 1) /* when it happened: a little sooner or later */
        bytes[31] ^= (uint8_t)mutation_pick(m, 1, 255);
    else if (wire_load_u64(bytes + 32) == 1)
        wire_store_u64(bytes + 32, seq - 1);
    else
        wire_store_u64(bytes + 32, 1);
}

void edit_set(struct mutation *m, uint64_t seq, const uint8_t *bytes, size_t size)
{
    struct forge_entry *const e = &m->f.entries[seq - 1];
    uint8_t *const kept = malloc(size);

    REQUIRE(kept);
    memcpy(kept, bytes, size);
    free(e->bytes);
    e->bytes = kept;
    e->size = size;
}

void edit_store(struct mutation *m)
{
    forge_restore_blocks(&m->f);
}

void edit_checks(struct mutation *m)
{
    forge_checks(&m->f);
}

void edit_tree(struct mutation *m)
{
    struct forge *const f = &m->f;

    forge_checks(f);
    forge_tiles(f);
    for (uint64_t seq = 1; seq <= f->entry_count; seq++) {
        const bool is_control = f->entries[seq - 1].bytes[2] == FAMILY_CONTROL;
        struct forge_row *const row = forge_find_number(f, EVIDENCE_CONTROL, seq);
        if (is_control && !row)
            forge_put_number(f, EVIDENCE_CONTROL, seq, NULL, 0);
        if (!is_control && row)
            forge_drop(f, row);
    }
}

void edit_unstamp(struct mutation *m, uint64_t seq)
{
    for (size_t i = m->f.count; i-- > 0;) {
        if (m->f.rows[i].table == EVIDENCE_TIMESTAMPS && wire_load_u64(m->f.rows[i].key) >= seq)
            forge_drop(&m->f, &m->f.rows[i]);
    }
}

void edit_all(struct mutation *m, uint64_t seq)
{
    edit_tree(m);
    edit_unstamp(m, seq);
    for (size_t i = 0; i < m->world->seal_count; i++) {
        if (m->world->seals[i] >= seq)
            forge_seal(&m->f, m->world->seals[i]);
    }
}

void edit_cut(struct mutation *m, uint64_t size)
{
    for (size_t i = m->f.count; i-- > 0;) {
        struct forge_row *const row = &m->f.rows[i];
        if (row->table != EVIDENCE_META && row->table != EVIDENCE_TILES && wire_load_u64(row->key) > size)
            forge_drop(&m->f, row);
    }
    for (unsigned level = 1; level < 3; level++) { /* of tiles, what a smaller tree has */
        struct forge_row *const row = forge_find_tile(&m->f, level, 0);
        const size_t hashes = size >> 8 * level;
        if (row && hashes == 0)
            forge_drop(&m->f, row);
        else if (row && row->size > 32 * hashes)
            row->size = 32 * hashes;
    }
    while (m->f.entry_count > size)
        free(m->f.entries[--m->f.entry_count].bytes);
    m->f.stored = size;
    while (m->f.later_count > 0 && m->f.later[m->f.later_count - 1].begins > size + 1)
        m->f.later_count--;
}
