/* ledger override: one person lets one order pass one limit, signed with that person's key. */
#include "cli/cli.h"
#include "cli/person.h"

#include "agent/control.h"

struct ask {
    const char *what[2]; /* LIMIT SYMBOL */
    size_t count;
    const char *actor;
    const char *reason;
    const char *valid;
    bool json;
    struct person_options person;
};

static enum err_code parse(struct cli *cli, struct ask *a, struct control_override *override, struct err *err)
{
    const struct cli_option options[] = {{.name = "actor", .value = &a->actor},
                                         {.name = "reason", .value = &a->reason},
                                         {.name = "for", .value = &a->valid},
                                         {.name = "json", .flag = &a->json},
                                         PERSON_OPTIONS(a->person)};
    enum err_code rc = cli_options(cli, options, 4 + PERSON_OPTION_COUNT, a->what, 2, &a->count, err);

    if (!rc && a->count != 2)
        rc = err_set(err, ERR_USAGE, "override: LIMIT and SYMBOL (see: ledger help override)");
    if (!rc && !a->reason)
        rc = err_set(err, ERR_USAGE, "override: --reason TEXT is missing: it goes on the record");
    if (!a->actor)
        a->actor = "operator";
    *override = (struct control_override){a->what[0], a->what[1], CONTROL_OVERRIDE_S, a->reason};
    if (!rc && a->valid)
        rc = cli_parse_age("for", a->valid, &override->valid_s, err);
    return rc;
}

static void put_done(const struct ask *a, const struct control_override *override, uint64_t seq)
{
    if (a->json) {
        printf("{\"seq\":%llu}\n", (unsigned long long)seq);
        return;
    }
    printf("overridden: entry %llu, signed by %s; one order in %s may pass %s\n", (unsigned long long)seq,
           a->actor, override->symbol, override->limit);
    fprintf(stderr,
            "It is used by the next such order that only this limit refuses, within %lld s of the "
            "market's clock.\n",
            (long long) override->valid_s);
}

enum err_code cmd_override(struct cli *cli, struct err *err)
{
    struct ask a = {.count = 0};
    struct control_override override;
    struct person_desk s = {.person = NULL};
    enum err_code rc = parse(cli, &a, &override, err);

    if (!rc)
        rc = person_desk_open(&s, cli, &a.person, a.actor, err);
    if (!rc)
        rc = control_override(&s.desk, a.actor, &override, cli_now_ns(), err);
    if (!rc)
        put_done(&a, &override, s.desk.group_first);
    person_desk_close(&s);
    return rc;
}
