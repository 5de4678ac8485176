/*
 * The raw export: a journal's stored items in one file, as they are, for verifiers written by others. A
 * damaged journal exports too; nothing is judged. Form: docs/FORMAT.md, "Raw export".
 */
#ifndef AUDIT_EXPORT_H
#define AUDIT_EXPORT_H

#include "audit/evidence.h"

struct export_report {
    uint64_t counts[EVIDENCE_TABLES]; /* items of each table */
    uint64_t bytes;                   /* of the file */
};

/*
 * Writes the newest committed state of the journal in `dir` to `path`: the whole file is there, on disk,
 * under that name, or nothing is. An older file of that name is replaced. `report` may be NULL.
 * ERR_NOT_FOUND: there is no journal. ERR_FORMAT: the database file itself is damaged, so that it cannot
 * be read or its keys do not ascend. ERR_IO: the system refused.
 */
MUST_USE enum err_code export_raw(const char *dir, const char *path, struct export_report *report,
                                  struct err *err);

#endif
