/*
 * The page of a bundle of evidence that people read: what was asked, what the journal's newest seal says, and the
 * entries in words. HTML in one file, nothing loaded from elsewhere. It proves nothing; verify.html beside it does.
 */
#ifndef REPORTS_EVIDENCE_PAGE_H
#define REPORTS_EVIDENCE_PAGE_H

#include "audit/bundle.h"
#include "reports/words.h"

#define EVIDENCE_PAGE_ROWS 1500 /* entries that are put into words; the page says how many more there are */

/* Adds the page to *w. The bundle is complete (bundle_complete()). Errors of reading; ERR_MEMORY. */
MUST_USE enum err_code evidence_page(struct words *w, const struct bundle *b, struct journal *j,
                                     struct journal_reader *r, const char *question, struct err *err);

#endif
