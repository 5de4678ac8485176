/*
 * The zip file, made in memory: entries, the proof, the seals with their ways to the newest one, a guide, and the pages
 * to read. Nothing in it depends on the clock: every file has the same date, that of zip's epoch.
 */
#include "audit/bundle_state.h"

#include "audit/multiproof.h"
#include "ledger/build.h"
#include "ledger/checkpoint.h"
#include "ledger/file.h"
#include "ledger/json_out.h"
#include "ledger/wire.h"

#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <zip.h>

#define DOS_DATE_FIRST 0x21 /* 1980-01-01 */
#define DEFLATE_LEVEL  1
#define CHUNK          ((size_t)1 << 20)

struct bytes {
    uint8_t *at;
    size_t size;
    size_t capacity;
};

struct writing {
    struct bundle *b;
    zip_t *zip;
    zip_source_t *image;
    struct bytes entries;
    struct bytes proof;
    uint64_t *indexes; /* of the chosen leaves */
    struct bundle_counts counts;
};

static enum err_code no_memory(struct err *err)
{
    return err_set(err, ERR_MEMORY, "the bundle does not fit into memory: ask for fewer entries");
}

static enum err_code append(struct bytes *to, const void *bytes, size_t size, struct err *err)
{
    if (to->capacity - to->size < size) {
        const size_t capacity = 2 * to->capacity + size + CHUNK;
        uint8_t *const grown = capacity <= BUNDLE_SIZE_MAX ? realloc(to->at, capacity) : NULL;
        if (!grown)
            return no_memory(err);
        to->at = grown;
        to->capacity = capacity;
    }
    memcpy(to->at + to->size, bytes, size);
    to->size += size;
    return ERR_OK;
}

/* -- its files ------------------------------------------------------------------------------------------ */

/* The zip takes `bytes` over, and frees them, when `is_given`; else it borrows them. */
static enum err_code add_file(struct writing *w, const char *name, const void *bytes, size_t size,
                              bool is_given, struct err *err)
{
    zip_source_t *const source = zip_source_buffer(w->zip, bytes, size, is_given);
    zip_int64_t index = -1;

    if (source)
        index = zip_file_add(w->zip, name, source, ZIP_FL_ENC_UTF_8);
    if (index < 0) {
        if (source)
            zip_source_free(source);
        else if (is_given)
            free((void *)(uintptr_t)bytes);
        return err_set(err, ERR_MEMORY, "%s: %s", name, zip_strerror(w->zip));
    }
    /* A higher level takes ten times as long for a tenth less. */
    if (zip_set_file_compression(w->zip, (zip_uint64_t)index, ZIP_CM_DEFLATE, DEFLATE_LEVEL) != 0)
        return err_set(err, ERR_MEMORY, "%s: %s", name, zip_strerror(w->zip));
    if (zip_file_set_dostime(w->zip, (zip_uint64_t)index, 0, DOS_DATE_FIRST, 0) != 0)
        return err_set(err, ERR_MEMORY, "%s: %s", name, zip_strerror(w->zip));
    return ERR_OK;
}

static enum err_code add_copy(struct writing *w, const char *name, const void *bytes, size_t size,
                              struct err *err)
{
    void *const copy = size ? malloc(size) : NULL;

    if (size == 0)
        return add_file(w, name, "", 0, false, err); /* of nothing the library takes nothing over */
    if (!copy)
        return no_memory(err);
    memcpy(copy, bytes, size);
    return add_file(w, name, copy, size, true, err); /* NOLINT(clang-analyzer-unix.Malloc): the zip has it */
}

static enum err_code collect_entries(struct writing *w, struct err *err)
{
    struct bundle *const b = w->b;
    struct journal_record record;
    bool asked;
    enum err_code rc = ERR_OK;

    for (uint64_t seq = bundle_next(b, 0, &asked); seq && !rc; seq = bundle_next(b, seq, &asked))
        w->counts.entries++;
    w->indexes = malloc((w->counts.entries + 1) * sizeof *w->indexes);
    if (!w->indexes)
        return no_memory(err);
    size_t i = 0;
    for (uint64_t seq = bundle_next(b, 0, &asked); seq && !rc; seq = bundle_next(b, seq, &asked)) {
        w->indexes[i++] = seq - 1;
        w->counts.asked += asked;
        rc = journal_reader_get(b->reader, seq, &record, err);
        if (rc)
            break;
        const uint8_t size[2] = {(uint8_t)(record.size >> 8), (uint8_t)record.size};
        rc = append(&w->entries, size, sizeof size, err);
        if (!rc)
            rc = append(&w->entries, record.bytes, record.size, err);
    }
    return rc;
}

static enum err_code read_tile(void *context, unsigned level, uint64_t index, uint8_t *hashes,
                               unsigned *count, struct err *err)
{
    return journal_reader_tile(context, level, index, hashes, count, err);
}

static enum err_code put_hash(void *context, const struct hash *hash, struct err *err)
{
    struct writing *const w = context;

    w->counts.hashes++;
    return append(&w->proof, hash->bytes, HASH_SIZE, err);
}

static enum err_code collect_proof(struct writing *w, struct err *err)
{
    const struct multiproof_leaves leaves = {w->indexes, w->counts.entries, w->b->seal.size};
    const struct merkle_tiles tiles = {read_tile, w->b->reader};

    return multiproof_make(&leaves, &tiles, put_hash, w, err);
}

/* A seal, and the way from it to the newest one. */
static enum err_code add_seal(struct writing *w, const struct seal *seal, struct err *err)
{
    struct hash path[MERKLE_PATH_MAX];
    unsigned count = 0;
    char name[64];

    snprintf(name, sizeof name, "seals/%" PRIu64 ".note", seal->size);
    enum err_code rc = add_copy(w, name, seal->note, seal->note_size, err);
    if (!rc)
        rc = journal_reader_consistency(w->b->reader, seal->size, w->b->seal.size, path, &count, err);
    if (rc)
        return rc;
    snprintf(name, sizeof name, "seals/%" PRIu64 ".consistency", seal->size);
    w->counts.seals++;
    return add_copy(w, name, path, count * sizeof path[0], err);
}

/* Tokens of an authority over the seal; *any says whether there are some. */
static enum err_code add_timestamps(struct writing *w, uint64_t size, bool *any, struct err *err)
{
    struct journal_timestamp t;
    char name[64];
    bool found = true;
    enum err_code rc = ERR_OK;

    *any = false;
    for (uint32_t number = 0; !rc; number = t.number + 1) {
        rc = journal_reader_timestamp(w->b->reader, size, number, &t, &found, err);
        if (rc || !found || t.size != size)
            break;
        *any = true;
        snprintf(name, sizeof name, "timestamps/%" PRIu64 "-%" PRIu32 ".tsr", size, t.number);
        rc = add_copy(w, name, t.token, t.token_size, err);
    }
    return rc;
}

/* Somebody beside the journal vouches for it. */
static bool is_witnessed(const struct seal *seal)
{
    struct note note;

    return note_parse(&note, seal->note, seal->note_size, NULL) == ERR_OK && note.count > 1;
}

/* Of kind control.key; *is_signed: put there by an owner, because the key before was lost. */
static bool names_key(const struct bundle *b, uint64_t seq, bool *is_signed)
{
    struct journal_record record;
    struct entry e;

    if (seq > b->seal.size || journal_reader_get(b->reader, seq, &record, NULL) != ERR_OK ||
        entry_decode_header(record.bytes, record.size, &e, NULL) != ERR_OK || e.kind != ENTRY_CONTROL_KEY)
        return false;
    *is_signed = e.is_signed;
    return true;
}

/* Without it nobody could tell who seals from there on: the seals that FORMAT.md, section 5, asks for. */
static bool is_hand_over(const struct bundle *b, uint64_t size)
{
    bool is_signed = false;

    return names_key(b, size, &is_signed) || (names_key(b, size + 1, &is_signed) && is_signed);
}

static enum err_code add_seals(struct writing *w, struct err *err)
{
    struct seal seal = {.size = 0};
    enum err_code rc = ERR_OK;

    while (!rc && seal.size < w->b->seal.size) {
        bool is_stamped = false;
        rc = journal_reader_seal(w->b->reader, seal.size + 1, &seal, err);
        if (!rc)
            rc = add_timestamps(w, seal.size, &is_stamped, err);
        if (!rc && (is_stamped || seal.size == w->b->seal.size || is_witnessed(&seal) ||
                    is_hand_over(w->b, seal.size)))
            rc = add_seal(w, &seal, err);
    }
    return rc;
}

/* -- the pages ------------------------------------------------------------------------------------------ */

#define PAGE(name)                                                                                           \
    extern const unsigned char name[];                                                                       \
    extern const size_t name##_size

PAGE(bundle_page_verify); /* audit/bundle/verify.html */
PAGE(bundle_page_readme); /* audit/bundle/README.txt */
PAGE(bundle_page_format); /* docs/FORMAT.md */
PAGE(bundle_page_bundle); /* docs/BUNDLE.md */

enum err_code bundle_attach_pages(struct bundle *b, struct err *err)
{
    enum err_code rc = bundle_attach(b, "README.txt", bundle_page_readme, bundle_page_readme_size, err);

    if (!rc)
        rc = bundle_attach(b, "verify.html", bundle_page_verify, bundle_page_verify_size, err);
    if (!rc)
        rc = bundle_attach(b, "FORMAT.md", bundle_page_format, bundle_page_format_size, err);
    if (!rc)
        rc = bundle_attach(b, "BUNDLE.md", bundle_page_bundle, bundle_page_bundle_size, err);
    return rc;
}

/* -- the guide ------------------------------------------------------------------------------------------ */

/* Runs of what was asked for: "17", "20-31". */
static void put_asked(const struct bundle *b, struct json_out *out)
{
    uint64_t first = 0;
    uint64_t last = 0;
    bool asked;
    char run[48];

    json_out_array(out);
    for (uint64_t seq = bundle_next(b, 0, &asked); seq || first;
         seq = seq ? bundle_next(b, seq, &asked) : 0) {
        if (seq && !asked)
            continue;
        if (first && (seq == 0 || seq != last + 1)) {
            if (first == last)
                snprintf(run, sizeof run, "%" PRIu64, first);
            else
                snprintf(run, sizeof run, "%" PRIu64 "-%" PRIu64, first, last);
            json_out_text(out, run);
            first = 0;
        }
        if (seq == 0)
            break;
        first = first ? first : seq;
        last = seq;
    }
    json_out_array_end(out);
}

static enum err_code add_guide(struct writing *w, const char *question, struct err *err)
{
    const struct bundle *const b = w->b;
    struct json_out out;

    json_out_init(&out);
    json_out_object(&out);
    json_out_key(&out, "format");
    json_out_text(&out, "ledger bundle 1");
    json_out_key(&out, "program");
    json_out_text(&out, BUILD_PROGRAM);
    json_out_key(&out, "origin");
    json_out_text(&out, journal_origin(b->journal));
    json_out_key(&out, "key");
    json_out_text(&out, journal_vkey(b->journal));
    json_out_key(&out, "size");
    json_out_u64(&out, b->seal.size);
    json_out_key(&out, "root");
    json_out_hex(&out, b->seal.root.bytes, HASH_SIZE);
    json_out_key(&out, "question");
    json_out_text(&out, question);
    json_out_key(&out, "asked");
    put_asked(b, &out);
    json_out_object_end(&out);
    json_out_line(&out);
    enum err_code rc = json_out_done(&out, err);
    if (!rc)
        rc = add_copy(w, "bundle.json", out.bytes, out.size, err);
    json_out_release(&out);
    return rc;
}

/* -- the file ------------------------------------------------------------------------------------------- */

static enum err_code open_image(struct writing *w, struct err *err)
{
    zip_error_t why;

    zip_error_init(&why);
    w->image = zip_source_buffer_create(NULL, 0, 0, &why);
    if (w->image) {
        zip_source_keep(w->image);
        w->zip = zip_open_from_source(w->image, ZIP_TRUNCATE, &why);
    }
    const enum err_code rc =
        w->zip ? ERR_OK : err_set(err, ERR_MEMORY, "the bundle: %s", zip_error_strerror(&why));
    zip_error_fini(&why);
    return rc;
}

/* The bytes that the library has made, into *out, to be freed. */
static enum err_code take_image(struct writing *w, uint8_t **out, size_t *size, struct err *err)
{
    zip_stat_t st;

    if (zip_close(w->zip) != 0)
        return err_set(err, ERR_MEMORY, "the bundle: %s", zip_strerror(w->zip));
    w->zip = NULL;
    zip_stat_init(&st);
    if (zip_source_open(w->image) != 0)
        return no_memory(err);
    uint8_t *const bytes = zip_source_stat(w->image, &st) == 0 ? malloc(st.size) : NULL;
    const bool good = bytes && zip_source_read(w->image, bytes, st.size) == (zip_int64_t)st.size;
    (void)zip_source_close(w->image);
    if (!good) {
        free(bytes);
        return no_memory(err);
    }
    *out = bytes;
    *size = st.size;
    return ERR_OK;
}

static enum err_code store(const char *path, const void *bytes, size_t size, struct err *err)
{
    char folder[PATH_MAX];
    char name[PATH_MAX];
    struct stat st;

    if (strlen(path) >= PATH_MAX)
        return err_set(err, ERR_INPUT, "the path is too long");
    snprintf(folder, sizeof folder, "%s", path);
    snprintf(name, sizeof name, "%s", path);
    const char *const parent = dirname(folder);
    if (lstat(path, &st) == 0)
        return err_set(err, ERR_EXISTS, "%s is there already: name another file, or remove it first", path);
    const int dir = file_open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (dir < 0)
        return err_set(err, ERR_IO, "%s: %s", parent, strerror(errno));
    const enum err_code rc = file_replace_whole(dir, basename(name), bytes, size, 0644, err);
    (void)file_close(dir);
    return rc;
}

static enum err_code fill(struct writing *w, const char *question, struct err *err)
{
    enum err_code rc = collect_entries(w, err);

    if (!rc && w->counts.asked == 0)
        rc = err_set(err, ERR_INPUT, "nothing was asked for: a bundle holds one entry at least");
    if (!rc)
        rc = collect_proof(w, err);
    if (!rc)
        rc = open_image(w, err);
    if (!rc)
        rc = add_guide(w, question, err);
    if (!rc)
        rc = add_file(w, "entries", w->entries.at, w->entries.size, false, err);
    if (!rc)
        rc = add_file(w, "proof", w->proof.at, w->proof.size, false, err);
    if (!rc)
        rc = add_seals(w, err);
    for (unsigned i = 0; i < w->b->attachment_count && !rc; i++) {
        const struct bundle_attachment *const a = &w->b->attachments[i];
        rc = add_file(w, a->name, a->bytes, a->size, false, err);
    }
    return rc;
}

enum err_code bundle_write(struct bundle *b, const char *path, const char *question,
                           struct bundle_counts *counts, struct err *err)
{
    struct writing w = {.b = b, .counts = {.size = b->seal.size}};
    uint8_t *image = NULL;
    size_t size = 0;

    enum err_code rc = fill(&w, question, err);
    if (!rc)
        rc = take_image(&w, &image, &size, err);
    if (w.zip)
        zip_discard(w.zip);
    if (w.image)
        zip_source_free(w.image);
    if (!rc)
        rc = store(path, image, size, err);
    free(image);
    free(w.entries.at);
    free(w.proof.at);
    free(w.indexes);
    if (rc)
        return rc;
    w.counts.bytes = size;
    if (counts)
        *counts = w.counts;
    return ERR_OK;
}
