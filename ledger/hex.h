/*
 * Hexadecimal text, in its one form: two lower-case digits a byte.
 */
#ifndef LEDGER_HEX_H
#define LEDGER_HEX_H

#include "ledger/err.h"

#include <stdint.h>

#define HEX_LENGTH(size) ((size_t)2 * (size)) /* without the terminator */

/* Writes HEX_LENGTH(size) digits and a terminator; returns the length. */
size_t hex_encode(char *out, const void *bytes, size_t size);

/*
 * Exactly `size` bytes from exactly HEX_LENGTH(size) digits. ERR_FORMAT names the length found, or the first
 * position that is no lower-case digit; `bytes` is then untouched.
 */
MUST_USE enum err_code hex_decode(const char *text, size_t length, uint8_t *bytes, size_t size,
                                  struct err *err);

#endif
