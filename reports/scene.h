/*
 * The scene of a decision: what of the state a person asks for first who wants to know why it came out so. The
 * market's clock, the account, the limits' state, the instrument in question, and the configuration in force.
 */
#ifndef REPORTS_SCENE_H
#define REPORTS_SCENE_H

#include "book/book.h"

struct scene_amount {
    bool is_known;
    int64_t micro;
};

struct scene {
    uint64_t seq;            /* the state is that after this entry */
    struct view_clock clock; /* now_ns INSTANT_NONE before the first */
    int64_t cash_micro;
    struct scene_amount equity;  /* as it would be measured now; unknown: a sum leaves its integer */
    struct scene_amount margin;  /* in use now */
    struct scene_amount opening; /* equity that the day's loss is measured from */
    uint32_t positions;          /* open */
    uint32_t orders;             /* open */
    uint32_t tripped;            /* breakers */
    const struct risk_breaker *breakers[RISK_BREAKERS_MAX]; /* those; borrowed from the book */
    uint64_t stop_seq;                                      /* of the stop in force; 0: none */

    bool has_symbol; /* what follows is about an instrument */
    struct symbol symbol;
    int64_t qty;            /* held, short is negative */
    int64_t average_nano;   /* of what is held; 0 when flat */
    uint32_t symbol_orders; /* open ones in it */
    bool has_quote;
    bool quote_is_live; /* of the clock's session, and not crossed: deciders trade on no other */
    struct view_quote quote;
    struct symbol underlying; /* of an option; of a stock itself */
    struct view_price price;  /* of the underlying */

    uint64_t configuration_seq; /* 0: the defaults are in force */
    struct digest32 configuration;
    uint64_t run_seq; /* the newest control.run; 0: none */
};

/* `symbol` may be NULL. Borrows from the book until it changes. */
void scene_take(struct scene *s, const struct book *b, const struct symbol *symbol);

/* What an entry is about, also where it only names an order: written to *symbol. False: nothing in particular. */
bool scene_symbol(const struct book *b, const struct entry *e, struct symbol *symbol);

#endif
