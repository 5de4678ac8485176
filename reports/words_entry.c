/* One line for each kind of entry. */
#include "reports/words.h"

#include "risk/governor.h"

#include <inttypes.h>

static const char *side_name(enum side side)
{
    return side == SIDE_BUY ? "buy" : "sell";
}

static void say_quote(struct words *w, const struct entry_perception_quote *q)
{
    words_add(w, "%s bid ", q->symbol.text);
    words_price(w, q->bid);
    words_add(w, " x %" PRId64 ", ask ", q->bid_size);
    words_price(w, q->ask);
    words_add(w, " x %" PRId64, q->ask_size);
}

static void say_bar(struct words *w, const struct entry_perception_bar *b)
{
    words_add(w, "%s traded at ", b->symbol.text);
    words_price(w, b->close);
    words_add(w, " (open ");
    words_price(w, b->open);
    words_add(w, ", high ");
    words_price(w, b->high);
    words_add(w, ", low ");
    words_price(w, b->low);
    words_add(w, "; %" PRId64 " in %" PRId64 " s)", b->volume, b->period_s);
}

static void say_mark(struct words *w, const struct entry *e)
{
    words_add(w, "%s ", e->as.perception_mark.symbol.text);
    words_field(w, e, "mark");
    words_add(w, " ");
    words_price(w, e->as.perception_mark.price);
}

static void say_clock(struct words *w, const struct entry *e)
{
    words_add(w, "the market's clock: ");
    words_field(w, e, "phase");
    words_add(w, " of session ");
    words_field(w, e, "session");
}

static void say_quality(struct words *w, const struct entry *e)
{
    words_add(w, "%s: ", e->as.perception_data_quality.symbol.text);
    words_field(w, e, "finding");
    words_add(w, ": ");
    words_field(w, e, "text");
}

static void say_candidates(struct words *w, const struct entry_decision_candidates *d)
{
    words_add(w, "%s at ", d->symbol.text);
    words_price(w, d->price);
    words_add(w, ": %" PRId64 " of ", d->passed);
    words_count(w, d->seen, "contract", "contracts");
    words_add(w, " met every criterion");
    if (d->rows.count) {
        words_add(w, "; the best by premium per margin is %s at ", d->rows.rows[0].symbol.text);
        words_price(w, d->rows.rows[0].premium_nano);
    }
}

static void say_decision(struct words *w, const struct entry *e, enum side side, int64_t qty,
                         const struct symbol *symbol, int64_t limit, int64_t confidence)
{
    words_add(w, "%s %" PRId64 " %s at ", side_name(side), qty, symbol->text);
    words_price(w, limit);
    words_add(w, " or better, confidence ");
    words_percent(w, confidence);
    words_add(w, ": ");
    words_field(w, e, "reason");
}

static void say_enter(struct words *w, const struct entry *e)
{
    const struct entry_decision_enter *const d = &e->as.decision_enter;

    words_add(w, "open: ");
    say_decision(w, e, d->side, d->qty, &d->symbol, d->limit, d->confidence);
}

static void say_exit(struct words *w, const struct entry *e)
{
    const struct entry_decision_exit *const d = &e->as.decision_exit;

    words_add(w, "close by the rule ");
    words_field(w, e, "rule");
    words_add(w, ": ");
    say_decision(w, e, d->side, d->qty, &d->symbol, d->limit, d->confidence);
}

static void say_verdict(struct words *w, const struct entry_risk_verdict *v)
{
    unsigned held = 0;
    unsigned exempt = 0;
    unsigned overridden = 0;
    struct id limit;

    for (unsigned i = 0; i < v->checks.count; i++) {
        const struct check *const c = &v->checks.rows[i];
        exempt += risk_check_is_exempt(c);
        overridden += risk_check_overridden(c, &limit);
        held += !risk_check_is_exempt(c) && c->ok;
    }
    words_add(w, "%s: %u of %u limits held", v->allowed ? "allowed" : "REFUSED", held,
              v->checks.count - exempt);
    if (exempt > overridden)
        words_add(w, ", %u do not count for a closing order", exempt - overridden);
    for (unsigned i = 0; i < v->checks.count; i++) {
        const struct check *const c = &v->checks.rows[i];
        if (c->ok || (risk_check_is_exempt(c) && !risk_check_overridden(c, &limit)))
            continue;
        words_add(w, "; ");
        words_check(w, c);
    }
}

static void say_trip(struct words *w, const struct entry *e)
{
    words_add(w, "breaker %s tripped: ", e->as.risk_breaker_trip.breaker.text);
    words_field(w, e, "reason");
}

static void say_equity(struct words *w, const struct entry *e)
{
    words_add(w, "the account at the ");
    words_field(w, e, "phase");
    words_add(w, ": worth ");
    words_money(w, e->as.risk_equity.equity);
    words_add(w, ", cash ");
    words_money(w, e->as.risk_equity.cash);
    words_add(w, ", margin ");
    words_money(w, e->as.risk_equity.margin);
    words_add(w, ", ");
    words_count(w, e->as.risk_equity.positions, "position", "positions");
}

static void say_order(struct words *w, const struct entry_order_new *o)
{
    words_add(w, "order %s: %s %" PRId64 " %s ", o->order_id.text, side_name(o->side), o->qty,
              o->symbol.text);
    if (o->type == ORDER_TYPE_MARKET) {
        words_add(w, "at the market");
        return;
    }
    words_add(w, "at ");
    words_price(w, o->limit);
    words_add(w, " or better");
}

static void say_with_reason(struct words *w, const struct entry *e, const char *what)
{
    words_add(w, "%s: ", what);
    words_field(w, e, "reason");
}

static void say_execution(struct words *w, const struct entry_fill_execution *f)
{
    words_add(w, "%s %" PRId64 " %s at ", f->side == SIDE_BUY ? "bought" : "sold", f->qty, f->symbol.text);
    words_price(w, f->price);
    words_add(w, ", fee ");
    words_money(w, f->fee);
    words_add(w, " (fill %s)", f->fill_id.text);
}

static void say_settled(struct words *w, const char *what, const struct symbol *symbol, int64_t qty,
                        int64_t underlying_price, int64_t fee)
{
    words_add(w, "%" PRId64 " %s %s, underlying at ", qty, symbol->text, what);
    words_price(w, underlying_price);
    words_add(w, ", fee ");
    words_money(w, fee);
}

static void say_bust(struct words *w, const struct entry *e)
{
    const struct entry_fill_bust *const f = &e->as.fill_bust;

    words_add(w, "the broker takes fill %s back: %s %" PRId64 " %s at ", f->busted.text,
              f->side == SIDE_BUY ? "bought" : "sold", f->qty, f->symbol.text);
    words_price(w, f->price);
    words_add(w, "; ");
    words_field(w, e, "reason");
}

static void say_split(struct words *w, const struct entry_fill_split *s)
{
    words_add(w, "%" PRId64 " %s become %" PRId64 " %s, cash in lieu ", s->qty, s->symbol.text, s->into_qty,
              s->into.text);
    words_change(w, s->cash);
}

static void say_status(struct words *w, const struct entry *e)
{
    const struct entry_perception_trading_status *const s = &e->as.perception_trading_status;

    words_add(w, s->halted ? "%s is HALTED: " : "%s trades again: ", s->symbol.text);
    words_field(w, e, "reason");
}

static void say_override(struct words *w, const struct entry *e)
{
    const struct entry_control_override *const o = &e->as.control_override;

    words_add(w, "one order in %s may pass %s within %" PRId64 " s: ", o->symbol.text, o->limit.text,
              o->valid_s);
    words_field(w, e, "reason");
}

static void say_fill(struct words *w, const struct entry *e)
{
    const struct entry_fill_assignment *const a = &e->as.fill_assignment;
    const struct entry_fill_exercise *const x = &e->as.fill_exercise;
    const struct entry_fill_expiration *const p = &e->as.fill_expiration;
    const struct entry_fill_settlement *const s = &e->as.fill_settlement;

    if (e->kind == ENTRY_FILL_EXECUTION) {
        say_execution(w, &e->as.fill_execution);
    } else if (e->kind == ENTRY_FILL_ASSIGNMENT) {
        say_settled(w, "assigned", &a->symbol, a->qty, a->underlying_price, a->fee);
    } else if (e->kind == ENTRY_FILL_EXERCISE) {
        say_settled(w, "exercised", &x->symbol, x->qty, x->underlying_price, x->fee);
    } else if (e->kind == ENTRY_FILL_EXPIRATION) {
        say_settled(w, "expired worthless", &p->symbol, p->qty, p->underlying_price, 0);
    } else if (e->kind == ENTRY_FILL_SETTLEMENT) {
        say_settled(w, "settled in cash", &s->symbol, s->qty, s->underlying_price, s->fee);
    } else if (e->kind == ENTRY_FILL_BUST) {
        say_bust(w, e);
    } else if (e->kind == ENTRY_FILL_SPLIT) {
        say_split(w, &e->as.fill_split);
    } else if (e->kind == ENTRY_FILL_DIVIDEND) {
        words_add(w, "dividend of %s: ", e->as.fill_dividend.symbol.text);
        words_change(w, e->as.fill_dividend.amount);
    } else {
        words_add(w, "cash ");
        words_change(w, e->as.fill_deposit.amount);
        words_add(w, ": ");
        words_field(w, e, "text");
    }
}

static void say_source(struct words *w, const struct entry *e)
{
    const struct entry_control_source *const s = &e->as.control_source;

    words_add(w, "file ");
    words_field(w, e, "path");
    words_add(w, " read by %s: ", s->source.text);
    words_count(w, s->rows, "row", "rows");
    words_add(w, ", %" PRId64 " perceptions, %" PRId64 " findings instead", s->entries, s->findings);
}

static void say_run(struct words *w, const struct entry *e)
{
    words_add(w, "the loop starts: ");
    words_field(w, e, "program");
    words_add(w, " over ");
    words_field(w, e, "feed");
    words_add(w, ", broker %s", e->as.control_run.broker.text);
}

static void say_configuration(struct words *w, const struct entry *e)
{
    words_add(w, "a configuration comes into force, SHA-256 ");
    words_field(w, e, "sha256");
}

static void say_fields(struct words *w, const struct entry *e)
{
    const struct entry_kind_info *const info = entry_kind_find((unsigned)e->kind);

    for (size_t i = 0; i < info->field_count; i++) {
        words_add(w, "%s%s ", i ? ", " : "", info->fields[i].name);
        words_field(w, e, info->fields[i].name);
    }
}

/* -- reconciliation --------------------------------------------------------------------------------------- */

static void say_statement(struct words *w, const struct entry *e)
{
    const struct entry_perception_statement *const s = &e->as.perception_statement;

    words_add(w, "%s states of ", s->broker.text);
    words_field(w, e, "session");
    words_add(w, ": cash ");
    words_money(w, s->cash);
    words_add(w, ", ");
    words_count(w, s->positions, "position", "positions");
    words_add(w, ", ");
    words_count(w, s->fills, "fill", "fills");
    words_add(w, " (statement %s)", s->statement_id.text);
}

static void say_stated(struct words *w, const struct entry *e)
{
    const struct entry_perception_stated_position *const p = &e->as.perception_stated_position;
    const struct entry_perception_stated_fill *const f = &e->as.perception_stated_fill;

    if (e->kind == ENTRY_PERCEPTION_STATED_POSITION) {
        words_add(w, "stated: we are %s %" PRId64 " %s", p->side == SIDE_BUY ? "long" : "short", p->qty,
                  p->symbol.text);
        return;
    }
    words_add(w, "stated: we %s %" PRId64 " %s at ", f->side == SIDE_BUY ? "bought" : "sold", f->qty,
              f->symbol.text);
    words_price(w, f->price);
    words_add(w, ", fee ");
    words_money(w, f->fee);
    words_add(w, " (fill %s)", f->fill_id.text);
}

static void say_break(struct words *w, const struct entry *e)
{
    const struct entry_risk_break *const b = &e->as.risk_break;

    words_add(w, "BREAK %s with the broker about ", b->break_id.text);
    words_field(w, e, "about");
    for (unsigned i = 0; i < b->checks.count; i++) {
        if (b->checks.rows[i].ok)
            continue;
        words_add(w, "; ");
        words_check(w, &b->checks.rows[i]);
    }
    words_add(w, "; %s is to clear it", b->owner.text);
}

static void say_correction(struct words *w, const struct entry *e)
{
    const struct entry_control_correction *const c = &e->as.control_correction;

    words_add(w, "%s is cleared", c->break_id.text);
    if (c->ours)
        words_add(w, ", our side by entry %" PRId64, c->ours);
    if (c->theirs)
        words_add(w, ", theirs by entry %" PRId64, c->theirs);
    words_add(w, ": ");
    words_field(w, e, "reason");
}

void words_entry(struct words *w, const struct entry *e)
{
    switch (e->kind) { /* no default: a new kind gets its words, or says here that it needs none */
    case ENTRY_PERCEPTION_QUOTE: say_quote(w, &e->as.perception_quote); break;
    case ENTRY_PERCEPTION_BAR: say_bar(w, &e->as.perception_bar); break;
    case ENTRY_PERCEPTION_MARK: say_mark(w, e); break;
    case ENTRY_PERCEPTION_CLOCK: say_clock(w, e); break;
    case ENTRY_PERCEPTION_DATA_QUALITY: say_quality(w, e); break;
    case ENTRY_DECISION_CANDIDATES: say_candidates(w, &e->as.decision_candidates); break;
    case ENTRY_DECISION_ENTER: say_enter(w, e); break;
    case ENTRY_DECISION_EXIT: say_exit(w, e); break;
    case ENTRY_DECISION_NO_TRADE: words_field(w, e, "reason"); break;
    case ENTRY_RISK_VERDICT: say_verdict(w, &e->as.risk_verdict); break;
    case ENTRY_RISK_BREAKER_TRIP: say_trip(w, e); break;
    case ENTRY_RISK_EQUITY: say_equity(w, e); break;
    case ENTRY_ORDER_NEW: say_order(w, &e->as.order_new); break;
    case ENTRY_ORDER_ACKNOWLEDGED:
        words_add(w, "the broker has it as number %s", e->as.order_acknowledged.broker_id.text);
        break;
    case ENTRY_ORDER_CANCEL: say_with_reason(w, e, "asked the broker to cancel it"); break;
    case ENTRY_ORDER_CANCELLED: say_with_reason(w, e, "the broker cancelled it"); break;
    case ENTRY_ORDER_REJECTED: say_with_reason(w, e, "the broker REJECTED it"); break;
    case ENTRY_ORDER_EXPIRED: words_add(w, "the day ended before it was filled"); break;
    case ENTRY_FILL_EXECUTION:
    case ENTRY_FILL_ASSIGNMENT:
    case ENTRY_FILL_EXERCISE:
    case ENTRY_FILL_EXPIRATION:
    case ENTRY_FILL_SETTLEMENT:
    case ENTRY_FILL_BUST:
    case ENTRY_FILL_DIVIDEND:
    case ENTRY_FILL_SPLIT:
    case ENTRY_FILL_DEPOSIT: say_fill(w, e); break;
    case ENTRY_CONTROL_OVERRIDE: say_override(w, e); break;
    case ENTRY_PERCEPTION_TRADING_STATUS: say_status(w, e); break;
    case ENTRY_CONTROL_CORRECTION: say_correction(w, e); break;
    case ENTRY_PERCEPTION_STATEMENT: say_statement(w, e); break;
    case ENTRY_PERCEPTION_STATED_POSITION:
    case ENTRY_PERCEPTION_STATED_FILL: say_stated(w, e); break;
    case ENTRY_RISK_BREAK: say_break(w, e); break;
    case ENTRY_CONTROL_SOURCE: say_source(w, e); break;
    case ENTRY_CONTROL_CONFIGURATION: say_configuration(w, e); break;
    case ENTRY_CONTROL_RUN: say_run(w, e); break;
    case ENTRY_CONTROL_STOP: say_with_reason(w, e, "EMERGENCY STOP"); break;
    case ENTRY_CONTROL_RESUME: say_with_reason(w, e, "trading resumes"); break;
    case ENTRY_CONTROL_NOTE: words_field(w, e, "text"); break;
    case ENTRY_PERCEPTION_OPEN_INTEREST:
    case ENTRY_PERCEPTION_CLOCK_QUALITY:
    case ENTRY_CONTROL_HYPOTHESIS:
    case ENTRY_CONTROL_GENESIS:
    case ENTRY_CONTROL_ACTOR:
    case ENTRY_CONTROL_RUN_END:
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
    case ENTRY_CONTROL_HEARTBEAT: say_fields(w, e); break;
    }
}

const char *words_stage(const struct entry *e)
{
    switch (e->kind) {
    case ENTRY_PERCEPTION_QUOTE:
    case ENTRY_PERCEPTION_BAR:
    case ENTRY_PERCEPTION_MARK:
    case ENTRY_PERCEPTION_OPEN_INTEREST:
    case ENTRY_PERCEPTION_CLOCK:
    case ENTRY_PERCEPTION_CLOCK_QUALITY:
    case ENTRY_PERCEPTION_DATA_QUALITY:
    case ENTRY_PERCEPTION_TRADING_STATUS:
    case ENTRY_PERCEPTION_STATED_POSITION:
    case ENTRY_PERCEPTION_STATED_FILL:
    case ENTRY_PERCEPTION_STATEMENT: return "perception";
    case ENTRY_DECISION_CANDIDATES: return "candidates";
    case ENTRY_DECISION_ENTER:
    case ENTRY_DECISION_EXIT: return "decision";
    case ENTRY_DECISION_NO_TRADE: return "no trade";
    case ENTRY_RISK_VERDICT: return "verdict";
    case ENTRY_RISK_BREAKER_TRIP: return "breaker";
    case ENTRY_RISK_EQUITY: return "equity";
    case ENTRY_RISK_BREAK: return "break";
    case ENTRY_ORDER_NEW: return "order";
    case ENTRY_ORDER_ACKNOWLEDGED: return "acknowledged";
    case ENTRY_ORDER_CANCEL: return "cancel";
    case ENTRY_ORDER_CANCELLED: return "cancelled";
    case ENTRY_ORDER_REJECTED: return "rejected";
    case ENTRY_ORDER_EXPIRED: return "expired";
    case ENTRY_FILL_EXECUTION:
    case ENTRY_FILL_ASSIGNMENT:
    case ENTRY_FILL_EXERCISE:
    case ENTRY_FILL_EXPIRATION:
    case ENTRY_FILL_SETTLEMENT:
    case ENTRY_FILL_SPLIT:
    case ENTRY_FILL_BUST: return "fill";
    case ENTRY_FILL_DIVIDEND:
    case ENTRY_FILL_DEPOSIT: return "cash";
    case ENTRY_CONTROL_GENESIS:
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
    case ENTRY_CONTROL_HEARTBEAT: return "control";
    }
    return "?";
}
