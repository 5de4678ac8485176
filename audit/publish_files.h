/*
 * The files of a directory that is being served while it grows (ledger/published.h names them): each comes,
 * and changes, whole. For audit/publish.c.
 *
 *   publish_files_open(&f, dir, err);   makes the directory; holds a lock on it
 *   publish_files_put(f, name, ...);    soon under its name: where the same bytes are, nothing is written
 *   publish_files_settle(f, err);       all that was put is under its name and on disk
 *   publish_files_close(f);             takes away what has not got its name
 *
 * A file is written beside, synced, and then named. Some are under way at a time, so that the disk has more
 * than one to do.
 */
#ifndef AUDIT_PUBLISH_FILES_H
#define AUDIT_PUBLISH_FILES_H

#include "ledger/published.h"

struct publish_files;

/* ERR_EXISTS: another publish is at work there. ERR_IO, ERR_MEMORY. */
MUST_USE enum err_code publish_files_open(struct publish_files **f, const char *dir, struct err *err);
void publish_files_close(struct publish_files *f); /* NULL is fine */

/*
 * The whole file, in malloc'd memory with a terminator. ERR_NOT_FOUND: it is not there. ERR_INPUT: more than
 * `max`.
 */
MUST_USE enum err_code publish_files_read(struct publish_files *f, const struct published_name *name,
                                          size_t max, uint8_t **bytes, size_t *size, struct err *err);
/* Whether a file of that name is there, whatever is in it. */
bool publish_files_has(const struct publish_files *f, const struct published_name *name);
MUST_USE enum err_code publish_files_put(struct publish_files *f, const struct published_name *name,
                                         const void *bytes, size_t size, struct err *err);
MUST_USE enum err_code publish_files_settle(struct publish_files *f, struct err *err);

/* ERR_EXISTS: something is there that no publish has made, and what. For a directory without a checkpoint. */
MUST_USE enum err_code publish_files_check_ours(struct publish_files *f, struct err *err);
/* Takes away the partial forms of a tile or bundle; `width` counts for nothing. None is fine. */
MUST_USE enum err_code publish_files_drop_partial(struct publish_files *f, const struct published_name *name,
                                                  struct err *err);

uint64_t publish_files_written(const struct publish_files *f); /* files, so far */
uint64_t publish_files_bytes(const struct publish_files *f);   /* in them */

#endif
