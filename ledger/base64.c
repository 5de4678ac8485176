#include "ledger/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t base64_encode(char *out, const void *bytes, size_t size)
{
    const uint8_t *in = bytes;
    char *at = out;

    for (; size >= 3; in += 3, size -= 3) {
        const uint32_t v = (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2];
        *at++ = alphabet[v >> 18];
        *at++ = alphabet[v >> 12 & 63];
        *at++ = alphabet[v >> 6 & 63];
        *at++ = alphabet[v & 63];
    }
    if (size > 0) {
        const uint32_t v = (uint32_t)in[0] << 16 | (size == 2 ? (uint32_t)in[1] << 8 : 0);
        *at++ = alphabet[v >> 18];
        *at++ = alphabet[v >> 12 & 63];
        *at++ = size == 2 ? alphabet[v >> 6 & 63] : '=';
        *at++ = '=';
    }
    *at = '\0';
    return (size_t)(at - out);
}

/* 0 .. 63, or -1 for what is not in the alphabet (so also for "="). */
static int digit_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : -1;
}

/* How many "=" end the text: 0, 1 or 2. A third one is left to be found as a wrong character. */
static size_t padding(const char *text, size_t length)
{
    if (length == 0 || text[length - 1] != '=')
        return 0;
    return text[length - 2] == '=' ? 2 : 1;
}

enum err_code base64_check(const char *text, size_t length, size_t *size, struct err *err)
{
    if (length % 4 != 0)
        return err_set(err, ERR_FORMAT, "base64 of %zu characters: the length must be a multiple of 4",
                       length);
    const size_t pad = padding(text, length);
    const size_t count = length - pad;
    for (size_t i = 0; i < count; i++) {
        if (digit_value(text[i]) < 0)
            return err_set(err, ERR_FORMAT, "character %zu is not of the base64 alphabet", i + 1);
    }
    const int unused = pad == 0 ? 0 : pad == 1 ? 3 : 15; /* bits after the last byte */
    if (pad > 0 && (digit_value(text[count - 1]) & unused) != 0)
        return err_set(err, ERR_FORMAT,
                       "character %zu has bits set after the last byte: not canonical base64", count);
    *size = BASE64_SIZE_MAX(length) - pad;
    return ERR_OK;
}

enum err_code base64_decode(const char *text, size_t length, uint8_t *bytes, size_t capacity, size_t *size,
                            struct err *err)
{
    size_t total = 0;

    const enum err_code rc = base64_check(text, length, &total, err);
    if (rc)
        return rc;
    if (total > capacity)
        return err_set(err, ERR_FORMAT, "base64 of %zu bytes where at most %zu belong", total, capacity);
    uint32_t bits = 0;
    size_t done = 0;
    for (size_t i = 0; i < length && done < total; i++) {
        const int value = digit_value(text[i]);
        bits = bits << 6 | (uint32_t)(value < 0 ? 0 : value); /* padding counts as zero */
        if (i % 4 != 0)
            bytes[done++] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
    }
    *size = total;
    return ERR_OK;
}
