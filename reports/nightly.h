/*
 * The nightly compliance pack: a directory with every table of a trading day as XLSX and as CSV, the seal that
 * it rests on, and a signed manifest. The same journal and day give the same bytes, at any time, however much
 * the journal has grown by other days.
 *
 *   compliance.xlsx   cover, then one sheet a table
 *   <table>.csv       each table again (reports/tables.h names them)
 *   checkpoint.txt    the seal: a C2SP signed note
 *   manifest.json     SHA-256 and size of each file, what is covered, the journal's signature
 */
#ifndef REPORTS_NIGHTLY_H
#define REPORTS_NIGHTLY_H

#include "reports/manifest.h"

#define NIGHTLY_XLSX       "compliance.xlsx"
#define NIGHTLY_CHECKPOINT "checkpoint.txt"

struct nightly_options {
    civil_day day;   /* CIVIL_DAY_NONE: the newest session */
    const char *out; /* the directory to make */
    book_progress *progress;
    void *context;
};

/*
 * `j` is unlocked. The pack appears whole or not at all; an older pack of the same day there is replaced.
 * ERR_NOT_FOUND: the day has no entries, or there is no such parent directory. ERR_EXISTS: something else is
 * at `out`. ERR_KEY, ERR_IO, ERR_MEMORY. *written (may be NULL) is the manifest.
 */
MUST_USE enum err_code nightly_write(struct journal *j, const struct nightly_options *options,
                                     struct manifest *written, struct err *err);

#endif
