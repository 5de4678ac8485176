/* Threads that help: as many as there are cores for, and none of them takes the program's signals. */
#ifndef LEDGER_THREADS_H
#define LEDGER_THREADS_H

#include <pthread.h>
#include <stdbool.h>

/* How many threads of this program may run at once; 1 if that cannot be known. */
unsigned threads_cores(void);

/*
 * Begins a thread with all signals blocked but those of its own faults: a damaged map raises SIGBUS where it is
 * read, and a signal of that kind that is blocked ends the program without a word. False: there is no thread to be had.
 */
bool threads_begin(pthread_t *thread, void *(*run)(void *), void *context);

#endif
