#include "reports/sheet_csv.h"

#include <string.h>

void sheet_csv_init(struct sheet_csv *csv,
                    enum err_code (*write)(void *context, const void *bytes, size_t size, struct err *err),
                    void *context)
{
    csv->write = write;
    csv->context = context;
    words_init(&csv->line);
}

void sheet_csv_release(struct sheet_csv *csv)
{
    words_release(&csv->line);
}

static bool needs_quotes(const char *text, size_t length)
{
    if (length == 0 || text[0] == ' ' || text[length - 1] == ' ')
        return true;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == ',' || text[i] == '"' || text[i] == '\r' || text[i] == '\n')
            return true;
    }
    return false;
}

static void add_field(struct words *line, const char *text, size_t length)
{
    const char *at = text;
    const char *const end = text + length;

    if (!needs_quotes(text, length)) {
        words_bytes(line, text, length);
        return;
    }
    words_bytes(line, "\"", 1);
    while (at < end) {
        const char *const quote = memchr(at, '"', (size_t)(end - at));
        const char *const stop = quote ? quote + 1 : end;
        words_bytes(line, at, (size_t)(stop - at));
        if (quote)
            words_bytes(line, "\"", 1);
        at = stop;
    }
    words_bytes(line, "\"", 1);
}

static enum err_code finish(struct sheet_csv *csv, struct err *err)
{
    words_bytes(&csv->line, "\r\n", 2);
    const enum err_code rc = words_done(&csv->line, err);

    return rc ? rc : csv->write(csv->context, csv->line.bytes, csv->line.size, err);
}

enum err_code sheet_csv_head(struct sheet_csv *csv, const struct sheet *sheet, struct err *err)
{
    words_clear(&csv->line);
    for (size_t i = 0; i < sheet->column_count; i++)
        words_add(&csv->line, "%s%s", i ? "," : "", sheet->columns[i].name);
    return finish(csv, err);
}

enum err_code sheet_csv_row(struct sheet_csv *csv, const struct row *row, struct err *err)
{
    char text[CELL_NUMBER_SIZE];

    words_clear(&csv->line);
    for (size_t i = 0; i < row->count; i++) {
        const struct cell *const c = &row->cells[i];
        if (i)
            words_bytes(&csv->line, ",", 1);
        if (c->type == CELL_TEXT)
            add_field(&csv->line, c->text, c->length);
        else if (c->type != CELL_EMPTY)
            words_bytes(&csv->line, text, cell_format(text, c));
    }
    return finish(csv, err);
}
