#include "cli/cli.h"

#include "agent/control.h"

enum err_code cmd_init(struct cli *cli, struct err *err)
{
    const char *origin = NULL;
    const struct cli_option options[] = {{.name = "origin", .value = &origin}};
    struct secret *passphrase = NULL;
    struct journal *j = NULL;
    struct actor_rows first;
    const struct journal_options journal = {.dir = cli->dir};
    enum err_code rc = cli_options(cli, options, 1, NULL, 0, NULL, err);

    if (!rc && !origin)
        rc = err_set(
            err, ERR_USAGE,
            "init: --origin NAME is missing: the journal's name for ever, such as desk.example/alpha");
    if (!rc)
        rc = cli_passphrase(cli, true, &passphrase, err);
    control_first_actors(&first);
    if (!rc)
        rc = journal_create(&journal, origin, passphrase, &first, err);
    if (!rc)
        rc = cli_open(cli, true, &j, err);
    if (!rc)
        printf("%s\n", journal_vkey(j));
    if (!rc)
        fprintf(stderr,
                "Journal %s made. Keep the line above where nobody can change it: with it anybody can verify "
                "this\n"
                "journal. Next: ledger -C %s append FILE, or ledger -C %s run --help\n",
                cli->dir, cli->dir, cli->dir);
    journal_close(j);
    secret_free(passphrase);
    return rc;
}
