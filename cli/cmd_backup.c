/* ledger backup OUT: a verified copy of the journal, made while others write. */
#include "cli/cli.h"

#include "audit/backup.h"
#include "ledger/base64.h"

#include <stdlib.h>

static void put_json(const struct backup_report *report, const char *out_path, struct json_out *out)
{
    const struct verify_report *const copy = &report->verified;
    char newest[INSTANT_TEXT_SIZE];

    instant_format(newest, copy->last_recorded_at_ns);
    json_out_object(out);
    json_out_key(out, "backup");
    json_out_text(out, out_path);
    json_out_key(out, "origin");
    json_out_text(out, copy->origin);
    json_out_key(out, "hypothetical");
    json_out_bool(out, journal_is_hypothetical(copy->origin));
    json_out_key(out, "vkey");
    json_out_text(out, copy->vkey);
    json_out_key(out, "entries");
    json_out_u64(out, copy->entries);
    json_out_key(out, "root");
    json_out_hex(out, copy->root.bytes, HASH_SIZE);
    json_out_key(out, "recorded_at");
    json_out_text(out, newest);
    json_out_key(out, "bytes");
    json_out_u64(out, report->bytes);
    json_out_key(out, "origin_entries");
    json_out_u64(out, report->origin_entries);
    json_out_key(out, "left_out");
    json_out_array(out);
    for (unsigned i = 0; i < report->left_out_count; i++)
        json_out_text(out, report->left_out[i]);
    json_out_array_end(out);
    json_out_object_end(out);
}

static void put_text(const struct backup_report *report, const char *out_path)
{
    const struct verify_report *const copy = &report->verified;
    char root[BASE64_LENGTH(HASH_SIZE) + 1];
    char newest[INSTANT_TEXT_SIZE];

    base64_encode(root, copy->root.bytes, HASH_SIZE);
    instant_format(newest, copy->last_recorded_at_ns);
    printf("%sbackup%s    %s, %llu bytes\n", cli_green(stdout), cli_plain(stdout), out_path,
           (unsigned long long)report->bytes);
    printf("origin    %s\n", copy->origin);
    printf("entries   %llu, the newest of %s\n", (unsigned long long)copy->entries, newest);
    printf("root      %s\n", root);
    printf("verified  every entry, seal and signature; the journal has a seal of this size and root\n");
}

static void put_remarks(const struct backup_report *report)
{
    if (report->origin_entries > report->verified.entries)
        fprintf(stderr, "The journal has grown by %llu entries meanwhile: they are in the next backup.\n",
                (unsigned long long)(report->origin_entries - report->verified.entries));
    for (unsigned i = 0; i < report->left_out_count; i++)
        fprintf(stderr, "Not copied, because it is no file of a journal: %s\n", report->left_out[i]);
}

enum err_code cmd_backup(struct cli *cli, struct err *err)
{
    const char *out_path = NULL;
    size_t operands = 0;
    bool json = false;
    struct cli_progress copying;
    struct cli_progress checking;
    struct json_out out;
    const struct cli_option options[] = {{.name = "json", .flag = &json}};
    enum err_code rc = cli_options(cli, options, 1, &out_path, 1, &operands, err);

    if (!rc && operands == 0)
        rc = err_set(err, ERR_USAGE, "backup: the directory to make is missing (see: ledger help backup)");
    if (rc)
        return rc;
    struct backup_report *const report = malloc(sizeof *report);
    if (!report)
        return err_set(err, ERR_MEMORY, "out of memory");
    cli_guard_reading();
    cli_progress_init(&copying, "copy");
    cli_progress_init(&checking, "verify");
    const struct backup_options options_made = {.dir = cli->dir,
                                                .out = out_path,
                                                .copying = cli_progress_draw,
                                                .copying_arg = &copying,
                                                .checking = cli_progress_draw,
                                                .checking_arg = &checking};
    rc = backup_make(&options_made, report, err);
    cli_progress_end(&copying);
    cli_progress_end(&checking);
    if (!rc)
        cli_remark_origin(report->verified.origin);
    if (!rc && !json) {
        put_text(report, out_path);
        put_remarks(report);
    }
    if (!rc && json) {
        json_out_init(&out);
        put_json(report, out_path, &out);
        rc = cli_put_json(&out, err);
        json_out_release(&out);
    }
    free(report);
    return rc ? err_wrap(err, "backup") : ERR_OK;
}
