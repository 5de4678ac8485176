/*
 * Ratios of two amounts, as rates in 1e-9, rounded toward the side on which a limit refuses: a limit that is
 * passed by the smallest part of a micro-dollar is passed.
 */
#ifndef RISK_RATIO_H
#define RISK_RATIO_H

#include "ledger/entry.h"

/* part / whole; CHECK_VALUE_NONE when the whole is not above zero or the rate does not fit. */
int64_t ratio_down(int64_t part, int64_t whole);
int64_t ratio_up(int64_t part, int64_t whole);

/* ns as whole seconds, toward minus and plus infinity. */
int64_t ratio_seconds_down(int64_t ns);
int64_t ratio_seconds_up(int64_t ns);

#endif
