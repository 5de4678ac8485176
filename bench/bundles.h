/* Bundles of evidence: made, which is not measured, and checked, which is. What fails ends the program with a message. */
#ifndef BENCH_BUNDLES_H
#define BENCH_BUNDLES_H

#include "raw.h"

/*
 * ledger-verify's check of a bundle file of load->count entries, every second one of a journal: so there is a hash of the
 * proof beside each. load: LOAD_ENTRIES.
 */
int64_t bundles_check(const struct raw_load *load);

#endif
