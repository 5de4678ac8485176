/*
 * Any bytes as an entry, read by two: what ledger/entry.c decodes, audit/canonical.c accepts, and nothing else;
 * and both say the same of its header.
 */
#include "audit/canonical.h"

#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

static void require_same_header(const struct entry *e, const struct canonical *c)
{
    REQUIRE(c->kind == (unsigned)e->kind && c->seq == e->seq && c->recorded_at_ns == e->recorded_at_ns);
    REQUIRE(c->cause == e->cause && c->actor == e->actor);
    REQUIRE(c->has_at == (e->at_ns != INSTANT_NONE) && (!c->has_at || c->at_ns == e->at_ns));
    REQUIRE((c->signature != NULL) == e->is_signed);
    if (c->signature)
        REQUIRE(memcmp(c->signature, e->signature, ENTRY_SIGNATURE_SIZE) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct canonical_kinds kinds;
    static struct entry e;
    struct canonical c;
    struct err why = {0};
    struct err err = {0};

    if (!kinds.rows[0][0] && !kinds.rows[1][1])
        canonical_kinds_init(&kinds);
    uint8_t *const bytes = malloc(size + 1); /* its own, so that a byte too far is seen */
    REQUIRE(bytes);
    memcpy(bytes, data, size);
    const enum err_code decoded = entry_decode(bytes, size, &e, &why);
    enum err_code rc = canonical_header(bytes, size, &c, &err);
    if (!rc)
        rc = canonical_body(&c, &kinds, &err);
    REQUIRE((rc == ERR_OK) == (decoded == ERR_OK));
    if (rc)
        REQUIRE((rc == ERR_WRONG || rc == ERR_FORMAT) && err.text[0] != '\0' && why.text[0] != '\0');
    else
        require_same_header(&e, &c);
    free(bytes);
    return 0;
}
