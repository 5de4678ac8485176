/*
 * Base64 (RFC 4648, section 4: the standard alphabet, with padding), in its one canonical form.
 *
 * Reading refuses everything that this file's writer would not write: missing or surplus padding, characters
 * of another alphabet, white space, and non-zero bits after the last byte ("QR=="), which some libraries let
 * pass.
 */
#ifndef LEDGER_BASE64_H
#define LEDGER_BASE64_H

#include "ledger/err.h"

#include <stdint.h>

#define BASE64_LENGTH(size) (((size_t)(size) + 2) / 3 * 4) /* without the terminator */
#define BASE64_SIZE_MAX(length)                                                                              \
    ((size_t)(length) / 4 * 3) /* bytes that `length` characters may hold at most */

/* Writes BASE64_LENGTH(size) characters and a terminator; returns the length. */
size_t base64_encode(char *out, const void *bytes, size_t size);

/*
 * Checks the text and tells how many bytes it holds, without writing them. ERR_FORMAT names the first
 * position that is wrong. Text of length zero holds zero bytes.
 */
MUST_USE enum err_code base64_check(const char *text, size_t length, size_t *size, struct err *err);

/*
 * Decodes into `bytes`, which has room for `capacity`; *size receives the number written. ERR_FORMAT as for
 * base64_check(), also when the bytes exceed `capacity`; both outputs are then untouched.
 */
MUST_USE enum err_code base64_decode(const char *text, size_t length, uint8_t *bytes, size_t capacity,
                                     size_t *size, struct err *err);

#endif
