/*
 * Publishing: a journal as a directory of files that any static web server, or an object store, can serve
 * (C2SP tlog-tiles; docs/FORMAT.md, "Published directory").
 *
 * What is published is what a seal covers, hashed again from the entries on the way: no file is believed that
 * the journal's own seal does not prove. A reader finds everything that the checkpoint needs from the moment
 * it sees it, since the checkpoint is written last; a publish that was cut off is gone on with by the next.
 */
#ifndef AUDIT_PUBLISH_H
#define AUDIT_PUBLISH_H

#include "ledger/err.h"
#include "ledger/hash.h"
#include "ledger/journal.h"

#include <stdint.h>

struct publish_options {
    const char *dir;   /* the journal */
    const char *out;   /* the directory to publish to: made if it is not there */
    bool looks_at_all; /* also at files that were published before: what is missing or changed is put right */
    void (*progress)(void *arg, uint64_t done, uint64_t total); /* entries; may be NULL */
    void *progress_arg;
};

struct publish_report {
    char origin[JOURNAL_ORIGIN_MAX + 1]; /* of the journal, terminated */
    uint64_t before;                     /* entries that were published already */
    uint64_t entries;                    /* that are published now */
    struct hash root;                    /* over them */
    uint64_t seals;                      /* kept: lines of the list */
    uint64_t files;                      /* written */
    uint64_t bytes;                      /* in them */
};

/*
 * After ERR_OK the newest seal of the journal is the directory's checkpoint, and on disk with all it needs.
 * After any error the checkpoint is as it was, and what it needs is there. ERR_WRONG: what was published
 * there is another history than this journal's (both sizes and roots are named), or the journal's entries are
 * not what its seal says. ERR_EXISTS: the directory is another journal's, or no publication, or a publish is
 * at work there. ERR_NOT_FOUND: no journal. ERR_FORMAT: the journal, or the published checkpoint, is damaged.
 * ERR_IO: no permission, disk full.
 */
MUST_USE enum err_code publish_journal(const struct publish_options *options, struct publish_report *report,
                                       struct err *err);

#endif
