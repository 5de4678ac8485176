/*
 * The store's rows of snapshots: stored states, in pieces. They are derived from the entries and may be
 * dropped at any time; ledger/snapshot_rows.h says what they mean.
 */
#ifndef LEDGER_STORE_SNAPSHOTS_H
#define LEDGER_STORE_SNAPSHOTS_H

#include "ledger/store_lmdb.h"

#define STORE_SNAPSHOT_PIECE (UINT32_C(256) << 10) /* bytes, but for the last of a snapshot */

MUST_USE enum err_code store_put_snapshot(struct store_txn *t, uint64_t covered, uint32_t piece,
                                          const void *bytes, size_t size, struct err *err);
/* The newest snapshot of an entry below `before`; *found false when there is none. */
MUST_USE enum err_code store_find_snapshot(struct store_txn *t, uint64_t before, uint64_t *covered,
                                           bool *found, struct err *err);
/* Borrowed from the transaction. False when there is no such piece, or it cannot be read. */
bool store_get_snapshot(struct store_txn *t, uint64_t covered, uint32_t piece, const uint8_t **bytes,
                        size_t *size);
/* Drops the snapshots of entries from `first` to `last`. */
MUST_USE enum err_code store_drop_snapshots(struct store_txn *t, uint64_t first, uint64_t last,
                                            struct err *err);

#endif
