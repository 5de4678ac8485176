/*
 * Any bytes as a guard's file, and as a state's lines before its check (which no fuzzer would guess), in a file whose
 * head is good: what decodes encodes to the same bytes, in its place.
 */
#include "ledger/guard_format.h"

#include "ledger/hex.h"

#include "fuzz.h"

#include <stdio.h>
#include <string.h>

static const char vkey[] = "desk.example/alpha+7b055032+AW43cbtjHPNBlW0hNAzxzmbh0MUBo9/7zzQlAO/Gr/VK";
static char whole[GUARD_FILE_SIZE];

static void check(const char *bytes, size_t size)
{
    char found[NOTE_VKEY_TEXT_SIZE];
    char place[GUARD_PLACE_SIZE];
    struct guard_state state;
    struct err err = {0};

    const enum err_code rc = guard_decode(bytes, size, found, &state, &err);
    if (rc) {
        REQUIRE(rc == ERR_FORMAT && err.code == rc && err.text[0] != '\0');
        return;
    }
    guard_head_encode(place, found);
    REQUIRE(memcmp(place, bytes, sizeof place) == 0);
    const size_t at = guard_state_encode(place, bytes, &state);
    REQUIRE(at + sizeof place <= size && memcmp(place, bytes + at, sizeof place) == 0);
}

/* As the state of every place: it is good in the one that its number says. */
static void check_lines(const char *lines, size_t size)
{
    char text[HEX_LENGTH(HASH_SIZE) + 1];
    struct hash_stream s;

    if (size + sizeof text + 8 > GUARD_PLACE_SIZE)
        return;
    memset(whole, ' ', sizeof whole);
    guard_head_encode(whole, vkey);
    hash_stream_init(&s);
    hash_stream_add(&s, whole, GUARD_PLACE_SIZE);
    hash_stream_add(&s, lines, size);
    const struct hash h = hash_stream_finish(&s);
    hex_encode(text, h.bytes, HASH_SIZE);
    for (size_t i = 1; i <= GUARD_STATES; i++) {
        char *const place = whole + i * GUARD_PLACE_SIZE;
        memset(place, ' ', GUARD_PLACE_SIZE);
        memcpy(place, lines, size);
        snprintf(place + size, GUARD_PLACE_SIZE - size, "check %s\n", text);
        place[size + 7 + strlen(text)] = ' ';
        place[size + 6 + strlen(text)] = '\n';
        place[GUARD_PLACE_SIZE - 1] = '\n';
    }
    check(whole, sizeof whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check((const char *)data, size);
    if (size > 0)
        check_lines((const char *)data, size);
    return 0;
}
