#include "risk/reconcile_breaks.h"

#include <stdio.h>
#include <string.h>

struct walk {
    const struct risk_context *ctx;
    reconcile_visit *visit;
    void *context;
    struct reconcile_difference d; /* scratch */
};

static struct reconcile_difference *begin(struct walk *w, enum reconcile_topic topic, const char *about,
                                          size_t length, uint64_t ours, uint64_t theirs)
{
    struct reconcile_difference *const d = &w->d;

    REQUIRE(length >= 1 && length <= ID_MAX);
    memset(d, 0, sizeof *d);
    d->key.topic = topic;
    d->key.about.length = (uint8_t)length;
    memcpy(d->key.about.text, about, length);
    d->ours = ours;
    d->theirs = theirs;
    return d;
}

static enum err_code tell(struct walk *w, struct err *err)
{
    return w->visit(w->context, &w->d, err);
}

/* -- money and positions ---------------------------------------------------------------------------------- */

static enum err_code compare_cash(struct walk *w, struct err *err)
{
    const int64_t ours = w->ctx->accounts->cash_micro;
    const int64_t theirs = w->ctx->reconcile->cash_micro;
    const int64_t between = reconcile_apart(ours, theirs);

    if (between != CHECK_VALUE_NONE && between <= w->ctx->settings->cash_tolerance)
        return ERR_OK;
    struct reconcile_difference *const d =
        begin(w, RECONCILE_OF_CASH, RECONCILE_CASH, strlen(RECONCILE_CASH), w->ctx->accounts->last_seq,
              w->ctx->reconcile->statement_seq);
    checks_add(&d->checks, RECONCILE_CASH, ours, RULE_EQUAL, theirs, UNIT_MONEY);
    return tell(w, err);
}

static enum err_code compare_position(struct walk *w, const struct symbol *symbol, int64_t ours,
                                      uint64_t ours_seq, int64_t theirs, uint64_t theirs_seq, struct err *err)
{
    if (ours == theirs)
        return ERR_OK;
    struct reconcile_difference *const d =
        begin(w, RECONCILE_OF_POSITION, symbol->text, symbol->length, ours_seq, theirs_seq);
    checks_add(&d->checks, RECONCILE_POSITION, ours, RULE_EQUAL, theirs, UNIT_COUNT);
    return tell(w, err);
}

static enum err_code compare_positions(struct walk *w, struct err *err)
{
    const struct table *const ours = &w->ctx->accounts->positions;
    const struct table *const theirs = &w->ctx->reconcile->positions;
    enum err_code rc = ERR_OK;

    for (uint32_t i = 0; !rc && i < ours->count; i++) {
        const struct position *const p = table_at(ours, i);
        const struct reconcile_position *const s = table_find(theirs, &p->symbol);
        rc = compare_position(w, &p->symbol, p->qty, p->moved_seq, s ? s->qty : 0, s ? s->seq : 0, err);
    }
    for (uint32_t i = 0; !rc && i < theirs->count; i++) {
        const struct reconcile_position *const s = table_at(theirs, i);
        if (!accounts_position(w->ctx->accounts, &s->symbol))
            rc = compare_position(w, &s->symbol, 0, 0, s->qty, s->seq, err);
    }
    return rc;
}

/* -- fills ------------------------------------------------------------------------------------------------ */

/* A side that is not there is all zero. */
struct side_of_fill {
    int64_t qty; /* signed */
    int64_t fee_micro;
    int64_t notional_micro; /* signed like qty; CHECK_VALUE_NONE when it does not fit */
};

static struct side_of_fill side_of(const struct reconcile_fill *f)
{
    struct side_of_fill s = {0, 0, 0};

    if (!f)
        return s;
    s.qty = f->side == SIDE_SELL ? -f->qty : f->qty;
    s.fee_micro = f->fee_micro;
    if (decimal_notional(f->price_nano, s.qty, symbol_multiplier(&f->symbol), &s.notional_micro, NULL))
        s.notional_micro = CHECK_VALUE_NONE;
    return s;
}

/* Either may be NULL; `ours_seq` is what speaks for our side. */
static enum err_code tell_fill(struct walk *w, const char *name, const struct reconcile_fill *ours,
                               uint64_t ours_seq, const struct reconcile_fill *theirs, struct err *err)
{
    const struct side_of_fill a = side_of(ours);
    const struct side_of_fill b = side_of(theirs);
    const bool fits = a.notional_micro != CHECK_VALUE_NONE && b.notional_micro != CHECK_VALUE_NONE;
    const struct id *const fill_id = ours ? &ours->fill_id : &theirs->fill_id;
    struct reconcile_difference *const d =
        begin(w, RECONCILE_OF_FILL, fill_id->text, fill_id->length, ours_seq, theirs ? theirs->seq : 0);

    checks_add(&d->checks, name, a.qty, RULE_EQUAL, b.qty, UNIT_COUNT);
    checks_add(&d->checks, "fee", a.fee_micro, RULE_EQUAL, b.fee_micro, UNIT_MONEY);
    checks_add(&d->checks, "notional", fits ? a.notional_micro : CHECK_VALUE_NONE, RULE_EQUAL,
               fits ? b.notional_micro : 0, UNIT_MONEY);
    if (ours && theirs) {
        checks_add(&d->checks, "price", ours->price_nano, RULE_EQUAL, theirs->price_nano, UNIT_PRICE);
        if (!symbol_equal(&ours->symbol, &theirs->symbol))
            checks_add(&d->checks, "symbol", 0, RULE_EQUAL, 1, UNIT_FLAG);
    }
    return tell(w, err);
}

static bool is_same(const struct reconcile_fill *a, const struct reconcile_fill *b)
{
    return symbol_equal(&a->symbol, &b->symbol) && a->side == b->side && a->qty == b->qty &&
           a->price_nano == b->price_nano && a->fee_micro == b->fee_micro;
}

static enum err_code compare_fills(struct walk *w, struct err *err)
{
    const struct reconcile *const r = w->ctx->reconcile;
    const struct fills *const told = &w->ctx->accounts->fills;
    const civil_day session = r->stated_session;
    enum err_code rc = ERR_OK;

    for (uint32_t i = 0; !rc && i < r->fills.count; i++) {
        const struct reconcile_fill *const f = table_at(&r->fills, i);
        const bool is_expected = f->session == session && !fills_find_bust(told, &f->fill_id);
        if (is_expected && !table_find(&r->stated, &f->fill_id))
            rc = tell_fill(w, RECONCILE_FILL_UNKNOWN, f, f->seq, NULL, err);
    }
    for (uint32_t i = 0; !rc && i < r->stated.count; i++) {
        const struct reconcile_fill *const s = table_at(&r->stated, i);
        const struct reconcile_fill *const f = table_find(&r->fills, &s->fill_id);
        const struct fills_bust *const bust = fills_find_bust(told, &s->fill_id);
        if (!f || bust)
            rc = tell_fill(w, RECONCILE_FILL_MISSING, NULL, bust ? bust->seq : 0, s, err);
        else if (!is_same(f, s))
            rc = tell_fill(w, RECONCILE_FILL_DIFFERS, f, f->seq, s, err);
    }
    return rc;
}

/* -- all of it -------------------------------------------------------------------------------------------- */

static enum err_code tell_incomplete(struct walk *w, struct err *err)
{
    const struct reconcile *const r = w->ctx->reconcile;
    const int64_t positions = (int64_t)r->position_rows;
    const int64_t fills = (int64_t)r->fill_rows;
    int64_t counted = INT64_MAX;

    if (decimal_add(r->counted_positions, r->counted_fills, &counted, NULL))
        counted = INT64_MAX;
    struct reconcile_difference *const d =
        begin(w, RECONCILE_OF_STATEMENT, r->statement_id.text, r->statement_id.length, 0, r->statement_seq);
    checks_add(&d->checks, RECONCILE_INCOMPLETE, positions + fills, RULE_EQUAL, counted, UNIT_COUNT);
    checks_add(&d->checks, "positions", positions, RULE_EQUAL, r->counted_positions, UNIT_COUNT);
    checks_add(&d->checks, "fills", fills, RULE_EQUAL, r->counted_fills, UNIT_COUNT);
    return tell(w, err);
}

enum err_code reconcile_differences(const struct risk_context *ctx, reconcile_visit *visit, void *context,
                                    struct err *err)
{
    struct walk w = {.ctx = ctx, .visit = visit, .context = context};

    REQUIRE(ctx->reconcile->statement_seq > 0);
    if (!ctx->reconcile->is_complete)
        return tell_incomplete(&w, err);
    enum err_code rc = compare_cash(&w, err);
    if (!rc)
        rc = compare_positions(&w, err);
    if (!rc)
        rc = compare_fills(&w, err);
    return rc;
}

/* -- telling them ----------------------------------------------------------------------------------------- */

struct teller {
    const struct risk_context *ctx;
    const struct entry *statement;
    const struct proposals *out;
    struct entry draft;
};

static bool same_checks(const struct checks *a, const struct checks *b)
{
    bool same = a->count == b->count;

    for (unsigned i = 0; same && i < a->count; i++) {
        const struct check *const x = &a->rows[i];
        const struct check *const y = &b->rows[i];
        same = id_equal(&x->name, &y->name) && x->value == y->value && x->bound == y->bound &&
               x->unit == y->unit && x->rule == y->rule;
    }
    return same;
}

static struct id fresh_id(const struct proposals *out)
{
    char text[ID_MAX];

    snprintf(text, sizeof text, "break-%llu", (unsigned long long)out->next_seq(out->context));
    return id_from(text);
}

static enum err_code propose(void *context, const struct reconcile_difference *d, struct err *err)
{
    struct teller *const t = context;
    struct entry_risk_break *const b = &t->draft.as.risk_break;
    const struct reconcile_break *const open = reconcile_about(t->ctx->reconcile, &d->key);

    if (open && same_checks(&open->checks, &d->checks))
        return ERR_OK;
    memset(&t->draft, 0, sizeof t->draft);
    t->draft.kind = ENTRY_RISK_BREAK;
    t->draft.at_ns = t->statement->at_ns;
    t->draft.cause = t->statement->seq;
    b->break_id = open ? open->break_id : fresh_id(t->out);
    b->statement_id = t->ctx->reconcile->statement_id;
    b->about = (struct text){d->key.about.text, d->key.about.length};
    b->owner = t->ctx->settings->break_owner;
    b->ours = (int64_t)d->ours;
    b->theirs = (int64_t)d->theirs;
    b->checks = d->checks;
    return t->out->propose(t->out->context, &t->draft, err);
}

enum err_code reconcile_breaks(const struct risk_context *ctx, const struct entry *statement,
                               const struct proposals *out, struct err *err)
{
    struct teller t = {.ctx = ctx, .statement = statement, .out = out};

    REQUIRE(statement->seq == ctx->reconcile->statement_seq);
    return reconcile_differences(ctx, propose, &t, err);
}

/* -- busts that do not fit -------------------------------------------------------------------------------- */

static const char *check_of(enum fills_reason reason)
{
    switch (reason) {
    case FILLS_STANDS: break;
    case FILLS_DIFFERS: return RECONCILE_BUST "differs";
    case FILLS_KIND: return RECONCILE_BUST "of_no_execution";
    case FILLS_TWICE: return RECONCILE_BUST "twice";
    case FILLS_SPLIT: return RECONCILE_BUST "behind_split";
    }
    return RECONCILE_BUST "stands"; /* which no void says of itself */
}

/* Ours is the execution that it names, while that is known, else nothing. */
static enum err_code propose_bust(struct teller *t, const struct fills_void *v, struct err *err)
{
    struct entry_risk_break *const b = &t->draft.as.risk_break;
    const struct reconcile_fill *const f = table_find(&t->ctx->reconcile->fills, &v->busted);

    memset(&t->draft, 0, sizeof t->draft);
    t->draft.kind = ENTRY_RISK_BREAK;
    t->draft.at_ns = t->statement->at_ns;
    t->draft.cause = v->seq;
    b->break_id = fresh_id(t->out);
    b->statement_id = v->bust_id;
    b->about = (struct text){v->bust_id.text, v->bust_id.length};
    b->owner = t->ctx->settings->break_owner;
    b->ours = f ? (int64_t)f->seq : 0;
    b->theirs = (int64_t)v->seq;
    checks_add(&b->checks, check_of(v->reason), 0, RULE_EQUAL, v->qty, UNIT_COUNT);
    return t->out->propose(t->out->context, &t->draft, err);
}

/* A row is looked up by number each time: a proposal may move the table. */
enum err_code reconcile_busts(const struct risk_context *ctx, const struct entry *trigger,
                              const struct proposals *out, struct err *err)
{
    struct teller t = {.ctx = ctx, .statement = trigger, .out = out};
    const struct table *const voids = &ctx->accounts->fills.voids;
    enum err_code rc = ERR_OK;

    for (uint32_t i = 0; !rc && i < voids->count; i++) {
        const struct fills_void *const v = table_at(voids, i);
        if (!ids_has(&ctx->reconcile->bust_ids, &v->bust_id))
            rc = propose_bust(&t, v, err);
    }
    return rc;
}

/* -- worth ------------------------------------------------------------------------------------------------ */

static int64_t price_of(const struct risk_context *ctx, const struct symbol *symbol)
{
    const struct position *const p = accounts_position(ctx->accounts, symbol);
    struct symbol underlying;
    struct view_price price;

    const int64_t mark = view_mark(ctx->view, symbol);
    if (mark != PRICE_NONE)
        return mark;
    symbol_underlying(symbol, &underlying);
    view_price(ctx->view, &underlying, &price);
    if (price.price_nano != PRICE_NONE)
        return price.price_nano;
    return p && p->qty != 0 ? position_average_price_nano(p) : PRICE_NONE;
}

static int64_t worth_of_position(const struct risk_context *ctx, const struct reconcile_break *b)
{
    struct symbol symbol;
    int64_t micro = 0;

    if (b->widest_gap == CHECK_VALUE_NONE ||
        symbol_parse(b->key.about.text, b->key.about.length, &symbol, NULL) != ERR_OK)
        return CHECK_VALUE_NONE;
    const int64_t price = price_of(ctx, &symbol);
    if (price == PRICE_NONE ||
        decimal_notional(price, b->widest_gap, symbol_multiplier(&symbol), &micro, NULL) != ERR_OK)
        return CHECK_VALUE_NONE;
    return micro < 0 ? -micro : micro;
}

int64_t reconcile_worth(const struct risk_context *ctx, const struct reconcile_break *b)
{
    return b->key.topic == RECONCILE_OF_POSITION ? worth_of_position(ctx, b) : b->widest_gap;
}

int64_t reconcile_worth_of_all(const struct risk_context *ctx)
{
    int64_t sum = 0;

    for (uint32_t i = 0; i < ctx->reconcile->breaks.count; i++)
        sum = reconcile_sum(sum, reconcile_worth(ctx, table_at(&ctx->reconcile->breaks, i)));
    return sum;
}
