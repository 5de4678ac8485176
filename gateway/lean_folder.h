/*
 * Where LEAN's data folder keeps what, and what to say when it is not there.
 */
#ifndef GATEWAY_LEAN_FOLDER_H
#define GATEWAY_LEAN_FOLDER_H

#include "gateway/lean_row.h"
#include "gateway/source_file.h"

enum lean_resolution { LEAN_MINUTE = 0, LEAN_HOUR, LEAN_DAILY };

/* One listing in the folder. */
struct lean_listing {
    bool is_index;
    char ticker[8]; /* lower case, as the files are named */
};

struct lean_path {
    char text[SOURCE_FILE_PATH_SIZE];
};

/* "equity/usa/minute/goog/20151224_trade.zip"; for LEAN_HOUR and LEAN_DAILY "equity/usa/daily/goog.zip" (`d` and
 * `kind` do not matter: trades of all years). */
struct lean_path lean_folder_underlying(const struct lean_listing *listing, enum lean_resolution resolution,
                                        enum lean_kind kind, civil_day d);

/*
 * "option/usa/minute/goog/20151224_quote_american.zip", "option/usa/hour/goog_2015_quote_american.zip", or the
 * same with the double ending ".zip.zip" when only that is there. `root`: lower case.
 */
struct lean_path lean_folder_option(const char *dir, bool is_index, const char *root,
                                    enum lean_resolution resolution, enum lean_kind kind, civil_day d);

struct lean_path lean_folder_map(const char *ticker);
struct lean_path lean_folder_factors(const char *ticker);

/*
 * ERR_NOT_FOUND: "PATH is not there; there are 2015-12-23 and 2015-12-28" (the nearest dates of such files), or what
 * else the folder holds, or that there is no such folder. `hint` says what to type (may be "").
 */
enum err_code lean_folder_missing(const char *dir, const char *path, const char *hint, struct err *err);

#endif
