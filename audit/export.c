#include "audit/export.h"

#include "audit/raw.h"
#include "ledger/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER_SIZE ((size_t)1 << 20)

struct sink {
    const char *path; /* of the temporary file, for errors */
    int file;
    size_t used;
    uint64_t written;
    uint8_t buffer[BUFFER_SIZE];
};

static enum err_code failed(const char *path, struct err *err)
{
    return err_set(err, ERR_IO, "%s: %s", path, strerror(errno));
}

static enum err_code sink_write(struct sink *s, const uint8_t *bytes, size_t size, struct err *err)
{
    while (size > 0) {
        const ssize_t n = write(s->file, bytes, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return failed(s->path, err);
        bytes += n;
        size -= (size_t)n;
    }
    return ERR_OK;
}

static enum err_code sink_flush(struct sink *s, struct err *err)
{
    const size_t size = s->used;

    s->used = 0;
    return sink_write(s, s->buffer, size, err);
}

static enum err_code sink_put(struct sink *s, const uint8_t *bytes, size_t size, struct err *err)
{
    s->written += size;
    if (size > BUFFER_SIZE - s->used) {
        const enum err_code rc = sink_flush(s, err);
        if (rc)
            return rc;
    }
    if (size > BUFFER_SIZE)
        return sink_write(s, bytes, size, err);
    if (size > 0)
        memcpy(s->buffer + s->used, bytes, size);
    s->used += size;
    return ERR_OK;
}

static enum err_code put_record(struct sink *s, char type, const struct evidence_item *item, struct err *err)
{
    uint8_t head[RAW_HEAD_SIZE];
    struct wire_out out;

    if (item->key_size > EVIDENCE_KEY_MAX || item->size > UINT32_MAX)
        return err_set(err, ERR_FORMAT, "an item of %zu bytes is larger than any that a journal holds",
                       item->size);
    wire_out_init(&out, head, sizeof head);
    wire_put_u8(&out, (uint8_t)type);
    wire_put_u16(&out, (uint16_t)item->key_size);
    wire_put_u32(&out, (uint32_t)item->size);
    enum err_code rc = sink_put(s, head, sizeof head, err);
    if (!rc)
        rc = sink_put(s, item->key, item->key_size, err);
    if (!rc)
        rc = sink_put(s, item->bytes, item->size, err);
    return rc;
}

static enum err_code put_table(struct sink *s, struct evidence *evidence, enum evidence_table table,
                               uint64_t *count, struct err *err)
{
    struct evidence_cursor *cursor = NULL;
    struct evidence_item item;
    bool found = true;

    *count = 0;
    enum err_code rc = evidence_cursor_open(evidence, table, &cursor, err);
    while (!rc && found) {
        rc = evidence_next(cursor, &item, &found, err);
        if (!rc && found) {
            rc = put_record(s, RAW_TYPES[table], &item, err);
            ++*count;
        }
    }
    evidence_cursor_close(cursor);
    return rc;
}

static enum err_code put_all(struct sink *s, struct evidence *evidence, struct export_report *report,
                             struct err *err)
{
    uint8_t counts[8 * EVIDENCE_TABLES];
    const struct evidence_item end = {.bytes = counts, .size = sizeof counts};

    enum err_code rc = sink_put(s, (const uint8_t *)RAW_MAGIC, RAW_MAGIC_SIZE, err);
    for (int t = 0; t < EVIDENCE_TABLES && !rc; t++) {
        rc = put_table(s, evidence, (enum evidence_table)t, &report->counts[t], err);
        wire_store_u64(counts + 8 * t, report->counts[t]);
    }
    if (!rc)
        rc = put_record(s, RAW_END, &end, err);
    if (!rc)
        rc = sink_flush(s, err);
    report->bytes = s->written;
    return rc;
}

/* The new name is on disk only when its directory is. */
static enum err_code sync_parent(const char *path, struct err *err)
{
    char parent[PATH_MAX];
    const char *const slash = strrchr(path, '/');
    const size_t length = !slash ? 0 : slash == path ? 1 : (size_t)(slash - path);

    memcpy(parent, length ? path : ".", length ? length : 1);
    parent[length ? length : 1] = '\0';
    const int file = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0)
        return failed(parent, err);
    const enum err_code rc = fsync(file) == 0 || errno == EINVAL ? ERR_OK : failed(parent, err);
    close(file);
    return rc;
}

static enum err_code write_file(struct sink *s, struct evidence *evidence, const char *temporary,
                                const char *path, struct export_report *report, struct err *err)
{
    enum err_code rc = put_all(s, evidence, report, err);

    if (!rc && fsync(s->file) != 0)
        rc = failed(temporary, err);
    if (close(s->file) != 0 && !rc)
        rc = failed(temporary, err);
    if (!rc && rename(temporary, path) != 0)
        rc = failed(path, err);
    if (rc) {
        unlink(temporary);
        return rc;
    }
    return sync_parent(path, err);
}

/* What a file replaces is a file: never a device, a pipe, a link or a folder. */
static enum err_code check_target(const char *path, struct err *err)
{
    struct stat st;

    if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode))
        return err_set(err, ERR_INPUT, "%s is there and is no regular file", path);
    return ERR_OK;
}

enum err_code export_raw(const char *dir, const char *path, struct export_report *report, struct err *err)
{
    char temporary[PATH_MAX];
    struct export_report made = {.bytes = 0};
    struct evidence *evidence = NULL;

    const int length = snprintf(temporary, sizeof temporary, "%s.XXXXXX", path);
    if (length < 0 || (size_t)length >= sizeof temporary)
        return err_set(err, ERR_INPUT, "the export's path is too long");
    struct sink *const s = malloc(sizeof *s);
    if (!s)
        return err_set(err, ERR_MEMORY, "out of memory");
    enum err_code rc = check_target(path, err);
    if (!rc)
        rc = evidence_open_journal(dir, &evidence, err);
    if (rc)
        goto out;
    s->path = temporary;
    s->used = 0;
    s->written = 0;
    s->file = mkostemp(temporary, O_CLOEXEC);
    if (s->file < 0) {
        rc = failed(temporary, err);
        goto out;
    }
    rc = write_file(s, evidence, temporary, path, &made, err);
    if (!rc && report)
        *report = made;
out:
    evidence_close(evidence);
    free(s);
    return rc;
}
