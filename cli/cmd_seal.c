/* ledger seal: a checkpoint as a signed note, and what others said about it. */
#include "audit/timestamp.h"
#include "cli/seal_timestamp.h"
#include "cli/seal_witness.h"

#include <string.h>

#define TIMEOUT_MAX_S 600

struct seal_options {
    const char *size;
    const char *timestamp; /* address of an authority */
    const char *chain;     /* its certificates */
    const char *token;     /* file for a token */
    const char *number;    /* which */
    const char *timeout;   /* seconds that an authority or witness has */
    bool bare;
    struct seal_witness_options witness;
};

/* Which options go with which others. */
static enum err_code check(const struct seal_options *o, uint64_t timeout_s, struct err *err)
{
    const struct seal_witness_options *const w = &o->witness;
    const bool is_asking = seal_witness_is_asked(w);
    enum err_code rc = ERR_OK;

    if (o->timeout && (timeout_s < 1 || timeout_s > TIMEOUT_MAX_S))
        rc = err_set(err, ERR_USAGE, "seal: --timeout is 1 .. %d seconds, not %s", TIMEOUT_MAX_S, o->timeout);
    if (!rc && o->timeout && !o->timestamp && !is_asking)
        rc = err_set(err, ERR_USAGE, "seal: --timeout goes with --timestamp or --witness");
    if (!rc && !is_asking && (w->key_count || w->quorum || w->ca || w->evidence))
        rc = err_set(err, ERR_USAGE,
                     "seal: --witness-key, --quorum, --ca and --evidence go with --witness or --policy");
    if (!rc && o->chain && !o->timestamp)
        rc =
            err_set(err, ERR_USAGE, "seal: --tsa-ca goes with --timestamp; verify has a --tsa-ca of its own");
    if (!rc && o->number && !o->token)
        rc = err_set(err, ERR_USAGE, "seal: --number goes with --token");
    return rc;
}

static enum err_code parse(struct cli *cli, struct seal_options *o, uint64_t *size, uint64_t *timeout_s,
                           struct err *err)
{
    struct seal_witness_options *const w = &o->witness;
    const struct cli_option options[] = {{.name = "size", .value = &o->size},
                                         {.name = "timestamp", .value = &o->timestamp},
                                         {.name = "tsa-ca", .value = &o->chain},
                                         {.name = "token", .value = &o->token},
                                         {.name = "number", .value = &o->number},
                                         {.name = "timeout", .value = &o->timeout},
                                         {.name = "bare", .flag = &o->bare},
                                         {.name = "witness",
                                          .values = w->urls,
                                          .values_max = SEAL_WITNESSES_MAX,
                                          .values_count = &w->url_count},
                                         {.name = "witness-key",
                                          .values = w->keys,
                                          .values_max = SEAL_WITNESSES_MAX,
                                          .values_count = &w->key_count},
                                         {.name = "policy", .value = &w->policy},
                                         {.name = "quorum", .value = &w->quorum},
                                         {.name = "ca", .value = &w->ca},
                                         {.name = "evidence", .value = &w->evidence}};

    *size = 0;
    *timeout_s = 0;
    enum err_code rc = cli_options(cli, options, sizeof options / sizeof options[0], NULL, 0, NULL, err);
    if (!rc && o->size)
        rc = cli_parse_u64("--size", o->size, size, err);
    if (!rc && o->timeout)
        rc = cli_parse_u64("--timeout", o->timeout, timeout_s, err);
    w->timeout_s = (unsigned)*timeout_s;
    return rc ? rc : check(o, *timeout_s, err);
}

/* The seal asked for; nobody is reading the journal afterwards. */
static enum err_code find_seal(struct journal *j, uint64_t size, struct seal *seal, struct err *err)
{
    struct journal_reader *r = NULL;

    enum err_code rc = journal_reader_begin(j, &r, err);
    if (!rc)
        rc = journal_reader_seal(r, size ? size : journal_reader_size(r), seal, err);
    journal_reader_end(r);
    return rc;
}

static void put_note(const struct seal *seal, const struct seal_options *o)
{
    const bool is_taken = o->token && strcmp(o->token, "-") == 0;

    if (!is_taken)
        fwrite(seal->note, 1, o->bare ? timestamp_bare_size(seal->note, seal->note_size) : seal->note_size,
               stdout);
}

enum err_code cmd_seal(struct cli *cli, struct err *err)
{
    struct seal_options o = {.size = NULL};
    struct journal *j = NULL;
    struct seal seal;
    uint64_t size = 0;
    uint64_t timeout_s = 0;
    bool is_collected = false;
    enum err_code rc = parse(cli, &o, &size, &timeout_s, err);

    if (!rc)
        rc = cli_open(cli, !o.timestamp && !seal_witness_is_asked(&o.witness), &j, err);
    if (!rc)
        rc = find_seal(j, size, &seal, err);
    if (!rc && seal_witness_is_asked(&o.witness)) {
        rc = seal_witness_collect(j, &seal, &o.witness, err);
        is_collected = rc == ERR_IO; /* fewer than asked: the note is printed all the same */
    }
    if (!rc && o.timestamp)
        rc = seal_timestamp_obtain(j, &seal, o.timestamp, o.chain, (unsigned)timeout_s, err);
    if (!rc && o.token)
        rc = seal_timestamp_write(j, &seal, o.number, o.token, err);
    if (!rc || is_collected)
        put_note(&seal, &o);
    journal_close(j);
    return rc;
}
