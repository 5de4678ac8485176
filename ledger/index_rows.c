/* The rows of the index: what meta says, and chunks by their keys. Layout: see the head of index_lmdb.c. */
#include "ledger/index_file.h"

#include "ledger/wire.h"

#include <inttypes.h>

#define META_SIZE   76u
#define ROW_KEY_MAX (2 + INDEX_TEXT_MAX + 8)

/* -- meta ----------------------------------------------------------------------------------------------- */

static const uint8_t META_KEY[1] = {INDEX_OF_META};

static MDB_val value_of(const void *bytes, size_t size)
{
    return (MDB_val){size, (void *)(uintptr_t)bytes}; /* LMDB does not write through what it is given */
}

enum err_code index_get_meta(struct index_txn *t, struct index_meta *meta, struct err *err)
{
    MDB_val key = value_of(META_KEY, sizeof META_KEY);
    struct wire_in in;
    MDB_stat rows;
    MDB_val value;

    int rc = mdb_get(t->txn, t->file->rows, &key, &value);
    if (rc == MDB_NOTFOUND) {
        rc = mdb_stat(t->txn, t->file->rows, &rows);
        if (rc)
            return index_txn_fail(t, rc, "read", err);
        if (rows.ms_entries > 0)
            return index_damaged(t->file->name, "no meta row", err);
        *meta = (struct index_meta){.indexed = 0};
        return ERR_OK;
    }
    if (rc)
        return index_txn_fail(t, rc, "read", err);
    wire_in_init(&in, value.mv_data, value.mv_size);
    const uint32_t format = wire_get_u32(&in);
    if (!in.bad && format != INDEX_FORMAT)
        return err_set(err, ERR_FORMAT,
                       "%s: " INDEX_FILE_NAME " has format %" PRIu32
                       ", and this program reads %u: delete it, or run ledger doctor --reindex",
                       t->file->name, format, INDEX_FORMAT);
    const uint64_t indexed = wire_get_u64(&in);
    const uint8_t *const genesis = wire_get_bytes(&in, HASH_SIZE);
    const uint8_t *const root = wire_get_bytes(&in, HASH_SIZE);
    if (!genesis || !root || !wire_in_done(&in))
        return index_damaged(t->file->name, "its meta row", err);
    meta->indexed = indexed;
    memcpy(meta->genesis.bytes, genesis, HASH_SIZE);
    memcpy(meta->root.bytes, root, HASH_SIZE);
    return ERR_OK;
}

enum err_code index_put_meta(struct index_txn *t, const struct index_meta *meta, struct err *err)
{
    MDB_val key = value_of(META_KEY, sizeof META_KEY);
    uint8_t bytes[META_SIZE];
    struct wire_out out;

    wire_out_init(&out, bytes, sizeof bytes);
    wire_put_u32(&out, INDEX_FORMAT);
    wire_put_u64(&out, meta->indexed);
    wire_put_bytes(&out, meta->genesis.bytes, HASH_SIZE);
    wire_put_bytes(&out, meta->root.bytes, HASH_SIZE);
    REQUIRE(!out.bad && out.at == out.end);
    MDB_val value = value_of(bytes, sizeof bytes);
    const int rc = mdb_put(t->txn, t->file->rows, &key, &value, 0);
    return rc ? index_txn_fail(t, rc, "write", err) : ERR_OK;
}

enum err_code index_clear(struct index_txn *t, struct err *err)
{
    const int rc = mdb_drop(t->txn, t->file->rows, 0);

    return rc ? index_txn_fail(t, rc, "empty", err) : ERR_OK;
}

/* -- rows ----------------------------------------------------------------------------------------------- */

static size_t put_key(uint8_t out[ROW_KEY_MAX], const struct index_key *key, uint64_t first)
{
    out[0] = key->number;
    out[1] = key->length;
    memcpy(out + 2, key->bytes, key->length);
    wire_store_u64(out + 2 + key->length, first);
    return 2u + key->length + 8u;
}

static bool get_key(const MDB_val *found, struct index_key *key, uint64_t *first)
{
    const uint8_t *const bytes = found->mv_data;

    memset(key, 0, sizeof *key);
    if (found->mv_size < 10 || bytes[0] == INDEX_OF_META || bytes[0] >= INDEX_NUMBERS)
        return false;
    if (bytes[1] > INDEX_TEXT_MAX || found->mv_size != 10u + bytes[1])
        return false;
    key->number = bytes[0];
    key->length = bytes[1];
    memcpy(key->bytes, bytes + 2, key->length);
    *first = wire_load_u64(bytes + 2 + key->length);
    return *first > 0;
}

enum err_code index_put(struct index_txn *t, const struct index_key *key, uint64_t first,
                        const uint8_t *value, size_t size, struct err *err)
{
    uint8_t bytes[ROW_KEY_MAX];
    MDB_val at = value_of(bytes, put_key(bytes, key, first));
    MDB_val to = value_of(value, size);

    const int rc = mdb_cursor_put(t->cursor, &at, &to, 0);
    return rc ? index_txn_fail(t, rc, "write", err) : ERR_OK;
}

/*
 * A reader that writers do not know of loses its pages when the third commit after its snapshot begins: see
 * store_rows.c.
 */
static bool is_overtaken(const struct index_txn *t)
{
    MDB_envinfo info;

    return t->file->has_no_lock && mdb_env_info(t->file->env, &info) == 0 &&
           info.me_last_txnid >= mdb_txn_id(t->txn) + 2;
}

/* The row that a move of the cursor came to. *found is whether there is one, of this key (NULL: of any). */
static enum err_code take_row(struct index_txn *t, int rc, const MDB_val *at, const MDB_val *value,
                              const struct index_key *key, struct index_row *row, bool *found,
                              struct err *err)
{
    *found = false;
    if (rc == MDB_NOTFOUND)
        return ERR_OK;
    if (rc)
        return index_txn_fail(t, rc, "read", err);
    if (at->mv_size == sizeof META_KEY)
        return ERR_OK;
    if (!get_key(at, &row->key, &row->first))
        return index_damaged(t->file->name, "a key", err);
    row->value = value->mv_data;
    row->size = value->mv_size;
    *found = !key || memcmp(key, &row->key, sizeof *key) == 0;
    return ERR_OK;
}

static enum err_code seek(struct index_txn *t, const struct index_key *key, uint64_t seq, bool before,
                          struct index_row *row, bool *found, struct err *err)
{
    uint8_t bytes[ROW_KEY_MAX];
    MDB_val at = value_of(bytes, put_key(bytes, key, seq + 1));
    MDB_val value;

    if (is_overtaken(t))
        return err_set(err, ERR_IO, "%s: " INDEX_FILE_NAME " was written while it was read without its lock",
                       t->file->name);
    int rc = mdb_cursor_get(t->cursor, &at, &value, MDB_SET_RANGE);
    if (before && rc == MDB_NOTFOUND)
        rc = mdb_cursor_get(t->cursor, &at, &value, MDB_LAST);
    else if (before && !rc)
        rc = mdb_cursor_get(t->cursor, &at, &value, MDB_PREV);
    return take_row(t, rc, &at, &value, key, row, found, err);
}

enum err_code index_find_before(struct index_txn *t, const struct index_key *key, uint64_t seq,
                                struct index_row *row, bool *found, struct err *err)
{
    return seek(t, key, seq, true, row, found, err);
}

enum err_code index_find_after(struct index_txn *t, const struct index_key *key, uint64_t seq,
                               struct index_row *row, bool *found, struct err *err)
{
    return seek(t, key, seq, false, row, found, err);
}

enum err_code index_next_row(struct index_txn *t, bool is_first, struct index_row *row, bool *found,
                             struct err *err)
{
    MDB_val value;
    MDB_val at;

    int rc = mdb_cursor_get(t->cursor, &at, &value, is_first ? MDB_FIRST : MDB_NEXT);
    if (!rc && is_first && at.mv_size == sizeof META_KEY)
        rc = mdb_cursor_get(t->cursor, &at, &value, MDB_NEXT);
    return take_row(t, rc, &at, &value, NULL, row, found, err);
}
