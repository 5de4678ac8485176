/*
 * Entries for tests, as a trader would write them: amounts are decimal text, times RFC 3339. Every builder
 * gives an unplaced draft; entries_placed() gives it seq and time. Texts are borrowed: use literals.
 *
 *   struct entry e = entries_execution("o-1", "f-1", "GOOG", SIDE_BUY, 100, "750.25", "1");
 *   e = entries_placed(e, 7, "2015-12-24T14:31:00Z");
 *
 * What does not parse stops the test program: a test's own input is a promise.
 */
#ifndef TESTS_SUPPORT_ENTRIES_H
#define TESTS_SUPPORT_ENTRIES_H

#include "ledger/entry.h"

#include <string.h>

static inline int64_t entries_decimal(const char *text, int decimals)
{
    int64_t v = 0;
    REQUIRE(decimal_parse(text, strlen(text), decimals, &v, NULL) == ERR_OK);
    return v;
}

/* "0.40"; NULL is "no price". */
static inline int64_t entries_price(const char *text)
{
    return text ? entries_decimal(text, PRICE_DECIMALS) : PRICE_NONE;
}

static inline int64_t entries_money(const char *text)
{
    return entries_decimal(text, MONEY_DECIMALS);
}

static inline int64_t entries_rate(const char *text)
{
    return entries_decimal(text, RATE_DECIMALS);
}

static inline struct symbol entries_symbol(const char *text)
{
    struct symbol s;
    REQUIRE(symbol_parse(text, strlen(text), &s, NULL) == ERR_OK);
    return s;
}

static inline int64_t entries_instant(const char *text)
{
    int64_t at_ns = 0;
    REQUIRE(instant_parse(text, strlen(text), &at_ns, NULL) == ERR_OK);
    return at_ns;
}

static inline civil_day entries_day(const char *text)
{
    civil_day d = 0;
    REQUIRE(civil_parse(text, strlen(text), &d, NULL) == ERR_OK);
    return d;
}

/* An empty draft: every field zero, no time of its own. */
static inline struct entry entries_draft(enum entry_kind kind)
{
    struct entry e;
    memset(&e, 0, sizeof e);
    e.kind = kind;
    e.at_ns = INSTANT_NONE;
    return e;
}

/* The same entry, in its place; `at` NULL: recorded at the epoch, without a time of its own. */
static inline struct entry entries_placed(struct entry e, uint64_t seq, const char *at)
{
    e.seq = seq;
    if (at) {
        e.at_ns = entries_instant(at);
        e.recorded_at_ns = e.at_ns;
    }
    return e;
}

static inline struct entry entries_caused(struct entry e, uint64_t cause)
{
    e.cause = cause;
    return e;
}

/* -- perception ----------------------------------------------------------------------------------------- */
static inline struct entry entries_quote(const char *symbol, const char *bid, const char *ask,
                                         int64_t bid_size, int64_t ask_size)
{
    struct entry e = entries_draft(ENTRY_PERCEPTION_QUOTE);
    e.as.perception_quote.symbol = entries_symbol(symbol);
    e.as.perception_quote.bid = entries_price(bid);
    e.as.perception_quote.ask = entries_price(ask);
    e.as.perception_quote.bid_size = bid_size;
    e.as.perception_quote.ask_size = ask_size;
    return e;
}

static inline struct entry entries_bar(const char *symbol, const char *open, const char *high,
                                       const char *low, const char *close, int64_t volume, int64_t period_s)
{
    struct entry e = entries_draft(ENTRY_PERCEPTION_BAR);
    e.as.perception_bar.symbol = entries_symbol(symbol);
    e.as.perception_bar.open = entries_price(open);
    e.as.perception_bar.high = entries_price(high);
    e.as.perception_bar.low = entries_price(low);
    e.as.perception_bar.close = entries_price(close);
    e.as.perception_bar.volume = volume;
    e.as.perception_bar.period_s = period_s;
    return e;
}

static inline struct entry entries_mark(const char *symbol, const char *price, enum mark mark)
{
    struct entry e = entries_draft(ENTRY_PERCEPTION_MARK);
    e.as.perception_mark.symbol = entries_symbol(symbol);
    e.as.perception_mark.price = entries_price(price);
    e.as.perception_mark.mark = mark;
    return e;
}

static inline struct entry entries_open_interest(const char *symbol, int64_t contracts)
{
    struct entry e = entries_draft(ENTRY_PERCEPTION_OPEN_INTEREST);
    e.as.perception_open_interest.symbol = entries_symbol(symbol);
    e.as.perception_open_interest.contracts = contracts;
    return e;
}

static inline struct entry entries_clock(enum phase phase, const char *session)
{
    struct entry e = entries_draft(ENTRY_PERCEPTION_CLOCK);
    e.as.perception_clock.phase = phase;
    e.as.perception_clock.session = entries_day(session);
    return e;
}

/* -- order ---------------------------------------------------------------------------------------------- */
/* A limit order; limit NULL makes it a market order. */
static inline struct entry entries_order(const char *order_id, const char *symbol, enum side side,
                                         int64_t qty, const char *limit)
{
    struct entry e = entries_draft(ENTRY_ORDER_NEW);
    e.as.order_new.order_id = id_from(order_id);
    e.as.order_new.symbol = entries_symbol(symbol);
    e.as.order_new.side = side;
    e.as.order_new.qty = qty;
    e.as.order_new.type = limit ? ORDER_TYPE_LIMIT : ORDER_TYPE_MARKET;
    e.as.order_new.limit = entries_price(limit);
    return e;
}

static inline struct entry entries_acknowledged(const char *order_id, const char *broker_id)
{
    struct entry e = entries_draft(ENTRY_ORDER_ACKNOWLEDGED);
    e.as.order_acknowledged.order_id = id_from(order_id);
    e.as.order_acknowledged.broker_id = id_from(broker_id);
    return e;
}

static inline struct entry entries_cancel(const char *order_id, const char *reason)
{
    struct entry e = entries_draft(ENTRY_ORDER_CANCEL);
    e.as.order_cancel.order_id = id_from(order_id);
    e.as.order_cancel.reason = text_from(reason);
    return e;
}

static inline struct entry entries_cancelled(const char *order_id, const char *reason)
{
    struct entry e = entries_draft(ENTRY_ORDER_CANCELLED);
    e.as.order_cancelled.order_id = id_from(order_id);
    e.as.order_cancelled.reason = text_from(reason);
    return e;
}

static inline struct entry entries_rejected(const char *order_id, const char *reason)
{
    struct entry e = entries_draft(ENTRY_ORDER_REJECTED);
    e.as.order_rejected.order_id = id_from(order_id);
    e.as.order_rejected.reason = text_from(reason);
    return e;
}

static inline struct entry entries_expired(const char *order_id)
{
    struct entry e = entries_draft(ENTRY_ORDER_EXPIRED);
    e.as.order_expired.order_id = id_from(order_id);
    return e;
}

/* -- fill ----------------------------------------------------------------------------------------------- */
static inline struct entry entries_execution(const char *order_id, const char *fill_id, const char *symbol,
                                             enum side side, int64_t qty, const char *price, const char *fee)
{
    struct entry e = entries_draft(ENTRY_FILL_EXECUTION);
    e.as.fill_execution.order_id = id_from(order_id);
    e.as.fill_execution.fill_id = id_from(fill_id);
    e.as.fill_execution.symbol = entries_symbol(symbol);
    e.as.fill_execution.side = side;
    e.as.fill_execution.qty = qty;
    e.as.fill_execution.price = entries_price(price);
    e.as.fill_execution.fee = entries_money(fee);
    return e;
}

static inline struct entry entries_assignment(const char *fill_id, const char *symbol, int64_t qty,
                                              const char *underlying_price, const char *fee)
{
    struct entry e = entries_draft(ENTRY_FILL_ASSIGNMENT);
    e.as.fill_assignment.fill_id = id_from(fill_id);
    e.as.fill_assignment.symbol = entries_symbol(symbol);
    e.as.fill_assignment.qty = qty;
    e.as.fill_assignment.underlying_price = entries_price(underlying_price);
    e.as.fill_assignment.fee = entries_money(fee);
    return e;
}

static inline struct entry entries_exercise(const char *fill_id, const char *symbol, int64_t qty,
                                            const char *underlying_price, const char *fee)
{
    struct entry e = entries_draft(ENTRY_FILL_EXERCISE);
    e.as.fill_exercise.fill_id = id_from(fill_id);
    e.as.fill_exercise.symbol = entries_symbol(symbol);
    e.as.fill_exercise.qty = qty;
    e.as.fill_exercise.underlying_price = entries_price(underlying_price);
    e.as.fill_exercise.fee = entries_money(fee);
    return e;
}

static inline struct entry entries_expiration(const char *fill_id, const char *symbol, int64_t qty,
                                              const char *underlying_price)
{
    struct entry e = entries_draft(ENTRY_FILL_EXPIRATION);
    e.as.fill_expiration.fill_id = id_from(fill_id);
    e.as.fill_expiration.symbol = entries_symbol(symbol);
    e.as.fill_expiration.qty = qty;
    e.as.fill_expiration.underlying_price = entries_price(underlying_price);
    return e;
}

static inline struct entry entries_settlement(const char *fill_id, const char *symbol, int64_t qty,
                                              const char *underlying_price, const char *fee)
{
    struct entry e = entries_draft(ENTRY_FILL_SETTLEMENT);
    e.as.fill_settlement.fill_id = id_from(fill_id);
    e.as.fill_settlement.symbol = entries_symbol(symbol);
    e.as.fill_settlement.qty = qty;
    e.as.fill_settlement.underlying_price = entries_price(underlying_price);
    e.as.fill_settlement.fee = entries_money(fee);
    return e;
}

static inline struct entry entries_deposit(const char *fill_id, const char *amount)
{
    struct entry e = entries_draft(ENTRY_FILL_DEPOSIT);
    e.as.fill_deposit.fill_id = id_from(fill_id);
    e.as.fill_deposit.amount = entries_money(amount);
    e.as.fill_deposit.text = text_from("deposit");
    return e;
}

/* -- control -------------------------------------------------------------------------------------------- */
/* `execution` is what is taken back, seq `cause`. */
static inline struct entry entries_bust(struct entry execution, const char *fill_id, uint64_t cause)
{
    const struct entry_fill_execution f = execution.as.fill_execution;
    struct entry e = entries_caused(entries_draft(ENTRY_FILL_BUST), cause);

    e.as.fill_bust = (struct entry_fill_bust){f.order_id,
                                              id_from(fill_id),
                                              f.fill_id,
                                              f.symbol,
                                              f.side,
                                              f.qty,
                                              f.price,
                                              f.fee,
                                              text_from("clearly erroneous")};
    return e;
}

static inline struct entry entries_dividend(const char *fill_id, const char *symbol, const char *amount)
{
    struct entry e = entries_draft(ENTRY_FILL_DIVIDEND);

    e.as.fill_dividend =
        (struct entry_fill_dividend){id_from(fill_id), entries_symbol(symbol), entries_money(amount)};
    return e;
}

static inline struct entry entries_split(const char *fill_id, const char *symbol, const char *into,
                                         enum side side, int64_t qty, int64_t into_qty, const char *cash)
{
    struct entry e = entries_draft(ENTRY_FILL_SPLIT);

    e.as.fill_split =
        (struct entry_fill_split){id_from(fill_id), entries_symbol(symbol), entries_symbol(into), side, qty,
                                  into_qty,         entries_money(cash)};
    return e;
}

static inline struct entry entries_status(const char *symbol, bool halted)
{
    struct entry e = entries_draft(ENTRY_PERCEPTION_TRADING_STATUS);

    e.as.perception_trading_status = (struct entry_perception_trading_status){
        entries_symbol(symbol), halted, text_from(halted ? "news pending" : "resumed")};
    return e;
}

static inline struct entry entries_override(const char *symbol, const char *limit, int64_t valid_s)
{
    struct entry e = entries_draft(ENTRY_CONTROL_OVERRIDE);

    e.as.control_override = (struct entry_control_override){entries_symbol(symbol), id_from(limit), valid_s,
                                                            text_from("agreed by phone")};
    return e;
}

static inline struct entry entries_note(const char *text)
{
    struct entry e = entries_draft(ENTRY_CONTROL_NOTE);
    e.as.control_note.text = text_from(text);
    return e;
}

static inline struct entry entries_stop(const char *reason)
{
    struct entry e = entries_draft(ENTRY_CONTROL_STOP);
    e.as.control_stop.reason = text_from(reason);
    return e;
}

static inline struct entry entries_resume(const char *reason)
{
    struct entry e = entries_draft(ENTRY_CONTROL_RESUME);
    e.as.control_resume.reason = text_from(reason);
    return e;
}

#endif
