/* ledger publish OUT: the journal as a directory that any web server can serve. */
#include "cli/cli.h"

#include "audit/publish.h"
#include "ledger/base64.h"

static void put_json(const struct publish_report *report, const char *where, struct json_out *out)
{
    const struct {
        const char *key;
        uint64_t value;
    } rows[] = {{"entries", report->entries},
                {"before", report->before},
                {"seals", report->seals},
                {"files", report->files},
                {"bytes", report->bytes}};

    json_out_object(out);
    json_out_key(out, "published");
    json_out_text(out, where);
    json_out_key(out, "hypothetical");
    json_out_bool(out, journal_is_hypothetical(report->origin));
    json_out_key(out, "root");
    json_out_hex(out, report->root.bytes, HASH_SIZE);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_out_key(out, rows[i].key);
        json_out_u64(out, rows[i].value);
    }
    json_out_object_end(out);
}

static void put_text(const struct publish_report *report, const char *where)
{
    char root[BASE64_LENGTH(HASH_SIZE) + 1];

    base64_encode(root, report->root.bytes, HASH_SIZE);
    printf("%spublished%s  %s\n", cli_green(stdout), cli_plain(stdout), where);
    printf("entries    %llu, of which %llu are new\n", (unsigned long long)report->entries,
           (unsigned long long)(report->entries - report->before));
    printf("root       %s\n", root);
    printf("written    %llu files, %llu bytes\n", (unsigned long long)report->files,
           (unsigned long long)report->bytes);
}

enum err_code cmd_publish(struct cli *cli, struct err *err)
{
    const char *out_path = NULL;
    size_t operands = 0;
    bool all = false;
    bool json = false;
    struct cli_progress progress;
    struct publish_report report;
    struct json_out out;
    const struct cli_option options[] = {{.name = "all", .flag = &all}, {.name = "json", .flag = &json}};
    enum err_code rc = cli_options(cli, options, 2, &out_path, 1, &operands, err);

    if (!rc && (operands == 0 || !out_path[0]))
        rc = err_set(err, ERR_USAGE,
                     "publish: the directory to publish to is missing (see: ledger help publish)");
    if (rc)
        return rc;
    cli_guard_reading();
    cli_progress_init(&progress, "publish");
    const struct publish_options made = {.dir = cli->dir,
                                         .out = out_path,
                                         .looks_at_all = all,
                                         .progress = cli_progress_draw,
                                         .progress_arg = &progress};
    rc = publish_journal(&made, &report, err);
    cli_progress_end(&progress);
    if (rc)
        return err_wrap(err, "publish");
    cli_remark_origin(report.origin);
    if (!json) {
        put_text(&report, out_path);
        return ERR_OK;
    }
    json_out_init(&out);
    put_json(&report, out_path, &out);
    rc = cli_put_json(&out, err);
    json_out_release(&out);
    return rc;
}
