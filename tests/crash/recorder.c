/*
 * A library to preload: records what a program does to the files below $CRASH_ROOT, with data and order, into
 * $CRASH_LOG (record.h). Without these variables it stands aside.
 *
 * Each recorded call and its record happen under one lock that all recorded processes share (flock on the log), so the
 * log's order is the order on the files. Nothing is remembered between calls: what a descriptor is, /proc and fcntl()
 * tell. Streams of stdio write behind the back of any such library; a stream's file is recorded whole when it is
 * flushed or closed. escapes.py compares the log with what strace sees, so that a way to write that is missing here
 * fails the test.
 */
#include "recorder.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

/* libc's own function of that name. */
#define NEXT(pointer, name) (*(void **)&(pointer) = dlsym(RTLD_NEXT, (name)))

/* -- opening -------------------------------------------------------------------------------------------- */

/* After a name was opened that was not there before, or whose file was emptied. */
static void put_opened(const struct recorder_place *p, bool was_there, bool emptied)
{
    const uint64_t node = recorder_node(p);

    if (!was_there)
        recorder_put((struct record_head){.type = RECORD_CREATE, .dir = p->dir, .node = node}, p->name, NULL,
                     NULL);
    else if (emptied)
        recorder_put((struct record_head){.type = RECORD_SIZE, .node = node}, p->name, NULL, NULL);
}

static int do_open(int dir, const char *path, int flags, mode_t mode)
{
    struct recorder_place p;

    if (!(flags & (O_CREAT | O_TRUNC)) || !recorder_begin())
        return (int)syscall(SYS_openat, dir, path, flags, mode);
    const bool ours = recorder_place(dir, path, &p);
    const bool was_there = ours && recorder_node(&p) != 0;
    const int fd = (int)syscall(SYS_openat, dir, path, flags, mode);
    if (fd >= 0 && ours)
        put_opened(&p, was_there, flags & O_TRUNC);
    recorder_leave(&p);
    recorder_end();
    return fd;
}

static mode_t mode_of(int flags, va_list args)
{
    return flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;
}

#define OPEN(name)                                                                                           \
    int name(const char *path, int flags, ...)                                                               \
    {                                                                                                        \
        va_list args;                                                                                        \
        va_start(args, flags);                                                                               \
        const mode_t mode = mode_of(flags, args);                                                            \
        va_end(args);                                                                                        \
        return do_open(AT_FDCWD, path, flags, mode);                                                         \
    }
#define OPENAT(name)                                                                                         \
    int name(int dir, const char *path, int flags, ...)                                                      \
    {                                                                                                        \
        va_list args;                                                                                        \
        va_start(args, flags);                                                                               \
        const mode_t mode = mode_of(flags, args);                                                            \
        va_end(args);                                                                                        \
        return do_open(dir, path, flags, mode);                                                              \
    }
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

int creat(const char *path, mode_t mode)
{
    return do_open(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

/* Another name in the place of the six X, or of the name that was tried last. */
static bool roll_name(char *template)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz012345";
    unsigned char dice[6];
    const size_t length = strlen(template);

    if (length < sizeof dice) {
        errno = EINVAL;
        return false;
    }
    if (getrandom(dice, sizeof dice, 0) != (ssize_t)sizeof dice)
        return false;
    for (size_t i = 0; i < sizeof dice; i++)
        template[length - sizeof dice + i] = letters[dice[i] % 32];
    return true;
}

int mkostemp(char *template, int flags)
{
    int fd = -1;

    do {
        if (!roll_name(template))
            return -1;
        fd = do_open(AT_FDCWD, template, O_RDWR | O_CREAT | O_EXCL | flags, 0600);
    } while (fd < 0 && errno == EEXIST);
    return fd;
}

int mkstemp(char *template)
{
    return mkostemp(template, 0);
}

/* -- writing -------------------------------------------------------------------------------------------- */

static off_t place_of_write(int fd, off_t at, const struct stat *st)
{
    if (at >= 0)
        return at;
    return fcntl(fd, F_GETFL) & O_APPEND ? st->st_size : lseek(fd, 0, SEEK_CUR);
}

static long call_write(int fd, const struct iovec *v, int n, off_t at)
{
    if (n == 1)
        return at < 0 ? syscall(SYS_write, fd, v->iov_base, v->iov_len)
                      : syscall(SYS_pwrite64, fd, v->iov_base, v->iov_len, at);
    return at < 0 ? syscall(SYS_writev, fd, v, n) : syscall(SYS_pwritev, fd, v, n, at, 0);
}

static ssize_t do_write(int fd, const struct iovec *v, int n, off_t at)
{
    struct record_head h = {.type = RECORD_WRITE};
    struct recorder_file f;

    if (!recorder_begin())
        return call_write(fd, v, n, at);
    const bool ours = recorder_owns(fd, &f) && S_ISREG(f.st.st_mode);
    if (ours) {
        h.node = f.st.st_ino;
        h.offset = (uint64_t)place_of_write(fd, at, &f.st);
        h.flags = fcntl(fd, F_GETFL) & O_DSYNC ? RECORD_DURABLE : 0; /* O_SYNC holds O_DSYNC's bit */
        recorder_take_shared();
    } else {
        recorder_end(); /* a pipe may block */
    }
    const long done = call_write(fd, v, n, at);
    if (!ours)
        return done;
    h.data_size = done > 0 ? (uint64_t)done : 0;
    if (done > 0)
        recorder_put(h, f.name, NULL, v);
    recorder_end();
    return done;
}

static ssize_t do_write_one(int fd, const void *bytes, size_t size, off_t at)
{
    const struct iovec v = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = size};

    return do_write(fd, &v, 1, at);
}

ssize_t write(int fd, const void *bytes, size_t size)
{
    return do_write_one(fd, bytes, size, -1);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at)
{
    return do_write_one(fd, bytes, size, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off_t at)
{
    return do_write_one(fd, bytes, size, at);
}

ssize_t writev(int fd, const struct iovec *v, int n)
{
    return do_write(fd, v, n, -1);
}

ssize_t pwritev(int fd, const struct iovec *v, int n, off_t at)
{
    return do_write(fd, v, n, at);
}

ssize_t pwritev64(int fd, const struct iovec *v, int n, off_t at)
{
    return do_write(fd, v, n, at);
}

/* -- sizes ---------------------------------------------------------------------------------------------- */

int fallocate(int fd, int mode, off_t at, off_t size)
{
    struct recorder_file f;

    if (!recorder_begin())
        return (int)syscall(SYS_fallocate, fd, mode, at, size);
    const bool ours = recorder_owns(fd, &f);
    const int rc = (int)syscall(SYS_fallocate, fd, mode, at, size);
    if (rc == 0 && ours && mode == 0 && at + size >= f.st.st_size) /* another process may have been first */
        recorder_put(
            (struct record_head){.type = RECORD_SIZE, .node = f.st.st_ino, .offset = (uint64_t)(at + size)},
            f.name, NULL, NULL);
    else if (rc == 0 && ours && mode != 0 && mode != FALLOC_FL_KEEP_SIZE)
        recorder_bad("fallocate", "with a mode");
    recorder_end();
    return rc;
}

int fallocate64(int fd, int mode, off_t at, off_t size)
{
    return fallocate(fd, mode, at, size);
}

int posix_fallocate(int fd, off_t at, off_t size)
{
    return fallocate(fd, 0, at, size) == 0 ? 0 : errno;
}

int ftruncate(int fd, off_t size)
{
    struct recorder_file f;

    if (!recorder_begin())
        return (int)syscall(SYS_ftruncate, fd, size);
    const bool ours = recorder_owns(fd, &f);
    const int rc = (int)syscall(SYS_ftruncate, fd, size);
    if (rc == 0 && ours)
        recorder_put((struct record_head){.type = RECORD_SIZE, .node = f.st.st_ino, .offset = (uint64_t)size},
                     f.name, NULL, NULL);
    recorder_end();
    return rc;
}

int ftruncate64(int fd, off_t size)
{
    return ftruncate(fd, size);
}

/* -- durability ----------------------------------------------------------------------------------------- */

static int do_sync(int fd, long call)
{
    struct recorder_file f;

    if (!recorder_begin())
        return (int)syscall(call, fd);
    const bool ours = recorder_owns(fd, &f);
    recorder_take_shared();
    const int rc = (int)syscall(call, fd);
    if (rc == 0 && ours)
        recorder_put((struct record_head){.type = RECORD_SYNC,
                                          .node = f.st.st_ino,
                                          .flags = S_ISDIR(f.st.st_mode) ? RECORD_DIRECTORY : 0},
                     f.name, NULL, NULL);
    recorder_end();
    return rc;
}

int fsync(int fd)
{
    return do_sync(fd, SYS_fsync);
}

int fdatasync(int fd)
{
    return do_sync(fd, SYS_fdatasync);
}

/* A shared mapping that may be written is a way past this library, unless it is known to be shared memory only. */
void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    struct recorder_file f;

    void *const mapped = (void *)syscall(SYS_mmap, at, size, protection, flags, fd, offset);
    if (mapped == MAP_FAILED || !(flags & MAP_SHARED) || !(protection & PROT_WRITE) || fd < 0 ||
        !recorder_begin())
        return mapped;
    if (recorder_owns(fd, &f) && record_is_shared(f.name))
        recorder_share(mapped, size, &f);
    else if (recorder_owns(fd, &f) && !record_is_scratch(f.name))
        recorder_bad("mmap", f.name);
    recorder_end();
    return mapped;
}

int munmap(void *at, size_t size)
{
    if (recorder_begin()) {
        recorder_unshare(at);
        recorder_end();
    }
    return (int)syscall(SYS_munmap, at, size);
}

void *mmap64(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    return mmap(at, size, protection, flags, fd, offset);
}

/* -- names ---------------------------------------------------------------------------------------------- */

static int do_rename(int dir, const char *path, int dir2, const char *path2, unsigned flags)
{
    struct recorder_place from;
    struct recorder_place to;

    if (!recorder_begin())
        return (int)syscall(SYS_renameat2, dir, path, dir2, path2, flags);
    const bool ours = recorder_place(dir, path, &from);
    const bool ours2 = recorder_place(dir2, path2, &to);
    struct record_head h = {.type = RECORD_RENAME, .flags = flags & RENAME_EXCHANGE ? RECORD_EXCHANGE : 0};
    if (ours && ours2) {
        h.node = recorder_node(&from);
        h.dir = from.dir;
        h.node2 = recorder_node(&to);
        h.dir2 = to.dir;
    }
    const int rc = (int)syscall(SYS_renameat2, dir, path, dir2, path2, flags);
    if (rc == 0 && ours && ours2)
        recorder_put(h, from.name, to.name, NULL);
    else if (rc == 0 && (ours || ours2))
        recorder_bad("rename over the border", path);
    recorder_leave(&from);
    recorder_leave(&to);
    recorder_end();
    return rc;
}

int rename(const char *path, const char *path2)
{
    return do_rename(AT_FDCWD, path, AT_FDCWD, path2, 0);
}

int renameat(int dir, const char *path, int dir2, const char *path2)
{
    return do_rename(dir, path, dir2, path2, 0);
}

int renameat2(int dir, const char *path, int dir2, const char *path2, unsigned flags)
{
    return do_rename(dir, path, dir2, path2, flags);
}

int linkat(int dir, const char *path, int dir2, const char *path2, int flags)
{
    struct recorder_place to;

    if (!recorder_begin())
        return (int)syscall(SYS_linkat, dir, path, dir2, path2, flags);
    const bool ours = recorder_place(dir2, path2, &to);
    const int rc = (int)syscall(SYS_linkat, dir, path, dir2, path2, flags);
    if (rc == 0 && ours)
        recorder_put((struct record_head){.type = RECORD_LINK, .dir = to.dir, .node = recorder_node(&to)},
                     to.name, NULL, NULL);
    recorder_leave(&to);
    recorder_end();
    return rc;
}

int link(const char *path, const char *path2)
{
    return linkat(AT_FDCWD, path, AT_FDCWD, path2, 0);
}

int unlinkat(int dir, const char *path, int flags)
{
    struct recorder_place p;

    if (!recorder_begin())
        return (int)syscall(SYS_unlinkat, dir, path, flags);
    const bool ours = recorder_place(dir, path, &p);
    const uint64_t node = ours ? recorder_node(&p) : 0;
    const int rc = (int)syscall(SYS_unlinkat, dir, path, flags);
    if (rc == 0 && ours)
        recorder_put((struct record_head){.type = RECORD_UNLINK, .dir = p.dir, .node = node}, p.name, NULL,
                     NULL);
    recorder_leave(&p);
    recorder_end();
    return rc;
}

int unlink(const char *path)
{
    return unlinkat(AT_FDCWD, path, 0);
}

int rmdir(const char *path)
{
    return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

int remove(const char *path)
{
    const int rc = unlink(path);

    return rc != 0 && errno == EISDIR ? rmdir(path) : rc;
}

int mkdirat(int dir, const char *path, mode_t mode)
{
    struct recorder_place p;

    if (!recorder_begin())
        return (int)syscall(SYS_mkdirat, dir, path, mode);
    const bool ours = recorder_place(dir, path, &p);
    const int rc = (int)syscall(SYS_mkdirat, dir, path, mode);
    if (rc == 0 && ours)
        recorder_put((struct record_head){.type = RECORD_MKDIR, .dir = p.dir, .node = recorder_node(&p)},
                     p.name, NULL, NULL);
    recorder_leave(&p);
    recorder_end();
    return rc;
}

int mkdir(const char *path, mode_t mode)
{
    return mkdirat(AT_FDCWD, path, mode);
}

char *mkdtemp(char *template)
{
    int rc = -1;

    do {
        if (!roll_name(template))
            return NULL;
        rc = mkdir(template, 0700);
    } while (rc != 0 && errno == EEXIST);
    return rc == 0 ? template : NULL;
}

/* -- streams -------------------------------------------------------------------------------------------- */

static FILE *do_fopen(const char *path, const char *mode, const char *name)
{
    FILE *(*real)(const char *, const char *);
    struct recorder_place p;

    NEXT(real, name);
    if ((mode[0] == 'r' && !strchr(mode, '+')) || !recorder_begin())
        return real(path, mode);
    const bool ours = recorder_place(AT_FDCWD, path, &p);
    const bool was_there = ours && recorder_node(&p) != 0;
    FILE *const f = real(path, mode);
    if (f && ours)
        put_opened(&p, was_there, mode[0] == 'w');
    recorder_leave(&p);
    recorder_end();
    return f;
}

FILE *fopen(const char *path, const char *mode)
{
    return do_fopen(path, mode, "fopen");
}

FILE *fopen64(const char *path, const char *mode)
{
    return do_fopen(path, mode, "fopen64");
}

/* The whole file behind a stream of ours, as it is now. */
static void put_stream(int fd)
{
    char path[40];
    struct recorder_file f;

    if (!recorder_owns(fd, &f) || !S_ISREG(f.st.st_mode) || (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY)
        return;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    const int reading = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    char *const bytes = malloc((size_t)f.st.st_size + 1);
    const ssize_t n = reading < 0 || !bytes ? -1 : pread(reading, bytes, (size_t)f.st.st_size, 0);
    if (n != (ssize_t)f.st.st_size)
        recorder_bad("stream", path);
    else if (n > 0)
        recorder_put(
            (struct record_head){
                .type = RECORD_WRITE, .node = f.st.st_ino, .flags = RECORD_STREAM, .data_size = (uint64_t)n},
            f.name, NULL, &(struct iovec){bytes, (size_t)n});
    free(bytes);
    syscall(SYS_close, reading);
}

int fflush(FILE *f)
{
    int (*real)(FILE *);

    NEXT(real, "fflush");
    if (!f || !recorder_begin())
        return real(f);
    const int rc = real(f);
    const int fd = fileno(f);
    if (rc == 0 && recorder_is_said(fd))
        recorder_take_said();
    else if (rc == 0)
        put_stream(fd);
    recorder_end();
    return rc;
}

int fclose(FILE *f)
{
    int (*real)(FILE *);

    NEXT(real, "fclose");
    const int fd = fileno(f);
    if (fd >= 0 && (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY)
        (void)fflush(f);
    return real(f);
}
