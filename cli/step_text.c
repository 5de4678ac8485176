#include "cli/step_text.h"

#include <stdint.h>

/* One character; returns its bytes, at least 1. U+FFFD for what is none. */
static size_t decode(const unsigned char *at, uint32_t *c)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const size_t size = at[0] < 0x80                    ? 1
                        : at[0] >= 0xc2 && at[0] < 0xe0 ? 2
                        : at[0] >= 0xe0 && at[0] < 0xf0 ? 3
                        : at[0] >= 0xf0 && at[0] < 0xf5 ? 4
                                                        : 0;
    uint32_t value = size == 1 ? at[0] : at[0] & (0x7fu >> size);

    *c = 0xfffd;
    if (!size)
        return 1;
    for (size_t i = 1; i < size; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 1;
        value = value << 6 | (at[i] & 0x3f);
    }
    if (value >= least[size] && value <= 0x10ffff && (value < 0xd800 || value > 0xdfff))
        *c = value;
    return size;
}

static bool is_combining(uint32_t c)
{
    return (c >= 0x300 && c <= 0x36f) || (c >= 0x1ab0 && c <= 0x1aff) || (c >= 0x1dc0 && c <= 0x1dff) ||
           (c >= 0x20d0 && c <= 0x20ff) || (c >= 0xfe20 && c <= 0xfe2f);
}

/* What is shown for it, and how wide that is. */
static wchar_t shown(uint32_t c, bool plain, unsigned *width)
{
    *width = 1;
    if (c < 0x20 || (c >= 0x7f && c < 0xa0) || (plain && c >= 0x7f))
        return L'?';
    if (c < 0x7f)
        return (wchar_t)c;
    const int columns = wcwidth((wchar_t)c);
    if (columns < 0 || (columns == 0 && !is_combining(c)))
        return L'?';
    *width = (unsigned)columns;
    return (wchar_t)c;
}

/* As much of the first `size` bytes as fits. */
static size_t fit(const char *text, size_t size, bool plain, unsigned columns, wchar_t *out, size_t capacity,
                  unsigned *used)
{
    size_t taken = 0;
    size_t count = 0;
    unsigned column = 0;

    while (taken < size && text[taken] && count + 1 < capacity) {
        uint32_t c;
        unsigned width;
        const size_t bytes = decode((const unsigned char *)text + taken, &c);
        const wchar_t glyph = shown(c, plain, &width);
        if (column + width > columns)
            break;
        out[count++] = glyph;
        column += width;
        taken += bytes;
    }
    out[count] = L'\0';
    if (used)
        *used = column;
    return taken;
}

size_t step_text_fit(const char *text, bool plain, unsigned columns, wchar_t *out, size_t capacity,
                     unsigned *used)
{
    return fit(text, SIZE_MAX, plain, columns, out, capacity, used);
}

size_t step_text_skip(const char *text, bool plain, unsigned columns)
{
    wchar_t cells[128];
    size_t taken = 0;

    while (columns > 0 && text[taken]) {
        unsigned used = 0;
        const unsigned some = columns < 64 ? columns : 64;
        const size_t bytes = fit(text + taken, SIZE_MAX, plain, some, cells, 128, &used);
        if (!bytes)
            break;
        taken += bytes;
        columns -= used < columns ? used : columns;
    }
    return taken;
}

size_t step_text_wrap(const char *text, bool plain, unsigned columns, wchar_t *out, size_t capacity,
                      unsigned *used)
{
    const size_t taken = fit(text, SIZE_MAX, plain, columns, out, capacity, used);
    size_t indentation = 0;
    size_t cut = taken;

    if (!text[taken] || text[taken] == ' ')
        return taken;
    while (text[indentation] == ' ')
        indentation++;
    while (cut > 0 && text[cut - 1] != ' ')
        cut--;
    return cut <= indentation ? taken : fit(text, cut, plain, columns, out, capacity, used);
}
