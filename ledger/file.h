/*
 * Calls on files that are made again when a signal interrupts them: what a person pressed elsewhere is no reason to
 * fail. Otherwise as the system has them: -1 and errno.
 */
#ifndef LEDGER_FILE_H
#define LEDGER_FILE_H

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

#endif
