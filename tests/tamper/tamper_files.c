/* Files: exports cut or disordered, and the database itself rolled back or edited. */
#include "tamper/mutation.h"

#include "audit/export.h"
#include "audit/raw.h"
#include "support/journals.h"
#include "tamper/apart.h"
#include "tamper/files.h"

#include <stdlib.h>

/* -- exports ---------------------------------------------------------------------------------------------- */

static void take_image(struct mutation *m, size_t room)
{
    m->image = malloc(m->world->image_size + room);
    REQUIRE(m->image);
    memcpy(m->image, m->world->image, m->world->image_size);
    m->size = m->world->image_size;
}

static bool cut_export(struct mutation *m)
{
    take_image(m, 0);
    m->size = random_below(m->random, m->size);
    mutation_tell(m, "the export cut to %zu bytes", m->size);
    expect_not_checked(m);
    return true;
}

static bool longer_export(struct mutation *m)
{
    take_image(m, 100);
    const size_t more = 1 + random_below(m->random, 100);
    random_bytes(m->random, m->image + m->size, more);
    m->size += more;
    mutation_tell(m, "%zu bytes behind the end of the export", more);
    expect_not_checked(m);
    return true;
}

static size_t record_end(const uint8_t *image, size_t at)
{
    const uint8_t *const p = image + at;

    return at + RAW_HEAD_SIZE + ((size_t)p[1] << 8 | p[2]) +
           ((size_t)p[3] << 24 | (size_t)p[4] << 16 | (size_t)p[5] << 8 | p[6]);
}

/* Two records change places: the keys do not ascend any more, or the types are out of order. */
static bool disordered_export(struct mutation *m)
{
    size_t at = RAW_MAGIC_SIZE;

    for (uint64_t skip = random_below(m->random, m->world->f.count - 1); skip > 0; skip--)
        at = record_end(m->world->image, at);
    const size_t middle = record_end(m->world->image, at);
    const size_t end = record_end(m->world->image, middle);
    take_image(m, 0);
    memcpy(m->image + at, m->world->image + middle, end - middle);
    memcpy(m->image + at + (end - middle), m->world->image + at, middle - at);
    mutation_tell(m, "the record at byte %zu of the export and the next one swapped", at);
    expect_not_checked(m);
    return true;
}

/* -- the database ----------------------------------------------------------------------------------------- */

#define STATES 12 /* of a journal: its file after each group */

static struct {
    bool is_open;
    struct scratch scratch;
    struct {
        uint8_t *bytes;
        size_t size;
        uint64_t entries;
        char newest[NOTE_MAX_SIZE]; /* its newest seal */
        uint8_t *image;             /* its export */
        size_t image_size;
    } states[STATES];
    struct world world; /* what a mutation of it belongs to: the vkey, and the newest seal */
} database;

static uint8_t *read_file(const char *path, size_t *size)
{
    FILE *const file = fopen(path, "rb");

    REQUIRE(file && fseek(file, 0, SEEK_END) == 0);
    *size = (size_t)ftell(file);
    uint8_t *const bytes = malloc(*size + 1);
    rewind(file);
    REQUIRE(bytes && fread(bytes, 1, *size, file) == *size);
    fclose(file);
    return bytes;
}

static void write_file(const char *path, const uint8_t *bytes, size_t size)
{
    FILE *const file = fopen(path, "wb");

    REQUIRE(file && fwrite(bytes, 1, size, file) == size && fclose(file) == 0);
}

static void journal_path(const char *name, char *path, size_t room)
{
    snprintf(path, room, "%s/%s", database.scratch.dir, name);
}

static void export_to_raw(void *is_exported)
{
    char path[400];
    struct err err;

    snprintf(path, sizeof path, "%s/raw", database.scratch.root);
    *(bool *)is_exported = export_raw(database.scratch.dir, path, NULL, &err) == ERR_OK;
}

/* Exports what the journal's file holds now. False: it cannot be exported; the image is then empty. */
static bool export_file(uint8_t **image, size_t *size)
{
    char path[400];
    bool is_exported = false;

    snprintf(path, sizeof path, "%s/raw", database.scratch.root);
    is_exported = apart_run(export_to_raw, &is_exported, sizeof is_exported) && is_exported;
    if (!is_exported)
        write_file(path, (const uint8_t *)"", 0);
    *image = read_file(path, size);
    return is_exported;
}

static void open_database(void)
{
    char path[400];

    if (database.is_open)
        return;
    database.is_open = true;
    scratch_init(&database.scratch);
    scratch_make(&database.scratch);
    journal_path("journal.mdb", path, sizeof path);
    for (unsigned i = 0; i < STATES; i++) {
        static struct seal seal;
        struct journal_reader *r = NULL;
        struct journal *const j = scratch_open(&database.scratch);
        database.states[i].entries = scratch_append(j, 3 + 40 * i);
        SCRATCH_OK(journal_reader_begin(j, &r, err));
        SCRATCH_OK(journal_reader_seal(r, database.states[i].entries, &seal, err));
        journal_reader_end(r);
        memcpy(database.states[i].newest, seal.note, seal.note_size + 1);
        memcpy(database.world.newest, seal.note, seal.note_size + 1);
        snprintf(database.world.vkey, sizeof database.world.vkey, "%s", journal_vkey(j));
        journal_close(j);
        database.states[i].bytes = read_file(path, &database.states[i].size);
        REQUIRE(export_file(&database.states[i].image, &database.states[i].image_size));
    }
    database.world.name = "in a database";
}

void tamper_files_close(void)
{
    if (!database.is_open)
        return;
    for (unsigned i = 0; i < STATES; i++) {
        free(database.states[i].bytes);
        free(database.states[i].image);
    }
    scratch_release(&database.scratch);
    database.is_open = false;
}

/* Puts the file in its place, and exports what it holds. False: it cannot be exported. */
static bool judge_file(struct mutation *m, const uint8_t *bytes, size_t size)
{
    char path[400];

    journal_path("journal.mdb", path, sizeof path);
    write_file(path, bytes, size);
    m->world = &database.world;
    m->dir = database.scratch.dir;
    return export_file(&m->image, &m->size);
}

static bool rolled_back(struct mutation *m)
{
    open_database();
    const uint64_t state = random_below(m->random, STATES - 1);
    REQUIRE(judge_file(m, database.states[state].bytes, database.states[state].size));
    mutation_tell(m, "journal.mdb as it was %" PRIu64 " entries ago",
                  database.states[STATES - 1].entries - database.states[state].entries);
    expect_kept(m);
    return true;
}

/* A deposit says its own number, "d-17": wherever the file has it, a digit is changed. */
static bool edited_file(struct mutation *m)
{
    char id[32];

    open_database();
    const uint64_t state = random_below(m->random, STATES);
    const uint64_t seq = mutation_pick(m, 2, database.states[state].entries);
    const size_t size = database.states[state].size;
    uint8_t *const bytes = malloc(size);
    REQUIRE(bytes);
    memcpy(bytes, database.states[state].bytes, size);
    const int length = snprintf(id + 1, sizeof id - 1, "d-%" PRIu64, seq);
    id[0] = (char)length;
    const uint8_t bit = (uint8_t)(1u << random_below(m->random, 3));
    for (uint8_t *at = bytes; (at = memmem(at, size - (size_t)(at - bytes), id, (size_t)length + 1)); at++)
        at[1] ^= bit; /* "d" becomes another letter */
    REQUIRE(judge_file(m, bytes, size));
    free(bytes);
    mutation_tell(m, "a letter of entry %" PRIu64 " changed in journal.mdb", seq);
    expect_at(m, "entry", seq);
    return true;
}

/*
 * A bit of a byte that is not zero, wherever it is: of an entry, of what LMDB keeps for itself, or of a page that holds
 * nothing any more. Where it changes what is read, it must be found, if only with the kept seal: LMDB may fall back to
 * the state before.
 */
static bool any_bit(struct mutation *m)
{
    open_database();
    const uint64_t state = random_below(m->random, STATES);
    const size_t size = database.states[state].size;
    uint8_t *const bytes = malloc(size);
    REQUIRE(bytes);
    memcpy(bytes, database.states[state].bytes, size);
    size_t at = 0;
    do
        at = random_below(m->random, size);
    while (bytes[at] == 0);
    bytes[at] ^= (uint8_t)(1u << random_below(m->random, 8));
    if (!judge_file(m, bytes, size))
        expect_no_export(m);
    else if (m->size == database.states[state].image_size &&
             memcmp(m->image, database.states[state].image, m->size) == 0)
        expect_good(m);
    else
        expect_not_good(m);
    free(bytes);
    m->against = database.states[state].newest;
    mutation_tell(m, "a bit of byte %zu of journal.mdb", at);
    return true;
}

const struct tampering TAMPERINGS_FILES[] = {
    {"an export cut (-)", cut_export, 2},
    {"bytes behind an export (-)", longer_export, 1},
    {"records of an export swapped (-)", disordered_export, 1},
    {"LMDB's file rolled back (*)", rolled_back, 1},
    {"LMDB's file edited", edited_file, 1},
    {"a bit anywhere in LMDB's file (=)", any_bit, 2},
    {NULL, NULL, 0},
};
