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
    /*
     * Proposes its statement as of now: the rows, and last the perception.statement of `statement_id`, which the sink
     * answers at once. NULL: it has none to give.
     */
    enum err_code (*statement)(void *context, const struct book *b, const struct id *statement_id,
                               const struct proposals *out, struct err *err);
    void *context;
};

/*
 * All that a broker does at a moment: its work, and, with reconcile.at_close, its statement once a session has closed
 * and its last clock entry is answered. Whoever lets a broker work calls this, and answers in its sink what
 * engine_answers_at_once().
 */
MUST_USE enum err_code broker_moment(const struct broker *broker, const struct book *b,
                                     const struct proposals *out, struct err *err);
/* The statement now, under an id that no other has. ERR_INPUT: it has none to give. */
MUST_USE enum err_code broker_ask_statement(const struct broker *broker, const struct book *b,
                                            const struct proposals *out, struct err *err);

#endif
