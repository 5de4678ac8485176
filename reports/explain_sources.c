/* Where each number of a step is from. */
#include "book/engine.h"
#include "reports/explain_steps.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBERS_PER_CANDIDATE = 5, NUMBERS_OF_KIND_MAX = 8 + NUMBERS_PER_CANDIDATE * CANDIDATES_MAX };

/* A step's numbers while they are found. The book is folded to just before the step's entry. */
struct finder {
    struct explain_step *step;
    const struct book *book;
    const struct entry *entry;
};

/* The next number; there is room, because nobody has more than NUMBERS_OF_KIND_MAX. */
static struct explain_number *add(struct finder *f, const char *name, const char *of)
{
    struct explain_number *const n = &f->step->numbers[f->step->number_count++];

    if (of)
        snprintf(n->name, sizeof n->name, "%.24s of %.32s", name, of);
    else
        snprintf(n->name, sizeof n->name, "%.*s", ID_MAX, name);
    return n;
}

static struct explain_number *add_value(struct finder *f, const char *name, const char *of, enum unit unit,
                                        int64_t value)
{
    struct explain_number *const n = add(f, name, of);

    n->unit = unit;
    n->value = value;
    return n;
}

/* -- each kind ------------------------------------------------------------------------------------------ */

/* What a contract's margin is made of: its price, its underlying's, and how the configuration reckons. */
static void from_margin(const struct finder *f, const struct symbol *s, struct sources *out)
{
    sources_of_quote(f->book, s, out);
    sources_of_price(f->book, s, out);
    sources_of_setting(f->book,
                       "its quote, the underlying's price, and risk.margin_rate and risk.margin_floor", out);
}

static void from_clock(const struct finder *f, const char *note, struct sources *out)
{
    sources_add(out, f->book->view->clock.seq);
    out->note = note;
}

static void from_chain(const struct finder *f, struct sources *out)
{
    from_clock(f, "every contract of the chain as it was quoted, by the clock", out);
}

static void from_criteria(const struct finder *f, struct sources *out)
{
    sources_add(out, f->book->configuration->seq);
    from_clock(f, "every contract of the chain as it was quoted, by the clock and the criteria", out);
}

static void of_candidate(struct finder *f, const struct candidate *c, bool is_minor)
{
    const size_t first = f->step->number_count;
    const char *const of = c->symbol.text;

    struct explain_number *n = add_value(f, "premium", of, UNIT_PRICE, c->premium_nano);
    sources_of_quote(f->book, &c->symbol, &n->from);
    n = add_value(f, "margin", of, UNIT_MONEY, c->margin_micro);
    from_margin(f, &c->symbol, &n->from);
    n = add_value(f, "score", of, UNIT_RATE, c->score_nano);
    from_margin(f, &c->symbol, &n->from);
    n = add_value(f, "otm", of, UNIT_RATE, c->otm_nano);
    sources_of_price(f->book, &c->symbol, &n->from);
    n->from.note = n->from.count ? "the symbol's strike, and the price" : n->from.note;
    n = add_value(f, "days", of, UNIT_COUNT, c->days);
    from_clock(f, "the symbol's expiry, and the clock", &n->from);
    for (size_t i = first; i < f->step->number_count; i++)
        f->step->numbers[i].is_minor = is_minor;
}

static void of_candidates(struct finder *f, const struct entry_decision_candidates *d)
{
    struct explain_number *n = add_value(f, "price", d->symbol.text, UNIT_PRICE, d->price);

    sources_of_price(f->book, &d->symbol, &n->from);
    from_chain(f, &add_value(f, "seen", NULL, UNIT_COUNT, d->seen)->from);
    from_criteria(f, &add_value(f, "passed", NULL, UNIT_COUNT, d->passed)->from);
    for (unsigned i = 0; i < d->rows.count; i++)
        of_candidate(f, &d->rows.rows[i], i > 0);
}

static void of_enter(struct finder *f, const struct entry_decision_enter *d)
{
    struct explain_number *n = add_value(f, "qty", NULL, UNIT_COUNT, d->qty);

    if (id_is(&d->strategy, NAKED_PUT_NAME))
        sources_of_setting(f->book, "strategy.contracts", &n->from);
    else
        n->from.note = "reckoned by the strategy from what it holds";
    n = add_value(f, "limit", NULL, UNIT_PRICE, d->limit);
    sources_of_quote(f->book, &d->symbol, &n->from);
    n->from.note = n->from.count ? "the bid" : n->from.note;
    n = add_value(f, "confidence", NULL, UNIT_RATE, d->confidence);
    n->from.note = "reckoned from the checks above";
}

static void of_exit(struct finder *f, const struct entry_decision_exit *d)
{
    const struct position *const p = accounts_position(f->book->accounts, &d->symbol);
    struct explain_number *n = add_value(f, "qty", NULL, UNIT_COUNT, d->qty);

    sources_add(&n->from, p ? p->moved_seq : 0);
    n = add_value(f, "limit", NULL, UNIT_PRICE, d->limit);
    sources_of_quote(f->book, &d->symbol, &n->from);
    n->from.note = d->side == SIDE_BUY ? "the ask" : "the bid";
    if (!p || !p->qty)
        return;
    n = add_value(f, "opened at", NULL, UNIT_PRICE, position_average_price_nano(p));
    sources_of_lots(p, &n->from);
}

static void of_no_trade(struct finder *f, const struct entry_decision_no_trade *d)
{
    if (d->seen == 0 && d->failed.count == 0)
        return;
    from_chain(f, &add_value(f, "seen", NULL, UNIT_COUNT, d->seen)->from);
    from_criteria(f, &add_value(f, "passed", NULL, UNIT_COUNT, d->passed)->from);
}

static void of_equity(struct finder *f, const struct entry_risk_equity *q)
{
    const struct check open = {.name = id_from("open_positions"), .unit = UNIT_COUNT, .rule = RULE_AT_MOST};
    const struct sources_ask ask = {.book = f->book};
    struct sources bound;

    sources_of_equity(f->book, &add_value(f, "equity", NULL, UNIT_MONEY, q->equity)->from);
    struct explain_number *const cash = add_value(f, "cash", NULL, UNIT_MONEY, q->cash);
    sources_add(&cash->from, f->book->accounts->last_seq);
    cash->from.note = cash->from.count ? NULL : "nothing was paid in";
    sources_of_margin(f->book, &add_value(f, "margin", NULL, UNIT_MONEY, q->margin)->from);
    struct explain_number *const positions = add_value(f, "positions", NULL, UNIT_COUNT, q->positions);
    sources_of_check(&ask, &open, &positions->from, &bound);
}

/* An order says what its decision said, which its verdict let through. */
static void of_order(struct finder *f, const struct entry_order_new *o, uint64_t decision_seq)
{
    struct explain_number *n = add_value(f, "qty", NULL, UNIT_COUNT, o->qty);

    sources_add(&n->from, decision_seq);
    n = add_value(f, "limit", NULL, UNIT_PRICE, o->limit);
    sources_add(&n->from, decision_seq);
}

static void of_kind(struct finder *f, uint64_t decision_seq)
{
    const struct entry *const e = f->entry;

    if (e->kind == ENTRY_DECISION_CANDIDATES)
        of_candidates(f, &e->as.decision_candidates);
    else if (e->kind == ENTRY_DECISION_ENTER)
        of_enter(f, &e->as.decision_enter);
    else if (e->kind == ENTRY_DECISION_EXIT)
        of_exit(f, &e->as.decision_exit);
    else if (e->kind == ENTRY_DECISION_NO_TRADE)
        of_no_trade(f, &e->as.decision_no_trade);
    else if (e->kind == ENTRY_RISK_EQUITY)
        of_equity(f, &e->as.risk_equity);
    else if (e->kind == ENTRY_ORDER_NEW)
        of_order(f, &e->as.order_new, decision_seq);
}

/* -- steps ---------------------------------------------------------------------------------------------- */

static bool has_numbers(const struct entry *e)
{
    return entry_family(e->kind) == FAMILY_DECISION || entry_family(e->kind) == FAMILY_RISK ||
           e->kind == ENTRY_ORDER_NEW;
}

/* The decision that a verdict is about, or an order's verdict's; 0: the chain is not of that form. */
static enum err_code find_decision(struct journal_reader *r, const struct entry *e, uint64_t *seq,
                                   enum side *side, struct err *err)
{
    struct entry up;
    uint64_t at = e->cause;
    enum err_code rc = ERR_OK;

    *seq = 0;
    *side = (enum side)0;
    if ((e->kind != ENTRY_RISK_VERDICT && e->kind != ENTRY_ORDER_NEW) || !at)
        return ERR_OK;
    rc = chain_read(r, at, &up, err);
    if (!rc && e->kind == ENTRY_ORDER_NEW && up.kind == ENTRY_RISK_VERDICT && up.cause) {
        at = up.cause;
        rc = chain_read(r, at, &up, err);
    }
    if (rc || (up.kind != ENTRY_DECISION_ENTER && up.kind != ENTRY_DECISION_EXIT))
        return rc;
    *seq = at;
    *side = up.kind == ENTRY_DECISION_ENTER ? up.as.decision_enter.side : up.as.decision_exit.side;
    return ERR_OK;
}

static void of_checks(struct finder *f, const struct symbol *about, uint64_t decision_seq, enum side side)
{
    const struct checks *const checks = f->step->checks;
    const struct sources_ask ask = {f->book, about, side, decision_seq};

    for (unsigned i = 0; checks && i < checks->count; i++) {
        struct explain_number *const n = add(f, checks->rows[i].name.text, NULL);
        sources_of_check(&ask, &checks->rows[i], &n->from, &n->bound_from);
    }
}

static enum err_code explain_step(const struct explanation *x, struct explain_step *s,
                                  struct journal_reader *r, struct book *b, struct err *err)
{
    const bool is_contract = strcmp(s->stage, "contract") == 0;
    uint64_t decision_seq = 0;
    enum side side = (enum side)0;
    struct entry e;

    enum err_code rc = chain_read(r, s->seq, &e, err);
    if (rc || !has_numbers(&e))
        return rc;
    if (book_seq(b) >= s->seq)
        book_clear(b);
    rc = book_load(b, r, s->seq - 1, NULL, NULL, err);
    if (!rc)
        rc = find_decision(r, &e, &decision_seq, &side, err);
    if (!rc)
        rc = chain_read(r, s->seq, &e, err); /* its texts were borrowed, and the reader went on */
    if (rc)
        return rc;
    struct explain_number *const room = calloc(CHECKS_MAX + NUMBERS_OF_KIND_MAX, sizeof *room);
    if (!room)
        return err_set(err, ERR_MEMORY, "out of memory for the explanation");
    free(s->numbers); /* of an earlier call */
    s->numbers = room;
    s->number_count = 0;
    struct finder f = {s, b, &e};
    of_checks(&f, is_contract ? &x->about : entry_symbol(&e), decision_seq, side);
    if (!is_contract)
        of_kind(&f, decision_seq);
    return ERR_OK;
}

enum err_code explain_sources(struct explanation *x, struct journal_reader *r, struct err *err)
{
    struct book b;
    enum err_code rc = book_init(&b, err);

    for (size_t i = 0; !rc && i < x->count; i++) {
        if (x->steps[i].seq > 1)
            rc = explain_step(x, &x->steps[i], r, &b, err);
    }
    book_release(&b);
    return rc;
}
