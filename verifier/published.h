/* Section 12: the files of a published directory, as rows. Its entries are kept in memory until it is closed. */
#ifndef VERIFIER_PUBLISHED_H
#define VERIFIER_PUBLISHED_H

#include "verifier/rows.h"

#define PUBLISHED_WIDTH 256u /* hashes in a tile, entries in a bundle */

/* What is wrong before the walk begins. */
struct published_fault {
    const char *what;
    const char *where; /* NULL: it cannot be checked */
    bool is_missing;
};

/*
 * Reads the checkpoint and the list of seals; r's seals are then those of the list up to the checkpoint's size, and last
 * the checkpoint itself. False: *fault says why. Whatever it returns, rows_release().
 */
bool published_open(struct rows *r, const char *dir, struct published_fault *fault);
void published_close(struct published *p); /* NULL is fine */

/* The size of the checkpoint. */
uint64_t published_entries(const struct published *p);

/* Bundle `index`; row->number is its last entry. False: the tree has none. */
bool published_bundle(struct published *p, uint64_t index, struct row *row);
/* How many entries bundle `index` must hold. */
uint64_t published_count(const struct published *p, uint64_t index);
/* A tile. False: it is not there (row->is_missing), or has not the width that it should have. */
bool published_tile(struct published *p, unsigned level, uint64_t index, struct row *row);
/* Reads a seal or timestamp, once. */
void published_load(struct published *p, enum rows_table table, struct row *row);

/* Completeness (section 12.1), of names and sizes alone. */
bool published_is_complete(struct rows *r);
/* How many tiles the tree has. */
uint64_t published_tiles(const struct published *p);
/* A file that is there could not be read: which, and why; NULL: none. */
const char *published_failed(const struct published *p);

#endif
