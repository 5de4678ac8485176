#include "raw.h"

#include "audit/peaks.h"
#include "ledger/clock.h"
#include "ledger/err.h"
#include "ledger/hash.h"
#include "ledger/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define GROUP_USUAL 10000u /* where the load says none */

void raw_die(const char *what, const char *why)
{
    fprintf(stderr, "bench_journal: %s: %s\n", what, why);
    exit(3);
}

static char *path_in(const char *dir, const char *name)
{
    char *path = NULL;

    if (asprintf(&path, "%s/%s", dir, name) < 0)
        raw_die("path", "out of memory");
    return path;
}

static void remove_in(const char *dir, const char *name)
{
    char *const path = path_in(dir, name);

    if (unlink(path) != 0 && errno != ENOENT)
        raw_die(path, strerror(errno));
    free(path);
}

/* The group that begins with entry `first`: all of them, or what is left. */
static uint64_t group_at(const struct raw_load *load, uint64_t first)
{
    const uint64_t left = load->count - first;

    return left < load->group ? left : load->group;
}

/* -- file ----------------------------------------------------------------------------------------------- */

static void write_all(int fd, const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        const ssize_t n = write(fd, bytes, size);
        if (n < 0)
            raw_die("write", strerror(errno));
        bytes += n;
        size -= (size_t)n;
    }
}

int64_t raw_file(const struct raw_load *load)
{
    char *const path = path_in(load->dir, "raw.file");
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (fd < 0)
        raw_die(path, strerror(errno));
    const int64_t begin_ns = clock_monotonic_ns();
    for (uint64_t first = 0; first < load->count; first += load->group) {
        write_all(fd, load->bytes + first * load->size, group_at(load, first) * load->size);
        if (fdatasync(fd) != 0)
            raw_die("fdatasync", strerror(errno));
    }
    const int64_t took_ns = clock_monotonic_ns() - begin_ns;
    close(fd);
    free(path);
    remove_in(load->dir, "raw.file");
    return took_ns;
}

/* -- LMDB ----------------------------------------------------------------------------------------------- */

void raw_lmdb_ok(int rc, const char *what)
{
    if (rc)
        raw_die(what, mdb_strerror(rc));
}

void raw_lmdb_key(uint8_t key[8], uint64_t number)
{
    wire_store_u64(key, number);
}

static void lmdb_group(MDB_env *env, MDB_dbi dbi, const struct raw_load *load, uint64_t first)
{
    const uint64_t n = group_at(load, first);
    uint8_t key[8];
    MDB_txn *txn;

    raw_lmdb_ok(mdb_txn_begin(env, NULL, 0, &txn), "mdb_txn_begin");
    for (uint64_t i = 0; i < n; i++) {
        MDB_val k = {sizeof key, key};
        MDB_val v = {load->size, (void *)(uintptr_t)(load->bytes + (first + i) * load->size)};
        raw_lmdb_key(key, first + i + 1);
        raw_lmdb_ok(mdb_put(txn, dbi, &k, &v, MDB_APPEND), "mdb_put");
    }
    raw_lmdb_ok(mdb_txn_commit(txn), "mdb_txn_commit");
}

static int64_t lmdb_append(MDB_env *env, MDB_dbi dbi, const struct raw_load *load)
{
    const int64_t begin_ns = clock_monotonic_ns();

    for (uint64_t first = 0; first < load->count; first += load->group)
        lmdb_group(env, dbi, load, first);
    return clock_monotonic_ns() - begin_ns;
}

/* An empty file of one sub-database. */
static MDB_env *lmdb_make(const char *path, MDB_dbi *dbi)
{
    MDB_env *env;
    MDB_txn *txn;

    raw_lmdb_ok(mdb_env_create(&env), "mdb_env_create");
    raw_lmdb_ok(mdb_env_set_mapsize(env, (size_t)16 << 30), "mdb_env_set_mapsize");
    raw_lmdb_ok(mdb_env_set_maxdbs(env, 1), "mdb_env_set_maxdbs");
    raw_lmdb_ok(mdb_env_open(env, path, MDB_NOSUBDIR, 0600), path);
    raw_lmdb_ok(mdb_txn_begin(env, NULL, 0, &txn), "mdb_txn_begin");
    raw_lmdb_ok(mdb_dbi_open(txn, "entries", MDB_CREATE, dbi), "mdb_dbi_open");
    raw_lmdb_ok(mdb_txn_commit(txn), "mdb_txn_commit");
    return env;
}

int64_t raw_lmdb_with(const struct raw_load *load,
                      int64_t (*measure)(MDB_env *env, MDB_dbi dbi, const struct raw_load *load))
{
    struct raw_load grouped = *load;
    char *const path = path_in(load->dir, "raw.mdb");
    MDB_dbi dbi;
    MDB_env *const env = lmdb_make(path, &dbi);

    grouped.group = load->group ? load->group : GROUP_USUAL;
    int64_t took_ns = lmdb_append(env, dbi, &grouped);
    if (measure)
        took_ns = measure(env, dbi, load);
    mdb_env_close(env);
    free(path);
    remove_in(load->dir, "raw.mdb");
    remove_in(load->dir, "raw.mdb-lock");
    return took_ns;
}

int64_t raw_lmdb(const struct raw_load *load)
{
    return raw_lmdb_with(load, NULL);
}

/* -- SQLite --------------------------------------------------------------------------------------------- */

static void sqlite_ok(sqlite3 *db, int rc, const char *what)
{
    if (rc != SQLITE_OK && rc != SQLITE_DONE)
        raw_die(what, sqlite3_errmsg(db));
}

static void sqlite_do(sqlite3 *db, const char *statement)
{
    sqlite_ok(db, sqlite3_exec(db, statement, NULL, NULL, NULL), statement);
}

static void sqlite_group(sqlite3 *db, sqlite3_stmt *insert, const struct raw_load *load, uint64_t first)
{
    const uint64_t n = group_at(load, first);

    sqlite_do(db, "BEGIN IMMEDIATE");
    for (uint64_t i = 0; i < n; i++) {
        const uint8_t *const bytes = load->bytes + (first + i) * load->size;
        sqlite3_bind_int64(insert, 1, (sqlite3_int64)(first + i + 1));
        sqlite3_bind_blob64(insert, 2, bytes, load->size, SQLITE_STATIC);
        sqlite_ok(db, sqlite3_step(insert), "INSERT");
        sqlite3_reset(insert);
    }
    sqlite_do(db, "COMMIT");
}

int64_t raw_sqlite(const struct raw_load *load)
{
    char *const path = path_in(load->dir, "raw.sqlite");
    sqlite3_stmt *insert;
    sqlite3 *db;

    if (sqlite3_open(path, &db) != SQLITE_OK)
        raw_die(path, sqlite3_errmsg(db));
    sqlite_do(db, "PRAGMA journal_mode=WAL");
    sqlite_do(db, "PRAGMA synchronous=FULL");
    sqlite_do(db, "CREATE TABLE entries (seq INTEGER PRIMARY KEY, bytes BLOB NOT NULL)");
    sqlite_ok(db, sqlite3_prepare_v2(db, "INSERT INTO entries VALUES (?, ?)", -1, &insert, NULL), "prepare");
    const int64_t begin_ns = clock_monotonic_ns();
    for (uint64_t first = 0; first < load->count; first += load->group)
        sqlite_group(db, insert, load, first);
    const int64_t took_ns = clock_monotonic_ns() - begin_ns;
    sqlite3_finalize(insert);
    sqlite3_close(db);
    free(path);
    remove_in(load->dir, "raw.sqlite");
    remove_in(load->dir, "raw.sqlite-wal");
    remove_in(load->dir, "raw.sqlite-shm");
    return took_ns;
}

/* -- SHA-256 -------------------------------------------------------------------------------------------- */

int64_t raw_sha256_stream(const struct raw_load *load)
{
    const int64_t begin_ns = clock_monotonic_ns();
    const struct hash h = hash_bytes(load->bytes, load->size * load->count);
    const int64_t took_ns = clock_monotonic_ns() - begin_ns;

    REQUIRE(h.bytes[0] | h.bytes[1] | h.bytes[2] | h.bytes[3]); /* so that it is not optimised away */
    return took_ns;
}

/* A half of the bytes. */
struct half {
    const uint8_t *bytes;
    size_t size;
    struct hash hash;
};

static void *hash_half(void *context)
{
    struct half *const h = context;

    h->hash = hash_bytes(h->bytes, h->size);
    return NULL;
}

int64_t raw_sha256_stream_2(const struct raw_load *load)
{
    const size_t size = load->size * load->count;
    struct half halves[2] = {{load->bytes, size / 2, {{0}}},
                             {load->bytes + size / 2, size - size / 2, {{0}}}};
    pthread_t other;

    const int64_t begin_ns = clock_monotonic_ns();
    if (pthread_create(&other, NULL, hash_half, &halves[1]) != 0)
        raw_die("pthread_create", "no second thread");
    hash_half(&halves[0]);
    (void)pthread_join(other, NULL);
    const int64_t took_ns = clock_monotonic_ns() - begin_ns;
    REQUIRE(!hash_equal(&halves[0].hash, &halves[1].hash));
    return took_ns;
}

int64_t raw_sha256_entries(const struct raw_load *load)
{
    unsigned seen = 0;
    const int64_t begin_ns = clock_monotonic_ns();

    for (uint64_t i = 0; i < load->count; i++)
        seen |= hash_leaf(load->bytes + i * load->size, load->size).bytes[0];
    const int64_t took_ns = clock_monotonic_ns() - begin_ns;
    REQUIRE(seen);
    return took_ns;
}

int64_t raw_sha256_tree(const struct raw_load *load)
{
    struct peaks peaks;
    struct peaks_made made;
    const int64_t begin_ns = clock_monotonic_ns();

    peaks_init(&peaks);
    for (uint64_t i = 0; i < load->count; i++) {
        const struct hash leaf = hash_leaf(load->bytes + i * load->size, load->size);
        peaks_push(&peaks, &leaf, &made);
    }
    const int64_t took_ns = clock_monotonic_ns() - begin_ns;
    REQUIRE(peaks.size == load->count);
    return took_ns;
}
