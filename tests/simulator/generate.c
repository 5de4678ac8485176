#include "simulator/generate.h"

#include "market/calendar.h"
#include "simulator/dice.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define CENT        INT64_C(10000000) /* nano */
#define UNDERLYINGS 2
#define STRIKES     4
#define EXPIRIES    2
#define CONTRACTS   (UNDERLYINGS * STRIKES * EXPIRIES)
#define SESSION_MIN 60
#define SESSION_MAX 300

struct underlying {
    struct symbol symbol;
    int64_t price_nano;
};

struct maker {
    struct script *script;
    struct dice dice;
    struct underlying underlyings[UNDERLYINGS];
    struct symbol contracts[CONTRACTS];
    int64_t wildness;   /* cents that a price moves at most in a moment */
    int64_t bad_quotes; /* one quote in so many is bad; 0: none */
    int64_t size_most;  /* contracts that a quote is good for */
    int64_t faults;     /* a fault each so many moments */
    bool has_fault[ACT_KINDS];
    int64_t at_ns; /* of the newest act */
};

static struct act begin_act(const struct maker *m, enum act_kind kind)
{
    return (struct act){.kind = kind, .at_ns = m->at_ns, .price = {PRICE_NONE, PRICE_NONE}};
}

static void add_word(struct maker *m, enum act_kind kind, const char *word)
{
    struct act a = begin_act(m, kind);

    snprintf(a.word, sizeof a.word, "%s", word);
    script_add(m->script, &a);
}

/* -- the market ----------------------------------------------------------------------------------------- */

static void add_trade(struct maker *m, struct underlying *u)
{
    struct act a = begin_act(m, dice_once_in(&m->dice, 5) ? ACT_MARK : ACT_TRADE);

    u->price_nano += dice_between(&m->dice, -m->wildness, m->wildness) * CENT;
    if (u->price_nano < 10 * NANO)
        u->price_nano = 10 * NANO;
    a.symbol = u->symbol;
    a.price[0] = u->price_nano;
    script_add(m->script, &a);
}

static int64_t fair_nano(const struct maker *m, const struct symbol *s)
{
    struct contract c;
    struct symbol underlying;

    symbol_contract(s, &c);
    symbol_underlying(s, &underlying);
    const int64_t price =
        m->underlyings[symbol_equal(&underlying, &m->underlyings[0].symbol) ? 0 : 1].price_nano;
    const int64_t depth = c.right == RIGHT_PUT ? c.strike_nano - price : price - c.strike_nano;
    const int64_t away = depth < 0 ? -depth : depth;
    const int64_t time_value = NANO * 2 - away / 5;
    const int64_t fair = (depth > 0 ? depth : 0) + (time_value > 10 * CENT ? time_value : 10 * CENT);
    return fair / CENT * CENT;
}

static void spoil(struct maker *m, struct act *a)
{
    switch (dice_below(&m->dice, 8)) {
    case 0: /* crossed */ a->price[0] = a->price[1] + 10 * CENT; break;
    case 1: a->price[0] = PRICE_NONE; break;
    case 2: a->price[1] = PRICE_NONE; break;
    case 3: a->price[0] = 0; break;
    case 4: /* absurd */
        a->price[0] *= 1000;
        a->price[1] *= 1000;
        break;
    case 5: /* stale: of an hour ago, told now */ a->at_ns -= NS_PER_HOUR; break;
    case 6: a->n[0] = a->n[1] = 0; break;
    default:
        a->price[0] = CENT;
        a->price[1] = 2 * CENT;
        break;
    }
}

static void add_quote(struct maker *m, const struct symbol *s)
{
    struct act a = begin_act(m, ACT_QUOTE);
    const int64_t fair = fair_nano(m, s);

    a.symbol = *s;
    a.price[0] = fair - dice_between(&m->dice, 1, 5) * CENT;
    a.price[1] = fair + dice_between(&m->dice, 0, 5) * CENT;
    a.n[0] = dice_between(&m->dice, 1, m->size_most);
    a.n[1] = dice_between(&m->dice, 1, m->size_most);
    if (m->bad_quotes && dice_once_in(&m->dice, m->bad_quotes))
        spoil(m, &a);
    script_add(m->script, &a);
}

static void add_market(struct maker *m, bool is_first)
{
    for (unsigned i = 0; i < UNDERLYINGS; i++) {
        if (is_first || dice_once_in(&m->dice, 2))
            add_trade(m, &m->underlyings[i]);
    }
    if (is_first) {
        for (unsigned i = 0; i < CONTRACTS; i++)
            add_quote(m, &m->contracts[i]);
        return;
    }
    for (int64_t n = dice_between(&m->dice, 0, 2); n > 0; n--)
        add_quote(m, &m->contracts[dice_below(&m->dice, CONTRACTS)]);
}

/* -- faults --------------------------------------------------------------------------------------------- */

/* Kinds of acts, as often as they stand here; which of them a seed knows is its temper. */
static const enum act_kind faults[] = {
    ACT_STOP,       ACT_RESUME,     ACT_RESUME,      ACT_RESUME,      ACT_NOTE,        ACT_SNAPSHOT,
    ACT_DEPOSIT,    ACT_AGENT,      ACT_RIVAL,       ACT_KILL,        ACT_KILL,        ACT_KILL_WORK,
    ACT_KILL_WRITE, ACT_KILL_WRITE, ACT_INTERRUPT,   ACT_FULL,        ACT_TIME,        ACT_CLOCK_QUALITY,
    ACT_DOWN,       ACT_UP,         ACT_UP,          ACT_RETELL,      ACT_ACK_LOST,    ACT_ACK_LATE,
    ACT_ACK_OTHER,  ACT_REJECT,     ACT_FILL_LOST,   ACT_FILL_LATE,   ACT_FILL_TWICE,  ACT_FILL_PART,
    ACT_FILL_PART,  ACT_FILL_OVER,  ACT_CANCEL_LATE, ACT_CANCEL_LATE, ACT_CANCEL_LOST, ACT_SWAP,
    ACT_STRAY,      ACT_ASSIGN,     ACT_BUST,        ACT_BUST,        ACT_CORRECT,     ACT_DIVIDEND,
    ACT_SPLIT,      ACT_OVERRIDE,   ACT_OVERRIDE,    ACT_CLEAR,       ACT_CLEAR,       ACT_ASK,
    ACT_STATUS,     ACT_STATUS,     ACT_ELSEWHERE,   ACT_DAY_ENDS,    ACT_SET,         ACT_MISBUST,
    ACT_MISSTATE,   ACT_MISSTATE,   ACT_ASK,         ACT_CLEAR,       ACT_CLEAR};

static const char *const changes[] = {"strategy.contracts=1",        "strategy.contracts=7",
                                      "strategy.contracts=30",       "strategy.positions_max=2",
                                      "strategy.positions_max=12",   "risk.open_positions=3",
                                      "risk.open_positions=12",      "risk.new_positions_day=4",
                                      "risk.new_positions_day=40",   "risk.max_contracts=5",
                                      "risk.max_contracts=50",       "risk.margin_use=0.02",
                                      "risk.margin_use=0.8",         "risk.daily_loss=0.0005",
                                      "risk.daily_loss=0.02",        "strategy.take_profit=0.05",
                                      "strategy.take_profit=0.5",    "strategy.stop_loss=0.1",
                                      "strategy.exit_order_s=60",    "strategy.exit_order_s=600",
                                      "risk.price_distance=0.01",    "risk.underlying_age_s=120",
                                      "risk.open_breaks_max=1000",   "reconcile.at_close=false",
                                      "risk.open_breaks_max=1000",   "reconcile.at_close=false",
                                      "clock.required=true",         "clock.required=false",
                                      "journal.snapshot_every=100",  "journal.snapshot_every=1000",
                                      "risk.equity_every_min=1",     "strategy.underlyings=[ACME]",
                                      "strategy.underlyings=[BETA]", "strategy.underlyings=[ACME,BETA]",
                                      "risk.position_loss=200",      "risk.sector_share=0.05",
                                      "risk.sector_share=1",         "keys.rotate_sessions=1",
                                      "strategy.exit_days=3"};

static void add_change(struct maker *m)
{
    add_word(m, ACT_SET, changes[dice_below(&m->dice, (int64_t)(sizeof changes / sizeof changes[0]))]);
}

static void choose_trade(struct maker *m, struct act *a)
{
    a->symbol = m->contracts[dice_below(&m->dice, CONTRACTS)];
    a->n[0] = dice_between(&m->dice, 1, 2);
    a->n[1] = dice_between(&m->dice, 1, 9);
    a->price[0] = dice_between(&m->dice, 1, 400) * CENT;
}

/* Prices, and contracts' strikes, go with it. */
static void add_split(struct maker *m, struct act *a)
{
    struct underlying *const u = &m->underlyings[dice_below(&m->dice, UNDERLYINGS)];

    if (u->price_nano < 40 * NANO)
        return;
    a->symbol = u->symbol;
    a->n[0] = 2;
    a->n[1] = 1;
    u->price_nano /= 2;
    for (unsigned i = 0; i < CONTRACTS; i++) {
        struct contract c;
        struct symbol underlying;
        symbol_underlying(&m->contracts[i], &underlying);
        if (!symbol_equal(&underlying, &u->symbol))
            continue;
        symbol_contract(&m->contracts[i], &c);
        c.strike_nano /= 2;
        REQUIRE(symbol_from_contract(&c, &m->contracts[i], NULL) == ERR_OK);
    }
    script_add(m->script, a);
}

static void add_override(struct maker *m, struct act *a)
{
    static const char *const limits[] = {"daily_loss",        "margin_use",     "sector_share",
                                         "new_positions_day", "open_positions", "order_qty",
                                         "price_distance",    "underlying_age", "open_breaks"};

    snprintf(a->word, sizeof a->word, "%s@%s", limits[dice_below(&m->dice, 9)],
             m->underlyings[dice_below(&m->dice, UNDERLYINGS)].symbol.text);
    a->n[0] = dice_between(&m->dice, 60, 7200);
    script_add(m->script, a);
}

static void add_fault(struct maker *m)
{
    struct act a = begin_act(m, faults[dice_below(&m->dice, (int64_t)(sizeof faults / sizeof faults[0]))]);

    if (!m->has_fault[a.kind])
        return;
    switch ((int)a.kind) {
    case ACT_SET: add_change(m); return;
    case ACT_BUST:
    case ACT_CORRECT:
        a.n[0] = dice_below(&m->dice, 3);
        a.price[0] = dice_between(&m->dice, 5, 300) * CENT;
        break;
    case ACT_MISBUST:
        a.n[0] = dice_below(&m->dice, 3);
        a.n[1] = dice_below(&m->dice, 5);
        break;
    case ACT_MISSTATE: a.price[0] = dice_between(&m->dice, -2000, 2000) * NANO; break;
    case ACT_DIVIDEND:
        a.symbol = m->underlyings[dice_below(&m->dice, UNDERLYINGS)].symbol;
        a.price[0] = dice_between(&m->dice, 5, 100) * CENT;
        break;
    case ACT_SPLIT: add_split(m, &a); return;
    case ACT_STATUS:
        a.symbol = dice_once_in(&m->dice, 2) ? m->underlyings[dice_below(&m->dice, UNDERLYINGS)].symbol
                                             : m->contracts[dice_below(&m->dice, CONTRACTS)];
        a.n[0] = dice_below(&m->dice, 2);
        break;
    case ACT_OVERRIDE: add_override(m, &a); return;
    case ACT_CLEAR: a.n[0] = dice_below(&m->dice, 3); break;
    case ACT_DEPOSIT: a.price[0] = dice_between(&m->dice, -20, 50) * 1000 * NANO; break;
    case ACT_AGENT:
    case ACT_STRAY:
    case ACT_ELSEWHERE: choose_trade(m, &a); break;
    case ACT_KILL_WORK: a.n[0] = dice_below(&m->dice, 3); break;
    case ACT_KILL_WRITE: a.n[0] = dice_between(&m->dice, 1, 40); break;
    case ACT_FULL:
        a.n[0] = dice_between(&m->dice, 1, 30);
        a.n[1] = dice_between(&m->dice, 1, 6);
        break;
    case ACT_TIME: a.n[0] = dice_between(&m->dice, -90000, 30000); break;
    case ACT_CLOCK_QUALITY: a.n[0] = dice_below(&m->dice, 2); break;
    case ACT_RETELL: a.n[0] = dice_between(&m->dice, 1, 12); break;
    case ACT_FILL_LATE:
    case ACT_FILL_TWICE:
    case ACT_CANCEL_LATE:
    case ACT_ACK_LATE: a.n[0] = dice_between(&m->dice, 1, 12); break;
    case ACT_FILL_PART: a.n[0] = dice_between(&m->dice, 2, 4); break;
    case ACT_FILL_OVER: a.n[0] = dice_between(&m->dice, 1, 3); break;
    case ACT_ASSIGN: a.n[0] = dice_below(&m->dice, 4); break;
    default: a.n[0] = dice_below(&m->dice, 5); break; /* groups from here */
    }
    script_add(m->script, &a);
}

/* -- a day ---------------------------------------------------------------------------------------------- */

static void add_clock(struct maker *m, const char *phase)
{
    struct act a = begin_act(m, ACT_CLOCK);

    snprintf(a.word, sizeof a.word, "%s", phase);
    script_add(m->script, &a);
}

/* `moments` of them, from the open to the close; now and then one of the two is not seen. */
static void add_day(struct maker *m, civil_day day, uint64_t moments, int64_t *settings)
{
    struct session s;
    char name[ACT_WORD_SIZE];
    char date[INSTANT_TEXT_SIZE];

    REQUIRE(calendar_session(day, &s));
    civil_format(date, day);
    snprintf(name, sizeof name, "feed-of-%s", date);
    add_word(m, ACT_DAY, name);
    for (; *settings > 0; --*settings)
        add_change(m);
    const int64_t step_ns = (s.close_ns - s.open_ns) / (int64_t)moments;
    for (uint64_t i = 0; i < moments; i++) {
        const bool is_last = i + 1 == moments && !dice_once_in(&m->dice, 10);
        m->at_ns = s.open_ns + (int64_t)i * step_ns;
        if (i > 0 && dice_once_in(&m->dice, m->faults))
            add_fault(m);
        add_market(m, i == 0);
        if (is_last)
            m->at_ns = s.close_ns;
        else if (i > 0)
            m->at_ns += dice_below(&m->dice, step_ns / NS_PER_SECOND) * NS_PER_SECOND;
        add_clock(m, i == 0 && !dice_once_in(&m->dice, 10) ? "open" : is_last ? "close" : "tick");
    }
}

static void make_contracts(struct maker *m, civil_day first)
{
    struct err err;
    unsigned n = 0;

    for (unsigned u = 0; u < UNDERLYINGS; u++) {
        const int64_t middle = m->underlyings[u].price_nano / (5 * NANO) * 5 * NANO;
        civil_day expiry = first;
        for (unsigned e = 0; e < EXPIRIES; e++) {
            expiry = calendar_next_weekly_expiry(e == 0 ? expiry : expiry + 1);
            for (unsigned k = 0; k < STRIKES; k++) {
                struct contract c = {.expiry = expiry,
                                     .right = k == STRIKES - 1 ? RIGHT_CALL : RIGHT_PUT,
                                     .strike_nano = middle - (int64_t)k % 3 * 5 * NANO};
                memcpy(c.root, m->underlyings[u].symbol.text, 5);
                REQUIRE(symbol_from_contract(&c, &m->contracts[n++], &err) == ERR_OK);
            }
        }
    }
}

static void choose_temper(struct maker *m)
{
    struct dice *const d = &m->dice;
    static const char *const names[UNDERLYINGS] = {"ACME", "BETA"};

    for (unsigned i = 0; i < UNDERLYINGS; i++) {
        REQUIRE(symbol_parse(names[i], 4, &m->underlyings[i].symbol, NULL) == ERR_OK);
        m->underlyings[i].price_nano = dice_between(d, 4000, 12000) * CENT;
    }
    m->wildness = dice_between(d, 2, 120);
    m->bad_quotes = dice_once_in(d, 3) ? 0 : dice_between(d, 5, 60);
    m->size_most = dice_once_in(d, 2) ? 3 : 40;
    m->faults = dice_between(d, 2, 30);
    const int64_t share = dice_between(d, 1, 4);
    for (unsigned k = 0; k < ACT_KINDS; k++)
        m->has_fault[k] = dice_below(d, 5) < share;
    /* Where nobody ever clears a break whose worth nobody can tell, nothing more is opened. */
    m->has_fault[ACT_CLEAR] |= m->has_fault[ACT_MISBUST];
}

void generate(struct script *s, uint64_t seed, uint64_t moments)
{
    struct maker m = {.script = s, .dice = {seed * UINT64_C(0x2545f4914f6cdd1d) + 1}};
    civil_day day = civil_from_ymd(2026, 1, 5) + (civil_day)dice_below(&m.dice, 5);

    choose_temper(&m);
    make_contracts(&m, day);
    int64_t settings = dice_between(&m.dice, 0, 8);
    while (moments > 0) {
        uint64_t n = (uint64_t)dice_between(&m.dice, SESSION_MIN, SESSION_MAX);
        n = n + 2 > moments ? moments : n;
        add_day(&m, day, n, &settings);
        moments -= n;
        day = calendar_next_session(day);
    }
}
