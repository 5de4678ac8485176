/*
 * Evidence: what is stored of a journal, item by item, as it is. Nothing here judges; audit/verify.c does.
 *
 * Two homes, one shape: the LMDB file of a journal (a read-only snapshot; appends elsewhere go on), or a raw
 * export (docs/FORMAT.md, "Raw export"), from a file or from memory. Items come in byte order of their keys.
 */
#ifndef AUDIT_EVIDENCE_H
#define AUDIT_EVIDENCE_H

#include "ledger/err.h"

#include <stddef.h>
#include <stdint.h>

enum evidence_table {
    EVIDENCE_META,
    EVIDENCE_ENTRIES,
    EVIDENCE_TILES,
    EVIDENCE_SEALS,
    EVIDENCE_CONTROL,
    EVIDENCE_TIMESTAMPS
};
#define EVIDENCE_TABLES  6

#define EVIDENCE_KEY_MAX 511 /* bytes in a key: LMDB's limit, and so the raw export's */

/* One stored item; borrowed until evidence_close(). */
struct evidence_item {
    const uint8_t *key;
    size_t key_size;
    const uint8_t *bytes;
    size_t size;
};

struct evidence;        /* belongs to one thread */
struct evidence_cursor; /* a place in one table */

/*
 * The newest committed state of the journal in `dir`. ERR_NOT_FOUND: there is no journal. ERR_FORMAT: the
 * file is no LMDB environment, or it is shorter than it says. ERR_IO: the system refused.
 */
MUST_USE enum err_code evidence_open_journal(const char *dir, struct evidence **e, struct err *err);
/* A raw export. ERR_NOT_FOUND, ERR_IO, or ERR_FORMAT with the byte where it stops making sense. */
MUST_USE enum err_code evidence_open_export(const char *path, struct evidence **e, struct err *err);
/* The same from memory, which must outlive *e. */
MUST_USE enum err_code evidence_open_memory(const void *bytes, size_t size, struct evidence **e,
                                            struct err *err);
void evidence_close(struct evidence *e); /* after its cursors; NULL is fine */

/* A cursor before the first item. A table that does not exist is an empty one. */
MUST_USE enum err_code evidence_cursor_open(struct evidence *e, enum evidence_table table,
                                            struct evidence_cursor **c, struct err *err);
void evidence_cursor_close(struct evidence_cursor *c); /* NULL is fine */

/* Steps to the next item. False at the end; *item is then untouched. ERR_FORMAT: the file itself is damaged.
 */
MUST_USE enum err_code evidence_next(struct evidence_cursor *c, struct evidence_item *item, bool *found,
                                     struct err *err);
/* Steps to the first item whose key is not below `key`. */
MUST_USE enum err_code evidence_seek(struct evidence_cursor *c, const void *key, size_t key_size,
                                     struct evidence_item *item, bool *found, struct err *err);
/* The item with the greatest key; the cursor is then at the end. */
MUST_USE enum err_code evidence_last(struct evidence_cursor *c, struct evidence_item *item, bool *found,
                                     struct err *err);

/*
 * These bytes, of items, will hardly be read again: the pages they were mapped to need not stay in memory. They
 * may be read again all the same.
 */
void evidence_release(struct evidence *e, const void *bytes, size_t size);

/* The table's name in errors: "entries", "tiles" ... */
const char *evidence_table_name(enum evidence_table table);

#endif
