/*
 * How far a damaged journal is good, and writing that much of it.
 *
 * What is primary in a journal is its entries and the seals that sign them. Tiles, the control index and the checks
 * beside the entries follow from these, so damage there costs nothing: they are made anew. The good beginning is the
 * one that the largest seal confirms: its signature is the journal's, and its root is that of the entries read.
 */
#ifndef AUDIT_SALVAGE_H
#define AUDIT_SALVAGE_H

#include "audit/evidence.h"
#include "ledger/hash.h"
#include "ledger/note.h"

struct survey {
    char origin[NOTE_NAME_MAX + 1];
    char vkey[NOTE_VKEY_TEXT_SIZE];
    uint64_t readable;    /* entries 1 .. readable can be read on without a gap */
    uint64_t good;        /* of these, what the largest good seal signs; 0: nothing */
    struct hash root;     /* over 1 .. good */
    int64_t first_at_ns;  /* when entry 1 was recorded */
    int64_t good_at_ns;   /* when entry `good` was */
    uint64_t newest_seal; /* the largest size that any seal of the journal's signature speaks of */
    uint64_t bad_checks;  /* of entries 1 .. good: checks that had to be made anew */
    uint64_t bad_seals;   /* seals up to `good` that are not the journal's, or of other entries: left out */
    char stopped[128];    /* why reading on ended; empty: the entries ended */
};

typedef void (*salvage_progress)(void *arg, uint64_t done, uint64_t total);

struct salvage;

/*
 * Reads all entries there are, from the first to the first that is missing or damaged. `vkey` may be NULL: the key is
 * then that of genesis, on trust. *s keeps `evidence`, which must outlive it. ERR_FORMAT: not even entry 1 can be
 * read, or it is not the genesis of that key. ERR_MEMORY.
 */
MUST_USE enum err_code salvage_survey(struct evidence *evidence, const char *vkey, salvage_progress progress,
                                      void *arg, struct salvage **s, struct err *err);
const struct survey *salvage_found(const struct salvage *s);

/*
 * Writes entries 1 .. good, their seals, and what follows from them, as a raw export, and verifies it: after ERR_OK
 * the file is on disk and `ledger verify --raw` calls it good. ERR_FORMAT: nothing is good. ERR_WRONG: what was
 * written does not verify. After any error nothing is there under that name.
 */
MUST_USE enum err_code salvage_write(struct salvage *s, const char *path, struct err *err);
void salvage_free(struct salvage *s); /* NULL is fine */

/* The evidence to salvage from: through LMDB when every page is sound, else from the pages themselves. */
MUST_USE enum err_code salvage_evidence(const char *dir, salvage_progress progress, void *arg,
                                        struct evidence **evidence, struct err *err);

#endif
