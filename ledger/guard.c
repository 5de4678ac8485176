#include "ledger/guard.h"

#include "ledger/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>

#define FILE_MODE 0600
#define TRIES_MAX 8 /* of a name that others put new files under */

struct guard {
    char *path;
    char vkey[NOTE_VKEY_TEXT_SIZE];
    char head[GUARD_PLACE_SIZE];
    int fd; /* -1: not open */
    bool is_writable;
    bool is_locked;
    bool is_shared;
    uint64_t number; /* of the newest state */
};

static enum err_code failed(const char *path, const char *doing, struct err *err)
{
    return err_set(err, errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_IO, "cannot %s %s: %s",
                   doing, path, strerror(errno));
}

/* -- places ---------------------------------------------------------------------------------------------- */

/* Splits into the directory, without links, and the name in it, borrowed from the path. */
static enum err_code split(const char *path, char dir[PATH_MAX], const char **name, struct err *err)
{
    const char *const slash = strrchr(path, '/');
    char given[PATH_MAX];

    *name = slash ? slash + 1 : path;
    const size_t length = slash ? (size_t)(slash - path) : 0;
    if (!**name || strcmp(*name, ".") == 0 || strcmp(*name, "..") == 0 || length >= sizeof given ||
        strlen(*name) > NAME_MAX - 4)
        return err_set(err, ERR_INPUT, "\"%.200s\" names no file that could be a guard", path);
    memcpy(given, path, length);
    given[length] = '\0';
    if (!realpath(!slash ? "." : length == 0 ? "/" : given, dir))
        return err_set(err, ERR_INPUT, "the guard %.500s cannot be there: its directory: %s", path,
                       strerror(errno));
    return ERR_OK;
}

static bool is_within(const char *dir, const char *outer)
{
    const size_t length = strlen(outer);

    return strncmp(dir, outer, length) == 0 && (dir[length] == '\0' || dir[length] == '/' || length == 1);
}

enum err_code guard_absolute(const char *path, const char *journal_dir, char absolute[PATH_MAX],
                             struct err *err)
{
    char journal[PATH_MAX];
    char dir[PATH_MAX];
    char whole[PATH_MAX];
    const char *name;

    const enum err_code rc = split(path, dir, &name, err);
    if (rc)
        return rc;
    if (strchr(dir, '\n') || strchr(name, '\n'))
        return err_set(err, ERR_INPUT, "the path of a guard holds no line feed");
    if (!realpath(journal_dir, journal))
        return err_set(err, ERR_IO, "%s: %s", journal_dir, strerror(errno));
    if (is_within(dir, journal))
        return err_set(err, ERR_INPUT,
                       "the guard %.500s lies in the journal's own directory: it would be copied and set "
                       "back together with "
                       "it. Name a place outside, best of all on another disk",
                       path);
    const int used = snprintf(whole, sizeof whole, "%s/%s", dir[1] ? dir : "", name);
    if (used < 0 || (size_t)used >= sizeof whole)
        return err_set(err, ERR_INPUT, "the path of the guard is too long");
    memcpy(absolute, whole, (size_t)used + 1);
    return ERR_OK;
}

/* -- the file -------------------------------------------------------------------------------------------- */

/* Reads all of it. ERR_FORMAT: no guard, or damaged; *is_empty when there is nothing in it. */
static enum err_code read_file(int fd, const char *path, char bytes[GUARD_FILE_SIZE], char *vkey,
                               struct guard_state *state, bool *is_empty, struct err *err)
{
    struct err why = {.code = ERR_OK};
    struct stat st;
    size_t size = 0;

    *is_empty = false;
    if (fstat(fd, &st) != 0)
        return failed(path, "read", err);
    if (!S_ISREG(st.st_mode) || st.st_size > GUARD_FILE_SIZE)
        return err_set(err, ERR_FORMAT, "%s is no guard", path);
    while (size < GUARD_FILE_SIZE) {
        const ssize_t n = pread(fd, bytes + size, GUARD_FILE_SIZE - size, (off_t)size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return failed(path, "read", err);
        if (n == 0)
            break;
        size += (size_t)n;
    }
    *is_empty = size == 0;
    if (guard_decode(bytes, size, vkey, state, &why))
        return err_set(err, ERR_FORMAT, "%s: %s", path, why.text);
    return ERR_OK;
}

static enum err_code open_fd(const char *path, int flags, int *fd, struct err *err)
{
    *fd = file_open(path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, FILE_MODE);
    return *fd < 0 ? failed(path, "open", err) : ERR_OK;
}

static int lock_fd(int fd, int operation)
{
    while (flock(fd, operation) != 0) {
        if (errno != EINTR)
            return -1;
    }
    return 0;
}

/* Whether the name still leads to the file that is open. */
static enum err_code check_name(int fd, const char *path, bool *has_name, struct err *err)
{
    struct stat mine;
    struct stat named;

    const bool is_named = stat(path, &named) == 0;
    if ((!is_named && errno != ENOENT) || fstat(fd, &mine) != 0)
        return failed(path, "look at", err);
    *has_name = is_named && mine.st_dev == named.st_dev && mine.st_ino == named.st_ino;
    return ERR_OK;
}

/* -- making one ------------------------------------------------------------------------------------------ */

/* May what lies under the name be replaced? Nothing that is not our own, and not even that unless it is asked for. */
static enum err_code check_old(int fd, const char *path, const char *vkey, bool replaces, bool *is_empty,
                               struct err *err)
{
    char bytes[GUARD_FILE_SIZE] = {0};
    char found[NOTE_VKEY_TEXT_SIZE];
    struct guard_state state;
    bool is_nothing;

    const enum err_code rc = read_file(fd, path, bytes, found, &state, &is_nothing, err);
    *is_empty = *is_empty || is_nothing;
    if (is_nothing || (rc == ERR_FORMAT && replaces && memcmp(bytes, "ledger guard ", 13) == 0))
        return ERR_OK;
    if (rc == ERR_FORMAT)
        return err_set(err, ERR_EXISTS,
                       "%s is there already, and is no guard of this journal: name another place", path);
    if (rc)
        return rc;
    if (strcmp(found, vkey) != 0)
        return err_set(
            err, ERR_EXISTS, "%s is the guard of another journal, %.200s: name another place%s", path, found,
            state.last.size > 0 ? ""
                                : ". If there is none of that name and key, an init that was cut off has "
                                  "left it: remove it then");
    return replaces ? ERR_OK
                    : err_set(err, ERR_EXISTS, "%s is there already: it is a guard of this journal", path);
}

static enum err_code put_file(const char *path, const char *vkey, const struct guard_state *first,
                              struct err *err)
{
    char bytes[GUARD_FILE_SIZE];
    char dir[PATH_MAX];
    const char *name;

    enum err_code rc = split(path, dir, &name, err);
    if (rc)
        return rc;
    memset(bytes, ' ', sizeof bytes);
    for (size_t i = 1; i <= 1 + GUARD_STATES; i++)
        bytes[i * GUARD_PLACE_SIZE - 1] = '\n';
    guard_head_encode(bytes, vkey);
    char place[GUARD_PLACE_SIZE];
    const size_t at = guard_state_encode(place, bytes, first);
    memcpy(bytes + at, place, sizeof place);
    const int dir_fd = file_open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (dir_fd < 0)
        return failed(dir, "open", err);
    rc = file_replace_whole(dir_fd, name, bytes, sizeof bytes, FILE_MODE, err);
    (void)file_close(dir_fd);
    return rc ? err_wrap(err, "the guard %s", path) : ERR_OK;
}

enum err_code guard_create(const char *path, const char *vkey, const struct guard_state *first, bool replaces,
                           struct err *err)
{
    bool is_empty = true; /* it holds the name only: then it is gone if this fails */
    bool has_name = false;
    int fd;

    REQUIRE(first->number > 0);
    enum err_code rc = open_fd(path, O_RDWR | O_CREAT | O_EXCL, &fd, err);
    if (rc && errno == EEXIST) {
        is_empty = false;
        rc = open_fd(path, O_RDWR, &fd, err);
    }
    if (rc)
        return rc;
    if (lock_fd(fd, LOCK_EX) != 0)
        rc = failed(path, "lock", err);
    if (!rc)
        rc = check_name(fd, path, &has_name, err);
    if (!rc && !has_name)
        rc = err_set(err, ERR_IO, "%s was taken away or replaced at this moment", path);
    if (!rc)
        rc = check_old(fd, path, vkey, replaces, &is_empty, err);
    if (!rc)
        rc = put_file(path, vkey, first, err);
    if (rc && is_empty)
        (void)unlink(path);
    (void)file_close(fd);
    return rc;
}

void guard_remove(const char *path, const char *vkey)
{
    struct guard_state state;
    struct guard *g = NULL;

    if (guard_new(path, vkey, &g, NULL) == ERR_OK && guard_lock(g, false, &state, NULL) == ERR_OK)
        (void)unlink(path);
    guard_free(g);
}

/* -- locking --------------------------------------------------------------------------------------------- */

/* Who may only read it may still look. */
static enum err_code open_guard(struct guard *g, struct err *err)
{
    if (g->fd >= 0 && (g->is_writable || g->is_shared))
        return ERR_OK;
    if (g->fd >= 0)
        (void)file_close(g->fd);
    g->is_writable = true;
    enum err_code rc = open_fd(g->path, O_RDWR, &g->fd, err);
    if (rc && g->is_shared && (errno == EACCES || errno == EROFS || errno == EPERM)) {
        g->is_writable = false;
        rc = open_fd(g->path, O_RDONLY, &g->fd, err);
    }
    return rc;
}

/* Opens, locks and reads what has the name now. */
static enum err_code lock_named(struct guard *g, struct guard_state *state, struct err *err)
{
    char bytes[GUARD_FILE_SIZE];
    char vkey[NOTE_VKEY_TEXT_SIZE];
    bool has_name = false;
    bool is_empty;

    for (int tries = 0;; tries++) {
        enum err_code rc = open_guard(g, err);
        if (rc)
            return rc;
        if (lock_fd(g->fd, g->is_shared ? LOCK_SH : LOCK_EX) != 0)
            return failed(g->path, "lock", err);
        rc = check_name(g->fd, g->path, &has_name, err);
        if (rc)
            return rc;
        if (has_name || tries == TRIES_MAX) {
            rc = read_file(g->fd, g->path, bytes, vkey, state, &is_empty, err);
            if (!rc && strcmp(vkey, g->vkey) != 0)
                rc = err_set(err, ERR_KEY, "%s is the guard of another journal, %.200s", g->path, vkey);
            return rc;
        }
        (void)file_close(g->fd);
        g->fd = -1;
    }
}

enum err_code guard_lock(struct guard *g, bool is_shared, struct guard_state *state, struct err *err)
{
    struct guard_state found;

    REQUIRE(!g->is_locked);
    g->is_shared = is_shared;
    const enum err_code rc = lock_named(g, &found, err);
    if (rc) { /* what is wrong with it may be mended by another file under that name */
        if (g->fd >= 0)
            (void)file_close(g->fd);
        g->fd = -1;
        return rc;
    }
    g->is_locked = true;
    g->number = found.number;
    *state = found;
    return ERR_OK;
}

void guard_unlock(struct guard *g)
{
    if (g->is_locked)
        (void)lock_fd(g->fd, LOCK_UN);
    g->is_locked = false;
}

enum err_code guard_new(const char *path, const char *vkey, struct guard **g, struct err *err)
{
    struct guard *const made = calloc(1, sizeof *made);

    if (!made)
        return err_set(err, ERR_MEMORY, "%s: out of memory", path);
    made->fd = -1;
    made->path = strdup(path);
    snprintf(made->vkey, sizeof made->vkey, "%s", vkey);
    guard_head_encode(made->head, vkey);
    if (!made->path) {
        guard_free(made);
        return err_set(err, ERR_MEMORY, "%s: out of memory", path);
    }
    *g = made;
    return ERR_OK;
}

void guard_free(struct guard *g)
{
    if (!g)
        return;
    if (g->fd >= 0)
        (void)file_close(g->fd);
    free(g->path);
    free(g);
}

const char *guard_path(const struct guard *g)
{
    return g->path;
}

enum err_code guard_write(struct guard *g, struct guard_state *state, bool synced, struct err *err)
{
    char place[GUARD_PLACE_SIZE];
    size_t done = 0;

    REQUIRE(g->is_locked && !g->is_shared && g->number < UINT64_MAX);
    state->number = g->number + 1;
    const size_t at = guard_state_encode(place, g->head, state);
    while (done < sizeof place) {
        const ssize_t n = pwrite(g->fd, place + done, sizeof place - done, (off_t)(at + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return failed(g->path, "write", err);
        done += (size_t)n;
    }
    g->number++;
    if (synced) {
        int rc;
        do {
            rc = fdatasync(g->fd);
        } while (rc != 0 && errno == EINTR);
        if (rc != 0)
            return failed(g->path, "sync", err);
    }
    return ERR_OK;
}

/* -- judging --------------------------------------------------------------------------------------------- */

static bool is_tree(const struct guard_tree *a, const struct guard_tree *b)
{
    return a->size == b->size && hash_equal(&a->root, &b->root);
}

const struct guard_tree *guard_newest(const struct guard_state *state)
{
    return state->has_next && state->next.size > state->last.size ? &state->next : &state->last;
}

enum guard_verdict guard_judge(const struct guard_state *state, const struct guard_tree *tree, uint64_t file)
{
    if (state->has_next && is_tree(tree, &state->next))
        return GUARD_AGREES;
    if (is_tree(tree, &state->last))
        return state->has_next && state->file != file ? GUARD_UNSURE : GUARD_AGREES;
    if (tree->size < state->last.size)
        return GUARD_HAS_MORE;
    return tree->size > guard_newest(state)->size ? GUARD_HAS_LESS : GUARD_HAS_OTHER;
}
