/* What is at the end of the day: positions, accounts, and the profit of each day so far. */
#include "reports/tables_fold.h"

#include "risk/governor.h"

/* -- positions ------------------------------------------------------------------------------------------ */

/* Value at the mark; ERR_NOT_FOUND: nobody knows a price. */
static enum err_code market_value(const struct position *p, int64_t mark_nano, int64_t *micro,
                                  struct err *err)
{
    if (mark_nano == PRICE_NONE)
        return err_set(err, ERR_NOT_FOUND, "%s has no mark", p->symbol.text);
    return decimal_notional(mark_nano, p->qty, symbol_multiplier(&p->symbol), micro, err);
}

static enum err_code position_row(struct fold *f, const struct position *p, struct err *err)
{
    const struct risk_context risk = fold_risk(f);
    const int64_t mark_nano = p->qty ? view_mark(f->book.view, &p->symbol) : PRICE_NONE;
    int64_t value_micro = INT64_MIN;
    int64_t unrealized_micro = INT64_MIN;
    struct symbol underlying;
    struct contract contract;

    if (p->qty) {
        enum err_code rc = market_value(p, mark_nano, &value_micro, err);
        if (!rc)
            rc = risk_position_profit(&risk, p, &unrealized_micro, err);
        if (rc && rc != ERR_NOT_FOUND)
            return rc;
    }
    symbol_underlying(&p->symbol, &underlying);
    struct row *const row = fold_row(f, TABLES_POSITIONS);
    row_symbol(row, &p->symbol);
    row_symbol(row, &underlying);
    if (symbol_is_option(&p->symbol)) {
        symbol_contract(&p->symbol, &contract);
        row_number(row, CELL_DAY, contract.expiry);
        row_word(row, contract.right == RIGHT_PUT ? "put" : "call");
        row_number(row, CELL_PRICE, contract.strike_nano);
    } else {
        row_empty(row);
        row_empty(row);
        row_empty(row);
    }
    row_number(row, CELL_INTEGER, p->qty);
    row_number(row, CELL_PRICE, p->qty ? position_average_price_nano(p) : PRICE_NONE);
    row_number(row, CELL_PRICE, mark_nano);
    row_number(row, CELL_MONEY, value_micro);
    row_number(row, CELL_MONEY, unrealized_micro);
    row_number(row, CELL_MONEY, p->realized_micro);
    row_number(row, CELL_MONEY, p->fees_micro);
    row_number(row, CELL_INSTANT, p->opened_at_ns);
    row_seq(row, p->opened_seq);
    return fold_send(f, err);
}

static enum err_code position_rows(struct fold *f, struct err *err)
{
    const struct table *const positions = &f->book.accounts->positions;
    enum err_code rc = ERR_OK;

    for (uint32_t i = 0; !rc && i < positions->count; i++) {
        const struct position *const p = table_at(positions, i);
        rc = position_row(f, p, err);
        if (rc)
            return err_wrap(err, "%s", p->symbol.text);
    }
    return rc;
}

static const struct column position_columns[] = {
    {"symbol", "Symbol", CELL_TEXT, 23},
    {"underlying", "Underlying", CELL_TEXT, 12},
    {"expiry", "Expiry", CELL_DAY, 11},
    {"right", "Right", CELL_TEXT, 6},
    {"strike", "Strike", CELL_PRICE, 10},
    {"qty", "Quantity", CELL_INTEGER, 9},
    {"average_price", "Average price", CELL_PRICE, 14},
    {"mark", "Mark", CELL_PRICE, 12},
    {"market_value", "Market value", CELL_MONEY, 16},
    {"unrealized", "Unrealized profit", CELL_MONEY, 16},
    {"realized", "Realized profit", CELL_MONEY, 16},
    {"fees", "Fees", CELL_MONEY, 12},
    {"opened_at", "Opened at (UTC)", CELL_INSTANT, 24},
    {"opened_seq", "Opened by entry", CELL_SEQ, 14},
};

const struct table_rows tables_positions = {
    {"positions", "Positions", "positions at the end of the day, flat ones included; profits are before fees",
     TABLE_COLUMNS(position_columns)},
    NULL,
    NULL,
    position_rows};

/* -- profit of each day --------------------------------------------------------------------------------- */

static enum err_code note_worth(struct fold *f, const struct entry *e, struct err *err)
{
    const struct entry_risk_equity *const q = &e->as.risk_equity;
    const struct accounts *const a = f->book.accounts;
    void *found = NULL;

    if (e->kind != ENTRY_RISK_EQUITY || q->session > f->scope->day)
        return ERR_OK;
    const enum err_code rc = table_put(&f->worth, &q->session, &found, err);
    if (rc)
        return rc;
    struct session_worth *const w = found;
    if (!w->has_opening || q->phase == PHASE_OPEN)
        w->opening_micro = q->equity;
    w->has_opening = true;
    w->equity_micro = q->equity;
    w->cash_micro = q->cash;
    w->margin_micro = q->margin;
    w->positions = q->positions;
    w->deposits_micro = a->deposits_micro;
    w->realized_micro = a->realized_micro;
    w->fees_micro = a->fees_micro;
    w->phase = q->phase;
    w->seq = e->seq;
    return ERR_OK;
}

struct gain {
    int64_t deposits;
    int64_t profit;
    int64_t total;
    int64_t realized;
    int64_t fees;
    int64_t rate; /* or INT64_MIN */
};

/* What became of the account since the session before: `before` is NULL for the first. */
static enum err_code gain_of(const struct session_worth *before, const struct session_worth *w,
                             struct gain *g, struct err *err)
{
    static const struct session_worth nothing = {.equity_micro = 0};
    const struct session_worth *const b = before ? before : &nothing;
    int64_t worth_before = 0;

    enum err_code rc = decimal_sub(w->deposits_micro, b->deposits_micro, &g->deposits, err);
    if (!rc)
        rc = decimal_add(b->equity_micro, g->deposits, &worth_before, err);
    if (!rc)
        rc = decimal_sub(w->equity_micro, worth_before, &g->profit, err);
    if (!rc)
        rc = decimal_sub(w->equity_micro, w->deposits_micro, &g->total, err);
    if (!rc)
        rc = decimal_sub(w->realized_micro, b->realized_micro, &g->realized, err);
    if (!rc)
        rc = decimal_sub(w->fees_micro, b->fees_micro, &g->fees, err);
    g->rate = INT64_MIN;
    if (!rc && worth_before > 0 && decimal_mul_div(g->profit, NANO, worth_before, &g->rate, NULL))
        g->rate = INT64_MIN;
    return rc;
}

static enum err_code worth_row(struct fold *f, const struct session_worth *before,
                               const struct session_worth *w, struct err *err)
{
    struct gain g;
    char session[INSTANT_TEXT_SIZE];
    const enum err_code rc = gain_of(before, w, &g, err);

    if (rc)
        return rc;
    struct row *const row = fold_row(f, TABLES_PNL);
    row_bytes(row, session, civil_format(session, w->session));
    row_number(row, CELL_MONEY, w->opening_micro);
    row_number(row, CELL_MONEY, w->equity_micro);
    row_word(row, entry_enum_names(FIELD_PHASE)[w->phase]);
    row_number(row, CELL_MONEY, g.deposits);
    row_number(row, CELL_MONEY, g.profit);
    row_number(row, CELL_MONEY, g.total);
    row_number(row, CELL_RATE, g.rate);
    row_number(row, CELL_MONEY, g.realized);
    row_number(row, CELL_MONEY, g.fees);
    row_number(row, CELL_MONEY, w->cash_micro);
    row_number(row, CELL_MONEY, w->margin_micro);
    row_number(row, CELL_INTEGER, w->positions);
    row_seq(row, w->seq);
    return fold_send(f, err);
}

static enum err_code worth_rows(struct fold *f, struct err *err)
{
    const struct session_worth *before = NULL;
    enum err_code rc = ERR_OK;

    for (uint32_t i = 0; !rc && i < f->worth.count; i++) {
        const struct session_worth *const w = table_at(&f->worth, i);
        rc = worth_row(f, before, w, err);
        before = w;
    }
    return rc;
}

static const struct column pnl_columns[] = {
    /* A text: under a chart, some programs take the year of a lone date for its label. */
    [TABLES_PNL_SESSION] = {"session", "Session", CELL_TEXT, 11},
    {"opening_equity", "Equity at first", CELL_MONEY, 16},
    {"closing_equity", "Equity at last", CELL_MONEY, 16},
    {"phase", "Last told at", CELL_TEXT, 12},
    {"deposits", "Paid in", CELL_MONEY, 16},
    [TABLES_PNL_PROFIT] = {"profit", "Profit of the day", CELL_MONEY, 16},
    [TABLES_PNL_TOTAL] = {"total_profit", "Profit so far", CELL_MONEY, 16},
    {"return", "Return", CELL_RATE, 10},
    {"realized", "Realized profit", CELL_MONEY, 16},
    {"fees", "Fees", CELL_MONEY, 12},
    {"cash", "Cash", CELL_MONEY, 16},
    {"margin", "Margin", CELL_MONEY, 16},
    {"positions", "Open positions", CELL_INTEGER, 14},
    {"seq", "By entry", CELL_SEQ, 9},
};

const struct table_rows tables_pnl = {
    {"pnl", "Profit and loss",
     "each session's newest record of equity, against the session before; after fees, without deposits",
     TABLE_COLUMNS(pnl_columns)},
    NULL,
    note_worth,
    worth_rows};

/* -- accounts ------------------------------------------------------------------------------------------- */

static enum err_code balance(struct fold *f, const char *account, const struct symbol *symbol, int64_t micro,
                             struct err *err)
{
    struct row *const row = fold_row(f, TABLES_ACCOUNTS);

    row_word(row, account);
    row_symbol(row, symbol);
    row_number(row, CELL_MONEY, micro);
    return fold_send(f, err);
}

static enum err_code balance_rows(struct fold *f, struct err *err)
{
    const struct accounts *const a = f->book.accounts;
    enum err_code rc = balance(f, "assets:cash", NULL, a->cash_micro, err);

    for (uint32_t i = 0; !rc && i < a->positions.count; i++) {
        const struct position *const p = table_at(&a->positions, i);
        if (p->cost_micro)
            rc = balance(f, "positions", &p->symbol, p->cost_micro, err);
    }
    if (!rc)
        rc = balance(f, "expenses:fees", NULL, a->fees_micro, err);
    if (!rc)
        rc = balance(f, "income:realized", NULL, -a->realized_micro, err);
    if (!rc && a->dividends_micro)
        rc = balance(f, "income:dividends", NULL, -a->dividends_micro, err);
    if (!rc)
        rc = balance(f, "equity:deposits", NULL, -a->deposits_micro, err);
    return rc ? rc : balance(f, "sum (always zero)", NULL, accounts_sum_micro(a), err);
}

static const struct column account_columns[] = {
    {"account", "Account", CELL_TEXT, 20},
    {"symbol", "Symbol", CELL_TEXT, 23},
    {"balance", "Balance (debit +)", CELL_MONEY, 20},
};

const struct table_rows tables_accounts = {{"accounts", "Accounts",
                                            "ledger accounts at the end of the day; they sum to zero",
                                            TABLE_COLUMNS(account_columns)},
                                           NULL,
                                           NULL,
                                           balance_rows};
