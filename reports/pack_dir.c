#include "reports/pack_dir.h"

#include "ledger/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ATTEMPTS = 100 };

static enum err_code fault(struct err *err, const char *path)
{
    const int why = errno;

    return err_set(err, why == ENOENT || why == ENOTDIR ? ERR_NOT_FOUND : ERR_IO, "%s: %s", path,
                   strerror(why));
}

enum err_code pack_dir_open(const char *path, int *fd, struct err *err)
{
    const int opened = file_open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);

    if (opened < 0)
        return fault(err, path);
    *fd = opened;
    return ERR_OK;
}

/* -- what is there -------------------------------------------------------------------------------------- */

static bool is_known(const struct manifest *m, const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
           (m && (strcmp(name, MANIFEST_NAME) == 0 || manifest_find(m, name)));
}

enum err_code pack_dir_stranger(int dir_fd, const struct manifest *m, char *name, size_t capacity,
                                bool *found, struct err *err)
{
    const int copy = file_open_at(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    DIR *const dir = copy < 0 ? NULL : fdopendir(copy);
    const struct dirent *row;

    if (!dir) {
        if (copy >= 0)
            close(copy);
        return fault(err, "the directory");
    }
    *found = false;
    errno = 0;
    while ((row = readdir(dir))) {
        if (is_known(m, row->d_name) || (*found && strcmp(row->d_name, name) >= 0))
            continue;
        snprintf(name, capacity, "%s", row->d_name);
        *found = true;
    }
    const int why = errno;
    closedir(dir);
    return why ? err_set(err, ERR_IO, "the directory: %s", strerror(why)) : ERR_OK;
}

/* Whether it is a pack of the same day and journal, and nothing but that. */
static enum err_code check_content(int fd, const char *path, const char *origin, civil_day day,
                                   struct err *err)
{
    struct manifest *const m = malloc(sizeof *m);
    struct err why = {.code = ERR_OK};
    char text[INSTANT_TEXT_SIZE];
    char name[256];
    char *bytes = NULL;
    size_t size = 0;
    bool found = false;

    if (!m)
        return err_set(err, ERR_MEMORY, "out of memory");
    enum err_code rc = pack_file_read(fd, MANIFEST_NAME, MANIFEST_MAX_SIZE, &bytes, &size, &why);
    if (!rc)
        rc = manifest_parse(m, bytes, size, &why);
    if (rc) {
        rc = err_set(err, ERR_EXISTS, "%s is there already and is no pack (%s); choose another place", path,
                     why.text);
    } else if (m->scope.day != day || strcmp(m->origin, origin) != 0) {
        civil_format(text, m->scope.day);
        rc = err_set(err, ERR_EXISTS, "%s is the pack of %s of %s; choose another place", path, text,
                     m->origin);
    } else {
        rc = pack_dir_stranger(fd, m, name, sizeof name, &found, err);
        if (!rc && found)
            rc = err_set(err, ERR_EXISTS,
                         "%s holds \"%s\" beside the pack, which would be lost; move it away", path, name);
    }
    free(bytes);
    free(m);
    return rc;
}

enum err_code pack_dir_check(const char *path, const char *origin, civil_day day, struct err *err)
{
    char name[256];
    bool found = false;
    int fd = -1;
    struct stat st;

    if (lstat(path, &st) < 0)
        return errno == ENOENT ? ERR_OK : fault(err, path);
    if (!S_ISDIR(st.st_mode))
        return err_set(err, ERR_EXISTS, "%s is there already and is no directory; choose another place",
                       path);
    enum err_code rc = pack_dir_open(path, &fd, err);
    if (rc)
        return rc;
    rc = pack_dir_stranger(fd, NULL, name, sizeof name, &found, err);
    if (!rc && found)
        rc = check_content(fd, path, origin, day, err);
    close(fd);
    return rc;
}

/* -- writing it ----------------------------------------------------------------------------------------- */

/* "a/b/" -> "a" and "b"; "b" -> "." and "b". Both to be freed. */
static bool split(const char *target, char **parent, char **name)
{
    size_t end = strlen(target);

    while (end > 1 && target[end - 1] == '/')
        end--;
    size_t start = end;
    while (start > 0 && target[start - 1] != '/')
        start--;
    *name = strndup(target + start, end - start);
    *parent = start == 0 ? strdup(".") : strndup(target, start == 1 ? 1 : start - 1);
    return *name && *parent;
}

static enum err_code make_beside(struct pack_dir *d, const char *parent, const char *name, struct err *err)
{
    for (int i = 0; i < ATTEMPTS; i++) {
        if (asprintf(&d->path, "%s/.%s.%ld-%d", parent, name, (long)getpid(), i) < 0) {
            d->path = NULL;
            return err_set(err, ERR_MEMORY, "out of memory");
        }
        if (mkdir(d->path, 0777) == 0)
            return pack_dir_open(d->path, &d->fd, err);
        if (errno != EEXIST)
            break;
        free(d->path);
        d->path = NULL;
    }
    const enum err_code rc = fault(err, d->path ? d->path : d->target);
    free(d->path);
    d->path = NULL;
    return rc;
}

enum err_code pack_dir_begin(struct pack_dir *d, const char *target, struct err *err)
{
    char *parent = NULL;
    char *name = NULL;
    enum err_code rc = ERR_OK;

    *d = (struct pack_dir){.fd = -1};
    if (!split(target, &parent, &name) || asprintf(&d->target, "%s/%s", parent, name) < 0)
        rc = err_set(err, ERR_MEMORY, "out of memory");
    else if (!name[0] || strcmp(name, "/") == 0 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        rc = err_set(err, ERR_INPUT, "\"%s\" is no name for a new directory", target);
    else
        rc = make_beside(d, parent, name, err);
    free(parent);
    free(name);
    if (rc)
        pack_dir_abort(d);
    return rc;
}

/* A pack is flat, so its directory is removed file by file; whatever cannot be is left. */
static void remove_flat(const char *path)
{
    DIR *const dir = opendir(path);
    const struct dirent *row;

    while (dir && (row = readdir(dir))) {
        if (strcmp(row->d_name, ".") != 0 && strcmp(row->d_name, "..") != 0)
            unlinkat(dirfd(dir), row->d_name, 0);
    }
    if (dir)
        closedir(dir);
    rmdir(path);
}

static void release(struct pack_dir *d)
{
    if (d->fd >= 0)
        close(d->fd);
    free(d->path);
    free(d->target);
    *d = (struct pack_dir){.fd = -1};
}

void pack_dir_abort(struct pack_dir *d)
{
    if (d->path)
        remove_flat(d->path);
    release(d);
}

static enum err_code sync_parent(const struct pack_dir *d, struct err *err)
{
    char *const parent = strdup(d->target);
    int fd = -1;

    if (!parent)
        return err_set(err, ERR_MEMORY, "out of memory");
    char *const slash = strrchr(parent, '/');
    if (slash == parent)
        slash[1] = '\0';
    else if (slash)
        *slash = '\0';
    enum err_code rc = pack_dir_open(parent, &fd, err);
    if (!rc && file_sync(fd) < 0)
        rc = fault(err, parent);
    if (fd >= 0)
        close(fd);
    free(parent);
    return rc;
}

/*
 * Two directories change places in one step, where the file system can do that (the old one then has the new
 * one's temporary name); where it cannot, the old one is moved aside first. *old is where the old one is now, to
 * be freed, or NULL. It is not removed before the change of names is on disk: a power cut could else undo the
 * change and not the removal.
 */
static enum err_code put_in_place(struct pack_dir *d, char **old, struct err *err)
{
    char *aside = NULL;

    if (rename(d->path, d->target) == 0) /* nothing there, or an empty directory */
        return ERR_OK;
    if (errno != ENOTEMPTY && errno != EEXIST)
        return fault(err, d->target);
    if (renameat2(AT_FDCWD, d->path, AT_FDCWD, d->target, RENAME_EXCHANGE) == 0) {
        *old = d->path;
        d->path = NULL;
        return ERR_OK;
    }
    if (errno != EINVAL && errno != ENOSYS)
        return fault(err, d->target);
    if (asprintf(&aside, "%s.old", d->path) < 0)
        return err_set(err, ERR_MEMORY, "out of memory");
    enum err_code rc = ERR_OK;
    if (rename(d->target, aside) < 0) {
        rc = fault(err, d->target);
    } else if (rename(d->path, d->target) < 0) {
        rc = fault(err, d->target);
        if (rename(aside, d->target) < 0)
            rc = err_wrap(err, "the old pack is now %s", aside);
    } else {
        *old = aside;
        return ERR_OK;
    }
    free(aside);
    return rc;
}

enum err_code pack_dir_commit(struct pack_dir *d, struct err *err)
{
    enum err_code rc = ERR_OK;
    char *old = NULL;

    if (file_sync(d->fd) < 0)
        rc = fault(err, d->path);
    if (!rc)
        rc = put_in_place(d, &old, err);
    if (rc) {
        pack_dir_abort(d);
        return rc;
    }
    rc = sync_parent(d, err);
    /* When that fails, the old one is put back, so that it is the new one that goes. */
    if (old && (!rc || renameat2(AT_FDCWD, old, AT_FDCWD, d->target, RENAME_EXCHANGE) == 0))
        remove_flat(old);
    else if (rc && !old)
        rc = err_wrap(err, "%s is written, but may not survive a power loss", d->target);
    free(old);
    release(d);
    return rc;
}
