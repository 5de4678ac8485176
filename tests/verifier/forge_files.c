#include "verifier/forge_files.h"

#include "ledger/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

struct forged_file *forge_files_add(struct forged_files *files, const char *name, const void *bytes,
                                    size_t size)
{
    REQUIRE(files->count < FORGED_FILES_MAX);
    struct forged_file *const file = &files->all[files->count++];
    snprintf(file->name, sizeof file->name, "%s", name);
    file->bytes = malloc(size ? size : 1);
    REQUIRE(file->bytes);
    if (size)
        memcpy(file->bytes, bytes, size);
    file->size = size;
    return file;
}

/* 7 is 007, 1234 is x001/234. Not the program's own naming, which is tested against published vectors. */
static void number(char *out, size_t room, uint64_t n)
{
    if (n < 1000)
        snprintf(out, room, "%03u", (unsigned)n);
    else
        snprintf(out, room, "x%03u/%03u", (unsigned)(n / 1000 % 1000), (unsigned)(n % 1000));
}

static void name_of(char *out, size_t room, const char *prefix, uint64_t n, size_t width)
{
    char text[40];

    number(text, sizeof text, n);
    if (width < 256)
        snprintf(out, room, "%s%s.p/%zu", prefix, text, width);
    else
        snprintf(out, room, "%s%s", prefix, text);
}

static void add_bundles(struct forge *f, struct forged_files *files)
{
    static uint8_t bytes[256 * 2000];
    static struct hash leaves[256];
    char name[80];

    for (size_t first = 0; first < f->entry_count; first += 256) {
        const size_t width = f->entry_count - first < 256 ? f->entry_count - first : 256;
        struct wire_out out;
        wire_out_init(&out, bytes, sizeof bytes);
        for (size_t i = 0; i < width; i++) {
            const struct forge_entry *const e = &f->entries[first + i];
            wire_put_u16(&out, (uint16_t)e->size);
            wire_put_bytes(&out, e->bytes, e->size);
            leaves[i] = hash_leaf(e->bytes, e->size);
        }
        REQUIRE(!out.bad);
        name_of(name, sizeof name, "tile/entries/", first / 256, width);
        forge_files_add(files, name, bytes, wire_out_size(&out));
        name_of(name, sizeof name, "tile/0/", first / 256, width);
        forge_files_add(files, name, leaves, width * HASH_SIZE);
    }
}

void forge_files(struct forge *f, struct forged_files *files)
{
    char name[80];
    char prefix[60];
    char list[4000];
    int at = 0;

    files->count = 0;
    add_bundles(f, files);
    for (uint64_t size = 1; size <= f->entry_count; size++) {
        const struct forge_row *const seal = forge_find_number(f, EVIDENCE_SEALS, size);
        if (!seal)
            continue;
        at += snprintf(list + at, sizeof list - (size_t)at, "%llu\n", (unsigned long long)size);
        name_of(name, sizeof name, "seal/", size, 256);
        forge_files_add(files, name, seal->bytes, seal->size);
        if (size == f->entry_count)
            forge_files_add(files, "checkpoint", seal->bytes, seal->size);
    }
    forge_files_add(files, "seals", list, (size_t)at);
    for (size_t i = 0; i < f->count; i++) {
        const struct forge_row *const row = &f->rows[i];
        if (row->table == EVIDENCE_TILES) {
            snprintf(prefix, sizeof prefix, "tile/%u/", row->key[0]);
            name_of(name, sizeof name, prefix, wire_load_u64(row->key + 1), row->size / HASH_SIZE);
            forge_files_add(files, name, row->bytes, row->size);
        }
        if (row->table == EVIDENCE_TIMESTAMPS) {
            name_of(prefix, sizeof prefix, "timestamp/", wire_load_u64(row->key), 256);
            snprintf(name, sizeof name, "%s/%u", prefix, row->key[11]);
            forge_files_add(files, name, row->bytes, row->size);
        }
    }
}

void forge_files_release(struct forged_files *files)
{
    for (size_t i = 0; i < files->count; i++)
        free(files->all[i].bytes);
    files->count = 0;
}

struct forged_file *forge_files_find(struct forged_files *files, const char *name)
{
    for (size_t i = 0; i < files->count; i++) {
        if (strcmp(files->all[i].name, name) == 0)
            return &files->all[i];
    }
    return NULL;
}

void forge_file_write(const struct forged_file *file, const char *dir)
{
    char path[400];

    snprintf(path, sizeof path, "%s/%s", dir, file->name);
    for (char *slash = path + strlen(dir) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        (void)mkdir(path, 0777); /* it may be there */
        *slash = '/';
    }
    FILE *const out = fopen(path, "wb");
    REQUIRE(out && fwrite(file->bytes, 1, file->size, out) == file->size && fclose(out) == 0);
}

void forge_files_write(const struct forged_files *files, const char *dir)
{
    for (size_t i = 0; i < files->count; i++)
        forge_file_write(&files->all[i], dir);
}
