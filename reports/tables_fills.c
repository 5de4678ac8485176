/* Blotter and postings: what moved cash and positions on the day. */
#include "reports/tables_fold.h"

/* What the sheets want to know of every kind of fill, in one form. */
struct fill {
    const struct id *fill_id;
    const struct id *order_id;
    const struct symbol *symbol;
    const char *side;
    int64_t qty;              /* 0: none */
    int64_t price;            /* or PRICE_NONE */
    int64_t underlying_price; /* or PRICE_NONE */
    int64_t fee_micro;
};

static struct fill fill_of(const struct entry *e)
{
    struct fill f = {.symbol = entry_symbol(e),
                     .order_id = entry_order_id(e),
                     .price = PRICE_NONE,
                     .underlying_price = PRICE_NONE};

    if (e->kind == ENTRY_FILL_EXECUTION) {
        const struct entry_fill_execution *const x = &e->as.fill_execution;
        f.fill_id = &x->fill_id;
        f.side = x->side == SIDE_BUY ? "buy" : "sell";
        f.qty = x->qty;
        f.price = x->price;
        f.fee_micro = x->fee;
    } else if (e->kind == ENTRY_FILL_ASSIGNMENT) {
        const struct entry_fill_assignment *const x = &e->as.fill_assignment;
        f.fill_id = &x->fill_id;
        f.qty = x->qty;
        f.underlying_price = x->underlying_price;
        f.fee_micro = x->fee;
    } else if (e->kind == ENTRY_FILL_EXERCISE) {
        const struct entry_fill_exercise *const x = &e->as.fill_exercise;
        f.fill_id = &x->fill_id;
        f.qty = x->qty;
        f.underlying_price = x->underlying_price;
        f.fee_micro = x->fee;
    } else if (e->kind == ENTRY_FILL_EXPIRATION) {
        f.fill_id = &e->as.fill_expiration.fill_id;
        f.qty = e->as.fill_expiration.qty;
        f.underlying_price = e->as.fill_expiration.underlying_price;
    } else if (e->kind == ENTRY_FILL_SETTLEMENT) {
        const struct entry_fill_settlement *const x = &e->as.fill_settlement;
        f.fill_id = &x->fill_id;
        f.qty = x->qty;
        f.underlying_price = x->underlying_price;
        f.fee_micro = x->fee;
    } else if (e->kind == ENTRY_FILL_BUST) {
        const struct entry_fill_bust *const x = &e->as.fill_bust;
        f.fill_id = &x->fill_id;
        f.side = x->side == SIDE_BUY ? "buy" : "sell";
        f.qty = x->qty;
        f.price = x->price;
        f.fee_micro = x->fee == INT64_MIN ? INT64_MAX : -x->fee;
    } else if (e->kind == ENTRY_FILL_SPLIT) {
        f.fill_id = &e->as.fill_split.fill_id;
        f.symbol = &e->as.fill_split.into;
        f.qty = e->as.fill_split.into_qty;
    } else if (e->kind == ENTRY_FILL_DIVIDEND) {
        f.fill_id = &e->as.fill_dividend.fill_id;
    } else {
        f.fill_id = &e->as.fill_deposit.fill_id;
    }
    return f;
}

/* Sum of this fill's postings to an account; zero for a fill that was told before. */
static int64_t posted(const struct fold *f, const struct entry *e, const char *account)
{
    const struct accounts *const a = f->book.accounts;
    int64_t sum = 0;

    for (uint32_t i = 0; a->last_seq == e->seq && i < a->last_count; i++) {
        if (strcmp(a->last[i].account, account) == 0)
            sum += a->last[i].amount_micro; /* at most two of an account, which together did not overflow */
    }
    return sum;
}

static enum err_code blotter_row(struct fold *f, const struct entry *e, struct err *err)
{
    if (entry_family(e->kind) != FAMILY_FILL)
        return ERR_OK;
    const struct fill fill = fill_of(e);
    const struct position *const p = fill.symbol ? accounts_position(f->book.accounts, fill.symbol) : NULL;
    const bool counted = f->book.accounts->last_seq == e->seq;
    struct row *const row = fold_row(f, TABLES_BLOTTER);

    row->is_alert = !counted;
    fold_place(row, e);
    row_word(row, fold_kind(e));
    row_word(row, fold_actor(f, e));
    row_id(row, fill.fill_id);
    row_id(row, fill.order_id);
    row_symbol(row, fill.symbol);
    row_word(row, fill.side);
    row_number(row, CELL_INTEGER, fill.qty ? fill.qty : INT64_MIN);
    row_number(row, CELL_PRICE, fill.price);
    row_number(row, CELL_PRICE, fill.underlying_price);
    row_number(row, CELL_MONEY, fill.fee_micro);
    row_number(row, CELL_MONEY, posted(f, e, "assets:cash"));
    row_number(row, CELL_MONEY, -posted(f, e, "income:realized"));
    row_number(row, CELL_INTEGER, fill.symbol ? (p ? p->qty : 0) : INT64_MIN);
    row_number(row, CELL_FLAG, counted);
    return fold_send(f, err);
}

static const struct column blotter_columns[] = {
    {"seq", "Entry", CELL_SEQ, 9},
    {"recorded_at", "Recorded at (UTC)", CELL_INSTANT, 30},
    {"at", "At (UTC)", CELL_INSTANT, 24},
    {"kind", "Kind", CELL_TEXT, 16},
    {"actor", "Actor", CELL_TEXT, 14},
    {"fill_id", "Fill", CELL_TEXT, 14},
    {"order_id", "Order", CELL_TEXT, 14},
    {"symbol", "Symbol", CELL_TEXT, 23},
    {"side", "Side", CELL_TEXT, 6},
    {"qty", "Quantity", CELL_INTEGER, 9},
    {"price", "Price", CELL_PRICE, 12},
    {"underlying_price", "Underlying price", CELL_PRICE, 16},
    {"fee", "Fee", CELL_MONEY, 10},
    {"cash", "Cash", CELL_MONEY, 16},
    {"realized", "Realized profit", CELL_MONEY, 16},
    {"position_after", "Position after", CELL_INTEGER, 14},
    {"counted", "Counted", CELL_FLAG, 9},
};

const struct table_rows tables_blotter = {
    {"blotter", "Blotter",
     "fills, deposits and settlements of the day; counted is false for a fill told a second time",
     TABLE_COLUMNS(blotter_columns)},
    blotter_row,
    NULL,
    NULL};

static enum err_code posting_rows(struct fold *f, const struct entry *e, struct err *err)
{
    const struct accounts *const a = f->book.accounts;
    enum err_code rc = ERR_OK;

    if (entry_family(e->kind) != FAMILY_FILL || a->last_seq != e->seq)
        return ERR_OK;
    for (uint32_t i = 0; !rc && i < a->last_count; i++) {
        struct row *const row = fold_row(f, TABLES_POSTINGS);
        row_seq(row, e->seq);
        row_number(row, CELL_INSTANT, e->at_ns);
        row_id(row, fill_of(e).fill_id);
        row_word(row, a->last[i].account);
        row_symbol(row, &a->last[i].symbol);
        row_number(row, CELL_MONEY, a->last[i].amount_micro);
        rc = fold_send(f, err);
    }
    return rc;
}

static const struct column posting_columns[] = {
    {"seq", "Entry", CELL_SEQ, 9},       {"at", "At (UTC)", CELL_INSTANT, 24},
    {"fill_id", "Fill", CELL_TEXT, 14},  {"account", "Account", CELL_TEXT, 18},
    {"symbol", "Symbol", CELL_TEXT, 23}, {"amount", "Amount (debit +)", CELL_MONEY, 18},
};

const struct table_rows tables_postings = {{"postings", "Postings",
                                            "double entry: the postings of each fill sum to zero",
                                            TABLE_COLUMNS(posting_columns)},
                                           posting_rows,
                                           NULL,
                                           NULL};
