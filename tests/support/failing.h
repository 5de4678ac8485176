/*
 * Makes one allocation of the code under test fail. The test is linked with
 *   target_link_options(test_x PRIVATE -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc)
 * and includes this header in exactly one file.
 *
 *   for (int n = 0; n < 100; n++) { failing_at(n); rc = call(); if (!failing_happened()) break; ... }
 */
#ifndef TESTS_SUPPORT_FAILING_H
#define TESTS_SUPPORT_FAILING_H

#include <stdbool.h>
#include <stddef.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

static int failing_left = -1; /* allocations until the one that fails; -1: none will */
static bool failing_done;

/* Lets `n` allocations pass, and fails the next one; -1: none. */
static inline void failing_at(int n)
{
    failing_left = n;
    failing_done = false;
}

/* Whether the failure happened since failing_at(); ends it. */
static inline bool failing_happened(void)
{
    failing_left = -1;
    return failing_done;
}

static inline bool failing_now(void)
{
    if (failing_left < 0 || failing_left-- > 0)
        return false;
    failing_done = true;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return failing_now() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return failing_now() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return failing_now() ? NULL : __real_realloc(old, size);
}

#endif
