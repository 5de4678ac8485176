/* What each home of evidence implements; for evidence*.c only. */
#ifndef AUDIT_EVIDENCE_CALLS_H
#define AUDIT_EVIDENCE_CALLS_H

#include "audit/evidence.h"

#include <string.h>

struct evidence_calls {
    void (*close)(struct evidence *e);
    void (*release)(struct evidence *e, const void *bytes, size_t size); /* NULL: nothing to do */
    enum err_code (*cursor_open)(struct evidence *e, enum evidence_table table, struct evidence_cursor **c,
                                 struct err *err);
    void (*cursor_close)(struct evidence_cursor *c);
    enum err_code (*next)(struct evidence_cursor *c, struct evidence_item *item, bool *found,
                          struct err *err);
    enum err_code (*seek)(struct evidence_cursor *c, const void *key, size_t key_size,
                          struct evidence_item *item, bool *found, struct err *err);
    enum err_code (*last)(struct evidence_cursor *c, struct evidence_item *item, bool *found,
                          struct err *err);
};

/* The first member of every home's struct, and of its cursors. */
struct evidence {
    const struct evidence_calls *calls;
};
struct evidence_cursor {
    struct evidence *of;
};

/* Drops the pages of a read-only mapping of a file that hold these bytes; they are read from the file again. */
void evidence_unmap_pages(const void *bytes, size_t size);

/* LMDB's order of keys: bytes first, then the shorter one. */
static inline int evidence_compare(const void *a, size_t a_size, const void *b, size_t b_size)
{
    const size_t common = a_size < b_size ? a_size : b_size;
    const int order = common ? memcmp(a, b, common) : 0;

    if (order != 0 || a_size == b_size)
        return order;
    return a_size < b_size ? -1 : 1;
}

#endif
