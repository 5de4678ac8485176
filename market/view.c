#include "market/view.h"

#include <stdlib.h>
#include <string.h>

/* Outside these years a day's midnight may not fit in an instant. */
#define YEAR_FIRST (CIVIL_YEAR_MIN + 1)
#define YEAR_LAST  (CIVIL_YEAR_MAX - 1)

void view_init(void *state)
{
    struct view *const v = state;

    memset(v, 0, sizeof *v);
    v->clock.now_ns = INSTANT_NONE;
    v->clock.session = CIVIL_DAY_NONE;
    table_init(&v->instruments, sizeof(struct view_instrument), sizeof(struct symbol));
    table_init(&v->closes, sizeof(struct view_closes), sizeof(struct symbol));
    table_init(&v->chains, sizeof(struct view_chain), sizeof(struct symbol));
}

void view_release(void *state)
{
    struct view *const v = state;

    for (uint32_t i = 0; i < v->chains.count; i++) {
        struct view_chain *const chain = table_at(&v->chains, i);
        free(chain->rows);
        chain->rows = NULL;
    }
    table_release(&v->instruments);
    table_release(&v->closes);
    table_release(&v->chains);
}

static int64_t happened_at(const struct entry *e)
{
    return e->at_ns != INSTANT_NONE ? e->at_ns : e->recorded_at_ns;
}

bool view_is_ahead(const struct view *v, int64_t at_ns)
{
    return v->clock.seq != 0 && at_ns >= INT64_MIN + VIEW_AHEAD_MAX_NS &&
           at_ns - VIEW_AHEAD_MAX_NS > v->clock.now_ns;
}

/*
 * Whether what happened at `at_ns` takes the place of what is known. Late data does not; but a datum that the clock
 * has not come to is not known yet, and hides nothing that is told after it and happened before it.
 */
static bool takes_over(const struct view *v, uint64_t known_seq, int64_t known_at_ns, int64_t at_ns)
{
    if (known_seq == 0 || at_ns >= known_at_ns)
        return true;
    const bool is_late =
        v->clock.now_ns >= INT64_MIN + VIEW_AHEAD_MAX_NS && at_ns < v->clock.now_ns - VIEW_AHEAD_MAX_NS;
    return !is_late && view_is_ahead(v, known_at_ns) && at_ns < known_at_ns - VIEW_AHEAD_MAX_NS;
}

static uint32_t instrument_number(const struct view *v, const struct view_instrument *i)
{
    return (uint32_t)((size_t)((const uint8_t *)i - v->instruments.rows) / v->instruments.row_size);
}

/* The first place in the chain whose symbol is not before `s`. */
static uint32_t chain_place(const struct view *v, const struct view_chain *chain, const struct symbol *s)
{
    uint32_t low = 0;
    uint32_t high = chain->count;

    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (symbol_compare(&view_chain_row(v, chain, middle)->symbol, s) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static enum err_code chain_reserve(struct view_chain *chain, struct err *err)
{
    if (chain->count < chain->capacity)
        return ERR_OK;
    const uint32_t capacity = chain->capacity ? chain->capacity * 2 : 64;
    uint32_t *const rows = realloc(chain->rows, (size_t)capacity * sizeof *rows);
    if (!rows)
        return err_set(err, ERR_MEMORY, "out of memory for a chain of %u contracts", (unsigned)capacity);
    chain->rows = rows;
    chain->capacity = capacity;
    return ERR_OK;
}

/* The chain has room: nothing can fail any more. */
static void chain_insert(struct view *v, struct view_chain *chain, const struct view_instrument *i)
{
    const uint32_t at = chain_place(v, chain, &i->symbol);

    memmove(chain->rows + at + 1, chain->rows + at, (chain->count - at) * sizeof *chain->rows);
    chain->rows[at] = instrument_number(v, i);
    chain->count++;
}

/* Reserves first, writes after, so that running out of memory leaves the view as it was. */
static enum err_code instrument_add(struct view *v, const struct symbol *s, struct view_instrument **out,
                                    struct err *err)
{
    struct symbol underlying;
    struct contract contract;
    void *chain = NULL;
    void *row = NULL;

    enum err_code rc = table_reserve(&v->instruments, 1, err);
    if (!rc && symbol_is_option(s)) {
        symbol_underlying(s, &underlying);
        rc = table_put(&v->chains, &underlying, &chain, err);
        if (!rc)
            rc = chain_reserve(chain, err);
    }
    if (!rc)
        rc = table_put(&v->instruments, s, &row, err);
    if (rc)
        return rc;
    struct view_instrument *const i = row;
    i->quote.bid_nano = PRICE_NONE;
    i->quote.ask_nano = PRICE_NONE;
    i->expiry = CIVIL_DAY_NONE;
    if (chain) {
        symbol_contract(s, &contract);
        i->expiry = contract.expiry;
        i->right = contract.right;
        i->strike_nano = contract.strike_nano;
        chain_insert(v, chain, i);
    }
    *out = i;
    return ERR_OK;
}

static enum err_code instrument_put(struct view *v, const struct symbol *s, struct view_instrument **out,
                                    struct err *err)
{
    struct view_instrument *const i = table_find(&v->instruments, s);

    if (!i)
        return instrument_add(v, s, out, err);
    *out = i;
    return ERR_OK;
}

static int64_t side_price(int64_t price)
{
    return price != PRICE_NONE && price > 0 ? price : PRICE_NONE;
}

static enum err_code on_quote(struct view *v, const struct entry *e, const struct entry_perception_quote *q,
                              struct err *err)
{
    struct view_instrument *i;
    const int64_t at = happened_at(e);

    const enum err_code rc = instrument_put(v, &q->symbol, &i, err);
    if (rc)
        return rc;
    if (!takes_over(v, i->quote.seq, i->quote.at_ns, at))
        return ERR_OK;
    i->quote.bid_nano = side_price(q->bid);
    i->quote.ask_nano = side_price(q->ask);
    i->quote.bid_size = q->bid_size;
    i->quote.ask_size = q->ask_size;
    i->quote.at_ns = at;
    i->quote.seq = e->seq;
    return ERR_OK;
}

static void last_take(const struct view *v, struct view_last *last, const struct entry *e, int64_t price_nano)
{
    const int64_t at = happened_at(e);

    if (!takes_over(v, last->seq, last->at_ns, at))
        return;
    last->price_nano = price_nano;
    last->at_ns = at;
    last->seq = e->seq;
}

/* Keeps the newest VIEW_CLOSES_MAX sessions in order; a session told again replaces what was told. */
static void closes_insert(struct view_closes *c, const struct view_close *told)
{
    uint32_t at = c->count;

    while (at > 0 && c->rows[at - 1].session >= told->session)
        at--;
    if (at < c->count && c->rows[at].session == told->session) {
        c->rows[at] = *told;
        return;
    }
    if (c->count == VIEW_CLOSES_MAX) {
        if (at == 0)
            return;
        memmove(c->rows, c->rows + 1, (at - 1) * sizeof *c->rows);
        at--;
    } else {
        memmove(c->rows + at + 1, c->rows + at, (c->count - at) * sizeof *c->rows);
        c->count++;
    }
    c->rows[at] = *told;
}

static enum err_code on_daily_bar(struct view *v, const struct entry *e, const struct entry_perception_bar *b,
                                  struct err *err)
{
    void *row;
    const int64_t end = happened_at(e);
    const int64_t inside = end > INT64_MIN + 1 ? end - 1 : end;

    const enum err_code rc = table_put(&v->closes, &b->symbol, &row, err);
    if (rc)
        return rc;
    const struct view_close told = {instant_new_york_day(inside, NULL), b->close, e->seq};
    closes_insert(row, &told);
    return ERR_OK;
}

static enum err_code on_bar(struct view *v, const struct entry *e, const struct entry_perception_bar *b,
                            struct err *err)
{
    struct view_instrument *i;

    if (b->period_s == VIEW_SESSION_PERIOD_S)
        return on_daily_bar(v, e, b, err);
    if (b->period_s > VIEW_SESSION_PERIOD_S)
        return ERR_OK;
    const enum err_code rc = instrument_put(v, &b->symbol, &i, err);
    if (rc)
        return rc;
    last_take(v, &i->trade, e, b->close);
    return ERR_OK;
}

static enum err_code on_mark(struct view *v, const struct entry *e, const struct entry_perception_mark *m,
                             struct err *err)
{
    struct view_instrument *i;

    const enum err_code rc = instrument_put(v, &m->symbol, &i, err);
    if (rc)
        return rc;
    last_take(v, &i->mark, e, m->price);
    return ERR_OK;
}

static enum err_code on_open_interest(struct view *v, const struct entry *e,
                                      const struct entry_perception_open_interest *o, struct err *err)
{
    struct view_instrument *i;

    const enum err_code rc = instrument_put(v, &o->symbol, &i, err);
    if (rc)
        return rc;
    i->open_interest = o->contracts;
    i->interest_seq = e->seq;
    return ERR_OK;
}

static enum err_code on_status(struct view *v, const struct entry *e,
                               const struct entry_perception_trading_status *s, struct err *err)
{
    struct view_instrument *i;

    const enum err_code rc = instrument_put(v, &s->symbol, &i, err);
    if (rc)
        return rc;
    i->is_halted = s->halted;
    i->status_seq = e->seq;
    return ERR_OK;
}

static void on_clock(struct view *v, const struct entry *e, const struct entry_perception_clock *c)
{
    struct view_clock *const clock = &v->clock;

    if (c->session != clock->session) {
        clock->session_seq = e->seq;
        const bool in_years =
            c->session >= civil_from_ymd(YEAR_FIRST, 1, 1) && c->session <= civil_from_ymd(YEAR_LAST, 12, 31);
        clock->day_begin_ns = in_years ? instant_from_new_york(c->session, 0) : 0;
        clock->day_end_ns = in_years ? instant_from_new_york(c->session + 1, 0) : 0;
    }
    clock->now_ns = happened_at(e);
    clock->session = c->session;
    clock->phase = c->phase;
    clock->seq = e->seq;
}

enum err_code view_apply(void *state, const struct entry *e, struct err *err)
{
    struct view *const v = state;

    switch (e->kind) {
    case ENTRY_PERCEPTION_QUOTE: return on_quote(v, e, &e->as.perception_quote, err);
    case ENTRY_PERCEPTION_BAR: return on_bar(v, e, &e->as.perception_bar, err);
    case ENTRY_PERCEPTION_MARK: return on_mark(v, e, &e->as.perception_mark, err);
    case ENTRY_PERCEPTION_OPEN_INTEREST: return on_open_interest(v, e, &e->as.perception_open_interest, err);
    case ENTRY_PERCEPTION_TRADING_STATUS: return on_status(v, e, &e->as.perception_trading_status, err);
    case ENTRY_PERCEPTION_CLOCK: on_clock(v, e, &e->as.perception_clock); return ERR_OK;
    case ENTRY_PERCEPTION_CLOCK_QUALITY:
    case ENTRY_PERCEPTION_STATED_POSITION:
    case ENTRY_PERCEPTION_STATED_FILL:
    case ENTRY_PERCEPTION_STATEMENT:
    case ENTRY_PERCEPTION_DATA_QUALITY: /* a finding is no quote: the one before it stands */
    case ENTRY_DECISION_CANDIDATES:     /* what we thought, ordered or got filled is not the market */
    case ENTRY_DECISION_ENTER:
    case ENTRY_DECISION_EXIT:
    case ENTRY_DECISION_NO_TRADE:
    case ENTRY_RISK_VERDICT:
    case ENTRY_RISK_BREAK:
    case ENTRY_RISK_BREAKER_TRIP:
    case ENTRY_RISK_EQUITY:
    case ENTRY_ORDER_NEW:
    case ENTRY_ORDER_ACKNOWLEDGED:
    case ENTRY_ORDER_CANCEL:
    case ENTRY_ORDER_CANCELLED:
    case ENTRY_ORDER_REJECTED:
    case ENTRY_ORDER_EXPIRED:
    case ENTRY_FILL_EXECUTION:
    case ENTRY_FILL_ASSIGNMENT:
    case ENTRY_FILL_EXERCISE:
    case ENTRY_FILL_EXPIRATION:
    case ENTRY_FILL_SETTLEMENT:
    case ENTRY_FILL_DEPOSIT:
    case ENTRY_FILL_BUST:
    case ENTRY_FILL_DIVIDEND:
    case ENTRY_FILL_SPLIT:
    case ENTRY_CONTROL_GENESIS: /* nor is what people and the program do */
    case ENTRY_CONTROL_ACTOR:
    case ENTRY_CONTROL_CONFIGURATION:
    case ENTRY_CONTROL_RUN:
    case ENTRY_CONTROL_RUN_END:
    case ENTRY_CONTROL_SOURCE:
    case ENTRY_CONTROL_STOP:
    case ENTRY_CONTROL_RESUME:
    case ENTRY_CONTROL_NOTE:
    case ENTRY_CONTROL_SNAPSHOT:
    case ENTRY_CONTROL_KEY:
    case ENTRY_CONTROL_REVOCATION:
    case ENTRY_CONTROL_ACTOR_KEY:
    case ENTRY_CONTROL_PROPOSAL:
    case ENTRY_CONTROL_APPROVAL:
    case ENTRY_CONTROL_RECOVERY:
    case ENTRY_CONTROL_HOLD:
    case ENTRY_CONTROL_DISPOSAL:
    case ENTRY_CONTROL_SESSION:
    case ENTRY_CONTROL_CORRECTION:
    case ENTRY_CONTROL_OVERRIDE:
    case ENTRY_CONTROL_HYPOTHESIS:
    case ENTRY_CONTROL_HEARTBEAT: break;
    }
    return ERR_OK;
}

static void digest_last(const struct digest_out *out, const struct view_last *last)
{
    digest_i64(out, last->price_nano);
    digest_i64(out, last->at_ns);
    digest_u64(out, last->seq);
}

static void digest_instrument(const struct digest_out *out, const struct view_instrument *i)
{
    digest_symbol(out, &i->symbol);
    digest_i64(out, i->quote.bid_nano);
    digest_i64(out, i->quote.ask_nano);
    digest_i64(out, i->quote.bid_size);
    digest_i64(out, i->quote.ask_size);
    digest_i64(out, i->quote.at_ns);
    digest_u64(out, i->quote.seq);
    digest_last(out, &i->trade);
    digest_last(out, &i->mark);
    digest_i64(out, i->open_interest);
    digest_u64(out, i->interest_seq);
    digest_u64(out, i->is_halted);
    digest_u64(out, i->status_seq);
}

/* Chains and what is read from a symbol follow from the instruments: they are not digested again. */
void view_digest(const void *state, const struct digest_out *out)
{
    const struct view *const v = state;

    digest_i64(out, v->clock.now_ns);
    digest_i64(out, v->clock.session);
    digest_u64(out, (uint64_t)v->clock.phase);
    digest_u64(out, v->clock.seq);
    digest_u64(out, v->clock.session_seq);
    digest_u64(out, v->instruments.count);
    for (uint32_t i = 0; i < v->instruments.count; i++)
        digest_instrument(out, table_at(&v->instruments, i));
    digest_u64(out, v->closes.count);
    for (uint32_t i = 0; i < v->closes.count; i++) {
        const struct view_closes *const c = table_at(&v->closes, i);
        digest_symbol(out, &c->symbol);
        digest_u64(out, c->count);
        for (uint32_t day = 0; day < c->count; day++) {
            digest_i64(out, c->rows[day].session);
            digest_i64(out, c->rows[day].close_nano);
            digest_u64(out, c->rows[day].seq);
        }
    }
}

const struct replay_row view_row = {
    .name = "view",
    .size = sizeof(struct view),
    .init = view_init,
    .apply = view_apply,
    .digest = view_digest,
    .release = view_release,
    .restore = view_restore,
    .version = 4,
};
