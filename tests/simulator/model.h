/*
 * The model: a second opinion on everything that a journal's entries mean, slow and obvious, made from the words of
 * docs and headers and not of the product's code. It looks at every entry once, in order, and says what nobody may find:
 * an order without an allowing verdict right before it, or behind a stop, or past a limit; numbers that are not what
 * the entries add up to. Afterwards it is held against the book.
 *
 * It knows nothing of the exchange: only what was told.
 */
#ifndef TESTS_SIMULATOR_MODEL_H
#define TESTS_SIMULATOR_MODEL_H

#include "book/book.h"

#define MODEL_WRONG_SIZE 400

__extension__ typedef __int128 model_wide; /* sums that cannot leave it */

struct model_position {
    struct symbol symbol;
    int64_t qty;
};

struct model_order {
    struct id order_id;
    enum order_status status;
    struct symbol symbol;
    enum side side;
    int64_t qty;
    int64_t filled;
    int64_t limit_nano;
    uint64_t seq;
};

/* One price that was seen: when, by which entry. */
struct model_seen {
    int64_t at_ns;
    uint64_t seq; /* 0: never */
    int64_t price_nano;
    int64_t ask_nano; /* of a quote, whose bid is the price */
};

struct model_market {
    struct symbol symbol;
    bool is_halted;
    struct model_seen quote;
    struct model_seen trade;
    struct model_seen mark;
};

#define MODEL_OVERRIDES_MAX 16

/* One order may pass one limit; a newer one pushes the oldest out when there are too many. */
struct model_override {
    struct symbol symbol;
    struct id limit;
    int64_t until_ns;
};

/* Of the configuration in force, what the model needs. */
struct model_limits {
    int64_t daily_loss;
    int64_t margin_use;
    int64_t sector_share;
    int64_t new_positions_day;
    int64_t open_positions;
    int64_t max_contracts;
    int64_t price_distance;
    int64_t underlying_age_s;
    int64_t margin_rate;
    int64_t margin_floor;
    int64_t open_breaks_max;
};

struct model_execution {
    struct entry_fill_execution fill; /* its ids and numbers */
    bool is_split;                    /* what was traded was split since */
};

struct model_bust {
    struct entry_fill_bust bust; /* its ids and numbers; not its words, which are gone */
    bool is_void;                /* it does not fit, and takes nothing back */
};

/* What the broker and we disagree about, until somebody corrects it. */
struct model_break {
    struct id break_id;
    struct id check; /* the first one, which says what it is */
    char about[ID_MAX + 1];
    int64_t ours;
    int64_t theirs;
    model_wide gap;  /* the widest that was told: money; of a position shares or contracts */
    bool is_unknown; /* nobody could tell once */
};

struct model {
    uint64_t seq; /* entries looked at */
    int64_t recorded_at_ns;
    /* Who is who, by genesis. */
    uint32_t strategy;
    uint32_t other_strategy;
    uint32_t governor;
    uint32_t broker;
    uint32_t feed;
    uint64_t perceived; /* by the feed */
    /* Facts. */
    model_wide cash_micro;
    struct model_position *positions;
    size_t position_count;
    struct id *fill_ids;
    size_t fill_count;
    struct model_execution *executions;
    size_t execution_count;
    struct model_bust *busts;
    size_t bust_count;
    size_t void_count;          /* of them, those that take nothing back */
    size_t void_told_count;     /* of these, those that are or were a break */
    struct model_break *breaks; /* open ones */
    size_t break_count;
    struct model_order *orders;
    size_t order_count;
    /* The market. */
    struct model_market *markets;
    size_t market_count;
    int64_t now_ns;
    civil_day session;
    uint64_t clock_seq;
    /* Risk. */
    struct model_limits limits;
    bool is_stopped;
    uint64_t stop_seq;
    bool is_tripped;
    int64_t opened_today;
    bool has_opening;
    enum phase opening_phase;
    int64_t opening_micro;
    int64_t deposits_micro;
    uint64_t enter_seq;
    struct model_override overrides[MODEL_OVERRIDES_MAX];
    unsigned override_count;
    /* The newest verdict. */
    uint64_t verdict_seq;
    struct id verdict_order;
    struct symbol verdict_symbol;
    bool verdict_allows;
    uint64_t order_news;          /* by our deciders */
    char wrong[MODEL_WRONG_SIZE]; /* the first thing that nobody may find; empty: nothing */
};

void model_init(struct model *m);
void model_release(struct model *m);
/* The next entry of the journal. */
void model_apply(struct model *m, const struct entry *e);
/* Whether a book of the same entries says the same. */
void model_compare(struct model *m, const struct book *b);

/* -- for the model's own files ---------------------------------------------------------------------------- */

void model_says(struct model *m, const char *format, ...) __attribute__((format(printf, 2, 3)));
struct model_position *model_position(struct model *m,
                                      const struct symbol *s);               /* made when it is not there */
struct model_order *model_order(struct model *m, const struct id *order_id); /* likewise */
const struct model_market *model_market(const struct model *m, const struct symbol *s); /* or NULL */
bool model_is_open(const struct model_order *o);
/* Whether an order that our own deciders send now keeps every limit; before it is entered. */
void model_judge(struct model *m, const struct entry *order);
/* What risk.equity says, computed again. */
void model_check_equity(struct model *m, const struct entry *e);
/* A limit that an order passes all the same: whether somebody allowed that, for which he may be asked once. */
bool model_overrides(struct model *m, const struct symbol *s, const char *limit);
/* A risk.break, and a control.correction (model_breaks.c). */
void model_on_break(struct model *m, const struct entry *e);
void model_on_correction(struct model *m, const struct entry *e);
/* What open breaks are worth together. False: nobody can tell; *is_sure: the model can. */
bool model_breaks_worth(const struct model *m, model_wide *micro, bool *is_sure);
/* What an instrument is valued at, whatever the age of its quote, or the newest price of it; PRICE_NONE. */
int64_t model_mark(const struct model *m, const struct symbol *s);
int64_t model_price(const struct model *m, const struct symbol *s);
/* Room for one more row, which is zero, when the count is a power of two. */
void *model_grown(void *rows, size_t count, size_t size);
/* Sets what a text of settings says. */
void model_configure(struct model *m, const struct text *settings);

#endif
