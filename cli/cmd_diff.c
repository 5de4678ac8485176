/* ledger diff: what lies between two states, of one journal or of two. */
#include "cli/cli.h"

#include "cli/moment.h"
#include "reports/state_diff.h"

#include <stdlib.h>
#include <string.h>

static const enum state_section compared[] = {STATE_SUMMARY, STATE_ACCOUNTS, STATE_POSITIONS,
                                              STATE_ORDERS,  STATE_LIMITS,   STATE_SETTINGS};
#define COMPARED (sizeof compared / sizeof compared[0])

/* One state, seen. */
struct end {
    struct moment moment;
    const char *dir;
    uint64_t seq;
    int64_t clock_ns;
    char *origin;
    struct state_view views[COMPARED];
};

struct choice {
    bool json;
    bool exit_code;
};

static void end_release(struct end *s)
{
    for (size_t i = 0; i < COMPARED; i++)
        state_view_release(&s->views[i]);
    free(s->origin);
}

static enum err_code look(struct end *s, const struct book *b, struct err *err)
{
    enum err_code rc = ERR_OK;

    s->seq = book_seq(b);
    s->clock_ns = b->view->clock.now_ns;
    for (size_t i = 0; !rc && i < COMPARED; i++)
        rc = compared[i] == STATE_ORDERS ? state_view_all_orders(&s->views[i], b, err)
                                         : state_view_make(&s->views[i], b, compared[i], NULL, err);
    return rc;
}

static enum err_code visit(struct cli *cli, struct end *s, struct err *err)
{
    struct cli there = *cli;
    struct book b = {.snapshots = {.begun_at = 0}};
    struct journal *j = NULL;
    struct journal_reader *r = NULL;

    there.dir = s->dir;
    enum err_code rc = cli_open(&there, true, &j, err);
    if (!rc)
        rc = journal_reader_begin(j, &r, err);
    if (!rc && !(s->origin = strdup(journal_origin(j))))
        rc = err_set(err, ERR_MEMORY, "out of memory");
    if (!rc)
        rc = book_init(&b, err);
    if (!rc)
        rc = moment_load(&s->moment, "diff", r, &b, err);
    if (!rc)
        rc = look(s, &b, err);
    book_release(&b);
    journal_reader_end(r);
    journal_close(j);
    return rc;
}

/* The places themselves differ, as they were asked to. */
static bool is_place(const struct state_diff *d, const struct state_change *c)
{
    static const char *const names[] = {"entry", "market clock"};
    const char *const name = (c->after ? c->after : c->before)->cells[0].text;

    for (size_t i = 0; d->after->section == STATE_SUMMARY && i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i], name) == 0)
            return true;
    }
    return false;
}

static void put_change(const struct state_diff *d, const struct state_change *c, struct words *w)
{
    const struct state_row *const named = c->after ? c->after : c->before;
    struct sources from;

    words_clear(w);
    words_add(w, "  %s ", !c->before ? "+" : !c->after ? "-" : " ");
    for (size_t i = 0; i < d->after->key_count; i++)
        words_add(w, "%s%s", i && named->cells[i].text[0] ? " " : "", named->cells[i].text);
    words_add(w, ": ");
    state_change_words(d, c, w);
    if (c->after) {
        state_row_sources(d->after, (size_t)(c->after - d->after->rows), &from);
        if (from.count) {
            words_add(w, "  (");
            sources_list(w, &from);
            words_add(w, ")");
        }
    }
    printf("%s%s%s\n", c->after && c->after->is_alert ? cli_red(stdout) : "", words_get(w),
           c->after && c->after->is_alert ? cli_plain(stdout) : "");
}

static size_t count_of(const struct state_diff *d)
{
    size_t n = 0;

    for (size_t i = 0; i < d->count; i++)
        n += !is_place(d, &d->changes[i]);
    return n;
}

static enum err_code put_section(const struct state_diff *d, struct err *err)
{
    struct words w;

    if (!count_of(d))
        return ERR_OK;
    words_init(&w);
    printf("\n%s%s%s\n", cli_bold(stdout), state_section_name(d->after->section), cli_plain(stdout));
    for (size_t i = 0; i < d->count; i++) {
        if (!is_place(d, &d->changes[i]))
            put_change(d, &d->changes[i], &w);
    }
    const enum err_code rc = words_done(&w, err);
    words_release(&w);
    return rc;
}

static void put_end(const char *title, const struct end *s)
{
    char at[INSTANT_TEXT_SIZE] = "no clock yet";

    if (s->clock_ns != INSTANT_NONE)
        instant_format_new_york(at, s->clock_ns);
    printf("%s entry %llu of %s, market clock %s\n", title, (unsigned long long)s->seq, s->origin, at);
}

static void json_end(struct json_out *out, const char *name, const struct end *s)
{
    json_out_key(out, name);
    json_out_object(out);
    json_out_key(out, "origin");
    json_out_text(out, s->origin);
    json_out_key(out, "seq");
    json_out_u64(out, s->seq);
    json_out_key(out, "market_clock");
    json_out_instant(out, s->clock_ns);
    json_out_object_end(out);
}

static void json_section(const struct state_diff *d, struct json_out *out)
{
    for (size_t i = 0; i < d->count; i++) {
        if (!is_place(d, &d->changes[i]))
            state_change_json(d, &d->changes[i], out);
    }
}

static enum err_code put(const struct end *a, const struct end *b, const struct choice *c, size_t *changes,
                         struct err *err)
{
    struct json_out out;
    enum err_code rc = ERR_OK;

    json_out_init(&out);
    json_out_object(&out);
    json_end(&out, "a", a);
    json_end(&out, "b", b);
    json_out_key(&out, "changes");
    json_out_array(&out);
    if (!c->json) {
        put_end("from", a);
        put_end("to  ", b);
    }
    for (size_t i = 0; !rc && i < COMPARED; i++) {
        struct state_diff d;
        rc = state_diff_make(&d, &a->views[i], &b->views[i], err);
        if (!rc && c->json)
            json_section(&d, &out);
        else if (!rc)
            rc = put_section(&d, err);
        *changes += rc ? 0 : count_of(&d);
        state_diff_release(&d);
    }
    json_out_array_end(&out);
    json_out_object_end(&out);
    if (!rc && c->json)
        rc = cli_put_json(&out, err);
    else if (!rc && !*changes)
        printf("no difference in accounts, positions, orders, limits and settings\n");
    json_out_release(&out);
    return rc;
}

enum err_code cmd_diff(struct cli *cli, struct err *err)
{
    const char *with = NULL;
    const char *operands[2] = {NULL};
    size_t count = 0;
    size_t changes = 0;
    struct choice c = {.json = false};
    struct end *const ends = calloc(2, sizeof *ends);
    const struct cli_option options[] = {{.name = "with", .value = &with},
                                         {.name = "exit-code", .flag = &c.exit_code},
                                         {.name = "json", .flag = &c.json}};

    if (!ends)
        return err_set(err, ERR_MEMORY, "out of memory");
    enum err_code rc = cli_options(cli, options, 3, operands, 2, &count, err);
    if (!rc && count == 0 && !with)
        rc = err_set(err, ERR_USAGE, "diff: which states? Two of SEQ or TIME; one: against the newest");
    if (!rc)
        rc = moment_parse("diff", operands[0], &ends[0].moment, err);
    if (!rc)
        rc = moment_parse("diff", operands[1], &ends[1].moment, err);
    ends[0].dir = cli->dir;
    ends[1].dir = with ? with : cli->dir;
    cli_guard_reading();
    for (size_t i = 0; !rc && i < 2; i++)
        rc = visit(cli, &ends[i], err);
    if (!rc)
        rc = put(&ends[0], &ends[1], &c, &changes, err);
    if (!rc && c.exit_code && changes)
        rc = err_set(err, ERR_WRONG, "the states differ");
    end_release(&ends[0]);
    end_release(&ends[1]);
    free(ends);
    return rc;
}
