/*
 * Any bytes as a stored state (book/snapshot.h): first byte which reducer's, second in pieces of which size. What a
 * reducer reads back it writes in a form that it reads back as the same; what it refuses can still be released.
 */
#include "book/book.h"

#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#define BYTES_MAX (1u << 20)

struct pieces {
    const uint8_t *bytes;
    size_t size;
    size_t piece;
};

static bool more(void *context, uint32_t piece, const uint8_t **bytes, size_t *size)
{
    const struct pieces *const p = context;
    const size_t at = piece * p->piece;

    if (at >= p->size)
        return false;
    *bytes = p->bytes + at;
    *size = p->size - at < p->piece ? p->size - at : p->piece;
    return true;
}

struct written {
    uint8_t bytes[BYTES_MAX];
    size_t size;
};

static void add(void *context, const void *bytes, size_t size)
{
    struct written *const w = context;

    REQUIRE(size <= BYTES_MAX - w->size);
    if (size)
        memcpy(w->bytes + w->size, bytes, size);
    w->size += size;
}

/* Reads the bytes into a fresh state, and writes it into *w. */
static enum err_code restore(const struct replay_row *row, struct pieces *pieces, struct written *w,
                             struct err *err)
{
    const struct digest_out out = {add, w};
    void *const state = malloc(row->size);
    struct restore_in in;

    REQUIRE(state);
    w->size = 0;
    row->init(state);
    restore_init_pieces(&in, pieces->size, more, pieces);
    const enum err_code rc = row->restore(state, &in, err);
    if (!rc)
        row->digest(state, &out);
    row->release(state);
    free(state);
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct written first;
    static struct written second;
    struct err err = {0};
    size_t count = 0;
    const struct replay_row *const *const rows = book_rows(&count);

    if (size < 2)
        return 0;
    const struct replay_row *const row = rows[data[0] % count];
    uint8_t *const bytes = malloc(size); /* its own, so that a byte too far is seen */
    REQUIRE(bytes && row->restore);
    memcpy(bytes, data + 2, size - 2);
    struct pieces pieces = {bytes, size - 2, data[1] ? data[1] : size};
    const enum err_code rc = restore(row, &pieces, &first, &err);
    if (rc)
        REQUIRE(rc == ERR_FORMAT && err.code == rc && err.text[0] != '\0');
    if (!rc) {
        struct pieces whole = {first.bytes, first.size, BYTES_MAX};
        REQUIRE(restore(row, &whole, &second, &err) == ERR_OK);
        REQUIRE(first.size == second.size && memcmp(first.bytes, second.bytes, first.size) == 0);
    }
    free(bytes);
    return 0;
}
