/*
 * Any bytes as a signed note: what parses is, put together again from its parts, the same bytes; so is the text where
 * it parses as a checkpoint. Verifying it takes keys of both types.
 */
#include "ledger/checkpoint.h"
#include "ledger/note.h"

#include "fuzz.h"

#include <string.h>

static const char *const vkeys[] = {
    "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx",
    "witness.example.org+b8a2cf20+BFLN3yikSfFkVAJtrnh/CiY3Zozkoy7clp+P7XB28qUN",
};
#define KEYS (sizeof vkeys / sizeof vkeys[0])

static char again[NOTE_MAX_SIZE + 4]; /* base64_encode() ends its text with a zero */

static size_t put(size_t at, const void *bytes, size_t size)
{
    REQUIRE(size <= NOTE_MAX_SIZE - at);
    memcpy(again + at, bytes, size);
    return at + size;
}

static size_t put_signature(size_t at, const struct note_signature *s)
{
    static uint8_t blob[NOTE_MAX_SIZE];
    size_t size = 0;

    REQUIRE(base64_decode(s->base64, s->base64_size, blob, sizeof blob, &size, NULL) == ERR_OK);
    REQUIRE(size == s->blob_size && memcmp(blob, s->id, NOTE_ID_SIZE) == 0);
    at = put(at, "\xe2\x80\x94 ", 4);
    at = put(at, s->name, s->name_size);
    at = put(at, " ", 1);
    REQUIRE(BASE64_LENGTH(size) <= NOTE_MAX_SIZE - at);
    at += base64_encode(again + at, blob, size);
    return put(at, "\n", 1);
}

static void check_checkpoint(const struct note *note)
{
    struct checkpoint c;
    size_t size = 0;

    if (checkpoint_parse(&c, note->text, note->text_size, NULL))
        return;
    REQUIRE(checkpoint_format(&c, again, sizeof again, &size, NULL) == ERR_OK);
    REQUIRE(size == note->text_size && memcmp(again, note->text, size) == 0);
}

static void check_signers(const struct note *note)
{
    struct note_key keys[KEYS];
    struct note_finding findings[KEYS];
    struct err err = {0};

    for (size_t i = 0; i < KEYS; i++)
        REQUIRE(note_key_parse(&keys[i], vkeys[i], strlen(vkeys[i]), NULL) == ERR_OK);
    const enum err_code rc = note_verify(note, keys, KEYS, findings, &err);
    if (!rc)
        REQUIRE(findings[0].verified || findings[1].verified);
    else
        REQUIRE(err.code == rc && err.text[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct note note;
    struct err err = {0};

    const enum err_code rc = note_parse(&note, data, size, &err);
    if (rc) {
        REQUIRE(rc == ERR_FORMAT && err.code == rc && err.text[0] != '\0');
        return 0;
    }
    size_t at = put(0, note.text, note.text_size);
    at = put(at, "\n", 1);
    for (size_t i = 0; i < note.count; i++)
        at = put_signature(at, &note.signatures[i]);
    REQUIRE(at == size && memcmp(again, data, size) == 0);
    check_checkpoint(&note);
    check_signers(&note);
    return 0;
}
