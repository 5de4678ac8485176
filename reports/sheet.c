#include "reports/sheet.h"

#include <string.h>

static struct cell *add(struct row *row)
{
    REQUIRE(row->count < row->sheet->column_count);
    struct cell *const c = &row->cells[row->count++];

    memset(c, 0, sizeof *c);
    return c;
}

void row_begin(struct row *row, const struct sheet *sheet, size_t index)
{
    REQUIRE(sheet->column_count <= SHEET_COLUMNS_MAX);
    row->sheet = sheet;
    row->index = index;
    row->is_alert = false;
    row->count = 0;
}

void row_empty(struct row *row)
{
    add(row);
}

void row_bytes(struct row *row, const char *text, size_t length)
{
    struct cell *const c = add(row);

    c->type = CELL_TEXT;
    c->text = text;
    c->length = length;
}

void row_word(struct row *row, const char *terminated)
{
    if (terminated)
        row_bytes(row, terminated, strlen(terminated));
    else
        row_empty(row);
}

void row_text(struct row *row, const struct text *text)
{
    row_bytes(row, text->bytes, text->length);
}

void row_id(struct row *row, const struct id *id)
{
    if (id && id->length)
        row_bytes(row, id->text, id->length);
    else
        row_empty(row);
}

void row_symbol(struct row *row, const struct symbol *s)
{
    if (s && s->length)
        row_bytes(row, s->text, s->length);
    else
        row_empty(row);
}

void row_number(struct row *row, enum cell_type type, int64_t value)
{
    struct cell *const c = add(row);

    REQUIRE(type > CELL_TEXT && type < CELL_MIXED);
    if (value == INT64_MIN || (type == CELL_DAY && value == CIVIL_DAY_NONE))
        return; /* PRICE_NONE, INSTANT_NONE, CHECK_VALUE_NONE: nothing is known */
    c->type = type;
    c->number = value;
}

void row_seq(struct row *row, uint64_t seq)
{
    REQUIRE(seq <= INT64_MAX);
    if (seq)
        row_number(row, CELL_SEQ, (int64_t)seq);
    else
        row_empty(row);
}

void row_amount(struct row *row, enum unit unit, int64_t value)
{
    enum cell_type type = CELL_INTEGER;

    switch (unit) {
    case UNIT_PRICE: type = CELL_PRICE; break;
    case UNIT_MONEY: type = CELL_MONEY; break;
    case UNIT_RATE: type = CELL_RATE; break;
    case UNIT_FLAG: type = CELL_FLAG; break;
    case UNIT_COUNT:
    case UNIT_SECONDS: break;
    }
    row_number(row, type, value);
}

enum err_code row_send(const struct row *row, const struct sheet_sink *sink, struct err *err)
{
    REQUIRE(row->count == row->sheet->column_count);
    for (size_t i = 0; i < row->count; i++) {
        const enum cell_type wanted = row->sheet->columns[i].type;
        REQUIRE(row->cells[i].type == CELL_EMPTY || wanted == CELL_MIXED || row->cells[i].type == wanted);
    }
    return sink->row(sink->context, row, err);
}

size_t cell_format(char out[CELL_NUMBER_SIZE], const struct cell *c)
{
    static const char *const flags[] = {"false", "true"};

    switch (c->type) {
    case CELL_PRICE: return decimal_format(out, c->number, PRICE_DECIMALS);
    case CELL_MONEY: return decimal_format(out, c->number, MONEY_DECIMALS);
    case CELL_RATE: return decimal_format(out, c->number, RATE_DECIMALS);
    case CELL_INTEGER:
    case CELL_SEQ: return decimal_format(out, c->number, 0);
    case CELL_INSTANT: return instant_format(out, c->number);
    case CELL_DAY: return civil_format(out, (civil_day)c->number);
    case CELL_FLAG: memcpy(out, flags[c->number != 0], strlen(flags[c->number != 0]) + 1); return strlen(out);
    case CELL_EMPTY:
    case CELL_TEXT:
    case CELL_MIXED: break;
    }
    REQUIRE(false && "a cell with a number");
    return 0;
}
