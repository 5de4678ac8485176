/*
 * Any bytes as what a published journal serves: the first byte says as a name, a bundle of entries, or the list of
 * seals. What is read is written again as the same bytes.
 */
#include "ledger/published.h"

#include "fuzz.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static struct err err;

static void try_name(const char *text, size_t size)
{
    char again[PUBLISHED_NAME_SIZE];
    struct published_name name;

    if (published_parse(&name, text, size, &err)) {
        REQUIRE(err.code == ERR_INPUT && err.text[0] != '\0');
        return;
    }
    REQUIRE(published_format(again, &name) == size && memcmp(again, text, size) == 0);
}

static void try_bundle(const uint8_t *bytes, size_t size)
{
    struct published_entry entries[PUBLISHED_WIDTH];
    const uint8_t *at = bytes;
    unsigned count = 0;

    if (published_bundle_parse(bytes, size, entries, &count, &err)) {
        REQUIRE(err.code == ERR_FORMAT && err.text[0] != '\0' && count == 0);
        return;
    }
    REQUIRE(count >= 1 && count <= PUBLISHED_WIDTH);
    for (unsigned i = 0; i < count; i++) {
        REQUIRE(entries[i].bytes == at + 2 && entries[i].size == ((size_t)at[0] << 8 | at[1]));
        REQUIRE(entries[i].size > 0);
        at += 2 + entries[i].size;
    }
    REQUIRE(at == bytes + size);
}

static void try_list(const char *text, size_t size)
{
    struct published_sizes list;
    char line[32];
    uint64_t number = 0;
    uint64_t last = 0;
    size_t at = 0;
    bool found = true;

    published_sizes_init(&list, text, size);
    while (published_sizes_next(&list, &number, &found, &err) == ERR_OK) {
        if (!found) {
            REQUIRE(at == size);
            return;
        }
        const size_t length = (size_t)snprintf(line, sizeof line, "%" PRIu64 "\n", number);
        REQUIRE(number > last && length <= size - at && memcmp(line, text + at, length) == 0);
        last = number;
        at += length;
    }
    REQUIRE(err.code == ERR_FORMAT && err.text[0] != '\0' && at < size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    if (data[0] == 'n')
        try_name((const char *)data + 1, size - 1);
    if (data[0] == 'b')
        try_bundle(data + 1, size - 1);
    if (data[0] == 'l')
        try_list((const char *)data + 1, size - 1);
    return 0;
}
