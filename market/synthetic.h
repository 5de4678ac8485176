/*
 * A synthetic market: one underlying and its option chain, made from a seed, for demonstrations, tests and
 * backtests where there is no real data.
 *
 * The same settings give the same rows on every machine and compiler: random numbers are a hash of seed and
 * counter (splitmix64), prices come from IEEE basic operations and sqrt, and are rounded to integers before
 * they leave. For each session and tick, in this order: the underlying's bar, the underlying's quote, the
 * quotes of the chain by expiry, strike, call before put; after the last tick the session's bar
 * (period_s 86400). `at_ns` is a row's end and never falls; the last tick's is the close itself.
 *
 * The chain has four expiries (three weekly ones and the next monthly), strikes from about 0.65 to 1.25 of
 * the price (they stay listed while it moves on), dearer low strikes (skew), quotes on the real grid (0.05
 * under 3.00, else 0.10; the underlying: 0.01), spreads that widen away from the money, far contracts without
 * a bid. It is no clean market. Rarely a quote is crossed, empty or jumps by two fifths for one tick, and a
 * contract is silent for an hour: nothing marks such rows, as nothing does in life. Pure; allocates nothing.
 */
#ifndef MARKET_SYNTHETIC_H
#define MARKET_SYNTHETIC_H

#include "ledger/err.h"
#include "ledger/symbol.h"
#include "market/calendar.h"

#define SYNTHETIC_DAYS_MAX    250
#define SYNTHETIC_EXPIRIES    4
#define SYNTHETIC_HISTORY_MAX 1000

/* What the price does, in the history and in the sessions made. */
enum synthetic_scenario {
    SYNTHETIC_RISE = 1, /* 0.4 % a session: the last close above SMA20 above SMA50 */
    SYNTHETIC_FALL,     /* the same, downward */
    SYNTHETIC_CRASH,    /* rises; from 10:30 to 12:30 of the second session (of a single one) falls by 15 %,
                           and implied volatility grows by six tenths; then it stays there */
    SYNTHETIC_FLAT
};

struct synthetic_settings {
    uint64_t seed;
    struct symbol underlying; /* a ticker that can be an option root: 1 to 6 capitals and digits */
    civil_day first_day;      /* a session */
    int days;                 /* sessions to make: 1 .. SYNTHETIC_DAYS_MAX */
    int minutes_per_tick;     /* 1 .. 390 */
    int64_t spot_nano;        /* the first session's opening price: 5 .. 5000 dollars */
    int64_t volatility_nano;  /* implied, a year, at the money: rate, 0.05 .. 2 */
    enum synthetic_scenario scenario;
};

enum synthetic_type { SYNTHETIC_BAR = 1, SYNTHETIC_QUOTE };

struct synthetic_row {
    enum synthetic_type type;
    int64_t at_ns;
    struct symbol symbol;
    /* SYNTHETIC_QUOTE; else 0 */
    int64_t bid_nano; /* INT64_MIN: nobody bids, and bid_size is 0 */
    int64_t ask_nano; /* likewise */
    int64_t bid_size;
    int64_t ask_size;
    /* SYNTHETIC_BAR; else 0 */
    int64_t open_nano;
    int64_t high_nano;
    int64_t low_nano;
    int64_t close_nano;
    int64_t volume;
    int32_t period_s;
};

struct synthetic_prices {
    int64_t open_nano;
    int64_t high_nano;
    int64_t low_nano;
    int64_t close_nano;
    int64_t volume;
};

/* The caller's storage; its fields are this module's own. */
struct synthetic {
    struct synthetic_settings settings;
    struct session session;
    int day;  /* 0, 1, 2 ... of settings.days; settings.days: no more rows */
    int tick; /* of the session */
    int64_t tick_begin_ns;
    int64_t tick_end_ns;
    int64_t row;         /* of the tick: bar, quote, chain ... */
    int64_t spot_nano;   /* to the nano, where quotes and bars are rounded to cents */
    int64_t stress_nano; /* rate: implied volatility beside its usual */
    struct synthetic_prices tick_bar;
    struct synthetic_prices day_bar;
    int64_t strike_step_nano;
    int64_t strike_first; /* in steps: what is listed in this session */
    int64_t strike_last;
    civil_day expiries[SYNTHETIC_EXPIRIES];
    int64_t settles_ns[SYNTHETIC_EXPIRIES];
};

/*
 * Seed 1, "ACME" at 100 dollars, rising, one session (2024-01-08), every minute; with a volatility at which
 * puts 15 to 20 % out of the money, 7 to 14 days from expiry, cost about 0.30 to 0.50.
 */
struct synthetic_settings synthetic_defaults(void);

/* ERR_INPUT names the setting that cannot be: then *s is untouched. */
MUST_USE enum err_code synthetic_init(struct synthetic *s, const struct synthetic_settings *settings,
                                      struct err *err);

/* The next row; false when all sessions are made. */
bool synthetic_next(struct synthetic *s, struct synthetic_row *row);

/*
 * The bars of the `count` sessions before the first day, oldest first: what a moving average needs. The same
 * bar for a session whatever `count` is. Returns how many were written: fewer only where the calendar begins.
 */
size_t synthetic_history(const struct synthetic_settings *settings, size_t count, struct synthetic_row *rows);

#endif
