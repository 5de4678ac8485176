/* Any bytes as a verifier key: what parses is written back as the same bytes. */
#include "ledger/note.h"

#include "fuzz.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char again[NOTE_VKEY_TEXT_SIZE];
    struct note_key key;
    struct note_key same;
    struct err err = {0};

    const enum err_code rc = note_key_parse(&key, (const char *)data, size, &err);
    if (rc) {
        REQUIRE(err.code == rc && err.text[0] != '\0');
        return 0;
    }
    REQUIRE(note_key_format(again, &key) == size && memcmp(again, data, size) == 0);
    REQUIRE(note_key_init(&same, key.name, key.name_size, key.type, key.public_key, &err) == ERR_OK);
    REQUIRE(note_key_equal(&key, &same));
    return 0;
}
