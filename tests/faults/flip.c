/*
 * Flips one bit of what a program writes to a journal's file. Loaded with LD_PRELOAD; LMDB's calls come here, because it
 * is a library of its own.
 *
 *   FLIP_WRITE  which write of whole pages to a journal.mdb is changed, from 1; not set: none is
 *   FLIP_FIND   or: the first one that holds this text
 *   FLIP_BIT    which bit of the write, or of the text, counted from 0 on; past its end from its beginning again
 *   FLIP_LOG    a file that gets a line for each such write, "number bytes", and one "flipped" for the one that was changed
 *
 * LMDB's meta pages are written in less than a page: those are let pass.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define PAGE_SIZE 4096u

static unsigned long long number_of(const char *variable)
{
    const char *const text = getenv(variable);

    return text ? strtoull(text, NULL, 10) : 0;
}

static bool is_journal(int fd)
{
    static const char name[] = "/journal.mdb";
    char link[64];
    char path[4096];

    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    const ssize_t length = readlink(link, path, sizeof path);
    return length > (ssize_t)sizeof name &&
           memcmp(path + length - (sizeof name - 1), name, sizeof name - 1) == 0;
}

static void tell(unsigned long long number, size_t size, bool is_flipped)
{
    const char *const log = getenv("FLIP_LOG");
    char line[64];

    if (!log)
        return;
    const int fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    const int length =
        snprintf(line, sizeof line, "%llu %zu%s\n", number, size, is_flipped ? " flipped" : "");
    (void)syscall(SYS_write, fd, line, (size_t)length);
    (void)close(fd);
}

/* Where to flip a bit, and among how many; NULL: not in this write. */
static const unsigned char *target(const void *bytes, size_t size, unsigned long long number, size_t *among)
{
    static bool was_found;
    const char *const text = getenv("FLIP_FIND");

    *among = size;
    if (!text)
        return number == number_of("FLIP_WRITE") ? bytes : NULL;
    *among = strlen(text);
    const unsigned char *const found = was_found ? NULL : memmem(bytes, size, text, *among);
    was_found = was_found || found;
    return found;
}

/* The bytes to write: NULL when they are the program's own, or a copy, to be freed, in which a bit is flipped. */
static void *flipped(int fd, const void *bytes, size_t size)
{
    static unsigned long long counted;
    size_t among = 0;

    if (size < PAGE_SIZE || size % PAGE_SIZE != 0 || !is_journal(fd))
        return NULL;
    const unsigned char *const at = target(bytes, size, ++counted, &among);
    tell(counted, size, at);
    unsigned char *const copy = at ? malloc(size) : NULL;
    if (!copy)
        return NULL;
    memcpy(copy, bytes, size);
    const unsigned long long bit =
        8 * (unsigned long long)(at - (const unsigned char *)bytes) + number_of("FLIP_BIT") % (8 * among);
    copy[bit / 8] ^= (unsigned char)(1u << bit % 8);
    return copy;
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at)
{
    void *const copy = flipped(fd, bytes, size);
    const ssize_t rc = syscall(SYS_pwrite64, fd, copy ? copy : bytes, size, at);

    free(copy);
    return rc;
}

ssize_t write(int fd, const void *bytes, size_t size)
{
    void *const copy = flipped(fd, bytes, size);
    const ssize_t rc = syscall(SYS_write, fd, copy ? copy : bytes, size);

    free(copy);
    return rc;
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    size_t size = 0;

    for (int i = 0; i < count; i++)
        size += parts[i].iov_len;
    char *const whole = malloc(size + 1);
    if (!whole)
        return syscall(SYS_writev, fd, parts, count);
    size = 0;
    for (int i = 0; i < count; size += parts[i++].iov_len)
        memcpy(whole + size, parts[i].iov_base, parts[i].iov_len);
    const ssize_t rc = write(fd, whole, size);
    free(whole);
    return rc;
}
