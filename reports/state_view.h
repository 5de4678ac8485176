/*
 * A state as tables: what a book holds after its newest entry, in sections, each a table of rows and cells.
 * Every cell says by which entries it is what it is (reports/sources.h), where the state knows them. The
 * terminal's tables, --json, the stepper's panes and the comparison of two states are all made of it, so they
 * cannot disagree.
 *
 *   summary    where the journal is: clock, session, configuration, stop, breakers, cash, equity, margin
 *   accounts   every ledger account with its balance
 *   positions  what is open or was: average price, mark, profit, the governor's bound on its loss
 *   orders     open ones, and those that were last heard of in this session
 *   chain      the option chain of an underlying, or one contract, as quoted; not what had expired
 *   limits     every limit of risk/governor.h as it stands for a new order, with the room that is left
 *   strategy   what the strategy would say at this moment, gate by gate
 *   settings   the configuration in force, setting by setting
 *
 * A view owns its texts: it stays as it is while the book goes on.
 */
#ifndef REPORTS_STATE_VIEW_H
#define REPORTS_STATE_VIEW_H

#include "reports/sheet.h"
#include "reports/sources.h"

enum state_section {
    STATE_SUMMARY,
    STATE_ACCOUNTS,
    STATE_POSITIONS,
    STATE_ORDERS,
    STATE_CHAIN,
    STATE_LIMITS,
    STATE_STRATEGY,
    STATE_SETTINGS,
    STATE_SECTIONS /* how many */
};
const char *state_section_name(enum state_section s);
/* ERR_NOT_FOUND lists the names. */
MUST_USE enum err_code state_section_find(const char *name, enum state_section *s, struct err *err);

#define STATE_COLUMNS_MAX 14

struct state_cell {
    enum cell_type type; /* CELL_EMPTY: not known, or none */
    int64_t number;
    const char *text; /* CELL_TEXT, terminated */
    const char *unit; /* for people: "s", "days"; NULL: none, or the type says it */
    const struct sources
        *from; /* its runs[0 .. count - 1] and no more; NULL: nothing to say (a name, a symbol) */
};

struct state_row {
    const struct state_cell *cells; /* one for each column; cells[0] .. [key_count - 1] name the row */
    bool is_alert;                  /* a limit that does not hold, a stop */
};

struct state_view {
    enum state_section section;
    char title[128];
    const struct column *columns; /* names for JSON, titles for people */
    size_t column_count;
    size_t key_count;
    struct state_row *rows;
    size_t count;
    size_t capacity;
    struct state_chunk *chunks; /* where cells and texts lie */
    bool bad;                   /* out of memory while it was made */
};

/*
 * Makes the section's view. `about`: for chain the underlying or contract (REQUIRE); for limits the contract that
 * an order would be for, or NULL; else ignored. ERR_MEMORY, ERR_RANGE. Release it also after an error.
 */
MUST_USE enum err_code state_view_make(struct state_view *v, const struct book *b, enum state_section section,
                                       const struct symbol *about, struct err *err);
/* The section orders with the open ones alone, or with every order there ever was. */
MUST_USE enum err_code state_view_open_orders(struct state_view *v, const struct book *b, struct err *err);
MUST_USE enum err_code state_view_all_orders(struct state_view *v, const struct book *b, struct err *err);
void state_view_release(struct state_view *v); /* fine for a zeroed one */

/* -- for people: aligned columns, the last one lists the entries that a row is from ----------------------- */

struct state_widths {
    unsigned columns[STATE_COLUMNS_MAX];
    unsigned from; /* 0: no row has sources */
};
void state_view_widths(const struct state_view *v, struct state_widths *widths);
void state_view_heading(const struct state_view *v, const struct state_widths *widths, struct words *w);
void state_view_row(const struct state_view *v, size_t row, const struct state_widths *widths,
                    struct words *w);
/* One cell as people read it: "0.40", "17.17 %", "12 s", "-" for none. */
void state_cell_words(const struct state_cell *c, struct words *w);
/* Every entry that the row's cells are from. */
void state_row_sources(const struct state_view *v, size_t row, struct sources *out);

/* -- for programs ----------------------------------------------------------------------------------------- */

/* An array of objects: each column by its name, and "from": each column's entries. */
void state_view_json(const struct state_view *v, struct json_out *out);
/* The canonical value of one cell: amounts as decimal strings, none as null. */
void state_cell_json(const struct state_cell *c, struct json_out *out);
bool state_cell_equal(const struct state_cell *a,
                      const struct state_cell *b); /* value and type, not the source */

#endif
