/*
 * Market data files of a fuzz target's own: an archive of stored entries in memory, and a folder that holds what an
 * importer is to read. The folder is made once and removed when the program ends well.
 */
#ifndef FUZZ_OUTSIDE_H
#define FUZZ_OUTSIDE_H

#include "gateway/feed.h"
#include "ledger/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define OUTSIDE_ARCHIVE_MAX 65536u

/* -- archives ------------------------------------------------------------------------------------------- */

/* A zip being written: little-endian, nothing compressed, so that a fuzzer changes rows and not Huffman codes. */
struct outside_zip {
    uint8_t bytes[OUTSIDE_ARCHIVE_MAX];
    size_t size;
    uint8_t directory[OUTSIDE_ARCHIVE_MAX];
    size_t directory_size;
    unsigned count;
};

static inline size_t outside_number(uint8_t *out, size_t at, uint64_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        out[at + i] = (uint8_t)(value >> 8 * i);
    return at + size;
}

/* What a local header and its row in the directory have in common: versions to dates, CRC, sizes, name. */
static inline size_t outside_common(uint8_t *out, size_t at, uint64_t crc, size_t size, size_t name_size)
{
    at = outside_number(out, at, 20, 2);
    at = outside_number(out, at, 0, 2 + 2);
    at = outside_number(out, at, 0x00210000, 4); /* 1980-01-01 */
    at = outside_number(out, at, crc, 4);
    at = outside_number(out, at, size, 4);
    at = outside_number(out, at, size, 4);
    at = outside_number(out, at, name_size, 2);
    return outside_number(out, at, 0, 2);
}

/* False when it does not fit. */
static inline bool outside_zip_add(struct outside_zip *z, const char *name, size_t name_size,
                                   const void *bytes, size_t size)
{
    const uint64_t crc = crc32(0, bytes, (uInt)size);
    const size_t offset = z->size;

    if (name_size > 0xFFFF || z->size + name_size + size + 64 > OUTSIDE_ARCHIVE_MAX ||
        z->directory_size + name_size + 64 > OUTSIDE_ARCHIVE_MAX)
        return false;
    z->size = outside_number(z->bytes, z->size, 0x04034b50, 4);
    z->size = outside_common(z->bytes, z->size, crc, size, name_size);
    memcpy(z->bytes + z->size, name, name_size);
    memcpy(z->bytes + z->size + name_size, bytes, size);
    z->size += name_size + size;
    uint8_t *const d = z->directory;
    size_t at = outside_number(d, z->directory_size, 0x02014b50, 4);
    at = outside_number(d, at, 20, 2);
    at = outside_common(d, at, crc, size, name_size);
    at = outside_number(d, at, 0, 2 + 2 + 2);
    at = outside_number(d, at, 0, 4);
    at = outside_number(d, at, offset, 4);
    memcpy(d + at, name, name_size);
    z->directory_size = at + name_size;
    z->count++;
    return true;
}

/* False when it does not fit. */
static inline bool outside_zip_end(struct outside_zip *z)
{
    const size_t offset = z->size;

    if (z->size + z->directory_size + 22 > OUTSIDE_ARCHIVE_MAX)
        return false;
    memcpy(z->bytes + z->size, z->directory, z->directory_size);
    z->size = outside_number(z->bytes, z->size + z->directory_size, 0x06054b50, 4);
    z->size = outside_number(z->bytes, z->size, 0, 4);
    z->size = outside_number(z->bytes, z->size, z->count, 2);
    z->size = outside_number(z->bytes, z->size, z->count, 2);
    z->size = outside_number(z->bytes, z->size, z->directory_size, 4);
    z->size = outside_number(z->bytes, z->size, offset, 4);
    z->size = outside_number(z->bytes, z->size, 0, 2);
    return true;
}

/* -- a folder ------------------------------------------------------------------------------------------- */

static char outside_dir[200];

static inline void outside_remove(void)
{
    char command[260];

    REQUIRE(strchr(outside_dir, '\'') == NULL);
    snprintf(command, sizeof command, "rm -r -- '%s'", outside_dir);
    REQUIRE(system(command) == 0);
}

/* The folder, with an empty folder for each of `folders` ("equity", "equity/usa", ... NULL). */
static inline const char *outside_folder(const char *const *folders)
{
    const char *const tmp = getenv("TMPDIR");
    char path[512];

    if (outside_dir[0])
        return outside_dir;
    snprintf(outside_dir, sizeof outside_dir, "%s/ledger-fuzz-XXXXXX",
             tmp && strlen(tmp) < 150 ? tmp : "/tmp");
    REQUIRE(mkdtemp(outside_dir));
    for (size_t i = 0; folders[i]; i++) {
        snprintf(path, sizeof path, "%s/%s", outside_dir, folders[i]);
        REQUIRE(mkdir(path, 0700) == 0);
    }
    REQUIRE(atexit(outside_remove) == 0);
    return outside_dir;
}

static inline void outside_write(const char *relative, const void *bytes, size_t size)
{
    char path[512];

    snprintf(path, sizeof path, "%s/%s", outside_dir, relative);
    FILE *const out = fopen(path, "wb");
    REQUIRE(out && fwrite(bytes, 1, size, out) == size && fclose(out) == 0);
}

/* -- a feed --------------------------------------------------------------------------------------------- */

/* Plays the feed to its end: in order of time, every draft one that may be written, the counts adding up. Closes it. */
static inline void outside_play(struct feed *f)
{
    static struct entry e;
    static uint8_t bytes[ENTRY_MAX_SIZE];
    const struct feed_counts *const c = feed_counts(f);
    int64_t newest_ns = INT64_MIN;
    int64_t instead = 0;
    struct wire_out out;
    struct err err = {0};
    char text[400];

    for (;;) {
        bool found = false;
        REQUIRE(feed_next(f, &e, &found, &err) == ERR_OK);
        if (!found)
            break;
        REQUIRE(entry_check(&e, &err) == ERR_OK);
        wire_out_init(&out, bytes, sizeof bytes);
        REQUIRE(entry_encode(&e, &out, &err) == ERR_OK);
        REQUIRE(e.at_ns == INSTANT_NONE || e.at_ns >= newest_ns);
        newest_ns = e.at_ns == INSTANT_NONE ? newest_ns : e.at_ns;
    }
    for (size_t i = 0; i < FEED_FINDINGS; i++)
        instead += c->instead[i];
    REQUIRE(c->rows == c->entries + instead && c->rows >= 0 && c->skipped >= 0);
    REQUIRE(feed_counts_text(f, text, sizeof text) < sizeof text);
    feed_close(f);
}

#endif
