/* What the two readers of statements share; nobody else includes this. */
#ifndef GATEWAY_STATEMENT_READ_H
#define GATEWAY_STATEMENT_READ_H

#include "gateway/statement.h"

enum statement_field {
    STATEMENT_SYMBOL,
    STATEMENT_SIDE,
    STATEMENT_QTY,
    STATEMENT_PRICE,
    STATEMENT_FEE,
    STATEMENT_FILL_ID,
    STATEMENT_FIELDS
};
extern const char *const statement_fields[STATEMENT_FIELDS + 1]; /* their names, and NULL */

struct statement_read_row {
    struct statement_row row;
    unsigned has; /* bit (1 << field) */
};

/* Reasons without the place: callers put it before. */
MUST_USE enum err_code statement_id(struct id *id, const char *text, size_t length, struct err *err);
MUST_USE enum err_code statement_set(struct statement_read_row *r, enum statement_field field,
                                     const char *text, size_t length, struct err *err);
MUST_USE enum err_code statement_add(struct statement *s, struct statement_read_row *r, bool is_fill,
                                     struct err *err);

MUST_USE enum err_code statement_read_json(struct statement *s, const char *name, const char *bytes,
                                           size_t size, struct err *err);
MUST_USE enum err_code statement_read_csv(struct statement *s, const char *name, const char *bytes,
                                          size_t size, struct err *err);

#endif
