#include "ledger/queue_lead.h"

#include "ledger/journal_state.h"

#include <sched.h>
#include <stdlib.h>

#define LIVING_MAX 16u
#define IDLE_MAX   8u /* looks at which nobody came in */

/* -- what waits ------------------------------------------------------------------------------------------ */

/* Copies the used part; false: it is not an order of somebody who has the key. */
static bool copy_order(const struct queue *q, const struct queue_slot *slot, struct queue_order *o)
{
    uint8_t mac[QUEUE_MAC_SIZE];

    memcpy(o, &slot->order, offsetof(struct queue_order, sizes));
    if (o->count > QUEUE_ENTRIES_MAX || o->size > QUEUE_BYTES_MAX)
        return false;
    memcpy(o->sizes, slot->order.sizes, o->count * sizeof o->sizes[0]);
    memcpy(o->bytes, slot->order.bytes, o->size);
    memcpy(mac, slot->order_mac, sizeof mac);
    return queue_check_order(q->key, o, mac);
}

static bool is_twice(const struct queue *q, const uint8_t ticket[QUEUE_TICKET_SIZE])
{
    for (size_t i = 0; i < q->count; i++) {
        if (memcmp(q->items[i].ticket, ticket, QUEUE_TICKET_SIZE) == 0)
            return true;
    }
    return false;
}

/* One system call for each process, not for each of its orders. */
struct living {
    uint32_t processes[LIVING_MAX]; /* seen to live in this round: the newest few */
    unsigned next;
};

static bool has_caller(struct living *l, uint32_t owner)
{
    for (size_t i = 0; i < LIVING_MAX; i++) {
        if (l->processes[i] == owner)
            return owner != 0;
    }
    if (!queue_process_exists(owner))
        return false;
    l->processes[l->next++ % LIVING_MAX] = owner;
    return true;
}

/* An item of what lies in slot i, which is taken; false: nobody who has the key wrote this, or wrote it here. */
static bool take(struct queue *q, uint32_t i, uint32_t owner)
{
    struct queue_order *const o = &q->orders[i];
    struct queue_item *const item = &q->items[q->count];

    if (!copy_order(q, &q->file->slots[i], o) || o->rules != q->rules.number || is_twice(q, o->ticket))
        return false;
    *item = (struct queue_item){.slot = i, .owner = owner, .seen = o->seen, .bytes = o->bytes};
    item->sizes = o->sizes;
    item->count = o->count;
    memcpy(item->ticket, o->ticket, sizeof item->ticket);
    q->count++;
    return true;
}

/* Unless the caller has found out by itself, and gone: it does not wait without end. */
static void set_done(struct queue *q, uint32_t i, uint32_t owner)
{
    uint32_t taken = queue_state_by(QUEUE_TAKEN, q->process);

    (void)atomic_compare_exchange_strong(&q->file->slots[i].state, &taken, queue_state_by(QUEUE_DONE, owner));
}

/* Each slot once a round: what was copied from it is being used. */
static void collect(struct queue *q, struct living *l)
{
    for (uint32_t i = 0; i < QUEUE_SLOTS; i++) {
        struct queue_slot *const slot = &q->file->slots[i];
        uint32_t word = atomic_load(&slot->state);
        const uint32_t owner = queue_process_of(word);
        if (queue_state_of(word) != QUEUE_PENDING || q->was_looked_at[i] ||
            slot->order.rules != q->rules.number || !has_caller(l, owner) ||
            !atomic_compare_exchange_strong(&slot->state, &word, queue_state_by(QUEUE_TAKEN, q->process)))
            continue;
        q->was_looked_at[i] = true;
        if (!take(q, i, owner))
            set_done(q, i, owner); /* without an answer */
    }
}

static void answer(struct queue *q, const struct queue_item *item, int64_t code, const struct seal *seal)
{
    struct queue_slot *const slot = &q->file->slots[item->slot];
    struct queue_answer a;
    uint8_t mac[QUEUE_MAC_SIZE];

    if (atomic_load(&slot->state) != queue_state_by(QUEUE_TAKEN, q->process))
        return; /* see set_done() */
    memset(&a, 0, offsetof(struct queue_answer, text));
    memcpy(a.ticket, item->ticket, sizeof a.ticket);
    a.code = code;
    a.first_seq = item->first_seq;
    a.refused = item->refused;
    if (code == QUEUE_STALE) {
        a.seal_size = q->journal->size;
    } else if (code == ERR_OK && seal) {
        a.seal_size = seal->size;
        a.root = seal->root;
    } else if (code > 0) {
        a.text_size = strlen(item->err.text);
        memcpy(a.text, item->err.text, a.text_size);
    }
    queue_sign_answer(q->key, &a, mac);
    memcpy(&slot->answer, &a, offsetof(struct queue_answer, text) + a.text_size);
    memcpy(slot->answer_mac, mac, sizeof mac);
}

static bool was_taken(const struct queue_round *round, const uint8_t ticket[QUEUE_TICKET_SIZE])
{
    for (uint64_t i = 0; i < round->count; i++) {
        if (memcmp(round->tickets[i], ticket, QUEUE_TICKET_SIZE) == 0)
            return true;
    }
    return false;
}

/* The newest round, if it is known which orders it took. */
static bool read_round(const struct queue *q, struct queue_round *round)
{
    uint8_t mac[QUEUE_MAC_SIZE];

    *round = q->file->round;
    memcpy(mac, q->file->round_mac, sizeof mac);
    return queue_check_round(q->key, round, mac) && round->after == q->journal->size;
}

/* Takes out what somebody may have taken before: see the head of queue_shared.h. */
static void check_new(struct queue *q, struct queue_item *item, const struct queue_round *round)
{
    if (item->is_over || item->slot == QUEUE_NO_SLOT)
        return;
    if (round && was_taken(round, item->ticket)) {
        item->is_over = true;
        (void)err_set(&item->err, ERR_WRONG, QUEUE_CANNOT_KNOW);
        if (item->is_own)
            return;
        answer(q, item, ERR_WRONG, NULL);
        set_done(q, item->slot, item->owner);
    } else if (item->seen != q->journal->size && !(round && item->seen == round->before)) {
        item->is_over = true;
        item->is_stale = true; /* answered at the end, with the size that the journal has then */
    }
}

enum err_code queue_follow_key(struct queue *q, struct err *err)
{
    struct queue_key *const before = q->key;
    struct queue_key *now = NULL;

    if (before->epochs == q->journal->epochs.count)
        return ERR_OK;
    const enum err_code rc = queue_key_new(q->journal, &now, err);
    if (rc)
        return rc;
    pthread_mutex_lock(&q->key_lock);
    q->key = now;
    pthread_mutex_unlock(&q->key_lock);
    queue_key_release(before);
    return ERR_OK;
}

/* -- the round ------------------------------------------------------------------------------------------- */

static enum err_code add_item(struct queue *q, struct journal_group *g, struct queue_item *item)
{
    uint8_t *at = item->bytes;

    item->first_seq = journal_group_next_seq(g);
    for (size_t i = 0; i < item->count; i++) {
        const enum err_code rc = q->rules.add(q->rules.context, g, at, item->sizes[i], &item->err);
        if (rc) {
            item->refused = i;
            return rc;
        }
        at += item->sizes[i];
    }
    item->refused = item->count;
    return ERR_OK;
}

/* Items from number `from` on. *culprit: the order that spoiled it. */
static enum err_code add_items(struct queue *q, struct journal_group *g, size_t from,
                               struct queue_item **culprit)
{
    for (size_t i = from; i < q->count; i++) {
        struct queue_item *const item = &q->items[i];
        const enum err_code rc = item->is_over ? ERR_OK : add_item(q, g, item);
        if (rc) {
            *culprit = item;
            return rc;
        }
    }
    return ERR_OK;
}

/*
 * Takes who waits. Those whom the last round has answered are about to come again: they are let in, until they are as many
 * or none came for a while, and the first are added while the others still write. Who was alone goes on at once.
 */
static enum err_code let_in(struct queue *q, struct journal_group *g, const struct queue_round *round,
                            struct queue_item **culprit)
{
    const uint64_t expected = q->file->round.count; /* a hint */
    struct living living = {.processes = {q->process}, .next = 1};

    for (unsigned idle = 0; idle < IDLE_MAX; idle++) {
        const size_t before = q->count;
        collect(q, &living);
        for (size_t i = before; i < q->count; i++)
            check_new(q, &q->items[i], round);
        const enum err_code rc = add_items(q, g, before, culprit);
        if (rc || q->count >= expected)
            return rc;
        if (q->count > before)
            idle = 0;
        sched_yield();
    }
    return ERR_OK;
}

static bool is_any_left(const struct queue *q)
{
    for (size_t i = 0; i < q->count; i++) {
        if (!q->items[i].is_over)
            return true;
    }
    return false;
}

static void write_intent(struct queue *q, const struct queue_item *item)
{
    struct queue_slot *const slot = &q->file->slots[item->slot];
    struct queue_intent intent = {.first_seq = item->first_seq};
    uint8_t mac[QUEUE_MAC_SIZE];

    memcpy(intent.ticket, item->ticket, sizeof intent.ticket);
    intent.recorded_at_ns = queue_recorded_at(item->bytes);
    queue_sign_intent(q->key, &intent, mac);
    slot->intent = intent;
    memcpy(slot->intent_mac, mac, sizeof mac);
}

/* Tries all that are left. *culprit: the order that spoiled it, or NULL when it was none of them. */
static enum err_code attempt(struct queue *q, bool is_first, struct seal *seal, struct queue_item **culprit,
                             struct err *err)
{
    struct journal_group *g = NULL;
    struct queue_round round;

    *culprit = NULL;
    enum err_code rc = journal_group_begin(q->journal, &g, err);
    if (!rc)
        rc = queue_follow_key(q, err);
    if (rc) {
        journal_group_abort(g); /* of none, nothing */
        return rc;
    }
    queue_learn_size(q, q->journal->size);
    const bool is_known = read_round(q, &round);
    for (size_t i = 0; i < q->count; i++)
        check_new(q, &q->items[i], is_known ? &round : NULL);
    rc = add_items(q, g, 0, culprit);
    if (!rc && is_first)
        rc = let_in(q, g, is_known ? &round : NULL, culprit);
    if (rc || !is_any_left(q)) {
        journal_group_abort(g);
        return rc;
    }
    for (size_t i = 0; i < q->count; i++) {
        if (!q->items[i].is_over && q->items[i].slot != QUEUE_NO_SLOT)
            write_intent(q, &q->items[i]);
    }
    return journal_group_commit(g, seal, err);
}

/* Which orders this round took or refused: the next leader takes none of them again. */
static void note_round(struct queue *q)
{
    struct queue_round round = {.after = q->journal->size};
    uint8_t mac[QUEUE_MAC_SIZE];

    for (size_t i = 0; i < q->count; i++) {
        const struct queue_item *const item = &q->items[i];
        if (item->is_over && !item->is_refused)
            continue;
        if (!item->is_over && round.before == 0)
            round.before = item->first_seq - 1;
        memcpy(round.tickets[round.count++], item->ticket, QUEUE_TICKET_SIZE);
    }
    queue_sign_round(q->key, &round, mac);
    q->file->round = round;
    memcpy(q->file->round_mac, mac, sizeof mac);
    queue_learn_size(q, round.after);
}

static void answer_all(struct queue *q, enum err_code rc, const struct seal *seal, const struct err *err)
{
    for (size_t i = 0; i < q->count; i++) {
        struct queue_item *const item = &q->items[i];
        if (item->is_own || (item->is_over && !item->is_stale))
            continue;
        if (rc)
            item->err = *err;
        answer(q, item, item->is_stale ? QUEUE_STALE : (int64_t)rc, seal);
        set_done(q, item->slot, item->owner);
    }
}

/* A refusal is the order's own: it is answered, and the others are tried without it. */
static void refuse(struct queue *q, struct queue_item *item, enum err_code rc)
{
    item->is_over = true;
    item->is_refused = true;
    item->err.code = rc;
    if (item->is_own)
        return;
    answer(q, item, (int64_t)rc, NULL);
    set_done(q, item->slot, item->owner);
}

void queue_learn_size(struct queue *q, uint64_t size)
{
    uint64_t known = atomic_load(&q->size);

    while (known < size && !atomic_compare_exchange_weak(&q->size, &known, size)) {
    }
}

enum err_code queue_lead(struct queue *q, const struct queue_item *own, struct queue_reply *reply,
                         size_t *refused, bool *is_stale, struct err *err)
{
    struct queue_item *const mine = &q->items[0];
    struct queue_item *culprit = NULL;
    struct err why = {.code = ERR_OK};
    struct seal seal;
    enum err_code rc = ERR_OK;

    seal.size = 0; /* of no seal, until there is one */
    memset(&seal.root, 0, sizeof seal.root);
    *mine = *own;
    q->count = 1;
    memset(q->was_looked_at, 0, sizeof q->was_looked_at);
    if (own->slot != QUEUE_NO_SLOT)
        q->was_looked_at[own->slot] = true;
    for (bool is_first = true; is_any_left(q); is_first = false) {
        rc = attempt(q, is_first, &seal, &culprit, &why);
        if (rc && q->rules.dropped)
            q->rules.dropped(q->rules.context);
        if (!culprit)
            break;
        refuse(q, culprit, rc);
        rc = ERR_OK;
    }
    if (rc == ERR_OK && is_any_left(q))
        note_round(q);
    answer_all(q, rc, &seal, &why);
    *refused = mine->is_refused ? mine->refused : mine->count;
    *is_stale = mine->is_stale;
    if (mine->is_stale)
        return ERR_OK;
    if (mine->is_over) {
        rc = mine->err.code;
        why = mine->err;
    }
    if (rc && err)
        *err = why;
    if (!rc)
        *reply = (struct queue_reply){mine->first_seq, seal.size, seal.root};
    return rc;
}
