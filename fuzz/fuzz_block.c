/*
 * Any bytes as a stored block: first eight bytes the key, then the value. What opens is, written again from its
 * entries, the same bytes; going back and forth finds each entry where it was.
 */
#include "ledger/block.h"
#include "ledger/wire.h"

#include "fuzz.h"

#include <string.h>

#define SIZE_MAX_HERE 65536u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint32_t ends[SIZE_MAX_HERE];
    static uint8_t again[SIZE_MAX_HERE];
    static struct hash leaves[SIZE_MAX_HERE / 7];
    struct err err = {0};
    struct block b;
    uint32_t end = 0;

    if (size < 8 || size > SIZE_MAX_HERE)
        return 0;
    const uint64_t last = wire_load_u64(data);
    const uint8_t *const value = data + 8;
    block_init(&b);
    const enum err_code rc = block_open(&b, last, value, size - 8, &err);
    if (rc) {
        REQUIRE(rc == ERR_FORMAT && err.code == rc && err.text[0] != '\0' && b.last == 0);
        return 0;
    }
    const uint32_t count = (uint32_t)(b.last - b.first + 1);
    const uint8_t *const bytes = b.at;
    for (uint32_t i = 0; i < count; i++) {
        size_t length = 0;
        REQUIRE(block_entry(&b, b.first + i, &length) == bytes + end && length > 0);
        ends[i] = end += (uint32_t)length;
    }
    REQUIRE(bytes + end == data + size);
    for (uint32_t i = count; i-- > 0;) {
        size_t length = 0;
        REQUIRE(block_entry(&b, b.first + i, &length) == bytes + ends[i] - length);
    }
    REQUIRE(block_size(ends, count, 0) == size - 8);
    for (uint32_t i = 0; i < count; i++)
        memcpy(leaves[i].bytes, b.lengths + 2 * count + BLOCK_CHECK_SIZE * i, BLOCK_CHECK_SIZE);
    block_write(again, ends, count, 0, bytes, leaves);
    REQUIRE(memcmp(again, value, size - 8) == 0);
    return 0;
}
