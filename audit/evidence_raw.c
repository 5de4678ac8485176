/*
 * A raw export, read in place:
 *
 *   0   12  "LEDGERRAW 2\n"
 *   then records, all of one type together, types in the order M B T S C X, keys ascending within a type:
 *       u8   type: M meta, B block of entries, T tile, S seal, C control index, X timestamp
 *       u16  size of the key, 0 .. 511       u32 size of the value
 *       the key, the value
 *   the last record has type E, no key, and a value of 48 bytes: six u64, how many M, B, T, S, C, X there are
 *   nothing follows it
 *
 * Version 1, "LEDGERRAW 1\n", has no X, and five counts in 40 bytes.
 */
#include "audit/evidence.h"

#include "audit/evidence_calls.h"
#include "audit/raw.h"
#include "ledger/file.h"
#include "ledger/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct raw {
    struct evidence base;
    const uint8_t *bytes;
    size_t size;
    bool is_mapped;
    int tables;                    /* that its version has */
    size_t start[EVIDENCE_TABLES]; /* offset of the table's first record */
    size_t end[EVIDENCE_TABLES];   /* one past its last */
    size_t last[EVIDENCE_TABLES];  /* offset of its last record; `end` when it is empty */
};

struct raw_cursor {
    struct evidence_cursor base;
    enum evidence_table table;
    size_t at; /* offset of the record that next gives */
};

static size_t item_at(const struct raw *r, size_t at, struct evidence_item *item)
{
    const uint8_t *const p = r->bytes + at;

    item->key_size = (size_t)p[1] << 8 | p[2];
    item->size = (size_t)p[3] << 24 | (size_t)p[4] << 16 | (size_t)p[5] << 8 | p[6];
    item->key = p + RAW_HEAD_SIZE;
    item->bytes = item->key + item->key_size;
    return at + RAW_HEAD_SIZE + item->key_size + item->size;
}

/* Where the record at `at` ends; 0 when it does not end inside the bytes. */
static size_t record_end(const struct raw *r, size_t at, struct evidence_item *item)
{
    if (r->size - at < RAW_HEAD_SIZE)
        return 0;
    const uint8_t *const p = r->bytes + at;
    const size_t key_size = (size_t)p[1] << 8 | p[2];
    const size_t size = (size_t)p[3] << 24 | (size_t)p[4] << 16 | (size_t)p[5] << 8 | p[6];
    const size_t left = r->size - at - RAW_HEAD_SIZE;
    if (key_size > EVIDENCE_KEY_MAX || key_size > left || size > left - key_size)
        return 0;
    return item_at(r, at, item);
}

static enum err_code end_check(const struct raw *r, size_t at, const uint64_t counts[EVIDENCE_TABLES],
                               struct err *err)
{
    struct evidence_item item;
    const size_t end = record_end(r, at, &item);

    if (end == 0 || item.key_size != 0 || item.size != 8 * (size_t)r->tables)
        return err_set(err, ERR_FORMAT, "raw export, byte %zu: the end record is malformed or cut off", at);
    if (end != r->size)
        return err_set(err, ERR_FORMAT, "raw export, byte %zu: bytes follow the end record", end);
    for (int t = 0; t < r->tables; t++) {
        if (wire_load_u64(item.bytes + 8 * t) != counts[t])
            return err_set(err, ERR_FORMAT, "raw export: the count of %s does not agree with its records",
                           evidence_table_name((enum evidence_table)t));
    }
    return ERR_OK;
}

/* 0: it is of no version that is known here. */
static int version_tables(const struct raw *r)
{
    if (r->size < RAW_MAGIC_SIZE)
        return 0;
    if (memcmp(r->bytes, RAW_MAGIC, RAW_MAGIC_SIZE) == 0)
        return EVIDENCE_TABLES;
    return memcmp(r->bytes, RAW_MAGIC_1, RAW_MAGIC_SIZE) == 0 ? RAW_TABLES_1 : 0;
}

/* Walks the heads of all records once: after this every record is known to lie inside the bytes. */
static enum err_code scan(struct raw *r, struct err *err)
{
    uint64_t counts[EVIDENCE_TABLES] = {0};
    struct evidence_item before = {0};
    size_t at = RAW_MAGIC_SIZE;

    r->tables = version_tables(r);
    if (r->tables == 0)
        return err_set(err, ERR_FORMAT,
                       "not a raw export: it does not begin with \"LEDGERRAW 2\" (or 1, of older programs)");
    for (int t = 0; t < EVIDENCE_TABLES; t++) {
        r->start[t] = at;
        r->end[t] = at;
        r->last[t] = at;
        if (t >= r->tables)
            continue;
        while (at < r->size && r->bytes[at] == (uint8_t)RAW_TYPES[t]) {
            struct evidence_item item;
            const size_t end = record_end(r, at, &item);
            if (end == 0)
                return err_set(err, ERR_FORMAT, "raw export, byte %zu: the record is malformed or cut off",
                               at);
            if (counts[t] > 0 && evidence_compare(before.key, before.key_size, item.key, item.key_size) >= 0)
                return err_set(err, ERR_FORMAT, "raw export, byte %zu: the key is not above the one before",
                               at);
            before = item;
            counts[t]++;
            r->last[t] = at;
            at = end;
        }
        r->end[t] = at;
        if (counts[t] == 0)
            r->last[t] = at;
    }
    if (at >= r->size || r->bytes[at] != RAW_END)
        return err_set(err, ERR_FORMAT, "raw export, byte %zu: %s", at,
                       at >= r->size ? "the end record is missing: the file was cut"
                                     : "a record of an unknown type, or out of order");
    return end_check(r, at, counts, err);
}

static void raw_close(struct evidence *e)
{
    struct raw *const r = (struct raw *)e;

    if (r->is_mapped && r->size > 0)
        munmap((void *)(uintptr_t)r->bytes, r->size);
    free(r);
}

static enum err_code raw_cursor_open(struct evidence *e, enum evidence_table table,
                                     struct evidence_cursor **c, struct err *err)
{
    struct raw_cursor *const built = calloc(1, sizeof *built);

    if (!built)
        return err_set(err, ERR_MEMORY, "out of memory");
    built->base.of = e;
    built->table = table;
    built->at = ((struct raw *)e)->start[table];
    *c = &built->base;
    return ERR_OK;
}

static void raw_cursor_close(struct evidence_cursor *c)
{
    free(c);
}

static enum err_code raw_next(struct evidence_cursor *base, struct evidence_item *item, bool *found,
                              struct err *err)
{
    struct raw_cursor *const c = (struct raw_cursor *)base;
    const struct raw *const r = (const struct raw *)base->of;

    (void)err;
    *found = c->at < r->end[c->table];
    if (*found)
        c->at = item_at(r, c->at, item);
    return ERR_OK;
}

/* Forward from where it stands when the key lies there, as a walk's keys do; otherwise from the start. */
static enum err_code raw_seek(struct evidence_cursor *base, const void *key, size_t key_size,
                              struct evidence_item *item, bool *found, struct err *err)
{
    struct raw_cursor *const c = (struct raw_cursor *)base;
    const struct raw *const r = (const struct raw *)base->of;
    struct evidence_item here = {0};

    (void)err;
    if (c->at < r->end[c->table])
        item_at(r, c->at, &here);
    if (c->at == r->end[c->table] || evidence_compare(here.key, here.key_size, key, key_size) > 0)
        c->at = r->start[c->table];
    *found = false;
    while (!*found && c->at < r->end[c->table]) {
        c->at = item_at(r, c->at, &here);
        *found = evidence_compare(here.key, here.key_size, key, key_size) >= 0;
    }
    if (*found)
        *item = here;
    return ERR_OK;
}

static enum err_code raw_last(struct evidence_cursor *base, struct evidence_item *item, bool *found,
                              struct err *err)
{
    struct raw_cursor *const c = (struct raw_cursor *)base;
    const struct raw *const r = (const struct raw *)base->of;

    (void)err;
    *found = r->last[c->table] < r->end[c->table];
    if (*found)
        item_at(r, r->last[c->table], item);
    c->at = r->end[c->table];
    return ERR_OK;
}

/* What is in the caller's memory is no file's. */
static void raw_release(struct evidence *e, const void *bytes, size_t size)
{
    if (((const struct raw *)e)->is_mapped)
        evidence_unmap_pages(bytes, size);
}

static const struct evidence_calls RAW_CALLS = {
    .close = raw_close,
    .release = raw_release,
    .cursor_open = raw_cursor_open,
    .cursor_close = raw_cursor_close,
    .next = raw_next,
    .seek = raw_seek,
    .last = raw_last,
};

/* Takes over the mapping on success only. */
static enum err_code open_bytes(const uint8_t *bytes, size_t size, bool is_mapped, struct evidence **e,
                                struct err *err)
{
    struct raw *const r = calloc(1, sizeof *r);

    if (!r)
        return err_set(err, ERR_MEMORY, "out of memory");
    r->base.calls = &RAW_CALLS;
    r->bytes = bytes;
    r->size = size;
    r->is_mapped = is_mapped;
    const enum err_code rc = scan(r, err);
    if (rc) {
        free(r);
        return rc;
    }
    *e = &r->base;
    return ERR_OK;
}

enum err_code evidence_open_memory(const void *bytes, size_t size, struct evidence **e, struct err *err)
{
    return open_bytes(bytes, size, false, e, err);
}

enum err_code evidence_open_export(const char *path, struct evidence **e, struct err *err)
{
    enum err_code rc = ERR_OK;
    void *bytes = MAP_FAILED;
    struct stat status;

    const int file = file_open(path, O_RDONLY | O_CLOEXEC, 0);
    if (file < 0)
        return err_set(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "%s: %s", path, strerror(errno));
    if (fstat(file, &status) != 0) {
        rc = err_set(err, ERR_IO, "%s: %s", path, strerror(errno));
        goto out;
    }
    if (!S_ISREG(status.st_mode) || status.st_size < RAW_MAGIC_SIZE) {
        rc = err_set(err, ERR_FORMAT, "%s: not a raw export: no file of that form", path);
        goto out;
    }
    bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    if (bytes == MAP_FAILED) {
        rc = err_set(err, ERR_IO, "%s: %s", path, strerror(errno));
        goto out;
    }
    rc = open_bytes(bytes, (size_t)status.st_size, true, e, err);
    if (rc) {
        munmap(bytes, (size_t)status.st_size);
        rc = err_wrap(err, "%s", path);
    }
out:
    close(file);
    return rc;
}
