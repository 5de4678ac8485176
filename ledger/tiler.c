/*
 * Work is cut into whole tiles of the tree: 256 leaves and the 255 nodes over them, some 50 microseconds. Whoever
 * is free claims the next one under the lock: the helper while the group is filled, both when it ends. The
 * entries before the first whole tile and after the last one are the owner's, at the end.
 */
#include "ledger/tiler.h"

#include "ledger/clock.h"
#include "ledger/merkle.h"
#include "ledger/threads.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#define WORTH_A_HELPER 2u     /* tiles in a group below which waking a thread costs more than it saves */
#define LOOK_NS        200000 /* before the helper sleeps: some tiles' time. Waking it costs half a tile */

struct tiler {
    /* Of the owner alone. */
    uint32_t feed_at; /* entries with which the next tile is complete */
    unsigned helpers;
    bool was_tried; /* to begin the helper */
    bool has_thread;
    pthread_t thread;
    pid_t process; /* that has the thread: a fork's child has not */
    /* Changed by the owner while the helper is idle. */
    const uint8_t *bytes;
    const uint32_t *ends;
    struct hash *leaves;
    struct hash *roots;
    uint32_t capacity; /* of leaves; roots has room for a whole tile of each 256 */
    uint32_t head;     /* the first entry of the first whole tile */
    const struct hash_span
        *again; /* tiles are hashed once more, from these, the first of which is again_first; or NULL */
    uint32_t again_first;
    struct hash *again_roots;
    _Atomic uint32_t again_differs; /* the first entry that does; the helper writes it, too */
    /* Under the lock. */
    pthread_mutex_t lock;
    pthread_cond_t work;  /* for the helper */
    pthread_cond_t idle;  /* for the owner */
    _Atomic uint32_t fed; /* tiles that may be claimed; the helper looks at it without the lock, too */
    uint32_t claimed;
    atomic_bool is_busy; /* the helper has a tile in hand; the owner looks at it without the lock, too */
    bool is_asleep;      /* the helper waits for work */
    bool is_paused;
    bool is_over;
};

static void hash_range(const struct tiler *t, uint32_t from, uint32_t to)
{
    struct hash_span spans[TILER_WIDTH];
    uint32_t start = from == 0 ? 0 : t->ends[from - 1];

    while (from < to) {
        const uint32_t first = from;
        for (; from < to && from - first < TILER_WIDTH; from++) {
            spans[from - first] = (struct hash_span){t->bytes + start, t->ends[from] - start};
            start = t->ends[from];
        }
        hash_leaves(spans, from - first, t->leaves + first);
    }
}

/* Nothing of the first time is used, but to compare with. */
static void hash_again(struct tiler *t, uint32_t tile)
{
    const uint32_t from = t->head + TILER_WIDTH * tile;
    const uint32_t at = tile - t->again_first;
    struct hash leaves[TILER_WIDTH];

    hash_leaves(t->again + (size_t)TILER_WIDTH * at, TILER_WIDTH, leaves);
    t->again_roots[at] = merkle_tile_root(leaves);
    if (memcmp(leaves, t->leaves + from, sizeof leaves) == 0)
        return;
    uint32_t i = 0;
    while (hash_equal(&leaves[i], &t->leaves[from + i]))
        i++;
    uint32_t known = atomic_load(&t->again_differs);
    while (from + i < known && !atomic_compare_exchange_weak(&t->again_differs, &known, from + i)) {
    }
}

static void hash_tile(struct tiler *t, uint32_t tile)
{
    const uint32_t from = t->head + TILER_WIDTH * tile;

    if (t->again) {
        hash_again(t, tile);
        return;
    }
    hash_range(t, from, from + TILER_WIDTH);
    t->roots[tile] = merkle_tile_root(t->leaves + from);
}

/* -- the helper ------------------------------------------------------------------------------------------ */

/* The next tile is on its way while a group is filled. Others who want this processor get it. */
static void look_for_work(struct tiler *t, uint32_t known)
{
    const int64_t until_ns = clock_monotonic_ns() + LOOK_NS;

    pthread_mutex_unlock(&t->lock);
    while (atomic_load(&t->fed) == known && clock_monotonic_ns() < until_ns)
        sched_yield();
    pthread_mutex_lock(&t->lock);
}

static void *help(void *context)
{
    struct tiler *const t = context;
    bool has_looked = true;

    pthread_mutex_lock(&t->lock);
    while (!t->is_over) {
        if (t->is_paused || (t->claimed == t->fed && has_looked)) {
            t->is_asleep = true;
            pthread_cond_wait(&t->work, &t->lock);
            t->is_asleep = false;
            continue;
        }
        if (t->claimed == t->fed) {
            look_for_work(t, t->fed);
            has_looked = true;
            continue;
        }
        has_looked = false;
        const uint32_t tile = t->claimed++;
        t->is_busy = true;
        pthread_mutex_unlock(&t->lock);
        hash_tile(t, tile);
        pthread_mutex_lock(&t->lock);
        t->is_busy = false;
        pthread_cond_signal(&t->idle);
    }
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

/* Signals are for the program's own threads. Without a helper the owner does it all. */
static void begin_helper(struct tiler *t)
{
    t->was_tried = true;
    t->process = getpid();
    t->has_thread = threads_begin(&t->thread, help, t);
}

/* In the child of a fork the thread is not there, and may have left the lock taken: the child goes on alone. */
static bool has_helper(struct tiler *t)
{
    if (t->has_thread && t->process != getpid()) {
        t->has_thread = false;
        t->is_busy = false;
    }
    return t->has_thread;
}

/* Takes the lock, with the helper between two tiles when `idle`; there is none to take without a helper. */
static bool enter(struct tiler *t, bool idle)
{
    if (!has_helper(t))
        return false;
    pthread_mutex_lock(&t->lock);
    while (idle && t->is_busy)
        pthread_cond_wait(&t->idle, &t->lock);
    return true;
}

static void leave(struct tiler *t, bool entered)
{
    if (!entered)
        return;
    if (t->is_asleep && !t->is_paused && t->claimed < t->fed)
        pthread_cond_signal(&t->work);
    pthread_mutex_unlock(&t->lock);
}

/* -- the owner ------------------------------------------------------------------------------------------- */

enum err_code tiler_new(unsigned helpers, struct tiler **t, struct err *err)
{
    struct tiler *const made = calloc(1, sizeof *made);

    if (!made)
        return err_set(err, ERR_MEMORY, "out of memory");
    pthread_mutex_init(&made->lock, NULL);
    pthread_cond_init(&made->work, NULL);
    pthread_cond_init(&made->idle, NULL);
    made->helpers = helpers;
    *t = made;
    return ERR_OK;
}

void tiler_free(struct tiler *t)
{
    if (!t)
        return;
    if (enter(t, true)) {
        t->is_over = true;
        pthread_cond_signal(&t->work);
        pthread_mutex_unlock(&t->lock);
        (void)pthread_join(t->thread, NULL);
        pthread_cond_destroy(&t->work);
        pthread_cond_destroy(&t->idle);
        pthread_mutex_destroy(&t->lock);
    }
    free(t->leaves);
    free(t->roots);
    free(t);
}

void tiler_begin(struct tiler *t, uint64_t before, const uint8_t *bytes, const uint32_t *ends)
{
    const bool entered = enter(t, true);

    t->bytes = bytes;
    t->ends = ends;
    t->head = (TILER_WIDTH - (uint32_t)(before % TILER_WIDTH)) % TILER_WIDTH;
    t->feed_at = t->head + TILER_WIDTH;
    t->fed = 0;
    t->claimed = 0;
    t->is_paused = false;
    leave(t, entered);
}

/* Room for `count` leaves; the helper must be idle. */
static bool make_room(struct tiler *t, uint32_t count)
{
    uint32_t wanted = t->capacity ? t->capacity : 4 * TILER_WIDTH;

    if (count <= t->capacity)
        return true;
    while (wanted < count)
        wanted = wanted > UINT32_MAX / 2 ? count : 2 * wanted;
    struct hash *const leaves = realloc(t->leaves, (size_t)wanted * sizeof *leaves);
    if (leaves)
        t->leaves = leaves;
    struct hash *const roots = realloc(t->roots, ((size_t)wanted / TILER_WIDTH + 1) * sizeof *roots);
    if (roots)
        t->roots = roots;
    if (!leaves || !roots)
        return false;
    t->capacity = wanted;
    return true;
}

void tiler_feed(struct tiler *t, uint32_t count)
{
    if (count < t->feed_at)
        return;
    t->feed_at += TILER_WIDTH;
    const uint32_t tiles = (count - t->head) / TILER_WIDTH;
    if (tiles < WORTH_A_HELPER || t->helpers == 0)
        return;
    if (!t->was_tried)
        begin_helper(t);
    const bool entered = enter(t, count > t->capacity);
    if (entered && make_room(t, count)) /* else tiler_finish() does it, or says why not */
        t->fed = tiles;
    leave(t, entered);
}

void tiler_pause(struct tiler *t)
{
    const bool entered = enter(t, true);

    t->is_paused = true;
    leave(t, entered);
}

void tiler_moved(struct tiler *t, const uint8_t *bytes, const uint32_t *ends)
{
    const bool entered = enter(t, true);

    t->bytes = bytes;
    t->ends = ends;
    t->is_paused = false;
    leave(t, entered);
}

/* Claims tiles beside the helper until none is left, and waits for its last one. */
static void finish_tiles(struct tiler *t, uint32_t tiles)
{
    bool entered = enter(t, false);

    t->fed = tiles;
    while (t->claimed < t->fed) {
        const uint32_t tile = t->claimed++;
        leave(t, entered);
        hash_tile(t, tile);
        entered = enter(t, false);
    }
    leave(t, entered);
    while (entered && atomic_load(&t->is_busy)) /* a part of a tile's time: no use to sleep */
        sched_yield();
    leave(t, enter(t, true));
}

enum err_code tiler_finish(struct tiler *t, uint32_t count, const struct hash **leaves,
                           const struct hash **roots, uint32_t *head, uint32_t *root_count, struct err *err)
{
    const uint32_t first = t->head < count ? t->head : count;
    const uint32_t tiles = (count - first) / TILER_WIDTH;

    const bool entered = enter(t, count > t->capacity);
    const bool has_room = make_room(t, count);
    leave(t, entered);
    if (!has_room)
        return err_set(err, ERR_MEMORY, "out of memory for the hashes of %u entries", count);
    finish_tiles(t, tiles);
    hash_range(t, 0, first);
    hash_range(t, first + TILER_WIDTH * tiles, count);
    *leaves = t->leaves;
    *roots = t->roots;
    *head = tiles > 0 ? first : count;
    *root_count = tiles;
    return ERR_OK;
}

uint32_t tiler_again(struct tiler *t, const struct hash_span *spans, uint32_t first, uint32_t count,
                     struct hash *roots)
{
    bool entered = enter(t, true);

    t->again = spans;
    t->again_first = first;
    t->again_roots = roots;
    t->again_differs = UINT32_MAX;
    t->claimed = first;
    t->fed = count < WORTH_A_HELPER ? first : first + count;
    leave(t, entered);
    finish_tiles(t, first + count);
    entered = enter(t, true);
    t->again = NULL;
    leave(t, entered);
    return t->again_differs;
}

void tiler_end(struct tiler *t)
{
    tiler_pause(t);
}
