/* ledger log: entries, one a line, with filters. */
#include "cli/cli.h"

#include "ledger/entry_json.h"
#include "ledger/index.h"

#include <string.h>

static void put_line(const struct entry *e, const struct actors *actors)
{
    const struct entry_kind_info *const info = entry_kind_find((unsigned)e->kind);
    char at[INSTANT_TEXT_SIZE];
    char value[256];

    instant_format(at, e->at_ns != INSTANT_NONE ? e->at_ns : e->recorded_at_ns);
    printf("%s%8llu%s %-20s %s%-22s%s %s", cli_dim(stdout), (unsigned long long)e->seq, cli_plain(stdout), at,
           cli_bold(stdout), info->text, cli_plain(stdout), actors_name(actors, e->actor));
    for (size_t i = 0; i < info->field_count; i++) {
        const enum field_type type = info->fields[i].type;
        if (type == FIELD_CHECKS || type == FIELD_COUNTS || type == FIELD_CANDIDATES || type == FIELD_ACTORS)
            continue;
        entry_field_text(e, &info->fields[i], value, type == FIELD_TEXT ? 80 : sizeof value);
        printf(" %s=%s", info->fields[i].name, value);
    }
    putchar('\n');
}

static enum err_code put_entries(struct journal *j, struct index_walk *w, uint64_t limit, bool json,
                                 struct err *err)
{
    const struct entry *e = NULL;
    struct json_out out;
    bool found = true;
    enum err_code rc = ERR_OK;

    json_out_init(&out);
    for (uint64_t shown = 0; !rc && shown < limit && !ferror(stdout); shown++) {
        rc = index_walk_next(w, &e, &found, err);
        if (rc || !found)
            break;
        if (json) {
            json_out_clear(&out);
            entry_to_json(e, journal_actors(j), ENTRY_JSON_FULL, &out);
            rc = cli_put_json(&out, err);
        } else {
            put_line(e, journal_actors(j));
        }
    }
    json_out_release(&out);
    return rc;
}

struct question {
    struct cli_filter filter;
    const char *limit;
    bool reverse;
    bool no_index;
    bool json;
};

static enum err_code answer(const struct question *q, struct journal *j, struct filter *f, uint64_t limit,
                            struct err *err)
{
    const enum index_way way = q->reverse ? INDEX_BACKWARD : INDEX_FORWARD;
    struct journal_reader *r = NULL;
    struct index_walk *w = NULL;
    struct index *x = NULL;

    if (!q->no_index && index_helps(f))
        x = cli_index(j);
    enum err_code rc = journal_reader_begin(j, &r, err);
    if (!rc)
        rc = cli_filter_actor(&q->filter, j, f, err);
    if (!rc)
        rc = index_walk_begin(x, r, f, way, q->no_index, &w, err);
    if (!rc)
        rc = put_entries(j, w, limit, q->json, err);
    cli_index_remark(w);
    index_walk_end(w);
    journal_reader_end(r);
    index_close(x);
    return rc;
}

enum err_code cmd_log(struct cli *cli, struct err *err)
{
    struct question q = {.limit = NULL};
    struct filter f;
    struct journal *j = NULL;
    uint64_t limit = UINT64_MAX;
    const struct cli_option options[] = {
        CLI_FILTER_OPTIONS(q.filter),
        {.name = "limit", .value = &q.limit},
        {.name = "reverse", .flag = &q.reverse},
        {.name = "no-index", .flag = &q.no_index},
        {.name = "json", .flag = &q.json},
    };
    enum err_code rc = cli_options(cli, options, sizeof options / sizeof options[0], NULL, 0, NULL, err);

    if (!rc)
        rc = cli_filter_parse(&q.filter, &f, err);
    if (!rc && q.limit)
        rc = cli_parse_u64("--limit", q.limit, &limit, err);
    cli_guard_reading();
    if (!rc)
        rc = cli_open(cli, true, &j, err);
    if (!rc)
        rc = answer(&q, j, &f, limit, err);
    journal_close(j);
    return rc;
}
