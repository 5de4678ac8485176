/* ledger propose: the first person of two. */
#include "cli/cli.h"
#include "cli/person.h"

#include "agent/approval.h"
#include "agent/control.h"
#include "book/settings_yaml.h"
#include "ledger/hex.h"

#include <stdlib.h>
#include <string.h>

struct ask {
    const char *what[3]; /* and of what: a file, an id, a limit and a symbol */
    size_t count;
    const char *actor;
    const char *reason;
    const char *scope;
    const char *first;
    const char *last;
    const char *valid;
    const char *lasts; /* of an override */
    bool json;
    struct person_options person;
};

/* What is drafted, and what that borrows. */
struct work {
    struct control_draft draft;
    char *yaml;
};

/* -- what is proposed ------------------------------------------------------------------------------------- */

static enum err_code draft_configuration(const struct ask *a, struct work *w, const struct desk *d,
                                         struct err *err)
{
    size_t size = 0;

    (void)d;
    const enum err_code rc = cli_read_file(a->what[1], SETTINGS_YAML_MAX, &w->yaml, &size, err);
    return rc ? rc : control_draft_configuration(&w->draft, a->what[1], w->yaml, size, err);
}

static enum err_code draft_resume(const struct ask *a, struct work *w, const struct desk *d, struct err *err)
{
    return control_draft_resume(d, &w->draft.entry, a->reason, err);
}

static enum err_code draft_override(const struct ask *a, struct work *w, const struct desk *d,
                                    struct err *err)
{
    struct control_override override = {a->what[1], a->what[2], CONTROL_OVERRIDE_S, a->reason};
    const enum err_code rc = a->lasts ? cli_parse_age("for", a->lasts, &override.valid_s, err) : ERR_OK;

    return rc ? rc : control_draft_override(d, &w->draft.entry, &override, err);
}

static enum err_code take_id(const char *text, struct id *id, struct err *err)
{
    const size_t length = strlen(text);

    for (size_t i = 0; i < length; i++) {
        if (text[i] <= 0x20 || text[i] >= 0x7f)
            return err_set(err, ERR_INPUT, "an id has visible ASCII characters only, and no space");
    }
    if (length == 0 || length > ID_MAX)
        return err_set(err, ERR_INPUT, "an id has 1 to %d characters", ID_MAX);
    *id = id_from(text);
    return ERR_OK;
}

static enum err_code draft_hold(const struct ask *a, struct work *w, const struct desk *d, struct err *err)
{
    struct entry *const e = &w->draft.entry;

    (void)d;
    e->kind = ENTRY_CONTROL_HOLD;
    e->as.control_hold.scope = text_from(a->scope);
    e->as.control_hold.reason = text_from(a->reason);
    return take_id(a->what[1], &e->as.control_hold.hold_id, err);
}

static enum err_code draft_disposal(const struct ask *a, struct work *w, const struct desk *d,
                                    struct err *err)
{
    struct entry *const e = &w->draft.entry;
    uint64_t first = 0;
    uint64_t last = 0;

    e->kind = ENTRY_CONTROL_DISPOSAL;
    e->as.control_disposal.reason = text_from(a->reason);
    enum err_code rc = take_id(a->what[1], &e->as.control_disposal.disposal_id, err);
    if (!rc)
        rc = cli_parse_u64("first", a->first, &first, err);
    if (!rc)
        rc = cli_parse_u64("last", a->last, &last, err);
    if (!rc && (first < 1 || first > last || last > book_seq(&d->book)))
        rc = err_set(err, ERR_INPUT, "--first and --last are entries in order, of 1 to %llu",
                     (unsigned long long)book_seq(&d->book));
    e->as.control_disposal.first = (int64_t)first;
    e->as.control_disposal.last = (int64_t)last;
    return rc;
}

enum { REASON = 1, SCOPE = 2, RANGE = 4, OPERAND = 8, SECOND = 16 };

static const struct subject {
    const char *name;
    enum err_code (*draft)(const struct ask *a, struct work *w, const struct desk *d, struct err *err);
    unsigned takes;
    const char *usage;
} subjects[] = {
    {"config", draft_configuration, OPERAND, "config FILE"},
    {"resume", draft_resume, REASON, "resume --reason TEXT"},
    {"override", draft_override, OPERAND | SECOND | REASON,
     "override LIMIT SYMBOL --reason TEXT [--for AGE]"},
    {"hold", draft_hold, OPERAND | REASON | SCOPE, "hold ID --scope TEXT --reason TEXT"},
    {"disposal", draft_disposal, OPERAND | REASON | RANGE,
     "disposal ID --first SEQ --last SEQ --reason TEXT"},
};

static enum err_code find_subject(const struct ask *a, const struct subject **subject, struct err *err)
{
    for (size_t i = 0; a->count > 0 && i < sizeof subjects / sizeof subjects[0]; i++) {
        if (strcmp(subjects[i].name, a->what[0]) != 0)
            continue;
        const unsigned given = (a->count > 1 ? OPERAND : 0u) | (a->count > 2 ? SECOND : 0u) |
                               (a->reason ? REASON : 0u) | (a->scope ? SCOPE : 0u) |
                               (a->first || a->last ? RANGE : 0u);
        if (given != subjects[i].takes || !a->first != !a->last)
            return err_set(err, ERR_USAGE, "propose: %s --actor NAME (see: ledger help propose)",
                           subjects[i].usage);
        *subject = &subjects[i];
        return a->reason ? control_check_reason(a->reason, err) : ERR_OK;
    }
    return err_set(err, ERR_USAGE,
                   "propose: config, resume, override, hold or disposal (see: ledger help propose)");
}

/* -- the command ------------------------------------------------------------------------------------------ */

static enum err_code parse(struct cli *cli, struct ask *a, int64_t *valid_s, const struct subject **subject,
                           struct err *err)
{
    const struct cli_option options[] = {{.name = "actor", .value = &a->actor},
                                         {.name = "reason", .value = &a->reason},
                                         {.name = "scope", .value = &a->scope},
                                         {.name = "first", .value = &a->first},
                                         {.name = "last", .value = &a->last},
                                         {.name = "valid", .value = &a->valid},
                                         {.name = "for", .value = &a->lasts},
                                         {.name = "json", .flag = &a->json},
                                         PERSON_OPTIONS(a->person)};
    enum err_code rc = cli_options(cli, options, 8 + PERSON_OPTION_COUNT, a->what, 3, &a->count, err);

    if (!rc)
        rc = find_subject(a, subject, err);
    if (!rc && !a->actor)
        rc = err_set(err, ERR_USAGE, "propose: --actor NAME is missing: who proposes it");
    *valid_s = APPROVAL_VALID_S;
    if (!rc && a->valid)
        rc = cli_parse_age("valid", a->valid, valid_s, err);
    return rc;
}

static void put_done(const struct cli *cli, const struct ask *a, uint64_t seq, const struct subject *subject)
{
    if (a->json)
        printf("{\"proposal\":%llu}\n", (unsigned long long)seq);
    else
        printf("proposal %llu: %s, signed by %s\n", (unsigned long long)seq, subject->name, a->actor);
    fprintf(stderr, "Nothing is changed yet. Another person looks at it: ledger -C %s proposals %llu\n",
            cli->dir, (unsigned long long)seq);
}

static enum err_code enter(struct cli *cli, struct desk *d, const struct ask *a,
                           const struct subject *subject, int64_t valid_s, struct err *err)
{
    struct work *const w = calloc(1, sizeof *w);
    uint64_t seq = 0;
    enum err_code rc = w ? subject->draft(a, w, d, err) : err_set(err, ERR_MEMORY, "out of memory");

    if (!rc)
        rc = approval_propose(d, a->actor, &w->draft.entry, valid_s, cli_now_ns(), &seq, err);
    if (!rc)
        put_done(cli, a, seq, subject);
    if (w)
        free(w->yaml);
    free(w);
    return rc;
}

enum err_code cmd_propose(struct cli *cli, struct err *err)
{
    struct person_desk s = {.person = NULL};
    struct ask a = {.count = 0};
    const struct subject *subject = NULL;
    int64_t valid_s = 0;
    enum err_code rc = parse(cli, &a, &valid_s, &subject, err);

    if (!rc)
        rc = person_desk_open(&s, cli, &a.person, a.actor, err);
    if (!rc)
        rc = enter(cli, &s.desk, &a, subject, valid_s, err);
    person_desk_close(&s);
    return rc;
}
