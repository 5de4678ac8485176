#include "audit/publish_files.h"

#include "ledger/file.h"

#include <dirent.h>
#include <errno.h>
#include <fts.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define INTERIM      ".interim-" /* and the number of its place among those under way */
#define INTERIM_ROOM 24
#define UNDER_WAY    128
#define DIRS_FIRST   16
#define NAME_ROOM    (PUBLISHED_NAME_SIZE + 8)

/* A file that is written, and not named yet. */
struct waiting {
    int fd;
    char name[PUBLISHED_NAME_SIZE];
};

struct publish_files {
    char *dir;
    int root; /* locked */
    unsigned waiting_count;
    struct waiting waiting[UNDER_WAY];
    char (*touched)[PUBLISHED_NAME_SIZE]; /* directories with new names in them; "": the root */
    size_t touched_count;
    size_t touched_capacity;
    uint64_t written;
    uint64_t bytes;
};

static enum err_code failed(const struct publish_files *f, const char *name, struct err *err)
{
    return err_set(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "%s/%s: %s", f->dir, name, strerror(errno));
}

/* Of a file that has not got its name. */
static enum err_code not_written(const struct publish_files *f, const char *name, struct err *err)
{
    return err_set(err, ERR_IO, "%s/%s could not be written: %s. What is served stays as it was", f->dir,
                   name, strerror(errno));
}

static enum err_code no_memory(struct err *err)
{
    return err_set(err, ERR_MEMORY, "out of memory");
}

/* -- opening --------------------------------------------------------------------------------------------- */

static enum err_code open_root(struct publish_files *f, struct err *err)
{
    if (mkdir(f->dir, 0777) != 0 && errno != EEXIST)
        return err_set(err, ERR_IO, "the directory %s cannot be made: %s", f->dir, strerror(errno));
    f->root = file_open(f->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (f->root < 0)
        return err_set(err, ERR_IO, "%s: %s", f->dir, strerror(errno));
    while (flock(f->root, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK)
            return err_set(err, ERR_EXISTS, "another publish is at work in %s", f->dir);
        if (errno != EINTR)
            return err_set(err, ERR_IO, "%s: %s", f->dir, strerror(errno));
    }
    return ERR_OK;
}

enum err_code publish_files_open(struct publish_files **f, const char *dir, struct err *err)
{
    struct publish_files *const opened = calloc(1, sizeof *opened);

    if (!opened)
        return no_memory(err);
    opened->root = -1;
    opened->dir = strdup(dir);
    size_t length = opened->dir ? strlen(opened->dir) : 0;
    while (length > 1 && opened->dir[length - 1] == '/')
        opened->dir[--length] = '\0';
    const enum err_code rc = opened->dir ? open_root(opened, err) : no_memory(err);
    if (rc) {
        publish_files_close(opened);
        return rc;
    }
    *f = opened;
    return ERR_OK;
}

static void interim_name(char out[INTERIM_ROOM], unsigned place)
{
    snprintf(out, INTERIM_ROOM, INTERIM "%u", place);
}

void publish_files_close(struct publish_files *f)
{
    char interim[INTERIM_ROOM];

    if (!f)
        return;
    for (unsigned i = 0; i < f->waiting_count; i++) {
        if (f->waiting[i].fd >= 0)
            close(f->waiting[i].fd);
        interim_name(interim, i);
        (void)unlinkat(f->root, interim, 0);
    }
    if (f->root >= 0)
        close(f->root);
    free(f->touched);
    free(f->dir);
    free(f);
}

/* -- reading --------------------------------------------------------------------------------------------- */

static enum err_code read_open(const struct publish_files *f, int fd, const char *name, size_t max,
                               uint8_t **bytes, size_t *size, struct err *err)
{
    struct stat st;
    size_t used = 0;

    if (fstat(fd, &st) != 0)
        return failed(f, name, err);
    if (!S_ISREG(st.st_mode) || st.st_size < 0 || (uint64_t)st.st_size > max)
        return err_set(err, ERR_INPUT, "%s/%s: it is no file of at most %zu bytes", f->dir, name, max);
    uint8_t *const read_bytes = malloc((size_t)st.st_size + 1);
    if (!read_bytes)
        return no_memory(err);
    while (used < (size_t)st.st_size) {
        const ssize_t n = read(fd, read_bytes + used, (size_t)st.st_size - used);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            const enum err_code rc = failed(f, name, err);
            free(read_bytes);
            return rc;
        }
        if (n == 0)
            break;
        used += (size_t)n;
    }
    read_bytes[used] = '\0';
    *bytes = read_bytes;
    *size = used;
    return ERR_OK;
}

enum err_code publish_files_read(struct publish_files *f, const struct published_name *name, size_t max,
                                 uint8_t **bytes, size_t *size, struct err *err)
{
    char text[PUBLISHED_NAME_SIZE];

    published_format(text, name);
    const int fd = file_open_at(f->root, text, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return failed(f, text, err);
    const enum err_code rc = read_open(f, fd, text, max, bytes, size, err);
    close(fd);
    return rc;
}

bool publish_files_has(const struct publish_files *f, const struct published_name *name)
{
    char text[PUBLISHED_NAME_SIZE];

    published_format(text, name);
    return faccessat(f->root, text, F_OK, 0) == 0;
}

/* -- writing --------------------------------------------------------------------------------------------- */

/* What is not there, or cannot be read, is not the same. */
static bool is_same(const struct publish_files *f, const char *name, const void *bytes, size_t size)
{
    uint8_t *there = NULL;
    size_t there_size = 0;
    bool same = false;

    const int fd = file_open_at(f->root, name, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return false;
    if (read_open(f, fd, name, size, &there, &there_size, NULL) == ERR_OK)
        same = there_size == size && memcmp(there, bytes, size) == 0;
    close(fd);
    free(there);
    return same;
}

static enum err_code write_all(const struct publish_files *f, int fd, const char *name, const void *bytes,
                               size_t size, struct err *err)
{
    const uint8_t *at = bytes;

    while (size > 0) {
        const ssize_t n = write(fd, at, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return not_written(f, name, err);
        at += n;
        size -= (size_t)n;
    }
    return ERR_OK;
}

/* -- settling -------------------------------------------------------------------------------------------- */

/* Cuts "a/b/c" to "a/b", and "a" to "". */
static void to_parent(char *name)
{
    char *const slash = strrchr(name, '/');

    *(slash ? slash : name) = '\0';
}

/* Remembers that a directory has a new name in it. */
static enum err_code touch(struct publish_files *f, const char *dir, struct err *err)
{
    for (size_t i = f->touched_count; i-- > 0;) {
        if (strcmp(f->touched[i], dir) == 0)
            return ERR_OK;
    }
    if (f->touched_count == f->touched_capacity) {
        const size_t capacity = f->touched_capacity ? 2 * f->touched_capacity : DIRS_FIRST;
        void *const grown = realloc(f->touched, capacity * sizeof *f->touched);
        if (!grown)
            return no_memory(err);
        f->touched = grown;
        f->touched_capacity = capacity;
    }
    snprintf(f->touched[f->touched_count++], sizeof *f->touched, "%s", dir);
    return ERR_OK;
}

/* Every directory above the file that is not there yet. */
static enum err_code make_parents(struct publish_files *f, const char *name, struct err *err)
{
    char path[PUBLISHED_NAME_SIZE];
    char parent[PUBLISHED_NAME_SIZE];

    snprintf(path, sizeof path, "%s", name);
    for (char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdirat(f->root, path, 0777) == 0) {
            memcpy(parent, path, sizeof parent);
            to_parent(parent);
            const enum err_code rc = touch(f, parent, err);
            if (rc)
                return rc;
        } else if (errno != EEXIST) {
            return failed(f, path, err);
        }
        *slash = '/';
    }
    return ERR_OK;
}

static enum err_code give_name(struct publish_files *f, const char *interim, const char *name,
                               struct err *err)
{
    char parent[PUBLISHED_NAME_SIZE];

    if (renameat(f->root, interim, f->root, name) != 0) {
        enum err_code rc = errno == ENOENT ? make_parents(f, name, err) : failed(f, name, err);
        if (!rc && renameat(f->root, interim, f->root, name) != 0)
            rc = failed(f, name, err);
        if (rc)
            return rc;
    }
    memcpy(parent, name, sizeof parent);
    to_parent(parent);
    return touch(f, parent, err);
}

static enum err_code sync_waiting(struct publish_files *f, struct err *err)
{
    enum err_code rc = ERR_OK;

    for (unsigned i = 0; i < f->waiting_count; i++) {
        struct waiting *const w = &f->waiting[i];
        if (!rc && file_sync(w->fd) != 0)
            rc = not_written(f, w->name, err);
        if (file_close(w->fd) != 0 && !rc)
            rc = not_written(f, w->name, err);
        w->fd = -1;
    }
    return rc;
}

static enum err_code sync_touched(struct publish_files *f, struct err *err)
{
    for (size_t i = 0; i < f->touched_count; i++) {
        const char *const name = f->touched[i][0] ? f->touched[i] : ".";
        const int fd = file_open_at(f->root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
        const bool is_synced = fd >= 0 && (file_sync(fd) == 0 || errno == EINVAL);
        const enum err_code rc = is_synced ? ERR_OK : failed(f, name, err);
        if (fd >= 0)
            close(fd);
        if (rc)
            return rc;
    }
    f->touched_count = 0;
    return ERR_OK;
}

static enum err_code name_waiting(struct publish_files *f, struct err *err)
{
    char interim[INTERIM_ROOM];

    enum err_code rc = sync_waiting(f, err);
    for (unsigned i = 0; i < f->waiting_count && !rc; i++) {
        interim_name(interim, i);
        rc = give_name(f, interim, f->waiting[i].name, err);
    }
    if (!rc)
        f->waiting_count = 0;
    return rc;
}

enum err_code publish_files_put(struct publish_files *f, const struct published_name *name, const void *bytes,
                                size_t size, struct err *err)
{
    char interim[INTERIM_ROOM];
    char text[PUBLISHED_NAME_SIZE];
    enum err_code rc = ERR_OK;

    published_format(text, name);
    if (is_same(f, text, bytes, size))
        return ERR_OK;
    if (f->waiting_count == UNDER_WAY)
        rc = name_waiting(f, err);
    if (rc)
        return rc;
    struct waiting *const w = &f->waiting[f->waiting_count];
    interim_name(interim, f->waiting_count);
    w->fd = file_open_at(f->root, interim, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (w->fd < 0)
        return not_written(f, text, err);
    memcpy(w->name, text, sizeof w->name);
    f->waiting_count++;
    rc = write_all(f, w->fd, text, bytes, size, err);
    if (rc)
        return rc;
    (void)sync_file_range(w->fd, 0, 0, SYNC_FILE_RANGE_WRITE); /* a hint: fsync() is what counts */
    f->bytes += size;
    f->written++;
    return ERR_OK;
}

enum err_code publish_files_settle(struct publish_files *f, struct err *err)
{
    const enum err_code rc = name_waiting(f, err);

    return rc ? rc : sync_touched(f, err);
}

/* -- looking around -------------------------------------------------------------------------------------- */

static bool is_ours(const char *relative)
{
    struct published_name name;

    return strncmp(relative, INTERIM, sizeof INTERIM - 1) == 0 ||
           published_parse(&name, relative, strlen(relative), NULL) == ERR_OK;
}

enum err_code publish_files_check_ours(struct publish_files *f, struct err *err)
{
    char *const paths[] = {f->dir, NULL};
    const size_t skipped = strlen(f->dir) + (strcmp(f->dir, "/") != 0);
    enum err_code rc = ERR_OK;

    FTS *const walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    if (!walk)
        return failed(f, "", err);
    for (FTSENT *at; !rc && (at = fts_read(walk));) {
        const bool is_dir = at->fts_info == FTS_D || at->fts_info == FTS_DP;
        if (at->fts_info == FTS_DNR || at->fts_info == FTS_ERR || at->fts_info == FTS_NS)
            rc = err_set(err, ERR_IO, "%s: %s", at->fts_path, strerror(at->fts_errno));
        else if (!is_dir && (at->fts_info != FTS_F || !is_ours(at->fts_path + skipped)))
            rc = err_set(err, ERR_EXISTS,
                         "%s is there, which is no file of a published journal: name an empty directory",
                         at->fts_path);
    }
    (void)fts_close(walk);
    return rc;
}

enum err_code publish_files_drop_partial(struct publish_files *f, const struct published_name *name,
                                         struct err *err)
{
    struct published_name full = *name;
    char path[NAME_ROOM];

    full.width = PUBLISHED_WIDTH;
    const size_t length = published_format(path, &full);
    memcpy(path + length, ".p", 3);
    const int fd = file_open_at(f->root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (fd < 0)
        return errno == ENOENT ? ERR_OK : failed(f, path, err);
    DIR *const dir = fdopendir(fd);
    if (!dir) {
        close(fd);
        return failed(f, path, err);
    }
    for (struct dirent *row; (row = readdir(dir));) {
        if (row->d_name[0] != '.')
            (void)unlinkat(fd, row->d_name, 0);
    }
    closedir(dir);
    (void)unlinkat(f->root, path, AT_REMOVEDIR);
    return ERR_OK;
}

uint64_t publish_files_written(const struct publish_files *f)
{
    return f->written;
}

uint64_t publish_files_bytes(const struct publish_files *f)
{
    return f->bytes;
}
