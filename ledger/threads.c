#include "ledger/threads.h"

#include <sched.h>
#include <signal.h>
#include <stddef.h>

unsigned threads_cores(void)
{
    cpu_set_t ours;

    return sched_getaffinity(0, sizeof ours, &ours) == 0 ? (unsigned)CPU_COUNT(&ours) : 1;
}

bool threads_begin(pthread_t *thread, void *(*run)(void *), void *context)
{
    static const int faults[] = {SIGBUS, SIGSEGV, SIGFPE, SIGILL, SIGABRT, SIGSYS, SIGTRAP};
    sigset_t others;
    sigset_t before;

    sigfillset(&others);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        sigdelset(&others, faults[i]);
    pthread_sigmask(SIG_BLOCK, &others, &before);
    const bool has_begun = pthread_create(thread, NULL, run, context) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return has_begun;
}
