/* ledger state: what the book held at a moment, with the entry that each number is from. */
#include "cli/cli.h"

#include "cli/moment.h"
#include "reports/state_view.h"

#include <string.h>

struct choice {
    struct moment moment;
    bool json;
    bool has_section;
    enum state_section section;
    bool has_symbol;
    struct symbol symbol;
};

/* What is shown when nobody says what. */
static const enum state_section in_short[] = {STATE_SUMMARY, STATE_POSITIONS, STATE_ORDERS, STATE_LIMITS};

static enum err_code parse_operands(struct choice *c, const char *const *operands, size_t count,
                                    struct err *err)
{
    if (count == 0)
        return ERR_OK;
    c->has_section = true;
    enum err_code rc = state_section_find(operands[0], &c->section, err);
    if (rc)
        return err_set(err, ERR_USAGE,
                       "state: \"%s\" is none of summary, accounts, positions, orders, chain, "
                       "limits, strategy, settings (see: ledger help state)",
                       operands[0]);
    c->has_symbol = count > 1;
    if (c->section == STATE_CHAIN && !c->has_symbol)
        return err_set(err, ERR_USAGE, "state chain: of which SYMBOL? A ticker, or an OCC symbol");
    if (c->has_symbol && c->section != STATE_CHAIN && c->section != STATE_LIMITS)
        return err_set(err, ERR_USAGE, "state %s takes no symbol", operands[0]);
    if (c->has_symbol && symbol_parse(operands[1], strlen(operands[1]), &c->symbol, NULL))
        return err_set(err, ERR_USAGE, "state %s: \"%s\" is neither a ticker nor an OCC symbol", operands[0],
                       operands[1]);
    return ERR_OK;
}

static enum err_code put_view(const struct state_view *v, struct err *err)
{
    struct state_widths widths;
    struct words w;

    words_init(&w);
    state_view_widths(v, &widths);
    state_view_heading(v, &widths, &w);
    printf("\n%s\n%s%s%s\n", v->title, cli_bold(stdout), words_get(&w), cli_plain(stdout));
    enum err_code rc = words_done(&w, err);
    for (size_t i = 0; !rc && i < v->count; i++) {
        words_clear(&w);
        state_view_row(v, i, &widths, &w);
        rc = words_done(&w, err);
        printf("%s%s%s\n", v->rows[i].is_alert ? cli_red(stdout) : "", words_get(&w),
               v->rows[i].is_alert ? cli_plain(stdout) : "");
    }
    if (v->count == 0)
        printf("none\n");
    words_release(&w);
    return rc;
}

static enum err_code make(const struct choice *c, const struct book *b, enum state_section section,
                          struct state_view *v, struct err *err)
{
    const struct symbol *const about = c->has_symbol ? &c->symbol : NULL;

    if (section == STATE_CHAIN && !view_find(b->view, about) && !view_chain(b->view, about))
        return err_set(err, ERR_NOT_FOUND, "nothing had been told of %s by entry %llu", about->text,
                       (unsigned long long)book_seq(b));
    if (section == STATE_ORDERS && !c->has_section)
        return state_view_open_orders(v, b, err);
    return state_view_make(v, b, section, about, err);
}

static enum err_code put_text(const struct choice *c, const struct book *b, struct err *err)
{
    const size_t count = c->has_section ? 1 : sizeof in_short / sizeof in_short[0];
    enum err_code rc = ERR_OK;

    printf("state after entry %s%llu%s\n", cli_bold(stdout), (unsigned long long)book_seq(b),
           cli_plain(stdout));
    for (size_t i = 0; !rc && i < count; i++) {
        struct state_view v = {.count = 0};
        rc = make(c, b, c->has_section ? c->section : in_short[i], &v, err);
        if (!rc)
            rc = put_view(&v, err);
        state_view_release(&v);
    }
    return rc;
}

static enum err_code put_json(const struct journal *j, const struct choice *c, const struct book *b,
                              struct err *err)
{
    const size_t count = c->has_section ? 1 : sizeof in_short / sizeof in_short[0];
    enum err_code rc = ERR_OK;
    struct json_out out;

    json_out_init(&out);
    json_out_object(&out);
    cli_json_origin(&out, j);
    json_out_key(&out, "seq");
    json_out_u64(&out, book_seq(b));
    json_out_key(&out, "market_clock");
    json_out_instant(&out, b->view->clock.now_ns);
    for (size_t i = 0; !rc && i < count; i++) {
        const enum state_section section = c->has_section ? c->section : in_short[i];
        struct state_view v = {.count = 0};
        rc = make(c, b, section, &v, err);
        json_out_key(&out, state_section_name(section));
        if (!rc)
            state_view_json(&v, &out);
        state_view_release(&v);
    }
    json_out_object_end(&out);
    if (!rc)
        rc = cli_put_json(&out, err);
    json_out_release(&out);
    return rc;
}

enum err_code cmd_state(struct cli *cli, struct err *err)
{
    const char *at = NULL;
    const char *operands[2] = {NULL};
    size_t count = 0;
    struct choice c = {.json = false};
    struct journal *j = NULL;
    struct journal_reader *r = NULL;
    struct book b = {.snapshots = {.begun_at = 0}};
    const struct cli_option options[] = {{.name = "at", .value = &at}, {.name = "json", .flag = &c.json}};
    enum err_code rc = cli_options(cli, options, 2, operands, 2, &count, err);

    if (!rc)
        rc = moment_parse("--at", at, &c.moment, err);
    if (!rc)
        rc = parse_operands(&c, operands, count, err);
    cli_guard_reading();
    if (!rc)
        rc = cli_open(cli, true, &j, err);
    if (!rc)
        rc = journal_reader_begin(j, &r, err);
    if (!rc)
        rc = book_init(&b, err);
    if (!rc)
        rc = moment_load(&c.moment, "state", r, &b, err);
    if (!rc)
        rc = c.json ? put_json(j, &c, &b, err) : put_text(&c, &b, err);
    book_release(&b);
    journal_reader_end(r);
    journal_close(j);
    return rc;
}
