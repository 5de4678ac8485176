/*
 * The tables of a trading day: which there are, and the one fold that makes their rows.
 *
 * Rows come in the journal's order. What happened is told of the day's entries; what is (positions, accounts,
 * settings) is the state after the seal of the scope. Configuration changes, sources and the profit of each
 * day are told from the journal's beginning, because today cannot be judged without them.
 */
#ifndef REPORTS_TABLES_H
#define REPORTS_TABLES_H

#include "reports/day_scope.h"
#include "reports/sheet.h"

enum tables_sheet {
    TABLES_COVER,
    TABLES_BLOTTER,
    TABLES_POSTINGS,
    TABLES_ORDERS,
    TABLES_DECISIONS,
    TABLES_CANDIDATES,
    TABLES_VERDICTS,
    TABLES_STOPS,
    TABLES_BREAKS,
    TABLES_CONFIGURATION,
    TABLES_SETTINGS,
    TABLES_POSITIONS,
    TABLES_PNL,
    TABLES_ACCOUNTS,
    TABLES_QUALITY,
    TABLES_SOURCES,
    TABLES_COUNT
};

#define TABLES_ALL ((1U << TABLES_COUNT) - 1)

const struct sheet *tables_sheet(size_t index); /* REQUIREs index < TABLES_COUNT */
/* The sheet's index by name ("blotter"). ERR_NOT_FOUND lists the names. */
MUST_USE enum err_code tables_find(const char *name, size_t *index, struct err *err);

/* Columns of the sheet "pnl" that its chart is drawn from. */
enum { TABLES_PNL_SESSION = 0, TABLES_PNL_PROFIT = 5, TABLES_PNL_TOTAL = 6 };

struct tables_options {
    unsigned wanted;     /* bit (1 << sheet) */
    const char *origin;  /* the journal's */
    const char *vkey;    /* its verifier key */
    const char *program; /* what writes the report: BUILD_PROGRAM */
    book_progress *progress;
    void *context;
};

struct tables_result {
    struct hash state_digest; /* after the newest entry that was folded */
    uint64_t rows[TABLES_COUNT];
};

/* Folds 1 .. scope->state_seq and hands every row of the wanted sheets to the sink. `result` may be NULL. */
MUST_USE enum err_code tables_write(struct journal_reader *r, const struct day_scope *scope,
                                    const struct tables_options *options, const struct sheet_sink *sink,
                                    struct tables_result *result, struct err *err);

#endif
