/*
 * Any bytes as a raw export: the verifier ends, reads nothing outside them, and its verdict is one of three,
 * each with what belongs to it.
 */
#include "audit/evidence.h"
#include "audit/verify.h"

#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

static void check(const struct verify_report *report, enum err_code rc, const struct err *err)
{
    if (rc == ERR_OK)
        REQUIRE(report->integrity_ok && report->complete_ok && report->wrong.place == VERIFY_NOWHERE &&
                report->entries > 0 && report->entries == report->sealed);
    if (rc == ERR_WRONG) {
        REQUIRE(!(report->integrity_ok && report->complete_ok) && report->wrong.place != VERIFY_NOWHERE);
        REQUIRE(report->wrong.where[0] && report->wrong.what[0]);
        REQUIRE(strncmp(err->text, report->wrong.where, strlen(report->wrong.where)) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct verify_options options = {.vkey = NULL};
    static struct verify_report report;
    struct evidence *evidence = NULL;
    struct err err = {0};

    uint8_t *const bytes = malloc(size + 1); /* its own, so that a byte too far is seen */
    REQUIRE(bytes);
    memcpy(bytes, data, size);
    if (evidence_open_memory(bytes, size, &evidence, &err) == ERR_OK) {
        const enum err_code rc = verify_evidence(evidence, &options, &report, &err);
        check(&report, rc, &err);
        evidence_close(evidence);
    }
    free(bytes);
    return 0;
}
