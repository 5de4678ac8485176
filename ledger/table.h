/*
 * A growing table of equal-sized rows, each beginning with its fixed-size key, found by key through a hash
 * index and iterated in order of first appearance: never in hash order, so every fold over it is the same on
 * every machine. Pure. Rows move when the table grows: a row pointer lives until the next table_put() or
 * table_reserve().
 */
#ifndef LEDGER_TABLE_H
#define LEDGER_TABLE_H

#include "ledger/slots.h"

struct table {
    uint8_t *rows;
    struct slots slots; /* a key's number is its row number + 1 */
    size_t row_size;
    size_t key_size; /* keys are compared as bytes: keep padding zero */
    uint32_t count;
    uint32_t capacity;
};

void table_init(struct table *t, size_t row_size, size_t key_size); /* allocates nothing yet */
void table_release(struct table *t);
void *table_find(const struct table *t, const void *key); /* NULL when absent */
/* The row of this key, new ones zeroed but for the key; ERR_MEMORY. *row is untouched on failure. */
MUST_USE enum err_code table_put(struct table *t, const void *key, void **row, struct err *err);
/*
 * Makes room for `extra` new keys, so that as many table_put() cannot fail: how a reducer that touches
 * several tables stays all or nothing. ERR_MEMORY: the table is as it was.
 */
MUST_USE enum err_code table_reserve(struct table *t, uint32_t extra, struct err *err);
void *table_at(const struct table *t, uint32_t index); /* REQUIREs index < count */

#endif
