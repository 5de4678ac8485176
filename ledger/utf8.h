/* UTF-8 as Unicode 15 table 3-7 has it: shortest forms only, no surrogates, nothing past U+10FFFF. Pure. */
#ifndef LEDGER_UTF8_H
#define LEDGER_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Length of the one valid sequence at p (1..4), or 0 when there is none within `left` bytes. */
size_t utf8_sequence(const uint8_t *p, size_t left);
/* All bytes are valid sequences; U+0000 counts as invalid. */
bool utf8_is_valid_text(const void *bytes, size_t size);

#endif
