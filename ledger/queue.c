/* A caller's side of the queue: into a slot, wait or lead, out again. */
#include "ledger/queue.h"

#include "ledger/clock.h"
#include "ledger/journal_state.h"
#include "ledger/queue_lead.h"
#include "ledger/wire.h"

#include <sodium.h>
#include <stdlib.h>
#include <unistd.h>

#define LOOK_MS  20   /* between looks at whether the leader still lives */
#define FORCE_MS 1000 /* after which nobody waits for a leader: leading twice does no harm */
#define STUCK_MS 5000 /* after which a leader that has taken an order is asked for under the writer lock */

/* -- the journal's own rules ----------------------------------------------------------------------------- */

static enum err_code add_plainly(void *context, struct journal_group *g, uint8_t *bytes, size_t size,
                                 struct err *err)
{
    struct entry *const draft = context;
    const enum err_code rc = entry_decode(bytes, size, draft, err);

    return rc ? rc : journal_group_add_encoded(g, bytes, size, draft, err);
}

/* -- beginning and end ----------------------------------------------------------------------------------- */

enum err_code queue_open(struct journal *j, const struct queue_rules *rules, struct queue **q,
                         struct err *err)
{
    struct queue *const made = calloc(1, sizeof *made);

    if (!made)
        return err_set(err, ERR_MEMORY, "%s: out of memory", j->dir);
    if (!j->vault) {
        free(made);
        return err_set(err, ERR_KEY, "%s is locked: its passphrase is needed to append", j->dir);
    }
    made->journal = j;
    made->process = (uint32_t)getpid();
    randombytes_buf(made->tag, sizeof made->tag);
    pthread_mutex_init(&made->lock, NULL);
    pthread_mutex_init(&made->key_lock, NULL);
    enum err_code rc = queue_key_new(j, &made->key, err);
    if (!rc)
        rc = queue_map(j->dir, &made->file, err);
    made->size = j->size;
    if (rules)
        made->rules = *rules;
    if (!rc && !rules) {
        made->rules = (struct queue_rules){.add = add_plainly, .context = calloc(1, sizeof(struct entry))};
        made->owns_context = true;
        if (!made->rules.context)
            rc = err_set(err, ERR_MEMORY, "%s: out of memory", j->dir);
    }
    if (rc) {
        queue_close(made);
        return rc;
    }
    *q = made;
    return ERR_OK;
}

void queue_close(struct queue *q)
{
    if (!q)
        return;
    if (q->owns_context)
        free(q->rules.context);
    queue_unmap(q->file);
    queue_key_release(q->key);
    pthread_mutex_destroy(&q->key_lock);
    pthread_mutex_destroy(&q->lock);
    free(q);
}

/* -- slots ----------------------------------------------------------------------------------------------- */

/* A slot is free, or its caller is dead and nobody has it in hand. */
static bool claim(struct queue *q, uint32_t i, bool of_dead)
{
    struct queue_slot *const slot = &q->file->slots[i];
    uint32_t word = atomic_load(&slot->state);

    const enum queue_state kind = queue_state_of(word);

    if (kind != QUEUE_FREE && (!of_dead || queue_process_lives(queue_process_of(word))))
        return false;
    if (kind == QUEUE_TAKEN && queue_process_lives(atomic_load(&slot->owner)))
        return false;
    if (!atomic_compare_exchange_strong(&slot->state, &word, queue_state_by(QUEUE_FILLING, q->process)))
        return false;
    atomic_store(&slot->owner, q->process);
    return true;
}

/* QUEUE_NO_SLOT: all are in use. Threads begin to look at different places. */
static uint32_t claim_any(struct queue *q)
{
    static _Thread_local uint32_t last;

    if (last == 0)
        last = 1 + randombytes_uniform(QUEUE_SLOTS);
    for (uint32_t i = 0; i < 2 * QUEUE_SLOTS; i++) { /* the second time those of the dead too */
        const uint32_t slot = (last - 1 + i) % QUEUE_SLOTS;
        if (claim(q, slot, i >= QUEUE_SLOTS)) {
            last = slot + 1;
            return slot;
        }
    }
    return QUEUE_NO_SLOT;
}

/* What one call of queue_append() wants, and where. */
struct caller {
    struct queue *q;
    struct queue_slot *slot; /* or NULL */
    struct queue_key *key;   /* that its order is signed with */
    struct queue_item item;
    size_t size;      /* of all its bytes */
    int64_t since_ns; /* when it was handed in */
    bool was_taken;   /* by a leader, as it stands */
};

/* No two are the same; nobody needs to be unable to guess one, since orders are signed. */
static void make_ticket(struct queue *q, uint8_t ticket[QUEUE_TICKET_SIZE])
{
    memcpy(ticket, q->tag, QUEUE_TAG_SIZE);
    wire_store_u64(ticket + QUEUE_TAG_SIZE, atomic_fetch_add(&q->tickets, 1));
}

static void take_key(struct caller *c)
{
    queue_key_release(c->key);
    pthread_mutex_lock(&c->q->key_lock);
    c->key = c->q->key;
    atomic_fetch_add(&c->key->users, 1);
    pthread_mutex_unlock(&c->q->key_lock);
}

/* A new order for the same entries; the slot is this caller's alone. */
static void make_order(struct caller *c)
{
    struct queue *const q = c->q;
    struct queue_order *const o = &c->slot->order;

    take_key(c);
    make_ticket(q, c->item.ticket);
    memcpy(o->ticket, c->item.ticket, sizeof o->ticket);
    o->seen = atomic_load(&q->size);
    c->item.seen = o->seen;
    o->rules = q->rules.number;
    o->count = (uint32_t)c->item.count;
    o->size = (uint32_t)c->size;
    o->zero = 0;
    memcpy(o->sizes, c->item.sizes, c->item.count * sizeof o->sizes[0]);
    memcpy(o->bytes, c->item.bytes, c->size);
    queue_sign_order(c->key, o, c->slot->order_mac);
    c->since_ns = clock_monotonic_ns();
    c->was_taken = false;
    atomic_store(&c->slot->state, queue_state_by(QUEUE_PENDING, q->process));
}

/* -- leading --------------------------------------------------------------------------------------------- */

/*
 * A leader is believed to live until it was waited for once. Who will not lead does not touch the lock either: one who was
 * just told to would find it taken.
 */
static bool try_lead(struct queue *q, int64_t waited_ms)
{
    uint32_t leader = atomic_load(&q->file->leader);

    if (leader != 0 && waited_ms < FORCE_MS && (waited_ms < LOOK_MS || queue_process_lives(leader)))
        return false;
    if (pthread_mutex_trylock(&q->lock) != 0)
        return false;
    if (atomic_compare_exchange_strong(&q->file->leader, &leader, q->process))
        return true;
    pthread_mutex_unlock(&q->lock);
    return false;
}

/*
 * First the post is free, then all are told: those who are answered, and those who came too late, one of whom is next. Who
 * looked before it was free has seen an older turn, and does not go to sleep. One call that wakes many costs half of many
 * that wake one: the second core finds all its work at once.
 */
static void hand_over(struct queue *q)
{
    uint32_t self = q->process;

    (void)atomic_compare_exchange_strong(&q->file->leader, &self, 0);
    pthread_mutex_unlock(&q->lock);
    atomic_fetch_add(&q->file->turn, 1);
    queue_wake_all(&q->file->turn);
}

/* -- waiting --------------------------------------------------------------------------------------------- */

static enum err_code cannot_know(struct err *err)
{
    return err_set(err, ERR_WRONG, QUEUE_CANNOT_KNOW);
}

/* The answer in the slot, if it is one to this order. */
static bool read_answer(const struct caller *c, struct queue_answer *a)
{
    uint8_t mac[QUEUE_MAC_SIZE];

    *a = c->slot->answer;
    memcpy(mac, c->slot->answer_mac, sizeof mac);
    return queue_check_answer(c->key, a, mac) && memcmp(a->ticket, c->item.ticket, sizeof a->ticket) == 0 &&
           (a->code >= 0 || a->code == QUEUE_STALE);
}

static bool read_intent(const struct caller *c, struct queue_intent *i)
{
    uint8_t mac[QUEUE_MAC_SIZE];

    *i = c->slot->intent;
    memcpy(mac, c->slot->intent_mac, sizeof mac);
    return queue_check_intent(c->key, i, mac) && memcmp(i->ticket, c->item.ticket, sizeof i->ticket) == 0;
}

static enum err_code take_answer(struct queue *q, const struct queue_answer *a, struct queue_reply *reply,
                                 size_t *refused, struct err *err)
{
    if (a->code != ERR_OK) {
        *refused = a->refused;
        return err_set(err, (enum err_code)a->code, "%.*s", (int)a->text_size, a->text);
    }
    queue_learn_size(q, a->seal_size);
    *reply = (struct queue_reply){a->first_seq, a->seal_size, a->root};
    return ERR_OK;
}

/* Are the entries where, and of when, the leader meant to put them? */
static enum err_code look_for_entries(const struct caller *c, struct journal_reader *r,
                                      const struct queue_intent *intent, bool *found,
                                      struct queue_reply *reply, struct err *err)
{
    struct journal_record record;
    struct seal seal;
    const uint8_t *at = c->item.bytes;
    enum err_code rc = ERR_OK;

    *found = intent->first_seq > 0 && intent->first_seq + c->item.count - 1 <= journal_reader_size(r);
    for (size_t i = 0; !rc && *found && i < c->item.count; i++) {
        rc = journal_reader_get(r, intent->first_seq + i, &record, err);
        /* Bytes 8 .. 23 are seq and recorded_at, which the leader gave. */
        *found = !rc && record.size == c->item.sizes[i] && memcmp(record.bytes, at, 8) == 0 &&
                 queue_recorded_at(record.bytes) == intent->recorded_at_ns &&
                 memcmp(record.bytes + 24, at + 24, record.size - 24) == 0;
        at += c->item.sizes[i];
    }
    if (!rc && *found)
        rc = journal_reader_seal(r, intent->first_seq + c->item.count - 1, &seal, err);
    if (!rc && *found)
        *reply = (struct queue_reply){intent->first_seq, seal.size, seal.root};
    return rc;
}

/*
 * Taken by a leader that died, or by none at all: somebody may have written an old file over this one. Under the
 * writer lock nobody has it in hand: what is not answered and not in the journal never will be. True: the outcome is
 * known. Else the order is to be made anew. With `by_old_key` only if the order was signed with a key of the past,
 * which the leader does not believe any more.
 */
static bool recover(struct caller *c, bool by_old_key, struct queue_reply *reply, size_t *refused,
                    enum err_code *rc, struct err *err)
{
    struct journal_reader *r = NULL;
    struct journal_group *g = NULL;
    struct queue_intent intent;
    struct queue_answer a;
    bool found = false;

    pthread_mutex_lock(&c->q->lock);
    *rc = journal_group_begin(c->q->journal, &g, err);
    if (!*rc)
        *rc = queue_follow_key(c->q, err);
    if (*rc || (by_old_key && c->key == c->q->key)) {
        *rc = cannot_know(err);
    } else if (read_answer(c, &a)) {
        found = a.code != QUEUE_STALE;
        if (found)
            *rc = take_answer(c->q, &a, reply, refused, err);
    } else if (read_intent(c, &intent)) {
        *rc = journal_group_reader(g, &r, err);
        if (!*rc)
            *rc = look_for_entries(c, r, &intent, &found, reply, err);
        if (*rc)
            *rc = cannot_know(err);
    }
    journal_group_abort(g); /* ends the reader too; of none, nothing */
    queue_learn_size(c->q, c->q->journal->size);
    pthread_mutex_unlock(&c->q->lock);
    return *rc || found;
}

/* Leads if nobody does. True: the outcome of this caller's order is known. */
static bool lead_now(struct caller *c, int64_t waited_ms, struct queue_reply *reply, size_t *refused,
                     enum err_code *rc, struct err *err)
{
    struct queue *const q = c->q;
    uint32_t pending = queue_state_by(QUEUE_PENDING, q->process);
    bool is_stale = false;

    if (!try_lead(q, waited_ms))
        return false;
    const bool is_mine =
        atomic_compare_exchange_strong(&c->slot->state, &pending, queue_state_by(QUEUE_TAKEN, q->process));
    if (is_mine) {
        c->item.is_own = true;
        *rc = queue_lead(q, &c->item, reply, refused, &is_stale, err);
    }
    hand_over(q);
    if (is_stale)
        make_order(c);
    return is_mine && !is_stale;
}

/* Whether the slot says what it may say to a caller who waits. */
static bool is_state_to_wait_in(const struct caller *c, uint32_t word)
{
    const enum queue_state state = queue_state_of(word);

    return state == QUEUE_TAKEN ||
           (state == QUEUE_PENDING && queue_process_of(word) == c->q->process && !c->was_taken);
}

static enum err_code wait_or_lead(struct caller *c, struct queue_reply *reply, size_t *refused,
                                  struct err *err)
{
    struct queue_answer a;
    enum err_code rc = ERR_OK;

    for (;;) {
        const uint32_t turn = atomic_load(&c->q->file->turn); /* before anything else is looked at */
        const uint32_t word = atomic_load(&c->slot->state);
        const enum queue_state state = queue_state_of(word);
        if (state == QUEUE_DONE && read_answer(c, &a)) {
            if (a.code != QUEUE_STALE)
                return take_answer(c->q, &a, reply, refused, err);
            queue_learn_size(c->q, a.seal_size);
            make_order(c);
            continue;
        }
        if (!is_state_to_wait_in(c, word)) {
            if (recover(c, true, reply, refused, &rc, err))
                return rc;
            make_order(c);
            continue;
        }
        const int64_t waited_ms = (clock_monotonic_ns() - c->since_ns) / 1000000;
        c->was_taken = state == QUEUE_TAKEN;
        if (state == QUEUE_PENDING) {
            if (lead_now(c, waited_ms, reply, refused, &rc, err))
                return rc;
        } else if (waited_ms >= STUCK_MS ||
                   (waited_ms >= LOOK_MS && !queue_process_lives(queue_process_of(word)))) {
            if (recover(c, false, reply, refused, &rc, err))
                return rc;
            make_order(c);
            continue;
        }
        queue_wait(&c->q->file->turn, turn, LOOK_MS);
    }
}

/* Too large for a slot, or none is free. */
static enum err_code lead_alone(struct caller *c, struct queue_reply *reply, size_t *refused, struct err *err)
{
    struct queue *const q = c->q;

    bool is_stale = false; /* what never lay in the file never is */

    make_ticket(q, c->item.ticket);
    c->item.slot = QUEUE_NO_SLOT;
    c->item.is_own = true;
    pthread_mutex_lock(&q->lock);
    const enum err_code rc = queue_lead(q, &c->item, reply, refused, &is_stale, err);
    hand_over(q);
    return rc;
}

enum err_code queue_append(struct queue *q, uint8_t *bytes, const uint16_t *sizes, size_t count,
                           struct queue_reply *reply, size_t *refused, struct err *err)
{
    struct caller c = {.q = q, .item = {.bytes = bytes, .sizes = sizes, .count = count}};
    uint32_t slot = QUEUE_NO_SLOT;

    REQUIRE(count > 0 && q->process == (uint32_t)getpid());
    for (size_t i = 0; i < count; i++) {
        REQUIRE(sizes[i] >= ENTRY_HEADER_SIZE);
        c.size += sizes[i];
    }
    *refused = count;
    if (count <= QUEUE_ENTRIES_MAX && c.size <= QUEUE_BYTES_MAX)
        slot = claim_any(q);
    if (slot == QUEUE_NO_SLOT)
        return lead_alone(&c, reply, refused, err);
    c.slot = &q->file->slots[slot];
    c.item.slot = slot;
    make_order(&c);
    const enum err_code rc = wait_or_lead(&c, reply, refused, err);
    atomic_store(&c.slot->state, QUEUE_FREE);
    queue_key_release(c.key);
    return rc;
}
