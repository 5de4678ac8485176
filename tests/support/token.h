/*
 * Timestamp tokens made by hand, for tests: the form that audit/timestamp.c reads, signed by nobody. Every part can be
 * another one than it should be.
 */
#ifndef TESTS_SUPPORT_TOKEN_H
#define TESTS_SUPPORT_TOKEN_H

#include "ledger/hash.h"
#include "ledger/wire.h"

#include <stdio.h>
#include <stdlib.h>

#define TOKEN_ROOM 4096

struct token_parts {
    const void *imprint; /* of imprint_size bytes */
    size_t imprint_size;
    uint8_t digest;   /* last byte of the digest's OID: 1 SHA-256, 2 SHA-384, 3 SHA-512 */
    const char *time; /* "20151224143100Z" */
    const char *rest; /* what follows the time */
    size_t rest_size;
};

/* A DER value of contents up to 65,535 bytes behind what `at` holds already. Returns its end. */
static inline size_t token_put(uint8_t *out, size_t at, uint8_t tag, const void *bytes, size_t size)
{
    REQUIRE(at + size + 4 <= TOKEN_ROOM);
    out[at++] = tag;
    if (size >= 0x100)
        out[at++] = 0x82;
    else if (size >= 0x80)
        out[at++] = 0x81;
    if (size >= 0x100)
        out[at++] = (uint8_t)(size >> 8);
    out[at++] = (uint8_t)size;
    if (size)
        memcpy(out + at, bytes, size);
    return at + size;
}

static inline size_t token_wrap(uint8_t *bytes, size_t size, uint8_t tag)
{
    uint8_t wrapped[TOKEN_ROOM];
    const size_t n = token_put(wrapped, 0, tag, bytes, size);

    memcpy(bytes, wrapped, n);
    return n;
}

static inline size_t token_info(const struct token_parts *p, uint8_t out[TOKEN_ROOM])
{
    const uint8_t oid[] = {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, p->digest};
    uint8_t imprint[TOKEN_ROOM];
    size_t at = token_put(imprint, 0, 0x06, oid, sizeof oid);

    at = token_wrap(imprint, at, 0x30);
    at = token_put(imprint, at, 0x04, p->imprint, p->imprint_size);
    size_t n = token_put(out, 0, 0x02, "\x01", 1);
    n = token_put(out, n, 0x06, "\x2a\x03\x04", 3); /* policy 1.2.3.4 */
    n = token_put(out, n, 0x30, imprint, at);
    n = token_put(out, n, 0x02, "\x11", 1);
    n = token_put(out, n, 0x18, p->time, strlen(p->time));
    if (p->rest_size)
        memcpy(out + n, p->rest, p->rest_size);
    return token_wrap(out, n + p->rest_size, 0x30);
}

/* Returns the token's size. */
static inline size_t token_make(const struct token_parts *p, uint8_t out[TOKEN_ROOM])
{
    static const uint8_t SIGNED_DATA[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02};
    static const uint8_t TST_INFO[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x04};
    uint8_t info[TOKEN_ROOM];
    uint8_t capsule[TOKEN_ROOM];

    size_t n = token_wrap(info, token_info(p, info), 0x04);
    n = token_wrap(info, n, 0xa0);
    size_t at = token_put(capsule, 0, 0x06, TST_INFO, sizeof TST_INFO);
    memcpy(capsule + at, info, n);
    at = token_wrap(capsule, at + n, 0x30);
    n = token_put(out, 0, 0x02, "\x03", 1);
    n = token_put(out, n, 0x31, NULL, 0);
    memcpy(out + n, capsule, at);
    n = token_put(out, n + at, 0x31, "\x30\x00", 2);
    n = token_wrap(out, n, 0x30);
    n = token_wrap(out, n, 0xa0);
    at = token_put(capsule, 0, 0x06, SIGNED_DATA, sizeof SIGNED_DATA);
    memcpy(capsule + at, out, n);
    memcpy(out, capsule, at + n);
    return token_wrap(out, at + n, 0x30);
}

/* One over these bytes, at that time. */
static inline size_t token_of(const void *bytes, size_t size, const char *time, uint8_t out[TOKEN_ROOM])
{
    const struct hash imprint = hash_bytes(bytes, size);
    const struct token_parts parts = {imprint.bytes, HASH_SIZE, 1, time, NULL, 0};

    return token_make(&parts, out);
}

#endif
