/*
 * The right edge of a stored tree, a second time: a frontier that is made from what is stored and from what is read
 * back, never from the writer's buffers. Whoever is about to sign a root has it from both.
 */
#ifndef LEDGER_MERKLE_EDGE_H
#define LEDGER_MERKLE_EDGE_H

#include "ledger/merkle.h"

/* The edge at `size`: a tile a level is read. Errors as in ledger/merkle.h; on error *edge is untouched. */
MUST_USE enum err_code merkle_edge_load(struct merkle_frontier *edge, const struct merkle_tiles *tiles,
                                        uint64_t size, struct err *err);

/* 256 leaves at once, by their root, where a tile of them begins (REQUIRE). */
void merkle_edge_append_tile(struct merkle_frontier *edge, const struct hash *root);

/*
 * Holds the stored tiles that got hashes when the tree grew from `from` leaves to edge->size against the edge at that
 * size. Level 0 is not read: whoever has made the edge knows the leaves. ERR_WRONG names the tile that is not the tree's.
 */
MUST_USE enum err_code merkle_edge_check(const struct merkle_frontier *edge, const struct merkle_tiles *tiles,
                                         uint64_t from, struct err *err);

#endif
