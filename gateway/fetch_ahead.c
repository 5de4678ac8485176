#include "gateway/fetch_ahead.h"

#include "gateway/fetch_tree.h"
#include "ledger/threads.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS 32u /* bundles that are there, or under way: twice the connections at least */

struct slot {
    bool is_full;
    enum err_code rc;
    struct err why;
    struct published_name name;
    uint8_t *bytes;
    size_t size;
};

struct connection {
    struct fetch_ahead *ahead;
    struct publication *publication; /* its own */
    pthread_t thread;
};

struct fetch_ahead {
    uint64_t size; /* of the tree */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint64_t asked; /* the first bundle that nobody has been sent for */
    uint64_t taken; /* the next that is taken: asked - taken <= SLOTS */
    bool is_over;
    struct slot slots[SLOTS]; /* bundle i is in slot i % SLOTS */
    unsigned count;
    struct connection connections[FETCH_CONNECTIONS_MAX];
};

/* -- a connection ---------------------------------------------------------------------------------------- */

static struct published_name bundle_name(const struct fetch_ahead *a, uint64_t index)
{
    const uint64_t left = a->size - index * PUBLISHED_WIDTH;

    return (struct published_name){.kind = PUBLISHED_ENTRIES,
                                   .number = index,
                                   .width = left < PUBLISHED_WIDTH ? (unsigned)left : PUBLISHED_WIDTH};
}

static bool is_done(const struct fetch_ahead *a)
{
    return a->is_over || a->asked * PUBLISHED_WIDTH >= a->size;
}

static void *work(void *context)
{
    struct connection *const c = context;
    struct fetch_ahead *const a = c->ahead;

    pthread_mutex_lock(&a->lock);
    while (!is_done(a)) {
        if (a->asked - a->taken == SLOTS) {
            pthread_cond_wait(&a->changed, &a->lock);
            continue;
        }
        struct slot *const s = &a->slots[a->asked % SLOTS];
        s->name = bundle_name(a, a->asked++);
        pthread_mutex_unlock(&a->lock);
        s->rc = fetch_either(c->publication, &s->name, PUBLISHED_BUNDLE_MAX, &s->bytes, &s->size, &s->why);
        pthread_mutex_lock(&a->lock);
        s->is_full = true;
        pthread_cond_broadcast(&a->changed);
    }
    pthread_mutex_unlock(&a->lock);
    return NULL;
}

/* -- all of them ----------------------------------------------------------------------------------------- */

/* One more connection, if there is a thread for it. */
static enum err_code connect_one(struct fetch_ahead *a, const struct publication *p, bool *has_begun,
                                 struct err *err)
{
    struct connection *const c = &a->connections[a->count];

    c->ahead = a;
    const enum err_code rc = publication_again(&c->publication, p, err);
    if (rc)
        return rc;
    *has_begun = threads_begin(&c->thread, work, c);
    if (*has_begun)
        a->count++;
    else
        publication_close(c->publication);
    return ERR_OK;
}

enum err_code fetch_ahead_new(struct fetch_ahead **a, const struct publication *p, unsigned connections,
                              uint64_t first, uint64_t size, struct err *err)
{
    struct fetch_ahead *const made = calloc(1, sizeof *made);
    bool has_begun = true;
    enum err_code rc = ERR_OK;

    REQUIRE(connections >= 1 && connections <= FETCH_CONNECTIONS_MAX);
    if (!made)
        return err_set(err, ERR_MEMORY, "out of memory");
    made->size = size;
    made->asked = first;
    made->taken = first;
    pthread_mutex_init(&made->lock, NULL);
    pthread_cond_init(&made->changed, NULL);
    while (!rc && has_begun && made->count < connections)
        rc = connect_one(made, p, &has_begun, err);
    if (rc || made->count == 0) {
        fetch_ahead_free(made, NULL);
        return rc;
    }
    *a = made;
    return ERR_OK;
}

void fetch_ahead_free(struct fetch_ahead *a, struct publication *p)
{
    if (!a)
        return;
    pthread_mutex_lock(&a->lock);
    a->is_over = true;
    pthread_cond_broadcast(&a->changed);
    pthread_mutex_unlock(&a->lock);
    for (unsigned i = 0; i < a->count; i++) {
        struct connection *const c = &a->connections[i];
        (void)pthread_join(c->thread, NULL);
        if (p)
            publication_count(p, publication_files(c->publication), publication_bytes(c->publication));
        publication_close(c->publication);
    }
    for (unsigned i = 0; i < SLOTS; i++)
        free(a->slots[i].bytes);
    pthread_cond_destroy(&a->changed);
    pthread_mutex_destroy(&a->lock);
    free(a);
}

enum err_code fetch_ahead_take(struct fetch_ahead *a, struct published_name *name, uint8_t **bytes,
                               size_t *size, struct err *err)
{
    struct slot *const s = &a->slots[a->taken % SLOTS];

    pthread_mutex_lock(&a->lock);
    REQUIRE(a->taken * PUBLISHED_WIDTH < a->size);
    while (!s->is_full)
        pthread_cond_wait(&a->changed, &a->lock);
    const enum err_code rc = s->rc ? err_set(err, s->rc, "%s", s->why.text) : ERR_OK;
    *name = s->name;
    if (!rc) {
        *bytes = s->bytes;
        *size = s->size;
    }
    s->bytes = NULL;
    s->is_full = false;
    a->taken++;
    pthread_cond_broadcast(&a->changed);
    pthread_mutex_unlock(&a->lock);
    return rc;
}
