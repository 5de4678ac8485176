/* ledger report: one table to standard output, the list of tables, and checking a pack. */
#include "cli/cli.h"

#include "ledger/build.h"
#include "ledger/hex.h"
#include "reports/pack_verify.h"
#include "reports/sheet_csv.h"
#include "reports/tables.h"

#include <stdlib.h>
#include <string.h>

/* -- list ----------------------------------------------------------------------------------------------- */

static enum err_code list(bool json, struct err *err)
{
    struct json_out out;

    if (!json) {
        for (size_t i = 0; i < TABLES_COUNT; i++)
            printf("%s%-14s%s %s\n", cli_bold(stdout), tables_sheet(i)->name, cli_plain(stdout),
                   tables_sheet(i)->meaning);
        return ERR_OK;
    }
    json_out_init(&out);
    json_out_array(&out);
    for (size_t i = 0; i < TABLES_COUNT; i++) {
        json_out_object(&out);
        json_out_key(&out, "name");
        json_out_text(&out, tables_sheet(i)->name);
        json_out_key(&out, "meaning");
        json_out_text(&out, tables_sheet(i)->meaning);
        json_out_object_end(&out);
    }
    json_out_array_end(&out);
    const enum err_code rc = cli_put_json(&out, err);
    json_out_release(&out);
    return rc;
}

/* -- one table ------------------------------------------------------------------------------------------ */

enum { CELL_WIDTH_MAX = 60 };

/* For people: all cells are kept, so that columns are as wide as they must be and empty ones are left out. */
struct grid {
    const struct sheet *sheet;
    char **cells; /* row by row */
    bool *alerts; /* of each row */
    size_t rows;
    size_t capacity;
    size_t widths[SHEET_COLUMNS_MAX];
};

struct output {
    bool json;
    bool csv;
    struct json_out out;
    struct sheet_csv lines;
    struct grid grid;
};

static enum err_code write_csv(void *context, const void *bytes, size_t size, struct err *err)
{
    (void)context;
    (void)err;
    fwrite(bytes, 1, size, stdout); /* cli_finish() asks whether it arrived */
    return ERR_OK;
}

static void json_cell(struct json_out *out, const struct cell *c)
{
    char text[CELL_NUMBER_SIZE];

    switch (c->type) {
    case CELL_EMPTY:
    case CELL_MIXED: json_out_null(out); break;
    case CELL_TEXT: json_out_string(out, c->text, c->length); break;
    case CELL_INTEGER:
    case CELL_SEQ: json_out_i64(out, c->number); break;
    case CELL_FLAG: json_out_bool(out, c->number != 0); break;
    case CELL_PRICE:
    case CELL_MONEY:
    case CELL_RATE:
    case CELL_INSTANT:
    case CELL_DAY: json_out_string(out, text, cell_format(text, c)); break;
    }
}

static void json_row(struct json_out *out, const struct row *row)
{
    json_out_object(out);
    for (size_t i = 0; i < row->count; i++) {
        json_out_key(out, row->sheet->columns[i].name);
        json_cell(out, &row->cells[i]);
    }
    json_out_object_end(out);
}

/* A text as a terminal may show it: through the one place that knows which characters play tricks. */
static void say_text(struct words *w, const struct cell *c)
{
    struct entry note;

    memset(&note, 0, sizeof note);
    note.kind = ENTRY_CONTROL_NOTE;
    note.as.control_note.text =
        (struct text){c->text, c->length < UINT16_MAX ? (uint16_t)c->length : UINT16_MAX};
    words_field(w, &note, "text");
}

static enum err_code grid_row(struct grid *g, const struct row *row, struct err *err)
{
    const size_t columns = row->sheet->column_count;
    struct words w;
    enum err_code rc = ERR_OK;

    if (g->rows == g->capacity) {
        const size_t wanted = g->capacity ? 2 * g->capacity : 64;
        char **const cells = realloc(g->cells, wanted * columns * sizeof *cells);
        if (cells)
            g->cells = cells;
        bool *const alerts = realloc(g->alerts, wanted * sizeof *alerts);
        if (alerts)
            g->alerts = alerts;
        if (!cells || !alerts)
            return err_set(err, ERR_MEMORY, "out of memory for the table; try --csv");
        g->capacity = wanted;
    }
    words_init(&w);
    memset(g->cells + g->rows * columns, 0, columns * sizeof *g->cells);
    g->alerts[g->rows++] = row->is_alert;
    for (size_t i = 0; !rc && i < columns; i++) {
        const struct cell *const c = &row->cells[i];
        char number[CELL_NUMBER_SIZE];
        words_clear(&w);
        if (c->type == CELL_TEXT)
            say_text(&w, c);
        else if (c->type != CELL_EMPTY)
            words_bytes(&w, number, cell_format(number, c));
        rc = words_done(&w, err);
        if (!rc && w.size) {
            char *const kept = strdup(words_get(&w));
            g->cells[(g->rows - 1) * columns + i] = kept;
            rc = kept ? ERR_OK : err_set(err, ERR_MEMORY, "out of memory for the table; try --csv");
            g->widths[i] = w.size > g->widths[i] ? w.size : g->widths[i];
        }
    }
    words_release(&w);
    return rc;
}

static bool is_right(enum cell_type type)
{
    return type == CELL_INTEGER || type == CELL_SEQ || type == CELL_PRICE || type == CELL_MONEY ||
           type == CELL_RATE || type == CELL_MIXED;
}

static void put_cell(const struct grid *g, size_t column, const char *text, bool is_last)
{
    const enum cell_type type = g->sheet->columns[column].type;
    const size_t title = strlen(g->sheet->columns[column].name);
    size_t width = g->widths[column] > title ? g->widths[column] : title;
    const bool is_cut = !is_last && strlen(text) > CELL_WIDTH_MAX;

    width = width > CELL_WIDTH_MAX ? CELL_WIDTH_MAX : width;
    if (is_last && !is_right(type))
        fputs(text, stdout);
    else if (is_cut)
        printf("%.*s...  ", CELL_WIDTH_MAX - 3, text);
    else
        printf(is_right(type) ? "%*s  " : "%-*s  ", (int)width, text);
}

static void put_grid(const struct grid *g)
{
    const size_t columns = g->sheet->column_count;
    size_t last = 0;

    for (size_t i = 0; i < columns; i++)
        last = g->widths[i] ? i : last;
    printf("%s", cli_bold(stdout));
    for (size_t i = 0; i < columns; i++) {
        if (g->widths[i])
            put_cell(g, i, g->sheet->columns[i].name, i == last);
    }
    printf("%s\n", cli_plain(stdout));
    for (size_t r = 0; r < g->rows; r++) {
        printf("%s", g->alerts[r] ? cli_red(stdout) : "");
        for (size_t i = 0; i < columns; i++) {
            const char *const text = g->cells[r * columns + i];
            if (g->widths[i])
                put_cell(g, i, text ? text : "", i == last);
        }
        printf("%s\n", g->alerts[r] ? cli_plain(stdout) : "");
    }
}

static void grid_release(struct grid *g)
{
    for (size_t i = 0; g->sheet && i < g->rows * g->sheet->column_count; i++)
        free(g->cells[i]);
    free(g->cells);
    free(g->alerts);
}

static enum err_code take_row(void *context, const struct row *row, struct err *err)
{
    struct output *const o = context;

    if (o->csv)
        return sheet_csv_row(&o->lines, row, err);
    if (!o->json)
        return grid_row(&o->grid, row, err);
    json_row(&o->out, row);
    return ERR_OK;
}

static void json_head(struct json_out *out, const struct sheet *sheet, const struct day_scope *scope)
{
    json_out_object(out);
    json_out_key(out, "report");
    json_out_text(out, sheet->name);
    json_out_key(out, "day");
    json_out_day(out, scope->day);
    json_out_key(out, "first_seq");
    json_out_u64(out, scope->first_seq);
    json_out_key(out, "last_seq");
    json_out_u64(out, scope->last_seq);
    json_out_key(out, "covers");
    json_out_u64(out, scope->state_seq);
    json_out_key(out, "rows");
    json_out_array(out);
}

static enum err_code write_table(struct journal *j, struct journal_reader *r, size_t index,
                                 const struct day_scope *scope, struct output *o, struct err *err)
{
    const struct sheet *const sheet = tables_sheet(index);
    const struct sheet_sink sink = {take_row, o};
    struct cli_progress progress;
    const struct tables_options options = {.wanted = 1U << index,
                                           .origin = journal_origin(j),
                                           .vkey = journal_vkey(j),
                                           .program = BUILD_PROGRAM,
                                           .progress = cli_progress_draw,
                                           .context = &progress};
    char day[INSTANT_TEXT_SIZE];

    o->grid.sheet = sheet;
    enum err_code rc = o->csv ? sheet_csv_head(&o->lines, sheet, err) : ERR_OK;
    if (o->json)
        json_head(&o->out, sheet, scope);
    cli_progress_init(&progress, "report");
    if (!rc)
        rc = tables_write(r, scope, &options, &sink, NULL, err);
    cli_progress_end(&progress);
    if (rc || o->csv)
        return rc;
    if (o->json) {
        json_out_array_end(&o->out);
        json_out_object_end(&o->out);
        return cli_put_json(&o->out, err);
    }
    civil_format(day, scope->day);
    printf("%s%s, %s: %zu row%s, from entries 1 to %llu\n",
           journal_is_hypothetical(journal_origin(j)) ? "HYPOTHETICAL: " : "", sheet->title, day,
           o->grid.rows, o->grid.rows == 1 ? "" : "s", (unsigned long long)scope->state_seq);
    if (o->grid.rows)
        put_grid(&o->grid);
    return ERR_OK;
}

static enum err_code print_table(struct cli *cli, const char *name, const char *date, bool json, bool csv,
                                 struct err *err)
{
    struct output o = {.json = json, .csv = csv};
    struct journal *j = NULL;
    struct journal_reader *r = NULL;
    struct day_scope scope;
    civil_day day = CIVIL_DAY_NONE;
    size_t index = 0;

    if (tables_find(name, &index, err))
        return err_set(err, ERR_USAGE, "report: \"%s\" is no report (see: ledger report list)", name);
    if (json && csv)
        return err_set(err, ERR_USAGE, "report: --json or --csv, not both");
    if (date && civil_parse(date, strlen(date), &day, NULL))
        return err_set(err, ERR_USAGE, "--date: \"%s\" is no date; write 2015-12-24", date);
    json_out_init(&o.out);
    sheet_csv_init(&o.lines, write_csv, NULL);
    enum err_code rc = cli_open(cli, true, &j, err);
    if (!rc)
        rc = journal_reader_begin(j, &r, err);
    if (!rc)
        rc = day_scope_find(r, day, &scope, err);
    if (!rc)
        rc = write_table(j, r, index, &scope, &o, err);
    journal_reader_end(r);
    journal_close(j);
    json_out_release(&o.out);
    sheet_csv_release(&o.lines);
    grid_release(&o.grid);
    return rc;
}

/* -- verify --------------------------------------------------------------------------------------------- */

static void put_report(const struct cli *cli, const struct pack_verify_report *v, const char *dir)
{
    const struct manifest *const m = &v->manifest;
    char day[INSTANT_TEXT_SIZE];

    civil_format(day, m->scope.day);
    printf("%sgood%s  %s: pack of %s, journal %s, written by %s\n", cli_green(stdout), cli_plain(stdout), dir,
           day, m->origin, m->program);
    printf("  files    %zu, each as the manifest says; none is missing, none is there besides\n",
           m->file_count + 1);
    if (m->epoch == 0)
        printf("  signed   manifest and seal, by %s\n", m->vkey);
    else
        printf("  signed   manifest, by %s, the key of epoch %llu%s\n", m->signed_by,
               (unsigned long long)m->epoch, v->is_seal_open ? "; seal, by the key in force there" : "");
    if (!v->is_seal_open)
        printf("  NOT CHECKED: the seal's signature, which is an earlier key's (name the journal with -C)\n");
    printf("  covers   entries 1 to %llu\n", (unsigned long long)m->scope.seal.size);
    if (v->against_journal)
        printf(
            "  journal  its tree of that size has the seal's root; every table is, byte for byte, what its "
            "entries give\n");
    else
        printf("  NOT CHECKED: the tables against the journal (name it with -C): %s\n",
               cli->dir_is_given ? "there is none there" : "none was named");
    if (v->later_entries)
        fprintf(stderr,
                "%llu more entries of that day were recorded since: the pack is right, but not complete any "
                "more; write it again with: ledger nightly --date %s\n",
                (unsigned long long)v->later_entries, day);
}

static enum err_code json_report(const struct pack_verify_report *v, enum err_code found, struct err *err)
{
    const struct manifest *const m = &v->manifest;
    struct json_out out;

    json_out_init(&out);
    json_out_object(&out);
    json_out_key(&out, "good");
    json_out_bool(&out, !found);
    if (found) {
        json_out_key(&out, "wrong");
        json_out_text(&out, err->text);
    } else {
        json_out_key(&out, "day");
        json_out_day(&out, m->scope.day);
        json_out_key(&out, "origin");
        json_out_text(&out, m->origin);
        json_out_key(&out, "files");
        json_out_u64(&out, m->file_count + 1);
        json_out_key(&out, "covers");
        json_out_u64(&out, m->scope.seal.size);
        json_out_key(&out, "against_journal");
        json_out_bool(&out, v->against_journal);
        json_out_key(&out, "later_entries");
        json_out_u64(&out, v->later_entries);
    }
    json_out_object_end(&out);
    const enum err_code rc = cli_put_json(&out, err);
    json_out_release(&out);
    return found ? found : rc;
}

/* Without a journal the key must be given; a journal that is there is used. */
static enum err_code open_journal(struct cli *cli, bool has_key, struct journal **j, struct err *err)
{
    if (has_key && !cli->dir_is_given)
        return ERR_OK; /* ./journal may be another desk's */
    const enum err_code rc = cli_open(cli, true, j, err);

    if (rc != ERR_NOT_FOUND)
        return rc;
    if (has_key)
        return ERR_OK;
    return err_set(
        err, ERR_NOT_FOUND,
        "could not be checked: there is no journal at %s; name it with -C, or give the journal's key "
        "with --key",
        cli->dir);
}

static enum err_code verify_pack(struct cli *cli, const char *dir, const char *vkey, bool json,
                                 struct err *err)
{
    struct pack_verify_report *const report = calloc(1, sizeof *report);
    struct cli_progress progress;
    struct journal *j = NULL;
    struct note_key key;
    enum err_code rc = report ? ERR_OK : err_set(err, ERR_MEMORY, "out of memory");

    if (!rc && vkey && note_key_parse(&key, vkey, strlen(vkey), err))
        rc = err_set(err, ERR_USAGE, "--key: \"%s\" is no verifier key; init printed it", vkey);
    if (!rc)
        rc = open_journal(cli, vkey != NULL, &j, err);
    cli_guard_reading();
    if (!rc && j)
        rc = cli_verify_first(cli, NULL, err);
    if (rc) {
        journal_close(j);
        free(report);
        return rc;
    }
    cli_progress_init(&progress, "verify");
    const struct pack_verify_options options = {.dir = dir,
                                                .key = vkey ? &key : NULL,
                                                .journal = j,
                                                .progress = cli_progress_draw,
                                                .context = &progress};
    rc = pack_verify(&options, report, err);
    cli_progress_end(&progress);
    if (json && (!rc || rc == ERR_WRONG))
        rc = json_report(report, rc, err);
    else if (!rc)
        put_report(cli, report, dir);
    journal_close(j);
    free(report);
    return rc;
}

enum err_code cmd_report(struct cli *cli, struct err *err)
{
    const char *operands[2] = {NULL, NULL};
    const char *date = NULL;
    const char *key = NULL;
    size_t count = 0;
    bool json = false;
    bool csv = false;
    const struct cli_option options[] = {{.name = "date", .value = &date},
                                         {.name = "key", .value = &key},
                                         {.name = "json", .flag = &json},
                                         {.name = "csv", .flag = &csv}};
    const enum err_code rc = cli_options(cli, options, 4, operands, 2, &count, err);

    if (rc)
        return rc;
    if (count == 0)
        return err_set(err, ERR_USAGE, "report: which one? ledger report list names them");
    const bool is_verify = strcmp(operands[0], "verify") == 0;
    if (is_verify != (count == 2))
        return err_set(err, ERR_USAGE, "report: %s (see: ledger help report)",
                       is_verify ? "verify which pack?" : "one name at a time");
    if (is_verify ? date || csv : key != NULL)
        return err_set(err, ERR_USAGE, "report: --key goes with verify, --date and --csv with a table");
    if (is_verify)
        return verify_pack(cli, operands[1], key, json, err);
    return strcmp(operands[0], "list") == 0 ? list(json, err)
                                            : print_table(cli, operands[0], date, json, csv, err);
}
