/*
 * The market as the journal has told it: the newest quote and trade of every instrument, the daily closes of
 * every ticker, the option chain of every underlying, and the clock. A reducer over perceptions; nothing but
 * what was recorded is known here.
 *
 * When: an entry happened at its `at`, or, when it has none, at its recorded_at. What is older than what is
 * known already (late data) is not taken over; of two at the same instant the later entry counts. Only the
 * clock is always what the newest clock entry says.
 * Ahead: what happened more than a minute after the clock, such as a quote with a wrong year, is not known until the
 * clock has come so far: it is no price, no mark and no live quote. Nor does it hide what is told after it: that takes
 * its place when it is not late and happened more than a minute before it.
 * Sides: a bid or an ask of zero is nobody's, and is held as PRICE_NONE.
 * Bars: a bar shorter than a session is a trade: its close is the last price. A session's bar (period_s
 * 86400) gives one daily close and no price, so that history read in advance never looks like the present;
 * a longer one gives nothing.
 * Its session is the New York date of the instant just before its end: an end of 16:00 or of the midnight
 * after both name the session they close.
 *
 * Order: chains are in byte order of their OCC symbols, everything else in order of first appearance. Quotes
 * need no floating point. Pure.
 */
#ifndef MARKET_VIEW_H
#define MARKET_VIEW_H

#include "ledger/replay.h"
#include "ledger/table.h"

#define VIEW_CLOSES_MAX       260                        /* daily closes kept of a ticker: the newest */
#define VIEW_AHEAD_MAX_NS     (INT64_C(60) * 1000000000) /* that a clock of somebody else may be off */
#define VIEW_SESSION_PERIOD_S 86400                      /* period_s of a session's bar */

struct view_quote {
    int64_t bid_nano; /* or PRICE_NONE: nobody bids */
    int64_t ask_nano; /* or PRICE_NONE: nobody offers */
    int64_t bid_size;
    int64_t ask_size;
    int64_t at_ns;
    uint64_t seq; /* 0: never quoted */
};

struct view_last {
    int64_t price_nano;
    int64_t at_ns;
    uint64_t seq; /* 0: none yet */
};

struct view_instrument {
    struct symbol symbol; /* the key */
    struct view_quote quote;
    struct view_last trade; /* close of the newest bar shorter than a session */
    struct view_last mark;  /* newest perception.mark */
    int64_t strike_nano;    /* of an option, read from its symbol once; else 0 */
    civil_day expiry;       /* CIVIL_DAY_NONE for a ticker */
    enum right right;       /* of an option; else 0 */
    int64_t open_interest;  /* contracts, as last told */
    uint64_t interest_seq;  /* by which entry; 0: never */
    bool is_halted;         /* as the exchange last said */
    uint64_t status_seq;    /* by which entry; 0: it never said */
};

struct view_close {
    civil_day session;
    int64_t close_nano;
    uint64_t seq; /* the bar that told it */
};

struct view_closes {
    struct symbol symbol; /* the key */
    uint32_t count;
    struct view_close rows[VIEW_CLOSES_MAX]; /* oldest session first, no session twice */
};

struct view_chain {
    struct symbol underlying; /* the key */
    uint32_t *rows;           /* numbers of instruments, in byte order of their symbols */
    uint32_t count;
    uint32_t capacity;
};

struct view_clock {
    int64_t now_ns;       /* of the newest clock entry; INSTANT_NONE before the first */
    civil_day session;    /* CIVIL_DAY_NONE before the first */
    uint64_t session_seq; /* the clock entry that the session began with */
    enum phase phase;     /* 0 before the first */
    uint64_t seq;
    int64_t day_begin_ns; /* the session's New York day, from midnight ... */
    int64_t day_end_ns;   /* ... to the first instant after it */
};

struct view {
    struct view_clock clock;
    struct table instruments; /* struct view_instrument by symbol */
    struct table closes;      /* struct view_closes by ticker */
    struct table chains;      /* struct view_chain by underlying */
};

void view_init(void *state);
MUST_USE enum err_code view_apply(void *state, const struct entry *e, struct err *err);
void view_digest(const void *state, const struct digest_out *out);
MUST_USE enum err_code view_restore(void *state, struct restore_in *in, struct err *err);
void view_release(void *state);
extern const struct replay_row view_row; /* name "view" */

/* What happened then is more than a minute ahead of the clock. Before the first clock nothing is. */
bool view_is_ahead(const struct view *v, int64_t at_ns);

/* The instrument, or NULL when nothing was ever told of it. Valid until the next view_apply(). */
const struct view_instrument *view_find(const struct view *v, const struct symbol *s);

/* Contracts of an underlying ("SPX" has the roots SPX and SPXW), expired ones included, and the index-th. */
uint32_t view_chain_count(const struct view *v, const struct symbol *underlying);
const struct view_instrument *view_chain_at(const struct view *v, const struct symbol *underlying,
                                            uint32_t index);
/*
 * The whole chain for a loop: NULL when there is none. view_chain_row(v, chain, i) is the i-th contract.
 * Both are valid until the next view_apply().
 */
const struct view_chain *view_chain(const struct view *v, const struct symbol *underlying);
const struct view_instrument *view_chain_row(const struct view *v, const struct view_chain *chain,
                                             uint32_t index);

/*
 * The quote as it may be traded on now: of the clock's session (New York date of its `at`), not ahead of the clock, and
 * not crossed. NULL otherwise: yesterday's bid is nobody's bid.
 */
const struct view_quote *view_live_quote(const struct view *v, const struct view_instrument *i);

enum view_source { VIEW_SOURCE_NONE, VIEW_SOURCE_TRADE, VIEW_SOURCE_MARK, VIEW_SOURCE_QUOTE };
struct view_price {
    int64_t price_nano; /* or PRICE_NONE */
    enum view_source source;
    int64_t at_ns;
    int64_t age_ns; /* before the clock's now; 0 within the minute after it */
    uint64_t seq;   /* the entry it is from */
};
/*
 * What an underlying is worth: the newest of its last trade, its last mark and the middle of its two-sided
 * quote (bid not above ask); at the same instant in that order. PRICE_NONE when there is none of them. Before
 * the first clock every age is 0.
 */
void view_price(const struct view *v, const struct symbol *s, struct view_price *price);

/*
 * Average of the n newest daily closes of sessions before `before`, rounded half to even. ERR_NOT_FOUND:
 * there are fewer, and err says how many; ERR_RANGE; *sma_nano is then untouched. n is 1 .. VIEW_CLOSES_MAX
 * (REQUIRE).
 */
MUST_USE enum err_code view_sma(const struct view *v, const struct symbol *ticker, uint32_t n,
                                civil_day before, int64_t *sma_nano, struct err *err);
/* The newest daily close of a session before `before`, or NULL. */
const struct view_close *view_last_close(const struct view *v, const struct symbol *ticker, civil_day before);
/* Daily closes known of sessions before `before`. */
uint32_t view_closes_before(const struct view *v, const struct symbol *ticker, civil_day before);

/*
 * Whether the exchange halted trading in the instrument or in its underlying. *seq is the entry that says so, or
 * the newest that says that it trades; 0: nothing was ever said of either.
 */
bool view_is_halted(const struct view *v, const struct symbol *s, uint64_t *seq);

/*
 * What an instrument is valued at, whatever the age of its quote:
 *   both sides    the middle, half to even
 *   ask only      half the ask: nobody pays anything, so the bid counts as zero
 *   bid only      the bid: it is worth at least that
 *   neither       view_price(): the last trade or mark; PRICE_NONE when there is none
 */
int64_t view_mark(const struct view *v, const struct symbol *s);

/* Price at which a position can be closed now: the live ask for a short, the live bid for a long, else
 * PRICE_NONE. */
int64_t view_closing_price(const struct view *v, const struct symbol *s, bool is_short);

#endif
