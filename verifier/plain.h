/* What every file here needs: numbers out of bytes, and sentences. */
#ifndef VERIFIER_PLAIN_H
#define VERIFIER_PLAIN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Room for one sentence. */
struct words {
    char text[400];
};

/* Puts a sentence together and returns it. A rule's check returns NULL, or the sentence that says how it is broken. */
const char *words_put(struct words *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

extern const char PLAIN_NO_MEMORY[]; /* one sentence, known by where it stands */

static inline uint64_t plain_number(const uint8_t *p, unsigned size)
{
    uint64_t n = 0;

    while (size-- > 0)
        n = n << 8 | *p++;
    return n;
}

static inline unsigned plain_u16(const uint8_t *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

static inline uint64_t plain_u64(const uint8_t *p)
{
    return plain_number(p, 8);
}

/* Bytes of the UTF-8 sequence that the text begins with (no surrogate, no overlong form, at most U+10FFFF), and its
 * character; 0: there is none. */
unsigned plain_utf8(const uint8_t *p, size_t size, uint32_t *character);

#endif
