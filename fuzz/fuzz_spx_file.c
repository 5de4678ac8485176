/*
 * Any bytes as an end-of-day file of SPX, through the feed that imports it. An even first byte: the rest is the .gz
 * file. Odd: the rest is what is packed into one. What is read is played to its end.
 */
#include "fuzz.h"
#include "outside.h"

static size_t pack(const uint8_t *data, size_t size, uint8_t *out, size_t capacity)
{
    z_stream z = {.next_in = (Bytef *)(uintptr_t)data, .avail_in = (uInt)size};

    REQUIRE(deflateInit2(&z, Z_NO_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    z.next_out = out;
    z.avail_out = (uInt)capacity;
    REQUIRE(deflate(&z, Z_FINISH) == Z_STREAM_END);
    const size_t packed = capacity - z.avail_out;
    REQUIRE(deflateEnd(&z) == Z_OK);
    return packed;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const none[] = {NULL};
    static uint8_t packed[OUTSIDE_ARCHIVE_MAX];
    char spec[300];
    struct feed *f = NULL;
    struct err err = {0};

    if (size < 1 || size > OUTSIDE_ARCHIVE_MAX - 4096)
        return 0;
    const char *const dir = outside_folder(none);
    if (data[0] & 1)
        outside_write("20190503.csv.gz", packed, pack(data + 1, size - 1, packed, sizeof packed));
    else
        outside_write("20190503.csv.gz", data + 1, size - 1);
    snprintf(spec, sizeof spec, "spx-eod:%s,openinterest=1", dir);
    const enum err_code rc = feed_open(spec, NULL, &f, &err);
    if (rc)
        REQUIRE(rc == ERR_INPUT && err.code == rc && strstr(err.text, "20190503.csv.gz") && !f);
    else
        outside_play(f);
    return 0;
}
