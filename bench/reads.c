#include "reads.h"

#include "own.h"

#include "ledger/clock.h"

#include <lmdb.h>

#define GROUP 10000u

/* Scatters 0 .. count - 1, the same way for both. */
static uint64_t pick(uint64_t i, uint64_t count)
{
    uint64_t r = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);

    r = (r ^ r >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
    return (r ^ r >> 32) % count;
}

static int64_t read_lmdb(MDB_env *env, MDB_dbi dbi, const struct raw_load *load)
{
    uint8_t key[8];
    unsigned seen = 0;
    MDB_txn *txn;

    raw_lmdb_ok(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn), "mdb_txn_begin");
    const int64_t begin_ns = clock_monotonic_ns();
    for (uint64_t i = 0; i < load->count; i++) {
        MDB_val k = {sizeof key, key};
        MDB_val v;
        raw_lmdb_key(key, 1 + pick(i, load->count));
        raw_lmdb_ok(mdb_get(txn, dbi, &k, &v), "mdb_get");
        seen |= ((const uint8_t *)v.mv_data)[v.mv_size - 1];
    }
    const int64_t took_ns = clock_monotonic_ns() - begin_ns;
    mdb_txn_abort(txn);
    REQUIRE(seen);
    return took_ns;
}

int64_t reads_lmdb(const struct raw_load *load)
{
    return raw_lmdb_with(load, read_lmdb);
}

int64_t reads_journal(const struct raw_load *load)
{
    char *const dir = own_journal_path(load);
    struct journal *const j = own_journal_make(dir);
    struct journal_reader *r = NULL;
    struct journal_record record;
    struct entry e;
    struct err err;

    (void)own_append_to(j, load, GROUP);
    if (journal_reader_begin(j, &r, &err))
        raw_die("reads", err.text);
    const int64_t begin_ns = clock_monotonic_ns();
    for (uint64_t i = 0; i < load->count; i++) {
        if (journal_reader_get(r, 2 + pick(i, load->count), &record, &err) ||
            entry_decode(record.bytes, record.size, &e, &err))
            raw_die("reads", err.text);
    }
    const int64_t took_ns = clock_monotonic_ns() - begin_ns;
    journal_reader_end(r);
    journal_close(j);
    own_journal_remove(dir);
    return took_ns;
}
