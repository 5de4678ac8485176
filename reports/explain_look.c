/* Why it did not trade: a look at the market, and one contract at that look. */
#include "market/calendar.h"
#include "reports/explain_steps.h"
#include "risk/limits.h"
#include "strategy/screen.h"

#include <inttypes.h>
#include <string.h>

/* Looks at an underlying: decision.no_trade, and decision.candidates for a look that led to a decision. */
struct looks {
    struct symbol underlying;
    struct symbol symbol; /* what was asked about */
    civil_day day;
    int64_t at_ns;
    uint64_t newest;  /* at or before at_ns, of the day */
    uint64_t blocked; /* newest decision.no_trade about the contract itself: an exit that could not be */
    uint64_t of_day;  /* looks of that day */
    int64_t first_ns; /* of them */
    int64_t last_ns;  /* newest look of any day */
    uint64_t all;
};

static void note_look(struct looks *l, const struct entry *e, const struct symbol *about)
{
    const int64_t at_ns = e->at_ns != INSTANT_NONE ? e->at_ns : e->recorded_at_ns;
    const bool is_of_day = l->at_ns == INSTANT_NONE || instant_new_york_day(at_ns, NULL) == l->day;
    const bool is_in_time = is_of_day && (l->at_ns == INSTANT_NONE || at_ns <= l->at_ns);

    if (symbol_equal(about, &l->symbol) && !symbol_equal(&l->symbol, &l->underlying)) {
        if (is_in_time)
            l->blocked = e->seq;
        return;
    }
    if (!symbol_equal(about, &l->underlying))
        return;
    l->all++;
    l->last_ns = at_ns;
    if (!is_of_day)
        return;
    if (!l->of_day++)
        l->first_ns = at_ns;
    if (is_in_time)
        l->newest = e->seq;
}

static enum err_code find_looks(struct looks *l, struct index *index, struct journal_reader *r,
                                struct err *err)
{
    const struct entry *e = NULL;
    struct index_walk *w = NULL;
    struct filter filter;
    bool found = true;

    filter_init(&filter);
    filter.family = FAMILY_DECISION;
    filter.symbol = l->underlying; /* and its options */
    enum err_code rc = index_walk_begin(index, r, &filter, INDEX_FORWARD, false, &w, err);
    while (!rc && found) {
        rc = index_walk_next(w, &e, &found, err);
        if (!rc && found && (e->kind == ENTRY_DECISION_NO_TRADE || e->kind == ENTRY_DECISION_CANDIDATES))
            note_look(l, e, entry_symbol(e));
    }
    index_walk_end(w);
    return rc;
}

static enum err_code nobody_looked(const struct looks *l, struct err *err)
{
    char asked[INSTANT_TEXT_SIZE];
    char text[INSTANT_TEXT_SIZE];

    instant_format(asked, l->at_ns);
    if (!l->all)
        return err_set(
            err, ERR_NOT_FOUND,
            "no strategy ever looked at %s; strategy.underlyings in the configuration names what is "
            "looked at (ledger report settings)",
            l->underlying.text);
    if (l->of_day) {
        instant_format(text, l->first_ns);
        return err_set(err, ERR_NOT_FOUND,
                       "nobody had looked at %s by %s; the first look of that day is at %s",
                       l->underlying.text, asked, text);
    }
    instant_format(text, l->last_ns);
    return err_set(err, ERR_NOT_FOUND,
                   "nobody looked at %s on the day of %s; there are %" PRIu64 " looks, the newest at %s",
                   l->underlying.text, asked, l->all, text);
}

/* -- one contract --------------------------------------------------------------------------------------- */

static struct decide_context context_of(const struct book *b)
{
    const struct configuration *const c = &b->configuration->configuration;

    return (struct decide_context){
        .risk = {.view = b->view,
                 .accounts = b->accounts,
                 .orders = b->orders,
                 .state = b->risk,
                 .settings = &c->risk,
                 .reconcile = b->reconcile},
        .strategy_settings = &c->strategy,
        .naked_put = b->naked_put,
    };
}

/* Every criterion of strategy/screen.h with this contract's own value, not only the first that failed. */
static enum err_code try_contract(const struct decide_context *ctx, const struct view_instrument *i,
                                  int64_t underlying_nano, struct checks *checks, struct err *err)
{
    const struct strategy_settings *const s = ctx->strategy_settings;
    const struct view_quote *const quote = view_live_quote(ctx->risk.view, i);
    const int64_t days = calendar_days_to_expiry(ctx->risk.view->clock.session, i->expiry);
    const int64_t bid = quote && quote->bid_nano != PRICE_NONE ? quote->bid_nano : CHECK_VALUE_NONE;
    int64_t otm = CHECK_VALUE_NONE;

    if (underlying_nano > 0) {
        const enum err_code rc = screen_otm(i, underlying_nano, &otm, err);
        if (rc)
            return rc;
    }
    checks_add(checks, "right_is_put", i->right == RIGHT_PUT, RULE_EQUAL, 1, UNIT_FLAG);
    checks_add(checks, "days_least", days, RULE_AT_LEAST, s->days_min, UNIT_COUNT);
    checks_add(checks, "days_most", days, RULE_AT_MOST, s->days_max, UNIT_COUNT);
    checks_add(checks, "otm_least", otm, RULE_AT_LEAST, s->otm_min, UNIT_RATE);
    checks_add(checks, "otm_most", otm, RULE_AT_MOST, s->otm_max, UNIT_RATE);
    checks_add(checks, "quote_has_bid", bid != CHECK_VALUE_NONE, RULE_EQUAL, 1, UNIT_FLAG);
    checks_add(checks, "premium_least", bid, RULE_AT_LEAST, s->premium_min, UNIT_PRICE);
    checks_add(checks, "premium_most", bid, RULE_AT_MOST, s->premium_max, UNIT_PRICE);
    checks_add(checks, "not_held", limits_is_new(&ctx->risk, &i->symbol), RULE_EQUAL, 1, UNIT_FLAG);
    return ERR_OK;
}

static void say_contract(struct words *w, const struct symbol *s, const struct checks *checks,
                         const struct entry *look)
{
    unsigned failed = 0;

    words_add(w, "%s", s->text);
    for (unsigned i = 0; i < checks->count; i++) {
        if (checks->rows[i].ok)
            continue;
        words_add(w, "%s", failed++ ? "; " : " failed: ");
        words_check(w, &checks->rows[i]);
    }
    if (failed)
        return;
    words_add(w, " met every criterion");
    if (look->kind != ENTRY_DECISION_CANDIDATES) {
        words_add(w, "; the gates did not let anything through");
        return;
    }
    const struct candidates *const best = &look->as.decision_candidates.rows;
    for (unsigned i = 0; i < best->count; i++) {
        if (symbol_equal(&best->rows[i].symbol, s)) {
            words_add(w, " and ranked %u of %" PRId64, i + 1, look->as.decision_candidates.passed);
            words_add(w, i ? ": another one had more premium per margin" : ": it was chosen");
            return;
        }
    }
    words_add(w, ", but %u others had more premium per margin", (unsigned)best->count);
}

static enum err_code add_contract(struct explanation *x, const struct book *b, const struct symbol *s,
                                  const struct entry *look, const struct explain_seen *seen, struct err *err)
{
    const struct decide_context ctx = context_of(b);
    const struct view_instrument *const i = view_find(b->view, s);
    struct checks checks = {.count = 0};
    struct words w;
    enum err_code rc = ERR_OK;

    words_init(&w);
    if (!i) {
        words_add(&w, "%s was not known: nothing had been told of it by then", s->text);
    } else if (i->expiry < b->view->clock.session) {
        words_add(&w, "%s had expired before that session, so it was not looked at", s->text);
    } else {
        rc = try_contract(&ctx, i, seen->price.price_nano, &checks, err);
        if (!rc)
            say_contract(&w, s, &checks, look);
    }
    if (!rc)
        rc = explain_add(x, look, "contract", &w, NULL, &checks, err);
    words_release(&w);
    return rc;
}

/* -- the look ------------------------------------------------------------------------------------------- */

static enum err_code title_of_look(struct explanation *x, const struct looks *l, const struct entry *look,
                                   struct err *err)
{
    const bool traded = look->kind == ENTRY_DECISION_CANDIDATES;
    char asked[INSTANT_TEXT_SIZE] = "";
    char text[INSTANT_TEXT_SIZE];
    struct words w;

    if (l->at_ns != INSTANT_NONE)
        instant_format_new_york(asked, l->at_ns);
    instant_format_new_york(text, look->at_ns != INSTANT_NONE ? look->at_ns : look->recorded_at_ns);
    words_init(&w);
    words_add(&w, "%s: the newest look%s%s is entry %" PRIu64 " at %s New York: %s", l->underlying.text,
              asked[0] ? " at or before " : "", asked, look->seq, text,
              traded ? "it found candidates and decided to trade" : "no trade");
    const enum err_code rc = explain_set_title(x, &w, err);
    words_release(&w);
    return rc;
}

static enum err_code add_look(struct explanation *x, struct index *index, struct journal_reader *r,
                              const struct entry *look, struct err *err)
{
    struct chain after = {.count = 0};
    enum err_code rc = explain_add_entry(x, look, NULL, err);

    /* What candidates led to: the decision, its verdict, the order and what became of it. */
    if (!rc && look->kind == ENTRY_DECISION_CANDIDATES)
        rc = chain_add_consequences(&after, index, r, look->seq, journal_reader_size(r), err);
    for (unsigned i = 0; !rc && i < after.count; i++)
        rc = explain_add_seq(x, r, after.seqs[i], NULL, err);
    return rc;
}

static enum err_code tell_look(const struct looks *l, struct index *index, struct journal_reader *r,
                               struct explanation *x, struct err *err)
{
    const bool is_contract = symbol_is_option(&l->symbol);
    struct explain_seen seen;
    struct entry look;
    struct book b;
    enum err_code rc = book_init(&b, err);

    if (!rc)
        rc = book_load(&b, r, l->newest - 1, NULL, NULL, err);
    if (!rc)
        rc = chain_read(r, l->newest, &look, err);
    if (!rc) {
        explain_look(&b, &l->symbol, &seen);
        rc = title_of_look(x, l, &look, err);
    }
    if (!rc)
        rc = explain_add_price(x, r, &seen, err);
    if (!rc && is_contract)
        rc = explain_add_quote(x, r, &seen, err);
    if (!rc && look.cause)
        rc = explain_add_seq(x, r, look.cause, NULL, err);
    if (!rc)
        rc = add_look(x, index, r, &look, err);
    if (!rc && is_contract)
        rc = add_contract(x, &b, &l->symbol, &look, &seen, err);
    if (!rc && l->blocked)
        rc = explain_add_seq(x, r, l->blocked, "this one is about closing the position", err);
    book_release(&b);
    return rc;
}

enum err_code explain_no_trade(struct index *index, struct journal_reader *r, const struct symbol *symbol,
                               int64_t at_ns, struct explanation *x, struct err *err)
{
    struct looks l = {.symbol = *symbol, .at_ns = at_ns};

    x->about = *symbol;
    symbol_underlying(symbol, &l.underlying);
    if (at_ns != INSTANT_NONE)
        l.day = instant_new_york_day(at_ns, NULL);
    const enum err_code rc = find_looks(&l, index, r, err);
    if (rc)
        return rc;
    return l.newest ? tell_look(&l, index, r, x, err) : nobody_looked(&l, err);
}
