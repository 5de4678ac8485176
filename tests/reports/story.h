/*
 * A small journal for report tests, told as a desk would live it. Two sessions:
 *
 *   2015-12-24  configuration (contracts 5 -> 3), deposit 1,000,000, one file imported, quotes, a finding,
 *               an order np-1 that sells 3 puts at 0.40 and is filled in two parts, a look without a trade,
 *               an order np-2 that the governor refuses, an order np-3 that is cancelled by an emergency stop,
 *               a resume, a second configuration (exit_days 3 -> 4), the close
 *   2015-12-28  the puts are bought back at 0.20
 *
 * The seqs that tests speak of are kept by name.
 */
#ifndef TESTS_REPORTS_STORY_H
#define TESTS_REPORTS_STORY_H

#include "book/configuration.h"
#include "ledger/checkpoint.h"
#include "support/journals.h"

#define STORY_PUT     "GOOG  160108P00620000"
#define STORY_FAR_PUT "GOOG  160108P00500000"
#define STORY_REASON  "Sell 3 GOOG puts at the bid, \"cheap\", really:\nthe best of 1."
#define STORY_FINDING "row 7: bid, ask crossed; \"left out\""

enum story_actor { STORY_OPERATOR = 1, STORY_FEED, STORY_STRATEGY, STORY_GOVERNOR, STORY_BROKER };

struct story {
    struct scratch scratch;
    struct journal *journal;
    struct journal_group *group;
    struct seal seal; /* of the newest commit */
    uint64_t configured, deposit, source, stock_quote, put_quote, finding, open_clock, equity;
    uint64_t tick, candidates, enter, verdict, order, acknowledged, fill_1, fill_2;
    uint64_t no_trade, refused_enter, refused, stop, cancel, cancelled, resume, configured_again;
    uint64_t close_clock, day_last;
    uint64_t back_fill;
};

static inline struct actor_rows story_actors(void)
{
    struct actor_rows rows = {.count = 5};

    rows.rows[0] = (struct actor_row){.name = id_from("operator"), .role = ROLE_OPERATOR};
    rows.rows[1] = (struct actor_row){.name = id_from("feed:test"), .role = ROLE_FEED};
    rows.rows[2] = (struct actor_row){.name = id_from("strategy:naked-put"), .role = ROLE_STRATEGY};
    rows.rows[3] = (struct actor_row){.name = id_from("risk:governor"), .role = ROLE_RISK};
    rows.rows[4] = (struct actor_row){.name = id_from("broker:paper"), .role = ROLE_BROKER};
    return rows;
}

/* Adds one entry to the open group, or to a new one. */
static inline uint64_t story_add(struct story *s, enum story_actor actor, struct entry e, const char *at,
                                 uint64_t cause)
{
    if (!s->group)
        SCRATCH_OK(journal_group_begin(s->journal, &s->group, err));
    e.actor = (uint32_t)actor;
    e.at_ns = at ? entries_instant(at) : INSTANT_NONE;
    e.cause = cause;
    if (entry_kind_needs_signature(e.kind))
        SCRATCH_OK(journal_sign(s->journal, &e, err));
    SCRATCH_OK(journal_group_add(s->group, &e, err));
    return e.seq;
}

static inline void story_commit(struct story *s)
{
    struct journal_group *const g = s->group;

    s->group = NULL;
    SCRATCH_OK(journal_group_commit(g, &s->seal, err));
}

static inline struct entry story_configuration(int64_t contracts, int64_t exit_days)
{
    static char text[CONFIGURATION_TEXT_MAX];
    struct entry e = entries_draft(ENTRY_CONTROL_CONFIGURATION);
    struct configuration c;
    size_t size = 0;

    configuration_defaults(&c);
    c.strategy.contracts = contracts;
    c.strategy.exit_days = exit_days;
    SCRATCH_OK(configuration_text(&c, text, sizeof text, &size, err));
    e.as.control_configuration.settings = (struct text){text, (uint16_t)size};
    e.as.control_configuration.source = text_from("strategy:\n  contracts: 3\n");
    e.as.control_configuration.sha256.bytes[0] = (uint8_t)exit_days;
    return e;
}

static inline struct entry story_finding(const char *text)
{
    struct entry e = entries_draft(ENTRY_PERCEPTION_DATA_QUALITY);

    e.as.perception_data_quality.symbol = entries_symbol(STORY_PUT);
    e.as.perception_data_quality.finding = FINDING_CROSSED;
    e.as.perception_data_quality.bid = entries_price("0.60");
    e.as.perception_data_quality.ask = entries_price("0.55");
    e.as.perception_data_quality.text = text_from(text);
    return e;
}

static inline struct entry story_source(const char *path)
{
    struct entry e = entries_draft(ENTRY_CONTROL_SOURCE);

    e.as.control_source.source = id_from("lean");
    e.as.control_source.path = text_from(path);
    e.as.control_source.rows = 4;
    e.as.control_source.entries = 3;
    e.as.control_source.findings = 1;
    return e;
}

static inline struct entry story_equity(const char *session, enum phase phase, const char *equity,
                                        const char *cash, const char *margin, int64_t positions)
{
    struct entry e = entries_draft(ENTRY_RISK_EQUITY);

    e.as.risk_equity.session = entries_day(session);
    e.as.risk_equity.phase = phase;
    e.as.risk_equity.equity = entries_money(equity);
    e.as.risk_equity.cash = entries_money(cash);
    e.as.risk_equity.margin = entries_money(margin);
    e.as.risk_equity.positions = positions;
    return e;
}

static inline struct entry story_candidates(void)
{
    struct entry e = entries_draft(ENTRY_DECISION_CANDIDATES);
    struct entry_decision_candidates *const d = &e.as.decision_candidates;

    d->strategy = id_from("naked_put");
    d->symbol = entries_symbol("GOOG");
    d->price = entries_price("748.50");
    d->seen = 2;
    d->passed = 1;
    d->rows.count = 1;
    d->rows.rows[0] = (struct candidate){.symbol = entries_symbol(STORY_PUT),
                                         .premium_nano = entries_price("0.40"),
                                         .margin_micro = entries_money("6240"),
                                         .score_nano = entries_rate("0.006410256"),
                                         .otm_nano = entries_rate("0.171676687"),
                                         .days = 15};
    return e;
}

static inline struct entry story_enter(const char *order_id, int64_t qty)
{
    struct entry e = entries_draft(ENTRY_DECISION_ENTER);
    struct entry_decision_enter *const d = &e.as.decision_enter;

    d->strategy = id_from("naked_put");
    d->order_id = id_from(order_id);
    d->symbol = entries_symbol(STORY_PUT);
    d->side = SIDE_SELL;
    d->qty = qty;
    d->limit = entries_price("0.40");
    d->confidence = entries_rate("0.25");
    d->reason = text_from(STORY_REASON);
    checks_add(&d->checks, "days_least", 15, RULE_AT_LEAST, 7, UNIT_COUNT);
    checks_add(&d->checks, "premium_least", entries_price("0.40"), RULE_AT_LEAST, entries_price("0.30"),
               UNIT_PRICE);
    return e;
}

/* With `margin` beyond 0.8 the verdict is a refusal. */
static inline struct entry story_verdict(const char *order_id, const char *margin)
{
    struct entry e = entries_draft(ENTRY_RISK_VERDICT);
    struct entry_risk_verdict *const v = &e.as.risk_verdict;

    v->order_id = id_from(order_id);
    v->symbol = entries_symbol(STORY_PUT);
    v->allowed = checks_add(&v->checks, "stopped", 0, RULE_EQUAL, 0, UNIT_FLAG);
    v->allowed &= checks_add(&v->checks, "margin_use", entries_rate(margin), RULE_AT_MOST,
                             entries_rate("0.8"), UNIT_RATE);
    checks_add(&v->checks, "open_positions:exempt", 11, RULE_AT_MOST, 10, UNIT_COUNT);
    return e;
}

static inline struct entry story_no_trade(void)
{
    struct entry e = entries_draft(ENTRY_DECISION_NO_TRADE);
    struct entry_decision_no_trade *const d = &e.as.decision_no_trade;

    d->strategy = id_from("naked_put");
    d->symbol = entries_symbol("GOOG");
    d->seen = 2;
    d->passed = 0;
    d->reason = text_from("No entry in GOOG at 748.50: no contract met every criterion.");
    d->failed.count = 2;
    d->failed.rows[0] = (struct named_count){id_from("otm"), 1};
    d->failed.rows[1] = (struct named_count){id_from("held"), 1};
    checks_add(&d->gates, "stopped", 0, RULE_EQUAL, 0, UNIT_FLAG);
    checks_add(&d->gates, "price_above_sma20", entries_price("748.50"), RULE_ABOVE, entries_price("740.25"),
               UNIT_PRICE);
    return e;
}

static inline void story_morning(struct story *s)
{
    s->configured = story_add(s, STORY_OPERATOR, story_configuration(3, 3), "2015-12-24T14:00:00Z", 0);
    s->deposit = story_add(s, STORY_BROKER, entries_deposit("d-1", "1000000"), "2015-12-24T14:00:01Z", 0);
    s->source = story_add(s, STORY_FEED, story_source("equity/usa/minute/goog/20151224_quote.zip"), NULL, 0);
    story_commit(s);
    s->stock_quote = story_add(s, STORY_FEED, entries_quote("GOOG", "748.40", "748.60", 100, 200),
                               "2015-12-24T14:30:30Z", 0);
    s->put_quote =
        story_add(s, STORY_FEED, entries_quote(STORY_PUT, "0.40", "0.55", 2, 8), "2015-12-24T14:30:40Z", 0);
    story_add(s, STORY_FEED, entries_quote(STORY_FAR_PUT, "0.05", "0.10", 9, 9), "2015-12-24T14:30:41Z", 0);
    s->finding = story_add(s, STORY_FEED, story_finding(STORY_FINDING), "2015-12-24T14:30:50Z", 0);
    s->open_clock =
        story_add(s, STORY_FEED, entries_clock(PHASE_OPEN, "2015-12-24"), "2015-12-24T14:31:00Z", 0);
    s->equity =
        story_add(s, STORY_GOVERNOR, story_equity("2015-12-24", PHASE_OPEN, "1000000", "1000000", "0", 0),
                  "2015-12-24T14:31:00Z", s->open_clock);
    story_commit(s);
}

static inline void story_trade(struct story *s)
{
    const char *const at = "2015-12-24T14:32:00Z";

    s->tick = story_add(s, STORY_FEED, entries_clock(PHASE_TICK, "2015-12-24"), at, 0);
    story_commit(s);
    s->candidates = story_add(s, STORY_STRATEGY, story_candidates(), at, s->tick);
    s->enter = story_add(s, STORY_STRATEGY, story_enter("np-1", 3), at, s->candidates);
    s->verdict = story_add(s, STORY_GOVERNOR, story_verdict("np-1", "0.02"), at, s->enter);
    s->order =
        story_add(s, STORY_STRATEGY, entries_order("np-1", STORY_PUT, SIDE_SELL, 3, "0.40"), at, s->verdict);
    story_commit(s);
    s->acknowledged = story_add(s, STORY_BROKER, entries_acknowledged("np-1", "b-77"), at, s->order);
    s->fill_1 =
        story_add(s, STORY_BROKER, entries_execution("np-1", "f-1", STORY_PUT, SIDE_SELL, 2, "0.40", "1.36"),
                  at, s->order);
    story_commit(s);
    s->fill_2 =
        story_add(s, STORY_BROKER, entries_execution("np-1", "f-2", STORY_PUT, SIDE_SELL, 1, "0.41", "0.68"),
                  "2015-12-24T14:33:00Z", s->order);
    story_commit(s);
}

static inline void story_afternoon(struct story *s)
{
    const char *const at = "2015-12-24T14:40:00Z";
    const uint64_t tick = story_add(s, STORY_FEED, entries_clock(PHASE_TICK, "2015-12-24"), at, 0);

    s->no_trade = story_add(s, STORY_STRATEGY, story_no_trade(), at, tick);
    s->refused_enter = story_add(s, STORY_STRATEGY, story_enter("np-2", 900), at, tick);
    s->refused = story_add(s, STORY_GOVERNOR, story_verdict("np-2", "0.910000001"), at, s->refused_enter);
    story_add(s, STORY_STRATEGY, entries_order("np-3", STORY_PUT, SIDE_SELL, 1, "0.45"), at, s->refused);
    story_commit(s);
    s->stop = story_add(s, STORY_OPERATOR, entries_stop("fat finger, \"np-2\""), "2015-12-24T14:41:00Z", 0);
    s->cancel = story_add(s, STORY_GOVERNOR, entries_cancel("np-3", "emergency stop"), "2015-12-24T14:41:00Z",
                          s->stop);
    s->cancelled =
        story_add(s, STORY_BROKER, entries_cancelled("np-3", "as asked"), "2015-12-24T14:41:01Z", s->cancel);
    story_commit(s);
    s->resume =
        story_add(s, STORY_OPERATOR, entries_resume("checked, all is well"), "2015-12-24T14:50:00Z", 0);
    s->configured_again =
        story_add(s, STORY_OPERATOR, story_configuration(3, 4), "2015-12-24T14:51:00Z", s->configured);
    story_commit(s);
    s->close_clock =
        story_add(s, STORY_FEED, entries_clock(PHASE_CLOSE, "2015-12-24"), "2015-12-24T18:00:00Z", 0);
    s->day_last = story_add(s, STORY_GOVERNOR,
                            story_equity("2015-12-24", PHASE_CLOSE, "999976.46", "1000118.96", "18720", 1),
                            "2015-12-24T18:00:00Z", s->close_clock);
    story_commit(s);
}

static inline void story_next_day(struct story *s)
{
    const char *const at = "2015-12-28T14:31:00Z";

    story_add(s, STORY_FEED, entries_quote(STORY_PUT, "0.15", "0.20", 5, 5), "2015-12-28T14:30:59Z", 0);
    const uint64_t tick = story_add(s, STORY_FEED, entries_clock(PHASE_OPEN, "2015-12-28"), at, 0);
    story_add(s, STORY_GOVERNOR,
              story_equity("2015-12-28", PHASE_OPEN, "1000066.46", "1000118.96", "18720", 1), at, tick);
    story_commit(s);
    s->back_fill =
        story_add(s, STORY_BROKER, entries_execution("np-9", "f-3", STORY_PUT, SIDE_BUY, 3, "0.20", "2.04"),
                  "2015-12-28T14:32:00Z", 0);
    story_add(s, STORY_GOVERNOR, story_equity("2015-12-28", PHASE_TICK, "1000056.92", "1000056.92", "0", 0),
              "2015-12-28T14:32:00Z", tick);
    story_commit(s);
}

static inline void story_begin(struct story *s)
{
    struct actor_rows first = story_actors();

    memset(s, 0, sizeof *s);
    scratch_init(&s->scratch);
    SCRATCH_OK(journal_create(&s->scratch.options, SCRATCH_ORIGIN, s->scratch.passphrase, &first, err));
    s->journal = scratch_open(&s->scratch);
}

/* The first day, whole. */
static inline void story_init(struct story *s)
{
    story_begin(s);
    story_morning(s);
    story_trade(s);
    story_afternoon(s);
}

static inline void story_release(struct story *s)
{
    journal_close(s->journal);
    scratch_release(&s->scratch);
}

static inline const char *story_path(const struct story *s, const char *name)
{
    static char paths[4][512];
    static unsigned next;
    char *const path = paths[next++ % 4];

    snprintf(path, 512, "%s/%s", s->scratch.root, name);
    return path;
}

#endif
