/*
 * A broker's statement that came in a file: positions, cash and the executions of one session.
 */
#ifndef GATEWAY_STATEMENT_H
#define GATEWAY_STATEMENT_H

#include "ledger/entry.h"

#define STATEMENT_ROWS_MAX  100000
#define STATEMENT_BYTES_MAX (32u << 20)

/* Signed for a position's side; price and fee are a fill's. */
struct statement_row {
    struct id fill_id; /* no length: a position */
    struct symbol symbol;
    enum side side;
    int64_t qty; /* 1 or more */
    int64_t price_nano;
    int64_t fee_micro;
    size_t line; /* in the file, where a reader keeps it; from 1 */
};

struct statement {
    struct id statement_id; /* no length: the file does not say */
    struct id broker;       /* likewise */
    civil_day session;      /* CIVIL_DAY_NONE: it does not say */
    int64_t cash_micro;
    struct digest32 sha256;     /* of the file */
    struct statement_row *rows; /* on the heap; no symbol's position and no fill_id twice */
    uint32_t count;
    uint32_t capacity;
};

/* `s` is zeroed. On error nothing is held. */
void statement_release(struct statement *s); /* zeroed is fine */

/*
 * Reads a file's bytes: JSON when its first character is '{', else CSV (docs/RECONCILE.md has both forms). ERR_INPUT
 * says line, column, field and reason: `name:3:17: fills[2].qty: reason`. ERR_MEMORY.
 */
MUST_USE enum err_code statement_read(struct statement *s, const char *name, const char *bytes, size_t size,
                                      struct err *err);

#endif
