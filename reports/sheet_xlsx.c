#include "reports/sheet_xlsx.h"

#include "ledger/utf8.h"
#include "reports/words.h"
#include "reports/xlsx_check.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xlsxwriter.h>

enum {
    SHEETS_MAX = 32,
    TITLE_MAX = 31,         /* Excel's */
    DIGITS_MAX = 15,        /* significant digits that a double always keeps */
    TEXT_BYTES_MAX = 32000, /* Excel takes 32,767 characters in a cell */
    COVER_FIRST_ROW = 2,
    WRAP_WIDTH = 70, /* texts in columns this wide or wider are wrapped */
    LINE_HEIGHT = 15,
    SIGN_HEIGHT = 45, /* of a cover's empty line: for a person to write on */
    HEIGHT_MAX = 405, /* Excel's is 409 */
    PAPER_A4 = 9
};

struct tab {
    const struct sheet *sheet; /* NULL: this index is unused */
    lxw_worksheet *worksheet;  /* the newest, when there are several */
    uint32_t rows;             /* in it */
    unsigned parts;
    bool is_cover;
};

struct sheet_xlsx {
    lxw_workbook *workbook;
    struct tab tabs[SHEETS_MAX];
    struct {
        lxw_chartsheet *tab;
        lxw_chart *chart;
        size_t index, over, count;
        size_t columns[4];
    } chart;
    lxw_format *formats[CELL_MIXED + 1][2]; /* plain, alert */
    lxw_format *wrapped[2];
    lxw_format *header[2]; /* of texts, of numbers */
    lxw_format *cover_title, *cover_item, *cover_value, *cover_line;
    uint32_t rows_max;
    char *path;
    char *title;
    struct words text; /* scratch */
};

static enum err_code check(const struct sheet_xlsx *x, lxw_error e, struct err *err)
{
    if (e == LXW_NO_ERROR)
        return ERR_OK;
    /* A string that it cannot find is one that it had no memory for. */
    if (e == LXW_ERROR_MEMORY_MALLOC_FAILED || e == LXW_ERROR_SHARED_STRING_INDEX_NOT_FOUND)
        return err_set(err, ERR_MEMORY, "%s: out of memory", x->path);
    return err_set(err, ERR_IO, "%s: %s", x->path, lxw_strerror(e));
}

/* -- formats -------------------------------------------------------------------------------------------- */

/* "_)" leaves the width of a bracket, so that a number does not touch the text beside it. */
static const char *number_format(enum cell_type type)
{
    switch (type) {
    case CELL_INTEGER: return "#,##0_)";
    case CELL_SEQ: return "0_)";
    case CELL_PRICE: return "#,##0.00#######_)";
    case CELL_MONEY: return "#,##0.00####_);[Red]-#,##0.00####_)";
    case CELL_RATE: return "0.00%_)";
    case CELL_INSTANT: return "yyyy-mm-dd hh:mm:ss.000";
    case CELL_DAY: return "yyyy-mm-dd";
    case CELL_TEXT: return "@";
    case CELL_EMPTY:
    case CELL_FLAG:
    case CELL_MIXED: break;
    }
    return "General";
}

static lxw_format *new_format(struct sheet_xlsx *x, bool *bad)
{
    lxw_format *const f = workbook_add_format(x->workbook);

    *bad |= !f;
    if (f)
        format_set_align(f, LXW_ALIGN_VERTICAL_TOP);
    return f;
}

static bool is_number(enum cell_type type)
{
    return type == CELL_INTEGER || type == CELL_SEQ || type == CELL_PRICE || type == CELL_MONEY ||
           type == CELL_RATE || type == CELL_MIXED;
}

static void shape_cell(lxw_format *f, enum cell_type type, bool is_alert)
{
    format_set_num_format(f, number_format(type));
    format_set_align(f, is_number(type) ? LXW_ALIGN_RIGHT : LXW_ALIGN_LEFT);
    if (is_alert) {
        format_set_font_color(f, 0x9c0006);
        format_set_bg_color(f, 0xffc7ce);
    }
}

static void shape_rest(struct sheet_xlsx *x)
{
    for (int i = 0; i < 2; i++) {
        shape_cell(x->wrapped[i], CELL_TEXT, i);
        format_set_text_wrap(x->wrapped[i]);
        shape_cell(x->header[i], CELL_MIXED, false);
        format_set_align(x->header[i], i ? LXW_ALIGN_RIGHT : LXW_ALIGN_LEFT);
        format_set_bold(x->header[i]);
        format_set_bg_color(x->header[i], 0xd9e1f2);
        format_set_bottom(x->header[i], LXW_BORDER_THIN);
    }
    format_set_bold(x->cover_title);
    format_set_font_size(x->cover_title, 16);
    format_set_bold(x->cover_item);
    format_set_text_wrap(x->cover_value);
    format_set_bottom(x->cover_line, LXW_BORDER_THIN);
}

static enum err_code make_formats(struct sheet_xlsx *x, struct err *err)
{
    lxw_format **const rest[] = {&x->wrapped[0],  &x->wrapped[1], &x->header[0],   &x->header[1],
                                 &x->cover_title, &x->cover_item, &x->cover_value, &x->cover_line};
    bool bad = false;

    for (int type = 0; type <= CELL_MIXED; type++) {
        for (int alert = 0; alert < 2; alert++) {
            lxw_format *const f = x->formats[type][alert] = new_format(x, &bad);
            if (f)
                shape_cell(f, (enum cell_type)type, alert);
        }
    }
    for (size_t i = 0; i < sizeof rest / sizeof rest[0]; i++)
        *rest[i] = new_format(x, &bad);
    if (bad)
        return err_set(err, ERR_MEMORY, "%s: out of memory", x->path);
    shape_rest(x);
    return ERR_OK;
}

/* -- opening -------------------------------------------------------------------------------------------- */

static lxw_error set_properties(struct sheet_xlsx *x, const struct sheet_xlsx_options *o)
{
    char *const author = strdup(o->author);
    lxw_doc_properties properties = {.title = x->title,
                                     .author = author,
                                     .created = o->created_ns < NS_PER_SECOND
                                                    ? 1 /* 0 would be the time of writing */
                                                    : (time_t)(o->created_ns / NS_PER_SECOND)};
    const lxw_error e =
        author ? workbook_set_properties(x->workbook, &properties) : LXW_ERROR_MEMORY_MALLOC_FAILED;

    free(author);
    return e;
}

enum err_code sheet_xlsx_open(struct sheet_xlsx **x, const struct sheet_xlsx_options *options,
                              struct err *err)
{
    struct sheet_xlsx *const made = calloc(1, sizeof *made);
    char *const tmpdir = strdup(options->tmpdir);
    enum err_code rc = ERR_OK;

    if (made) {
        made->rows_max = options->rows_max ? options->rows_max : SHEET_XLSX_ROWS_MAX;
        made->path = strdup(options->path);
        made->title = strdup(options->title);
        words_init(&made->text);
    }
    if (made && made->path && made->title && tmpdir) {
        lxw_workbook_options library = {.tmpdir = tmpdir};
        made->workbook = workbook_new_opt(made->path, &library);
    }
    free(tmpdir); /* the library has its own copy */
    if (!made || !made->workbook)
        rc = err_set(err, ERR_MEMORY, "%s: out of memory", options->path);
    if (!rc)
        rc = check(made, set_properties(made, options), err);
    if (!rc)
        rc = make_formats(made, err);
    if (rc) {
        sheet_xlsx_abort(made);
        return rc;
    }
    *x = made;
    return ERR_OK;
}

/* Releases everything but the workbook. */
static void release(struct sheet_xlsx *x)
{
    words_release(&x->text);
    free(x->path);
    free(x->title);
    free(x);
}

void sheet_xlsx_abort(struct sheet_xlsx *x)
{
    if (!x)
        return;
    if (x->workbook)
        lxw_workbook_free(x->workbook);
    release(x);
}

/* -- sheets --------------------------------------------------------------------------------------------- */

static enum err_code table_head(struct sheet_xlsx *x, struct tab *t, struct err *err)
{
    lxw_worksheet *const w = t->worksheet;
    lxw_error e = LXW_NO_ERROR;

    for (size_t i = 0; !e && i < t->sheet->column_count; i++) {
        const struct column *const c = &t->sheet->columns[i];
        e = worksheet_set_column(w, (lxw_col_t)i, (lxw_col_t)i, c->width + 2, x->formats[c->type][0]);
        if (!e)
            e = worksheet_write_string(w, 0, (lxw_col_t)i, c->title, x->header[is_number(c->type)]);
    }
    worksheet_freeze_panes(w, 1, 0);
    if (!e)
        e = worksheet_repeat_rows(w, 0, 0);
    return check(x, e, err);
}

static enum err_code cover_head(struct sheet_xlsx *x, struct tab *t, struct err *err)
{
    lxw_worksheet *const w = t->worksheet;
    lxw_error e = worksheet_set_column(w, 0, 0, t->sheet->columns[0].width, NULL);

    if (!e)
        e = worksheet_set_column(w, 1, 1, t->sheet->columns[1].width, NULL);
    if (!e)
        e = worksheet_write_string(w, 0, 0, x->title, x->cover_title);
    worksheet_gridlines(w, LXW_HIDE_ALL_GRIDLINES);
    t->rows = COVER_FIRST_ROW;
    return check(x, e, err);
}

static enum err_code new_part(struct sheet_xlsx *x, struct tab *t, struct err *err)
{
    char title[64];
    lxw_worksheet *w;

    if (++t->parts == 1)
        snprintf(title, sizeof title, "%s", t->sheet->title);
    else
        snprintf(title, sizeof title, "%s (%u)", t->sheet->title, t->parts);
    REQUIRE(strlen(title) <= TITLE_MAX);
    w = workbook_add_worksheet(x->workbook, title);
    if (!w)
        return err_set(err, ERR_MEMORY, "%s: no memory for the sheet %s", x->path, title);
    t->worksheet = w;
    t->rows = 0;
    worksheet_set_landscape(w);
    worksheet_set_paper(w, PAPER_A4);
    worksheet_fit_to_pages(w, 1, 0);
    const enum err_code rc = check(x, worksheet_set_footer(w, "&L&F&C&A&RPage &P of &N"), err);
    if (rc)
        return rc;
    return t->is_cover ? cover_head(x, t, err) : table_head(x, t, err);
}

/* Known only when a part is full or the workbook is. */
static enum err_code end_part(struct sheet_xlsx *x, struct tab *t, struct err *err)
{
    const lxw_row_t last = t->rows ? t->rows : 1;

    if (t->is_cover)
        return ERR_OK;
    return check(x, worksheet_autofilter(t->worksheet, 0, 0, last, (lxw_col_t)(t->sheet->column_count - 1)),
                 err);
}

enum err_code sheet_xlsx_add(struct sheet_xlsx *x, const struct sheet *sheet, size_t index, bool is_cover,
                             struct err *err)
{
    REQUIRE(index < SHEETS_MAX && !x->tabs[index].sheet && (!is_cover || sheet->column_count == 2));
    x->tabs[index] = (struct tab){.sheet = sheet, .is_cover = is_cover};
    return new_part(x, &x->tabs[index], err);
}

enum err_code sheet_xlsx_chart(struct sheet_xlsx *x, size_t index, const char *title, size_t over,
                               const size_t *columns, size_t count, struct err *err)
{
    lxw_chartsheet *const tab = workbook_add_chartsheet(x->workbook, title);
    lxw_chart *const chart = workbook_add_chart(x->workbook, LXW_CHART_LINE);

    REQUIRE(!x->chart.chart && count <= sizeof x->chart.columns / sizeof x->chart.columns[0]);
    if (!tab || !chart)
        return err_set(err, ERR_MEMORY, "%s: no memory for the chart", x->path);
    chart_title_set_name(chart, title);
    chartsheet_set_landscape(tab);
    chartsheet_set_paper(tab, PAPER_A4);
    x->chart.tab = tab;
    x->chart.chart = chart;
    x->chart.index = index;
    x->chart.over = over;
    x->chart.count = count;
    memcpy(x->chart.columns, columns, count * sizeof *columns);
    return ERR_OK;
}

/* The ranges are known when all rows are there; a chart without any is not taken. */
static enum err_code end_chart(struct sheet_xlsx *x, struct err *err)
{
    lxw_chart *const chart = x->chart.chart;
    const struct tab *const t = &x->tabs[x->chart.index];

    if (!chart)
        return ERR_OK;
    const lxw_row_t last = t->rows ? t->rows : 1;
    for (size_t i = 0; i < x->chart.count; i++) {
        const lxw_col_t column = (lxw_col_t)x->chart.columns[i];
        const lxw_col_t over = (lxw_col_t)x->chart.over;
        lxw_chart_series *const s = chart_add_series(chart, NULL, NULL);
        if (!s)
            return err_set(err, ERR_MEMORY, "%s: no memory for the chart", x->path);
        chart_series_set_categories(s, t->sheet->title, 1, over, last, over);
        chart_series_set_values(s, t->sheet->title, 1, column, last, column);
        chart_series_set_name(s, t->sheet->columns[column].title);
        chart_series_set_marker_type(s, LXW_CHART_MARKER_CIRCLE); /* one day is a point, no line */
    }
    chart_axis_set_name(chart->x_axis, t->sheet->columns[x->chart.over].title);
    chart_axis_set_name(chart->y_axis, "Dollars");
    chart_axis_set_num_format(chart->y_axis, "#,##0");
    chart_axis_set_label_position(chart->x_axis, LXW_CHART_AXIS_LABEL_POSITION_LOW);
    chart_legend_set_position(chart, LXW_CHART_LEGEND_BOTTOM);
    return check(x, chartsheet_set_chart(x->chart.tab, chart), err);
}

/* -- cells ---------------------------------------------------------------------------------------------- */

/* Excel reads "_x0041_" in a cell as the letter A, so an underscore that begins such a thing is written as one. */
static bool is_excel_escape(const char *p, size_t left)
{
    if (left < 7 || p[0] != '_' || p[1] != 'x' || p[6] != '_')
        return false;
    for (int i = 2; i < 6; i++) {
        if (!strchr("0123456789abcdefABCDEF", p[i]))
            return false;
    }
    return true;
}

/* The text as a cell can hold it: whole characters, terminated, nothing that XML has no place for. */
static const char *cell_text(struct sheet_xlsx *x, const struct cell *c, struct err *err)
{
    size_t at = 0;

    words_clear(&x->text);
    while (at < c->length && x->text.size < TEXT_BYTES_MAX) {
        const char *const p = c->text + at;
        const size_t n = utf8_sequence((const uint8_t *)p, c->length - at);
        if (n == 3 && memcmp(p, "\xef\xbf", 2) == 0 && (uint8_t)p[2] >= 0xbe)
            words_add(&x->text, "\\u%s", (uint8_t)p[2] == 0xbe ? "fffe" : "ffff"); /* no XML character */
        else if (n == 0 || p[0] == '\0')
            words_add(&x->text, "\\x%02x", (unsigned)(uint8_t)p[0]);
        else if (is_excel_escape(p, c->length - at))
            words_add(&x->text, "_x005F_");
        else
            words_bytes(&x->text, p, n);
        at += n ? n : 1;
    }
    if (at < c->length)
        words_add(&x->text, " ... (cut here: it has %zu bytes; the CSV file has them all)", c->length);
    return words_done(&x->text, err) ? NULL : words_get(&x->text);
}

/* value / 10^decimals as the nearest double; false when a double may not keep its digits. */
static bool exact_number(int64_t value, int decimals, double *number)
{
    static const double powers[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
    int64_t limit = 1;

    while (decimals > 0 && value % 10 == 0) {
        value /= 10;
        decimals--;
    }
    for (int i = 0; i < DIGITS_MAX; i++)
        limit *= 10;
    if (value <= -limit || value >= limit)
        return false;
    *number = (double)value / powers[decimals]; /* both are exact, so the quotient is the nearest */
    return true;
}

/* Days since the last day of 1899, as Excel counts from 1900-03-01 on; whole milliseconds only. */
static bool excel_instant(int64_t at_ns, double *number)
{
    const int64_t ms = at_ns / (NS_PER_SECOND / 1000);

    if (at_ns < 0 || at_ns % (NS_PER_SECOND / 1000) != 0)
        return false;
    *number = 25569.0 + (double)ms / 86400000.0;
    return true;
}

static bool cell_number(const struct cell *c, double *number)
{
    switch (c->type) {
    case CELL_INTEGER:
    case CELL_SEQ: return exact_number(c->number, 0, number);
    case CELL_PRICE: return exact_number(c->number, PRICE_DECIMALS, number);
    case CELL_MONEY: return exact_number(c->number, MONEY_DECIMALS, number);
    case CELL_RATE: return exact_number(c->number, RATE_DECIMALS, number);
    case CELL_INSTANT: return excel_instant(c->number, number);
    case CELL_DAY: *number = 25569.0 + (double)c->number; return c->number > -25000;
    case CELL_EMPTY:
    case CELL_TEXT:
    case CELL_FLAG:
    case CELL_MIXED: break;
    }
    return false;
}

static bool is_wrapped(const struct tab *t, size_t column)
{
    return t->is_cover
               ? column == 1
               : t->sheet->columns[column].type == CELL_TEXT && t->sheet->columns[column].width >= WRAP_WIDTH;
}

static lxw_format *format_of(const struct sheet_xlsx *x, const struct tab *t, lxw_col_t column,
                             const struct cell *c, bool is_alert)
{
    if (t->is_cover)
        return column == 0 ? x->cover_item : c->length ? x->cover_value : x->cover_line;
    return is_wrapped(t, column) ? x->wrapped[is_alert] : x->formats[c->type][is_alert];
}

static enum err_code write_cell(struct sheet_xlsx *x, const struct tab *t, lxw_row_t at, lxw_col_t column,
                                const struct cell *c, bool is_alert, struct err *err)
{
    lxw_format *const f = format_of(x, t, column, c, is_alert);
    char text[CELL_NUMBER_SIZE];
    double number;

    if (c->type == CELL_EMPTY && !is_alert)
        return ERR_OK;
    if (c->type == CELL_EMPTY || (c->type == CELL_TEXT && c->length == 0))
        return check(x, worksheet_write_blank(t->worksheet, at, column, f), err);
    if (c->type == CELL_TEXT) {
        const char *const s = cell_text(x, c, err);
        return s ? check(x, worksheet_write_string(t->worksheet, at, column, s, f), err) : ERR_MEMORY;
    }
    if (cell_number(c, &number))
        return check(x, worksheet_write_number(t->worksheet, at, column, number, f), err);
    cell_format(text, c);
    if (c->type == CELL_FLAG)
        return check(x, worksheet_write_boolean(t->worksheet, at, column, c->number != 0, f), err);
    return check(x, worksheet_write_string(t->worksheet, at, column, text, f), err);
}

/* Lines that a text takes in a column, about: programs that open the file do not all work it out. */
static unsigned lines_of(const struct cell *c, unsigned width)
{
    unsigned lines = 0;
    size_t used = 0;

    if (c->type != CELL_TEXT)
        return 1;
    for (size_t i = 0; i < c->length && lines < HEIGHT_MAX; i++) {
        used++;
        if (c->text[i] == '\n' || used > width) {
            lines++;
            used = 0;
        }
    }
    return lines + 1;
}

static enum err_code set_height(struct sheet_xlsx *x, const struct tab *t, const struct row *row,
                                struct err *err)
{
    unsigned lines = 1;

    for (size_t i = 0; i < row->count; i++) {
        const unsigned n = is_wrapped(t, i) ? lines_of(&row->cells[i], t->sheet->columns[i].width) : 1;
        lines = n > lines ? n : lines;
    }
    unsigned height = lines * LINE_HEIGHT;
    if (t->is_cover && row->cells[1].length == 0)
        height = SIGN_HEIGHT;
    if (height == LINE_HEIGHT)
        return ERR_OK;
    return check(x, worksheet_set_row(t->worksheet, t->rows, height < HEIGHT_MAX ? height : HEIGHT_MAX, NULL),
                 err);
}

enum err_code sheet_xlsx_row(struct sheet_xlsx *x, const struct row *row, struct err *err)
{
    REQUIRE(row->index < SHEETS_MAX && x->tabs[row->index].sheet == row->sheet);
    struct tab *const t = &x->tabs[row->index];
    enum err_code rc = ERR_OK;

    if (t->rows == x->rows_max) {
        rc = end_part(x, t, err);
        if (!rc)
            rc = new_part(x, t, err);
    }
    if (!rc)
        t->rows++;
    if (!rc)
        rc = set_height(x, t, row, err);
    for (size_t i = 0; !rc && i < row->count; i++)
        rc = write_cell(x, t, t->rows, (lxw_col_t)i, &row->cells[i], row->is_alert, err);
    return rc;
}

/* The library's own words guess at permissions, where errno knows. */
static enum err_code write_workbook(struct sheet_xlsx *x, struct err *err)
{
    errno = 0;
    const lxw_error e = workbook_close(x->workbook); /* frees it, whatever it says */
    const int why = errno;

    if (e == LXW_NO_ERROR || e == LXW_ERROR_MEMORY_MALLOC_FAILED)
        return check(x, e, err);
    return err_set(err, why == ENOMEM ? ERR_MEMORY : ERR_IO, "%s: cannot be written: %s", x->path,
                   why ? strerror(why) : "for want of memory, perhaps");
}

enum err_code sheet_xlsx_close(struct sheet_xlsx *x, struct err *err)
{
    enum err_code rc = ERR_OK;

    for (size_t i = 0; !rc && i < SHEETS_MAX; i++) {
        if (x->tabs[i].sheet)
            rc = end_part(x, &x->tabs[i], err);
    }
    if (!rc)
        rc = end_chart(x, err);
    if (rc) {
        sheet_xlsx_abort(x);
        return rc;
    }
    rc = write_workbook(x, err);
    if (!rc &&
        xlsx_check(x->path, NULL)) /* libzip does not read again what a signal interrupted: once more */
        rc = xlsx_check(x->path, err);
    release(x);
    return rc;
}
