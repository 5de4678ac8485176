#include "verifier/forge_bundle.h"

#include "ledger/wire.h"
#include "support/merkle_model.h"

#include <inttypes.h>
#include <stdio.h>
#include <zip.h>

#define LEAVES_MAX 2000

static struct hash leaves[LEAVES_MAX];

static uint64_t newest_seal(const struct forge *f)
{
    uint64_t newest = 0;

    for (size_t i = 0; i < f->count; i++) {
        const uint64_t size = f->rows[i].table == EVIDENCE_SEALS ? wire_load_u64(f->rows[i].key) : 0;
        newest = size > newest ? size : newest;
    }
    REQUIRE(newest > 0 && newest <= f->entry_count && newest <= LEAVES_MAX);
    return newest;
}

static void add_entries(const struct forge *f, const bool *with, uint64_t size, struct forged_files *files)
{
    static uint8_t bytes[1 << 21];
    struct wire_out out;

    wire_out_init(&out, bytes, sizeof bytes);
    for (uint64_t i = 0; i < size; i++) {
        leaves[i] = hash_leaf(f->entries[i].bytes, f->entries[i].size);
        if (with && !with[i])
            continue;
        wire_put_u16(&out, (uint16_t)f->entries[i].size);
        wire_put_bytes(&out, f->entries[i].bytes, f->entries[i].size);
    }
    REQUIRE(!out.bad);
    forge_files_add(files, "entries", bytes, wire_out_size(&out));
}

/* The page's walk. */
static void walk(const bool *with, uint64_t from, uint64_t to, struct forged_file *proof)
{
    bool any = false;

    for (uint64_t i = from; i < to; i++)
        any = any || !with || with[i];
    if (!any) {
        const struct hash root = model_mth(leaves + from, to - from);
        proof->bytes = realloc(proof->bytes, proof->size + HASH_SIZE);
        REQUIRE(proof->bytes);
        memcpy(proof->bytes + proof->size, root.bytes, HASH_SIZE);
        proof->size += HASH_SIZE;
    } else if (to - from > 1) {
        const uint64_t middle = from + model_split(to - from);
        walk(with, from, middle, proof);
        walk(with, middle, to, proof);
    }
}

static void add_seal(const struct forge_row *row, uint64_t newest, struct forged_files *files)
{
    const uint64_t size = wire_load_u64(row->key);
    struct merkle_path path = {.count = 0};
    char name[80];

    snprintf(name, sizeof name, "seals/%" PRIu64 ".note", size);
    forge_files_add(files, name, row->bytes, row->size);
    if (size > 0 && size < newest)
        model_subproof(0, size, leaves, newest, true, &path);
    snprintf(name, sizeof name, "seals/%" PRIu64 ".consistency", size);
    forge_files_add(files, name, path.nodes, path.count * sizeof path.nodes[0]);
}

void forge_bundle(const struct forge *f, const bool *with, struct forged_files *files)
{
    const uint64_t newest = newest_seal(f);
    char name[80];

    files->count = 0;
    forge_files_add(files, "bundle.json", "{}", 2);
    add_entries(f, with, newest, files);
    walk(with, 0, newest, forge_files_add(files, "proof", "", 0));
    for (size_t i = 0; i < f->count; i++) {
        const struct forge_row *const row = &f->rows[i];
        if (row->table == EVIDENCE_SEALS)
            add_seal(row, newest, files);
        if (row->table != EVIDENCE_TIMESTAMPS)
            continue;
        snprintf(name, sizeof name, "timestamps/%" PRIu64 "-%u.tsr", wire_load_u64(row->key), row->key[11]);
        forge_files_add(files, name, row->bytes, row->size);
    }
}

uint8_t *forge_zip(const struct forged_files *files, size_t *size)
{
    zip_error_t why;
    zip_stat_t st;

    zip_error_init(&why);
    zip_source_t *const image = zip_source_buffer_create(NULL, 0, 0, &why);
    REQUIRE(image);
    zip_source_keep(image);
    zip_t *const zip = zip_open_from_source(image, ZIP_TRUNCATE, &why);
    REQUIRE(zip);
    for (size_t i = 0; i < files->count; i++) {
        const struct forged_file *const file = &files->all[i];
        zip_source_t *const source = zip_source_buffer(zip, file->bytes, file->size, 0);
        const zip_int64_t index = source ? zip_file_add(zip, file->name, source, 0) : -1;
        REQUIRE(index >= 0 && zip_set_file_compression(zip, (zip_uint64_t)index, ZIP_CM_STORE, 0) == 0);
    }
    REQUIRE(zip_close(zip) == 0 && zip_source_open(image) == 0 && zip_source_stat(image, &st) == 0);
    uint8_t *const bytes = malloc(st.size);
    REQUIRE(bytes && zip_source_read(image, bytes, st.size) == (zip_int64_t)st.size);
    zip_source_close(image);
    zip_source_free(image);
    zip_error_fini(&why);
    *size = st.size;
    return bytes;
}

uint8_t *forge_bundle_entry(struct forged_files *files, uint64_t seq, size_t *size)
{
    struct forged_file *const file = forge_files_find(files, "entries");

    for (size_t at = 0; at < file->size; at += 2 + *size) {
        *size = wire_load_u16(file->bytes + at);
        if (wire_load_u64(file->bytes + at + 2 + 8) == seq)
            return file->bytes + at + 2;
    }
    return NULL;
}

void forge_bundle_drop_entry(struct forged_files *files, uint64_t seq)
{
    struct forged_file *const file = forge_files_find(files, "entries");
    size_t size = 0;
    uint8_t *const at = forge_bundle_entry(files, seq, &size);

    REQUIRE(at);
    const size_t before = (size_t)(at - 2 - file->bytes);
    memmove(at - 2, at + size, file->size - before - 2 - size);
    file->size -= 2 + size;
}
