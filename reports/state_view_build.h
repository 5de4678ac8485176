/* What the files of state_view share: rows are begun, filled from left to right, and done. Nobody else includes this. */
#ifndef REPORTS_STATE_VIEW_BUILD_H
#define REPORTS_STATE_VIEW_BUILD_H

#include "reports/state_view.h"

/* Columns of a list, the first `keys` of which name a row. */
#define STATE_COLUMNS(v, list, keys)                                                                         \
    do {                                                                                                     \
        (v)->columns = (list);                                                                               \
        (v)->column_count = sizeof(list) / sizeof((list)[0]);                                                \
        (v)->key_count = (keys);                                                                             \
    } while (0)

/* Sticky, as words are: what finds no memory sets `bad`. */
struct state_cell *
state_row_begin(struct state_view *v); /* the row's first cell; all are empty. NULL when bad */
/* Fill the cell and give back the next. NULL goes through. */
struct state_cell *state_put_text(struct state_view *v, struct state_cell *c, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* PRICE_NONE, INSTANT_NONE, CHECK_VALUE_NONE and, for a day, CIVIL_DAY_NONE are empty. `from` may be NULL. */
struct state_cell *state_put(struct state_view *v, struct state_cell *c, enum cell_type type, int64_t number,
                             const char *unit, const struct sources *from);
/* The same, from one entry. */
struct state_cell *state_put_from(struct state_view *v, struct state_cell *c, enum cell_type type,
                                  int64_t number, const char *unit, uint64_t seq);
struct state_cell *state_put_unit(struct state_view *v, struct state_cell *c, enum unit unit, int64_t value,
                                  const struct sources *from);
void state_put_sources(struct state_view *v, struct state_cell *c, const struct sources *from);
/* What was begun last is to be seen at once. */
void state_row_alert(struct state_view *v);

/* An amount that its integer cannot hold (an absurd quote) is not known: ERR_RANGE becomes INT64_MIN, an empty cell. */
static inline enum err_code state_known(enum err_code rc, int64_t *number)
{
    if (rc == ERR_RANGE)
        *number = INT64_MIN;
    return rc == ERR_RANGE ? ERR_OK : rc;
}

/* One row of a table of checks: subject, name, value, rule, bound, room that is left, whether it holds. */
#define STATE_CHECK_COLUMNS 7
extern const struct column state_check_columns[STATE_CHECK_COLUMNS];
void state_put_check(struct state_view *v, const struct sources_ask *ask, const char *subject,
                     const struct check *c);

typedef enum err_code state_make(struct state_view *v, const struct book *b, const struct symbol *about,
                                 struct err *err);
state_make state_make_summary, state_make_accounts, state_make_positions, state_make_orders, state_make_chain,
    state_make_limits, state_make_strategy, state_make_settings, state_make_all_orders,
    state_make_open_orders;

#endif
