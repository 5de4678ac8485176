/*
 * Replay: fills, already in memory as stored bytes, decoded and folded into state by the replay loop. They
 * open, close and cross zero over 200 contracts.
 */
#ifndef BENCH_REPLAY_H
#define BENCH_REPLAY_H

#include "raw.h"

/* Nanoseconds for load->count fills of their own; load->bytes is not looked at. */
int64_t replay_decode(const struct raw_load *load);   /* decoding alone */
int64_t replay_accounts(const struct raw_load *load); /* decoding, accounts */
int64_t replay_all(const struct raw_load *load);      /* decoding, accounts and orders */

#endif
