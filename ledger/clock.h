/*
 * The system's clock. This is the one file of the program that reads it; everything else is handed the time.
 */
#ifndef LEDGER_CLOCK_H
#define LEDGER_CLOCK_H

#include <stdint.h>

/* Nanoseconds UTC since 1970. Fits `now_ns` of struct journal_options; `arg` is not used and may be NULL. */
int64_t clock_now_ns(void *arg);

/* Nanoseconds of a clock that only goes forward, for measuring; its zero means nothing. */
int64_t clock_monotonic_ns(void);

#endif
