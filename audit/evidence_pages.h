/*
 * Evidence of a journal's file that LMDB refuses, or that would make it stumble: the rows of all pages that are
 * sound (audit/pages.h), those that a tree leads to first, then blocks, seals and timestamps in pages that none leads to any
 * more. As always with evidence, nothing is judged: what is not the journal's falls out when the seals are asked.
 */
#ifndef AUDIT_EVIDENCE_PAGES_H
#define AUDIT_EVIDENCE_PAGES_H

#include "audit/evidence.h"
#include "audit/pages.h"

struct evidence_pages_report {
    bool has_meta;    /* one of the two meta pages could be used */
    uint64_t damaged; /* pages or rows that its trees lead to and that could not be read */
    uint64_t strays;  /* blocks, seals and timestamps that were found outside of the trees */
    struct pages_walked walked;
};

/* `progress` may be NULL. ERR_NOT_FOUND, ERR_IO, ERR_MEMORY; ERR_FORMAT: no regular file, or not one sound row. */
MUST_USE enum err_code evidence_open_pages(const char *path, pages_progress progress, void *progress_arg,
                                           struct evidence **e, struct evidence_pages_report *report,
                                           struct err *err);

#endif
