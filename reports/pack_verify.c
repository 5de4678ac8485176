#include "reports/pack_verify.h"

#include "ledger/build.h"
#include "ledger/checkpoint.h"
#include "reports/nightly.h"
#include "reports/pack_dir.h"
#include "reports/sheet_csv.h"
#include "reports/tables.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * What is not there, cannot be read as what it should be, or does not agree, is wrong with the pack. Memory is
 * not, and neither is a disk that cannot be read.
 */
static enum err_code blame(enum err_code rc, const struct err *why, const char *where, struct err *err)
{
    if (rc == ERR_NOT_FOUND || rc == ERR_FORMAT || rc == ERR_WRONG || rc == ERR_KEY)
        rc = ERR_WRONG;
    return err_set(err, rc, "%s%s%s", where ? where : "", where ? ": " : "", why->text);
}

/* -- by itself ------------------------------------------------------------------------------------------ */

/* By which keys is the manifest signed, and the seal? */
struct signers {
    struct note_key manifest;
    struct note_key seal;
};

static enum err_code names_another(const struct manifest *m, const struct note_key *key, struct err *err)
{
    char vkey[NOTE_VKEY_TEXT_SIZE];

    note_key_format(vkey, key);
    return err_set(err, ERR_WRONG, MANIFEST_NAME ": it names the key %s, but the key is %s", m->vkey, vkey);
}

/* Of the journal's keys. None signs what is older than a seal of its successor. */
static enum err_code find_signers(const struct journal *j, const struct manifest *m, struct signers *s,
                                  struct err *err)
{
    const struct epochs *const epochs = journal_epochs(j);
    char vkey[NOTE_VKEY_TEXT_SIZE];

    if (strcmp(m->vkey, journal_vkey(j)) != 0)
        return err_set(err, ERR_WRONG, MANIFEST_NAME ": it names the key %s, but the key is %s", m->vkey,
                       journal_vkey(j));
    if (m->epoch >= epochs->count || m->epoch < epochs_at(epochs, m->scope.seal.size))
        return err_set(err, ERR_WRONG,
                       MANIFEST_NAME ": it is signed with the key of epoch %" PRIu64
                                     ", of which the journal knows nothing at that time",
                       m->epoch);
    enum err_code rc = journal_key_of(j, (size_t)m->epoch, &s->manifest, err);
    if (!rc)
        rc = journal_key_at(j, m->scope.seal.size, &s->seal, err);
    if (rc)
        return rc;
    note_key_format(vkey, &s->manifest);
    if (m->epoch > 0 && strcmp(vkey, m->signed_by) != 0)
        return err_set(err, ERR_WRONG, MANIFEST_NAME ": the key of epoch %" PRIu64 " is %s, not %s", m->epoch,
                       vkey, m->signed_by);
    return ERR_OK;
}

/* Without the journal there is the one key that was given. */
static enum err_code take_signer(const struct note_key *key, const struct manifest *m, struct signers *s,
                                 struct err *err)
{
    char vkey[NOTE_VKEY_TEXT_SIZE];

    note_key_format(vkey, key);
    *s = (struct signers){*key, *key};
    if (strcmp(vkey, m->epoch > 0 ? m->signed_by : m->vkey) == 0)
        return ERR_OK;
    if (m->epoch > 0 && strcmp(vkey, m->vkey) == 0)
        return err_set(err, ERR_INPUT,
                       MANIFEST_NAME ": it is signed with the key of epoch %" PRIu64
                                     ", and that this is the journal's only the journal can tell: name it "
                                     "with -C, or give that key (ledger key list) with --key",
                       m->epoch);
    return names_another(m, key, err);
}

static enum err_code check_signature(const struct manifest *m, const struct note_key *key, struct err *err)
{
    struct err why = {.code = ERR_OK};
    struct words text;

    words_init(&text);
    enum err_code rc = manifest_text(m, &text, err);
    if (!rc) {
        rc = journal_check_bytes(key, MANIFEST_FORMAT, text.bytes, text.size, m->signature, &why);
        if (rc == ERR_WRONG)
            rc = err_set(err, rc, MANIFEST_NAME ": what it says is not signed by the key of %s", key->name);
        else if (rc)
            rc = blame(rc, &why, MANIFEST_NAME, err);
    }
    words_release(&text);
    return rc;
}

static enum err_code check_manifest(int fd, const struct pack_verify_options *o, struct manifest *m,
                                    struct signers *s, struct err *err)
{
    struct err why = {.code = ERR_OK};
    char *bytes = NULL;
    size_t size = 0;

    enum err_code rc = pack_file_read(fd, MANIFEST_NAME, MANIFEST_MAX_SIZE, &bytes, &size, &why);
    if (rc)
        return blame(rc, &why, NULL, err);
    rc = manifest_parse(m, bytes, size, &why);
    free(bytes);
    if (rc)
        return blame(rc, &why, MANIFEST_NAME, err);
    rc = o->journal ? find_signers(o->journal, m, s, err) : take_signer(o->key, m, s, err);
    return rc ? rc : check_signature(m, &s->manifest, err);
}

/* Every file that a pack has, and no other. */
static enum err_code check_names(const struct manifest *m, struct err *err)
{
    char name[MANIFEST_FILE_NAME];
    size_t known = 0;

    for (size_t i = 0; i < TABLES_COUNT + 2; i++) {
        if (i < TABLES_COUNT)
            snprintf(name, sizeof name, "%s.csv", tables_sheet(i)->name);
        else
            snprintf(name, sizeof name, "%s", i == TABLES_COUNT ? NIGHTLY_XLSX : NIGHTLY_CHECKPOINT);
        if (!manifest_find(m, name))
            return err_set(err, ERR_WRONG, MANIFEST_NAME ": it does not name %s, which every pack has", name);
        known++;
    }
    if (known != m->file_count)
        return err_set(err, ERR_WRONG, MANIFEST_NAME ": it names %zu files, a pack has %zu", m->file_count,
                       known);
    return ERR_OK;
}

static enum err_code check_file(int fd, const struct manifest_file *row, struct err *err)
{
    struct err why = {.code = ERR_OK};
    struct manifest_file found;

    const enum err_code rc = pack_file_measure(fd, row->name, false, &found, &why);
    if (rc)
        return blame(rc, &why, NULL, err);
    if (found.size != row->size)
        return err_set(err, ERR_WRONG, "%s: it has %" PRIu64 " bytes, the manifest says %" PRIu64, row->name,
                       found.size, row->size);
    if (!hash_equal(&found.sha256, &row->sha256))
        return err_set(err, ERR_WRONG, "%s: its SHA-256 is not the manifest's", row->name);
    return ERR_OK;
}

static enum err_code check_files(int fd, const struct manifest *m, struct err *err)
{
    char name[256];
    bool found = false;
    enum err_code rc = ERR_OK;

    for (size_t i = 0; !rc && i < m->file_count; i++)
        rc = check_file(fd, &m->files[i], err);
    if (!rc)
        rc = pack_dir_stranger(fd, m, name, sizeof name, &found, err);
    if (!rc && found)
        rc = err_set(err, ERR_WRONG, "%s: the manifest does not name it", name);
    return rc;
}

/* The seal is in the manifest and again in a file of its own, for other tools. */
static enum err_code check_seal(const struct manifest *m, const struct note_key *key, bool *is_open,
                                struct err *err)
{
    const struct seal *const seal = &m->scope.seal;
    const struct manifest_file *const row = manifest_find(m, NIGHTLY_CHECKPOINT);
    const struct hash note = hash_bytes(seal->note, seal->note_size);
    struct err why = {.code = ERR_OK};
    struct checkpoint c;

    if (!row || !hash_equal(&row->sha256, &note))
        return err_set(err, ERR_WRONG, NIGHTLY_CHECKPOINT ": it is not the seal in the manifest");
    const enum err_code rc = checkpoint_open(&c, seal->note, seal->note_size, key, 1, &why);
    *is_open = !rc;
    return rc ? blame(rc, &why, NIGHTLY_CHECKPOINT, err) : ERR_OK;
}

/* Does a line of the seal claim to be this key's? */
static bool is_signed_by(const struct manifest *m, const struct note_key *key)
{
    struct note note;

    if (note_parse(&note, m->scope.seal.note, m->scope.seal.note_size, NULL))
        return false;
    for (size_t i = 0; i < note.count; i++) {
        const struct note_signature *const line = &note.signatures[i];
        if (line->name_size == key->name_size && memcmp(line->name, key->name, key->name_size) == 0 &&
            memcmp(line->id, key->id, sizeof key->id) == 0)
            return true;
    }
    return false;
}

static enum err_code check_itself(int fd, const struct pack_verify_options *o,
                                  struct pack_verify_report *report, struct err *err)
{
    struct manifest *const m = &report->manifest;
    struct signers s;

    enum err_code rc = check_manifest(fd, o, m, &s, err);
    if (!rc)
        rc = check_names(m, err);
    if (!rc)
        rc = check_files(fd, m, err);
    if (rc)
        return rc;
    /* A later key's pack may be of a seal by an earlier one, which then nobody has named here. */
    rc = check_seal(m, &s.seal, &report->is_seal_open, err);
    return rc == ERR_WRONG && !o->journal && m->epoch > 0 && !is_signed_by(m, &s.seal) ? ERR_OK : rc;
}

/* -- against the journal -------------------------------------------------------------------------------- */

/* A table that is made again only to be measured. */
struct again {
    struct sheet_csv csv;
    struct hash_stream stream;
    uint64_t size;
};

static enum err_code measure_line(void *context, const void *bytes, size_t size, struct err *err)
{
    struct again *const a = context;

    (void)err;
    hash_stream_add(&a->stream, bytes, size);
    a->size += size;
    return ERR_OK;
}

static enum err_code measure_row(void *context, const struct row *row, struct err *err)
{
    struct again *const again = context;

    return sheet_csv_row(&again[row->index].csv, row, err);
}

static enum err_code compare(const struct manifest *m, uint64_t folded, struct again *again, struct err *err)
{
    char name[MANIFEST_FILE_NAME];

    for (size_t i = 0; i < TABLES_COUNT; i++) {
        snprintf(name, sizeof name, "%s.csv", tables_sheet(i)->name);
        const struct manifest_file *const row = manifest_find(m, name);
        const struct hash sha256 = hash_stream_finish(&again[i].stream);
        if (row && row->size == again[i].size && hash_equal(&row->sha256, &sha256))
            continue;
        if (strcmp(m->program, BUILD_PROGRAM) != 0)
            return err_set(err, ERR_INPUT,
                           "%s: " BUILD_PROGRAM " makes another file of these entries than %s did; check the "
                           "pack with the program that wrote it",
                           name, m->program);
        return err_set(err, ERR_WRONG, "%s: it is not what the journal's entries 1 to %" PRIu64 " give", name,
                       folded);
    }
    return ERR_OK;
}

static enum err_code remake(const struct pack_verify_options *o, struct journal_reader *r,
                            const struct manifest *m, const struct day_scope *scope, struct again *again,
                            struct err *err)
{
    const struct tables_options tables = {.wanted = TABLES_ALL,
                                          .origin = m->origin,
                                          .vkey = m->vkey,
                                          .program = m->program,
                                          .progress = o->progress,
                                          .context = o->context};
    const struct sheet_sink sink = {measure_row, again};
    struct tables_result result;
    enum err_code rc = ERR_OK;

    for (size_t i = 0; !rc && i < TABLES_COUNT; i++) {
        hash_stream_init(&again[i].stream);
        again[i].size = 0;
        sheet_csv_init(&again[i].csv, measure_line, &again[i]);
        rc = sheet_csv_head(&again[i].csv, tables_sheet(i), err);
    }
    if (!rc)
        rc = tables_write(r, scope, &tables, &sink, &result, err);
    if (!rc)
        rc = compare(m, scope->state_seq, again, err);
    if (!rc && !hash_equal(&result.state_digest, &m->state_digest))
        rc = err_set(err, ERR_WRONG, MANIFEST_NAME ": the state after entry %" PRIu64 " has another digest",
                     scope->state_seq);
    for (size_t i = 0; i < TABLES_COUNT; i++)
        sheet_csv_release(&again[i].csv);
    return rc;
}

/* Packs of before told of the state after the seal's last entry, which may be of another day than the day's last. */
static enum err_code remake_either(const struct pack_verify_options *o, struct journal_reader *r,
                                   const struct manifest *m, struct day_scope *scope, struct again *again,
                                   struct err *err)
{
    struct err why;
    const enum err_code rc = remake(o, r, m, scope, again, err);

    if ((rc != ERR_WRONG && rc != ERR_INPUT) || scope->state_seq == scope->seal.size)
        return rc;
    scope->state_seq = scope->seal.size;
    return remake(o, r, m, scope, again, &why) == ERR_OK ? ERR_OK : rc;
}

/* The journal, as it was at the seal, says the same of the day. */
static enum err_code check_scope(struct journal_reader *r, const struct manifest *m, struct day_scope *scope,
                                 struct err *err)
{
    struct err why = {.code = ERR_OK};
    struct hash root;

    enum err_code rc = journal_reader_root(r, m->scope.seal.size, &root, &why);
    if (rc)
        return blame(rc, &why, NIGHTLY_CHECKPOINT, err);
    if (!hash_equal(&root, &m->scope.seal.root))
        return err_set(err, ERR_WRONG,
                       NIGHTLY_CHECKPOINT ": the journal's tree of %" PRIu64 " entries has another root",
                       m->scope.seal.size);
    rc = day_scope_find_at(r, m->scope.day, &m->scope.seal, scope, &why);
    if (rc)
        return blame(rc, &why, MANIFEST_NAME, err);
    if (scope->first_seq != m->scope.first_seq || scope->last_seq != m->scope.last_seq ||
        scope->entries != m->scope.entries || scope->sealed_at_ns != m->scope.sealed_at_ns)
        return err_set(err, ERR_WRONG, MANIFEST_NAME ": the day has other entries in the journal");
    return ERR_OK;
}

static enum err_code check_journal(const struct pack_verify_options *o, struct pack_verify_report *report,
                                   struct err *err)
{
    struct again *const again = calloc(TABLES_COUNT, sizeof *again);
    struct journal_reader *r = NULL;
    struct day_scope scope;
    struct day_scope now;

    if (!again)
        return err_set(err, ERR_MEMORY, "out of memory");
    enum err_code rc = journal_reader_begin(o->journal, &r, err);
    if (!rc)
        rc = check_scope(r, &report->manifest, &scope, err);
    if (!rc)
        rc = remake_either(o, r, &report->manifest, &scope, again, err);
    if (!rc)
        rc = day_scope_find(r, scope.day, &now, err);
    if (!rc) {
        report->against_journal = true;
        report->journal_size = journal_reader_size(r);
        report->later_entries = now.entries - scope.entries;
    }
    journal_reader_end(r);
    free(again);
    return rc;
}

enum err_code pack_verify(const struct pack_verify_options *options, struct pack_verify_report *report,
                          struct err *err)
{
    char vkey[NOTE_VKEY_TEXT_SIZE];
    int fd = -1;
    enum err_code rc = ERR_OK;

    REQUIRE(options->key || options->journal);
    memset(report, 0, sizeof *report);
    if (options->journal && options->key) {
        note_key_format(vkey, options->key);
        if (strcmp(vkey, journal_vkey(options->journal)) != 0)
            rc = err_set(err, ERR_WRONG, "the journal's key is %s, not the one given",
                         journal_vkey(options->journal));
    }
    if (!rc)
        rc = pack_dir_open(options->dir, &fd, err);
    if (!rc)
        rc = check_itself(fd, options, report, err);
    if (fd >= 0)
        close(fd);
    return rc || !options->journal ? rc : check_journal(options, report, err);
}
