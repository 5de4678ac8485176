/*
 * Re-decision: the deciders run again over the recorded inputs, and every entry they derive is compared byte
 * for byte with the one that was recorded (only recorded_at, which the journal's clock gave, is taken as it
 * is). Nothing that the run perceived after a moment may stand before its answer; configurations must be what
 * their source says, and snapshots vouch for the state that was folded. The first difference is named with both versions, and the state that both were decided on is at hand.
 *
 * A redecider goes on where it was: it holds state and no reader, so it follows a journal that grows, at the
 * price of what is new.
 *
 *   redecider_new(&d, err);
 *   after each step, with a fresh reader: redecider_run(d, r, 0, ...), then redecider_report(d)->differs_seq
 *   redecider_free(d);
 */
#ifndef BOOK_REDECIDE_H
#define BOOK_REDECIDE_H

#include "book/book.h"

enum redecide_difference {
    REDECIDE_SAME = 0,
    REDECIDE_CHANGED,   /* recorded in another version */
    REDECIDE_ELSE,      /* what is recorded here is nothing that the deciders derived */
    REDECIDE_MISSING,   /* the journal ends before it */
    REDECIDE_UNCALLED,  /* recorded, and nothing called for it */
    REDECIDE_HINDSIGHT, /* answers a clock entry, and stands behind what its run perceived only after it */
    REDECIDE_CONFIGURATION, /* its settings, its source and the source's digest are not one thing */
    REDECIDE_SNAPSHOT       /* vouches for another state than the one before it */
};

struct redecide_report {
    uint64_t begun_at; /* the entry of the snapshot that was begun with; 0: with none */
    uint64_t entries;  /* the last one looked at */
    uint64_t triggers; /* clock entries of runs, and stops */
    uint64_t compared; /* derived entries found equal */
    /* Clock entries of a run left without the answer that they would have had: overtaken by a newer one or by the run's
     * end, behind that end, or in the midst of a run and not its own. */
    uint64_t behind;
    uint64_t behind_seq; /* the first of them; 0: none */
    uint64_t awaits_seq; /* the clock entry of a run that has no answer where the walk ends; 0: none */
    /* Entries of the kinds that deciders write, by neither a strategy nor the governor: nothing can be decided again
     * that nobody decided. */
    uint64_t foreign;
    uint64_t foreign_seq;    /* the first of them; 0: none */
    uint64_t ungoverned;     /* of them orders by agents, which are no persons: no verdict let them through */
    uint64_t ungoverned_seq; /* the first of them; 0: none */
    uint64_t between;        /* perceptions by somebody else that stand between a clock entry of a run and its
                             answer, so that it could see them */
    uint64_t between_seq;    /* the first of them; 0: none */
    uint64_t differs_seq;    /* the first entry that differs, is missing or is too many; 0: none */
    enum redecide_difference difference;
    char reason[ERR_TEXT_SIZE];
    uint64_t clock_seq;      /* with REDECIDE_HINDSIGHT: the moment that was answered, */
    uint64_t perception_seq; /* and what was perceived after it */
    bool has_recorded;       /* not with REDECIDE_MISSING */
    bool has_proposed;       /* not with REDECIDE_UNCALLED and what follows it */
    struct entry recorded;   /* texts are borrowed from the bytes below */
    struct entry proposed;
    uint8_t recorded_bytes[ENTRY_MAX_SIZE];
    uint8_t proposed_bytes[ENTRY_MAX_SIZE];
    size_t recorded_size;
    size_t proposed_size;
};

struct redecider;

/* In front of the first entry of any journal. ERR_MEMORY. */
MUST_USE enum err_code redecider_new(struct redecider **d, struct err *err);
void redecider_free(struct redecider *d); /* NULL is fine */

/*
 * Before the first run (REQUIRE): what was decided before the newest snapshot that covers no entry from `since`
 * on (1 or more) is not looked at, and its state believed (book/snapshot.h). Any error is one of reading.
 */
MUST_USE enum err_code redecider_since(struct redecider *d, struct journal_reader *r, uint64_t since,
                                       struct err *err);
/*
 * Goes on up to entry `to` (0: all there are); `r` is borrowed for the call, and every call may bring another of
 * the same journal. A clock entry that awaits its answer at the end is answered by a later call, in which the
 * journal shows what answered it. An answer that goes on behind `to` is left to the next call whole: report
 * ->entries may be less than `to`. Once there is a difference nothing more is looked at.
 *
 * ERR_OK whether or not there is a difference: redecider_report() says. ERR_NOT_FOUND: there is no such entry.
 * ERR_CHAIN: this journal has fewer entries than were looked at. Any other error: it could not be done. After
 * an error redecider_free() alone is allowed (REQUIRE), but for these two.
 */
MUST_USE enum err_code redecider_run(struct redecider *d, struct journal_reader *r, uint64_t to,
                                     book_progress *progress, void *context, struct err *err);
/* The same for the last time: the answer that goes on behind `to` is compared as far as `to`. */
MUST_USE enum err_code redecider_finish(struct redecider *d, struct journal_reader *r, uint64_t to,
                                        book_progress *progress, void *context, struct err *err);

/* As of the newest call; borrowed until the next. */
const struct redecide_report *redecider_report(const struct redecider *d);
/* The state after the entry before differs_seq, which both versions were decided on; without a difference, that after
 * the last entry looked at. Borrowed likewise. */
const struct book *redecider_book(const struct redecider *d);

/*
 * All of it in one call: over the whole of `r`, or up to `to`, from a snapshot before `since` (0: everything).
 * ERR_NOT_FOUND: there is no entry `since`.
 */
MUST_USE enum err_code redecide(struct journal_reader *r, uint64_t since, uint64_t to,
                                struct redecide_report *report, book_progress *progress, void *context,
                                struct err *err);

#endif
