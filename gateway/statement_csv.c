/*
 * A statement in CSV (RFC 4180; LF will do): a header, then rows position, fill and cash. Columns come in any order; a
 * cell that a row has no use for is empty.
 */
#include "gateway/statement_read.h"

#include <stdio.h>
#include <stdlib.h>

enum { COLUMN_ROW = STATEMENT_FIELDS, COLUMN_AMOUNT, COLUMNS };
enum { CELL_MAX = 256 };

struct cell {
    char text[CELL_MAX];
    size_t length;
    size_t column; /* in bytes, from 1 */
};

struct reader {
    struct statement *s;
    const char *name;
    const char *at;
    const char *end;
    const char *line_start;
    size_t line;
    unsigned columns[COLUMNS]; /* what the i-th cell of a line is */
    unsigned count;
    struct cell cells[COLUMNS];
    bool has_cash;
    struct err *err;
};

static const char *name_of(unsigned column)
{
    return column == COLUMN_ROW ? "row" : column == COLUMN_AMOUNT ? "amount" : statement_fields[column];
}

static enum err_code wrong(struct reader *r, const struct cell *c, const char *what, enum err_code rc)
{
    err_wrap(r->err, "%s:%zu:%zu%s%s", r->name, r->line, c ? c->column : (size_t)1, what ? ": " : "",
             what ? what : "");
    return rc;
}

static enum err_code refuse(struct reader *r, const struct cell *c, const char *what, const char *reason)
{
    (void)err_set(r->err, ERR_INPUT, "%s", reason);
    return wrong(r, c, what, ERR_INPUT);
}

/* -- lines and cells -------------------------------------------------------------------------------------- */

static enum err_code add_byte(struct reader *r, struct cell *c)
{
    if (*r->at == '\n' || *r->at == '\0')
        return refuse(r, c, NULL, "a cell has neither line ends nor NUL in it");
    if (c->length == CELL_MAX)
        return refuse(r, c, NULL, "a cell of more than 256 bytes");
    c->text[c->length++] = *r->at++;
    return ERR_OK;
}

static enum err_code read_quoted(struct reader *r, struct cell *c)
{
    enum err_code rc = ERR_OK;

    for (r->at++; !rc;) {
        if (r->at == r->end)
            return refuse(r, c, NULL, "a quote that is not closed");
        if (*r->at == '"') {
            r->at++;
            if (r->at == r->end || *r->at != '"')
                return ERR_OK;
        }
        rc = add_byte(r, c);
    }
    return rc;
}

static bool at_line_end(const struct reader *r)
{
    return r->at == r->end || *r->at == '\n' || (*r->at == '\r' && (r->at + 1 == r->end || r->at[1] == '\n'));
}

static enum err_code read_cell(struct reader *r, struct cell *c)
{
    enum err_code rc = ERR_OK;

    c->length = 0;
    c->column = (size_t)(r->at - r->line_start) + 1;
    if (r->at < r->end && *r->at == '"')
        rc = read_quoted(r, c);
    while (!rc && !at_line_end(r) && *r->at != ',') {
        if (*r->at == '"' || c->length == CELL_MAX)
            return refuse(r, c, NULL, "a quote stands in the middle of a cell, or the cell is too long");
        rc = add_byte(r, c);
    }
    return rc;
}

/* All cells of a line; *count of them. The line's end is read. */
static enum err_code read_line(struct reader *r, unsigned *count)
{
    enum err_code rc = ERR_OK;

    r->line++;
    r->line_start = r->at;
    for (*count = 0; !rc;) {
        if (*count == COLUMNS)
            return refuse(r, &r->cells[COLUMNS - 1], NULL, "more cells than there are columns");
        rc = read_cell(r, &r->cells[*count]);
        ++*count;
        if (rc || at_line_end(r))
            break;
        r->at++; /* the comma */
    }
    if (!rc && r->at < r->end)
        r->at += *r->at == '\r' && r->at + 1 < r->end ? 2 : 1;
    return rc;
}

static bool is_text(const struct cell *c, const char *text)
{
    return c->length == strlen(text) && memcmp(c->text, text, c->length) == 0;
}

/* -- the header ------------------------------------------------------------------------------------------- */

static enum err_code read_header(struct reader *r)
{
    unsigned has = 0;
    enum err_code rc = read_line(r, &r->count);

    for (unsigned i = 0; !rc && i < r->count; i++) {
        unsigned column = 0;
        while (column < COLUMNS && !is_text(&r->cells[i], name_of(column)))
            column++;
        if (column == COLUMNS)
            return refuse(r, &r->cells[i], NULL,
                          "no such column: row, symbol, side, qty, price, fee, fill_id, amount");
        if (has >> column & 1U)
            return refuse(r, &r->cells[i], name_of(column), "the column stands there twice");
        has |= 1U << column;
        r->columns[i] = column;
    }
    if (!rc && !(has >> COLUMN_ROW & 1U && has >> COLUMN_AMOUNT & 1U))
        rc = refuse(r, NULL, "header", "the columns row and amount are missing: there is a row cash");
    return rc;
}

/* -- rows ------------------------------------------------------------------------------------------------- */

static enum err_code take_cash(struct reader *r)
{
    const struct cell *amount = NULL;

    for (unsigned i = 0; i < r->count; i++) {
        const struct cell *const c = &r->cells[i];
        if (r->columns[i] == COLUMN_AMOUNT)
            amount = c;
        else if (r->columns[i] != COLUMN_ROW && c->length)
            return refuse(r, c, name_of(r->columns[i]), "cash has an amount and nothing else");
    }
    if (r->has_cash)
        return refuse(r, amount, "row", "cash stands there twice");
    r->has_cash = true;
    REQUIRE(amount);
    if (decimal_parse(amount->text, amount->length, MONEY_DECIMALS, &r->s->cash_micro, r->err))
        return wrong(r, amount, "amount", ERR_INPUT);
    return ERR_OK;
}

static enum err_code take_row(struct reader *r, bool is_fill)
{
    struct statement_read_row row;

    memset(&row, 0, sizeof row);
    row.row.line = r->line;
    for (unsigned i = 0; i < r->count; i++) {
        const struct cell *const c = &r->cells[i];
        const unsigned column = r->columns[i];
        if (column == COLUMN_ROW || c->length == 0)
            continue;
        if (column == COLUMN_AMOUNT)
            return refuse(r, c, "amount", "only cash has one");
        if (statement_set(&row, (enum statement_field)column, c->text, c->length, r->err))
            return wrong(r, c, name_of(column), ERR_INPUT);
    }
    const enum err_code rc = statement_add(r->s, &row, is_fill, r->err);
    return rc ? wrong(r, NULL, NULL, rc) : ERR_OK;
}

static enum err_code take_line(struct reader *r, unsigned count)
{
    const struct cell *kind = NULL;

    if (count != r->count)
        return refuse(r, &r->cells[count - 1], NULL, "the header has another number of columns");
    for (unsigned i = 0; i < count; i++) {
        if (r->columns[i] == COLUMN_ROW)
            kind = &r->cells[i];
    }
    REQUIRE(kind);
    if (is_text(kind, "cash"))
        return take_cash(r);
    if (is_text(kind, "position"))
        return take_row(r, false);
    if (is_text(kind, "fill"))
        return take_row(r, true);
    return refuse(r, kind, "row", "position, fill or cash");
}

enum err_code statement_read_csv(struct statement *s, const char *name, const char *bytes, size_t size,
                                 struct err *err)
{
    struct err own = {.code = ERR_OK};
    struct reader r = {.s = s, .name = name, .at = bytes, .end = bytes + size, .err = err ? err : &own};
    enum err_code rc = read_header(&r);

    while (!rc && r.at < r.end) {
        unsigned count = 0;
        rc = read_line(&r, &count);
        if (!rc && !(count == 1 && r.cells[0].length == 0 && r.at == r.end)) /* an empty last line */
            rc = take_line(&r, count);
    }
    if (!rc && !r.has_cash)
        rc = refuse(&r, NULL, NULL, "the row cash is missing");
    return rc;
}
