/* Decisions, candidates, verdicts and breaches. */
#include "reports/tables_fold.h"

#include "risk/governor.h"

/* -- decisions ------------------------------------------------------------------------------------------ */

static enum err_code send_words(struct fold *f, struct err *err)
{
    const enum err_code rc = words_done(&f->words, err);

    return rc ? rc : fold_send(f, err);
}

static void say_checks(struct words *w, const struct checks *checks)
{
    for (unsigned i = 0; i < checks->count; i++) {
        words_add(w, "%s", i ? "; " : "");
        words_check(w, &checks->rows[i]);
    }
}

static enum err_code traded(struct fold *f, const struct entry *e, const struct id *strategy,
                            const struct symbol *symbol, const char *side, int64_t qty, int64_t limit,
                            int64_t confidence, const struct text *reason, const struct checks *checks,
                            struct err *err)
{
    struct row *const row = fold_row(f, TABLES_DECISIONS);

    words_clear(&f->words);
    say_checks(&f->words, checks);
    fold_place(row, e);
    row_word(row, e->kind == ENTRY_DECISION_ENTER ? "enter" : "exit");
    row_id(row, strategy);
    row_symbol(row, symbol);
    row_id(row, entry_order_id(e));
    row_word(row, side);
    row_number(row, CELL_INTEGER, qty);
    row_number(row, CELL_PRICE, limit);
    row_word(row, e->kind == ENTRY_DECISION_EXIT ? entry_enum_names(FIELD_EXIT_RULE)[e->as.decision_exit.rule]
                                                 : NULL);
    row_number(row, CELL_RATE, confidence);
    row_empty(row);
    row_empty(row);
    row_text(row, reason);
    row_word(row, words_get(&f->words));
    return send_words(f, err);
}

static enum err_code not_traded(struct fold *f, const struct entry *e, struct err *err)
{
    const struct entry_decision_no_trade *const d = &e->as.decision_no_trade;
    struct row *const row = fold_row(f, TABLES_DECISIONS);

    words_clear(&f->words);
    say_checks(&f->words, &d->gates);
    for (unsigned i = 0; i < d->failed.count; i++)
        words_add(&f->words, "%s%s failed %lld", i || d->gates.count ? "; " : "", d->failed.rows[i].name.text,
                  (long long)d->failed.rows[i].count);
    fold_place(row, e);
    row_word(row, "no_trade");
    row_id(row, &d->strategy);
    row_symbol(row, &d->symbol);
    for (int i = 0; i < 6; i++) /* no order, no side, no quantity, no limit, no rule, no confidence */
        row_empty(row);
    row_number(row, CELL_INTEGER, d->seen);
    row_number(row, CELL_INTEGER, d->passed);
    row_text(row, &d->reason);
    row_word(row, words_get(&f->words));
    return send_words(f, err);
}

static enum err_code decision_row(struct fold *f, const struct entry *e, struct err *err)
{
    const struct entry_decision_enter *const in = &e->as.decision_enter;
    const struct entry_decision_exit *const out = &e->as.decision_exit;

    if (e->kind == ENTRY_DECISION_ENTER)
        return traded(f, e, &in->strategy, &in->symbol, entry_enum_names(FIELD_SIDE)[in->side], in->qty,
                      in->limit, in->confidence, &in->reason, &in->checks, err);
    if (e->kind == ENTRY_DECISION_EXIT)
        return traded(f, e, &out->strategy, &out->symbol, entry_enum_names(FIELD_SIDE)[out->side], out->qty,
                      out->limit, out->confidence, &out->reason, &out->checks, err);
    return e->kind == ENTRY_DECISION_NO_TRADE ? not_traded(f, e, err) : ERR_OK;
}

static const struct column decision_columns[] = {
    {"seq", "Entry", CELL_SEQ, 9},
    {"recorded_at", "Recorded at (UTC)", CELL_INSTANT, 30},
    {"at", "At (UTC)", CELL_INSTANT, 24},
    {"decision", "Decision", CELL_TEXT, 10},
    {"strategy", "Strategy", CELL_TEXT, 12},
    {"symbol", "Symbol", CELL_TEXT, 23},
    {"order_id", "Order", CELL_TEXT, 14},
    {"side", "Side", CELL_TEXT, 6},
    {"qty", "Quantity", CELL_INTEGER, 9},
    {"limit", "Limit", CELL_PRICE, 12},
    {"rule", "Exit rule", CELL_TEXT, 10},
    {"confidence", "Confidence", CELL_RATE, 11},
    {"seen", "Contracts seen", CELL_INTEGER, 14},
    {"passed", "Passed", CELL_INTEGER, 9},
    {"reason", "Reason", CELL_TEXT, 80},
    {"checks", "Checks, with value and bound", CELL_TEXT, 80},
};

const struct table_rows tables_decisions = {{"decisions", "Decisions",
                                             "every decision to enter, to exit, or not to trade, and why",
                                             TABLE_COLUMNS(decision_columns)},
                                            decision_row,
                                            NULL,
                                            NULL};

/* -- candidates ----------------------------------------------------------------------------------------- */

static enum err_code candidate_rows(struct fold *f, const struct entry *e, struct err *err)
{
    const struct entry_decision_candidates *const d = &e->as.decision_candidates;
    enum err_code rc = ERR_OK;

    if (e->kind != ENTRY_DECISION_CANDIDATES)
        return ERR_OK;
    for (unsigned i = 0; !rc && i < d->rows.count; i++) {
        const struct candidate *const c = &d->rows.rows[i];
        struct row *const row = fold_row(f, TABLES_CANDIDATES);
        row_seq(row, e->seq);
        row_number(row, CELL_INSTANT, e->at_ns);
        row_symbol(row, &d->symbol);
        row_number(row, CELL_PRICE, d->price);
        row_number(row, CELL_INTEGER, d->seen);
        row_number(row, CELL_INTEGER, d->passed);
        row_number(row, CELL_INTEGER, (int64_t)i + 1);
        row_symbol(row, &c->symbol);
        row_number(row, CELL_PRICE, c->premium_nano);
        row_number(row, CELL_MONEY, c->margin_micro);
        row_number(row, CELL_RATE, c->score_nano);
        row_number(row, CELL_RATE, c->otm_nano);
        row_number(row, CELL_INTEGER, c->days);
        rc = fold_send(f, err);
    }
    return rc;
}

static const struct column candidate_columns[] = {
    {"seq", "Entry", CELL_SEQ, 9},
    {"at", "At (UTC)", CELL_INSTANT, 24},
    {"underlying", "Underlying", CELL_TEXT, 12},
    {"underlying_price", "Underlying price", CELL_PRICE, 16},
    {"seen", "Contracts seen", CELL_INTEGER, 14},
    {"passed", "Passed", CELL_INTEGER, 9},
    {"rank", "Rank", CELL_INTEGER, 6},
    {"symbol", "Symbol", CELL_TEXT, 23},
    {"premium", "Premium (bid)", CELL_PRICE, 14},
    {"margin", "Margin of one", CELL_MONEY, 14},
    {"score", "Premium per margin", CELL_RATE, 18},
    {"otm", "Out of the money", CELL_RATE, 16},
    {"days", "Days to expiry", CELL_INTEGER, 14},
};

const struct table_rows tables_candidates = {{"candidates", "Candidates",
                                              "contracts that met every criterion, best first, at each look",
                                              TABLE_COLUMNS(candidate_columns)},
                                             candidate_rows,
                                             NULL,
                                             NULL};

/* -- verdicts and breaches ------------------------------------------------------------------------------ */

static enum err_code limit_row(struct fold *f, const struct entry *e, const struct check *c, struct err *err)
{
    struct row *const row = fold_row(f, TABLES_VERDICTS);
    const bool exempt = risk_check_is_exempt(c);

    row->is_alert = !c->ok && !exempt;
    fold_place(row, e);
    if (e->kind == ENTRY_RISK_VERDICT) {
        row_word(row, "verdict");
        row_id(row, &e->as.risk_verdict.order_id);
        row_symbol(row, &e->as.risk_verdict.symbol);
        row_number(row, CELL_FLAG, e->as.risk_verdict.allowed);
    } else {
        row_word(row, "breaker trip");
        row_empty(row);
        row_empty(row);
        row_empty(row);
    }
    row_id(row, &c->name);
    row_amount(row, c->unit, c->value);
    row_word(row, words_rule(c->rule));
    row_amount(row, c->unit, c->bound);
    row_word(row, entry_unit_names()[c->unit]);
    row_word(row, exempt ? "exempt" : c->ok ? "held" : "BREACH");
    return fold_send(f, err);
}

static enum err_code verdict_rows(struct fold *f, const struct entry *e, struct err *err)
{
    const struct checks *checks = NULL;
    enum err_code rc = ERR_OK;

    if (e->kind == ENTRY_RISK_VERDICT)
        checks = &e->as.risk_verdict.checks;
    else if (e->kind == ENTRY_RISK_BREAKER_TRIP)
        checks = &e->as.risk_breaker_trip.checks;
    for (unsigned i = 0; checks && !rc && i < checks->count; i++)
        rc = limit_row(f, e, &checks->rows[i], err);
    return rc;
}

static const struct column verdict_columns[] = {
    {"seq", "Entry", CELL_SEQ, 9},         {"recorded_at", "Recorded at (UTC)", CELL_INSTANT, 30},
    {"at", "At (UTC)", CELL_INSTANT, 24},  {"kind", "Kind", CELL_TEXT, 13},
    {"order_id", "Order", CELL_TEXT, 14},  {"symbol", "Symbol", CELL_TEXT, 23},
    {"allowed", "Allowed", CELL_FLAG, 9},  {"limit", "Limit", CELL_TEXT, 26},
    {"value", "Value", CELL_MIXED, 14},    {"rule", "Must be", CELL_TEXT, 8},
    {"bound", "Bound", CELL_MIXED, 14},    {"unit", "Unit", CELL_TEXT, 9},
    {"outcome", "Outcome", CELL_TEXT, 10},
};

const struct table_rows tables_verdicts = {
    {"verdicts", "Verdicts and breaches",
     "every limit of every verdict and breaker trip, with value and bound; a breach is marked",
     TABLE_COLUMNS(verdict_columns)},
    verdict_rows,
    NULL,
    NULL};
