/* ledger append: JSON Lines in, one durable, sealed group after the other. */
#include "cli/cli.h"

#include "agent/intake.h"
#include "ledger/base64.h"
#include "ledger/entry_json.h"
#include "ledger/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STAGED_MAX ((size_t)1 << 30)
enum { CHUNK = 1 << 20 };

struct staged {
    uint8_t *bytes; /* encoded drafts, one after the other */
    size_t size;
    size_t capacity;
    uint16_t *sizes;
    size_t count;
    size_t sizes_capacity;
};

struct appender {
    struct journal *j;
    const char *name; /* of the input, for messages */
    uint64_t group;   /* entries in a group; 0: all that is waiting */
    bool json;
    uint32_t default_actor;
    uint64_t line;         /* number of the newest line */
    uint64_t acknowledged; /* lines that are in the journal */
    bool is_unheard;       /* the newest acknowledgement could not be printed */
    uint64_t size;         /* entries in the journal, as far as this process has looked */
    struct staged staged;
    struct intake intake;
    struct json_arena arena;
    struct entry draft;
};

static enum err_code grow(void **p, size_t *capacity, size_t need, size_t unit, struct err *err)
{
    size_t next = *capacity ? *capacity : 4096;

    while (next < need)
        next *= 2;
    if (next == *capacity)
        return ERR_OK;
    if (next * unit > STAGED_MAX)
        return err_set(err, ERR_INPUT, "the group is larger than 1 GiB; use --group N");
    void *const q = realloc(*p, next * unit);
    if (!q)
        return err_set(err, ERR_MEMORY, "out of memory; use --group N");
    *p = q;
    *capacity = next;
    return ERR_OK;
}

static enum err_code stage(struct appender *a, struct err *err)
{
    struct staged *const s = &a->staged;
    struct wire_out out;
    enum err_code rc = grow((void **)&s->bytes, &s->capacity, s->size + ENTRY_MAX_SIZE, 1, err);
    if (!rc)
        rc = grow((void **)&s->sizes, &s->sizes_capacity, s->count + 1, sizeof s->sizes[0], err);
    if (rc)
        return rc;
    wire_out_init(&out, s->bytes + s->size, ENTRY_MAX_SIZE);
    rc = entry_encode(&a->draft, &out, err);
    if (rc)
        return rc;
    s->sizes[s->count++] = (uint16_t)wire_out_size(&out);
    s->size += wire_out_size(&out);
    return ERR_OK;
}

/*
 * Which entries, and the root of the seal that covers them: of a larger size when others have appended with us.
 * When nobody is left who could be told, what follows is not appended.
 */
static enum err_code acknowledge(struct appender *a, uint64_t count, const struct queue_reply *reply,
                                 struct err *err)
{
    const unsigned long long last = reply->first_seq + count - 1;
    const unsigned long long size = reply->seal_size;
    char root[BASE64_LENGTH(HASH_SIZE) + 1];

    base64_encode(root, reply->root.bytes, HASH_SIZE);
    if (a->json)
        printf("{\"first\":%llu,\"last\":%llu,\"root\":\"%s\",\"size\":%llu}\n",
               (unsigned long long)reply->first_seq, last, root, size);
    else if (size == last)
        printf("%llu..%llu %s\n", (unsigned long long)reply->first_seq, last, root);
    else
        printf("%llu..%llu %s of seal %llu\n", (unsigned long long)reply->first_seq, last, root, size);
    const enum err_code rc = cli_finish(err);
    a->is_unheard = rc != ERR_OK;
    return rc;
}

static enum err_code commit(struct appender *a, struct err *err)
{
    struct staged *const s = &a->staged;
    struct queue_reply reply;
    size_t refused = 0;

    if (s->count == 0)
        return ERR_OK;
    const enum err_code rc = intake_group(&a->intake, s->bytes, s->sizes, s->count, &reply, &refused, err);
    const uint64_t line = a->acknowledged + refused + 1;
    if (rc && refused < s->count)
        return err_wrap(err, "line %llu", (unsigned long long)line);
    if (rc)
        return rc;
    const uint64_t count = s->count;
    a->acknowledged += count;
    a->size = reply.seal_size;
    s->count = 0;
    s->size = 0;
    const enum err_code told = acknowledge(a, count, &reply, err);
    return told ? told : intake_keep(&a->intake, err);
}

/* The column of a key's value, at the top level of a line that is known to be good; 1 when it is not there. */
static size_t column_of(const char *line, size_t size, const char *key)
{
    struct json_scan s;
    bool found = false;
    size_t column = 1;

    json_scan_init(&s, line, size, NULL);
    while (!found && json_scan_next(&s, NULL) == ERR_OK && s.now.token != JSON_END) {
        if (s.depth != 1 || s.now.token != JSON_KEY)
            continue;
        found = s.now.length == strlen(key) && memcmp(s.now.text, key, s.now.length) == 0;
        if (json_scan_next(&s, NULL) != ERR_OK)
            break;
        if (found)
            column = s.now.column;
        else if (json_scan_skip(&s, NULL) != ERR_OK)
            break;
    }
    return column;
}

static enum err_code look_at_size(struct appender *a, struct err *err)
{
    struct journal_reader *r = NULL;
    const enum err_code rc = journal_reader_begin(a->j, &r, err);

    if (!rc)
        a->size = journal_reader_size(r);
    journal_reader_end(r);
    return rc;
}

/* Who wants to say this, signed, says it with this command. */
static const char *signing_command(enum entry_kind kind, bool is_owned)
{
    switch ((unsigned)kind) {
    case ENTRY_CONTROL_CONFIGURATION: return is_owned ? "propose config FILE" : "config set FILE";
    case ENTRY_CONTROL_STOP: return "stop";
    case ENTRY_CONTROL_RESUME: return is_owned ? "propose resume" : "resume";
    case ENTRY_CONTROL_RECOVERY: return "recover";
    case ENTRY_CONTROL_REVOCATION: return "key revoke";
    case ENTRY_CONTROL_ACTOR_KEY: return "key renew";
    case ENTRY_CONTROL_APPROVAL: return "approve";
    default: return "propose";
    }
}

/* What the journal would refuse in any case is refused here, where the column is known. */
static enum err_code check_line(struct appender *a, const char *line, size_t size, struct err *err)
{
    const struct entry *const e = &a->draft;
    const char *const kind = entry_kind_find((unsigned)e->kind)->text;
    struct err why = {.code = ERR_OK};
    enum err_code rc = ERR_OK;

    if (e->kind == ENTRY_CONTROL_GENESIS)
        return err_set(err, ERR_INPUT, "column %zu: kind: a journal has one %s, its first entry",
                       column_of(line, size, "kind"), kind);
    const struct actor_row *const actor = actors_find(journal_actors(a->j), e->actor);
    if (entry_kind_is_derived(e->kind) && actor && (actor->role == ROLE_STRATEGY || actor->role == ROLE_RISK))
        return err_set(
            err, ERR_INPUT,
            "column %zu: actor: %s of %s is written by the program's own deciders only; re-decision would "
            "call it forged",
            column_of(line, size, "actor"), kind, actor->name.text);
    if (entry_kind_needs_signature(e->kind) && !e->is_signed)
        return err_set(err, ERR_INPUT,
                       "column %zu: kind: %s must be signed by the actor who asks for it; use: ledger %s",
                       column_of(line, size, "kind"), kind,
                       signing_command(e->kind, journal_actors(a->j)->is_owned));
    if (intake_check_kind(e, &why) || actors_check(journal_actors(a->j), e, &why) == ERR_INPUT)
        return err_set(err, ERR_INPUT, "column %zu: kind: %s", column_of(line, size, "kind"), why.text);
    if (e->cause > a->size + a->staged.count)
        rc = look_at_size(a, err); /* others may have appended meanwhile */
    if (!rc && e->cause > a->size + a->staged.count)
        rc = err_set(err, ERR_INPUT,
                     "column %zu: cause: %llu is no earlier entry: this line would be entry %llu",
                     column_of(line, size, "cause"), (unsigned long long)e->cause,
                     (unsigned long long)(a->size + a->staged.count + 1));
    return rc;
}

static enum err_code take_line(struct appender *a, const char *line, size_t size, struct err *err)
{
    enum err_code rc;

    a->line++;
    rc = entry_from_json(line, size, journal_actors(a->j), a->default_actor, &a->arena, &a->draft, err);
    if (!rc)
        rc = check_line(a, line, size, err);
    if (!rc)
        rc = stage(a, err);
    if (rc)
        return err_wrap(err, "line %llu", (unsigned long long)a->line);
    if (a->group && a->staged.count == a->group)
        rc = commit(a, err);
    return rc;
}

static bool more_is_waiting(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    return poll(&p, 1, 0) > 0;
}

/* Reads until the end; lines that span reads are carried over at the buffer's front. */
static enum err_code read_lines(struct appender *a, int fd, char *buffer, struct err *err)
{
    size_t used = 0;
    enum err_code rc = ERR_OK;

    while (!rc) {
        const ssize_t n = read(fd, buffer + used, JSON_LINE_MAX + CHUNK - used);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_set(err, ERR_IO, "%s", strerror(errno));
        used += (size_t)n;
        char *start = buffer;
        char *end;
        while (!rc && (end = memchr(start, '\n', used - (size_t)(start - buffer)))) {
            rc = take_line(a, start, (size_t)(end - start), err);
            start = end + 1;
        }
        used -= (size_t)(start - buffer);
        memmove(buffer, start, used);
        if (rc)
            break;
        if (n == 0 && used)
            rc = take_line(a, buffer, used, err); /* the last line may lack its newline */
        else if (used > JSON_LINE_MAX)
            rc = err_set(err, ERR_INPUT, "line %llu: column %zu: a line has at most %zu bytes",
                         (unsigned long long)(a->line + 1), JSON_LINE_MAX + 1, JSON_LINE_MAX);
        if (!rc && (n == 0 || (!a->group && !more_is_waiting(fd))))
            rc = commit(a, err);
        if (n == 0)
            break;
    }
    return rc;
}

static enum err_code run(struct appender *a, const char *path, struct err *err)
{
    const bool is_stdin = cli_is_stdin(path);
    const int fd = is_stdin ? STDIN_FILENO : file_open(path, O_RDONLY | O_CLOEXEC, 0);
    char *buffer = NULL;
    enum err_code rc = ERR_OK;

    if (fd < 0)
        return err_set(err, ERR_INPUT, "%s: %s", path, strerror(errno));
    buffer = malloc(JSON_LINE_MAX + CHUNK);
    if (!buffer)
        rc = err_set(err, ERR_MEMORY, "out of memory");
    if (!rc)
        rc = read_lines(a, fd, buffer, err);
    if (rc) {
        rc = err_wrap(err, "append: %s", a->name);
        char said[ERR_TEXT_SIZE];
        memcpy(said, err->text, sizeof said);
        const bool is_unknown = rc == ERR_WRONG; /* the queue's word for it */
        rc = is_unknown ? ERR_IO : rc;
        err_set(err, rc, "%.800s; %slines up to %llu are in the journal%s", said,
                is_unknown      ? "("
                : a->is_unheard ? "nothing more is written: "
                                : "nothing of its group is written (",
                (unsigned long long)a->acknowledged, a->is_unheard && !is_unknown ? "" : ")");
    }
    free(buffer);
    if (!is_stdin)
        close(fd);
    return rc;
}

static enum err_code arena_init(struct json_arena *arena, struct err *err)
{
    arena->bytes = malloc(JSON_LINE_MAX);
    arena->capacity = JSON_LINE_MAX;
    arena->used = 0;
    return arena->bytes ? ERR_OK : err_set(err, ERR_MEMORY, "out of memory");
}

enum err_code cmd_append(struct cli *cli, struct err *err)
{
    const char *group = NULL;
    const char *actor = NULL;
    const char *path = "-";
    size_t operands = 0;
    struct appender *const a = calloc(1, sizeof *a);
    if (!a)
        return err_set(err, ERR_MEMORY, "out of memory");
    const struct cli_option options[] = {{.name = "group", .value = &group},
                                         {.name = "actor", .value = &actor},
                                         {.name = "json", .flag = &a->json}};
    cli_guard_reading(); /* a file that is cut while it is mapped */
    enum err_code rc = cli_options(cli, options, 3, &path, 1, &operands, err);

    if (!rc && group)
        rc = cli_parse_u64("--group", group, &a->group, err);
    if (!rc && group && a->group == 0)
        rc = err_set(err, ERR_USAGE, "--group: a group has at least one entry");
    a->name = cli_is_stdin(path) ? "standard input" : path;
    if (!rc)
        rc = cli_open_to_write(cli, &a->j, err);
    if (!rc && actor)
        rc = actors_id(journal_actors(a->j), actor, strlen(actor), &a->default_actor, err);
    else if (!rc && actors_id(journal_actors(a->j), "operator", 8, &a->default_actor, NULL))
        a->default_actor = ENTRY_JSON_NO_ACTOR; /* where persons have names of their own */
    if (!rc)
        rc = arena_init(&a->arena, err);
    a->intake.journal = a->j;
    if (!rc)
        rc = run(a, path, err);
    intake_release(&a->intake);
    free(a->arena.bytes);
    free(a->staged.bytes);
    free(a->staged.sizes);
    journal_close(a->j);
    free(a);
    return rc;
}
