#include "simulator/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static struct {
    uint64_t writes;
    bool is_dead;
    uint64_t dies_at; /* a count of writes; 0: never */
    uint64_t full_from;
    uint64_t full_to; /* behind the last; 0: never */
    bool was_full;
} disk;

void disk_revive(void)
{
    disk.is_dead = false;
    disk.dies_at = 0;
}

void disk_repair(void)
{
    disk_revive();
    disk.full_to = 0;
    disk.was_full = false;
}

void disk_die(void)
{
    disk.is_dead = true;
}

bool disk_is_dead(void)
{
    return disk.is_dead;
}

void disk_die_at(int64_t n)
{
    disk.dies_at = disk.writes + (uint64_t)(n > 0 ? n : 1);
}

void disk_fill(int64_t n, int64_t count)
{
    disk.full_from = disk.writes + (uint64_t)(n > 0 ? n : 1);
    disk.full_to = disk.full_from + (uint64_t)(count > 0 ? count : 1);
}

bool disk_was_full(void)
{
    const bool was = disk.was_full;

    disk.was_full = false;
    return was;
}

uint64_t disk_writes(void)
{
    return disk.writes;
}

/* 0, or what the write that is about to happen fails with. Standard output and error are no disk. */
static int fault(int fd)
{
    if (fd >= 0 && fd <= STDERR_FILENO)
        return 0;
    disk.writes++;
    disk.is_dead = disk.is_dead || disk.writes == disk.dies_at;
    if (disk.is_dead)
        return EIO;
    if (disk.full_to == 0 || disk.writes < disk.full_from || disk.writes >= disk.full_to)
        return 0;
    disk.was_full = true;
    return ENOSPC;
}

static long through(int fd, long number, long a, long b, long c)
{
    const int failed = fault(fd);

    if (failed) {
        errno = failed;
        return -1;
    }
    return syscall(number, (long)fd, a, b, c);
}

/* -- the C library's calls, as everything linked to this program finds them -------------------------------- */

ssize_t write(int fd, const void *bytes, size_t size)
{
    return through(fd, SYS_write, (long)bytes, (long)size, 0);
}

ssize_t writev(int fd, const struct iovec *rows, int count)
{
    return through(fd, SYS_writev, (long)rows, count, 0);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at)
{
    return through(fd, SYS_pwrite64, (long)bytes, (long)size, at);
}

int ftruncate(int fd, off_t size)
{
    return (int)through(fd, SYS_ftruncate, size, 0, 0);
}

int fallocate(int fd, int mode, off_t at, off_t size)
{
    return (int)through(fd, SYS_fallocate, mode, at, size);
}

int fdatasync(int fd)
{
    return (int)through(fd, SYS_fdatasync, 0, 0, 0);
}

int fsync(int fd)
{
    return (int)through(fd, SYS_fsync, 0, 0, 0);
}

int rename(const char *from, const char *to)
{
    const int failed = fault(-1);

    if (failed) {
        errno = failed;
        return -1;
    }
    return (int)syscall(SYS_renameat2, (long)AT_FDCWD, from, (long)AT_FDCWD, to, 0L);
}
