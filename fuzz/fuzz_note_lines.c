/*
 * Any bytes as signature lines that a witness sends: what is taken joins a note behind what it has, which stays to the
 * byte, text and all; and added once more it changes nothing.
 */
#include "ledger/note.h"

#include "fuzz.h"

#include <string.h>

#define NOTE                                                                                                 \
    "desk.example/a\n2\nWqx3HImawpLnS/Gv4ubjAvi1WIOy0b8Ze0amvqbavKk=\n\n"                                    \
    "\xe2\x80\x94 desk.example/a AAAAAQE=\n\xe2\x80\x94 w AAAAAgI=\n"
#define NOTE_SIZE (sizeof NOTE - 1)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char joined[NOTE_MAX_SIZE];
    static char again[NOTE_MAX_SIZE];
    static struct note before;
    static struct note after;
    struct err err = {0};
    size_t joined_size = 0;
    size_t again_size = 0;

    REQUIRE(note_parse(&before, NOTE, NOTE_SIZE, NULL) == ERR_OK);
    if (note_add_lines(joined, sizeof joined, &joined_size, NOTE, NOTE_SIZE, (const char *)data, size,
                       &err)) {
        REQUIRE((err.code == ERR_FORMAT || err.code == ERR_RANGE) && err.text[0] != '\0');
        return 0;
    }
    REQUIRE(joined_size >= NOTE_SIZE && memcmp(joined, NOTE, NOTE_SIZE) == 0);
    REQUIRE(note_parse(&after, joined, joined_size, NULL) == ERR_OK);
    REQUIRE(after.text_size == before.text_size && after.count >= before.count);
    REQUIRE(note_add_lines(again, sizeof again, &again_size, joined, joined_size, (const char *)data, size,
                           NULL) == ERR_OK);
    REQUIRE(again_size == joined_size && memcmp(again, joined, joined_size) == 0);
    return 0;
}
