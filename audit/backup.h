/*
 * A backup: a copy of a journal that can be opened and appended to, made while others write, and verified before
 * it gets its name.
 *
 * In it are the journal's file, as of one committed state, and the key vault. The lock file and files that are
 * derived (indexes) are not: they are made again. A backup is used by using it: docs/BACKUP.md, which also says
 * what must never be done, namely appending to both.
 */
#ifndef AUDIT_BACKUP_H
#define AUDIT_BACKUP_H

#include "audit/verify.h"

#define BACKUP_TEMPORARY                                                                                     \
    ".backup-" /* and six characters, after the backup's name: what is not finished yet */
#define BACKUP_LEFT_OUT_MAX 16

typedef void (*backup_progress)(void *arg, uint64_t done, uint64_t total);

struct backup_options {
    const char *dir;          /* the journal */
    const char *out;          /* the backup: not there yet, or an empty directory */
    backup_progress copying;  /* bytes; may be NULL */
    backup_progress checking; /* entries; may be NULL */
    void *copying_arg;
    void *checking_arg;
};

struct backup_report {
    struct verify_report verified; /* the copy: what it holds */
    uint64_t bytes;                /* of its journal.mdb */
    uint64_t origin_entries;       /* that the origin had when the copy had been verified */
    unsigned left_out_count; /* files of the directory that are not the journal's, and were not copied */
    char left_out[BACKUP_LEFT_OUT_MAX][256];
};

/*
 * Makes the backup. After ERR_OK it is on disk under its name, verifies, and is a beginning of the origin: same
 * size and root as one of its seals. After any error nothing is there under that name, and nothing is left beside
 * it; only a process that is killed leaves OUT.backup-XXXXXX, which may be removed. ERR_EXISTS: OUT is there.
 * ERR_WRONG: the copy does not verify. ERR_NOT_FOUND: no journal, or no vault. ERR_FORMAT: the journal or its
 * vault is damaged. ERR_INPUT: OUT cannot be a backup's name. ERR_IO: no permission, disk full.
 */
MUST_USE enum err_code backup_make(const struct backup_options *options, struct backup_report *report,
                                   struct err *err);

#endif
