/*
 * The rows of timestamps, beside those of store_lmdb.h: tokens of authorities, by the size of the seal and a number. The
 * sub-database comes with the first of them.
 */
#ifndef LEDGER_STORE_TIMESTAMPS_H
#define LEDGER_STORE_TIMESTAMPS_H

#include "ledger/store_lmdb.h"

/* ERR_FORMAT: there is one of this number already. */
MUST_USE enum err_code store_put_timestamp(struct store_txn *t, uint64_t size, uint32_t number,
                                           const void *token, size_t token_size, struct err *err);
/* The first token at or behind (*size, *number), in this order, which are then its own. */
MUST_USE enum err_code store_find_timestamp(struct store_txn *t, uint64_t *size, uint32_t *number,
                                            const uint8_t **token, size_t *token_size, bool *found,
                                            struct err *err);

#endif
