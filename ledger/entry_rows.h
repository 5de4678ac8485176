/*
 * How the rows of a list field (CHECKS, COUNTS, CANDIDATES, ACTORS) are named and lie in memory: the table of
 * entries one level down. JSON, the page of entries and tables for people are driven by it.
 */
#ifndef LEDGER_ENTRY_ROWS_H
#define LEDGER_ENTRY_ROWS_H

#include "ledger/entry.h"

enum row_type {
    ROW_ID,      /* struct id */
    ROW_SYMBOL,  /* struct symbol */
    ROW_PRICE,   /* int64 1e-9 dollar */
    ROW_MONEY,   /* int64 1e-6 dollar */
    ROW_RATE,    /* int64 1e-9 */
    ROW_COUNT,   /* int64, 0 or more */
    ROW_INTEGER, /* int64 */
    ROW_BOOL,    /* bool */
    ROW_ROLE,    /* enum role */
    ROW_UNIT,    /* enum unit */
    ROW_RULE,    /* enum rule */
    ROW_KEY,     /* 32 bytes */
    ROW_AMOUNT   /* int64 in the unit of its row; CHECK_VALUE_NONE for unknown */
};

#define ROW_FIELDS_MAX 6

struct row_field {
    const char *name;
    enum row_type type;
    size_t offset; /* in the row */
    const char *meaning;
};

struct entry_rows {
    unsigned max;       /* rows at most */
    size_t rows_offset; /* of the first row in the list's struct, which begins with its uint8_t count */
    size_t row_size;
    size_t field_count; /* 1 .. ROW_FIELDS_MAX */
    struct row_field fields[ROW_FIELDS_MAX];
};

/* The rows of a list type; NULL for every other type. */
const struct entry_rows *entry_rows_find(enum field_type type);

/* Decimals of an amount in this unit: 9, 6, 9, and 0 for counts, seconds and flags. */
int entry_rows_decimals(enum unit unit);

#endif
