#include "gateway/source_file.h"

#include "ledger/hash.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FULL_PATH_SIZE 4608

bool source_file_exists(const char *dir, const char *path)
{
    char full[FULL_PATH_SIZE];
    const int n = snprintf(full, sizeof full, "%s/%s", dir, path);

    return n > 0 && (size_t)n < sizeof full && access(full, F_OK) == 0;
}

static enum err_code read_stream(FILE *in, const char *full, struct source_file *file, struct err *err)
{
    struct stat st;

    if (fstat(fileno(in), &st))
        return err_set(err, ERR_IO, "%s: %s", full, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return err_set(err, ERR_INPUT, "%s is no file", full);
    if (st.st_size > (off_t)SOURCE_FILE_MAX)
        return err_set(err, ERR_INPUT, "%s: %lld bytes; at most %u are read", full, (long long)st.st_size,
                       SOURCE_FILE_MAX);
    const size_t size = (size_t)st.st_size;
    uint8_t *const bytes = malloc(size + 1); /* never zero bytes */
    if (!bytes)
        return err_set(err, ERR_MEMORY, "%s: out of memory", full);
    const size_t got = fread(bytes, 1, size + 1, in); /* one more shows a file that grows */
    if (got != size || ferror(in)) {
        free(bytes);
        return err_set(err, ERR_IO, "%s: %s", full,
                       ferror(in) ? strerror(errno) : "changed while it was being read");
    }
    const struct hash hash = hash_bytes(bytes, size);
    memcpy(file->sha256.bytes, hash.bytes, sizeof file->sha256.bytes);
    file->bytes = bytes;
    file->size = size;
    return ERR_OK;
}

enum err_code source_file_read(const char *dir, const char *path, struct source_file *file, struct err *err)
{
    char full[FULL_PATH_SIZE];
    const int n = snprintf(full, sizeof full, "%s/%s", dir, path);

    if (n < 0 || (size_t)n >= sizeof full || strlen(path) >= sizeof file->path)
        return err_set(err, ERR_INPUT, "%.200s...: the path is too long", path);
    FILE *const in = fopen(full, "rbe");
    if (!in)
        return err_set(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "%s: %s", full, strerror(errno));
    const enum err_code rc = read_stream(in, full, file, err);
    fclose(in); /* only read: nothing can be lost */
    if (!rc)
        snprintf(file->path, sizeof file->path, "%s", path);
    return rc;
}

void source_file_release(struct source_file *file)
{
    free(file->bytes);
    file->bytes = NULL;
    file->size = 0;
}

static enum err_code next_seen(const struct source_file *file, const struct feed_context *context,
                               uint64_t after, struct feed_seen *seen, bool *found, struct err *err)
{
    *found = false;
    if (!context->seen)
        return ERR_OK;
    const enum err_code rc = context->seen(context->arg, &file->sha256, after, seen, found, err);
    if (!rc && *found && context->before && seen->seq >= context->before)
        *found = false;
    return rc;
}

enum err_code source_file_refuse_seen(const struct source_file *file, const struct feed_context *context,
                                      struct err *err)
{
    struct feed_seen seen;
    bool found = false;

    const enum err_code rc = next_seen(file, context, 0, &seen, &found, err);
    if (rc || !found)
        return rc;
    return err_set(err, ERR_EXISTS, "%s was imported already (entry %" PRIu64 ")", file->path, seen.seq);
}

/* "...#2015-07-06..2015-12-23" */
static bool parse_range(const char *path, civil_day *from, civil_day *to)
{
    const char *const mark = strrchr(path, '#');

    return mark && strlen(mark) == 23 && memcmp(mark + 11, "..", 2) == 0 &&
           civil_parse(mark + 1, 10, from, NULL) == ERR_OK && civil_parse(mark + 13, 10, to, NULL) == ERR_OK;
}

enum err_code source_file_seen_ranges(const struct source_file *file, const struct feed_context *context,
                                      source_file_range_function *each, void *arg, struct err *err)
{
    struct feed_seen seen = {0};

    for (;;) {
        bool found = false;
        civil_day from = 0;
        civil_day to = 0;
        const enum err_code rc = next_seen(file, context, seen.seq, &seen, &found, err);
        if (rc || !found)
            return rc;
        if (parse_range(seen.path, &from, &to))
            each(arg, from, to, seen.seq);
    }
}

void source_file_mark_range(struct source_file *file, civil_day from, civil_day to)
{
    char a[INSTANT_TEXT_SIZE];
    char b[INSTANT_TEXT_SIZE];
    const size_t length = strlen(file->path);

    civil_format(a, from);
    civil_format(b, to);
    REQUIRE(length + 24 <= sizeof file->path);
    snprintf(file->path + length, sizeof file->path - length, "#%s..%s", a, b);
}
