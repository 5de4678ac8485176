/*
 * Any bytes as the three files of a listing's daily history, parted by zero bytes: LEAN's map file, its factor file,
 * and the rows of its bars (packed into a zip here). Read through the feed that imports them, and played to the end.
 */
#include "fuzz.h"
#include "outside.h"

#define DAILY "equity/usa/daily/goog.zip"

/* The part up to the next zero byte; the last one takes all that is left. */
static size_t cut(const uint8_t *data, size_t size)
{
    const uint8_t *const zero = size ? memchr(data, '\0', size) : NULL;

    return zero ? (size_t)(zero - data) : size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const folders[] = {
        "equity", "equity/usa", "equity/usa/daily", "equity/usa/map_files", "equity/usa/factor_files", NULL};
    static struct outside_zip zip;
    char spec[400];
    struct feed *f = NULL;
    struct err err = {0};

    const char *const dir = outside_folder(folders);
    const size_t map = cut(data, size);
    const size_t factors_at = map < size ? map + 1 : size;
    const size_t factors = cut(data + factors_at, size - factors_at);
    const size_t rows_at = factors_at + factors < size ? factors_at + factors + 1 : size;
    zip.size = 0;
    zip.directory_size = 0;
    zip.count = 0;
    if (!outside_zip_add(&zip, "goog.csv", 8, data + rows_at, size - rows_at) || !outside_zip_end(&zip))
        return 0;
    outside_write("equity/usa/map_files/goog.csv", data, map);
    outside_write("equity/usa/factor_files/goog.csv", data + factors_at, factors);
    outside_write(DAILY, zip.bytes, zip.size);
    snprintf(spec, sizeof spec,
             "lean:%s,underlying=GOOG,resolution=daily,from=2014-03-20,to=2014-04-10,clock=yes", dir);
    const enum err_code rc = feed_open(spec, NULL, &f, &err);
    if (rc)
        REQUIRE(err.code == rc && err.text[0] != '\0' && !f);
    else
        outside_play(f);
    return 0;
}
