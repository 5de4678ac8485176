#include "tamper/pieces.h"

#include "ledger/wire.h"

struct forge_row *pieces_block(struct forge *f, uint64_t seq)
{
    struct forge_row *found = NULL;

    for (size_t i = 0; i < f->count; i++) {
        struct forge_row *const row = &f->rows[i];
        if (row->table == EVIDENCE_ENTRIES && wire_load_u64(row->key) >= seq &&
            (!found || memcmp(row->key, found->key, 8) < 0))
            found = row;
    }
    REQUIRE(found);
    return found;
}

struct forge_row *pieces_take(struct forge *f, uint64_t seq, struct pieces *p)
{
    struct forge_row *const row = pieces_block(f, seq);
    const uint8_t *const sizes = row->bytes + 2;

    p->count = (size_t)row->bytes[0] << 8 | row->bytes[1];
    p->first = wire_load_u64(row->key) - p->count + 1;
    REQUIRE(p->count < PIECES_MAX);
    const uint8_t *const checks = sizes + 2 * p->count;
    const uint8_t *at = checks + 4 * p->count;
    for (size_t i = 0; i < p->count; i++) {
        struct piece *const one = &p->all[i];
        one->size = (size_t)sizes[2 * i] << 8 | sizes[2 * i + 1];
        REQUIRE(one->size <= sizeof one->bytes);
        memcpy(one->bytes, at, one->size);
        memcpy(one->check, checks + 4 * i, 4);
        at += one->size;
    }
    return row;
}

void pieces_put(struct forge *f, struct forge_row *row, const struct pieces *p)
{
    static uint8_t value[PIECES_MAX * 1100];
    struct wire_out out;

    if (p->count == 0) {
        forge_drop(f, row);
        return;
    }
    wire_out_init(&out, value, sizeof value);
    wire_put_u16(&out, (uint16_t)p->count);
    for (size_t i = 0; i < p->count; i++)
        wire_put_u16(&out, (uint16_t)p->all[i].size);
    for (size_t i = 0; i < p->count; i++)
        wire_put_bytes(&out, p->all[i].check, 4);
    for (size_t i = 0; i < p->count; i++)
        wire_put_bytes(&out, p->all[i].bytes, p->all[i].size);
    REQUIRE(!out.bad);
    forge_set(row, value, wire_out_size(&out));
}

struct piece *pieces_of(struct pieces *p, uint64_t seq)
{
    REQUIRE(seq >= p->first && seq - p->first < p->count);
    return &p->all[seq - p->first];
}

void pieces_insert(struct pieces *p, size_t at, const struct piece *piece)
{
    REQUIRE(p->count < PIECES_MAX && at <= p->count);
    memmove(&p->all[at + 1], &p->all[at], (p->count - at) * sizeof *p->all);
    p->all[at] = *piece;
    p->count++;
}

void pieces_remove(struct pieces *p, size_t at)
{
    REQUIRE(at < p->count);
    p->count--;
    memmove(&p->all[at], &p->all[at + 1], (p->count - at) * sizeof *p->all);
}

void piece_check(struct piece *p)
{
    const struct hash leaf = hash_leaf(p->bytes, p->size);

    memcpy(p->check, leaf.bytes, 4);
}

void piece_place(struct piece *p, uint64_t seq, int64_t recorded_at_ns)
{
    wire_store_u64(p->bytes + 8, seq);
    wire_store_u64(p->bytes + 16, (uint64_t)recorded_at_ns);
}

int64_t piece_recorded_at_ns(const struct piece *p)
{
    return (int64_t)wire_load_u64(p->bytes + 16);
}
