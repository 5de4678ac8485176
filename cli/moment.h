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
/* ERR_USAGE: nothing of the market happened by then, and the journal itself was not there yet. */
MUST_USE enum err_code moment_check(int64_t at_ns, struct journal_reader *r, struct err *err);
/*
 * Folds an empty book up to there, with progress called `what`; remarks on stderr. ERR_NOT_FOUND: there is no such
 * entry. ERR_USAGE: moment_check()'s.
 */
MUST_USE enum err_code moment_load(const struct moment *m, const char *what, struct journal_reader *r,
                                   struct book *b, struct err *err);
/* The same, where a time before everything is the beginning. */
MUST_USE enum err_code moment_fold(const struct moment *m, const char *what, struct journal_reader *r,
                                   struct book *b, struct err *err);

/* Whether anything was told of the symbol, or of an option of it, up to where the book is. */
bool moment_has_symbol(const struct book *b, const struct symbol *s);

#endif
