/* Replay: entries, already in memory as stored bytes, decoded and folded into state by the replay loop. */
#ifndef BENCH_REPLAY_H
#define BENCH_REPLAY_H

#include "raw.h"

/* Nanoseconds for load->count entries. */
int64_t replay_decode(const struct raw_load *load);   /* decoding alone */
int64_t replay_accounts(const struct raw_load *load); /* decoding, accounts */
int64_t replay_orders(const struct raw_load *load);   /* decoding, accounts and orders */
int64_t replay_chain(const struct raw_load *load);    /* decoding, the market's view with its chains */
int64_t replay_book(const struct raw_load *load); /* decoding, every reducer: what `ledger replay` folds */

#endif
