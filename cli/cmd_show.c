/* ledger show SEQ: header, body, signature state, chain of causes. */
#include "cli/cli.h"

#include "ledger/base64.h"
#include "ledger/entry_json.h"
#include "ledger/merkle.h"

#include <string.h>

struct proof {
    struct seal seal;
    struct hash leaf;
    struct merkle_path path;
    bool is_covered; /* there is a seal behind the entry */
    bool is_sealed;  /* and the path from its bytes leads to the seal's root */
};

static enum err_code prove(struct journal_reader *r, const struct journal_record *record, struct proof *p,
                           struct err *err)
{
    enum err_code rc = journal_reader_seal(r, record->seq, &p->seal, err);

    p->leaf = hash_leaf(record->bytes, record->size);
    p->is_covered = rc == ERR_OK;
    p->is_sealed = false;
    if (rc == ERR_NOT_FOUND)
        return ERR_OK;
    if (!rc)
        rc = journal_reader_inclusion(r, record->seq, p->seal.size, p->path.nodes, &p->path.count, err);
    if (rc)
        return rc;
    p->is_sealed = merkle_check_inclusion(&p->leaf, record->seq - 1, p->seal.size, &p->path, &p->seal.root,
                                          NULL) == ERR_OK;
    return ERR_OK;
}

static void put_text(const struct entry *e, const struct actors *actors, const struct proof *p)
{
    const struct entry_kind_info *const info = entry_kind_find((unsigned)e->kind);
    char text[INSTANT_TEXT_SIZE];
    char value[8192];

    printf("%sentry %llu  %s%s  (%s)\n", cli_bold(stdout), (unsigned long long)e->seq, info->text,
           cli_plain(stdout), info->meaning);
    printf("  actor        %s\n", actors_name(actors, e->actor));
    instant_format(text, e->recorded_at_ns);
    printf("  recorded_at  %s\n", text);
    if (e->at_ns != INSTANT_NONE) {
        instant_format(text, e->at_ns);
        printf("  at           %s", text);
        instant_format_new_york(text, e->at_ns);
        printf("  (%s New York)\n", text);
    }
    if (e->cause)
        printf("  cause        %llu\n", (unsigned long long)e->cause);
    for (size_t i = 0; i < info->field_count; i++) {
        entry_field_text(e, &info->fields[i], value, sizeof value);
        printf("  %-12s %s\n", info->fields[i].name, value);
    }
    if (e->is_signed)
        printf("  signed by its actor\n");
    if (p->is_sealed)
        printf("  %ssealed%s       by the checkpoint of size %llu; inclusion path of %u hashes leads to its "
               "root\n",
               cli_green(stdout), cli_plain(stdout), (unsigned long long)p->seal.size, p->path.count);
    else if (p->is_covered)
        printf("  %sWRONG%s        these bytes do not lead to the root of the checkpoint of size %llu\n",
               cli_red(stdout), cli_plain(stdout), (unsigned long long)p->seal.size);
    else
        printf("  %snot sealed%s   no checkpoint proves this entry; run: ledger verify\n", cli_red(stdout),
               cli_plain(stdout));
}

static enum err_code put_causes(struct journal_reader *r, const struct actors *actors, uint64_t cause,
                                struct err *err)
{
    struct journal_record record;
    struct entry e;
    char at[INSTANT_TEXT_SIZE];
    enum err_code rc = ERR_OK;

    if (cause)
        printf("because of\n");
    while (!rc && cause) {
        rc = journal_reader_get(r, cause, &record, err);
        if (!rc)
            rc = entry_decode(record.bytes, record.size, &e, err);
        if (rc)
            return err_wrap(err, "cause %llu", (unsigned long long)cause);
        instant_format(at, e.at_ns != INSTANT_NONE ? e.at_ns : e.recorded_at_ns);
        printf("  %8llu  %-22s %s  %s\n", (unsigned long long)e.seq, entry_kind_find((unsigned)e.kind)->text,
               at, actors_name(actors, e.actor));
        cause = e.cause < e.seq ? e.cause : 0;
    }
    return rc;
}

static enum err_code put_json(struct journal_reader *r, const struct entry *e, const struct actors *actors,
                              const struct proof *p, struct err *err)
{
    struct json_out out;
    struct journal_record record;
    struct entry cause;
    char root[BASE64_LENGTH(HASH_SIZE) + 1];
    uint64_t next = e->cause;
    enum err_code rc = ERR_OK;

    json_out_init(&out);
    json_out_object(&out);
    json_out_key(&out, "entry");
    entry_to_json(e, actors, ENTRY_JSON_FULL, &out);
    json_out_key(&out, "leaf_hash");
    json_out_hex(&out, p->leaf.bytes, HASH_SIZE);
    json_out_key(&out, "sealed");
    json_out_bool(&out, p->is_sealed);
    if (p->is_sealed) {
        json_out_key(&out, "seal_size");
        json_out_u64(&out, p->seal.size);
        base64_encode(root, p->seal.root.bytes, HASH_SIZE);
        json_out_key(&out, "root");
        json_out_text(&out, root);
    }
    json_out_key(&out, "causes");
    json_out_array(&out);
    while (!rc && next) {
        rc = journal_reader_get(r, next, &record, err);
        if (!rc)
            rc = entry_decode(record.bytes, record.size, &cause, err);
        if (rc)
            break;
        json_out_u64(&out, next);
        next = cause.cause < cause.seq ? cause.cause : 0;
    }
    json_out_array_end(&out);
    json_out_object_end(&out);
    if (!rc)
        rc = cli_put_json(&out, err);
    json_out_release(&out);
    return rc;
}

enum err_code cmd_show(struct cli *cli, struct err *err)
{
    const char *operand = NULL;
    size_t count = 0;
    bool json = false;
    const struct cli_option options[] = {{.name = "json", .flag = &json}};
    struct journal *j = NULL;
    struct journal_reader *r = NULL;
    struct journal_record record;
    struct entry e;
    struct proof p;
    uint64_t seq = 0;
    enum err_code rc = cli_options(cli, options, 1, &operand, 1, &count, err);

    if (!rc && count == 0)
        rc = err_set(err, ERR_USAGE, "show: which entry? ledger show SEQ");
    if (!rc)
        rc = cli_parse_u64("SEQ", operand, &seq, err);
    if (!rc)
        rc = cli_open_as_it_is(cli, &j, err);
    if (!rc)
        rc = journal_reader_begin(j, &r, err);
    if (!rc)
        rc = journal_reader_get(r, seq, &record, err);
    if (!rc)
        rc = entry_decode(record.bytes, record.size, &e, err);
    if (!rc)
        rc = prove(r, &record, &p, err);
    if (!rc && json)
        rc = put_json(r, &e, journal_actors(j), &p, err);
    if (!rc && !json) {
        put_text(&e, journal_actors(j), &p);
        rc = put_causes(r, journal_actors(j), e.cause, err);
    }
    if (!rc && p.is_covered && !p.is_sealed)
        rc = err_set(err, ERR_WRONG,
                     "the checkpoint of size %llu does not prove entry %llu: it, or one beside it in the "
                     "tree, was changed. Which: ledger -C %s verify",
                     (unsigned long long)p.seal.size, (unsigned long long)seq, cli->dir);
    journal_reader_end(r);
    journal_close(j);
    return rc;
}
