/* ledger witness: cosigning other people's logs. */
#include "cli/cli.h"

#include "audit/policy.h"
#include "server/witness_server.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define LISTEN_DEFAULT "127.0.0.1:8420"
#define KEYS_MAX       ((size_t)WITNESS_LOGS_MAX * 2)

struct witness_command {
    const char *state;
    const char *name;
    const char *listen;
    const char *policy;
    const char *logs[KEYS_MAX];
    size_t log_count;
    bool json;
};

/* -- init ------------------------------------------------------------------------------------------------ */

static enum err_code init(struct cli *cli, const struct witness_command *c, struct err *err)
{
    struct secret *passphrase = NULL;
    char vkey[NOTE_VKEY_TEXT_SIZE];

    if (!c->name)
        return err_set(err, ERR_USAGE,
                       "witness init: --name NAME is missing: the name in its signatures, such as "
                       "witness.example/w1");
    enum err_code rc = cli_passphrase(cli, true, &passphrase, err);
    if (!rc)
        rc = witness_create(c->state, c->name, passphrase, NULL, vkey, err);
    secret_free(passphrase);
    if (rc)
        return rc;
    printf("%s\n", vkey);
    fprintf(
        stderr,
        "Witness %s made. Give the line above to whoever is to check its cosignatures. Next:\n"
        "ledger witness serve --state %s --log VKEY, with the verifier key of each log that it is to know\n",
        c->state, c->state);
    return ERR_OK;
}

/* -- serve ----------------------------------------------------------------------------------------------- */

/* Keys from --log, and those of the policy's log lines. */
static enum err_code read_logs(const struct witness_command *c, struct note_key *keys, size_t *count,
                               struct policy *policy, struct err *err)
{
    char *text = NULL;
    size_t size = 0;
    enum err_code rc = ERR_OK;

    *count = 0;
    for (size_t i = 0; i < c->log_count && !rc; i++) {
        rc = note_key_parse(&keys[*count], c->logs[i], strlen(c->logs[i]), err);
        if (rc)
            return err_wrap(err, "--log %.80s", c->logs[i]);
        (*count)++;
    }
    if (!c->policy)
        return ERR_OK;
    rc = cli_read_file(c->policy, POLICY_FILE_MAX, &text, &size, err);
    if (!rc && policy_parse(policy, text, size, err))
        rc = err_wrap(err, "%s", c->policy);
    for (uint32_t i = 0; !rc && i < policy->log_count; i++)
        keys[(*count)++] = policy->logs[i].key;
    free(text);
    return rc;
}

static void say(void *arg, const char *line)
{
    char now[INSTANT_TEXT_SIZE];

    (void)arg;
    instant_format(now, cli_now_ns());
    fprintf(stderr, "%s %s\n", now, line);
}

/* The server's threads begin with these blocked, so that this one is told. */
static void block_signals(sigset_t *ends)
{
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(ends);
    sigaddset(ends, SIGTERM);
    sigaddset(ends, SIGINT);
    sigaddset(ends, SIGHUP);
    pthread_sigmask(SIG_BLOCK, ends, NULL);
}

static enum err_code serve_until_told(struct witness *witness, const struct witness_command *c,
                                      struct err *err)
{
    const struct witness_server_options options = {
        .witness = witness, .address = c->listen ? c->listen : LISTEN_DEFAULT, .say = say};
    struct witness_server *server = NULL;
    sigset_t ends;
    int which = 0;

    block_signals(&ends);
    enum err_code rc = witness_server_start(&server, &options, err);
    if (rc)
        return rc;
    printf("%s\n", witness_server_url(server));
    rc = fflush(stdout) == 0 ? ERR_OK : err_set(err, ERR_IO, "standard output cannot be written");
    while (!rc && sigwait(&ends, &which) != 0)
        continue;
    witness_server_stop(server);
    if (!rc)
        say(NULL, "stopped");
    return rc;
}

static enum err_code serve(struct cli *cli, const struct witness_command *c, struct err *err)
{
    struct note_key *const keys = calloc(KEYS_MAX + POLICY_LOGS_MAX, sizeof *keys);
    struct policy *const policy = calloc(1, sizeof *policy);
    struct secret *passphrase = NULL;
    struct witness *witness = NULL;
    struct witness_options options = {.dir = c->state, .logs = keys};
    enum err_code rc = ERR_OK;

    if (!keys || !policy)
        rc = err_set(err, ERR_MEMORY, "out of memory");
    if (!rc)
        rc = read_logs(c, keys, &options.log_count, policy, err);
    for (size_t i = 0; !rc && i < options.log_count; i++)
        cli_remark_origin(keys[i].name);
    if (!rc && options.log_count == 0)
        rc = err_set(err, ERR_USAGE, "witness serve: no log: --log VKEY, or --policy FILE with log lines");
    if (!rc)
        rc = cli_passphrase(cli, false, &passphrase, err);
    if (!rc)
        rc = witness_open(&witness, &options, passphrase, err);
    secret_free(passphrase);
    free(keys);
    free(policy);
    if (!rc)
        rc = serve_until_told(witness, c, err);
    witness_close(witness);
    return rc;
}

/* -- list ------------------------------------------------------------------------------------------------ */

static void put_record(struct json_out *out, const struct witness_record *r, const char *hex, bool json)
{
    char at[INSTANT_TEXT_SIZE];

    instant_format(at, r->at_s < (uint64_t)INT64_MAX / (uint64_t)NS_PER_SECOND
                           ? (int64_t)r->at_s * NS_PER_SECOND
                           : INSTANT_NONE);
    if (!json)
        printf("%12" PRIu64 "  %s  %s%s\n", r->checkpoint.size, at, r->checkpoint.origin,
               journal_is_hypothetical(r->checkpoint.origin) ? "  HYPOTHETICAL" : "");
    json_out_object(out);
    json_out_key(out, "origin");
    json_out_text(out, r->checkpoint.origin);
    json_out_key(out, "hypothetical");
    json_out_bool(out, journal_is_hypothetical(r->checkpoint.origin));
    json_out_key(out, "hash");
    json_out_text(out, hex);
    json_out_key(out, "size");
    json_out_u64(out, r->checkpoint.size);
    json_out_key(out, "root");
    json_out_hex(out, r->checkpoint.root.bytes, HASH_SIZE);
    json_out_key(out, "cosigned_at");
    json_out_text(out, at);
    json_out_object_end(out);
}

static enum err_code put_state(struct witness_state *s, struct json_out *out, bool json, struct err *err)
{
    struct witness_record *const record = malloc(sizeof *record);
    char vkey[NOTE_VKEY_TEXT_SIZE];
    enum err_code rc = ERR_OK;

    if (!record)
        return err_set(err, ERR_MEMORY, "out of memory");
    note_key_format(vkey, witness_state_key(s));
    json_out_object(out);
    json_out_key(out, "vkey");
    json_out_text(out, vkey);
    json_out_key(out, "evidence");
    json_out_u64(out, witness_state_evidence_count(s));
    json_out_key(out, "logs");
    json_out_array(out);
    for (uint32_t i = 0; i < witness_state_count(s) && !rc; i++) {
        rc = witness_state_read(s, witness_state_at(s, i), record, err);
        if (!rc && record->exists)
            put_record(out, record, witness_state_at(s, i), json);
    }
    json_out_array_end(out);
    json_out_object_end(out);
    free(record);
    return rc;
}

static enum err_code list(const struct witness_command *c, struct err *err)
{
    struct witness_state *s = NULL;
    struct json_out out;
    enum err_code rc = witness_state_open(&s, c->state, false, err);

    if (rc)
        return rc;
    json_out_init(&out);
    rc = put_state(s, &out, c->json, err);
    if (!rc && c->json)
        rc = cli_put_json(&out, err);
    json_out_release(&out);
    if (!rc && witness_state_evidence_count(s) > 0)
        fprintf(stderr, "%" PRIu32 " conflicts are kept in %s/evidence\n", witness_state_evidence_count(s),
                c->state);
    witness_state_close(s);
    return rc;
}

enum err_code cmd_witness(struct cli *cli, struct err *err)
{
    struct witness_command c = {.state = NULL};
    const char *what = NULL;
    size_t count = 0;
    const struct cli_option options[] = {
        {.name = "state", .value = &c.state},
        {.name = "name", .value = &c.name},
        {.name = "listen", .value = &c.listen},
        {.name = "policy", .value = &c.policy},
        {.name = "log", .values = c.logs, .values_max = KEYS_MAX, .values_count = &c.log_count},
        {.name = "json", .flag = &c.json}};
    const enum err_code rc =
        cli_options(cli, options, sizeof options / sizeof options[0], &what, 1, &count, err);

    if (rc)
        return rc;
    if (!what || (strcmp(what, "init") != 0 && strcmp(what, "serve") != 0 && strcmp(what, "list") != 0))
        return err_set(err, ERR_USAGE, "witness: init, serve or list (see: ledger help witness)");
    if (!c.state)
        return err_set(err, ERR_USAGE, "witness %s: --state DIR is missing", what);
    if (what[0] == 'i')
        return init(cli, &c, err);
    return what[0] == 's' ? serve(cli, &c, err) : list(&c, err);
}
