/* ledger key: the journal's own keys, and the vault that holds them. */
#include "cli/cli.h"

#include "cli/key.h"
#include "ledger/vault.h"

#include <inttypes.h>
#include <string.h>

#define SECONDS_A_DAY 86400

/* -- rotate ------------------------------------------------------------------------------------------------ */

/* "90m", "12h", "1d", "2w": a whole number of one unit. */
static enum err_code parse_age(const char *text, int64_t *age_ns, struct err *err)
{
    static const struct {
        char unit;
        int64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', SECONDS_A_DAY}, {'w', 7 * SECONDS_A_DAY}};
    const size_t length = strlen(text);
    int64_t count = 0;

    for (size_t i = 0; i + 1 < length; i++) {
        if (text[i] < '0' || text[i] > '9' || count > 99999)
            count = -1;
        if (count < 0)
            break;
        count = 10 * count + (text[i] - '0');
    }
    for (size_t i = 0; i < sizeof units / sizeof units[0] && length > 1 && count >= 0; i++) {
        if (text[length - 1] == units[i].unit) {
            *age_ns = count * units[i].seconds * NS_PER_SECOND;
            return ERR_OK;
        }
    }
    return err_set(err, ERR_USAGE, "key: --if-older-than %.40s: write 90m, 12h, 1d or 2w", text);
}

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
    int64_t age_ns = 0;
    enum err_code rc = o->age ? parse_age(o->age, &age_ns, err) : ERR_OK;

    if (!rc)
        rc = cli_open_to_write(cli, &j, err);
    if (rc)
        return rc;
    const bool is_due = !o->age || cli_now_ns() - epochs_newest(journal_epochs(j))->recorded_at_ns > age_ns;
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
    return secret_from_terminal(fresh, "New passphrase of the key vault: ", true, err);
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
enum { JSON = 1, REASON = 2, AGE = 4, FRESH = 8, OWNER = 16, STATEMENT = 32, SIGNATURE = 64 };

static const struct {
    const char *name;
    enum err_code (*run)(struct cli *cli, const struct key_options *o, struct err *err);
    unsigned takes;
} subcommands[] = {
    {"list", key_list, JSON},
    {"rotate", rotate, JSON | REASON | AGE},
    {"passphrase", change_passphrase, FRESH},
    {"recover", key_recover, REASON | OWNER | STATEMENT | SIGNATURE},
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
                {"signature", SIGNATURE, o->signature}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].is_given && !(takes & rows[i].bit))
            return err_set(err, ERR_USAGE, "key: --%s does not go with \"key %s\" (see: ledger help key)",
                           rows[i].name, word);
    }
    return ERR_OK;
}

enum err_code cmd_key(struct cli *cli, struct err *err)
{
    struct key_options o = {.json = false};
    const char *word = "list";
    const struct cli_option options[] = {
        {.name = "json", .flag = &o.json},           {.name = "reason", .value = &o.reason},
        {.name = "if-older-than", .value = &o.age},  {.name = "new-passphrase-file", .value = &o.fresh},
        {.name = "owner", .value = &o.owner},        {.name = "statement", .value = &o.statement},
        {.name = "signature", .value = &o.signature}};
    size_t count = 0;
    enum err_code rc = cli_options(cli, options, sizeof options / sizeof options[0], &word, 1, &count, err);

    for (size_t i = 0; !rc && i < sizeof subcommands / sizeof subcommands[0]; i++) {
        if (strcmp(word, subcommands[i].name) != 0)
            continue;
        rc = check_options(word, subcommands[i].takes, &o, err);
        return rc ? rc : subcommands[i].run(cli, &o, err);
    }
    return rc ? rc
              : err_set(err, ERR_USAGE,
                        "key: \"%.40s\" is none of list, rotate, passphrase, recover (see: ledger help key)",
                        word);
}
