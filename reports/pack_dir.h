/*
 * The directory of a pack: written beside its final place, made durable, and put there in one step. Until then
 * nobody sees it; after a failure nothing of it is left, and what was there is as it was.
 */
#ifndef REPORTS_PACK_DIR_H
#define REPORTS_PACK_DIR_H

#include "ledger/hash.h"
#include "reports/manifest.h"

struct pack_dir {
    char *target; /* final place */
    char *path;   /* where it is being written */
    int fd;       /* of `path`; -1: none */
};

/*
 * What stands at `path` now: nothing or an empty directory (ERR_OK), the pack of this day of this journal and
 * nothing else (ERR_OK), or something that is not ours to replace (ERR_EXISTS says what).
 */
MUST_USE enum err_code pack_dir_check(const char *path, const char *origin, civil_day day, struct err *err);

/* Makes the directory to write into, beside `target`. ERR_IO, ERR_NOT_FOUND: no parent directory. */
MUST_USE enum err_code pack_dir_begin(struct pack_dir *d, const char *target, struct err *err);
/* Syncs and puts it in place, replacing what pack_dir_check() allowed. Releases d, also after an error. */
MUST_USE enum err_code pack_dir_commit(struct pack_dir *d, struct err *err);
void pack_dir_abort(struct pack_dir *d); /* removes what was written; fine after begin has failed */

/* A file in it, written through a buffer; size and SHA-256 come along. */
struct pack_file {
    int fd;
    char name[MANIFEST_FILE_NAME];
    uint64_t size;
    struct hash_stream stream;
    size_t held;
    uint8_t buffer[32768];
};

MUST_USE enum err_code pack_file_open(struct pack_file *f, const struct pack_dir *d, const char *name,
                                      struct err *err);
MUST_USE enum err_code pack_file_write(struct pack_file *f, const void *bytes, size_t size, struct err *err);
/* Everything is on disk; *row says what was written. */
MUST_USE enum err_code pack_file_close(struct pack_file *f, struct manifest_file *row, struct err *err);
void pack_file_abort(struct pack_file *f); /* only closes; fine when it is not open (fd -1) */

/* Size and SHA-256 of a regular file in an open directory. ERR_NOT_FOUND: there is none; ERR_IO. */
MUST_USE enum err_code pack_file_measure(int dir_fd, const char *name, bool sync, struct manifest_file *row,
                                         struct err *err);
/* A whole small file, terminated, to be freed. ERR_NOT_FOUND, ERR_IO; ERR_FORMAT: larger than `max`. */
MUST_USE enum err_code pack_file_read(int dir_fd, const char *name, size_t max, char **bytes, size_t *size,
                                      struct err *err);

/* The first name in the directory, in byte order, that `is_known` does not know; *found false: there is none. */
MUST_USE enum err_code pack_dir_stranger(int dir_fd, const struct manifest *m, char *name, size_t capacity,
                                         bool *found, struct err *err);
/* Opens a directory to read. ERR_NOT_FOUND: it is not there or no directory; ERR_IO. */
MUST_USE enum err_code pack_dir_open(const char *path, int *fd, struct err *err);

#endif
