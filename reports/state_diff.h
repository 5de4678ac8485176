/*
 * What lies between two states: two views of one section compared row by row, cell by cell. Rows are the same when
 * the cells that name them are. A change keeps to the two views, which must outlive it.
 */
#ifndef REPORTS_STATE_DIFF_H
#define REPORTS_STATE_DIFF_H

#include "reports/state_view.h"

struct state_change {
    const struct state_row *before; /* NULL: the row is new */
    const struct state_row *after;  /* NULL: it is gone */
    unsigned columns;               /* bit (1 << column) of each cell whose value differs */
};

struct state_diff {
    const struct state_view *before;
    const struct state_view *after;
    struct state_change *changes; /* in the order of `after`, what is gone last */
    size_t count;
    size_t capacity;
};

/* REQUIREs views of one section. ERR_MEMORY. Release it also after an error. */
MUST_USE enum err_code state_diff_make(struct state_diff *d, const struct state_view *before,
                                       const struct state_view *after, struct err *err);
void state_diff_release(struct state_diff *d);

/* "qty -2 -> -4, mark 3.20 -> 3.35"; a row that is new or gone: its cells. */
void state_change_words(const struct state_diff *d, const struct state_change *c, struct words *w);
/* {"section":..,"row":[..],"change":"changed","columns":{"qty":{"before":..,"after":..,"before_from":[..],..}}} */
void state_change_json(const struct state_diff *d, const struct state_change *c, struct json_out *out);

#endif
