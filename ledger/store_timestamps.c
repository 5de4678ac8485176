/* The rows of timestamps. Key: u64 size of the seal, u32 number, from 0. See the head of store_lmdb.c. */
#include "ledger/store_timestamps.h"

#include "ledger/store_state.h"
#include "ledger/wire.h"

#include <inttypes.h>

#define KEY_SIZE 12

static void make_key(uint8_t key[KEY_SIZE], uint64_t size, uint32_t number)
{
    struct wire_out out;

    wire_out_init(&out, key, KEY_SIZE);
    wire_put_u64(&out, size);
    wire_put_u32(&out, number);
}

/* A writer looks again: another program may have made the sub-database since this one opened the journal. */
static enum err_code open_rows(struct store_txn *t, unsigned flags, struct err *err)
{
    if (t->has_timestamps || !t->is_writing)
        return ERR_OK;
    const int rc = mdb_dbi_open(t->txn, "timestamps", flags, &t->timestamps);
    if (rc == MDB_NOTFOUND)
        return ERR_OK;
    if (rc)
        return store_txn_fail(t, rc, "write to it", err);
    t->pages += 2;
    t->has_timestamps = true;
    return ERR_OK;
}

enum err_code store_put_timestamp(struct store_txn *t, uint64_t size, uint32_t number, const void *token,
                                  size_t token_size, struct err *err)
{
    uint8_t at[KEY_SIZE];
    MDB_val key = {sizeof at, at};
    MDB_val value = {token_size, (void *)(uintptr_t)token};
    const enum err_code rc = open_rows(t, MDB_CREATE, err);

    if (rc)
        return rc;
    make_key(at, size, number);
    t->pages += token_size / t->store->page_size + 2;
    const int put = mdb_put(t->txn, t->timestamps, &key, &value, MDB_NOOVERWRITE);
    if (put == MDB_KEYEXIST)
        return err_set(err, ERR_FORMAT, "%s: seal %" PRIu64 " has a timestamp %" PRIu32 " already",
                       t->store->name, size, number);
    return put ? store_txn_fail(t, put, "write to it", err) : ERR_OK;
}

enum err_code store_find_timestamp(struct store_txn *t, uint64_t *size, uint32_t *number,
                                   const uint8_t **token, size_t *token_size, bool *found, struct err *err)
{
    uint8_t at[KEY_SIZE];
    MDB_val key = {sizeof at, at};
    MDB_val value;
    MDB_cursor *cursor;

    *found = false;
    const enum err_code opened = open_rows(t, 0, err);
    if (opened || !t->has_timestamps)
        return opened;
    make_key(at, *size, *number);
    int rc = mdb_cursor_open(t->txn, t->timestamps, &cursor);
    if (rc)
        return store_txn_fail(t, rc, "read it", err);
    rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    mdb_cursor_close(cursor);
    if (rc == MDB_NOTFOUND)
        return ERR_OK;
    if (rc)
        return store_txn_fail(t, rc, "read it", err);
    if (key.mv_size != KEY_SIZE)
        return err_set(err, ERR_FORMAT, "%s: a key of timestamps is damaged", t->store->name);
    *size = wire_load_u64(key.mv_data);
    *number = wire_load_u32((const uint8_t *)key.mv_data + 8);
    *token = value.mv_data;
    *token_size = value.mv_size;
    *found = true;
    return ERR_OK;
}
