/*
 * Leaf hashes of many entries at once, on several cores when there are so many that it pays. The result does
 * not depend on how many cores did it.
 */
#ifndef LEDGER_LEAVES_H
#define LEDGER_LEAVES_H

#include "ledger/hash.h"

#define LEAVES_THREADS_MAX 4u
#define LEAVES_A_THREAD    2500u /* entries below which one more thread costs more than it saves */

/*
 * out[i] = hash_leaf() of the entry that ends at ends[i] and begins where the one before it ends (the first: at
 * 0). Uses up to `threads` threads (0: as many as there are cores), this one among them, and all are over when
 * it returns. Where a thread cannot be had, this one does its work.
 */
void leaves_hash(const uint8_t *bytes, const uint32_t *ends, uint32_t count, struct hash *out,
                 unsigned threads);

#endif
