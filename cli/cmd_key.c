/* ledger key: the journal's own keys, the vault that holds them, and persons' keys. */
#include "cli/cli.h"

#include "cli/key.h"
#include "ledger/vault.h"

#include <inttypes.h>
#include <string.h>

/* -- rotate ------------------------------------------------------------------------------------------------ */

static void put_rotated(const struct journal *j, bool rotated, bool json)
{
    const struct epochs *const epochs = journal_epochs(j);
    const struct epoch *const newest = epochs_newest(epochs);
    char since[INSTANT_TEXT_SIZE];

    instant_format(since, newest->recorded_at_ns);
    if (json)
        printf("{\"rotated\":%s,\"epoch\":%zu,\"entry\":%" PRIu64 "}\n", rotated ? "true" : "false",
               epochs->count - 1, newest->entry);
    else if (rotated)
        printf("key epoch %zu: entry %" PRIu64 ", sealed by the key before, which is destroyed\n",
               epochs->count - 1, newest->entry);
    else
        printf("key epoch %zu since %s: not older than that, so it stays\n", epochs->count - 1, since);
}

static enum err_code rotate(struct cli *cli, const struct key_options *o, struct err *err)
{
    struct journal *j = NULL;
    int64_t age_s = 0;
    enum err_code rc = o->age ? cli_parse_age("if-older-than", o->age, &age_s, err) : ERR_OK;

    if (!rc)
        rc = cli_open_to_write(cli, &j, err);
    if (rc)
        return rc;
    const bool is_due =
        !o->age || cli_now_ns() - epochs_newest(journal_epochs(j))->recorded_at_ns > age_s * NS_PER_SECOND;
    if (is_due)
        rc = journal_rotate_key(j, o->reason ? o->reason : "rotation", 0, NULL, err);
    if (!rc)
        put_rotated(j, is_due, o->json);
    journal_close(j);
    return rc;
}

/* -- passphrase -------------------------------------------------------------------------------------------- */

static enum err_code read_new(const char *path, struct secret **fresh, struct err *err)
{
    if (path)
        return secret_from_passphrase_file(fresh, path, err);
    return secret_from_terminal_or(fresh, "New passphrase of the key vault: ", true, "the new passphrase",
                                   "--new-passphrase-file", err);
}

static enum err_code change_passphrase(struct cli *cli, const struct key_options *o, struct err *err)
{
    struct secret *old = NULL;
    struct secret *fresh = NULL;
    struct journal *j = NULL;
    enum err_code rc = cli_open(cli, false, &j, err);

    if (!rc)
        rc = cli_passphrase(cli, false, &old, err);
    if (!rc)
        rc = journal_unlock(j, old, err);
    if (!rc)
        rc = read_new(o->fresh, &fresh, err);
    if (!rc && secret_equal(old, fresh))
        rc = err_set(err, ERR_INPUT, "the new passphrase is the old one: nothing was changed");
    if (!rc)
        rc = vault_change_passphrase(journal_vault(j), fresh, err);
    if (!rc) {
        printf("the vault opens with the new passphrase, and no longer with the old one\n");
        fprintf(stderr,
                "Copies of the vault that were made before, as in backups, still open with the old one.\n"
                "Programs that have the journal open go on until its key changes; start them again.\n");
    }
    secret_free(old);
    secret_free(fresh);
    journal_close(j);
    return rc;
}

/* -- all of them ------------------------------------------------------------------------------------------- */

/* Which options go with which word. */
enum {
    JSON = 1,
    REASON = 2,
    AGE = 4,
    FRESH = 8,
    OWNER = 16,
    STATEMENT = 32,
    SIGNATURE = 64,
    ACTOR = 128,
    KEY = 256,
    PERSON = 512,
    NAME = 1024
};

static const struct {
    const char *name;
    enum err_code (*run)(struct cli *cli, const struct key_options *o, struct err *err);
    unsigned takes;
} subcommands[] = {
    {"list", key_list, JSON},
    {"rotate", rotate, JSON | REASON | AGE},
    {"passphrase", change_passphrase, FRESH},
    {"recover", key_recover, REASON | OWNER | STATEMENT | SIGNATURE},
    {"new", key_new, NAME | PERSON | JSON},
    {"show", key_show, NAME | PERSON | JSON},
    {"revoke", key_revoke, NAME | PERSON | ACTOR | REASON | JSON},
    {"renew", key_renew, PERSON | ACTOR | REASON | KEY | JSON},
};

static enum err_code check_options(const char *word, unsigned takes, const struct key_options *o,
                                   struct err *err)
{
    const struct {
        const char *name;
        unsigned bit;
        bool is_given;
    } rows[] = {{"json", JSON, o->json},
                {"reason", REASON, o->reason},
                {"if-older-than", AGE, o->age},
                {"new-passphrase-file", FRESH, o->fresh},
                {"owner", OWNER, o->owner},
                {"statement", STATEMENT, o->statement},
                {"signature", SIGNATURE, o->signature},
                {"actor", ACTOR, o->actor},
                {"key", KEY, o->key},
                {"keys", PERSON, o->person.keys || o->person.keys_passphrase_file},
                {"pkcs11", PERSON, o->person.pkcs11 || o->person.pin_file}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].is_given && !(takes & rows[i].bit))
            return err_set(err, ERR_USAGE, "key: --%s does not go with \"key %s\" (see: ledger help key)",
                           rows[i].name, word);
    }
    if (!o->name != !(takes & NAME))
        return err_set(err, ERR_USAGE, "key: \"key %s\" takes %s (see: ledger help key)", word,
                       takes & NAME ? "a name" : "nothing behind it");
    return ERR_OK;
}

enum err_code cmd_key(struct cli *cli, struct err *err)
{
    struct key_options o = {.json = false};
    const char *words[2] = {"list", NULL};
    const struct cli_option options[] = {{.name = "json", .flag = &o.json},
                                         {.name = "reason", .value = &o.reason},
                                         {.name = "if-older-than", .value = &o.age},
                                         {.name = "new-passphrase-file", .value = &o.fresh},
                                         {.name = "owner", .value = &o.owner},
                                         {.name = "statement", .value = &o.statement},
                                         {.name = "signature", .value = &o.signature},
                                         {.name = "actor", .value = &o.actor},
                                         {.name = "key", .value = &o.key},
                                         PERSON_OPTIONS(o.person)};
    size_t count = 0;
    enum err_code rc = cli_options(cli, options, sizeof options / sizeof options[0], words, 2, &count, err);

    o.name = words[1];

    for (size_t i = 0; !rc && i < sizeof subcommands / sizeof subcommands[0]; i++) {
        if (strcmp(words[0], subcommands[i].name) != 0)
            continue;
        rc = check_options(words[0], subcommands[i].takes, &o, err);
        return rc ? rc : subcommands[i].run(cli, &o, err);
    }
    return rc ? rc
              : err_set(
                    err, ERR_USAGE,
                    "key: \"%.40s\" is none of list, rotate, passphrase, recover, new, show, revoke, renew "
                    "(see: ledger help key)",
                    words[0]);
}
