/* ledger fetch-from URL: a copy of a journal, from what is published of it, believed only as far as its key proves. */
#include "cli/cli.h"

#include "audit/verify.h"
#include "gateway/fetch.h"
#include "gateway/fetch_ahead.h"
#include "ledger/base64.h"

static void put_json(const struct fetch_report *report, const struct verify_report *verified,
                     struct json_out *out)
{
    const struct {
        const char *key;
        uint64_t value;
    } rows[] = {{"entries", report->entries},       {"before", report->before}, {"seals", report->seals},
                {"timestamps", report->timestamps}, {"files", report->files},   {"bytes", report->bytes}};

    json_out_object(out);
    json_out_key(out, "origin");
    json_out_text(out, verified->origin);
    json_out_key(out, "hypothetical");
    json_out_bool(out, journal_is_hypothetical(verified->origin));
    json_out_key(out, "vkey");
    json_out_text(out, verified->vkey);
    json_out_key(out, "root");
    json_out_hex(out, report->root.bytes, HASH_SIZE);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_out_key(out, rows[i].key);
        json_out_u64(out, rows[i].value);
    }
    json_out_object_end(out);
}

static void put_text(const struct fetch_report *report, const struct verify_report *verified, const char *dir)
{
    char root[BASE64_LENGTH(HASH_SIZE) + 1];

    base64_encode(root, report->root.bytes, HASH_SIZE);
    printf("%scopy%s      %s\n", cli_green(stdout), cli_plain(stdout), dir);
    printf("origin    %s\n", verified->origin);
    printf("entries   %llu, of which %llu are new\n", (unsigned long long)report->entries,
           (unsigned long long)(report->entries - report->before));
    printf("root      %s\n", root);
    printf("fetched   %llu files, %llu bytes\n", (unsigned long long)report->files,
           (unsigned long long)report->bytes);
    printf("verified  every entry, seal and signature\n");
}

static enum err_code verify_copy(struct cli *cli, const char *key, struct verify_report *verified,
                                 struct err *err)
{
    struct cli_progress progress;

    cli_progress_init(&progress, "verify");
    const struct verify_options options = {
        .dir = cli->dir, .vkey = key, .progress = cli_progress_draw, .progress_arg = &progress};
    const enum err_code rc = verify_journal(&options, verified, err);
    cli_progress_end(&progress);
    return rc ? err_wrap(err, "fetched, and the copy does not verify") : ERR_OK;
}

static enum err_code fetch(struct fetch_options *options, struct fetch_report *report, struct err *err)
{
    struct cli_progress progress;

    cli_progress_init(&progress, "fetch");
    options->progress = cli_progress_draw;
    options->progress_arg = &progress;
    const enum err_code rc = fetch_journal(options, report, err);
    cli_progress_end(&progress);
    return rc;
}

static enum err_code put(struct cli *cli, const struct fetch_report *report,
                         const struct verify_report *verified, bool json, struct err *err)
{
    struct json_out out;

    cli_remark_origin(verified->origin);
    if (!json) {
        put_text(report, verified, cli->dir);
        return ERR_OK;
    }
    json_out_init(&out);
    put_json(report, verified, &out);
    const enum err_code rc = cli_put_json(&out, err);
    json_out_release(&out);
    return rc;
}

static enum err_code parse_connections(const char *text, uint64_t *count, struct err *err)
{
    const enum err_code rc = cli_parse_u64("connections", text, count, err);

    if (!rc && (*count < 1 || *count > FETCH_CONNECTIONS_MAX))
        return err_set(err, ERR_USAGE, "fetch-from: --connections is 1 .. %u, not %s", FETCH_CONNECTIONS_MAX,
                       text);
    return rc;
}

enum err_code cmd_fetch_from(struct cli *cli, struct err *err)
{
    static struct verify_report verified;
    struct fetch_options fetched = {.dir = cli->dir};
    const char *connections = NULL;
    uint64_t count = 0;
    size_t operands = 0;
    bool json = false;
    struct fetch_report report;
    const struct cli_option options[] = {{.name = "key", .value = &fetched.vkey},
                                         {.name = "ca", .value = &fetched.ca_file},
                                         {.name = "connections", .value = &connections},
                                         {.name = "json", .flag = &json}};
    enum err_code rc = cli_options(cli, options, 4, &fetched.from, 1, &operands, err);

    if (!rc && operands == 0)
        rc = err_set(err, ERR_USAGE,
                     "fetch-from: the address of the published journal is missing (see: "
                     "ledger help fetch-from)");
    if (!rc && !fetched.vkey)
        rc = err_set(err, ERR_USAGE,
                     "fetch-from: --key VKEY is missing: without it nothing that is served can be checked");
    if (!rc && !cli->dir_is_given)
        rc = err_set(err, ERR_USAGE,
                     "fetch-from: name the directory of the copy: ledger -C NEW fetch-from ...");
    if (!rc && connections)
        rc = parse_connections(connections, &count, err);
    if (rc)
        return rc;
    fetched.connections = (unsigned)count;
    cli_guard_reading();
    rc = fetch(&fetched, &report, err);
    if (!rc)
        rc = verify_copy(cli, fetched.vkey, &verified, err);
    if (!rc)
        rc = put(cli, &report, &verified, json, err);
    return rc ? err_wrap(err, "fetch-from") : ERR_OK;
}
