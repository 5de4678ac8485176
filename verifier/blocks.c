#include "verifier/blocks.h"

#include "verifier/published.h"
#include "verifier/tree.h"

bool blocks_open(const struct rows *rows, struct block *b, const struct row *row)
{
    const size_t count = row->size >= 2 ? plain_u16(row->value) : 0;

    *b = (struct block){.at = row->value, .end = row->size > 0 ? row->value + row->size : row->value};
    if (rows->published) {
        b->left = published_count(rows->published, (row->number - 1) / PUBLISHED_WIDTH);
        b->check_size = DIGEST_SIZE;
        return !row->is_missing;
    }
    if (count == 0 || 2 + 6 * count > row->size)
        return false;
    b->left = count;
    b->sizes = row->value + 2;
    b->checks = b->sizes + 2 * count;
    b->check_size = 4;
    b->at = b->checks + 4 * count;
    return true;
}

bool blocks_take(struct block *b, const uint8_t **bytes, size_t *size, const uint8_t **check)
{
    if (!b->sizes && b->end - b->at < 2)
        return false;
    *size = plain_u16(b->sizes ? b->sizes : b->at);
    b->at += b->sizes ? 0 : 2;
    if (*size > (size_t)(b->end - b->at))
        return false;
    *bytes = b->at;
    *check = b->checks;
    b->at += *size;
    if (b->sizes)
        b->sizes += 2;
    if (b->checks)
        b->checks += b->check_size;
    b->left--;
    return true;
}
