/* Callers that each wait until their own entry is durable, with ledger/queue.h between them. */
#ifndef BENCH_CALLERS_H
#define BENCH_CALLERS_H

#include "raw.h"

#define CALLERS_COUNT     64u
#define CALLERS_PROCESSES 8u

/* The load's entries one at a time, shared out among the callers; nanoseconds from the first to the last. */
int64_t callers_one(const struct raw_load *load);
int64_t callers_threads(const struct raw_load *load);   /* 64 threads of one process */
int64_t callers_processes(const struct raw_load *load); /* 8 processes with 8 threads each */

#endif
