#include "ledger/entry_reader.h"

#include "ledger/decimal.h"
#include "ledger/hex.h"
#include "ledger/json_out.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

/* -- refusals ------------------------------------------------------------------------------------------ */

/* Puts column and place before the reason that is in r->err already. */
enum err_code entry_reader_refuse_why(struct entry_reader *r, size_t column)
{
    char place[160] = "";
    int n = 0;

    if (!r->err)
        return ERR_INPUT;
    if (r->key)
        n = snprintf(place, sizeof place, "%s%s%s", r->key, r->field ? "." : "", r->field ? r->field : "");
    if (r->key && r->row >= 0)
        n += snprintf(place + n, sizeof place - (size_t)n, "[%d]%s%s", r->row, r->row_field ? "." : "",
                      r->row_field ? r->row_field : "");
    if (n > 0)
        err_wrap(r->err, "column %zu: %s", column, place);
    else
        err_wrap(r->err, "column %zu", column);
    r->err->code = ERR_INPUT; /* for our caller it is the line that is wrong, whoever saw it */
    return ERR_INPUT;
}

enum err_code entry_reader_refuse(struct entry_reader *r, size_t column, const char *format, ...)
{
    char reason[ERR_TEXT_SIZE];
    va_list args;

    if (!r->err)
        return ERR_INPUT;
    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    (void)err_set(r->err, ERR_INPUT, "%s", reason);
    return entry_reader_refuse_why(r, column);
}

const char *entry_reader_quoted(char out[ENTRY_READER_QUOTED], const char *text, size_t length)
{
    struct json_out json;
    size_t shown = length < ENTRY_READER_QUOTED ? length : ENTRY_READER_QUOTED;

    for (;; shown--) { /* an escape takes up to six bytes, so what fits has to be tried */
        json_out_init_fixed(&json, out, ENTRY_READER_QUOTED - sizeof "...");
        while (shown < length && shown > 0 && ((unsigned char)text[shown] & 0xc0) == 0x80)
            shown--; /* never cut inside a character */
        json_out_string(&json, text, shown);
        if (!json_out_done(&json, NULL))
            break;
    }
    snprintf(out + json.size, ENTRY_READER_QUOTED - json.size, "%s", shown < length ? "..." : "");
    return out;
}

void entry_reader_add_name(char *names, const char *name)
{
    const size_t n = strlen(names);

    snprintf(names + n, ENTRY_READER_NAMES - n, "%s%s", n > 0 ? ", " : "", name);
}

static const char *list_names(char *names, const char *const *from_one)
{
    names[0] = '\0';
    for (size_t i = 1; from_one[i]; i++)
        entry_reader_add_name(names, from_one[i]);
    return names;
}

/* Steps to the next token. ERR_MEMORY is no fault of the line and stays what it is. */
enum err_code entry_reader_next(struct entry_reader *r)
{
    const enum err_code rc = json_scan_next(&r->scan, r->err);

    return rc == ERR_INPUT ? entry_reader_refuse_why(r, r->scan.now.column) : rc;
}

enum err_code entry_reader_expect(struct entry_reader *r, const struct json_value *v, enum json_token token)
{
    if (v->token == token)
        return ERR_OK;
    return entry_reader_refuse(r, v->column, "expected %s, found %s", json_token_text(token),
                               json_token_text(v->token));
}

bool entry_reader_is_name(const char *name, const struct json_value *v)
{
    return strlen(name) == v->length && memcmp(name, v->text, v->length) == 0;
}

/* -- scalars ------------------------------------------------------------------------------------------- */

enum err_code entry_reader_symbol(struct entry_reader *r, const struct json_value *v, struct symbol *symbol)
{
    const enum err_code rc = entry_reader_expect(r, v, JSON_STRING);

    if (rc)
        return rc;
    return symbol_parse(v->text, v->length, symbol, r->err) ? entry_reader_refuse_why(r, v->column) : ERR_OK;
}

enum err_code entry_reader_id(struct entry_reader *r, const struct json_value *v, struct id *id)
{
    const enum err_code rc = entry_reader_expect(r, v, JSON_STRING);

    if (rc)
        return rc;
    if (v->length == 0 || v->length > ID_MAX)
        return entry_reader_refuse(r, v->column, "%zu characters, where 1 to %d belong", v->length, ID_MAX);
    for (size_t i = 0; i < v->length; i++) {
        if (v->text[i] <= 0x20 || v->text[i] >= 0x7f)
            return entry_reader_refuse(r, v->column, "character %zu is not visible ASCII", i + 1);
    }
    id->length = (uint8_t)v->length; /* the draft is zeroed, so the rest is zero-filled */
    memcpy(id->text, v->text, v->length);
    return ERR_OK;
}

static enum err_code read_text(struct entry_reader *r, const struct json_value *v, struct text *text)
{
    const enum err_code rc = entry_reader_expect(r, v, JSON_STRING);

    if (rc)
        return rc;
    if (v->length > ENTRY_BODY_MAX)
        return entry_reader_refuse(r, v->column, "%zu bytes, more than the %d an entry holds", v->length,
                                   ENTRY_BODY_MAX);
    if (memchr(v->text, '\0', v->length))
        return entry_reader_refuse(r, v->column, "the character U+0000 is not allowed");
    *text = (struct text){v->text, (uint16_t)v->length};
    return ERR_OK;
}

/* The digits are twice as many as the bytes, so the arena, as large as the line, has room for these. */
static enum err_code read_blob(struct entry_reader *r, const struct json_value *v, struct blob *blob)
{
    struct json_arena *const arena = r->scan.arena;
    const size_t size = v->length / 2;
    const enum err_code rc = entry_reader_expect(r, v, JSON_STRING);

    if (rc)
        return rc;
    if (size > ENTRY_BODY_MAX)
        return entry_reader_refuse(r, v->column, "%zu bytes, more than the %d an entry holds", size,
                                   ENTRY_BODY_MAX);
    if (size > arena->capacity - arena->used)
        return err_set(r->err, ERR_MEMORY, "the arena has no room for %zu bytes", size);
    uint8_t *const bytes = (uint8_t *)arena->bytes + arena->used;
    if (hex_decode(v->text, v->length, bytes, size, r->err))
        return entry_reader_refuse_why(r, v->column);
    arena->used += size;
    *blob = (struct blob){bytes, (uint16_t)size};
    return ERR_OK;
}

enum err_code entry_reader_decimal(struct entry_reader *r, const struct json_value *v, int decimals,
                                   bool lowest_allowed, int64_t *value)
{
    int64_t number = 0;

    if (v->token == JSON_NUMBER)
        return entry_reader_refuse(r, v->column, "amounts are decimal strings: write \"%.*s\"",
                                   v->length > 40 ? 40 : (int)v->length, v->text);
    if (v->token != JSON_STRING)
        return entry_reader_refuse(r, v->column, "expected a decimal string such as \"12.5\", found %s",
                                   json_token_text(v->token));
    if (decimal_parse(v->text, v->length, decimals, &number, r->err))
        return entry_reader_refuse_why(r, v->column);
    if (number == INT64_MIN && !lowest_allowed)
        return entry_reader_refuse(r, v->column, "out of range");
    *value = number;
    return ERR_OK;
}

enum err_code entry_reader_integer(struct entry_reader *r, const struct json_value *v, int64_t least,
                                   int64_t *value)
{
    const bool negative = v->length > 0 && v->text[0] == '-';
    const uint64_t most = (uint64_t)INT64_MAX + (negative ? 1U : 0U);
    uint64_t number = 0;
    enum err_code rc = entry_reader_expect(r, v, JSON_NUMBER);

    if (rc)
        return rc;
    for (size_t i = negative ? 1 : 0; i < v->length; i++) {
        if (v->text[i] < '0' || v->text[i] > '9')
            return entry_reader_refuse(r, v->column, "expected an integer: no point, no exponent");
        const uint64_t digit = (uint64_t)(v->text[i] - '0');
        if (number > (most - digit) / 10)
            return entry_reader_refuse(r, v->column, "out of range");
        number = number * 10 + digit;
    }
    if (negative && number == 0)
        return entry_reader_refuse(r, v->column, "zero has no sign");
    const int64_t result = negative ? -(int64_t)(number - 1) - 1 : (int64_t)number;
    if (result < least)
        return entry_reader_refuse(r, v->column, "%" PRId64 " where %" PRId64 " or more belongs", result,
                                   least);
    *value = result;
    return ERR_OK;
}

enum err_code entry_reader_bool(struct entry_reader *r, const struct json_value *v, bool *value)
{
    if (v->token != JSON_TRUE && v->token != JSON_FALSE)
        return entry_reader_refuse(r, v->column, "expected true or false, found %s",
                                   json_token_text(v->token));
    *value = v->token == JSON_TRUE;
    return ERR_OK;
}

static enum err_code read_day(struct entry_reader *r, const struct json_value *v, civil_day *day)
{
    civil_day parsed = 0;
    const enum err_code rc = entry_reader_expect(r, v, JSON_STRING);

    if (rc)
        return rc;
    if (civil_parse(v->text, v->length, &parsed, r->err))
        return entry_reader_refuse_why(r, v->column);
    if (!civil_is_plausible(parsed))
        return entry_reader_refuse(r, v->column, "the year is outside 1900..2199");
    *day = parsed;
    return ERR_OK;
}

enum err_code entry_reader_32_bytes(struct entry_reader *r, const struct json_value *v, uint8_t *bytes)
{
    const enum err_code rc = entry_reader_expect(r, v, JSON_STRING);

    if (rc)
        return rc;
    return hex_decode(v->text, v->length, bytes, 32, r->err) ? entry_reader_refuse_why(r, v->column) : ERR_OK;
}

/* Enums are unsigned int in memory, whichever they are: entry.c relies on it as well. */
enum err_code entry_reader_choice(struct entry_reader *r, const struct json_value *v,
                                  const char *const *names, unsigned *value)
{
    char allowed[ENTRY_READER_NAMES];
    char found[ENTRY_READER_QUOTED];
    const enum err_code rc = entry_reader_expect(r, v, JSON_STRING);

    if (rc)
        return rc;
    for (unsigned i = 1; names[i]; i++) {
        if (entry_reader_is_name(names[i], v)) {
            *value = i;
            return ERR_OK;
        }
    }
    return entry_reader_refuse(r, v->column, "%s is not one of %s",
                               entry_reader_quoted(found, v->text, v->length), list_names(allowed, names));
}

enum err_code entry_reader_scalar(struct entry_reader *r, enum field_type type, void *to)
{
    const struct json_value *const v = &r->scan.now;

    switch (type) {
    case FIELD_SYMBOL: return entry_reader_symbol(r, v, to);
    case FIELD_ID: return entry_reader_id(r, v, to);
    case FIELD_TEXT: return read_text(r, v, to);
    case FIELD_BLOB: return read_blob(r, v, to);
    case FIELD_PRICE: return entry_reader_decimal(r, v, PRICE_DECIMALS, false, to);
    case FIELD_PRICE_OPT:
        if (v->token != JSON_NULL)
            return entry_reader_decimal(r, v, PRICE_DECIMALS, false, to);
        *(int64_t *)to = PRICE_NONE;
        return ERR_OK;
    case FIELD_MONEY: return entry_reader_decimal(r, v, MONEY_DECIMALS, false, to);
    case FIELD_RATE: return entry_reader_decimal(r, v, RATE_DECIMALS, false, to);
    case FIELD_QTY: return entry_reader_integer(r, v, 1, to);
    case FIELD_COUNT: return entry_reader_integer(r, v, 0, to);
    case FIELD_DAY: return read_day(r, v, to);
    case FIELD_BOOL: return entry_reader_bool(r, v, to);
    case FIELD_DIGEST:
    case FIELD_KEY: return entry_reader_32_bytes(r, v, ((struct digest32 *)to)->bytes);
    case FIELD_SIDE:
    case FIELD_ORDER_TYPE:
    case FIELD_MARK:
    case FIELD_PHASE:
    case FIELD_FINDING:
    case FIELD_EXIT_RULE:
    case FIELD_ROLE: return entry_reader_choice(r, v, entry_enum_names(type), to);
    case FIELD_CHECKS:
    case FIELD_COUNTS:
    case FIELD_CANDIDATES:
    case FIELD_ACTORS: break;
    }
    return entry_reader_refuse(r, v->column, "a list where a value belongs");
}
