/*
 * The manifest of a pack: what each file is, what the pack covers, and the journal's signature over that.
 *
 * manifest.json has one form: what manifest_format() writes. Signed is manifest_text(), a few plain lines, so
 * that a check needs no JSON rules:
 *
 *   program ledger 0.1.0
 *   day 2015-12-24
 *   entries 412 between 3 and 640
 *   covers 1 to 640
 *   recorded_at 2015-12-24T21:00:00Z
 *   seal <SHA-256 of the note in the field "seal">
 *   state <state digest after the seal>
 *   epoch <the number of the key that signs>   unless it is 0
 *   file <SHA-256> <size> <name>        for each file, in the manifest's order
 *
 * under the label "ledger manifest v1" (journal_sign_bytes), which puts the journal's origin in front.
 */
#ifndef REPORTS_MANIFEST_H
#define REPORTS_MANIFEST_H

#include "reports/day_scope.h"
#include "reports/words.h"

#define MANIFEST_FORMAT    "ledger manifest v1"
#define MANIFEST_NAME      "manifest.json"
#define MANIFEST_MAX_SIZE  ((size_t)1 << 20)
#define MANIFEST_FILES_MAX 32
#define MANIFEST_FILE_NAME 48

struct manifest_file {
    char name[MANIFEST_FILE_NAME]; /* terminated; lower-case letters, digits, '.', '-', '_' */
    uint64_t size;
    struct hash sha256;
};

struct manifest {
    char program[64];
    char origin[JOURNAL_ORIGIN_MAX + 1];
    char vkey[NOTE_VKEY_TEXT_SIZE];      /* the journal's: of its key epoch 0 */
    uint64_t epoch;                      /* whose key has signed this, */
    char signed_by[NOTE_VKEY_TEXT_SIZE]; /* which is this one; empty for epoch 0 */
    struct day_scope scope;
    struct hash state_digest;
    struct manifest_file files[MANIFEST_FILES_MAX];
    size_t file_count;
    uint8_t signature[NOTE_SIGNATURE_SIZE];
};

/* What is signed. ERR_MEMORY. */
MUST_USE enum err_code manifest_text(const struct manifest *m, struct words *out, struct err *err);
/* manifest.json, its final line feed included. ERR_MEMORY. */
MUST_USE enum err_code manifest_format(const struct manifest *m, struct words *out, struct err *err);
/*
 * Reads what manifest_format() wrote, and nothing else. ERR_FORMAT says what is wrong. No signature is checked.
 * On error *m is not to be used.
 */
MUST_USE enum err_code manifest_parse(struct manifest *m, const char *bytes, size_t size, struct err *err);

/* The file of this name, or NULL. */
const struct manifest_file *manifest_find(const struct manifest *m, const char *name);

#endif
