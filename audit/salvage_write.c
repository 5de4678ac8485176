/* The good beginning of a damaged journal, as a raw export that verifies. */
#include "audit/salvage_state.h"

#include "audit/raw_writer.h"
#include "audit/timestamp.h"
#include "audit/verify.h"
#include "ledger/store_lmdb.h"
#include "ledger/wire.h"

#include <inttypes.h>
#include <stdlib.h>

static enum err_code put_layout(struct raw_writer *w, struct err *err)
{
    uint8_t value[4] = {0, 0, 0, STORE_LAYOUT};
    const struct evidence_item item = {(const uint8_t *)"layout", 6, value, sizeof value};

    return raw_writer_put(w, EVIDENCE_META, &item, err);
}

/* The block, cut after entry `good`, its checks made anew. */
static enum err_code put_block(struct raw_writer *w, struct block *b, uint64_t good, struct err *err)
{
    const uint64_t last = b->last < good ? b->last : good;
    const size_t count = (size_t)(last - b->first + 1);
    uint8_t key[8];
    size_t bytes = 0;
    size_t size = 0;

    for (uint64_t seq = b->first; seq <= last; seq++) {
        (void)block_entry(b, seq, &size);
        bytes += size;
    }
    uint8_t *const value = malloc(2 + count * BLOCK_HEAD + bytes);
    if (!value)
        return err_set(err, ERR_MEMORY, "out of memory");
    value[0] = (uint8_t)(count >> 8);
    value[1] = (uint8_t)count;
    memcpy(value + 2, b->lengths, 2 * count);
    uint8_t *check = value + 2 + 2 * count;
    uint8_t *at = value + 2 + BLOCK_HEAD * count;
    for (uint64_t seq = b->first; seq <= last; seq++) {
        const uint8_t *const entry = block_entry(b, seq, &size);
        const struct hash leaf = hash_leaf(entry, size);
        memcpy(check, leaf.bytes, BLOCK_CHECK_SIZE);
        memcpy(at, entry, size);
        check += BLOCK_CHECK_SIZE;
        at += size;
    }
    wire_store_u64(key, last);
    const struct evidence_item item = {key, sizeof key, value, (size_t)(at - value)};
    const enum err_code rc = raw_writer_put(w, EVIDENCE_ENTRIES, &item, err);
    free(value);
    return rc;
}

static enum err_code put_blocks(struct salvage *s, struct raw_writer *w, struct err *err)
{
    struct evidence_cursor *cursor = NULL;
    struct evidence_item item;
    uint64_t done = 0;
    bool found = true;

    enum err_code rc = evidence_cursor_open(s->evidence, EVIDENCE_ENTRIES, &cursor, err);
    while (!rc && found && done < s->found.good) {
        struct block b;
        rc = evidence_next(cursor, &item, &found, err);
        if (rc || !found)
            break;
        salvage_let_go(s, &item);
        rc = block_open(&b, wire_load_u64(item.key), item.bytes, item.size, err);
        if (rc || b.last <= done)
            continue;
        rc = put_block(w, &b, s->found.good, err);
        done = b.last;
    }
    evidence_cursor_close(cursor);
    return rc;
}

static enum err_code put_tiles(const struct salvage *s, struct raw_writer *w, struct err *err)
{
    enum err_code rc = ERR_OK;

    for (unsigned level = 1; level < PEAKS_LEVELS; level++) {
        const uint64_t count = s->found.good >> 8 * level;
        for (uint64_t at = 0; at < count && !rc; at += 256) {
            uint8_t key[9] = {(uint8_t)level};
            const size_t width = (size_t)(count - at < 256 ? count - at : 256);
            wire_store_u64(key + 1, at / 256);
            const struct evidence_item item = {key, sizeof key, s->hashes[level].bytes + at * HASH_SIZE,
                                               width * HASH_SIZE};
            rc = raw_writer_put(w, EVIDENCE_TILES, &item, err);
        }
    }
    return rc;
}

static enum err_code put_seals(const struct salvage *s, struct raw_writer *w, struct err *err)
{
    struct evidence_cursor *cursor = NULL;
    struct evidence_item item;
    bool found = true;
    size_t next = 0;

    enum err_code rc = evidence_cursor_open(s->evidence, EVIDENCE_SEALS, &cursor, err);
    while (!rc && found && next < s->seals.count) {
        rc = evidence_next(cursor, &item, &found, err);
        if (rc || !found || salvage_seal_size(&item) != salvage_number(&s->seals, next))
            continue;
        rc = raw_writer_put(w, EVIDENCE_SEALS, &item, err);
        next++;
    }
    evidence_cursor_close(cursor);
    return rc;
}

static enum err_code put_controls(const struct salvage *s, struct raw_writer *w, struct err *err)
{
    enum err_code rc = ERR_OK;

    for (size_t i = 0; i < s->controls.count && salvage_number(&s->controls, i) <= s->found.good && !rc;
         i++) {
        uint8_t key[8];
        wire_store_u64(key, salvage_number(&s->controls, i));
        const struct evidence_item item = {.key = key, .key_size = sizeof key, .bytes = key, .size = 0};
        rc = raw_writer_put(w, EVIDENCE_CONTROL, &item, err);
    }
    return rc;
}

/* Which of the seals that are kept the row is beside; false: none. */
static bool find_stamped(const struct salvage *s, const struct evidence_item *row, size_t *seal)
{
    const uint64_t size = row->key_size == TIMESTAMP_KEY ? wire_load_u64(row->key) : 0;
    size_t low = 0;

    for (size_t high = s->seals.count; low < high;) {
        const size_t middle = low + (high - low) / 2;
        if (salvage_number(&s->seals, middle) < size)
            low = middle + 1;
        else
            high = middle;
    }
    *seal = low;
    return low < s->seals.count && salvage_number(&s->seals, low) == size;
}

/* Is it a token that verification would let pass? */
static bool is_good_stamp(const struct salvage *s, struct evidence_cursor *seals, size_t seal,
                          const struct evidence_item *row)
{
    const int64_t recorded_at_ns = (int64_t)salvage_number(&s->sealed_at, seal);
    struct evidence_item note;
    struct timestamp t;
    uint8_t key[8];
    bool found = false;

    wire_store_u64(key, salvage_number(&s->seals, seal));
    return timestamp_parse(&t, row->bytes, row->size, NULL) == ERR_OK &&
           evidence_seek(seals, key, sizeof key, &note, &found, NULL) == ERR_OK && found &&
           timestamp_check(&t, note.bytes, note.size, recorded_at_ns, NULL) == ERR_OK;
}

/* Numbers are given anew, since one that is lost would be missed. */
static enum err_code put_stamp(struct raw_writer *w, uint64_t size, uint32_t number,
                               const struct evidence_item *row, struct err *err)
{
    uint8_t key[TIMESTAMP_KEY];
    struct wire_out out;
    const struct evidence_item item = {key, sizeof key, row->bytes, row->size};

    wire_out_init(&out, key, sizeof key);
    wire_put_u64(&out, size);
    wire_put_u32(&out, number);
    return raw_writer_put(w, EVIDENCE_TIMESTAMPS, &item, err);
}

static enum err_code put_stamps(const struct salvage *s, struct raw_writer *w, struct err *err)
{
    struct evidence_cursor *cursor = NULL;
    struct evidence_cursor *seals = NULL;
    struct evidence_item row;
    size_t before = SIZE_MAX;
    uint32_t number = 0;
    bool found = true;

    enum err_code rc = evidence_cursor_open(s->evidence, EVIDENCE_TIMESTAMPS, &cursor, err);
    if (!rc)
        rc = evidence_cursor_open(s->evidence, EVIDENCE_SEALS, &seals, err);
    while (!rc && found) {
        rc = evidence_next(cursor, &row, &found, err);
        size_t seal = 0;
        if (rc || !found || !find_stamped(s, &row, &seal) || !is_good_stamp(s, seals, seal, &row))
            continue;
        number = seal == before ? number + 1 : 0;
        before = seal;
        rc = put_stamp(w, salvage_number(&s->seals, seal), number, &row, err);
    }
    evidence_cursor_close(cursor);
    evidence_cursor_close(seals);
    return rc;
}

enum err_code salvage_write(struct salvage *s, const char *path, struct err *err)
{
    struct raw_writer *w = NULL;
    struct verify_report *report = NULL;

    if (s->found.good == 0)
        return err_set(err, ERR_FORMAT, "no seal confirms any of the %" PRIu64 " entries that can be read",
                       s->found.readable);
    enum err_code rc = raw_writer_begin(&w, path, err);
    if (!rc)
        rc = put_layout(w, err);
    if (!rc)
        rc = put_blocks(s, w, err);
    if (!rc)
        rc = put_tiles(s, w, err);
    if (!rc)
        rc = put_seals(s, w, err);
    if (!rc)
        rc = put_controls(s, w, err);
    if (!rc)
        rc = put_stamps(s, w, err);
    if (!rc)
        rc = raw_writer_finish(w, err);
    if (!rc && !(report = malloc(sizeof *report)))
        rc = err_set(err, ERR_MEMORY, "out of memory");
    if (!rc) {
        const struct verify_options options = {.export = raw_writer_path(w), .vkey = s->found.vkey};
        rc = verify_journal(&options, report, err);
    }
    if (!rc && (report->entries != s->found.good || !hash_equal(&report->root, &s->found.root)))
        rc = err_set(err, ERR_WRONG, "what was written has %" PRIu64 " entries, not %" PRIu64,
                     report->entries, s->found.good);
    if (!rc)
        rc = raw_writer_publish(w, err);
    free(report);
    raw_writer_free(w);
    return rc;
}
