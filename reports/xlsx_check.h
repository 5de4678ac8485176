/*
 * Whether a written XLSX file is whole: every part of the archive can be read, its checksum fits, and its XML
 * ends with the closing tag of what it began with. Nothing is said about what the cells hold.
 */
#ifndef REPORTS_XLSX_CHECK_H
#define REPORTS_XLSX_CHECK_H

#include "ledger/err.h"

/* ERR_IO names the part that is cut short or cannot be read. */
MUST_USE enum err_code xlsx_check(const char *path, struct err *err);

#endif
