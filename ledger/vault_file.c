#include "ledger/vault_file.h"

#include "ledger/file.h"
#include "ledger/journal_copy.h"
#include "ledger/vault.h"
#include "ledger/vault_format.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define NEW_FILE_NAME VAULT_FILE_NAME ".new"
#define READ_TRIES    16u

static enum err_code no_file(int dir, struct err *err)
{
    if (journal_copy_is_one(dir))
        return err_set(
            err, ERR_NOT_FOUND,
            "there is none, since this is a copy (ledger fetch-from): it can be read and verified, "
            "and nothing can be appended to it");
    return err_set(err, ERR_NOT_FOUND,
                   "there is none: name the journal's directory, or restore its file \"" VAULT_FILE_NAME
                   "\" from a backup");
}

enum err_code vault_file_check(int dir, struct err *err)
{
    struct stat found;

    return fstatat(dir, VAULT_FILE_NAME, &found, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT
               ? no_file(dir, err)
               : ERR_OK;
}

static enum err_code file_read_once(int dir, uint8_t *bytes, size_t *size, bool *is_current, struct err *err)
{
    struct stat read_one;
    struct stat named;
    const int fd = file_open_at(dir, VAULT_FILE_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0);
    enum err_code rc = ERR_OK;

    if (fd < 0 && errno == ENOENT)
        return no_file(dir, err);
    if (fd < 0)
        return err_set(err, ERR_IO, "the file cannot be opened: %s", strerror(errno));
    for (*size = 0; *size <= VAULT_FILE_MAX;) {
        const ssize_t got = read(fd, bytes + *size, VAULT_FILE_MAX + 1 - *size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            rc = err_set(err, ERR_IO, "the file cannot be read: %s", strerror(errno));
        if (got <= 0)
            break;
        *size += (size_t)got;
    }
    *is_current = fstat(fd, &read_one) != 0 || fstatat(dir, VAULT_FILE_NAME, &named, 0) != 0 ||
                  (read_one.st_dev == named.st_dev && read_one.st_ino == named.st_ino);
    close(fd);
    return rc;
}

/* Another process may have put a new one in its place meanwhile, and have begun to overwrite what is read here. */
enum err_code vault_file_read(int dir, uint8_t *bytes, size_t *size, struct err *err)
{
    bool is_current = false;
    enum err_code rc = ERR_OK;

    for (unsigned tries = 0; !rc && !is_current && tries < READ_TRIES; tries++)
        rc = file_read_once(dir, bytes, size, &is_current, err);
    return rc;
}

static bool write_all(int fd, const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        const ssize_t done = write(fd, bytes, size);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        bytes += done;
        size -= (size_t)done;
    }
    return true;
}

static bool overwrite(int fd, off_t size)
{
    static const uint8_t zeros[4096];

    while (size > 0) {
        const size_t part = size < (off_t)sizeof zeros ? (size_t)size : sizeof zeros;
        if (!write_all(fd, zeros, part))
            return false;
        size -= (off_t)part;
    }
    return file_sync(fd) == 0;
}

/* `vault.new`, if it is there. What has another name as well is somebody's copy, and is left as it is. */
static enum err_code destroy(int dir, struct err *err)
{
    struct stat seen;
    const int fd = file_open_at(dir, NEW_FILE_NAME, O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0);
    bool good = fd >= 0 || errno == ENOENT || errno == ELOOP;
    int why = errno;

    if (fd >= 0) {
        good = fstat(fd, &seen) == 0 &&
               (!S_ISREG(seen.st_mode) || seen.st_nlink > 1 || overwrite(fd, seen.st_size));
        why = errno;
        if (file_close(fd) != 0 && good) {
            good = false;
            why = errno;
        }
    }
    if (unlinkat(dir, NEW_FILE_NAME, 0) != 0 && errno != ENOENT && good) {
        good = false;
        why = errno;
    }
    return good ? ERR_OK : err_set(err, ERR_IO, "the old file cannot be overwritten: %s", strerror(why));
}

bool vault_file_is_left(int dir)
{
    struct stat seen;

    return fstatat(dir, NEW_FILE_NAME, &seen, AT_SYMLINK_NOFOLLOW) == 0;
}

/* First the names, for certain: else a power loss could give the overwritten file its old name back. */
enum err_code vault_file_destroy(int dir, struct err *err)
{
    if (!vault_file_is_left(dir))
        return ERR_OK;
    if (file_sync(dir) != 0)
        return err_set(err, ERR_IO, "the directory cannot be synced: %s", strerror(errno));
    return destroy(dir, err);
}

/* Gives the new file its name. With a file system that cannot exchange names, the old one is only unlinked. */
static bool take_place(int dir)
{
    return renameat2(dir, NEW_FILE_NAME, dir, VAULT_FILE_NAME, RENAME_EXCHANGE) == 0 ||
           ((errno == ENOENT || errno == EINVAL || errno == ENOSYS) &&
            renameat(dir, NEW_FILE_NAME, dir, VAULT_FILE_NAME) == 0);
}

/* Replaces `vault`, or leaves it: never half of it. Mode 0600 from its first byte on. */
enum err_code vault_file_replace(int dir, const uint8_t *bytes, size_t size, struct err *err)
{
    const enum err_code rc = vault_file_destroy(dir, err);
    if (rc)
        return rc;
    const int fd =
        file_open_at(dir, NEW_FILE_NAME, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return err_set(err, ERR_IO, "no new file can be made: %s", strerror(errno));
    bool good = fchmod(fd, 0600) == 0 && write_all(fd, bytes, size) && file_sync(fd) == 0;
    int why = errno;
    if (file_close(fd) != 0 && good) {
        good = false;
        why = errno;
    }
    if (good && !take_place(dir)) {
        good = false;
        why = errno;
    }
    if (!good) {
        (void)destroy(dir, NULL);
        return err_set(err, ERR_IO, "the new file cannot be written: %s; the old one is unchanged",
                       strerror(why));
    }
    if (file_sync(dir) != 0)
        return err_set(err, ERR_IO, "the change is made, but may not survive a power loss: %s",
                       strerror(errno));
    return destroy(dir, err) ? err_wrap(err, "the change is made, but") : ERR_OK;
}
