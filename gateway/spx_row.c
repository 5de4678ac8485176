#include "gateway/spx_row.h"

#include <string.h>

#define COLUMNS 12

struct piece {
    const char *at;
    size_t length;
};

static const char *const COLUMN_NAMES[COLUMNS] = {"root",          "expiry",      "right", "strike",
                                                  "bid",           "ask",         "last",  "volume",
                                                  "open_interest", "implied_vol", "delta", "gamma"};

static enum err_code wrong(struct err *err, size_t column, const struct piece *p)
{
    return err_set(err, ERR_INPUT, "%s is \"%.*s\"", COLUMN_NAMES[column],
                   p->length > 40 ? 40 : (int)p->length, p->at);
}

/* Exactly COLUMNS pieces, else how many there are. */
static size_t cut(const char *text, size_t length, struct piece pieces[COLUMNS])
{
    size_t count = 0;
    size_t begin = 0;

    for (size_t i = 0; i <= length; i++) {
        if (i < length && text[i] != ',')
            continue;
        if (count < COLUMNS)
            pieces[count] = (struct piece){text + begin, i - begin};
        count++;
        begin = i + 1;
    }
    return count;
}

static bool piece_is(const struct piece *p, const char *word)
{
    return p->length == strlen(word) && memcmp(p->at, word, p->length) == 0;
}

static enum err_code parse_contract(const struct piece *p, struct symbol *symbol, struct err *err)
{
    struct contract c = {0};

    if (!piece_is(&p[0], "SPX") && !piece_is(&p[0], "SPXW"))
        return wrong(err, 0, &p[0]);
    memcpy(c.root, p[0].at, p[0].length);
    if (p[1].length != 8 || civil_parse(p[1].at, p[1].length, &c.expiry, NULL))
        return wrong(err, 1, &p[1]);
    if (!piece_is(&p[2], "C") && !piece_is(&p[2], "P"))
        return wrong(err, 2, &p[2]);
    c.right = (enum right)p[2].at[0];
    if (decimal_parse(p[3].at, p[3].length, PRICE_DECIMALS, &c.strike_nano, NULL) || c.strike_nano <= 0)
        return wrong(err, 3, &p[3]);
    return symbol_from_contract(&c, symbol, err);
}

/* A price of zero is no price. */
static bool parse_price(const struct piece *p, int64_t *nano)
{
    int64_t v = 0;

    if (decimal_parse(p->at, p->length, PRICE_DECIMALS, &v, NULL) || v < 0)
        return false;
    *nano = v == 0 ? PRICE_NONE : v;
    return true;
}

enum err_code spx_row_parse(const char *text, size_t length, struct spx_row *row, struct err *err)
{
    struct piece p[COLUMNS];

    memset(row, 0, sizeof *row);
    if (length > SPX_ROW_MAX)
        return err_set(err, ERR_INPUT, "%zu characters in one row", length);
    const size_t count = cut(text, length, p);
    if (count != COLUMNS)
        return err_set(err, ERR_INPUT, "%zu columns; there should be %d", count, COLUMNS);
    const enum err_code rc = parse_contract(p, &row->symbol, err);
    if (rc) {
        row->symbol.length = 0;
        return rc == ERR_RANGE ? err_set(err, ERR_INPUT, "strike cannot be written in an OCC symbol") : rc;
    }
    if (!parse_price(&p[4], &row->bid))
        return wrong(err, 4, &p[4]);
    if (!parse_price(&p[5], &row->ask))
        return wrong(err, 5, &p[5]);
    if (decimal_parse(p[8].at, p[8].length, 0, &row->open_interest, NULL) || row->open_interest < 0)
        return wrong(err, 8, &p[8]);
    return ERR_OK;
}

/* The value after "key=" up to a comma or the end; moves *at past it. */
static bool take_value(const char *text, size_t length, size_t *at, const char *key, struct piece *value)
{
    const size_t size = strlen(key);

    if (length - *at < size || memcmp(text + *at, key, size) != 0)
        return false;
    const size_t begin = *at + size;
    const char *const comma = memchr(text + begin, ',', length - begin);
    const size_t end = comma ? (size_t)(comma - text) : length;
    *value = (struct piece){text + begin, end - begin};
    *at = comma ? end + 1 : end;
    return true;
}

enum err_code spx_head_parse(const char *text, size_t length, struct spx_head *head, struct err *err)
{
    struct piece underlying;
    struct piece date;
    struct piece last;
    struct spx_head h = {0};
    size_t at = 0;

    if (length > SPX_ROW_MAX || !take_value(text, length, &at, "#underlying=", &underlying) ||
        !take_value(text, length, &at, "quote_date=", &date) ||
        !take_value(text, length, &at, "underlying_last=", &last) || last.at + last.length != text + length)
        return err_set(err, ERR_INPUT, "no \"#underlying=SPX,quote_date=YYYYMMDD,underlying_last=PRICE\"");
    if (!piece_is(&underlying, "SPX"))
        return err_set(err, ERR_INPUT, "the underlying is not SPX");
    if (date.length != 8 || civil_parse(date.at, 8, &h.day, NULL))
        return err_set(err, ERR_INPUT, "quote_date is no date");
    if (decimal_parse(last.at, last.length, PRICE_DECIMALS, &h.last_nano, NULL) || h.last_nano <= 0)
        return err_set(err, ERR_INPUT, "underlying_last is no price");
    *head = h;
    return ERR_OK;
}
