/*
 * Any bytes as a predicate: what is refused is refused with its column; what is taken has a canonical form that is
 * read as the same again, and an answer for an empty state.
 */
#include "incident/predicate.h"

#include "fuzz.h"

#include <string.h>

static void check_form(const struct predicate *p)
{
    static struct predicate again;
    struct words w;
    struct err err = {0};

    words_init(&w);
    predicate_text(p, &w);
    if (!w.bad && w.size <= PREDICATE_TEXT_MAX) {
        /* Parentheses around every operation may be more than a text has room for. */
        const enum err_code rc = predicate_parse(&again, words_get(&w), w.size, &err);
        REQUIRE(rc == ERR_OK || strstr(err.text, "too deep"));
        REQUIRE(rc || memcmp(p, &again, sizeof again) == 0);
    }
    words_release(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct predicate predicate;
    static struct book book;
    struct err err = {0};
    bool holds;

    if (!book.replay.count)
        REQUIRE(book_init(&book, &err) == ERR_OK);
    if (predicate_parse(&predicate, (const char *)data, size, &err)) {
        REQUIRE(err.code == ERR_INPUT && strstr(err.text, "column "));
        return 0;
    }
    check_form(&predicate);
    REQUIRE(predicate_holds(&predicate, &book, &holds, &err) == ERR_OK);
    return 0;
}
