/*
 * The rewinder: a book that goes to any entry of its journal, forward and back, for whoever looks around in the
 * past. A book only goes forward; so images of it (what book_save() writes) are kept in memory on the way, and
 * going back is restoring the nearest one before and folding the few entries in between.
 *
 * Images lie close together (every `every` entries) around where it went last, and far apart over the rest.
 * What is kept has a ceiling in number and bytes: the images farthest away make room, those close together
 * before those far apart. The state is the same whichever way it was reached.
 */
#ifndef BOOK_REWINDER_H
#define BOOK_REWINDER_H

#include "book/book.h"

struct rewinder;

struct rewinder_options {
    uint64_t every;  /* entries between images; 0: 4,096 */
    uint64_t bytes;  /* that all images may take; 0: 256 MiB */
    uint32_t images; /* that may be kept; 0: 96 */
    bool from_start; /* uses no stored snapshot */
};

struct rewinder_counts {
    uint32_t images; /* kept now */
    uint64_t bytes;  /* that they take */
    uint64_t folded; /* entries applied so far, over all moves */
};

/* `options` may be NULL. ERR_MEMORY. */
MUST_USE enum err_code rewinder_new(const struct rewinder_options *options, struct rewinder **w,
                                    struct err *err);
void rewinder_free(struct rewinder *w); /* NULL is fine */

/*
 * Brings the book to the state after entry `seq` (0: before the first) of *r, which may be another reader each
 * time, but of the same journal. ERR_NOT_FOUND: there is no such entry; the book stays where it was. After any
 * other error the book is empty, or where folding ended; the next call begins anew from what is kept.
 */
MUST_USE enum err_code rewinder_go(struct rewinder *w, struct journal_reader *r, uint64_t seq,
                                   book_progress *progress, void *context, struct err *err);
/* The book: to be read only, until the next rewinder_go(). */
const struct book *rewinder_book(const struct rewinder *w);
struct rewinder_counts rewinder_counts(const struct rewinder *w);

#endif
