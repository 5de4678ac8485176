#include "audit/raw_writer.h"

#include "audit/raw.h"
#include "ledger/file.h"
#include "ledger/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER_SIZE ((size_t)1 << 20)

struct raw_writer {
    char path[PATH_MAX];
    char temporary[PATH_MAX]; /* empty: there is none (any more) */
    int file;                 /* -1: closed */
    uint64_t counts[EVIDENCE_TABLES];
    uint64_t written;
    size_t used;
    uint8_t buffer[BUFFER_SIZE];
};

static enum err_code failed(const char *path, struct err *err)
{
    return err_set(err, ERR_IO, "%s: %s", path, strerror(errno));
}

/* -- bytes ----------------------------------------------------------------------------------------------- */

static enum err_code write_out(struct raw_writer *w, const uint8_t *bytes, size_t size, struct err *err)
{
    while (size > 0) {
        const ssize_t n = write(w->file, bytes, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return failed(w->temporary, err);
        bytes += n;
        size -= (size_t)n;
    }
    return ERR_OK;
}

static enum err_code flush(struct raw_writer *w, struct err *err)
{
    const size_t size = w->used;

    w->used = 0;
    return write_out(w, w->buffer, size, err);
}

static enum err_code put(struct raw_writer *w, const uint8_t *bytes, size_t size, struct err *err)
{
    w->written += size;
    if (size > BUFFER_SIZE - w->used) {
        const enum err_code rc = flush(w, err);
        if (rc)
            return rc;
    }
    if (size > BUFFER_SIZE)
        return write_out(w, bytes, size, err);
    if (size > 0)
        memcpy(w->buffer + w->used, bytes, size);
    w->used += size;
    return ERR_OK;
}

static enum err_code put_record(struct raw_writer *w, char type, const struct evidence_item *item,
                                struct err *err)
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
    enum err_code rc = put(w, head, sizeof head, err);
    if (!rc)
        rc = put(w, item->key, item->key_size, err);
    if (!rc)
        rc = put(w, item->bytes, item->size, err);
    return rc;
}

enum err_code raw_writer_put(struct raw_writer *w, enum evidence_table table,
                             const struct evidence_item *item, struct err *err)
{
    w->counts[table]++;
    return put_record(w, RAW_TYPES[table], item, err);
}

/* -- the file -------------------------------------------------------------------------------------------- */

/*
 * What an export replaces is an older export, or an empty file: never a device, a pipe, a link or a folder, and never a
 * journal, its vault, or whatever else somebody may have named by mistake.
 */
static enum err_code check_target(const char *path, struct err *err)
{
    uint8_t magic[RAW_MAGIC_SIZE];
    struct stat st;

    if (lstat(path, &st) != 0)
        return ERR_OK;
    if (!S_ISREG(st.st_mode))
        return err_set(err, ERR_INPUT, "%s is there and is no regular file", path);
    if (st.st_size == 0)
        return ERR_OK;
    const int fd = file_open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0);
    if (fd < 0)
        return failed(path, err);
    const ssize_t size = pread(fd, magic, sizeof magic, 0);
    close(fd);
    if (size != (ssize_t)sizeof magic ||
        (memcmp(magic, RAW_MAGIC, sizeof magic) != 0 && memcmp(magic, RAW_MAGIC_1, sizeof magic) != 0))
        return err_set(err, ERR_EXISTS,
                       "%s is there and is no raw export: name another file, or remove it first", path);
    return ERR_OK;
}

enum err_code raw_writer_begin(struct raw_writer **w, const char *path, struct err *err)
{
    static const char ENDING[] = ".XXXXXX";
    const size_t length = strlen(path);

    if (length + sizeof ENDING > PATH_MAX)
        return err_set(err, ERR_INPUT, "the export's path is too long");
    enum err_code rc = check_target(path, err);
    if (rc)
        return rc;
    struct raw_writer *const made = malloc(sizeof *made);
    if (!made)
        return err_set(err, ERR_MEMORY, "out of memory");
    memset(made, 0, offsetof(struct raw_writer, buffer));
    memcpy(made->path, path, length + 1);
    memcpy(made->temporary, path, length);
    do { /* each attempt fills in the ending */
        memcpy(made->temporary + length, ENDING, sizeof ENDING);
        made->file = mkostemp(made->temporary, O_CLOEXEC);
    } while (made->file < 0 && errno == EINTR);
    if (made->file < 0) {
        rc = failed(made->temporary, err);
        free(made);
        return rc;
    }
    rc = put(made, (const uint8_t *)RAW_MAGIC, RAW_MAGIC_SIZE, err);
    if (rc)
        raw_writer_free(made);
    else
        *w = made;
    return rc;
}

enum err_code raw_writer_finish(struct raw_writer *w, struct err *err)
{
    uint8_t counts[8 * EVIDENCE_TABLES];
    const struct evidence_item end = {.bytes = counts, .size = sizeof counts};

    for (int t = 0; t < EVIDENCE_TABLES; t++)
        wire_store_u64(counts + 8 * t, w->counts[t]);
    enum err_code rc = put_record(w, RAW_END, &end, err);
    if (!rc)
        rc = flush(w, err);
    if (!rc && file_sync(w->file) != 0)
        rc = failed(w->temporary, err);
    if (file_close(w->file) != 0 && !rc)
        rc = failed(w->temporary, err);
    w->file = -1;
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
    const int file = file_open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (file < 0)
        return failed(parent, err);
    const enum err_code rc = file_sync(file) == 0 || errno == EINVAL ? ERR_OK : failed(parent, err);
    close(file);
    return rc;
}

enum err_code raw_writer_publish(struct raw_writer *w, struct err *err)
{
    REQUIRE(w->file < 0);
    if (rename(w->temporary, w->path) != 0)
        return failed(w->path, err);
    w->temporary[0] = '\0';
    if (sync_parent(w->path, err))
        return err_wrap(err, "%s is written, but may not survive a power loss", w->path);
    return ERR_OK;
}

void raw_writer_free(struct raw_writer *w)
{
    if (!w)
        return;
    if (w->file >= 0)
        close(w->file);
    if (w->temporary[0])
        unlink(w->temporary);
    free(w);
}

const char *raw_writer_path(const struct raw_writer *w)
{
    return w->temporary;
}

uint64_t raw_writer_bytes(const struct raw_writer *w)
{
    return w->written;
}

uint64_t raw_writer_count(const struct raw_writer *w, enum evidence_table table)
{
    return w->counts[table];
}
