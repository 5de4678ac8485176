/*
 * A course as a journal of its own: a scratch journal that anybody can verify, replay and decide again, and that can
 * never pass for a real one. Its origin is "hypothetical/" and the base's; its entry control.hypothesis says what it
 * departs from, where, and what was changed; the program appends nothing more to it.
 *
 * Entries have the course's seqs, and the recorded_at that it gives. Actors have the same ids and names, with fresh keys
 * in the scratch journal's vault; what was signed is signed again by these. Owners become operators, for nobody's second
 * word can be had again. Notes stand where something cannot be carried over: keys, revocations, proposals, approvals,
 * recoveries, snapshots.
 */
#ifndef INCIDENT_HYPOTHESIS_H
#define INCIDENT_HYPOTHESIS_H

#include "incident/course.h"

struct hypothesis_options {
    const char *dir;                 /* is not there yet, or empty */
    const volatile int *interrupted; /* when it becomes true, this ends with ERR_HALTED. May be NULL */
    const char *origin;              /* of the base */
    const struct secret *passphrase;
    book_progress *progress;
    void *context;
};

/*
 * Writes it, entry by entry; *seal, which may be NULL, is its last. The course was run with a control.hypothesis. ERR_EXISTS:
 * something is in dir. ERR_INPUT: the origin is too long, or the course holds what no journal takes (an inserted entry
 * that its actor may not write).
 *
 * It is written beside dir, as DIR.unfinished, and takes its name when all of it is on disk: what bears the name is whole. After
 * an error nothing is left. Who is killed leaves DIR.unfinished behind, which the next writer of the same name replaces; who
 * writes just now holds a lock on it (ERR_EXISTS for another), and what is no journal's file there is left alone (ERR_EXISTS).
 */
MUST_USE enum err_code hypothesis_write(const struct course *c, struct journal_reader *r,
                                        const struct hypothesis_options *options, struct seal *seal,
                                        struct err *err);

#endif
