#include "verifier/seals.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

/* -- Ed25519 ------------------------------------------------------------------------------------------------ */

/*
 * libsodium 1.0.18 checks just what section 5 asks for: S below L, R not of small order, the key canonical and not of
 * small order, and R equal to the encoding of [S]B - [k]A. The sign bit of a y whose x is 0 is that of a point of
 * small order.
 */
bool seal_signature_is_good(const uint8_t key[SEALS_KEY_SIZE], const void *bytes, size_t size,
                            const uint8_t signature[SEALS_SIGNATURE_SIZE])
{
    return crypto_sign_verify_detached(signature, bytes, size, key) == 0;
}

/* -- base64 ------------------------------------------------------------------------------------------------- */

/* Canonical, with padding. False: it is not, or has more bytes than there is room for. */
static bool base64(const char *text, size_t length, uint8_t *bytes, size_t room, size_t *size)
{
    const char *end = NULL;

    return length % 4 == 0 && length > 0 &&
           sodium_base642bin(bytes, room, text, length, NULL, size, &end, sodium_base64_VARIANT_ORIGINAL) ==
               0 &&
           end == text + length;
}

/* -- names and keys ----------------------------------------------------------------------------------------- */

static bool is_white_space(uint32_t c)
{
    return (c >= 0x09 && c <= 0x0d) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f ||
           c == 0x3000;
}

static bool name_is_good(const uint8_t *name, size_t size)
{
    uint32_t c = 0;

    for (size_t at = 0; at < size;) {
        const unsigned length = plain_utf8(name + at, size - at, &c);
        if (length == 0 || c < 0x20 || c == '+' || is_white_space(c))
            return false;
        at += length;
    }
    return size > 0;
}

const char *seal_key_make(struct seal_key *key, const uint8_t *name, size_t name_size,
                          const uint8_t bytes[SEALS_KEY_SIZE])
{
    uint8_t tail[2 + SEALS_KEY_SIZE] = {0x0a, 0x01};

    if (name_size > VERIFIER_NAME_MAX || !name_is_good(name, name_size))
        return "its origin is no good name";
    /* Canonical, on the curve, not of small order, and in the subgroup of prime order. */
    if (crypto_core_ed25519_is_valid_point(bytes) != 1)
        return "its key is no good key";
    memset(key, 0, sizeof *key);
    memcpy(key->name, name, name_size);
    key->name_size = name_size;
    memcpy(key->bytes, bytes, SEALS_KEY_SIZE);
    memcpy(tail + 2, bytes, SEALS_KEY_SIZE);
    const struct digest id = digest_of(name, name_size, tail, sizeof tail);
    memcpy(key->id, id.bytes, sizeof key->id);
    return NULL;
}

void seal_key_format(const struct seal_key *key, char *vkey)
{
    uint8_t typed[1 + SEALS_KEY_SIZE] = {0x01};
    char text[45];

    memcpy(typed + 1, key->bytes, SEALS_KEY_SIZE);
    sodium_bin2base64(text, sizeof text, typed, sizeof typed, sodium_base64_VARIANT_ORIGINAL);
    snprintf(vkey, VERIFIER_VKEY_MAX + 1, "%s+%02x%02x%02x%02x+%s", key->name, key->id[0], key->id[1],
             key->id[2], key->id[3], text);
}

const char *seal_key_parse(struct seal_key *key, const char *vkey)
{
    const char *const id = strchr(vkey, '+');
    const char *const text = id ? strchr(id + 1, '+') : NULL;
    uint8_t typed[1 + SEALS_KEY_SIZE] = {0};
    char again[VERIFIER_VKEY_MAX + 1];
    size_t size = 0;

    if (!text || !base64(text + 1, strlen(text + 1), typed, sizeof typed, &size) || size != sizeof typed)
        return "the given key is not in the form of a vkey";
    if (typed[0] != 0x01)
        return "the given key is not a journal's Ed25519 key";
    if (seal_key_make(key, (const uint8_t *)vkey, (size_t)(id - vkey), typed + 1))
        return "the given key is no good key";
    seal_key_format(key, again);
    return strcmp(again, vkey) == 0 ? NULL : "the given key's id is not its own";
}

/* -- epochs ------------------------------------------------------------------------------------------------- */

const char *seal_keys_add(struct seal_keys *keys, const char *name, size_t name_size, const uint8_t *bytes,
                          uint64_t begins, bool is_recovery, struct words *w)
{
    struct seal_epoch next = {.begins = begins, .is_recovery = is_recovery};

    const char *const broken = seal_key_make(&next.key, (const uint8_t *)name, name_size, bytes);
    if (broken)
        return broken;
    for (size_t i = 0; i < keys->count; i++) {
        if (memcmp(keys->epochs[i].key.bytes, bytes, SEALS_KEY_SIZE) == 0)
            return words_put(w, "it names the key of epoch %zu again", i);
    }
    struct seal_epoch *const epochs = realloc(keys->epochs, (keys->count + 1) * sizeof *epochs);
    if (!epochs)
        return PLAIN_NO_MEMORY;
    keys->epochs = epochs;
    epochs[keys->count++] = next;
    return NULL;
}

const struct seal_key *seal_keys_at(const struct seal_keys *keys, uint64_t size)
{
    size_t epoch = keys->count;

    while (epoch > 1 && keys->epochs[epoch - 1].begins > size)
        epoch--;
    return epoch > 0 ? &keys->epochs[epoch - 1].key : NULL;
}

/* -- signed notes ------------------------------------------------------------------------------------------- */

static const uint8_t DASH[] = {0xe2, 0x80, 0x94, ' '};

/* A signature line, without its LF. */
struct line {
    const uint8_t *name;
    size_t name_size;
    uint8_t blob[SEALS_NOTE_MAX]; /* key id, signature */
    size_t blob_size;
};

static bool parse_line(const uint8_t *at, size_t size, struct line *line)
{
    if (size < sizeof DASH || memcmp(at, DASH, sizeof DASH) != 0)
        return false;
    line->name = at + sizeof DASH;
    const uint8_t *const space = memchr(line->name, ' ', size - sizeof DASH);
    if (!space)
        return false;
    line->name_size = (size_t)(space - line->name);
    const size_t rest = size - sizeof DASH - line->name_size - 1;
    return name_is_good(line->name, line->name_size) &&
           base64((const char *)space + 1, rest, line->blob, sizeof line->blob, &line->blob_size) &&
           line->blob_size >= 5;
}

static bool bytes_are_good(const uint8_t *note, size_t size)
{
    uint32_t c = 0;

    for (size_t at = 0; at < size;) {
        const unsigned length = plain_utf8(note + at, size - at, &c);
        if (length == 0 || (c < 0x20 && c != '\n'))
            return false;
        at += length;
    }
    return true;
}

/* The size of the text: behind the first LF of the last two that touch. 0: there are no such two. */
static size_t divide(const uint8_t *note, size_t size)
{
    for (size_t at = size; at-- > 1;) {
        if (note[at] == '\n' && note[at - 1] == '\n')
            return at;
    }
    return 0;
}

/* The form of a whole note, and the first line by that name and key id, whose name_size is 0 if there is none. */
static const char *parse_note(const uint8_t *note, size_t size, const uint8_t *name, size_t name_size,
                              const uint8_t id[4], size_t *text_size, struct line *mine)
{
    static struct line line;
    unsigned lines = 0;

    mine->name_size = 0;
    if (size < 1 || size > SEALS_NOTE_MAX || !bytes_are_good(note, size) || note[size - 1] != '\n')
        return "its note is not in form";
    *text_size = divide(note, size);
    if (*text_size == 0)
        return "its note has no signatures";
    for (size_t at = *text_size + 1; at < size;) {
        const uint8_t *const end = memchr(note + at, '\n', size - at);
        const size_t length = (size_t)(end - (note + at));
        if (++lines > 100 || !parse_line(note + at, length, &line))
            return "a signature line of its note is not in form, or there are more than 100";
        if (mine->name_size == 0 && line.name_size == name_size && memcmp(line.name, name, name_size) == 0 &&
            memcmp(line.blob, id, 4) == 0)
            *mine = line;
        at += length + 1;
    }
    return NULL;
}

const char *seal_open(const struct seal_key *key, const uint8_t *note, size_t note_size, uint64_t size,
                      struct digest *root, struct words *w)
{
    static struct line mine;
    char head[VERIFIER_NAME_MAX + 30];
    size_t text_size = 0;
    size_t root_size = 0;

    const char *const broken =
        parse_note(note, note_size, (const uint8_t *)key->name, key->name_size, key->id, &text_size, &mine);
    if (broken)
        return broken;
    if (mine.name_size == 0)
        return "it is not signed by the journal's key";
    if (mine.blob_size != 4 + SEALS_SIGNATURE_SIZE)
        return "its signature has not 64 bytes";
    if (!seal_signature_is_good(key->bytes, note, text_size, mine.blob + 4))
        return "its signature is not that of the journal's key";
    /* Three lines: the origin, the size, 44 characters of base64. */
    const size_t head_size = (size_t)snprintf(head, sizeof head, "%s\n%" PRIu64 "\n", key->name, size);
    if (size > INT64_MAX || text_size < head_size || memcmp(note, head, head_size) != 0)
        return words_put(w, "its text is not that of a seal of this journal over %" PRIu64 " entries", size);
    if (text_size != head_size + 45 ||
        !base64((const char *)note + head_size, 44, root->bytes, DIGEST_SIZE, &root_size) ||
        root_size != DIGEST_SIZE)
        return "its root is not in form, or more lines follow it";
    return NULL;
}

enum seal_witness seal_witness(const uint8_t *name, size_t name_size, const uint8_t key[SEALS_KEY_SIZE],
                               const uint8_t *note, size_t note_size)
{
    static struct line mine;
    static uint8_t message[64 + SEALS_NOTE_MAX];
    uint8_t tail[2 + SEALS_KEY_SIZE] = {0x0a, 0x04};
    size_t text_size = 0;

    memcpy(tail + 2, key, SEALS_KEY_SIZE);
    const struct digest id = digest_of(name, name_size, tail, sizeof tail);
    if (parse_note(note, note_size, name, name_size, id.bytes, &text_size, &mine) || mine.name_size == 0)
        return WITNESS_SILENT;
    if (mine.blob_size != 4 + 8 + SEALS_SIGNATURE_SIZE)
        return WITNESS_WRONG;
    const uint64_t time_s = plain_u64(mine.blob + 4);
    const int head = snprintf((char *)message, 64, "cosignature/v1\ntime %" PRIu64 "\n", time_s);
    memcpy(message + head, note, text_size);
    const bool good = time_s <= INT64_MAX &&
                      seal_signature_is_good(key, message, (size_t)head + text_size, mine.blob + 4 + 8);
    return good ? WITNESS_GOOD : WITNESS_WRONG;
}

uint64_t seal_size(const uint8_t *note, size_t note_size)
{
    const uint8_t *const line = memchr(note, '\n', note_size);
    const uint8_t *const end = line ? memchr(line + 1, '\n', note_size - (size_t)(line + 1 - note)) : NULL;
    uint64_t size = 0;

    if (!end || end - line > 20 || line[1] == '0')
        return 0;
    for (const uint8_t *p = line + 1; p < end; p++) {
        if (*p < '0' || *p > '9')
            return 0;
        size = 10 * size + (uint64_t)(*p - '0');
    }
    return size <= INT64_MAX ? size : 0;
}

bool seal_is_of(const struct seal_key *key, const uint8_t *note, size_t note_size)
{
    return note_size > key->name_size && memcmp(note, key->name, key->name_size) == 0 &&
           note[key->name_size] == '\n';
}
