/* What a broker's statement and our books disagree about: told and cleared on the day, and what is open after it. */
#include "reports/tables_fold.h"

#include "risk/reconcile_breaks.h"

static void put_side(struct row *row, const struct checks *checks, bool ours)
{
    if (checks->count == 0)
        row_empty(row);
    else
        row_amount(row, checks->rows[0].unit, ours ? checks->rows[0].value : checks->rows[0].bound);
}

static enum err_code told_row(struct fold *f, const struct entry *e, struct err *err)
{
    const struct entry_risk_break *const b = &e->as.risk_break;
    struct row *const row = fold_row(f, TABLES_BREAKS);

    row->is_alert = true;
    fold_place(row, e);
    row_word(row, "told");
    row_id(row, &b->break_id);
    row_text(row, &b->about);
    row_word(row, b->checks.count ? b->checks.rows[0].name.text : NULL);
    put_side(row, &b->checks, true);
    put_side(row, &b->checks, false);
    row_seq(row, (uint64_t)b->ours);
    row_seq(row, (uint64_t)b->theirs);
    row_empty(row);
    row_id(row, &b->owner);
    row_empty(row);
    return fold_send(f, err);
}

static enum err_code cleared_row(struct fold *f, const struct entry *e, struct err *err)
{
    const struct entry_control_correction *const c = &e->as.control_correction;
    struct row *const row = fold_row(f, TABLES_BREAKS);

    fold_place(row, e);
    row_word(row, "cleared");
    row_id(row, &c->break_id);
    for (unsigned i = 0; i < 4; i++)
        row_empty(row);
    row_seq(row, (uint64_t)c->ours);
    row_seq(row, (uint64_t)c->theirs);
    row_empty(row);
    row_word(row, fold_actor(f, e));
    row_text(row, &c->reason);
    return fold_send(f, err);
}

static enum err_code of_day(struct fold *f, const struct entry *e, struct err *err)
{
    if (e->kind == ENTRY_RISK_BREAK)
        return told_row(f, e, err);
    return e->kind == ENTRY_CONTROL_CORRECTION ? cleared_row(f, e, err) : ERR_OK;
}

static enum err_code at_end(struct fold *f, struct err *err)
{
    const struct risk_context ctx = fold_risk(f);
    const struct table *const breaks = &f->book.reconcile->breaks;
    enum err_code rc = ERR_OK;

    for (uint32_t i = 0; !rc && i < breaks->count; i++) {
        const struct reconcile_break *const b = table_at(breaks, i);
        const int64_t worth = reconcile_worth(&ctx, b);
        struct row *const row = fold_row(f, TABLES_BREAKS);
        row->is_alert = true;
        row_seq(row, b->opened_seq);
        row_number(row, CELL_INSTANT, b->opened_recorded_at_ns);
        row_number(row, CELL_INSTANT, b->opened_at_ns);
        row_word(row, "open");
        row_id(row, &b->break_id);
        row_bytes(row, b->key.about.text, b->key.about.length);
        row_word(row, b->checks.count ? b->checks.rows[0].name.text : NULL);
        put_side(row, &b->checks, true);
        put_side(row, &b->checks, false);
        row_seq(row, b->ours);
        row_seq(row, b->theirs);
        if (worth == CHECK_VALUE_NONE)
            row_empty(row);
        else
            row_number(row, CELL_MONEY, worth);
        row_id(row, &b->owner);
        row_empty(row);
        rc = fold_send(f, err);
    }
    return rc;
}

static const struct column columns[] = {
    {"seq", "Entry", CELL_SEQ, 9},
    {"recorded_at", "Recorded at (UTC)", CELL_INSTANT, 30},
    {"at", "At (UTC)", CELL_INSTANT, 24},
    {"event", "Told, cleared, or open after the day", CELL_TEXT, 12},
    {"break_id", "Break", CELL_TEXT, 16},
    {"about", "About", CELL_TEXT, 24},
    {"check", "What differs", CELL_TEXT, 20},
    {"ours", "Ours", CELL_MIXED, 16},
    {"theirs", "Theirs", CELL_MIXED, 16},
    {"ours_seq", "Our entry", CELL_SEQ, 9},
    {"theirs_seq", "Their entry", CELL_SEQ, 9},
    {"worth", "Worth", CELL_MONEY, 16},
    {"owner", "Owner, or who cleared it", CELL_TEXT, 20},
    {"reason", "Reason", CELL_TEXT, 70},
};

const struct table_rows tables_breaks = {
    {"breaks", "Breaks",
     "what a broker's statement and our books differed in on the day, what was cleared, and what is open",
     TABLE_COLUMNS(columns)},
    of_day,
    NULL,
    at_end};
