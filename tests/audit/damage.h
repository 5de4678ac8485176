/* Whole files, read to be damaged and written back. Tests only. */
#ifndef TESTS_AUDIT_DAMAGE_H
#define TESTS_AUDIT_DAMAGE_H

#include "support/journals.h"

#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>

#define DAMAGE_PAGE 4096 /* LMDB's, on this machine */

static inline uint8_t *damage_read(const char *path, size_t *size)
{
    struct stat st;
    const int fd = open(path, O_RDONLY);

    REQUIRE(fd >= 0 && fstat(fd, &st) == 0);
    uint8_t *const bytes = malloc((size_t)st.st_size + 1);
    REQUIRE(bytes && read(fd, bytes, (size_t)st.st_size) == st.st_size);
    close(fd);
    *size = (size_t)st.st_size;
    return bytes;
}

static inline void damage_write(const char *path, const uint8_t *bytes, size_t size)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    REQUIRE(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
    close(fd);
}

/* A copy of the file with one page zeroed; the caller's to free. */
static inline uint8_t *damage_page(const uint8_t *good, size_t size, size_t page)
{
    uint8_t *const bytes = malloc(size);

    REQUIRE(bytes && (page + 1) * DAMAGE_PAGE <= size);
    memcpy(bytes, good, size);
    memset(bytes + page * DAMAGE_PAGE, 0, DAMAGE_PAGE);
    return bytes;
}

#endif
