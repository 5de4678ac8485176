/*
 * The hostile exchange, with the broker in front of it: what is true of orders, executions and positions out there,
 * whatever the program has heard of it. It survives every death of the program. It trades by the market that the feed
 * tells, as a real one would; what it says of that can come late, twice, in another order, or never.
 *
 * There is no chance in here: what goes wrong next is what the script's acts have set.
 */
#ifndef TESTS_SIMULATOR_EXCHANGE_H
#define TESTS_SIMULATOR_EXCHANGE_H

#include "gateway/broker.h"
#include "simulator/script.h"

#define EXCHANGE_ACTOR     "broker:paper"
#define EXCHANGE_FEE_MICRO INT64_C(650000) /* a contract or a share */

enum exchange_state { EXCHANGE_WORKING, EXCHANGE_CANCELLING, EXCHANGE_DONE };

struct exchange_order {
    struct id order_id;
    struct symbol symbol;
    enum side side;
    int64_t qty;
    int64_t filled;
    int64_t limit_nano; /* or PRICE_NONE */
    uint64_t seq;
    int64_t last_fill_moment;
    enum exchange_state state;
    int64_t cancel_due; /* the moment */
    bool cancel_heard;
};

/* What it says, as much of an entry as it takes. */
struct exchange_message {
    enum entry_kind kind;
    uint64_t cause;
    struct id order_id;
    struct id fill_id;
    struct id busted;
    struct symbol symbol;
    struct symbol into;
    enum side side;
    int64_t qty;
    int64_t into_qty;
    int64_t price_nano;
    int64_t money_micro;
    int64_t due;       /* the moment from which it can be told */
    civil_day traded;  /* the session in which it came about */
    civil_day session; /* in which it was told */
    bool is_told;
    bool is_lost; /* until it is told again */
    bool is_busted;
    bool is_copy; /* of an earlier message */
};

struct exchange_position {
    struct symbol symbol;
    int64_t qty;
};

/* What goes wrong next; zero: nothing. */
struct exchange_faults {
    bool ack_lost;
    int64_t ack_late;
    bool ack_other;
    bool reject;
    bool fill_lost;
    int64_t fill_late;
    int64_t fill_twice;
    int64_t fill_part;
    int64_t fill_over;
    int64_t cancel_late;
    bool cancel_lost;
    bool swap;
    bool day_ends;
    int64_t misstate_micro;
};

struct exchange {
    struct broker broker;
    struct exchange_order *orders;
    size_t order_count;
    struct exchange_message *messages;
    size_t message_count;
    size_t told; /* all before it are told or lost */
    struct exchange_position *positions;
    size_t position_count;
    int64_t cash_micro; /* as the broker has it */
    bool is_open;       /* the account has its first deposit */
    struct exchange_faults faults;
    bool is_down;
    int64_t moment;
    civil_day session;
    uint64_t numbers; /* of fills, acknowledgements */
    /* Of the world that asks it now. */
    uint64_t durable;   /* entries that are in the journal for good: no order behind them may have left */
    int64_t dies_after; /* entries that it tells until the program dies; -1: it does not */
    void (*die)(void);
    char wrong[256]; /* what the program did that nobody may do; empty: nothing */
};

void exchange_init(struct exchange *x);
void exchange_release(struct exchange *x);
/* One act of the script that is about it; `b`: the newest state known. */
void exchange_act(struct exchange *x, const struct act *a, const struct book *b);
/* Cash that somebody has paid in, or taken out. */
void exchange_pay(struct exchange *x, int64_t micro);
/* A moment is over. */
void exchange_moment(struct exchange *x);
/* The program has connected anew: the session's executions, and what became of its orders, are told again. */
void exchange_reconnect(struct exchange *x, const struct book *b);

/* -- for the exchange's own files --------------------------------------------------------------------------- */

struct exchange_message *exchange_say(struct exchange *x, enum entry_kind kind);
void exchange_say_of(struct exchange *x, const struct exchange_order *o, enum entry_kind kind);
struct id exchange_id(struct exchange *x, const char *prefix);
/* Cash comes or goes with it: price x quantity, which has a sign. */
void exchange_move(struct exchange *x, const struct symbol *s, int64_t qty, int64_t price_nano);
int64_t exchange_signed(enum side side, int64_t qty);

#endif
