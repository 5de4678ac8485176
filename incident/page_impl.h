/* What the files of the incident page share; nobody else includes this. */
#ifndef INCIDENT_PAGE_IMPL_H
#define INCIDENT_PAGE_IMPL_H

#include "audit/bundle.h"
#include "incident/page.h"
#include "ledger/json_out.h"
#include "reports/words.h"

struct page {
    struct journal *journal;
    struct journal_reader *reader;
    const struct page_request *request;
    struct bundle *bundle; /* which entries are on it */
    struct seal seal;      /* the newest: what they are proven against */
    struct json_out schema;
    uint64_t left;   /* entries of the span that are not on it */
    int64_t base_ms; /* instants are told as ms since then */
};

/*
 * What bytes mean, as JSON: the table of kinds and the names of choices. It is a constant of the program, and stands in the
 * page's script and not in its data: so whoever changes a name there changes a script, and changed scripts do not run.
 */
MUST_USE enum err_code page_schema(struct json_out *out, struct err *err);
/* The page's data as JSON: what incident/page/page.js reads. */
MUST_USE enum err_code page_data(const struct page *p, struct json_out *out, struct err *err);
/* The entries on the page: columns, their bytes, and the proof. */
MUST_USE enum err_code page_entries(const struct page *p, struct json_out *out, struct err *err);
/* What happened, as an array of sentences. */
MUST_USE enum err_code page_summary(const struct page *p, struct json_out *out, struct err *err);
/* Real and other side by side: rows of three texts. */
MUST_USE enum err_code page_comparison(const struct page *p, struct json_out *out, struct err *err);
/* Milliseconds on the page's axis. */
int64_t page_ms(const struct page *p, int64_t at_ns);
/* The number of an entry's underlying in `underlyings` of the data; -1: it has none, or none with a price. */
int64_t page_underlying(const struct timeline *t, const struct timeline_entry *e);

#endif
