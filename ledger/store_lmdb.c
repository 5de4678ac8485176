/*
 * Layout 2. One LMDB file, `journal.mdb` (lock beside it: `journal.mdb-lock`), with these sub-databases. Keys
 * are big-endian, so that bytes sort as numbers do.
 *
 *   name        key                          value
 *   entries     0 u64 seq of a block's last  a block: count, sizes, checks, and the entries' bytes, one after
 *               entry                        the other: see ledger/block.h
 *   tiles       0 u8 level | 1 u64 index     32 .. 8192 bytes: the tile's hashes (ledger/merkle.h); the newest
 *                                            tile of a level is overwritten as it grows. None of level 0:
 *                                            the entries themselves say their leaf hashes
 *   seals       0 u64 size of the tree       the signed note's bytes (ledger/checkpoint.h)
 *   control     0 u64 seq                    nothing. An index of the entries of the control family, so that
 *                                            opening need not read everything
 *   signatures  0 64 bytes: an actor's       0 u64 seq of the entry that carries it. An index, so that the
 *               signature                    writer notices one that is put in a second time
 *   snapshots   0 u64 seq of the entry       a piece of the canonical bytes of the state after that entry:
 *               covered | 8 u32 piece        ledger/snapshot_rows.h. Derived; may be dropped at any time
 *   timestamps  0 u64 size of the seal |     an authority's token over that seal, DER. Made with the first; a program
 *               8 u32 number, from 0         that has the journal open sees it when it opens it again
 *   meta        "layout"                     0 u32 the number of this layout
 *               "guard"                      paths of the fork guards, each with a line feed (ledger/guard.h); else not there
 *               "halted"                     words: why the journal takes no entries (ledger/journal_halt.c); else not there
 *
 * The two indexes are derived from the entries.
 * An entry is found by MDB_SET_RANGE: the first block whose key is not below its seq.
 *
 * The file is always as long as LMDB's newest meta page says: each commit reserves its pages before it writes
 * (reserve_file), although LMDB itself may leave free pages at the end unwritten. So a file that is shorter
 * was cut, and is refused on opening instead of faulting when the missing pages are touched.
 *
 * Writers take flock() on the data file before LMDB's own writer lock, because LMDB's map can grow only
 * outside of a transaction: without it another process could append between a group and its second try.
 */
#include "ledger/store_state.h"

#include "ledger/file.h"
#include "ledger/wire.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUB_DATABASES_MAX  12
#define MAP_MIN            (UINT64_C(256) << 10)
#define MAP_ALIGN          (UINT64_C(64) << 10) /* a multiple of every page size in use */
#define FILE_SIZE_MIN      8192                 /* two meta pages */
#define OPEN_AGAIN_MAX     2
#define LOCK_SIZE          ((STORE_READERS_MAX - 1) * 64 + 192) /* as LMDB has it; more is no harm */
#define BLOCK_SIZE_OF_STAT 512

/* Every open store of this process: a global, because LMDB's file locks belong to the process. */
static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static struct store *registry;

/* -- opening -------------------------------------------------------------------------------------------- */

uint64_t store_round_map(uint64_t size)
{
    if (size == 0)
        size = STORE_MAP_DEFAULT;
    if (size < MAP_MIN)
        size = MAP_MIN;
    return (size + MAP_ALIGN - 1) / MAP_ALIGN * MAP_ALIGN;
}

/* Refuses a file that ends before its last page, and makes the map so large that half of it is free. */
static enum err_code fit_file(struct store *s, struct err *err)
{
    struct stat file;
    struct stat lock;
    MDB_envinfo info;
    MDB_stat pages;
    int fd;

    int rc = mdb_env_info(s->env, &info);
    if (!rc)
        rc = mdb_env_stat(s->env, &pages);
    if (!rc)
        rc = mdb_env_get_fd(s->env, &fd);
    if (!rc && fstat(fd, &file) != 0)
        rc = errno;
    if (rc)
        return store_fail(s->name, rc, "open it", err);
    s->page_size = pages.ms_psize;
    s->device = file.st_dev;
    s->inode = file.st_ino;
    if (!s->has_no_lock && stat(s->lock_path, &lock) == 0) {
        s->lock_device = lock.st_dev;
        s->lock_inode = lock.st_ino;
    }
    const uint64_t used = ((uint64_t)info.me_last_pgno + 1) * s->page_size;
    if ((uint64_t)file.st_size < used)
        return err_set(err, ERR_FORMAT,
                       "%s: journal.mdb is cut short: %" PRIu64 " bytes where there were %" PRIu64
                       ". Restore it from a backup",
                       s->name, (uint64_t)file.st_size, used);
    if (used > info.me_mapsize / 2)
        rc = mdb_env_set_mapsize(s->env, store_round_map(4 * used));
    return rc ? store_fail(s->name, rc, "map it into memory", err) : ERR_OK;
}

/* A file that is empty or shorter than LMDB's meta pages would be taken for a new one. */
static enum err_code check_file(const char *name, const char *path, struct err *err)
{
    struct stat file;

    if (stat(path, &file) != 0)
        return store_fail(name, errno, "open it", err);
    if (!S_ISREG(file.st_mode))
        return err_set(err, ERR_FORMAT, "%s: journal.mdb is no file", name);
    if (file.st_size < FILE_SIZE_MIN)
        return err_set(err, ERR_FORMAT,
                       "%s: journal.mdb is cut short: %jd bytes left. Restore it from a backup", name,
                       (intmax_t)file.st_size);
    return ERR_OK;
}

/*
 * The lock file is written through a map, where a full disk is a fault instead of an error: so it has its blocks
 * before LMDB maps it. What else can be wrong with it, LMDB says.
 */
static int reserve_lock(const char *name)
{
    struct stat file;

    const bool is_there = stat(name, &file) == 0;
    if (is_there && file.st_size >= LOCK_SIZE && file.st_blocks * BLOCK_SIZE_OF_STAT >= LOCK_SIZE)
        return 0;
    const int fd = file_open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return 0;
    const int rc = fallocate(fd, 0, 0, LOCK_SIZE) == 0 ? 0 : errno;
    (void)close(fd);
    if (rc != ENOSPC && rc != EDQUOT)
        return 0;
    if (!is_there)
        (void)unlink(name);
    return rc;
}

static int try_open_once(struct store *s, const char *path, unsigned flags, uint64_t map_size)
{
    int rc = mdb_env_create(&s->env);

    if (!rc)
        rc = mdb_env_set_maxdbs(s->env, SUB_DATABASES_MAX);
    if (!rc)
        rc = mdb_env_set_maxreaders(s->env, STORE_READERS_MAX);
    if (!rc)
        rc = mdb_env_set_mapsize(s->env, store_round_map(map_size));
    return rc ? rc : mdb_env_open(s->env, path, flags, 0600);
}

/* LMDB gives up when a signal interrupts it, and takes a read cut short for a damaged file: it is asked again. */
static int try_open_env(struct store *s, const char *path, unsigned flags, uint64_t map_size)
{
    int rc = try_open_once(s, path, flags, map_size);

    for (int again = 0; again < OPEN_AGAIN_MAX && (rc == EINTR || rc == MDB_INVALID); again++) {
        mdb_env_close(s->env);
        s->env = NULL;
        rc = try_open_once(s, path, flags, map_size);
    }
    return rc;
}

/* Who may read the file but not write the lock beside it, or has no room for one, reads without it: see is_overtaken(). */
static enum err_code open_env(struct store *s, const char *path, enum store_mode mode, uint64_t map_size,
                              struct err *err)
{
    const unsigned flags = MDB_NOSUBDIR | MDB_NOTLS | (mode == STORE_READ ? MDB_RDONLY : 0);

    int rc = reserve_lock(s->lock_path);
    if (!rc)
        rc = try_open_env(s, path, flags, map_size);
    if ((rc == EACCES || rc == ENOSPC || rc == EDQUOT) && mode == STORE_READ) {
        if (s->env)
            mdb_env_close(s->env);
        s->env = NULL;
        s->has_no_lock = true;
        rc = try_open_env(s, path, flags | MDB_NOLOCK, map_size);
    }
    if (rc == ENOMEM)
        return err_set(err, ERR_IO,
                       "%s: cannot map %" PRIu64 " MiB of address space: raise the limit (ulimit -v)",
                       s->name, store_round_map(map_size) >> 20);
    if (rc)
        return store_fail(s->name, rc, mode == STORE_READ ? "open it for reading" : "open it for writing",
                          err);
    return fit_file(s, err);
}

/* Checks the layout before anything else is believed. */
static enum err_code check_layout(struct store *s, MDB_txn *txn, struct err *err)
{
    MDB_val key = {6, (void *)(uintptr_t) "layout"};
    MDB_val value;

    int rc = mdb_dbi_open(txn, "meta", 0, &s->meta);
    if (!rc)
        rc = mdb_get(txn, s->meta, &key, &value);
    if (rc == MDB_NOTFOUND || (!rc && value.mv_size != 4))
        return err_set(err, ERR_FORMAT, "%s: journal.mdb is an LMDB file, but not a journal's", s->name);
    if (rc)
        return store_fail(s->name, rc, "read its layout", err);
    struct wire_in in;
    wire_in_init(&in, value.mv_data, value.mv_size);
    const uint32_t layout = wire_get_u32(&in);
    if (layout != STORE_LAYOUT)
        return err_set(err, ERR_FORMAT,
                       "%s has layout %" PRIu32
                       ", and this program reads layout %u: use a program of its age",
                       s->name, layout, STORE_LAYOUT);
    return ERR_OK;
}

static int open_databases(struct store *s, MDB_txn *txn, unsigned flags)
{
    const struct {
        const char *name;
        MDB_dbi *dbi;
    } rows[] = {
        {"entries", &s->entries}, {"tiles", &s->tiles},           {"seals", &s->seals},
        {"control", &s->control}, {"signatures", &s->signatures}, {"snapshots", &s->snapshots},
        {"meta", &s->meta},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const int rc = mdb_dbi_open(txn, rows[i].name, flags, rows[i].dbi);
        if (rc)
            return rc;
    }
    const int rc = mdb_dbi_open(txn, "timestamps", 0, &s->timestamps);
    s->has_timestamps = rc == 0;
    return rc == MDB_NOTFOUND ? 0 : rc;
}

static int write_layout(struct store *s, MDB_txn *txn)
{
    uint8_t bytes[4];
    struct wire_out out;
    MDB_val key = {6, (void *)(uintptr_t) "layout"};
    MDB_val value = {sizeof bytes, bytes};

    wire_out_init(&out, bytes, sizeof bytes);
    wire_put_u32(&out, STORE_LAYOUT);
    return mdb_put(txn, s->meta, &key, &value, 0);
}

static enum err_code try_open_rows(struct store *s, enum store_mode mode, bool *again, struct err *err)
{
    const bool is_new = mode == STORE_CREATE;
    MDB_txn *txn = NULL;

    int rc = mdb_txn_begin(s->env, NULL, is_new ? 0 : MDB_RDONLY, &txn);
    if (rc)
        return store_fail(s->name, rc, "open it", err);
    if (!is_new) {
        const enum err_code code = check_layout(s, txn, err);
        if (code) {
            mdb_txn_abort(txn);
            return code;
        }
    }
    rc = open_databases(s, txn, is_new ? MDB_CREATE : 0);
    if (!rc && is_new)
        rc = write_layout(s, txn);
    if (rc)
        mdb_txn_abort(txn);
    else
        rc = mdb_txn_commit(txn); /* ends a reading one, too, and keeps the handles */
    if (rc == EINTR) {            /* LMDB gives up when a signal interrupts its sync */
        *again = true;
        return ERR_OK;
    }
    if (rc == MDB_NOTFOUND)
        rc = MDB_INVALID;
    return rc ? store_fail(s->name, rc, "open its sub-databases", err) : ERR_OK;
}

static enum err_code open_rows(struct store *s, enum store_mode mode, struct err *err)
{
    enum err_code rc;
    bool again;

    do {
        again = false;
        rc = try_open_rows(s, mode, &again, err);
    } while (!rc && again);
    return rc;
}

static void release(struct store *s)
{
    store_ahead_free(s->ahead);
    if (s->env)
        mdb_env_close(s->env);
    pthread_mutex_destroy(&s->writer);
    pthread_mutex_destroy(&s->gate);
    free(s->name);
    free(s->lock_path);
    free(s);
}

static struct store *new_store(const char *name, const char *path, bool read_only)
{
    struct store *const s = calloc(1, sizeof *s);
    pthread_mutexattr_t checked;

    if (!s)
        return NULL;
    pthread_mutexattr_init(&checked);
    pthread_mutexattr_settype(&checked, PTHREAD_MUTEX_ERRORCHECK);
    pthread_mutex_init(&s->writer, &checked);
    pthread_mutexattr_destroy(&checked);
    pthread_mutex_init(&s->gate, NULL);
    s->references = 1;
    s->process = getpid();
    s->read_only = read_only;
    s->name = strdup(name);
    if (asprintf(&s->lock_path, "%s-lock", path) < 0)
        s->lock_path = NULL;
    if (!s->name || !s->lock_path) {
        release(s);
        return NULL;
    }
    return s;
}

/* The store of this file that the process has open already, or NULL. What a parent had open before fork() is the
 * parent's: LMDB's locks do not come along. */
static struct store *find_open(const char *path)
{
    struct stat file;

    if (stat(path, &file) != 0)
        return NULL;
    for (struct store *s = registry; s; s = s->next) {
        if (s->process == getpid() && s->device == file.st_dev && s->inode == file.st_ino)
            return s;
    }
    return NULL;
}

static enum err_code open_registered(const char *name, const char *path, enum store_mode mode,
                                     uint64_t map_size, struct store **s, struct err *err)
{
    struct store *const shared = find_open(path);
    enum err_code rc;
    int dead;

    if (shared && shared->read_only && mode != STORE_READ)
        return err_set(err, ERR_EXISTS, "%s: this program has it open for reading only; close that first",
                       name);
    if (shared) {
        shared->references++;
        *s = shared;
        return ERR_OK;
    }
    rc = mode == STORE_CREATE ? ERR_OK : check_file(name, path, err);
    if (rc)
        return rc;
    struct store *const opened = new_store(name, path, mode == STORE_READ);
    if (!opened)
        return err_set(err, ERR_MEMORY, "%s: out of memory", name);
    rc = open_env(opened, path, mode, map_size, err);
    if (!rc)
        rc = open_rows(opened, mode, err);
    if (rc) {
        release(opened);
        return rc;
    }
    (void)mdb_reader_check(opened->env, &dead); /* readers that were killed would keep old pages alive */
    opened->next = registry;
    registry = opened;
    *s = opened;
    return ERR_OK;
}

enum err_code store_open(const char *name, const char *path, enum store_mode mode, uint64_t map_size,
                         struct store **s, struct err *err)
{
    pthread_mutex_lock(&registry_lock);
    const enum err_code rc = open_registered(name, path, mode, map_size, s, err);
    pthread_mutex_unlock(&registry_lock);
    return rc;
}

void store_close(struct store *s)
{
    if (!s)
        return;
    pthread_mutex_lock(&registry_lock);
    if (--s->references == 0) {
        struct store **link = &registry;
        while (*link != s)
            link = &(*link)->next;
        *link = s->next;
        REQUIRE(s->readers == 0);
        release(s);
    }
    pthread_mutex_unlock(&registry_lock);
}
