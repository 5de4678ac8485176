/*
 * The fork guard: a small file outside of the journal's directory that says which tree was signed last. A backup that was
 * restored, a copy, a disk that was set back does not agree with it, and signs nothing: so there are never two
 * histories under one key. It is read before every signature, and written for every one.
 *
 * Who is about to sign locks the guard, holds the journal's tree against it, and writes, synced, the tree there is and
 * the one to come; then the journal commits; then the tree there is now is written, not synced, and the lock let go.
 * So the guard is never behind what anybody was told of, and after a crash it allows both: the tree from before
 * to the very file that was being written, and the one to come to any. Only of a recovery the tree from before stays
 * what it was.
 *
 * It protects against accidents, and against whoever can write where the journal is and not where the guard is.
 */
#ifndef LEDGER_GUARD_H
#define LEDGER_GUARD_H

#include "ledger/guard_format.h"

#include <limits.h>

#define GUARD_MAX 2u /* guards of a journal */

/* A guard's file, opened when it is looked at; one thread's. */
struct guard;

/*
 * The path of a guard-to-be, absolute, its directories as they are without links. ERR_INPUT: its directory is not
 * there, or lies within that of the journal, with which it would be copied and set back; or it holds a line feed.
 */
MUST_USE enum err_code guard_absolute(const char *path, const char *journal_dir, char absolute[PATH_MAX],
                                      struct err *err);

/*
 * Makes the file, with its first state (its number is 1 or more), on disk. ERR_EXISTS: there is something under that name already; unless
 * `replaces`, and it is a damaged guard or one of this journal.
 */
MUST_USE enum err_code guard_create(const char *path, const char *vkey, const struct guard_state *first,
                                    bool replaces, struct err *err);
/* Takes away a guard of this journal, which is not to be. */
void guard_remove(const char *path, const char *vkey);

/* Looks at nothing yet. ERR_MEMORY. */
MUST_USE enum err_code guard_new(const char *path, const char *vkey, struct guard **g, struct err *err);
void guard_free(struct guard *g); /* lets the lock go; NULL is fine */
const char *guard_path(const struct guard *g);

/*
 * Waits for the lock, of the file that has the name now, and reads the newest state. Shared: nobody is between the
 * first and the last step of writing then. ERR_NOT_FOUND: it is not there. ERR_FORMAT: it is no guard, or damaged.
 * ERR_KEY: it is another journal's. ERR_IO: the system refused. It is then not locked.
 */
MUST_USE enum err_code guard_lock(struct guard *g, bool is_shared, struct guard_state *state,
                                  struct err *err);
/* The next state: its number is set. Locked, and not shared (REQUIRE). ERR_IO: what is there is one of both. */
MUST_USE enum err_code guard_write(struct guard *g, struct guard_state *state, bool synced, struct err *err);
void guard_unlock(struct guard *g);

enum guard_verdict {
    GUARD_AGREES,
    GUARD_HAS_MORE,  /* the journal lacks entries that were signed */
    GUARD_HAS_OTHER, /* of these many entries another tree was signed */
    GUARD_HAS_LESS,  /* the guard itself was set back */
    GUARD_UNSURE /* another file was being written when its writer died: what it signed is not known here */
};

/* Whether a journal with this tree, in the file of this number, may go on. Pure. */
enum guard_verdict guard_judge(const struct guard_state *state, const struct guard_tree *tree, uint64_t file);
/* The largest tree that the guard knows of. */
const struct guard_tree *guard_newest(const struct guard_state *state);

#endif
