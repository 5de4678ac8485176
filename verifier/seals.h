/* Section 5: keys, signatures, signed notes, seals. Section 3's signatures are made of the same Ed25519. */
#ifndef VERIFIER_SEALS_H
#define VERIFIER_SEALS_H

#include "verifier/plain.h"
#include "verifier/tree.h"
#include "verifier/verifier.h"

#define SEALS_KEY_SIZE       32
#define SEALS_SIGNATURE_SIZE 64
#define SEALS_NOTE_MAX       16384

/* A journal's key. */
struct seal_key {
    char name[VERIFIER_NAME_MAX + 1]; /* the origin, terminated */
    size_t name_size;
    uint8_t id[4];
    uint8_t bytes[SEALS_KEY_SIZE];
};

/* Returns what is wrong with name or key; or NULL, and *key is made. */
const char *seal_key_make(struct seal_key *key, const uint8_t *name, size_t name_size,
                          const uint8_t bytes[SEALS_KEY_SIZE]);
/* The same from a vkey, name+id+key. */
const char *seal_key_parse(struct seal_key *key, const char *vkey);
/* The vkey of a key; room for VERIFIER_VKEY_MAX and a terminator. */
void seal_key_format(const struct seal_key *key, char *vkey);

struct seal_epoch {
    uint64_t begins; /* the size */
    bool is_recovery;
    struct seal_key key;
};

/* The key epochs of section 5, from 0 on, as far as they are known. */
struct seal_keys {
    struct seal_epoch *epochs;
    size_t count;
};

/* One more epoch. Returns what is wrong with its key, or NULL. */
const char *seal_keys_add(struct seal_keys *keys, const char *name, size_t name_size, const uint8_t *bytes,
                          uint64_t begins, bool is_recovery, struct words *w);
/* The key in force at a size; NULL before genesis. */
const struct seal_key *seal_keys_at(const struct seal_keys *keys, uint64_t size);

/* Is this the key's signature over the bytes, strictly as section 5 has it? */
bool seal_signature_is_good(const uint8_t key[SEALS_KEY_SIZE], const void *bytes, size_t size,
                            const uint8_t signature[SEALS_SIGNATURE_SIZE]);

/*
 * Rule 13 of a note, but for its root, which is handed out: in form, signed by the key, of its origin, and of `size`
 * entries. Returns what is wrong, or NULL.
 */
const char *seal_open(const struct seal_key *key, const uint8_t *note, size_t note_size, uint64_t size,
                      struct digest *root, struct words *w);

/* Section 5, Cosignatures: what the first line by this witness is, in a note that is in form. */
enum seal_witness { WITNESS_SILENT, WITNESS_GOOD, WITNESS_WRONG };
enum seal_witness seal_witness(const uint8_t *name, size_t name_size, const uint8_t key[SEALS_KEY_SIZE],
                               const uint8_t *note, size_t note_size);

/* How many entries a note says on its second line that it covers; 0: it does not. Nothing else of it is looked at. */
uint64_t seal_size(const uint8_t *note, size_t note_size);
/* Is its first line the key's name? */
bool seal_is_of(const struct seal_key *key, const uint8_t *note, size_t note_size);

#endif
