#include "ledger/snapshot_rows.h"

#include "ledger/journal_state.h"
#include "ledger/store_snapshots.h"

#include <stdlib.h>

void snapshot_rows_put(struct journal_group *g, const struct snapshot_source *source)
{
    REQUIRE(!g->snapshot);
    g->snapshot = source;
}

/* -- writing -------------------------------------------------------------------------------------------- */

/* Cuts what comes into pieces. */
struct pieces {
    struct store_txn *txn;
    uint64_t covered;
    uint32_t count;
    uint8_t *bytes; /* of the next one */
    size_t used;
    enum err_code rc; /* the first failure: nothing is written after it */
    struct err *err;
};

static void put_piece(struct pieces *p)
{
    if (!p->rc)
        p->rc = store_put_snapshot(p->txn, p->covered, p->count, p->bytes, p->used, p->err);
    p->count++;
    p->used = 0;
}

static void add(void *context, const void *bytes, size_t size)
{
    struct pieces *const p = context;
    const uint8_t *at = bytes;

    while (size > 0) {
        const size_t room = STORE_SNAPSHOT_PIECE - p->used;
        const size_t part = size < room ? size : room;
        memcpy(p->bytes + p->used, at, part);
        p->used += part;
        at += part;
        size -= part;
        if (p->used == STORE_SNAPSHOT_PIECE)
            put_piece(p);
    }
}

static enum err_code write_pieces(struct journal_group *g, struct err *err)
{
    struct pieces p = {.txn = g->txn, .covered = g->snapshot->covered, .err = err};
    const struct digest_out out = {add, &p};

    p.bytes = malloc(STORE_SNAPSHOT_PIECE);
    if (!p.bytes)
        return err_set(err, ERR_MEMORY, "out of memory for a snapshot");
    g->snapshot->write(g->snapshot->context, &out);
    if (p.used > 0)
        put_piece(&p);
    free(p.bytes);
    return p.rc;
}

/*
 * Leaves room for the new one among those that are kept. What is older than these was the last of its span when a
 * newer one was written, or it is dropped now: a span's last is followed by one of another span.
 */
static enum err_code drop_old(struct journal_group *g, struct err *err)
{
    uint64_t at = g->snapshot->covered;
    bool found = true;
    enum err_code rc = ERR_OK;

    for (unsigned kept = 1; !rc && found && kept < SNAPSHOT_ROWS_KEPT; kept++)
        rc = store_find_snapshot(g->txn, at, &at, &found, err);
    while (!rc && found) {
        const uint64_t newer = at;
        rc = store_find_snapshot(g->txn, newer, &at, &found, err);
        if (rc || !found || at / SNAPSHOT_ROWS_SPAN != newer / SNAPSHOT_ROWS_SPAN)
            break;
        rc = store_drop_snapshots(g->txn, at, at, err);
        at = newer;
    }
    return rc;
}

enum err_code journal_write_snapshot(struct journal_group *g, struct err *err)
{
    if (!g->snapshot)
        return ERR_OK;
    /* Whatever lies at or behind the place is none of ours: entries are never taken back. */
    enum err_code rc = store_drop_snapshots(g->txn, g->snapshot->covered, UINT64_MAX, err);
    if (!rc)
        rc = drop_old(g, err);
    return rc ? rc : write_pieces(g, err);
}

/* -- reading -------------------------------------------------------------------------------------------- */

enum err_code snapshot_rows_find(struct journal_reader *r, uint64_t most, uint64_t *covered, bool *found,
                                 struct err *err)
{
    if (most == UINT64_MAX)
        most--;
    return store_find_snapshot(r->txn, most + 1, covered, found, err);
}

static bool read_piece(void *context, uint32_t piece, const uint8_t **bytes, size_t *size)
{
    const struct snapshot_bytes *const b = context;

    return store_get_snapshot(b->reader->txn, b->covered, piece, bytes, size);
}

void snapshot_rows_read(struct snapshot_bytes *bytes, struct journal_reader *r, uint64_t covered,
                        uint64_t size, struct restore_in *in)
{
    *bytes = (struct snapshot_bytes){r, covered};
    restore_init_pieces(in, size, read_piece, bytes);
}

struct hash snapshot_rows_digest(struct journal_reader *r, uint64_t covered, uint64_t *size)
{
    struct hash_stream stream;
    const uint8_t *bytes;
    size_t part;

    *size = 0;
    hash_stream_init(&stream);
    for (uint32_t piece = 0; store_get_snapshot(r->txn, covered, piece, &bytes, &part); piece++) {
        hash_stream_add(&stream, bytes, part);
        *size += part;
    }
    return hash_stream_finish(&stream);
}
