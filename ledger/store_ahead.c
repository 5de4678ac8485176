#include "ledger/store_ahead.h"

#include "ledger/threads.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define LOOK_NS 30000 /* between looks at what was written: the system rounds it up to about 90 us */

struct store_ahead {
    bool was_tried; /* to begin the thread */
    bool has_thread;
    pthread_t thread;
    pid_t process; /* that has the thread: a fork's child has not */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int fd; /* -1: nothing is being written */
    uint64_t from;
    bool is_busy; /* the thread uses fd */
    bool is_over;
};

static void *write_ahead(void *context)
{
    static const struct timespec pause = {0, LOOK_NS};
    struct store_ahead *const a = context;

    pthread_mutex_lock(&a->lock);
    while (!a->is_over) {
        if (a->fd < 0) {
            pthread_cond_wait(&a->changed, &a->lock);
            continue;
        }
        const int fd = a->fd;
        const off_t from = (off_t)a->from;
        a->is_busy = true;
        pthread_mutex_unlock(&a->lock);
        /* Without a flag that waits it reports no disk's error, so it takes none away from the sync. */
        (void)sync_file_range(fd, from, 0, SYNC_FILE_RANGE_WRITE);
        pthread_mutex_lock(&a->lock);
        a->is_busy = false;
        if (a->fd < 0) {
            pthread_cond_broadcast(&a->changed);
            continue;
        }
        pthread_mutex_unlock(&a->lock);
        (void)nanosleep(&pause, NULL);
        pthread_mutex_lock(&a->lock);
    }
    pthread_mutex_unlock(&a->lock);
    return NULL;
}

struct store_ahead *store_ahead_new(void)
{
    struct store_ahead *const a = calloc(1, sizeof *a);

    if (!a)
        return NULL;
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->changed, NULL);
    a->fd = -1;
    return a;
}

static bool is_ours(const struct store_ahead *a)
{
    return a && a->has_thread && a->process == getpid();
}

void store_ahead_free(struct store_ahead *a)
{
    if (is_ours(a)) {
        pthread_mutex_lock(&a->lock);
        a->is_over = true;
        pthread_cond_broadcast(&a->changed);
        pthread_mutex_unlock(&a->lock);
        (void)pthread_join(a->thread, NULL);
        pthread_cond_destroy(&a->changed);
        pthread_mutex_destroy(&a->lock);
    }
    free(a);
}

static void begin_thread(struct store_ahead *a)
{
    a->was_tried = true;
    a->process = getpid();
    a->has_thread = threads_cores() > 1 && threads_begin(&a->thread, write_ahead, a);
}

void store_ahead_begin(struct store_ahead *a, int fd, uint64_t from)
{
    if (a && !a->was_tried)
        begin_thread(a);
    if (!is_ours(a))
        return;
    pthread_mutex_lock(&a->lock);
    a->fd = fd;
    a->from = from;
    pthread_cond_broadcast(&a->changed);
    pthread_mutex_unlock(&a->lock);
}

void store_ahead_end(struct store_ahead *a)
{
    if (!is_ours(a))
        return;
    pthread_mutex_lock(&a->lock);
    a->fd = -1;
    while (a->is_busy)
        pthread_cond_wait(&a->changed, &a->lock);
    pthread_mutex_unlock(&a->lock);
}
