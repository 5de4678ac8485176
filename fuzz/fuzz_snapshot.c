/*
 * Any bytes as a stored state. What a book takes, it saves again as the same bytes; what it does not take is
 * refused with words that name the reducer, and leaves the book empty.
 */
#include "book/book.h"

#include "fuzz.h"

#include <string.h>

struct expected {
    const uint8_t *at;
    size_t left;
};

static void compare(void *context, const void *bytes, size_t size)
{
    struct expected *const e = context;

    REQUIRE(size <= e->left && memcmp(e->at, bytes, size) == 0);
    e->at += size;
    e->left -= size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct book book;
    struct expected e = {data, size};
    const struct digest_out out = {compare, &e};
    struct err err = {0};
    struct restore_in in;

    if (book.replay.count == 0)
        REQUIRE(book_init(&book, NULL) == ERR_OK);
    restore_init(&in, data, size);
    const enum err_code rc = book_restore(&book, &in, &err);
    if (rc) {
        REQUIRE((rc == ERR_FORMAT || rc == ERR_MEMORY) && err.code == rc && strstr(err.text, "snapshot: "));
        REQUIRE(book_seq(&book) == 0);
        return 0;
    }
    book_save(&book, &out);
    REQUIRE(e.left == 0 && book_seq(&book) > 0);
    book_clear(&book);
    return 0;
}
