#include "ledger/leaves.h"

#include <pthread.h>
#include <unistd.h>

struct share {
    const uint8_t *bytes;
    const uint32_t *ends;
    struct hash *out;
    uint32_t from;
    uint32_t to;
    pthread_t thread;
    bool is_running;
};

static void *hash_share(void *context)
{
    const struct share *const s = context;
    uint32_t start = s->from == 0 ? 0 : s->ends[s->from - 1];

    for (uint32_t i = s->from; i < s->to; i++) {
        s->out[i] = hash_leaf(s->bytes + start, s->ends[i] - start);
        start = s->ends[i];
    }
    return NULL;
}

static unsigned useful_threads(uint32_t count, unsigned threads)
{
    if (threads == 0) {
        const long cores = sysconf(_SC_NPROCESSORS_ONLN);
        threads = cores > 1 ? (unsigned)cores : 1;
    }
    if (threads > LEAVES_THREADS_MAX)
        threads = LEAVES_THREADS_MAX;
    const uint32_t worth = count / LEAVES_A_THREAD;
    return worth < threads ? (worth ? worth : 1) : threads;
}

void leaves_hash(const uint8_t *bytes, const uint32_t *ends, uint32_t count, struct hash *out,
                 unsigned threads)
{
    const unsigned n = count > LEAVES_A_THREAD ? useful_threads(count, threads) : 1;
    struct share shares[LEAVES_THREADS_MAX];

    for (unsigned i = 0; i < n; i++) {
        struct share *const s = &shares[i];
        *s = (struct share){.bytes = bytes, .ends = ends, .out = out};
        s->from = (uint32_t)((uint64_t)count * i / n);
        s->to = (uint32_t)((uint64_t)count * (i + 1) / n);
        if (i > 0)
            s->is_running = pthread_create(&s->thread, NULL, hash_share, s) == 0;
    }
    for (unsigned i = 0; i < n; i++) {
        if (shares[i].is_running)
            (void)pthread_join(shares[i].thread, NULL);
        else
            hash_share(&shares[i]);
    }
}
