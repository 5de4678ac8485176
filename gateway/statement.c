#include "gateway/statement.h"

#include "gateway/statement_read.h"
#include "ledger/table.h"

#include <stdio.h>
#include <stdlib.h>

void statement_release(struct statement *s)
{
    free(s->rows);
    memset(s, 0, sizeof *s);
}

/* -- fields ----------------------------------------------------------------------------------------------- */

const char *const statement_fields[STATEMENT_FIELDS + 1] = {"symbol", "side",    "qty", "price",
                                                            "fee",    "fill_id", NULL};

enum err_code statement_id(struct id *id, const char *text, size_t length, struct err *err)
{
    if (length == 0 || length > ID_MAX)
        return err_set(err, ERR_INPUT, "an id has 1 to %d characters, not %zu", ID_MAX, length);
    for (size_t i = 0; i < length; i++) {
        if (text[i] <= 0x20 || text[i] >= 0x7f)
            return err_set(err, ERR_INPUT, "character %zu of the id: visible ASCII only, and no space",
                           i + 1);
    }
    memset(id, 0, sizeof *id);
    id->length = (uint8_t)length;
    memcpy(id->text, text, length);
    return ERR_OK;
}

static enum err_code set_side(enum side *side, const char *text, size_t length, struct err *err)
{
    if (length == 3 && memcmp(text, "buy", 3) == 0)
        *side = SIDE_BUY;
    else if (length == 4 && memcmp(text, "sell", 4) == 0)
        *side = SIDE_SELL;
    else
        return err_set(err, ERR_INPUT, "buy or sell");
    return ERR_OK;
}

static enum err_code set_price(int64_t *price, const char *text, size_t length, struct err *err)
{
    int64_t v = 0;
    const enum err_code rc = decimal_parse(text, length, PRICE_DECIMALS, &v, err);

    if (rc)
        return rc;
    if (v < 0)
        return err_set(err, ERR_INPUT, "a price is not negative");
    *price = v;
    return ERR_OK;
}

enum err_code statement_set(struct statement_read_row *r, enum statement_field field, const char *text,
                            size_t length, struct err *err)
{
    struct statement_row *const row = &r->row;

    r->has |= 1U << field;
    switch (field) {
    case STATEMENT_SYMBOL: return symbol_parse(text, length, &row->symbol, err);
    case STATEMENT_SIDE: return set_side(&row->side, text, length, err);
    case STATEMENT_QTY: return decimal_parse(text, length, 0, &row->qty, err);
    case STATEMENT_PRICE: return set_price(&row->price_nano, text, length, err);
    case STATEMENT_FEE: return decimal_parse(text, length, MONEY_DECIMALS, &row->fee_micro, err);
    case STATEMENT_FILL_ID: return statement_id(&row->fill_id, text, length, err);
    case STATEMENT_FIELDS: break;
    }
    return ERR_OK;
}

/* -- rows ------------------------------------------------------------------------------------------------- */

static enum err_code check_fields(const struct statement_read_row *r, bool is_fill, struct err *err)
{
    enum { POSITION = 1U << STATEMENT_SYMBOL | 1U << STATEMENT_QTY };
    const unsigned asked =
        is_fill ? POSITION | 1U << STATEMENT_PRICE | 1U << STATEMENT_FEE | 1U << STATEMENT_FILL_ID : POSITION;
    const unsigned allowed = asked | 1U << STATEMENT_SIDE;

    for (unsigned i = 0; i < STATEMENT_FIELDS; i++) {
        if ((asked & ~r->has) >> i & 1U)
            return err_set(err, ERR_INPUT, "%s is missing", statement_fields[i]);
        if ((r->has & ~allowed) >> i & 1U)
            return err_set(err, ERR_INPUT, "a position has no %s", statement_fields[i]);
    }
    return ERR_OK;
}

/* Without a side, the sign of the quantity says which. */
static enum err_code set_sides(struct statement_read_row *r, struct err *err)
{
    struct statement_row *const row = &r->row;
    const bool has_side = r->has >> STATEMENT_SIDE & 1U;

    if (row->qty == 0 || row->qty == INT64_MIN || (has_side && row->qty < 0))
        return err_set(err, ERR_INPUT, "%s",
                       has_side ? "qty: 1 or more: the side says which" : "qty: it is not zero");
    if (has_side)
        return ERR_OK;
    row->side = row->qty < 0 ? SIDE_SELL : SIDE_BUY;
    row->qty = row->qty < 0 ? -row->qty : row->qty;
    return ERR_OK;
}

static enum err_code grow(struct statement *s, struct err *err)
{
    const uint32_t capacity = s->capacity ? s->capacity * 2 : 64;

    if (s->count < s->capacity)
        return ERR_OK;
    if (s->count >= STATEMENT_ROWS_MAX)
        return err_set(err, ERR_INPUT, "a statement has at most %d rows", STATEMENT_ROWS_MAX);
    struct statement_row *const rows = realloc(s->rows, capacity * sizeof *rows);
    if (!rows)
        return err_set(err, ERR_MEMORY, "out of memory for %u rows", capacity);
    s->rows = rows;
    s->capacity = capacity;
    return ERR_OK;
}

enum err_code statement_add(struct statement *s, struct statement_read_row *r, bool is_fill, struct err *err)
{
    enum err_code rc = check_fields(r, is_fill, err);

    if (!rc)
        rc = set_sides(r, err);
    if (!rc)
        rc = grow(s, err);
    if (!rc)
        s->rows[s->count++] = r->row;
    return rc;
}

/* -- all of it -------------------------------------------------------------------------------------------- */

struct seen {
    struct id about; /* the key: a symbol, or a fill_id */
    size_t line;
};

static struct id about_of(const struct statement_row *row)
{
    struct id about;

    if (row->fill_id.length)
        return row->fill_id;
    memset(&about, 0, sizeof about);
    about.length = row->symbol.length;
    memcpy(about.text, row->symbol.text, row->symbol.length);
    return about;
}

static enum err_code check_once(const struct statement *s, bool fills, const char *name, struct err *err)
{
    struct table seen;
    enum err_code rc = ERR_OK;

    table_init(&seen, sizeof(struct seen), sizeof(struct id));
    for (uint32_t i = 0; !rc && i < s->count; i++) {
        const struct statement_row *const row = &s->rows[i];
        const struct id about = about_of(row);
        const struct seen *const before = table_find(&seen, &about);
        void *new_row = NULL;
        if ((row->fill_id.length != 0) != fills)
            continue;
        if (before)
            rc = err_set(err, ERR_INPUT, "%s:%zu: %s %s stands there already, in line %zu", name, row->line,
                         fills ? "the fill" : "the position", about.text, before->line);
        else
            rc = table_put(&seen, &about, &new_row, err);
        if (new_row)
            ((struct seen *)new_row)->line = row->line;
    }
    table_release(&seen);
    return rc;
}

enum err_code statement_read(struct statement *s, const char *name, const char *bytes, size_t size,
                             struct err *err)
{
    size_t at = 0;
    enum err_code rc = ERR_OK;

    s->session = CIVIL_DAY_NONE;
    if (size >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) { /* as spreadsheets begin a file */
        bytes += 3;
        size -= 3;
    }
    while (at < size && strchr(" \t\r\n", bytes[at]) && bytes[at])
        at++;
    if (size > STATEMENT_BYTES_MAX)
        rc = err_set(err, ERR_INPUT, "%s: larger than %u bytes", name, STATEMENT_BYTES_MAX);
    else if (at == size)
        rc = err_set(err, ERR_INPUT, "%s: it is empty", name);
    else if (bytes[at] == '{')
        rc = statement_read_json(s, name, bytes, size, err);
    else
        rc = statement_read_csv(s, name, bytes, size, err);
    if (!rc)
        rc = check_once(s, false, name, err);
    if (!rc)
        rc = check_once(s, true, name, err);
    if (rc)
        statement_release(s);
    return rc;
}
