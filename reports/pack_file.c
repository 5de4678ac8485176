/* The files of a pack: written once, through a buffer, hashed on the way. */
#include "ledger/file.h"
#include "reports/pack_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum err_code fault(struct err *err, const char *name)
{
    const int why = errno;
    const bool is_no_file = why == ELOOP || why == ENXIO || why == EISDIR;
    const enum err_code rc = why == ENOENT ? ERR_NOT_FOUND : is_no_file ? ERR_FORMAT : ERR_IO;

    return err_set(err, rc, "%s: %s", name, strerror(why));
}

enum err_code pack_file_open(struct pack_file *f, const struct pack_dir *d, const char *name, struct err *err)
{
    REQUIRE(strlen(name) < sizeof f->name);
    f->fd = file_open_at(d->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (f->fd < 0)
        return fault(err, name);
    memcpy(f->name, name, strlen(name) + 1);
    f->size = 0;
    f->held = 0;
    hash_stream_init(&f->stream);
    return ERR_OK;
}

static enum err_code flush(struct pack_file *f, struct err *err)
{
    size_t done = 0;

    while (done < f->held) {
        const ssize_t n = write(f->fd, f->buffer + done, f->held - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fault(err, f->name);
        done += (size_t)n;
    }
    hash_stream_add(&f->stream, f->buffer, f->held);
    f->size += f->held;
    f->held = 0;
    return ERR_OK;
}

enum err_code pack_file_write(struct pack_file *f, const void *bytes, size_t size, struct err *err)
{
    const uint8_t *at = bytes;

    while (size > 0) {
        const size_t room = sizeof f->buffer - f->held;
        const size_t n = size < room ? size : room;
        memcpy(f->buffer + f->held, at, n);
        f->held += n;
        at += n;
        size -= n;
        const enum err_code rc = f->held == sizeof f->buffer ? flush(f, err) : ERR_OK;
        if (rc)
            return rc;
    }
    return ERR_OK;
}

enum err_code pack_file_close(struct pack_file *f, struct manifest_file *row, struct err *err)
{
    enum err_code rc = flush(f, err);

    if (!rc && file_sync(f->fd) < 0)
        rc = fault(err, f->name);
    if (file_close(f->fd) < 0 && !rc)
        rc = fault(err, f->name);
    f->fd = -1;
    if (rc)
        return rc;
    memset(row, 0, sizeof *row);
    memcpy(row->name, f->name, strlen(f->name) + 1);
    row->size = f->size;
    row->sha256 = hash_stream_finish(&f->stream);
    return ERR_OK;
}

void pack_file_abort(struct pack_file *f)
{
    if (f->fd >= 0)
        close(f->fd);
    f->fd = -1;
}

/* A link, a device or a directory is no file of a pack. */
static enum err_code open_regular(int dir_fd, const char *name, int *fd, struct err *err)
{
    struct stat st;
    const int opened = file_open_at(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0);

    if (opened < 0)
        return fault(err, name);
    enum err_code rc = fstat(opened, &st) == 0 ? ERR_OK : fault(err, name);
    if (!rc && !S_ISREG(st.st_mode))
        rc = err_set(err, ERR_FORMAT, "%s: not a regular file", name);
    if (rc) {
        close(opened);
        return rc;
    }
    *fd = opened;
    return ERR_OK;
}

static enum err_code read_some(int fd, const char *name, void *bytes, size_t size, size_t *got,
                               struct err *err)
{
    ssize_t n;

    do {
        n = read(fd, bytes, size);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return fault(err, name);
    *got = (size_t)n;
    return ERR_OK;
}

enum err_code pack_file_measure(int dir_fd, const char *name, bool sync, struct manifest_file *row,
                                struct err *err)
{
    struct hash_stream stream;
    uint8_t bytes[32768];
    uint64_t size = 0;
    size_t n = 1;
    int fd = -1;

    REQUIRE(strlen(name) < sizeof row->name);
    enum err_code rc = open_regular(dir_fd, name, &fd, err);
    if (rc)
        return rc;
    hash_stream_init(&stream);
    while (!rc && n > 0) {
        rc = read_some(fd, name, bytes, sizeof bytes, &n, err);
        if (!rc) {
            hash_stream_add(&stream, bytes, n);
            size += n;
        }
    }
    if (!rc && sync && file_sync(fd) < 0)
        rc = fault(err, name);
    close(fd);
    if (rc)
        return rc;
    memset(row, 0, sizeof *row);
    memcpy(row->name, name, strlen(name) + 1);
    row->size = size;
    row->sha256 = hash_stream_finish(&stream);
    return ERR_OK;
}

enum err_code pack_file_read(int dir_fd, const char *name, size_t max, char **bytes, size_t *size,
                             struct err *err)
{
    char *const buffer = malloc(max + 2);
    size_t used = 0;
    size_t n = 1;
    int fd = -1;

    if (!buffer)
        return err_set(err, ERR_MEMORY, "%s: out of memory", name);
    enum err_code rc = open_regular(dir_fd, name, &fd, err);
    while (!rc && n > 0 && used <= max) {
        rc = read_some(fd, name, buffer + used, max + 1 - used, &n, err);
        if (!rc)
            used += n;
    }
    if (fd >= 0)
        close(fd);
    if (!rc && used > max)
        rc = err_set(err, ERR_FORMAT, "%s: larger than %zu bytes", name, max);
    if (rc) {
        free(buffer);
        return rc;
    }
    buffer[used] = '\0';
    *bytes = buffer;
    *size = used;
    return ERR_OK;
}
