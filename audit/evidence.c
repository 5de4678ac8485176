#include "audit/evidence.h"

#include "audit/evidence_calls.h"

#include <sys/mman.h>
#include <unistd.h>

void evidence_close(struct evidence *e)
{
    if (e)
        e->calls->close(e);
}

enum err_code evidence_cursor_open(struct evidence *e, enum evidence_table table, struct evidence_cursor **c,
                                   struct err *err)
{
    return e->calls->cursor_open(e, table, c, err);
}

void evidence_cursor_close(struct evidence_cursor *c)
{
    if (c)
        c->of->calls->cursor_close(c);
}

enum err_code evidence_next(struct evidence_cursor *c, struct evidence_item *item, bool *found,
                            struct err *err)
{
    return c->of->calls->next(c, item, found, err);
}

enum err_code evidence_seek(struct evidence_cursor *c, const void *key, size_t key_size,
                            struct evidence_item *item, bool *found, struct err *err)
{
    return c->of->calls->seek(c, key, key_size, item, found, err);
}

enum err_code evidence_last(struct evidence_cursor *c, struct evidence_item *item, bool *found,
                            struct err *err)
{
    return c->of->calls->last(c, item, found, err);
}

void evidence_release(struct evidence *e, const void *bytes, size_t size)
{
    if (e->calls->release)
        e->calls->release(e, bytes, size);
}

void evidence_unmap_pages(const void *bytes, size_t size)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    const uintptr_t from = (uintptr_t)bytes & ~(page - 1);

    (void)madvise((void *)from, (uintptr_t)bytes + size - from, MADV_DONTNEED); /* else they stay: no harm */
}

const char *evidence_table_name(enum evidence_table table)
{
    static const char *const NAMES[EVIDENCE_TABLES] = {"meta",  "entries", "tiles",
                                                       "seals", "control", "timestamps"};

    return NAMES[table];
}
