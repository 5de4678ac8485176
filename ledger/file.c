#include "ledger/file.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define NAME_SIZE 256

static enum err_code failed(const char *name, const char *what, struct err *err)
{
    return err_set(err, ERR_IO, "%s cannot be %s: %s", name, what, strerror(errno));
}

static bool write_all(int fd, const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        const ssize_t n = write(fd, bytes, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        bytes += n;
        size -= (size_t)n;
    }
    return true;
}

enum err_code file_replace_whole(int dir, const char *name, const void *bytes, size_t size, mode_t mode,
                                 struct err *err)
{
    char interim[NAME_SIZE];
    const int length = snprintf(interim, sizeof interim, "%s.new", name);

    REQUIRE(length > 0 && (size_t)length < sizeof interim);
    unlinkat(dir, interim, 0); /* what a crash may have left */
    const int fd = file_open_at(dir, interim, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0)
        return failed(interim, "written", err);
    const bool is_written = write_all(fd, bytes, size) && file_sync(fd) == 0;
    const int why = errno;
    if (file_close(fd) != 0 || !is_written) {
        errno = is_written ? errno : why;
        const enum err_code rc = failed(interim, "written", err);
        unlinkat(dir, interim, 0);
        return rc;
    }
    if (renameat(dir, interim, dir, name) != 0) {
        const enum err_code rc = failed(name, "replaced", err);
        unlinkat(dir, interim, 0);
        return rc;
    }
    if (file_sync(dir) != 0)
        return err_set(err, ERR_IO, "%s is replaced, but may not survive a power loss: %s", name,
                       strerror(errno));
    return ERR_OK;
}

enum err_code file_read_whole(int dir, const char *name, void *bytes, size_t capacity, size_t *size,
                              struct err *err)
{
    const int fd = file_open_at(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
    struct stat st;
    uint8_t *at = bytes;
    size_t left = capacity;
    ssize_t n = 1;

    if (fd < 0 && errno == ENOENT)
        return err_set(err, ERR_NOT_FOUND, "%s is not there", name);
    if (fd < 0)
        return failed(name, "read", err);
    enum err_code rc = fstat(fd, &st) == 0 ? ERR_OK : failed(name, "read", err);
    if (!rc && (!S_ISREG(st.st_mode) || st.st_size < 0 || (uint64_t)st.st_size > capacity))
        rc = err_set(err, ERR_FORMAT, "%s has more than %zu bytes, or is no regular file", name, capacity);
    while (!rc && left > 0 && n > 0) {
        n = read(fd, at, left);
        if (n < 0 && errno == EINTR) {
            n = 1;
            continue;
        }
        if (n < 0) {
            rc = failed(name, "read", err);
        } else {
            at += n;
            left -= (size_t)n;
        }
    }
    (void)file_close(fd);
    if (!rc)
        *size = capacity - left;
    return rc;
}
