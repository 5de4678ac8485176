/*
 * Lines: text for a pane of a screen, each line with what it means, before anybody has decided how that looks.
 *
 * Sticky: without memory `bad` is set and nothing is added from then on; lines_done() asks once. Whatever comes
 * out of entries is to be escaped by who adds it (reports/words.h does).
 */
#ifndef REPORTS_LINES_H
#define REPORTS_LINES_H

#include "reports/words.h"

enum line_mark { LINE_PLAIN = 0, LINE_TITLE, LINE_DIM, LINE_GOOD, LINE_BAD };

struct line {
    enum line_mark mark;
    char *text; /* one line, without LF */
};

struct lines {
    struct line *rows;
    size_t count;
    size_t capacity;
    unsigned
        frozen; /* not 0: columns are aligned from row to row; so many characters at the left name a row */
    bool bad;
};

void lines_init(struct lines *l); /* allocates nothing yet */
void lines_release(struct lines *l);
void lines_clear(struct lines *l);
MUST_USE enum err_code lines_done(const struct lines *l, struct err *err); /* ERR_MEMORY */

void lines_add(struct lines *l, enum line_mark mark, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* What the words say, a row for each of their lines, and clears them. */
void lines_take(struct lines *l, enum line_mark mark, struct words *w);
/* A check: bad when it FAILED, else plain. */
void lines_check(struct lines *l, const struct check *c);

#endif
