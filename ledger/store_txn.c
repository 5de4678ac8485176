/* Transactions of the store: snapshots, the writer lock, commits that reserve their pages, a map that grows.
 */
#include "ledger/store_state.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_STEP_MIN (UINT64_C(1) << 20)
#define FILE_STEP_MAX (UINT64_C(64) << 20)
#define AHEAD_BYTES   (UINT64_C(1) << 20) /* of a group for which a second core is worth waking */

enum err_code store_fail(const char *name, int code, const char *doing, struct err *err)
{
    switch (code) {
    case ENOSPC:
    case EDQUOT:
        return err_set(
            err, ERR_IO,
            "%s: cannot %s: the disk is full. Nothing of it was written: free space, and try again", name,
            doing);
    case EFBIG:
        return err_set(
            err, ERR_IO,
            "%s: cannot %s: journal.mdb would pass the file size limit. Nothing of it was written: "
            "raise the limit (ulimit -f), and try again",
            name, doing);
    case EACCES:
    case EPERM:
    case EROFS:
        return err_set(err, ERR_IO,
                       "%s: cannot %s: no permission (%s). Use the user that owns the journal, and see that "
                       "its file system is mounted for writing",
                       name, doing, mdb_strerror(code));
    case ENOENT:
        return err_set(err, ERR_NOT_FOUND,
                       "no journal in %s. To make one, type: ledger -C %s init --origin NAME", name, name);
    case ENOMEM: return err_set(err, ERR_MEMORY, "%s: cannot %s: out of memory", name, doing);
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INCOMPATIBLE:
        return err_set(
            err, ERR_FORMAT,
            "%s: journal.mdb is damaged, or not a journal's file, or of a machine with the other byte order "
            "(%s). Restore it from a backup; from another machine, fetch what was published there",
            name, mdb_strerror(code));
    case MDB_READERS_FULL:
        return err_set(err, ERR_IO, "%s: cannot %s: %d readers have it open already; end some of them", name,
                       doing, STORE_READERS_MAX);
    case MDB_MAP_RESIZED:
        return err_set(err, ERR_IO,
                       "%s: cannot %s: another program has made it larger, and this one still reads the "
                       "smaller one. End its readers, and try again",
                       name, doing);
    case STORE_LOCK_LOST:
        return err_set(err, ERR_IO,
                       "%s: cannot %s: its lock file was deleted or replaced while this program had it open. "
                       "Nothing of it was written: start again, and leave the lock file alone",
                       name, doing);
    case STORE_FILE_LOST:
        return err_set(err, ERR_IO,
                       "%s: cannot %s: journal.mdb was deleted or replaced while this program had it open. "
                       "Nothing of it was written: see which file is there now, and start again",
                       name, doing);
    case MDB_PANIC:
        return err_set(err, ERR_IO,
                       "%s: cannot %s: an earlier write failed half way. Close the journal and open it again",
                       name, doing);
    default: return err_set(err, ERR_IO, "%s: cannot %s: %s", name, doing, mdb_strerror(code));
    }
}

enum err_code store_txn_fail(struct store_txn *t, int code, const char *doing, struct err *err)
{
    t->is_full = code == MDB_MAP_FULL || code == MDB_TXN_FULL;
    t->is_interrupted = code == EINTR;
    return store_fail(t->store->name, code, doing, err);
}

uint64_t store_file_number(const struct store *s)
{
    return s->inode;
}

/* -- transactions --------------------------------------------------------------------------------------- */

/* The sub-database that may not be there yet. */
static void adopt_timestamps(struct store_txn *t)
{
    struct store *const s = t->store;

    pthread_mutex_lock(&s->gate);
    t->timestamps = s->timestamps;
    t->has_timestamps = s->has_timestamps;
    pthread_mutex_unlock(&s->gate);
}

/* It is there now, for all that begin later. */
static void publish_timestamps(const struct store_txn *t)
{
    struct store *const s = t->store;

    pthread_mutex_lock(&s->gate);
    s->timestamps = t->timestamps;
    s->has_timestamps = t->has_timestamps;
    pthread_mutex_unlock(&s->gate);
}

static struct store_txn *new_txn(struct store *s, bool is_writing)
{
    struct store_txn *const t = calloc(1, sizeof *t);

    if (!t)
        return NULL;
    t->store = s;
    t->is_writing = is_writing;
    adopt_timestamps(t);
    return t;
}

/* Another process has made the file larger than our map. The gate is held. */
static int adopt_map(struct store *s)
{
    return s->readers == 0 ? mdb_env_set_mapsize(s->env, 0) : MDB_MAP_RESIZED;
}

bool store_has_lost_lock(const struct store *s)
{
    struct stat lock;

    return s->has_no_lock || stat(s->lock_path, &lock) != 0 || lock.st_dev != s->lock_device ||
           lock.st_ino != s->lock_inode;
}

/* The number of the newest commit, as the file itself says. */
static uint64_t newest_commit(const struct store *s)
{
    MDB_envinfo info;

    return mdb_env_info(s->env, &info) == 0 ? info.me_last_txnid : 0;
}

static int begin_any_reading(struct store_txn *t)
{
    struct store *const s = t->store;
    int dead;

    int rc = mdb_txn_begin(s->env, NULL, MDB_RDONLY, &t->txn);
    if (rc == MDB_READERS_FULL && mdb_reader_check(s->env, &dead) == 0 && dead > 0)
        rc = mdb_txn_begin(s->env, NULL, MDB_RDONLY, &t->txn);
    if (rc != MDB_MAP_RESIZED)
        return rc;
    /* A writer of this process, if there is one, has adopted the map or is about to. */
    const int held = pthread_mutex_trylock(&s->writer);
    rc = held == 0 ? adopt_map(s) : 0;
    if (held == 0)
        pthread_mutex_unlock(&s->writer);
    return rc ? rc : mdb_txn_begin(s->env, NULL, MDB_RDONLY, &t->txn);
}

/* By the lock file the newest commit may be one that is just being told of there; two behind, it is another's. */
static int begin_reading(struct store_txn *t)
{
    const uint64_t newest = newest_commit(t->store);

    const int rc = begin_any_reading(t);
    if (rc || mdb_txn_id(t->txn) + 2 > newest || t->store->has_no_lock)
        return rc;
    mdb_txn_abort(t->txn);
    t->txn = NULL;
    return STORE_LOCK_LOST;
}

enum err_code store_read_begin(struct store *s, struct store_txn **t, struct err *err)
{
    struct store_txn *const begun = new_txn(s, false);

    if (!begun)
        return err_set(err, ERR_MEMORY, "%s: out of memory", s->name);
    pthread_mutex_lock(&s->gate);
    const int rc = begin_reading(begun);
    if (!rc)
        s->readers++;
    pthread_mutex_unlock(&s->gate);
    if (rc) {
        free(begun);
        return store_fail(s->name, rc, "read it", err);
    }
    *t = begun;
    return ERR_OK;
}

enum err_code store_read_prepare(struct store *s, struct store_txn **t, struct err *err)
{
    struct store_txn *begun = NULL;

    enum err_code rc = store_read_begin(s, &begun, err);
    if (rc)
        return rc;
    REQUIRE(begun);
    const int opened = mdb_cursor_open(begun->txn, s->entries, &begun->blocks);
    if (opened) {
        store_txn_end(begun);
        return store_fail(s->name, opened, "read it", err);
    }
    store_read_rest(begun);
    *t = begun;
    return ERR_OK;
}

enum err_code store_read_renew(struct store_txn *t, struct err *err)
{
    struct store *const s = t->store;

    REQUIRE(t->is_resting);
    pthread_mutex_lock(&s->gate);
    int rc = mdb_txn_renew(t->txn);
    if (!rc)
        rc = mdb_cursor_renew(t->txn, t->blocks);
    if (!rc && mdb_txn_id(t->txn) != newest_commit(s)) /* as begin_reading() has it, but by the file alone */
        rc = STORE_LOCK_LOST;
    if (rc) {
        mdb_txn_reset(t->txn);
    } else {
        s->readers++;
        t->is_resting = false;
    }
    pthread_mutex_unlock(&s->gate);
    return rc ? store_fail(s->name, rc, "read it again", err) : ERR_OK;
}

void store_read_rest(struct store_txn *t)
{
    struct store *const s = t->store;

    if (t->is_resting)
        return;
    mdb_txn_reset(t->txn);
    t->blocks_at = 0;
    t->walked = NULL;
    t->is_resting = true;
    pthread_mutex_lock(&s->gate);
    s->readers--;
    pthread_mutex_unlock(&s->gate);
}

static int lock_file(struct store *s, int operation)
{
    int fd;
    int rc = mdb_env_get_fd(s->env, &fd);

    while (!rc && flock(fd, operation) != 0) {
        if (errno != EINTR)
            rc = errno;
    }
    return rc;
}

/*
 * LMDB takes the number of the newest commit from the lock file. With one that nobody else uses any more it would go on
 * from a state of long ago, over what others have written since.
 */
static int check_newest(struct store_txn *t)
{
    if (mdb_txn_id(t->txn) == newest_commit(t->store) + 1)
        return 0;
    mdb_txn_abort(t->txn);
    t->txn = NULL;
    return STORE_LOCK_LOST;
}

static int begin_writing(struct store_txn *t)
{
    struct store *const s = t->store;

    int rc = mdb_txn_begin(s->env, NULL, 0, &t->txn);
    if (rc == MDB_MAP_RESIZED) {
        pthread_mutex_lock(&s->gate);
        rc = adopt_map(s);
        pthread_mutex_unlock(&s->gate);
        if (!rc)
            rc = mdb_txn_begin(s->env, NULL, 0, &t->txn);
    }
    if (!rc)
        rc = check_newest(t);
    if (!rc)
        store_give_back(t);
    return rc;
}

enum err_code store_write_begin(struct store *s, struct store_txn **t, struct err *err)
{
    if (s->read_only)
        return err_set(err, ERR_IO, "%s is open for reading only", s->name);
    if (pthread_mutex_lock(&s->writer) == EDEADLK)
        return err_set(err, ERR_EXISTS, "%s: a group is open already; commit or abort it first", s->name);
    struct store_txn *const begun = new_txn(s, true);
    int rc = begun ? lock_file(s, LOCK_EX) : ENOMEM;
    if (!rc) {
        rc = begin_writing(begun);
        if (rc)
            (void)lock_file(s, LOCK_UN);
    }
    if (rc) {
        free(begun);
        pthread_mutex_unlock(&s->writer);
        return store_fail(s->name, rc, "write to it", err);
    }
    *t = begun;
    return ERR_OK;
}

enum err_code store_look_begin(struct store_txn *t, struct store_txn **look, struct err *err)
{
    struct store_txn *const begun = new_txn(t->store, false);

    REQUIRE(t->is_writing);
    if (!begun)
        return err_set(err, ERR_MEMORY, "%s: out of memory", t->store->name);
    begun->is_look = true;
    begun->txn = t->txn;
    *look = begun;
    return ERR_OK;
}

static void close_cursor(struct store_txn *t)
{
    if (t->blocks)
        mdb_cursor_close(t->blocks);
    t->blocks = NULL;
    t->blocks_at = 0;
}

/* Bytes that the file would have if every put so far took all the pages it may. */
static uint64_t file_needed(const struct store_txn *t, const MDB_envinfo *info)
{
    return ((uint64_t)info->me_last_pgno + 1 + t->pages + t->pages / 8 + 128) * t->store->page_size;
}

/* Makes the file, which has `have` bytes, long enough for `need`, and then some. */
static int lengthen_file(int fd, uint64_t have, uint64_t need)
{
    uint64_t step = have / 16;
    step = step < FILE_STEP_MIN ? FILE_STEP_MIN : step > FILE_STEP_MAX ? FILE_STEP_MAX : step;
    uint64_t wanted = have + step > need ? have + step : need;
    wanted = (wanted + FILE_STEP_MIN - 1) / FILE_STEP_MIN * FILE_STEP_MIN; /* odd ends make writes slower */
    if (fallocate(fd, 0, (off_t)have, (off_t)(wanted - have)) == 0)
        return 0;
    if (errno == ENOSPC || errno == EFBIG || errno == EDQUOT) /* near the end: only what is needed */
        return fallocate(fd, 0, (off_t)have, (off_t)(need - have)) == 0 ? 0 : errno;
    return ftruncate(fd, (off_t)need) == 0 ? 0 : errno; /* a file system that cannot reserve */
}

/*
 * Makes the file long enough before anything is written, so that a full disk is met here. Its length is asked for only
 * when the one remembered is too small: a kernel with fine timestamps pays for each question with the next write.
 */
static int reserve_file(const struct store_txn *t)
{
    struct store *const s = t->store;
    struct stat file;
    MDB_envinfo info;
    int fd;

    int rc = mdb_env_get_fd(s->env, &fd);
    if (!rc)
        rc = mdb_env_info(s->env, &info);
    if (rc)
        return rc;
    const uint64_t need = file_needed(t, &info);
    if (s->file_size >= need)
        return 0;
    if (fstat(fd, &file) != 0)
        return errno;
    if ((uint64_t)file.st_size < need)
        rc = lengthen_file(fd, (uint64_t)file.st_size, need);
    if (!rc)
        s->file_size = (uint64_t)file.st_size < need ? need : (uint64_t)file.st_size;
    return rc;
}

/*
 * What is written to a file without a name is lost with the program: nobody may be told that it is durable. Only links are
 * asked for, since asking for times has its price: see reserve_file().
 */
static int check_name(const struct store_txn *t)
{
    struct statx file;
    int fd;

    const int rc = mdb_env_get_fd(t->store->env, &fd);
    if (rc)
        return rc;
    if (statx(fd, "", AT_EMPTY_PATH, STATX_NLINK, &file) != 0)
        return errno == ENOSYS ? 0 : errno;
    return file.stx_nlink == 0 ? STORE_FILE_LOST : 0;
}

static int commit(struct store_txn *t)
{
    struct store *const s = t->store;
    MDB_envinfo info;
    int fd;

    const bool is_large =
        t->bytes >= AHEAD_BYTES && mdb_env_get_fd(s->env, &fd) == 0 && mdb_env_info(s->env, &info) == 0;
    if (is_large && !s->ahead)
        s->ahead = store_ahead_new();
    if (is_large)
        store_ahead_begin(s->ahead, fd, ((uint64_t)info.me_last_pgno + 1) * s->page_size);
    const int rc = mdb_txn_commit(t->txn);
    if (is_large)
        store_ahead_end(s->ahead);
    t->txn = NULL;
    return rc;
}

enum err_code store_txn_commit(struct store_txn *t, struct err *err)
{
    REQUIRE(t->is_writing && t->txn);
    close_cursor(t);
    int rc = check_name(t);
    if (!rc)
        rc = reserve_file(t);
    if (!rc)
        rc = commit(t);
    if (!rc)
        publish_timestamps(t);
    return rc ? store_txn_fail(t, rc, "write to it", err) : ERR_OK;
}

void store_txn_end(struct store_txn *t)
{
    if (!t)
        return;
    struct store *const s = t->store;
    close_cursor(t);
    if (t->txn && !t->is_look)
        mdb_txn_abort(t->txn);
    if (t->is_writing) {
        (void)lock_file(s, LOCK_UN);
        pthread_mutex_unlock(&s->writer);
    } else if (!t->is_look && !t->is_resting) {
        pthread_mutex_lock(&s->gate);
        s->readers--;
        pthread_mutex_unlock(&s->gate);
    }
    free(t);
}

bool store_txn_is_full(const struct store_txn *t)
{
    return t->is_full || t->is_interrupted;
}

/* What was put is gone. */
static void drop_puts(struct store_txn *t)
{
    close_cursor(t);
    if (t->txn)
        mdb_txn_abort(t->txn);
    t->txn = NULL;
    adopt_timestamps(t); /* what this one made is gone with it */
    t->pages = 0;
    t->bytes = 0;
    t->is_full = false;
    t->is_interrupted = false;
}

enum err_code store_txn_again(struct store_txn *t, struct err *err)
{
    REQUIRE(t->is_writing);
    drop_puts(t);
    const int rc = begin_writing(t);
    return rc ? store_fail(t->store->name, rc, "write to it", err) : ERR_OK;
}

enum err_code store_txn_regrow(struct store_txn *t, uint64_t need, struct err *err)
{
    struct store *const s = t->store;
    MDB_envinfo info;

    if (t->is_interrupted)
        return store_txn_again(t, err);
    REQUIRE(t->is_writing);
    drop_puts(t);
    int rc = mdb_env_info(s->env, &info);
    if (rc)
        return store_fail(s->name, rc, "make room", err);
    const uint64_t size = store_round_map(2 * (uint64_t)info.me_mapsize + need + need / 4);
    pthread_mutex_lock(&s->gate);
    const unsigned readers = s->readers;
    if (readers == 0)
        rc = mdb_env_set_mapsize(s->env, size);
    pthread_mutex_unlock(&s->gate);
    if (readers > 0)
        return err_set(
            err, ERR_IO,
            "%s: its map of %zu MiB is full and cannot grow while %u readers of this program use it. "
            "Nothing of the group was written: end them, and try again",
            s->name, info.me_mapsize >> 20, readers);
    if (rc)
        return err_set(err, ERR_IO,
                       "%s: its map cannot grow to %" PRIu64
                       " MiB: raise the limit on address space (ulimit -v). "
                       "Nothing of the group was written",
                       s->name, size >> 20);
    rc = begin_writing(t);
    return rc ? store_fail(s->name, rc, "write to it", err) : ERR_OK;
}
