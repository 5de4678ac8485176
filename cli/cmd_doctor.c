/*
 * ledger doctor: what is wrong, how far the journal is good, what to do. It changes nothing.
 * ledger doctor --salvage FILE: writes the good beginning of a damaged journal into a raw export.
 * ledger doctor --reindex: makes the index anew.
 */
#include "cli/cli.h"

#include "audit/salvage.h"
#include "cli/doctor.h"

#include <string.h>
#include <unistd.h>

/* In order: what later rows need, earlier ones look at. `apart`: whatever touches the journal's file. */
static const struct diagnose_check checks[] = {
    {.name = "program", .run = doctor_program},
    {.name = "directory", .run = diagnose_directory},
    {.name = "disk", .run = diagnose_disk},
    {.name = "vault", .run = diagnose_vault},
    {.name = "leftovers", .run = diagnose_leftovers},
    {.name = "file", .run = diagnose_file, .apart = true},
    {.name = "lock", .run = diagnose_lock},
    {.name = "pages", .run = diagnose_pages, .needs = DIAGNOSE_FILE, .apart = true},
    {.name = "readers", .run = diagnose_readers, .needs = DIAGNOSE_LMDB, .apart = true},
    {.name = "halted", .run = diagnose_halted, .needs = DIAGNOSE_LMDB, .apart = true},
    {.name = "guard", .run = doctor_guard, .needs = DIAGNOSE_LMDB, .apart = true},
    {.name = "journal", .run = diagnose_journal, .needs = DIAGNOSE_LMDB, .apart = true},
    {.name = "good", .run = diagnose_good, .needs = DIAGNOSE_FILE, .apart = true},
    {.name = "keys", .run = doctor_keys, .needs = DIAGNOSE_JOURNAL, .apart = true},
    {.name = "clock", .run = diagnose_clock, .needs = DIAGNOSE_JOURNAL},
    {.name = "growth", .run = diagnose_growth, .needs = DIAGNOSE_JOURNAL, .apart = true},
    {.name = "state", .run = doctor_book, .needs = DIAGNOSE_JOURNAL, .apart = true},
    {.name = "index", .run = doctor_index, .needs = DIAGNOSE_JOURNAL, .apart = true},
};

static const char *colour_of(enum diagnose_grade grade)
{
    switch (grade) {
    case DIAGNOSE_GOOD: return cli_green(stdout);
    case DIAGNOSE_BAD: return cli_red(stdout);
    case DIAGNOSE_REMARK:
    case DIAGNOSE_UNSEEN: return cli_bold(stdout);
    }
    return "";
}

static void put_text(const struct diagnose_finding *f)
{
    printf("%s%-6s%s %-10s %s%s%s\n", colour_of(f->grade), diagnose_grade_name(f->grade), cli_plain(stdout),
           f->check, f->where, f->where[0] ? ": " : "", f->what);
    if (f->todo[0] && f->grade != DIAGNOSE_GOOD)
        printf("                  do: %s\n", f->todo);
}

static void put_json(const struct diagnose_finding *f, struct json_out *out)
{
    const struct {
        const char *key;
        const char *text;
    } rows[] = {{"check", f->check},
                {"grade", diagnose_grade_name(f->grade)},
                {"where", f->where},
                {"what", f->what},
                {"do", f->grade == DIAGNOSE_GOOD ? "" : f->todo}};

    json_out_object(out);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_out_key(out, rows[i].key);
        json_out_text(out, rows[i].text);
    }
    if (f->entries) {
        json_out_key(out, "entries");
        json_out_u64(out, f->entries);
    }
    json_out_object_end(out);
}

static enum err_code put_findings(const struct diagnosis *d, bool json, struct err *err)
{
    struct json_out out;

    for (unsigned i = 0; i < d->count && !json; i++)
        put_text(&d->findings[i]);
    if (!json)
        return ERR_OK;
    json_out_init(&out);
    json_out_array(&out);
    for (unsigned i = 0; i < d->count; i++)
        put_json(&d->findings[i], &out);
    json_out_array_end(&out);
    const enum err_code rc = cli_put_json(&out, err);
    json_out_release(&out);
    return rc;
}

static enum err_code judge(const struct diagnosis *d, struct err *err)
{
    unsigned count[4] = {0};

    for (unsigned i = 0; i < d->count; i++)
        count[d->findings[i].grade]++;
    if (count[DIAGNOSE_BAD])
        return err_set(err, ERR_WRONG, "doctor: %u things are wrong", count[DIAGNOSE_BAD]);
    if (count[DIAGNOSE_UNSEEN])
        return err_set(err, ERR_IO, "doctor: %u things could not be looked at", count[DIAGNOSE_UNSEEN]);
    return ERR_OK;
}

static enum err_code diagnose(struct cli *cli, const char *vkey, bool json, struct err *err)
{
    struct cli_progress progress;
    struct diagnosis *d = NULL;

    cli_progress_init(&progress, "doctor");
    const struct diagnose_options options = {.dir = cli->dir,
                                             .vkey = vkey,
                                             .now_ns = cli_now_ns(),
                                             .progress = cli_progress_draw,
                                             .progress_arg = &progress,
                                             .arg = cli};
    enum err_code rc = diagnose_new(&options, &d, err);
    if (rc)
        return rc;
    fflush(stdout);
    diagnose_run(d, checks, sizeof checks / sizeof checks[0]);
    progress.shown = progress.shown || isatty(fileno(stderr)); /* drawn by a process of its own */
    cli_progress_end(&progress);
    rc = put_findings(d, json, err);
    if (!rc)
        rc = judge(d, err);
    diagnose_free(d);
    return rc;
}

static void put_salvaged(const struct survey *found, const char *path, bool json, struct json_out *out)
{
    char date[INSTANT_TEXT_SIZE];

    instant_format(date, found->good_at_ns);
    if (!json) {
        printf("%s: entries 1..%llu of %s, to %s, as the seal of that size confirms them\n", path,
               (unsigned long long)found->good, found->origin, date);
        if (found->bad_seals || found->bad_checks)
            printf("left out: %llu seals that do not fit; made anew: %llu checks\n",
                   (unsigned long long)found->bad_seals, (unsigned long long)found->bad_checks);
        return;
    }
    json_out_object(out);
    json_out_key(out, "file");
    json_out_text(out, path);
    json_out_key(out, "origin");
    json_out_text(out, found->origin);
    json_out_key(out, "vkey");
    json_out_text(out, found->vkey);
    const struct {
        const char *key;
        uint64_t value;
    } rows[] = {{"entries", found->good},
                {"readable", found->readable},
                {"newest_seal", found->newest_seal},
                {"seals_left_out", found->bad_seals},
                {"checks_made_anew", found->bad_checks}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_out_key(out, rows[i].key);
        json_out_u64(out, rows[i].value);
    }
    json_out_key(out, "recorded_at");
    json_out_text(out, date);
    json_out_key(out, "root");
    json_out_hex(out, found->root.bytes, HASH_SIZE);
    json_out_object_end(out);
}

static enum err_code salvage(struct cli *cli, const char *vkey, const char *path, bool json, struct err *err)
{
    struct cli_progress progress;
    struct evidence *evidence = NULL;
    struct salvage *s = NULL;
    struct json_out out;

    cli_guard_reading();
    cli_progress_init(&progress, "salvage");
    enum err_code rc = salvage_evidence(cli->dir, cli_progress_draw, &progress, &evidence, err);
    if (!rc)
        rc = salvage_survey(evidence, vkey, cli_progress_draw, &progress, &s, err);
    if (!rc)
        rc = salvage_write(s, path, err);
    cli_progress_end(&progress);
    if (rc) {
        rc = err_wrap(err, "nothing was saved");
    } else {
        const struct survey *const found = salvage_found(s);
        json_out_init(&out);
        put_salvaged(found, path, json, &out);
        rc = json ? cli_put_json(&out, err) : ERR_OK;
        json_out_release(&out);
        if (found->newest_seal > found->good || found->readable > found->good)
            fprintf(stderr, "There were more: %llu can be read, and seals speak of %llu.\n",
                    (unsigned long long)found->readable, (unsigned long long)found->newest_seal);
        fprintf(stderr, "Check it with: ledger verify --raw %s\n", path);
    }
    salvage_free(s);
    evidence_close(evidence);
    return rc;
}

enum err_code cmd_doctor(struct cli *cli, struct err *err)
{
    const char *path = NULL;
    const char *vkey = NULL;
    bool json = false;
    bool reindex = false;
    struct note_key key;
    const struct cli_option options[] = {{.name = "json", .flag = &json},
                                         {.name = "salvage", .value = &path},
                                         {.name = "reindex", .flag = &reindex},
                                         {.name = "key", .value = &vkey}};
    const enum err_code rc = cli_options(cli, options, 4, NULL, 0, NULL, err);

    if (rc)
        return rc;
    if (reindex && (path || vkey))
        return err_set(err, ERR_USAGE, "doctor: --reindex goes with no other option but --json");
    if (reindex)
        return doctor_reindex(cli, json, err);
    if (vkey && note_key_parse(&key, vkey, strlen(vkey), err))
        return err_wrap(err, "--key");
    return path ? salvage(cli, vkey, path, json, err) : diagnose(cli, vkey, json, err);
}
