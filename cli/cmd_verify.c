/* ledger verify: the auditor's question. */
#include "cli/cli.h"

#include "audit/verify.h"
#include "ledger/base64.h"

#include <stdlib.h>

static void put_json(const struct verify_report *v, struct json_out *out)
{
    json_out_object(out);
    json_out_key(out, "integrity");
    json_out_bool(out, v->integrity_ok);
    json_out_key(out, "complete");
    json_out_bool(out, v->complete_ok);
    json_out_key(out, "key_given");
    json_out_bool(out, v->key_given);
    json_out_key(out, "origin");
    json_out_text(out, v->origin);
    json_out_key(out, "vkey");
    json_out_text(out, v->vkey);
    json_out_key(out, "epochs");
    json_out_u64(out, v->epochs);
    json_out_key(out, "newest_vkey");
    json_out_text(out, v->newest_vkey);
    const struct {
        const char *key;
        uint64_t value;
    } rows[] = {{"entries", v->entries}, {"bytes", v->bytes},   {"seals", v->seals},
                {"tiles", v->tiles},     {"sealed", v->sealed}, {"signatures", v->signatures}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_out_key(out, rows[i].key);
        json_out_u64(out, rows[i].value);
    }
    json_out_key(out, "root");
    json_out_hex(out, v->root.bytes, HASH_SIZE);
    if (v->wrong.place != VERIFY_NOWHERE) {
        json_out_key(out, "wrong");
        json_out_object(out);
        json_out_key(out, "where");
        json_out_text(out, v->wrong.where);
        json_out_key(out, "what");
        json_out_text(out, v->wrong.what);
        json_out_key(out, "first");
        json_out_u64(out, v->wrong.first);
        json_out_key(out, "last");
        json_out_u64(out, v->wrong.last);
        json_out_object_end(out);
    }
    json_out_object_end(out);
}

static void put_verdict(const char *name, bool ok, const char *good, const char *bad)
{
    printf("%-13s %s%s%s  %s\n", name, ok ? cli_green(stdout) : cli_red(stdout), ok ? "good" : "WRONG",
           cli_plain(stdout), ok ? good : bad);
}

static void put_text(const struct verify_report *v)
{
    char root[BASE64_LENGTH(HASH_SIZE) + 1];
    char from[INSTANT_TEXT_SIZE];
    char to[INSTANT_TEXT_SIZE];

    base64_encode(root, v->root.bytes, HASH_SIZE);
    put_verdict("integrity", v->integrity_ok, "nothing that is there was changed", v->wrong.what);
    put_verdict("completeness", v->complete_ok, "every entry is sealed, none is missing",
                v->integrity_ok ? v->wrong.what : "not established");
    printf("origin        %s\n", v->origin);
    printf("key           %s%s\n", v->vkey, v->key_given ? "" : "  (taken from the journal itself)");
    if (v->epochs > 1)
        printf("newest key    %s  (of epoch %llu, named by entry %llu)\n", v->newest_vkey,
               (unsigned long long)v->epochs - 1, (unsigned long long)v->epoch_entry);
    printf("entries       %llu in %llu bytes, %llu seals, %llu tiles, %llu actors' signatures\n",
           (unsigned long long)v->entries, (unsigned long long)v->bytes, (unsigned long long)v->seals,
           (unsigned long long)v->tiles, (unsigned long long)v->signatures);
    if (v->entries) {
        instant_format(from, v->first_recorded_at_ns);
        instant_format(to, v->last_recorded_at_ns);
        printf("recorded      %s to %s\n", from, to);
    }
    printf("root          %s\n", root);
}

static enum err_code parse_threads(const char *text, uint64_t *count, struct err *err)
{
    const enum err_code rc = cli_parse_u64("threads", text, count, err);

    if (!rc && (*count < 1 || *count > VERIFY_THREADS_MAX))
        return err_set(err, ERR_USAGE, "verify: --threads is 1 .. %u, not %s", VERIFY_THREADS_MAX, text);
    return rc;
}

enum err_code cmd_verify(struct cli *cli, struct err *err)
{
    const char *key = NULL;
    const char *raw = NULL;
    const char *against = NULL;
    char *kept = NULL;
    size_t kept_size = 0;
    const char *threads = NULL;
    uint64_t thread_count = 0;
    bool json = false;
    struct cli_progress progress;
    struct verify_report report = {.entries = 0};
    struct json_out out;
    const struct cli_option arguments[] = {{.name = "key", .value = &key},
                                           {.name = "raw", .value = &raw},
                                           {.name = "against", .value = &against},
                                           {.name = "threads", .value = &threads},
                                           {.name = "json", .flag = &json}};
    enum err_code rc = cli_options(cli, arguments, 5, NULL, 0, NULL, err);

    if (!rc && threads)
        rc = parse_threads(threads, &thread_count, err);
    if (!rc && against)
        rc = cli_read_file(against, NOTE_MAX_SIZE, &kept, &kept_size, err);
    if (rc)
        return rc;
    cli_guard_reading();
    cli_progress_init(&progress, "verify");
    const struct verify_options options = {.dir = raw ? NULL : cli->dir,
                                           .export = raw,
                                           .vkey = key,
                                           .against = kept,
                                           .against_size = kept_size,
                                           .threads = (unsigned)thread_count,
                                           .progress = cli_progress_draw,
                                           .progress_arg = &progress};
    rc = verify_journal(&options, &report, err);
    cli_progress_end(&progress);
    free(kept);
    if (rc && rc != ERR_WRONG)
        return err_wrap(err, "could not be checked");
    if (!json) {
        put_text(&report);
        if (!rc && !report.key_given)
            fprintf(stderr,
                    "The key came from the journal itself: pass the one that init printed with --key.\n");
        return rc;
    }
    json_out_init(&out);
    put_json(&report, &out);
    if (cli_put_json(&out, err) && !rc)
        rc = err->code;
    json_out_release(&out);
    return rc;
}
