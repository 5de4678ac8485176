/* Rule 1: a block of entries (section 6), or a bundle (section 12), and the entries in it. */
#ifndef VERIFIER_BLOCKS_H
#define VERIFIER_BLOCKS_H

#include "verifier/rows.h"

/* An open block, or bundle: what is left of it. */
struct block {
    const uint8_t *sizes;  /* of the entries, u16 each; NULL: each stands before its entry */
    const uint8_t *checks; /* of the entries, */
    size_t check_size;     /* 4 bytes each, or whole hashes */
    const uint8_t *at;
    const uint8_t *end;
    size_t left; /* entries */
};

/* Opens a row of entries. False: its count and its size do not agree; or it is a bundle that is not there. */
bool blocks_open(const struct rows *rows, struct block *b, const struct row *row);
/* Takes the next entry, and its check, if the block has checks. False: it does not fit what is left of the block. */
bool blocks_take(struct block *b, const uint8_t **bytes, size_t *size, const uint8_t **check);

#endif
