/*
 * The bytes of a signed note:
 *
 *   text            one or more lines, the last ends LF; this, and nothing else, is what is signed
 *   LF              an empty line; the last one in the note divides text from signatures
 *   e2 80 94 20     an em dash and a space
 *   name            of the key
 *   20
 *   base64          of key id (4 bytes) || signature (type 01: 64 bytes; type 04: u64 seconds, 64 bytes)
 *   0a              and so on, a line for each signature; nothing follows the last
 */
#include "ledger/note.h"

#include "ledger/hash.h"
#include "ledger/hex.h"
#include "ledger/utf8.h"
#include "ledger/wire.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

#define DASH             "\xe2\x80\x94 "
#define DASH_SIZE        4
#define BLOB_MIN         (NOTE_ID_SIZE + 1)
#define BLOB_ED25519     (NOTE_ID_SIZE + NOTE_SIGNATURE_SIZE)
#define BLOB_COSIGNATURE (NOTE_ID_SIZE + 8 + NOTE_SIGNATURE_SIZE)

/* A line of ours: "- name base64 LF" and a terminator. */
_Static_assert(NOTE_LINE_SIZE == DASH_SIZE + NOTE_NAME_MAX + 1 + BASE64_LENGTH(BLOB_ED25519) + 1 + 1,
               "the longest line fits");
_Static_assert(NOTE_COSIGNATURE_LINE_SIZE ==
                   DASH_SIZE + NOTE_NAME_MAX + 1 + BASE64_LENGTH(BLOB_COSIGNATURE) + 1 + 1,
               "the longest cosignature fits");
_Static_assert(NOTE_PUBLIC_KEY_SIZE == crypto_sign_PUBLICKEYBYTES, "libsodium's Ed25519");
_Static_assert(NOTE_SIGNATURE_SIZE == crypto_sign_BYTES, "libsodium's Ed25519");

/* --- Keys --------------------------------------------------------------------------------------------- */

/* The code point of a valid sequence of `size` bytes. */
static uint32_t code_point(const uint8_t *p, size_t size)
{
    uint32_t c = size == 1 ? p[0] : p[0] & (0xffu >> (size + 1));

    for (size_t i = 1; i < size; i++)
        c = c << 6 | (p[i] & 0x3fu);
    return c;
}

/* Unicode's White_Space property: what a reader of a name would take for a space or a line end. */
static bool is_space(uint32_t c)
{
    return (c >= 0x09 && c <= 0x0d) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f ||
           c == 0x3000;
}

/* The rules that hold for every name in a note, ours or not. */
static enum err_code name_check(const char *name, size_t size, struct err *err)
{
    if (size == 0)
        return err_set(err, ERR_INPUT, "the key name is empty");
    for (size_t at = 0; at < size;) {
        const uint8_t *const p = (const uint8_t *)name + at;
        const size_t step = utf8_sequence(p, size - at);
        if (step == 0)
            return err_set(err, ERR_INPUT, "byte %zu of the key name is not UTF-8", at + 1);
        const uint32_t c = code_point(p, step);
        if (c < 0x20 || is_space(c) || c == '+')
            return err_set(err, ERR_INPUT,
                           "character U+%04" PRIX32
                           " at byte %zu may not be in a key name (no spaces, no \"+\")",
                           c, at + 1);
        at += step;
    }
    return ERR_OK;
}

enum err_code note_name_check(const char *name, size_t size, struct err *err)
{
    if (size > NOTE_NAME_MAX)
        return err_set(err, ERR_INPUT, "the key name has %zu bytes; at most %d are allowed", size,
                       NOTE_NAME_MAX);
    return name_check(name, size, err);
}

static void key_id(uint8_t id[NOTE_ID_SIZE], const struct note_key *key)
{
    const uint8_t middle[2] = {0x0a, (uint8_t)key->type};
    struct hash_stream s;

    hash_stream_init(&s);
    hash_stream_add(&s, key->name, key->name_size);
    hash_stream_add(&s, middle, sizeof middle);
    hash_stream_add(&s, key->public_key, sizeof key->public_key);
    const struct hash h = hash_stream_finish(&s);
    memcpy(id, h.bytes, NOTE_ID_SIZE);
}

/* A key of low order would "verify" signatures that nobody made; verifiers differ on such keys. */
bool note_key_is_sound(const uint8_t public_key[NOTE_PUBLIC_KEY_SIZE])
{
    return sodium_init() >= 0 && crypto_core_ed25519_is_valid_point(public_key);
}

enum err_code note_key_init(struct note_key *key, const char *name, size_t name_size, enum note_key_type type,
                            const uint8_t public_key[NOTE_PUBLIC_KEY_SIZE], struct err *err)
{
    struct note_key built = {.name_size = name_size, .type = type};

    REQUIRE(type == NOTE_KEY_ED25519 || type == NOTE_KEY_COSIGNATURE);
    const enum err_code rc = note_name_check(name, name_size, err);
    if (rc)
        return rc;
    if (!note_key_is_sound(public_key))
        return err_set(err, ERR_KEY, "the public key of %.*s is no sound Ed25519 key", (int)name_size, name);
    memcpy(built.name, name, name_size);
    memcpy(built.public_key, public_key, NOTE_PUBLIC_KEY_SIZE);
    key_id(built.id, &built);
    *key = built;
    return ERR_OK;
}

/* Where `c` stands next, or `length`. */
static size_t find_byte(const char *text, size_t from, size_t length, char c)
{
    const char *const found = from < length ? memchr(text + from, c, length - from) : NULL;
    return found ? (size_t)(found - text) : length;
}

enum err_code note_key_parse(struct note_key *key, const char *vkey, size_t length, struct err *err)
{
    uint8_t id[NOTE_ID_SIZE];
    uint8_t blob[1 + NOTE_PUBLIC_KEY_SIZE];
    size_t blob_size = 0;
    struct note_key built;

    const size_t plus = find_byte(vkey, 0, length, '+');
    const size_t second = find_byte(vkey, plus + 1, length, '+');
    if (second >= length)
        return err_set(err, ERR_FORMAT, "a verifier key has the form name+id+key; this has not three parts");
    enum err_code rc = hex_decode(vkey + plus + 1, second - plus - 1, id, sizeof id, err);
    if (rc)
        return err_wrap(err, "verifier key: id");
    rc = base64_decode(vkey + second + 1, length - second - 1, blob, sizeof blob, &blob_size, err);
    if (rc)
        return err_wrap(err, "verifier key: key");
    if (blob_size != sizeof blob)
        return err_set(err, ERR_FORMAT, "verifier key: key: %zu bytes where a type and 32 bytes belong",
                       blob_size);
    if (blob[0] != NOTE_KEY_ED25519 && blob[0] != NOTE_KEY_COSIGNATURE)
        return err_set(err, ERR_INPUT,
                       "verifier key: type %02x; this program verifies 01 (Ed25519) and 04 "
                       "(cosignature)",
                       blob[0]);
    rc = note_key_init(&built, vkey, plus, (enum note_key_type)blob[0], blob + 1, err);
    if (rc)
        return err_wrap(err, "verifier key");
    if (memcmp(built.id, id, sizeof id) != 0)
        return err_set(err, ERR_FORMAT,
                       "verifier key: the id is not that of this name and key: was it copied "
                       "whole?");
    *key = built;
    return ERR_OK;
}

size_t note_key_format(char *out, const struct note_key *key)
{
    uint8_t blob[1 + NOTE_PUBLIC_KEY_SIZE];
    size_t at = key->name_size;

    blob[0] = (uint8_t)key->type;
    memcpy(blob + 1, key->public_key, NOTE_PUBLIC_KEY_SIZE);
    memcpy(out, key->name, at);
    out[at++] = '+';
    at += hex_encode(out + at, key->id, NOTE_ID_SIZE);
    out[at++] = '+';
    return at + base64_encode(out + at, blob, sizeof blob);
}

bool note_key_equal(const struct note_key *a, const struct note_key *b)
{
    return a->name_size == b->name_size && memcmp(a->name, b->name, a->name_size) == 0 &&
           a->type == b->type && memcmp(a->id, b->id, NOTE_ID_SIZE) == 0 &&
           memcmp(a->public_key, b->public_key, NOTE_PUBLIC_KEY_SIZE) == 0;
}

/* --- Parsing ------------------------------------------------------------------------------------------ */

/* UTF-8 without control characters other than LF. Positions count from 1. */
static enum err_code characters_check(const char *text, size_t size, struct err *err)
{
    for (size_t at = 0; at < size;) {
        const uint8_t *const p = (const uint8_t *)text + at;
        const size_t step = utf8_sequence(p, size - at);
        if (step == 0)
            return err_set(err, ERR_FORMAT, "byte %zu is not UTF-8", at + 1);
        if (p[0] < 0x20 && p[0] != '\n')
            return err_set(err, ERR_FORMAT, "byte %zu is the control character %02x", at + 1, p[0]);
        at += step;
    }
    return ERR_OK;
}

/* One line, without its LF. */
static enum err_code line_parse(struct note_signature *s, const char *line, size_t length, struct err *err)
{
    uint8_t head[BASE64_SIZE_MAX(8)];
    size_t head_size = 0;

    if (length < DASH_SIZE || memcmp(line, DASH, DASH_SIZE) != 0)
        return err_set(err, ERR_FORMAT, "does not begin with an em dash and a space");
    const size_t space = find_byte(line, DASH_SIZE, length, ' ');
    if (space == length)
        return err_set(err, ERR_FORMAT, "has no signature after the key name");
    s->name = line + DASH_SIZE;
    s->name_size = space - DASH_SIZE;
    s->base64 = line + space + 1;
    s->base64_size = length - space - 1;
    if (name_check(s->name, s->name_size, err)) {
        if (err)
            err->code = ERR_FORMAT; /* wrong in a note's bytes, not in what a person typed */
        return ERR_FORMAT;
    }
    enum err_code rc = base64_check(s->base64, s->base64_size, &s->blob_size, err);
    if (rc)
        return rc;
    if (s->blob_size < BLOB_MIN)
        return err_set(err, ERR_FORMAT, "holds %zu bytes, which is no key id and signature", s->blob_size);
    rc = base64_decode(s->base64, 8, head, sizeof head, &head_size, err);
    if (rc)
        return rc;
    memcpy(s->id, head, NOTE_ID_SIZE);
    return ERR_OK;
}

/* Where the signatures begin: after the last empty line. 0: there is none with a text before it. */
static size_t find_signatures(const char *bytes, size_t size)
{
    for (size_t at = size; at >= 2; at--) {
        if (bytes[at - 1] == '\n' && bytes[at - 2] == '\n')
            return at;
    }
    return 0;
}

/*
 * 1. Characters: UTF-8, no controls but LF; the note ends LF.
 * 2. Division at the last empty line.
 * 3. Every line below it is a signature line; there is at least one, and at most NOTE_SIGNATURES_MAX.
 */
enum err_code note_parse(struct note *note, const void *bytes, size_t size, struct err *err)
{
    const char *const in = bytes;
    struct note built;

    if (size == 0 || size > NOTE_MAX_SIZE)
        return err_set(err, ERR_FORMAT, "note: %zu bytes; a signed note has 1 to %d", size, NOTE_MAX_SIZE);
    enum err_code rc = characters_check(in, size, err);
    if (rc)
        return err_wrap(err, "note");
    if (in[size - 1] != '\n')
        return err_set(err, ERR_FORMAT, "note: the last line has no end");
    size_t at = find_signatures(in, size);
    if (at < 2)
        return err_set(err, ERR_FORMAT, "note: no empty line between text and signatures");
    built.text = in;
    built.text_size = at - 1;
    built.count = 0;
    while (at < size) {
        const size_t end = find_byte(in, at, size, '\n');
        if (built.count == NOTE_SIGNATURES_MAX)
            return err_set(err, ERR_FORMAT, "note: more than %d signature lines", NOTE_SIGNATURES_MAX);
        rc = line_parse(&built.signatures[built.count], in + at, end - at, err);
        if (rc)
            return err_wrap(err, "note: signature line %zu", built.count + 1);
        built.count++;
        at = end + 1;
    }
    if (built.count == 0)
        return err_set(err, ERR_FORMAT, "note: no signature line");
    note->text = built.text;
    note->text_size = built.text_size;
    note->count = built.count;
    memcpy(note->signatures, built.signatures, built.count * sizeof built.signatures[0]);
    return ERR_OK;
}

/* --- Verifying ---------------------------------------------------------------------------------------- */

enum err_code note_verify_bytes(const uint8_t public_key[NOTE_PUBLIC_KEY_SIZE], const void *bytes,
                                size_t size, const uint8_t signature[NOTE_SIGNATURE_SIZE], struct err *err)
{
    if (crypto_sign_verify_detached(signature, bytes, size, public_key) != 0)
        return err_set(err, ERR_WRONG, "the signature is not this key's over these bytes");
    return ERR_OK;
}

size_t note_cosignature_message(char *out, const char *text, size_t text_size, uint64_t at_s)
{
    REQUIRE(at_s <= INT64_MAX && text_size <= NOTE_MAX_SIZE);
    const int head = snprintf(out, 64, "cosignature/v1\ntime %" PRIu64 "\n", at_s);
    REQUIRE(head > 0 && head < 64);
    memcpy(out + head, text, text_size);
    return (size_t)head + text_size;
}

/* Type 04: the text is signed behind a label and the time. */
static enum err_code cosignature_verify(const struct note *note, const struct note_key *key,
                                        const uint8_t *blob, uint64_t *at_s, struct err *err)
{
    const uint64_t time_s = wire_load_u64(blob + NOTE_ID_SIZE);
    char message[NOTE_COSIGNATURE_MESSAGE_MAX];

    if (time_s > INT64_MAX)
        return err_set(err, ERR_WRONG, "a time past 2^63");
    const size_t size = note_cosignature_message(message, note->text, note->text_size, time_s);
    const enum err_code rc = note_verify_bytes(key->public_key, message, size, blob + NOTE_ID_SIZE + 8, err);
    if (!rc)
        *at_s = time_s;
    return rc;
}

static enum err_code signature_verify(const struct note *note, const struct note_signature *s,
                                      const struct note_key *key, uint64_t *at_s, struct err *err)
{
    const size_t want = key->type == NOTE_KEY_COSIGNATURE ? BLOB_COSIGNATURE : BLOB_ED25519;
    uint8_t blob[BLOB_COSIGNATURE];
    size_t size = 0;

    if (s->blob_size != want)
        return err_set(err, ERR_WRONG, "%zu bytes where a signature of this key has %zu",
                       s->blob_size - NOTE_ID_SIZE, want - NOTE_ID_SIZE);
    const enum err_code rc = base64_decode(s->base64, s->base64_size, blob, sizeof blob, &size, err);
    if (rc)
        return rc;
    if (key->type == NOTE_KEY_COSIGNATURE)
        return cosignature_verify(note, key, blob, at_s, err);
    return note_verify_bytes(key->public_key, note->text, note->text_size, blob + NOTE_ID_SIZE, err);
}

static bool is_by(const struct note_signature *s, const struct note_key *key)
{
    return memcmp(s->id, key->id, NOTE_ID_SIZE) == 0 && s->name_size == key->name_size &&
           memcmp(s->name, key->name, key->name_size) == 0;
}

const struct note_signature *note_find(const struct note *note, const struct note_key *key)
{
    for (size_t i = 0; i < note->count; i++) {
        if (is_by(&note->signatures[i], key))
            return &note->signatures[i];
    }
    return NULL;
}

static bool has_line(const struct note *note, size_t count, const struct note_signature *s)
{
    for (size_t i = 0; i < count; i++) {
        const struct note_signature *const other = &note->signatures[i];
        if (memcmp(s->id, other->id, NOTE_ID_SIZE) == 0 && s->name_size == other->name_size &&
            memcmp(s->name, other->name, s->name_size) == 0)
            return true;
    }
    return false;
}

/* An earlier line of the same (name, id) decides: later ones are neither counted nor verified, as in Go's
 * reader. */
static bool is_repeated(const struct note *note, size_t line)
{
    return has_line(note, line, &note->signatures[line]);
}

/* The one key whose line this is; `count` when none. */
static enum err_code find_key(const struct note_signature *s, const struct note_key *keys, size_t count,
                              size_t *found, struct err *err)
{
    *found = count;
    for (size_t i = 0; i < count; i++) {
        if (!is_by(s, &keys[i]))
            continue;
        if (*found != count)
            return err_set(err, ERR_INPUT, "note: two of the known keys are called %s with one id",
                           keys[i].name);
        *found = i;
    }
    return ERR_OK;
}

enum err_code note_verify(const struct note *note, const struct note_key *keys, size_t count,
                          struct note_finding *findings, struct err *err)
{
    struct note_finding found[NOTE_SIGNATURES_MAX]; /* by line */
    size_t owner[NOTE_SIGNATURES_MAX]; /* index of the line's key; `count`: nobody's, or repeated */
    size_t good = 0;

    for (size_t i = 0; i < note->count; i++) {
        found[i] = (struct note_finding){.verified = true};
        enum err_code rc = find_key(&note->signatures[i], keys, count, &owner[i], err);
        if (rc)
            return rc;
        if (owner[i] < count && is_repeated(note, i))
            owner[i] = count;
        if (owner[i] == count)
            continue;
        rc = signature_verify(note, &note->signatures[i], &keys[owner[i]], &found[i].at_s, err);
        if (rc)
            return err_wrap(err, "note: signature by %s", keys[owner[i]].name);
        good++;
    }
    if (good == 0)
        return err_set(err, ERR_KEY, "note: none of its signatures is by a known key");
    if (findings) {
        memset(findings, 0, count * sizeof *findings);
        for (size_t i = 0; i < note->count; i++) {
            if (owner[i] < count)
                findings[owner[i]] = found[i];
        }
    }
    return ERR_OK;
}

/* --- Building ----------------------------------------------------------------------------------------- */

static size_t line_format(char *out, const struct note_key *key, const uint8_t *blob, size_t size)
{
    size_t at = DASH_SIZE;

    memcpy(out, DASH, DASH_SIZE);
    memcpy(out + at, key->name, key->name_size);
    at += key->name_size;
    out[at++] = ' ';
    at += base64_encode(out + at, blob, size);
    out[at++] = '\n';
    out[at] = '\0';
    return at;
}

size_t note_line_format(char *out, const struct note_key *key, const uint8_t signature[NOTE_SIGNATURE_SIZE])
{
    uint8_t blob[BLOB_ED25519];

    REQUIRE(key->type == NOTE_KEY_ED25519);
    memcpy(blob, key->id, NOTE_ID_SIZE);
    memcpy(blob + NOTE_ID_SIZE, signature, NOTE_SIGNATURE_SIZE);
    return line_format(out, key, blob, sizeof blob);
}

size_t note_cosignature_format(char *out, const struct note_key *key, uint64_t at_s,
                               const uint8_t signature[NOTE_SIGNATURE_SIZE])
{
    uint8_t blob[BLOB_COSIGNATURE];

    REQUIRE(key->type == NOTE_KEY_COSIGNATURE);
    memcpy(blob, key->id, NOTE_ID_SIZE);
    wire_store_u64(blob + NOTE_ID_SIZE, at_s);
    memcpy(blob + NOTE_ID_SIZE + 8, signature, NOTE_SIGNATURE_SIZE);
    return line_format(out, key, blob, sizeof blob);
}

enum err_code note_build(char *out, size_t capacity, size_t *size, const char *text, size_t text_size,
                         const struct note_key *key, const uint8_t signature[NOTE_SIGNATURE_SIZE],
                         struct err *err)
{
    char line[NOTE_LINE_SIZE];

    const enum err_code rc = characters_check(text, text_size, err);
    if (rc)
        return err_wrap(err, "note: text");
    if (text_size == 0 || text[text_size - 1] != '\n')
        return err_set(err, ERR_FORMAT, "note: the text's last line has no end");
    const size_t line_size = note_line_format(line, key, signature);
    const size_t total = text_size + 1 + line_size;
    if (total > capacity || total > NOTE_MAX_SIZE)
        return err_set(err, ERR_RANGE, "note: %zu bytes do not fit into %zu", total, capacity);
    memcpy(out, text, text_size);
    out[text_size] = '\n';
    memcpy(out + text_size + 1, line, line_size);
    *size = total;
    return ERR_OK;
}

/* Signature lines alone, read behind a text of one letter, so that they obey a note's rules and no others. */
static enum err_code lines_parse(struct note *note, const char *lines, size_t size, char room[NOTE_MAX_SIZE],
                                 struct err *err)
{
    if (size > NOTE_MAX_SIZE - 3)
        return err_set(err, ERR_RANGE, "signature lines: %zu bytes", size);
    memcpy(room, "x\n\n", 3);
    memcpy(room + 3, lines, size);
    const enum err_code rc = note_parse(note, room, size + 3, err);
    if (!rc && note->text_size != 2)
        return err_set(err, ERR_FORMAT, "an empty line between signature lines");
    return rc;
}

enum err_code note_add_lines(char *out, size_t capacity, size_t *size, const void *note, size_t note_size,
                             const char *lines, size_t lines_size, struct err *err)
{
    char room[NOTE_MAX_SIZE];
    char built[NOTE_MAX_SIZE];
    struct note had = {.count = 0};
    struct note more = {.count = 0};
    size_t at = note_size;

    enum err_code rc = note_parse(&had, note, note_size, err);
    if (!rc)
        rc = lines_parse(&more, lines, lines_size, room, err);
    if (rc)
        return rc;
    memcpy(built, note, note_size);
    size_t count = had.count;
    for (size_t i = 0; i < more.count; i++) {
        const struct note_signature *const s = &more.signatures[i];
        const size_t line = DASH_SIZE + s->name_size + 1 + s->base64_size + 1;
        if (has_line(&had, had.count, s) || is_repeated(&more, i))
            continue;
        if (line > NOTE_MAX_SIZE - at || ++count > NOTE_SIGNATURES_MAX)
            return err_set(err, ERR_RANGE, "note: its signatures would be more than a note can hold");
        memcpy(built + at, s->name - DASH_SIZE, line);
        at += line;
    }
    if (at > capacity)
        return err_set(err, ERR_RANGE, "note: %zu bytes do not fit into %zu", at, capacity);
    memcpy(out, built, at);
    *size = at;
    return ERR_OK;
}
