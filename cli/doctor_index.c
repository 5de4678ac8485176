/* The index beside the journal: compared with the entries, and with ledger doctor --reindex made anew. */
#include "cli/doctor.h"

#include "ledger/index.h"

#define TODO "ledger doctor --reindex"

static void compare(struct diagnosis *d, struct index *x)
{
    const struct index_options options = {.progress = d->options.progress,
                                          .context = d->options.progress_arg};
    struct err why = {.code = ERR_OK};
    uint64_t indexed = 0;

    const enum err_code rc = index_check(x, &options, &indexed, &why);
    if (rc == ERR_WRONG || rc == ERR_FORMAT)
        diagnose_advise(diagnose_add(d, DIAGNOSE_BAD, INDEX_FILE_NAME, "%s", why.text), TODO);
    else if (rc)
        diagnose_add(d, DIAGNOSE_UNSEEN, INDEX_FILE_NAME, "%s", why.text);
    else
        diagnose_add(d, DIAGNOSE_GOOD, INDEX_FILE_NAME,
                     "agrees with the entries, of which it has %llu; the rest is read when it is searched",
                     (unsigned long long)indexed);
}

void doctor_index(struct diagnosis *d)
{
    struct err why = {.code = ERR_OK};
    struct journal *j = NULL;
    struct index *x = NULL;

    enum err_code rc = cli_open(d->options.arg, true, &j, &why);
    if (!rc)
        rc = index_open(j, INDEX_READ, &x, &why);
    if (!rc)
        compare(d, x);
    else if (rc == ERR_NOT_FOUND)
        diagnose_add(d, DIAGNOSE_GOOD, INDEX_FILE_NAME, "not there, and made when a search needs it");
    else if (rc == ERR_FORMAT)
        diagnose_advise(diagnose_add(d, DIAGNOSE_BAD, INDEX_FILE_NAME, "%s", why.text), TODO);
    else
        diagnose_add(d, DIAGNOSE_UNSEEN, INDEX_FILE_NAME, "%s", why.text);
    index_close(x);
    journal_close(j);
}

static enum err_code put_indexed(const struct index_report *report, bool json, struct err *err)
{
    struct json_out out;

    if (!json) {
        printf("%llu entries are in " INDEX_FILE_NAME "\n", (unsigned long long)report->indexed);
        return ERR_OK;
    }
    json_out_init(&out);
    json_out_object(&out);
    json_out_key(&out, "indexed");
    json_out_u64(&out, report->indexed);
    json_out_object_end(&out);
    const enum err_code rc = cli_put_json(&out, err);
    json_out_release(&out);
    return rc;
}

enum err_code doctor_reindex(struct cli *cli, bool json, struct err *err)
{
    struct index_report report = {.indexed = 0};
    struct cli_progress progress;
    struct journal *j = NULL;
    struct index *x = NULL;

    cli_guard_reading();
    enum err_code rc = cli_open(cli, true, &j, err);
    if (!rc)
        rc = index_remove(cli->dir, err);
    if (!rc)
        rc = index_open(j, INDEX_WRITE, &x, err);
    cli_progress_init(&progress, "index");
    const struct index_options options = {.progress = cli_progress_draw, .context = &progress};
    if (!rc)
        rc = index_catch_up(x, &options, &report, err);
    cli_progress_end(&progress);
    if (!rc)
        rc = put_indexed(&report, json, err);
    if (!rc && report.stopped)
        rc = err_set(err, ERR_WRONG,
                     "entry %llu cannot be read, so the index ends before it (see: ledger verify)",
                     (unsigned long long)report.stopped);
    index_close(x);
    journal_close(j);
    return rc;
}
