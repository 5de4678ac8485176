/*
 * Writes JSON: one buffer, fixed or growing, with commas and escapes looked after.
 *
 * The writer is sticky: what does not fit sets `bad` and writes nothing from then on; json_out_done() asks
 * once at the end. Output is always valid UTF-8 and canonical: no spaces, and in strings only what must be
 * escaped (as RFC 8785 has it). Exact amounts go out as decimal strings, integers as numbers.
 *
 *   json_out_object(&out); json_out_key(&out, "seq"); json_out_u64(&out, 12); json_out_object_end(&out);
 */
#ifndef LEDGER_JSON_OUT_H
#define LEDGER_JSON_OUT_H

#include "ledger/err.h"
#include "ledger/instant.h"

#include <stdint.h>

#define JSON_OUT_MAX ((size_t)256 << 20) /* a growing buffer's ceiling */

struct json_out {
    char *bytes; /* not terminated */
    size_t size;
    size_t capacity;
    bool grows; /* the buffer is ours, on the heap */
    bool comma; /* a value came before, so the next one needs a comma */
    bool bad;   /* something did not fit */
};

/* Writes into the caller's bytes and no further. Needs no release. */
void json_out_init_fixed(struct json_out *out, char *bytes, size_t capacity);
/* Writes into a buffer that grows up to JSON_OUT_MAX; allocates nothing yet. */
void json_out_init(struct json_out *out);
void json_out_release(struct json_out *out);
/* Empties it for the next text, keeping the buffer; forgets `bad`. */
void json_out_clear(struct json_out *out);
/* ERR_MEMORY when anything did not fit; the bytes are then a useless prefix. */
MUST_USE enum err_code json_out_done(const struct json_out *out, struct err *err);

void json_out_object(struct json_out *out);
void json_out_object_end(struct json_out *out);
void json_out_array(struct json_out *out);
void json_out_array_end(struct json_out *out);
void json_out_key(struct json_out *out, const char *key);
/* Ends a line: '\n', and no comma before what follows. */
void json_out_line(struct json_out *out);

/* Bytes that are no UTF-8 become U+FFFD. */
void json_out_string(struct json_out *out, const char *text, size_t length);
void json_out_text(struct json_out *out, const char *terminated);
void json_out_i64(struct json_out *out, int64_t value);
void json_out_u64(struct json_out *out, uint64_t value);
void json_out_bool(struct json_out *out, bool value);
void json_out_null(struct json_out *out);
/* A decimal string, as decimal_format() has it: json_out_decimal(&out, fee_micro, MONEY_DECIMALS). */
void json_out_decimal(struct json_out *out, int64_t value, int decimals);
/* RFC 3339, a date, lower-case hex: strings all. INSTANT_NONE and CIVIL_DAY_NONE give null. */
void json_out_instant(struct json_out *out, int64_t at_ns);
void json_out_day(struct json_out *out, civil_day day);
void json_out_hex(struct json_out *out, const void *bytes, size_t size);
/* A value that is JSON already; commas as for any value. */
void json_out_raw(struct json_out *out, const char *json, size_t size);

#endif
