/*
 * Data quality of quotes: what is wrong with a quote by itself, and beside the ones before it.
 *
 * Two questions. quality_refuse(): is this no quote at all (neither side, or the bid above the ask)? Then a
 * finding stands in its place. quality_look(): is it a quote, but one to be careful with? Then the finding
 * stands beside it, each kind at most once per instrument and session, so that a contract without bids does
 * not fill the journal with the same sentence. What only the reader of a file can see (malformed, late) is
 * reported through quality_once(), which keeps the same promise.
 *
 * Pure: state is one small struct per instrument; time is the quote's own.
 */
#ifndef MARKET_QUALITY_H
#define MARKET_QUALITY_H

#include "ledger/entry.h"

/*
 * Defaults, from the real GOOG chain of 2015-12-24 (2,192 contracts): 16 contracts jump, 155 go stale. With a
 * floor of ten cents every cheap contract would jump; with ten minutes every second contract would be stale.
 */
#define QUALITY_JUMP_RATE_NANO  (NANO / 4)           /* a quarter of the middle before */
#define QUALITY_JUMP_FLOOR_NANO (NANO / 2)           /* and more than fifty cents */
#define QUALITY_STALE_NS        (30 * NS_PER_MINUTE) /* half an hour without a quote */

struct quality_limits {
    int64_t jump_rate_nano;  /* a middle further than this rate of the one before ... */
    int64_t jump_floor_nano; /* ... and further than this amount is a jump; both must be passed */
    int64_t stale_ns;        /* the quote before was older than this when the next one came */
};

/* One instrument in one session. */
struct quality {
    civil_day session;   /* the session the rest is about */
    uint32_t told;       /* bit (1 << finding): was reported in this session */
    bool seen;           /* there was a quote in this session: the next two are set */
    int64_t at_ns;       /* when the newest quote came */
    int64_t middle_nano; /* of the newest two-sided quote, or PRICE_NONE */
};

struct quality_found {
    enum finding finding;
    int64_t before; /* jump: the middle before, nano; stale: the quote's age, ns; else 0 */
};

#define QUALITY_FOUND_MAX 3 /* zero_bid, jump, stale */

struct quality_limits quality_defaults(void);
void quality_init(struct quality *q);

/* FINDING_EMPTY, FINDING_CROSSED, or 0: a quote. A bid equal to the ask (locked) is a quote. */
enum finding quality_refuse(int64_t bid, int64_t ask);

/*
 * Takes in the next quote of the instrument (sides are PRICE_NONE where missing; not one that quality_refuse()
 * names: REQUIRE) and returns how many findings it wrote to `found`, in the order zero_bid, jump, stale. A new
 * `session` begins afresh: a price overnight does not jump, and a quote is not stale for yesterday's.
 */
size_t quality_look(struct quality *q, const struct quality_limits *limits, civil_day session, int64_t at_ns,
                    int64_t bid, int64_t ask, struct quality_found found[QUALITY_FOUND_MAX]);

/* True the first time a finding is met for this instrument in this session. */
bool quality_once(struct quality *q, civil_day session, enum finding finding);

#endif
