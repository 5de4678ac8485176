/* The rows of the store: put, get and find for each sub-database. Layout: see the head of store_lmdb.c. */
#include "ledger/store_state.h"

#include "ledger/merkle.h"
#include "ledger/wire.h"

#include <inttypes.h>
#include <sys/mman.h>

#define SEQ_KEY_SIZE  8
#define WALKED_MAX    ((size_t)64 << 20)
#define TILE_KEY_SIZE 9

static MDB_val value_of(const void *bytes, size_t size)
{
    return (MDB_val){size, (void *)(uintptr_t)bytes}; /* LMDB does not write through what it is given */
}

static enum err_code check_key(const struct store_txn *t, const MDB_val *key, const char *rows,
                               struct err *err)
{
    if (key->mv_size == SEQ_KEY_SIZE && wire_load_u64(key->mv_data) != 0)
        return ERR_OK;
    return err_set(err, ERR_FORMAT, "%s: a key of %s is damaged", t->store->name, rows);
}

/* With MDB_RESERVE the bytes of *value are to be filled in by the caller. */
static enum err_code put(struct store_txn *t, MDB_dbi dbi, MDB_val key, MDB_val *value, unsigned flags,
                         struct err *err)
{
    t->pages += value->mv_size / t->store->page_size + 2;
    t->bytes += value->mv_size;
    const int rc = mdb_put(t->txn, dbi, &key, value, flags);
    if (rc == MDB_KEYEXIST)
        return err_set(
            err, ERR_FORMAT,
            "%s: there are rows past its newest entry: it is damaged. Check it with: ledger -C %s verify",
            t->store->name, t->store->name);
    return rc ? store_txn_fail(t, rc, "write to it", err) : ERR_OK;
}

/* The key of the last row; 0: there is none. */
static enum err_code last_key(struct store_txn *t, MDB_dbi dbi, const char *rows, uint64_t *key,
                              struct err *err)
{
    MDB_cursor *cursor;
    MDB_val found;
    MDB_val value;

    int rc = mdb_cursor_open(t->txn, dbi, &cursor);
    if (rc)
        return store_txn_fail(t, rc, "read it", err);
    rc = mdb_cursor_get(cursor, &found, &value, MDB_LAST);
    mdb_cursor_close(cursor);
    if (rc == MDB_NOTFOUND) {
        *key = 0;
        return ERR_OK;
    }
    if (rc)
        return store_txn_fail(t, rc, "read it", err);
    const enum err_code code = check_key(t, &found, rows, err);
    if (!code)
        *key = wire_load_u64(found.mv_data);
    return code;
}

/* The first row whose key is at least `from`. */
static enum err_code first_from(struct store_txn *t, MDB_dbi dbi, const char *rows, uint64_t from,
                                uint64_t *key, MDB_val *value, bool *found, struct err *err)
{
    uint8_t bytes[SEQ_KEY_SIZE];
    MDB_val at = {sizeof bytes, bytes};
    MDB_cursor *cursor;

    wire_store_u64(bytes, from);
    int rc = mdb_cursor_open(t->txn, dbi, &cursor);
    if (rc)
        return store_txn_fail(t, rc, "read it", err);
    rc = mdb_cursor_get(cursor, &at, value, MDB_SET_RANGE);
    mdb_cursor_close(cursor);
    if (rc == MDB_NOTFOUND) {
        *found = false;
        return ERR_OK;
    }
    if (rc)
        return store_txn_fail(t, rc, "read it", err);
    const enum err_code code = check_key(t, &at, rows, err);
    if (!code) {
        *key = wire_load_u64(at.mv_data);
        *found = true;
    }
    return code;
}

/*
 * A reader that writers do not know of loses its pages when the third commit after its snapshot begins: LMDB
 * uses a page again once the commit that freed it is older than the newest but one. Blocks at hand stay, because
 * pages of entries are never freed; the way to the next one may not.
 */
static bool is_overtaken(const struct store_txn *t)
{
    MDB_envinfo info;

    return mdb_env_info(t->store->env, &info) == 0 && info.me_last_txnid >= mdb_txn_id(t->txn) + 2 &&
           store_has_lost_lock(t->store);
}

/* -- entries -------------------------------------------------------------------------------------------- */

enum err_code store_last_seq(struct store_txn *t, uint64_t *seq, struct err *err)
{
    return last_key(t, t->store->entries, "entries", seq, err);
}

enum err_code store_put_block(struct store_txn *t, uint64_t last, size_t size, uint8_t **room,
                              struct err *err)
{
    uint8_t key[SEQ_KEY_SIZE];
    MDB_val value = {size, NULL};

    wire_store_u64(key, last);
    const enum err_code rc =
        put(t, t->store->entries, value_of(key, sizeof key), &value, MDB_APPEND | MDB_RESERVE, err);
    if (!rc)
        *room = value.mv_data;
    return rc;
}

static void drop_pages(const struct store *s, const uint8_t *from, const uint8_t *to)
{
    const uintptr_t page = s->page_size;
    const uintptr_t first = ((uintptr_t)from + page - 1) / page * page;

    if ((uintptr_t)to > first)
        (void)madvise((void *)first, ((uintptr_t)to - first) / page * page, MADV_DONTNEED);
}

/*
 * Reading straight on through a journal larger than memory should not fill it: pages that were passed are given
 * back every so often. They stay in the system's cache, and come again when a borrowed record is looked at.
 */
static void give_back(struct store_txn *t, const uint8_t *at)
{
    if (!t->walked || at < t->walked) {
        t->walked = at;
        return;
    }
    if ((size_t)(at - t->walked) < WALKED_MAX)
        return;
    drop_pages(t->store, t->walked, at);
    t->walked = at;
}

/* The first block and the last one are both in the map, and so is all between them. */
void store_give_back(struct store_txn *t)
{
    struct store *const s = t->store;
    MDB_cursor *cursor = NULL;
    MDB_envinfo info;
    MDB_val first;
    MDB_val last;
    MDB_val key;

    if (mdb_env_info(s->env, &info) != 0 || (info.me_last_pgno - s->given_back) * s->page_size < WALKED_MAX)
        return;
    if (mdb_cursor_open(t->txn, s->entries, &cursor) != 0)
        return;
    if (mdb_cursor_get(cursor, &key, &first, MDB_FIRST) == 0 &&
        mdb_cursor_get(cursor, &key, &last, MDB_LAST) == 0) {
        drop_pages(s, first.mv_data, last.mv_data);
        s->given_back = info.me_last_pgno;
    }
    mdb_cursor_close(cursor);
}

/* Moves the cursor to the first block whose key is not below seq: the next one when reading straight on. */
static int seek_block(struct store_txn *t, uint64_t seq, MDB_val *key, MDB_val *value)
{
    uint8_t bytes[SEQ_KEY_SIZE];

    if (!t->blocks) {
        const int rc = mdb_cursor_open(t->txn, t->store->entries, &t->blocks);
        if (rc)
            return rc;
    }
    if (t->blocks_at != 0 && seq == t->blocks_at + 1) {
        const int rc = mdb_cursor_get(t->blocks, key, value, MDB_NEXT);
        if (rc == 0 && t->pages == 0 && !t->is_look) /* what was put in this transaction lies elsewhere */
            give_back(t, value->mv_data);
        return rc;
    }
    t->walked = NULL;
    wire_store_u64(bytes, seq);
    *key = value_of(bytes, sizeof bytes);
    return mdb_cursor_get(t->blocks, key, value, MDB_SET_RANGE);
}

enum err_code store_get_block(struct store_txn *t, uint64_t seq, struct block *b, struct err *err)
{
    struct block opened;
    MDB_val value;
    MDB_val key;

    if (is_overtaken(t))
        return err_set(err, ERR_IO,
                       "%s was written while it was read without its lock file (no permission for it, or it "
                       "is not there "
                       "any more). Read it again, or as the user that owns it",
                       t->store->name);
    const int found = seek_block(t, seq, &key, &value);
    t->blocks_at = 0;
    if (found == MDB_NOTFOUND)
        return err_set(err, ERR_FORMAT, "%s: entry %" PRIu64 " is missing", t->store->name, seq);
    if (found)
        return store_txn_fail(t, found, "read it", err);
    enum err_code rc = check_key(t, &key, "entries", err);
    if (rc)
        return rc;
    const uint64_t last = wire_load_u64(key.mv_data);
    rc = block_open(&opened, last, value.mv_data, value.mv_size, err);
    if (rc)
        return rc;
    if (!block_holds(&opened, seq))
        return err_set(err, ERR_FORMAT, "%s: entry %" PRIu64 " is missing: the next one stored is %" PRIu64,
                       t->store->name, seq, opened.first);
    t->blocks_at = last;
    *b = opened;
    return ERR_OK;
}

/* -- tiles ---------------------------------------------------------------------------------------------- */

static void tile_key(uint8_t key[TILE_KEY_SIZE], unsigned level, uint64_t index)
{
    REQUIRE(level < MERKLE_LEVELS);
    key[0] = (uint8_t)level;
    wire_store_u64(key + 1, index);
}

enum err_code store_put_tile(struct store_txn *t, unsigned level, uint64_t index, const uint8_t *hashes,
                             unsigned count, struct err *err)
{
    uint8_t key[TILE_KEY_SIZE];
    MDB_val value = value_of(hashes, (size_t)count * HASH_SIZE);

    tile_key(key, level, index);
    return put(t, t->store->tiles, value_of(key, sizeof key), &value, 0, err);
}

enum err_code store_get_tile(struct store_txn *t, unsigned level, uint64_t index, uint8_t *hashes,
                             unsigned *count, struct err *err)
{
    uint8_t bytes[TILE_KEY_SIZE];
    MDB_val key = {sizeof bytes, bytes};
    MDB_val value;

    tile_key(bytes, level, index);
    const int rc = mdb_get(t->txn, t->store->tiles, &key, &value);
    if (rc == MDB_NOTFOUND)
        return err_set(err, ERR_NOT_FOUND, "%s: tile %u/%" PRIu64 " is missing", t->store->name, level,
                       index);
    if (rc)
        return store_txn_fail(t, rc, "read it", err);
    if (value.mv_size == 0 || value.mv_size > MERKLE_TILE_SIZE || value.mv_size % HASH_SIZE != 0)
        return err_set(err, ERR_FORMAT, "%s: tile %u/%" PRIu64 " is damaged: %zu bytes", t->store->name,
                       level, index, value.mv_size);
    memcpy(hashes, value.mv_data, value.mv_size);
    *count = (unsigned)(value.mv_size / HASH_SIZE);
    return ERR_OK;
}

/* -- seals ---------------------------------------------------------------------------------------------- */

enum err_code store_put_seal(struct store_txn *t, uint64_t size, const char *note, size_t note_size,
                             struct err *err)
{
    uint8_t key[SEQ_KEY_SIZE];
    MDB_val value = value_of(note, note_size);

    wire_store_u64(key, size);
    return put(t, t->store->seals, value_of(key, sizeof key), &value, MDB_APPEND, err);
}

enum err_code store_replace_seal(struct store_txn *t, uint64_t size, const char *note, size_t note_size,
                                 struct err *err)
{
    uint8_t key[SEQ_KEY_SIZE];
    MDB_val value = value_of(note, note_size);

    wire_store_u64(key, size);
    return put(t, t->store->seals, value_of(key, sizeof key), &value, 0, err);
}

enum err_code store_find_seal(struct store_txn *t, uint64_t size, uint64_t *found_size, const char **note,
                              size_t *note_size, bool *found, struct err *err)
{
    MDB_val value = {0, NULL};

    const enum err_code rc = first_from(t, t->store->seals, "seals", size, found_size, &value, found, err);
    if (!rc && *found) {
        *note = value.mv_data;
        *note_size = value.mv_size;
    }
    return rc;
}

/* The value of exactly this key. */
static enum err_code get(struct store_txn *t, MDB_dbi dbi, MDB_val key, MDB_val *value, bool *found,
                         struct err *err)
{
    const int rc = mdb_get(t->txn, dbi, &key, value);

    if (rc && rc != MDB_NOTFOUND)
        return store_txn_fail(t, rc, "read it", err);
    *found = rc == 0;
    return ERR_OK;
}

enum err_code store_get_seal(struct store_txn *t, uint64_t size, const char **note, size_t *note_size,
                             bool *found, struct err *err)
{
    uint8_t key[SEQ_KEY_SIZE];
    MDB_val value = {0, NULL};

    wire_store_u64(key, size);
    const enum err_code rc = get(t, t->store->seals, value_of(key, sizeof key), &value, found, err);
    if (!rc && *found) {
        *note = value.mv_data;
        *note_size = value.mv_size;
    }
    return rc;
}

enum err_code store_last_seal(struct store_txn *t, uint64_t *size, struct err *err)
{
    return last_key(t, t->store->seals, "seals", size, err);
}

/* -- control -------------------------------------------------------------------------------------------- */

enum err_code store_put_control(struct store_txn *t, uint64_t seq, struct err *err)
{
    uint8_t key[SEQ_KEY_SIZE];
    MDB_val value = {0, NULL};

    wire_store_u64(key, seq);
    return put(t, t->store->control, value_of(key, sizeof key), &value, MDB_APPEND, err);
}

enum err_code store_find_control(struct store_txn *t, uint64_t from, uint64_t *seq, bool *found,
                                 struct err *err)
{
    MDB_val value;

    return first_from(t, t->store->control, "control", from, seq, &value, found, err);
}

enum err_code store_has_control(struct store_txn *t, uint64_t seq, bool *found, struct err *err)
{
    uint8_t key[SEQ_KEY_SIZE];
    MDB_val value;

    wire_store_u64(key, seq);
    return get(t, t->store->control, value_of(key, sizeof key), &value, found, err);
}

/* -- signatures ----------------------------------------------------------------------------------------- */

enum err_code store_put_signature(struct store_txn *t, const uint8_t signature[STORE_SIGNATURE_SIZE],
                                  uint64_t seq, struct err *err)
{
    uint8_t bytes[SEQ_KEY_SIZE];

    wire_store_u64(bytes, seq);
    MDB_val value = value_of(bytes, sizeof bytes);
    return put(t, t->store->signatures, value_of(signature, STORE_SIGNATURE_SIZE), &value, MDB_NOOVERWRITE,
               err);
}

enum err_code store_find_signature(struct store_txn *t, const uint8_t signature[STORE_SIGNATURE_SIZE],
                                   uint64_t *seq, bool *found, struct err *err)
{
    MDB_val key = value_of(signature, STORE_SIGNATURE_SIZE);
    MDB_val value;

    const int rc = mdb_get(t->txn, t->store->signatures, &key, &value);
    if (rc == MDB_NOTFOUND) {
        *found = false;
        return ERR_OK;
    }
    if (rc)
        return store_txn_fail(t, rc, "read it", err);
    if (value.mv_size != SEQ_KEY_SIZE)
        return err_set(err, ERR_FORMAT, "%s: a row of signatures is damaged", t->store->name);
    *seq = wire_load_u64(value.mv_data);
    *found = true;
    return ERR_OK;
}

/* -- meta ----------------------------------------------------------------------------------------------- */

enum err_code store_put_meta(struct store_txn *t, const char *name, const void *bytes, size_t size,
                             struct err *err)
{
    MDB_val value = value_of(bytes, size);

    return put(t, t->store->meta, value_of(name, strlen(name)), &value, 0, err);
}

enum err_code store_find_meta(struct store_txn *t, const char *name, const uint8_t **bytes, size_t *size,
                              bool *found, struct err *err)
{
    MDB_val value = {0, NULL};

    const enum err_code rc = get(t, t->store->meta, value_of(name, strlen(name)), &value, found, err);
    if (!rc && *found) {
        *bytes = value.mv_data;
        *size = value.mv_size;
    }
    return rc;
}

enum err_code store_drop_meta(struct store_txn *t, const char *name, struct err *err)
{
    MDB_val key = value_of(name, strlen(name));

    t->pages += 2;
    const int rc = mdb_del(t->txn, t->store->meta, &key, NULL);
    return rc && rc != MDB_NOTFOUND ? store_txn_fail(t, rc, "write to it", err) : ERR_OK;
}
