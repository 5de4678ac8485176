/*
 * The system's clock. This is the one file of the program that reads it; everything else is handed the time.
 */
#ifndef LEDGER_CLOCK_H
#define LEDGER_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* Nanoseconds UTC since 1970. Fits `now_ns` of struct journal_options; `arg` is not used and may be NULL. */
int64_t clock_now_ns(void *arg);

/* How far the system's clock can be trusted, as the kernel knows it. */
struct clock_quality {
    int64_t offset_ns;  /* that the clock is known to be off; positive: it is behind */
    int64_t error_ns;   /* the greatest possible error; CLOCK_ERROR_UNKNOWN */
    bool synchronised;  /* something keeps it right */
    const char *source; /* what was asked; static */
};
#define CLOCK_ERROR_UNKNOWN INT64_MAX

/* Asks the kernel, and changes nothing. `arg` is not used and may be NULL. */
void clock_quality(void *arg, struct clock_quality *q);

/* Nanoseconds of a clock that only goes forward, for measuring; its zero means nothing. */
int64_t clock_monotonic_ns(void);

#endif
