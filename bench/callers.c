#include "callers.h"

#include "own.h"

#include "ledger/clock.h"
#include "ledger/queue.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

struct caller {
    pthread_t thread;
    struct queue *queue;
    const struct raw_load *load;
    uint64_t first;
    uint64_t step;
};

/* All wait here, so that the time of starting them is not measured. */
struct gate {
    pthread_barrier_t ready;
    int64_t begin_ns;
    int64_t end_ns[CALLERS_PROCESSES];
};

static void must(enum err_code rc, const struct err *err)
{
    if (rc)
        raw_die("callers", err->text);
}

static void *call(void *context)
{
    const struct caller *const c = context;
    struct queue_reply *const reply = malloc(sizeof *reply);
    uint8_t entry[ENTRY_MAX_SIZE];
    size_t refused = 0;
    struct err err;

    if (!reply)
        raw_die("callers", "out of memory");
    for (uint64_t i = c->first; i < c->load->count; i += c->step) {
        const uint16_t size = (uint16_t)c->load->size;
        memcpy(entry, c->load->bytes + i * size, size);
        must(queue_append(c->queue, entry, &size, 1, reply, &refused, &err), &err);
    }
    free(reply);
    return NULL;
}

static void run_threads(struct queue *q, const struct raw_load *load, unsigned count, uint64_t first,
                        uint64_t step)
{
    struct caller callers[CALLERS_COUNT];

    for (unsigned i = 0; i < count; i++) {
        callers[i] = (struct caller){.queue = q, .load = load, .first = first + i, .step = step};
        if (pthread_create(&callers[i].thread, NULL, call, &callers[i]) != 0)
            raw_die("callers", "no more threads");
    }
    for (unsigned i = 0; i < count; i++)
        pthread_join(callers[i].thread, NULL);
}

static int64_t in_one_process(const struct raw_load *load, unsigned threads)
{
    char *const dir = own_journal_path(load);
    struct journal *const j = own_journal_make(dir);
    struct queue *q = NULL;
    struct err err;

    must(queue_open(j, NULL, &q, &err), &err);
    const int64_t begin_ns = clock_monotonic_ns();
    run_threads(q, load, threads, 0, threads);
    const int64_t took_ns = clock_monotonic_ns() - begin_ns;
    queue_close(q);
    journal_close(j);
    own_journal_remove(dir);
    return took_ns;
}

int64_t callers_one(const struct raw_load *load)
{
    return in_one_process(load, 1);
}

int64_t callers_threads(const struct raw_load *load)
{
    return in_one_process(load, CALLERS_COUNT);
}

static struct gate *make_gate(void)
{
    struct gate *const g = mmap(NULL, sizeof *g, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_barrierattr_t shared;

    if (g == MAP_FAILED)
        raw_die("callers", strerror(errno));
    pthread_barrierattr_init(&shared);
    pthread_barrierattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
    pthread_barrier_init(&g->ready, &shared, CALLERS_PROCESSES);
    pthread_barrierattr_destroy(&shared);
    return g;
}

static void run_process(const char *dir, const struct raw_load *load, struct gate *gate, unsigned index)
{
    const unsigned each = CALLERS_COUNT / CALLERS_PROCESSES;
    struct journal *const j = own_journal_open(dir, false);
    struct queue *q = NULL;
    struct err err;

    must(queue_open(j, NULL, &q, &err), &err);
    if (pthread_barrier_wait(&gate->ready) == PTHREAD_BARRIER_SERIAL_THREAD)
        gate->begin_ns = clock_monotonic_ns();
    run_threads(q, load, each, index * each, CALLERS_COUNT);
    gate->end_ns[index] = clock_monotonic_ns();
    queue_close(q);
    journal_close(j);
}

int64_t callers_processes(const struct raw_load *load)
{
    char *const dir = own_journal_path(load);
    struct gate *const gate = make_gate();
    pid_t children[CALLERS_PROCESSES];
    int64_t end_ns = 0;

    journal_close(own_journal_make(dir));
    for (unsigned i = 0; i < CALLERS_PROCESSES; i++) {
        children[i] = fork();
        if (children[i] < 0)
            raw_die("callers", strerror(errno));
        if (children[i] == 0) {
            run_process(dir, load, gate, i);
            _exit(0);
        }
    }
    for (unsigned i = 0; i < CALLERS_PROCESSES; i++) {
        int status = 0;
        if (waitpid(children[i], &status, 0) != children[i] || status != 0)
            raw_die("callers", "a process failed");
        end_ns = gate->end_ns[i] > end_ns ? gate->end_ns[i] : end_ns;
    }
    const int64_t took_ns = end_ns - gate->begin_ns;
    munmap(gate, sizeof *gate);
    own_journal_remove(dir);
    return took_ns;
}
