/*
 * A bundle of evidence: some entries of a journal, with everything that it takes to check them offline, in one zip
 * file. docs/BUNDLE.md says what is in it, file by file, and how it is checked: by verify.html and by ledger-verify.
 *
 * To the entries that were asked for come those that they cannot be judged without: genesis and every entry that says
 * who may write and who seals, their causes, and what two persons agreed on. Nothing else of the journal is in it but
 * hashes. The same journal and the same question give the same bytes.
 */
#ifndef AUDIT_BUNDLE_H
#define AUDIT_BUNDLE_H

#include "ledger/journal.h"

struct bundle; /* one under way */

struct bundle_counts {
    uint64_t size;    /* of the tree: what the newest seal covers */
    uint64_t asked;   /* entries that were asked for */
    uint64_t entries; /* with those that belong to them */
    uint64_t hashes;  /* of the proof */
    uint64_t seals;
    uint64_t bytes; /* of the file */
};

/* About the journal as the reader sees it. Both are borrowed until bundle_free(). ERR_MEMORY; ERR_FORMAT: no seal. */
MUST_USE enum err_code bundle_new(struct bundle **b, struct journal *j, struct journal_reader *r,
                                  struct err *err);
void bundle_free(struct bundle *b); /* NULL is fine */

/* Entries that the newest seal covers: all that a bundle can be about. */
uint64_t bundle_size(const struct bundle *b);
/* Asks for an entry; once more changes nothing. ERR_NOT_FOUND: the newest seal does not cover it. */
MUST_USE enum err_code bundle_ask(struct bundle *b, uint64_t seq, struct err *err);
/* Adds what belongs to what was asked for. Call it once, before the next three. Errors of reading. */
MUST_USE enum err_code bundle_complete(struct bundle *b, struct err *err);
/* The next entry of the bundle behind `after` (0: the first), and whether it was asked for. 0: there is none. */
uint64_t bundle_next(const struct bundle *b, uint64_t after, bool *asked);
/* One more file, such as a page to read; borrowed until bundle_write(). ERR_MEMORY. */
MUST_USE enum err_code bundle_attach(struct bundle *b, const char *name, const void *bytes, size_t size,
                                     struct err *err);
/* The pages that every bundle carries: verify.html, README.txt, FORMAT.md, BUNDLE.md. ERR_MEMORY. */
MUST_USE enum err_code bundle_attach_pages(struct bundle *b, struct err *err);
/*
 * Writes the file: whole, synced and under its name, or not at all. `question` is what was asked, in words.
 * ERR_EXISTS: `path` is there. ERR_INPUT: nothing was asked for. ERR_IO, ERR_MEMORY.
 */
MUST_USE enum err_code bundle_write(struct bundle *b, const char *path, const char *question,
                                    struct bundle_counts *counts, struct err *err);

#endif
