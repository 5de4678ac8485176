/* ledger recover: two persons sign that a journal goes on although its guard, or what was read back, says no. */
#include "cli/cli.h"
#include "cli/guards.h"
#include "cli/person.h"

#include "ledger/recovery.h"

#include <stdio.h>

struct ask {
    const char *actor;
    const char *second;
    const char *reason;
    const char *guards[GUARD_MAX];
    size_t guard_count;
    bool json;
    struct person_options keys[2]; /* of the first, of the second */
};

/* Where one of the two signs. */
struct pen {
    struct journal *journal;
    struct person *person;
};

static enum err_code parse(struct cli *cli, struct ask *a, struct err *err)
{
    const struct cli_option options[] = {
        {.name = "actor", .value = &a->actor},
        {.name = "second", .value = &a->second},
        {.name = "reason", .value = &a->reason},
        {.name = "guard", .values = a->guards, .values_max = GUARD_MAX, .values_count = &a->guard_count},
        {.name = "json", .flag = &a->json},
        {.name = "second-keys", .value = &a->keys[1].keys},
        {.name = "second-keys-passphrase-file", .value = &a->keys[1].keys_passphrase_file},
        {.name = "second-pkcs11", .value = &a->keys[1].pkcs11},
        {.name = "second-pin-file", .value = &a->keys[1].pin_file},
        PERSON_OPTIONS(a->keys[0])};
    const enum err_code rc = cli_options(cli, options, 9 + PERSON_OPTION_COUNT, NULL, 0, NULL, err);

    if (rc)
        return rc;
    if (!a->actor || !a->second)
        return err_set(
            err, ERR_USAGE,
            "recover: --actor NAME and --second NAME: two persons sign (see: ledger help recover)");
    if (!a->reason)
        return err_set(err, ERR_USAGE, "recover: --reason TEXT is missing: it goes on the record");
    return ERR_OK;
}

static enum err_code sign(void *context, struct entry *draft, struct err *err)
{
    const struct pen *const pen = context;

    return journal_sign_by(pen->journal, person_signer(pen->person), draft, err);
}

static void put_done(const struct ask *a, const struct journal_guards *found, uint64_t seq)
{
    struct guard_tree known;
    journal_guards_known(found, &known);
    struct json_out out;
    struct err err;

    if (!a->json) {
        printf("recovered: entry %llu, signed by %s and %s\n", (unsigned long long)seq, a->actor, a->second);
        return;
    }
    json_out_init(&out);
    json_out_object(&out);
    json_out_key(&out, "seq");
    json_out_u64(&out, seq);
    json_out_key(&out, "guard_size");
    json_out_u64(&out, known.size);
    json_out_key(&out, "size");
    json_out_u64(&out, found->tree.size);
    json_out_key(&out, "found");
    guards_put_json(&out, found);
    json_out_object_end(&out);
    if (cli_put_json(&out, &err))
        fprintf(stderr, "%s\n", err.text);
    json_out_release(&out);
}

static enum err_code enter(struct journal *j, const struct ask *a, struct person *const persons[2],
                           struct journal_guards *found, uint64_t *seq, struct err *err)
{
    struct pen pens[2] = {{j, persons[0]}, {j, persons[1]}};
    struct recovery r = {.sign_first = {sign, &pens[0]},
                         .sign_second = {sign, &pens[1]},
                         .reason = a->reason,
                         .at_ns = cli_now_ns(),
                         .guards = a->guards,
                         .guard_count = a->guard_count};

    enum err_code rc = guards_actor(j, a->actor, &r.first, err);
    if (!rc)
        rc = guards_actor(j, a->second, &r.second, err);
    return rc ? rc : recovery_enter(j, &r, found, seq, NULL, err);
}

enum err_code cmd_recover(struct cli *cli, struct err *err)
{
    struct ask a = {0};
    struct journal_guards found;
    struct person *persons[2] = {NULL, NULL};
    struct journal *j = NULL;
    uint64_t seq = 0;

    enum err_code rc = parse(cli, &a, err);
    if (!rc)
        rc = person_open(&persons[0], &a.keys[0], a.actor, err);
    if (!rc)
        rc = person_open(&persons[1], &a.keys[1], a.second, err);
    if (!rc)
        rc = cli_verify_first(cli, NULL, err); /* nobody signs what is not good */
    if (!rc)
        rc = cli_open_to_write(cli, &j, err);
    if (!rc)
        rc = enter(j, &a, persons, &found, &seq, err);
    if (!rc) {
        put_done(&a, &found, seq);
        guards_remark(cli->dir, a.guards, a.guard_count);
    }
    journal_close(j);
    person_close(persons[0]);
    person_close(persons[1]);
    return rc;
}
