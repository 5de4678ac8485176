/*
 * The files of a published journal (C2SP tlog-tiles, and ours): their names below the directory or address,
 * and the forms of those that are neither a tile nor a note. docs/FORMAT.md, "Published directory", has the
 * whole.
 *
 *   checkpoint                     the newest seal that is published
 *   tile/<level>/<N>[.p/<W>]       hashes; .p/<W>: only the first W of 256
 *   tile/entries/<N>[.p/<W>]       a bundle: for each of 256 (or W) entries, u16 BE size, bytes
 *   seals                          sizes of the seals that are kept, one a line, ascending
 *   seal/<N>                       the seal of size N
 *   timestamp/<N>/<n>              the n-th timestamp of that seal, n = 0, 1 ...
 *
 * <N> is decimal in groups of three digits, all but the last with an x before: 1234067 is x001/x234/067.
 * Pure; nothing here allocates.
 */
#ifndef LEDGER_PUBLISHED_H
#define LEDGER_PUBLISHED_H

#include "ledger/err.h"

#include <stdint.h>

#define PUBLISHED_NAME_SIZE  64 /* longest name with its terminator */
#define PUBLISHED_WIDTH      256u
#define PUBLISHED_LEVEL_MAX  63u
#define PUBLISHED_TIMESTAMPS 1000u /* of one seal */
#define PUBLISHED_NUMBER_MAX ((uint64_t)INT64_MAX)
#define PUBLISHED_BUNDLE_MAX (PUBLISHED_WIDTH * (2u + 65535u)) /* bytes */

enum published_kind {
    PUBLISHED_CHECKPOINT,
    PUBLISHED_SEALS,
    PUBLISHED_TILE,
    PUBLISHED_ENTRIES,
    PUBLISHED_SEAL,
    PUBLISHED_TIMESTAMP
};

struct published_name {
    enum published_kind kind;
    unsigned level;  /* of a tile: 0 .. PUBLISHED_LEVEL_MAX */
    uint64_t number; /* index of a tile or bundle; size of a seal, 1 or more: at most PUBLISHED_NUMBER_MAX */
    unsigned width;  /* of a tile or bundle: 1 .. 256; 256 is a full one */
    unsigned which;  /* of the seal's timestamps: 0 .. 999 */
};

/*
 * Writes the name and a terminator to `out` (PUBLISHED_NAME_SIZE bytes); returns the length. REQUIREs the
 * bounds.
 */
size_t published_format(char *out, const struct published_name *name);

/* ERR_INPUT: it names no file of a published journal, or not in its one form. On error *name is untouched. */
MUST_USE enum err_code published_parse(struct published_name *name, const char *text, size_t length,
                                       struct err *err);

/* One entry of a bundle, borrowed from it. */
struct published_entry {
    const uint8_t *bytes;
    size_t size; /* 1 .. 65535 */
};

/*
 * Takes a bundle apart: at most 256 entries. ERR_FORMAT: it is cut, empty, holds an entry of no bytes, or
 * more than 256, and where; outputs are then untouched.
 */
MUST_USE enum err_code published_bundle_parse(const uint8_t *bytes, size_t size,
                                              struct published_entry entries[PUBLISHED_WIDTH],
                                              unsigned *count, struct err *err);

/* A list of seals that is being read. Borrows the text. */
struct published_sizes {
    const char *at;
    const char *end;
    uint64_t last; /* that was read; 0: none yet */
};

void published_sizes_init(struct published_sizes *s, const char *text, size_t length);
/*
 * The next size; *found false at the end. ERR_FORMAT: a line is no size, or not above the one before, and
 * which.
 */
MUST_USE enum err_code published_sizes_next(struct published_sizes *s, uint64_t *size, bool *found,
                                            struct err *err);

#endif
