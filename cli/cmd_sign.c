/* ledger sign: a person's signature, made where the key is, for others to enter. */
#include "cli/cli.h"
#include "cli/person.h"

#include "agent/intake.h"
#include "ledger/entry_json.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define STATEMENT_TITLE "ledger statement v1\n"
#define STATEMENT_MAX   (ENTRY_MAX_SIZE + NOTE_NAME_MAX + 32)
#define DRAFTS_MAX      ((size_t)64 << 20)

struct ask {
    const char *file;
    const char *actor;
    const char *statement; /* a file */
    const char *out;
    struct person_options person;
};

/* -- a statement, as another command has written it ------------------------------------------------------- */

/* What it says, so that nobody signs what they have not seen. */
static enum err_code put_statement(const char *origin, size_t origin_size, const struct entry *e,
                                   struct err *err)
{
    const struct entry_kind_info *const info = entry_kind_find((unsigned)e->kind);
    const size_t capacity = (size_t)ENTRY_MAX_SIZE * 12;
    char *const value = malloc(capacity);
    char at[INSTANT_TEXT_SIZE];

    if (!value)
        return err_set(err, ERR_MEMORY, "out of memory");
    instant_format(at, e->at_ns);
    fprintf(stderr, "%s, for the journal %.*s, as its actor %u\n", info->text, (int)origin_size, origin,
            e->actor);
    fprintf(stderr, "  %-12s %s\n  %-12s %" PRIu64 "\n", "at", at, "cause", e->cause);
    for (size_t i = 0; i < info->field_count; i++) {
        entry_field_text(e, &info->fields[i], value, capacity);
        fprintf(stderr, "  %-12s %s\n", info->fields[i].name, value);
    }
    free(value);
    return ERR_OK;
}

/*
 * Anything else that a key signs, a seal or another program's document, does not begin so. Of entries only a key for a
 * journal that lost its own is signed here: sign_lines() makes the others itself, from drafts that people can read.
 */
static enum err_code show_statement(const char *bytes, size_t size, struct err *err)
{
    const size_t title = sizeof STATEMENT_TITLE - 1;
    uint8_t entry[ENTRY_MAX_SIZE];
    struct entry e;

    if (size <= title || memcmp(bytes, STATEMENT_TITLE, title) != 0)
        return err_set(err, ERR_INPUT, "it is no statement: these begin with \"ledger statement v1\"");
    const char *const origin = bytes + title;
    const char *const end = memchr(origin, '\n', size - title);
    const size_t said = end ? size - (size_t)(end + 1 - bytes) : 0;
    if (!end || note_name_check(origin, (size_t)(end - origin), NULL))
        return err_set(err, ERR_INPUT, "it names no journal in its second line");
    if (said > sizeof entry - ENTRY_SIGNATURE_SIZE)
        return err_set(err, ERR_INPUT, "its entry is too large");
    memcpy(entry, end + 1, said);
    memset(entry + said, 0, ENTRY_SIGNATURE_SIZE); /* which is being made */
    if (entry_decode(entry, said + ENTRY_SIGNATURE_SIZE, &e, err))
        return err_wrap(err, "its entry");
    if (e.kind != ENTRY_CONTROL_KEY)
        return err_set(
            err, ERR_INPUT,
            "it is a %s; --statement is for a control.key alone, what \"ledger key recover\" writes. "
            "Other entries are signed as drafts: ledger help sign",
            entry_kind_find((unsigned)e.kind)->text);
    return put_statement(origin, (size_t)(end - origin), &e, err);
}

static enum err_code sign_statement(const struct ask *a, const struct signer *signer, struct err *err)
{
    uint8_t signature[SIGNER_SIGNATURE_SIZE];
    char *bytes = NULL;
    size_t size = 0;
    enum err_code rc = cli_read_file(a->statement, STATEMENT_MAX, &bytes, &size, err);

    if (!rc && show_statement(bytes, size, err))
        rc = err_wrap(err, "%s", a->statement);
    if (!rc)
        rc = signer->sign(signer->context, bytes, size, signature, err);
    if (!rc)
        rc = cli_write_new(a->out, signature, sizeof signature, err);
    free(bytes);
    return rc;
}

/* -- drafts, as JSON Lines -------------------------------------------------------------------------------- */

struct drafts {
    struct journal *journal;
    const struct signer *signer;
    uint32_t actor;
    struct json_arena arena;
    struct json_out out;
};

static enum err_code sign_line(struct drafts *d, const char *line, size_t size, struct err *err)
{
    const struct actors *const actors = journal_actors(d->journal);
    struct entry draft;
    enum err_code rc = entry_from_json(line, size, actors, d->actor, &d->arena, &draft, err);

    if (!rc && draft.actor != d->actor)
        rc = err_set(err, ERR_INPUT, "it is %s's to sign, not %s's", actors_name(actors, draft.actor),
                     actors_name(actors, d->actor));
    if (!rc && draft.is_signed)
        rc = err_set(err, ERR_INPUT, "it is signed already");
    if (!rc && draft.at_ns == INSTANT_NONE)
        draft.at_ns = cli_now_ns(); /* so that the same words can be said again */
    if (!rc)
        rc = intake_check_time(d->journal, &draft, cli_now_ns(), err);
    if (!rc)
        rc = intake_check_own(&draft, err);
    if (!rc)
        rc = journal_sign_by(d->journal, d->signer, &draft, err);
    if (rc)
        return rc;
    json_out_init(&d->out);
    entry_to_json(&draft, actors, ENTRY_JSON_DRAFT, &d->out);
    rc = cli_put_json(&d->out, err);
    json_out_release(&d->out);
    return rc;
}

static enum err_code sign_lines(struct drafts *d, const char *file, const char *bytes, size_t size,
                                struct err *err)
{
    unsigned long long number = 0;
    enum err_code rc = ERR_OK;

    for (const char *line = bytes, *const end = bytes + size; !rc && line < end;) {
        const char *const next = memchr(line, '\n', (size_t)(end - line));
        const size_t length = (size_t)((next ? next : end) - line);
        number++;
        if (length > 0)
            rc = sign_line(d, line, length, err);
        line += length + 1;
    }
    return rc ? err_wrap(err, "%s: line %llu", file, number) : ERR_OK;
}

static enum err_code sign_drafts(struct cli *cli, const struct ask *a, const struct signer *signer,
                                 struct err *err)
{
    struct drafts d = {.signer = signer};
    char *bytes = NULL;
    size_t size = 0;
    enum err_code rc = cli_open(cli, true, &d.journal, err);

    if (!rc)
        rc = actors_id(journal_actors(d.journal), a->actor, strlen(a->actor), &d.actor, err);
    if (!rc)
        rc = cli_read_file(a->file, DRAFTS_MAX, &bytes, &size, err);
    d.arena = (struct json_arena){.bytes = rc ? NULL : malloc(size + 1), .capacity = size};
    if (!rc && !d.arena.bytes)
        rc = err_set(err, ERR_MEMORY, "out of memory");
    if (!rc)
        rc = sign_lines(&d, a->file, bytes, size, err);
    free(d.arena.bytes);
    free(bytes);
    journal_close(d.journal);
    return rc;
}

static enum err_code parse(struct cli *cli, struct ask *a, struct err *err)
{
    const struct cli_option options[] = {{.name = "actor", .value = &a->actor},
                                         {.name = "statement", .value = &a->statement},
                                         {.name = "out", .value = &a->out},
                                         PERSON_OPTIONS(a->person)};
    size_t count = 0;
    enum err_code rc = cli_options(cli, options, 3 + PERSON_OPTION_COUNT, &a->file, 1, &count, err);

    if (!rc && (!a->file == !a->statement || !a->statement != !a->out))
        rc = err_set(err, ERR_USAGE,
                     "sign: FILE of drafts, or --statement FILE --out FILE (see: ledger help sign)");
    if (!rc && !a->actor)
        rc = err_set(err, ERR_USAGE, "sign: --actor NAME is missing: who signs");
    if (!rc && !a->person.keys && !a->person.pkcs11)
        rc = err_set(err, ERR_USAGE, "sign: where the key is: --keys DIR, or --pkcs11 URI");
    return rc;
}

enum err_code cmd_sign(struct cli *cli, struct err *err)
{
    struct ask a = {.file = NULL};
    struct person *person = NULL;
    enum err_code rc = parse(cli, &a, err);

    if (!rc)
        rc = person_open(&person, &a.person, a.actor, err);
    if (!rc)
        rc = a.statement ? sign_statement(&a, person_signer(person), err)
                         : sign_drafts(cli, &a, person_signer(person), err);
    person_close(person);
    return rc;
}
