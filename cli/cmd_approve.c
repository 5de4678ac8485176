/* ledger proposals, ledger approve: the second person. What is approved is named by its SHA-256, as it was shown. */
#include "cli/cli.h"
#include "cli/person.h"

#include "agent/approval.h"
#include "agent/control.h"
#include "book/configuration.h"
#include "ledger/entry_json.h"
#include "ledger/hex.h"

#include <stdlib.h>
#include <string.h>

/* -- showing ---------------------------------------------------------------------------------------------- */

static const char *state_of(const struct approval *a)
{
    if (a->is_void)
        return "void";
    if (a->approved_seq)
        return "approved";
    return cli_now_ns() > a->until_ns ? "over" : "open";
}

static const char *kind_of(const struct approval *a)
{
    return a->is_void ? "nothing to approve" : entry_kind_find((unsigned)a->draft.kind)->text;
}

static void put_row(const struct approval *a, const struct actors *actors)
{
    char until[INSTANT_TEXT_SIZE];

    instant_format(until, a->is_void ? a->recorded_at_ns : a->until_ns);
    printf("%8llu  %-22s %-20s %-31s %s", (unsigned long long)a->seq, kind_of(a),
           actors_name(actors, a->actor), until, state_of(a));
    if (a->approved_seq)
        printf(" by %s, entry %llu", actors_name(actors, a->approved_by),
               (unsigned long long)a->approved_seq);
    printf("\n");
}

/* A line of a text, so shown that it can play no tricks. */
static void put_line(const char *bytes, size_t size, char *value, size_t capacity)
{
    const struct entry_kind_info *const info = entry_kind_find(ENTRY_CONTROL_NOTE);
    struct entry e;

    memset(&e, 0, sizeof e);
    e.kind = ENTRY_CONTROL_NOTE;
    e.as.control_note.text = (struct text){bytes, (uint16_t)size};
    entry_field_text(&e, &info->fields[0], value, capacity);
    printf("    %s\n", value);
}

static void put_lines(const char *name, const struct text *t, char *value, size_t capacity)
{
    printf("  %s\n", name);
    for (size_t at = 0; at < t->length;) {
        const char *const end = memchr(t->bytes + at, '\n', t->length - at);
        const size_t size = end ? (size_t)(end - t->bytes) - at : t->length - at;
        put_line(t->bytes + at, size, value, capacity);
        at += size + 1;
    }
}

/* People read the source; the settings have the effect, and are shown where they are not the source's. */
static void put_configuration(const struct entry_control_configuration *c, char *value, size_t capacity)
{
    struct err why = {.code = ERR_OK};

    put_lines("source", &c->source, value, capacity);
    if (!control_check_configuration(c, &why)) {
        printf("  settings     those of the source\n");
        return;
    }
    printf("  %sWRONG%s        %s\n", cli_red(stdout), cli_plain(stdout), why.text);
    put_lines("settings", &c->settings, value, capacity);
}

/* All of it: who approves a field that was cut has not seen it. */
static enum err_code put_fields(const struct entry *e, struct err *err)
{
    const struct entry_kind_info *const info = entry_kind_find((unsigned)e->kind);
    const size_t capacity = (size_t)ENTRY_MAX_SIZE * 12; /* a byte as \u001b twice over */
    char *const value = malloc(capacity);
    char at[INSTANT_TEXT_SIZE];

    if (!value)
        return err_set(err, ERR_MEMORY, "out of memory");
    instant_format(at, e->at_ns);
    printf("  at           %s\n", at);
    if (e->cause)
        printf("  cause        %llu\n", (unsigned long long)e->cause);
    if (e->kind == ENTRY_CONTROL_CONFIGURATION)
        put_configuration(&e->as.control_configuration, value, capacity);
    for (size_t i = 0; i < info->field_count && e->kind != ENTRY_CONTROL_CONFIGURATION; i++) {
        entry_field_text(e, &info->fields[i], value, capacity);
        printf("  %-12s %s\n", info->fields[i].name, value);
    }
    free(value);
    return ERR_OK;
}

static enum err_code put_whole(const struct cli *cli, const struct approval *a, const struct actors *actors,
                               struct err *err)
{
    char text[INSTANT_TEXT_SIZE];
    char sha256[HEX_LENGTH(HASH_SIZE) + 1];

    printf("%sproposal %llu  %s%s, by %s: %s\n", cli_bold(stdout), (unsigned long long)a->seq, kind_of(a),
           cli_plain(stdout), actors_name(actors, a->actor), state_of(a));
    instant_format(text, a->recorded_at_ns);
    printf("  proposed     %s\n", text);
    if (a->is_void)
        return ERR_OK;
    instant_format(text, a->until_ns);
    printf("  until        %s\n", text);
    const enum err_code rc = put_fields(&a->draft, err);
    hex_encode(sha256, a->sha256.bytes, HASH_SIZE);
    printf("draft sha256 %s\n", sha256);
    if (a->approved_seq)
        printf("approved by %s, entry %llu; in force as entry %llu\n", actors_name(actors, a->approved_by),
               (unsigned long long)a->approved_seq, (unsigned long long)a->approved_seq + 1);
    else
        fprintf(stderr, "Another person approves it: ledger -C %s approve %llu --sha256 %s --actor NAME\n",
                cli->dir, (unsigned long long)a->seq, sha256);
    return rc;
}

static void put_json(struct json_out *out, const struct approval *a, const struct actors *actors)
{
    char text[INSTANT_TEXT_SIZE];

    json_out_object(out);
    json_out_key(out, "seq");
    json_out_u64(out, a->seq);
    json_out_key(out, "actor");
    json_out_text(out, actors_name(actors, a->actor));
    instant_format(text, a->recorded_at_ns);
    json_out_key(out, "recorded_at");
    json_out_text(out, text);
    json_out_key(out, "state");
    json_out_text(out, state_of(a));
    if (a->is_void) {
        json_out_object_end(out);
        return;
    }
    instant_format(text, a->until_ns);
    json_out_key(out, "until");
    json_out_text(out, text);
    json_out_key(out, "sha256");
    json_out_hex(out, a->sha256.bytes, HASH_SIZE);
    if (a->approved_seq) {
        json_out_key(out, "approval");
        json_out_u64(out, a->approved_seq);
        json_out_key(out, "approved_by");
        json_out_text(out, actors_name(actors, a->approved_by));
    }
    json_out_key(out, "draft");
    entry_to_json(&a->draft, actors, ENTRY_JSON_DRAFT, out);
    json_out_object_end(out);
}

static enum err_code put_all(struct journal_reader *r, const struct journal *j, bool json, struct err *err)
{
    struct approval *const a = malloc(sizeof *a);
    const struct actors *const actors = journal_actors(j);
    struct json_out out;
    uint64_t from = 1;
    bool found = true;
    enum err_code rc = a ? ERR_OK : err_set(err, ERR_MEMORY, "out of memory");

    json_out_init(&out);
    json_out_array(&out);
    while (!rc && found) {
        rc = approval_next(r, j, from, a, &found, err);
        if (rc || !found)
            break;
        from = a->seq + 1;
        if (json)
            put_json(&out, a, actors);
        else
            put_row(a, actors);
    }
    json_out_array_end(&out);
    if (!rc && json)
        rc = cli_put_json(&out, err);
    else if (!rc && from == 1)
        printf("no proposals\n");
    json_out_release(&out);
    free(a);
    return rc;
}

static enum err_code put_one(const struct cli *cli, struct journal_reader *r, const struct journal *j,
                             uint64_t seq, bool json, struct err *err)
{
    struct approval *const a = malloc(sizeof *a);
    struct json_out out;
    enum err_code rc = a ? approval_find(r, j, seq, a, err) : err_set(err, ERR_MEMORY, "out of memory");

    json_out_init(&out);
    if (!rc && json) {
        put_json(&out, a, journal_actors(j));
        rc = cli_put_json(&out, err);
    } else if (!rc) {
        rc = put_whole(cli, a, journal_actors(j), err);
    }
    json_out_release(&out);
    free(a);
    return rc;
}

enum err_code cmd_proposals(struct cli *cli, struct err *err)
{
    const char *operand = NULL;
    size_t count = 0;
    bool json = false;
    const struct cli_option options[] = {{.name = "json", .flag = &json}};
    struct journal *j = NULL;
    struct journal_reader *r = NULL;
    uint64_t seq = 0;
    enum err_code rc = cli_options(cli, options, 1, &operand, 1, &count, err);

    if (!rc && count > 0)
        rc = cli_parse_u64("SEQ", operand, &seq, err);
    if (!rc)
        rc = cli_open(cli, true, &j, err);
    if (!rc)
        rc = journal_reader_begin(j, &r, err);
    if (!rc)
        rc = count > 0 ? put_one(cli, r, j, seq, json, err) : put_all(r, j, json, err);
    journal_reader_end(r);
    journal_close(j);
    return rc;
}

/* -- approving -------------------------------------------------------------------------------------------- */

struct ask {
    const char *actor;
    const char *sha256;
    struct person_options person;
    uint64_t proposal;
    struct hash seen;
    bool json;
};

static enum err_code parse(struct cli *cli, struct ask *a, struct err *err)
{
    const char *operand = NULL;
    size_t count = 0;
    const struct cli_option options[] = {{.name = "actor", .value = &a->actor},
                                         {.name = "sha256", .value = &a->sha256},
                                         {.name = "json", .flag = &a->json},
                                         PERSON_OPTIONS(a->person)};
    enum err_code rc = cli_options(cli, options, 3 + PERSON_OPTION_COUNT, &operand, 1, &count, err);

    if (rc)
        return rc;
    if (count == 0)
        return err_set(err, ERR_USAGE, "approve: which proposal? ledger proposals lists them");
    rc = cli_parse_u64("SEQ", operand, &a->proposal, err);
    if (rc)
        return rc;
    if (!a->actor)
        return err_set(err, ERR_USAGE, "approve: --actor NAME is missing: who approves it");
    if (!a->sha256)
        return err_set(
            err, ERR_USAGE,
            "approve: --sha256 HEX is missing: what \"ledger proposals %s\" showed, so that nothing else is "
            "approved",
            operand);
    if (hex_decode(a->sha256, strlen(a->sha256), a->seen.bytes, HASH_SIZE, NULL))
        return err_set(err, ERR_USAGE, "approve: --sha256 takes 64 digits of lower-case hex");
    return ERR_OK;
}

enum err_code cmd_approve(struct cli *cli, struct err *err)
{
    struct person_desk s = {.person = NULL};
    struct ask a = {0};
    uint64_t seq = 0;
    enum err_code rc = parse(cli, &a, err);

    if (!rc)
        rc = person_desk_open(&s, cli, &a.person, a.actor, err);
    if (!rc)
        rc = approval_give(&s.desk, a.actor, a.proposal, &a.seen, cli_now_ns(), &seq, err);
    if (!rc && a.json)
        printf("{\"approval\":%llu,\"seq\":%llu}\n", (unsigned long long)seq - 1, (unsigned long long)seq);
    else if (!rc)
        printf("approved: entry %llu, signed by %s; in force as entry %llu\n", (unsigned long long)seq - 1,
               a.actor, (unsigned long long)seq);
    person_desk_close(&s);
    return rc;
}
