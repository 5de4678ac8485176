/*
 * The loads: what the rows append, hash, verify and replay. All entries of a load have the same size, so that
 * the raw things need no table of sizes; those of LOAD_DAY, which is only replayed, stand in places of one size.
 */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include "ledger/entry.h"

enum load {
    LOAD_ENTRIES, /* 256 bytes, as usual: cancelled orders with a reason */
    LOAD_FILLS,   /* 121 bytes; they open, close and cross zero over 200 contracts */
    LOAD_QUOTES,  /* 102 bytes; the chain of one underlying, 3000 contracts, in no order */
    LOAD_DAY      /* what the loop writes: of a hundred entries 90 quotes, and one each of ten other kinds */
};
#define LOADS 4

const char *load_name(enum load load);
size_t load_size(enum load load);
/* An encoded entry's own size, by its header. */
size_t load_entry_size(const uint8_t *entry);
/* Encoded entries 1 .. count, one after the other, on the heap; they name actor 1. */
uint8_t *load_make(enum load load, uint64_t count);
/* The same, entries first + 1 .. first + count. */
uint8_t *load_make_from(enum load load, uint64_t first, uint64_t count);

/* One draft of LOAD_ENTRIES; load_next() makes it entry i, cheaply, because that is not what is measured. */
void load_init(struct entry *e);
void load_next(struct entry *e, uint64_t i);

#endif
