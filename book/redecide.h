/*
 * Re-decision: the deciders run again over the recorded inputs, and every entry they derive is compared byte
 * for byte with the one that was recorded (only recorded_at, which the journal's clock gave, is taken as it
 * is). The first difference is named with both versions.
 */
#ifndef BOOK_REDECIDE_H
#define BOOK_REDECIDE_H

#include "book/book.h"

struct redecide_report {
    uint64_t begun_at;    /* the entry of the snapshot that was begun with; 0: with none */
    uint64_t entries;     /* the last one looked at */
    uint64_t triggers;    /* clock entries of runs, and stops */
    uint64_t compared;    /* derived entries found equal */
    uint64_t behind;      /* clock entries of a run that a newer one overtook before it was answered */
    uint64_t differs_seq; /* the first entry that differs, is missing or is too many; 0: none */
    char reason[ERR_TEXT_SIZE];
    bool has_recorded;
    bool has_proposed;
    struct entry recorded; /* texts are borrowed from the reader */
    struct entry proposed; /* texts are borrowed from `proposed_bytes` */
    uint8_t proposed_bytes[ENTRY_MAX_SIZE];
};

/*
 * Runs over the whole of `r`, or up to `to`. What was decided before the newest snapshot that covers no entry
 * from `since` on is not looked at, and its state believed (book/snapshot.h); 0: everything is. ERR_NOT_FOUND: there is no such entry. ERR_OK whether or not there is a difference: report->differs_seq
 * says. Any other error: it could not be done.
 */
MUST_USE enum err_code redecide(struct journal_reader *r, uint64_t since, uint64_t to,
                                struct redecide_report *report, book_progress *progress, void *context,
                                struct err *err);

#endif
