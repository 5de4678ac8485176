/* ledger replay --with, --drop ...: from what is typed to a change of a journal. */
#include "cli/whatif.h"

#include "agent/control.h"
#include "agent/intake.h"
#include "book/settings_yaml.h"
#include "ledger/entry_json.h"
#include "ledger/roles.h"

#include <stdlib.h>
#include <string.h>

#define INSERT_FILE_MAX ((size_t)64 << 20)

/* A file's name on the record and on a screen: a line of its own, whatever it is made of. */
static void add_name(struct words *w, const char *name)
{
    for (; *name; name++)
        words_add(w, (unsigned char)*name < 0x20 || *name == 0x7f ? "\\x%02x" : "%c", (unsigned char)*name);
}

/* -- --with --------------------------------------------------------------------------------------------- */

/* Who says a configuration that nobody said: the first person who may. */
static uint32_t configurer(const struct actors *a)
{
    for (enum role role = ROLE_OPERATOR; role <= ROLE_COMPLIANCE; role++) {
        for (uint32_t i = 0; i < a->count; i++) {
            if (a->rows[i].role == role)
                return i + 1;
        }
    }
    return 1;
}

static enum err_code prepare_with(struct whatif *q, struct journal *j, struct err *err)
{
    size_t size = 0;

    if (!q->with)
        return ERR_OK;
    enum err_code rc = cli_read_file(q->with, SETTINGS_YAML_MAX, &q->yaml, &size, err);
    if (!rc)
        rc = control_draft_configuration(&q->draft, q->with, q->yaml, size, err);
    if (rc)
        return rc;
    q->draft.entry.actor = configurer(journal_actors(j));
    q->draft.entry.at_ns = INSTANT_NONE;
    q->change.configuration = &q->draft.entry;
    words_add(&q->words, "with ");
    add_name(&q->words, q->with);
    words_add(&q->words, "\n");
    return ERR_OK;
}

/* -- --without-actor, --drop, --from -------------------------------------------------------------------- */

static enum err_code prepare_without(struct whatif *q, struct journal *j, struct err *err)
{
    for (size_t i = 0; i < q->actor_count; i++) {
        const enum err_code rc =
            actors_id(journal_actors(j), q->actors[i], strlen(q->actors[i]), &q->without[i], err);
        if (rc)
            return err_wrap(err, "--without-actor");
        words_add(&q->words, "without %s\n", q->actors[i]);
    }
    q->change.without = q->without;
    q->change.without_count = q->actor_count;
    return ERR_OK;
}

static int by_number(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a;
    const uint64_t y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

/* "12,15,20" */
static enum err_code add_drops(struct whatif *q, const char *list, struct err *err)
{
    char number[24];
    const char *at = list;

    for (;;) {
        const size_t length = strcspn(at, ",");
        uint64_t seq = 0;
        if (length == 0 || length >= sizeof number)
            return err_set(err, ERR_USAGE, "--drop: \"%.60s\": write entries' numbers, as 12 or 12,15", list);
        memcpy(number, at, length);
        number[length] = '\0';
        const enum err_code rc = cli_parse_u64("--drop", number, &seq, err);
        if (rc)
            return rc;
        if (q->change.drop_count == WHATIF_DROP_MAX)
            return err_set(err, ERR_USAGE, "--drop: at most %d entries", WHATIF_DROP_MAX);
        q->dropped[q->change.drop_count++] = seq;
        if (at[length] == '\0')
            return ERR_OK;
        at += length + 1;
    }
}

static enum err_code prepare_drops(struct whatif *q, struct err *err)
{
    size_t kept = 0;
    enum err_code rc = ERR_OK;

    q->dropped = calloc(WHATIF_DROP_MAX, sizeof *q->dropped);
    if (!q->dropped)
        return err_set(err, ERR_MEMORY, "out of memory");
    for (size_t i = 0; !rc && i < q->drop_count; i++)
        rc = add_drops(q, q->drops[i], err);
    if (rc || q->change.drop_count == 0)
        return rc;
    qsort(q->dropped, q->change.drop_count, sizeof *q->dropped, by_number);
    words_add(&q->words, "without entry");
    for (size_t i = 0; i < q->change.drop_count; i++) {
        if (i && q->dropped[i] == q->dropped[i - 1])
            continue;
        words_add(&q->words, "%s %llu", kept ? "," : "", (unsigned long long)q->dropped[i]);
        q->dropped[kept++] = q->dropped[i];
    }
    words_add(&q->words, "\n");
    q->change.drop = q->dropped;
    q->change.drop_count = kept;
    return ERR_OK;
}

static enum err_code prepare_from(struct whatif *q, struct journal_reader *r, struct err *err)
{
    int64_t at_ns = INSTANT_NONE;

    if (!q->from)
        return ERR_OK;
    if (q->from[strspn(q->from, "0123456789")] == '\0') {
        const enum err_code rc = cli_parse_u64("--from", q->from, &q->change.from, err);
        if (!rc && q->change.from == 0)
            return err_set(err, ERR_USAGE, "--from: entries are numbered from 1");
        return rc;
    }
    const enum err_code rc = cli_parse_instant("--from", q->from, &at_ns, err);
    return rc ? rc : course_from_time(r, at_ns, &q->change.from, err);
}

/* -- --insert ------------------------------------------------------------------------------------------- */

struct reading {
    struct whatif *q;
    const struct actors *actors;
    uint32_t default_actor;
    size_t line;
    size_t arena; /* used */
};

static enum err_code check_line(const struct reading *in, const struct entry *e, struct err *err)
{
    const struct actor_row *const actor = actors_find(in->actors, e->actor);

    if (e->at_ns == INSTANT_NONE)
        return err_set(
            err, ERR_INPUT,
            "column 1: \"at\" is missing: an entry is inserted before the first that happened later");
    if (in->line > 1 && e->at_ns < in->q->inserted[in->line - 2].at_ns)
        return err_set(err, ERR_INPUT, "column 1: \"at\" is before that of line %zu", in->line - 1);
    if (intake_check_own(e, err) || (e->kind == ENTRY_CONTROL_CONFIGURATION &&
                                     control_check_configuration(&e->as.control_configuration, err)))
        return err_wrap(err, "column 1");
    if (course_check_insert(actor ? actor->role : ROLE_JOURNAL, e, err))
        return err_wrap(err, "column 1");
    return ERR_OK;
}

static enum err_code take_line(struct reading *in, char *line, size_t size, struct err *err)
{
    struct whatif *const q = in->q;
    struct json_arena arena = {.bytes = q->arena + in->arena, .capacity = size};

    if (++in->line > WHATIF_INSERT_MAX)
        return err_set(err, ERR_INPUT, "%s: at most %d entries can be inserted", q->insert,
                       WHATIF_INSERT_MAX);
    struct entry *const e = &q->inserted[in->line - 1];
    enum err_code rc = entry_from_json(line, size, in->actors, in->default_actor, &arena, e, err);
    if (!rc)
        rc = check_line(in, e, err);
    in->arena += size;
    return rc ? err_wrap(err, "%s: line %zu", q->insert, in->line) : ERR_OK;
}

static enum err_code read_inserts(struct whatif *q, struct journal *j, size_t size, struct err *err)
{
    struct reading in = {.q = q, .actors = journal_actors(j)};
    enum err_code rc = ERR_OK;

    if (actors_id(in.actors, "operator", 8, &in.default_actor, NULL))
        in.default_actor = ENTRY_JSON_NO_ACTOR;
    for (size_t at = 0; !rc && at < size;) {
        const char *const end = memchr(q->lines + at, '\n', size - at);
        const size_t length = end ? (size_t)(end - (q->lines + at)) : size - at;
        rc = take_line(&in, q->lines + at, length, err);
        at += length + 1;
    }
    if (!rc && in.line == 0)
        rc = err_set(err, ERR_INPUT, "%s: it has no line: nothing is to be inserted", q->insert);
    q->change.insert = q->inserted;
    q->change.insert_count = in.line;
    words_add(&q->words, "with %zu %s of ", in.line, in.line == 1 ? "entry" : "entries");
    add_name(&q->words, q->insert);
    words_add(&q->words, " inserted\n");
    return rc;
}

static enum err_code prepare_inserts(struct whatif *q, struct journal *j, struct err *err)
{
    size_t size = 0;

    if (!q->insert)
        return ERR_OK;
    enum err_code rc = cli_read_file(q->insert, INSERT_FILE_MAX, &q->lines, &size, err);
    if (rc)
        return rc;
    q->arena = malloc(size + 1);
    q->inserted = calloc(WHATIF_INSERT_MAX, sizeof *q->inserted);
    if (!q->arena || !q->inserted)
        return err_set(err, ERR_MEMORY, "out of memory");
    return read_inserts(q, j, size, err);
}

/* -- all of it ------------------------------------------------------------------------------------------ */

static enum err_code prepare_hypothesis(struct whatif *q, struct journal *j, struct journal_reader *r,
                                        struct err *err)
{
    struct entry_control_hypothesis *const h = &q->hypothesis.as.control_hypothesis;
    struct hash root;

    q->hypothesis.kind = ENTRY_CONTROL_HYPOTHESIS;
    q->hypothesis.at_ns = INSTANT_NONE;
    if (q->words.size == 0)
        words_add(&q->words, "nothing\n");
    enum err_code rc = words_done(&q->words, err);
    if (!rc)
        rc = journal_reader_root(r, journal_reader_size(r), &root, err);
    if (rc)
        return rc;
    if (q->words.size > 8000)
        return err_set(err, ERR_INPUT, "the changes take %zu bytes to be told; at most 8000", q->words.size);
    h->base = text_from(journal_origin(j));
    h->size = (int64_t)journal_reader_size(r);
    memcpy(h->root.bytes, root.bytes, HASH_SIZE);
    h->changes = (struct text){words_get(&q->words), (uint16_t)(q->words.size - 1)};
    q->change.hypothesis = &q->hypothesis;
    return ERR_OK;
}

enum err_code whatif_prepare(struct whatif *q, struct journal *j, struct journal_reader *r, struct err *err)
{
    words_init(&q->words);
    enum err_code rc = prepare_with(q, j, err);
    if (!rc)
        rc = prepare_without(q, j, err);
    if (!rc)
        rc = prepare_drops(q, err);
    if (!rc)
        rc = prepare_inserts(q, j, err);
    if (!rc)
        rc = prepare_from(q, r, err);
    return rc ? rc : prepare_hypothesis(q, j, r, err);
}

void whatif_release(struct whatif *q)
{
    words_release(&q->words);
    free(q->yaml);
    free(q->lines);
    free(q->arena);
    free(q->inserted);
    free(q->dropped);
}
