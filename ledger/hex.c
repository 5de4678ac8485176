#include "ledger/hex.h"

static const char digits[] = "0123456789abcdef";

size_t hex_encode(char *out, const void *bytes, size_t size)
{
    const uint8_t *const in = bytes;

    for (size_t i = 0; i < size; i++) {
        out[2 * i] = digits[in[i] >> 4];
        out[2 * i + 1] = digits[in[i] & 15];
    }
    out[2 * size] = '\0';
    return 2 * size;
}

/* 0 .. 15, or -1 for what is no lower-case digit. */
static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

enum err_code hex_decode(const char *text, size_t length, uint8_t *bytes, size_t size, struct err *err)
{
    if (length != HEX_LENGTH(size))
        return err_set(err, ERR_FORMAT, "%zu characters where %zu hexadecimal digits belong", length,
                       HEX_LENGTH(size));
    for (size_t i = 0; i < length; i++) {
        if (digit_value(text[i]) < 0)
            return err_set(err, ERR_FORMAT, "character %zu is no lower-case hexadecimal digit", i + 1);
    }
    for (size_t i = 0; i < size; i++)
        bytes[i] =
            (uint8_t)((unsigned)digit_value(text[2 * i]) << 4 | (unsigned)digit_value(text[2 * i + 1]));
    return ERR_OK;
}
