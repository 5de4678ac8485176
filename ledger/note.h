/*
 * C2SP signed notes: a text, an empty line, and signature lines.
 *
 * Parsing borrows: a struct note points into the bytes it was parsed from and lives as long as they do.
 * Verifying is done over those same bytes. Nothing here allocates. Keys of type 01 (Ed25519) and 04 (a
 * witness's Ed25519 cosignature with time) can be verified; lines of other keys are carried along and
 * skipped.
 */
#ifndef LEDGER_NOTE_H
#define LEDGER_NOTE_H

#include "ledger/base64.h"
#include "ledger/err.h"

#include <stdint.h>

#define NOTE_MAX_SIZE                16384 /* bytes in a whole note, a terminator included where there is one */
#define NOTE_SIGNATURES_MAX          100   /* signature lines in a note */
#define NOTE_NAME_MAX                255   /* bytes in the name of a key that we know */
#define NOTE_ID_SIZE                 4
#define NOTE_PUBLIC_KEY_SIZE         32
#define NOTE_SIGNATURE_SIZE          64 /* Ed25519 */
#define NOTE_VKEY_TEXT_SIZE          (NOTE_NAME_MAX + 1 + 8 + 1 + 44 + 1)
#define NOTE_LINE_SIZE               (4 + NOTE_NAME_MAX + 1 + 92 + 1 + 1) /* longest line of ours with its terminator */
#define NOTE_COSIGNATURE_LINE_SIZE   (4 + NOTE_NAME_MAX + 1 + 104 + 1 + 1)
#define NOTE_COSIGNATURE_MESSAGE_MAX (64 + NOTE_MAX_SIZE)

enum note_key_type {
    NOTE_KEY_ED25519 = 1,    /* signs the text */
    NOTE_KEY_COSIGNATURE = 4 /* signs "cosignature/v1", a time and the text */
};

/* A key that we know and trust to be the named one's. Made by note_key_init() or note_key_parse(). */
struct note_key {
    char name[NOTE_NAME_MAX + 1]; /* terminated */
    size_t name_size;             /* 1 .. NOTE_NAME_MAX */
    uint8_t id[NOTE_ID_SIZE];     /* start of SHA-256(name || 0a || type || public key) */
    enum note_key_type type;
    uint8_t public_key[NOTE_PUBLIC_KEY_SIZE];
};

/* A name may stand in a signature line: 1 .. 255 bytes of UTF-8, no Unicode space, no control, no "+".
 * ERR_INPUT. */
MUST_USE enum err_code note_name_check(const char *name, size_t size, struct err *err);

/* Is it an Ed25519 key as all verifiers take it: canonical, of the main group, not of low order? */
bool note_key_is_sound(const uint8_t public_key[NOTE_PUBLIC_KEY_SIZE]);

/* ERR_INPUT: the name is not acceptable. ERR_KEY: the 32 bytes are no sound Ed25519 key (low order, not
 * canonical). */
MUST_USE enum err_code note_key_init(struct note_key *key, const char *name, size_t name_size,
                                     enum note_key_type type, const uint8_t public_key[NOTE_PUBLIC_KEY_SIZE],
                                     struct err *err);

/*
 * A verifier key ("vkey"): name+id in 8 hex digits+base64(type || public key). ERR_FORMAT: not in this form,
 * or the id is not the key's; ERR_INPUT: a type that we cannot verify; ERR_KEY as above.
 */
MUST_USE enum err_code note_key_parse(struct note_key *key, const char *vkey, size_t length, struct err *err);

/* Writes the vkey and a terminator to `out` (NOTE_VKEY_TEXT_SIZE bytes); returns the length. */
size_t note_key_format(char *out, const struct note_key *key);

/* Same name, id, type and bytes. */
bool note_key_equal(const struct note_key *a, const struct note_key *b);

/* One line below the text; everything borrowed from the note's bytes. */
struct note_signature {
    const char *name; /* not terminated */
    size_t name_size;
    uint8_t id[NOTE_ID_SIZE];
    const char *base64; /* of id || signature; checked to be canonical */
    size_t base64_size;
    size_t blob_size; /* bytes that base64 holds: at least 5 */
};

struct note {
    const char *text; /* what the signatures cover; not terminated */
    size_t text_size; /* with its final LF */
    size_t count;     /* 1 .. NOTE_SIGNATURES_MAX */
    struct note_signature signatures[NOTE_SIGNATURES_MAX];
};

/* ERR_FORMAT: not a signed note, and why. On error *note is untouched. Checks the form only: no signature is
 * verified. */
MUST_USE enum err_code note_parse(struct note *note, const void *bytes, size_t size, struct err *err);

/* The first line by that name and id, which is the one that counts; NULL: none. Verifies nothing. */
const struct note_signature *note_find(const struct note *note, const struct note_key *key);

/* What note_verify() found out about one key. */
struct note_finding {
    bool verified; /* this key has signed the note, and the signature is good */
    uint64_t at_s; /* a cosigner's time, seconds since 1970; zero for type 01 */
};

/*
 * Verifies every line whose (name, id) is one of `keys`; other lines are skipped. `findings` (count elements,
 * or NULL) tells which keys signed; a key that signed twice counts once. ERR_WRONG: a known key's signature
 * does not fit the text. ERR_KEY: no line is by a known key. ERR_INPUT: a line's (name, id) belongs to two of
 * the keys. After an error findings are untouched.
 */
MUST_USE enum err_code note_verify(const struct note *note, const struct note_key *keys, size_t count,
                                   struct note_finding *findings, struct err *err);

/*
 * Builds text || LF || signature line into `out` and tells its size (no terminator is written). `signature`
 * is key's Ed25519 signature over the text, which a vault makes (vault_sign). ERR_FORMAT: the text may not be
 * in a note (no final LF, control characters, not UTF-8); ERR_RANGE: more than `capacity` bytes are needed.
 */
MUST_USE enum err_code note_build(char *out, size_t capacity, size_t *size, const char *text,
                                  size_t text_size, const struct note_key *key,
                                  const uint8_t signature[NOTE_SIGNATURE_SIZE], struct err *err);

/* One signature line of a type-01 key, ending LF, and a terminator: to be appended to a note. Returns the
 * length. */
size_t note_line_format(char *out, const struct note_key *key, const uint8_t signature[NOTE_SIGNATURE_SIZE]);

/*
 * What a cosigner (type 04) signs: "cosignature/v1", the time, and the note's text, which is at most NOTE_MAX_SIZE
 * bytes; at_s is below 2^63 (REQUIRE). `out` has room for NOTE_COSIGNATURE_MESSAGE_MAX; returns the size.
 */
size_t note_cosignature_message(char *out, const char *text, size_t text_size, uint64_t at_s);
/* The line of a type-04 key, as note_line_format(); `out` has room for NOTE_COSIGNATURE_LINE_SIZE. */
size_t note_cosignature_format(char *out, const struct note_key *key, uint64_t at_s,
                               const uint8_t signature[NOTE_SIGNATURE_SIZE]);

/*
 * Puts signature lines, each ending LF, behind those that a note has; a line whose (name, id) is there already is
 * left out. Writes the whole note to `out` (no terminator), which may be where the note is. ERR_FORMAT: it is no note, or
 * `lines` are no signature lines and nothing else. ERR_RANGE: more than `capacity` or NOTE_MAX_SIZE bytes, or than
 * NOTE_SIGNATURES_MAX lines. Verifies nothing.
 */
MUST_USE enum err_code note_add_lines(char *out, size_t capacity, size_t *size, const void *note,
                                      size_t note_size, const char *lines, size_t lines_size,
                                      struct err *err);

/*
 * Ed25519 over plain bytes, for signatures that stand outside a note (an actor's, in an entry).
 * ERR_WRONG: the signature is not this key's over these bytes.
 */
MUST_USE enum err_code note_verify_bytes(const uint8_t public_key[NOTE_PUBLIC_KEY_SIZE], const void *bytes,
                                         size_t size, const uint8_t signature[NOTE_SIGNATURE_SIZE],
                                         struct err *err);

#endif
