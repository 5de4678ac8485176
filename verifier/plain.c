#include "verifier/plain.h"

#include <stdarg.h>
#include <stdio.h>

const char PLAIN_NO_MEMORY[] = "out of memory";

const char *words_put(struct words *w, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(w->text, sizeof w->text, format, args);
    va_end(args);
    return w->text;
}

unsigned plain_utf8(const uint8_t *p, size_t size, uint32_t *character)
{
    static const uint32_t LEAST[] = {0, 0, 0x80, 0x800, 0x10000};

    if (size == 0)
        return 0;
    const unsigned length = p[0] < 0x80       ? 1
                            : p[0] >> 5 == 6  ? 2
                            : p[0] >> 4 == 14 ? 3
                            : p[0] >> 3 == 30 ? 4
                                              : 0;
    if (length == 0 || length > size)
        return 0;
    uint32_t c = length == 1 ? p[0] : p[0] & (0x7fu >> length);
    for (unsigned i = 1; i < length; i++) {
        if (p[i] >> 6 != 2)
            return 0;
        c = c << 6 | (p[i] & 0x3fu);
    }
    if (c < LEAST[length] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    *character = c;
    return length;
}
