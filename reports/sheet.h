/*
 * A sheet: one table of a report, before anybody has decided how it looks. What its columns are called and
 * hold, and rows of cells that are handed to a sink. XLSX, CSV, JSON and the terminal are fed from the same
 * rows, so they cannot disagree.
 *
 * Numbers stay scaled integers here; what a sink cannot hold exactly (an XLSX number is a double) it writes
 * as text.
 */
#ifndef REPORTS_SHEET_H
#define REPORTS_SHEET_H

#include "ledger/entry.h"

#define SHEET_COLUMNS_MAX 20

enum cell_type {
    CELL_EMPTY = 0, /* no value; fits any column */
    CELL_TEXT,      /* UTF-8 bytes */
    CELL_INTEGER,
    CELL_SEQ,     /* number of an entry */
    CELL_PRICE,   /* 1e-9 dollar */
    CELL_MONEY,   /* 1e-6 dollar */
    CELL_RATE,    /* 1e-9 */
    CELL_INSTANT, /* ns UTC */
    CELL_DAY,
    CELL_FLAG, /* 0 or 1 */
    CELL_MIXED /* of a column: each cell says what it is */
};

struct cell {
    enum cell_type type;
    int64_t number;
    const char *text; /* CELL_TEXT: borrowed while the sink works */
    size_t length;
};

struct column {
    const char *name;  /* "recorded_at": in CSV and JSON, for ever */
    const char *title; /* "Recorded at (UTC)": for people */
    enum cell_type type;
    unsigned width; /* characters that it usually takes */
};

struct sheet {
    const char *name;    /* "blotter": the file's stem, and what `ledger report` calls it */
    const char *title;   /* of the XLSX sheet: at most 27 characters, none of []:*?/\ */
    const char *meaning; /* one line */
    const struct column *columns;
    size_t column_count; /* 1 .. SHEET_COLUMNS_MAX */
};

struct row {
    const struct sheet *sheet;
    size_t index;  /* of the sheet in its list, for sinks that write several */
    bool is_alert; /* a breach, a stop: to be seen at once */
    size_t count;
    struct cell cells[SHEET_COLUMNS_MAX];
};

/* Where rows go. Any error ends the writing and is handed up. */
struct sheet_sink {
    enum err_code (*row)(void *context, const struct row *row, struct err *err);
    void *context;
};

/* A row is begun, filled from left to right, and sent when it is full. */
void row_begin(struct row *row, const struct sheet *sheet, size_t index);
void row_empty(struct row *row);
void row_word(struct row *row, const char *terminated); /* NULL is empty */
void row_bytes(struct row *row, const char *text, size_t length);
void row_text(struct row *row, const struct text *text);
void row_id(struct row *row, const struct id *id);        /* length 0 is empty */
void row_symbol(struct row *row, const struct symbol *s); /* NULL or length 0 is empty */
void row_number(struct row *row, enum cell_type type,
                int64_t value);              /* PRICE_NONE, INSTANT_NONE, CIVIL_DAY_NONE are empty */
void row_seq(struct row *row, uint64_t seq); /* 0 is empty */
/* A check's value or bound in its unit; CHECK_VALUE_NONE is empty. */
void row_amount(struct row *row, enum unit unit, int64_t value);
/* REQUIREs that every column has its cell, of its type. */
MUST_USE enum err_code row_send(const struct row *row, const struct sheet_sink *sink, struct err *err);

#define CELL_NUMBER_SIZE INSTANT_TEXT_SIZE
/*
 * The canonical text of a cell that is no text and not empty: decimals as decimal_format() has them, instants
 * as RFC 3339, "2015-12-24", "true" and "false". Returns its length.
 */
size_t cell_format(char out[CELL_NUMBER_SIZE], const struct cell *c);

#endif
