#include "ledger/json_scan.h"

#include "ledger/utf8.h"

#include <string.h>

void json_scan_init(struct json_scan *s, const char *text, size_t size, struct json_arena *arena)
{
    *s = (struct json_scan){
        .start = text, .at = text, .end = text + size, .arena = arena, .expect = JSON_EXPECT_VALUE};
    s->now.column = 1;
}

const char *json_token_text(enum json_token token)
{
    switch (token) {
    case JSON_END: return "the end";
    case JSON_OBJECT: return "an object";
    case JSON_OBJECT_END: return "the end of the object";
    case JSON_ARRAY: return "an array";
    case JSON_ARRAY_END: return "the end of the array";
    case JSON_KEY: return "a key";
    case JSON_STRING: return "a string";
    case JSON_NUMBER: return "a number";
    case JSON_TRUE: return "true";
    case JSON_FALSE: return "false";
    case JSON_NULL: return "null";
    }
    return "?";
}

static size_t column_of(const struct json_scan *s, const char *p)
{
    return (size_t)(p - s->start) + 1;
}

static enum err_code refuse(struct json_scan *s, const char *at, const char *reason, struct err *err)
{
    s->now.column = column_of(s, at);
    return err_set(err, ERR_INPUT, "%s", reason);
}

/* What was found where something else belongs: the character when it can be printed, its number otherwise. */
static enum err_code refuse_found(struct json_scan *s, const char *at, const char *expected, struct err *err)
{
    s->now.column = column_of(s, at);
    if (at == s->end)
        return err_set(err, ERR_INPUT, "expected %s, found the end of the line", expected);
    const unsigned char c = (unsigned char)*at;
    if (c == 0xef && s->end - at >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0)
        return err_set(err, ERR_INPUT, "expected %s, found a byte order mark: save without one", expected);
    if (c > 0x20 && c < 0x7f)
        return err_set(err, ERR_INPUT, "expected %s, found '%c'", expected, c);
    if (utf8_sequence((const uint8_t *)at, (size_t)(s->end - at)) == 0)
        return err_set(err, ERR_INPUT, "byte 0x%02x is not UTF-8", c);
    return err_set(err, ERR_INPUT, "expected %s, found byte 0x%02x", expected, c);
}

static void skip_space(struct json_scan *s)
{
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\t' || *s->at == '\n' || *s->at == '\r'))
        s->at++;
}

/* -- strings ------------------------------------------------------------------------------------------- */

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Four hex digits at p, or -1. */
static int32_t hex4(const char *p, const char *end)
{
    int32_t v = 0;

    if (end - p < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        const int digit = hex_value(p[i]);
        if (digit < 0)
            return -1;
        v = v * 16 + digit;
    }
    return v;
}

/* Writes a code point that is no surrogate as UTF-8; returns its bytes, 1 .. 4. */
static size_t put_utf8(char out[4], uint32_t c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xe0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3f));
        out[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3f));
    out[2] = (char)(0x80 | (c >> 6 & 0x3f));
    out[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}

/* s->at is at the "u" of an escape; *code gets the character, s->at steps behind it. */
static enum err_code read_unicode_escape(struct json_scan *s, uint32_t *code, struct err *err)
{
    const char *const backslash = s->at - 1;
    const int32_t first = hex4(s->at + 1, s->end);

    if (first < 0)
        return refuse(s, backslash, "\\u needs four hex digits", err);
    s->at += 5;
    if (first < 0xd800 || first > 0xdfff) {
        *code = (uint32_t)first;
        return ERR_OK;
    }
    if (first > 0xdbff)
        return refuse(s, backslash, "the second half of a surrogate pair without its first", err);
    if (s->end - s->at < 2 || s->at[0] != '\\' || s->at[1] != 'u')
        return refuse(s, backslash, "the first half of a surrogate pair without its second", err);
    const int32_t second = hex4(s->at + 2, s->end);
    if (second < 0xdc00 || second > 0xdfff)
        return refuse(s, backslash, "the first half of a surrogate pair without its second", err);
    s->at += 6;
    *code = 0x10000 + (((uint32_t)first & 0x3ff) << 10 | ((uint32_t)second & 0x3ff));
    return ERR_OK;
}

/* s->at is at a backslash; *code gets the character, s->at steps behind the escape. */
static enum err_code read_escape(struct json_scan *s, uint32_t *code, struct err *err)
{
    static const char LETTERS[] = "\"\\/bfnrt";
    static const char MEANINGS[] = "\"\\/\b\f\n\r\t";

    s->at++;
    if (s->at == s->end)
        return refuse(s, s->at, "the line ends inside a string", err);
    if (*s->at == 'u')
        return read_unicode_escape(s, code, err);
    const char *const letter = *s->at ? strchr(LETTERS, *s->at) : NULL;
    if (!letter)
        return refuse(s, s->at - 1, "unknown escape: after \\ comes one of \" \\ / b f n r t u", err);
    *code = (uint32_t)MEANINGS[letter - LETTERS];
    s->at++;
    return ERR_OK;
}

/* Steps s->at over characters that stand for themselves; stops at a quote, a backslash or what is refused. */
static void skip_plain(struct json_scan *s)
{
    const char *p = s->at;

    for (; p < s->end; p++) {
        const unsigned char c = (unsigned char)*p;
        if (c < 0x20 || c == '"' || c == '\\')
            break;
        if (c < 0x80)
            continue;
        const size_t n = utf8_sequence((const uint8_t *)p, (size_t)(s->end - p));
        if (n == 0)
            break;
        p += n - 1;
    }
    s->at = p;
}

/* At the end of a run of plain characters inside a string: why it cannot go on, when it cannot. */
static enum err_code check_run_end(struct json_scan *s, struct err *err)
{
    if (s->at == s->end)
        return refuse(s, s->at, "the line ends inside a string", err);
    const unsigned char c = (unsigned char)*s->at;
    if (c == '"' || c == '\\')
        return ERR_OK;
    s->now.column = column_of(s, s->at);
    if (c < 0x20)
        return err_set(err, ERR_INPUT, "a control character in a string: write it as \\u%04x", c);
    return err_set(err, ERR_INPUT, "byte 0x%02x is not UTF-8", c);
}

static bool arena_put(struct json_arena *arena, const char *bytes, size_t size)
{
    if (!arena)
        return true;
    if (size > arena->capacity - arena->used)
        return false;
    if (size > 0)
        memcpy(arena->bytes + arena->used, bytes, size);
    arena->used += size;
    return true;
}

/* The string from `first` on, s->at at its first backslash: what it says goes into the arena. */
static enum err_code read_escaped(struct json_scan *s, const char *first, struct err *err)
{
    struct json_arena *const arena = s->arena;
    const size_t begin = arena ? arena->used : 0;
    const char *run = first;
    char utf8[4];

    for (;;) {
        if (!arena_put(arena, run, (size_t)(s->at - run)))
            return err_set(err, ERR_MEMORY, "no room to unescape a string");
        if (*s->at == '"')
            break;
        uint32_t code = 0;
        enum err_code rc = read_escape(s, &code, err);
        if (rc)
            return rc;
        if (!arena_put(arena, utf8, put_utf8(utf8, code)))
            return err_set(err, ERR_MEMORY, "no room to unescape a string");
        run = s->at;
        skip_plain(s);
        rc = check_run_end(s, err);
        if (rc)
            return rc;
    }
    if (arena) {
        s->now.text = arena->bytes + begin;
        s->now.length = arena->used - begin;
    } else {
        s->now.text = first;
        s->now.length = (size_t)(s->at - first);
    }
    s->at++;
    return ERR_OK;
}

/* s->at is at the opening quote. */
static enum err_code read_string(struct json_scan *s, struct err *err)
{
    const char *const first = ++s->at;

    skip_plain(s);
    const enum err_code rc = check_run_end(s, err);
    if (rc)
        return rc;
    if (*s->at == '\\')
        return read_escaped(s, first, err);
    s->now.text = first;
    s->now.length = (size_t)(s->at - first);
    s->at++;
    return ERR_OK;
}

/* -- other values -------------------------------------------------------------------------------------- */

static const char *skip_digits(const char *p, const char *end)
{
    while (p < end && *p >= '0' && *p <= '9')
        p++;
    return p;
}

/* -?(0|[1-9][0-9]*)(.[0-9]+)?([eE][+-]?[0-9]+)? */
static enum err_code read_number(struct json_scan *s, struct err *err)
{
    const char *const first = s->at;
    const char *const whole = *first == '-' ? first + 1 : first;
    const char *p = skip_digits(whole, s->end);

    if (p == whole)
        return refuse_found(s, p, "a digit", err);
    if (*whole == '0' && p - whole > 1)
        return refuse(s, whole, "a number with a leading zero", err);
    if (p < s->end && *p == '.') {
        const char *const fraction = p + 1;
        p = skip_digits(fraction, s->end);
        if (p == fraction)
            return refuse_found(s, p, "a digit after the point", err);
    }
    if (p < s->end && (*p == 'e' || *p == 'E')) {
        const char *exponent = p + 1;
        if (exponent < s->end && (*exponent == '+' || *exponent == '-'))
            exponent++;
        p = skip_digits(exponent, s->end);
        if (p == exponent)
            return refuse_found(s, p, "a digit of the exponent", err);
    }
    s->now.token = JSON_NUMBER;
    s->now.text = first;
    s->now.length = (size_t)(p - first);
    s->at = p;
    return ERR_OK;
}

static enum err_code read_word(struct json_scan *s, const char *word, enum json_token token, struct err *err)
{
    const size_t length = strlen(word);

    if ((size_t)(s->end - s->at) < length || memcmp(s->at, word, length) != 0)
        return refuse(s, s->at, "expected a value (a word other than true, false and null needs quotes)",
                      err);
    s->now.token = token;
    s->at += length;
    return ERR_OK;
}

static void value_done(struct json_scan *s)
{
    s->expect = s->depth == 0 ? JSON_EXPECT_END : JSON_EXPECT_COMMA;
}

static enum err_code open_container(struct json_scan *s, bool object, struct err *err)
{
    if (s->depth == JSON_DEPTH_MAX)
        return err_set(err, ERR_INPUT, "nested deeper than %d levels", JSON_DEPTH_MAX);
    const uint32_t bit = UINT32_C(1) << s->depth;
    s->objects = object ? s->objects | bit : s->objects & ~bit;
    s->depth++;
    s->at++;
    s->now.token = object ? JSON_OBJECT : JSON_ARRAY;
    s->expect = object ? JSON_EXPECT_FIRST_KEY : JSON_EXPECT_FIRST_VALUE;
    return ERR_OK;
}

static void close_container(struct json_scan *s, enum json_token token)
{
    s->depth--;
    s->at++;
    s->now.token = token;
    value_done(s);
}

static enum err_code read_value(struct json_scan *s, struct err *err)
{
    enum err_code rc = ERR_OK;

    if (s->at == s->end)
        return refuse_found(s, s->at, "a value", err);
    switch (*s->at) {
    case '{': return open_container(s, true, err);
    case '[': return open_container(s, false, err);
    case '"':
        s->now.token = JSON_STRING;
        rc = read_string(s, err);
        break;
    case 't': rc = read_word(s, "true", JSON_TRUE, err); break;
    case 'f': rc = read_word(s, "false", JSON_FALSE, err); break;
    case 'n': rc = read_word(s, "null", JSON_NULL, err); break;
    default:
        if (*s->at != '-' && (*s->at < '0' || *s->at > '9'))
            return refuse_found(s, s->at, "a value", err);
        rc = read_number(s, err);
        break;
    }
    value_done(s);
    return rc;
}

static enum err_code read_key(struct json_scan *s, struct err *err)
{
    if (s->at == s->end || *s->at != '"')
        return refuse_found(s, s->at, "a key in quotes", err);
    s->now.token = JSON_KEY;
    const enum err_code rc = read_string(s, err);
    if (rc)
        return rc;
    skip_space(s);
    if (s->at == s->end || *s->at != ':')
        return refuse_found(s, s->at, "':' after the key", err);
    s->at++;
    s->expect = JSON_EXPECT_VALUE;
    return ERR_OK;
}

/* A comma or the container's end; behind a comma, what follows it. */
static enum err_code read_after_value(struct json_scan *s, struct err *err)
{
    const bool object = (s->objects >> (s->depth - 1) & 1) != 0;

    if (s->at < s->end && *s->at == (object ? '}' : ']')) {
        close_container(s, object ? JSON_OBJECT_END : JSON_ARRAY_END);
        return ERR_OK;
    }
    if (s->at == s->end || *s->at != ',')
        return refuse_found(s, s->at, object ? "',' or '}'" : "',' or ']'", err);
    s->at++;
    skip_space(s);
    s->now.column = column_of(s, s->at);
    return object ? read_key(s, err) : read_value(s, err);
}

enum err_code json_scan_next(struct json_scan *s, struct err *err)
{
    skip_space(s);
    s->now.text = NULL;
    s->now.length = 0;
    s->now.column = column_of(s, s->at);
    switch (s->expect) {
    case JSON_EXPECT_VALUE: return read_value(s, err);

    case JSON_EXPECT_FIRST_VALUE:
        if (s->at == s->end || *s->at != ']')
            return read_value(s, err);
        close_container(s, JSON_ARRAY_END);
        return ERR_OK;
    case JSON_EXPECT_FIRST_KEY:
        if (s->at == s->end || *s->at != '}')
            return read_key(s, err);
        close_container(s, JSON_OBJECT_END);
        return ERR_OK;
    case JSON_EXPECT_COMMA: return read_after_value(s, err);
    case JSON_EXPECT_END: break;
    }
    if (s->at < s->end)
        return refuse_found(s, s->at, "nothing after the value", err);
    s->now.token = JSON_END;
    return ERR_OK;
}

enum err_code json_scan_skip(struct json_scan *s, struct err *err)
{
    if (s->now.token != JSON_OBJECT && s->now.token != JSON_ARRAY)
        return ERR_OK;
    const unsigned outside = s->depth - 1;
    while (s->depth > outside) {
        const enum err_code rc = json_scan_next(s, err);
        if (rc)
            return rc;
    }
    return ERR_OK;
}
