#include "reports/nightly.h"

#include "ledger/build.h"
#include "reports/pack_dir.h"
#include "reports/sheet_csv.h"
#include "reports/sheet_xlsx.h"
#include "reports/tables.h"

#include <stdio.h>
#include <stdlib.h>

struct pack {
    struct journal *journal;
    struct pack_dir dir;
    struct sheet_xlsx *xlsx;
    struct pack_file files[TABLES_COUNT];
    struct sheet_csv csv[TABLES_COUNT];
    struct manifest manifest;
    struct tables_result result;
    struct words words; /* scratch */
};

static enum err_code write_line(void *context, const void *bytes, size_t size, struct err *err)
{
    return pack_file_write(context, bytes, size, err);
}

static enum err_code take_row(void *context, const struct row *row, struct err *err)
{
    struct pack *const p = context;
    const enum err_code rc = sheet_csv_row(&p->csv[row->index], row, err);

    return rc ? rc : sheet_xlsx_row(p->xlsx, row, err);
}

/* -- opening -------------------------------------------------------------------------------------------- */

static enum err_code open_xlsx(struct pack *p, struct err *err)
{
    static const size_t lines[] = {TABLES_PNL_PROFIT, TABLES_PNL_TOTAL};
    char day[INSTANT_TEXT_SIZE];
    char *path = NULL;

    civil_format(day, p->manifest.scope.day);
    words_clear(&p->words);
    words_add(&p->words, "Compliance pack of %s, %s", p->manifest.origin, day);
    enum err_code rc = words_done(&p->words, err);
    if (!rc && asprintf(&path, "%s/%s", p->dir.path, NIGHTLY_XLSX) < 0)
        rc = err_set(err, ERR_MEMORY, "out of memory");
    if (rc)
        return rc;
    const struct sheet_xlsx_options options = {.path = path,
                                               .tmpdir = p->dir.path,
                                               .created_ns = p->manifest.scope.sealed_at_ns,
                                               .title = words_get(&p->words),
                                               .author = p->manifest.origin};
    rc = sheet_xlsx_open(&p->xlsx, &options, err);
    free(path);
    for (size_t i = 0; !rc && i < TABLES_COUNT; i++) {
        rc = sheet_xlsx_add(p->xlsx, tables_sheet(i), i, i == TABLES_COVER, err);
        if (!rc && i == TABLES_PNL)
            rc = sheet_xlsx_chart(p->xlsx, i, "Profit chart", TABLES_PNL_SESSION, lines,
                                  sizeof lines / sizeof lines[0], err);
    }
    return rc;
}

static enum err_code open_csv(struct pack *p, struct err *err)
{
    char name[MANIFEST_FILE_NAME];
    enum err_code rc = ERR_OK;

    for (size_t i = 0; !rc && i < TABLES_COUNT; i++) {
        snprintf(name, sizeof name, "%s.csv", tables_sheet(i)->name);
        rc = pack_file_open(&p->files[i], &p->dir, name, err);
        if (!rc)
            rc = sheet_csv_head(&p->csv[i], tables_sheet(i), err);
    }
    return rc;
}

/* -- closing -------------------------------------------------------------------------------------------- */

static struct manifest_file *next_file(struct pack *p)
{
    REQUIRE(p->manifest.file_count < MANIFEST_FILES_MAX);
    return &p->manifest.files[p->manifest.file_count++];
}

static enum err_code close_tables(struct pack *p, struct err *err)
{
    struct sheet_xlsx *const xlsx = p->xlsx;

    p->xlsx = NULL;
    enum err_code rc = sheet_xlsx_close(xlsx, err);
    if (!rc)
        rc = pack_file_measure(p->dir.fd, NIGHTLY_XLSX, true, next_file(p), err);
    for (size_t i = 0; !rc && i < TABLES_COUNT; i++)
        rc = pack_file_close(&p->files[i], next_file(p), err);
    return rc;
}

static enum err_code write_file(struct pack *p, const char *name, const void *bytes, size_t size,
                                struct manifest_file *row, struct err *err)
{
    struct pack_file *const f = &p->files[0]; /* the tables are closed by now */

    enum err_code rc = pack_file_open(f, &p->dir, name, err);
    if (!rc)
        rc = pack_file_write(f, bytes, size, err);
    return rc ? rc : pack_file_close(f, row, err);
}

/* The signed text names the key's epoch, and another process may change the key: then it is put together again. */
static enum err_code sign_manifest(struct pack *p, struct err *err)
{
    struct manifest *const m = &p->manifest;
    struct note_key key;
    size_t epoch = 0;
    enum err_code rc = ERR_OK;

    do {
        epoch = journal_epochs(p->journal)->count - 1;
        m->epoch = epoch;
        rc = manifest_text(m, &p->words, err);
        if (!rc)
            rc = journal_sign_bytes(p->journal, MANIFEST_FORMAT, p->words.bytes, p->words.size, &key,
                                    m->signature, err);
    } while (!rc && journal_epochs(p->journal)->count - 1 != epoch);
    if (!rc && epoch > 0)
        note_key_format(m->signed_by, &key);
    return rc;
}

static enum err_code write_manifest(struct pack *p, struct err *err)
{
    struct manifest *const m = &p->manifest;
    struct manifest_file itself;

    enum err_code rc = sign_manifest(p, err);
    if (!rc)
        rc = manifest_format(m, &p->words, err);
    return rc ? rc : write_file(p, MANIFEST_NAME, p->words.bytes, p->words.size, &itself, err);
}

static enum err_code write_pack(struct pack *p, struct journal_reader *r,
                                const struct nightly_options *options, struct err *err)
{
    struct manifest *const m = &p->manifest;
    const struct tables_options tables = {.wanted = TABLES_ALL,
                                          .origin = m->origin,
                                          .vkey = m->vkey,
                                          .program = m->program,
                                          .progress = options->progress,
                                          .context = options->context};
    const struct sheet_sink sink = {take_row, p};

    enum err_code rc = open_csv(p, err);
    if (!rc)
        rc = open_xlsx(p, err);
    if (!rc)
        rc = tables_write(r, &m->scope, &tables, &sink, &p->result, err);
    if (!rc)
        rc = close_tables(p, err);
    m->state_digest = p->result.state_digest;
    if (!rc)
        rc =
            write_file(p, NIGHTLY_CHECKPOINT, m->scope.seal.note, m->scope.seal.note_size, next_file(p), err);
    return rc ? rc : write_manifest(p, err);
}

/* Gives up what is open. */
static void release(struct pack *p)
{
    sheet_xlsx_abort(p->xlsx);
    for (size_t i = 0; i < TABLES_COUNT; i++) {
        pack_file_abort(&p->files[i]);
        sheet_csv_release(&p->csv[i]);
    }
    pack_dir_abort(&p->dir);
    words_release(&p->words);
    free(p);
}

static enum err_code new_pack(struct pack **p, struct journal *j, struct err *err)
{
    struct pack *const made = calloc(1, sizeof *made);

    if (!made)
        return err_set(err, ERR_MEMORY, "out of memory for a pack");
    made->journal = j;
    made->dir.fd = -1;
    words_init(&made->words);
    snprintf(made->manifest.program, sizeof made->manifest.program, "%s", BUILD_PROGRAM);
    snprintf(made->manifest.origin, sizeof made->manifest.origin, "%s", journal_origin(j));
    snprintf(made->manifest.vkey, sizeof made->manifest.vkey, "%s", journal_vkey(j));
    for (size_t i = 0; i < TABLES_COUNT; i++) {
        made->files[i].fd = -1;
        sheet_csv_init(&made->csv[i], write_line, &made->files[i]);
    }
    *p = made;
    return ERR_OK;
}

enum err_code nightly_write(struct journal *j, const struct nightly_options *options,
                            struct manifest *written, struct err *err)
{
    struct journal_reader *r = NULL;
    struct pack *p = NULL;

    if (!journal_vault(j))
        return err_set(err, ERR_KEY, "%s is locked: its passphrase is needed to sign the manifest",
                       journal_dir(j));
    enum err_code rc = new_pack(&p, j, err);
    if (rc)
        return rc;
    rc = journal_reader_begin(j, &r, err);
    if (!rc)
        rc = day_scope_find(r, options->day, &p->manifest.scope, err);
    if (!rc)
        rc = pack_dir_check(options->out, p->manifest.origin, p->manifest.scope.day, err);
    if (!rc)
        rc = pack_dir_begin(&p->dir, options->out, err);
    if (!rc)
        rc = write_pack(p, r, options, err);
    if (!rc)
        rc = pack_dir_commit(&p->dir, err);
    journal_reader_end(r);
    if (!rc && written)
        *written = p->manifest;
    release(p);
    return rc;
}
