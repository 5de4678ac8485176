/* What the tables' files share while one report is made; nobody else includes this. */
#ifndef REPORTS_TABLES_FOLD_H
#define REPORTS_TABLES_FOLD_H

#include "ledger/table.h"
#include "reports/tables.h"
#include "reports/words.h"

/* Orders of the day and the entries about each, in order of first appearance. */
struct trail_order {
    struct id order_id; /* the key */
    uint64_t quote_seq; /* the contract's quote that was known when the order came up; 0: none */
    uint64_t price_seq; /* what the underlying's price was from */
    uint32_t first;     /* number of its first and last step, plus 1 */
    uint32_t last;
};
struct trail_step {
    uint64_t seq;
    uint32_t next; /* number plus 1; 0: the last */
};
struct trail {
    struct table orders;
    struct trail_step *steps;
    uint32_t count;
    uint32_t capacity;
};

/* The account at the newest risk.equity of a session. */
struct session_worth {
    civil_day session; /* the key */
    bool has_opening;
    int64_t opening_micro;
    int64_t equity_micro;
    int64_t cash_micro;
    int64_t margin_micro;
    int64_t positions;
    int64_t deposits_micro; /* these three: everything since the journal's beginning */
    int64_t realized_micro;
    int64_t fees_micro;
    enum phase phase;
    uint64_t seq;
};

struct fold {
    struct journal_reader *reader;
    const struct day_scope *scope;
    const struct tables_options *options;
    const struct sheet_sink *sink;
    struct book book; /* the entry is applied already when tables look at it */
    struct tables_result result;
    struct words words; /* scratch */
    struct row row;     /* scratch */
    struct trail trail;
    struct table worth;                 /* struct session_worth by session */
    struct configuration configuration; /* in force before the entry */
    bool was_configured;                /* by an entry */
};

/* A row of a sheet is begun, filled, sent. */
struct row *fold_row(struct fold *f, enum tables_sheet sheet);
MUST_USE enum err_code fold_send(struct fold *f, struct err *err);
/* Cells that several sheets begin with: seq, recorded_at, at. */
void fold_place(struct row *row, const struct entry *e);
const char *fold_kind(const struct entry *e); /* "fill.execution" */
const char *fold_actor(const struct fold *f, const struct entry *e);
struct risk_context fold_risk(const struct fold *f);

/* Each sheet: what it adds for an entry of the day, for any entry, and at the end. */
typedef enum err_code fold_entry(struct fold *f, const struct entry *e, struct err *err);
typedef enum err_code fold_end(struct fold *f, struct err *err);

struct table_rows {
    const struct sheet sheet;
    fold_entry *of_day; /* or NULL */
    fold_entry *of_any; /* or NULL */
    fold_end *at_end;   /* or NULL */
};
extern const struct table_rows tables_cover, tables_blotter, tables_postings, tables_orders, tables_decisions,
    tables_candidates, tables_verdicts, tables_stops, tables_breaks, tables_configuration, tables_settings,
    tables_positions, tables_pnl, tables_accounts, tables_quality, tables_sources;

#define TABLE_COLUMNS(list) (list), sizeof(list) / sizeof((list)[0])

void trail_init(struct trail *t);
void trail_release(struct trail *t);

#endif
