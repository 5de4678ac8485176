/*
 * Hashes the entries of a group that is being filled: their leaf hashes, and the root of each whole tile of 256.
 * A second core does it while the first goes on adding, so that little is left to do when the group ends. What
 * comes out does not depend on how many cores did it, nor on when.
 *
 * Belongs to one thread, like the journal that has it. Where a second thread cannot be had, or is not worth it,
 * that one thread does all at the end.
 */
#ifndef LEDGER_TILER_H
#define LEDGER_TILER_H

#include "ledger/err.h"
#include "ledger/hash.h"

#include <stdint.h>

#define TILER_WIDTH 256u

struct tiler;

/* `helpers`: 1 for a second thread, begun with the first group that is worth it; 0 for none. ERR_MEMORY. */
MUST_USE enum err_code tiler_new(unsigned helpers, struct tiler **t, struct err *err);
void tiler_free(struct tiler *t); /* NULL is fine */

/*
 * A new group: `before` is the size of the tree that its first entry is appended to. `bytes` and `ends` are the
 * caller's: entry i ends at ends[i] and begins where the one before it ends (the first: at 0).
 */
void tiler_begin(struct tiler *t, uint64_t before, const uint8_t *bytes, const uint32_t *ends);
/* Entries 0 .. count - 1 are complete and will not change. Cheap: call it for every entry. */
void tiler_feed(struct tiler *t, uint32_t count);
/* Nothing reads `bytes` or `ends` any more, so that they may move; tiler_moved() says where to, and goes on. */
void tiler_pause(struct tiler *t);
void tiler_moved(struct tiler *t, const uint8_t *bytes, const uint32_t *ends);
/*
 * Hashes what is left of `count` entries. *leaves has `count` hashes. *roots has one for each whole tile of the
 * tree that lies in the group; the first begins with entry *head (fewer than 256; `count` when there is none).
 * Borrowed until the next begin. ERR_MEMORY: and it may be called again.
 */
MUST_USE enum err_code tiler_finish(struct tiler *t, uint32_t count, const struct hash **leaves,
                                    const struct hash **roots, uint32_t *head, uint32_t *root_count,
                                    struct err *err);
/*
 * After tiler_finish(): hashes `count` whole tiles once more, from number `first` on, from other bytes: spans[0] is entry
 * head + 256 * first, and each entry has one. roots[i] is that of tile first + i. Returns the first entry whose hash is
 * not the one that tiler_finish() has found; UINT32_MAX: there is none.
 */
uint32_t tiler_again(struct tiler *t, const struct hash_span *spans, uint32_t first, uint32_t count,
                     struct hash *roots);
/* The group is over, committed or not: nothing reads `bytes` or `ends` any more. */
void tiler_end(struct tiler *t);

#endif
