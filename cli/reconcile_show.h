/* How breaks are shown. */
#ifndef CLI_RECONCILE_SHOW_H
#define CLI_RECONCILE_SHOW_H

#include "cli/cli.h"

#include "book/book.h"

/* What ages are measured from: the newest clock, and when the newest entry was recorded. */
struct reconcile_now {
    int64_t clock_ns;
    int64_t recorded_at_ns;
};
MUST_USE enum err_code reconcile_now_read(struct reconcile_now *now, const struct book *b,
                                          struct journal_reader *r, struct err *err);

/* One break: a line, or a JSON object. */
void reconcile_put_line(const struct book *b, const struct reconcile_now *now,
                        const struct reconcile_break *k);
void reconcile_put_json(struct json_out *out, const struct book *b, const struct reconcile_now *now,
                        const struct reconcile_break *k);
/* Sum of all; "nobody can tell" where CHECK_VALUE_NONE. */
void reconcile_format_worth(char out[DECIMAL_TEXT_SIZE], int64_t micro);
int64_t reconcile_worth_in(const struct book *b, const struct reconcile_break *k); /* NULL: of all */

#endif
