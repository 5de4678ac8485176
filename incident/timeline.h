/*
 * The timeline of an incident: a span of a journal folded once, from the newest snapshot before it, with what a person
 * who looks at it wants to see on one axis of time: the underlyings' prices, the account after every moment, and each
 * entry with its place on that axis.
 *
 * The axis is the market's: a perception, decision, verdict, order or fill stands at its `at`; what people and the
 * program say of themselves (control), and what has no `at`, stands where the market's clock was; what comes before the
 * journal's first clock entry, at that entry. Where no clock speaks at all it is the instant of recording.
 *
 * Fed entry by entry, so that what never happened (incident/course.h) is shown as what did.
 */
#ifndef INCIDENT_TIMELINE_H
#define INCIDENT_TIMELINE_H

#include "book/book.h"

#define TIMELINE_SPAN_MAX   4000000u /* entries of a span */
#define TIMELINE_LIMITS_MAX 32u      /* limits that are named in the tally */

struct timeline_entry {
    uint64_t seq;
    int64_t at_ns;       /* on the axis */
    uint64_t quote_seq;  /* of a decision: the contract's quote that was known; 0: none */
    uint64_t price_seq;  /* likewise: what the underlying's price was from */
    uint32_t instrument; /* number in timeline.instruments plus 1; 0: it is about none */
    enum entry_kind kind;
    bool is_unplaced; /* no clock has spoken yet, and it has no time of the market's own */
    bool is_refusal;  /* a verdict that does not allow, a broker's rejection */
};

struct timeline_instrument {
    struct symbol symbol; /* the key */
    struct symbol underlying;
    bool is_concerned; /* held at the beginning, or decided on, judged, ordered or filled in the span */
};

struct timeline_price {
    int64_t at_ns;
    int64_t price_nano;
};
struct timeline_underlying {
    struct symbol symbol; /* the key */
    struct timeline_price *prices;
    size_t count;
    size_t capacity;
    uint64_t marks; /* decisions, verdicts, orders and fills about it */
};

/* What was done, in words: kept where no journal can be asked for the entry any more. */
struct timeline_deed {
    size_t entry; /* number in timeline.entries */
    char *words;
};

/* The account after a moment: of several at one instant the last. */
struct timeline_sample {
    int64_t at_ns;
    uint64_t seq; /* after this entry */
    int64_t equity_micro;
    int64_t cash_micro;
    int64_t profit_micro;   /* since the span began: equity less deposits */
    int64_t margin_micro;   /* of positions and open orders */
    int64_t limit_micro;    /* margin that the configuration in force allows: equity x risk.margin_use */
    int64_t notional_micro; /* options at their strikes, stock at its mark; nothing set off */
    int64_t contracts;      /* open, long and short together */
};

struct timeline_limit {
    struct id name;
    uint64_t refusals; /* verdicts in which it failed */
};

/* What happened, counted. */
struct timeline_tally {
    uint64_t entries;
    uint64_t perceptions;
    uint64_t enters;
    uint64_t exits;
    uint64_t no_trades;
    uint64_t allowed;
    uint64_t refused;
    uint64_t orders;
    uint64_t cancels;
    uint64_t rejects; /* by the broker */
    uint64_t executions;
    uint64_t other_fills; /* assignments, expirations, dividends ... */
    int64_t bought;       /* shares and contracts */
    int64_t sold;
    uint64_t stops;
    uint64_t resumes;
    uint64_t trips;
    uint64_t notes;
    uint64_t findings;                                 /* market data that could not be trusted */
    uint64_t breaks;                                   /* between the broker's statement and our books */
    struct timeline_limit limits[TIMELINE_LIMITS_MAX]; /* that refused, in order of first appearance */
    uint32_t limit_count;
};

/* What the span did to the account. */
struct timeline_outcome {
    int64_t profit_micro; /* of it, fees included */
    int64_t realized_micro;
    int64_t fees_micro;
    int64_t deposits_micro;
    int64_t drawdown_micro;   /* the deepest fall of profit from a height before */
    int64_t margin_most_nano; /* rate of equity at its most; INT64_MIN: not known */
    int64_t notional_most_micro;
};

struct timeline {
    struct book book; /* after the newest entry */
    uint64_t from;    /* first entry of the span */
    uint64_t to;      /* last one so far */
    int64_t from_ns;  /* on the axis; INSTANT_NONE: the span is empty so far */
    int64_t to_ns;
    bool has_clock;            /* a clock entry is in it */
    uint64_t clock_before;     /* the clock entry that was in force as it began; 0: none yet */
    struct hash digest_before; /* of the state before `from` */
    bool is_narrowed;          /* to one underlying: entries about others are left out of `entries` */
    struct symbol only;
    struct timeline_entry *entries;
    size_t count;
    size_t capacity;
    struct timeline_sample *samples;
    size_t sample_count;
    size_t sample_capacity;
    bool keeps_deeds; /* to be set after timeline_init(): deeds are filled */
    struct timeline_deed *deeds;
    size_t deed_count;
    size_t deed_capacity;
    struct table instruments; /* struct timeline_instrument */
    struct table underlyings; /* struct timeline_underlying */
    struct timeline_tally tally;
    int64_t profit_before_micro; /* these four: as the span began */
    int64_t realized_before_micro;
    int64_t fees_before_micro;
    int64_t deposits_before_micro;
};

/* `only`, which may be NULL: one underlying. ERR_MEMORY. Release it whatever happened. */
MUST_USE enum err_code timeline_init(struct timeline *t, const struct symbol *only, struct err *err);
void timeline_release(struct timeline *t);

/*
 * Takes the state before the span from the reader's entries up to `before`. ERR_NOT_FOUND: there are fewer.
 */
MUST_USE enum err_code timeline_begin(struct timeline *t, struct journal_reader *r, uint64_t before,
                                      book_progress *progress, void *context, struct err *err);
/* The span's next entry. ERR_RANGE: it has TIMELINE_SPAN_MAX already. */
MUST_USE enum err_code timeline_take(struct timeline *t, const struct entry *e, struct err *err);
/* All of the reader's entries up to and including `to`. */
MUST_USE enum err_code timeline_take_all(struct timeline *t, struct journal_reader *r, uint64_t to,
                                         book_progress *progress, void *context, struct err *err);
/* The last sample, after the newest entry. */
MUST_USE enum err_code timeline_end(struct timeline *t, struct err *err);

/* What the span did, once it has ended. ERR_RANGE. */
MUST_USE enum err_code timeline_outcome(const struct timeline *t, struct timeline_outcome *outcome,
                                        struct err *err);
/* The underlying with most marks, then most prices, then first; NULL: no price of any is known. */
const struct timeline_underlying *timeline_main(const struct timeline *t);

#endif
