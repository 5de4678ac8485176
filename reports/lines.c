#include "reports/lines.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef LEDGER_ANALYZE
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak" /* it loses sight of what an array of rows keeps */
#endif

enum { FIRST_ROWS = 32 };

void lines_init(struct lines *l)
{
    memset(l, 0, sizeof *l);
}

void lines_clear(struct lines *l)
{
    for (size_t i = 0; i < l->count; i++)
        free(l->rows[i].text);
    l->count = 0;
    l->frozen = 0;
    l->bad = false;
}

void lines_release(struct lines *l)
{
    lines_clear(l);
    free(l->rows);
    lines_init(l);
}

enum err_code lines_done(const struct lines *l, struct err *err)
{
    return l->bad ? err_set(err, ERR_MEMORY, "a pane does not fit in memory") : ERR_OK;
}

/* Room for one more row. */
static bool room(struct lines *l)
{
    if (!l->bad && l->count == l->capacity) {
        const size_t capacity = l->capacity ? 2 * l->capacity : FIRST_ROWS;
        struct line *const grown = realloc(l->rows, capacity * sizeof *grown);
        if (grown) {
            l->rows = grown;
            l->capacity = capacity;
        }
        l->bad = !grown;
    }
    return !l->bad;
}

static void add(struct lines *l, enum line_mark mark, const char *text, size_t length)
{
    char *const copy = malloc(length + 1);

    if (!copy || !room(l)) {
        free(copy);
        l->bad = true;
        return;
    }
    memcpy(copy, text, length);
    copy[length] = '\0';
    l->rows[l->count].mark = mark;
    l->rows[l->count].text = copy;
    l->count++;
}

void lines_add(struct lines *l, enum line_mark mark, const char *format, ...)
{
    char *text = NULL;
    va_list args;

    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        text = NULL;
    va_end(args);
    if (text)
        add(l, mark, text, strlen(text));
    else
        l->bad = true;
    free(text);
}

void lines_take(struct lines *l, enum line_mark mark, struct words *w)
{
    const char *at = words_get(w);

    l->bad |= w->bad;
    while (*at) {
        const size_t length = strcspn(at, "\n");
        add(l, mark, at, length);
        at += length + (at[length] == '\n');
    }
    words_clear(w);
}

void lines_check(struct lines *l, const struct check *c)
{
    struct words w;

    words_init(&w);
    words_add(&w, "    ");
    words_check(&w, c);
    lines_take(l, words_check_failed(c) ? LINE_BAD : LINE_PLAIN, &w);
    words_release(&w);
}
