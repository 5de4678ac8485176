/*
 * The intake: entries from outside into the journal, a group at a time, none that the book could not fold.
 * An entry that is written is for ever; one that no reducer can take (a fill whose money leaves its integer)
 * would end every replay, every run and the emergency stop at its place. So such a group is refused instead. So is one
 * with a bust that does not fit what it takes back: nobody who can be told that it is wrong should have to find a break.
 */
#ifndef AGENT_INTAKE_H
#define AGENT_INTAKE_H

#include "book/book.h"
#include "ledger/queue.h"

/* Begin with {.journal = j}; the journal is borrowed and unlocked. Release with intake_release(). */
struct intake {
    struct journal *journal;
    struct book book; /* folded from the first group on that holds what may not fold */
    bool has_book;
    struct queue *queue; /* opened with the first group that is small; callers beside us share its commits */
    bool has_no_queue;   /* it could not be made: every group then has a commit of its own */
    struct entry draft;
};

/*
 * Writes `count` (1 or more) encoded drafts, one after the other in `bytes`: all of them or none, side by side, in
 * a group of their own or with those of others who wait at the same time. Nothing is written on error, and
 * *refused is the draft that is to blame; `count` when none is.
 */
MUST_USE enum err_code intake_group(struct intake *in, uint8_t *bytes, const uint16_t *sizes, size_t count,
                                    struct queue_reply *reply, size_t *refused, struct err *err);
/*
 * ERR_INPUT: entries of this kind say what only the program can know: what the state is, who seals next, that a run
 * began or is over, that the loop is there, what a limit came to. err names the command that writes it.
 */
MUST_USE enum err_code intake_check_own(const struct entry *e, struct err *err);
/*
 * The same, and ERR_INPUT: a statement, which is answered where it is entered; an owner who is brought in in passing; a
 * configuration whose settings are not those of its source. intake_group() asks this too.
 */
MUST_USE enum err_code intake_check_kind(const struct entry *e, struct err *err);
/*
 * ERR_INPUT: it is said to have happened before 1970, or more than a day after the later of now_ns, this machine's
 * clock, and the market's clock as `j` has it. intake_group() asks this too.
 */
MUST_USE enum err_code intake_check_time(struct journal *j, const struct entry *e, int64_t now_ns,
                                         struct err *err);
/*
 * Stores the state when that is due (book/snapshot.h) and a book is there anyway. After an error what
 * intake_group() has written stays.
 */
MUST_USE enum err_code intake_keep(struct intake *in, struct err *err);
/* Whether market data with a clock of its own may come in now: ERR_INPUT while a run is not over. */
MUST_USE enum err_code intake_check_import(struct journal *j, struct err *err);
void intake_release(struct intake *in);

#endif
