/*
 * The paper broker: answers orders from the recorded market, as a careful broker's desk would.
 *
 * It has no memory of its own: everything it needs is in the book, so that a restart changes nothing. Its
 * entries are inputs, like a real broker's: nothing downstream can tell the difference.
 *
 * Fill rule. An order is marketable when the opposite side is quoted in this session (a bid for a sell, an
 * ask for a buy), not crossed, and within the limit. It fills at that quote's price, at most its displayed
 * size; the rest works on. No quote on the side: no fill. One quote serves one order once: the next fill in
 * that contract and side needs a newer quote. Fees: strategy/costs.h.
 * Every order passes every limit: one that no verdict right before it allows is rejected, whoever appended it.
 * Day orders end at the session's close, or at the next session's first moment when no close was seen. Orders
 * while a stop is in force, outside a session, in a trading halt, for an expired contract, or for an instrument that
 * was never quoted are rejected; in a halt nothing fills.
 * Expiration. When a contract's settlement is due (market/calendar.h): in the money by a cent or more it is
 * assigned (short) or exercised (long), index options are settled in cash, everything else expires worthless.
 * The price is the underlying's newest one; when that is more than five minutes away from the settlement, a
 * data-quality finding (proxy) says what stood in for the missing value.
 */
#ifndef GATEWAY_PAPER_H
#define GATEWAY_PAPER_H

#include "gateway/broker.h"

#define PAPER_ACTOR        "broker:paper"
#define PAPER_NAME         "paper"
#define PAPER_PROXY_AGE_NS (5 * NS_PER_MINUTE)

/* The first deposit (account.deposit), when nothing was ever paid in or taken out. */
MUST_USE enum err_code paper_open_account(const struct book *b, const struct proposals *out, struct err *err);

/*
 * Does all there is to do at the book's present moment: settles what has expired, acknowledges or rejects new
 * orders, cancels what was asked to be, fills what can be filled, ends day orders at the close. The sink
 * applies each entry to the book and stamps it as the broker's.
 */
MUST_USE enum err_code paper_work(const struct book *b, const struct proposals *out, struct err *err);

/*
 * States positions and cash as the brokers' own fills and what was paid in make them, and the session's executions that
 * brokers told. It has no other books: what it never told, or told wrongly, it cannot know. What somebody else entered
 * as a fill is not in it, and so comes out as a break. ERR_INPUT: no session has begun.
 */
MUST_USE enum err_code paper_statement(const struct book *b, const struct id *statement_id,
                                       const struct proposals *out, struct err *err);

/* The three as a broker. */
extern const struct broker paper_broker;

#endif
