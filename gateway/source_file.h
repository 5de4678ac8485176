/*
 * A file that is read into perceptions: its bytes, their SHA-256, and the question whether the journal has it.
 */
#ifndef GATEWAY_SOURCE_FILE_H
#define GATEWAY_SOURCE_FILE_H

#include "gateway/feed.h"

#define SOURCE_FILE_PATH_SIZE 512
#define SOURCE_FILE_MAX       (512u << 20) /* bytes; the largest real one has 3.3 million */

struct source_file {
    char path[SOURCE_FILE_PATH_SIZE]; /* relative to the folder; with "#from..to" for a part of a file */
    struct digest32 sha256;
    uint8_t *bytes;
    size_t size;
};

/* True when dir/path is there. */
bool source_file_exists(const char *dir, const char *path);

/*
 * Reads dir/path whole and hashes it. ERR_NOT_FOUND: not there. ERR_INPUT: larger than SOURCE_FILE_MAX, or no
 * file. ERR_IO: cannot be read. On error nothing is held.
 */
MUST_USE enum err_code source_file_read(const char *dir, const char *path, struct source_file *file,
                                        struct err *err);
void source_file_release(struct source_file *file); /* zeroed is fine */

/* ERR_EXISTS: "PATH was imported already (entry 17)". */
MUST_USE enum err_code source_file_refuse_seen(const struct source_file *file,
                                               const struct feed_context *context, struct err *err);

/* Days of a file of many days that were imported already: the callback gets each range and its entry. */
typedef void source_file_range_function(void *arg, civil_day from, civil_day to, uint64_t seq);
MUST_USE enum err_code source_file_seen_ranges(const struct source_file *file,
                                               const struct feed_context *context,
                                               source_file_range_function *each, void *arg, struct err *err);
/* Appends "#2015-07-06..2015-12-23" to the path. */
void source_file_mark_range(struct source_file *file, civil_day from, civil_day to);

#endif
