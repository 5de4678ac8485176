/*
 * A copy of a journal that somebody else keeps: its entries and seals, in a directory of their own, with tree
 * and indexes made from them. It reads like any journal, and has no vault: nothing of its own can be
 * appended.
 *
 * This file believes what it is given. Who gives it has proven before that it is the journal's
 * (gateway/fetch.h).
 *
 *   journal_copy_open(&c, dir, about, err);     a new copy, or one to go on with
 *   journal_copy_add(c, ...);            the next entry
 *   journal_copy_seal(c, ...);           a seal over entries that are there, or are about to be
 *   journal_copy_commit(c, err);         what was given since the last one is on disk
 *   journal_copy_close(c);
 *
 * The file `copy` in the directory says what it is, for people and for errors (journal_copy_is_one). Killed
 * in between, the copy is what the last commit made it: entries behind its newest seal are then not sealed,
 * which verify says. Before the first commit there is nothing under the journal's name.
 */
#ifndef LEDGER_JOURNAL_COPY_H
#define LEDGER_JOURNAL_COPY_H

#include "ledger/err.h"
#include "ledger/hash.h"

#include <stdint.h>

struct journal_copy;

#define JOURNAL_COPY_FILE "copy"

/* Whether the open directory says that it holds a copy. */
bool journal_copy_is_one(int dir);

/*
 * `about` says where it comes from, in a line. ERR_EXISTS: the directory has a vault, so it is a journal of
 * its own; or another program is copying into it. ERR_FORMAT: what is there is damaged or of another layout.
 * ERR_IO, ERR_MEMORY.
 */
MUST_USE enum err_code journal_copy_open(struct journal_copy **c, const char *dir, const char *about,
                                         struct err *err);
void journal_copy_close(struct journal_copy *c); /* NULL is fine. Drops what is not committed */

uint64_t journal_copy_size(const struct journal_copy *c);      /* entries, with those not committed */
uint64_t journal_copy_committed(const struct journal_copy *c); /* without them */
struct hash journal_copy_root(const struct journal_copy *c);   /* over journal_copy_size() entries */
uint64_t journal_copy_waiting(const struct journal_copy *c);   /* bytes that wait for a commit */
/* Root over the first `size` entries that are committed. ERR_NOT_FOUND: there are fewer. */
MUST_USE enum err_code journal_copy_root_at(struct journal_copy *c, uint64_t size, struct hash *root,
                                            struct err *err);
/*
 * The note of the committed seal of exactly this size, terminated, into `note` (NOTE_MAX_SIZE bytes).
 * ERR_NOT_FOUND.
 */
MUST_USE enum err_code journal_copy_find_seal(struct journal_copy *c, uint64_t size, char *note,
                                              size_t *note_size, struct err *err);

/* `leaf` is its leaf hash. ERR_FORMAT: it is not the next entry, or not of a kind that this program knows. */
MUST_USE enum err_code journal_copy_add(struct journal_copy *c, const uint8_t *bytes, size_t size,
                                        const struct hash *leaf, struct err *err);
/* A seal of `seal_size` entries, at most journal_copy_size(). One that is there is replaced. */
MUST_USE enum err_code journal_copy_seal(struct journal_copy *c, uint64_t seal_size, const char *note,
                                         size_t note_size, struct err *err);
/* After an error nothing of it is there, and the copy may only be closed. */
MUST_USE enum err_code journal_copy_commit(struct journal_copy *c, struct err *err);

#endif
