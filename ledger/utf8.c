#include "ledger/utf8.h"

#include <string.h>

/* Not 0: one of the eight bytes is above 0x7f, or zero. */
static uint64_t unusual(const uint8_t *p)
{
    uint64_t eight;

    memcpy(&eight, p, sizeof eight);
    return (eight | (eight - UINT64_C(0x0101010101010101))) & UINT64_C(0x8080808080808080);
}

/*
 * How many of the first bytes are ASCII and not zero, at least: most text is nothing else. Eight at a time; the last eight
 * overlap those before them.
 */
static size_t ascii_run(const uint8_t *p, size_t size)
{
    size_t n = 0;

    while (n + 32 <= size &&
           (unusual(p + n) | unusual(p + n + 8) | unusual(p + n + 16) | unusual(p + n + 24)) == 0)
        n += 32;
    while (n + 8 <= size && unusual(p + n) == 0)
        n += 8;
    return n && size - n < 8 && unusual(p + size - 8) == 0 ? size : n;
}

static bool tail(uint8_t b)
{
    return (b & 0xc0) == 0x80;
}

size_t utf8_sequence(const uint8_t *p, size_t left)
{
    if (left == 0)
        return 0;
    if (p[0] < 0x80)
        return 1;
    if (p[0] >= 0xc2 && p[0] <= 0xdf)
        return left >= 2 && tail(p[1]) ? 2 : 0;
    if (p[0] >= 0xe0 && p[0] <= 0xef) {
        const uint8_t low = p[0] == 0xe0 ? 0xa0 : 0x80;
        const uint8_t high = p[0] == 0xed ? 0x9f : 0xbf;
        return left >= 3 && p[1] >= low && p[1] <= high && tail(p[2]) ? 3 : 0;
    }
    if (p[0] >= 0xf0 && p[0] <= 0xf4) {
        const uint8_t low = p[0] == 0xf0 ? 0x90 : 0x80;
        const uint8_t high = p[0] == 0xf4 ? 0x8f : 0xbf;
        return left >= 4 && p[1] >= low && p[1] <= high && tail(p[2]) && tail(p[3]) ? 4 : 0;
    }
    return 0;
}

bool utf8_is_valid_text(const void *bytes, size_t size)
{
    const uint8_t *p = bytes;
    const uint8_t *const end = p + size;

    while (p < end) {
        p += ascii_run(p, (size_t)(end - p));
        if (p == end)
            break;
        const size_t n = utf8_sequence(p, (size_t)(end - p));
        if (n == 0 || p[0] == 0)
            return false;
        p += n;
    }
    return true;
}
