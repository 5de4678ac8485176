/*
 * Any bytes as the files of a bundle, to ledger-verify: it ends, reads nothing outside them, and calls nothing good but
 * what is a bundle of seal 4's journal. The zip file around them is made here, so that its checksums stop no case.
 *
 *   u16 size of `entries`, these; u16 size of `proof`, these; the rest is `seals/4.note`
 */
#include "verifier/verifier.h"

#include "fuzz.h"
#include "ledger/err.h"

#include <stdlib.h>
#include <string.h>
#include <zip.h>

static void add(zip_t *zip, const char *name, const void *bytes, size_t size)
{
    zip_source_t *const source = zip_source_buffer(zip, bytes, size, 0);

    REQUIRE(source && zip_file_add(zip, name, source, 0) >= 0);
}

static size_t take(const uint8_t **data, size_t *size)
{
    const size_t wanted = *size >= 2 ? (size_t)(*data)[0] << 8 | (*data)[1] : 0;

    *data += *size >= 2 ? 2 : 0;
    *size -= *size >= 2 ? 2 : 0;
    return wanted < *size ? wanted : *size;
}

static uint8_t *pack(const uint8_t *data, size_t size, size_t *packed)
{
    zip_error_t why;
    zip_stat_t st;

    zip_error_init(&why);
    zip_source_t *const image = zip_source_buffer_create(NULL, 0, 0, &why);
    REQUIRE(image);
    zip_source_keep(image);
    zip_t *const zip = zip_open_from_source(image, ZIP_TRUNCATE, &why);
    REQUIRE(zip);
    add(zip, "bundle.json", "{}", 2);
    const size_t entries = take(&data, &size);
    add(zip, "entries", data, entries);
    data += entries;
    size -= entries;
    const size_t proof = take(&data, &size);
    add(zip, "proof", data, proof);
    add(zip, "seals/4.note", data + proof, size - proof);
    add(zip, "seals/4.consistency", "", 0);
    REQUIRE(zip_close(zip) == 0 && zip_source_open(image) == 0 && zip_source_stat(image, &st) == 0);
    uint8_t *const bytes = malloc(st.size);
    REQUIRE(bytes && zip_source_read(image, bytes, st.size) == (zip_int64_t)st.size);
    zip_source_close(image);
    zip_source_free(image);
    zip_error_fini(&why);
    *packed = st.size;
    return bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct verifier_options options = {.vkey = NULL};
    static struct verifier_report report;
    size_t packed;

    uint8_t *const bytes = pack(data, size, &packed);
    verifier_check_bytes(bytes, packed, &options, &report);
    free(bytes);
    REQUIRE(report.is_bundle);
    REQUIRE(report.integrity_ok == (report.exit == VERIFIER_GOOD));
    REQUIRE((report.where[0] != '\0') == (report.exit == VERIFIER_WRONG));
    REQUIRE(report.exit != VERIFIER_GOOD || (report.entries >= 1 && report.sealed == 4 && report.seals == 1));
    return 0;
}
