#include "ledger/block.h"

#include "ledger/wire.h"

#include <inttypes.h>

#define COUNT_SIZE  2u
#define LENGTH_SIZE 2u
#define ENTRY_HEAD  (LENGTH_SIZE + BLOCK_CHECK_SIZE)

static size_t load_u16(const uint8_t *p)
{
    return (size_t)p[0] << 8 | p[1];
}

enum err_code block_open(struct block *b, uint64_t last, const void *value, size_t size, struct err *err)
{
    const uint8_t *const p = value;
    const size_t count = size >= COUNT_SIZE ? load_u16(p) : 0;
    const size_t head = COUNT_SIZE + ENTRY_HEAD * count;
    size_t total = 0;

    if (count == 0 || head > size)
        return err_set(err, ERR_FORMAT,
                       "the block that ends with entry %" PRIu64 " is damaged: %zu bytes, %zu entries", last,
                       size, count);
    if (last < count)
        return err_set(err, ERR_FORMAT, "the block that ends with entry %" PRIu64 " is damaged: %zu entries",
                       last, count);
    for (size_t i = 0; i < count; i++) {
        const size_t length = load_u16(p + COUNT_SIZE + LENGTH_SIZE * i);
        if (length == 0)
            return err_set(err, ERR_FORMAT, "entry %" PRIu64 " is damaged: its length is zero",
                           last - count + 1 + i);
        total += length;
    }
    if (head + total != size)
        return err_set(err, ERR_FORMAT,
                       "the block that ends with entry %" PRIu64 " is damaged: %zu bytes where its lengths "
                       "need %zu",
                       last, size, head + total);
    b->first = last - count + 1;
    b->last = last;
    b->lengths = p + COUNT_SIZE;
    b->at_seq = b->first;
    b->at = p + head;
    return ERR_OK;
}

static size_t length_of(const struct block *b, uint64_t seq)
{
    return load_u16(b->lengths + LENGTH_SIZE * (seq - b->first));
}

const uint8_t *block_entry(struct block *b, uint64_t seq, size_t *size)
{
    REQUIRE(block_holds(b, seq));
    while (b->at_seq > seq)
        b->at -= length_of(b, --b->at_seq);
    while (b->at_seq < seq)
        b->at += length_of(b, b->at_seq++);
    *size = length_of(b, seq);
    return b->at;
}

const uint8_t *block_check(const struct block *b, uint64_t seq)
{
    REQUIRE(block_holds(b, seq));
    return b->lengths + (size_t)LENGTH_SIZE * (b->last - b->first + 1) + BLOCK_CHECK_SIZE * (seq - b->first);
}

size_t block_size(const uint32_t *ends, uint32_t count, uint32_t start)
{
    return COUNT_SIZE + (size_t)ENTRY_HEAD * count + (ends[count - 1] - start);
}

uint32_t block_fit(const uint32_t *ends, uint32_t count, uint32_t start)
{
    uint32_t n = 1;

    while (n < count && block_size(ends, n + 1, start) <= BLOCK_SIZE_MAX)
        n++;
    return n;
}

void block_write(uint8_t *value, const uint32_t *ends, uint32_t count, uint32_t start, const uint8_t *bytes,
                 const struct hash *leaves)
{
    uint32_t from = start;
    uint8_t *p = value;

    REQUIRE(count >= 1 && count <= UINT16_MAX);
    *p++ = (uint8_t)(count >> 8);
    *p++ = (uint8_t)count;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t length = ends[i] - from;
        *p++ = (uint8_t)(length >> 8);
        *p++ = (uint8_t)length;
        from = ends[i];
    }
    for (uint32_t i = 0; i < count; i++, p += BLOCK_CHECK_SIZE)
        memcpy(p, leaves[i].bytes, BLOCK_CHECK_SIZE);
    memcpy(p, bytes, ends[count - 1] - start);
}

/* The lengths are right: so the entries lie where they should. */
static bool is_same(const struct block *b, const uint32_t *ends, uint32_t i, uint32_t start,
                    const uint8_t *bytes, const struct hash *leaf)
{
    const uint32_t from = i == 0 ? start : ends[i - 1];

    return memcmp(block_check(b, b->first + i), leaf->bytes, BLOCK_CHECK_SIZE) == 0 &&
           memcmp(b->at + (from - start), bytes + (from - start), ends[i] - from) == 0;
}

uint32_t block_differs(const struct block *b, const uint32_t *ends, uint32_t count, uint32_t start,
                       const uint8_t *bytes, const struct hash *leaves)
{
    uint32_t from = start;

    REQUIRE(b->last - b->first + 1 == count && b->at_seq == b->first);
    for (uint32_t i = 0; i < count; i++) {
        if (length_of(b, b->first + i) != ends[i] - from)
            return i;
        from = ends[i];
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!is_same(b, ends, i, start, bytes, &leaves[i]))
            return i;
    }
    return count;
}
