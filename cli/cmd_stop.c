/* ledger stop, ledger resume: what a person asks of the desk, signed with that person's key. */
#include "cli/cli.h"
#include "cli/person.h"

#include "agent/control.h"

struct ask {
    const char *actor;
    const char *reason;
    bool json;
    struct person_options person;
};

static enum err_code parse(struct cli *cli, struct ask *a, struct err *err)
{
    const struct cli_option options[] = {{.name = "actor", .value = &a->actor},
                                         {.name = "reason", .value = &a->reason},
                                         {.name = "json", .flag = &a->json},
                                         PERSON_OPTIONS(a->person)};
    const enum err_code rc = cli_options(cli, options, 3 + PERSON_OPTION_COUNT, NULL, 0, NULL, err);

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

static enum err_code begin(struct person_desk *d, struct cli *cli, struct ask *a, struct err *err)
{
    const enum err_code rc = parse(cli, a, err);

    return rc ? rc : person_desk_open(d, cli, &a->person, a->actor, err);
}

enum err_code cmd_stop(struct cli *cli, struct err *err)
{
    struct ask a = {0};
    struct person_desk s = {.person = NULL};
    uint64_t cancelled = 0;
    enum err_code rc = begin(&s, cli, &a, err);

    if (!rc)
        rc = control_stop(&s.desk, a.actor, a.reason, cli_now_ns(), &cancelled, err);
    if (!rc) {
        put_done(&a, &s.desk, "stopped", cancelled);
        fprintf(stderr, "No order leaves from here on. \"ledger -C %s %s --reason TEXT\" ends it.\n",
                cli->dir, s.desk.book.actors->is_owned ? "propose resume" : "resume");
    }
    person_desk_close(&s);
    return rc;
}

enum err_code cmd_resume(struct cli *cli, struct err *err)
{
    struct ask a = {0};
    struct person_desk s = {.person = NULL};
    enum err_code rc = begin(&s, cli, &a, err);

    if (!rc)
        rc = control_resume(&s.desk, a.actor, a.reason, cli_now_ns(), err);
    if (!rc)
        put_done(&a, &s.desk, "resumed", 0);
    person_desk_close(&s);
    return rc;
}
