/*
 * What entry_from_json() is made of: a scanner that knows the place it is at, refusals that name that place,
 * and the scalar types. Internal to the reading of JSON entries.
 *
 * Every refusal is ERR_INPUT, "column 57: body.checks[2].value: reason". Readers take a value that is scanned
 * already and leave their output alone when they refuse.
 */
#ifndef LEDGER_ENTRY_READER_H
#define LEDGER_ENTRY_READER_H

#include "ledger/actors.h"
#include "ledger/entry.h"
#include "ledger/json_scan.h"

#define ENTRY_READER_QUOTED 64  /* size of a piece of input in a message */
#define ENTRY_READER_NAMES  900 /* size of a list of names in a message */

struct entry_reader {
    struct json_scan scan;
    const struct actors *actors;
    struct entry *draft;
    const struct entry_kind_info *kind; /* NULL until read */
    struct err *err;                    /* may be NULL */
    /* The place that messages name: body.checks[2].value */
    const char *key;   /* of the line, or NULL */
    const char *field; /* of the body, or NULL */
    int row;           /* of a list, or -1 */
    const char *row_field;
};

/* Refuses what stands at `column`. */
enum err_code entry_reader_refuse(struct entry_reader *r, size_t column, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same, for the reason that some other call left in r->err. */
enum err_code entry_reader_refuse_why(struct entry_reader *r, size_t column);
/* A piece of input, in quotes, escaped, and cut when long. Returns `out`. */
const char *entry_reader_quoted(char out[ENTRY_READER_QUOTED], const char *text, size_t length);
/* Adds to a comma-separated list of ENTRY_READER_NAMES bytes. */
void entry_reader_add_name(char *names, const char *name);

/* The next token into r->scan.now. ERR_MEMORY when the arena is full. */
MUST_USE enum err_code entry_reader_next(struct entry_reader *r);
MUST_USE enum err_code entry_reader_expect(struct entry_reader *r, const struct json_value *v,
                                           enum json_token token);
bool entry_reader_is_name(const char *name, const struct json_value *v);

MUST_USE enum err_code entry_reader_symbol(struct entry_reader *r, const struct json_value *v,
                                           struct symbol *symbol);
/* *id is zero before: only its first bytes are written. */
MUST_USE enum err_code entry_reader_id(struct entry_reader *r, const struct json_value *v, struct id *id);
/* `lowest_allowed`: INT64_MIN is a number like any other here, and not the sign of "none". */
MUST_USE enum err_code entry_reader_decimal(struct entry_reader *r, const struct json_value *v, int decimals,
                                            bool lowest_allowed, int64_t *value);
MUST_USE enum err_code entry_reader_integer(struct entry_reader *r, const struct json_value *v, int64_t least,
                                            int64_t *value);
MUST_USE enum err_code entry_reader_bool(struct entry_reader *r, const struct json_value *v, bool *value);
MUST_USE enum err_code entry_reader_32_bytes(struct entry_reader *r, const struct json_value *v,
                                             uint8_t *bytes);
/* One of names[1] ..., up to a NULL: its index. */
MUST_USE enum err_code entry_reader_choice(struct entry_reader *r, const struct json_value *v,
                                           const char *const *names, unsigned *value);
/* The value r->scan.now as a field of any type that is no list. */
MUST_USE enum err_code entry_reader_scalar(struct entry_reader *r, enum field_type type, void *to);

#endif
