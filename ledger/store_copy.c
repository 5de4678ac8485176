/*
 * LMDB writes the copy on a thread of its own, in pieces of a gigabyte; this thread looks at how long the file is
 * by now and tells the caller, in the caller's thread.
 *
 * LMDB takes its snapshot itself: under the writer lock it copies both meta pages, and lets the lock go. The
 * newest meta page is then that of the snapshot. A snapshot of our own is held around it, so that no thread of
 * this process moves the map meanwhile.
 */
#include "ledger/store_copy.h"

#include "ledger/store_state.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LOOK_EVERY_NS (100 * 1000 * 1000L)
#define TRIES_MAX     100 /* of a map that others make larger between two calls */

struct copying {
    pthread_t thread;
    MDB_env *env;
    int fd;
    int rc; /* the thread's, once it is done */
    bool is_done;
    pthread_mutex_t lock; /* guards is_done */
    pthread_cond_t done;
};

static void *copy_pages(void *arg)
{
    struct copying *const c = arg;

    const int rc = mdb_env_copyfd2(c->env, c->fd, 0);
    pthread_mutex_lock(&c->lock);
    c->rc = rc;
    c->is_done = true;
    pthread_cond_signal(&c->done);
    pthread_mutex_unlock(&c->lock);
    return NULL;
}

/* Waits for the thread; tells how far it is. */
static void watch(struct copying *c, store_copy_progress progress, void *arg, uint64_t total)
{
    pthread_mutex_lock(&c->lock);
    while (!c->is_done) {
        struct timespec until;
        struct stat file;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += LOOK_EVERY_NS;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        (void)pthread_cond_timedwait(&c->done, &c->lock, &until);
        if (progress && !c->is_done && fstat(c->fd, &file) == 0)
            progress(arg, (uint64_t)file.st_size < total ? (uint64_t)file.st_size : total, total);
    }
    pthread_mutex_unlock(&c->lock);
}

static int copy_watched(MDB_env *env, int fd, store_copy_progress progress, void *arg, uint64_t total)
{
    struct copying c = {.env = env, .fd = fd};
    pthread_condattr_t monotonic;

    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&c.done, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&c.lock, NULL);
    const int rc = pthread_create(&c.thread, NULL, copy_pages, &c);
    if (!rc) {
        watch(&c, progress, arg, total);
        (void)pthread_join(c.thread, NULL);
    }
    pthread_mutex_destroy(&c.lock);
    pthread_cond_destroy(&c.done);
    return rc ? rc : c.rc;
}

/* A full disk is met before the copy, not at its end. The file's length is left to what is written. */
static int reserve(int fd, uint64_t size)
{
    if (fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)size) == 0)
        return 0;
    return errno == ENOSPC || errno == EDQUOT || errno == EFBIG ? errno : 0;
}

/* It is the copy's disk that is full, not the journal's. */
static enum err_code copy_failed(const struct store *s, int code, uint64_t total, struct err *err)
{
    if (code == ENOSPC || code == EDQUOT)
        return err_set(err, ERR_IO,
                       "the disk of the copy is full: %" PRIu64 " MiB are needed there. Free space, or name "
                       "another place",
                       (total >> 20) + 1);
    if (code == EFBIG)
        return err_set(err, ERR_IO,
                       "the copy of %" PRIu64 " MiB would pass the file size limit: raise it (ulimit -f)",
                       (total >> 20) + 1);
    return store_fail(s->name, code, "copy it", err);
}

static enum err_code copy_once(struct store *s, struct store_txn *pinned, int fd,
                               store_copy_progress progress, void *arg, bool *again, struct err *err)
{
    MDB_envinfo info;

    int rc = mdb_env_info(s->env, &info);
    const uint64_t total = rc ? 0 : ((uint64_t)info.me_last_pgno + 1) * s->page_size;
    if (!rc && lseek(fd, 0, SEEK_SET) < 0) /* an attempt before may have written */
        rc = errno;
    if (!rc)
        rc = reserve(fd, total);
    if (!rc)
        rc = copy_watched(s->env, fd, progress, arg, total);
    *again = rc == MDB_MAP_RESIZED || rc == EINTR; /* LMDB gives up when a signal interrupts a write */
    if (rc)
        return copy_failed(s, rc, total, err);
    if (mdb_env_info(s->env, &info) == 0 && info.me_last_txnid != mdb_txn_id(pinned->txn) &&
        store_has_lost_lock(s))
        return err_set(err, ERR_IO,
                       "%s was written while it was copied without its lock file (no permission). Copy it as "
                       "the user that owns it",
                       s->name);
    return ERR_OK;
}

enum err_code store_copy(struct store *s, int fd, store_copy_progress progress, void *arg, uint64_t *bytes,
                         struct err *err)
{
    struct stat file;
    bool again = true;
    enum err_code rc = ERR_OK;

    /* Each snapshot that begins takes over a map that another process has made larger. */
    for (int tries = 0; again && tries < TRIES_MAX; tries++) {
        struct store_txn *pinned = NULL;
        rc = store_read_begin(s, &pinned, err);
        if (rc)
            return rc;
        rc = copy_once(s, pinned, fd, progress, arg, &again, err);
        store_txn_end(pinned);
    }
    if (rc)
        return rc;
    while (fsync(fd) != 0) {
        if (errno != EINTR)
            return copy_failed(s, errno, 0, err);
    }
    if (fstat(fd, &file) != 0)
        return copy_failed(s, errno, 0, err);
    *bytes = (uint64_t)file.st_size;
    return ERR_OK;
}
