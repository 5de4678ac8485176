#include "cli/cli.h"

#include "cli/guards.h"

#include "agent/control.h"

#include <string.h>

#define PERSONS_MAX 16

struct ask {
    const char *origin;
    const char *guards[GUARD_MAX];
    size_t guard_count;
    const char *owners[PERSONS_MAX]; /* VKEY */
    size_t owner_count;
    const char *persons[PERSONS_MAX]; /* ROLE=VKEY */
    size_t person_count;
};

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

static enum err_code take_person(struct control_person *p, const char *option, const char *text,
                                 struct err *err)
{
    const char *const equals = strchr(text, '=');
    const bool has_role = strcmp(option, "person") == 0;
    char role[16] = "owner";
    const size_t length = equals ? (size_t)(equals - text) : 0;

    if (has_role && (length == 0 || length >= sizeof role))
        return err_set(err, ERR_USAGE, "init: --person ROLE=VKEY, such as operator=alice+1a2b3c4d+AQ...");
    if (has_role) {
        memcpy(role, text, length);
        role[length] = '\0';
        text = equals + 1;
    }
    p->role = control_role(role);
    if (!p->role)
        return err_set(err, ERR_INPUT, "--person %s: there is no such role", role);
    return note_key_parse(&p->key, text, strlen(text), err) ? err_wrap(err, "--%s", option) : ERR_OK;
}

/* Who may write from the start. */
static enum err_code choose_actors(const struct ask *a, struct actor_rows *first, struct err *err)
{
    struct control_person persons[2 * PERSONS_MAX];
    size_t count = 0;
    enum err_code rc = ERR_OK;

    control_first_actors(first);
    for (size_t i = 0; !rc && i < a->owner_count; i++)
        rc = take_person(&persons[count++], "owner", a->owners[i], err);
    for (size_t i = 0; !rc && i < a->person_count; i++)
        rc = take_person(&persons[count++], "person", a->persons[i], err);
    return rc || count == 0 ? rc : control_first_persons(first, persons, count, err);
}

static void put_next(const struct cli *cli, const struct ask *a)
{
    fprintf(stderr,
            "Journal %s made. Keep the line above where nobody can change it: with it anybody can verify "
            "this\n"
            "journal. Next: ledger -C %s append FILE, or ledger -C %s run --help\n",
            cli->dir, cli->dir, cli->dir);
    if (a->owner_count + a->person_count == 1)
        fprintf(
            stderr,
            "It has an owner, and nobody else: what needs two persons waits for ledger -C %s actor add.\n",
            cli->dir);
}

enum err_code cmd_init(struct cli *cli, struct err *err)
{
    struct ask a = {.origin = NULL};
    const struct cli_option options[] = {
        {.name = "origin", .value = &a.origin},
        {.name = "guard", .values = a.guards, .values_max = GUARD_MAX, .values_count = &a.guard_count},
        {.name = "owner", .values = a.owners, .values_max = PERSONS_MAX, .values_count = &a.owner_count},
        {.name = "person", .values = a.persons, .values_max = PERSONS_MAX, .values_count = &a.person_count}};
    struct secret *passphrase = NULL;
    struct actor_rows first;
    enum err_code rc = cli_options(cli, options, 4, NULL, 0, NULL, err);
    const struct journal_options journal = {
        .dir = cli->dir, .guards = a.guards, .guard_count = a.guard_count};

    if (!rc && !a.origin)
        rc = err_set(
            err, ERR_USAGE,
            "init: --origin NAME is missing: the journal's name for ever, such as desk.example/alpha");
    if (!rc && strstr(a.origin, "://"))
        rc = err_set(err, ERR_USAGE,
                     "init: --origin \"%.100s\": a name without a scheme, such as desk.example/alpha",
                     a.origin);
    if (!rc)
        rc = choose_actors(&a, &first, err);
    if (!rc)
        rc = cli_passphrase(cli, true, &passphrase, err);
    if (!rc)
        rc = journal_create(&journal, a.origin, passphrase, &first, err);
    if (!rc)
        rc = show_key(cli, err);
    if (!rc)
        guards_remark(cli->dir, a.guards, a.guard_count);
    if (!rc)
        put_next(cli, &a);
    secret_free(passphrase);
    return rc;
}
