/*
 * Calls on files that are made again when a signal interrupts them: what a person pressed elsewhere is no reason to
 * fail. Otherwise as the system has them: -1 and errno. And small files, whole.
 */
#ifndef LEDGER_FILE_H
#define LEDGER_FILE_H

#include "ledger/err.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

/* `mode` counts when flags create the file. */
static inline int file_open_at(int dir, const char *name, int flags, mode_t mode)
{
    int fd;

    do {
        fd = openat(dir, name, flags, mode);
    } while (fd < 0 && errno == EINTR);
    return fd;
}

static inline int file_open(const char *path, int flags, mode_t mode)
{
    return file_open_at(AT_FDCWD, path, flags, mode);
}

/* What was written, or in a directory named, is on disk. */
static inline int file_sync(int fd)
{
    int rc;

    do {
        rc = fsync(fd);
    } while (rc != 0 && errno == EINTR);
    return rc;
}

/* The descriptor is gone whatever the answer, so an interrupted close is never made again: it has closed. */
static inline int file_close(int fd)
{
    const int rc = close(fd);

    return rc != 0 && errno == EINTR ? 0 : rc;
}

/*
 * Puts a whole file in the place of `name` in the directory `dir` (a descriptor): written beside it as NAME.new,
 * synced, renamed over it, the directory synced. Whoever opens `name` finds the old file or the new one, whole. ERR_IO:
 * the old one is there still, unless err says that the new one may not survive a power loss. Two writers of one name
 * are the caller's to keep apart.
 */
MUST_USE enum err_code file_replace_whole(int dir, const char *name, const void *bytes, size_t size,
                                          mode_t mode, struct err *err);

/* A whole file of at most `capacity` bytes. ERR_NOT_FOUND: there is none. ERR_FORMAT: it is larger, or is no
 * regular file. ERR_IO. On error nothing is promised of `bytes`. */
MUST_USE enum err_code file_read_whole(int dir, const char *name, void *bytes, size_t capacity, size_t *size,
                                       struct err *err);

#endif
