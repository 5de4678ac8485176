/*
 * A broker, as the loop sees it: somebody who takes orders from the book and answers with entries of his own. His
 * entries are inputs; nothing downstream can tell one broker from another.
 */
#ifndef GATEWAY_BROKER_H
#define GATEWAY_BROKER_H

#include "book/book.h"
#include "ledger/decide.h"

struct broker {
    const char *actor; /* whose entries these are: an actor of role broker */
    /* Both propose what there is to say at the book's present moment. The sink applies it and stamps it as the actor's. */
    enum err_code (*open_account)(void *context, const struct book *b, const struct proposals *out,
                                  struct err *err);
    enum err_code (*work)(void *context, const struct book *b, const struct proposals *out, struct err *err);
    void *context;
};

#endif
