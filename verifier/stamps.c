#include "verifier/stamps.h"

#include "verifier/tree.h"

#include <inttypes.h>
#include <stdio.h>

#define TOKEN_MAX 65535
#define SLACK_NS  INT64_C(2000000000)
#define SECOND_NS INT64_C(1000000000)

/* -- DER ---------------------------------------------------------------------------------------------------- */

/* What is left to read; `bad` sticks. */
struct der {
    const uint8_t *at;
    const uint8_t *end;
    bool bad;
};

enum {
    BOOLEAN = 0x01,
    INTEGER = 0x02,
    OCTETS = 0x04,
    NOTHING = 0x05,
    OID = 0x06,
    TIME = 0x18,
    SEQUENCE = 0x30,
    SET = 0x31,
    PLAIN_0 = 0x80,
    PLAIN_1 = 0x81,
    WITHIN_0 = 0xa0,
    WITHIN_1 = 0xa1
};

static bool is_next(const struct der *d, uint8_t tag)
{
    return !d->bad && d->at < d->end && *d->at == tag;
}

/* The contents of the next value, which must have this tag; its length is definite, and in its shortest form. */
static struct der take(struct der *d, uint8_t tag)
{
    const struct der none = {d->end, d->end, true};
    const size_t left = (size_t)(d->end - d->at);
    size_t head = 2;

    if (!is_next(d, tag) || left < 2) {
        d->bad = true;
        return none;
    }
    size_t size = d->at[1];
    if (size > 0x80 && size <= 0x84 && left >= 2 + (size - 0x80)) {
        head += size - 0x80;
        size = plain_number(d->at + 2, (unsigned)(head - 2));
        d->bad = d->at[2] == 0 || size < 0x80;
    } else if (size >= 0x80)
        d->bad = true;
    if (d->bad || size > left - head) {
        d->bad = true;
        return none;
    }
    const struct der value = {d->at + head, d->at + head + size, false};
    d->at = value.end;
    return value;
}

static bool is_done(const struct der *d)
{
    return !d->bad && d->at == d->end;
}

static size_t size_of(const struct der *d)
{
    return (size_t)(d->end - d->at);
}

static bool is(const struct der *value, const char *bytes, size_t size)
{
    return !value->bad && size_of(value) == size && memcmp(value->at, bytes, size) == 0;
}

/* In its shortest form. */
static bool is_integer(const struct der *v)
{
    const size_t size = size_of(v);

    return !v->bad && size > 0 &&
           !(size > 1 && ((v->at[0] == 0 && v->at[1] < 0x80) || (v->at[0] == 0xff && v->at[1] >= 0x80)));
}

/* Not negative, and at most `most`. */
static bool is_number(const struct der *v, uint64_t most)
{
    return is_integer(v) && v->at[0] < 0x80 && size_of(v) <= 8 &&
           plain_number(v->at, (unsigned)size_of(v)) <= most;
}

/* -- the token ---------------------------------------------------------------------------------------------- */

/* A policy's number: parts of 7 bits a byte, each in its shortest form and below 2^32, 127 characters in all. */
static bool is_policy(const struct der *v)
{
    uint64_t part = 0;
    size_t length = 0;
    char text[24];

    if (v->bad || v->at == v->end || v->end[-1] & 0x80)
        return false;
    for (const uint8_t *p = v->at; p < v->end; p++) {
        if (part == 0 && *p == 0x80)
            return false;
        part = part << 7 | (*p & 0x7f);
        if (part > UINT32_MAX)
            return false;
        if (*p & 0x80)
            continue;
        if (length == 0 && part >= 80)
            length += (size_t)snprintf(text, sizeof text, "2.%" PRIu64, part - 80);
        else if (length == 0)
            length += part % 40 >= 10 ? 4 : 3;
        else
            length += 1 + (size_t)snprintf(text, sizeof text, "%" PRIu64, part);
        part = 0;
    }
    return length <= 127;
}

static bool digits(const uint8_t *p, unsigned count, int *number)
{
    *number = 0;
    for (unsigned i = 0; i < count; i++) {
        if (p[i] < '0' || p[i] > '9')
            return false;
        *number = 10 * *number + (p[i] - '0');
    }
    return true;
}

/* Days since 1970-01-01; false: there is no such date between 1678 and 2261. */
static bool days(int year, int month, int day, int64_t *out)
{
    static const int LENGTHS[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t sum = 0;

    if (year < 1678 || year > 2261 || month < 1 || month > 12)
        return false;
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (day < 1 || day > LENGTHS[month - 1] + (month == 2 && leap))
        return false;
    for (int y = 1678; y < year; y++)
        sum += (y % 4 == 0 && y % 100 != 0) || y % 400 == 0 ? 366 : 365;
    for (int m = 1; m < month; m++)
        sum += LENGTHS[m - 1] + (m == 2 && leap);
    *out = sum + day - 1 - 106650; /* from 1678-01-01 to 1970-01-01 */
    return true;
}

/* YYYYMMDDhhmmss, with up to nine decimals, Z. */
static bool read_time(const struct der *v, int64_t *at_ns)
{
    const size_t size = size_of(v);
    int n[6];
    int64_t day = 0;
    int64_t ns = 0;

    if (v->bad || size < 15 || size == 16 || size > 25 || v->end[-1] != 'Z' ||
        (size > 15 && v->at[14] != '.'))
        return false;
    if (!digits(v->at, 4, &n[0]))
        return false;
    for (unsigned i = 1; i < 6; i++) {
        if (!digits(v->at + 2 + 2 * i, 2, &n[i]))
            return false;
    }
    if (n[3] > 23 || n[4] > 59 || n[5] > 59 || !days(n[0], n[1], n[2], &day))
        return false;
    int64_t unit = SECOND_NS;
    for (const uint8_t *p = v->at + 15; p < v->end - 1; p++) {
        int digit = 0;
        if (!digits(p, 1, &digit))
            return false;
        unit /= 10;
        ns += unit * digit;
    }
    *at_ns = (((day * 24 + n[3]) * 60 + n[4]) * 60 + n[5]) * SECOND_NS + ns;
    return true;
}

/* TSTInfo, from its accuracy on: accuracy, ordering, nonce, authority, extensions, each of which may be missing. */
static bool rest_is_good(struct der *info)
{
    if (is_next(info, SEQUENCE)) {
        struct der accuracy = take(info, SEQUENCE);
        const uint8_t tags[] = {INTEGER, PLAIN_0, PLAIN_1};
        for (unsigned i = 0; i < 3; i++) {
            if (!is_next(&accuracy, tags[i]))
                continue;
            const struct der part = take(&accuracy, tags[i]);
            if (!is_number(&part, i == 0 ? UINT32_MAX : 999))
                return false;
        }
        if (!is_done(&accuracy))
            return false;
    }
    if (is_next(info, BOOLEAN)) {
        const struct der ordering = take(info, BOOLEAN);
        if (!is(&ordering, "\xff", 1))
            return false;
    }
    if (is_next(info, INTEGER)) {
        const struct der nonce = take(info, INTEGER);
        if (!is_integer(&nonce))
            return false;
    }
    if (is_next(info, WITHIN_0))
        take(info, WITHIN_0);
    if (is_next(info, WITHIN_1))
        take(info, WITHIN_1);
    return is_done(info);
}

/* An imprint of SHA-256, 384 or 512, of its size. */
static bool read_imprint(struct der *info, struct der *digest)
{
    static const char *const OIDS[] = {"\x60\x86\x48\x01\x65\x03\x04\x02\x01",
                                       "\x60\x86\x48\x01\x65\x03\x04\x02\x02",
                                       "\x60\x86\x48\x01\x65\x03\x04\x02\x03"};
    struct der imprint = take(info, SEQUENCE);
    struct der algorithm = take(&imprint, SEQUENCE);
    const struct der oid = take(&algorithm, OID);
    bool known = false;

    *digest = take(&imprint, OCTETS);
    if (is_next(&algorithm, NOTHING)) {
        const struct der nothing = take(&algorithm, NOTHING);
        if (!is(&nothing, "", 0))
            return false;
    }
    for (unsigned i = 0; i < 3; i++)
        known = known || (is(&oid, OIDS[i], 9) && size_of(digest) == 32 + 16 * (size_t)i);
    return known && is_done(&algorithm) && is_done(&imprint);
}

/* Section 13: what a token must look like. */
static bool read_token(const uint8_t *bytes, size_t size, struct der *digest, int64_t *at_ns)
{
    struct der in = {bytes, bytes + size, size == 0 || size > TOKEN_MAX};
    struct der outer = take(&in, SEQUENCE);
    const struct der type = take(&outer, OID);
    struct der within = take(&outer, WITHIN_0);
    struct der data = take(&within, SEQUENCE);
    const struct der version = take(&data, INTEGER);
    take(&data, SET);
    struct der capsule = take(&data, SEQUENCE);
    const struct der inner_type = take(&capsule, OID);
    struct der wrapped = take(&capsule, WITHIN_0);
    struct der content = take(&wrapped, OCTETS);
    if (is_next(&data, WITHIN_0))
        take(&data, WITHIN_0);
    if (is_next(&data, WITHIN_1))
        take(&data, WITHIN_1);
    struct der signers = take(&data, SET);
    take(&signers, SEQUENCE);
    if (!is_done(&in) || !is_done(&outer) || !is_done(&within) || !is_done(&data) || !is_done(&capsule) ||
        !is_done(&wrapped) || !is_done(&signers) || !is_number(&version, 5) ||
        !is(&type, "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02", 9) ||
        !is(&inner_type, "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x04", 11))
        return false;
    struct der info = take(&content, SEQUENCE);
    const struct der first = take(&info, INTEGER);
    const struct der policy = take(&info, OID);
    if (!is(&first, "\x01", 1) || !is_policy(&policy) || !read_imprint(&info, digest))
        return false;
    const struct der serial = take(&info, INTEGER);
    const struct der time = take(&info, TIME);
    return is_integer(&serial) && read_time(&time, at_ns) && rest_is_good(&info) && is_done(&content);
}

/* -- beside a seal ------------------------------------------------------------------------------------------ */

/* The bare seal: up to and with the first signature line. The note is in form. */
static size_t bare_size(const uint8_t *note, size_t size)
{
    size_t line = 0;

    for (size_t i = 1; i < size; i++) {
        if (note[i] == '\n' && note[i - 1] == '\n')
            line = i + 1;
    }
    const uint8_t *const end = memchr(note + line, '\n', size - line);
    return (size_t)(end - note) + 1;
}

const char *stamp_check(const struct trust *trust, const uint8_t *note, size_t note_size, int64_t recorded_ns,
                        const uint8_t *token, size_t token_size, struct words *w)
{
    struct der digest;
    int64_t at_ns = 0;

    if (!read_token(token, token_size, &digest, &at_ns))
        return "is no token in form";
    const struct digest mine = digest_of(note, bare_size(note, note_size), NULL, 0);
    if (size_of(&digest) != DIGEST_SIZE || memcmp(digest.at, mine.bytes, DIGEST_SIZE) != 0)
        return "is over something else than that seal";
    if (recorded_ns > INT64_MIN + SLACK_NS && at_ns < recorded_ns - SLACK_NS)
        return "says a time before the seal's newest entry was recorded";
    return trust ? trust_check(trust, token, token_size, at_ns, w) : NULL;
}
