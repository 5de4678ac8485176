/* ledger export --raw FILE: all stored bytes, for verifiers that others wrote. */
#include "cli/cli.h"

#include "audit/export.h"

/* A file of bytes says nothing to its reader; a journal that cannot be opened is exported all the same. */
static void remark(struct cli *cli)
{
    struct journal *j = NULL;
    struct err why;

    if (cli_open(cli, true, &j, &why) == ERR_OK)
        journal_close(j);
}

enum err_code cmd_export(struct cli *cli, struct err *err)
{
    const char *raw = NULL;
    struct export_report report;
    const struct cli_option options[] = {{.name = "raw", .value = &raw}};
    enum err_code rc = cli_options(cli, options, 1, NULL, 0, NULL, err);

    if (!rc && !raw)
        rc = err_set(err, ERR_USAGE, "export: --raw FILE is missing");
    cli_guard_reading();
    if (!rc)
        rc = export_raw(cli->dir, raw, &report, err);
    if (!rc)
        remark(cli);
    if (!rc)
        fprintf(stderr, "%s: %llu bytes. Check it with: ledger verify --raw %s\n", raw,
                (unsigned long long)report.bytes, raw);
    return rc;
}
