#include "load.h"

#include "raw.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define ENTRY_SIZE    256u
#define FILL_SIZE     121u
#define QUOTE_SIZE    102u
#define DAY_PLACE     384u
#define CONTRACTS     200u
#define CHAIN         3000u
#define BEGIN_NS      INT64_C(1450967460000000000)
#define REASON_SIZE   (ENTRY_SIZE - ENTRY_HEADER_SIZE - 2 - 1 - ORDER_ID_SIZE)
#define ORDER_ID_SIZE 12u

static const struct {
    const char *name;
    size_t size;
} loads[LOADS] = {
    [LOAD_ENTRIES] = {"entries", ENTRY_SIZE},
    [LOAD_FILLS] = {"fills", FILL_SIZE},
    [LOAD_QUOTES] = {"quotes", QUOTE_SIZE},
    [LOAD_DAY] = {"a day's entries, in places", DAY_PLACE},
};

const char *load_name(enum load load)
{
    return loads[load].name;
}

size_t load_size(enum load load)
{
    return loads[load].size;
}

size_t load_entry_size(const uint8_t *entry)
{
    return ENTRY_HEADER_SIZE + ((size_t)entry[6] << 8 | entry[7]); /* none is signed */
}

static void must(enum err_code rc, const struct err *err)
{
    if (rc)
        raw_die("load", err->text);
}

/* -- entries of 256 bytes -------------------------------------------------------------------------------- */

void load_init(struct entry *e)
{
    static const char reason[] = "cancelled at the close by the exchange; what was left of the order was not "
                                 "filled. The text has this "
                                 "length so that the entry has two hundred and fifty-six bytes, which is "
                                 "usual. It says nothing else at "
                                 "all.......";

    _Static_assert(sizeof reason > REASON_SIZE, "the reason is long enough");
    memset(e, 0, sizeof *e);
    e->kind = ENTRY_ORDER_CANCELLED;
    e->at_ns = BEGIN_NS;
    e->actor = 1;
    e->as.order_cancelled.order_id = id_from("o-0000000000");
    e->as.order_cancelled.reason = (struct text){reason, REASON_SIZE};
}

void load_next(struct entry *e, uint64_t i)
{
    char *digit = e->as.order_cancelled.order_id.text + ORDER_ID_SIZE;

    if (i == 0)
        memset(digit - (ORDER_ID_SIZE - 2), '0', ORDER_ID_SIZE - 2);
    else
        while (++*--digit > '9') /* by dividing it would be a tenth of an append */
            *digit = '0';
}

/* -- fills ----------------------------------------------------------------------------------------------- */

static uint64_t scatter(uint64_t n)
{
    n *= UINT64_C(0x9e3779b97f4a7c15);
    n = (n ^ n >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
    return n ^ n >> 32;
}

static struct id numbered(char prefix, uint64_t n)
{
    char text[32];

    snprintf(text, sizeof text, "%c-%010" PRIu64, prefix, n);
    return id_from(text);
}

static struct symbol contract(unsigned n)
{
    struct symbol s;
    struct err err;
    char text[SYMBOL_OCC_LENGTH + 1];

    snprintf(text, sizeof text, "GOOG  151224P%08u", 600000u + (n % CONTRACTS) * 1000);
    must(symbol_parse(text, SYMBOL_OCC_LENGTH, &s, &err), &err);
    return s;
}

static void fill_next(struct entry *e, uint64_t i)
{
    static struct symbol contracts[CONTRACTS];
    const uint64_t r = scatter(i + 1);

    for (unsigned n = 0; i == 0 && n < CONTRACTS; n++)
        contracts[n] = contract(n);
    e->kind = ENTRY_FILL_EXECUTION;
    e->at_ns = BEGIN_NS + (int64_t)i;
    e->actor = 1;
    e->as.fill_execution = (struct entry_fill_execution){
        .order_id = numbered('o', i / 3),
        .fill_id = numbered('f', i),
        .symbol = contracts[r % CONTRACTS],
        .side = (r >> 20 & 1) ? SIDE_BUY : SIDE_SELL,
        .qty = 1 + (int64_t)(r >> 24 & 7),
        .price = INT64_C(300000000) + (int64_t)(r >> 32 & 15) * 10000000,
        .fee = INT64_C(650000),
    };
}

/* -- quotes ---------------------------------------------------------------------------------------------- */

/* Ten expiries, 150 strikes, puts and calls. */
static const struct symbol *chain_contract(uint64_t n)
{
    static struct symbol chain[CHAIN];
    struct contract c = {.root = "GOOG"};
    struct err err;

    for (unsigned i = 0; chain[CHAIN - 1].length == 0 && i < CHAIN; i++) {
        c.expiry = civil_from_ymd(2016, 1 + (int)(i % 10), 15);
        c.right = i / 10 % 2 ? RIGHT_CALL : RIGHT_PUT;
        c.strike_nano = (500 + 5 * (int64_t)(i / 20)) * NANO;
        must(symbol_from_contract(&c, &chain[i], &err), &err);
    }
    return &chain[n % CHAIN];
}

static void quote_next(struct entry *e, uint64_t i)
{
    const uint64_t r = scatter(i + 1);
    const int64_t bid = (int64_t)(r >> 32 & 1023) * 10000000;

    e->kind = ENTRY_PERCEPTION_QUOTE;
    e->at_ns = BEGIN_NS + (int64_t)i;
    e->actor = 1;
    e->as.perception_quote = (struct entry_perception_quote){
        .symbol = *chain_contract(r),
        .bid = bid, /* 0 is nobody's */
        .ask = bid + 20000000,
        .bid_size = 1 + (int64_t)(r >> 24 & 63),
        .ask_size = 1 + (int64_t)(r >> 16 & 63),
    };
}

/* -- a day ----------------------------------------------------------------------------------------------- */

enum { DAY_FEED = 1, DAY_STRATEGY, DAY_RISK, DAY_BROKER };

static void day_genesis(struct entry *e)
{
    static const struct {
        const char *name;
        enum role role;
    } ACTORS[] = {
        {"feed", ROLE_FEED}, {"strategy", ROLE_STRATEGY}, {"risk", ROLE_RISK}, {"paper", ROLE_BROKER}};
    struct entry_control_genesis *const g = &e->as.control_genesis;

    e->kind = ENTRY_CONTROL_GENESIS;
    g->origin = text_from("bench");
    g->actors.count = sizeof ACTORS / sizeof ACTORS[0];
    for (uint8_t i = 0; i < g->actors.count; i++) {
        g->actors.rows[i].name = id_from(ACTORS[i].name);
        g->actors.rows[i].role = ACTORS[i].role;
    }
}

static struct checks day_checks(void)
{
    struct checks checks = {0};

    checks_add(&checks, "underlying_age", 3, RULE_AT_MOST, 60, UNIT_SECONDS);
    checks_add(&checks, "price_above_sma20", INT64_C(751200000000), RULE_ABOVE, INT64_C(748200000000),
               UNIT_PRICE);
    checks_add(&checks, "open_positions", 2, RULE_BELOW, 10, UNIT_COUNT);
    checks_add(&checks, "margin_use", NANO / 4, RULE_AT_MOST, NANO / 2, UNIT_RATE);
    return checks;
}

/* An order and what comes of it, one entry after the other: entries 94 to 98 of each hundred. */
static void day_order(struct entry *e, uint64_t i)
{
    const struct id order_id = numbered('o', i / 100);
    const struct symbol symbol = *chain_contract(scatter(i / 100));

    e->cause = i; /* the entry before */
    switch (i % 100) {
    case 94:
        e->kind = ENTRY_DECISION_ENTER;
        e->actor = DAY_STRATEGY;
        e->as.decision_enter = (struct entry_decision_enter){
            id_from("naked_put"),   order_id,    symbol, SIDE_SELL, 5, 400000000, NANO / 2,
            text_from("best of 3"), day_checks()};
        break;
    case 95:
        e->kind = ENTRY_RISK_VERDICT;
        e->actor = DAY_RISK;
        e->as.risk_verdict = (struct entry_risk_verdict){order_id, symbol, true, day_checks()};
        break;
    case 96:
        e->kind = ENTRY_ORDER_NEW;
        e->actor = DAY_STRATEGY;
        e->as.order_new =
            (struct entry_order_new){order_id, symbol, SIDE_SELL, 5, ORDER_TYPE_LIMIT, 400000000};
        break;
    case 97:
        e->kind = ENTRY_ORDER_ACKNOWLEDGED;
        e->actor = DAY_BROKER;
        e->as.order_acknowledged = (struct entry_order_acknowledged){order_id, numbered('b', i)};
        break;
    default:
        e->kind = ENTRY_FILL_EXECUTION;
        e->actor = DAY_BROKER;
        e->as.fill_execution = (struct entry_fill_execution){order_id, numbered('f', i), symbol, SIDE_SELL,
                                                             5,        400000000,        3250000};
    }
}

static void day_next(struct entry *e, uint64_t i)
{
    const struct symbol underlying = {.length = 4, .text = "GOOG"};
    const civil_day session = civil_from_ymd(2015, 12, 24);

    quote_next(e, i);
    e->cause = i > 0 ? 1 : 0;
    e->actor = i > 0 ? DAY_FEED : 0;
    if (i == 0) {
        day_genesis(e);
    } else if (i % 100 == 0) {
        e->kind = ENTRY_PERCEPTION_CLOCK;
        e->as.perception_clock = (struct entry_perception_clock){PHASE_TICK, session};
    } else if (i % 100 == 1) {
        e->kind = ENTRY_PERCEPTION_BAR;
        e->as.perception_bar = (struct entry_perception_bar){underlying, 750 * NANO, 752 * NANO, 749 * NANO,
                                                             751 * NANO, 1200,       60};
    } else if (i % 100 == 2) {
        e->kind = ENTRY_PERCEPTION_MARK;
        e->as.perception_mark = (struct entry_perception_mark){underlying, 751 * NANO, MARK_LAST};
    } else if (i % 100 == 3) {
        e->kind = ENTRY_PERCEPTION_OPEN_INTEREST;
        e->as.perception_open_interest = (struct entry_perception_open_interest){*chain_contract(i), 1500};
    } else if (i % 100 == 99) {
        e->kind = ENTRY_RISK_EQUITY;
        e->actor = DAY_RISK;
        e->as.risk_equity = (struct entry_risk_equity){session, PHASE_TICK, MICRO, MICRO, MICRO, 3};
    } else if (i % 100 >= 94) {
        day_order(e, i);
    }
}

/* -- as bytes -------------------------------------------------------------------------------------------- */

uint8_t *load_make(enum load load, uint64_t count)
{
    return load_make_from(load, 0, count);
}

uint8_t *load_make_from(enum load load, uint64_t first, uint64_t count)
{
    static void (*const nexts[LOADS])(struct entry * e, uint64_t i) = {load_next, fill_next, quote_next,
                                                                       day_next};
    const size_t size = load_size(load);
    uint8_t *const bytes = malloc(count * size);
    struct wire_out out;
    struct err err;
    struct entry e;

    if (!bytes)
        raw_die("load", "out of memory");
    load_init(&e);
    for (uint64_t i = 0; i < count; i++) {
        uint8_t *const place = bytes + i * size;
        nexts[load](&e, first + i);
        wire_out_init(&out, place, size);
        must(entry_encode(&e, &out, &err), &err);
        REQUIRE(load == LOAD_DAY || wire_out_size(&out) == size);
        entry_place(place, first + i + 1, e.at_ns);
    }
    return bytes;
}
