/*
 * A journal and its guards (ledger/guard.h): what they say, setting them, and going on when they do not agree.
 *
 * Their paths stand in the journal's own file, so that a backup and a copy know of them. A guard that does not agree, is
 * missing or cannot be read makes every group fail with ERR_HALTED, before anything is added. What goes on then is a
 * recovery: one group of a proposal, an approval and a control.recovery, which two persons have signed.
 */
#ifndef LEDGER_JOURNAL_GUARD_H
#define LEDGER_JOURNAL_GUARD_H

#include "ledger/guard.h"
#include "ledger/journal.h"

#define JOURNAL_HALT_MAX 767u /* bytes of the words why a journal was halted */

struct journal_guard {
    char path[PATH_MAX];
    bool is_read;             /* else `why` says what is wrong with the file */
    struct guard_state state; /* when it was read */
    enum guard_verdict verdict;
    struct err why; /* a sentence without an end when it does not agree; else its code is ERR_OK */
};

struct journal_guards {
    struct guard_tree tree; /* the journal's own, as its newest seal has it */
    bool is_halted;         /* since what was read back was not what had been written */
    char halted[JOURNAL_HALT_MAX + 1];
    unsigned count;
    struct journal_guard rows[GUARD_MAX];
};

/* What there is, at one moment; nothing changes. Errors: ERR_IO, ERR_FORMAT, ERR_MEMORY of the journal itself. */
MUST_USE enum err_code journal_guards_look(struct journal *j, struct journal_guards *found, struct err *err);
/* Neither halted, nor does a guard disagree. */
bool journal_guards_agree(const struct journal_guards *found);
/* The largest tree that a guard knows of; of none that could be read, size 0 and 32 zero bytes. */
void journal_guards_known(const struct journal_guards *found, struct guard_tree *known);

/*
 * From the group's commit on the guards are these, made then; 0: there are none. Paths as guard_absolute() takes them. Those
 * before learn of this group, and no more. ERR_INPUT: a path that cannot be one, or fewer than two actors of the
 * roles owner, operator and compliance: nobody could sign a recovery.
 */
MUST_USE enum err_code journal_guards_set(struct journal_group *g, const char *const *paths, size_t count,
                                          struct err *err);

/*
 * A group for a journal that takes none: as journal_group_begin(). It must end with the proposal, its approval and the
 * control.recovery, which names journal_guards_known() and the journal's size before it; commit demands that, and that
 * no guard has changed since. Then the guards are set to what this journal has; what was halted no longer is.
 * ERR_INPUT: there is nothing to recover from.
 */
MUST_USE enum err_code journal_recovery_begin(struct journal *j, struct journal_guards *found,
                                              struct journal_group **g, struct err *err);

#endif
