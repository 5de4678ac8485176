/* ledger explain: why an order was made, or why none was. */
#include "cli/cli.h"

#include "reports/explain.h"
#include "reports/words.h"

#include <string.h>

enum { LINE_WIDTH = 110, INDENT = 36 };

/* Words up to the line's width; further lines are indented. `used` columns are taken already. */
static void put_wrapped(const char *text, size_t length, int used)
{
    int column = used;

    while (length > 0) {
        const char *const space = memchr(text + 1, ' ', length - 1);
        const size_t word = space ? (size_t)(space - text) : length;
        if (column + (int)word > LINE_WIDTH && column > INDENT) {
            printf("\n%*s", INDENT, "");
            column = INDENT;
            if (text[0] == ' ') {
                text++;
                length--;
                continue;
            }
        }
        fwrite(text, 1, word, stdout);
        column += (int)word;
        text += word;
        length -= word;
    }
    putchar('\n');
}

static void put_sources(const char *title, const struct sources *s, struct words *w)
{
    words_add(w, "%s", title);
    sources_say(w, s);
}

/* `n` is NULL when nobody asked where the numbers are from. */
static enum err_code put_check(const struct check *c, const struct explain_number *n, struct err *err)
{
    struct words w;

    words_init(&w);
    words_check(&w, c);
    const int used = INDENT + (int)w.size;
    printf("%*s%s%s%s", INDENT, "", words_check_failed(c) ? cli_red(stdout) : "", words_get(&w),
           words_check_failed(c) ? cli_plain(stdout) : "");
    words_clear(&w);
    if (n) {
        put_sources("  [", &n->from, &w);
        put_sources("; bound: ", &n->bound_from, &w);
        words_add(&w, "]");
    }
    const enum err_code rc = words_done(&w, err);
    put_wrapped(words_get(&w), w.size, used);
    words_release(&w);
    return rc;
}

static enum err_code put_number(const struct explain_number *n, struct err *err)
{
    struct words w;

    words_init(&w);
    words_add(&w, "%s ", n->name);
    words_amount(&w, n->unit, n->value);
    words_add(&w, "  ");
    put_sources("[", &n->from, &w);
    words_add(&w, "]");
    const enum err_code rc = words_done(&w, err);
    printf("%*s", INDENT, "");
    put_wrapped(words_get(&w), w.size, INDENT);
    words_release(&w);
    return rc;
}

/* The time of day, or the date when it is another than that of most steps. */
static void format_when(char out[INSTANT_TEXT_SIZE], int64_t at_ns, civil_day day)
{
    char text[INSTANT_TEXT_SIZE];

    out[0] = '\0';
    if (at_ns == INSTANT_NONE)
        return;
    if (instant_new_york_day(at_ns, NULL) != day) {
        civil_format(out, instant_new_york_day(at_ns, NULL));
        return;
    }
    instant_format_new_york(text, at_ns); /* "2015-12-24 09:31:00" */
    snprintf(out, INSTANT_TEXT_SIZE, "%s", strlen(text) > 11 ? text + 11 : text);
}

static enum err_code put_step(const struct explain_step *s, civil_day day, struct err *err)
{
    char at[INSTANT_TEXT_SIZE];
    const char *line = s->details ? s->details : "";
    enum err_code rc = ERR_OK;

    format_when(at, s->at_ns, day);
    printf("%s%9llu%s  %-10s  %s%-12s%s ", cli_dim(stdout), (unsigned long long)s->seq, cli_plain(stdout), at,
           cli_bold(stdout), s->stage, cli_plain(stdout));
    put_wrapped(s->text, strlen(s->text), INDENT);
    while (*line) {
        const size_t length = strcspn(line, "\n");
        printf("%*s", INDENT, "");
        put_wrapped(line, length, INDENT);
        line += length + (line[length] == '\n');
    }
    const size_t checks = s->checks ? s->checks->count : 0;
    for (size_t i = 0; !rc && i < checks; i++)
        rc = put_check(&s->checks->rows[i], s->numbers ? &s->numbers[i] : NULL, err);
    for (size_t i = checks; !rc && s->numbers && i < s->number_count; i++)
        rc = s->numbers[i].is_minor ? ERR_OK : put_number(&s->numbers[i], err);
    return rc;
}

static enum err_code put(const struct explanation *x, bool json, struct err *err)
{
    const int64_t last_ns = x->count ? x->steps[x->count - 1].at_ns : INSTANT_NONE;
    const civil_day day = last_ns == INSTANT_NONE ? CIVIL_DAY_NONE : instant_new_york_day(last_ns, NULL);
    enum err_code rc = ERR_OK;
    struct json_out out;
    char text[INSTANT_TEXT_SIZE];

    if (json) {
        json_out_init(&out);
        explanation_json(x, &out);
        rc = cli_put_json(&out, err);
        json_out_release(&out);
        return rc;
    }
    printf("%s%s%s\n", cli_bold(stdout), x->title, cli_plain(stdout));
    civil_format(text, day);
    printf("%s%9s  New York, %s%s\n", cli_dim(stdout), "entry", text, cli_plain(stdout));
    for (size_t i = 0; !rc && i < x->count; i++)
        rc = put_step(&x->steps[i], day, err);
    return rc;
}

struct question {
    const char *what; /* ORDER_ID or SEQ */
    const char *order;
    const char *no_trade;
    const char *at;
    struct symbol symbol;
    int64_t at_ns;
    bool json;
};

static enum err_code check_question(struct question *q, struct err *err)
{
    const int asked = !!q->what + !!q->order + !!q->no_trade;

    q->at_ns = INSTANT_NONE;
    if (asked != 1)
        return err_set(
            err, ERR_USAGE,
            "explain: one of ORDER_ID, SEQ, --order ID, --no-trade SYMBOL (see: ledger help explain)");
    if (q->at && !q->no_trade)
        return err_set(err, ERR_USAGE, "explain: --at goes with --no-trade");
    if (q->no_trade && symbol_parse(q->no_trade, strlen(q->no_trade), &q->symbol, NULL))
        return err_set(err, ERR_USAGE, "--no-trade: \"%s\" is neither a ticker nor an OCC symbol",
                       q->no_trade);
    return q->at ? cli_parse_instant("--at", q->at, &q->at_ns, err) : ERR_OK;
}

/* A number is an entry's when there is one; order ids may be numbers, too. */
static enum err_code answer(const struct question *q, struct index *index, struct journal_reader *r,
                            struct explanation *x, struct err *err)
{
    uint64_t seq = 0;

    if (q->no_trade)
        return explain_no_trade(index, r, &q->symbol, q->at_ns, x, err);
    if (q->order)
        return explain_order(index, r, q->order, x, err);
    if (cli_parse_u64("SEQ", q->what, &seq, NULL) == ERR_OK && seq > 0 && seq <= journal_reader_size(r))
        return explain_entry(index, r, seq, x, err);
    return explain_order(index, r, q->what, x, err);
}

enum err_code cmd_explain(struct cli *cli, struct err *err)
{
    struct question q = {.what = NULL};
    struct explanation x = {.title = NULL};
    struct journal *j = NULL;
    struct journal_reader *r = NULL;
    struct index *index = NULL;
    const struct cli_option options[] = {{.name = "no-trade", .value = &q.no_trade},
                                         {.name = "at", .value = &q.at},
                                         {.name = "order", .value = &q.order},
                                         {.name = "json", .flag = &q.json}};
    enum err_code rc = cli_options(cli, options, 4, &q.what, 1, NULL, err);

    if (!rc)
        rc = check_question(&q, err);
    cli_guard_reading();
    if (!rc)
        rc = cli_open(cli, true, &j, err);
    if (!rc) {
        index = cli_index(j);
        rc = journal_reader_begin(j, &r, err);
    }
    if (!rc)
        rc = answer(&q, index, r, &x, err);
    if (!rc)
        rc = explain_sources(&x, r, err);
    if (!rc)
        rc = put(&x, q.json, err);
    explanation_release(&x);
    journal_reader_end(r);
    index_close(index);
    journal_close(j);
    return rc;
}
