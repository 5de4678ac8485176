/*
 * Two versions of one entry side by side: the one that was recorded and the one that would be decided now, field
 * by field, and row by row inside lists, so that a reader sees at once which number is another.
 *
 * Rows of a list are held against each other by their names, wherever they stand; that they stand in another
 * order is a line of its own. Whether a field differs is asked of the values, never of the words shown.
 */
#ifndef REPORTS_REDECISION_H
#define REPORTS_REDECISION_H

#include "ledger/actors.h"
#include "ledger/entry.h"

#define REDECISION_NAME_MAX 128
#define REDECISION_TEXT_MAX 4096

struct redecision_field {
    char name[REDECISION_NAME_MAX]; /* "kind", "cause", "limit", "checks.margin_use", "checks: order" */
    bool differs;
    bool has_recorded; /* false: that version has no such field or row */
    bool has_decided;
    char recorded[REDECISION_TEXT_MAX]; /* for people, on one line, cut with "..."; terminated */
    char decided[REDECISION_TEXT_MAX];
};

/* Borrowed for the call. */
typedef void redecision_take(void *context, const struct redecision_field *f);

/*
 * Hands every field to `take`: kind, actor, at, cause, signature if either has one, then the body's in the order of the
 * recorded kind. Either version may be NULL, not both (REQUIRE): then nothing differs. Without seq and recorded_at,
 * which are the place's. Returns how many differ.
 */
unsigned redecision_compare(const struct entry *recorded, const struct entry *decided,
                            const struct actors *actors, redecision_take *take, void *context);

#endif
