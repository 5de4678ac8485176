/*
 * CSV as RFC 4180 has it: CRLF ends every line, the last one too; a field is quoted when it holds a comma, a
 * quote, CR or LF, or begins or ends with a space; quotes are doubled. UTF-8, no byte order mark. The first
 * line has the columns' names. A field that is not there is empty; a text that is there and empty is "".
 */
#ifndef REPORTS_SHEET_CSV_H
#define REPORTS_SHEET_CSV_H

#include "reports/sheet.h"
#include "reports/words.h"

struct sheet_csv {
    /* Takes the bytes of one line. */
    enum err_code (*write)(void *context, const void *bytes, size_t size, struct err *err);
    void *context;
    struct words line; /* scratch */
};

void sheet_csv_init(struct sheet_csv *csv,
                    enum err_code (*write)(void *context, const void *bytes, size_t size, struct err *err),
                    void *context);
void sheet_csv_release(struct sheet_csv *csv);
MUST_USE enum err_code sheet_csv_head(struct sheet_csv *csv, const struct sheet *sheet, struct err *err);
MUST_USE enum err_code sheet_csv_row(struct sheet_csv *csv, const struct row *row, struct err *err);

#endif
