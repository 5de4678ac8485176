#include "audit/crew.h"

#include "ledger/threads.h"

#include <pthread.h>
#include <stdlib.h>

#define SLOTS_A_THREAD 2u /* batches in work at a time: one in hand, one waiting */

enum slot_state { SLOT_EMPTY, SLOT_READY, SLOT_TAKEN, SLOT_CHECKED };

struct slot {
    struct batch *batch; /* NULL until it is first used */
    enum slot_state state;
};

struct crew {
    const struct walk *walk;
    struct batch_room *room; /* the owner's */
    unsigned threads;        /* wanted beside the owner */
    unsigned started;
    bool was_tried;
    pthread_t thread[CREW_MAX];
    unsigned slot_count;
    unsigned begin; /* of those in use: the oldest */
    unsigned count; /* in use */
    /* Under the lock: the states, and what follows. */
    pthread_mutex_t lock;
    pthread_cond_t work;    /* a batch is ready, or it is over */
    pthread_cond_t checked; /* one more is checked */
    bool is_over;
    struct slot slots[CREW_MAX * SLOTS_A_THREAD];
};

/* -- under the lock -------------------------------------------------------------------------------------- */

/* The oldest one that waits to be checked, now taken; NULL: there is none. */
static struct slot *take(struct crew *c)
{
    for (unsigned i = 0; i < c->count; i++) {
        struct slot *const slot = &c->slots[(c->begin + i) % c->slot_count];
        if (slot->state == SLOT_READY) {
            slot->state = SLOT_TAKEN;
            return slot;
        }
    }
    return NULL;
}

/* Lets go of the lock meanwhile. */
static void check(struct crew *c, struct slot *slot, struct batch_room *room)
{
    pthread_mutex_unlock(&c->lock);
    batch_check(slot->batch, c->walk, room);
    pthread_mutex_lock(&c->lock);
    slot->state = SLOT_CHECKED;
    pthread_cond_signal(&c->checked);
}

/* -- threads --------------------------------------------------------------------------------------------- */

static void *help(void *context)
{
    struct crew *const c = context;
    struct batch_room *room = NULL;

    if (batch_room_new(&room, NULL))
        return NULL; /* the others do without this one */
    pthread_mutex_lock(&c->lock);
    while (!c->is_over) {
        struct slot *const slot = take(c);
        if (slot)
            check(c, slot, room);
        else
            pthread_cond_wait(&c->work, &c->lock);
    }
    pthread_mutex_unlock(&c->lock);
    batch_room_free(room);
    return NULL;
}

static void begin_threads(struct crew *c)
{
    c->was_tried = true;
    while (c->started < c->threads && threads_begin(&c->thread[c->started], help, c))
        c->started++;
}

/* -- the owner ------------------------------------------------------------------------------------------- */

enum err_code crew_new(const struct walk *w, unsigned threads, struct crew **crew, struct err *err)
{
    struct crew *const c = calloc(1, sizeof *c);

    REQUIRE(threads >= 1);
    if (!c)
        return err_set(err, ERR_MEMORY, "out of memory");
    const enum err_code rc = batch_room_new(&c->room, err);
    if (rc) {
        free(c);
        return rc;
    }
    c->walk = w;
    c->threads = (threads < CREW_MAX ? threads : CREW_MAX) - 1;
    c->slot_count = (c->threads + 1) * SLOTS_A_THREAD;
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->work, NULL);
    pthread_cond_init(&c->checked, NULL);
    *crew = c;
    return ERR_OK;
}

void crew_free(struct crew *c)
{
    if (!c)
        return;
    pthread_mutex_lock(&c->lock);
    c->is_over = true;
    pthread_cond_broadcast(&c->work);
    pthread_mutex_unlock(&c->lock);
    for (unsigned i = 0; i < c->started; i++)
        (void)pthread_join(c->thread[i], NULL);
    pthread_mutex_destroy(&c->lock);
    pthread_cond_destroy(&c->work);
    pthread_cond_destroy(&c->checked);
    for (unsigned i = 0; i < c->slot_count; i++)
        free(c->slots[i].batch);
    batch_room_free(c->room);
    free(c);
}

enum err_code crew_empty(struct crew *c, struct batch **b, struct err *err)
{
    struct slot *const slot = &c->slots[(c->begin + c->count) % c->slot_count];

    *b = NULL;
    if (c->count == c->slot_count)
        return ERR_OK;
    if (!slot->batch) {
        slot->batch = calloc(1, sizeof *slot->batch);
        if (!slot->batch)
            return err_set(err, ERR_MEMORY, "out of memory");
    }
    *b = slot->batch;
    return ERR_OK;
}

void crew_put(struct crew *c)
{
    pthread_mutex_lock(&c->lock);
    c->slots[(c->begin + c->count) % c->slot_count].state = SLOT_READY;
    c->count++;
    pthread_cond_signal(&c->work);
    pthread_mutex_unlock(&c->lock);
    if (c->count > 1 && !c->was_tried)
        begin_threads(c);
}

struct batch *crew_oldest(struct crew *c)
{
    struct slot *const oldest = &c->slots[c->begin];

    if (c->count == 0)
        return NULL;
    pthread_mutex_lock(&c->lock);
    while (oldest->state != SLOT_CHECKED) {
        struct slot *const slot = take(c);
        if (slot)
            check(c, slot, c->room);
        else
            pthread_cond_wait(&c->checked, &c->lock);
    }
    pthread_mutex_unlock(&c->lock);
    return oldest->batch;
}

void crew_drop(struct crew *c)
{
    pthread_mutex_lock(&c->lock);
    c->slots[c->begin].state = SLOT_EMPTY;
    c->begin = (c->begin + 1) % c->slot_count;
    c->count--;
    pthread_mutex_unlock(&c->lock);
}
