/* The page's headline: what happened, in sentences that a person can read aloud. */
#include "incident/page_impl.h"

#include <inttypes.h>

struct sentences {
    struct words words;
    struct json_out *out;
    bool bad;
};

static void end_sentence(struct sentences *s)
{
    words_add(&s->words, ".");
    s->bad |= s->words.bad;
    json_out_text(s->out, words_get(&s->words));
    words_clear(&s->words);
}

static void count(struct words *w, uint64_t n, const char *one, const char *many)
{
    words_count(w, (int64_t)n, one, many);
}

static void say_decisions(struct sentences *s, const struct timeline_tally *y)
{
    struct words *const w = &s->words;

    if (y->enters + y->exits == 0) {
        words_add(w, "No decision to trade was made");
        if (y->no_trades) {
            words_add(w, "; ");
            count(w, y->no_trades, "look at the market", "looks at the market");
            words_add(w, " led to none");
        }
        end_sentence(s);
        return;
    }
    count(w, y->enters + y->exits, "decision", "decisions");
    words_add(w, " to trade (%" PRIu64 " to open, %" PRIu64 " to close): %" PRIu64 " allowed, ", y->enters,
              y->exits, y->allowed);
    if (y->refused)
        words_add(w, "%" PRIu64 " REFUSED", y->refused);
    else
        words_add(w, "none refused");
    for (uint32_t i = 0; i < y->limit_count; i++) {
        words_add(w, "%s%s", i ? ", " : " by ", y->limits[i].name.text);
        if (y->limits[i].refusals > 1)
            words_add(w, " (%" PRIu64 " times)", y->limits[i].refusals);
    }
    end_sentence(s);
}

static void say_orders(struct sentences *s, const struct timeline_tally *y)
{
    struct words *const w = &s->words;

    if (y->orders + y->executions + y->other_fills == 0) {
        words_add(w, "No order was sent, and nothing was filled");
        end_sentence(s);
        return;
    }
    count(w, y->orders, "order", "orders");
    words_add(w, " sent, ");
    if (y->cancels)
        words_add(w, "%" PRIu64 " asked back, ", y->cancels);
    if (y->rejects)
        words_add(w, "%" PRIu64 " REJECTED by the broker, ", y->rejects);
    count(w, y->executions, "fill", "fills");
    if (y->executions)
        words_add(w, " (%" PRId64 " bought, %" PRId64 " sold)", y->bought, y->sold);
    if (y->other_fills) {
        words_add(w, ", and ");
        count(w, y->other_fills, "other fact", "other facts");
        words_add(w, " that moved the account");
    }
    end_sentence(s);
}

static void say_money(struct sentences *s, const struct timeline *t, const struct timeline_outcome *o)
{
    struct words *const w = &s->words;
    const struct timeline_sample *const last = t->sample_count ? &t->samples[t->sample_count - 1] : NULL;

    words_add(w, "Profit and loss of the span ");
    words_change(w, o->profit_micro);
    words_add(w, ": realized ");
    words_change(w, o->realized_micro);
    words_add(w, ", fees ");
    words_money(w, o->fees_micro);
    if (o->deposits_micro) {
        words_add(w, "; paid in ");
        words_change(w, o->deposits_micro);
    }
    words_add(w, "; the deepest fall from a height was ");
    words_money(w, o->drawdown_micro);
    if (last) {
        words_add(w, "; at its end the account is worth ");
        words_money(w, last->equity_micro);
    }
    end_sentence(s);
    words_add(w, "Margin in use was at most ");
    if (o->margin_most_nano == INT64_MIN)
        words_add(w, "not known");
    else
        words_percent(w, o->margin_most_nano);
    words_add(w, " of equity, where ");
    words_percent(w, t->book.configuration->configuration.risk.margin_use);
    words_add(w, " is allowed; exposure at most ");
    words_money(w, o->notional_most_micro);
    end_sentence(s);
}

static void say_stops(struct sentences *s, const struct timeline *t)
{
    struct words *const w = &s->words;
    const struct timeline_tally *const y = &t->tally;
    const uint32_t tripped = risk_state_tripped(t->book.risk);

    if (y->stops + y->trips == 0) {
        words_add(w, "Nobody stopped trading, and no breaker tripped");
    } else {
        count(w, y->stops, "EMERGENCY STOP", "EMERGENCY STOPS");
        words_add(w, ", ");
        count(w, y->trips, "breaker tripped", "breakers tripped");
        words_add(w, ", ");
        count(w, y->resumes, "resume", "resumes");
    }
    if (t->book.risk->stopped)
        words_add(w, "; at the end of the span a stop is IN FORCE, by entry %" PRIu64,
                  t->book.risk->stop_seq);
    if (tripped) {
        words_add(w, "; at the end of the span ");
        count(w, tripped, "breaker has", "breakers have");
        words_add(w, " halted trading");
    }
    end_sentence(s);
}

static void say_rest(struct sentences *s, const struct timeline_tally *y)
{
    struct words *const w = &s->words;

    count(w, y->perceptions, "perception", "perceptions");
    words_add(w, " came in");
    if (y->findings) {
        words_add(w, ", ");
        count(w, y->findings, "finding", "findings");
        words_add(w, " about their quality among them");
    }
    if (y->breaks) {
        words_add(w, "; ");
        count(w, y->breaks, "break", "breaks");
        words_add(w, " between the broker's books and ours");
    }
    end_sentence(s);
}

enum err_code page_summary(const struct page *p, struct json_out *out, struct err *err)
{
    const struct timeline *const t = p->request->real;
    struct sentences s = {.out = out};
    struct timeline_outcome o;
    const enum err_code rc = timeline_outcome(t, &o, err);

    if (rc)
        return rc;
    words_init(&s.words);
    json_out_array(out);
    say_decisions(&s, &t->tally);
    say_orders(&s, &t->tally);
    say_money(&s, t, &o);
    say_stops(&s, t);
    say_rest(&s, &t->tally);
    json_out_array_end(out);
    words_release(&s.words);
    return s.bad ? err_set(err, ERR_MEMORY, "the summary does not fit into memory") : ERR_OK;
}

/* -- real and other ------------------------------------------------------------------------------------- */

static void number_row(struct json_out *out, const char *name, uint64_t real, uint64_t other)
{
    json_out_array(out);
    json_out_text(out, name);
    json_out_u64(out, real);
    json_out_u64(out, other);
    json_out_array_end(out);
}

static void money_row(struct json_out *out, const char *name, int64_t real_micro, int64_t other_micro)
{
    struct words w;

    words_init(&w);
    json_out_array(out);
    json_out_text(out, name);
    words_money(&w, real_micro);
    json_out_text(out, words_get(&w));
    words_clear(&w);
    words_money(&w, other_micro);
    json_out_text(out, words_get(&w));
    json_out_array_end(out);
    words_release(&w);
}

static void rate_row(struct json_out *out, const char *name, int64_t real_nano, int64_t other_nano)
{
    const int64_t rates[] = {real_nano, other_nano};
    struct words w;

    words_init(&w);
    json_out_array(out);
    json_out_text(out, name);
    for (int i = 0; i < 2; i++) {
        words_clear(&w);
        if (rates[i] == INT64_MIN)
            words_add(&w, "not known");
        else
            words_percent(&w, rates[i]);
        json_out_text(out, words_get(&w));
    }
    json_out_array_end(out);
    words_release(&w);
}

enum err_code page_comparison(const struct page *p, struct json_out *out, struct err *err)
{
    const struct timeline_tally *const a = &p->request->real->tally;
    const struct timeline_tally *const b = &p->request->other->tally;
    struct timeline_outcome x;
    struct timeline_outcome y;
    enum err_code rc = timeline_outcome(p->request->real, &x, err);

    if (!rc)
        rc = timeline_outcome(p->request->other, &y, err);
    if (rc)
        return rc;
    json_out_array(out);
    number_row(out, "decisions to open", a->enters, b->enters);
    number_row(out, "decisions to close", a->exits, b->exits);
    number_row(out, "verdicts: allowed", a->allowed, b->allowed);
    number_row(out, "verdicts: refused", a->refused, b->refused);
    number_row(out, "orders", a->orders, b->orders);
    number_row(out, "fills", a->executions, b->executions);
    number_row(out, "other facts", a->other_fills, b->other_fills);
    number_row(out, "bought", (uint64_t)a->bought, (uint64_t)b->bought);
    number_row(out, "sold", (uint64_t)a->sold, (uint64_t)b->sold);
    number_row(out, "stops", a->stops, b->stops);
    number_row(out, "breakers tripped", a->trips, b->trips);
    money_row(out, "profit and loss", x.profit_micro, y.profit_micro);
    money_row(out, "realized", x.realized_micro, y.realized_micro);
    money_row(out, "fees", x.fees_micro, y.fees_micro);
    money_row(out, "deepest fall", x.drawdown_micro, y.drawdown_micro);
    money_row(out, "exposure at most", x.notional_most_micro, y.notional_most_micro);
    rate_row(out, "margin use at most", x.margin_most_nano, y.margin_most_nano);
    json_out_array_end(out);
    return ERR_OK;
}
