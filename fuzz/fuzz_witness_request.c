/* Any bytes as an add-checkpoint request: what is taken is, written again, the same bytes. */
#include "audit/witness_request.h"

#include "fuzz.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char again[WITNESS_BODY_MAX + 1];
    struct witness_request r;
    struct err err = {0};

    if (size > WITNESS_BODY_MAX)
        return 0; /* a server takes no more */
    if (witness_request_parse(&r, data, size, &err)) {
        REQUIRE(err.code == ERR_INPUT && strncmp(err.text, "line ", 5) == 0);
        return 0;
    }
    if (r.checkpoint_size > NOTE_MAX_SIZE)
        return 0;
    REQUIRE(witness_request_format(again, &r) == size);
    REQUIRE(memcmp(again, data, size) == 0);
    return 0;
}
