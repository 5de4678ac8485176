/* Replay: fills, already in memory as stored bytes, decoded and folded into state by the replay loop. */
#ifndef BENCH_REPLAY_H
#define BENCH_REPLAY_H

#include "raw.h"

/* Nanoseconds for load->count entries of LOAD_FILLS. */
int64_t replay_decode(const struct raw_load *load);   /* decoding alone */
int64_t replay_accounts(const struct raw_load *load); /* decoding, accounts */
int64_t replay_all(const struct raw_load *load);      /* decoding, accounts and orders */

#endif
