#include "incident/timeline.h"

#include "reports/words.h"
#include "risk/governor.h"
#include "risk/margin.h"

#include <inttypes.h>
#include <stdlib.h>

/* -- growing rows --------------------------------------------------------------------------------------- */

/* Room for one more row of `size` bytes; the rows move. */
static enum err_code grow(void **rows, size_t count, size_t *capacity, size_t size, struct err *err)
{
    if (*rows && count < *capacity)
        return ERR_OK;
    const size_t wanted = *capacity ? *capacity * 2 : 256;
    void *const grown = realloc(*rows, wanted * size);
    if (!grown)
        return err_set(err, ERR_MEMORY, "the span does not fit into memory");
    *rows = grown;
    *capacity = wanted;
    return ERR_OK;
}

enum err_code timeline_init(struct timeline *t, const struct symbol *only, struct err *err)
{
    memset(t, 0, sizeof *t);
    t->from_ns = INSTANT_NONE;
    t->to_ns = INSTANT_NONE;
    t->is_narrowed = only != NULL;
    if (only)
        t->only = *only;
    table_init(&t->instruments, sizeof(struct timeline_instrument), sizeof(struct symbol));
    table_init(&t->underlyings, sizeof(struct timeline_underlying), sizeof(struct symbol));
    return book_init(&t->book, err);
}

void timeline_release(struct timeline *t)
{
    for (uint32_t i = 0; i < t->underlyings.count; i++) {
        const struct timeline_underlying *const u = table_at(&t->underlyings, i);
        free(u->prices);
    }
    table_release(&t->instruments);
    table_release(&t->underlyings);
    for (size_t i = 0; i < t->deed_count; i++)
        free(t->deeds[i].words);
    free(t->deeds);
    free(t->entries);
    free(t->samples);
    book_release(&t->book);
}

/* -- the account ---------------------------------------------------------------------------------------- */

static struct risk_context context_of(const struct timeline *t)
{
    return (struct risk_context){.view = t->book.view,
                                 .accounts = t->book.accounts,
                                 .orders = t->book.orders,
                                 .state = t->book.risk,
                                 .settings = &t->book.configuration->configuration.risk};
}

static enum err_code add_notional(const struct timeline *t, const struct position *p, int64_t *sum_micro,
                                  struct err *err)
{
    int64_t price_nano = position_average_price_nano(p);
    int64_t micro = 0;
    struct contract contract;

    if (symbol_is_option(&p->symbol)) {
        symbol_contract(&p->symbol, &contract);
        price_nano = contract.strike_nano;
    } else if (view_mark(t->book.view, &p->symbol) != PRICE_NONE) {
        price_nano = view_mark(t->book.view, &p->symbol);
    }
    const enum err_code rc = decimal_notional(price_nano, p->qty < 0 ? -p->qty : p->qty,
                                              symbol_multiplier(&p->symbol), &micro, err);
    return rc ? rc : decimal_add(*sum_micro, micro, sum_micro, err);
}

static enum err_code measure_positions(const struct timeline *t, struct timeline_sample *s, struct err *err)
{
    const struct table *const positions = &t->book.accounts->positions;
    enum err_code rc = ERR_OK;

    for (uint32_t i = 0; !rc && i < positions->count; i++) {
        const struct position *const p = table_at(positions, i);
        if (p->qty == 0)
            continue;
        rc = decimal_add(s->contracts, p->qty < 0 ? -p->qty : p->qty, &s->contracts, err);
        if (!rc)
            rc = add_notional(t, p, &s->notional_micro, err);
    }
    return rc;
}

static enum err_code measure(const struct timeline *t, struct timeline_sample *s, struct err *err)
{
    const struct risk_context risk = context_of(t);
    int64_t profit_micro = 0;

    memset(s, 0, sizeof *s);
    s->seq = book_seq(&t->book);
    s->cash_micro = t->book.accounts->cash_micro;
    enum err_code rc = risk_equity_now(&risk, &s->equity_micro, err);
    if (!rc)
        rc = margin_in_use(&risk, NULL, &s->margin_micro, err);
    if (!rc)
        rc = decimal_sub(s->equity_micro, t->book.accounts->deposits_micro, &profit_micro, err);
    if (!rc)
        rc = decimal_sub(profit_micro, t->profit_before_micro, &s->profit_micro, err);
    if (!rc && s->equity_micro > 0)
        rc = decimal_mul_div(s->equity_micro, risk.settings->margin_use, NANO, &s->limit_micro, err);
    return rc ? rc : measure_positions(t, s, err);
}

static enum err_code add_sample(struct timeline *t, int64_t at_ns, struct err *err)
{
    struct timeline_sample made;
    void *rows = t->samples;
    enum err_code rc = measure(t, &made, err);

    if (rc)
        return err_wrap(err, "the account after entry %" PRIu64, book_seq(&t->book));
    made.at_ns = at_ns;
    /* Never back: a moment told late belongs to the one that was there. */
    if (t->sample_count && t->samples[t->sample_count - 1].at_ns >= at_ns) {
        made.at_ns = t->samples[t->sample_count - 1].at_ns;
        t->samples[t->sample_count - 1] = made;
        return ERR_OK;
    }
    rc = grow(&rows, t->sample_count, &t->sample_capacity, sizeof made, err);
    if (rc)
        return rc;
    t->samples = rows;
    t->samples[t->sample_count++] = made;
    return ERR_OK;
}

/* -- what entries are about ----------------------------------------------------------------------------- */

static enum err_code note_instrument(struct timeline *t, const struct symbol *s, bool is_concerned,
                                     uint32_t *number, struct err *err)
{
    void *found = NULL;
    const enum err_code rc = table_put(&t->instruments, s, &found, err);
    struct timeline_instrument *const i = found;

    if (rc)
        return rc;
    if (i->underlying.length == 0)
        symbol_underlying(s, &i->underlying);
    i->is_concerned |= is_concerned;
    *number = (uint32_t)((size_t)((uint8_t *)found - t->instruments.rows) / t->instruments.row_size) + 1;
    return ERR_OK;
}

static bool is_told(const struct timeline *t, const struct symbol *underlying)
{
    return !t->is_narrowed || symbol_equal(underlying, &t->only);
}

static enum err_code note_price(struct timeline *t, const struct symbol *s, struct err *err)
{
    struct view_price now;
    void *found = NULL;
    struct symbol underlying;

    symbol_underlying(s, &underlying);
    if (symbol_is_option(s) || !is_told(t, &underlying))
        return ERR_OK;
    view_price(t->book.view, s, &now);
    if (now.price_nano == PRICE_NONE)
        return ERR_OK;
    enum err_code rc = table_put(&t->underlyings, s, &found, err);
    struct timeline_underlying *const u = found;
    if (rc)
        return rc;
    struct timeline_price *const last = u->count ? &u->prices[u->count - 1] : NULL;
    if (last && last->at_ns >= now.at_ns) {
        if (last->at_ns == now.at_ns)
            last->price_nano = now.price_nano;
        return ERR_OK;
    }
    void *rows = u->prices;
    rc = grow(&rows, u->count, &u->capacity, sizeof *u->prices, err);
    if (rc)
        return rc;
    u->prices = rows;
    u->prices[u->count++] = (struct timeline_price){now.at_ns, now.price_nano};
    return ERR_OK;
}

static bool is_market_data(enum entry_kind kind)
{
    return kind == ENTRY_PERCEPTION_QUOTE || kind == ENTRY_PERCEPTION_BAR || kind == ENTRY_PERCEPTION_MARK;
}

/* What a mark on the chart stands for: what we did, not what we saw. */
static bool is_own_deed(const struct entry *e)
{
    switch (entry_family(e->kind)) {
    case FAMILY_ORDER:
    case FAMILY_FILL: return true;
    case FAMILY_DECISION: return e->kind == ENTRY_DECISION_ENTER || e->kind == ENTRY_DECISION_EXIT;
    case FAMILY_RISK: return e->kind == ENTRY_RISK_VERDICT;
    case FAMILY_PERCEPTION:
    case FAMILY_LEARNING:
    case FAMILY_CONTROL: return false;
    }
    return false;
}

static void set_axis(const struct timeline *t, const struct entry *e, struct timeline_entry *made)
{
    const int64_t now_ns = t->book.view->clock.now_ns;
    const bool is_of_market = entry_family(e->kind) != FAMILY_CONTROL && e->kind != ENTRY_FILL_DEPOSIT;

    made->at_ns = e->at_ns != INSTANT_NONE ? e->at_ns : e->recorded_at_ns;
    if (e->at_ns != INSTANT_NONE && is_of_market)
        return;
    made->is_unplaced = now_ns == INSTANT_NONE;
    if (!made->is_unplaced)
        made->at_ns = now_ns;
}

/* The journal's first clock entry: what stood before it stands at it. */
static void place_all(struct timeline *t, int64_t at_ns)
{
    for (size_t i = 0; i < t->count; i++) {
        if (t->entries[i].is_unplaced)
            t->entries[i].at_ns = at_ns;
        t->entries[i].is_unplaced = false;
    }
}

/* The span's ends: its clock entries', or where there are none what its entries say. */
static void widen(struct timeline *t, const struct timeline_entry *made)
{
    const bool is_clock = made->kind == ENTRY_PERCEPTION_CLOCK;

    if (is_clock && !t->has_clock) {
        t->has_clock = true;
        t->from_ns = made->at_ns;
        t->to_ns = made->at_ns;
    } else if (is_clock == t->has_clock) {
        if (t->from_ns == INSTANT_NONE || made->at_ns < t->from_ns)
            t->from_ns = made->at_ns;
        if (t->to_ns == INSTANT_NONE || made->at_ns > t->to_ns)
            t->to_ns = made->at_ns;
    }
}

/* -- counting ------------------------------------------------------------------------------------------- */

static void tally_refusal(struct timeline_tally *y, const struct checks *checks)
{
    y->refused++;
    for (unsigned i = 0; i < checks->count; i++) {
        const struct check *const c = &checks->rows[i];
        uint32_t n = 0;
        if (c->ok || risk_check_is_exempt(c))
            continue;
        while (n < y->limit_count && !id_equal(&y->limits[n].name, &c->name))
            n++;
        if (n == TIMELINE_LIMITS_MAX)
            continue;
        if (n == y->limit_count)
            y->limits[y->limit_count++] = (struct timeline_limit){.name = c->name};
        y->limits[n].refusals++;
    }
}

static void tally_execution(struct timeline_tally *y, const struct entry_fill_execution *f)
{
    int64_t *const sum = f->side == SIDE_BUY ? &y->bought : &y->sold;

    y->executions++;
    if (__builtin_add_overflow(*sum, f->qty, sum))
        *sum = INT64_MAX;
}

static void tally(struct timeline_tally *y, const struct entry *e)
{
    const enum entry_family family = entry_family(e->kind);

    y->entries++;
    y->perceptions += family == FAMILY_PERCEPTION;
    y->enters += e->kind == ENTRY_DECISION_ENTER;
    y->exits += e->kind == ENTRY_DECISION_EXIT;
    y->no_trades += e->kind == ENTRY_DECISION_NO_TRADE;
    y->orders += e->kind == ENTRY_ORDER_NEW;
    y->cancels += e->kind == ENTRY_ORDER_CANCEL;
    y->rejects += e->kind == ENTRY_ORDER_REJECTED;
    y->stops += e->kind == ENTRY_CONTROL_STOP;
    y->resumes += e->kind == ENTRY_CONTROL_RESUME;
    y->trips += e->kind == ENTRY_RISK_BREAKER_TRIP;
    y->notes += e->kind == ENTRY_CONTROL_NOTE;
    y->findings += e->kind == ENTRY_PERCEPTION_DATA_QUALITY;
    y->breaks += e->kind == ENTRY_RISK_BREAK;
    if (e->kind == ENTRY_RISK_VERDICT && !e->as.risk_verdict.allowed)
        tally_refusal(y, &e->as.risk_verdict.checks);
    y->allowed += e->kind == ENTRY_RISK_VERDICT && e->as.risk_verdict.allowed;
    if (e->kind == ENTRY_FILL_EXECUTION)
        tally_execution(y, &e->as.fill_execution);
    else
        y->other_fills += family == FAMILY_FILL;
}

/* -- the fold ------------------------------------------------------------------------------------------- */

static enum err_code note_positions(struct timeline *t, struct err *err)
{
    const struct table *const positions = &t->book.accounts->positions;
    uint32_t number;
    enum err_code rc = ERR_OK;

    for (uint32_t i = 0; !rc && i < positions->count; i++) {
        const struct position *const p = table_at(positions, i);
        if (p->qty)
            rc = note_instrument(t, &p->symbol, true, &number, err);
    }
    return rc;
}

enum err_code timeline_begin(struct timeline *t, struct journal_reader *r, uint64_t before,
                             book_progress *progress, void *context, struct err *err)
{
    const struct accounts *const a = t->book.accounts;
    struct timeline_sample opening;

    if (before > journal_reader_size(r))
        return err_set(err, ERR_NOT_FOUND, "the journal has only %" PRIu64 " entries",
                       journal_reader_size(r));
    enum err_code rc = before ? book_load(&t->book, r, before, progress, context, err) : ERR_OK;
    if (rc)
        return rc;
    t->from = before + 1;
    t->to = before;
    t->digest_before = book_digest(&t->book);
    t->clock_before = t->book.view->clock.seq;
    t->realized_before_micro = a->realized_micro;
    t->fees_before_micro = a->fees_micro;
    t->deposits_before_micro = a->deposits_micro;
    rc = measure(t, &opening, err);
    if (rc)
        return rc;
    t->profit_before_micro = opening.profit_micro;
    return note_positions(t, err);
}

static enum err_code add_entry(struct timeline *t, const struct timeline_entry *made, struct err *err)
{
    void *rows = t->entries;
    const enum err_code rc = grow(&rows, t->count, &t->capacity, sizeof *made, err);

    if (rc)
        return rc;
    t->entries = rows;
    t->entries[t->count++] = *made;
    return ERR_OK;
}

/* What was known of the market before the entry: the same that `ledger explain` names. */
static void look(const struct timeline *t, const struct symbol *s, struct timeline_entry *made)
{
    const struct view_instrument *const i = view_find(t->book.view, s);
    struct symbol underlying;
    struct view_price price;

    symbol_underlying(s, &underlying);
    view_price(t->book.view, &underlying, &price);
    made->quote_seq = i ? i->quote.seq : 0;
    made->price_seq = price.seq;
}

static enum err_code place(struct timeline *t, const struct entry *e, struct timeline_entry *made,
                           struct err *err)
{
    const struct symbol *const symbol = entry_symbol(e);
    enum err_code rc = ERR_OK;

    *made = (struct timeline_entry){.seq = e->seq, .kind = e->kind};
    made->is_refusal =
        (e->kind == ENTRY_RISK_VERDICT && !e->as.risk_verdict.allowed) || e->kind == ENTRY_ORDER_REJECTED;
    if (!symbol)
        return ERR_OK;
    if (e->kind == ENTRY_DECISION_ENTER || e->kind == ENTRY_DECISION_EXIT)
        look(t, symbol, made);
    rc = note_instrument(t, symbol, is_own_deed(e), &made->instrument, err);
    return rc;
}

/* The entry added last, in words. */
static enum err_code add_deed(struct timeline *t, const struct entry *e, struct err *err)
{
    void *rows = t->deeds;
    struct words w;
    enum err_code rc = grow(&rows, t->deed_count, &t->deed_capacity, sizeof *t->deeds, err);

    if (rc)
        return rc;
    t->deeds = rows;
    words_init(&w);
    words_entry(&w, e);
    rc = words_done(&w, err);
    char *const copy = rc ? NULL : strdup(words_get(&w));
    words_release(&w);
    if (!rc && !copy)
        rc = err_set(err, ERR_MEMORY, "out of memory");
    if (!rc)
        t->deeds[t->deed_count++] = (struct timeline_deed){t->count - 1, copy};
    return rc;
}

/* After the entry was applied. */
static enum err_code note(struct timeline *t, const struct entry *e, struct timeline_entry *made,
                          struct err *err)
{
    const struct symbol *const symbol = entry_symbol(e);
    const struct timeline_instrument *const i =
        made->instrument ? table_at(&t->instruments, made->instrument - 1) : NULL;
    enum err_code rc = ERR_OK;

    const bool is_first_clock = e->kind == ENTRY_PERCEPTION_CLOCK && !t->has_clock;

    set_axis(t, e, made);
    if (is_first_clock)
        place_all(t, made->at_ns);
    widen(t, made);
    if (symbol && is_market_data(e->kind))
        rc = note_price(t, symbol, err);
    if (!rc && i && is_own_deed(e)) {
        struct timeline_underlying *const u = table_find(&t->underlyings, &i->underlying);
        if (u)
            u->marks++;
    }
    if (!rc && !made->is_unplaced &&
        (e->kind == ENTRY_PERCEPTION_CLOCK || entry_family(e->kind) == FAMILY_FILL))
        rc = add_sample(t, made->at_ns, err);
    if (rc || (i && !is_told(t, &i->underlying)))
        return rc;
    rc = add_entry(t, made, err);
    if (!rc && t->keeps_deeds && is_own_deed(e))
        rc = add_deed(t, e, err);
    return rc;
}

enum err_code timeline_take(struct timeline *t, const struct entry *e, struct err *err)
{
    struct timeline_entry made;

    if (t->tally.entries == TIMELINE_SPAN_MAX)
        return err_set(err, ERR_RANGE, "a span has at most %u entries: narrow it", TIMELINE_SPAN_MAX);
    enum err_code rc = place(t, e, &made, err);
    if (!rc)
        rc = book_apply(&t->book, e, err);
    if (!rc)
        rc = note(t, e, &made, err);
    if (rc)
        return rc;
    tally(&t->tally, e);
    t->to = e->seq;
    return ERR_OK;
}

enum err_code timeline_take_all(struct timeline *t, struct journal_reader *r, uint64_t to,
                                book_progress *progress, void *context, struct err *err)
{
    const uint64_t from = t->to + 1;
    struct journal_record record;
    struct entry e;
    bool found = true;
    enum err_code rc = journal_reader_seek(r, from, err);

    for (uint64_t seq = from; seq <= to && !rc; seq++) {
        rc = journal_reader_next(r, &record, &found, err);
        if (!rc && !found)
            rc = err_set(err, ERR_NOT_FOUND, "the journal has only %" PRIu64 " entries",
                         journal_reader_size(r));
        if (!rc)
            rc = entry_decode(record.bytes, record.size, &e, err);
        if (!rc)
            rc = timeline_take(t, &e, err);
        if (!rc && progress && seq % 4096 == 0)
            progress(context, seq - from, to - from + 1);
    }
    return rc;
}

enum err_code timeline_end(struct timeline *t, struct err *err)
{
    return t->to_ns == INSTANT_NONE ? ERR_OK : add_sample(t, t->to_ns, err);
}

/* -- what it came to ------------------------------------------------------------------------------------ */

enum err_code timeline_outcome(const struct timeline *t, struct timeline_outcome *outcome, struct err *err)
{
    const struct accounts *const a = t->book.accounts;
    struct timeline_outcome o = {.margin_most_nano = INT64_MIN};
    int64_t height_micro = 0;
    enum err_code rc = ERR_OK;

    for (size_t i = 0; !rc && i < t->sample_count; i++) {
        const struct timeline_sample *const s = &t->samples[i];
        int64_t fall_micro = 0;
        int64_t rate_nano = INT64_MIN;
        height_micro = s->profit_micro > height_micro ? s->profit_micro : height_micro;
        rc = decimal_sub(height_micro, s->profit_micro, &fall_micro, err);
        o.drawdown_micro = fall_micro > o.drawdown_micro ? fall_micro : o.drawdown_micro;
        if (s->equity_micro > 0 &&
            !decimal_mul_div(s->margin_micro, NANO, s->equity_micro, &rate_nano, NULL) &&
            rate_nano > o.margin_most_nano)
            o.margin_most_nano = rate_nano;
        if (s->notional_micro > o.notional_most_micro)
            o.notional_most_micro = s->notional_micro;
        o.profit_micro = s->profit_micro;
    }
    if (!rc)
        rc = decimal_sub(a->realized_micro, t->realized_before_micro, &o.realized_micro, err);
    if (!rc)
        rc = decimal_sub(a->fees_micro, t->fees_before_micro, &o.fees_micro, err);
    if (!rc)
        rc = decimal_sub(a->deposits_micro, t->deposits_before_micro, &o.deposits_micro, err);
    if (!rc)
        *outcome = o;
    return rc;
}

const struct timeline_underlying *timeline_main(const struct timeline *t)
{
    const struct timeline_underlying *best = NULL;

    for (uint32_t i = 0; i < t->underlyings.count; i++) {
        const struct timeline_underlying *const u = table_at(&t->underlyings, i);
        if (!best || u->marks > best->marks || (u->marks == best->marks && u->count > best->count))
            best = u;
    }
    return best;
}
