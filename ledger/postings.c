#include "ledger/postings.h"

#include "ledger/wire.h"

#include <inttypes.h>

#define VARINT_MAX 9 /* bytes: 63 bits */

static size_t varint_size(uint64_t v)
{
    size_t size = 1;

    for (; v >= 0x80; v >>= 7)
        size++;
    return size;
}

static uint8_t *put_varint(uint8_t *at, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        *at++ = (uint8_t)(v | 0x80);
    *at++ = (uint8_t)v;
    return at;
}

static uint64_t get_varint(struct wire_in *in)
{
    uint64_t v = 0;

    for (unsigned i = 0; i < VARINT_MAX; i++) {
        const uint8_t byte = wire_get_u8(in);
        v |= (uint64_t)(byte & 0x7f) << 7 * i;
        if (byte & 0x80)
            continue;
        if (i > 0 && byte == 0) /* a byte more than needed */
            in->bad = true;
        return v;
    }
    in->bad = true;
    return 0;
}

size_t postings_encode(const struct postings_run *runs, size_t count, uint8_t *value, size_t *size)
{
    REQUIRE(count > 0 && runs[0].first > 0 && runs[0].first <= runs[0].last);
    uint8_t *at = put_varint(value, runs[0].last - runs[0].first);
    size_t taken = 1;

    for (; taken < count; taken++) {
        const struct postings_run *const run = &runs[taken];
        REQUIRE(run->first > runs[taken - 1].last + 1 && run->first <= run->last);
        const uint64_t length = run->last - run->first;
        const uint64_t head = 2 * (run->first - runs[taken - 1].last - 2) + (length > 0);
        const size_t need = varint_size(head) + (length > 0 ? varint_size(length - 1) : 0);
        if ((size_t)(at - value) + need > POSTINGS_CHUNK_MAX)
            break;
        at = put_varint(at, head);
        if (length > 0)
            at = put_varint(at, length - 1);
    }
    REQUIRE(runs[taken - 1].last <= POSTINGS_SEQ_MAX);
    *size = (size_t)(at - value);
    return taken;
}

/* Sticky: past the largest seq there is nothing. */
static uint64_t sum(struct wire_in *in, uint64_t a, uint64_t b)
{
    if (a > POSTINGS_SEQ_MAX || b > POSTINGS_SEQ_MAX - a) {
        in->bad = true;
        return POSTINGS_SEQ_MAX;
    }
    return a + b;
}

enum err_code postings_decode(uint64_t first, const void *value, size_t size, struct postings_run *runs,
                              size_t *count, struct err *err)
{
    struct wire_in in;
    size_t n = 0;

    if (size == 0 || size > POSTINGS_CHUNK_MAX || first == 0)
        return err_set(err, ERR_FORMAT, "a chunk of postings from entry %" PRIu64 " has %zu bytes", first,
                       size);
    wire_in_init(&in, value, size);
    runs[n++] = (struct postings_run){first, sum(&in, first, get_varint(&in))};
    while (!in.bad && wire_in_left(&in) > 0) {
        const uint64_t head = get_varint(&in);
        const uint64_t start = sum(&in, runs[n - 1].last, head / 2 + 2);
        const uint64_t length = head % 2 ? sum(&in, get_varint(&in), 1) : 0;
        runs[n++] = (struct postings_run){start, sum(&in, start, length)};
    }
    if (in.bad)
        return err_set(err, ERR_FORMAT, "a chunk of postings from entry %" PRIu64 " is damaged in run %zu",
                       first, n);
    *count = n;
    return ERR_OK;
}

size_t postings_add(struct postings_run *runs, size_t count, struct postings_run run)
{
    if (count > 0 && runs[count - 1].last + 1 == run.first) {
        runs[count - 1].last = run.last;
        return count;
    }
    runs[count] = run;
    return count + 1;
}
