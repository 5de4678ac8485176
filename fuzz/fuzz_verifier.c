/*
 * Any bytes as a raw export, to both verifiers in C: ledger-verify ends, reads nothing outside them, and says what
 * `ledger verify` says. One thing is left to a verifier: when it notices a key of another size (docs/FORMAT.md, 8.1).
 */
#include "audit/evidence.h"
#include "audit/verify.h"
#include "verifier/verifier.h"

#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

/* So a bundle begins: ledger-verify reads it as one, `ledger verify` has no use for it. */
static const char ZIP[] = "PK\3\4";

static void compare(const struct verifier_report *second, enum err_code rc, const struct verify_report *first)
{
    const bool is_judged = rc == ERR_OK || rc == ERR_WRONG;

    if (strncmp(second->where, "table ", 6) == 0 || (rc == ERR_WRONG && first->wrong.place == VERIFY_TABLE))
        return;
    REQUIRE(second->exit == (rc == ERR_OK ? VERIFIER_GOOD
                             : is_judged  ? VERIFIER_WRONG
                                          : VERIFIER_NOT_CHECKED));
    if (!is_judged)
        return;
    REQUIRE(strcmp(second->where, rc == ERR_WRONG ? first->wrong.where : "") == 0);
    REQUIRE(second->integrity_ok == first->integrity_ok && second->complete_ok == first->complete_ok);
    REQUIRE(second->entries == first->entries && second->sealed == first->sealed);
    REQUIRE(memcmp(second->root, first->root.bytes, sizeof second->root) == 0);
    REQUIRE(strcmp(second->vkey, first->vkey) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct verify_options options = {.threads = 1};
    static const struct verifier_options same = {.vkey = NULL};
    static struct verify_report first;
    static struct verifier_report second;
    struct evidence *evidence = NULL;
    struct err err = {0};

    uint8_t *const bytes = malloc(size + 1); /* its own, so that a byte too far is seen */
    REQUIRE(bytes);
    memcpy(bytes, data, size);
    verifier_check_bytes(bytes, size, &same, &second);
    REQUIRE(second.exit != VERIFIER_MISUSED && (second.exit == VERIFIER_GOOD) == (second.what[0] == '\0'));
    enum err_code rc = evidence_open_memory(bytes, size, &evidence, &err);
    if (!rc)
        rc = verify_evidence(evidence, &options, &first, &err);
    if (size < sizeof ZIP - 1 || memcmp(bytes, ZIP, sizeof ZIP - 1) != 0)
        compare(&second, rc, &first);
    evidence_close(evidence);
    free(bytes);
    return 0;
}
