#include "ledger/clock.h"

#include "ledger/err.h"
#include "ledger/instant.h"

#include <time.h>

static int64_t read_clock(clockid_t clock)
{
    struct timespec t;

    REQUIRE(clock_gettime(clock, &t) == 0);
    return (int64_t)t.tv_sec * NS_PER_SECOND + t.tv_nsec;
}

int64_t clock_now_ns(void *arg)
{
    (void)arg;
    return read_clock(CLOCK_REALTIME);
}

int64_t clock_monotonic_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}
