/* What the files of explain share: putting steps together. Nobody else includes this. */
#ifndef REPORTS_EXPLAIN_STEPS_H
#define REPORTS_EXPLAIN_STEPS_H

#include "reports/chain.h"
#include "reports/explain.h"
#include "reports/words.h"

/* Takes both texts out of `w` and `details` (which may be NULL or empty) and leaves them empty. */
MUST_USE enum err_code explain_add(struct explanation *x, const struct entry *e, const char *stage,
                                   struct words *w, struct words *details, const struct checks *checks,
                                   struct err *err);
/* The entry in its own words, with its checks, candidates and counts. `extra` (or NULL) goes behind its words. */
MUST_USE enum err_code explain_add_entry(struct explanation *x, const struct entry *e, const char *extra,
                                         struct err *err);
MUST_USE enum err_code explain_add_seq(struct explanation *x, struct journal_reader *r, uint64_t seq,
                                       const char *extra, struct err *err);
MUST_USE enum err_code explain_set_title(struct explanation *x, struct words *w, struct err *err);

/*
 * What was known of the market when the book was folded so far: the contract's quote and what the
 * underlying's price came from. The clock need not have spoken.
 */
struct explain_seen {
    uint64_t quote_seq; /* 0: never quoted */
    int64_t quote_age_ns;
    struct view_price price;
};
void explain_look(const struct book *b, const struct symbol *s, struct explain_seen *seen);
MUST_USE enum err_code explain_add_quote(struct explanation *x, struct journal_reader *r,
                                         const struct explain_seen *seen, struct err *err);
MUST_USE enum err_code explain_add_price(struct explanation *x, struct journal_reader *r,
                                         const struct explain_seen *seen, struct err *err);

#endif
