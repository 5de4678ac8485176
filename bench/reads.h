/* One entry at a time, in no order: the raw get below `ledger show`, and what show needs of the journal. */
#ifndef BENCH_READS_H
#define BENCH_READS_H

#include "raw.h"

/* Writing the load is not measured; nanoseconds of reading load->count entries at random. */
int64_t reads_lmdb(const struct raw_load *load);    /* mdb_get() of one entry a key */
int64_t reads_journal(const struct raw_load *load); /* journal_reader_get() and decoding */

#endif
