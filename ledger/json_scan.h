/*
 * Reads one JSON text (RFC 8259), token by token, strictly, in place.
 *
 * Pull: json_scan_next() puts the next token into `now`. Grammar, UTF-8 and nesting are checked here; what
 * keys mean, and whether one came twice, is the caller's affair. Strings are borrowed from the line, or from
 * the caller's arena when they hold an escape; numbers stay text, so no digit is ever lost.
 *
 * Errors: ERR_INPUT with the reason alone; `now.column` is where, for the caller to put before it, together
 * with what it knows of the place.
 *
 * Pure, no allocation, no recursion.
 */
#ifndef LEDGER_JSON_SCAN_H
#define LEDGER_JSON_SCAN_H

#include "ledger/err.h"

#include <stdint.h>

#define JSON_DEPTH_MAX 16

enum json_token {
    JSON_END,
    JSON_OBJECT,
    JSON_OBJECT_END,
    JSON_ARRAY,
    JSON_ARRAY_END,
    JSON_KEY, /* its colon has been read */
    JSON_STRING,
    JSON_NUMBER,
    JSON_TRUE,
    JSON_FALSE,
    JSON_NULL
};

/* Where unescaped strings go. One with the line's size always suffices. Reset `used` between lines. */
struct json_arena {
    char *bytes;
    size_t capacity;
    size_t used;
};

struct json_value {
    enum json_token token;
    const char *text; /* KEY, STRING: what it says, not terminated, may hold NUL. NUMBER: as written */
    size_t length;
    size_t column; /* of the token's first byte, from 1 */
};

enum json_expect {
    JSON_EXPECT_VALUE,
    JSON_EXPECT_FIRST_VALUE, /* or the end of the array */
    JSON_EXPECT_FIRST_KEY,   /* or the end of the object */
    JSON_EXPECT_COMMA,       /* or the end of the container */
    JSON_EXPECT_END
};

/* Plain data: may be copied, to come back to a place (with the arena's `used` of that moment). */
struct json_scan {
    struct json_value now;
    const char *start; /* borrowed */
    const char *at;
    const char *end;
    struct json_arena *arena; /* borrowed; NULL: escapes are checked but stay as written */
    unsigned depth;           /* open containers */
    uint32_t objects;         /* bit i: the container at depth i + 1 is an object */
    enum json_expect expect;
};

void json_scan_init(struct json_scan *s, const char *text, size_t size, struct json_arena *arena);

/*
 * The next token into s->now; JSON_END after the one value and nothing but white space. After an error only
 * s->now.column means anything, and the scan is over. ERR_MEMORY when the arena is full.
 */
MUST_USE enum err_code json_scan_next(struct json_scan *s, struct err *err);

/* Steps over the rest of the value that s->now begins: nothing for a scalar, to its end for a container. */
MUST_USE enum err_code json_scan_skip(struct json_scan *s, struct err *err);

/* "a number", "an object" ...: for messages. */
const char *json_token_text(enum json_token token);

#endif
