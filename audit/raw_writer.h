/*
 * Writes a raw export (docs/FORMAT.md, "Raw export"), record by record, under an interim name beside the file:
 * the whole file is there, on disk, under its name, or nothing is.
 *
 *   raw_writer_begin(&w, path, err);
 *   raw_writer_put(w, table, key, ...), all of one table together, tables in their order, keys ascending
 *   raw_writer_finish(w, err);      the last record; on disk, under the interim name, which may be read now
 *   raw_writer_publish(w, err);     takes its name; an older file of that name is replaced
 *   raw_writer_free(w);             takes away what has not got its name
 */
#ifndef AUDIT_RAW_WRITER_H
#define AUDIT_RAW_WRITER_H

#include "audit/evidence.h"

struct raw_writer;

/* ERR_INPUT: the path is too long, or something is there that is no regular file. ERR_IO, ERR_MEMORY. */
MUST_USE enum err_code raw_writer_begin(struct raw_writer **w, const char *path, struct err *err);
/* ERR_FORMAT: larger than anything that a journal holds. ERR_IO: disk full ... */
MUST_USE enum err_code raw_writer_put(struct raw_writer *w, enum evidence_table table,
                                      const struct evidence_item *item, struct err *err);
MUST_USE enum err_code raw_writer_finish(struct raw_writer *w, struct err *err);
MUST_USE enum err_code raw_writer_publish(struct raw_writer *w, struct err *err);
void raw_writer_free(struct raw_writer *w); /* NULL is fine */

const char *raw_writer_path(const struct raw_writer *w); /* the interim name */
uint64_t raw_writer_bytes(const struct raw_writer *w);
uint64_t raw_writer_count(const struct raw_writer *w, enum evidence_table table);

#endif
