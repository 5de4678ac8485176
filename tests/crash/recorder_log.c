/* The recorder's log: one lock, records, and the question whether a file is ours. */
#include "recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LOG_DESCRIPTOR 200 /* and above: out of the program's way */

static pthread_mutex_t threads = PTHREAD_MUTEX_INITIALIZER;
static int log_fd = -1;
static pid_t log_owner;
static char root[PATH_MAX];
static char said[PATH_MAX];
static off_t said_at; /* what has become marks */

static void die(const char *what)
{
    fprintf(stderr, "crash recorder: %s: %s\n", what, strerror(errno));
    _exit(125);
}

static void open_log(const char *path)
{
    const int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    log_fd = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, LOG_DESCRIPTOR);
    if (log_fd < 0)
        die(path);
    syscall(SYS_close, fd);
}

static void copy_path(char *to, const char *variable)
{
    const char *const path = getenv(variable);

    if (path && !realpath(path, to))
        die(variable);
}

/* The log of a parent shares its lock with the child, so a child opens its own. */
bool recorder_begin(void)
{
    const char *const path = getenv(RECORD_LOG_VARIABLE);
    const int why = errno;

    if (!path)
        return false;
    pthread_mutex_lock(&threads);
    if (log_owner != getpid()) {
        copy_path(root, RECORD_ROOT_VARIABLE);
        copy_path(said, RECORD_SAID_VARIABLE);
        if (log_fd >= 0)
            syscall(SYS_close, log_fd);
        open_log(path);
        log_owner = getpid();
    }
    while (flock(log_fd, LOCK_EX) != 0) {
        if (errno != EINTR)
            die("lock");
    }
    errno = why;
    return true;
}

void recorder_end(void)
{
    const int why = errno;

    flock(log_fd, LOCK_UN);
    pthread_mutex_unlock(&threads);
    errno = why;
}

static void put_bytes(const void *bytes, size_t size)
{
    if (size > 0 && syscall(SYS_write, log_fd, bytes, size) != (long)size)
        die("log");
}

void recorder_put(struct record_head h, const char *name, const char *name2, const struct iovec *data)
{
    const int why = errno;
    uint64_t left = h.data_size;

    h.magic = RECORD_MAGIC;
    h.pid = (uint32_t)syscall(SYS_gettid);
    h.name_size = name ? (uint32_t)strlen(name) : 0;
    h.name2_size = name2 ? (uint32_t)strlen(name2) : 0;
    put_bytes(&h, sizeof h);
    put_bytes(name, h.name_size);
    put_bytes(name2, h.name2_size);
    for (size_t i = 0; left > 0; i++) {
        const size_t n = data[i].iov_len < left ? data[i].iov_len : (size_t)left;
        put_bytes(data[i].iov_base, n);
        left -= n;
    }
    errno = why;
}

void recorder_bad(const char *what, const char *name)
{
    char text[512];

    snprintf(text, sizeof text, "%s %s", what, name);
    recorder_put((struct record_head){.type = RECORD_BAD}, text, NULL, NULL);
}

void crash_mark(const char *text)
{
    if (!recorder_begin())
        return;
    recorder_take_shared();
    recorder_put((struct record_head){.type = RECORD_MARK}, text, NULL, NULL);
    recorder_end();
}

/* -- what is ours --------------------------------------------------------------------------------------- */

static bool path_of(int fd, char path[PATH_MAX])
{
    char link[40];

    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    const ssize_t n = readlink(link, path, PATH_MAX - 1);
    if (n < 0)
        return false;
    path[n] = '\0';
    return true;
}

bool recorder_owns(int fd, struct recorder_file *f)
{
    const size_t length = strlen(root);
    const int why = errno;
    char path[PATH_MAX];

    const bool ours = fd >= 0 && path_of(fd, path) && strncmp(path, root, length) == 0 &&
                      (path[length] == '/' || path[length] == '\0') && fstat(fd, &f->st) == 0;
    if (ours)
        snprintf(f->name, sizeof f->name, "%.250s", strrchr(path, '/') + 1);
    errno = why;
    return ours;
}

bool recorder_place(int dir, const char *path, struct recorder_place *p)
{
    char text[PATH_MAX];
    struct recorder_file parent_file;
    const int why = errno;

    p->parent = -1;
    snprintf(text, sizeof text, "%s", path);
    for (size_t n = strlen(text); n > 1 && text[n - 1] == '/'; n--)
        text[n - 1] = '\0';
    char *const slash = strrchr(text, '/');
    snprintf(p->name, sizeof p->name, "%s", slash ? slash + 1 : text);
    const char *parent = ".";
    if (slash) {
        slash[slash == text] = '\0';
        parent = text;
    }
    p->parent = (int)syscall(SYS_openat, dir, parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
    const bool ours = recorder_owns(p->parent, &parent_file);
    if (ours)
        p->dir = parent_file.st.st_ino;
    errno = why;
    return ours;
}

void recorder_leave(const struct recorder_place *p)
{
    if (p->parent >= 0)
        syscall(SYS_close, p->parent);
}

uint64_t recorder_node(const struct recorder_place *p)
{
    const int why = errno;
    struct stat st;

    const bool found = fstatat(p->parent, p->name, &st, AT_SYMLINK_NOFOLLOW) == 0;
    errno = why;
    return found ? st.st_ino : 0;
}

/* -- shared memory -------------------------------------------------------------------------------------- */

#define PAGE ((size_t)4096)

/* A mapping of this process, and what was recorded of it. */
static struct shared {
    const uint8_t *at;
    size_t size;
    uint8_t *recorded;
    struct recorder_file file;
} shared[8];

void recorder_share(const void *at, size_t size, const struct recorder_file *f)
{
    for (size_t i = 0; i < sizeof shared / sizeof shared[0]; i++) {
        struct shared *const s = &shared[i];
        if (s->at)
            continue;
        *s = (struct shared){at, size / PAGE * PAGE, calloc(1, size), *f};
        if (!s->recorded)
            die("shared memory");
        return;
    }
    recorder_bad("too much shared memory", f->name);
}

void recorder_unshare(const void *at)
{
    for (size_t i = 0; i < sizeof shared / sizeof shared[0]; i++) {
        if (shared[i].at == at) {
            free(shared[i].recorded);
            shared[i].at = NULL;
        }
    }
}

void recorder_take_shared(void)
{
    for (size_t i = 0; i < sizeof shared / sizeof shared[0]; i++) {
        const struct shared *const s = &shared[i];
        for (size_t at = 0; s->at && at < s->size; at += PAGE) {
            if (memcmp(s->at + at, s->recorded + at, PAGE) == 0)
                continue;
            memcpy(s->recorded + at, s->at + at,
                   PAGE); /* others go on writing: what is recorded is one reading */
            recorder_put((struct record_head){.type = RECORD_WRITE,
                                              .node = s->file.st.st_ino,
                                              .offset = at,
                                              .flags = RECORD_SHARED,
                                              .data_size = PAGE},
                         s->file.name, NULL, &(struct iovec){s->recorded + at, PAGE});
        }
    }
}

/* -- what the program says ------------------------------------------------------------------------------ */

bool recorder_is_said(int fd)
{
    char path[PATH_MAX];

    return said[0] && path_of(fd, path) && strcmp(path, said) == 0;
}

/* One mark for each whole line that came since the last time. Each program is given an empty file. */
void recorder_take_said(void)
{
    char text[65536];
    const int why = errno;
    const int fd = (int)syscall(SYS_openat, AT_FDCWD, said, O_RDONLY | O_CLOEXEC);

    const ssize_t n = fd < 0 ? -1 : pread(fd, text, sizeof text - 1, said_at);
    if (n < 0)
        die(said);
    text[n] = '\0';
    char *line = text;
    for (char *end = strchr(line, '\n'); end; end = strchr(line, '\n')) {
        char mark[512];
        *end = '\0';
        snprintf(mark, sizeof mark, "said %.500s", line);
        recorder_put((struct record_head){.type = RECORD_MARK}, mark, NULL, NULL);
        said_at += end + 1 - line;
        line = end + 1;
    }
    syscall(SYS_close, fd);
    errno = why;
}
