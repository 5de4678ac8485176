/*
 * What a damaged database may end is run in a process of its own, as ledger's commands end by themselves: LMDB believes
 * its pages, so that a bit of one may lead it outside of the file.
 */
#ifndef TESTS_TAMPER_APART_H
#define TESTS_TAMPER_APART_H

#include <stdbool.h>
#include <stddef.h>

/* Runs it with a copy of `arg`'s bytes, and copies them back. False: a fault ended it; `arg` is as it was. */
bool apart_run(void (*run)(void *arg), void *arg, size_t size);

#endif
