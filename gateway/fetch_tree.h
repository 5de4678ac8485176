/*
 * The tree of a checkpoint, read from a publication tile by tile. Every tile is proven before a hash of it is
 * given away: those at the right edge together make the checkpoint's root, and every other one makes a hash
 * of the tile above.
 */
#ifndef GATEWAY_FETCH_TREE_H
#define GATEWAY_FETCH_TREE_H

#include "gateway/publication.h"
#include "ledger/merkle.h"

struct fetch_tree;

/*
 * The tree of `size` entries (1 or more) whose root somebody has signed. ERR_WRONG: what is served at its
 * edge does not make that root, or a tile is of another size; its address is in the words. ERR_NOT_FOUND,
 * ERR_IO: it cannot be had.
 */
MUST_USE enum err_code fetch_tree_open(struct fetch_tree **t, struct publication *p, uint64_t size,
                                       const struct hash *root, struct err *err);
void fetch_tree_close(struct fetch_tree *t); /* NULL is fine */

/*
 * `count` hashes of a level from `slot` on, which are there and in one tile (REQUIRE). Borrowed until the
 * next call. Errors as above.
 */
MUST_USE enum err_code fetch_tree_hashes(struct fetch_tree *t, unsigned level, uint64_t slot, unsigned count,
                                         const uint8_t **hashes, struct err *err);
/* Root over its first `size` entries. */
MUST_USE enum err_code fetch_tree_root(struct fetch_tree *t, uint64_t size, struct hash *root,
                                       struct err *err);

/*
 * A file of which a full and perhaps a partial form is served, as tile or bundle: the partial one, or, where
 * it is gone, the full one that has come since; `name` then says which.
 */
MUST_USE enum err_code fetch_either(struct publication *p, struct published_name *name, size_t max,
                                    uint8_t **bytes, size_t *size, struct err *err);

#endif
