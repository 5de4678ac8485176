#include "cli/bisect_config.h"

#include "book/settings_yaml.h"
#include "incident/bisect_settings.h"

#include <stdlib.h>
#include <string.h>

bool bisect_config_is(const char *text)
{
    const char *const dot = text ? strrchr(text, '.') : NULL;

    return dot && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0);
}

/* The file's, or the one in force at the journal's end. */
static enum err_code read_side(const char *file, struct journal_reader *r, struct configuration *c,
                               struct err *err)
{
    struct book b = {.snapshots = {.begun_at = 0}};
    char *yaml = NULL;
    size_t size = 0;
    enum err_code rc = ERR_OK;

    if (file) {
        rc = cli_read_file(file, SETTINGS_YAML_MAX, &yaml, &size, err);
        if (!rc)
            rc = configuration_read_yaml(c, file, yaml, size, err);
        free(yaml);
        return rc;
    }
    rc = book_init(&b, err);
    if (!rc)
        rc = book_load(&b, r, 0, NULL, NULL, err);
    if (!rc)
        *c = b.configuration->configuration;
    book_release(&b);
    return rc;
}

static void put_row(const struct bisect_setting *row)
{
    printf("  %-34s %-16s ", row->path, row->good);
    printf(row->alone ? "%-16s alone\n" : "%s\n", row->bad);
}

static void put_text(const struct bisect_config *q, const struct bisect_settings *result)
{
    char at[INSTANT_TEXT_SIZE];
    size_t needed = 0;
    size_t alone = 0;

    for (size_t i = 0; i < result->count; i++) {
        needed += result->rows[i].needed;
        alone += result->rows[i].alone;
    }
    instant_format_new_york(at, result->at_ns);
    printf("%s%zu of %zu settings%s that differ make it so: %s\n", cli_bold(stdout), needed, result->count,
           cli_plain(stdout), q->when);
    printf("under the bad configuration it holds first after entry %llu of that course, %s New York\n\n",
           (unsigned long long)result->seq, at);
    printf("  %s%-34s %-16s %s%s\n", cli_bold(stdout), "setting", "good", "bad", cli_plain(stdout));
    for (size_t i = 0; i < result->count; i++) {
        if (result->rows[i].needed)
            put_row(&result->rows[i]);
    }
    if (alone > 1) {
        printf("\neach of these does it alone as well\n");
        for (size_t i = 0; i < result->count; i++) {
            if (result->rows[i].alone && !result->rows[i].needed)
                put_row(&result->rows[i]);
        }
    }
    printf("\n%llu courses were run, from entry %llu on\n", (unsigned long long)result->runs,
           (unsigned long long)result->from);
}

static enum err_code put_json(const struct bisect_config *q, const struct bisect_settings *result,
                              struct err *err)
{
    struct json_out out;

    json_out_init(&out);
    json_out_object(&out);
    json_out_key(&out, "when");
    json_out_text(&out, q->when);
    json_out_key(&out, "found");
    json_out_u64(&out, result->seq);
    json_out_key(&out, "at");
    json_out_instant(&out, result->at_ns);
    json_out_key(&out, "from");
    json_out_u64(&out, result->from);
    json_out_key(&out, "courses");
    json_out_u64(&out, result->runs);
    json_out_key(&out, "settings");
    json_out_array(&out);
    for (size_t i = 0; i < result->count; i++) {
        const struct bisect_setting *const row = &result->rows[i];
        json_out_object(&out);
        json_out_key(&out, "setting");
        json_out_text(&out, row->path);
        json_out_key(&out, "good");
        json_out_text(&out, row->good);
        json_out_key(&out, "bad");
        json_out_text(&out, row->bad);
        json_out_key(&out, "alone");
        json_out_bool(&out, row->alone);
        json_out_key(&out, "needed");
        json_out_bool(&out, row->needed);
        json_out_object_end(&out);
    }
    json_out_array_end(&out);
    json_out_object_end(&out);
    const enum err_code rc = cli_put_json(&out, err);
    json_out_release(&out);
    return rc;
}

enum err_code bisect_config_run(const struct bisect_config *q, struct journal *j, struct journal_reader *r,
                                struct err *err)
{
    struct bisect_settings *const result = calloc(1, sizeof *result);
    struct cli_progress progress;
    struct configuration good;
    struct configuration bad;

    if (!result)
        return err_set(err, ERR_MEMORY, "out of memory");
    enum err_code rc = read_side(q->good, r, &good, err);
    if (!rc)
        rc = read_side(q->bad, r, &bad, err);
    cli_progress_init(&progress, "bisect");
    if (!rc)
        rc = bisect_settings_run(result, q->predicate, &good, &bad, 0, j, r, cli_progress_draw, &progress,
                                 err);
    cli_progress_end(&progress);
    if (!rc && q->json)
        rc = put_json(q, result, err);
    else if (!rc)
        put_text(q, result);
    free(result);
    return rc;
}
