#include "log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void stop(const char *path, const char *why)
{
    fprintf(stderr, "%s: %s\n", path, why);
    exit(2);
}

static uint8_t *read_whole(const char *path, size_t *size)
{
    FILE *const f = fopen(path, "rb");

    if (!f || fseek(f, 0, SEEK_END) != 0)
        stop(path, "cannot be read");
    *size = (size_t)ftell(f);
    uint8_t *const bytes = malloc(*size + 1);
    rewind(f);
    if (!bytes || fread(bytes, 1, *size, f) != *size)
        stop(path, "cannot be read");
    fclose(f);
    return bytes;
}

static char *text_of(const uint8_t *bytes, uint32_t size)
{
    char *const text = strndup((const char *)bytes, size);

    if (!text)
        stop("log", "out of memory");
    return text;
}

void log_load(struct log *l, const char *path)
{
    size_t size = 0;
    size_t capacity = 0;

    *l = (struct log){.bytes = read_whole(path, &size)};
    for (size_t at = 0; at < size;) {
        struct log_record r;
        if (size - at < sizeof r.head)
            stop(path, "the log ends within a record");
        memcpy(&r.head, l->bytes + at, sizeof r.head);
        at += sizeof r.head;
        if (r.head.magic != RECORD_MAGIC ||
            size - at < (uint64_t)r.head.name_size + r.head.name2_size + r.head.data_size)
            stop(path, "the log holds something else than records");
        r.name = text_of(l->bytes + at, r.head.name_size);
        at += r.head.name_size;
        r.name2 = text_of(l->bytes + at, r.head.name2_size);
        at += r.head.name2_size;
        r.data = l->bytes + at;
        at += r.head.data_size;
        if (l->count == capacity) {
            capacity = capacity ? 2 * capacity : 256;
            l->records = realloc(l->records, capacity * sizeof *l->records);
            if (!l->records)
                stop(path, "out of memory");
        }
        l->records[l->count++] = r;
    }
}

void log_release(struct log *l)
{
    for (size_t i = 0; i < l->count; i++) {
        free(l->records[i].name);
        free(l->records[i].name2);
    }
    free(l->records);
    free(l->bytes);
}

void log_print(const struct log *l, size_t index)
{
    static const char *const names[] = {"?",      "create", "mkdir", "write", "size", "sync",
                                        "rename", "unlink", "link",  "mark",  "bad"};
    const struct log_record *const r = &l->records[index];
    const uint32_t type = r->head.type < sizeof names / sizeof names[0] ? r->head.type : 0;

    printf("%zu %" PRIu32 " %s node=%" PRIu64 " offset=%" PRIu64 " size=%" PRIu64 "%s%s%s%s%s%s%s%s%s\n",
           index, r->head.pid, names[type], r->head.node, r->head.offset, r->head.data_size,
           r->head.flags & RECORD_DURABLE ? " durable" : "",
           r->head.flags & RECORD_DIRECTORY ? " directory" : "",
           r->head.flags & RECORD_EXCHANGE ? " exchange" : "", r->head.flags & RECORD_STREAM ? " stream" : "",
           r->head.flags & RECORD_SHARED ? " shared" : "", r->name[0] ? " " : "", r->name,
           r->name2[0] ? " -> " : "", r->name2);
}
