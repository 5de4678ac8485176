/*
 * The incident page: a span of a journal as one HTML file that needs nothing else, no network and no other file. For
 * whoever is called at night, and for whoever asks a year later.
 *
 * It carries the entries themselves, as they are stored, with one proof for all of them against the newest seal: what
 * a reader clicks on was decoded from bytes that the page proves. Sentences and charts are made by this program and
 * are for reading. docs/INCIDENT.md says how it is used, incident/page/README.md how it is made.
 *
 * The same journal and the same question give the same bytes.
 */
#ifndef INCIDENT_PAGE_H
#define INCIDENT_PAGE_H

#include "incident/timeline.h"

/*
 * A span with more entries leaves market data of contracts out that were neither held nor traded, all but the first and
 * the last of each run of it, and says how many; with more than PAGE_ENTRIES_MAX even so it is refused.
 */
#define PAGE_ENTRIES_WHOLE 60000u
#define PAGE_ENTRIES_MAX   200000u

/* What the page is about. All is borrowed. */
struct page_request {
    const struct timeline *real;
    const struct timeline
        *other;         /* with deeds; the same span as it would have been; NULL: none was asked for */
    const char *change; /* what was different there, in words; NULL without `other` */
    const char *out;    /* the file */
    bool is_forced;     /* a file that is there is replaced */
};

struct page_counts {
    uint64_t entries; /* on the page and proven, causes from before the span included */
    uint64_t left;    /* entries of the span that are not on it */
    uint64_t bytes;
};

/*
 * Writes the file: whole, synced and under its name, or not at all. ERR_EXISTS: it is there. ERR_RANGE: too many entries.
 * ERR_IO, ERR_MEMORY; errors of reading.
 */
MUST_USE enum err_code page_write(struct journal *j, struct journal_reader *r, const struct page_request *q,
                                  struct page_counts *counts, struct err *err);

#endif
