/* The rows of snapshots. Key: u64 the entry covered, u32 the piece, from 0. See the head of store_lmdb.c. */
#include "ledger/store_snapshots.h"

#include "ledger/store_state.h"
#include "ledger/wire.h"

#define KEY_SIZE 12

static void make_key(uint8_t key[KEY_SIZE], uint64_t covered, uint32_t piece)
{
    struct wire_out out;

    wire_out_init(&out, key, KEY_SIZE);
    wire_put_u64(&out, covered);
    wire_put_u32(&out, piece);
}

enum err_code store_put_snapshot(struct store_txn *t, uint64_t covered, uint32_t piece, const void *bytes,
                                 size_t size, struct err *err)
{
    uint8_t at[KEY_SIZE];
    MDB_val key = {sizeof at, at};
    MDB_val value = {size, (void *)(uintptr_t)bytes};

    make_key(at, covered, piece);
    t->pages += size / t->store->page_size + 2;
    const int rc = mdb_put(t->txn, t->store->snapshots, &key, &value, 0);
    return rc ? store_txn_fail(t, rc, "write to it", err) : ERR_OK;
}

/*
 * A reader that writers do not know of sees none: their pages are used again as soon as they are dropped, which
 * those of entries never are.
 */
static bool is_blind(const struct store_txn *t)
{
    return t->store->has_no_lock;
}

enum err_code store_find_snapshot(struct store_txn *t, uint64_t before, uint64_t *covered, bool *found,
                                  struct err *err)
{
    uint8_t at[KEY_SIZE];
    MDB_val key = {sizeof at, at};
    MDB_val value;
    MDB_cursor *cursor;

    *found = false;
    if (is_blind(t))
        return ERR_OK;
    make_key(at, before, 0);
    int rc = mdb_cursor_open(t->txn, t->store->snapshots, &cursor);
    if (rc)
        return store_txn_fail(t, rc, "read it", err);
    rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    if (rc == 0)
        rc = mdb_cursor_get(cursor, &key, &value, MDB_PREV);
    else if (rc == MDB_NOTFOUND)
        rc = mdb_cursor_get(cursor, &key, &value, MDB_LAST);
    mdb_cursor_close(cursor);
    if (rc == MDB_NOTFOUND)
        return ERR_OK;
    if (rc)
        return store_txn_fail(t, rc, "read it", err);
    if (key.mv_size != KEY_SIZE)
        return err_set(err, ERR_FORMAT, "%s: a key of snapshots is damaged", t->store->name);
    *covered = wire_load_u64(key.mv_data);
    *found = true;
    return ERR_OK;
}

bool store_get_snapshot(struct store_txn *t, uint64_t covered, uint32_t piece, const uint8_t **bytes,
                        size_t *size)
{
    uint8_t at[KEY_SIZE];
    MDB_val key = {sizeof at, at};
    MDB_val value;

    make_key(at, covered, piece);
    if (is_blind(t) || mdb_get(t->txn, t->store->snapshots, &key, &value) != 0)
        return false;
    *bytes = value.mv_data;
    *size = value.mv_size;
    return true;
}

enum err_code store_drop_snapshots(struct store_txn *t, uint64_t first, uint64_t last, struct err *err)
{
    uint8_t at[KEY_SIZE];
    MDB_val key = {sizeof at, at};
    MDB_val value;
    MDB_cursor *cursor;

    make_key(at, first, 0);
    int rc = mdb_cursor_open(t->txn, t->store->snapshots, &cursor);
    if (rc)
        return store_txn_fail(t, rc, "write to it", err);
    rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    while (!rc && key.mv_size == KEY_SIZE && wire_load_u64(key.mv_data) <= last) {
        t->pages += 2;
        rc = mdb_cursor_del(cursor, 0);
        if (!rc)
            rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT); /* the one that took its place */
    }
    mdb_cursor_close(cursor);
    return rc && rc != MDB_NOTFOUND ? store_txn_fail(t, rc, "write to it", err) : ERR_OK;
}
