#include "gateway/lean_row.h"

#include <string.h>

#define NANO_PER_DECI_CENT INT64_C(100000)
#define FIELDS_MAX         12
#define NAME_PARTS_MAX     10

struct piece {
    const char *at;
    size_t length;
};

/* Cuts text at each mark; returns how many pieces there are, which may be more than were written. */
static size_t cut(const char *text, size_t length, char mark, struct piece *pieces, size_t room)
{
    size_t count = 0;
    size_t begin = 0;

    for (size_t i = 0; i <= length; i++) {
        if (i < length && text[i] != mark)
            continue;
        if (count < room)
            pieces[count] = (struct piece){text + begin, i - begin};
        count++;
        begin = i + 1;
    }
    return count;
}

/* Digits alone, up to `max`. Leading zeros are met in no file, and refused. */
static bool parse_count(const struct piece *p, int64_t max, int64_t *value)
{
    int64_t v = 0;

    if (p->length < 1 || p->length > 18 || (p->at[0] == '0' && p->length > 1))
        return false;
    for (size_t i = 0; i < p->length; i++) {
        if (p->at[i] < '0' || p->at[i] > '9')
            return false;
        v = v * 10 + (p->at[i] - '0');
    }
    if (v > max)
        return false;
    *value = v;
    return true;
}

static bool parse_price(const struct piece *p, enum lean_price form, int64_t *nano)
{
    int64_t v = 0;

    if (form == LEAN_DECIMAL)
        return decimal_parse(p->at, p->length, PRICE_DECIMALS, nano, NULL) == ERR_OK && *nano >= 0;
    if (!parse_count(p, INT64_MAX / NANO_PER_DECI_CENT, &v))
        return false;
    *nano = v * NANO_PER_DECI_CENT;
    return true;
}

/* Shows what stands in a field, for an error. */
static enum err_code wrong(struct err *err, size_t field, const char *what, const struct piece *p)
{
    const int shown = p->length > 40 ? 40 : (int)p->length;

    return err_set(err, ERR_INPUT, "field %zu, %s: \"%.*s\"", field, what, shown, p->at);
}

static enum err_code stamp_milliseconds(const struct piece *p, struct lean_row *row, struct err *err)
{
    int64_t ms = 0;

    if (!parse_count(p, 86399999, &ms))
        return wrong(err, 1, "no milliseconds of a day", p);
    row->day = CIVIL_DAY_NONE;
    row->since_midnight_ns = ms * (NS_PER_SECOND / 1000);
    return ERR_OK;
}

static bool two_digits(const char *at, int64_t max, int64_t *value)
{
    if (at[0] < '0' || at[0] > '9' || at[1] < '0' || at[1] > '9')
        return false;
    *value = (at[0] - '0') * 10 + (at[1] - '0');
    return *value <= max;
}

/* "20151224 09:00" */
static enum err_code stamp_date_time(const struct piece *p, struct lean_row *row, struct err *err)
{
    int64_t hour = 0;
    int64_t minute = 0;
    civil_day day = 0;

    if (p->length != 14 || p->at[8] != ' ' || p->at[11] != ':' || civil_parse(p->at, 8, &day, NULL) ||
        !two_digits(p->at + 9, 23, &hour) || !two_digits(p->at + 12, 59, &minute))
        return wrong(err, 1, "no YYYYMMDD HH:MM", p);
    row->day = day;
    row->since_midnight_ns = hour * NS_PER_HOUR + minute * NS_PER_MINUTE;
    return ERR_OK;
}

enum err_code lean_row_stamp(const char *text, size_t length, const struct lean_format *format,
                             struct lean_row *row, struct err *err)
{
    const char *const comma = memchr(text, ',', length);
    struct piece p = {text, comma ? (size_t)(comma - text) : length};

    if (length > LEAN_ROW_MAX)
        return err_set(err, ERR_INPUT, "%zu characters in one row", length);
    if (!comma)
        return wrong(err, 1, "and no other", &p);
    memset(row, 0, sizeof *row);
    row->rest = p.length + 1;
    return format->stamp == LEAN_MILLISECONDS ? stamp_milliseconds(&p, row, err)
                                              : stamp_date_time(&p, row, err);
}

/* open, high, low, close of one side: all or none; a price of zero is none. fields[0] is field `first`. */
static enum err_code parse_side(const struct piece fields[5], size_t first, enum lean_price form,
                                int64_t *price, int64_t *size, struct err *err)
{
    int64_t values[4] = {0};
    size_t empty = 0;

    *price = PRICE_NONE;
    *size = 0;
    for (size_t i = 0; i < 4; i++) {
        if (fields[i].length == 0)
            empty++;
        else if (!parse_price(&fields[i], form, &values[i]))
            return wrong(err, first + i, "no price", &fields[i]);
    }
    if (empty != 0 && empty != 4)
        return wrong(err, first, "one side has some prices and not others", &fields[0]);
    if (fields[4].length == 0 && empty != 4)
        return wrong(err, first + 4, "a side without its size", &fields[4]);
    if (fields[4].length != 0 && !parse_count(&fields[4], INT64_MAX, size))
        return wrong(err, first + 4, "no size", &fields[4]);
    if (empty == 4 || values[3] == 0)
        *size = 0;
    else
        *price = values[3];
    return ERR_OK;
}

static enum err_code parse_quote(const struct piece *fields, enum lean_price form, struct lean_row *row,
                                 struct err *err)
{
    const enum err_code rc = parse_side(fields, 2, form, &row->bid, &row->bid_size, err);

    return rc ? rc : parse_side(fields + 5, 7, form, &row->ask, &row->ask_size, err);
}

static enum err_code parse_trade(const struct piece *fields, enum lean_price form, struct lean_row *row,
                                 struct err *err)
{
    int64_t *const prices[4] = {&row->open, &row->high, &row->low, &row->close};

    for (size_t i = 0; i < 4; i++)
        if (!parse_price(&fields[i], form, prices[i]))
            return wrong(err, i + 2, "no price", &fields[i]);
    if (!parse_count(&fields[4], INT64_MAX, &row->volume))
        return wrong(err, 6, "no volume", &fields[4]);
    if (row->low > row->high)
        return wrong(err, 4, "the low is above the high", &fields[2]);
    if (row->open > row->high || row->open < row->low)
        return wrong(err, 2, "the open is outside low and high", &fields[0]);
    if (row->close > row->high || row->close < row->low)
        return wrong(err, 5, "the close is outside low and high", &fields[3]);
    return ERR_OK;
}

enum err_code lean_row_values(const char *text, size_t length, const struct lean_format *format,
                              struct lean_row *row, struct err *err)
{
    static const size_t WANTED[] = {0, 10, 5, 1}; /* by kind, beside the stamp */
    struct piece fields[FIELDS_MAX];

    REQUIRE(row->rest >= 1 && row->rest <= length);
    const size_t count = cut(text + row->rest, length - row->rest, ',', fields, FIELDS_MAX);
    if (count != WANTED[format->kind])
        return err_set(err, ERR_INPUT, "%zu fields; there should be %zu", count + 1,
                       WANTED[format->kind] + 1);
    switch (format->kind) {
    case LEAN_QUOTE: return parse_quote(fields, format->price, row, err);
    case LEAN_TRADE: return parse_trade(fields, format->price, row, err);
    case LEAN_OPEN_INTEREST:
        if (!parse_count(&fields[0], INT64_MAX, &row->contracts))
            return wrong(err, 2, "no count of contracts", &fields[0]);
        return ERR_OK;
    }
    return err_set(err, ERR_INPUT, "no such kind of file");
}

static bool piece_is(const struct piece *p, const char *word)
{
    return p->length == strlen(word) && memcmp(p->at, word, p->length) == 0;
}

static bool parse_kind(const struct piece *p, enum lean_kind *kind)
{
    if (piece_is(p, "quote"))
        *kind = LEAN_QUOTE;
    else if (piece_is(p, "trade"))
        *kind = LEAN_TRADE;
    else if (piece_is(p, "openinterest"))
        *kind = LEAN_OPEN_INTEREST;
    else
        return false;
    return true;
}

/* ticker ... kind style right strike expiry: parts[0] is the ticker, parts[count - 1] the expiry. */
static bool parse_parts(const struct piece *parts, size_t count, struct lean_name *name)
{
    const struct piece *const last = parts + count;
    int64_t strike = 0;

    if (parts[0].length < 1 || parts[0].length >= sizeof name->ticker || !parse_kind(last - 5, &name->kind))
        return false;
    if (!piece_is(last - 4, "american") && !piece_is(last - 4, "european"))
        return false;
    if (piece_is(last - 3, "call"))
        name->right = RIGHT_CALL;
    else if (piece_is(last - 3, "put"))
        name->right = RIGHT_PUT;
    else
        return false;
    if (!parse_count(last - 2, INT64_MAX / NANO_PER_DECI_CENT, &strike) || (last - 1)->length != 8 ||
        civil_parse((last - 1)->at, 8, &name->expiry, NULL))
        return false;
    memset(name->ticker, 0, sizeof name->ticker);
    memcpy(name->ticker, parts[0].at, parts[0].length);
    name->strike_nano = strike * NANO_PER_DECI_CENT;
    return true;
}

enum err_code lean_name_parse(const char *text, size_t length, struct lean_name *name, struct err *err)
{
    struct piece parts[NAME_PARTS_MAX];
    struct lean_name parsed = {0};
    bool good = false;

    if (length > 4 && length <= LEAN_ROW_MAX && memcmp(text + length - 4, ".csv", 4) == 0) {
        const size_t count = cut(text, length - 4, '_', parts, NAME_PARTS_MAX);
        if (count == 6)
            good = parse_parts(parts, count, &parsed);
        else if (count == 8 && piece_is(&parts[2], "minute"))
            good = parse_parts(parts + 1, count - 1, &parsed);
    }
    if (!good)
        return err_set(
            err, ERR_INPUT,
            "the entry's name \"%.*s\" is no [YYYYMMDD_]ticker_[minute_]kind_style_right_strike_expiry.csv",
            length > 100 ? 100 : (int)length, text);
    *name = parsed;
    return ERR_OK;
}
