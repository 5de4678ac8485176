/*
 * Any bytes as a chunk of the index's postings: first eight bytes the seq in its key, then the value. What decodes is
 * ascending, does not touch, and is coded to the same bytes again.
 */
#include "ledger/postings.h"
#include "ledger/wire.h"

#include "fuzz.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct postings_run runs[POSTINGS_RUNS_MAX];
    static uint8_t again[POSTINGS_CHUNK_MAX];
    struct err err = {0};
    size_t again_size = 0;
    size_t count = 0;

    if (size < 8)
        return 0;
    const uint64_t first = wire_load_u64(data);
    const enum err_code rc = postings_decode(first, data + 8, size - 8, runs, &count, &err);
    if (rc) {
        REQUIRE(rc == ERR_FORMAT && err.code == rc && err.text[0] != '\0' && count == 0);
        return 0;
    }
    REQUIRE(count > 0 && count <= POSTINGS_RUNS_MAX && runs[0].first == first);
    for (size_t i = 0; i < count; i++) {
        REQUIRE(runs[i].first <= runs[i].last && runs[i].last <= POSTINGS_SEQ_MAX);
        REQUIRE(i == 0 || runs[i].first > runs[i - 1].last + 1);
    }
    REQUIRE(postings_encode(runs, count, again, &again_size) == count);
    REQUIRE(again_size == size - 8 && memcmp(again, data + 8, again_size) == 0);
    return 0;
}
