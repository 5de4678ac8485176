/*
 * An XLSX workbook: one sheet a table, with frozen headers, filters, number formats, breaches in red, and
 * ready to print. The same rows give the same bytes: the only time in the file is the one handed in.
 *
 * XLSX numbers are doubles, so an amount of more than 15 significant digits goes in as text, as do instants
 * finer than a millisecond. A text beyond what a cell holds is cut, and says so; the CSV beside it has it all.
 * What passes the last row of a sheet goes on in a further sheet ("Decisions (2)").
 */
#ifndef REPORTS_SHEET_XLSX_H
#define REPORTS_SHEET_XLSX_H

#include "reports/sheet.h"

#define SHEET_XLSX_ROWS_MAX 1048575u /* below the header */

struct sheet_xlsx;

struct sheet_xlsx_options {
    const char *path;
    const char *tmpdir; /* where the library keeps its scratch files */
    int64_t created_ns; /* the file's only time; below one second counts as one */
    const char *title;
    const char *author;
    uint32_t rows_max; /* 0: SHEET_XLSX_ROWS_MAX */
};

MUST_USE enum err_code sheet_xlsx_open(struct sheet_xlsx **x, const struct sheet_xlsx_options *options,
                                       struct err *err);
/* Adds a sheet, in the order of the tabs; `is_cover`: a page to read, not a table to filter. */
MUST_USE enum err_code sheet_xlsx_add(struct sheet_xlsx *x, const struct sheet *sheet, size_t index,
                                      bool is_cover, struct err *err);
/* A tab with a line chart of number columns of the sheet `index` over its column `over`. */
MUST_USE enum err_code sheet_xlsx_chart(struct sheet_xlsx *x, size_t index, const char *title, size_t over,
                                        const size_t *columns, size_t count, struct err *err);
MUST_USE enum err_code sheet_xlsx_row(struct sheet_xlsx *x, const struct row *row, struct err *err);
/*
 * Writes the file and releases x, also after an error. The library does not notice when its scratch files are
 * cut short by a full disk, so the finished file is read again: ERR_IO when a part is not whole.
 */
MUST_USE enum err_code sheet_xlsx_close(struct sheet_xlsx *x, struct err *err);
void sheet_xlsx_abort(struct sheet_xlsx *x); /* writes nothing; accepts NULL */

#endif
