/*
 * Group commit: many callers, each waiting until its own few entries are durable and sealed, share one commit
 * and one sync. Callers are threads of one process, and threads of other processes that have the same journal
 * open in the same way.
 *
 * A caller puts its entries into a slot of a shared file, `journal.queue` in the journal's directory. Whoever
 * finds no leader leads: takes the writer lock, adds what waits in all slots as one group, commits, and answers
 * each. While it waits for the disk the next slots fill. What a caller hands in stays together, in its order,
 * and is there whole or not at all; a refusal is its own.
 *
 * The file holds no state: it may be deleted whenever nobody writes. Orders and answers in it carry a MAC of a
 * key that only who has opened the vault has (ledger/queue_shared.h): who can merely write to the file gets no
 * entry sealed and no answer believed; he can make callers wait, and fail.
 */
#ifndef LEDGER_QUEUE_H
#define LEDGER_QUEUE_H

#include "ledger/journal.h"

/* What one order may hold in a slot; a larger one is committed as a group of its own leader. */
#define QUEUE_ENTRIES_MAX 256u
#define QUEUE_BYTES_MAX   6000u

struct queue;

/*
 * What a leader does with every order, its own and others'. Orders are led only by queues with the same
 * `number`, which stands for what the rules check. Called under the writer lock, by one thread at a time.
 */
struct queue_rules {
    uint32_t number;
    /* Adds one encoded draft to g: decodes, checks, journal_group_add_encoded(). */
    enum err_code (*add)(void *context, struct journal_group *g, uint8_t *bytes, size_t size,
                         struct err *err);
    /* What was added since the last commit was not written. */
    void (*dropped)(void *context);
    void *context;
};

struct queue_reply {
    uint64_t first_seq; /* of the order's entries, which follow each other */
    uint64_t seal_size; /* of the seal that covers them, */
    struct hash root;   /* and its root */
};

/*
 * `j` is unlocked, and the queue's until queue_close(). `rules` NULL: number 0, the journal's own checks only.
 * ERR_IO: the shared file cannot be made; ERR_MEMORY.
 */
MUST_USE enum err_code queue_open(struct journal *j, const struct queue_rules *rules, struct queue **q,
                                  struct err *err);
void queue_close(struct queue *q); /* no caller may be waiting; NULL is fine */

/*
 * Appends `count` (1 or more) encoded drafts that lie one after the other; any thread may. Returns when they
 * are durable. On error none of them is there, and *refused is the one to blame; `count` when none is. Errors
 * are those of journal_group_begin(), the rules' and journal_group_commit(); and ERR_WRONG: another program has
 * written into the shared file, so that whether they are there must be looked up. May write seq and recorded_at
 * into `bytes`.
 */
MUST_USE enum err_code queue_append(struct queue *q, uint8_t *bytes, const uint16_t *sizes, size_t count,
                                    struct queue_reply *reply, size_t *refused, struct err *err);

#endif
