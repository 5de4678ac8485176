/*
 * What bundle.c (which entries) and bundle_file.c (the zip file) share; nobody else includes this.
 */
#ifndef AUDIT_BUNDLE_STATE_H
#define AUDIT_BUNDLE_STATE_H

#include "audit/bundle.h"

#define BUNDLE_ATTACHMENTS_MAX 16
#define BUNDLE_SIZE_MAX        ((uint64_t)1 << 30) /* bytes of entries: a bundle is made in memory */

struct bundle_attachment {
    const char *name;
    const void *bytes; /* borrowed */
    size_t size;
};

struct bundle {
    struct journal *journal;
    struct journal_reader *reader;
    struct seal seal; /* the newest: what everything is proven against */
    uint64_t *chosen; /* a bit an entry: it is in the bundle */
    uint64_t *asked;  /* likewise: it was asked for */
    struct bundle_attachment attachments[BUNDLE_ATTACHMENTS_MAX];
    unsigned attachment_count;
};

#endif
