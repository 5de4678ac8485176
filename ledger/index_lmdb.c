/*
 * The index's file: the one place of it that talks to LMDB. One LMDB file, `index.mdb` (lock beside it:
 * `index.mdb-lock`), with one table, LMDB's unnamed one. Keys are big-endian, so that bytes sort as numbers do.
 *
 *   key                                               value
 *   0 u8 0                                            meta: 0 u32 format, 1 | 4 u64 indexed | 12 genesis | 44 root
 *   0 u8 number | 1 u8 length | 2 key | .. u64 first  postings from entry `first` on: see ledger/postings.h
 *   0 u8 6 | 1 u8 0 | 2 u64 first                     0 i64 earliest | 8 i64 latest
 *
 * The numbers are those of enum index_number. Rows of one number and key are chunks of one list, in its order, and
 * none holds a run that would have fitted into the one before it: so equal entries give equal rows, in however
 * many batches they came.
 *
 * Locking is LMDB's own. The journal's rules (store_lmdb.c) hold here too: one environment a file a process; a
 * file that is shorter than its pages is refused instead of faulting later; the map grows outside of transactions.
 * No lock is needed over growing: a batch looks at `indexed` again before it is put.
 */
#include "ledger/index_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define MAP_FIRST    (UINT64_C(1) << 20) /* grows by doubling: a batch that does not fit is put again */
#define MAP_ALIGN    (UINT64_C(64) << 10)
#define READERS_MAX  510
#define LOCK_NAME    INDEX_FILE_NAME "-lock"
#define JOURNAL_NAME "journal.mdb"

/* Every open index of this process: a global, because LMDB's file locks belong to the process. */
static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static struct index_file *registry;

/* -- errors --------------------------------------------------------------------------------------------- */

enum err_code index_fail(const char *name, int code, const char *doing, struct err *err)
{
    switch (code) {
    case ENOENT: return err_set(err, ERR_NOT_FOUND, "%s has no " INDEX_FILE_NAME, name);
    case ENOSPC:
    case EDQUOT:
        return err_set(err, ERR_IO, "%s: cannot %s " INDEX_FILE_NAME ": the disk is full", name, doing);
    case EFBIG:
        return err_set(err, ERR_IO,
                       "%s: cannot %s " INDEX_FILE_NAME ": it would pass the file size limit (ulimit -f)",
                       name, doing);
    case EIO: /* LMDB's word for a write that was cut short */
        return err_set(err, ERR_IO,
                       "%s: cannot %s " INDEX_FILE_NAME
                       ": the disk is full, or a limit was met (ulimit -f), or the disk fails",
                       name, doing);
    case ENOMEM:
        return err_set(err, ERR_MEMORY, "%s: cannot %s " INDEX_FILE_NAME ": out of memory", name, doing);
    case EFAULT: /* what LMDB's own checks of a page come to */
    case EINVAL:
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INCOMPATIBLE:
    case MDB_BAD_VALSIZE:
        return err_set(err, ERR_FORMAT,
                       "%s: " INDEX_FILE_NAME
                       " is damaged, or not an index (%s): delete it, or run ledger doctor --reindex",
                       name, mdb_strerror(code));
    default:
        return err_set(err, ERR_IO, "%s: cannot %s " INDEX_FILE_NAME ": %s", name, doing, mdb_strerror(code));
    }
}

enum err_code index_damaged(const char *name, const char *what, struct err *err)
{
    return err_set(err, ERR_FORMAT,
                   "%s: " INDEX_FILE_NAME " is damaged (%s): delete it, or run ledger doctor --reindex", name,
                   what);
}

/* -- opening -------------------------------------------------------------------------------------------- */

static uint64_t round_map(uint64_t size)
{
    return (size + MAP_ALIGN - 1) / MAP_ALIGN * MAP_ALIGN;
}

/* Refuses a file that ends before its last page, and makes the map so large that half of it is free. */
static enum err_code fit_file(struct index_file *f, struct err *err)
{
    struct stat file;
    MDB_envinfo info;
    MDB_stat pages;
    int fd;

    int rc = mdb_env_info(f->env, &info);
    if (!rc)
        rc = mdb_env_stat(f->env, &pages);
    if (!rc)
        rc = mdb_env_get_fd(f->env, &fd);
    if (!rc && fstat(fd, &file) != 0)
        rc = errno;
    if (rc)
        return index_fail(f->name, rc, "open", err);
    f->device = file.st_dev;
    f->inode = file.st_ino;
    const uint64_t used = ((uint64_t)info.me_last_pgno + 1) * pages.ms_psize;
    if ((uint64_t)file.st_size < used)
        return index_damaged(f->name, "cut short", err);
    if (used > info.me_mapsize / 2)
        rc = mdb_env_set_mapsize(f->env, round_map(4 * used));
    return rc ? index_fail(f->name, rc, "map", err) : ERR_OK;
}

static int try_open_env(struct index_file *f, unsigned flags)
{
    int rc = mdb_env_create(&f->env);

    if (!rc)
        rc = mdb_env_set_maxreaders(f->env, READERS_MAX);
    if (!rc)
        rc = mdb_env_set_mapsize(f->env, MAP_FIRST);
    return rc ? rc : mdb_env_open(f->env, f->path, flags, 0600);
}

static int open_table(struct index_file *f)
{
    MDB_txn *txn = NULL;
    int rc = mdb_txn_begin(f->env, NULL, MDB_RDONLY, &txn);

    if (rc)
        return rc;
    rc = mdb_dbi_open(txn, NULL, 0, &f->rows);
    if (rc)
        mdb_txn_abort(txn);
    else
        rc = mdb_txn_commit(txn); /* keeps the handle */
    return rc;
}

static char *path_of(const char *dir, const char *name)
{
    char *path = NULL;

    return asprintf(&path, "%s/%s", dir, name) < 0 ? NULL : path;
}

static bool has_lock_file(const struct index_file *f)
{
    char *const path = path_of(f->name, LOCK_NAME);
    const bool is_there = path && access(path, F_OK) == 0;

    free(path);
    return is_there;
}

/* Who may read the file but not write the lock beside it, reads without it; and no reader makes one, because it might
 * be a reader's own that the owner could not open. */
static enum err_code open_env(struct index_file *f, struct err *err)
{
    const unsigned flags = MDB_NOSUBDIR | MDB_NOTLS | (f->read_only ? MDB_RDONLY : 0);
    int dead;

    f->has_no_lock = f->read_only && !has_lock_file(f);
    int rc = try_open_env(f, flags | (f->has_no_lock ? MDB_NOLOCK : 0));
    if ((rc == EACCES || rc == EROFS) && f->read_only) {
        mdb_env_close(f->env);
        f->env = NULL;
        f->has_no_lock = true;
        rc = try_open_env(f, flags | MDB_NOLOCK);
    }
    if (rc)
        return index_fail(f->name, rc, f->read_only ? "open" : "write", err);
    const enum err_code code = fit_file(f, err);
    if (code)
        return code;
    rc = open_table(f);
    if (!rc)
        (void)mdb_reader_check(f->env, &dead); /* readers that were killed would keep old pages alive */
    return rc ? index_fail(f->name, rc, "open", err) : ERR_OK;
}

static void release(struct index_file *f)
{
    if (f->env)
        mdb_env_close(f->env);
    pthread_mutex_destroy(&f->gate);
    free(f->name);
    free(f->path);
    free(f);
}

static struct index_file *new_file(const char *dir, bool read_only)
{
    struct index_file *const f = calloc(1, sizeof *f);

    if (!f)
        return NULL;
    pthread_mutex_init(&f->gate, NULL);
    f->references = 1;
    f->process = getpid();
    f->read_only = read_only;
    f->name = strdup(dir);
    f->path = path_of(dir, INDEX_FILE_NAME);
    if (!f->name || !f->path) {
        release(f);
        return NULL;
    }
    return f;
}

static struct index_file *find_open(const char *dir)
{
    char *const path = path_of(dir, INDEX_FILE_NAME);
    struct index_file *f = NULL;
    struct stat file;

    if (path && stat(path, &file) == 0) {
        for (f = registry; f; f = f->next) {
            if (f->process == getpid() && f->device == file.st_dev && f->inode == file.st_ino)
                break;
        }
    }
    free(path);
    return f;
}

/* A file that the journal's owner could not open would only be in the way: so root makes none for others. */
static enum err_code check_owner(const char *dir, struct err *err)
{
    char *const path = path_of(dir, JOURNAL_NAME);
    struct stat file;

    if (!path)
        return err_set(err, ERR_MEMORY, "%s: out of memory", dir);
    const int rc = stat(path, &file) == 0 ? 0 : errno;
    free(path);
    if (rc)
        return index_fail(dir, rc, "write", err);
    if (file.st_uid != geteuid())
        return err_set(err, ERR_IO, "%s: " INDEX_FILE_NAME " is written only by the journal's owner", dir);
    return ERR_OK;
}

static enum err_code open_registered(const char *dir, enum index_mode mode, struct index_file **file,
                                     struct err *err)
{
    struct index_file *const shared = find_open(dir);

    if (shared && shared->read_only && mode == INDEX_WRITE)
        return err_set(err, ERR_IO, "%s: this program has " INDEX_FILE_NAME " open for reading only", dir);
    if (shared) {
        shared->references++;
        *file = shared;
        return ERR_OK;
    }
    enum err_code rc = mode == INDEX_WRITE ? check_owner(dir, err) : ERR_OK;
    if (rc)
        return rc;
    struct index_file *const opened = new_file(dir, mode == INDEX_READ);
    if (!opened)
        return err_set(err, ERR_MEMORY, "%s: out of memory", dir);
    rc = open_env(opened, err);
    if (rc) {
        release(opened);
        return rc;
    }
    opened->next = registry;
    registry = opened;
    *file = opened;
    return ERR_OK;
}

enum err_code index_file_open(const char *dir, enum index_mode mode, struct index_file **file,
                              struct err *err)
{
    pthread_mutex_lock(&registry_lock);
    const enum err_code rc = open_registered(dir, mode, file, err);
    pthread_mutex_unlock(&registry_lock);
    return rc;
}

void index_file_close(struct index_file *f)
{
    if (!f)
        return;
    pthread_mutex_lock(&registry_lock);
    if (--f->references == 0) {
        struct index_file **link = &registry;
        while (*link != f)
            link = &(*link)->next;
        *link = f->next;
        REQUIRE(f->open == 0);
        release(f);
    }
    pthread_mutex_unlock(&registry_lock);
}

/* Readers of other processes keep what they have open. The lock goes first: it must not outlive its file. */
enum err_code index_remove(const char *dir, struct err *err)
{
    static const char *const names[] = {LOCK_NAME, INDEX_FILE_NAME};
    enum err_code rc = ERR_OK;

    pthread_mutex_lock(&registry_lock);
    if (find_open(dir))
        rc = err_set(err, ERR_EXISTS, "%s: this program has " INDEX_FILE_NAME " open", dir);
    for (size_t i = 0; !rc && i < sizeof names / sizeof names[0]; i++) {
        char *const path = path_of(dir, names[i]);
        if (!path)
            rc = err_set(err, ERR_MEMORY, "%s: out of memory", dir);
        else if (unlink(path) != 0 && errno != ENOENT)
            rc = err_set(err, ERR_IO, "%s: cannot delete %s: %s", dir, names[i], mdb_strerror(errno));
        free(path);
    }
    pthread_mutex_unlock(&registry_lock);
    return rc;
}

enum err_code index_file_space(struct index_file *f, uint64_t *bytes, struct err *err)
{
    struct statvfs fs;

    if (statvfs(f->path, &fs) != 0)
        return index_fail(f->name, errno, "look at the disk of", err);
    *bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
    return ERR_OK;
}

/* -- transactions --------------------------------------------------------------------------------------- */

/* The gate is held. Another process has made the file larger than our map. */
static int begin(struct index_file *f, unsigned flags, MDB_txn **txn)
{
    int rc = mdb_txn_begin(f->env, NULL, flags, txn);

    if (rc == MDB_MAP_RESIZED && f->open == 0) {
        rc = mdb_env_set_mapsize(f->env, 0);
        if (!rc)
            rc = mdb_txn_begin(f->env, NULL, flags, txn);
    }
    return rc;
}

static enum err_code begin_txn(struct index_file *f, unsigned flags, struct index_txn **t, struct err *err)
{
    struct index_txn *const begun = calloc(1, sizeof *begun);

    if (!begun)
        return err_set(err, ERR_MEMORY, "%s: out of memory", f->name);
    begun->file = f;
    pthread_mutex_lock(&f->gate);
    int rc = begin(f, flags, &begun->txn);
    if (!rc) {
        rc = mdb_cursor_open(begun->txn, f->rows, &begun->cursor);
        if (rc)
            mdb_txn_abort(begun->txn);
        else
            f->open++;
    }
    pthread_mutex_unlock(&f->gate);
    if (rc) {
        free(begun);
        return index_fail(f->name, rc, flags ? "read" : "write", err);
    }
    *t = begun;
    return ERR_OK;
}

enum err_code index_read_begin(struct index_file *f, struct index_txn **t, struct err *err)
{
    return begin_txn(f, MDB_RDONLY, t, err);
}

enum err_code index_write_begin(struct index_file *f, struct index_txn **t, struct err *err)
{
    if (f->read_only)
        return err_set(err, ERR_IO, "%s: " INDEX_FILE_NAME " is open for reading only", f->name);
    return begin_txn(f, 0, t, err);
}

enum err_code index_txn_fail(struct index_txn *t, int code, const char *doing, struct err *err)
{
    t->is_full = code == MDB_MAP_FULL || code == MDB_TXN_FULL;
    return index_fail(t->file->name, code, doing, err);
}

static void close_cursor(struct index_txn *t)
{
    if (t->cursor)
        mdb_cursor_close(t->cursor);
    t->cursor = NULL;
}

/* LMDB may leave free pages at the end unwritten; fit_file() expects the file to be as long as its pages. */
static int lengthen(struct index_file *f)
{
    struct stat file;
    MDB_envinfo info;
    MDB_stat pages;
    int fd;

    int rc = mdb_env_info(f->env, &info);
    if (!rc)
        rc = mdb_env_stat(f->env, &pages);
    if (!rc)
        rc = mdb_env_get_fd(f->env, &fd);
    if (rc)
        return rc;
    const uint64_t used = ((uint64_t)info.me_last_pgno + 1) * pages.ms_psize;
    if (fstat(fd, &file) != 0)
        return errno;
    return (uint64_t)file.st_size >= used || ftruncate(fd, (off_t)used) == 0 ? 0 : errno;
}

enum err_code index_txn_commit(struct index_txn *t, struct err *err)
{
    REQUIRE(t->txn && !t->file->read_only);
    close_cursor(t);
    int rc = mdb_txn_commit(t->txn);
    t->txn = NULL;
    if (!rc)
        rc = lengthen(t->file);
    return rc ? index_txn_fail(t, rc, "write", err) : ERR_OK;
}

void index_txn_end(struct index_txn *t)
{
    if (!t)
        return;
    close_cursor(t);
    if (t->txn)
        mdb_txn_abort(t->txn);
    pthread_mutex_lock(&t->file->gate);
    t->file->open--;
    pthread_mutex_unlock(&t->file->gate);
    free(t);
}

bool index_txn_is_full(const struct index_txn *t)
{
    return t->is_full;
}

enum err_code index_file_grow(struct index_file *f, struct err *err)
{
    MDB_envinfo info;

    pthread_mutex_lock(&f->gate);
    int rc = mdb_env_info(f->env, &info);
    if (!rc)
        rc = f->open == 0 ? mdb_env_set_mapsize(f->env, round_map(2 * (uint64_t)info.me_mapsize))
                          : MDB_MAP_FULL;
    pthread_mutex_unlock(&f->gate);
    return rc ? index_fail(f->name, rc, "make room in", err) : ERR_OK;
}
