/* ledger stop, ledger resume: what a person asks of the desk, signed with that person's key. */
#include "cli/cli.h"

#include "agent/control.h"

struct ask {
    const char *actor;
    const char *reason;
    bool json;
};

static enum err_code parse(struct cli *cli, struct ask *a, struct err *err)
{
    const struct cli_option options[] = {{.name = "actor", .value = &a->actor},
                                         {.name = "reason", .value = &a->reason},
                                         {.name = "json", .flag = &a->json}};
    const enum err_code rc = cli_options(cli, options, 3, NULL, 0, NULL, err);

    if (!rc && !a->reason)
        return err_set(err, ERR_USAGE, "%s: --reason TEXT is missing: it goes on the record",
                       cli->command->name);
    if (!a->actor)
        a->actor = "operator";
    return rc;
}

static void put_done(const struct ask *a, const struct desk *d, const char *what, uint64_t cancelled)
{
    if (a->json)
        printf("{\"seq\":%llu,\"cancelled\":%llu}\n", (unsigned long long)d->group_first,
               (unsigned long long)cancelled);
    else
        printf("%s: entry %llu, signed by %s; %llu open orders cancelled\n", what,
               (unsigned long long)d->group_first, a->actor, (unsigned long long)cancelled);
}

enum err_code cmd_stop(struct cli *cli, struct err *err)
{
    struct ask a = {0};
    struct journal *j = NULL;
    struct desk d = {0};
    uint64_t cancelled = 0;
    enum err_code rc = parse(cli, &a, err);

    if (!rc)
        rc = cli_open_to_write(cli, &j, err);
    if (!rc)
        rc = desk_init(&d, j, NULL, NULL, err);
    cli_put_remark(d.book.snapshots.remark);
    if (!rc)
        rc = control_stop(&d, a.actor, a.reason, cli_now_ns(), &cancelled, err);
    if (!rc) {
        put_done(&a, &d, "stopped", cancelled);
        fprintf(stderr, "No order leaves from here on. \"ledger -C %s resume --reason TEXT\" ends it.\n",
                cli->dir);
    }
    desk_release(&d);
    journal_close(j);
    return rc;
}

enum err_code cmd_resume(struct cli *cli, struct err *err)
{
    struct ask a = {0};
    struct journal *j = NULL;
    struct desk d = {0};
    enum err_code rc = parse(cli, &a, err);

    if (!rc)
        rc = cli_open_to_write(cli, &j, err);
    if (!rc)
        rc = desk_init(&d, j, NULL, NULL, err);
    cli_put_remark(d.book.snapshots.remark);
    if (!rc)
        rc = control_resume(&d, a.actor, a.reason, cli_now_ns(), err);
    if (!rc)
        put_done(&a, &d, "resumed", 0);
    desk_release(&d);
    journal_close(j);
    return rc;
}
