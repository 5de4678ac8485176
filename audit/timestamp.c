/*
 * The token, outermost first:
 *
 *   ContentInfo   SEQUENCE { OID signedData, [0] { SignedData } }
 *   SignedData    SEQUENCE { INTEGER version, SET digest algorithms, SEQUENCE { OID TSTInfo, [0] { OCTET STRING } },
 *                            [0] certificates OPTIONAL, [1] revocation lists OPTIONAL, SET { SignerInfo } }
 *   in the OCTET STRING
 *   TSTInfo       SEQUENCE { INTEGER 1, OID policy, SEQUENCE { algorithm, OCTET STRING imprint }, INTEGER serial,
 *                            GeneralizedTime, SEQUENCE accuracy OPTIONAL, BOOLEAN ordering OPTIONAL,
 *                            INTEGER nonce OPTIONAL, [0] authority OPTIONAL, [1] extensions OPTIONAL }
 */
#include "audit/timestamp.h"

#include "audit/der.h"
#include "ledger/hash.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const uint8_t OID_SIGNED_DATA[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02};
static const uint8_t OID_TST_INFO[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x04};

#define SHA2_OID(last)                                                                                       \
    {                                                                                                        \
        0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, last                                                 \
    }
static const struct {
    uint8_t oid[9];
    unsigned size;
} DIGESTS[] = {{SHA2_OID(1), 32}, {SHA2_OID(2), 48}, {SHA2_OID(3), 64}};

/* -- what TSTInfo says ----------------------------------------------------------------------------------- */

/* False: a number past 32 bits, or more of them than `out` holds. */
static bool format_oid(struct der_value oid, char *out, size_t size)
{
    uint64_t number = 0;
    size_t used = 0;

    if (oid.size == 0 || oid.bytes[oid.size - 1] & 0x80)
        return false;
    for (size_t i = 0; i < oid.size; i++) {
        if (number == 0 && oid.bytes[i] == 0x80) /* not the shortest form */
            return false;
        number = number << 7 | (oid.bytes[i] & 0x7f);
        if (number > UINT32_MAX)
            return false;
        if (oid.bytes[i] & 0x80)
            continue;
        const uint64_t first = number < 80 ? number / 40 : 2;
        const int n = used == 0 ? snprintf(out, size, "%" PRIu64 ".%" PRIu64, first, number - 40 * first)
                                : snprintf(out + used, size - used, ".%" PRIu64, number);
        used += n > 0 ? (size_t)n : 0;
        if (used >= size)
            return false;
        number = 0;
    }
    return true;
}

/* "20151224143100Z" or with decimals, as RFC 3339 has it. */
static bool read_time(struct der_value v, int64_t *at_ns)
{
    char text[INSTANT_TEXT_SIZE];
    const char *const p = (const char *)v.bytes;

    if (v.size < 15 || v.size > 25 || (v.size > 15 && p[14] != '.') || p[v.size - 1] != 'Z')
        return false;
    const int n = snprintf(text, sizeof text, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2s%.*s", p, p + 4, p + 6, p + 8,
                           p + 10, p + 12, (int)(v.size - 14), p + 14);
    return n == (int)v.size + 5 && instant_parse(text, (size_t)n, at_ns, NULL) == ERR_OK;
}

static void read_imprint(struct der *info, struct timestamp *t)
{
    struct der imprint = der_enter(info, DER_SEQUENCE);
    struct der algorithm = der_enter(&imprint, DER_SEQUENCE);
    const struct der_value oid = der_get(&algorithm, DER_OID);
    const struct der_value digest = der_get(&imprint, DER_OCTET_STRING);

    if (der_is_next(&algorithm, DER_NULL) && der_get(&algorithm, DER_NULL).size != 0)
        info->bad = true;
    for (size_t i = 0; i < sizeof DIGESTS / sizeof DIGESTS[0]; i++) {
        if (der_is(oid, DIGESTS[i].oid, sizeof DIGESTS[i].oid) && digest.size == DIGESTS[i].size)
            t->imprint_size = DIGESTS[i].size;
    }
    if (!der_is_done(&algorithm) || !der_is_done(&imprint) || t->imprint_size == 0)
        info->bad = true;
    else
        memcpy(t->imprint, digest.bytes, t->imprint_size);
}

static void read_accuracy(struct der *info, struct timestamp *t)
{
    uint64_t ns = 0;

    if (!der_is_next(info, DER_SEQUENCE))
        return;
    struct der a = der_enter(info, DER_SEQUENCE);
    if (der_is_next(&a, DER_INTEGER))
        ns += der_get_number(&a, DER_INTEGER, UINT32_MAX) * (uint64_t)NS_PER_SECOND;
    if (der_is_next(&a, DER_CONTEXT_0))
        ns += der_get_number(&a, DER_CONTEXT_0, 999) * 1000000u;
    if (der_is_next(&a, DER_CONTEXT_1))
        ns += der_get_number(&a, DER_CONTEXT_1, 999) * 1000u;
    if (!der_is_done(&a))
        info->bad = true;
    t->accuracy_ns = (int64_t)ns;
}

static void read_rest(struct der *info, struct timestamp *t)
{
    read_accuracy(info, t);
    if (der_is_next(info, DER_BOOLEAN)) { /* DER leaves out what is the default */
        const struct der_value ordering = der_get(info, DER_BOOLEAN);
        if (!der_is(ordering, "\xff", 1))
            info->bad = true;
    }
    if (der_is_next(info, DER_INTEGER)) {
        const struct der_value nonce = der_get_integer(info);
        t->nonce = nonce.bytes;
        t->nonce_size = nonce.size;
    }
    der_skip_if(info, DER_WITHIN_0);
    der_skip_if(info, DER_WITHIN_1);
}

static enum err_code read_info(struct der_value content, struct timestamp *t, struct err *err)
{
    struct der in;

    der_init(&in, content.bytes, content.size);
    struct der info = der_enter(&in, DER_SEQUENCE);
    const uint64_t version = der_get_number(&info, DER_INTEGER, UINT32_MAX);
    const struct der_value policy = der_get(&info, DER_OID);
    if (!info.bad && (version != 1 || !format_oid(policy, t->policy, sizeof t->policy)))
        return err_set(err, ERR_FORMAT, "its version is not 1, or its policy is no number of our size");
    read_imprint(&info, t);
    if (info.bad)
        return err_set(err, ERR_FORMAT, "its imprint is not one of SHA-256, SHA-384 or SHA-512");
    const struct der_value serial = der_get_integer(&info);
    t->serial = serial.bytes;
    t->serial_size = serial.size;
    const struct der_value time = der_get(&info, DER_TIME);
    if (info.bad || !read_time(time, &t->at_ns))
        return err_set(err, ERR_FORMAT, "its serial number or its time is not in form");
    read_rest(&info, t);
    if (!der_is_done(&info) || !der_is_done(&in))
        return err_set(err, ERR_FORMAT, "what follows its time is not in form");
    return ERR_OK;
}

/* -- the shells around it -------------------------------------------------------------------------------- */

/* The OCTET STRING's contents. */
static bool open_shells(const void *token, size_t size, struct der_value *content)
{
    struct der in;

    der_init(&in, token, size);
    struct der outer = der_enter(&in, DER_SEQUENCE);
    const struct der_value type = der_get(&outer, DER_OID);
    struct der within = der_enter(&outer, DER_WITHIN_0);
    struct der data = der_enter(&within, DER_SEQUENCE);
    (void)der_get_number(&data, DER_INTEGER, 5);
    (void)der_get(&data, DER_SET);
    struct der capsule = der_enter(&data, DER_SEQUENCE);
    const struct der_value inner_type = der_get(&capsule, DER_OID);
    struct der wrapped = der_enter(&capsule, DER_WITHIN_0);
    *content = der_get(&wrapped, DER_OCTET_STRING);
    der_skip_if(&data, DER_WITHIN_0);
    der_skip_if(&data, DER_WITHIN_1);
    struct der signers = der_enter(&data, DER_SET);
    (void)der_get(&signers, DER_SEQUENCE);
    return der_is_done(&wrapped) && der_is_done(&capsule) && der_is_done(&signers) && der_is_done(&data) &&
           der_is_done(&within) && der_is_done(&outer) && der_is_done(&in) &&
           der_is(type, OID_SIGNED_DATA, sizeof OID_SIGNED_DATA) &&
           der_is(inner_type, OID_TST_INFO, sizeof OID_TST_INFO);
}

enum err_code timestamp_parse(struct timestamp *t, const void *token, size_t size, struct err *err)
{
    struct timestamp read;
    struct der_value content;

    memset(&read, 0, sizeof read);
    if (size == 0 || size > TIMESTAMP_SIZE_MAX)
        return err_set(err, ERR_FORMAT, "a timestamp's token has 1 .. %d bytes, not %zu", TIMESTAMP_SIZE_MAX,
                       size);
    if (!open_shells(token, size, &content))
        return err_set(err, ERR_FORMAT, "it is no timestamp's token with one signer, in DER");
    const enum err_code rc = read_info(content, &read, err);
    if (!rc)
        *t = read;
    return rc;
}

/* -- the answer ------------------------------------------------------------------------------------------ */

static const char *failure_words(struct der_value bits)
{
    static const struct {
        unsigned bit;
        const char *words;
    } ROWS[] = {{0, "it does not know the digest"},    {2, "it does not allow or support the request"},
                {5, "the data is not in its form"},    {14, "it has no time at present"},
                {15, "it does not offer the policy"},  {16, "it does not support the extension"},
                {17, "it cannot give what was asked"}, {25, "its system has failed"}};

    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        const size_t byte = 1 + ROWS[i].bit / 8;
        if (byte < bits.size && bits.bytes[byte] & 0x80u >> ROWS[i].bit % 8)
            return ROWS[i].words;
    }
    return "it does not say why";
}

static void put_words(char *out, size_t size, struct der_value text)
{
    size_t n = 0;

    for (; n < text.size && n + 1 < size; n++)
        out[n] = text.bytes[n] >= 0x20 && text.bytes[n] < 0x7f ? (char)text.bytes[n] : '?';
    out[n] = '\0';
}

enum err_code timestamp_answer_parse(struct timestamp_answer *a, const void *bytes, size_t size,
                                     struct err *err)
{
    struct timestamp_answer read = {.why = "it does not say why"};
    struct der in;

    der_init(&in, bytes, size);
    struct der outer = der_enter(&in, DER_SEQUENCE);
    struct der status = der_enter(&outer, DER_SEQUENCE);
    read.status = der_get_number(&status, DER_INTEGER, UINT32_MAX);
    struct der_value words = {NULL, 0};
    if (der_is_next(&status, DER_SEQUENCE)) {
        struct der texts = der_enter(&status, DER_SEQUENCE);
        words = der_get(&texts, DER_UTF8_STRING);
        status.bad = status.bad || texts.bad;
    }
    struct der_value failure = {NULL, 0};
    if (der_is_next(&status, DER_BIT_STRING))
        failure = der_get(&status, DER_BIT_STRING);
    if (failure.bytes)
        snprintf(read.why, sizeof read.why, "%s", failure_words(failure));
    if (words.bytes)
        put_words(read.why, sizeof read.why, words);
    if (!outer.bad && outer.at < outer.end) {
        read.token = outer.at;
        (void)der_get(&outer, DER_SEQUENCE);
        read.token_size = (size_t)(outer.at - read.token);
    }
    if (!der_is_done(&status) || !der_is_done(&outer) || !der_is_done(&in))
        return err_set(err, ERR_FORMAT, "it is no answer of a timestamp authority (a DER TimeStampResp)");
    *a = read;
    return ERR_OK;
}

/* -- beside a seal --------------------------------------------------------------------------------------- */

size_t timestamp_bare_size(const void *note, size_t size)
{
    const char *const bytes = note;
    size_t divide = 0; /* just behind the last empty line */

    for (size_t i = 1; i < size; i++) {
        if (bytes[i] == '\n' && bytes[i - 1] == '\n')
            divide = i + 1;
    }
    if (divide == 0 || divide == size)
        return 0;
    const char *const end = memchr(bytes + divide, '\n', size - divide);
    return end ? (size_t)(end - bytes) + 1 : 0;
}

enum err_code timestamp_check(const struct timestamp *t, const void *note, size_t size,
                              int64_t recorded_at_ns, struct err *err)
{
    const struct hash bare = hash_bytes(note, timestamp_bare_size(note, size));
    char stamped[INSTANT_TEXT_SIZE];
    char recorded[INSTANT_TEXT_SIZE];

    if (t->imprint_size != TIMESTAMP_SHA256 || memcmp(t->imprint, bare.bytes, HASH_SIZE) != 0)
        return err_set(err, ERR_WRONG,
                       "its imprint is not SHA-256 of that seal: it was made for something else");
    if (recorded_at_ns <= INT64_MIN + TIMESTAMP_SLACK_NS || t->at_ns >= recorded_at_ns - TIMESTAMP_SLACK_NS)
        return ERR_OK;
    instant_format(stamped, t->at_ns);
    instant_format(recorded, recorded_at_ns);
    return err_set(
        err, ERR_WRONG,
        "it says %s, and the newest entry under that seal says that it was recorded at %s, which is later",
        stamped, recorded);
}
