/*
 * A block: consecutive entries of one group, stored as one value under the seq of its last entry.
 *
 *   0          u16 BE  count: 1 or more
 *   2          u16 BE  length[count]: bytes of each entry, 1 .. 65535
 *   2+2*count  4 bytes check[count]: the first bytes of each entry's leaf hash. They protect nothing (the tree
 *                      does), but tell which one entry was changed
 *   2+6*count          the entries' bytes, one after the other, to the end of the value
 *
 * A block is cut so that the value is at most BLOCK_SIZE_MAX bytes, except that one larger entry is a block
 * of its own. Pure; nothing here allocates.
 */
#ifndef LEDGER_BLOCK_H
#define LEDGER_BLOCK_H

#include "ledger/err.h"
#include "ledger/hash.h"

#include <stdint.h>

#define BLOCK_CHECK_SIZE 4u
#define BLOCK_SIZE_MAX   8176u /* two pages of 4096 bytes without LMDB's page header of 16 */

/* A block that was read: borrowed bytes, and the place of one of its entries. */
struct block {
    uint64_t first; /* seqs first .. last; first is 1 or more. last is 0 in a block that is not open */
    uint64_t last;
    const uint8_t *lengths; /* count times u16 BE, then count checks */
    uint64_t at_seq;        /* the entry that block_entry() found last, and where it begins */
    const uint8_t *at;
};

static inline void block_init(struct block *b)
{
    *b = (struct block){.last = 0};
}

static inline bool block_holds(const struct block *b, uint64_t seq)
{
    return b->last != 0 && seq >= b->first && seq <= b->last;
}

/*
 * Reads a stored value whose key says `last`. ERR_FORMAT: count, lengths and size do not agree, and which do
 * not; *b is then untouched.
 */
MUST_USE enum err_code block_open(struct block *b, uint64_t last, const void *value, size_t size,
                                  struct err *err);

/* One entry's bytes, borrowed from the value; REQUIREs that the block holds seq. Going forward is cheap. */
const uint8_t *block_entry(struct block *b, uint64_t seq, size_t *size);

/* Its check, BLOCK_CHECK_SIZE bytes, borrowed likewise. */
const uint8_t *block_check(const struct block *b, uint64_t seq);

/* How many of the `count` (1 or more) entries, whose ends are ends[0] .. counted from `start`, fill the next
 * block: 1 or more. Ends ascend. */
uint32_t block_fit(const uint32_t *ends, uint32_t count, uint32_t start);

/*
 * Bytes of a block's value, and the value itself: `bytes` holds the entries, from `start` to the last end;
 * `leaves` their leaf hashes.
 */
size_t block_size(const uint32_t *ends, uint32_t count, uint32_t start);
void block_write(uint8_t *value, const uint32_t *ends, uint32_t count, uint32_t start, const uint8_t *bytes,
                 const struct hash *leaves);
/*
 * Holds a block that was read against what block_write() was given for it, byte for byte. Returns the first entry that
 * differs, counted from 0; `count`: none does. The block has `count` entries (REQUIRE).
 */
uint32_t block_differs(const struct block *b, const uint32_t *ends, uint32_t count, uint32_t start,
                       const uint8_t *bytes, const struct hash *leaves);

#endif
