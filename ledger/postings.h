/*
 * Postings: the seqs of the entries that have something in common, ascending, coded small enough that an index
 * of everything costs a few bytes an entry. They are kept as runs, first .. last without a gap, because
 * what is imported together lies together.
 *
 * A chunk is as many runs as fit in POSTINGS_CHUNK_MAX bytes; its first seq stands in its key. Its value:
 *
 *   varint  last - first of the first run
 *   then for each further run
 *   varint  2 * (gap - 2) + more    gap: the run's first - the last of the run before, 2 or more
 *   varint  last - first - 1        only with more = 1, that is in a run of two or more
 *
 * A varint is LEB128: seven bits a byte, lowest first, the top bit set in all but the last byte, no byte more
 * than needed. Seqs are 1 .. 2^62 - 1. So every list of runs has one form. Pure; nothing here allocates.
 */
#ifndef LEDGER_POSTINGS_H
#define LEDGER_POSTINGS_H

#include "ledger/err.h"

#include <stdint.h>

#define POSTINGS_CHUNK_MAX 1950u /* with its key two chunks fill a page of LMDB */
#define POSTINGS_RUNS_MAX  POSTINGS_CHUNK_MAX
#define POSTINGS_SEQ_MAX   ((UINT64_C(1) << 62) - 1)

struct postings_run {
    uint64_t first;
    uint64_t last;
};

/*
 * Codes the first of `count` runs (1 or more, ascending, not touching: REQUIRE) that fit in a chunk; returns how
 * many those are, 1 or more. `value` has room for POSTINGS_CHUNK_MAX bytes.
 */
size_t postings_encode(const struct postings_run *runs, size_t count, uint8_t *value, size_t *size);

/*
 * Reads a chunk whose key says `first`. `runs` has room for POSTINGS_RUNS_MAX. ERR_FORMAT says what is wrong;
 * *count is then untouched.
 */
MUST_USE enum err_code postings_decode(uint64_t first, const void *value, size_t size,
                                       struct postings_run *runs, size_t *count, struct err *err);

/* Adds seqs at the end of a list, as part of its last run where they touch it. Returns the new count. */
size_t postings_add(struct postings_run *runs, size_t count, struct postings_run run);

#endif
