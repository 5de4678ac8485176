#include "gateway/lean_map.h"

#include <string.h>

struct line {
    const char *at;
    size_t length;
    size_t number;
};

/* The next line that is not empty; false at the end. */
static bool next_line(const char *text, size_t size, size_t *position, struct line *line)
{
    while (*position < size) {
        const char *const begin = text + *position;
        const char *const newline = memchr(begin, '\n', size - *position);
        size_t length = newline ? (size_t)(newline - begin) : size - *position;
        *position += length + 1;
        line->number++;
        if (length && begin[length - 1] == '\r')
            length--;
        if (length) {
            line->at = begin;
            line->length = length;
            return true;
        }
    }
    return false;
}

/* Field `index` (from 0) of a line; false when there is none. */
static bool field(const struct line *line, size_t index, const char **at, size_t *length)
{
    const char *p = line->at;
    const char *const end = line->at + line->length;

    for (size_t i = 0;; i++) {
        const char *const comma = memchr(p, ',', (size_t)(end - p));
        if (i == index) {
            *at = p;
            *length = (size_t)((comma ? comma : end) - p);
            return true;
        }
        if (!comma)
            return false;
        p = comma + 1;
    }
}

static bool parse_date(const struct line *line, civil_day *d)
{
    const char *at = NULL;
    size_t length = 0;

    return field(line, 0, &at, &length) && length == 8 && civil_parse(at, length, d, NULL) == ERR_OK;
}

/* It becomes the name of a file to read: nothing that could lead out of the folder, and nothing invisible. */
static bool is_ticker(const char *at, size_t length)
{
    if (length < 1 || length >= LEAN_TICKER_SIZE || at[0] == '.')
        return false;
    for (size_t i = 0; i < length; i++) {
        const bool is_letter = at[i] >= 'a' && at[i] <= 'z';
        const bool is_digit = at[i] >= '0' && at[i] <= '9';
        if (!is_letter && !is_digit && at[i] != '.' && at[i] != '-')
            return false;
    }
    return true;
}

static enum err_code bad_line(const struct line *line, const char *what, struct err *err)
{
    return err_set(err, ERR_INPUT, "line %zu: %s", line->number, what);
}

enum err_code lean_map_parse(struct lean_map *map, const char *text, size_t size, struct err *err)
{
    struct line line = {0};
    size_t position = 0;

    map->count = 0;
    while (next_line(text, size, &position, &line)) {
        struct lean_map_row row = {0};
        const char *at = NULL;
        size_t length = 0;
        if (!parse_date(&line, &row.last))
            return bad_line(&line, "no YYYYMMDD at its beginning", err);
        if (!field(&line, 1, &at, &length) || !is_ticker(at, length))
            return bad_line(&line, "no ticker in field 2", err);
        if (map->count && row.last <= map->rows[map->count - 1].last)
            return bad_line(&line, "its date is not after the one before", err);
        if (map->count == LEAN_MAP_ROWS_MAX)
            return bad_line(&line, "more rows than any listing has", err);
        memcpy(row.ticker, at, length);
        map->rows[map->count++] = row;
    }
    return ERR_OK;
}

enum err_code lean_factors_parse(struct lean_factors *factors, const char *text, size_t size, struct err *err)
{
    struct line line = {0};
    size_t position = 0;

    factors->count = 0;
    while (next_line(text, size, &position, &line)) {
        struct lean_factor_row row = {0};
        const char *at = NULL;
        size_t length = 0;
        if (!parse_date(&line, &row.last))
            return bad_line(&line, "no YYYYMMDD at its beginning", err);
        if (!field(&line, 2, &at, &length) ||
            decimal_parse(at, length, LEAN_FACTOR_DECIMALS, &row.split, NULL) || row.split <= 0)
            return bad_line(&line, "no split factor in field 3", err);
        if (factors->count && row.last <= factors->rows[factors->count - 1].last)
            return bad_line(&line, "its date is not after the one before", err);
        if (factors->count == LEAN_FACTOR_ROWS_MAX)
            return bad_line(&line, "more rows than any listing has", err);
        factors->rows[factors->count++] = row;
    }
    return ERR_OK;
}

const char *lean_map_ticker(const struct lean_map *map, const char *ticker, civil_day d)
{
    if (map->count == 0)
        return ticker;
    if (d < map->rows[0].last) /* the first row's date is the listing's first day */
        return NULL;
    for (size_t i = 0; i < map->count; i++)
        if (d <= map->rows[i].last)
            return map->rows[i].ticker;
    return NULL;
}
