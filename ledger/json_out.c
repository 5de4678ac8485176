#include "ledger/json_out.h"

#include "ledger/decimal.h"
#include "ledger/utf8.h"

#include <stdlib.h>
#include <string.h>

#define GROW_FROM 512

void json_out_init_fixed(struct json_out *out, char *bytes, size_t capacity)
{
    *out = (struct json_out){.bytes = bytes, .capacity = capacity};
}

void json_out_init(struct json_out *out)
{
    *out = (struct json_out){.grows = true};
}

void json_out_release(struct json_out *out)
{
    if (!out)
        return;
    if (out->grows)
        free(out->bytes);
    *out = (struct json_out){.grows = out->grows};
}

void json_out_clear(struct json_out *out)
{
    out->size = 0;
    out->comma = false;
    out->bad = false;
}

enum err_code json_out_done(const struct json_out *out, struct err *err)
{
    if (out->bad)
        return err_set(err, ERR_MEMORY, "JSON text of more than %zu bytes has no room", out->size);
    return ERR_OK;
}

/* False, with `bad` set, when `size` more bytes have no room. */
static bool make_room(struct json_out *out, size_t size)
{
    if (out->bad)
        return false;
    if (size <= out->capacity - out->size)
        return true;
    if (!out->grows || size > JSON_OUT_MAX - out->size) {
        out->bad = true;
        return false;
    }
    size_t capacity = out->capacity ? out->capacity : GROW_FROM;
    while (capacity < out->size + size)
        capacity *= 2;
    char *const bytes = realloc(out->bytes, capacity);
    if (!bytes) {
        out->bad = true;
        return false;
    }
    out->bytes = bytes;
    out->capacity = capacity;
    return true;
}

static void put(struct json_out *out, const char *bytes, size_t size)
{
    if (size == 0 || !make_room(out, size))
        return;
    memcpy(out->bytes + out->size, bytes, size);
    out->size += size;
}

static void put_char(struct json_out *out, char c)
{
    put(out, &c, 1);
}

/* The comma before a value or key, where one belongs. */
static void begin_value(struct json_out *out)
{
    if (out->comma)
        put_char(out, ',');
    out->comma = true;
}

static void open_container(struct json_out *out, char c)
{
    begin_value(out);
    put_char(out, c);
    out->comma = false;
}

static void close_container(struct json_out *out, char c)
{
    put_char(out, c);
    out->comma = true;
}

void json_out_object(struct json_out *out)
{
    open_container(out, '{');
}

void json_out_object_end(struct json_out *out)
{
    close_container(out, '}');
}

void json_out_array(struct json_out *out)
{
    open_container(out, '[');
}

void json_out_array_end(struct json_out *out)
{
    close_container(out, ']');
}

void json_out_key(struct json_out *out, const char *key)
{
    json_out_text(out, key);
    put_char(out, ':');
    out->comma = false;
}

void json_out_line(struct json_out *out)
{
    put_char(out, '\n');
    out->comma = false;
}

/* The letter of a two-character escape, or 0: other control characters are written \u00xx. */
static char short_escape(unsigned char c)
{
    switch (c) {
    case '"': return '"';
    case '\\': return '\\';
    case '\b': return 'b';
    case '\f': return 'f';
    case '\n': return 'n';
    case '\r': return 'r';
    case '\t': return 't';
    default: return 0;
    }
}

static void put_escaped(struct json_out *out, unsigned char c)
{
    static const char DIGITS[] = "0123456789abcdef";
    const char letter = short_escape(c);

    if (letter) {
        put(out, (const char[2]){'\\', letter}, 2);
        return;
    }
    put(out, (const char[6]){'\\', 'u', '0', '0', DIGITS[c >> 4], DIGITS[c & 15]}, 6);
}

void json_out_string(struct json_out *out, const char *text, size_t length)
{
    const char *const end = text + length;
    const char *plain = text; /* what needs no escape since here is put in one piece */
    const char *p = text;

    begin_value(out);
    put_char(out, '"');
    while (p < end) {
        const unsigned char c = (unsigned char)*p;
        if (c >= 0x20 && c != '"' && c != '\\') {
            const size_t n = utf8_sequence((const uint8_t *)p, (size_t)(end - p));
            if (n > 0) {
                p += n;
                continue;
            }
        }
        put(out, plain, (size_t)(p - plain));
        if (c < 0x80)
            put_escaped(out, c);
        else
            put(out, "\xef\xbf\xbd", 3);
        plain = ++p;
    }
    put(out, plain, (size_t)(p - plain));
    put_char(out, '"');
}

void json_out_text(struct json_out *out, const char *terminated)
{
    json_out_string(out, terminated, strlen(terminated));
}

/* What is known to need no escape. */
static void put_quoted(struct json_out *out, const char *text, size_t length)
{
    begin_value(out);
    put_char(out, '"');
    put(out, text, length);
    put_char(out, '"');
}

void json_out_i64(struct json_out *out, int64_t value)
{
    char text[DECIMAL_TEXT_SIZE];

    begin_value(out);
    put(out, text, decimal_format(text, value, 0));
}

void json_out_u64(struct json_out *out, uint64_t value)
{
    char text[DECIMAL_TEXT_SIZE];
    size_t at = sizeof text;

    do {
        text[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    begin_value(out);
    put(out, text + at, sizeof text - at);
}

void json_out_bool(struct json_out *out, bool value)
{
    begin_value(out);
    put(out, value ? "true" : "false", value ? 4 : 5);
}

void json_out_null(struct json_out *out)
{
    begin_value(out);
    put(out, "null", 4);
}

void json_out_decimal(struct json_out *out, int64_t value, int decimals)
{
    char text[DECIMAL_TEXT_SIZE];

    put_quoted(out, text, decimal_format(text, value, decimals));
}

void json_out_instant(struct json_out *out, int64_t at_ns)
{
    char text[INSTANT_TEXT_SIZE];

    if (at_ns == INSTANT_NONE)
        json_out_null(out);
    else
        put_quoted(out, text, instant_format(text, at_ns));
}

void json_out_day(struct json_out *out, civil_day day)
{
    char text[INSTANT_TEXT_SIZE];

    if (day == CIVIL_DAY_NONE)
        json_out_null(out);
    else
        put_quoted(out, text, civil_format(text, day));
}

void json_out_hex(struct json_out *out, const void *bytes, size_t size)
{
    static const char DIGITS[] = "0123456789abcdef";
    const uint8_t *const in = bytes;

    begin_value(out);
    put_char(out, '"');
    for (size_t i = 0; i < size; i++)
        put(out, (const char[2]){DIGITS[in[i] >> 4], DIGITS[in[i] & 15]}, 2);
    put_char(out, '"');
}

void json_out_raw(struct json_out *out, const char *json, size_t size)
{
    begin_value(out);
    put(out, json, size);
}
