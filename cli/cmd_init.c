#include "cli/cli.h"

#include "cli/guards.h"

#include "agent/control.h"

#include <string.h>

/* The journal is there by now, whatever becomes of this: so it is said that it is. */
static enum err_code show_key(struct cli *cli, struct err *err)
{
    struct err why = {.code = ERR_OK};
    struct journal *j = NULL;

    enum err_code rc = cli_open(cli, true, &j, &why);
    if (!rc) {
        printf("%s\n", journal_vkey(j));
        rc = cli_finish(&why);
    }
    journal_close(j);
    if (rc)
        rc = err_set(err, rc,
                     "journal %s is made, but its key could not be shown (%.600s): it is what "
                     "\"ledger -C %s verify\" calls key",
                     cli->dir, why.text, cli->dir);
    return rc;
}

enum err_code cmd_init(struct cli *cli, struct err *err)
{
    const char *origin = NULL;
    const char *guards[GUARD_MAX] = {NULL};
    size_t guard_count = 0;
    const struct cli_option options[] = {
        {.name = "origin", .value = &origin},
        {.name = "guard", .values = guards, .values_max = GUARD_MAX, .values_count = &guard_count}};
    struct secret *passphrase = NULL;
    struct actor_rows first;
    enum err_code rc = cli_options(cli, options, 2, NULL, 0, NULL, err);
    const struct journal_options journal = {.dir = cli->dir, .guards = guards, .guard_count = guard_count};

    if (!rc && !origin)
        rc = err_set(
            err, ERR_USAGE,
            "init: --origin NAME is missing: the journal's name for ever, such as desk.example/alpha");
    if (!rc && strstr(origin, "://"))
        rc =
            err_set(err, ERR_USAGE,
                    "init: --origin \"%.100s\": a name without a scheme, such as desk.example/alpha", origin);
    if (!rc)
        rc = cli_passphrase(cli, true, &passphrase, err);
    control_first_actors(&first);
    if (!rc)
        rc = journal_create(&journal, origin, passphrase, &first, err);
    if (!rc)
        rc = show_key(cli, err);
    if (!rc)
        guards_remark(cli->dir, guards, guard_count);
    if (!rc)
        fprintf(stderr,
                "Journal %s made. Keep the line above where nobody can change it: with it anybody can verify "
                "this\n"
                "journal. Next: ledger -C %s append FILE, or ledger -C %s run --help\n",
                cli->dir, cli->dir, cli->dir);
    secret_free(passphrase);
    return rc;
}
