/* Leading a round: what queue.c and queue_lead.c share; for them only. */
#ifndef LEDGER_QUEUE_LEAD_H
#define LEDGER_QUEUE_LEAD_H

#include "ledger/queue_shared.h"

#include <pthread.h>

#define QUEUE_NO_SLOT  UINT32_MAX
#define QUEUE_TAG_SIZE (QUEUE_TICKET_SIZE - 8)

/* One order of a round, in the leader's own memory: what lies in the file may change at any time. */
struct queue_item {
    uint32_t slot; /* or QUEUE_NO_SLOT: the leader's own, too large for one */
    uint8_t ticket[QUEUE_TICKET_SIZE];
    uint64_t seen;
    uint8_t *bytes;
    const uint16_t *sizes;
    size_t count;
    uint32_t owner;  /* process of the caller */
    bool is_own;     /* the leader's: its outcome is returned, and not answered */
    bool is_over;    /* refused, stale, or taken before: no longer part of the round */
    bool is_refused; /* by the rules */
    bool is_stale;   /* to be made anew */
    uint64_t first_seq;
    size_t refused;
    struct err err;
};

struct queue {
    struct journal *journal;
    struct queue_rules rules;
    bool owns_context;
    pthread_mutex_t key_lock; /* for who does not hold `lock`: guards which key it is */
    struct queue_key *key;
    struct queue_file *file;
    uint32_t process;
    uint8_t tag[QUEUE_TAG_SIZE];     /* random: how this queue's tickets begin */
    _Atomic uint64_t tickets;        /* given out so far */
    _Atomic uint64_t size;           /* of the journal, as this queue knows from what it can believe */
    pthread_mutex_t lock;            /* held by the thread that leads: guards journal and what follows */
    bool was_looked_at[QUEUE_SLOTS]; /* slots, in this round */
    size_t count;
    struct queue_item items[QUEUE_SLOTS + 1];
    struct queue_order orders[QUEUE_SLOTS];
};

/*
 * One round, `own` first, then all that waits. The caller holds q->lock, and own's slot is TAKEN. Answers all but
 * `own`, whose outcome is returned, with *reply and *refused as queue_append() has them; *is_stale: it was made for
 * an older journal, is not in, and is to be made anew.
 */
MUST_USE enum err_code queue_lead(struct queue *q, const struct queue_item *own, struct queue_reply *reply,
                                  size_t *refused, bool *is_stale, struct err *err);

/* After journal_group_begin(): the MACs' key of now. The caller holds q->lock. */
MUST_USE enum err_code queue_follow_key(struct queue *q, struct err *err);

/* What is known about the journal's size never shrinks. */
void queue_learn_size(struct queue *q, uint64_t size);

#endif
