/* ledger log: entries, one a line, with filters. */
#include "cli/cli.h"

#include "ledger/entry_json.h"

#include <string.h>

struct filter {
    const struct entry_kind_info *kind;
    unsigned family;      /* 0: any */
    struct symbol symbol; /* length 0: any; a ticker also matches its options */
    const char *order;
    bool has_actor;
    uint32_t actor;
    int64_t from_ns;
    int64_t to_ns;
    uint64_t limit;
};

static enum err_code parse_kind(struct filter *f, const char *text, struct err *err)
{
    static const char *const families[] = {NULL,    "perception", "decision", "risk",
                                           "order", "fill",       "learning", "control"};

    f->kind = entry_kind_by_name(text, strlen(text));
    if (f->kind)
        return ERR_OK;
    for (unsigned i = 1; i < sizeof families / sizeof families[0]; i++) {
        if (strcmp(families[i], text) == 0) {
            f->family = i;
            return ERR_OK;
        }
    }
    return err_set(
        err, ERR_USAGE,
        "--kind: \"%s\" is no kind; one of perception, decision, risk, order, fill, control, or a full "
        "name such as fill.execution (docs/ENTRIES.md lists them)",
        text);
}

static bool matches_symbol(const struct filter *f, const struct entry *e)
{
    const struct symbol *const s = entry_symbol(e);
    struct symbol underlying;

    if (!s)
        return false;
    if (symbol_equal(s, &f->symbol))
        return true;
    symbol_underlying(s, &underlying);
    return symbol_equal(&underlying, &f->symbol);
}

static bool matches(const struct filter *f, const struct entry *e)
{
    const int64_t when = e->at_ns != INSTANT_NONE ? e->at_ns : e->recorded_at_ns;

    if (f->kind && e->kind != f->kind->kind)
        return false;
    if (f->family && (unsigned)entry_family(e->kind) != f->family)
        return false;
    if (f->has_actor && e->actor != f->actor)
        return false;
    if (when < f->from_ns || when > f->to_ns)
        return false;
    if (f->order) {
        const struct id *const order = entry_order_id(e);
        if (!order || !id_is(order, f->order))
            return false;
    }
    return !f->symbol.length || matches_symbol(f, e);
}

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

static enum err_code put_entries(struct journal *j, struct journal_reader *r, const struct filter *f,
                                 bool json, struct err *err)
{
    struct journal_record record;
    struct json_out out;
    struct entry e;
    uint64_t shown = 0;
    bool found = true;
    enum err_code rc = journal_reader_seek(r, 1, err);

    json_out_init(&out);
    while (!rc && shown < f->limit) {
        rc = journal_reader_next(r, &record, &found, err);
        if (rc || !found)
            break;
        rc = entry_decode_header(record.bytes, record.size, &e, err);
        if (!rc && ((f->kind && e.kind != f->kind->kind) ||
                    (f->family && (unsigned)entry_family(e.kind) != f->family)))
            continue;
        if (!rc)
            rc = entry_decode(record.bytes, record.size, &e, err);
        if (rc)
            return err_wrap(err, "entry %llu (see: ledger verify)", (unsigned long long)record.seq);
        if (!matches(f, &e))
            continue;
        shown++;
        if (json) {
            json_out_clear(&out);
            entry_to_json(&e, journal_actors(j), ENTRY_JSON_FULL, &out);
            rc = cli_put_json(&out, err);
        } else {
            put_line(&e, journal_actors(j));
        }
        if (ferror(stdout))
            break;
    }
    json_out_release(&out);
    return rc;
}

enum err_code cmd_log(struct cli *cli, struct err *err)
{
    const char *kind = NULL, *symbol = NULL, *from = NULL, *to = NULL, *actor = NULL, *limit = NULL;
    struct filter f = {.from_ns = INT64_MIN, .to_ns = INT64_MAX, .limit = UINT64_MAX};
    bool json = false;
    struct journal *j = NULL;
    struct journal_reader *r = NULL;
    const struct cli_option options[] = {
        {.name = "kind", .value = &kind},     {.name = "symbol", .value = &symbol},
        {.name = "order", .value = &f.order}, {.name = "from", .value = &from},
        {.name = "to", .value = &to},         {.name = "actor", .value = &actor},
        {.name = "limit", .value = &limit},   {.name = "json", .flag = &json},
    };
    enum err_code rc = cli_options(cli, options, sizeof options / sizeof options[0], NULL, 0, NULL, err);

    if (!rc && kind)
        rc = parse_kind(&f, kind, err);
    if (!rc && symbol && symbol_parse(symbol, strlen(symbol), &f.symbol, err))
        rc = err_set(err, ERR_USAGE, "--symbol: \"%s\" is neither a ticker nor an OCC symbol", symbol);
    if (!rc && from)
        rc = cli_parse_instant("--from", from, &f.from_ns, err);
    if (!rc && to)
        rc = cli_parse_instant("--to", to, &f.to_ns, err);
    if (!rc && limit)
        rc = cli_parse_u64("--limit", limit, &f.limit, err);
    if (!rc)
        rc = cli_open(cli, true, &j, err);
    if (!rc)
        rc = journal_reader_begin(j, &r, err);
    if (!rc && actor) {
        f.has_actor = true;
        rc = actors_id(journal_actors(j), actor, strlen(actor), &f.actor, err);
    }
    if (!rc)
        rc = put_entries(j, r, &f, json, err);
    journal_reader_end(r);
    journal_close(j);
    return rc;
}
