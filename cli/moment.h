/* A moment of a journal, as people name it: an entry's number, or a time. */
#ifndef CLI_MOMENT_H
#define CLI_MOMENT_H

#include "book/book.h"

struct moment {
    uint64_t seq;  /* after this entry; 0: after the newest */
    int64_t at_ns; /* or before the market's clock passes this; INSTANT_NONE: by seq */
};

/* Digits are a seq, all else is a time. NULL: the newest entry. ERR_USAGE names the option. */
MUST_USE enum err_code moment_parse(const char *option, const char *text, struct moment *m, struct err *err);
/*
 * Folds an empty book up to there, with progress called `what`; remarks on stderr. ERR_NOT_FOUND: there is no such
 * entry.
 */
MUST_USE enum err_code moment_load(const struct moment *m, const char *what, struct journal_reader *r,
                                   struct book *b, struct err *err);

#endif
