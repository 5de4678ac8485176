/*
 * The desk: a journal that is written to, together with its book. Whoever decides works here: it takes the
 * writer lock, folds what others have appended, decides, and commits; so nothing is ever decided on a state
 * that is not exactly the journal's up to that entry.
 */
#ifndef AGENT_DESK_H
#define AGENT_DESK_H

#include "gateway/broker.h"

struct desk {
    struct journal *journal;     /* borrowed, unlocked */
    const struct broker *broker; /* the paper broker; another may be put here after desk_init(). Borrowed */
    const struct signer *signer; /* of what persons say; NULL: their keys are in the vault. Borrowed */
    struct book book;
    struct journal_group *group; /* open between begin and commit */
    uint64_t group_first;
    const struct entry *trigger; /* what the engine is answering */
    struct seal seal;            /* of the newest commit */
    uint64_t derived;            /* entries by the engine so far */
    uint64_t orders;             /* of them order.new */
    uint64_t fills;              /* by the broker so far */
    struct entry scratch;
};

/* Folds the whole journal. Release with desk_release(), also after an error. */
MUST_USE enum err_code desk_init(struct desk *d, struct journal *j, book_progress *progress, void *context,
                                 struct err *err);
void desk_release(struct desk *d);

/* Takes the writer lock and folds what is new. */
MUST_USE enum err_code desk_begin(struct desk *d, struct err *err);
/* Seals and makes durable what was added; a group without entries leaves no trace. */
MUST_USE enum err_code desk_commit(struct desk *d, struct err *err);
/* Gives up the group. The book may then hold entries that are nowhere: only desk_release() may follow. */
void desk_abort(struct desk *d);

#define DESK_JOURNAL "journal" /* the name of actor 0, as whom the program itself writes */

/* Adds one entry as `actor` (a name) and applies it. */
MUST_USE enum err_code desk_add(struct desk *d, const char *actor, struct entry *draft, struct err *err);
/* The same, signed by the actor's own key (`signer`); `at` must be set. */
MUST_USE enum err_code desk_add_signed(struct desk *d, const char *actor, struct entry *draft,
                                       struct err *err);

/* An encoded, signed draft, placed in the caller's buffer; `e` is its decoding, and gets its place too. */
MUST_USE enum err_code desk_add_encoded(struct desk *d, uint8_t *bytes, size_t size, struct entry *e,
                                        struct err *err);

/* The engine's answer to a trigger that is applied, within the open group. */
MUST_USE enum err_code desk_answer(struct desk *d, const struct entry *trigger, struct err *err);
/* The broker's work at this moment, within the open group; `open_account` pays in the first deposit. */
MUST_USE enum err_code desk_broker(struct desk *d, struct err *err);
/* The broker's statement, answered, within the open group. */
MUST_USE enum err_code desk_statement(struct desk *d, struct err *err);
MUST_USE enum err_code desk_open_account(struct desk *d, struct err *err);

#endif
